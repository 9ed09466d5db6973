/* grant: see grant.h. */
#include "ledger/grant.h"

#include "base/fault.h"
#include "ledger/lots.h"
#include "ledger/movements.h"

static const char grants_add[] =
    "INSERT INTO grants (tx, source, lot, charge, granted) "
    "VALUES (:tx, :source, :lot, :charge, :granted)";

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
	struct movement_done moved;
	enum vt_err err;

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
		err = db_exec(db, grants_add, DB_INT("tx", g->tx),
		    DB_TEXT("source", g->source), DB_INT("lot", out->lot),
		    DB_TEXT("charge", g->charge), DB_INT("granted", g->tokens));
		if (err != VT_OK)
			return err;
	}
	out->movement = moved.id;
	out->balance = moved.to_balance;
	return transaction_complete(db, g->tx, out->balance, g->now_ms);
}
