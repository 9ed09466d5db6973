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
	int64_t balance; /* of the user, after it and before debts are paid */
};

/*
 * Books the grant and completes the transaction; then settles it, since the
 * refund of a payment may be told before the payment, and pays the user's
 * debts out of what is free in the new lot. Inside an operation.
 * VT_CONFLICT: this cause is booked already; the caller undoes the rest.
 */
enum vt_err ledger_grant(
    struct db *db, const struct grant *g, struct grant_done *out) VT_MUSTCHECK;

/*
 * Grants that were booked on somebody's word and not yet compared with their
 * source, without those that raised an alarm: of sources that begin with
 * `prefix` ("pi:"), after the transaction `after_tx`, in its order.
 */
#define GRANT_SOURCE_BYTES 160
struct grant_open {
	int64_t tx;
	char source[GRANT_SOURCE_BYTES];
};
enum vt_err
grants_unverified(struct db *db, const char *prefix, int64_t after_tx,
    struct grant_open *out, size_t max, size_t *count) VT_MUSTCHECK;

/* VT_OK if it was compared and agreed, VT_NOTFOUND if not (yet). */
enum vt_err grant_is_verified(struct db *db, int64_t tx) VT_MUSTCHECK;

/*
 * The source says otherwise: notes why and freezes what is left of the lot
 * and not held, until a person decides; settle() keeps it so. Inside an
 * operation.
 */
enum vt_err grant_alarm(
    struct db *db, int64_t tx, const char *why, int64_t now_ms) VT_MUSTCHECK;

#endif
