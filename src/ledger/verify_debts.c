/*
 * verify_debts: the chain of debts, what is open of each rebuilt from it,
 * the movements that repaid them, and what each grant says was taken back
 * against the steps of settle.
 */
#include <inttypes.h>
#include <string.h>

#include "ledger/debts.h"
#include "ledger/verify_parts.h"

/* Column 9 is what was open of the same grant before, 10 whether the cause
 * names this grant, 11 whether it needs a movement and 12 whether it has. */
static const char debts_sql[] =
    "SELECT d.id, d.user, d.grant_tx, d.cause, d.delta, d.open, "
    "d.created_at, d.prev, d.hash, COALESCE((SELECT p.open FROM debts p "
    "WHERE p.grant_tx = d.grant_tx AND p.id < d.id "
    "ORDER BY p.id DESC LIMIT 1), 0), "
    "d.cause LIKE 'adj:' || d.grant_tx || ':%' "
    "OR d.cause LIKE 'repay:' || d.grant_tx || ':%', "
    "d.cause LIKE 'repay:%', m.tokens IS -d.delta AND m.to_account = 3, "
    "l.user FROM debts d LEFT JOIN movements m ON m.cause = d.cause "
    "LEFT JOIN grants g ON g.tx = d.grant_tx "
    "LEFT JOIN lots l ON l.id = g.lot ORDER BY d.id";

static const char open_sql[] =
    "SELECT o.grant_tx, o.user, o.open, (SELECT d.open FROM debts d "
    "WHERE d.grant_tx = o.grant_tx ORDER BY d.id DESC LIMIT 1), "
    "(SELECT MIN(d.user) FROM debts d WHERE d.grant_tx = o.grant_tx) "
    "FROM debt_open o ORDER BY o.grant_tx";

static const char lost_sql[] =
    "SELECT DISTINCT d.grant_tx FROM debts d WHERE NOT EXISTS "
    "(SELECT 1 FROM debt_open o WHERE o.grant_tx = d.grant_tx)";

static const char repaid_sql[] =
    "SELECT m.id, m.cause FROM movements m "
    "WHERE m.cause >= 'repay:' AND m.cause < 'repay;' "
    "AND NOT EXISTS (SELECT 1 FROM debts d WHERE d.cause = m.cause)";

/* Grants that settle touched, beside the sum of its steps. */
static const char booked_sql[] =
    "SELECT g.source, g.booked, "
    "(SELECT COALESCE(SUM(CASE WHEN m.to_account = 3 THEN m.tokens "
    "ELSE -m.tokens END), 0) FROM movements m "
    "WHERE m.cause >= 'adj:' || g.tx || ':' "
    "AND m.cause < 'adj:' || g.tx || ';') + "
    "(SELECT COALESCE(SUM(d.delta), 0) FROM debts d "
    "WHERE d.cause >= 'adj:' || g.tx || ':' "
    "AND d.cause < 'adj:' || g.tx || ';'), g.granted "
    "FROM grants g WHERE g.steps > 0 OR g.booked <> 0";

/* Steps whose grant knows nothing of them. */
#define STEPS_OF(table)                                       \
	"SELECT s.cause FROM " table                          \
	" s WHERE s.cause >= 'adj:' AND s.cause < 'adj;' "    \
	"AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.tx "  \
	"= CAST(substr(s.cause, 5, instr(substr(s.cause, 5)," \
	" ':') - 1) AS INTEGER) AND g.steps > CAST(substr("   \
	"s.cause, instr(substr(s.cause, 5), ':') + 5) AS INTEGER))"
static const char stray_steps_sql[] =
    STEPS_OF("movements") " UNION ALL " STEPS_OF("debts");

static void
check_chain(struct verify *v, struct query *q, int64_t *last,
    unsigned char head[static 32])
{
	unsigned char hash[32];
	size_t prev_bytes, hash_bytes;
	const void *prev = db_blob(q, 7, &prev_bytes);
	const void *stored = db_blob(q, 8, &hash_bytes);
	int64_t id = db_int(q, 0);

	if (id != *last + 1)
		verify_fault(v, "debt.missing",
		    "Step %" PRId64 " of debts is missing.", *last + 1);
	else if (prev_bytes != 32 || memcmp(prev, head, 32) != 0)
		verify_fault(v, "debt.link",
		    "Step %" PRId64 " of debts does not continue the chain.",
		    id);
	*last = id;
	if (prev_bytes != 32 || hash_bytes != 32) {
		verify_fault(v, "debt.hash",
		    "Step %" PRId64 " of debts has no whole hash.", id);
		return;
	}
	debt_hash(prev, id, db_int(q, 1), db_int(q, 2), db_text(q, 3),
	    db_int(q, 4), db_int(q, 5), db_int(q, 6), hash);
	if (memcmp(hash, stored, 32) != 0)
		verify_fault(v, "debt.hash",
		    "Step %" PRId64 " of debts (%s) was changed after it was "
		    "written: its hash does not fit.",
		    id, db_text(q, 3));
	memcpy(head, stored, 32);
}

static void
check_step(struct verify *v, struct query *q)
{
	int64_t id = db_int(q, 0), sum;

	if (__builtin_add_overflow(db_int(q, 9), db_int(q, 4), &sum) ||
	    sum != db_int(q, 5) || sum < 0)
		verify_fault(v, "debt.open",
		    "Step %" PRId64 " of debts goes from %" PRId64
		    " by %" PRId64 " to %" PRId64 ".",
		    id, db_int(q, 9), db_int(q, 4), db_int(q, 5));
	if (db_int(q, 10) == 0)
		verify_fault(v, "debt.cause",
		    "Step %" PRId64 " of debts has the cause %s, which is "
		    "none of its grant's.",
		    id, db_text(q, 3));
	if (db_int(q, 11) != 0 && db_int(q, 12) == 0)
		verify_fault(v, "debt.movement",
		    "Step %" PRId64 " of debts (%s) was repaid by no movement "
		    "of as many tokens.",
		    id, db_text(q, 3));
	if (db_int(q, 13) != db_int(q, 1))
		verify_fault(v, "debt.user",
		    "Step %" PRId64 " of debts is of user row %" PRId64
		    ", its grant of user row %" PRId64 ".",
		    id, db_int(q, 1), db_int(q, 13));
}

static enum vt_err
walk_chain(struct verify *v)
{
	unsigned char head[32] = { 0 };
	int64_t last = 0;
	struct walk w;
	enum vt_err err;

	err = walk_start(&w, v->db, debts_sql);
	while (err == VT_OK && w.on_row) {
		check_chain(v, &w.q, &last, head);
		check_step(v, &w.q);
		verify_count(v, NULL);
		err = walk_next(&w);
	}
	walk_end(&w);
	return err;
}

static void
check_open(struct verify *v, struct query *q)
{
	if (db_is_null(q, 3) || db_int(q, 2) != db_int(q, 3) ||
	    db_int(q, 1) != db_int(q, 4))
		verify_fault(v, "debt.open",
		    "Of the grant of row %" PRId64 " %" PRId64
		    " tokens are said to be owed; its steps leave %" PRId64 ".",
		    db_int(q, 0), db_int(q, 2), db_int(q, 3));
}

static void
name_lost(struct verify *v, struct query *q)
{
	verify_fault(v, "debt.open",
	    "What is owed of the grant of row %" PRId64 " is not recorded.",
	    db_int(q, 0));
}

static void
name_repaid(struct verify *v, struct query *q)
{
	verify_fault(v, "debt.movement",
	    "Movement %" PRId64 " (%s) repays no debt.", db_int(q, 0),
	    db_text(q, 1));
}

static void
check_booked(struct verify *v, struct query *q)
{
	if (db_int(q, 1) != db_int(q, 2) || db_int(q, 1) < 0 ||
	    db_int(q, 1) > db_int(q, 3))
		verify_fault(v, "grant.booked",
		    "Of the grant of %s, %" PRId64 " of %" PRId64
		    " tokens are said to be taken back; its steps make "
		    "%" PRId64 ".",
		    db_text(q, 0), db_int(q, 1), db_int(q, 3), db_int(q, 2));
}

static void
name_step(struct verify *v, struct query *q)
{
	verify_fault(v, "grant.step",
	    "The step %s belongs to no grant that made it.", db_text(q, 0));
}

enum vt_err
verify_debts(struct verify *v)
{
	static const struct {
		const char *sql;
		void (*row)(struct verify *, struct query *);
	} rest[] = { { open_sql, check_open }, { lost_sql, name_lost },
		{ repaid_sql, name_repaid }, { booked_sql, check_booked },
		{ stray_steps_sql, name_step } };
	struct walk w;
	enum vt_err err;

	err = walk_chain(v);
	for (size_t i = 0; i < countof(rest) && err == VT_OK; i++) {
		err = walk_start(&w, v->db, rest[i].sql);
		while (err == VT_OK && w.on_row) {
			rest[i].row(v, &w.q);
			err = walk_next(&w);
		}
		walk_end(&w);
	}
	return err;
}
