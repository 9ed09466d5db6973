/* page: see page.h. */
#include "desk/page.h"

#include <string.h>

#include "desk/layout.h"
#include "payments/intent.h"

static const char *const outcomes[] = { "complete", "fail", NULL };

static const struct param redirect_params[] = {
	PARAM("payment_intent", P_STR, 0),
	PARAM("payment_intent_client_secret", P_STR, 0),
	PARAM("setup_intent", P_STR, 0),
	PARAM("setup_intent_client_secret", P_STR, 0),
	PARAM_ENUM("outcome", 0, outcomes),
	PARAM_END,
};
static const struct param receipt_params[] = {
	PARAM("charge", P_STR, P_REQUIRED),
	PARAM_END,
};

/* --- the bank's page ---------------------------------------------------- */

/* The name of its kind, in queries and forms. */
static const char *
word(const struct doc *d)
{
	return resources[d->kind].object;
}

/* Of its kind, with the given end. */
static const char *
secret_word(struct call *c, const struct doc *d)
{
	return arena_printf(c->arena, "%s_client_secret", word(d));
}

/* The intent, of either kind, for whoever knows its secret. */
static enum vt_err
find(struct call *c, struct doc **out)
{
	enum vt_err err = intent_named(c, out);

	return err == VT_OK ? intent_check_secret(c, *out,
				  json_str_at(c->params, secret_word(c, *out)))
			    : err;
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
	    arena_printf(c->arena, "%s%c%s=%s&%s=%s&redirect_status=%s", url,
		strchr(url, '?') == NULL ? '?' : '&', word(d), d->id,
		secret_word(c, d), json_str_at(d->body, "client_secret"),
		said));
	response_header(c->response, "Referrer-Policy", "no-referrer");
	return VT_OK;
}

static enum vt_err
bank_get(struct call *c)
{
	static const struct layout bank = { .title = "Your bank asks" };
	struct doc *d;
	struct html h;
	enum vt_err err;

	err = find(c, &d);
	if (err != VT_OK)
		return err;
	if (strcmp(json_str_at(d->body, "status"), "requires_action") != 0)
		return go_back(c, d);
	layout_begin(c, &h, &bank);
	html_open(&h, "p");
	if (d->kind == R_SETUP_INTENT)
		html_text(&h, "Do you want to save this for later payments?");
	else {
		html_text(&h, "Do you want to pay ");
		layout_amount(c, &h, d->body);
		html_text(&h, "?");
	}
	html_close(&h, "p");
	html_open(&h, "form");
	html_attr(&h, "method", "post");
	html_attr(&h, "action", "/_hosted/redirect");
	layout_hidden(&h, word(d), d->id);
	layout_hidden(
	    &h, secret_word(c, d), json_str_at(d->body, "client_secret"));
	put_button(&h, "complete", "Authorize test payment");
	put_button(&h, "fail", "Fail test payment");
	html_close(&h, "form");
	layout_end(c, &h, &bank);
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
		err = intent_authenticated(
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
	static const struct layout paid = { .title = "Receipt" };
	struct doc *d;
	struct html h;
	enum vt_err err;

	err = doc_need(c, R_CHARGE, json_str_at(c->params, "charge"), NULL, &d);
	if (err != VT_OK)
		return err;
	layout_begin(c, &h, &paid);
	html_open(&h, "p");
	layout_amount(c, &h, d->body);
	html_printf(&h, ", %s.", json_str_at(d->body, "status"));
	html_close(&h, "p");
	layout_end(c, &h, &paid);
	return VT_OK;
}

static const struct operation pages[] = {
	{ HTTP_GET, "/_hosted/redirect", redirect_params, bank_get, 0 },
	{ HTTP_POST, "/_hosted/redirect", redirect_params, bank_post, 0 },
	{ HTTP_GET, "/_hosted/receipt", receipt_params, receipt, 0 },
	{ 0 },
};

bool
page_serve(struct box *b, struct request *r, struct response *w)
{
	return operation_serve(b, pages, r, w, call_error_text) ||
	    operation_serve(
		b, hosted_invoice_operations, r, w, call_error_text) ||
	    operation_serve(b, checkout_pages, r, w, call_error_text) ||
	    operation_serve(b, portal_pages, r, w, call_error_text) ||
	    operation_serve(b, desk_operations, r, w, call_error_text);
}
