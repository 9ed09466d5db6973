/* movements: see movements.h. */
#include "ledger/movements.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/random.h"

enum {
	ACCOUNT_BY_USER,
	ACCOUNT_ADD,
	HEAD,
	TX_PUBLIC,
	MOVEMENT_ADD,
	MOVEMENT_BY_CAUSE,
	TAKE,
	PUT,
	NOW,
	ENTRY_ADD,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[ACCOUNT_BY_USER] =
	    "SELECT id, balance FROM accounts WHERE user = :user",
	[ACCOUNT_ADD] =
	    "INSERT INTO accounts (kind, user) VALUES ('user', :user)",
	[HEAD] = "SELECT id, hash FROM movements ORDER BY id DESC LIMIT 1",
	[TX_PUBLIC] = "SELECT public_id FROM token_transactions WHERE id = :tx",
	[MOVEMENT_ADD] =
	    "INSERT INTO movements (id, tx, cause, from_account, "
	    "to_account, tokens, created_at, prev, hash) VALUES (:id, :tx, "
	    ":cause, :from, :to, :tokens, :now, :prev, :hash)",
	[MOVEMENT_BY_CAUSE] =
	    "SELECT id, tx FROM movements WHERE cause = :cause",
	/* The check and the debit are this one statement (R59). */
	[TAKE] = "UPDATE accounts SET balance = balance - :tokens, "
		 "seq = seq + 1 WHERE id = :account "
		 "AND (kind <> 'user' OR balance >= :tokens)",
	[PUT] = "UPDATE accounts SET balance = balance + :tokens, "
		"seq = seq + 1 WHERE id = :account",
	/* Not RETURNING, which costs SQLite a table and a journal each. */
	[NOW] = "SELECT seq, balance FROM accounts WHERE id = :account",
	[ENTRY_ADD] =
	    "INSERT INTO entries (account, seq, movement, delta, "
	    "balance) VALUES (:account, :seq, :movement, :delta, :balance)",
};

enum vt_err
ledger_user_account(struct db *db, int64_t user, int64_t *account)
{
	int64_t balance;

	return ledger_user_balance(db, user, account, &balance);
}

enum vt_err
ledger_user_balance(
    struct db *db, int64_t user, int64_t *account, int64_t *balance)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[ACCOUNT_BY_USER], DB_INT("user", user));
	if (err == VT_OK) {
		*account = db_int(&q, 0);
		*balance = db_int(&q, 1);
		db_done(&q);
	}
	if (err != VT_NOTFOUND)
		return err;
	err = db_exec(db, sql[ACCOUNT_ADD], DB_INT("user", user));
	*account = db_last_id(db);
	*balance = 0;
	return err;
}

static char *
put_text(char *at, const char *text)
{
	size_t n = strlen(text);

	memcpy(at, text, n);
	at[n] = '\n';
	return at + n + 1;
}

/* printf() takes five times as long, and verify hashes every movement. */
static char *
put_int(char *at, int64_t n)
{
	uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	char digits[20];
	int count = 0;

	do
		digits[count++] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (n < 0)
		*at++ = '-';
	while (count > 0)
		*at++ = digits[--count];
	*at++ = '\n';
	return at;
}

void
ledger_hash(const unsigned char prev[static LEDGER_HASH_BYTES], int64_t id,
    const char *tx_public_id, const char *cause, int64_t from, int64_t to,
    int64_t tokens, int64_t created_at,
    unsigned char out[static LEDGER_HASH_BYTES])
{
	crypto_hash_sha256_state st;
	char text[LEDGER_CAUSE_BYTES + 256], *at;

	/* Five numbers of at most 21 bytes, and two texts. */
	assert(strlen(tx_public_id) + strlen(cause) < sizeof(text) - 128);
	at = put_int(text, id);
	at = put_text(at, tx_public_id);
	at = put_text(at, cause);
	at = put_int(at, from);
	at = put_int(at, to);
	at = put_int(at, tokens);
	at = put_int(at, created_at);
	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, prev, LEDGER_HASH_BYTES);
	crypto_hash_sha256_update(
	    &st, (const unsigned char *)text, (size_t)(at - text));
	crypto_hash_sha256_final(&st, out);
}

/* The next id and the hash to chain to. */
static enum vt_err
chain_head(struct db *db, int64_t *next_id,
    unsigned char prev[static LEDGER_HASH_BYTES])
{
	const void *hash;
	enum vt_err err;
	struct query q;
	size_t bytes;

	*next_id = 1;
	memset(prev, 0, LEDGER_HASH_BYTES);
	err = db_row(&q, db, sql[HEAD]);
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_OK : err;
	*next_id = db_int(&q, 0) + 1;
	hash = db_blob(&q, 1, &bytes);
	if (bytes == LEDGER_HASH_BYTES)
		memcpy(prev, hash, LEDGER_HASH_BYTES);
	else
		err = VT_DB;
	db_done(&q);
	return err;
}

/* What the hash calls the transaction. */
static enum vt_err
tx_name(
    struct db *db, const struct movement *m, char out[static RANDOM_ID_BYTES])
{
	enum vt_err err;
	struct query q;

	if (m->tx_public_id != NULL) {
		(void)snprintf(out, RANDOM_ID_BYTES, "%s", m->tx_public_id);
		return VT_OK;
	}
	err = db_row(&q, db, sql[TX_PUBLIC], DB_INT("tx", m->tx));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	(void)db_copy(&q, 0, out, RANDOM_ID_BYTES);
	db_done(&q);
	return VT_OK;
}

static enum vt_err
movement_add(struct db *db, const struct movement *m, int64_t *id)
{
	unsigned char prev[LEDGER_HASH_BYTES], hash[LEDGER_HASH_BYTES];
	char tx_public_id[RANDOM_ID_BYTES];
	enum vt_err err;

	err = chain_head(db, id, prev);
	if (err == VT_OK)
		err = tx_name(db, m, tx_public_id);
	if (err != VT_OK)
		return err;
	ledger_hash(prev, *id, tx_public_id, m->cause, m->from, m->to,
	    m->tokens, m->now_ms, hash);
	return db_exec(db, sql[MOVEMENT_ADD], DB_INT("id", *id),
	    DB_INT("tx", m->tx), DB_TEXT("cause", m->cause),
	    DB_INT("from", m->from), DB_INT("to", m->to),
	    DB_INT("tokens", m->tokens), DB_INT("now", m->now_ms),
	    DB_BLOB("prev", prev, sizeof(prev)),
	    DB_BLOB("hash", hash, sizeof(hash)));
}

/* One leg: the account's balance and its entry. */
static enum vt_err
leg(struct db *db, const char *change, int64_t account, int64_t movement,
    int64_t tokens, int64_t delta, int64_t *balance)
{
	enum vt_err err;
	struct query q;
	int64_t seq;

	err = db_exec(
	    db, change, DB_INT("account", account), DB_INT("tokens", tokens));
	if (err == VT_OK && db_changes(db) != 1)
		return VT_FUNDS;
	if (err == VT_OK)
		err = db_row(&q, db, sql[NOW], DB_INT("account", account));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	seq = db_int(&q, 0);
	*balance = db_int(&q, 1);
	db_done(&q);
	return db_exec(db, sql[ENTRY_ADD], DB_INT("account", account),
	    DB_INT("seq", seq), DB_INT("movement", movement),
	    DB_INT("delta", delta), DB_INT("balance", *balance));
}

enum vt_err
ledger_move(struct db *db, const struct movement *m, struct movement_done *out)
{
	enum vt_err err;

	assert(strlen(m->cause) < LEDGER_CAUSE_BYTES);
	assert(strpbrk(m->cause, "\r\n") == NULL);
	if (m->tokens <= 0 || m->tokens > LEDGER_TOKENS_MAX)
		return VT_INVALID;
	err = movement_add(db, m, &out->id);
	if (err != VT_OK)
		return err;
	fault_point("ledger.between_legs");
	err = leg(db, sql[TAKE], m->from, out->id, m->tokens, -m->tokens,
	    &out->from_balance);
	if (err != VT_OK)
		return err;
	return leg(db, sql[PUT], m->to, out->id, m->tokens, m->tokens,
	    &out->to_balance);
}

enum vt_err
ledger_movement_by_cause(
    struct db *db, const char *cause, int64_t *movement, int64_t *tx)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[MOVEMENT_BY_CAUSE], DB_TEXT("cause", cause));
	if (err != VT_OK)
		return err;
	*movement = db_int(&q, 0);
	*tx = db_int(&q, 1);
	db_done(&q);
	return VT_OK;
}

enum vt_err
ledger_tokens_problem(struct vt_problem *p)
{
	return vt_problem(p, VT_INVALID, "invalid_field", "amount",
	    "amount must be a whole number from 1 to %" PRId64 ".",
	    (int64_t)LEDGER_TOKENS_MAX);
}
