/* invoice_pay: how an invoice is paid, or not. See invoice.h. */
#include <string.h>

#include "dunning.h"
#include "event.h"
#include "invoice_parts.h"
#include "payment.h"
#include "render.h"
#include "subscription.h"

static struct doc *
intent_of(struct call *c, const struct doc *invoice)
{
	const char *id = json_str_at(invoice->hidden, "payment_intent");

	return id == NULL ? NULL : doc_find(c, R_PAYMENT_INTENT, id);
}

static struct doc *
link_of(struct call *c, const struct doc *invoice)
{
	const char *id = json_str_at(invoice->hidden, "payment");

	return id == NULL ? NULL : doc_find(c, R_INVOICE_PAYMENT, id);
}

/* Notes the end of what links a payment to the invoice. */
static enum vt_err
end_link(struct call *c, struct doc *link, const char *status)
{
	bool paid = strcmp(status, "paid") == 0;
	enum vt_err err;

	if (link == NULL || !doc_is(link, "status", "open"))
		return VT_OK;
	json_put_str(link->body, "status", status);
	json_put_int(json_edit(link->body, "status_transitions"),
	    paid ? "paid_at" : "canceled_at", c->now_s);
	if (paid)
		json_put_copy(link->body, "amount_paid",
		    json_get(link->body, "amount_requested"));
	err = doc_save(c, link);
	return err == VT_OK && paid
	    ? event_emit(c, "invoice_payment.paid", link)
	    : err;
}

enum vt_err
invoice_cancel_payment(struct call *c, struct doc *invoice, const char *reason)
{
	struct doc *intent = intent_of(c, invoice);
	enum vt_err err;

	if (intent == NULL || doc_is(intent, "status", "canceled") ||
	    doc_is(intent, "status", "succeeded"))
		return VT_OK;
	if (doc_is(intent, "status", "processing"))
		return call_fail(c, 400, NULL, NULL,
		    "This invoice has a payment that is still processing. "
		    "Wait for its end.");
	err = payment_cancel(c, intent, reason);
	return err == VT_OK ? end_link(c, link_of(c, invoice), "canceled")
			    : err;
}

/* --- who owes, and who does not ------------------------------------------ */

static enum vt_err
put_delinquent(struct call *c, const struct doc *invoice, bool yes)
{
	struct doc *d =
	    doc_find(c, R_CUSTOMER, json_str_at(invoice->body, "customer"));
	enum vt_err err;

	if (d == NULL || d->deleted || doc_flag(d, "delinquent") == yes)
		return VT_OK;
	json_put_bool(d->body, "delinquent", yes);
	err = doc_save(c, d);
	return err == VT_OK ? event_updated(c, "customer.updated", d) : err;
}

/* Any attempt counts as the first one; after it the schedule's do. */
static void
count_attempt(struct doc *invoice, bool automatic)
{
	int64_t n = doc_int(invoice, "attempt_count");

	json_put_bool(invoice->body, "attempted", true);
	if (n == 0 || automatic)
		json_put_int(invoice->body, "attempt_count", n + 1);
}

/* --- it is paid ---------------------------------------------------------- */

static enum vt_err
become_paid(struct call *c, struct doc *invoice, bool elsewhere)
{
	enum vt_err err;

	json_put_str(invoice->body, "status", "paid");
	json_put_bool(invoice->body, "attempted", true);
	json_put_bool(invoice->body, "auto_advance", false);
	json_put_int(invoice->body, "amount_remaining", 0);
	json_put_null(invoice->body, "next_payment_attempt");
	json_put_int(json_edit(invoice->body, "status_transitions"), "paid_at",
	    c->now_s);
	invoice->due_ms = 0;
	err = invoice_save(c, invoice);
	if (err == VT_OK)
		err = event_emit(c, "invoice.paid", invoice);
	if (err == VT_OK && !elsewhere)
		err = event_emit(c, "invoice.payment_succeeded", invoice);
	if (err == VT_OK)
		err = put_delinquent(c, invoice, false);
	return err == VT_OK ? subscription_invoice_paid(c, invoice) : err;
}

enum vt_err
invoice_settled(struct call *c, struct doc *invoice)
{
	enum vt_err err = invoice_cancel_payment(c, invoice, "automatic");

	return err == VT_OK ? become_paid(c, invoice, false) : err;
}

enum vt_err
invoice_ask_for(struct call *c, struct doc *invoice, int64_t rest)
{
	struct doc *intent = intent_of(c, invoice), *link = link_of(c, invoice);
	enum vt_err err;

	json_put_int(invoice->body, "amount_due",
	    doc_int(invoice, "amount_paid") + rest);
	json_put_int(invoice->body, "amount_remaining", rest);
	if (rest == 0)
		return invoice_settled(c, invoice);
	if (intent == NULL || link == NULL)
		return VT_DB;
	if (doc_is(intent, "status", "processing"))
		return call_fail(c, 400, NULL, NULL,
		    "This invoice has a payment that is still processing. "
		    "Wait for its end.");
	json_put_int(intent->body, "amount", rest);
	json_put_int(link->body, "amount_requested", rest);
	err = doc_save(c, intent);
	if (err == VT_OK)
		err = doc_save(c, link);
	return err == VT_OK ? invoice_save(c, invoice) : err;
}

/* The checks that both ways of paying have. */
static enum vt_err
check_payable(struct call *c, const struct doc *invoice)
{
	if (doc_is(invoice, "status", "paid"))
		return call_fail(c, 400, NULL, NULL, "Invoice is already paid");
	if (!doc_is(invoice, "status", "open") &&
	    !doc_is(invoice, "status", "uncollectible"))
		return call_fail(c, 400, NULL, NULL,
		    "You cannot pay this invoice: it has a status of %s.",
		    json_str_at(invoice->body, "status"));
	return VT_OK;
}

enum vt_err
invoice_pay_elsewhere(struct call *c, struct doc *invoice)
{
	int64_t rest = doc_int(invoice, "amount_remaining");
	enum vt_err err = check_payable(c, invoice);

	if (err == VT_OK)
		err = invoice_cancel_payment(c, invoice, "automatic");
	if (err != VT_OK)
		return err;
	json_put_int(invoice->body, "amount_paid",
	    doc_int(invoice, "amount_paid") + rest);
	json_put_int(invoice->body, "amount_paid_off_stripe", rest);
	return become_paid(c, invoice, true);
}

static enum vt_err
intent_paid(struct call *c, struct doc *invoice, const struct doc *intent)
{
	enum vt_err err;

	if (!doc_is(invoice, "status", "open") &&
	    !doc_is(invoice, "status", "uncollectible"))
		return VT_OK;
	json_put_int(invoice->body, "amount_paid",
	    doc_int(invoice, "amount_paid") +
		doc_int(intent, "amount_received"));
	if (doc_int(invoice, "attempt_count") == 0)
		count_attempt(invoice, false);
	err = become_paid(c, invoice, false);
	return err == VT_OK ? end_link(c, link_of(c, invoice), "paid") : err;
}

/* --- it is not ----------------------------------------------------------- */

/* When it is tried again; an attempt out of turn does not move that. */
static void
put_next_attempt(struct doc *invoice, int64_t now_s)
{
	int64_t next_s = doc_int(invoice, "next_payment_attempt");

	if (next_s > now_s)
		return;
	next_s = doc_flag(invoice, "auto_advance") &&
		doc_is(invoice, "collection_method", "charge_automatically")
	    ? dunning_next_s(doc_int(invoice, "attempt_count"), now_s)
	    : 0;
	if (next_s == 0)
		json_put_null(invoice->body, "next_payment_attempt");
	else
		json_put_int(invoice->body, "next_payment_attempt", next_s);
	invoice->due_ms = next_s * 1000;
}

static enum vt_err
attempt_failed(struct call *c, struct doc *invoice)
{
	enum vt_err err;

	if (!doc_is(invoice, "status", "open"))
		return VT_OK;
	if (doc_int(invoice, "attempt_count") == 0)
		count_attempt(invoice, false);
	put_next_attempt(invoice, c->now_s);
	err = invoice_save(c, invoice);
	if (err == VT_OK)
		err = event_emit(c, "invoice.payment_failed", invoice);
	if (err == VT_OK &&
	    doc_is(invoice, "collection_method", "charge_automatically"))
		err = put_delinquent(c, invoice, true);
	return err == VT_OK ? subscription_invoice_failed(c, invoice) : err;
}

enum vt_err
invoice_intent_told(
    struct call *c, const struct doc *intent, enum invoice_news news)
{
	const char *id = json_str_at(intent->hidden, "invoice");
	struct doc *invoice = id == NULL ? NULL : doc_find(c, R_INVOICE, id);
	struct api_error kept = c->error;
	enum vt_err err = VT_OK;

	if (invoice == NULL)
		return VT_OK;
	switch (news) {
	case INVOICE_INTENT_PAID:
		err = intent_paid(c, invoice, intent);
		break;
	case INVOICE_INTENT_FAILED:
		err = attempt_failed(c, invoice);
		break;
	case INVOICE_INTENT_ASKS:
		err = event_emit(c, "invoice.payment_action_required", invoice);
		break;
	}
	if (err == VT_OK)
		c->error = kept;
	return err;
}

/* --- trying -------------------------------------------------------------- */

static struct doc *
method_at(struct call *c, const struct doc *d, const char *path)
{
	const char *id = d == NULL ? NULL : json_str_at(d->body, path);

	return id == NULL ? NULL : doc_find(c, R_PAYMENT_METHOD, id);
}

struct doc *
invoice_method(struct call *c, const struct doc *invoice)
{
	const char *sub = json_str_at(
	    invoice->body, "parent.subscription_details.subscription");
	const char *customer = json_str_at(invoice->body, "customer");
	struct doc *m = method_at(c, invoice, "default_payment_method");

	if (m == NULL && sub != NULL)
		m = method_at(c, doc_find(c, R_SUBSCRIPTION, sub),
		    "default_payment_method");
	if (m == NULL && customer != NULL)
		m = method_at(c, doc_find(c, R_CUSTOMER, customer),
		    "invoice_settings.default_payment_method");
	return m;
}

/* An attempt by the schedule has failed for want of a method. */
static enum vt_err
no_method(struct call *c, struct doc *invoice, bool automatic)
{
	struct api_error kept;
	enum vt_err err;

	(void)call_fail(c, 400, "resource_missing", NULL,
	    "This customer has no attached payment source or default payment "
	    "method. Please consider adding a default payment method.");
	if (!automatic)
		return VT_INVALID;
	kept = c->error;
	err = attempt_failed(c, invoice);
	if (err != VT_OK)
		return err;
	c->error = kept;
	c->error.began = true;
	return VT_FUNDS;
}

/* The bank wants its customer: the attempt counts as failed until then. */
static enum vt_err
needs_action(struct call *c, struct doc *invoice, const struct doc *intent)
{
	enum vt_err err = attempt_failed(c, invoice);

	if (err != VT_OK)
		return err;
	(void)call_fail(c, 402, "invoice_payment_intent_requires_action", NULL,
	    "This payment requires additional user action before it can be "
	    "completed successfully. Payment can be completed using the "
	    "PaymentIntent associated with the invoice.");
	c->error.type = "card_error";
	c->error.payment_intent = render_embedded(c, intent);
	c->error.began = true;
	return VT_FUNDS;
}

enum vt_err
invoice_pay(
    struct call *c, struct doc *invoice, const struct invoice_attempt *how)
{
	struct doc *intent = intent_of(c, invoice), *method = how->method;
	enum vt_err err = check_payable(c, invoice);

	if (err != VT_OK)
		return err;
	if (intent == NULL)
		return VT_DB;
	if (doc_is(intent, "status", "processing"))
		return call_fail(c, 400, NULL, NULL,
		    "This invoice has a payment that is still processing.");
	if (method == NULL)
		method = invoice_method(c, invoice);
	count_attempt(invoice, how->automatic);
	if (method == NULL)
		return no_method(c, invoice, how->automatic);
	/*
	 * Not as off session: a bank that wants its customer makes the
	 * intent wait for him, which the invoice's own page can do.
	 */
	err = payment_attempt(c,
	    &(struct payment_attempt){
		.intent = intent, .method = method, .use_sdk = true });
	if (err != VT_OK)
		return err;
	if (doc_is(intent, "status", "requires_action"))
		return needs_action(c, invoice, intent);
	/* A debit on its way; one that is paid has been saved already. */
	return doc_is(invoice, "status", "paid") ? VT_OK
						 : invoice_save(c, invoice);
}
