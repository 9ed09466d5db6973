/*
 * reverse: a service gives back what it spent.
 *
 * The tokens come back in lots of origin "reversal" with the cost and the
 * expiry of the lots that they were burnt from, last burnt first, so that
 * what remains spent is what a smaller spend would have taken. They pay the
 * user's debts first; what came from a lot that has expired since expires
 * then and there, as with a hold (R65).
 */
#ifndef VT_LEDGER_REVERSE_H
#define VT_LEDGER_REVERSE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "ledger/transactions.h"
#include "store/db.h"

struct reverse {
	const char *transaction; /* public id of a spend or a capture */
	const char *actor;	 /* "service:NAME", who must have made it */
	const char *key;	 /* names this reversal among those of it */
	int64_t tokens;		 /* 0: all that was not given back yet */
	const char *reason;
	int64_t now_ms;
	struct arena *arena; /* to work in */
};

struct reverse_done {
	struct transaction_ref tx;
	int64_t tokens;	   /* given back */
	int64_t expired;   /* of them, from lots past their end */
	int64_t available; /* of the user, after it */
};

/*
 * Inside an operation. VT_NOTFOUND with code "unknown_transaction": none of
 * this actor's with this id that spent. VT_CONFLICT with code
 * "already_reversed" when more than what is left of it is asked for, and
 * with "duplicate_request" when the key was used; details has "reversible".
 */
enum vt_err ledger_reverse(struct db *db, const struct reverse *r,
    struct reverse_done *out, struct vt_problem *p) VT_MUSTCHECK;

#endif
