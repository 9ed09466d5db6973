/*
 * fulfil: what a fact from Stripe does to our books.
 *
 * The one place where a payment becomes tokens. The webhook, the confirm call
 * and reconciler all end here with the same structs, so it does not matter
 * who tells first, how often, or in which order.
 */
#ifndef VT_BILLING_FULFIL_H
#define VT_BILLING_FULFIL_H

#include <stdint.h>

#include "base/err.h"
#include "billing/orders.h"
#include "store/db.h"
#include "store/migrate.h"
#include "stripe/objects.h"

/* Where a fact was learnt; one that we fetched needs no second look. */
enum fulfil_source {
	FULFIL_WEBHOOK, /* a signed event: believed, re-read within minutes */
	FULFIL_FETCHED	/* an answer of Stripe's API to our own key */
};

enum fulfil_outcome {
	FULFIL_APPLIED,
	FULFIL_DUPLICATE,  /* it had its effect before */
	FULFIL_IRRELEVANT, /* not ours, or nothing to do; see reason */
	FULFIL_WAITING,	   /* `need` has to be fetched first */
	FULFIL_PARKED,	   /* a person has to decide; see reason */
	FULFIL_OUTCOME__MAX
};
const char *fulfil_outcome_name(enum fulfil_outcome o);

struct fulfil_done {
	enum fulfil_outcome outcome;
	const char *reason;	    /* a stable word, constant; never NULL */
	char need[STRIPE_ID_BYTES]; /* with WAITING: the intent to fetch */
	bool granted;		    /* tokens were granted by this very call */
	bool refound; /* the order was found by metadata, not by its intent */
	struct order order; /* order.id 0: none was found */
	int64_t balance;    /* available to the user, when granted */
};

/*
 * A PaymentIntent in any state. Finds the order by its stored intent, else
 * by metadata with our own instance in it (R22), checks amount, currency and
 * customer (R14), moves order and transaction, and grants under the cause
 * pi:<intent> (R15). Inside an operation. A result other than VT_OK means
 * that nothing of it may stay.
 */
enum vt_err fulfil_intent(struct db *db, const struct instance *instance,
    const struct stripe_intent *pi, enum fulfil_source source, int64_t now_ms,
    struct fulfil_done *out) VT_MUSTCHECK;

/*
 * A charge leads to its intent: if that is granted already, a duplicate,
 * else the intent has to be read (R15).
 */
enum vt_err fulfil_charge(struct db *db, const struct instance *instance,
    const struct stripe_charge *charge, int64_t now_ms,
    struct fulfil_done *out) VT_MUSTCHECK;

/*
 * A Checkout session: unpaid is processing, paid leads to its intent, a
 * failed asynchronous payment fails the order (R19). `type` is the event's.
 */
enum vt_err fulfil_checkout(struct db *db, const struct instance *instance,
    const struct stripe_checkout *cs, const char *type, int64_t now_ms,
    struct fulfil_done *out) VT_MUSTCHECK;

/*
 * One log line for what was done; after the commit, outside the write.
 * `via` is "webhook", "confirm", "reconciler".
 */
void
fulfil_log(const struct fulfil_done *d, const char *via, const char *intent);

#endif
