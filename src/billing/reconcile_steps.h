/* reconcile_steps: what the parts of a round share; for reconcile*.c alone. */
#ifndef VT_BILLING_RECONCILE_STEPS_H
#define VT_BILLING_RECONCILE_STEPS_H

#include "base/arena.h"
#include "billing/attempts.h"
#include "billing/fulfil.h"
#include "billing/reconcile.h"

#define RECONCILE_BATCH 20 /* rows read at once */
/* Rows of one kind in one round: a flood of them does not hold up the rest. */
#define RECONCILE_ROUND_MAX 500
/* Failures in a row after which it is taken to be Stripe, not the objects. */
#define RECONCILE_FAILURES_MAX 3

struct round {
	struct reconcile *r;
	struct reconcile_tally *tally;
	struct arena *arena; /* emptied for each row */
	int failures;	     /* in a row */
};

/* True when the round shall end: asked to, or nobody answers. */
bool round_over(struct round *t);

/* Counts a row that was settled, or one that was not, and says why. */
void round_settled(struct round *t);
void round_bad(struct round *t, const char *what, const char *id,
    enum vt_err err, const struct vt_problem *p);

/*
 * A call to Stripe. As stripe_do(); out of reach (or a key that is refused)
 * ends the round.
 */
enum vt_err round_call(struct round *t, const char *method, const char *path,
    const char *params, const char *key, struct stripe_reply *reply,
    struct vt_problem *p) VT_MUSTCHECK;

/* A write; a database that is busy ends the round. */
enum vt_err round_write(struct round *t, write_fn fn, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

/* A read; the same. */
enum vt_err round_read(struct round *t, read_fn fn, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

/*
 * GET of a PaymentIntent. VT_NOTFOUND: Stripe has none of this id;
 * VT_INVALID: it has, and it cannot be used.
 */
enum vt_err round_intent(struct round *t, const char *id,
    struct stripe_intent *out, struct vt_problem *p) VT_MUSTCHECK;

/*
 * Books what an intent that Stripe itself told us means: fulfil, the end of
 * the attempt that made it (0: none), and of the events that waited for it.
 */
enum vt_err
round_fulfil(struct round *t, const struct stripe_intent *pi, int64_t attempt,
    int64_t order, struct fulfil_done *out, struct vt_problem *p) VT_MUSTCHECK;

/*
 * Sends an attempt with its own key and bytes and writes how it ended.
 * VT_OK: it is done or refused.
 */
enum vt_err attempt_send(struct round *t, const struct attempt *at,
    struct vt_problem *p) VT_MUSTCHECK;

/* The steps. */
void reconcile_attempts(struct round *t);
void reconcile_events(struct round *t);
void reconcile_orders(struct round *t);
void reconcile_forsaken(struct round *t);
void reconcile_grants(struct round *t);
void reconcile_sweep(struct round *t);

#endif
