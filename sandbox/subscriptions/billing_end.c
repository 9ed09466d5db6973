/* billing_end: the last invoices, and how they were paid. See billing.h. */
#include <string.h>

#include "core/event.h"
#include "subscriptions/billing_parts.h"
#include "subscriptions/dunning.h"

/* --- the end
 * ------------------------------------------------------------------------- */

enum vt_err
billing_waiting(
    struct call *c, struct doc *sub, const char *reason, struct doc **out)
{
	struct invoice_from from = billing_from(sub, reason);
	struct doc *invoice;
	size_t taken = 0;
	enum vt_err err;

	from.period_start_s = subscription_period_started(sub);
	from.period_end_s = c->now_s;
	err = invoice_new(c, &from, &invoice);
	if (err == VT_OK)
		err = invoice_take_items(c, invoice, false, &taken);
	*out = NULL;
	if (err != VT_OK || taken == 0)
		return err;
	*out = invoice;
	return billing_draft(c, sub, invoice);
}

/* Removes the prorations that wait for it. */
static enum vt_err
drop_prorations(struct call *c, const struct doc *sub)
{
	const char *customer = json_str_at(sub->body, "customer");
	struct doc_ids of;
	struct doc *item;
	enum vt_err err;

	err = doc_ids(c, R_INVOICE_ITEM, DOC_OF_CUSTOMER, customer, &of);
	for (size_t i = 0; i < of.count && err == VT_OK; i++) {
		item = doc_find(c, R_INVOICE_ITEM, of.ids[i]);
		if (item == NULL)
			return VT_DB;
		if (!doc_flag(item, "proration") ||
		    json_str_at(item->body, "invoice") != NULL ||
		    !doc_is(item, "parent.subscription_details.subscription",
			sub->id))
			continue;
		err = event_emit(c, "invoiceitem.deleted", item);
		doc_bury(c, item);
		if (err == VT_OK)
			err = doc_save(c, item);
	}
	return err;
}

enum vt_err
billing_end(struct call *c, struct doc *sub, bool prorate, bool invoice_now,
    struct doc **out)
{
	struct subscription_items items;
	struct proration p;
	enum vt_err err = subscription_items(c, sub, &items);

	*out = NULL;
	for (size_t i = 0; i < items.count && prorate && err == VT_OK; i++) {
		err = proration_credit(c, sub, items.docs[i], c->now_s, &p);
		if (err == VT_OK)
			err = billing_pend(c, sub, &p);
		else if (err == VT_NOTFOUND)
			err = VT_OK;
	}
	if (err != VT_OK || invoice_now)
		return err == VT_OK
		    ? billing_waiting(c, sub, "subscription_cycle", out)
		    : err;
	return prorate ? VT_OK : drop_prorations(c, sub);
}

enum vt_err
billing_stop(struct call *c, const struct doc *sub)
{
	struct doc_ids of;
	struct doc *invoice;
	enum vt_err err = doc_ids(c, R_INVOICE, DOC_OF_PARENT, sub->id, &of);

	for (size_t i = 0; i < of.count && err == VT_OK; i++) {
		invoice = doc_find(c, R_INVOICE, of.ids[i]);
		if (invoice == NULL)
			return VT_DB;
		if (!doc_is(invoice, "status", "open") &&
		    !doc_is(invoice, "status", "draft"))
			continue;
		json_put_bool(invoice->body, "auto_advance", false);
		json_put_null(invoice->body, "next_payment_attempt");
		json_put_null(invoice->body, "automatically_finalizes_at");
		invoice->due_ms = 0;
		err = invoice_save(c, invoice);
	}
	return err;
}

enum vt_err
billing_void(struct call *c, const char *id, bool *done)
{
	struct doc *invoice = id == NULL ? NULL : doc_find(c, R_INVOICE, id);

	*done = invoice != NULL &&
	    (doc_is(invoice, "status", "open") ||
		doc_is(invoice, "status", "uncollectible"));
	return *done ? invoice_void(c, invoice) : VT_OK;
}

/* --- how it is paid
 * -------------------------------------------------------------------- */

enum vt_err
billing_has_method(struct call *c, const struct doc *sub, bool *out)
{
	struct invoice_from from = billing_from(sub, NULL);
	struct doc *invoice;
	enum vt_err err = invoice_new(c, &from, &invoice);

	if (err == VT_OK)
		*out = invoice_method(c, invoice) != NULL;
	return err;
}

const char *
billing_method_of(struct call *c, const struct doc *invoice)
{
	struct doc *payment, *intent;
	struct doc_ids of;
	const char *id;

	if (doc_ids(c, R_INVOICE_PAYMENT, DOC_OF_PARENT, invoice->id, &of) !=
	    VT_OK)
		return NULL;
	for (size_t i = 0; i < of.count; i++) {
		payment = doc_find(c, R_INVOICE_PAYMENT, of.ids[i]);
		if (payment == NULL)
			return NULL;
		id = json_str_at(payment->body, "payment.payment_intent");
		intent = id == NULL ? NULL : doc_find(c, R_PAYMENT_INTENT, id);
		if (intent != NULL && doc_is(intent, "status", "succeeded"))
			return json_str_at(intent->body, "payment_method");
	}
	return NULL;
}

bool
billing_is_last_attempt(const struct doc *invoice)
{
	int64_t attempts = doc_int(invoice, "attempt_count");

	return attempts > 0 && dunning_next_s(attempts, 0) == 0 &&
	    json_is_null(json_get(invoice->body, "next_payment_attempt"));
}
