/* grant: see grant.h. */
#include "ledger/grant.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/fault.h"
#include "ledger/debts.h"
#include "ledger/lots.h"
#include "ledger/movements.h"
#include "ledger/settle.h"
#include "ledger/thresholds.h"

enum { ADD, UNVERIFIED, VERIFIED, ALARM, FREE, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[ADD] = "INSERT INTO grants (tx, source, lot, charge, granted) "
		"VALUES (:tx, :source, :lot, :charge, :granted)",
	[UNVERIFIED] =
	    "SELECT tx, source FROM grants WHERE verified_at IS NULL "
	    "AND tx > :after AND alarm IS NULL "
	    "AND substr(source, 1, length(:prefix)) = :prefix "
	    "ORDER BY tx LIMIT :max",
	[VERIFIED] = "SELECT 1 FROM grants WHERE tx = :tx "
		     "AND verified_at IS NOT NULL",
	[ALARM] = "UPDATE grants SET alarm = :why WHERE tx = :tx",
	[FREE] = "SELECT f.lot, f.user, f.left - f.held - f.frozen "
		 "FROM grants g "
		 "JOIN lot_left f ON f.lot = g.lot WHERE g.tx = :tx",
};

/*
 * What came before the grant: facts that undo it already, which take their
 * share first, and then debts, which take what remains.
 */
static enum vt_err
credit(struct db *db, const struct grant *g, const struct grant_done *done)
{
	struct settled settled;
	char because[32];
	enum vt_err err;
	int64_t paid;

	if (g->source != NULL) {
		err = settle_within(db, g->tx, g->now_ms, &settled);
		if (err != VT_OK)
			return err;
	}
	if (g->expires_at != 0 && g->expires_at <= g->now_ms)
		return VT_OK; /* what has expired pays nothing */
	(void)snprintf(because, sizeof(because), "%" PRId64, done->movement);
	return debts_pay(db, g->user, done->lot, because, g->now_ms, &paid);
}

enum vt_err
ledger_grant(struct db *db, const struct grant *g, struct grant_done *out)
{
	struct movement m = { .tx = g->tx,
		.cause = g->cause,
		.from = LEDGER_MINT,
		.tokens = g->tokens,
		.now_ms = g->now_ms };
	struct lot_new l = { .user = g->user,
		.tx = g->tx,
		.origin = g->origin,
		.paid = g->paid,
		.tokens = g->tokens,
		.cost = g->cost,
		.currency = g->currency,
		.expires_at = g->expires_at,
		.now_ms = g->now_ms };
	struct threshold_watch watch;
	struct movement_done moved;
	enum vt_err err;

	err = thresholds_begin(db, g->user, g->now_ms, &watch);
	if (err == VT_OK)
		err = ledger_user_account(db, g->user, &m.to);
	if (err != VT_OK)
		return err;
	err = ledger_move(db, &m, &moved);
	if (err != VT_OK)
		return err;
	l.movement = moved.id;
	err = lot_add(db, &l, &out->lot);
	if (err != VT_OK)
		return err;
	fault_point("grant.after_lot");
	if (g->source != NULL) {
		err = db_exec(db, sql[ADD], DB_INT("tx", g->tx),
		    DB_TEXT("source", g->source), DB_INT("lot", out->lot),
		    DB_TEXT("charge", g->charge), DB_INT("granted", g->tokens));
		if (err != VT_OK)
			return err;
	}
	out->movement = moved.id;
	out->balance = moved.to_balance;
	err = transaction_complete(db, g->tx, out->balance, g->now_ms);
	if (err == VT_OK)
		err = credit(db, g, out);
	return err == VT_OK ? thresholds_end(db, &watch) : err;
}

enum vt_err
grants_unverified(struct db *db, const char *prefix, int64_t after_tx,
    struct grant_open *out, size_t max, size_t *count)
{
	enum vt_err err;
	struct query q;
	size_t n = 0;

	err = db_query(&q, db, sql[UNVERIFIED], DB_TEXT("prefix", prefix),
	    DB_INT("after", after_tx), DB_INT("max", max));
	while (err == VT_OK && n < max && (err = db_step(&q)) == VT_OK) {
		out[n].tx = db_int(&q, 0);
		(void)db_copy(&q, 1, out[n].source, sizeof(out[n].source));
		n++;
	}
	db_done(&q);
	if (err != VT_OK && err != VT_NOTFOUND)
		return err;
	*count = n;
	return VT_OK;
}

enum vt_err
grant_is_verified(struct db *db, int64_t tx)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[VERIFIED], DB_INT("tx", tx));
	if (err == VT_OK)
		db_done(&q);
	return err;
}

enum vt_err
grant_alarm(struct db *db, int64_t tx, const char *why, int64_t now_ms)
{
	struct threshold_watch watch;
	int64_t lot, user, tokens;
	enum vt_err err;
	struct query q;

	err = db_exec(db, sql[ALARM], DB_INT("tx", tx), DB_TEXT("why", why));
	if (err == VT_OK)
		err = db_row(&q, db, sql[FREE], DB_INT("tx", tx));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	lot = db_int(&q, 0);
	user = db_int(&q, 1);
	tokens = db_int(&q, 2);
	db_done(&q);
	err = thresholds_begin(db, user, now_ms, &watch);
	if (err == VT_OK && tokens > 0)
		err = lot_mark(db, lot, 0, tokens, now_ms);
	return err == VT_OK ? thresholds_end(db, &watch) : err;
}
