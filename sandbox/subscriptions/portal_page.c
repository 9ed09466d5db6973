/*
 * portal_page: the pages of the billing portal, under /_hosted/portal.
 *
 * Forms without a script: each button is an action, which does what any
 * client would do by the API, if the configuration allows it. A new card is
 * saved on the page of a checkout session, which comes back here.
 */
#include <string.h>

#include "core/amount.h"
#include "core/api.h"
#include "core/operation.h"
#include "subscriptions/period.h"
#include "subscriptions/portal_parts.h"

#define ROWS_MAX 100

static const struct param page_params[] = {
	PARAM("added", P_STR, 0),
	PARAM("done", P_STR, 0),
	PARAM("session", P_STR, P_REQUIRED),
	PARAM_END,
};
static void
open_form(struct portal *p, const char *id)
{
	html_open(&p->h, "form");
	html_attr(&p->h, "class", "portal");
	html_attr(&p->h, "method", "post");
	html_attr(&p->h, "action", "/_hosted/portal");
	layout_hidden(&p->h, "session", p->secret);
	if (id != NULL)
		layout_hidden(&p->h, "id", id);
}

static void
put_button(struct portal *p, const char *action, const char *text)
{
	html_open(&p->h, "button");
	html_attr(&p->h, "name", "action");
	html_attr(&p->h, "value", action);
	html_text(&p->h, text);
	html_close(&p->h, "button");
}

static void
put_money(struct portal *p, const struct json *o, const char *name,
    const char *currency)
{
	int64_t amount = 0;

	(void)json_int_at(o, name, &amount); /* none is free */
	html_text(&p->h, amount_text(p->c->arena, amount, currency));
}

/* "Pro, 59.99 USD every month". */
static void
put_price(struct portal *p, const struct json *price)
{
	const char *id = json_str_at(price, "product");
	struct doc *product = id == NULL ? NULL : doc_find(p->c, R_PRODUCT, id);

	html_printf(&p->h, "%s, ",
	    product == NULL ? "Plan" : json_str_at(product->body, "name"));
	put_money(p, price, "unit_amount", json_str_at(price, "currency"));
	html_printf(
	    &p->h, " every %s", json_str_at(price, "recurring.interval"));
}

static bool
is_ending(const struct doc *sub)
{
	bool ends = false;

	(void)json_bool(json_get(sub->body, "cancel_at_period_end"), &ends);
	return ends || !json_is_null(json_get(sub->body, "cancel_at"));
}

/* The plans that it may be changed to. */
static void
put_plans(struct portal *p, const struct doc *sub, const char *now)
{
	const struct json *products = json_at(
	    p->configuration->body, "features.subscription_update.products");
	const struct json *wanted =
	    json_at(p->session->body, "flow.subscription_update_confirm.items");
	const char *only = json_str_at(json_first(wanted), "price");

	open_form(p, sub->id);
	html_open(&p->h, "select");
	html_attr(&p->h, "name", "price");
	html_attr(&p->h, "aria-label", "Plan");
	for (const struct json *j = json_first(products); j != NULL;
	     j = json_next(j))
		for (const struct json *k = json_first(json_get(j, "prices"));
		     k != NULL; k = json_next(k)) {
			struct doc *d = doc_find(p->c, R_PRICE, json_str(k));

			if (d == NULL || strcmp(d->id, now) == 0 ||
			    (only != NULL && strcmp(d->id, only) != 0))
				continue;
			html_open(&p->h, "option");
			html_attr(&p->h, "value", d->id);
			put_price(p, d->body);
			html_close(&p->h, "option");
		}
	html_close(&p->h, "select");
	put_button(p, "change", "Change plan");
	html_close(&p->h, "form");
}

static void
put_subscription(struct portal *p, const struct doc *sub)
{
	const struct json *item = json_first(json_at(sub->body, "items.data"));
	char day[PERIOD_TEXT_BYTES];
	int64_t end_s = 0;

	(void)json_int_at(item, "current_period_end", &end_s);
	period_date(end_s, day);
	html_open(&p->h, "p");
	put_price(p, json_get(item, "price"));
	html_printf(&p->h, ": %s, %s %s", json_str_at(sub->body, "status"),
	    is_ending(sub) ? "ends on" : "renews on", day);
	html_close(&p->h, "p");
	if (portal_offers(p, "subscription_cancel")) {
		open_form(p, sub->id);
		if (is_ending(sub))
			put_button(p, "resume", "Do not cancel");
		else
			put_button(p, "cancel", "Cancel subscription");
		html_close(&p->h, "form");
	}
	if (portal_offers(p, "subscription_update") && !is_ending(sub))
		put_plans(p, sub, json_str_at(item, "price.id"));
}

static enum vt_err
each(struct portal *p, enum resource_kind kind,
    void (*put)(struct portal *, const struct doc *), const char *title)
{
	struct doc_ids found;
	enum vt_err err =
	    doc_ids(p->c, kind, DOC_OF_CUSTOMER, p->customer->id, &found);

	if (err != VT_OK)
		return err;
	html_element(&p->h, "h2", title);
	if (found.count == 0)
		html_element(&p->h, "p", "None.");
	for (size_t i = found.count; i > 0 && found.count - i < ROWS_MAX; i--)
		put(p, doc_find(p->c, kind, found.ids[i - 1]));
	return VT_OK;
}

static void
put_if_live(struct portal *p, const struct doc *sub)
{
	const char *only = p->flow == NULL
	    ? NULL
	    : json_str_at(p->session->body,
		  arena_printf(p->c->arena, "flow.%s.subscription", p->flow));

	if (only != NULL && strcmp(only, sub->id) != 0)
		return;
	if (!doc_is(sub, "status", "canceled") &&
	    !doc_is(sub, "status", "incomplete_expired"))
		put_subscription(p, sub);
}

static void
put_method(struct portal *p, const struct doc *m)
{
	const char *chosen = json_str_at(
	    p->customer->body, "invoice_settings.default_payment_method");
	const char *type = json_str_at(m->body, "type");
	const struct json *of = json_get(m->body, type);
	const char *brand = json_str_at(of, "brand");
	const char *last4 = json_str_at(of, "last4");

	html_open(&p->h, "p");
	html_printf(&p->h, "%s %s%s", brand == NULL ? type : brand,
	    last4 == NULL ? "" : "ending in ", last4 == NULL ? "" : last4);
	html_close(&p->h, "p");
	if (chosen != NULL && strcmp(chosen, m->id) == 0) {
		html_element(&p->h, "p", "The default.");
		return;
	}
	open_form(p, m->id);
	put_button(p, "default", "Make default");
	put_button(p, "remove", "Remove");
	html_close(&p->h, "form");
}

static void
put_invoice(struct portal *p, const struct doc *d)
{
	const char *url = json_str_at(d->body, "hosted_invoice_url");
	const char *number = json_str_at(d->body, "number");

	if (number == NULL)
		return;
	html_open(&p->h, "p");
	html_open(&p->h, "a");
	html_attr(&p->h, "href", url);
	html_text(&p->h, number);
	html_close(&p->h, "a");
	html_text(&p->h, ", ");
	put_money(p, d->body, "total", json_str_at(d->body, "currency"));
	html_printf(&p->h, ", %s", json_str_at(d->body, "status"));
	html_close(&p->h, "p");
}

static void
put_customer(struct portal *p)
{
	html_element(&p->h, "h2", "About you");
	open_form(p, NULL);
	for (size_t i = 0; i < PORTAL_OWN_COUNT; i++) {
		if (!portal_may_update(p, portal_own[i][0]))
			continue;
		html_open(&p->h, "p");
		html_open(&p->h, "label");
		html_attr(&p->h, "for", portal_own[i][0]);
		html_text(&p->h, portal_own[i][1]);
		html_close(&p->h, "label");
		html_text(&p->h, " ");
		html_open(&p->h, "input");
		html_attr(&p->h, "id", portal_own[i][0]);
		html_attr(&p->h, "name", portal_own[i][0]);
		html_attr(&p->h, "value",
		    json_str_at(p->customer->body, portal_own[i][0]));
		html_close(&p->h, "p");
	}
	put_button(p, "update", "Save");
	html_close(&p->h, "form");
}

static enum vt_err
put_sections(struct portal *p)
{
	enum vt_err err = VT_OK;

	if (p->flow == NULL || strstr(p->flow, "subscription_") != NULL)
		err = each(p, R_SUBSCRIPTION, put_if_live, "Subscriptions");
	if (err == VT_OK && portal_offers(p, "payment_method_update")) {
		err = each(p, R_PAYMENT_METHOD, put_method, "Payment methods");
		open_form(p, NULL);
		put_button(p, "add", "Add a payment method");
		html_close(&p->h, "form");
	}
	if (err == VT_OK && portal_offers(p, "customer_update"))
		put_customer(p);
	if (err == VT_OK && portal_offers(p, "invoice_history"))
		err = each(p, R_INVOICE, put_invoice, "Invoices");
	return err;
}

/* A card that was just saved is what pays from now on. */
static enum vt_err
choose_added(struct portal *p)
{
	const char *id = json_str_at(p->c->params, "added");
	struct doc *s =
	    id == NULL ? NULL : doc_find(p->c, R_CHECKOUT_SESSION, id);
	struct json *params = json_object(p->c->arena);
	const struct json *out;
	struct doc *intent;

	if (s == NULL || !doc_is(s, "status", "complete") ||
	    !doc_is(s, "customer", p->customer->id) ||
	    json_str_at(s->body, "setup_intent") == NULL)
		return VT_OK;
	intent = doc_find(
	    p->c, R_SETUP_INTENT, json_str_at(s->body, "setup_intent"));
	if (intent == NULL)
		return VT_DB;
	json_put_copy(json_put_object(params, "invoice_settings"),
	    "default_payment_method", json_get(intent->body, "payment_method"));
	return api_inside(p->c, HTTP_POST,
	    arena_printf(p->c->arena, "/v1/customers/%s", p->customer->id),
	    params, &out);
}

static enum vt_err
show(struct call *c)
{
	static const struct layout page = { .title = "Billing" };
	const char *message, *url;
	struct portal p;
	enum vt_err err;

	err = portal_enter(c, &p);
	if (err == VT_OK)
		err = choose_added(&p);
	if (err != VT_OK)
		return err;
	layout_begin(c, &p.h, &page);
	message = json_str_at(p.session->body,
	    "flow.after_completion.hosted_confirmation.custom_message");
	if (json_str_at(c->params, "done") != NULL)
		html_element(
		    &p.h, "p", message != NULL ? message : "It is done.");
	else
		err = put_sections(&p);
	url = json_str_at(p.session->body, "return_url");
	if (url != NULL) {
		html_open(&p.h, "p");
		html_open(&p.h, "a");
		html_attr(&p.h, "href", url);
		html_text(&p.h, "Back to the site");
		html_close(&p.h, "a");
		html_close(&p.h, "p");
	}
	if (err == VT_OK)
		layout_end(c, &p.h, &page);
	return err;
}

const struct operation portal_pages[] = {
	{ HTTP_GET, "/_hosted/portal", page_params, show, 0 },
	{ HTTP_POST, "/_hosted/portal", portal_act_params, portal_act, 0 },
	{ 0 },
};
