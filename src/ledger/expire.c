/* expire: see expire.h. */
#include "ledger/expire.h"

#include <inttypes.h>
#include <stdio.h>

#include "ledger/lots.h"
#include "ledger/movements.h"
#include "ledger/settle.h"
#include "ledger/thresholds.h"
#include "ledger/transactions.h"

#define SWEEP_MAX 64 /* lots that one statement names at once */

enum { DUE, DUE_ONE, BOOKED, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[DUE] = "SELECT l.id, l.user, f.left - f.held - f.frozen "
		"FROM lots l JOIN lot_left f ON f.lot = l.id "
		"WHERE l.expires_at <= :now AND f.left - f.held - f.frozen > 0 "
		"ORDER BY l.expires_at, l.id LIMIT :max",
	[DUE_ONE] = "SELECT l.id, l.user, f.left - f.held - f.frozen "
		    "FROM lots l JOIN lot_left f ON f.lot = l.id "
		    "WHERE l.id = :lot AND l.expires_at <= :now "
		    "AND f.left - f.held - f.frozen > 0",
	/* How often something of it was booked as expired before. */
	[BOOKED] = "SELECT COUNT(*) FROM lot_uses u "
		   "JOIN movements m ON m.id = u.movement "
		   "WHERE u.lot = :lot AND m.to_account = 4",
};

enum vt_err
expire_lot(struct db *db, int64_t lot, int64_t user, int64_t tokens,
    const char *cause, int64_t now_ms)
{
	struct transaction_new t = { .user = user,
		.kind = "expiry",
		.status = "pending",
		.tokens = -tokens,
		.actor = "ledger",
		.now_ms = now_ms };
	struct movement m = { .cause = cause,
		.to = LEDGER_EXPIRED,
		.tokens = tokens,
		.now_ms = now_ms };
	struct transaction_ref tx;
	struct movement_done moved;
	enum vt_err err;

	err = ledger_user_account(db, user, &m.from);
	if (err == VT_OK)
		err = transaction_add(db, &t, &tx);
	if (err != VT_OK)
		return err;
	m.tx = tx.id;
	err = ledger_move(db, &m, &moved);
	if (err == VT_OK)
		err = lot_take(db, lot, moved.id, tokens);
	if (err == VT_OK)
		err =
		    transaction_complete(db, tx.id, moved.from_balance, now_ms);
	return err;
}

struct due {
	int64_t lot, user, tokens;
};

static enum vt_err
find_due(struct db *db, const char *statement, const struct db_param *params,
    int max, struct due *out, int *count)
{
	enum vt_err err;
	struct query q;
	int n = 0;

	err = db_query_params(&q, db, statement, params);
	while (err == VT_OK && n < max && (err = db_step(&q)) == VT_OK) {
		out[n].lot = db_int(&q, 0);
		out[n].user = db_int(&q, 1);
		out[n++].tokens = db_int(&q, 2);
	}
	db_done(&q);
	*count = n;
	return err == VT_NOTFOUND ? VT_OK : err;
}

/*
 * A lot expires once, as a rule. What a dispute had frozen at that time is
 * booked when it is free again, under the next number.
 */
static enum vt_err
book_due(struct db *db, const struct due *d, int64_t now_ms)
{
	char cause[64];
	enum vt_err err;
	struct query q;
	int64_t before;

	err = db_row(&q, db, sql[BOOKED], DB_INT("lot", d->lot));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	before = db_int(&q, 0);
	db_done(&q);
	if (before == 0)
		(void)snprintf(cause, sizeof(cause), "expire:%" PRId64, d->lot);
	else
		(void)snprintf(cause, sizeof(cause),
		    "expire:%" PRId64 ":again%" PRId64, d->lot, before);
	return expire_lot(db, d->lot, d->user, d->tokens, cause, now_ms);
}

enum vt_err
expire_due(struct db *db, int64_t lot, int64_t now_ms, bool *expired)
{
	struct due due;
	enum vt_err err;
	int count;

	err = find_due(db, sql[DUE_ONE],
	    DB_PARAMS(DB_INT("lot", lot), DB_INT("now", now_ms)), 1, &due,
	    &count);
	*expired = err == VT_OK && count == 1;
	return *expired ? book_due(db, &due, now_ms) : err;
}

/* What has expired is not taken back a second time (R57). */
static enum vt_err
book_and_settle(struct db *db, const struct due *d, int64_t now_ms)
{
	struct threshold_watch watch;
	enum vt_err err;

	err = thresholds_begin(db, d->user, now_ms, &watch);
	if (err == VT_OK)
		err = book_due(db, d, now_ms);
	if (err == VT_OK)
		err = settle_lot(db, d->lot, now_ms);
	return err == VT_OK ? thresholds_end(db, &watch) : err;
}

enum vt_err
expire_sweep(struct db *db, int64_t now_ms, int max, int *count)
{
	struct due due[SWEEP_MAX];
	enum vt_err err;

	if (max > SWEEP_MAX)
		max = SWEEP_MAX;
	err = find_due(db, sql[DUE],
	    DB_PARAMS(DB_INT("now", now_ms), DB_INT("max", max)), max, due,
	    count);
	for (int i = 0; err == VT_OK && i < *count; i++)
		err = book_and_settle(db, &due[i], now_ms);
	return err;
}
