/* lots: see lots.h. */
#include "ledger/lots.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	LOT_ADD,
	LEFT_ADD,
	USE_ADD,
	MARK,
	MARK_ADD,
	LIVE,
	THEN,
	LEFT_THEN,
	MARKS_THEN,
	NEXT,
	LEFT,
	USED,
	TAKE,
	TAKE_ALL,
	TAKEN,
	FREE,
	SUMS,
	USES,
	STATEMENTS
};

/*
 * The order of R66, total and stable. Written once: what a balance shows
 * first is what a spend takes first.
 */
#define BURN_ORDER                                                           \
	" ORDER BY l.priority, l.expires_at IS NULL, l.expires_at, l.paid, " \
	"l.created_at, l.id"

/* As lot_read() has them. What is not past its end, or kept beyond it. */
#define LOT_COLUMNS                                                         \
	"l.granted, l.cost, l.expires_at, l.created_at, l.paid, l.origin, " \
	"l.currency, t.public_id "
#define NOT_ENDED "(l.expires_at IS NULL OR l.expires_at > :now)"
/* As use_read() has them. */
#define USE_COLUMNS(tokens)                                           \
	"l.id, " tokens ", l.granted, l.cost, l.expires_at, l.paid, " \
	"l.origin, l.currency, t.public_id "

static const char *const sql[STATEMENTS] = {
	[LOT_ADD] =
	    "INSERT INTO lots (user, tx, origin, paid, cost, currency, "
	    "granted, expires_at, created_at) VALUES (:user, :tx, :origin, "
	    ":paid, :cost, :currency, :tokens, :expires, :now)",
	[LEFT_ADD] = "INSERT INTO lot_left (lot, user, left, live) "
		     "VALUES (:lot, :user, :tokens, 1)",
	[USE_ADD] = "INSERT INTO lot_uses (movement, lot, delta) "
		    "VALUES (:movement, :lot, :delta)",
	[MARK] = "UPDATE lot_left SET held = held + :held, "
		 "frozen = frozen + :frozen WHERE lot = :lot "
		 "AND held + :held >= 0 AND frozen + :frozen >= 0 "
		 "AND held + :held + frozen + :frozen <= left",
	[MARK_ADD] = "INSERT INTO lot_marks (lot, held, frozen, created_at) "
		     "VALUES (:lot, :held, :frozen, :now)",
	[LIVE] = "SELECT l.id, f.left, f.held, f.frozen, " LOT_COLUMNS
		 "FROM lot_left f JOIN lots l ON l.id = f.lot "
		 "JOIN token_transactions t ON t.id = l.tx "
		 "WHERE f.user = :user AND f.live = 1 "
		 "AND (" NOT_ENDED " OR f.held + f.frozen > 0)" BURN_ORDER,
	[THEN] = "SELECT l.id, 0, 0, 0, " LOT_COLUMNS "FROM lots l "
		 "JOIN token_transactions t ON t.id = l.tx "
		 "WHERE l.user = :user AND l.created_at <= :now" BURN_ORDER,
	[LEFT_THEN] = "SELECT COALESCE(SUM(u.delta), 0) FROM lot_uses u "
		      "JOIN movements m ON m.id = u.movement "
		      "WHERE u.lot = :lot AND m.created_at <= :now",
	[MARKS_THEN] = "SELECT COALESCE(SUM(held), 0), "
		       "COALESCE(SUM(frozen), 0) FROM lot_marks "
		       "WHERE lot = :lot AND created_at <= :now",
	/* One row is read. A LIMIT would sort in a table, which costs more
	 * than the few lots that a user has. */
	[NEXT] = "SELECT l.id, f.left - f.held - f.frozen "
		 "FROM lot_left f JOIN lots l ON l.id = f.lot "
		 "WHERE f.user = :user AND f.live = 1 "
		 "AND f.left - f.held - f.frozen > 0 "
		 "AND " NOT_ENDED BURN_ORDER,
	/* All that SUMS sums, in burn order. */
	[LEFT] = "SELECT l.id, f.left - f.held - f.frozen, f.held, "
		 "f.frozen, " NOT_ENDED ", l.created_at < l.expires_at "
		 "FROM lot_left f JOIN lots l ON l.id = f.lot "
		 "WHERE f.user = :user AND f.live = 1" BURN_ORDER,
	[USED] =
	    "SELECT " USE_COLUMNS(":tokens") "FROM lots l "
					     "JOIN token_transactions t ON "
					     "t.id = l.tx WHERE l.id = :lot",
	/* Two, so that the one that runs for nearly every spend does not name
	 * `live`, whose index it would write. */
	[TAKE] = "UPDATE lot_left SET left = left - :tokens WHERE lot = :lot "
		 "AND left - held - frozen >= :tokens AND left > :tokens",
	[TAKE_ALL] = "UPDATE lot_left SET left = 0, live = 0 WHERE lot = :lot "
		     "AND left = :tokens AND held = 0 AND frozen = 0",
	[TAKEN] = "SELECT COALESCE(-SUM(delta), 0) FROM lot_uses "
		  "WHERE movement = :movement",
	[FREE] = "SELECT left - held - frozen FROM lot_left WHERE lot = :lot",
	/* What was past its end when it was made was never there. */
	[SUMS] = "SELECT COALESCE(SUM(CASE WHEN " NOT_ENDED
		 " THEN f.left - f.held - f.frozen ELSE 0 END), 0), "
		 "COALESCE(SUM(f.held), 0), COALESCE(SUM(f.frozen), 0), "
		 "COALESCE(SUM(CASE WHEN " NOT_ENDED
		 " OR l.created_at >= l.expires_at THEN 0 "
		 "ELSE f.left - f.held - f.frozen END), 0) "
		 "FROM lot_left f JOIN lots l ON l.id = f.lot "
		 "WHERE f.user = :user AND f.live = 1",
	[USES] = "SELECT " USE_COLUMNS(
	    "-u.delta") "FROM movements m "
			"JOIN lot_uses u ON u.movement = m.id AND u.delta < 0 "
			"JOIN lots l ON l.id = u.lot "
			"JOIN token_transactions t ON t.id = l.tx "
			"WHERE m.tx = :tx" BURN_ORDER,
};

enum vt_err
lot_add(struct db *db, const struct lot_new *l, int64_t *lot)
{
	enum vt_err err;

	err = db_exec(db, sql[LOT_ADD], DB_INT("user", l->user),
	    DB_INT("tx", l->tx), DB_TEXT("origin", l->origin),
	    DB_INT("paid", l->paid), DB_INT("cost", l->cost),
	    DB_TEXT("currency", l->currency), DB_INT("tokens", l->tokens),
	    l->expires_at == 0 ? DB_NULL("expires")
			       : DB_INT("expires", l->expires_at),
	    DB_INT("now", l->now_ms));
	if (err != VT_OK)
		return err;
	*lot = db_last_id(db);
	err = db_exec(db, sql[LEFT_ADD], DB_INT("lot", *lot),
	    DB_INT("user", l->user), DB_INT("tokens", l->tokens));
	if (err != VT_OK)
		return err;
	return db_exec(db, sql[USE_ADD], DB_INT("movement", l->movement),
	    DB_INT("lot", *lot), DB_INT("delta", l->tokens));
}

enum vt_err
lot_next(
    struct db *db, int64_t user, int64_t now_ms, int64_t *lot, int64_t *tokens)
{
	enum vt_err err;
	struct query q;

	err = db_row(
	    &q, db, sql[NEXT], DB_INT("user", user), DB_INT("now", now_ms));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_FUNDS : err;
	*lot = db_int(&q, 0);
	*tokens = db_int(&q, 1);
	db_done(&q);
	return VT_OK;
}

enum vt_err
lot_free(struct db *db, int64_t lot, int64_t *tokens)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[FREE], DB_INT("lot", lot));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	*tokens = db_int(&q, 0);
	db_done(&q);
	return VT_OK;
}

enum vt_err
lot_take(struct db *db, int64_t lot, int64_t movement, int64_t tokens)
{
	enum vt_err err;

	err = db_exec(
	    db, sql[TAKE], DB_INT("lot", lot), DB_INT("tokens", tokens));
	if (err == VT_OK && db_changes(db) != 1)
		err = db_exec(db, sql[TAKE_ALL], DB_INT("lot", lot),
		    DB_INT("tokens", tokens));
	if (err == VT_OK && db_changes(db) != 1)
		err = VT_FUNDS;
	if (err != VT_OK)
		return err;
	return db_exec(db, sql[USE_ADD], DB_INT("movement", movement),
	    DB_INT("lot", lot), DB_INT("delta", -tokens));
}

static void
use_read(struct query *q, struct lot_use *u)
{
	memset(u, 0, sizeof(*u));
	u->lot = db_int(q, 0);
	u->tokens = db_int(q, 1);
	u->granted = db_int(q, 2);
	u->cost = db_int(q, 3);
	u->expires_at = db_int(q, 4);
	u->paid = db_int(q, 5) != 0;
	(void)db_copy(q, 6, u->origin, sizeof(u->origin));
	(void)db_copy(q, 7, u->currency, sizeof(u->currency));
	(void)db_copy(q, 8, u->tx, sizeof(u->tx));
}

/* Takes from a lot that has as much, and tells whoever wants to know. */
static enum vt_err
burn_lot(struct db *db, const struct burn *b, int64_t lot, int64_t tokens)
{
	struct lot_use u;
	enum vt_err err;
	struct query q;

	err = lot_take(db, lot, b->movement, tokens);
	if (err != VT_OK || b->used == NULL)
		return err;
	err = db_row(
	    &q, db, sql[USED], DB_INT("tokens", tokens), DB_INT("lot", lot));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	use_read(&q, &u);
	db_done(&q);
	return b->used(&u, b->arg);
}

/* One row of LEFT: counts it, and takes of it up to what is still wanted. */
static enum vt_err
burn_row(struct db *db, const struct burn *b, struct query *q, int64_t *wanted,
    struct balance *after)
{
	int64_t lot = db_int(q, 0), free = db_int(q, 1), taken;

	after->held += db_int(q, 2);
	after->frozen += db_int(q, 3);
	if (db_int(q, 4) == 0) {
		/* What was past its end when it was made was never there. */
		after->lapsed += db_int(q, 5) != 0 ? free : 0;
		return VT_OK;
	}
	taken = free < *wanted ? free : *wanted;
	after->available += free - taken;
	*wanted -= taken;
	return taken > 0 ? burn_lot(db, b, lot, taken) : VT_OK;
}

/*
 * A use changes only the row it was read from, and not its place in the order
 * of reading, so that it can be written while the rest is still to be read.
 */
enum vt_err
lots_burn(struct db *db, const struct burn *b, struct balance *after)
{
	int64_t wanted = b->tokens;
	enum vt_err err;
	struct query q;

	*after = (struct balance){ 0 };
	err = db_query(&q, db, sql[LEFT], DB_INT("user", b->user),
	    DB_INT("now", b->now_ms));
	while (err == VT_OK && (err = db_step(&q)) == VT_OK)
		err = burn_row(db, b, &q, &wanted, after);
	db_done(&q);
	if (err != VT_NOTFOUND)
		return err;
	return wanted > 0 ? VT_FUNDS : VT_OK;
}

enum vt_err
lots_taken(struct db *db, int64_t movement, int64_t *tokens)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[TAKEN], DB_INT("movement", movement));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	*tokens = db_int(&q, 0);
	db_done(&q);
	return VT_OK;
}

enum vt_err
lot_mark(
    struct db *db, int64_t lot, int64_t held, int64_t frozen, int64_t now_ms)
{
	enum vt_err err;

	err = db_exec(db, sql[MARK], DB_INT("lot", lot), DB_INT("held", held),
	    DB_INT("frozen", frozen));
	if (err == VT_OK && db_changes(db) != 1)
		err = VT_DB;
	if (err != VT_OK)
		return err;
	return db_exec(db, sql[MARK_ADD], DB_INT("lot", lot),
	    DB_INT("held", held), DB_INT("frozen", frozen),
	    DB_INT("now", now_ms));
}

static void
lot_read(struct query *q, struct lot *l)
{
	memset(l, 0, sizeof(*l));
	l->id = db_int(q, 0);
	l->left = db_int(q, 1);
	l->held = db_int(q, 2);
	l->frozen = db_int(q, 3);
	l->granted = db_int(q, 4);
	l->cost = db_int(q, 5);
	l->expires_at = db_int(q, 6);
	l->created_at = db_int(q, 7);
	l->paid = db_int(q, 8) != 0;
	(void)db_copy(q, 9, l->origin, sizeof(l->origin));
	(void)db_copy(q, 10, l->currency, sizeof(l->currency));
	(void)db_copy(q, 11, l->tx, sizeof(l->tx));
}

/*
 * A lot past its end has nothing but what holds and disputes keep of it; the
 * rest is gone, whether a sweep has booked it or not.
 */
static enum vt_err
lot_show(struct lot *l, int64_t now_ms, lot_fn fn, void *arg)
{
	if (l->expires_at != 0 && l->expires_at <= now_ms)
		l->left = l->held + l->frozen;
	return l->left > 0 ? fn(l, arg) : VT_OK;
}

enum vt_err
lots_each(struct db *db, int64_t user, int64_t now_ms, lot_fn fn, void *arg)
{
	struct query q;
	struct lot l;
	enum vt_err err;

	err = db_query(
	    &q, db, sql[LIVE], DB_INT("user", user), DB_INT("now", now_ms));
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		lot_read(&q, &l);
		err = lot_show(&l, now_ms, fn, arg);
	}
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

/* What was left, held and frozen of one lot, from the rows that only grow. */
static enum vt_err
lot_then(struct db *db, int64_t at_ms, struct lot *l)
{
	enum vt_err err;
	struct query q;

	err = db_row(
	    &q, db, sql[LEFT_THEN], DB_INT("lot", l->id), DB_INT("now", at_ms));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	l->left = db_int(&q, 0);
	db_done(&q);
	if (l->left == 0)
		return VT_OK;
	err = db_row(&q, db, sql[MARKS_THEN], DB_INT("lot", l->id),
	    DB_INT("now", at_ms));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	l->held = db_int(&q, 0);
	l->frozen = db_int(&q, 1);
	db_done(&q);
	return VT_OK;
}

enum vt_err
lots_each_at(struct db *db, int64_t user, int64_t at_ms, lot_fn fn, void *arg)
{
	struct query q;
	struct lot l;
	enum vt_err err;

	err = db_query(
	    &q, db, sql[THEN], DB_INT("user", user), DB_INT("now", at_ms));
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		lot_read(&q, &l);
		err = lot_then(db, at_ms, &l);
		if (err == VT_OK)
			err = lot_show(&l, at_ms, fn, arg);
	}
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

void
balance_add(struct balance *b, const struct lot *l, int64_t now_ms)
{
	/* Two processes may differ by a moment about which came first. */
	if (l->left > l->held + l->frozen &&
	    (l->expires_at == 0 || l->expires_at > now_ms))
		b->available += l->left - l->held - l->frozen;
	b->held += l->held;
	b->frozen += l->frozen;
}

enum vt_err
ledger_balance(struct db *db, int64_t user, int64_t now_ms, struct balance *out)
{
	enum vt_err err;
	struct query q;

	err = db_row(
	    &q, db, sql[SUMS], DB_INT("user", user), DB_INT("now", now_ms));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	out->available = db_int(&q, 0);
	out->held = db_int(&q, 1);
	out->frozen = db_int(&q, 2);
	out->lapsed = db_int(&q, 3);
	db_done(&q);
	return VT_OK;
}

enum vt_err
lot_uses_each(struct db *db, int64_t tx, lot_use_fn fn, void *arg)
{
	struct lot_use u;
	struct query q;
	enum vt_err err;

	err = db_query(&q, db, sql[USES], DB_INT("tx", tx));
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		use_read(&q, &u);
		err = fn(&u, arg);
	}
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

enum vt_err
lots_insufficient(struct db *db, int64_t user, int64_t tokens, int64_t taken,
    int64_t now_ms, struct vt_problem *p)
{
	struct balance b;
	enum vt_err err;

	err = ledger_balance(db, user, now_ms, &b);
	if (err != VT_OK)
		return err;
	b.available += taken;
	(void)vt_problem(p, VT_FUNDS, "insufficient_tokens", NULL,
	    "%" PRId64 " tokens are needed and %" PRId64 " are available.",
	    tokens, b.available);
	if (p != NULL)
		(void)snprintf(p->details, sizeof(p->details),
		    "{\"available\":%" PRId64 "}", b.available);
	return VT_FUNDS;
}
