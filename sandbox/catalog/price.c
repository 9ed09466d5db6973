/* price: see price.h; how one is made is in price_make.c. */
#include "catalog/price.h"

#include <string.h>

#include "core/decimal.h"

enum vt_err
price_take(struct call *c, const char *id, const char *param, struct doc **out)
{
	bool active = false;
	enum vt_err err;

	err = doc_need(c, R_PRICE, id, param, out);
	if (err != VT_OK)
		return err;
	if (!json_bool(json_get((*out)->body, "active"), &active) || !active)
		return call_fail(c, 400, NULL, param,
		    "The price specified is inactive. This field only accepts "
		    "active prices.");
	return VT_OK;
}

/* The amounts in one currency: {unit_amount_decimal, …}, or NULL. */
static const struct json *
option(const struct doc *price, const char *currency)
{
	return json_get(json_get(price->hidden, "currency_options"), currency);
}

bool
price_sells_in(const struct doc *price, const char *currency)
{
	return option(price, currency) != NULL;
}

const char *
price_unit(struct call *c, const struct doc *price, const char *currency)
{
	const char *text =
	    json_str_at(option(price, currency), "unit_amount_decimal");

	return text == NULL ? NULL : arena_strdup(c->arena, text);
}

static decimal
decimal_at(const struct json *o, const char *name)
{
	const char *text = json_str_at(o, name);
	decimal d = 0;

	/* What is stored was checked. */
	return text != NULL && decimal_parse(text, &d) ? d : 0;
}

/* So many packages, begun or full, as transform_quantity says. */
static int64_t
packages(const struct doc *price, int64_t quantity)
{
	const struct json *t = json_get(price->body, "transform_quantity");
	int64_t by = 1;
	bool up;

	if (!json_is_object(t))
		return quantity;
	(void)json_int_at(t, "divide_by", &by); /* always there */
	up = strcmp(json_str_at(t, "round"), "up") == 0;
	return quantity / by + (up && quantity % by != 0 ? 1 : 0);
}

/* The upper end of a tier; the last one has none. */
static int64_t
up_to(const struct json *tier)
{
	int64_t n = INT64_MAX;

	(void)json_int_at(tier, "up_to", &n); /* null: without end */
	return n;
}

/* All units at the price of the tier that the quantity is in. */
static decimal
volume(const struct json *tiers, int64_t quantity)
{
	const struct json *t = json_first(tiers);

	while (quantity > up_to(t))
		t = json_next(t);
	return decimal_at(t, "unit_amount_decimal") * quantity +
	    decimal_at(t, "flat_amount_decimal");
}

/* Each unit at the price of the tier that it is in. */
static decimal
graduated(const struct json *tiers, int64_t quantity)
{
	int64_t below = 0, units;
	decimal sum = 0;

	for (const struct json *t = json_first(tiers);
	     t != NULL && below < quantity; t = json_next(t)) {
		units = (quantity < up_to(t) ? quantity : up_to(t)) - below;
		below += units;
		sum += decimal_at(t, "unit_amount_decimal") * units +
		    decimal_at(t, "flat_amount_decimal");
	}
	return sum;
}

enum vt_err
price_amount(struct call *c, const struct doc *price, const char *currency,
    int64_t quantity, int64_t *out)
{
	const struct json *o = option(price, currency), *tiers;
	const char *mode = json_str_at(price->body, "tiers_mode");
	decimal sum;

	if (o == NULL)
		return call_fail(c, 400, NULL, "currency",
		    "The price `%s` does not have an amount in %s; it is "
		    "sold in %s.",
		    price->id, currency, json_str_at(price->body, "currency"));
	tiers = json_get(json_get(price->hidden, "tiers_of"), currency);
	if (tiers == NULL && json_str_at(o, "unit_amount_decimal") == NULL)
		return call_fail(c, 400, NULL, "price",
		    "The price `%s` lets the customer choose the amount, and "
		    "can be used in Checkout only.",
		    price->id);
	if (mode != NULL && tiers != NULL)
		sum = strcmp(mode, "volume") == 0 ? volume(tiers, quantity)
						  : graduated(tiers, quantity);
	else
		sum = decimal_at(o, "unit_amount_decimal") *
		    packages(price, quantity);
	if (!decimal_scale(sum, 1, 1, out))
		return call_fail(c, 400, "amount_too_large", "quantity",
		    "The amount of %lld units of the price `%s` is too large.",
		    (long long)quantity, price->id);
	return VT_OK;
}

void
price_as_plan(const struct json *price, struct json *plan)
{
	static const char *const same[] = { "id", "active", "billing_scheme",
		"created", "currency", "livemode", "metadata", "nickname",
		"product", "tiers", "tiers_mode", NULL };
	static const char *const recurring[] = { "interval", "interval_count",
		"meter", "trial_period_days", "usage_type", NULL };

	doc_apply(plan, price, same);
	json_put_str(plan, "object", "plan");
	json_put_copy(plan, "amount", json_get(price, "unit_amount"));
	json_put_copy(
	    plan, "amount_decimal", json_get(price, "unit_amount_decimal"));
	doc_apply(plan, json_get(price, "recurring"), recurring);
	json_put_copy(
	    plan, "transform_usage", json_get(price, "transform_quantity"));
}
