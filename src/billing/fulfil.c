/* fulfil: see fulfil.h. */
#include "billing/fulfil.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "billing/users.h"
#include "ledger/grant.h"
#include "ledger/lots.h"
#include "ledger/movements.h"
#include "ledger/transactions.h"
#include "notify/outbox.h"
#include "text/json.h"
#include "text/money.h"

enum { PAYMENT_ADD, GRANT_VERIFIED, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[PAYMENT_ADD] = "INSERT INTO payments (pi, charge, order_id, "
			"created_at) VALUES (:pi, :charge, :order, :now)",
	[GRANT_VERIFIED] = "UPDATE grants SET verified_at = :now "
			   "WHERE source = :source AND verified_at IS NULL",
};

static const char *const outcome_names[FULFIL_OUTCOME__MAX] = {
	[FULFIL_APPLIED] = "applied",
	[FULFIL_DUPLICATE] = "duplicate",
	[FULFIL_IRRELEVANT] = "irrelevant",
	[FULFIL_WAITING] = "waiting",
	[FULFIL_PARKED] = "parked",
};

const char *
fulfil_outcome_name(enum fulfil_outcome o)
{
	return outcome_names[o];
}

static enum vt_err
end(struct fulfil_done *out, enum fulfil_outcome outcome, const char *reason)
{
	out->outcome = outcome;
	out->reason = reason;
	return VT_OK;
}

/*
 * Nobody's order: somebody else's payment on the same Stripe account (R9),
 * unless it names this instance or is made by a customer of ours; then a
 * person has to look, for money may have been paid to us.
 */
static enum vt_err
orderless(struct db *db, const struct instance *instance,
    const struct stripe_metadata *m, const char *customer,
    struct fulfil_done *out)
{
	int64_t user;
	enum vt_err err;

	if (strcmp(m->instance, instance->uuid) == 0)
		return end(out, FULFIL_PARKED, "order_missing");
	if (m->instance[0] != '\0')
		return end(out, FULFIL_IRRELEVANT, "other_instance");
	if (customer[0] == '\0')
		return end(out, FULFIL_IRRELEVANT, "not_ours");
	err = user_of_customer(db, customer, &user);
	if (err == VT_OK)
		return end(out, FULFIL_PARKED, "no_order");
	if (err == VT_NOTFOUND)
		return end(out, FULFIL_IRRELEVANT, "not_ours");
	return err;
}

/*
 * By the stored intent, else by our metadata: the webhook may overtake the
 * write that stores the intent (R22). VT_NOTFOUND: neither.
 */
static enum vt_err
find_order(struct db *db, const struct instance *instance, const char *pi,
    const struct stripe_metadata *m, struct fulfil_done *out)
{
	enum vt_err err = VT_NOTFOUND;

	if (pi[0] != '\0')
		err = order_by_intent(db, pi, &out->order);
	if (err != VT_NOTFOUND)
		return err;
	if (strcmp(m->instance, instance->uuid) != 0 || m->order[0] == '\0')
		return VT_NOTFOUND;
	out->refound = true;
	return order_by_public_id(db, m->order, &out->order);
}

/* Why this intent is not what was ordered, or NULL (R14). */
static const char *
mismatch(const struct order *o, const struct stripe_intent *pi)
{
	if (pi->amount != o->amount)
		return "amount_mismatch";
	if (strcmp(pi->currency, o->currency) != 0)
		return "currency_mismatch";
	if (o->customer[0] == '\0' || strcmp(pi->customer, o->customer) != 0)
		return "customer_mismatch";
	if (pi->status == STRIPE_PI_SUCCEEDED &&
	    pi->amount_received != o->amount)
		return "amount_received_mismatch";
	return NULL;
}

/* The mail that follows a purchase; courier renders it. */
static enum vt_err
receipt(struct db *db, const struct order *o, const char *pi, int64_t balance,
    int64_t now_ms)
{
	char display[MONEY_TEXT_BYTES];
	struct arena *a = arena_new();
	struct json *j = json_object(a);
	enum vt_err err;

	money_format(o->amount, o->currency, display);
	json_put_str(j, "order_id", o->public_id);
	json_put_str(j, "transaction_id", o->tx_public_id);
	json_put_int(j, "tokens", o->tokens);
	json_put_int(j, "balance", balance);
	json_put_int(j, "amount", o->amount);
	json_put_str(j, "amount_display", display);
	json_put_str(j, "currency", o->currency);
	err = outbox_add(
	    db, "purchase_receipt", pi, o->user, json_text(a, j), now_ms);
	arena_free(a);
	return err;
}

/* Everything that a paid order brings, or nothing of it. */
static enum vt_err
grant_order(struct db *db, struct order *o, const struct stripe_intent *pi,
    int64_t now_ms, struct fulfil_done *out)
{
	char cause[STRIPE_ID_BYTES + 8];
	struct grant g = { .user = o->user,
		.tx = o->tx,
		.cause = cause,
		.origin = "purchase",
		.paid = true,
		.tokens = o->tokens,
		.cost = o->amount,
		.currency = o->currency,
		.source = cause,
		.charge = pi->latest_charge[0] ? pi->latest_charge : NULL,
		.now_ms = now_ms };
	struct balance balance;
	struct grant_done done;
	enum vt_err err;
	bool moved;

	(void)snprintf(cause, sizeof(cause), "pi:%s", pi->id);
	err = ledger_grant(db, &g, &done);
	if (err != VT_OK)
		return err;
	fault_point("fulfil.after_grant");
	err = order_move(db, o, ORDER_GRANTED, NULL, now_ms, &moved);
	if (err == VT_OK && !moved)
		err = VT_DB;
	if (err == VT_OK)
		err = transaction_stripe(
		    db, o->tx, pi->id, g.charge, NULL, now_ms);
	if (err == VT_OK)
		err = db_exec(db, sql[PAYMENT_ADD], DB_TEXT("pi", pi->id),
		    DB_TEXT("charge", g.charge), DB_INT("order", o->id),
		    DB_INT("now", now_ms));
	if (err == VT_OK)
		err = ledger_balance(db, o->user, now_ms, &balance);
	if (err == VT_OK)
		err = receipt(db, o, pi->id, balance.available, now_ms);
	if (err != VT_OK)
		return err;
	out->granted = true;
	out->balance = balance.available;
	return VT_OK;
}

/* The intent succeeded: grant, or park what is not as ordered. */
static enum vt_err
succeeded(struct db *db, const struct stripe_intent *pi,
    enum fulfil_source source, int64_t now_ms, struct fulfil_done *out)
{
	struct order *o = &out->order;
	char cause[STRIPE_ID_BYTES + 8];
	const char *why = mismatch(o, pi), *note;
	enum vt_err err;
	bool moved;

	(void)snprintf(cause, sizeof(cause), "pi:%s", pi->id);
	if (why != NULL && o->state != ORDER_GRANTED) {
		err = order_move(db, o, ORDER_PARKED, why, now_ms, &moved);
		return err != VT_OK ? err : end(out, FULFIL_PARKED, why);
	}
	note = o->state == ORDER_CANCELED || o->state == ORDER_FAILED ||
		o->state == ORDER_REFUSED
	    ? "paid after it had ended"
	    : NULL;
	err = order_move(db, o, ORDER_PAID, note, now_ms, &moved);
	if (err != VT_OK)
		return err;
	if (moved)
		err = grant_order(db, o, pi, now_ms, out);
	if (err == VT_OK && source == FULFIL_FETCHED && why == NULL)
		err = db_exec(db, sql[GRANT_VERIFIED], DB_INT("now", now_ms),
		    DB_TEXT("source", cause));
	if (err != VT_OK)
		return err;
	if (moved)
		return end(out, FULFIL_APPLIED, "granted");
	if (o->state == ORDER_GRANTED)
		return end(out, FULFIL_DUPLICATE, "already_granted");
	return end(out, FULFIL_PARKED, "order_parked");
}

/* Order and transaction into a state that is not the end, or an end. */
static enum vt_err
move_both(struct db *db, struct fulfil_done *out, enum order_state to,
    const char *status, const char *reason, int64_t now_ms)
{
	bool moved, changed = false;
	enum vt_err err;

	err = order_move(db, &out->order, to, NULL, now_ms, &moved);
	if (err == VT_OK && moved)
		err = transaction_status(
		    db, out->order.tx, status, now_ms, &changed);
	if (err != VT_OK)
		return err;
	return end(out, moved ? FULFIL_APPLIED : FULFIL_DUPLICATE, reason);
}

static enum vt_err
canceled(struct db *db, int64_t now_ms, struct fulfil_done *out)
{
	/* Unpaid after a declined attempt is failed, without one canceled. */
	if (out->order.declined)
		return move_both(
		    db, out, ORDER_FAILED, "failed", "failed", now_ms);
	return move_both(
	    db, out, ORDER_CANCELED, "canceled", "canceled", now_ms);
}

static enum vt_err
by_status(struct db *db, const struct stripe_intent *pi,
    enum fulfil_source source, int64_t now_ms, struct fulfil_done *out)
{
	switch (pi->status) {
	case STRIPE_PI_SUCCEEDED:
		return succeeded(db, pi, source, now_ms, out);
	case STRIPE_PI_PROCESSING:
		return move_both(db, out, ORDER_PROCESSING, "processing",
		    "processing", now_ms);
	case STRIPE_PI_REQUIRES_ACTION:
		return move_both(db, out, ORDER_REQUIRES_ACTION,
		    "requires_action", "requires_action", now_ms);
	case STRIPE_PI_REQUIRES_PAYMENT_METHOD:
		return move_both(db, out, ORDER_OPEN, "pending",
		    pi->failed ? "declined" : "open", now_ms);
	case STRIPE_PI_CANCELED:
		return canceled(db, now_ms, out);
	case STRIPE_PI_REQUIRES_CONFIRMATION:
	case STRIPE_PI_REQUIRES_CAPTURE:
	case STRIPE_PI_OTHER:
		break;
	}
	return end(out, FULFIL_IRRELEVANT, "no_change");
}

/* Ties the intent to an order that was found by metadata. */
static enum vt_err
attach(struct db *db, const struct stripe_intent *pi, int64_t now_ms,
    struct fulfil_done *out)
{
	struct order *o = &out->order;

	if (o->pi[0] != '\0' || mismatch(o, pi) != NULL)
		return VT_CONFLICT;
	return order_intent(db, o, pi->id, now_ms);
}

enum vt_err
fulfil_intent(struct db *db, const struct instance *instance,
    const struct stripe_intent *pi, enum fulfil_source source, int64_t now_ms,
    struct fulfil_done *out)
{
	const char *why;
	enum vt_err err;
	bool moved;

	memset(out, 0, sizeof(*out));
	if (pi->livemode != instance->livemode)
		return end(out, FULFIL_PARKED, "livemode_mismatch");
	err = find_order(db, instance, pi->id, &pi->metadata, out);
	if (err == VT_NOTFOUND)
		return orderless(
		    db, instance, &pi->metadata, pi->customer, out);
	if (err == VT_OK && out->refound) {
		err = attach(db, pi, now_ms, out);
		if (err == VT_CONFLICT && out->order.pi[0] != '\0')
			return end(out, FULFIL_PARKED, "second_intent");
		if (err == VT_CONFLICT) {
			why = mismatch(&out->order, pi);
			if (pi->status != STRIPE_PI_SUCCEEDED)
				return end(out, FULFIL_PARKED, why);
			err = order_move(
			    db, &out->order, ORDER_PARKED, why, now_ms, &moved);
			return err != VT_OK ? err
					    : end(out, FULFIL_PARKED, why);
		}
	}
	if (err == VT_OK && pi->failed)
		err = order_declined(db, &out->order);
	if (err != VT_OK)
		return err;
	return by_status(db, pi, source, now_ms, out);
}

/* An intent that must be read, unless its order is granted already. */
static enum vt_err
through_intent(struct db *db, const struct instance *instance,
    const char *intent, const char *customer, const struct stripe_metadata *m,
    struct fulfil_done *out)
{
	enum vt_err err;

	err = find_order(db, instance, intent, m, out);
	if (err == VT_OK && out->order.state == ORDER_GRANTED &&
	    strcmp(out->order.pi, intent) == 0)
		return end(out, FULFIL_DUPLICATE, "already_granted");
	if (err == VT_NOTFOUND) {
		err = orderless(db, instance, m, customer, out);
		if (err != VT_OK || out->outcome == FULFIL_IRRELEVANT)
			return err;
	}
	if (err != VT_OK)
		return err;
	if (intent[0] == '\0')
		return end(out, FULFIL_PARKED, "no_intent");
	(void)snprintf(out->need, sizeof(out->need), "%s", intent);
	return end(out, FULFIL_WAITING, "intent_to_be_read");
}

enum vt_err
fulfil_charge(struct db *db, const struct instance *instance,
    const struct stripe_charge *charge, int64_t now_ms, struct fulfil_done *out)
{
	(void)now_ms; /* a charge alone changes nothing */
	memset(out, 0, sizeof(*out));
	if (strcmp(charge->status, "succeeded") != 0)
		return end(out, FULFIL_IRRELEVANT, "charge_not_succeeded");
	return through_intent(db, instance, charge->intent, charge->customer,
	    &charge->metadata, out);
}

enum vt_err
fulfil_checkout(struct db *db, const struct instance *instance,
    const struct stripe_checkout *cs, const char *type, int64_t now_ms,
    struct fulfil_done *out)
{
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	if (strcmp(cs->mode, "payment") != 0)
		return end(out, FULFIL_IRRELEVANT, "not_a_purchase");
	if (strcmp(cs->payment_status, "paid") == 0 ||
	    strcmp(cs->payment_status, "no_payment_required") == 0)
		return through_intent(
		    db, instance, cs->intent, cs->customer, &cs->metadata, out);
	err = find_order(db, instance, cs->intent, &cs->metadata, out);
	if (err == VT_NOTFOUND)
		return orderless(
		    db, instance, &cs->metadata, cs->customer, out);
	if (err != VT_OK)
		return err;
	if (strcmp(type, "checkout.session.async_payment_failed") == 0) {
		err = order_declined(db, &out->order);
		if (err != VT_OK)
			return err;
		return move_both(
		    db, out, ORDER_FAILED, "failed", "payment_failed", now_ms);
	}
	if (strcmp(type, "checkout.session.expired") == 0)
		return canceled(db, now_ms, out);
	return move_both(db, out, ORDER_PROCESSING, "processing",
	    "awaiting_payment", now_ms);
}

void
fulfil_log(const struct fulfil_done *d, const char *via, const char *intent)
{
	bool known = d->order.id != 0;

	if (d->granted)
		LOG(LOG_INFO, "tokens.granted", LOG_S("via", via),
		    LOG_S("order", d->order.public_id),
		    LOG_S("transaction", d->order.tx_public_id),
		    LOG_S("payment_intent", intent),
		    LOG_I("tokens", d->order.tokens),
		    LOG_I("balance", d->balance));
	else
		LOG(d->outcome == FULFIL_PARKED ? LOG_WARN : LOG_INFO,
		    "payment.fact", LOG_S("via", via),
		    LOG_S("outcome", outcome_names[d->outcome]),
		    LOG_S("reason", d->reason), LOG_S("payment_intent", intent),
		    LOG_S("order", known ? d->order.public_id : NULL),
		    LOG_S("state",
			known ? order_state_name(d->order.state) : NULL));
}
