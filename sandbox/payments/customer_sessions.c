/* customer_sessions: /v1/customer_sessions; see customer_session.h. */
#include <string.h>

#include "core/ids.h"
#include "core/operation.h"
#include "core/render.h"
#include "payments/customer_session.h"
#include "signin/user.h"

#define LIFE_S 1800
#define SECRET_CHARS 47
#define LIMIT_DEFAULT 3
#define LIMIT_MAX 10

static const char *const switches[] = { "disabled", "enabled", NULL };
static const char *const redisplay[] = { "always", "limited", "unspecified",
	NULL };
static const char *const usages[] = { "off_session", "on_session", NULL };
static const struct param filters[] = { PARAM_ENUM("", 0, redisplay) };

#define FILTERS                                                            \
	PARAM_OF(                                                          \
	    "payment_method_allow_redisplay_filters", P_LIST, 0, filters), \
	    PARAM_ENUM("payment_method_remove", 0, switches)

static const struct param enabled[] = {
	PARAM("enabled", P_BOOL, P_REQUIRED),
	PARAM_END,
};
static const struct param sheet_features[] = { FILTERS, PARAM_END };
static const struct param mobile_features[] = {
	FILTERS,
	PARAM_ENUM("payment_method_redisplay", 0, switches),
	PARAM_ENUM("payment_method_save", 0, switches),
	PARAM_ENUM(
	    "payment_method_save_allow_redisplay_override", 0, redisplay),
	PARAM_END,
};
static const struct param element_features[] = {
	FILTERS,
	PARAM_ENUM("payment_method_redisplay", 0, switches),
	PARAM_RANGE("payment_method_redisplay_limit", P_INT, 0, 1, LIMIT_MAX),
	PARAM_ENUM("payment_method_save", 0, switches),
	PARAM_ENUM("payment_method_save_usage", 0, usages),
	PARAM_END,
};

#define COMPONENT(features)                                               \
	{                                                                 \
		PARAM("enabled", P_BOOL, P_REQUIRED),                     \
		    PARAM_OF("features", P_HASH, 0, features), PARAM_END, \
	}
static const struct param sheet[] = COMPONENT(sheet_features);
static const struct param mobile[] = COMPONENT(mobile_features);
static const struct param element[] = COMPONENT(element_features);

/* In the order in which they are answered. */
static const struct param components[] = {
	PARAM_OF("active_entitlements", P_HASH, 0, enabled),
	PARAM_OF("buy_button", P_HASH, 0, enabled),
	PARAM_OF("customer_portal", P_HASH, 0, enabled),
	PARAM_OF("customer_sheet", P_HASH, 0, sheet),
	PARAM_OF("mobile_payment_element", P_HASH, 0, mobile),
	PARAM_OF("payment_element", P_HASH, 0, element),
	PARAM_OF("pricing_table", P_HASH, 0, enabled),
	PARAM_END,
};
static const struct param create_params[] = {
	PARAM_OF("components", P_HASH, P_REQUIRED, components),
	PARAM("customer", P_STR, P_REQUIRED),
	PARAM_END,
};

/* What a feature is when nobody has said. */
static void
put_default(struct json *o, const char *name)
{
	if (strcmp(name, "payment_method_allow_redisplay_filters") == 0)
		json_put_text(o, name, "[\"always\"]");
	else if (strcmp(name, "payment_method_redisplay_limit") == 0)
		json_put_int(o, name, LIMIT_DEFAULT);
	else if (strcmp(name, "payment_method_save_usage") == 0 ||
	    strcmp(name, "payment_method_save_allow_redisplay_override") == 0)
		json_put_null(o, name);
	else
		json_put_str(o, name, "disabled");
}

/* One component as it is answered; true if it is enabled. */
static bool
put_component(struct json *out, const struct param *p, const struct json *given)
{
	struct json *o = json_put_object(out, p->name), *features;
	const struct json *wish;
	bool on = false;

	(void)json_bool(json_get(given, "enabled"), &on); /* else it is off */
	json_put_bool(o, "enabled", on);
	if (p->members == enabled)
		return on;
	if (!on) {
		json_put_null(o, "features");
		return on;
	}
	features = json_put_object(o, "features");
	for (const struct param *f = p->members[1].members; f->name != NULL;
	     f++) {
		wish = json_at(given, "features");
		wish = json_get(wish, f->name);
		if (wish != NULL)
			json_put_copy(features, f->name, wish);
		else
			put_default(features, f->name);
	}
	return on;
}

static enum vt_err
create(struct call *c)
{
	const struct json *given = json_get(c->params, "components");
	const char *customer = json_str_at(c->params, "customer");
	struct doc *d = doc_new(c, R_CUSTOMER_SESSION), *owner;
	struct json *out = json_put_object(d->body, "components");
	bool any = false;
	enum vt_err err;

	err = doc_need(c, R_CUSTOMER, customer, "customer", &owner);
	if (err != VT_OK)
		return err;
	for (const struct param *p = components; p->name != NULL; p++)
		any = put_component(out, p, json_get(given, p->name)) || any;
	if (!any)
		return call_fail(c, 400, NULL, "components",
		    "You must enable at least one component.");
	d->index = arena_printf(
	    c->arena, "cuss_secret_%s", ids_random(c->arena, SECRET_CHARS));
	json_put_str(d->body, "client_secret", d->index);
	json_put_str(d->body, "customer", customer);
	json_put_int(d->body, "expires_at", c->now_s + LIFE_S);
	err = doc_save(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

enum vt_err
customer_session_open(struct call *c, const char *secret, const char *customer,
    struct doc **out, const struct json **features)
{
	static const char param[] = "customer_session_client_secret";
	int64_t until = 0;
	const char *owner;
	struct doc *d = user_find_by(c, R_CUSTOMER_SESSION, secret);

	if (d == NULL)
		return call_fail(c, 400, "resource_missing", param,
		    "No such customer session.");
	if (!json_int_at(d->body, "expires_at", &until) || until <= c->now_s)
		return call_fail(c, 400, "customer_session_expired", param,
		    "This customer session has expired. Create another one.");
	owner = json_str_at(d->body, "customer");
	if (customer != NULL && strcmp(owner, customer) != 0)
		return call_fail(c, 400, NULL, param,
		    "This customer session is for another customer than the "
		    "intent.");
	*out = d;
	*features = json_at(d->body, "components.payment_element.features");
	if (json_is_null(*features))
		*features = NULL;
	return VT_OK;
}

static bool
listed(const struct json *list, const char *text)
{
	for (const struct json *j = json_first(list); j != NULL;
	     j = json_next(j))
		if (text != NULL && strcmp(json_str(j), text) == 0)
			return true;
	return false;
}

/* The ids of what he has saved, newest first. */
static enum vt_err
read_ids(struct call *c, const char *customer, struct json *ids)
{
	struct query q;
	enum vt_err err;

	err = db_query(&q, c->box->db,
	    "SELECT id FROM objects WHERE kind = 'payment_method' AND "
	    "customer = :customer AND deleted = 0 ORDER BY seq DESC",
	    DB_TEXT("customer", customer));
	while (err == VT_OK && db_step(&q) == VT_OK)
		json_add_str(ids, db_text(&q, 0));
	db_done(&q);
	return err;
}

enum vt_err
customer_session_show(struct call *c, const struct doc *session,
    const struct json *features, const struct json *types, struct json *out)
{
	const char *customer = json_str_at(session->body, "customer");
	struct json *ids = json_array(c->arena), *list;
	int64_t left = LIMIT_DEFAULT;
	enum vt_err err = read_ids(c, customer, ids);

	if (err != VT_OK)
		return err;
	json_put_str(out, "id", customer);
	json_put_copy(out, "features", features);
	list = json_put_array(out, "payment_methods");
	(void)json_int_at(/* else three */
	    features, "payment_method_redisplay_limit", &left);
	for (const struct json *j = json_first(ids); j != NULL && left > 0;
	     j = json_next(j)) {
		struct doc *m = doc_find(c, R_PAYMENT_METHOD, json_str(j));

		if (m == NULL || !listed(types, json_str_at(m->body, "type")) ||
		    !listed(json_get(features,
				"payment_method_allow_redisplay_filters"),
			json_str_at(m->body, "allow_redisplay")))
			continue;
		json_add_copy(list, render_embedded(c, m));
		left--;
	}
	return VT_OK;
}

const struct operation customer_session_operations[] = {
	{ HTTP_POST, "/v1/customer_sessions", create_params, create, 0 },
	{ 0 },
};
