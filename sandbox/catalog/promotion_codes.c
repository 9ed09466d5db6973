/* promotion_codes: /v1/promotion_codes. */
#include <string.h>

#include "catalog/coupon.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/operation.h"
#include "core/render.h"
#include "payments/intent.h"
#include "text/money.h"

#define CODE_CHARS 8

static const char *const promotions[] = { "coupon", NULL };

static const struct param promotion[] = {
	PARAM("coupon", P_STR, P_REQUIRED),
	PARAM_ENUM("type", P_REQUIRED, promotions),
	PARAM_END,
};
static const struct param option[] = {
	PARAM_RANGE("minimum_amount", P_INT, 0, 1, MONEY_MAX),
	PARAM_END,
};
static const struct param restrictions[] = {
	PARAM_OF("currency_options", P_MAP, 0, option),
	PARAM("first_time_transaction", P_BOOL, 0),
	PARAM_RANGE("minimum_amount", P_INT, 0, 1, MONEY_MAX),
	PARAM("minimum_amount_currency", P_CURRENCY, 0),
	PARAM_END,
};
static const struct param later_restrictions[] = {
	PARAM_OF("currency_options", P_MAP, 0, option),
	PARAM_END,
};
static const struct param create_params[] = {
	PARAM("active", P_BOOL, 0),
	PARAM_RANGE("code", P_STR, 0, 0, 500),
	PARAM("coupon", P_STR, P_UNVERSIONED),
	PARAM("customer", P_STR, 0),
	PARAM("expires_at", P_INT, 0),
	PARAM_RANGE("max_redemptions", P_INT, 0, 1, INT32_MAX),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_OF("promotion", P_HASH, 0, promotion),
	PARAM_OF("restrictions", P_HASH, 0, restrictions),
	PARAM_END,
};
static const struct param update_params[] = {
	PARAM("active", P_BOOL, 0),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_OF("restrictions", P_HASH, 0, later_restrictions),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("active", P_BOOL, 0),
	PARAM("code", P_STR, 0),
	PARAM("coupon", P_STR, 0),
	PARAM("created", P_RANGE, 0),
	PARAM("customer", P_STR, 0),
	PARAM_END,
};
static const struct list_rule list_rules[] = {
	{ "active", "active" },
	{ NULL, NULL },
};

static enum vt_err
put_coupon(struct call *c, struct doc *d)
{
	const char *id = json_str_at(c->params, "promotion.coupon");
	struct json *promo = json_edit(d->body, "promotion");
	struct doc *coupon;
	enum vt_err err;

	if (id == NULL)
		id = json_str_at(c->params, "coupon");
	if (id == NULL)
		return call_fail(c, 400, "parameter_missing", "promotion",
		    "Missing required param: promotion.");
	err = doc_need(c, R_COUPON, id, "promotion[coupon]", &coupon);
	if (err != VT_OK)
		return err;
	if (!coupon_valid(c, coupon->body))
		return call_fail(c, 400, "coupon_expired", "promotion[coupon]",
		    "The coupon %s can no longer be redeemed.", id);
	json_put_str(promo, "coupon", id);
	return VT_OK;
}

static bool
code_is_fit(const char *code)
{
	for (; *code != '\0'; code++)
		if (strchr("abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
			*code) == NULL)
			return false;
	return true;
}

/* Whatever the customer has to type; one active code of a name at a time. */
static enum vt_err
put_code(struct call *c, struct doc *d)
{
	const char *code = json_str_at(c->params, "code");
	const char *customer = json_str_at(d->body, "customer");

	if (code == NULL)
		code = ids_random_upper(c->arena, CODE_CHARS);
	if (!code_is_fit(code))
		return call_fail(c, 400, NULL, "code",
		    "Promotion codes consist of letters, digits, '-' and "
		    "'_'.");
	if (promotion_code_find(c, code, customer) != NULL)
		return call_fail(c, 400, "resource_already_exists", "code",
		    "An active promotion code with `code: %s` already "
		    "exists.",
		    code);
	json_put_str(d->body, "code", code);
	return VT_OK;
}

static enum vt_err
put_restrictions(struct call *c, struct doc *d)
{
	static const char *const names[] = { "first_time_transaction",
		"minimum_amount", "minimum_amount_currency", "currency_options",
		NULL };
	const struct json *given = json_get(c->params, "restrictions");

	if (json_is_object(given) &&
	    (json_get(given, "minimum_amount") != NULL) !=
		(json_get(given, "minimum_amount_currency") != NULL) &&
	    !d->stored)
		return call_fail(c, 400, NULL,
		    "restrictions[minimum_amount_currency]",
		    "minimum_amount and minimum_amount_currency must be given "
		    "together.");
	if (json_is_object(given))
		doc_apply(json_edit(d->body, "restrictions"), given, names);
	return VT_OK;
}

static enum vt_err
put_limits(struct call *c, struct doc *d)
{
	static const char *const names[] = { "active", "customer", "expires_at",
		"max_redemptions", NULL };
	const char *customer = json_str_at(c->params, "customer");
	int64_t until;
	struct doc *owner;

	doc_apply(d->body, c->params, names);
	if (json_int_at(c->params, "expires_at", &until) && until <= c->now_s)
		return call_fail(c, 400, NULL, "expires_at",
		    "Invalid timestamp: must be an integer Unix timestamp in "
		    "the future.");
	return customer == NULL
	    ? VT_OK
	    : doc_need(c, R_CUSTOMER, customer, "customer", &owner);
}

static enum vt_err
create(struct call *c)
{
	struct doc *d = doc_new(c, R_PROMOTION_CODE);
	enum vt_err err;

	doc_metadata(c, d->body, c->params);
	err = put_limits(c, d);
	if (err == VT_OK)
		err = put_coupon(c, d);
	if (err == VT_OK)
		err = put_code(c, d);
	if (err == VT_OK)
		err = put_restrictions(c, d);
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK)
		err = event_emit(c, "promotion_code.created", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_PROMOTION_CODE, c->id);
}

static enum vt_err
update(struct call *c)
{
	static const char *const names[] = { "active", NULL };
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_PROMOTION_CODE, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	doc_apply(d->body, c->params, names);
	doc_metadata(c, d->body, c->params);
	err = put_restrictions(c, d);
	if (err == VT_OK && intent_flag(d->body, "active") &&
	    !promotion_code_active(c, d->body))
		return call_fail(c, 400, NULL, "active",
		    "This promotion code cannot be made active: it, or its "
		    "coupon, can no longer be redeemed.");
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK)
		err = event_updated(c, "promotion_code.updated", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	return render_list(c,
	    &(struct list_filter){ .kind = R_PROMOTION_CODE,
		.customer = json_str_at(c->params, "customer"),
		.parent = json_str_at(c->params, "coupon"),
		.type = json_str_at(c->params, "code"),
		.members = list_members(c, list_rules),
		.delivered = -1 });
}

const struct operation promotion_code_operations[] = {
	{ HTTP_POST, "/v1/promotion_codes", create_params, create, 0 },
	{ HTTP_GET, "/v1/promotion_codes", list_params, list, 0 },
	{ HTTP_GET, "/v1/promotion_codes/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/promotion_codes/{}", update_params, update, 0 },
	{ 0 },
};
