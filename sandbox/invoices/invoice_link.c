/*
 * invoice_link: what links an invoice to its payments: the intent that asks
 * for its money, and others that were attached to it. See invoice.h.
 */
#include <string.h>

#include "core/event.h"
#include "invoices/invoice_parts.h"
#include "payments/payment.h"

struct doc *
invoice_intent(struct call *c, const struct doc *invoice)
{
	const char *id = json_str_at(invoice->hidden, "payment_intent");

	return id == NULL ? NULL : doc_find(c, R_PAYMENT_INTENT, id);
}

struct doc *
invoice_link(struct call *c, const struct doc *invoice, const char *intent)
{
	struct doc_ids ids;
	struct doc *d;

	if (doc_ids(c, R_INVOICE_PAYMENT, DOC_OF_PARENT, invoice->id, &ids) !=
	    VT_OK)
		return NULL;
	for (size_t i = 0; i < ids.count; i++) {
		d = doc_find(c, R_INVOICE_PAYMENT, ids.ids[i]);
		if (d != NULL && doc_is(d, "payment.payment_intent", intent))
			return d;
	}
	return NULL;
}

enum vt_err
invoice_make_link(struct call *c, struct doc *invoice, const struct doc *intent,
    bool is_default)
{
	struct doc *d = doc_new(c, R_INVOICE_PAYMENT);
	struct json *o = json_put_object(d->body, "payment");

	d->clock = invoice->clock;
	json_put_copy(
	    d->body, "amount_requested", json_get(intent->body, "amount"));
	json_put_copy(d->body, "currency", json_get(invoice->body, "currency"));
	json_put_str(d->body, "invoice", invoice->id);
	json_put_bool(d->body, "is_default", is_default);
	json_put_str(o, "payment_intent", intent->id);
	json_put_str(o, "type", "payment_intent");
	return doc_save(c, d);
}

enum vt_err
invoice_end_link(struct call *c, const struct doc *invoice,
    const struct doc *intent, const char *status)
{
	struct doc *link = invoice_link(c, invoice, intent->id);
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
	struct doc *intent = invoice_intent(c, invoice);
	enum vt_err err;

	if (intent == NULL || doc_is(intent, "status", "canceled") ||
	    doc_is(intent, "status", "succeeded"))
		return VT_OK;
	if (doc_is(intent, "status", "processing"))
		return call_fail(c, 400, NULL, NULL,
		    "This invoice has a payment that is still processing. "
		    "Wait for its end.");
	err = payment_cancel(c, intent, reason);
	return err == VT_OK ? invoice_end_link(c, invoice, intent, "canceled")
			    : err;
}

enum vt_err
invoice_ask_for(struct call *c, struct doc *invoice, int64_t rest)
{
	struct doc *intent = invoice_intent(c, invoice), *link;
	enum vt_err err;

	json_put_int(invoice->body, "amount_due",
	    doc_int(invoice, "amount_paid") + rest);
	json_put_int(invoice->body, "amount_remaining", rest);
	if (rest == 0)
		return invoice_settled(c, invoice);
	link = intent == NULL ? NULL : invoice_link(c, invoice, intent->id);
	if (link == NULL)
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

/* A payment that was made, or will be, without the invoice. */
static enum vt_err
check_attachable(
    struct call *c, const struct doc *invoice, const struct doc *intent)
{
	static const char param[] = "payment_intent";

	if (!doc_is(invoice, "status", "open"))
		return call_fail(c, 400, NULL, NULL,
		    "You can only attach payments to open invoices.");
	if (json_str_at(intent->hidden, "invoice") != NULL)
		return call_fail(c, 400, NULL, param,
		    "The PaymentIntent %s belongs to an invoice already.",
		    intent->id);
	if (!doc_is(
		intent, "customer", json_str_at(invoice->body, "customer")) ||
	    !doc_is(intent, "currency", json_str_at(invoice->body, "currency")))
		return call_fail(c, 400, NULL, param,
		    "The PaymentIntent %s is of another customer or currency "
		    "than the invoice.",
		    intent->id);
	if (doc_is(intent, "status", "canceled"))
		return call_fail(c, 400, NULL, param,
		    "The PaymentIntent %s was canceled.", intent->id);
	return VT_OK;
}

enum vt_err
invoice_attach(struct call *c, struct doc *invoice, struct doc *intent)
{
	enum vt_err err = check_attachable(c, invoice, intent);

	if (err == VT_OK)
		err = invoice_make_link(c, invoice, intent, false);
	if (err != VT_OK)
		return err;
	json_put_str(intent->hidden, "invoice", invoice->id);
	err = doc_save(c, intent);
	return err == VT_OK && doc_is(intent, "status", "succeeded")
	    ? invoice_intent_told(c, intent, INVOICE_INTENT_PAID)
	    : err;
}
