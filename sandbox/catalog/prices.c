/* prices: /v1/prices. */
#include <string.h>

#include "catalog/price.h"
#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"
#include "core/search.h"
#include "subscriptions/subscription.h"

#define LOOKUP_KEYS_MAX 10

static const char *const types[] = { "one_time", "recurring", NULL };

static const struct param create_params[] = {
	PARAM("currency", P_CURRENCY, P_REQUIRED),
	PARAM("active", P_BOOL, 0),
	PARAM_ENUM("billing_scheme", 0, price_schemes),
	PARAM_OF("currency_options", P_MAP, 0, price_options_params),
	PARAM_OF("custom_unit_amount", P_HASH, 0, price_custom_params),
	PARAM_RANGE("lookup_key", P_STR, 0, 0, 200),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM("nickname", P_STR, 0),
	PARAM("product", P_STR, 0),
	PARAM_OF("product_data", P_HASH, 0, price_product_params),
	PARAM_OF("recurring", P_HASH, 0, price_recurring_params),
	PARAM_ENUM("tax_behavior", 0, price_tax_behaviors),
	PARAM_OF("tiers", P_LIST, 0, price_tiers_params),
	PARAM_ENUM("tiers_mode", 0, price_tiers_modes),
	PARAM("transfer_lookup_key", P_BOOL, 0),
	PARAM_OF("transform_quantity", P_HASH, 0, price_transform_params),
	PRICE_AMOUNT_PARAMS,
	PARAM_END,
};
static const struct param update_params[] = {
	PARAM("active", P_BOOL, 0),
	PARAM_OF("currency_options", P_MAP, P_EMPTY, price_options_params),
	PARAM_RANGE("lookup_key", P_STR, P_EMPTY, 0, 200),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM("nickname", P_STR, P_EMPTY),
	PARAM_ENUM("tax_behavior", 0, price_tax_behaviors),
	PARAM("transfer_lookup_key", P_BOOL, 0),
	PARAM_END,
};
static const struct param keys[] = { PARAM("", P_STR, 0) };
static const struct param recurring[] = {
	PARAM("interval", P_STR, 0),
	PARAM("meter", P_STR, 0),
	PARAM("usage_type", P_STR, 0),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("active", P_BOOL, 0),
	PARAM("created", P_RANGE, 0),
	PARAM("currency", P_CURRENCY, 0),
	PARAM_OF("lookup_keys", P_LIST, 0, keys),
	PARAM("product", P_STR, 0),
	PARAM_OF("recurring", P_HASH, 0, recurring),
	PARAM_ENUM("type", 0, types),
	PARAM_END,
};
static const struct list_rule list_rules[] = {
	{ "active", "active" },
	{ "currency", "currency" },
	{ "lookup_keys", "lookup_key" },
	{ "recurring.interval", "recurring.interval" },
	{ "recurring.meter", "recurring.meter" },
	{ "recurring.usage_type", "recurring.usage_type" },
	{ "type", "type" },
	{ NULL, NULL },
};

static enum vt_err
create(struct call *c)
{
	bool active = true;
	struct doc *d;
	enum vt_err err;

	(void)json_bool(json_get(c->params, "active"), &active); /* else yes */
	err = price_make(c, c->params, NULL, active, &d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_PRICE, c->id);
}

/* What tax is can be said once. */
static enum vt_err
put_tax_behavior(struct call *c, struct doc *d)
{
	const char *given = json_str_at(c->params, "tax_behavior");
	const char *has = json_str_at(d->body, "tax_behavior");

	if (given == NULL || strcmp(given, has) == 0)
		return VT_OK;
	if (strcmp(has, "unspecified") != 0)
		return call_fail(c, 400, NULL, "tax_behavior",
		    "You cannot change `tax_behavior` once it has been set to "
		    "`inclusive` or `exclusive`.");
	json_put_str(d->body, "tax_behavior", given);
	return VT_OK;
}

static enum vt_err
update(struct call *c)
{
	static const char *const names[] = { "active", "nickname", NULL };
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_PRICE, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	doc_apply(d->body, c->params, names);
	doc_metadata(c, d->body, c->params);
	err = put_tax_behavior(c, d);
	if (err == VT_OK)
		err = price_put_options(
		    c, d, json_get(c->params, "currency_options"));
	if (err == VT_OK)
		err = price_put_lookup_key(c, d, c->params);
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK)
		err = event_updated(c, "price.updated", d);
	if (err == VT_OK)
		err = subscription_show_price(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	if (json_count(json_get(c->params, "lookup_keys")) > LOOKUP_KEYS_MAX)
		return call_fail(c, 400, NULL, "lookup_keys",
		    "You may look up %d keys at most.", LOOKUP_KEYS_MAX);
	return render_list(c,
	    &(struct list_filter){ .kind = R_PRICE,
		.parent = json_str_at(c->params, "product"),
		.members = list_members(c, list_rules),
		.delivered = -1 });
}

static enum vt_err
search(struct call *c)
{
	static const struct search_field fields[] = {
		{ "active", "active", SEARCH_TOKEN },
		{ "currency", "currency", SEARCH_TOKEN },
		{ "lookup_key", "lookup_key", SEARCH_TEXT },
		{ "product", "product", SEARCH_TOKEN },
		{ "type", "type", SEARCH_TOKEN },
		SEARCH_END,
	};

	return search_run(c, R_PRICE, fields);
}

const struct operation price_operations[] = {
	{ HTTP_POST, "/v1/prices", create_params, create, 0 },
	{ HTTP_GET, "/v1/prices", list_params, list, 0 },
	{ HTTP_GET, "/v1/prices/search", search_params, search, 0 },
	{ HTTP_GET, "/v1/prices/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/prices/{}", update_params, update, 0 },
	{ 0 },
};
