/*
 * checkout_page: the page of a Checkout Session, under /_hosted/checkout.
 *
 * It shows what is sold, takes an e-mail address where none is known, and
 * leaves the payment to the stand-in for stripe.js (www/checkout.js), which
 * asks here for the intent to confirm. What it has come to the session
 * learns from the intent, whether the browser stays or not.
 */
#include <string.h>

#include "core/amount.h"
#include "core/operation.h"
#include "desk/layout.h"
#include "payments/checkout.h"

#define KEY "pk_test_localsandbox123456"

static const struct param session_params[] = {
	PARAM("session", P_STR, P_REQUIRED),
	PARAM_END,
};
static const struct param start_params[] = {
	PARAM("email", P_STR, 0),
	PARAM("session", P_STR, P_REQUIRED),
	PARAM_END,
};

static enum vt_err
find(struct call *c, struct doc **out)
{
	return doc_need(c, R_CHECKOUT_SESSION,
	    json_str_at(c->params, "session"), NULL, out);
}

static int64_t
total_of(const struct doc *d)
{
	int64_t n = 0;

	(void)json_int_at(d->body, "amount_total", &n); /* none in setup */
	return n;
}

/* " a month" behind a recurring price. */
static void
put_interval(struct html *h, const struct json *price)
{
	const char *unit = json_str_at(price, "recurring.interval");
	int64_t n = 1;

	if (unit == NULL)
		return;
	(void)json_int_at(price, "recurring.interval_count", &n);
	if (n == 1)
		html_printf(h, " every %s", unit);
	else
		html_printf(h, " every %lld %ss", (long long)n, unit);
}

static void
put_row(struct call *c, struct html *h, const struct doc *line)
{
	int64_t n = 0;

	html_open(h, "tr");
	html_open(h, "td");
	(void)json_int_at(line->body, "quantity", &n); /* always there */
	html_printf(h, "%lld × %s", (long long)n,
	    json_str_at(line->body, "description"));
	html_close(h, "td");
	html_open(h, "td");
	html_attr(h, "class", "number");
	(void)json_int_at(line->body, "amount_subtotal", &n);
	html_text(
	    h, amount_text(c->arena, n, json_str_at(line->body, "currency")));
	put_interval(h, json_get(line->body, "price"));
	html_close(h, "td");
	html_close(h, "tr");
}

static void
put_sum(struct call *c, struct html *h, const char *what, int64_t amount,
    const char *currency)
{
	html_open(h, "tr");
	html_open(h, "th");
	html_attr(h, "scope", "row");
	html_text(h, what);
	html_close(h, "th");
	html_open(h, "td");
	html_attr(h, "class", "number");
	html_text(h, amount_text(c->arena, amount, currency));
	html_close(h, "td");
	html_close(h, "tr");
}

static enum vt_err
put_items(struct call *c, struct html *h, const struct doc *d)
{
	const char *currency = json_str_at(d->body, "currency");
	struct doc_ids lines;
	int64_t off = 0;
	enum vt_err err = checkout_items(c, d, &lines);

	if (err != VT_OK || lines.count == 0)
		return err;
	html_open(h, "table");
	html_open(h, "tbody");
	for (size_t i = 0; i < lines.count; i++)
		put_row(c, h, doc_find(c, R_CHECKOUT_ITEM, lines.ids[i]));
	(void)json_int_at(d->body, "total_details.amount_discount", &off);
	if (off > 0)
		put_sum(c, h, "Discount", -off, currency);
	put_sum(c, h, "Due today", total_of(d), currency);
	html_close(h, "tbody");
	html_close(h, "table");
	return VT_OK;
}

static void
put_email(struct html *h)
{
	html_open(h, "p");
	html_open(h, "label");
	html_attr(h, "for", "email");
	html_text(h, "E-mail");
	html_close(h, "label");
	html_text(h, " ");
	html_open(h, "input");
	html_attr(h, "id", "email");
	html_attr(h, "name", "email");
	html_attr(h, "type", "email");
	html_attr(h, "autocomplete", "email");
	html_attr_bool(h, "required", true);
	html_close(h, "p");
}

/* Everything that the script needs is on the form. */
static void
put_form(struct html *h, const struct doc *d)
{
	const char *mode = json_str_at(d->body, "mode");

	html_open(h, "form");
	html_attr(h, "id", "checkout");
	html_attr(h, "class", "pay");
	html_attr(h, "data-session", d->id);
	html_attr(h, "data-key", KEY);
	html_attr(h, "data-mode", total_of(d) == 0 ? "setup" : mode);
	html_attr_int(h, "data-amount", total_of(d));
	html_attr(h, "data-currency", json_str_at(d->body, "currency"));
	if (json_str_at(d->body, "customer") == NULL &&
	    json_str_at(d->body, "customer_email") == NULL)
		put_email(h);
	html_open(h, "div");
	html_attr(h, "id", "payment");
	html_close(h, "div");
	html_open(h, "p");
	html_attr(h, "id", "said");
	html_attr(h, "role", "alert");
	html_close(h, "p");
	html_open(h, "button");
	html_attr(h, "id", "pay");
	html_text(h,
	    doc_is(d, "mode", "setup")		    ? "Save"
		: doc_is(d, "mode", "subscription") ? "Subscribe"
						    : "Pay");
	html_close(h, "button");
	html_close(h, "form");
	html_element(h, "noscript", "This page needs JavaScript.");
}

static void
put_cancel(struct call *c, struct html *h, const struct doc *d)
{
	const char *url =
	    checkout_url(c, d, json_str_at(d->body, "cancel_url"));

	if (url == NULL)
		return;
	html_open(h, "p");
	html_open(h, "a");
	html_attr(h, "href", url);
	html_text(h, "Back to the shop");
	html_close(h, "a");
	html_close(h, "p");
}

static void
put_form_of_open(struct html *h, const struct doc *d)
{
	if (doc_is(d, "status", "open"))
		put_form(h, d);
	else
		html_element(h, "p",
		    doc_is(d, "status", "expired")
			? "This session has expired. Nothing was paid."
			: "This session is complete. Thank you.");
}

static enum vt_err
show(struct call *c)
{
	struct layout page = { .title = "Checkout" };
	struct doc *d;
	struct html h;
	enum vt_err err;

	err = find(c, &d);
	if (err != VT_OK)
		return err;
	page.script = doc_is(d, "status", "open") ? "/checkout.js" : NULL;
	page.frames = page.script != NULL;
	layout_begin(c, &h, &page);
	err = put_items(c, &h, d);
	if (err != VT_OK)
		return err;
	put_form_of_open(&h, d);
	put_cancel(c, &h, d);
	layout_end(c, &h, &page);
	return VT_OK;
}

/* The customer goes on: what is to be confirmed, if anything is. */
static enum vt_err
start(struct call *c)
{
	struct json *out = json_object(c->arena);
	struct doc *d, *intent;
	enum vt_err err;

	err = find(c, &d);
	if (err == VT_OK)
		err = checkout_start(
		    c, d, json_str_at(c->params, "email"), &intent);
	if (err != VT_OK)
		return err;
	json_put_str(out, "client_secret",
	    intent == NULL ? NULL : json_str_at(intent->body, "client_secret"));
	json_put_str(out, "kind",
	    intent != NULL && intent->kind == R_SETUP_INTENT ? "setup"
							     : "payment");
	c->answer = json_text(c->arena, out);
	return VT_OK;
}

/* Where the customer goes from here. */
static enum vt_err
leave(struct call *c)
{
	const char *url;
	struct doc *d;
	enum vt_err err;

	err = find(c, &d);
	if (err != VT_OK)
		return err;
	url = checkout_url(c, d,
	    json_str_at(d->body,
		doc_is(d, "ui_mode", "hosted_page") ? "success_url"
						    : "return_url"));
	if (!doc_is(d, "status", "complete") || url == NULL)
		url = arena_printf(
		    c->arena, "/_hosted/checkout?session=%s", d->id);
	response_text(c->response, 303, "text/plain", "", 0);
	response_header(c->response, "Location", url);
	response_header(c->response, "Referrer-Policy", "no-referrer");
	return VT_OK;
}

const struct operation checkout_pages[] = {
	{ HTTP_GET, "/_hosted/checkout", session_params, show, 0 },
	{ HTTP_POST, "/_hosted/checkout", start_params, start, 0 },
	{ HTTP_GET, "/_hosted/checkout/done", session_params, leave, 0 },
	{ 0 },
};
