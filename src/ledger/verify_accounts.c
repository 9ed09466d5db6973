/*
 * verify_accounts: every account rebuilt from its entries, and the entries
 * against what movements and transactions promised.
 */
#include <inttypes.h>
#include <string.h>

#include "ledger/movements.h"
#include "ledger/verify_parts.h"

static const char accounts_sql[] =
    "SELECT a.id, a.kind, a.user, a.balance, a.seq, u.id "
    "FROM accounts a LEFT JOIN users u ON u.id = a.user ORDER BY a.id";

static const char entries_sql[] =
    "SELECT account, seq, movement, delta, balance FROM entries "
    "ORDER BY account, seq";

/* Entries that belong to no movement, and movements without their two. */
static const char stray_entries_sql[] =
    "SELECT e.account, e.seq, e.movement FROM entries e "
    "WHERE NOT EXISTS (SELECT 1 FROM movements m WHERE m.id = e.movement) "
    "ORDER BY e.account, e.seq";

static const char legs_sql[] =
    "SELECT m.id, COUNT(e.account), "
    "COALESCE(SUM(e.account = m.from_account AND e.delta = -m.tokens), 0), "
    "COALESCE(SUM(e.account = m.to_account AND e.delta = m.tokens), 0) "
    "FROM movements m LEFT JOIN entries e ON e.movement = m.id "
    "GROUP BY m.id HAVING COUNT(e.account) <> 2 "
    "OR SUM(e.account = m.from_account AND e.delta = -m.tokens) <> 1 "
    "OR SUM(e.account = m.to_account AND e.delta = m.tokens) <> 1 "
    "ORDER BY m.id";

static const char balances_sql[] =
    "SELECT t.public_id, t.balance_after, e.balance "
    "FROM movements m JOIN token_transactions t ON t.id = m.tx "
    "JOIN entries e ON e.movement = m.id "
    "JOIN accounts a ON a.id = e.account AND a.kind = 'user' "
    "WHERE t.balance_after <> e.balance ORDER BY m.id";

static const struct {
	int64_t id;
	const char *kind;
} house[] = {
	{ LEDGER_MINT, "mint" },
	{ LEDGER_SINK, "sink" },
	{ LEDGER_CLAWBACK, "clawback" },
	{ LEDGER_EXPIRED, "expired" },
};

/* An account as its entries rebuild it. */
struct rebuilt {
	int64_t id, seq, balance, movement;
	bool user;
};

static void
check_entry(struct verify *v, struct query *q, struct rebuilt *a)
{
	int64_t seq = db_int(q, 1), movement = db_int(q, 2);
	int64_t delta = db_int(q, 3), balance = db_int(q, 4), sum;

	if (seq != a->seq + 1)
		verify_fault(v, "entry.sequence",
		    "Account %" PRId64 ": entry %" PRId64
		    " follows entry %" PRId64 ".",
		    a->id, seq, a->seq);
	else if (__builtin_add_overflow(a->balance, delta, &sum) ||
	    sum != balance)
		verify_fault(v, "entry.balance",
		    "Account %" PRId64 ", entry %" PRId64
		    ": the balance goes from %" PRId64 " by %" PRId64
		    " to %" PRId64 ".",
		    a->id, seq, a->balance, delta, balance);
	if (a->user && balance < 0)
		verify_fault(v, "entry.negative",
		    "Account %" PRId64 ", entry %" PRId64
		    ": a user's balance is %" PRId64 ".",
		    a->id, seq, balance);
	if (movement <= a->movement)
		verify_fault(v, "entry.order",
		    "Account %" PRId64 ", entry %" PRId64 ": movement %" PRId64
		    " comes after movement %" PRId64 ".",
		    a->id, seq, movement, a->movement);
	sketch_take(v, &v->legs, a->id, movement, delta);
	if (a->user)
		sketch_take(v, &v->balances, a->id, movement, balance);
	a->seq = seq;
	a->balance = balance;
	a->movement = movement;
}

/* Entries of accounts below this one have no account. */
static enum vt_err
skip_strays(struct verify *v, struct walk *e, int64_t account, bool to_end)
{
	int64_t told = -1;
	enum vt_err err = VT_OK;

	while (err == VT_OK && e->on_row &&
	    (to_end || db_int(&e->q, 0) < account)) {
		if (db_int(&e->q, 0) != told)
			verify_fault(v, "entry.account",
			    "There are entries of account %" PRId64
			    ", which does not exist.",
			    db_int(&e->q, 0));
		told = db_int(&e->q, 0);
		/* Its legs count all the same: this fault was told. */
		sketch_take(
		    v, &v->legs, told, db_int(&e->q, 2), db_int(&e->q, 3));
		verify_count(v, &v->report->entries);
		err = walk_next(e);
	}
	return err;
}

static void
check_owner(struct verify *v, struct query *q)
{
	int64_t id = db_int(q, 0);
	const char *kind = db_text(q, 1);

	for (size_t i = 0; i < countof(house); i++)
		if (house[i].id == id) {
			if (strcmp(house[i].kind, kind) != 0 ||
			    !db_is_null(q, 2))
				verify_fault(v, "account.kind",
				    "Account %" PRId64
				    " is not the house's %s account.",
				    id, house[i].kind);
			return;
		}
	if (strcmp(kind, "user") != 0 || db_is_null(q, 2))
		verify_fault(v, "account.kind",
		    "Account %" PRId64 " is neither a user's nor one of the "
		    "house's four.",
		    id);
	else if (db_is_null(q, 5))
		verify_fault(v, "account.user",
		    "Account %" PRId64 " is of user row %" PRId64
		    ", which does not exist.",
		    id, db_int(q, 2));
}

static enum vt_err
check_account(struct verify *v, struct query *q, struct walk *e)
{
	struct rebuilt a = { .id = db_int(q, 0), .user = !db_is_null(q, 2) };
	enum vt_err err;

	check_owner(v, q);
	err = skip_strays(v, e, a.id, false);
	while (err == VT_OK && e->on_row && db_int(&e->q, 0) == a.id) {
		check_entry(v, &e->q, &a);
		verify_count(v, &v->report->entries);
		err = walk_next(e);
	}
	if (err != VT_OK)
		return err;
	if (db_int(q, 3) != a.balance)
		verify_fault(v, "account.balance",
		    "Account %" PRId64 " has a balance of %" PRId64
		    "; its entries make %" PRId64 ".",
		    a.id, db_int(q, 3), a.balance);
	if (db_int(q, 4) != a.seq)
		verify_fault(v, "account.sequence",
		    "Account %" PRId64 " counts %" PRId64
		    " entries; its last one is number %" PRId64 ".",
		    a.id, db_int(q, 4), a.seq);
	return VT_OK;
}

/* The house's accounts have the smallest ids, so a missing one shows. */
static enum vt_err
check_all(struct verify *v, struct walk *a, struct walk *e)
{
	size_t seen = 0;
	enum vt_err err = VT_OK;

	while (err == VT_OK && a->on_row) {
		int64_t id = db_int(&a->q, 0);

		if (id >= LEDGER_MINT && id <= LEDGER_EXPIRED)
			seen++;
		err = check_account(v, &a->q, e);
		verify_count(v, &v->report->accounts);
		if (err == VT_OK)
			err = walk_next(a);
	}
	if (err == VT_OK && seen != countof(house))
		verify_fault(v, "account.missing",
		    "Of the house's four accounts only %d exist.", (int)seen);
	return err == VT_OK ? skip_strays(v, e, 0, true) : err;
}

enum vt_err
verify_accounts(struct verify *v)
{
	struct walk a, e;
	enum vt_err err;

	err = walk_start(&a, v->db, accounts_sql);
	if (err == VT_OK) {
		err = walk_start(&e, v->db, entries_sql);
		if (err == VT_OK)
			err = check_all(v, &a, &e);
		walk_end(&e);
	}
	walk_end(&a);
	return err;
}

/* ---- what was promised --------------------------------------------------- */

static enum vt_err
name_legs(struct verify *v)
{
	struct walk w;
	enum vt_err err;

	err = walk_start(&w, v->db, legs_sql);
	while (err == VT_OK && w.on_row) {
		verify_fault(v, "movement.legs",
		    "Movement %" PRId64 " has %" PRId64
		    " entries, of which %" PRId64 " is its debit and %" PRId64
		    " its credit; it must have one of each.",
		    db_int(&w.q, 0), db_int(&w.q, 1), db_int(&w.q, 2),
		    db_int(&w.q, 3));
		err = walk_next(&w);
	}
	walk_end(&w);
	return err;
}

static enum vt_err
name_strays(struct verify *v)
{
	struct walk w;
	enum vt_err err;

	err = walk_start(&w, v->db, stray_entries_sql);
	while (err == VT_OK && w.on_row) {
		verify_fault(v, "entry.movement",
		    "Account %" PRId64 ", entry %" PRId64
		    " belongs to movement %" PRId64 ", which does not exist.",
		    db_int(&w.q, 0), db_int(&w.q, 1), db_int(&w.q, 2));
		err = walk_next(&w);
	}
	walk_end(&w);
	return err;
}

static enum vt_err
name_balances(struct verify *v)
{
	struct walk w;
	enum vt_err err;

	err = walk_start(&w, v->db, balances_sql);
	while (err == VT_OK && w.on_row) {
		verify_fault(v, "transaction.balance",
		    "Transaction %s says that %" PRId64
		    " tokens were left after it; its entry says %" PRId64 ".",
		    db_text(&w.q, 0), db_int(&w.q, 1), db_int(&w.q, 2));
		err = walk_next(&w);
	}
	walk_end(&w);
	return err;
}

/*
 * The sketches say whether anything differs, in no time; only then are the
 * tables joined to find out what. One difference is always found: if the
 * joins, which start from what exists, name nothing, the sketch is told.
 */
enum vt_err
verify_legs(struct verify *v)
{
	int64_t before = v->report->faults;
	enum vt_err err = VT_OK;

	if (!sketch_is_zero(&v->legs)) {
		err = name_legs(v);
		if (err == VT_OK)
			err = name_strays(v);
	}
	if (err == VT_OK && !sketch_is_zero(&v->balances))
		err = name_balances(v);
	if (err == VT_OK && v->report->faults == before &&
	    (!sketch_is_zero(&v->legs) || !sketch_is_zero(&v->balances)))
		verify_fault(v, "entry.sketch",
		    "movements, entries and balances do not say the same, "
		    "and no row could be named.");
	return err;
}
