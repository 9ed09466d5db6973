/* invoice: a bill's life but for what makes it one (invoice_finalize.c) and
 * its payment (invoice_attempt.c, invoice_pay.c). See invoice.h. */
#include "invoices/invoice.h"

#include <string.h>

#include "catalog/discount.h"
#include "core/event.h"
#include "invoices/customer_balance.h"
#include "invoices/invoice_parts.h"
#include "subscriptions/subscription.h"

#define DAYS_UNTIL_DUE 30
#define PREVIEW_PREFIX "upcoming_in_"

static void
put_parent(struct doc *d, const struct doc *sub)
{
	struct json *parent = json_put_object(d->body, "parent"), *o;

	json_put_null(parent, "quote_details");
	o = json_put_object(parent, "subscription_details");
	json_put_copy(o, "metadata", json_get(sub->body, "metadata"));
	json_put_str(o, "subscription", sub->id);
	json_put_str(parent, "type", "subscription_details");
}

/* What the customer has on all his invoices, unless this one says else. */
static void
put_settings(struct doc *d, const struct doc *customer)
{
	const struct json *settings =
	    json_get(customer->body, "invoice_settings");

	json_put_copy(
	    d->body, "custom_fields", json_get(settings, "custom_fields"));
	if (json_str_at(d->body, "footer") == NULL)
		json_put_copy(d->body, "footer", json_get(settings, "footer"));
}

/* The subscription's discounts, else the customer's. */
static struct json *
inherited(
    struct call *c, const struct invoice_from *from, const struct doc *customer)
{
	struct json *ids = NULL;
	const char *id;

	if (from->discounts != NULL)
		return json_clone(c->arena, from->discounts);
	if (from->subscription != NULL)
		ids = discounts_live(c,
		    json_get(from->subscription->body, "discounts"), c->now_s);
	if (json_count(ids) > 0 || customer == NULL)
		return ids != NULL ? ids : json_array(c->arena);
	ids = json_array(c->arena);
	id = json_str_at(customer->body, "discount.id");
	if (id != NULL)
		json_add_str(ids, id);
	return discounts_live(c, ids, c->now_s);
}

static void
put_terms(struct call *c, struct doc *d, const struct invoice_from *from)
{
	struct json *body = d->body;
	const char *method = from->collection_method;

	if (from->billing_reason != NULL)
		json_put_str(body, "billing_reason", from->billing_reason);
	if (method != NULL)
		json_put_str(body, "collection_method", method);
	if (method != NULL && strcmp(method, "send_invoice") == 0)
		json_put_int(d->hidden, "days_until_due",
		    from->days_until_due > 0 ? from->days_until_due
					     : DAYS_UNTIL_DUE);
	json_put_str(
	    body, "default_payment_method", from->default_payment_method);
	json_put_str(body, "description", from->description);
	json_put_str(body, "footer", from->footer);
	json_put_bool(body, "auto_advance", from->auto_advance);
	json_put_int(body, "period_start",
	    from->period_start_s != 0 ? from->period_start_s : c->now_s);
	json_put_int(body, "period_end",
	    from->period_end_s != 0 ? from->period_end_s : c->now_s);
}

enum vt_err
invoice_new(struct call *c, const struct invoice_from *from, struct doc **out)
{
	struct doc *d = doc_new(c, R_INVOICE), *customer = NULL;
	enum vt_err err;

	if (from->preview)
		doc_prefix(c, d, PREVIEW_PREFIX);
	if (from->customer != NULL) {
		err = doc_need(
		    c, R_CUSTOMER, from->customer, "customer", &customer);
		if (err != VT_OK)
			return err;
		d->clock = customer->clock;
		json_put_str(d->body, "customer", customer->id);
		json_put_copy(d->body, "test_clock",
		    json_get(customer->body, "test_clock"));
		invoice_put_customer(d, customer);
	}
	json_put_str(d->body, "currency", from->currency);
	put_terms(c, d, from);
	if (customer != NULL)
		put_settings(d, customer);
	if (from->subscription != NULL)
		put_parent(d, from->subscription);
	json_put_copy(d->body, "discounts", inherited(c, from, customer));
	(void)json_put_array(d->hidden, "lines"); /* none yet */
	invoice_total(c, d);
	*out = d;
	return VT_OK;
}

bool
invoice_is_preview(const struct doc *invoice)
{
	return strncmp(invoice->id, PREVIEW_PREFIX, strlen(PREVIEW_PREFIX)) ==
	    0;
}

/* When a draft goes on by itself. */
static void
put_finalizes_at(struct doc *invoice, int64_t now_s)
{
	if (!doc_flag(invoice, "auto_advance")) {
		json_put_null(invoice->body, "automatically_finalizes_at");
		invoice->due_ms = 0;
		return;
	}
	if (doc_int(invoice, "automatically_finalizes_at") == 0)
		json_put_int(invoice->body, "automatically_finalizes_at",
		    now_s + INVOICE_DRAFT_S);
	invoice->due_ms = doc_int(invoice, "automatically_finalizes_at") * 1000;
}

enum vt_err
invoice_draft(struct call *c, struct doc *invoice)
{
	enum vt_err err;

	json_put_int(invoice->body, "webhooks_delivered_at", c->now_s);
	put_finalizes_at(invoice, c->now_s);
	err = doc_save(c, invoice);
	return err == VT_OK ? event_emit(c, "invoice.created", invoice) : err;
}

enum vt_err
invoice_save(struct call *c, struct doc *invoice)
{
	enum vt_err err;

	if (doc_is(invoice, "status", "draft"))
		put_finalizes_at(invoice, c->now_s);
	err = doc_save(c, invoice);
	return err == VT_OK ? event_updated(c, "invoice.updated", invoice)
			    : err;
}

static enum vt_err
not_open(struct call *c)
{
	return call_fail(c, 400, NULL, NULL,
	    "You can only pass in open invoices. This invoice isn't open.");
}

/* What the invoice took from a credit goes back to it. */
static enum vt_err
return_balance(struct call *c, struct doc *invoice)
{
	const char *id = json_str_at(invoice->body, "customer");
	struct doc *customer = doc_find(c, R_CUSTOMER, id);
	int64_t used = doc_int(invoice, "ending_balance") -
	    doc_int(invoice, "starting_balance");

	if (used == 0 || customer == NULL || customer->deleted)
		return VT_OK;
	return balance_change(c, customer,
	    &(struct balance_change){ .amount = -used,
		.type = "unapplied_from_invoice",
		.currency = json_str_at(invoice->body, "currency"),
		.invoice = invoice->id },
	    NULL);
}

enum vt_err
invoice_void(struct call *c, struct doc *invoice)
{
	enum vt_err err;

	if (!doc_is(invoice, "status", "open") &&
	    !doc_is(invoice, "status", "uncollectible"))
		return not_open(c);
	err = invoice_cancel_payment(c, invoice, "void_invoice");
	if (err == VT_OK)
		err = return_balance(c, invoice);
	if (err != VT_OK)
		return err;
	json_put_str(invoice->body, "status", "void");
	json_put_null(invoice->body, "next_payment_attempt");
	json_put_bool(invoice->body, "auto_advance", false);
	json_put_int(json_edit(invoice->body, "status_transitions"),
	    "voided_at", c->now_s);
	invoice->due_ms = 0;
	err = invoice_save(c, invoice);
	if (err == VT_OK)
		err = event_emit(c, "invoice.voided", invoice);
	return err == VT_OK ? subscription_invoice_closed(c, invoice) : err;
}

enum vt_err
invoice_mark_uncollectible(
    struct call *c, struct doc *invoice, const char *reason)
{
	struct json *o;
	enum vt_err err;

	if (!doc_is(invoice, "status", "open"))
		return not_open(c);
	o = json_put_object(invoice->body, "status_details");
	json_put_str(json_put_object(o, "uncollectible"), "reason", reason);
	json_put_str(invoice->body, "status", "uncollectible");
	json_put_null(invoice->body, "next_payment_attempt");
	json_put_int(json_edit(invoice->body, "status_transitions"),
	    "marked_uncollectible_at", c->now_s);
	invoice->due_ms = 0;
	err = invoice_save(c, invoice);
	if (err == VT_OK)
		err = event_emit(c, "invoice.marked_uncollectible", invoice);
	return err == VT_OK ? subscription_invoice_closed(c, invoice) : err;
}

enum vt_err
invoice_remove(struct call *c, struct doc *invoice)
{
	struct doc_ids ids;
	struct doc *item;
	enum vt_err err;

	if (!doc_is(invoice, "status", "draft"))
		return call_fail(c, 400, "invoice_not_editable", NULL,
		    "You can only delete draft invoices.");
	err = doc_ids(c, R_INVOICE_ITEM, DOC_OF_PARENT, invoice->id, &ids);
	for (size_t i = 0; i < ids.count && err == VT_OK; i++) {
		item = doc_find(c, R_INVOICE_ITEM, ids.ids[i]);
		json_put_null(item->body, "invoice");
		err = doc_save(c, item);
	}
	return err == VT_OK ? event_emit(c, "invoice.deleted", invoice) : err;
}

/* It was sent, and nobody paid it in time. */
static enum vt_err
overdue(struct call *c, struct doc *invoice)
{
	enum vt_err err;

	invoice->due_ms = 0;
	err = doc_save(c, invoice);
	if (err == VT_OK)
		err = event_emit(c, "invoice.overdue", invoice);
	return err == VT_OK ? subscription_invoice_failed(c, invoice) : err;
}

/* A draft that cannot be finalised waits for somebody to see why. */
static enum vt_err
finalization_failed(struct call *c, struct doc *invoice)
{
	struct json *o =
	    json_put_object(invoice->body, "last_finalization_error");
	enum vt_err err;

	call_error_members(c, o);
	json_put_bool(invoice->body, "auto_advance", false);
	err = invoice_save(c, invoice);
	return err == VT_OK
	    ? event_emit(c, "invoice.finalization_failed", invoice)
	    : err;
}

/* A debit is on its way: what comes of it says how this goes on. */
static enum vt_err
wait_for_debit(struct call *c, struct doc *invoice)
{
	json_put_null(invoice->body, "next_payment_attempt");
	invoice->due_ms = 0;
	return invoice_save(c, invoice);
}

static bool
is_being_paid(struct call *c, const struct doc *invoice)
{
	const struct doc *intent = invoice_intent(c, invoice);

	return intent != NULL && doc_is(intent, "status", "processing");
}

enum vt_err
invoice_due(struct call *c, struct doc *invoice)
{
	bool charge =
	    doc_is(invoice, "collection_method", "charge_automatically");
	bool draft = doc_is(invoice, "status", "draft");
	enum vt_err err = draft ? invoice_finalize(c, invoice) : VT_OK;

	if (err == VT_INVALID && draft && doc_is(invoice, "status", "draft"))
		return finalization_failed(c, invoice);
	if (err != VT_OK || !doc_is(invoice, "status", "open"))
		return err;
	if (!charge)
		return draft ? event_emit(c, "invoice.sent", invoice)
			     : overdue(c, invoice);
	if (is_being_paid(c, invoice))
		return wait_for_debit(c, invoice);
	invoice->due_ms = 0;
	return invoice_pay(
	    c, invoice, &(struct invoice_attempt){ .automatic = true });
}
