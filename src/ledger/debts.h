/*
 * debts: what users owe since a clawback found less than it had to take.
 *
 * A debt belongs to the grant whose clawback made it, and changes only by
 * rows that are chained by hash as movements are. It never blocks spending
 * what is left (R72); whatever comes in next pays it first.
 */
#ifndef VT_LEDGER_DEBTS_H
#define VT_LEDGER_DEBTS_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

struct debt_step {
	int64_t user;
	int64_t grant_tx;  /* grants.tx */
	const char *cause; /* "adj:…" or "repay:…", unique for ever */
	int64_t delta;	   /* + owed, - repaid or forgiven by a restoration */
	int64_t now_ms;
};

/*
 * Books one step. Inside an operation. VT_CONFLICT: the cause is booked
 * already. VT_DB: the debt would become negative, which no caller asks for.
 */
enum vt_err debt_step(struct db *db, const struct debt_step *s) VT_MUSTCHECK;

/* What is open of one grant's debt, and of all of a user's; 0 without any. */
enum vt_err
debt_of_grant(struct db *db, int64_t grant_tx, int64_t *open) VT_MUSTCHECK;
enum vt_err
debt_of_user(struct db *db, int64_t user, int64_t *open) VT_MUSTCHECK;

/* The same as it was at a moment, from the steps up to then. */
enum vt_err debt_of_user_at(
    struct db *db, int64_t user, int64_t at_ms, int64_t *open) VT_MUSTCHECK;

/*
 * Pays the user's debts, oldest first, out of what is free in this lot, each
 * by a movement `repay:<grant>:<because>` to the clawback account. *paid is
 * what it took. Inside an operation, after the tokens have come in; `because`
 * names what brought them (a movement or a hold), once for each debt.
 */
enum vt_err debts_pay(struct db *db, int64_t user, int64_t lot,
    const char *because, int64_t now_ms, int64_t *paid) VT_MUSTCHECK;

/* The hash of a row: as movements, over id, user, grant, cause, delta, open,
 * created_at. */
void debt_hash(const unsigned char prev[static 32], int64_t id, int64_t user,
    int64_t grant_tx, const char *cause, int64_t delta, int64_t open,
    int64_t created_at, unsigned char out[static 32]);

#endif
