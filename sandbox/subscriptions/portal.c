/* portal: see portal.h; and /v1/billing_portal/configurations. */
#include "subscriptions/portal.h"

#include <string.h>

#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"

static const char *const updates[] = { "address", "email", "name", "phone",
	"shipping", "tax_id", NULL };
static const char *const cancel_modes[] = { "at_period_end", "immediately",
	NULL };
static const char *const prorations[] = { "always_invoice", "create_prorations",
	"none", NULL };
static const char *const reasons[] = { "customer_service", "low_quality",
	"missing_features", "other", "switched_service", "too_complex",
	"too_expensive", "unused", NULL };
static const char *const allowed[] = { "price", "promotion_code", "quantity",
	NULL };
static const char *const conditions[] = { "decreasing_item_amount",
	"shortening_interval", NULL };
static const char *const trials[] = { "continue_trial", "end_trial", NULL };
static const char *const anchors[] = { "now", "unchanged", NULL };

static const struct param text_list[] = { PARAM("", P_STR, 0) };
static const struct param update_list[] = { PARAM_ENUM("", 0, updates) };
static const struct param reason_list[] = { PARAM_ENUM("", 0, reasons) };
static const struct param allowed_list[] = { PARAM_ENUM("", 0, allowed) };
static const struct param customer_params[] = {
	PARAM_OF("allowed_updates", P_LIST, P_EMPTY, update_list),
	PARAM("enabled", P_BOOL, P_REQUIRED),
	PARAM_END,
};
static const struct param enabled_params[] = {
	PARAM("enabled", P_BOOL, P_REQUIRED),
	PARAM_END,
};
static const struct param method_update_params[] = {
	PARAM("enabled", P_BOOL, P_REQUIRED),
	PARAM("payment_method_configuration", P_STR, P_EMPTY),
	PARAM_END,
};
static const struct param reason_params[] = {
	PARAM("enabled", P_BOOL, P_REQUIRED),
	PARAM_OF("options", P_LIST, P_EMPTY, reason_list),
	PARAM_END,
};
static const struct param cancel_params[] = {
	PARAM_OF("cancellation_reason", P_HASH, 0, reason_params),
	PARAM("enabled", P_BOOL, P_REQUIRED),
	PARAM_ENUM("mode", 0, cancel_modes),
	PARAM_ENUM("proration_behavior", 0, prorations),
	PARAM_END,
};
static const struct param product_params[] = {
	PARAM_OF("prices", P_LIST, P_REQUIRED, text_list),
	PARAM("product", P_STR, P_REQUIRED),
	PARAM_END,
};
static const struct param product_list[] = {
	PARAM_OF("", P_HASH, 0, product_params),
};
static const struct param condition_params[] = {
	PARAM_ENUM("type", P_REQUIRED, conditions),
	PARAM_END,
};
static const struct param condition_list[] = {
	PARAM_OF("", P_HASH, 0, condition_params),
};
static const struct param schedule_params[] = {
	PARAM_OF("conditions", P_LIST, P_EMPTY, condition_list),
	PARAM_END,
};
static const struct param plan_params[] = {
	PARAM_ENUM("billing_cycle_anchor", 0, anchors),
	PARAM_OF("default_allowed_updates", P_LIST, P_EMPTY, allowed_list),
	PARAM("enabled", P_BOOL, P_REQUIRED),
	PARAM_OF("products", P_LIST, P_EMPTY, product_list),
	PARAM_ENUM("proration_behavior", 0, prorations),
	PARAM_OF("schedule_at_period_end", P_HASH, 0, schedule_params),
	PARAM_ENUM("trial_update_behavior", 0, trials),
	PARAM_END,
};
static const struct param feature_params[] = {
	PARAM_OF("customer_update", P_HASH, 0, customer_params),
	PARAM_OF("invoice_history", P_HASH, 0, enabled_params),
	PARAM_OF("payment_method_update", P_HASH, 0, method_update_params),
	PARAM_OF("subscription_cancel", P_HASH, 0, cancel_params),
	PARAM_OF("subscription_update", P_HASH, 0, plan_params),
	PARAM_END,
};
static const struct param profile_params[] = {
	PARAM_RANGE("headline", P_STR, P_EMPTY, 0, 60),
	PARAM("privacy_policy_url", P_STR, 0),
	PARAM("terms_of_service_url", P_STR, 0),
	PARAM_END,
};

#define COMMON_PARAMS                                            \
	PARAM_OF("business_profile", P_HASH, 0, profile_params), \
	    PARAM("default_return_url", P_STR, P_EMPTY),         \
	    PARAM_OF("login_page", P_HASH, 0, enabled_params),   \
	    PARAM("metadata", P_META, P_EMPTY), PARAM("name", P_STR, P_EMPTY)

const struct param portal_create_params[] = {
	COMMON_PARAMS,
	PARAM_OF("features", P_HASH, P_REQUIRED, feature_params),
	PARAM_END,
};
const struct param portal_update_params[] = {
	COMMON_PARAMS,
	PARAM("active", P_BOOL, 0),
	PARAM_OF("features", P_HASH, 0, feature_params),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("active", P_BOOL, 0),
	PARAM("is_default", P_BOOL, 0),
	PARAM_END,
};

/* Takes over what was given, deeper where both sides are objects. */
static void
merge(struct json *to, const struct json *from)
{
	for (const struct json *m = json_first(from); m != NULL;
	     m = json_next(m)) {
		struct json *had = json_edit(to, json_name(m));

		if (json_is_object(m) && had != NULL && json_is_object(had))
			merge(had, m);
		else if (json_is_null(m) && had != NULL &&
		    json_first(had) != NULL)
			(void)json_put_array(to, json_name(m)); /* unset */
		else
			json_put_copy(to, json_name(m), m);
	}
}

bool
portal_allows(const struct doc *configuration, const char *feature)
{
	const struct json *f =
	    json_get(json_get(configuration->body, "features"), feature);
	bool yes = false;

	return json_bool(json_get(f, "enabled"), &yes) && yes;
}

/* Plans can be changed only to those that are named. */
static enum vt_err
check_products(struct call *c, const struct doc *d)
{
	static const char at[] = "features[subscription_update][products]";
	const struct json *products =
	    json_at(d->body, "features.subscription_update.products");
	const struct json *prices;
	struct doc *found;
	enum vt_err err = VT_OK;

	if (portal_allows(d, "subscription_update") &&
	    json_first(products) == NULL)
		return call_fail(c, 400, "parameter_missing", at,
		    "You must provide `products` when subscription updates "
		    "are enabled.");
	for (const struct json *p = json_first(products); p != NULL;
	     p = json_next(p)) {
		prices = json_get(p, "prices");
		err = doc_need(
		    c, R_PRODUCT, json_str_at(p, "product"), at, &found);
		for (const struct json *j = json_first(prices);
		     err == VT_OK && j != NULL; j = json_next(j))
			err = doc_need(c, R_PRICE, json_str(j), at, &found);
		if (err != VT_OK)
			return err;
	}
	return VT_OK;
}

enum vt_err
portal_put_features(struct call *c, struct doc *d)
{
	merge(json_edit(d->body, "features"), json_get(c->params, "features"));
	return check_products(c, d);
}

static enum vt_err
apply(struct call *c, struct doc *d)
{
	static const char *const names[] = { "active", "default_return_url",
		"name", NULL };
	bool login = false;
	enum vt_err err = call_check_page(c, "default_return_url",
	    json_str_at(c->params, "default_return_url"));

	if (err != VT_OK)
		return err;
	doc_apply(d->body, c->params, names);
	doc_metadata(c, d->body, c->params);
	merge(json_edit(d->body, "business_profile"),
	    json_get(c->params, "business_profile"));
	if (json_bool(json_get(json_get(c->params, "login_page"), "enabled"),
		&login) &&
	    login)
		return call_fail(c, 400, NULL, "login_page[enabled]",
		    "This sandbox has no login page for customers: open a "
		    "session for them.");
	err = portal_put_features(c, d);
	json_put_int(d->body, "updated", c->now_s);
	return err;
}

static enum vt_err
create(struct call *c)
{
	struct doc *d = doc_new(c, R_PORTAL_CONFIGURATION);
	enum vt_err err;

	err = apply(c, d);
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK)
		err = event_emit(c, "billing_portal.configuration.created", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

enum vt_err
portal_default(struct call *c, struct doc **out)
{
	struct json *features;
	struct query q;
	const char *id;

	if (db_row(&q, c->box->db,
		"SELECT id FROM objects WHERE kind = "
		"'billing_portal.configuration' AND json_extract(body, "
		"'$.is_default') = 1") == VT_OK) {
		id = arena_strdup(c->arena, db_text(&q, 0));
		db_done(&q);
		*out = doc_find(c, R_PORTAL_CONFIGURATION, id);
		return VT_OK;
	}
	*out = doc_new(c, R_PORTAL_CONFIGURATION);
	json_put_bool((*out)->body, "is_default", true);
	json_put_int((*out)->body, "updated", c->now_s);
	features = json_edit((*out)->body, "features");
	json_put_bool(json_edit(features, "customer_update"), "enabled", true);
	json_put_text(json_edit(features, "customer_update"), "allowed_updates",
	    "[\"email\",\"name\",\"phone\"]");
	json_put_bool(json_edit(features, "invoice_history"), "enabled", true);
	json_put_bool(
	    json_edit(features, "payment_method_update"), "enabled", true);
	json_put_bool(
	    json_edit(features, "subscription_cancel"), "enabled", true);
	return doc_save(c, *out);
}

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_PORTAL_CONFIGURATION, c->id);
}

static enum vt_err
update(struct call *c)
{
	bool active = true, is_default = false;
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_PORTAL_CONFIGURATION, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	(void)json_bool(json_get(d->body, "is_default"), &is_default);
	(void)json_bool(json_get(c->params, "active"), &active);
	if (is_default && !active)
		return call_fail(c, 400, NULL, "active",
		    "The default configuration cannot be deactivated.");
	err = apply(c, d);
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK)
		err =
		    event_updated(c, "billing_portal.configuration.updated", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	static const char *const names[] = { "active", "is_default", NULL };
	struct json *members = json_object(c->arena);

	doc_apply(members, c->params, names);
	return render_list(c,
	    &(struct list_filter){ .kind = R_PORTAL_CONFIGURATION,
		.members = members,
		.delivered = -1 });
}

const struct operation portal_configuration_operations[] = {
	{ HTTP_POST, "/v1/billing_portal/configurations", portal_create_params,
	    create, 0 },
	{ HTTP_GET, "/v1/billing_portal/configurations", list_params, list, 0 },
	{ HTTP_GET, "/v1/billing_portal/configurations/{}", params_none,
	    retrieve, 0 },
	{ HTTP_POST, "/v1/billing_portal/configurations/{}",
	    portal_update_params, update, 0 },
	{ 0 },
};
