/* page: see page.h. */
#include "page.h"

#include <string.h>

#include "base/clock.h"
#include "control.h"
#include "payment.h"
#include "resource.h"
#include "text/html.h"
#include "text/money.h"

#define PAGE_BYTES_MAX (1 << 20)

static const char *const outcomes[] = { "complete", "fail", NULL };

static const struct param redirect_params[] = {
	PARAM("payment_intent", P_STR, P_REQUIRED),
	PARAM("payment_intent_client_secret", P_STR, P_REQUIRED),
	PARAM_ENUM("outcome", 0, outcomes),
	PARAM_END,
};
static const struct param receipt_params[] = {
	PARAM("charge", P_STR, P_REQUIRED),
	PARAM_END,
};

static void
free_later(void *b)
{
	buf_free(b);
}

/* The head of a page and the banner that no page goes without. */
static void
begin(struct call *c, struct html *h, const char *title)
{
	struct buf *b = arena_alloc(c->arena, sizeof(*b));

	buf_init(b, PAGE_BYTES_MAX);
	arena_defer(c->arena, free_later, b);
	html_init(h, b);
	html_doctype(h);
	html_open(h, "html");
	html_attr(h, "lang", "en");
	html_open(h, "head");
	html_open(h, "meta");
	html_attr(h, "charset", "utf-8");
	html_open(h, "meta");
	html_attr(h, "name", "viewport");
	html_attr(h, "content", "width=device-width, initial-scale=1");
	html_element(h, "title", title);
	html_open(h, "link");
	html_attr(h, "rel", "stylesheet");
	html_attr(h, "href", "/sandbox.css");
	html_close(h, "head");
	html_open(h, "body");
	html_open(h, "p");
	html_attr(h, "class", "banner");
	html_text(h,
	    "Simulated payments: this is the local Stripe. No money "
	    "moves here, and no real card belongs here.");
	html_close(h, "p");
	html_open(h, "main");
	html_element(h, "h1", title);
}

static void
end(struct call *c, struct html *h)
{
	html_close(h, "main");
	html_close(h, "body");
	html_close(h, "html");
	html_end(h);
	c->answer = buf_str(h->b);
	c->answer_type = "text/html; charset=utf-8";
	response_header(c->response, "Content-Security-Policy",
	    "default-src 'none'; style-src 'self'; base-uri 'none'; "
	    "frame-ancestors 'none'");
	response_header(c->response, "Referrer-Policy", "no-referrer");
}

/* --- the state ---------------------------------------------------------- */

/* A table of these members of each element; numbers and texts alike. */
static void
put_table(struct call *c, struct html *h, const struct json *list,
    const char *const *names, const char *empty)
{
	if (json_first(list) == NULL) {
		html_element(h, "p", empty);
		return;
	}
	html_open(h, "table");
	html_open(h, "thead");
	html_open(h, "tr");
	for (const char *const *n = names; *n != NULL; n++) {
		html_open(h, "th");
		html_attr(h, "scope", "col");
		html_text(h, *n);
		html_close(h, "th");
	}
	html_close(h, "tr");
	html_close(h, "thead");
	html_open(h, "tbody");
	for (const struct json *o = json_first(list); o != NULL;
	     o = json_next(o)) {
		html_open(h, "tr");
		for (const char *const *n = names; *n != NULL; n++) {
			const struct json *v = json_get(o, *n);

			html_element(h, "td",
			    json_is_string(v)	  ? json_str(v)
				: json_is_null(v) ? ""
						  : json_text(c->arena, v));
		}
		html_close(h, "tr");
	}
	html_close(h, "tbody");
	html_close(h, "table");
}

/* "customer: 2, charge: 5". */
static void
put_pairs(struct call *c, struct html *h, const struct json *o)
{
	html_open(h, "dl");
	for (const struct json *m = json_first(o); m != NULL;
	     m = json_next(m)) {
		html_open(h, "div");
		html_element(h, "dt", json_name(m));
		html_element(h, "dd",
		    json_is_string(m) ? json_str(m) : json_text(c->arena, m));
		html_close(h, "div");
	}
	html_close(h, "dl");
}

static enum vt_err
root(struct call *c)
{
	static const char *const event[] = { "type", "object", "id", NULL };
	static const char *const delivery[] = { "type", "endpoint", "state",
		"tries", "status", "event", NULL };
	const struct json *state = control_state(c);
	struct html h;

	begin(c, &h, "Sandbox");
	html_open(&h, "p");
	html_printf(&h, "Version %s of the API at %s. The clock says %s.",
	    json_str_at(state, "api_version"), c->box->origin,
	    json_str_at(state, "clock"));
	html_close(&h, "p");
	html_element(&h, "h2", "How it behaves");
	put_pairs(c, &h, json_get(state, "modes"));
	html_element(&h, "h2", "Objects");
	put_pairs(c, &h, json_get(state, "objects"));
	html_element(&h, "h2", "Newest events");
	put_table(c, &h, json_get(state, "events"), event, "None yet.");
	html_element(&h, "h2", "Newest deliveries");
	put_pairs(c, &h, json_get(state, "deliveries_by_state"));
	put_table(c, &h, json_get(state, "deliveries"), delivery, "None yet.");
	end(c, &h);
	return VT_OK;
}

/* --- the bank's page ---------------------------------------------------- */

/* The intent, for whoever knows its secret. */
static enum vt_err
find(struct call *c, struct doc **out)
{
	const char *secret =
	    json_str_at(c->params, "payment_intent_client_secret");
	enum vt_err err;

	err = doc_need(c, R_PAYMENT_INTENT,
	    json_str_at(c->params, "payment_intent"), NULL, out);
	if (err == VT_OK &&
	    strcmp(secret, json_str_at((*out)->body, "client_secret")) != 0)
		return call_missing(c, "payment_intent", (*out)->id, NULL);
	return err;
}

static void
put_amount(struct html *h, const struct json *body)
{
	const char *currency = json_str_at(body, "currency");
	char text[MONEY_TEXT_BYTES];
	int64_t amount = 0;

	(void)json_int_at(body, "amount", &amount); /* always there */
	money_format(amount, currency, text);
	html_printf(h, "%s %s", text, currency);
}

static void
put_hidden(struct html *h, const char *name, const char *value)
{
	html_open(h, "input");
	html_attr(h, "type", "hidden");
	html_attr(h, "name", name);
	html_attr(h, "value", value);
}

static void
put_button(struct html *h, const char *outcome, const char *text)
{
	html_open(h, "button");
	html_attr(h, "name", "outcome");
	html_attr(h, "value", outcome);
	html_text(h, text);
	html_close(h, "button");
}

/* Back to the shop, as the real one does it. */
static enum vt_err
go_back(struct call *c, const struct doc *d)
{
	const char *url = json_str_at(d->hidden, "return_url");
	const char *status = json_str_at(d->body, "status");
	const char *said = strcmp(status, "succeeded") == 0 ||
		strcmp(status, "requires_capture") == 0
	    ? "succeeded"
	    : strcmp(status, "processing") == 0 ? "pending"
						: "failed";

	if (url == NULL)
		url = c->box->site;
	response_text(c->response, 303, "text/plain", "", 0);
	response_header(c->response, "Location",
	    arena_printf(c->arena,
		"%s%cpayment_intent=%s&payment_intent_client_secret=%s&"
		"redirect_status=%s",
		url, strchr(url, '?') == NULL ? '?' : '&', d->id,
		json_str_at(d->body, "client_secret"), said));
	response_header(c->response, "Referrer-Policy", "no-referrer");
	return VT_OK;
}

static enum vt_err
bank_get(struct call *c)
{
	struct doc *d;
	struct html h;
	enum vt_err err;

	err = find(c, &d);
	if (err != VT_OK)
		return err;
	if (strcmp(json_str_at(d->body, "status"), "requires_action") != 0)
		return go_back(c, d);
	begin(c, &h, "Your bank asks");
	html_open(&h, "p");
	html_text(&h, "Do you want to pay ");
	put_amount(&h, d->body);
	html_text(&h, "?");
	html_close(&h, "p");
	html_open(&h, "form");
	html_attr(&h, "method", "post");
	html_attr(&h, "action", "/_hosted/redirect");
	put_hidden(&h, "payment_intent", d->id);
	put_hidden(&h, "payment_intent_client_secret",
	    json_str_at(d->body, "client_secret"));
	put_button(&h, "complete", "Authorize test payment");
	put_button(&h, "fail", "Fail test payment");
	html_close(&h, "form");
	end(c, &h);
	return VT_OK;
}

static enum vt_err
bank_post(struct call *c)
{
	const char *outcome = json_str_at(c->params, "outcome");
	struct doc *d;
	enum vt_err err;

	err = find(c, &d);
	if (err != VT_OK)
		return err;
	if (strcmp(json_str_at(d->body, "status"), "requires_action") == 0) {
		err = payment_authenticated(
		    c, d, outcome != NULL && strcmp(outcome, "complete") == 0);
		/* That it failed is told by the way back. */
		if (err != VT_OK && err != VT_FUNDS)
			return err;
	}
	return go_back(c, d);
}

static enum vt_err
receipt(struct call *c)
{
	struct doc *d;
	struct html h;
	enum vt_err err;

	err = doc_need(c, R_CHARGE, json_str_at(c->params, "charge"), NULL, &d);
	if (err != VT_OK)
		return err;
	begin(c, &h, "Receipt");
	html_open(&h, "p");
	put_amount(&h, d->body);
	html_printf(&h, ", %s.", json_str_at(d->body, "status"));
	html_close(&h, "p");
	end(c, &h);
	return VT_OK;
}

static const struct operation pages[] = {
	{ HTTP_GET, "/", params_none, root, 0 },
	{ HTTP_GET, "/_hosted/redirect", redirect_params, bank_get, 0 },
	{ HTTP_POST, "/_hosted/redirect", redirect_params, bank_post, 0 },
	{ HTTP_GET, "/_hosted/receipt", receipt_params, receipt, 0 },
	{ 0 },
};

bool
page_serve(struct box *b, struct request *r, struct response *w)
{
	return operation_serve(b, pages, r, w, call_error_text);
}
