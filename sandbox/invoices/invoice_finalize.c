/* invoice_finalize: a draft becomes a bill. See invoice.h. */
#include <string.h>

#include "catalog/discount.h"
#include "core/event.h"
#include "core/ids.h"
#include "invoices/customer_balance.h"
#include "invoices/invoice_parts.h"
#include "payments/intent.h"
#include "text/money.h"

#define DAY_S 86400
#define SECRET_CHARS 32

void
invoice_put_customer(struct doc *d, const struct doc *customer)
{
	static const struct {
		const char *member, *of;
	} rows[] = { { "customer_address", "address" },
		{ "customer_email", "email" }, { "customer_name", "name" },
		{ "customer_phone", "phone" },
		{ "customer_shipping", "shipping" },
		{ "customer_tax_exempt", "tax_exempt" } };

	for (size_t i = 0; i < countof(rows); i++)
		json_put_copy(d->body, rows[i].member,
		    json_get(customer->body, rows[i].of));
}

/* "ABCD1234-0001": the customer's own series, without a gap. */
static enum vt_err
put_number(struct call *c, struct doc *invoice, struct doc *customer)
{
	int64_t n = doc_int(customer, "next_invoice_sequence");

	if (json_str_at(invoice->body, "number") == NULL) {
		json_put_str(invoice->body, "number",
		    arena_printf(c->arena, "%s-%04lld",
			json_str_at(customer->body, "invoice_prefix"),
			(long long)n));
		json_put_int(customer->body, "next_invoice_sequence", n + 1);
	}
	json_put_copy(
	    customer->body, "currency", json_get(invoice->body, "currency"));
	return doc_save(c, customer);
}

static void
put_addresses(struct call *c, struct doc *invoice)
{
	const char *secret = ids_random(c->arena, SECRET_CHARS);

	json_put_str(invoice->hidden, "secret", secret);
	json_put_str(invoice->body, "hosted_invoice_url",
	    arena_printf(c->arena, "%s/_hosted/invoice?invoice=%s&secret=%s",
		c->box->origin, invoice->id, secret));
	json_put_str(invoice->body, "invoice_pdf",
	    arena_printf(c->arena,
		"%s/_hosted/invoice.pdf?invoice=%s&secret=%s", c->box->origin,
		invoice->id, secret));
}

static void
put_due_date(struct doc *invoice, int64_t now_s)
{
	int64_t days;

	if (json_int_at(invoice->hidden, "days_until_due", &days) &&
	    json_is_null(json_get(invoice->body, "due_date")))
		json_put_int(invoice->body, "due_date", now_s + days * DAY_S);
}

/* The customer's balance is what the invoice was computed with. */
static enum vt_err
apply_balance(struct call *c, struct doc *invoice, struct doc *customer)
{
	int64_t start = doc_int(invoice, "starting_balance"), end = 0;
	int64_t due = doc_int(invoice, "total") + start;

	(void)json_int_at(invoice->hidden, "ending_balance", &end);
	json_put_int(invoice->body, "ending_balance", end);
	if (end == start)
		return VT_OK;
	return balance_change(c, customer,
	    &(struct balance_change){ .amount = end - start,
		.type = due > 0 && end == due ? "invoice_too_small"
					      : "applied_to_invoice",
		.currency = json_str_at(invoice->body, "currency"),
		.invoice = invoice->id },
	    NULL);
}

static const char *
intent_description(const struct doc *invoice)
{
	static const char *const rows[][2] = {
		{ "subscription_create", "Subscription creation" },
		{ "subscription_cycle", "Subscription update" },
		{ "subscription_update", "Subscription update" },
	};

	for (size_t i = 0; i < countof(rows); i++)
		if (doc_is(invoice, "billing_reason", rows[i][0]))
			return rows[i][1];
	return "Payment for Invoice";
}

/* The intent that asks for the money, and what links it to the invoice. */
static enum vt_err
ask_for_payment(struct call *c, struct doc *invoice)
{
	bool recurring = json_is_object(json_get(invoice->body, "parent"));
	struct doc *intent;
	struct json *o;
	enum vt_err err;

	err = intent_make(c,
	    &(struct intent_order){ .amount = doc_int(invoice, "amount_due"),
		.currency = json_str_at(invoice->body, "currency"),
		.customer = json_str_at(invoice->body, "customer"),
		.description = intent_description(invoice),
		.future_usage = recurring ? "off_session" : NULL,
		.types = json_at(
		    invoice->body, "payment_settings.payment_method_types"),
		.invoice = invoice->id },
	    &intent);
	if (err != VT_OK)
		return err;
	json_put_str(invoice->hidden, "payment_intent", intent->id);
	o = json_put_object(invoice->hidden, "confirmation_secret");
	json_put_copy(
	    o, "client_secret", json_get(intent->body, "client_secret"));
	json_put_str(o, "type", "payment_intent");
	return invoice_make_link(c, invoice, intent, true);
}

/* What was redeemed "once" has done its work. */
static enum vt_err
use_discounts(struct call *c, const struct doc *invoice)
{
	const struct json *j = json_first(json_get(invoice->body, "discounts"));
	struct doc *d;
	enum vt_err err = VT_OK;

	for (; j != NULL && err == VT_OK; j = json_next(j)) {
		d = doc_find(c, R_DISCOUNT, json_str(j));
		if (d != NULL)
			err = discount_used(c, d);
	}
	return err;
}

/* Freezes the draft: nothing but payments changes it from here on. */
static enum vt_err
freeze(struct call *c, struct doc *invoice, struct doc *customer)
{
	enum vt_err err;

	invoice_put_customer(invoice, customer);
	invoice_total(c, invoice);
	put_addresses(c, invoice);
	put_due_date(invoice, c->now_s);
	json_put_null(invoice->body, "automatically_finalizes_at");
	json_put_int(invoice->body, "effective_at", c->now_s);
	json_put_int(json_edit(invoice->body, "status_transitions"),
	    "finalized_at", c->now_s);
	json_put_str(invoice->body, "status", "open");
	/* One that is sent is overdue from then on. */
	invoice->due_ms = doc_is(invoice, "collection_method", "send_invoice")
	    ? doc_int(invoice, "due_date") * 1000
	    : 0;
	err = put_number(c, invoice, customer);
	if (err == VT_OK)
		err = apply_balance(c, invoice, customer);
	return err;
}

/* No payment can be as large as some bills are. */
static enum vt_err
check_size(struct call *c, struct doc *invoice)
{
	invoice_total(c, invoice);
	if (doc_int(invoice, "amount_due") <= MONEY_MAX)
		return VT_OK;
	return call_fail(c, 400, "amount_too_large", NULL,
	    "The amount due must be no more than %d in the smallest unit.",
	    MONEY_MAX);
}

enum vt_err
invoice_finalize(struct call *c, struct doc *invoice)
{
	const char *id = json_str_at(invoice->body, "customer");
	struct doc *customer;
	enum vt_err err;

	if (!doc_is(invoice, "status", "draft"))
		return call_fail(c, 400, NULL, NULL,
		    "This invoice is already finalized, you can't re-finalize "
		    "a non-draft invoice.");
	err = doc_need(c, R_CUSTOMER, id, "customer", &customer);
	if (err == VT_OK)
		err = check_size(c, invoice);
	if (err == VT_OK)
		err = freeze(c, invoice, customer);
	if (err == VT_OK && doc_int(invoice, "amount_due") > 0)
		err = ask_for_payment(c, invoice);
	if (err == VT_OK)
		err = invoice_save(c, invoice);
	if (err == VT_OK)
		err = event_emit(c, "invoice.finalized", invoice);
	if (err == VT_OK)
		err = use_discounts(c, invoice);
	if (err == VT_OK && doc_int(invoice, "amount_due") == 0)
		err = invoice_settled(c, invoice);
	return err;
}
