/* settle: see settle.h. */
#include "ledger/settle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "ledger/debts.h"
#include "ledger/expire.h"
#include "ledger/lots.h"
#include "ledger/movements.h"
#include "ledger/thresholds.h"
#include "ledger/transactions.h"

enum {
	GRANT_GET,
	GRANT_OF,
	GRANT_OF_LOT,
	BACK,
	GONE,
	LOT_GET,
	BOOK,
	SINCE,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[GRANT_GET] =
	    "SELECT g.source, g.charge, g.lot, g.granted, g.booked, "
	    "g.steps, l.user, l.cost, l.currency, l.expires_at, "
	    "l.paid, g.since, g.alarm IS NOT NULL, t.status "
	    "FROM grants g JOIN lots l ON l.id = g.lot "
	    "JOIN token_transactions t ON t.id = g.tx WHERE g.tx = :tx",
	[GRANT_OF] = "SELECT tx FROM grants WHERE charge = :charge "
		     "UNION SELECT tx FROM grants WHERE source = 'pi:' || :pi "
		     "LIMIT 1",
	[GRANT_OF_LOT] = "SELECT g.tx FROM lots l JOIN grants g ON g.tx = l.tx "
			 "AND g.lot = l.id WHERE l.id = :lot "
			 "AND (g.since IS NOT NULL OR g.alarm IS NOT NULL)",
	[BACK] = "SELECT "
		 "COALESCE(SUM(amount) FILTER (WHERE kind = 'back'), 0), "
		 "COALESCE(SUM(amount) FILTER (WHERE kind = 'maybe'), 0), "
		 "COALESCE(SUM(disputed), 0) FROM ("
		 "SELECT amount, 0 AS disputed, "
		 "CASE status WHEN 'succeeded' THEN 'back' "
		 "WHEN 'failed' THEN 'none' WHEN 'canceled' THEN 'none' "
		 "ELSE 'maybe' END AS kind FROM refunds "
		 "WHERE charge = :charge OR pi = :pi UNION ALL "
		 "SELECT amount, effect IN ('freeze', 'lost'), "
		 "CASE effect WHEN 'lost' THEN 'back' "
		 "WHEN 'freeze' THEN 'maybe' ELSE 'none' END FROM disputes "
		 "WHERE charge = :charge OR pi = :pi)",
	[GONE] = "SELECT COALESCE(SUM(-u.delta), 0) FROM lot_uses u "
		 "JOIN movements m ON m.id = u.movement "
		 "JOIN token_transactions t ON t.id = m.tx "
		 "WHERE u.lot = :lot AND u.delta < 0 "
		 "AND t.kind IN ('expiry', 'revoke')",
	[LOT_GET] = "SELECT left, held, frozen FROM lot_left "
		    "WHERE lot = :lot",
	[BOOK] = "UPDATE grants SET booked = :booked, steps = steps + 1 "
		 "WHERE tx = :tx",
	[SINCE] = "UPDATE grants SET since = "
		  "CASE WHEN :out THEN COALESCE(since, :now) END "
		  "WHERE tx = :tx",
};

/* A grant with all that decides about it. */
struct case_file {
	int64_t tx, user, lot, granted, booked, steps;
	int64_t cost; /* what was paid for it, smallest unit */
	char currency[8];
	int64_t expires_at; /* 0: never */
	bool paid;
	char charge[96], pi[96]; /* "" when there is none */
	int64_t back, maybe;	 /* money gone, and money that may go */
	bool disputed;
	int64_t gone; /* expired or revoked of the lot */
	int64_t left, held, frozen;
	int64_t since; /* first frozen or taken back; 0: it is all there */
	bool alarmed;  /* its source does not confirm it (grant_alarm()) */
	char status[20];
	int64_t now_ms;
};

int64_t
settle_share(int64_t granted, int64_t back, int64_t amount)
{
	__int128 product;

	if (amount <= 0 || back <= 0)
		return 0;
	if (back > amount)
		back = amount;
	product = (__int128)granted * back;
	return (int64_t)((product + amount - 1) / amount);
}

static enum vt_err
read_grant(struct db *db, struct case_file *c)
{
	const char *source;
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[GRANT_GET], DB_INT("tx", c->tx));
	if (err != VT_OK)
		return err;
	source = db_text(&q, 0);
	if (strncmp(source, "pi:", 3) == 0)
		(void)snprintf(c->pi, sizeof(c->pi), "%s", source + 3);
	(void)db_copy(&q, 1, c->charge, sizeof(c->charge));
	c->lot = db_int(&q, 2);
	c->granted = db_int(&q, 3);
	c->booked = db_int(&q, 4);
	c->steps = db_int(&q, 5);
	c->user = db_int(&q, 6);
	c->cost = db_int(&q, 7);
	(void)db_copy(&q, 8, c->currency, sizeof(c->currency));
	c->expires_at = db_int(&q, 9);
	c->paid = db_int(&q, 10) != 0;
	c->since = db_int(&q, 11);
	c->alarmed = db_int(&q, 12) != 0;
	(void)db_copy(&q, 13, c->status, sizeof(c->status));
	db_done(&q);
	return VT_OK;
}

static enum vt_err
read_lot(struct db *db, struct case_file *c)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[LOT_GET], DB_INT("lot", c->lot));
	if (err != VT_OK)
		return err;
	c->left = db_int(&q, 0);
	c->held = db_int(&q, 1);
	c->frozen = db_int(&q, 2);
	db_done(&q);
	return VT_OK;
}

static enum vt_err
open_case(struct db *db, struct case_file *c)
{
	enum vt_err err;
	struct query q;

	err = read_grant(db, c);
	if (err != VT_OK)
		return err;
	err = db_row(&q, db, sql[BACK],
	    DB_TEXT("charge", c->charge[0] ? c->charge : NULL),
	    DB_TEXT("pi", c->pi[0] ? c->pi : NULL));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	c->back = db_int(&q, 0);
	c->maybe = db_int(&q, 1);
	c->disputed = db_int(&q, 2) != 0;
	db_done(&q);
	err = db_row(&q, db, sql[GONE], DB_INT("lot", c->lot));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	c->gone = db_int(&q, 0);
	db_done(&q);
	return read_lot(db, c);
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What is to be taken back when so much money is gone, never more than is
 * there to take: what expired or was revoked is gone already. */
static int64_t
want(const struct case_file *c, int64_t back)
{
	return least(settle_share(c->granted, back, c->cost),
	    c->granted - least(c->gone, c->granted));
}

static enum vt_err
set_frozen(struct db *db, struct case_file *c, int64_t frozen)
{
	int64_t more = frozen - c->frozen;

	if (more == 0)
		return VT_OK;
	c->frozen = frozen;
	return lot_mark(db, c->lot, 0, more, c->now_ms);
}

static enum vt_err
book(struct db *db, struct case_file *c, int64_t booked)
{
	c->booked = booked;
	c->steps++;
	return db_exec(
	    db, sql[BOOK], DB_INT("tx", c->tx), DB_INT("booked", booked));
}

/* The name of the next step. */
static void
step_cause(const struct case_file *c, char out[static 64])
{
	(void)snprintf(out, 64, "adj:%" PRId64 ":%" PRId64, c->tx, c->steps);
}

/* Opens a transaction for a step and the user's account. */
static enum vt_err
begin_step(struct db *db, const struct case_file *c, const char *kind,
    int64_t tokens, struct transaction_ref *tx, int64_t *account)
{
	struct transaction_new t = { .user = c->user,
		.kind = kind,
		.status = "pending",
		.tokens = tokens,
		.actor = "stripe",
		.now_ms = c->now_ms };
	enum vt_err err;

	err = transaction_add(db, &t, tx);
	if (err == VT_OK)
		err = transaction_stripe(db, tx->id, c->pi[0] ? c->pi : NULL,
		    c->charge[0] ? c->charge : NULL, NULL, c->now_ms);
	if (err == VT_OK)
		err = ledger_user_account(db, c->user, account);
	return err;
}

/* How much can be taken now, of this lot and of the others. */
static enum vt_err
reachable(struct db *db, struct case_file *c, int64_t *own, int64_t *other)
{
	struct balance b;
	enum vt_err err;

	*own = c->left - c->held;
	err = ledger_balance(db, c->user, c->now_ms, &b);
	if (err != VT_OK)
		return err;
	*other = b.available;
	/* Of this lot what is free is in the balance too, unless expired. */
	if (c->expires_at == 0 || c->expires_at > c->now_ms)
		*other -= c->left - c->held - c->frozen;
	return VT_OK;
}

/* The uses of a clawback: its own lot first, the others in burn order. */
static enum vt_err
take_lots(struct db *db, struct case_file *c, int64_t movement, int64_t own,
    int64_t other)
{
	struct burn burn = { .user = c->user,
		.movement = movement,
		.tokens = other,
		.now_ms = c->now_ms };
	enum vt_err err = VT_OK;
	struct balance left;

	if (own > 0)
		err = lot_take(db, c->lot, movement, own);
	if (err == VT_OK && other > 0)
		err = lots_burn(db, &burn, &left);
	return err;
}

/* Takes `tokens` back: a movement for what is there, a debt for the rest. */
static enum vt_err
claw(struct db *db, struct case_file *c, int64_t tokens, struct settled *out)
{
	char cause[64];
	struct movement m = {
		.cause = cause, .to = LEDGER_CLAWBACK, .now_ms = c->now_ms
	};
	struct debt_step debt = { c->user, c->tx, cause, 0, c->now_ms };
	struct transaction_ref tx;
	struct movement_done moved;
	int64_t own, other;
	enum vt_err err;

	step_cause(c, cause);
	err = reachable(db, c, &own, &other);
	if (err != VT_OK)
		return err;
	own = least(own, tokens);
	other = least(other, tokens - own);
	m.tokens = own + other;
	debt.delta = tokens - m.tokens;
	/* Frozen tokens are what the clawback has been waiting for. */
	err = set_frozen(db, c, c->frozen - least(c->frozen, own));
	if (err == VT_OK && m.tokens > 0) {
		err = begin_step(db, c, c->disputed ? "dispute" : "refund",
		    -m.tokens, &tx, &m.from);
		m.tx = tx.id;
		if (err == VT_OK)
			err = ledger_move(db, &m, &moved);
		if (err == VT_OK)
			err = take_lots(db, c, moved.id, own, other);
		if (err == VT_OK)
			err = transaction_complete(
			    db, tx.id, moved.from_balance, c->now_ms);
	}
	fault_point("settle.between_take_and_debt");
	if (err == VT_OK && debt.delta > 0)
		err = debt_step(db, &debt);
	if (err != VT_OK)
		return err;
	out->clawed = m.tokens;
	out->owed = debt.delta;
	return book(db, c, c->booked + tokens);
}

/* A new lot for what comes back; it pays the user's other debts first. */
static enum vt_err
give_back(struct db *db, struct case_file *c, const char *cause, int64_t tokens,
    int64_t expires_at)
{
	struct movement m = { .cause = cause,
		.from = LEDGER_CLAWBACK,
		.tokens = tokens,
		.now_ms = c->now_ms };
	struct lot_new l = { .user = c->user,
		.origin = "restoration",
		.paid = c->paid,
		.tokens = tokens,
		.cost = (int64_t)((__int128)c->cost * tokens / c->granted),
		.currency = c->currency[0] ? c->currency : NULL,
		.expires_at = expires_at,
		.now_ms = c->now_ms };
	struct transaction_ref tx = { 0 };
	struct movement_done moved = { 0 };
	int64_t lot, paid;
	enum vt_err err;

	err = begin_step(db, c, "adjustment", tokens, &tx, &m.to);
	m.tx = l.tx = tx.id;
	if (err == VT_OK)
		err = ledger_move(db, &m, &moved);
	l.movement = moved.id;
	if (err == VT_OK)
		err = lot_add(db, &l, &lot);
	if (err == VT_OK)
		err = transaction_complete(
		    db, tx.id, moved.to_balance, c->now_ms);
	if (err == VT_OK)
		err = debts_pay(db, c->user, lot, cause, c->now_ms, &paid);
	return err;
}

/*
 * When the lot would expire, had nobody frozen it or taken it back. A lot
 * that was past its end before had nothing to take but what other lots gave:
 * that comes back without an end, rather than expired.
 */
static int64_t
later(const struct case_file *c)
{
	int64_t end = c->expires_at;

	if (end != 0 && c->since != 0)
		end += c->now_ms - c->since;
	return end > c->now_ms ? end : 0;
}

static enum vt_err
restore(struct db *db, struct case_file *c, int64_t tokens, struct settled *out)
{
	char cause[64];
	struct debt_step debt = { c->user, c->tx, cause, 0, c->now_ms };
	int64_t open;
	enum vt_err err;

	step_cause(c, cause);
	err = debt_of_grant(db, c->tx, &open);
	if (err != VT_OK)
		return err;
	out->forgiven = least(open, tokens);
	out->restored = tokens - out->forgiven;
	debt.delta = -out->forgiven;
	if (out->forgiven > 0)
		err = debt_step(db, &debt);
	if (err == VT_OK && out->restored > 0)
		err = give_back(db, c, cause, out->restored, later(c));
	if (err != VT_OK)
		return err;
	return book(db, c, c->booked - tokens);
}

/*
 * Tokens of an expiring lot that were frozen for nothing go on with a later
 * end: out of the lot and into a new one, two steps that change no booking.
 */
static enum vt_err
thaw(struct db *db, struct case_file *c, int64_t tokens)
{
	char cause[64];
	struct movement m = { .cause = cause,
		.to = LEDGER_CLAWBACK,
		.tokens = tokens,
		.now_ms = c->now_ms };
	struct transaction_ref tx;
	struct movement_done moved;
	enum vt_err err;

	step_cause(c, cause);
	err = begin_step(db, c, "adjustment", -tokens, &tx, &m.from);
	m.tx = tx.id;
	if (err == VT_OK)
		err = ledger_move(db, &m, &moved);
	if (err == VT_OK)
		err = lot_take(db, c->lot, moved.id, tokens);
	if (err == VT_OK)
		err = transaction_complete(
		    db, tx.id, moved.from_balance, c->now_ms);
	if (err == VT_OK)
		err = book(db, c, c->booked);
	if (err != VT_OK)
		return err;
	step_cause(c, cause);
	err = give_back(db, c, cause, tokens, later(c));
	return err == VT_OK ? book(db, c, c->booked) : err;
}

/* Tokens of a lot without an end that are free again pay debts first. */
static enum vt_err
thaw_in_place(struct db *db, struct case_file *c)
{
	char cause[64];
	int64_t paid;
	enum vt_err err;

	step_cause(c, cause);
	err = debts_pay(db, c->user, c->lot, cause, c->now_ms, &paid);
	return err == VT_OK && paid > 0 ? book(db, c, c->booked) : err;
}

/*
 * What may yet have to be taken back. What an alarm froze stays so, whatever
 * else is told of it.
 */
static int64_t
to_freeze(const struct case_file *c, int64_t now_want)
{
	int64_t free = c->left - c->held;

	return c->alarmed ? free
			  : least(want(c, c->back + c->maybe) - now_want, free);
}

/* Whether anything of the grant is gone or may go. */
static bool
is_out(const struct case_file *c)
{
	return c->booked > 0 || want(c, c->back + c->maybe) > 0;
}

/* Freezes what is to be frozen, and thaws what need not be. */
static enum vt_err
refreeze(struct db *db, struct case_file *c, int64_t now_want)
{
	int64_t before, frozen;
	enum vt_err err;

	err = read_lot(db, c);
	if (err != VT_OK)
		return err;
	before = c->frozen;
	frozen = to_freeze(c, now_want);
	err = set_frozen(db, c, frozen);
	if (err != VT_OK || before <= frozen)
		return err;
	return c->expires_at != 0 ? thaw(db, c, before - frozen)
				  : thaw_in_place(db, c);
}

/* The transaction's own status, as people see it. */
static enum vt_err
status(struct db *db, const struct case_file *c)
{
	const char *to = "completed";
	enum vt_err err = VT_OK;
	bool changed;

	if (c->disputed)
		to = "disputed";
	else if (c->back >= c->cost && c->cost > 0)
		to = "refunded";
	if (strcmp(to, c->status) == 0)
		return VT_OK;
	/* From refunded to disputed and back the way is over completed. */
	if (strcmp(to, "completed") != 0)
		err = transaction_status(
		    db, c->tx, "completed", c->now_ms, &changed);
	return err == VT_OK
	    ? transaction_status(db, c->tx, to, c->now_ms, &changed)
	    : err;
}

enum vt_err
settle_within(
    struct db *db, int64_t grant_tx, int64_t now_ms, struct settled *out)
{
	struct case_file c = { .tx = grant_tx, .now_ms = now_ms };
	int64_t now_want;
	enum vt_err err;
	bool expired;

	memset(out, 0, sizeof(*out));
	err = open_case(db, &c);
	/* What has expired is gone, whether a sweep came by or not. */
	if (err == VT_OK)
		err = expire_due(db, c.lot, now_ms, &expired);
	if (err == VT_OK && expired)
		err = open_case(db, &c);
	if (err != VT_OK)
		return err;
	now_want = want(&c, c.back);
	if (now_want > c.booked)
		err = claw(db, &c, now_want - c.booked, out);
	else if (now_want < c.booked)
		err = restore(db, &c, c.booked - now_want, out);
	if (err == VT_OK)
		err = refreeze(db, &c, now_want);
	if (err == VT_OK)
		err = db_exec(db, sql[SINCE], DB_INT("tx", c.tx),
		    DB_INT("out", is_out(&c)), DB_INT("now", now_ms));
	if (err != VT_OK)
		return err;
	out->frozen = c.frozen;
	return status(db, &c);
}

enum vt_err
settle(struct db *db, int64_t grant_tx, int64_t now_ms, struct settled *out)
{
	struct case_file c = { .tx = grant_tx };
	struct threshold_watch watch;
	enum vt_err err;

	err = read_grant(db, &c);
	if (err == VT_OK)
		err = thresholds_begin(db, c.user, now_ms, &watch);
	if (err == VT_OK)
		err = settle_within(db, grant_tx, now_ms, out);
	return err == VT_OK ? thresholds_end(db, &watch) : err;
}

enum vt_err
settle_lot(struct db *db, int64_t lot, int64_t now_ms)
{
	struct settled done;
	int64_t grant_tx;
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[GRANT_OF_LOT], DB_INT("lot", lot));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_OK : err;
	grant_tx = db_int(&q, 0);
	db_done(&q);
	return settle_within(db, grant_tx, now_ms, &done);
}

enum vt_err
settle_review(struct db *db, int64_t grant_tx, struct settle_review *out)
{
	struct case_file c = { .tx = grant_tx };
	enum vt_err err;

	err = open_case(db, &c);
	if (err != VT_OK)
		return err;
	*out = (struct settle_review){ .booked = c.booked,
		.want = want(&c, c.back),
		.frozen = c.frozen,
		.since = c.since != 0,
		.out = is_out(&c) };
	out->freeze = to_freeze(&c, out->want);
	return VT_OK;
}

enum vt_err
settle_grant_of(
    struct db *db, const char *charge, const char *pi, int64_t *grant_tx)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[GRANT_OF], DB_TEXT("charge", charge),
	    DB_TEXT("pi", pi));
	if (err != VT_OK)
		return err;
	*grant_tx = db_int(&q, 0);
	db_done(&q);
	return VT_OK;
}
