/* reverse: see reverse.h. */
#include "ledger/reverse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "ledger/debts.h"
#include "ledger/expire.h"
#include "ledger/lots.h"
#include "ledger/movements.h"
#include "ledger/thresholds.h"

enum { FIND, GIVEN_BACK, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	/* A transaction keeps its actor, and a service its name, for ever. */
	[FIND] = "SELECT id, user, -tokens FROM token_transactions "
		 "WHERE public_id = :public AND actor = :actor "
		 "AND kind IN ('spend', 'capture') AND status = 'completed'",
	/* Reversals are found by their cause, which has an index; ';' is the
	 * character after ':'. */
	[GIVEN_BACK] = "SELECT COALESCE(SUM(tokens), 0) FROM movements "
		       "WHERE cause >= 'reverse:' || :public || ':' "
		       "AND cause < 'reverse:' || :public || ';'",
};

/* What is to be undone, and where it stands. */
struct original {
	int64_t tx, user;
	int64_t tokens;	    /* spent */
	int64_t given_back; /* of them, so far */
};

/* What is given back into one lot. */
struct part {
	struct lot_use use;
	int64_t tokens;
	int64_t cost; /* of the lot's, what these tokens cost */
};

struct parts {
	struct part *all;
	size_t count, room;
	struct arena *arena;
};

static enum vt_err
find(struct db *db, const struct reverse *r, struct original *out,
    struct vt_problem *p)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[FIND], DB_TEXT("public", r->transaction),
	    DB_TEXT("actor", r->actor));
	if (err == VT_NOTFOUND)
		return vt_problem(p, err, "unknown_transaction",
		    "transaction_id",
		    "There is no such spend or capture of this service.");
	if (err != VT_OK)
		return err;
	out->tx = db_int(&q, 0);
	out->user = db_int(&q, 1);
	out->tokens = db_int(&q, 2);
	db_done(&q);
	err =
	    db_row(&q, db, sql[GIVEN_BACK], DB_TEXT("public", r->transaction));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	out->given_back = db_int(&q, 0);
	db_done(&q);
	return VT_OK;
}

static enum vt_err
too_much(const struct original *o, struct vt_problem *p)
{
	int64_t left = o->tokens - o->given_back;

	if (p == NULL)
		return VT_CONFLICT;
	(void)vt_problem(p, VT_CONFLICT, "already_reversed", "amount",
	    "Of this transaction's %" PRId64 " tokens %" PRId64
	    " can still be given back.",
	    o->tokens, left);
	(void)snprintf(p->details, sizeof(p->details),
	    "{\"reversible\":%" PRId64 "}", left);
	return VT_CONFLICT;
}

static enum vt_err
on_use(const struct lot_use *u, void *arg)
{
	struct parts *parts = arg;
	struct part *more;

	if (parts->count == parts->room) {
		parts->room = parts->room * 2 + 4;
		more = arena_array(parts->arena, parts->room, sizeof(*more));
		if (parts->count > 0)
			memcpy(more, parts->all, parts->count * sizeof(*more));
		parts->all = more;
	}
	parts->all[parts->count++] = (struct part){ .use = *u };
	return VT_OK;
}

/* What so many of a lot's tokens cost, cut to the smallest unit. */
static int64_t
cost_of(const struct lot_use *u, int64_t tokens)
{
	return (int64_t)((__int128)u->cost * tokens / u->granted);
}

/*
 * Shares the tokens out, last burnt first and behind what went back before.
 * Costs are differences of sums, so parts never cost more than their whole.
 */
static void
share(struct parts *parts, int64_t skip, int64_t tokens)
{
	struct part *part;
	int64_t before;

	for (size_t i = parts->count; i > 0; i--) {
		part = &parts->all[i - 1];
		before = part->use.tokens < skip ? part->use.tokens : skip;
		skip -= before;
		part->tokens = part->use.tokens - before;
		if (part->tokens > tokens)
			part->tokens = tokens;
		tokens -= part->tokens;
		part->cost = cost_of(&part->use, before + part->tokens) -
		    cost_of(&part->use, before);
	}
}

/* One lot more, its debts paid, or, past its end, expired at once. */
static enum vt_err
give_part(struct db *db, const struct part *part, int64_t user,
    int64_t movement, int64_t now_ms, struct reverse_done *out)
{
	struct lot_new l = { .user = user,
		.tx = out->tx.id,
		.movement = movement,
		.origin = "reversal",
		.paid = part->use.paid,
		.tokens = part->tokens,
		.cost = part->cost,
		.currency =
		    part->use.currency[0] != '\0' ? part->use.currency : NULL,
		.expires_at = part->use.expires_at,
		.now_ms = now_ms };
	char cause[96];
	int64_t lot, paid;
	enum vt_err err;

	err = lot_add(db, &l, &lot);
	if (err != VT_OK)
		return err;
	if (l.expires_at == 0 || l.expires_at > now_ms) {
		(void)snprintf(cause, sizeof(cause), "%s:%" PRId64,
		    out->tx.public_id, lot);
		return debts_pay(db, user, lot, cause, now_ms, &paid);
	}
	out->expired += l.tokens;
	(void)snprintf(cause, sizeof(cause), "expire:%" PRId64, lot);
	return expire_lot(db, lot, user, l.tokens, cause, now_ms);
}

/* The header, the movement and the lots. */
static enum vt_err
book(struct db *db, const struct reverse *r, const struct original *o,
    const struct parts *parts, struct reverse_done *out)
{
	char cause[LEDGER_CAUSE_BYTES], metadata[96];
	struct transaction_new t = { .user = o->user,
		.kind = "reversal",
		.status = "pending",
		.tokens = out->tokens,
		.actor = r->actor,
		.note = r->reason,
		.metadata = metadata,
		.now_ms = r->now_ms };
	struct movement m = { .cause = cause,
		.from = LEDGER_SINK,
		.tokens = out->tokens,
		.now_ms = r->now_ms };
	struct movement_done moved;
	enum vt_err err;

	(void)snprintf(
	    cause, sizeof(cause), "reverse:%s:%s", r->transaction, r->key);
	(void)snprintf(metadata, sizeof(metadata), "{\"reverses\":\"%s\"}",
	    r->transaction);
	err = ledger_user_account(db, o->user, &m.to);
	if (err == VT_OK)
		err = transaction_add(db, &t, &out->tx);
	if (err != VT_OK)
		return err;
	m.tx = out->tx.id;
	err = ledger_move(db, &m, &moved);
	fault_point("reverse.between_move_and_lots");
	if (err == VT_OK)
		err =
		    transaction_complete(db, m.tx, moved.to_balance, r->now_ms);
	for (size_t i = 0; err == VT_OK && i < parts->count; i++)
		if (parts->all[i].tokens > 0)
			err = give_part(db, &parts->all[i], o->user, moved.id,
			    r->now_ms, out);
	return err;
}

enum vt_err
ledger_reverse(struct db *db, const struct reverse *r, struct reverse_done *out,
    struct vt_problem *p)
{
	struct parts parts = { .arena = r->arena };
	struct original o = { .tx = 0 };
	struct threshold_watch watch;
	struct balance b;
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	if (r->tokens < 0 || r->tokens > LEDGER_TOKENS_MAX)
		return ledger_tokens_problem(p);
	err = find(db, r, &o, p);
	if (err != VT_OK)
		return err;
	out->tokens = r->tokens > 0 ? r->tokens : o.tokens - o.given_back;
	if (out->tokens == 0 || out->tokens > o.tokens - o.given_back)
		return too_much(&o, p);
	err = thresholds_begin(db, o.user, r->now_ms, &watch);
	if (err == VT_OK)
		err = lot_uses_each(db, o.tx, on_use, &parts);
	if (err != VT_OK)
		return err;
	share(&parts, o.given_back, out->tokens);
	err = book(db, r, &o, &parts, out);
	if (err == VT_CONFLICT)
		return vt_problem(p, err, "duplicate_request", NULL,
		    "This request has given its tokens back already.");
	if (err == VT_OK)
		err = ledger_balance(db, o.user, r->now_ms, &b);
	if (err != VT_OK)
		return err;
	out->available = b.available;
	return thresholds_end(db, &watch);
}
