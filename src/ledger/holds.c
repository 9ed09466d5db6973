/* holds: see holds.h. */
#include "ledger/holds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "ledger/debts.h"
#include "ledger/expire.h"
#include "ledger/lots.h"
#include "ledger/movements.h"
#include "ledger/settle.h"
#include "ledger/thresholds.h"

#define EXPIRED_MAX 16 /* holds ended at once before a spend */

enum {
	ADD,
	PIN_ADD,
	BY_ID,
	BY_PUBLIC,
	NEXT_PIN,
	PIN_DELETE,
	END,
	USER_EXPIRED,
	ALL_EXPIRED,
	LOT_END,
	STATEMENTS
};

#define SELECT                                                                \
	"SELECT h.id, h.public_id, h.service, h.user, h.tokens, h.captured, " \
	"h.state, h.expires_at, t.public_id FROM holds h "                    \
	"LEFT JOIN token_transactions t ON t.id = h.tx WHERE "

static const char *const sql[STATEMENTS] = {
	[ADD] = "INSERT INTO holds (public_id, service, reference, user, "
		"tokens, expires_at, created_at) SELECT :public, :service, "
		":reference, :user, :tokens, :expires, :now WHERE NOT EXISTS "
		"(SELECT 1 FROM holds WHERE service = :service "
		"AND reference = :reference) RETURNING id",
	[PIN_ADD] = "INSERT INTO hold_lots (hold, lot, tokens) "
		    "VALUES (:hold, :lot, :tokens)",
	[BY_ID] = SELECT "h.id = :id",
	[BY_PUBLIC] = SELECT "h.public_id = :public AND h.service = :service",
	/* In the order in which a spend would burn them. */
	[NEXT_PIN] = "SELECT p.lot, p.tokens FROM hold_lots p "
		     "JOIN lots l ON l.id = p.lot WHERE p.hold = :hold "
		     "ORDER BY l.priority, l.expires_at IS NULL, l.expires_at, "
		     "l.paid, l.created_at, l.id LIMIT 1",
	[PIN_DELETE] = "DELETE FROM hold_lots "
		       "WHERE hold = :hold AND lot = :lot",
	/* Compare-and-set: who comes second finds it ended (R62, R63). */
	[END] = "UPDATE holds SET state = :state, captured = :captured, "
		"tx = :tx, ended_at = :now WHERE id = :id AND state = 'open'",
	/* Oldest first, in both: who pays a debt is not left to chance. */
	[USER_EXPIRED] = "SELECT id FROM holds WHERE user = :user "
			 "AND state = 'open' AND expires_at <= :now "
			 "ORDER BY expires_at, id",
	[ALL_EXPIRED] = "SELECT id FROM holds WHERE state = 'open' "
			"AND expires_at <= :now "
			"ORDER BY expires_at, id LIMIT :max",
	[LOT_END] = "SELECT expires_at FROM lots WHERE id = :lot",
};

static const char *const names[] = { [HOLD_OPEN] = "open",
	[HOLD_CAPTURED] = "captured",
	[HOLD_RELEASED] = "released",
	[HOLD_EXPIRED] = "expired" };

const char *
hold_state_name(enum hold_state s)
{
	return names[s];
}

static enum vt_err
find(struct db *db, const char *statement, const struct db_param *params,
    struct hold *out)
{
	enum vt_err err;
	struct query q;

	err = db_row_params(&q, db, statement, params);
	if (err != VT_OK)
		return err;
	memset(out, 0, sizeof(*out));
	out->id = db_int(&q, 0);
	(void)db_copy(&q, 1, out->public_id, sizeof(out->public_id));
	out->service = db_int(&q, 2);
	out->user = db_int(&q, 3);
	out->tokens = db_int(&q, 4);
	out->captured = db_int(&q, 5);
	for (size_t i = 0; i < countof(names); i++)
		if (strcmp(names[i], db_text(&q, 6)) == 0)
			out->state = (enum hold_state)i;
	out->expires_at = db_int(&q, 7);
	(void)db_copy(&q, 8, out->tx_public_id, sizeof(out->tx_public_id));
	db_done(&q);
	return VT_OK;
}

enum vt_err
hold_by_id(struct db *db, int64_t id, struct hold *out)
{
	return find(db, sql[BY_ID], DB_PARAMS(DB_INT("id", id)), out);
}

enum vt_err
hold_find(
    struct db *db, int64_t service, const char *public_id, struct hold *out)
{
	return find(db, sql[BY_PUBLIC],
	    DB_PARAMS(DB_TEXT("public", public_id), DB_INT("service", service)),
	    out);
}

/* Pins the next lot in burn order for up to `tokens`. */
static enum vt_err
pin_next(struct db *db, int64_t hold, int64_t user, int64_t now_ms,
    int64_t tokens, int64_t *pinned)
{
	enum vt_err err;
	int64_t lot;

	err = lot_next(db, user, now_ms, &lot, pinned);
	if (err != VT_OK)
		return err;
	if (*pinned > tokens)
		*pinned = tokens;
	err = lot_mark(db, lot, *pinned, 0, now_ms);
	if (err != VT_OK)
		return err;
	return db_exec(db, sql[PIN_ADD], DB_INT("hold", hold),
	    DB_INT("lot", lot), DB_INT("tokens", *pinned));
}

enum vt_err
hold_open(struct db *db, const struct hold_new *n, struct hold *out,
    struct vt_problem *p)
{
	char public_id[RANDOM_ID_BYTES];
	struct threshold_watch watch;
	int64_t id, left, pinned;
	enum vt_err err;
	struct query q;

	if (n->tokens <= 0 || n->tokens > LEDGER_TOKENS_MAX)
		return ledger_tokens_problem(p);
	err = holds_expire_user(db, n->user, n->now_ms);
	if (err == VT_OK)
		err = thresholds_begin(db, n->user, n->now_ms, &watch);
	if (err != VT_OK)
		return err;
	random_row_id("hold_", public_id);
	err = db_row(&q, db, sql[ADD], DB_TEXT("public", public_id),
	    DB_INT("service", n->service), DB_TEXT("reference", n->reference),
	    DB_INT("user", n->user), DB_INT("tokens", n->tokens),
	    DB_INT("expires", n->expires_at), DB_INT("now", n->now_ms));
	if (err != VT_OK) /* no row: the reference is taken */
		return err == VT_NOTFOUND ? VT_CONFLICT : err;
	id = db_int(&q, 0);
	db_done(&q);
	for (left = n->tokens; left > 0; left -= pinned) {
		err = pin_next(db, id, n->user, n->now_ms, left, &pinned);
		if (err == VT_FUNDS)
			return lots_insufficient(db, n->user, n->tokens,
			    n->tokens - left, n->now_ms, p);
		if (err != VT_OK)
			return err;
	}
	err = thresholds_end(db, &watch);
	return err == VT_OK ? hold_by_id(db, id, out) : err;
}

struct pin {
	int64_t lot, tokens;
};

/* Takes the next lot off a hold; VT_NOTFOUND when it pins none any more. */
static enum vt_err
unpin_next(struct db *db, int64_t hold, int64_t now_ms, struct pin *out)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[NEXT_PIN], DB_INT("hold", hold));
	if (err != VT_OK)
		return err;
	out->lot = db_int(&q, 0);
	out->tokens = db_int(&q, 1);
	db_done(&q);
	err = db_exec(
	    db, sql[PIN_DELETE], DB_INT("hold", hold), DB_INT("lot", out->lot));
	if (err != VT_OK)
		return err;
	return lot_mark(db, out->lot, -out->tokens, 0, now_ms);
}

/*
 * What a hold gives back to a lot: free again, or, past the lot's end,
 * expired then and there (R65). Of what is free, a refund or a dispute may
 * freeze its share; the rest pays debts first.
 */
static enum vt_err
give_back(struct db *db, const struct hold *h, const struct pin *pin,
    int64_t now_ms, struct hold_end *out)
{
	char cause[96];
	int64_t end, paid;
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[LOT_END], DB_INT("lot", pin->lot));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	end = db_is_null(&q, 0) ? INT64_MAX : db_int(&q, 0);
	db_done(&q);
	out->released += pin->tokens;
	if (end > now_ms) {
		(void)snprintf(cause, sizeof(cause), "%s:%" PRId64,
		    h->public_id, pin->lot);
		err = settle_lot(db, pin->lot, now_ms);
		return err == VT_OK
		    ? debts_pay(db, h->user, pin->lot, cause, now_ms, &paid)
		    : err;
	}
	out->expired += pin->tokens;
	(void)snprintf(cause, sizeof(cause), "expire:%" PRId64 ":%s", pin->lot,
	    h->public_id);
	err = expire_lot(db, pin->lot, h->user, pin->tokens, cause, now_ms);
	return err == VT_OK ? settle_lot(db, pin->lot, now_ms) : err;
}

/* Unpins everything; `take` of it goes to the movement, in order. */
static enum vt_err
unpin(struct db *db, const struct hold *h, int64_t movement, int64_t take,
    int64_t now_ms, struct hold_end *out)
{
	struct pin pin;
	int64_t taken;
	enum vt_err err;

	while ((err = unpin_next(db, h->id, now_ms, &pin)) == VT_OK) {
		taken = pin.tokens < take ? pin.tokens : take;
		if (taken > 0)
			err = lot_take(db, pin.lot, movement, taken);
		take -= taken;
		pin.tokens -= taken;
		if (err == VT_OK && pin.tokens > 0)
			err = give_back(db, h, &pin, now_ms, out);
		if (err != VT_OK)
			return err == VT_NOTFOUND ? VT_DB : err;
	}
	return err == VT_NOTFOUND ? VT_OK : err;
}

static enum vt_err
set_ended(struct db *db, const struct hold *h, enum hold_state state,
    int64_t captured, int64_t tx, int64_t now_ms)
{
	enum vt_err err;

	err = db_exec(db, sql[END], DB_INT("id", h->id),
	    DB_TEXT("state", names[state]), DB_INT("captured", captured),
	    tx == 0 ? DB_NULL("tx") : DB_INT("tx", tx), DB_INT("now", now_ms));
	if (err == VT_OK && db_changes(db) != 1)
		err = VT_CONFLICT;
	return err;
}

/* 409 with how it ended: the first result, again and again (R62). */
static enum vt_err
ended(const struct hold *h, enum hold_state state, struct vt_problem *p)
{
	if (p == NULL)
		return VT_CONFLICT;
	(void)vt_problem(p, VT_CONFLICT, "hold_ended", "hold_id",
	    "This hold is %s already.", names[state]);
	if (h->tx_public_id[0] != '\0')
		(void)snprintf(p->details, sizeof(p->details),
		    "{\"state\":\"%s\",\"captured\":%" PRId64
		    ",\"released\":%" PRId64 ",\"transaction_id\":\"%s\"}",
		    names[state], h->captured, h->tokens - h->captured,
		    h->tx_public_id);
	else
		(void)snprintf(p->details, sizeof(p->details),
		    "{\"state\":\"%s\",\"captured\":0,\"released\":%" PRId64
		    "}",
		    names[state], h->tokens);
	return VT_CONFLICT;
}

/* An open hold past its end is expired, whether swept or not (R63). */
static enum vt_err
still_open(const struct hold *h, int64_t now_ms, struct vt_problem *p)
{
	if (h->state != HOLD_OPEN)
		return ended(h, h->state, p);
	if (h->expires_at <= now_ms)
		return ended(h, HOLD_EXPIRED, p);
	return VT_OK;
}

enum vt_err
hold_capture(struct db *db, struct hold *h, int64_t tokens, const char *actor,
    int64_t now_ms, struct hold_end *out, struct vt_problem *p)
{
	char cause[64];
	struct transaction_new t = { .user = h->user,
		.kind = "capture",
		.status = "pending",
		.actor = actor,
		.now_ms = now_ms };
	struct movement m = { .cause = cause,
		.to = LEDGER_SINK,
		.tokens = tokens,
		.now_ms = now_ms };
	struct threshold_watch watch;
	struct movement_done moved;
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	err = still_open(h, now_ms, p);
	if (err != VT_OK)
		return err;
	if (tokens <= 0 || tokens > h->tokens)
		return vt_problem(p, VT_INVALID, "invalid_field", "amount",
		    "amount must be a whole number from 1 to %" PRId64
		    ", what is held.",
		    h->tokens);
	(void)snprintf(cause, sizeof(cause), "capture:%s", h->public_id);
	t.tokens = -tokens;
	err = thresholds_begin(db, h->user, now_ms, &watch);
	if (err == VT_OK)
		err = ledger_user_account(db, h->user, &m.from);
	if (err == VT_OK)
		err = transaction_add(db, &t, &out->tx);
	m.tx = out->tx.id;
	if (err == VT_OK)
		err = ledger_move(db, &m, &moved);
	fault_point("hold.between_move_and_unpin");
	if (err == VT_OK)
		err = unpin(db, h, moved.id, tokens, now_ms, out);
	if (err == VT_OK)
		err =
		    transaction_complete(db, m.tx, moved.from_balance, now_ms);
	if (err == VT_OK)
		err = set_ended(db, h, HOLD_CAPTURED, tokens, m.tx, now_ms);
	out->captured = tokens;
	return err == VT_OK ? thresholds_end(db, &watch) : err;
}

/* Gives everything back: released, or expired. */
static enum vt_err
let_go(struct db *db, const struct hold *h, enum hold_state state,
    int64_t now_ms, struct hold_end *out)
{
	struct threshold_watch watch;
	enum vt_err err;

	err = thresholds_begin(db, h->user, now_ms, &watch);
	if (err == VT_OK)
		err = unpin(db, h, 0, 0, now_ms, out);
	if (err == VT_OK)
		err = set_ended(db, h, state, 0, 0, now_ms);
	return err == VT_OK ? thresholds_end(db, &watch) : err;
}

enum vt_err
hold_release(struct db *db, struct hold *h, int64_t now_ms,
    struct hold_end *out, struct vt_problem *p)
{
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	err = still_open(h, now_ms, p);
	return err == VT_OK ? let_go(db, h, HOLD_RELEASED, now_ms, out) : err;
}

/* Ends the holds of one look-up; their number. */
static enum vt_err
expire_some(struct db *db, const char *statement, const struct db_param *params,
    int64_t now_ms, int *count)
{
	int64_t ids[EXPIRED_MAX];
	struct hold_end done = { 0 };
	struct hold h;
	enum vt_err err;
	struct query q;
	int n = 0;

	err = db_query_params(&q, db, statement, params);
	while (err == VT_OK && n < EXPIRED_MAX && (err = db_step(&q)) == VT_OK)
		ids[n++] = db_int(&q, 0);
	db_done(&q);
	if (err == VT_NOTFOUND)
		err = VT_OK;
	for (int i = 0; err == VT_OK && i < n; i++) {
		err = hold_by_id(db, ids[i], &h);
		if (err == VT_OK)
			err = let_go(db, &h, HOLD_EXPIRED, now_ms, &done);
	}
	*count = n;
	return err;
}

enum vt_err
holds_expire_user(struct db *db, int64_t user, int64_t now_ms)
{
	enum vt_err err;
	int count;

	do {
		err = expire_some(db, sql[USER_EXPIRED],
		    DB_PARAMS(DB_INT("user", user), DB_INT("now", now_ms)),
		    now_ms, &count);
	} while (err == VT_OK && count == EXPIRED_MAX);
	return err;
}

enum vt_err
holds_sweep(struct db *db, int64_t now_ms, int max, int *count)
{
	if (max > EXPIRED_MAX)
		max = EXPIRED_MAX;
	return expire_some(db, sql[ALL_EXPIRED],
	    DB_PARAMS(DB_INT("now", now_ms), DB_INT("max", max)), now_ms,
	    count);
}
