/* reconcile: see reconcile.h. A round, and what its steps have in common. */
#include "billing/reconcile.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "billing/events.h"
#include "billing/orders.h"
#include "billing/reconcile_steps.h"

bool
round_over(struct round *t)
{
	return t->tally->away || (t->r->stopped != NULL && t->r->stopped());
}

void
round_settled(struct round *t)
{
	t->failures = 0;
	t->tally->settled++;
}

void
round_bad(struct round *t, const char *what, const char *id, enum vt_err err,
    const struct vt_problem *p)
{
	t->tally->bad++;
	/* One object that cannot be settled stops nothing (R95). What Stripe
	 * does not have, or we cannot use, says nothing about Stripe; other
	 * failures in a row do, and the next round tries again. */
	if (err == VT_NOTFOUND || err == VT_INVALID)
		t->failures = 0;
	else if (++t->failures >= RECONCILE_FAILURES_MAX)
		t->tally->away = true;
	LOG(LOG_WARN, "reconcile.unsettled", LOG_S("what", what),
	    LOG_S("id", id), LOG_S("result", vt_err_name(err)),
	    LOG_S("code", p->code), LOG_S("field", p->field));
}

enum vt_err
round_call(struct round *t, const char *method, const char *path,
    const char *params, const char *key, struct stripe_reply *reply,
    struct vt_problem *p)
{
	const struct stripe_call call = { .method = method,
		.path = path,
		.params = params,
		.key = key,
		.deadline_mono_ms = clock_mono_ms() + STRIPE_DEADLINE_MS };
	enum vt_err err;

	memset(p, 0, sizeof(*p));
	err = stripe_do(t->r->shop->stripe, t->arena, &call, reply, p);
	if ((err == VT_BUSY && reply->status == 0) || reply->status == 401)
		t->tally->away = true;
	return err;
}

enum vt_err
round_write(struct round *t, write_fn fn, const void *in, void *out,
    struct vt_problem *p)
{
	enum vt_err err = writer_run(t->r->shop->writer, fn, in, out, p);

	if (err == VT_BUSY || writer_failed(t->r->shop->writer))
		t->tally->away = true;
	return err;
}

enum vt_err
round_read(struct round *t, read_fn fn, const void *in, void *out,
    struct vt_problem *p)
{
	enum vt_err err = readers_run(t->r->shop->readers, fn, in, out, p);

	if (err != VT_OK) {
		t->tally->away = true;
		LOG(LOG_ERROR, "reconcile.read_failed",
		    LOG_S("result", vt_err_name(err)));
	}
	return err;
}

enum vt_err
round_intent(struct round *t, const char *id, struct stripe_intent *out,
    struct vt_problem *p)
{
	struct stripe_reply reply;
	enum vt_err err;

	if (!stripe_id_valid(id))
		return vt_problem(p, VT_NOTFOUND, "not_an_id", NULL,
		    "This is no id of Stripe's.");
	err = round_call(t, "GET",
	    arena_printf(t->arena, "/v1/payment_intents/%s", id), NULL, NULL,
	    &reply, p);
	if (err != VT_OK)
		return err;
	return stripe_intent_read(reply.body, out, p);
}

/* ---- what an intent means -------------------------------------------------
 */

struct intent_in {
	const struct instance *instance;
	const struct stripe_intent *pi;
	int64_t attempt, order; /* 0: none */
	int64_t now_ms;
};

static enum vt_err
intent_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct intent_in *i = in;
	struct fulfil_done *done = out;
	enum vt_err err;

	(void)p; /* nobody is asking */
	err = fulfil_intent(
	    db, i->instance, i->pi, FULFIL_FETCHED, i->now_ms, done);
	if (err == VT_OK && i->attempt != 0)
		err = attempt_done(db, i->attempt, i->pi->id, i->now_ms);
	if (err == VT_OK && i->order != 0)
		err = order_checked(db, i->order, i->now_ms);
	if (err == VT_OK)
		err = events_settle(
		    db, i->pi->id, done->outcome, done->reason, i->now_ms);
	return err;
}

enum vt_err
round_fulfil(struct round *t, const struct stripe_intent *pi, int64_t attempt,
    int64_t order, struct fulfil_done *out, struct vt_problem *p)
{
	const struct intent_in in = { .instance = t->r->shop->instance,
		.pi = pi,
		.attempt = attempt,
		.order = order,
		.now_ms = clock_now_ms() };
	enum vt_err err = round_write(t, intent_op, &in, out, p);

	if (err == VT_OK && out->outcome != FULFIL_DUPLICATE)
		fulfil_log(out, "reconciler", pi->id);
	return err;
}

void
reconcile_run(struct reconcile *r, struct reconcile_tally *out)
{
	static void (*const steps[])(struct round *) = {
		reconcile_attempts,
		reconcile_events,
		reconcile_orders,
		reconcile_forsaken,
		reconcile_grants,
		reconcile_sweep,
	};
	struct round t = { .r = r, .tally = out, .arena = arena_new() };

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < countof(steps) && !round_over(&t); i++) {
		t.failures = 0;
		steps[i](&t);
	}
	arena_free(t.arena);
}
