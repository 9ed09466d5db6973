/* refund: see refund.h. */
#include "payments/refund.h"

#include <string.h>

#include "core/event.h"
#include "core/ids.h"
#include "payments/balance.h"
#include "payments/charge.h"
#include "payments/dispute.h"
#include "text/money.h"

/* By the clock: how long until something happens to a refund. */
#define REFERENCE_S 5	      /* the bank names its reference */
#define CARD_S 600	      /* a pending or failing test card's end */
#define BANK_S (3 * 86400)    /* a transfer to a bank account */
#define ANSWER_S (45 * 86400) /* the customer says where to, or else */
#define REFERENCE_DIGITS 23

static int64_t
int_of(const struct doc *d, const char *name)
{
	int64_t n = 0;

	(void)json_int_at(d->body, name, &n); /* always there */
	return n;
}

static bool
is_card(const struct doc *charge)
{
	return strcmp(json_str_at(charge->body, "payment_method_details.type"),
		   "card") == 0;
}

static bool
has_status(const struct doc *d, const char *status)
{
	return strcmp(json_str_at(d->body, "status"), status) == 0;
}

/* Changes what the charge says is refunded of it. */
static enum vt_err
change_charge(struct call *c, struct doc *charge, int64_t delta)
{
	int64_t sum = int_of(charge, "amount_refunded") + delta;

	json_put_int(charge->body, "amount_refunded", sum);
	json_put_bool(
	    charge->body, "refunded", sum >= int_of(charge, "amount_captured"));
	return doc_save(c, charge);
}

/* Both events that tell of a change; the older one is for charges' refunds. */
static enum vt_err
save_and_tell(struct call *c, struct doc *refund)
{
	enum vt_err err = doc_save(c, refund);

	if (err == VT_OK)
		err = event_updated(c, "refund.updated", refund);
	return err == VT_OK ? event_updated(c, "charge.refund.updated", refund)
			    : err;
}

static enum vt_err
book(struct call *c, const struct doc *refund, const struct doc *charge,
    bool back, struct doc **out)
{
	bool card = is_card(charge);
	int64_t amount = int_of(refund, "amount");
	const char *text = json_str_at(charge->body, "description");
	const char *what = back ? "REFUND FAILURE FOR" : "REFUND FOR";

	return balance_book(c,
	    &(struct balance_entry){ .type = back ? "refund_failure"
		    : card			  ? "refund"
						  : "payment_refund",
		.category = back ? "refund_failure" : "refund",
		.amount = back ? amount : -amount,
		.currency = json_str_at(refund->body, "currency"),
		.description = text == NULL
		    ? arena_printf(
			  c->arena, "%s %s", what, card ? "CHARGE" : "PAYMENT")
		    : arena_printf(c->arena, "%s %s (%s)", what,
			  card ? "CHARGE" : "PAYMENT", text),
		.source = refund->id },
	    out);
}

/* Refuses what cannot be refunded. */
static enum vt_err
check(struct call *c, const struct doc *charge, int64_t amount, int64_t left)
{
	const char *currency = json_str_at(charge->body, "currency");
	char asked[MONEY_TEXT_BYTES], rest[MONEY_TEXT_BYTES];
	bool captured = false;
	enum vt_err err;

	if (!has_status(charge, "succeeded"))
		return call_fail(c, 400, NULL, NULL,
		    "Charge %s has a status of %s; only one that succeeded "
		    "can be refunded.",
		    charge->id, json_str_at(charge->body, "status"));
	(void)json_bool(json_get(charge->body, "captured"), &captured);
	if (!captured)
		return call_fail(c, 400, NULL, NULL,
		    "Charge %s was never captured: cancel its PaymentIntent "
		    "instead of refunding it.",
		    charge->id);
	err = dispute_check_refund(c, charge);
	if (err != VT_OK)
		return err;
	if (left <= 0)
		return call_fail(c, 400, "charge_already_refunded", NULL,
		    "Charge %s has already been refunded.", charge->id);
	if (amount <= left)
		return VT_OK;
	money_format(amount, currency, asked);
	money_format(left, currency, rest);
	return call_fail(c, 400, NULL, "amount",
	    "Refund amount (%s %s) is greater than unrefunded amount on "
	    "charge (%s %s)",
	    asked, currency, rest, currency);
}

/* What the customer's bank will see of it. */
static void
put_destination(struct doc *refund, const struct doc *charge)
{
	const char *type =
	    json_str_at(charge->body, "payment_method_details.type");
	struct json *o = json_put_object(refund->body, "destination_details");
	struct json *of = json_put_object(o,
	    strcmp(type, "us_bank_account") == 0 ? "us_bank_transfer" : type);

	if (is_card(charge)) {
		json_put_str(of, "reference_status", "pending");
		json_put_str(of, "reference_type", "acquirer_reference_number");
		json_put_str(of, "type", "refund");
	}
	json_put_str(o, "type",
	    strcmp(type, "us_bank_account") == 0 ? "us_bank_transfer" : type);
}

/* The bank named the reference by which the customer can ask for it. */
static void
put_reference(struct call *c, struct doc *refund)
{
	struct json *card =
	    json_edit(json_edit(refund->body, "destination_details"), "card");
	const char *random = ids_random(c->arena, REFERENCE_DIGITS);
	char *digits = arena_strdup(c->arena, random);

	if (card == NULL)
		return;
	for (char *p = digits; *p != '\0'; p++)
		*p = (char)('0' + (unsigned char)*p % 10);
	json_put_str(card, "reference", digits);
	json_put_str(card, "reference_status", "available");
}

static void
put_question(struct call *c, struct doc *refund, const char *email)
{
	struct json *next = json_put_object(refund->body, "next_action");
	struct json *o = json_put_object(next, "display_details"), *sent;

	sent = json_put_object(o, "email_sent");
	json_put_int(sent, "email_sent_at", c->now_s);
	json_put_str(sent, "email_sent_to", email);
	json_put_int(o, "expires_at", c->now_s + ANSWER_S);
	json_put_str(next, "type", "display_details");
}

static void
wait_s(struct call *c, struct doc *refund, int64_t seconds)
{
	refund->due_ms = (c->now_s + seconds) * 1000;
}

/* Its first status, and when something will happen to it. */
static enum vt_err
begin(struct call *c, struct doc *refund, const struct doc *charge,
    const struct refund_order *o)
{
	enum refund_course course = o->course;
	enum card_after after = charge_after(c, charge);

	if (course == REFUND_BY_CARD)
		course = after == AFTER_REFUND_WAITS ? REFUND_PENDING
		    : after == AFTER_REFUND_FAILS    ? REFUND_FAILS
						     : REFUND_BY_CARD;
	if (course == REFUND_ASKS && o->instructions_email == NULL)
		return call_fail(c, 400, "parameter_missing",
		    "instructions_email",
		    "Missing required param: instructions_email.");
	json_put_bool(refund->hidden, "fails", course == REFUND_FAILS);
	if (course == REFUND_ASKS) {
		json_put_str(refund->body, "status", "requires_action");
		put_question(c, refund, o->instructions_email);
		wait_s(c, refund, ANSWER_S);
	} else if (course == REFUND_PENDING || !is_card(charge)) {
		json_put_str(refund->body, "pending_reason", "processing");
		json_put_str(refund->body, "status", "pending");
		wait_s(c, refund, is_card(charge) ? CARD_S : BANK_S);
	} else {
		json_put_str(refund->body, "status", "succeeded");
		wait_s(
		    c, refund, course == REFUND_FAILS ? CARD_S : REFERENCE_S);
	}
	return VT_OK;
}

static void
fill(struct call *c, struct doc *d, const struct doc *charge, int64_t amount)
{
	static const char *const copied[] = { "currency", "customer",
		"payment_intent", "payment_method", NULL };

	if (!is_card(charge))
		doc_prefix(c, d, "pyr_");
	doc_apply(d->body, charge->body, copied);
	json_put_int(d->body, "amount", amount);
	json_put_str(d->body, "charge", charge->id);
}

enum vt_err
refund_make(struct call *c, const struct refund_order *o, struct doc **out)
{
	struct doc *d = doc_new(c, R_REFUND), *entry, *charge = o->charge;
	int64_t left = int_of(charge, "amount_captured") -
	    int_of(charge, "amount_refunded");
	int64_t amount = o->amount == 0 ? left : o->amount;
	enum vt_err err;

	err = check(c, charge, amount, left);
	if (err != VT_OK)
		return err;
	fill(c, d, charge, amount);
	json_put_str(d->body, "reason", o->reason);
	if (o->instructions_email != NULL)
		json_put_str(
		    d->body, "instructions_email", o->instructions_email);
	doc_metadata(c, d->body, o->metadata);
	put_destination(d, charge);
	err = begin(c, d, charge, o);
	if (err == VT_OK)
		err = book(c, d, charge, false, &entry);
	if (err != VT_OK)
		return err;
	json_put_str(d->body, "balance_transaction", entry->id);
	err = doc_save(c, d);
	if (err == VT_OK)
		err = event_emit(c, "refund.created", d);
	if (err == VT_OK)
		err = change_charge(c, charge, amount);
	if (err == VT_OK)
		err = event_updated(c, "charge.refunded", charge);
	*out = d;
	return err == VT_OK ? dispute_refunded(c, charge) : err;
}

enum vt_err
refund_release(struct call *c, struct doc *charge, bool expired)
{
	struct doc *d = doc_new(c, R_REFUND);
	int64_t amount = int_of(charge, "amount");
	enum vt_err err;

	fill(c, d, charge, amount);
	json_put_str(
	    d->body, "reason", expired ? "expired_uncaptured_charge" : NULL);
	json_put_str(d->body, "status", "succeeded");
	put_destination(d, charge);
	if (is_card(charge))
		json_put_text(json_edit(d->body, "destination_details"), "card",
		    "{\"type\":\"reversal\"}");
	json_put_int(charge->body, "amount_refunded", amount);
	json_put_bool(charge->body, "refunded", true);
	err = doc_save(c, d);
	if (err == VT_OK)
		err = event_emit(c, "refund.created", d);
	if (err == VT_OK)
		err = doc_save(c, charge);
	if (err == VT_OK)
		err = event_updated(
		    c, expired ? "charge.expired" : "charge.refunded", charge);
	return err;
}

/* The money comes back: the charge can be refunded again. */
static enum vt_err
undo(struct call *c, struct doc *refund, const char *status, const char *why)
{
	struct doc *entry,
	    *charge =
		doc_find(c, R_CHARGE, json_str_at(refund->body, "charge"));
	enum vt_err err;

	if (charge == NULL)
		return VT_DB;
	err = book(c, refund, charge, true, &entry);
	if (err != VT_OK)
		return err;
	json_put_str(refund->body, "status", status);
	json_put_str(refund->body, "failure_balance_transaction", entry->id);
	if (why != NULL)
		json_put_str(refund->body, "failure_reason", why);
	json_remove(refund->body, "next_action");
	json_remove(refund->body, "pending_reason");
	refund->due_ms = 0;
	err = save_and_tell(c, refund);
	if (err == VT_OK && why != NULL)
		err = event_emit(c, "refund.failed", refund);
	return err == VT_OK
	    ? change_charge(c, charge, -int_of(refund, "amount"))
	    : err;
}

enum vt_err
refund_cancel(struct call *c, struct doc *refund)
{
	if (!has_status(refund, "requires_action"))
		return call_fail(c, 400, NULL, NULL,
		    "You can only cancel a refund with a status of "
		    "requires_action; this one has %s.",
		    json_str_at(refund->body, "status"));
	return undo(c, refund, "canceled", NULL);
}

enum vt_err
refund_due(struct call *c, struct doc *refund)
{
	bool fails = false;

	(void)json_bool(json_get(refund->hidden, "fails"), &fails);
	if (has_status(refund, "requires_action"))
		return undo(c, refund, "failed", "unknown");
	if (fails)
		return undo(c, refund, "failed", "expired_or_canceled_card");
	refund->due_ms = 0;
	json_put_str(refund->body, "status", "succeeded");
	json_remove(refund->body, "pending_reason");
	put_reference(c, refund);
	return save_and_tell(c, refund);
}
