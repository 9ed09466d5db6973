/*
 * verify_lots: each lot beside the transaction that made it, its uses in
 * order, and what is said to be left of it.
 */
#include <inttypes.h>
#include <string.h>

#include "ledger/verify_parts.h"

static const char lots_sql[] =
    "SELECT l.id, l.user, l.origin, l.paid, l.cost, l.currency, l.granted, "
    "t.public_id, t.kind, t.user, t.amount, t.currency, "
    "f.lot, f.user, f.left, f.held, f.frozen, EXISTS (SELECT 1 FROM grants g "
    "WHERE g.tx = l.tx AND g.lot = l.id "
    "AND (g.alarm IS NOT NULL OR g.since IS NOT NULL)), "
    "(SELECT COALESCE(SUM(p.tokens), 0) FROM hold_lots p WHERE p.lot = l.id), "
    "(SELECT COALESCE(SUM(k.held), 0) FROM lot_marks k WHERE k.lot = l.id), "
    "(SELECT COALESCE(SUM(k.frozen), 0) FROM lot_marks k WHERE k.lot = l.id), "
    "f.live "
    "FROM lots l LEFT JOIN token_transactions t ON t.id = l.tx "
    "LEFT JOIN lot_left f ON f.lot = l.id ORDER BY l.id";

/* In the order of the index on lot. */
static const char uses_sql[] =
    "SELECT lot, movement, delta FROM lot_uses ORDER BY lot, movement";

static const char stray_left_sql[] =
    "SELECT f.lot FROM lot_left f "
    "WHERE NOT EXISTS (SELECT 1 FROM lots l WHERE l.id = f.lot)";

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Free tokens are never typed as paid ones, nor the other way (R86). */
static void
check_origin(struct verify *v, struct query *q)
{
	const struct verify_kind *k = verify_kind(db_text(q, 8));
	int64_t id = db_int(q, 0);

	if (db_is_null(q, 7)) {
		verify_fault(v, "lot.transaction",
		    "Lot %" PRId64 " was made by no transaction.", id);
		return;
	}
	if (db_int(q, 9) != db_int(q, 1))
		verify_fault(v, "lot.user",
		    "Lot %" PRId64 " is of user row %" PRId64
		    ", its transaction %s of user row %" PRId64 ".",
		    id, db_int(q, 1), db_text(q, 7), db_int(q, 9));
	if (k == NULL)
		return; /* told with the transactions */
	if ((k->origin != NULL && strcmp(db_text(q, 2), k->origin) != 0) ||
	    (k->paid >= 0 && db_int(q, 3) != k->paid))
		verify_fault(v, "lot.origin",
		    "Lot %" PRId64 " is %s (%s), which a %s (%s) does not "
		    "make.",
		    id, db_text(q, 2), db_int(q, 3) ? "paid" : "free", k->kind,
		    db_text(q, 7));
	if (k->paid >= 0 &&
	    (db_int(q, 4) != db_int(q, 10) ||
		(db_int(q, 4) != 0 &&
		    !same_text(db_text(q, 5), db_text(q, 11)))))
		verify_fault(v, "lot.cost",
		    "Lot %" PRId64 " cost %" PRId64 " %s, its transaction %s "
		    "%" PRId64 " %s.",
		    id, db_int(q, 4), db_is_null(q, 5) ? "" : db_text(q, 5),
		    db_text(q, 7), db_int(q, 10),
		    db_is_null(q, 11) ? "" : db_text(q, 11));
}

static void
check_left(struct verify *v, struct query *q, __int128 left)
{
	int64_t id = db_int(q, 0);

	if (db_is_null(q, 12)) {
		verify_fault(v, "lot.left",
		    "What is left of lot %" PRId64 " is not recorded.", id);
		return;
	}
	if (db_int(q, 14) != left)
		verify_fault(v, "lot.left",
		    "Lot %" PRId64 " is said to have %" PRId64
		    " tokens left; its uses leave %" PRId64 ".",
		    id, db_int(q, 14), (int64_t)left);
	/* Spends and balances look at live lots alone. */
	if (db_int(q, 21) != (db_int(q, 14) > 0))
		verify_fault(v, "lot.live",
		    "Lot %" PRId64 " has %" PRId64
		    " tokens left and its mark of a live lot is %" PRId64 ".",
		    id, db_int(q, 14), db_int(q, 21));
	if (db_int(q, 13) != db_int(q, 1))
		verify_fault(v, "lot.user",
		    "What is left of lot %" PRId64
		    " is recorded for user row %" PRId64
		    ", but the lot is of user row %" PRId64 ".",
		    id, db_int(q, 13), db_int(q, 1));
	if (db_int(q, 15) != db_int(q, 18))
		verify_fault(v, "lot.held",
		    "Of lot %" PRId64 " %" PRId64
		    " tokens are said to be held; holds pin %" PRId64 ".",
		    id, db_int(q, 15), db_int(q, 18));
	if (db_int(q, 15) != db_int(q, 19) || db_int(q, 16) != db_int(q, 20))
		verify_fault(v, "lot.marks",
		    "Of lot %" PRId64 " %" PRId64
		    " tokens are held and %" PRId64
		    " frozen; its marks sum to %" PRId64 " and %" PRId64 ".",
		    id, db_int(q, 15), db_int(q, 16), db_int(q, 19),
		    db_int(q, 20));
	/* What freezes is a refund or a dispute, or an alarm: a grant that
	 * Stripe did not confirm. */
	if (db_int(q, 16) != 0 && db_int(q, 17) == 0)
		verify_fault(v, "lot.frozen",
		    "Of lot %" PRId64 " %" PRId64
		    " tokens are frozen, by nothing.",
		    id, db_int(q, 16));
	if (db_int(q, 15) < 0 || db_int(q, 16) < 0 ||
	    (__int128)db_int(q, 15) + db_int(q, 16) > db_int(q, 14))
		verify_fault(v, "lot.held",
		    "Of lot %" PRId64 " %" PRId64
		    " tokens are held and %" PRId64 " frozen, with %" PRId64
		    " left.",
		    id, db_int(q, 15), db_int(q, 16), db_int(q, 14));
}

static void
check_use(struct verify *v, struct query *lot, struct query *u, bool first,
    __int128 left)
{
	int64_t id = db_int(lot, 0), granted = db_int(lot, 6);

	if (first && db_int(u, 2) != granted)
		verify_fault(v, "lot.granted",
		    "Lot %" PRId64 " was granted %" PRId64
		    " tokens, its first use (movement %" PRId64
		    ") says %" PRId64 ".",
		    id, granted, db_int(u, 1), db_int(u, 2));
	if (left < 0 || left > granted)
		verify_fault(v, "lot.range",
		    "Movement %" PRId64 " leaves %" PRId64
		    " tokens in lot %" PRId64 " of %" PRId64 ".",
		    db_int(u, 1), (int64_t)left, id, granted);
}

static enum vt_err
check_lot(struct verify *v, struct query *q, struct walk *u)
{
	int64_t id = db_int(q, 0);
	__int128 left = 0;
	bool first = true;
	enum vt_err err = VT_OK;

	check_origin(v, q);
	/* Uses of lots that do not exist were told with the movements. */
	while (err == VT_OK && u->on_row && db_int(&u->q, 0) < id)
		err = walk_next(u);
	while (err == VT_OK && u->on_row && db_int(&u->q, 0) == id) {
		left += db_int(&u->q, 2);
		check_use(v, q, &u->q, first, left);
		first = false;
		err = walk_next(u);
	}
	if (err != VT_OK)
		return err;
	if (first)
		verify_fault(v, "lot.granted",
		    "Lot %" PRId64 " was granted by no movement.", id);
	check_left(v, q, left);
	return VT_OK;
}

static enum vt_err
name_strays(struct verify *v)
{
	struct walk w;
	enum vt_err err;

	err = walk_start(&w, v->db, stray_left_sql);
	while (err == VT_OK && w.on_row) {
		verify_fault(v, "lot.missing",
		    "Something is left of lot %" PRId64
		    ", which does not exist.",
		    db_int(&w.q, 0));
		err = walk_next(&w);
	}
	walk_end(&w);
	return err;
}

enum vt_err
verify_lots(struct verify *v)
{
	struct walk l, u;
	enum vt_err err;

	err = walk_start(&l, v->db, lots_sql);
	if (err == VT_OK) {
		err = walk_start(&u, v->db, uses_sql);
		while (err == VT_OK && l.on_row) {
			err = check_lot(v, &l.q, &u);
			verify_count(v, &v->report->lots);
			if (err == VT_OK)
				err = walk_next(&l);
		}
		walk_end(&u);
	}
	walk_end(&l);
	return err == VT_OK ? name_strays(v) : err;
}
