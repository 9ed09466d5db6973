/* debts: see debts.h. */
#include "ledger/debts.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "ledger/lots.h"
#include "ledger/movements.h"
#include "ledger/transactions.h"
#include "text/money.h"

enum {
	HEAD,
	ADD,
	OPEN_GET,
	OPEN_ADD,
	OPEN_SET,
	OF_USER,
	OF_USER_AT,
	OLDEST,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[HEAD] = "SELECT id, hash FROM debts ORDER BY id DESC LIMIT 1",
	[ADD] = "INSERT INTO debts (id, user, grant_tx, cause, delta, open, "
		"created_at, prev, hash) VALUES (:id, :user, :grant, :cause, "
		":delta, :open, :now, :prev, :hash)",
	[OPEN_GET] = "SELECT open FROM debt_open WHERE grant_tx = :grant",
	[OPEN_ADD] = "INSERT INTO debt_open (grant_tx, user, open) "
		     "VALUES (:grant, :user, 0)",
	[OPEN_SET] = "UPDATE debt_open SET open = :open "
		     "WHERE grant_tx = :grant",
	[OF_USER] = "SELECT COALESCE(SUM(open), 0) FROM debt_open "
		    "WHERE user = :user AND open > 0",
	[OF_USER_AT] = "SELECT COALESCE(SUM(delta), 0) FROM debts "
		       "WHERE user = :user AND created_at <= :at",
	[OLDEST] = "SELECT grant_tx, open FROM debt_open "
		   "WHERE user = :user AND open > 0 AND grant_tx > :after "
		   "ORDER BY grant_tx LIMIT 1",
};

void
debt_hash(const unsigned char prev[static 32], int64_t id, int64_t user,
    int64_t grant_tx, const char *cause, int64_t delta, int64_t open,
    int64_t created_at, unsigned char out[static 32])
{
	char text[LEDGER_CAUSE_BYTES + 256];
	crypto_hash_sha256_state st;
	int n;

	n = snprintf(text, sizeof(text),
	    "%" PRId64 "\n%" PRId64 "\n%" PRId64 "\n%s\n%" PRId64 "\n%" PRId64
	    "\n%" PRId64 "\n",
	    id, user, grant_tx, cause, delta, open, created_at);
	assert(n > 0 && (size_t)n < sizeof(text));
	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, prev, 32);
	crypto_hash_sha256_update(
	    &st, (const unsigned char *)text, strlen(text));
	crypto_hash_sha256_final(&st, out);
}

static enum vt_err
chain_head(struct db *db, int64_t *next_id, unsigned char prev[static 32])
{
	const void *hash;
	enum vt_err err;
	struct query q;
	size_t bytes;

	*next_id = 1;
	memset(prev, 0, 32);
	err = db_row(&q, db, sql[HEAD]);
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_OK : err;
	*next_id = db_int(&q, 0) + 1;
	hash = db_blob(&q, 1, &bytes);
	if (bytes == 32)
		memcpy(prev, hash, 32);
	else
		err = VT_DB;
	db_done(&q);
	return err;
}

/* The row of what is open, made at the first step. */
static enum vt_err
open_row(struct db *db, const struct debt_step *s, int64_t *open)
{
	enum vt_err err;
	struct query q;

	*open = 0;
	err = db_row(&q, db, sql[OPEN_GET], DB_INT("grant", s->grant_tx));
	if (err == VT_NOTFOUND)
		return db_exec(db, sql[OPEN_ADD], DB_INT("grant", s->grant_tx),
		    DB_INT("user", s->user));
	if (err != VT_OK)
		return err;
	*open = db_int(&q, 0);
	db_done(&q);
	return VT_OK;
}

enum vt_err
debt_step(struct db *db, const struct debt_step *s)
{
	unsigned char prev[32], hash[32];
	int64_t id, open;
	enum vt_err err;

	err = open_row(db, s, &open);
	if (err == VT_OK &&
	    (!money_add(open, s->delta, &open) || open < 0 || s->delta == 0))
		err = VT_DB;
	if (err == VT_OK)
		err = chain_head(db, &id, prev);
	if (err != VT_OK)
		return err;
	debt_hash(prev, id, s->user, s->grant_tx, s->cause, s->delta, open,
	    s->now_ms, hash);
	err = db_exec(db, sql[ADD], DB_INT("id", id), DB_INT("user", s->user),
	    DB_INT("grant", s->grant_tx), DB_TEXT("cause", s->cause),
	    DB_INT("delta", s->delta), DB_INT("open", open),
	    DB_INT("now", s->now_ms), DB_BLOB("prev", prev, sizeof(prev)),
	    DB_BLOB("hash", hash, sizeof(hash)));
	if (err != VT_OK)
		return err;
	return db_exec(db, sql[OPEN_SET], DB_INT("grant", s->grant_tx),
	    DB_INT("open", open));
}

static enum vt_err
number(struct db *db, const char *statement, const struct db_param *params,
    int64_t *out)
{
	enum vt_err err;
	struct query q;

	*out = 0;
	err = db_row_params(&q, db, statement, params);
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_OK : err;
	*out = db_int(&q, 0);
	db_done(&q);
	return VT_OK;
}

enum vt_err
debt_of_grant(struct db *db, int64_t grant_tx, int64_t *open)
{
	return number(
	    db, sql[OPEN_GET], DB_PARAMS(DB_INT("grant", grant_tx)), open);
}

enum vt_err
debt_of_user(struct db *db, int64_t user, int64_t *open)
{
	return number(db, sql[OF_USER], DB_PARAMS(DB_INT("user", user)), open);
}

enum vt_err
debt_of_user_at(struct db *db, int64_t user, int64_t at_ms, int64_t *open)
{
	return number(db, sql[OF_USER_AT],
	    DB_PARAMS(DB_INT("user", user), DB_INT("at", at_ms)), open);
}

/* The user's oldest debt after this one; VT_NOTFOUND when none is left. */
static enum vt_err
next_debt(struct db *db, int64_t user, int64_t after, int64_t *grant_tx,
    int64_t *open)
{
	enum vt_err err;
	struct query q;

	err = db_row(
	    &q, db, sql[OLDEST], DB_INT("user", user), DB_INT("after", after));
	if (err != VT_OK)
		return err;
	*grant_tx = db_int(&q, 0);
	*open = db_int(&q, 1);
	db_done(&q);
	return VT_OK;
}

/* Takes `tokens` of a lot for one debt: a movement, its use, its step. */
static enum vt_err
pay_one(struct db *db, int64_t user, int64_t lot, int64_t grant_tx,
    const char *because, int64_t tokens, int64_t now_ms)
{
	char cause[LEDGER_CAUSE_BYTES];
	struct transaction_new t = { .user = user,
		.kind = "adjustment",
		.status = "pending",
		.tokens = -tokens,
		.actor = "ledger",
		.note = "repays what a clawback left owing",
		.now_ms = now_ms };
	struct movement m = { .cause = cause,
		.to = LEDGER_CLAWBACK,
		.tokens = tokens,
		.now_ms = now_ms };
	struct debt_step step = { user, grant_tx, cause, -tokens, now_ms };
	struct transaction_ref tx;
	struct movement_done moved;
	enum vt_err err;

	(void)snprintf(
	    cause, sizeof(cause), "repay:%" PRId64 ":%s", grant_tx, because);
	err = ledger_user_account(db, user, &m.from);
	if (err == VT_OK)
		err = transaction_add(db, &t, &tx);
	if (err != VT_OK)
		return err;
	m.tx = tx.id;
	err = ledger_move(db, &m, &moved);
	if (err == VT_OK)
		err = lot_take(db, lot, moved.id, tokens);
	if (err == VT_OK)
		err =
		    transaction_complete(db, tx.id, moved.from_balance, now_ms);
	return err == VT_OK ? debt_step(db, &step) : err;
}

enum vt_err
debts_pay(struct db *db, int64_t user, int64_t lot, const char *because,
    int64_t now_ms, int64_t *paid)
{
	int64_t grant_tx = 0, open, free_tokens, tokens;
	enum vt_err err;

	*paid = 0;
	for (;;) {
		err = next_debt(db, user, grant_tx, &grant_tx, &open);
		if (err != VT_OK)
			return err == VT_NOTFOUND ? VT_OK : err;
		err = lot_free(db, lot, &free_tokens);
		if (err != VT_OK || free_tokens == 0)
			return err;
		tokens = open < free_tokens ? open : free_tokens;
		err = pay_one(db, user, lot, grant_tx, because, tokens, now_ms);
		if (err != VT_OK)
			return err;
		*paid += tokens;
	}
}
