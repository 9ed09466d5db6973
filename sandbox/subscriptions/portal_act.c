/* portal_act: what the buttons of the billing portal do. See
 * portal_page.c. */
#include <string.h>

#include "core/api.h"
#include "subscriptions/portal_parts.h"

static const char *const actions[] = { "add", "cancel", "change", "default",
	"remove", "resume", "update", NULL };

const struct param portal_act_params[] = {
	PARAM_ENUM("action", P_REQUIRED, actions),
	PARAM("email", P_STR, P_EMPTY),
	PARAM("id", P_STR, 0),
	PARAM("name", P_STR, P_EMPTY),
	PARAM("phone", P_STR, P_EMPTY),
	PARAM("price", P_STR, 0),
	PARAM("session", P_STR, P_REQUIRED),
	PARAM_END,
};

const char *const portal_own[PORTAL_OWN_COUNT][2] = { { "email", "E-mail" },
	{ "name", "Name" }, { "phone", "Phone" } };

enum vt_err
portal_enter(struct call *c, struct portal *p)
{
	*p = (struct portal){ .c = c,
		.secret = json_str_at(c->params, "session") };
	p->session = portal_find(c, p->secret);
	if (p->session == NULL)
		return call_fail(c, 404, "resource_missing", "session",
		    "This link has expired. Go back to the site and open the "
		    "portal again.");
	p->configuration = doc_find(c, R_PORTAL_CONFIGURATION,
	    json_str_at(p->session->body, "configuration"));
	p->flow = json_str_at(p->session->body, "flow.type");
	if (p->configuration == NULL)
		return VT_DB;
	return doc_need(c, R_CUSTOMER,
	    json_str_at(p->session->body, "customer"), NULL, &p->customer);
}

bool
portal_offers(const struct portal *p, const char *feature)
{
	static const char confirm[] = "subscription_update_confirm";

	if (!portal_allows(p->configuration, feature))
		return false;
	return p->flow == NULL || strcmp(p->flow, feature) == 0 ||
	    (strcmp(p->flow, confirm) == 0 &&
		strcmp(feature, "subscription_update") == 0);
}

const char *
portal_here(const struct portal *p)
{
	return arena_printf(
	    p->c->arena, "/_hosted/portal?session=%s", p->secret);
}

bool
portal_may_update(const struct portal *p, const char *name)
{
	const struct json *list = json_at(
	    p->configuration->body, "features.customer_update.allowed_updates");

	for (const struct json *j = json_first(list); j != NULL;
	     j = json_next(j))
		if (strcmp(json_str(j), name) == 0)
			return true;
	return false;
}

enum vt_err
portal_post(struct portal *p, const char *path, struct json *params)
{
	const struct json *out;

	return api_inside(p->c, HTTP_POST, path, params, &out);
}

static enum vt_err
refuse(struct portal *p)
{
	return call_fail(
	    p->c, 403, NULL, "action", "This is not available in your portal.");
}

/* The thing of this customer's that the form is about. */
static enum vt_err
find_own(struct portal *p, enum resource_kind kind, struct doc **out)
{
	const char *id = json_str_at(p->c->params, "id");
	enum vt_err err = doc_need(p->c, kind, id == NULL ? "" : id, "id", out);

	if (err == VT_OK && !doc_is(*out, "customer", p->customer->id))
		return call_missing(p->c, resources[kind].noun, id, "id");
	return err;
}

/* Flexible subscriptions end by their date, others by the flag. */
static enum vt_err
end_subscription(struct portal *p, const struct doc *sub, bool ends)
{
	struct json *params = json_object(p->c->arena);
	const char *mode = json_str_at(sub->body, "billing_mode.type");
	bool ends_by_flag = false;

	(void)json_bool(
	    json_get(sub->body, "cancel_at_period_end"), &ends_by_flag);
	if (ends_by_flag || mode == NULL || strcmp(mode, "flexible") != 0)
		json_put_bool(params, "cancel_at_period_end", ends);
	else
		json_put_str(
		    params, "cancel_at", ends ? "min_period_end" : NULL);
	return portal_post(p,
	    arena_printf(p->c->arena, "/v1/subscriptions/%s", sub->id), params);
}

static enum vt_err
cancel(struct portal *p, bool ends)
{
	const struct json *f =
	    json_at(p->configuration->body, "features.subscription_cancel");
	struct json *params = json_object(p->c->arena);
	const struct json *out;
	struct doc *sub;
	enum vt_err err;

	if (!portal_offers(p, "subscription_cancel"))
		return refuse(p);
	err = find_own(p, R_SUBSCRIPTION, &sub);
	if (err != VT_OK)
		return err;
	if (!ends || strcmp(json_str_at(f, "mode"), "immediately") != 0)
		return end_subscription(p, sub, ends);
	json_put_bool(params, "prorate",
	    strcmp(json_str_at(f, "proration_behavior"), "none") != 0);
	return api_inside(p->c, HTTP_DELETE,
	    arena_printf(p->c->arena, "/v1/subscriptions/%s", sub->id), params,
	    &out);
}

/* True if the configuration names this price among the plans. */
static bool
is_plan(const struct portal *p, const char *price)
{
	const struct json *products = json_at(
	    p->configuration->body, "features.subscription_update.products");

	for (const struct json *j = json_first(products); j != NULL;
	     j = json_next(j))
		for (const struct json *k = json_first(json_get(j, "prices"));
		     k != NULL; k = json_next(k))
			if (price != NULL && strcmp(json_str(k), price) == 0)
				return true;
	return false;
}

static enum vt_err
change(struct portal *p)
{
	const char *price = json_str_at(p->c->params, "price");
	struct json *params = json_object(p->c->arena), *item;
	struct doc *sub;
	enum vt_err err;

	if (!portal_offers(p, "subscription_update") || !is_plan(p, price))
		return refuse(p);
	err = find_own(p, R_SUBSCRIPTION, &sub);
	if (err != VT_OK)
		return err;
	item = json_add_object(json_put_array(params, "items"));
	json_put_copy(item, "id",
	    json_get(json_first(json_at(sub->body, "items.data")), "id"));
	json_put_str(item, "price", price);
	json_put_copy(params, "proration_behavior",
	    json_at(p->configuration->body,
		"features.subscription_update.proration_behavior"));
	return portal_post(p,
	    arena_printf(p->c->arena, "/v1/subscriptions/%s", sub->id), params);
}

static enum vt_err
change_method(struct portal *p, bool remove)
{
	struct json *params = json_object(p->c->arena);
	struct doc *m;
	enum vt_err err;

	if (!portal_offers(p, "payment_method_update"))
		return refuse(p);
	err = find_own(p, R_PAYMENT_METHOD, &m);
	if (err != VT_OK)
		return err;
	if (remove)
		return portal_post(p,
		    arena_printf(
			p->c->arena, "/v1/payment_methods/%s/detach", m->id),
		    params);
	json_put_str(json_put_object(params, "invoice_settings"),
	    "default_payment_method", m->id);
	return portal_post(p,
	    arena_printf(p->c->arena, "/v1/customers/%s", p->customer->id),
	    params);
}

static enum vt_err
update(struct portal *p)
{
	struct json *params = json_object(p->c->arena);

	if (!portal_offers(p, "customer_update"))
		return refuse(p);
	for (size_t i = 0; i < PORTAL_OWN_COUNT; i++) {
		const struct json *v = json_get(p->c->params, portal_own[i][0]);

		if (v != NULL && !portal_may_update(p, portal_own[i][0]))
			return refuse(p);
		if (v != NULL)
			json_put_copy(params, portal_own[i][0], v);
	}
	return portal_post(p,
	    arena_printf(p->c->arena, "/v1/customers/%s", p->customer->id),
	    params);
}

static enum vt_err
go(struct portal *p, const char *url)
{
	response_text(p->c->response, 303, "text/plain", "", 0);
	response_header(p->c->response, "Location", url);
	response_header(p->c->response, "Referrer-Policy", "no-referrer");
	return VT_OK;
}

/* A card is saved on the page of a checkout session. */
static enum vt_err
add(struct portal *p)
{
	struct json *params = json_object(p->c->arena);
	const char *back = arena_printf(
	    p->c->arena, "%s%s", p->c->box->origin, portal_here(p));
	const struct json *made;
	enum vt_err err;

	if (!portal_offers(p, "payment_method_update"))
		return refuse(p);
	json_put_str(params, "mode", "setup");
	json_put_str(params, "currency", "usd");
	json_put_str(params, "customer", p->customer->id);
	json_put_str(params, "cancel_url", back);
	json_put_str(params, "success_url",
	    arena_printf(p->c->arena, "%s&added={CHECKOUT_SESSION_ID}", back));
	err =
	    api_inside(p->c, HTTP_POST, "/v1/checkout/sessions", params, &made);
	return err == VT_OK ? go(p, json_str_at(made, "url")) : err;
}

/* Where a flow leads when it is done; else the portal again. */
static const char *
after(const struct portal *p)
{
	const struct json *f =
	    json_at(p->session->body, "flow.after_completion");
	const char *type = json_str_at(f, "type");

	if (type != NULL && strcmp(type, "redirect") == 0)
		return json_str_at(f, "redirect.return_url");
	if (type != NULL && strcmp(type, "hosted_confirmation") == 0)
		return arena_printf(p->c->arena, "%s&done=1", portal_here(p));
	return portal_here(p);
}

enum vt_err
portal_act(struct call *c)
{
	const char *action = json_str_at(c->params, "action");
	struct portal p;
	enum vt_err err;

	err = portal_enter(c, &p);
	if (err != VT_OK)
		return err;
	if (strcmp(action, "add") == 0)
		return add(&p);
	if (strcmp(action, "update") == 0)
		err = update(&p);
	else if (strcmp(action, "change") == 0)
		err = change(&p);
	else if (strcmp(action, "cancel") == 0 || strcmp(action, "resume") == 0)
		err = cancel(&p, strcmp(action, "cancel") == 0);
	else
		err = change_method(&p, strcmp(action, "remove") == 0);
	return err == VT_OK ? go(&p, after(&p)) : err;
}
