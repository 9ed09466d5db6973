/* charge: see charge.h. */
#include "payments/charge.h"

#include <string.h>

#include "core/event.h"
#include "core/ids.h"
#include "payments/balance.h"
#include "payments/method.h"

/* The fee of the balance entry: 2.9 % and 30 of the smallest unit. */
#define FEE_PER_MILLE 29
#define FEE_FIXED 30
#define DESCRIPTOR "VANTAGE SANDBOX"

static void
put_outcome(struct json *body, const char *network, const char *reason,
    const char *advice, const char *risk, const char *type, const char *message)
{
	struct json *o = json_put_object(body, "outcome");

	json_put_str(o, "advice_code", advice);
	json_put_null(o, "network_advice_code");
	json_put_null(o, "network_decline_code");
	json_put_str(o, "network_status", network);
	json_put_str(o, "reason", reason);
	if (risk != NULL) {
		json_put_str(o, "risk_level", risk);
		json_put_int(o, "risk_score",
		    strcmp(risk, "highest") == 0	? 92
			: strcmp(risk, "elevated") == 0 ? 67
							: 21);
	}
	json_put_str(o, "seller_message", message);
	json_put_str(o, "type", type);
}

enum vt_err
charge_make(struct call *c, const struct doc *intent, const struct doc *method,
    bool authenticated, struct doc **out)
{
	static const char *const copied[] = { "amount", "currency", "customer",
		"description", "metadata", "receipt_email", "shipping",
		"statement_descriptor", "statement_descriptor_suffix",
		"transfer_group", NULL };
	struct doc *d = doc_new(c, R_CHARGE);
	const struct card *card = method_card(method);
	int64_t amount = 0;

	/* Everything but cards has charges of this prefix. */
	if (card == NULL)
		doc_prefix(c, d, "py_");
	doc_apply(d->body, intent->body, copied);
	(void)json_int_at(intent->body, "amount", &amount); /* always there */
	json_put_copy(d->body, "billing_details",
	    json_get(method->body, "billing_details"));
	json_put_str(d->body, "calculated_statement_descriptor", DESCRIPTOR);
	json_put_str(d->body, "payment_intent", intent->id);
	json_put_str(d->body, "payment_method", method->id);
	method_details(c, method, amount, authenticated,
	    json_put_object(d->body, "payment_method_details"));
	json_put_str(d->hidden, "risk", card == NULL ? NULL : card->risk);
	*out = d;
	return VT_OK;
}

enum vt_err
charge_succeed(struct call *c, struct doc *charge, bool captured)
{
	const char *risk = json_str_at(charge->hidden, "risk");
	bool review = risk != NULL && strcmp(risk, "elevated") == 0;
	int64_t amount = 0;
	enum vt_err err;

	(void)json_int_at(charge->body, "amount", &amount); /* always there */
	json_put_int(charge->body, "amount_captured", captured ? amount : 0);
	json_put_bool(charge->body, "captured", captured);
	json_put_bool(charge->body, "paid", true);
	json_put_str(charge->body, "status", "succeeded");
	put_outcome(charge->body, "approved_by_network",
	    review ? "elevated_risk_level" : NULL, NULL, risk,
	    review ? "manual_review" : "authorized",
	    review ? "Stripe evaluated this payment as having elevated risk, "
		     "and placed it in your manual review queue."
		   : "Payment complete.");
	json_put_str(charge->body, "receipt_url",
	    arena_printf(c->arena, "%s/_hosted/receipt?charge=%s",
		c->box->origin, charge->id));
	err = doc_save(c, charge);
	return err == VT_OK ? event_emit(c, "charge.succeeded", charge) : err;
}

enum vt_err
charge_wait(struct call *c, struct doc *charge)
{
	enum vt_err err;

	json_put_bool(charge->body, "captured", true);
	json_put_str(charge->body, "status", "pending");
	put_outcome(charge->body, "approved_by_network", NULL, NULL, NULL,
	    "authorized", "Payment complete.");
	err = doc_save(c, charge);
	return err == VT_OK ? event_emit(c, "charge.pending", charge) : err;
}

enum vt_err
charge_fail(struct call *c, struct doc *charge, const struct charge_failure *f)
{
	const char *risk = json_str_at(charge->hidden, "risk");
	enum vt_err err;

	json_put_str(charge->body, "failure_code", f->code);
	json_put_str(charge->body, "failure_message", f->message);
	json_put_bool(charge->body, "paid", false);
	json_put_bool(charge->body, "captured", false);
	json_put_str(charge->body, "status", "failed");
	if (f->blocked)
		put_outcome(charge->body, "not_sent_to_network",
		    "highest_risk_level", f->advice, risk, "blocked",
		    "Stripe blocked this payment as too risky.");
	else
		put_outcome(charge->body, "declined_by_network", f->reason,
		    f->advice, risk, "issuer_declined",
		    "The bank did not return any further details with this "
		    "decline.");
	err = doc_save(c, charge);
	return err == VT_OK ? event_emit(c, "charge.failed", charge) : err;
}

enum vt_err
charge_capture(struct call *c, struct doc *charge, int64_t amount)
{
	enum vt_err err;

	json_put_int(charge->body, "amount_captured", amount);
	json_put_bool(charge->body, "captured", true);
	err = doc_save(c, charge);
	return err == VT_OK ? event_emit(c, "charge.captured", charge) : err;
}

enum vt_err
charge_settle(struct call *c, struct doc *charge)
{
	bool card =
	    strcmp(json_str_at(charge->body, "payment_method_details.type"),
		"card") == 0;
	struct doc *entry;
	int64_t amount = 0;
	enum vt_err err;

	(void)json_int_at(charge->body, "amount_captured", &amount);
	err = balance_book(c,
	    &(struct balance_entry){ .type = card ? "charge" : "payment",
		.category = "charge",
		.amount = amount,
		.fee = (amount * FEE_PER_MILLE + 500) / 1000 + FEE_FIXED,
		.fee_text = "Stripe processing fees",
		.currency = json_str_at(charge->body, "currency"),
		.description = json_str_at(charge->body, "description"),
		.source = charge->id },
	    &entry);
	if (err != VT_OK)
		return err;
	json_put_str(charge->body, "balance_transaction", entry->id);
	err = doc_save(c, charge);
	return err == VT_OK ? event_updated(c, "charge.updated", charge) : err;
}

enum card_after
charge_after(struct call *c, const struct doc *charge)
{
	const char *id = json_str_at(charge->body, "payment_method");
	struct doc *method =
	    id == NULL ? NULL : doc_find(c, R_PAYMENT_METHOD, id);
	const struct card *card = method == NULL ? NULL : method_card(method);

	return card == NULL ? AFTER_NOTHING : card->after;
}
