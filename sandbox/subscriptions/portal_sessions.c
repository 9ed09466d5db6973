/* portal_sessions: /v1/billing_portal/sessions. */
#include <string.h>

#include "core/event.h"
#include "core/ids.h"
#include "core/operation.h"
#include "core/render.h"
#include "subscriptions/portal.h"

#define OPEN_S (30 * 60)
#define SECRET_CHARS 48

static const char *const types[] = { "customer_update", "payment_method_update",
	"subscription_cancel", "subscription_update",
	"subscription_update_confirm", NULL };
static const char *const completions[] = { "hosted_confirmation",
	"portal_homepage", "redirect", NULL };

static const struct param confirmation_params[] = {
	PARAM_RANGE("custom_message", P_STR, 0, 0, 500),
	PARAM_END,
};
static const struct param redirect_params[] = {
	PARAM("return_url", P_STR, P_REQUIRED),
	PARAM_END,
};
static const struct param completion_params[] = {
	PARAM_OF("hosted_confirmation", P_HASH, 0, confirmation_params),
	PARAM_OF("redirect", P_HASH, 0, redirect_params),
	PARAM_ENUM("type", P_REQUIRED, completions),
	PARAM_END,
};
static const struct param subscription_params[] = {
	PARAM("subscription", P_STR, P_REQUIRED),
	PARAM_END,
};
static const struct param item_params[] = {
	PARAM("id", P_STR, P_REQUIRED),
	PARAM("price", P_STR, 0),
	PARAM_RANGE("quantity", P_INT, 0, 1, 999999),
	PARAM_END,
};
static const struct param item_list[] = {
	PARAM_OF("", P_HASH, 0, item_params),
};
static const struct param confirm_params[] = {
	PARAM_OF("items", P_LIST, P_REQUIRED, item_list),
	PARAM("subscription", P_STR, P_REQUIRED),
	PARAM_END,
};
static const struct param flow_params[] = {
	PARAM_OF("after_completion", P_HASH, 0, completion_params),
	PARAM_OF("subscription_cancel", P_HASH, 0, subscription_params),
	PARAM_OF("subscription_update", P_HASH, 0, subscription_params),
	PARAM_OF("subscription_update_confirm", P_HASH, 0, confirm_params),
	PARAM_ENUM("type", P_REQUIRED, types),
	PARAM_END,
};
static const struct param create_params[] = {
	PARAM("configuration", P_STR, 0),
	PARAM("customer", P_STR, P_REQUIRED),
	PARAM_OF("flow_data", P_HASH, 0, flow_params),
	PARAM("locale", P_STR, 0),
	PARAM("return_url", P_STR, 0),
	PARAM_END,
};

/* Which feature a flow needs, and whether it is about a subscription. */
static const struct {
	const char *type, *feature;
	bool subscription;
} flows[] = {
	{ "customer_update", "customer_update", false },
	{ "payment_method_update", "payment_method_update", false },
	{ "subscription_cancel", "subscription_cancel", true },
	{ "subscription_update", "subscription_update", true },
	{ "subscription_update_confirm", "subscription_update", true },
};

/* The subscription that the flow is about must be this customer's. */
static enum vt_err
check_subscription(struct call *c, const struct doc *d, const char *type)
{
	const char *at =
	    arena_printf(c->arena, "flow_data[%s][subscription]", type);
	const char *id = json_str_at(c->params,
	    arena_printf(c->arena, "flow_data.%s.subscription", type));
	struct doc *found;
	enum vt_err err;

	if (id == NULL)
		return call_fail(c, 400, "parameter_missing", at,
		    "Missing required param: %s.", at);
	err = doc_need(c, R_SUBSCRIPTION, id, at, &found);
	if (err == VT_OK &&
	    strcmp(json_str_at(found->body, "customer"),
		json_str_at(d->body, "customer")) != 0)
		return call_missing(c, "subscription", id, at);
	return err;
}

/* Where the flow leads to when it leads away. */
static enum vt_err
check_redirect(struct call *c, const struct json *after)
{
	static const char at[] =
	    "flow_data[after_completion][redirect][return_url]";
	const char *type = json_str_at(after, "type");
	const char *url = json_str_at(after, "redirect.return_url");

	if (type != NULL && strcmp(type, "redirect") == 0 && url == NULL)
		return call_fail(c, 400, "parameter_missing", at,
		    "Missing required param: %s.", at);
	return call_check_page(c, at, url);
}

static enum vt_err
put_flow(struct call *c, struct doc *d, const struct doc *configuration)
{
	const struct json *given = json_get(c->params, "flow_data");
	const struct json *after = json_get(given, "after_completion");
	const char *type = json_str_at(given, "type");
	struct json *flow, *o;
	enum vt_err err = check_redirect(c, after);

	if (given == NULL || err != VT_OK)
		return err;
	flow = json_put_object(d->body, "flow");
	o = json_put_object(flow, "after_completion");
	json_put_copy(
	    o, "hosted_confirmation", json_get(after, "hosted_confirmation"));
	json_put_copy(o, "redirect", json_get(after, "redirect"));
	json_put_str(o, "type",
	    after == NULL ? "portal_homepage" : json_str_at(after, "type"));
	json_put_text(flow, "customer_update",
	    strcmp(type, "customer_update") == 0 ? "{}" : "null");
	json_put_null(flow, "subscription_pause");
	for (size_t i = 0; i < countof(flows) && err == VT_OK; i++) {
		bool meant = strcmp(flows[i].type, type) == 0;

		if (meant && !portal_allows(configuration, flows[i].feature))
			return call_fail(c, 400, NULL, "flow_data[type]",
			    "This flow is not available: %s is disabled in "
			    "your portal configuration.",
			    flows[i].feature);
		if (!flows[i].subscription)
			continue;
		json_put_copy(
		    flow, flows[i].type, json_get(given, flows[i].type));
		if (meant)
			err = check_subscription(c, d, type);
	}
	o = json_edit(flow, "subscription_cancel");
	if (json_is_object(o))
		json_put_null(o, "retention");
	o = json_edit(flow, "subscription_update_confirm");
	if (json_is_object(o))
		json_put_null(o, "discounts");
	json_put_str(flow, "type", type);
	return err;
}

static enum vt_err
find_configuration(struct call *c, struct doc **out)
{
	const char *id = json_str_at(c->params, "configuration");
	bool active = true;
	enum vt_err err;

	if (id == NULL)
		return portal_default(c, out);
	err = doc_need(c, R_PORTAL_CONFIGURATION, id, "configuration", out);
	if (err != VT_OK)
		return err;
	(void)json_bool(json_get((*out)->body, "active"), &active);
	return active ? VT_OK
		      : call_fail(c, 400, NULL, "configuration",
			    "The configuration %s is not active.", id);
}

static enum vt_err
create(struct call *c)
{
	const char *customer = json_str_at(c->params, "customer");
	const char *url = json_str_at(c->params, "return_url");
	struct doc *d = doc_new(c, R_PORTAL_SESSION), *found, *configuration;
	const char *secret = arena_printf(
	    c->arena, "test_%s", ids_random(c->arena, SECRET_CHARS));
	enum vt_err err;

	err = doc_need(c, R_CUSTOMER, customer, "customer", &found);
	if (err == VT_OK)
		err = find_configuration(c, &configuration);
	if (err != VT_OK)
		return err;
	if (url == NULL)
		url = json_str_at(configuration->body, "default_return_url");
	err = call_check_page(c, "return_url", url);
	if (err != VT_OK)
		return err;
	json_put_str(d->body, "configuration", configuration->id);
	json_put_str(d->body, "customer", customer);
	json_put_str(d->body, "locale", json_str_at(c->params, "locale"));
	json_put_str(d->body, "return_url", url);
	json_put_str(d->hidden, "secret", secret);
	json_put_str(d->body, "url",
	    arena_printf(c->arena, "%s/_hosted/portal?session=%s",
		c->box->origin, secret));
	d->due_ms = (c->now_s + OPEN_S) * 1000;
	err = put_flow(c, d, configuration);
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK)
		err = event_emit(c, "billing_portal.session.created", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

struct doc *
portal_find(struct call *c, const char *secret)
{
	struct query q;
	const char *id;

	if (db_row(&q, c->box->db,
		"SELECT id FROM objects WHERE kind = 'billing_portal.session' "
		"AND type = :secret",
		DB_TEXT("secret", secret)) != VT_OK)
		return NULL;
	id = arena_strdup(c->arena, db_text(&q, 0));
	db_done(&q);
	return doc_find(c, R_PORTAL_SESSION, id);
}

/* Nobody can ask for it any more, so it goes. */
enum vt_err
portal_due(struct call *c, struct doc *d)
{
	return doc_remove(c, d);
}

const struct operation portal_session_operations[] = {
	{ HTTP_POST, "/v1/billing_portal/sessions", create_params, create, 0 },
	{ 0 },
};
