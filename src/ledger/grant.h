/*
 * grant: tokens given to a user, as a movement and a lot.
 *
 * Every way in (a purchase, a subscription, an administrator) ends here, so
 * that there is one place where tokens come into being.
 */
#ifndef VT_LEDGER_GRANT_H
#define VT_LEDGER_GRANT_H

#include <stdint.h>

#include "base/err.h"
#include "ledger/transactions.h"
#include "store/db.h"

struct grant {
	int64_t user;
	int64_t tx;	    /* an existing transaction */
	const char *cause;  /* "pi:…", "grant:…", … */
	const char *origin; /* lots.origin: "purchase", "grant", … */
	bool paid; /* false: promotional, burns before paid (R66, R86) */
	int64_t tokens;
	int64_t cost; /* smallest unit; 0 for a free grant */
	const char *currency;
	int64_t expires_at; /* ms; 0: never */
	const char *source; /* "pi:…": a row in grants, for settle; or NULL */
	const char *charge; /* or NULL */
	int64_t now_ms;
};

struct grant_done {
	int64_t movement, lot;
	int64_t balance; /* of the user, after it */
};

/*
 * Books the grant and completes the transaction. Inside an operation.
 * VT_CONFLICT: this cause is booked already; the caller undoes the rest.
 */
enum vt_err ledger_grant(
    struct db *db, const struct grant *g, struct grant_done *out) VT_MUSTCHECK;

#endif
