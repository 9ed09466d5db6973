/* coupons: /v1/coupons. */
#include <string.h>

#include "catalog/coupon.h"
#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"
#include "text/money.h"

#define NAME_BYTES_MAX 40

static const char *const durations[] = { "forever", "once", "repeating", NULL };

static const struct param products[] = { PARAM("", P_STR, 0) };
static const struct param applies_to[] = {
	PARAM_OF("products", P_LIST, 0, products),
	PARAM_END,
};
static const struct param option[] = {
	PARAM_RANGE("amount_off", P_INT, P_REQUIRED, 1, MONEY_MAX),
	PARAM_END,
};
static const struct param create_params[] = {
	PARAM_RANGE("amount_off", P_INT, 0, 1, MONEY_MAX),
	PARAM_OF("applies_to", P_HASH, 0, applies_to),
	PARAM("currency", P_CURRENCY, 0),
	PARAM_OF("currency_options", P_MAP, 0, option),
	PARAM_ENUM("duration", 0, durations),
	PARAM_RANGE("duration_in_months", P_INT, 0, 1, 120),
	PARAM("id", P_STR, 0),
	PARAM_RANGE("max_redemptions", P_INT, 0, 1, INT32_MAX),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_RANGE("name", P_STR, 0, 0, NAME_BYTES_MAX),
	PARAM_RANGE("percent_off", P_DECIMAL, 0, 0, 100),
	PARAM("redeem_by", P_INT, 0),
	PARAM_END,
};
static const struct param update_params[] = {
	PARAM_OF("currency_options", P_MAP, 0, option),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_RANGE("name", P_STR, P_EMPTY, 0, NAME_BYTES_MAX),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM_END,
};

/* A share of the price, or an amount in a currency: one of them. */
static enum vt_err
put_value(struct call *c, struct doc *d)
{
	static const char *const names[] = { "amount_off", "currency", NULL };
	const char *percent = json_str_at(c->params, "percent_off");
	bool amount = json_get(c->params, "amount_off") != NULL;

	if ((percent != NULL) == amount)
		return call_fail(c, 400, NULL, "percent_off",
		    "You must pass exactly one of percent_off and "
		    "amount_off.");
	if (amount && json_get(c->params, "currency") == NULL)
		return call_fail(c, 400, "parameter_missing", "currency",
		    "You must pass currency when passing amount_off.");
	if (percent != NULL && strcmp(percent, "0") == 0)
		return call_fail(c, 400, NULL, "percent_off",
		    "Invalid percent_off: must be greater than 0.");
	if (!amount) {
		json_put_text(d->body, "percent_off", percent);
		json_put_str(d->hidden, "percent_off", percent);
		return VT_OK;
	}
	doc_apply(d->body, c->params, names);
	return VT_OK;
}

static enum vt_err
put_duration(struct call *c, struct doc *d)
{
	static const char *const names[] = { "duration", "duration_in_months",
		"max_redemptions", "redeem_by", NULL };
	bool repeating, months;
	int64_t until;

	doc_apply(d->body, c->params, names);
	repeating = strcmp(json_str_at(d->body, "duration"), "repeating") == 0;
	months = json_get(c->params, "duration_in_months") != NULL;
	if (repeating && !months)
		return call_fail(c, 400, "parameter_missing",
		    "duration_in_months",
		    "You must pass duration_in_months when passing repeating "
		    "for duration.");
	if (!repeating && months)
		return call_fail(c, 400, NULL, "duration_in_months",
		    "You can pass duration_in_months only when duration is "
		    "repeating.");
	if (json_int_at(c->params, "redeem_by", &until) && until <= c->now_s)
		return call_fail(c, 400, NULL, "redeem_by",
		    "Invalid timestamp: must be an integer Unix timestamp in "
		    "the future.");
	return VT_OK;
}

/* What it takes off in other currencies; only of an amount. */
static enum vt_err
put_options(struct call *c, struct doc *d)
{
	const struct json *given = json_get(c->params, "currency_options");
	const char *currency = json_str_at(d->body, "currency");
	struct json *all;

	if (currency == NULL)
		return given == NULL
		    ? VT_OK
		    : call_fail(c, 400, NULL, "currency_options",
			  "A coupon with percent_off has no "
			  "currency_options.");
	if (json_get(d->hidden, "currency_options") == NULL) {
		all = json_put_object(d->hidden, "currency_options");
		json_put_copy(json_put_object(all, currency), "amount_off",
		    json_get(d->body, "amount_off"));
	}
	all = json_edit(d->hidden, "currency_options");
	for (given = json_first(given); given != NULL;
	     given = json_next(given)) {
		if (!money_currency_valid(json_name(given)))
			return call_fail(c, 400, NULL, "currency_options",
			    "Invalid currency: %s.", json_name(given));
		json_put_copy(all, json_name(given), given);
	}
	return VT_OK;
}

static enum vt_err
put_products(struct call *c, struct doc *d)
{
	const struct json *list = json_at(c->params, "applies_to.products");
	struct doc *product;
	enum vt_err err = VT_OK;

	for (const struct json *j = json_first(list); j != NULL && err == VT_OK;
	     j = json_next(j))
		err = doc_need(c, R_PRODUCT, json_str(j),
		    "applies_to[products]", &product);
	if (json_count(list) > 0)
		json_put_copy(
		    json_put_object(d->hidden, "applies_to"), "products", list);
	return err;
}

static enum vt_err
create(struct call *c)
{
	struct doc *d = doc_new(c, R_COUPON);
	enum vt_err err;

	json_put_copy(d->body, "name", json_get(c->params, "name"));
	doc_metadata(c, d->body, c->params);
	err = doc_name(c, d, json_str_at(c->params, "id"));
	if (err == VT_OK)
		err = put_value(c, d);
	if (err == VT_OK)
		err = put_duration(c, d);
	if (err == VT_OK)
		err = put_options(c, d);
	if (err == VT_OK)
		err = put_products(c, d);
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK)
		err = event_emit(c, "coupon.created", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_COUPON, c->id);
}

static enum vt_err
update(struct call *c)
{
	static const char *const names[] = { "name", NULL };
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_COUPON, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	doc_apply(d->body, c->params, names);
	doc_metadata(c, d->body, c->params);
	err = put_options(c, d);
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK)
		err = event_updated(c, "coupon.updated", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

/* What was redeemed before goes on. */
static enum vt_err
delete_coupon(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_COUPON, c->id, NULL, &d);
	if (err == VT_OK)
		err = event_emit(c, "coupon.deleted", d);
	return err == VT_OK ? render_removed(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	return render_list(
	    c, &(struct list_filter){ .kind = R_COUPON, .delivered = -1 });
}

const struct operation coupon_operations[] = {
	{ HTTP_POST, "/v1/coupons", create_params, create, 0 },
	{ HTTP_GET, "/v1/coupons", list_params, list, 0 },
	{ HTTP_GET, "/v1/coupons/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/coupons/{}", update_params, update, 0 },
	{ HTTP_DELETE, "/v1/coupons/{}", params_none, delete_coupon, 0 },
	{ 0 },
};
