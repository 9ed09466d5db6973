/* invoice_pay: what becomes of an invoice that is paid, or is not. See
 * invoice.h. */
#include <string.h>

#include "core/event.h"
#include "invoices/customer_balance.h"
#include "invoices/invoice_parts.h"
#include "subscriptions/dunning.h"
#include "subscriptions/subscription.h"

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
void
invoice_count_attempt(struct doc *invoice, bool automatic)
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

/* The checks that both ways of paying have. */
enum vt_err
invoice_check_payable(struct call *c, const struct doc *invoice)
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
	enum vt_err err = invoice_check_payable(c, invoice);

	if (err == VT_OK)
		err = invoice_cancel_payment(c, invoice, "automatic");
	if (err != VT_OK)
		return err;
	json_put_int(invoice->body, "amount_paid",
	    doc_int(invoice, "amount_paid") + rest);
	json_put_int(invoice->body, "amount_paid_off_stripe", rest);
	return become_paid(c, invoice, true);
}

/* More came than was asked for: it is the customer's. */
static enum vt_err
keep_surplus(struct call *c, struct doc *invoice, int64_t amount)
{
	struct doc *customer =
	    doc_find(c, R_CUSTOMER, json_str_at(invoice->body, "customer"));
	enum vt_err err;

	json_put_int(invoice->body, "amount_overpaid", amount);
	if (customer == NULL || customer->deleted)
		return VT_OK;
	err = balance_change(c, customer,
	    &(struct balance_change){ .amount = -amount,
		.type = "invoice_overpaid",
		.currency = json_str_at(invoice->body, "currency"),
		.invoice = invoice->id },
	    NULL);
	return err == VT_OK ? event_emit(c, "invoice.overpaid", invoice) : err;
}

/* Paid in full, in part, or more than that. */
static enum vt_err
intent_paid(struct call *c, struct doc *invoice, const struct doc *intent)
{
	int64_t received = doc_int(intent, "amount_received");
	int64_t rest = doc_int(invoice, "amount_remaining") - received;
	enum vt_err err = VT_OK;

	if (!doc_is(invoice, "status", "open") &&
	    !doc_is(invoice, "status", "uncollectible"))
		return VT_OK;
	json_put_int(invoice->body, "amount_paid",
	    doc_int(invoice, "amount_paid") + received);
	if (doc_int(invoice, "attempt_count") == 0)
		invoice_count_attempt(invoice, false);
	if (rest > 0)
		err = invoice_ask_for(c, invoice, rest);
	else {
		if (rest < 0)
			err = keep_surplus(c, invoice, -rest);
		if (err == VT_OK)
			err = invoice_settled(c, invoice);
	}
	return err == VT_OK ? invoice_end_link(c, invoice, intent, "paid")
			    : err;
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

enum vt_err
invoice_attempt_failed(struct call *c, struct doc *invoice)
{
	enum vt_err err;

	if (!doc_is(invoice, "status", "open"))
		return VT_OK;
	if (doc_int(invoice, "attempt_count") == 0)
		invoice_count_attempt(invoice, false);
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
		err = invoice_attempt_failed(c, invoice);
		break;
	case INVOICE_INTENT_ASKS:
		err = event_emit(c, "invoice.payment_action_required", invoice);
		break;
	}
	if (err == VT_OK)
		c->error = kept;
	return err;
}
