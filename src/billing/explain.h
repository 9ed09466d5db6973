/*
 * explain: how a transaction came to be and what became of it.
 *
 * From any transaction the chain is read in both directions: Stripe's events
 * and the order before a purchase, the lots that it made, who used them, what
 * refunds and disputes took back, what is owed; of a spend the lots that it
 * drew from and what was given back of it. Everything is read when somebody
 * asks; nothing is kept for it.
 */
#ifndef VT_BILLING_EXPLAIN_H
#define VT_BILLING_EXPLAIN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "ledger/transactions.h"
#include "store/db.h"

#define EXPLAIN_ROWS_MAX 100 /* of each list; uses have pages */

/* The lists of an explanation. */
enum explain_list {
	EXPLAIN_EVENTS,	   /* Stripe's, about its payment or invoice */
	EXPLAIN_REFUNDS,   /* of its payment, as Stripe told them last */
	EXPLAIN_DISPUTES,  /* likewise */
	EXPLAIN_FROM,	   /* transactions whose lots it took from */
	EXPLAIN_LOTS,	   /* that it made */
	EXPLAIN_USED,	   /* what became of those, a row a kind */
	EXPLAIN_USES,	   /* the single uses, newest first */
	EXPLAIN_HOLDS,	   /* open ones that reserve of them */
	EXPLAIN_REVERSALS, /* of a spend or a capture */
	EXPLAIN_STEPS,	   /* taken back of a grant, and restored */
	EXPLAIN_DEBTS,	   /* what of that was not there to take */
	EXPLAIN__MAX
};

/* One row of any list; what a list does not have is NULL or 0. */
struct explain_row {
	const char *id;	   /* a transaction's, an event's, a hold's, … */
	const char *kind;  /* of a transaction or event, a lot's origin */
	const char *state; /* of an event, a refund, a dispute */
	const char *by;	   /* actor, service, or what a dispute does */
	int64_t at, until; /* ms; 0: no such time */
	int64_t tokens;
	int64_t left, held, frozen; /* of a lot */
	int64_t count;		    /* of uses of a kind */
	int64_t given_back;	    /* of a use */
	int64_t open;		    /* of a debt, after it */
	int64_t amount;		    /* smallest unit */
	const char *currency;
};

struct explain_rows {
	const struct explain_row *row;
	size_t count;
	bool more; /* than are here */
};

struct explanation {
	struct transaction t;
	bool for_user;	   /* without what is not for the user */
	const char *cause; /* of its movement; NULL: nothing moved */
	/* The purchase that it takes back or restores, the spend that it gives
	 * back; public_id NULL: none. */
	struct transaction about;
	/* What a capture captured; id NULL: none. `by` is the service, `kind`
	 * its reference, `tokens` what was reserved. */
	struct explain_row hold;
	/* What was ordered; id NULL: none. `kind` is the package. */
	struct explain_row order;
	struct explain_rows lists[EXPLAIN__MAX];
	int64_t uses_next; /* where the next page of uses begins */
};

struct explain {
	const char *transaction; /* public id */
	const char *user_sub;	 /* only if it is this user's; NULL: any */
	bool for_user;		 /* without what is not for the user */
	int uses;		 /* how many of them, from 1 */
	int64_t uses_before;	 /* uses_next of the page before; 0: newest */
	struct arena *arena;	 /* holds all of the result */
};

/*
 * A read (readers_run): `in` is struct explain, `out` struct explanation.
 * VT_NOTFOUND with code "unknown_transaction": none, or somebody else's.
 */
enum vt_err explain(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

/*
 * The same in words that can be read out, a sentence after the other: the
 * first says what it was. They live in the arena; *count of them.
 */
const char *const *
explain_words(struct arena *a, const struct explanation *e, size_t *count);

#endif
