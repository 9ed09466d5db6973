/*
 * revoke: an administrator takes tokens back that were given.
 *
 * Out of the lots of one transaction, and only what is free in them: what
 * was spent, held, frozen or has expired stays as it is, and nobody owes
 * anything afterwards. What a refund takes back is settle's.
 */
#ifndef VT_LEDGER_REVOKE_H
#define VT_LEDGER_REVOKE_H

#include <stdint.h>

#include "base/err.h"
#include "ledger/transactions.h"
#include "store/db.h"

struct revoke {
	const char *transaction; /* public id of what gave the tokens */
	const char *actor;	 /* "admin:…" */
	const char *cause;	 /* "revoke:ACTOR:KEY" */
	int64_t tokens;		 /* 0: all that is free */
	const char *reason;
	int64_t now_ms;
};

struct revoke_done {
	struct transaction_ref tx;
	int64_t user;
	int64_t tokens;	   /* taken */
	int64_t available; /* of the user, after it */
};

/*
 * Inside an operation. VT_NOTFOUND with code "unknown_transaction": none
 * with this id that gave tokens. VT_CONFLICT with code "not_revocable" and
 * what can be taken in details ("revocable") when that is less than asked
 * for, or nothing; with "duplicate_request" when the cause is booked.
 */
enum vt_err ledger_revoke(struct db *db, const struct revoke *r,
    struct revoke_done *out, struct vt_problem *p) VT_MUSTCHECK;

#endif
