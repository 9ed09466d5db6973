/* invoice_spec: see invoice_spec.h. */
#include "invoices/invoice_spec.h"

#include <string.h>

#include "core/decimal.h"

const struct param invoice_period_params[] = {
	PARAM("end", P_INT, P_REQUIRED),
	PARAM("start", P_INT, P_REQUIRED),
	PARAM_END,
};
const struct param invoice_pricing_params[] = {
	PARAM("price", P_STR, 0),
	PARAM_END,
};

static const char *
at(struct call *c, const char *prefix, const char *name)
{
	return prefix == NULL ? name
			      : arena_printf(c->arena, "%s[%s]", prefix, name);
}

/* The price that is named, in either spelling. */
static const char *
price_id(const struct json *params)
{
	const char *id = json_str_at(params, "pricing.price");

	return id != NULL ? id : json_str_at(params, "price");
}

const char *
invoice_spec_currency(
    struct call *c, const struct json *params, const struct doc *of)
{
	const char *currency = json_str_at(params, "currency");
	const char *id = price_id(params);
	const struct doc *price;

	if (currency == NULL)
		currency = json_str_at(params, "price_data.currency");
	if (currency == NULL)
		currency = json_str_at(of->body, "currency");
	if (currency == NULL && id != NULL) {
		price = doc_find(c, R_PRICE, id);
		if (price != NULL)
			currency = json_str_at(price->body, "currency");
	}
	return currency != NULL ? currency : "usd";
}

static enum vt_err
read_price(struct call *c, const struct json *params, const char *prefix,
    struct invoice_item_from *out)
{
	const char *id = price_id(params);
	struct doc *price = NULL;
	enum vt_err err;

	if (id != NULL)
		err =
		    price_take(c, id, at(c, prefix, "pricing[price]"), &price);
	else
		err = price_make(c, json_get(params, "price_data"),
		    at(c, prefix, "price_data"), false, &price);
	if (err != VT_OK)
		return err;
	if (!doc_is(price, "type", "one_time"))
		return call_fail(c, 400, NULL, at(c, prefix, "pricing[price]"),
		    "The price specified is set to `type=recurring` but this "
		    "field only accepts prices with `type=one_time`.");
	out->price = price;
	out->unit_amount = NULL;
	return VT_OK;
}

/* What it costs in all, by whichever way it was said. */
static enum vt_err
read_amount(struct call *c, const struct json *params, const char *prefix,
    struct invoice_item_from *out)
{
	decimal d;

	if (json_int_at(params, "amount", &out->amount)) {
		if (json_get(params, "quantity") != NULL)
			return call_fail(c, 400, "parameters_exclusive",
			    at(c, prefix, "quantity"),
			    "You may only specify one of these parameters: "
			    "amount, quantity.");
		out->price = NULL;
		out->quantity = 1;
		out->unit_amount = NULL;
		return VT_OK;
	}
	if (out->price != NULL && out->unit_amount == NULL)
		return price_amount(
		    c, out->price, out->currency, out->quantity, &out->amount);
	if (out->unit_amount == NULL)
		return call_fail(c, 400, "parameter_missing",
		    at(c, prefix, "amount"),
		    "You must specify one of: amount, pricing, price_data, "
		    "unit_amount_decimal.");
	(void)decimal_parse(out->unit_amount, &d); /* was checked */
	if (!decimal_scale(d, out->quantity, 1, &out->amount))
		return call_fail(c, 400, "amount_too_large",
		    at(c, prefix, "quantity"), "The amount is too large.");
	return VT_OK;
}

enum vt_err
invoice_spec_read(struct call *c, const struct json *params, const char *prefix,
    struct invoice_item_from *out)
{
	const struct json *period = json_get(params, "period");
	const char *unit = json_str_at(params, "unit_amount_decimal");
	bool yes;
	enum vt_err err = VT_OK;

	if (json_get(params, "description") != NULL)
		out->description = json_str_at(params, "description");
	if (json_bool(json_get(params, "discountable"), &yes))
		out->undiscountable = !yes;
	(void)json_int_at(params, "quantity", &out->quantity);
	(void)json_int_at(period, "start", &out->period_start_s);
	(void)json_int_at(period, "end", &out->period_end_s);
	if (out->period_end_s < out->period_start_s)
		return call_fail(c, 400, NULL, at(c, prefix, "period[end]"),
		    "The period's end must not be before its start.");
	if (price_id(params) != NULL || json_get(params, "price_data") != NULL)
		err = read_price(c, params, prefix, out);
	if (unit != NULL)
		out->unit_amount = unit;
	return err == VT_OK ? read_amount(c, params, prefix, out) : err;
}
