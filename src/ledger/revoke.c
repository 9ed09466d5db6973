/* revoke: see revoke.h. */
#include "ledger/revoke.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/holds.h"
#include "ledger/lots.h"
#include "ledger/movements.h"
#include "ledger/thresholds.h"

#define LOTS_MAX 64 /* taken from at a time; the rest can be asked for next */

enum { FIND, LOTS, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[FIND] = "SELECT t.id, t.user FROM token_transactions t "
		 "WHERE t.public_id = :public "
		 "AND EXISTS (SELECT 1 FROM lots WHERE tx = t.id)",
	[LOTS] = "SELECT l.id, f.left - f.held - f.frozen FROM lots l "
		 "JOIN lot_left f ON f.lot = l.id WHERE l.tx = :tx "
		 "AND f.left - f.held - f.frozen > 0 "
		 "AND (l.expires_at IS NULL OR l.expires_at > :now) "
		 "ORDER BY l.id LIMIT :max",
};

struct lots {
	int64_t id[LOTS_MAX], tokens[LOTS_MAX];
	size_t count;
	int64_t sum;
};

static enum vt_err
find(struct db *db, const struct revoke *r, int64_t *tx, int64_t *user,
    struct vt_problem *p)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[FIND], DB_TEXT("public", r->transaction));
	if (err == VT_NOTFOUND)
		return vt_problem(p, err, "unknown_transaction",
		    "transaction_id",
		    "There is no transaction with this id that gave tokens.");
	if (err != VT_OK)
		return err;
	*tx = db_int(&q, 0);
	*user = db_int(&q, 1);
	db_done(&q);
	return VT_OK;
}

static enum vt_err
free_lots(struct db *db, int64_t tx, int64_t now_ms, struct lots *out)
{
	enum vt_err err;
	struct query q;

	memset(out, 0, sizeof(*out));
	err = db_query(&q, db, sql[LOTS], DB_INT("tx", tx),
	    DB_INT("now", now_ms), DB_INT("max", LOTS_MAX));
	while (err == VT_OK && out->count < LOTS_MAX &&
	    (err = db_step(&q)) == VT_OK) {
		out->id[out->count] = db_int(&q, 0);
		out->tokens[out->count] = db_int(&q, 1);
		out->sum += out->tokens[out->count++];
	}
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

static enum vt_err
too_much(const struct lots *lots, struct vt_problem *p)
{
	if (p == NULL)
		return VT_CONFLICT;
	(void)vt_problem(p, VT_CONFLICT, "not_revocable", "amount",
	    "%" PRId64 " of these tokens can be taken back; the others are "
	    "spent, held, frozen or expired.",
	    lots->sum);
	(void)snprintf(p->details, sizeof(p->details),
	    "{\"revocable\":%" PRId64 "}", lots->sum);
	return VT_CONFLICT;
}

static enum vt_err
take(struct db *db, const struct lots *lots, int64_t movement, int64_t tokens)
{
	enum vt_err err = VT_OK;
	int64_t part;

	for (size_t i = 0; err == VT_OK && tokens > 0; i++) {
		part = lots->tokens[i] < tokens ? lots->tokens[i] : tokens;
		err = lot_take(db, lots->id[i], movement, part);
		tokens -= part;
	}
	return err == VT_FUNDS ? VT_DB : err;
}

static enum vt_err
book(struct db *db, const struct revoke *r, const struct lots *lots,
    struct revoke_done *out)
{
	char metadata[96];
	struct transaction_new t = { .user = out->user,
		.kind = "revoke",
		.status = "pending",
		.tokens = -out->tokens,
		.actor = r->actor,
		.note = r->reason,
		.metadata = metadata,
		.now_ms = r->now_ms };
	struct movement m = { .cause = r->cause,
		.to = LEDGER_CLAWBACK,
		.tokens = out->tokens,
		.now_ms = r->now_ms };
	struct movement_done moved;
	enum vt_err err;

	(void)snprintf(
	    metadata, sizeof(metadata), "{\"revokes\":\"%s\"}", r->transaction);
	err = ledger_user_account(db, out->user, &m.from);
	if (err == VT_OK)
		err = transaction_add(db, &t, &out->tx);
	if (err != VT_OK)
		return err;
	m.tx = out->tx.id;
	err = ledger_move(db, &m, &moved);
	if (err == VT_OK)
		err = take(db, lots, moved.id, out->tokens);
	if (err != VT_OK)
		return err;
	return transaction_complete(db, m.tx, moved.from_balance, r->now_ms);
}

enum vt_err
ledger_revoke(struct db *db, const struct revoke *r, struct revoke_done *out,
    struct vt_problem *p)
{
	struct lots lots;
	struct balance b;
	enum vt_err err;
	int64_t tx = 0;

	memset(out, 0, sizeof(*out));
	if (r->tokens < 0 || r->tokens > LEDGER_TOKENS_MAX)
		return ledger_tokens_problem(p);
	err = find(db, r, &tx, &out->user, p);
	/* A hold past its end reserves nothing any more, swept or not. */
	if (err == VT_OK)
		err = holds_expire_user(db, out->user, r->now_ms);
	if (err == VT_OK)
		err = free_lots(db, tx, r->now_ms, &lots);
	if (err != VT_OK)
		return err;
	out->tokens = r->tokens > 0 ? r->tokens : lots.sum;
	if (out->tokens == 0 || out->tokens > lots.sum)
		return too_much(&lots, p);
	err = book(db, r, &lots, out);
	if (err == VT_CONFLICT)
		return vt_problem(p, err, "duplicate_request", NULL,
		    "This request has taken its tokens back already.");
	if (err == VT_OK)
		err = ledger_balance(db, out->user, r->now_ms, &b);
	if (err != VT_OK)
		return err;
	out->available = b.available;
	return thresholds_taken(db, out->user, out->tokens, &b, r->now_ms);
}
