/* credit_note: see credit_note.h; what its lines are is credit_note_lines.c's.
 */
#include "invoices/credit_note.h"

#include <string.h>

#include "core/event.h"
#include "invoices/credit_note_parts.h"
#include "invoices/customer_balance.h"
#include "invoices/invoice.h"
#include "payments/refund.h"
#include "text/money.h"

static int64_t
given(const struct call *c, const char *name)
{
	int64_t n = 0;

	(void)json_int_at(c->params, name, &n); /* else nothing */
	return n;
}

static enum vt_err
find_invoice(struct call *c, struct doc **out)
{
	enum vt_err err;

	err = doc_need(
	    c, R_INVOICE, json_str_at(c->params, "invoice"), "invoice", out);
	if (err == VT_OK &&
	    (doc_is(*out, "status", "draft") || doc_is(*out, "status", "void")))
		return call_fail(c, 400, NULL, "invoice",
		    "You cannot create a credit note for this invoice: it has "
		    "a status of %s.",
		    json_str_at((*out)->body, "status"));
	return err;
}

static const char *
amount_text(struct call *c, const struct doc *invoice, int64_t amount)
{
	char text[MONEY_TEXT_BYTES];

	money_format(amount, json_str_at(invoice->body, "currency"), text);
	return arena_strdup(c->arena, text);
}

/* No more than is left: of an open invoice to pay, of a paid one to return. */
static enum vt_err
check_limit(struct call *c, const struct doc *note, const struct doc *invoice)
{
	int64_t total = doc_int(note, "total"), left;

	if (doc_is(invoice, "status", "paid"))
		left = doc_int(invoice, "total") -
		    doc_int(invoice, "pre_payment_credit_notes_amount") -
		    doc_int(invoice, "post_payment_credit_notes_amount");
	else
		left = doc_int(invoice, "amount_remaining");
	if (total <= 0 || total > left)
		return call_fail(c, 400, NULL, "amount",
		    "The credit note amount (%s) must be positive and at most "
		    "%s, which is what is left of the invoice.",
		    amount_text(c, invoice, total),
		    amount_text(c, invoice, left));
	return VT_OK;
}

/* A refund accounts for what it gave back to this customer, and no more. */
static enum vt_err
check_refund(struct call *c, const struct doc *refund,
    const struct doc *invoice, int64_t amount)
{
	const char *id = json_str_at(refund->body, "charge");
	const struct doc *charge = doc_find(c, R_CHARGE, id);

	if (charge == NULL)
		return VT_DB;
	if (!doc_is(
		charge, "currency", json_str_at(invoice->body, "currency")) ||
	    !json_equal(json_get(charge->body, "customer"),
		json_get(invoice->body, "customer")))
		return call_fail(c, 400, NULL, "refunds[refund]",
		    "The refund %s is not of a payment of this invoice.",
		    refund->id);
	if (amount > doc_int(refund, "amount"))
		return call_fail(c, 400, NULL, "refunds[amount_refunded]",
		    "The refund %s gave back %s only.", refund->id,
		    amount_text(c, invoice, doc_int(refund, "amount")));
	return VT_OK;
}

/* Refunds made before, which the note accounts for. */
static enum vt_err
put_refunds(
    struct call *c, struct doc *note, const struct doc *invoice, int64_t *sum)
{
	const struct json *j = json_first(json_get(c->params, "refunds"));
	struct json *list = json_array(c->arena), *o;
	struct doc *refund;
	int64_t amount;
	enum vt_err err;

	for (; j != NULL; j = json_next(j)) {
		err = doc_need(c, R_REFUND, json_str_at(j, "refund"),
		    "refunds[refund]", &refund);
		if (err != VT_OK)
			return err;
		amount = doc_int(refund, "amount");
		(void)json_int_at(j, "amount_refunded", &amount);
		err = check_refund(c, refund, invoice, amount);
		if (err != VT_OK)
			return err;
		o = json_add_object(list);
		json_put_int(o, "amount_refunded", amount);
		json_put_null(o, "payment_record_refund");
		json_put_str(o, "refund", refund->id);
		json_put_str(o, "type", "refund");
		*sum += amount;
	}
	json_put_copy(note->body, "refunds", list);
	return VT_OK;
}

/* What has been paid goes back in one way or another, all of it. */
static enum vt_err
put_ways(struct call *c, struct doc *note, const struct doc *invoice)
{
	bool paid = doc_is(invoice, "status", "paid");
	int64_t total = doc_int(note, "total"), refunded = 0, sum;
	enum vt_err err = put_refunds(c, note, invoice, &refunded);

	if (err != VT_OK)
		return err;
	sum = given(c, "credit_amount") + given(c, "refund_amount") +
	    given(c, "out_of_band_amount") + refunded;
	if (paid && sum != total)
		return call_fail(c, 400, NULL, NULL,
		    "The sum of credit amount, refund amount and out of band "
		    "amount (%s) must equal the credit note amount (%s).",
		    amount_text(c, invoice, sum),
		    amount_text(c, invoice, total));
	if (!paid && sum != 0)
		return call_fail(c, 400, NULL, "refund_amount",
		    "Nothing has been paid on this invoice that could be "
		    "given back.");
	json_put_copy(note->body, "out_of_band_amount",
	    json_get(c->params, "out_of_band_amount"));
	json_put_str(note->body, "type", paid ? "post_payment" : "pre_payment");
	json_put_int(note->body,
	    paid ? "post_payment_amount" : "pre_payment_amount", total);
	return VT_OK;
}

/* "ABCD1234-0001-CN-01" and the page of it. */
static void
put_number(struct call *c, struct doc *note, const struct doc *invoice)
{
	int64_t n = 0;

	(void)json_int_at(invoice->hidden, "credit_notes", &n);
	json_put_str(note->body, "number",
	    arena_printf(c->arena, "%s-CN-%02lld",
		json_str_at(invoice->body, "number"), (long long)n + 1));
	json_put_str(note->body, "pdf",
	    arena_printf(c->arena,
		"%s/_hosted/credit_note.pdf?credit_note=%s&secret=%s",
		c->box->origin, note->id,
		json_str_at(invoice->hidden, "secret")));
}

enum vt_err
credit_note_new(struct call *c, struct doc **out, struct doc **invoice)
{
	static const char *const names[] = { "effective_at", "memo", "reason",
		NULL };
	struct doc *d = doc_new(c, R_CREDIT_NOTE);
	enum vt_err err = find_invoice(c, invoice);

	if (err != VT_OK)
		return err;
	d->clock = (*invoice)->clock;
	json_put_str(d->body, "invoice", (*invoice)->id);
	json_put_copy(
	    d->body, "currency", json_get((*invoice)->body, "currency"));
	json_put_copy(
	    d->body, "customer", json_get((*invoice)->body, "customer"));
	json_put_int(d->body, "effective_at", c->now_s);
	doc_apply(d->body, c->params, names);
	doc_metadata(c, d->body, c->params);
	put_number(c, d, *invoice);
	err = credit_note_put_lines(c, d, *invoice);
	if (err == VT_OK)
		err = check_limit(c, d, *invoice);
	if (err == VT_OK)
		err = put_ways(c, d, *invoice);
	*out = d;
	return err;
}

const struct json *
credit_note_lines(const struct doc *note)
{
	return json_get(note->hidden, "lines");
}

static void
add_to(struct doc *d, const char *name, int64_t amount)
{
	json_put_int(d->body, name, doc_int(d, name) + amount);
}

/* The balance gets what was to be credited. */
static enum vt_err
credit_balance(struct call *c, struct doc *note)
{
	int64_t amount = given(c, "credit_amount");
	struct doc *customer, *entry;
	enum vt_err err;

	if (amount == 0)
		return VT_OK;
	err = doc_need(c, R_CUSTOMER, json_str_at(note->body, "customer"),
	    "customer", &customer);
	if (err == VT_OK)
		err = balance_change(c, customer,
		    &(struct balance_change){ .amount = -amount,
			.type = "credit_note",
			.currency = json_str_at(note->body, "currency"),
			.invoice = json_str_at(note->body, "invoice"),
			.credit_note = note->id },
		    &entry);
	if (err == VT_OK)
		json_put_str(
		    note->body, "customer_balance_transaction", entry->id);
	return err;
}

/* The charge that paid the invoice, or NULL. */
static struct doc *
charge_of(struct call *c, const struct doc *invoice)
{
	const char *id = json_str_at(invoice->hidden, "payment_intent");
	struct doc *intent =
	    id == NULL ? NULL : doc_find(c, R_PAYMENT_INTENT, id);

	id = intent == NULL ? NULL : json_str_at(intent->body, "latest_charge");
	return id == NULL ? NULL : doc_find(c, R_CHARGE, id);
}

static enum vt_err
refund_charge(struct call *c, struct doc *note, const struct doc *invoice)
{
	int64_t amount = given(c, "refund_amount");
	struct doc *charge, *refund;
	struct json *o;
	enum vt_err err;

	if (amount == 0)
		return VT_OK;
	charge = charge_of(c, invoice);
	if (charge == NULL)
		return call_fail(c, 400, NULL, "refund_amount",
		    "This invoice has no payment that could be refunded.");
	err = refund_make(c,
	    &(struct refund_order){ .charge = charge, .amount = amount },
	    &refund);
	if (err != VT_OK)
		return err;
	o = json_add_object(json_edit(note->body, "refunds"));
	json_put_int(o, "amount_refunded", amount);
	json_put_null(o, "payment_record_refund");
	json_put_str(o, "refund", refund->id);
	json_put_str(o, "type", "refund");
	return VT_OK;
}

enum vt_err
credit_note_issue(struct call *c, struct doc *note, struct doc *invoice)
{
	bool paid = doc_is(invoice, "status", "paid");
	int64_t total = doc_int(note, "total"), n = 0;
	enum vt_err err;

	(void)json_int_at(invoice->hidden, "credit_notes", &n);
	json_put_int(invoice->hidden, "credit_notes", n + 1);
	credit_note_book_lines(c, note, invoice, 1);
	err = credit_balance(c, note);
	if (err == VT_OK)
		err = refund_charge(c, note, invoice);
	if (err == VT_OK)
		err = doc_save(c, note);
	if (err == VT_OK)
		err = event_emit(c, "credit_note.created", note);
	if (err != VT_OK)
		return err;
	if (paid) {
		add_to(invoice, "post_payment_credit_notes_amount", total);
		return invoice_save(c, invoice);
	}
	add_to(invoice, "pre_payment_credit_notes_amount", total);
	return invoice_ask_for(
	    c, invoice, doc_int(invoice, "amount_remaining") - total);
}

enum vt_err
credit_note_void(struct call *c, struct doc *note)
{
	struct doc *invoice =
	    doc_find(c, R_INVOICE, json_str_at(note->body, "invoice"));
	int64_t total = doc_int(note, "total");
	enum vt_err err;

	if (invoice == NULL)
		return VT_DB;
	if (!doc_is(note, "status", "issued"))
		return call_fail(c, 400, NULL, NULL,
		    "This credit note has already been voided.");
	if (!doc_is(invoice, "status", "open"))
		return call_fail(c, 400, NULL, NULL,
		    "You can only void a credit note while its invoice is "
		    "open.");
	json_put_str(note->body, "status", "void");
	json_put_int(note->body, "voided_at", c->now_s);
	credit_note_book_lines(c, note, invoice, -1);
	err = doc_save(c, note);
	if (err == VT_OK)
		err = event_emit(c, "credit_note.voided", note);
	if (err != VT_OK)
		return err;
	add_to(invoice, "pre_payment_credit_notes_amount", -total);
	return invoice_ask_for(
	    c, invoice, doc_int(invoice, "amount_remaining") + total);
}
