/*
 * settle: takes back what refunds and lost disputes undo, and restores it
 * when they are undone themselves. The only code that does either.
 *
 * Facts are rows (refunds, disputes), merged by rank, so it does not matter
 * in which order or how often they are told. From them follows how much of a
 * grant is to be taken back; the difference to what is booked is one step,
 * adj:<grant>:<n>. Replays book nothing (R51..R57).
 */
#ifndef VT_LEDGER_SETTLE_H
#define VT_LEDGER_SETTLE_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

/* A refund as Stripe told it last. */
struct refund_fact {
	const char *re;
	const char *charge; /* or NULL */
	const char *pi;	    /* or NULL */
	int64_t amount;	    /* smallest unit */
	const char *currency;
	const char *status; /* pending, requires_action, succeeded, failed,
			       canceled; anything else is kept as pending */
	int64_t now_ms;
};

/* A dispute as Stripe told it last. */
struct dispute_fact {
	const char *dp, *charge, *pi;
	int64_t amount;
	const char *currency;
	const char *status; /* Stripe's; unknown ones freeze */
	int64_t now_ms;
};

/*
 * Merge a fact: a refund's rank only rises (pending < requires_action <
 * succeeded < failed, canceled), a dispute's status replaces the old one.
 * *changed says whether anything is new. The caller then settles the grant.
 * Inside an operation.
 */
enum vt_err settle_refund(
    struct db *db, const struct refund_fact *f, bool *changed) VT_MUSTCHECK;
enum vt_err settle_dispute(
    struct db *db, const struct dispute_fact *f, bool *changed) VT_MUSTCHECK;

struct settled {
	int64_t clawed;	  /* tokens taken from lots by this step */
	int64_t owed;	  /* of the step, what became debt */
	int64_t restored; /* tokens given back by this step */
	int64_t forgiven; /* debt of this grant that the step took off */
	int64_t frozen;	  /* of the lot, from now on */
};

/*
 * Brings one grant (its transaction's id) to what the facts say. VT_OK with
 * all zeros when it is there already. Unspent tokens of the lot go first,
 * then other lots in burn order, then debt; held tokens count as spent
 * (R52). A restoration first takes off the debt of this grant, the rest is a
 * new lot of the same cost, whose expiry is later by the time it was frozen.
 * The transaction becomes refunded or disputed when all of it is gone, and
 * completed again when it is not. Inside an operation.
 */
enum vt_err settle(struct db *db, int64_t grant_tx, int64_t now_ms,
    struct settled *out) VT_MUSTCHECK;

/* The same as a part of an operation that looks at thresholds itself. */
enum vt_err settle_within(struct db *db, int64_t grant_tx, int64_t now_ms,
    struct settled *out) VT_MUSTCHECK;

/*
 * The same for the grant that made this lot, when facts or an alarm concern
 * it; VT_OK without one. For whoever frees or expires tokens of a lot: what
 * a hold gives back may have to be frozen, and what has expired need not be
 * taken back any more. Inside an operation.
 */
enum vt_err settle_lot(struct db *db, int64_t lot, int64_t now_ms) VT_MUSTCHECK;

/* The grant that a charge or an intent paid for; VT_NOTFOUND: none yet. */
enum vt_err settle_grant_of(struct db *db, const char *charge, const char *pi,
    int64_t *grant_tx) VT_MUSTCHECK;

/*
 * What is booked of a grant beside what its facts ask for: what settle()
 * would leave. The two are the same at any time; for verify.
 */
struct settle_review {
	int64_t booked, want;	/* taken back, tokens */
	int64_t frozen, freeze; /* of the lot */
	bool since, out;	/* is something frozen or gone, should it */
};

/* VT_NOTFOUND: the grant, its lot or its transaction is not there. */
enum vt_err settle_review(
    struct db *db, int64_t grant_tx, struct settle_review *out) VT_MUSTCHECK;

/* What Stripe's words for a refund and for a dispute are worth to us. */
int settle_refund_rank(const char *status);
const char *settle_dispute_effect(const char *status);

/*
 * How much of `granted` is to be taken back when `back` of `amount` went
 * back: ceil(granted x min(back, amount) / amount), in 128-bit arithmetic.
 */
int64_t settle_share(int64_t granted, int64_t back, int64_t amount);

#endif
