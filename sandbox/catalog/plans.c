/*
 * plans: /v1/plans, what recurring prices were before there were prices.
 *
 * Each is a price of the same id, seen with other members.
 */
#include <string.h>

#include "catalog/price.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/operation.h"
#include "core/render.h"
#include "subscriptions/subscription.h"

#define ID_CHARS 14
#define DEPTH_MAX 64 /* of our own answers */

static const struct param create_params[] = {
	PARAM("currency", P_CURRENCY, P_REQUIRED),
	PARAM_ENUM("interval", P_REQUIRED, price_intervals),
	PARAM("active", P_BOOL, 0),
	PARAM_RANGE("amount", P_INT, 0, 0, PRICE_UNIT_AMOUNT_MAX),
	PARAM_RANGE("amount_decimal", P_DECIMAL, 0, 0, PRICE_UNIT_AMOUNT_MAX),
	PARAM_ENUM("billing_scheme", 0, price_schemes),
	PARAM("id", P_STR, 0),
	PARAM_RANGE("interval_count", P_INT, 0, 1, 1095),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM("meter", P_STR, 0),
	PARAM("nickname", P_STR, 0),
	PARAM_OF("product", P_HASH, P_OR_TEXT, price_product_params),
	PARAM_OF("tiers", P_LIST, 0, price_tiers_params),
	PARAM_ENUM("tiers_mode", 0, price_tiers_modes),
	PARAM_OF("transform_usage", P_HASH, 0, price_transform_params),
	PARAM_RANGE("trial_period_days", P_INT, 0, 1, 730),
	PARAM_ENUM("usage_type", 0, price_usages),
	PARAM_END,
};
static const struct param update_params[] = {
	PARAM("active", P_BOOL, 0),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM("nickname", P_STR, P_EMPTY),
	PARAM("product", P_STR, 0),
	PARAM_RANGE("trial_period_days", P_INT, P_EMPTY, 1, 730),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("active", P_BOOL, 0),
	PARAM("created", P_RANGE, 0),
	PARAM("product", P_STR, 0),
	PARAM_END,
};

/* What a price is asked for with these parameters of a plan. */
static struct json *
price_params(struct call *c)
{
	static const char *const same[] = { "active", "billing_scheme",
		"currency", "id", "metadata", "nickname", "tiers", "tiers_mode",
		NULL };
	static const char *const recurring[] = { "interval", "interval_count",
		"meter", "trial_period_days", "usage_type", NULL };
	static const struct {
		const char *plan, *price;
	} others[] = { { "amount", "unit_amount" },
		{ "amount_decimal", "unit_amount_decimal" },
		{ "transform_usage", "transform_quantity" } };
	const struct json *product = json_get(c->params, "product"), *v;
	struct json *out = json_object(c->arena);

	doc_apply(out, c->params, same);
	doc_apply(json_put_object(out, "recurring"), c->params, recurring);
	for (size_t i = 0; i < countof(others); i++) {
		v = json_get(c->params, others[i].plan);
		if (v != NULL)
			json_put_copy(out, others[i].price, v);
	}
	if (product != NULL)
		json_put_copy(out,
		    json_is_string(product) ? "product" : "product_data",
		    product);
	if (json_get(out, "id") == NULL)
		json_put_str(
		    out, "id", ids_make(c->arena, "plan_", '\0', ID_CHARS));
	return out;
}

/* A plan to be told about. */
static struct doc *
plan_of(struct call *c, const struct json *price, const struct doc *like)
{
	struct doc *d = arena_alloc(c->arena, sizeof(*d));

	*d = *like;
	d->body = json_object(c->arena);
	price_as_plan(price, d->body);
	return d;
}

/* The answer is this price as a plan, expanded as was asked. */
static enum vt_err
answer(struct call *c, const struct doc *price)
{
	struct json *shown;
	enum vt_err err = render_tree(c, price, &shown);

	if (err == VT_OK)
		c->answer = json_text(c->arena, plan_of(c, shown, price)->body);
	return err;
}

/* The price behind the plan of the path. */
static enum vt_err
find(struct call *c, struct doc **out)
{
	enum vt_err err = doc_need(c, R_PRICE, c->id, NULL, out);

	if (err != VT_OK || !doc_is(*out, "type", "recurring"))
		return call_missing(c, "plan", c->id, NULL);
	return VT_OK;
}

static enum vt_err
create(struct call *c)
{
	bool active = true;
	struct doc *price;
	enum vt_err err;

	(void)json_bool(json_get(c->params, "active"), &active); /* else yes */
	err = price_make(c, price_params(c), NULL, active, &price);
	if (err == VT_OK)
		err = event_emit(
		    c, "plan.created", plan_of(c, price->body, price));
	return err == VT_OK ? answer(c, price) : err;
}

static enum vt_err
retrieve(struct call *c)
{
	struct doc *price;
	enum vt_err err = find(c, &price);

	return err == VT_OK ? answer(c, price) : err;
}

/* Tells of both, the plan with what changed in its own members. */
static enum vt_err
tell_update(struct call *c, struct doc *price, const struct json *before)
{
	struct doc *plan = plan_of(c, price->body, price);
	enum vt_err err;

	plan->before = json_text(c->arena, plan_of(c, before, price)->body);
	err = event_updated(c, "plan.updated", plan);
	return err == VT_OK ? event_updated(c, "price.updated", price) : err;
}

static enum vt_err
update(struct call *c)
{
	static const char *const names[] = { "active", "nickname", "product",
		NULL };
	static const char *const recurring[] = { "trial_period_days", NULL };
	const char *id = json_str_at(c->params, "product");
	struct doc *price, *product;
	const struct json *before;
	enum vt_err err = find(c, &price);

	if (err == VT_OK && id != NULL)
		err = doc_need(c, R_PRODUCT, id, "product", &product);
	if (err != VT_OK)
		return err;
	before = json_clone(c->arena, price->body);
	doc_apply(price->body, c->params, names);
	doc_apply(json_edit(price->body, "recurring"), c->params, recurring);
	doc_metadata(c, price->body, c->params);
	err = doc_save(c, price);
	if (err == VT_OK)
		err = tell_update(c, price, before);
	if (err == VT_OK)
		err = subscription_show_price(c, price);
	return err == VT_OK ? answer(c, price) : err;
}

/* Nobody can subscribe to it any more; those who have go on. */
static enum vt_err
delete_plan(struct call *c)
{
	struct json *out = json_object(c->arena);
	struct doc *price;
	enum vt_err err = find(c, &price);

	if (err == VT_OK)
		err = event_emit(
		    c, "plan.deleted", plan_of(c, price->body, price));
	if (err == VT_OK)
		err = event_emit(c, "price.deleted", price);
	if (err != VT_OK)
		return err;
	price->deleted = true;
	json_put_bool(price->body, "active", false);
	json_put_str(out, "id", price->id);
	json_put_str(out, "object", "plan");
	json_put_bool(out, "deleted", true);
	c->answer = json_text(c->arena, out);
	err = doc_save(c, price);
	return err == VT_OK ? subscription_show_price(c, price) : err;
}

/* A page of prices, each seen as a plan. */
static enum vt_err
list(struct call *c)
{
	static const struct list_rule rules[] = {
		{ "active", "active" },
		{ NULL, NULL },
	};
	struct json *members = list_members(c, rules), *out, *data, *plan;
	const struct json *page;
	enum vt_err err;

	json_put_str(members, "type", "recurring");
	err = render_list(c,
	    &(struct list_filter){ .kind = R_PRICE,
		.url = "/v1/plans",
		.parent = json_str_at(c->params, "product"),
		.members = members,
		.delivered = -1 });
	if (err == VT_OK)
		err = json_parse(c->arena, c->answer, strlen(c->answer),
		    DEPTH_MAX, &page, NULL);
	if (err != VT_OK)
		return err;
	out = json_clone(c->arena, page);
	data = json_put_array(out, "data");
	for (const struct json *j = json_first(json_get(page, "data"));
	     j != NULL; j = json_next(j)) {
		plan = json_add_object(data);
		price_as_plan(j, plan);
	}
	c->answer = json_text(c->arena, out);
	return VT_OK;
}

const struct operation plan_operations[] = {
	{ HTTP_POST, "/v1/plans", create_params, create, 0 },
	{ HTTP_GET, "/v1/plans", list_params, list, 0 },
	{ HTTP_GET, "/v1/plans/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/plans/{}", update_params, update, 0 },
	{ HTTP_DELETE, "/v1/plans/{}", params_none, delete_plan, 0 },
	{ 0 },
};
