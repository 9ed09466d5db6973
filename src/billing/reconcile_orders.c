/*
 * reconcile_orders: events that wait for an object, orders that are not
 * finished, grants that were made on a webhook's word. All three come down
 * to reading a PaymentIntent from Stripe itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "billing/events.h"
#include "billing/orders.h"
#include "billing/reconcile_steps.h"
#include "ledger/grant.h"
#include "ledger/transactions.h"
#include "stripe/params.h"

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

/* ---- events ----------------------------------------------------------------
 */

struct events {
	struct event_id rows[RECONCILE_BATCH];
	size_t count;
};

static enum vt_err
events_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const int64_t *now_ms = in;
	struct events *e = out;

	(void)p;
	return events_waiting_due(
	    db, *now_ms, e->rows, countof(e->rows), &e->count);
}

struct need_in {
	const char *need;
	const char *reason; /* NULL: wait longer, else parked for this */
	int64_t now_ms;
};

static enum vt_err
need_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct need_in *i = in;

	(void)out;
	(void)p;
	if (i->reason == NULL)
		return events_postpone(db, i->need, i->now_ms);
	return events_settle(db, i->need, FULFIL_PARKED, i->reason, i->now_ms);
}

static void
settle_event(struct round *t, const struct event_id *e)
{
	struct need_in in = { .need = e->need, .now_ms = clock_now_ms() };
	struct vt_problem p = { 0 }, ignored;
	struct fulfil_done done;
	struct stripe_intent pi;
	enum vt_err err;

	t->tally->looked++;
	err = round_intent(t, e->need, &pi, &p);
	if (err == VT_OK)
		err = round_fulfil(t, &pi, 0, 0, &done, &p);
	if (err == VT_OK) {
		round_settled(t);
		return;
	}
	round_bad(t, "event", e->id, err, &p);
	/* What Stripe does not have or we cannot read is for a person. */
	if (err == VT_NOTFOUND)
		in.reason = "object_missing";
	else if (err == VT_INVALID)
		in.reason = "unreadable_object";
	if (round_write(t, need_op, &in, NULL, &ignored) != VT_OK)
		t->tally->away = true;
}

void
reconcile_events(struct round *t)
{
	struct events *e = must(calloc(1, sizeof(*e)));
	int64_t now_ms = clock_now_ms();
	struct vt_problem p;

	for (int rows = 0; rows < RECONCILE_ROUND_MAX && !round_over(t);
	     rows += RECONCILE_BATCH) {
		if (round_read(t, events_op, &now_ms, e, &p) != VT_OK)
			break;
		for (size_t i = 0; i < e->count && !round_over(t); i++) {
			settle_event(t, &e->rows[i]);
			arena_reset(t->arena);
		}
		if (e->count < RECONCILE_BATCH)
			break;
	}
	free(e);
}

/* ---- orders ----------------------------------------------------------------
 */

struct orders {
	struct order rows[RECONCILE_BATCH];
	size_t count;
};

static enum vt_err
orders_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const int64_t *now_ms = in;
	struct orders *o = out;

	(void)p;
	return orders_due(db, *now_ms, o->rows, countof(o->rows), &o->count);
}

struct order_in {
	const struct order *order;
	const char *path, *params;
	int64_t now_ms;
};

static enum vt_err
checked_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct order_in *i = in;

	(void)out;
	(void)p;
	return order_checked(db, i->order->id, i->now_ms);
}

static enum vt_err
cancel_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct order_in *i = in;

	(void)p;
	return attempt_open(db, "cancel", i->order->public_id, i->path,
	    i->params, i->now_ms, out);
}

/*
 * Nobody paid for a day: the intent is canceled at Stripe, and only its
 * answer ends the order. A buyer who pays at that very moment wins: Stripe
 * refuses the cancel, and the next look grants.
 */
static enum vt_err
cancel(struct round *t, const struct order *o, struct vt_problem *p)
{
	struct order_in in = { .order = o, .now_ms = clock_now_ms() };
	struct attempt *at = must(calloc(1, sizeof(*at)));
	enum vt_err err;

	in.path =
	    arena_printf(t->arena, "/v1/payment_intents/%s/cancel", o->pi);
	in.params = stripe_params_cancel_abandoned(t->arena);
	err = round_write(t, cancel_op, &in, at, p);
	if (err == VT_OK)
		err = attempt_send(t, at, p);
	free(at);
	return err;
}

static bool
abandoned(const struct order *o, int64_t now_ms)
{
	return now_ms - o->created_at >= ORDER_ABANDONED_MS &&
	    (o->state == ORDER_OPEN || o->state == ORDER_REQUIRES_ACTION);
}

static void
settle_order(struct round *t, const struct order *o)
{
	struct order_in in = { .order = o, .now_ms = clock_now_ms() };
	struct vt_problem p = { 0 }, ignored;
	struct fulfil_done done;
	struct stripe_intent pi;
	enum vt_err err;

	t->tally->looked++;
	err = round_intent(t, o->pi, &pi, &p);
	if (err == VT_OK)
		err = round_fulfil(t, &pi, 0, o->id, &done, &p);
	if (err == VT_OK && abandoned(&done.order, in.now_ms))
		err = cancel(t, &done.order, &p);
	if (err == VT_OK) {
		round_settled(t);
		return;
	}
	round_bad(t, "order", o->public_id, err, &p);
	/* Looked at, in vain: its turn comes after the others'. When nobody
	 * answers, it stays first. */
	if (!t->tally->away &&
	    round_write(t, checked_op, &in, NULL, &ignored) != VT_OK)
		t->tally->away = true;
}

void
reconcile_orders(struct round *t)
{
	struct orders *o = must(calloc(1, sizeof(*o)));
	int64_t now_ms = clock_now_ms();
	struct vt_problem p;

	for (int rows = 0; rows < RECONCILE_ROUND_MAX && !round_over(t);
	     rows += RECONCILE_BATCH) {
		if (round_read(t, orders_op, &now_ms, o, &p) != VT_OK)
			break;
		for (size_t i = 0; i < o->count && !round_over(t); i++) {
			settle_order(t, &o->rows[i]);
			arena_reset(t->arena);
		}
		if (o->count < RECONCILE_BATCH)
			break;
	}
	free(o);
}

/* ---- orders without an intent ----------------------------------------------
 */

static enum vt_err
forsaken_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const int64_t *now_ms = in;
	struct orders *o = out;

	(void)p;
	return orders_forsaken(
	    db, *now_ms, o->rows, countof(o->rows), &o->count);
}

/* Listed anew, since a buyer may have come again meanwhile. */
static enum vt_err
end_forsaken_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const int64_t *now_ms = in;
	struct orders *o = out;
	enum vt_err err;
	bool moved;

	err = forsaken_op(db, in, out, p);
	for (size_t i = 0; i < o->count && err == VT_OK; i++) {
		err = order_move(db, &o->rows[i], ORDER_CANCELED, "no intent",
		    *now_ms, &moved);
		if (err == VT_OK)
			err = transaction_status(
			    db, o->rows[i].tx, "canceled", *now_ms, &moved);
		/* The same key is a new order from now on. */
		if (err == VT_OK)
			err = order_forget_request(db, o->rows[i].id);
	}
	return err;
}

/*
 * Nothing at Stripe has to be canceled for these. Should there be an intent
 * after all, and be paid, it still finds its order.
 */
void
reconcile_forsaken(struct round *t)
{
	struct orders *o = must(calloc(1, sizeof(*o)));
	int64_t now_ms = clock_now_ms();
	struct vt_problem p = { 0 };
	enum vt_err err;

	err = round_read(t, forsaken_op, &now_ms, o, &p);
	if (err == VT_OK && o->count > 0) {
		t->tally->looked += (int)o->count;
		err = round_write(t, end_forsaken_op, &now_ms, o, &p);
		if (err != VT_OK)
			round_bad(t, "order", o->rows[0].public_id, err, &p);
		for (size_t i = 0; i < o->count && err == VT_OK; i++) {
			round_settled(t);
			LOG(LOG_INFO, "order.forsaken",
			    LOG_S("order", o->rows[i].public_id));
		}
	}
	free(o);
}

/* ---- grants ----------------------------------------------------------------
 */

#define SOURCE_PREFIX "pi:"

struct grants {
	struct grant_open rows[RECONCILE_BATCH];
	size_t count;
};

static enum vt_err
grants_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const int64_t *after = in;
	struct grants *g = out;

	(void)p;
	return grants_unverified(
	    db, SOURCE_PREFIX, *after, g->rows, countof(g->rows), &g->count);
}

struct alarm_in {
	int64_t tx;
	const char *why;
};

static enum vt_err
alarm_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct alarm_in *i = in;

	(void)out;
	(void)p;
	return grant_alarm(db, i->tx, i->why, clock_now_ms());
}

static enum vt_err
verified_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct grant_open *g = in;
	bool *verified = out;
	enum vt_err err = grant_is_verified(db, g->tx);

	(void)p;
	*verified = err == VT_OK;
	return err == VT_NOTFOUND ? VT_OK : err;
}

/* Stripe does not say what the webhook said: somebody else may have its
 * secret. The tokens that are left are frozen. */
static enum vt_err
raise_alarm(struct round *t, const struct grant_open *g, const char *why,
    struct vt_problem *p)
{
	const struct alarm_in in = { .tx = g->tx, .why = why };

	t->tally->alarms++;
	LOG(LOG_ERROR, "grant.not_confirmed", LOG_S("source", g->source),
	    LOG_I("tx", g->tx), LOG_S("why", why));
	return round_write(t, alarm_op, &in, NULL, p);
}

static enum vt_err
compare(struct round *t, const struct grant_open *g, struct vt_problem *p)
{
	struct fulfil_done done;
	struct stripe_intent pi;
	bool verified = false;
	enum vt_err err;

	err = round_intent(t, g->source + strlen(SOURCE_PREFIX), &pi, p);
	if (err == VT_NOTFOUND)
		return raise_alarm(t, g, "object_missing", p);
	if (err == VT_INVALID)
		return raise_alarm(t, g, "unreadable_object", p);
	if (err != VT_OK)
		return err;
	if (pi.status != STRIPE_PI_SUCCEEDED)
		return raise_alarm(t, g, "not_succeeded", p);
	/* Sets verified_at when amount, currency and customer agree (R14). */
	err = round_fulfil(t, &pi, 0, 0, &done, p);
	if (err == VT_OK)
		err = round_read(t, verified_op, g, &verified, p);
	if (err == VT_OK && !verified)
		err = raise_alarm(t, g, "mismatch", p);
	return err;
}

void
reconcile_grants(struct round *t)
{
	struct grants *g = must(calloc(1, sizeof(*g)));
	int64_t *after = &t->r->grant_cursor;
	struct vt_problem p;

	for (int rows = 0; rows < RECONCILE_ROUND_MAX && !round_over(t);
	     rows += RECONCILE_BATCH) {
		if (round_read(t, grants_op, after, g, &p) != VT_OK)
			break;
		for (size_t i = 0; i < g->count && !round_over(t); i++) {
			struct vt_problem why = { 0 };
			enum vt_err err = compare(t, &g->rows[i], &why);

			t->tally->looked++;
			if (err == VT_OK)
				round_settled(t);
			else
				round_bad(
				    t, "grant", g->rows[i].source, err, &why);
			*after = g->rows[i].tx;
			arena_reset(t->arena);
		}
		/* The end: the next round begins with the oldest again. */
		if (g->count < RECONCILE_BATCH && !round_over(t)) {
			*after = 0;
			break;
		}
	}
	free(g);
}
