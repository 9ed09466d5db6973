/*
 * statement_read: what a statement says, out of the database, and a head of
 * earlier against the database of now.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/debts.h"
#include "ledger/statement.h"
#include "text/utf8.h"

enum { HEAD, INSTANCE, ACCOUNT, USER, MOVEMENT, DEBT, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	/* One statement, so that it is one moment outside a transaction. */
	[HEAD] =
	    "SELECT i.uuid, i.livemode, m.id, m.hash, d.id, d.hash "
	    "FROM instance i "
	    "LEFT JOIN movements m ON m.id = (SELECT MAX(id) FROM movements) "
	    "LEFT JOIN debts d ON d.id = (SELECT MAX(id) FROM debts)",
	[INSTANCE] = "SELECT uuid, livemode FROM instance",
	[ACCOUNT] = "SELECT balance, seq FROM accounts WHERE user = :user",
	[USER] = "SELECT clerk_sub FROM users WHERE id = :user",
	[MOVEMENT] = "SELECT hash FROM movements WHERE id = :id",
	[DEBT] = "SELECT hash FROM debts WHERE id = :id",
};

/* False: a column that is neither NULL (zeros) nor a hash. */
static bool
copy_hash(struct query *q, int column, unsigned char *out)
{
	size_t bytes;
	const void *hash = db_blob(q, column, &bytes);

	if (db_is_null(q, column)) {
		memset(out, 0, LEDGER_HASH_BYTES);
		return true;
	}
	if (bytes != LEDGER_HASH_BYTES)
		return false;
	memcpy(out, hash, LEDGER_HASH_BYTES);
	return true;
}

enum vt_err
chain_head_read(
    struct db *db, int64_t now_ms, const char *key, struct chain_head *out)
{
	enum vt_err err;
	struct query q;

	memset(out, 0, sizeof(*out));
	err = db_row(&q, db, sql[HEAD]);
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	out->at_ms = now_ms;
	(void)db_copy(&q, 0, out->instance, sizeof(out->instance)); /* fits */
	out->livemode = db_int(&q, 1) != 0;
	out->movement = db_int(&q, 2);
	out->debt = db_int(&q, 4);
	if (!copy_hash(&q, 3, out->movement_hash) ||
	    !copy_hash(&q, 5, out->debt_hash))
		err = VT_DB;
	db_done(&q);
	(void)snprintf(out->key, sizeof(out->key), "%s", key);
	return err;
}

/* ---- what a user has ----------------------------------------------------- */

struct lots {
	struct arena *arena;
	struct lot *rows;
	size_t count, room;
};

static enum vt_err
on_lot(const struct lot *l, void *arg)
{
	struct lots *all = arg;
	struct lot *more;

	if (all->count == STATEMENT_LOTS_MAX)
		return VT_LIMIT;
	if (all->count == all->room) {
		all->room = all->room * 2 + 8;
		more = arena_array(all->arena, all->room, sizeof(*more));
		if (all->count > 0)
			memcpy(more, all->rows, all->count * sizeof(*more));
		all->rows = more;
	}
	all->rows[all->count++] = *l;
	return VT_OK;
}

static enum vt_err
read_account(struct db *db, int64_t user, struct statement *out)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[ACCOUNT], DB_INT("user", user));
	if (err == VT_NOTFOUND)
		return VT_OK; /* nothing ever came in */
	if (err != VT_OK)
		return err;
	out->account_balance = db_int(&q, 0);
	out->account_entry = db_int(&q, 1);
	db_done(&q);
	return VT_OK;
}

/* A name with a line end in it would make lines of its own. */
static enum vt_err
read_user(struct db *db, int64_t user, struct statement *out)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[USER], DB_INT("user", user));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	if (!db_copy(&q, 0, out->user, sizeof(out->user)) ||
	    utf8_has_control(out->user, strlen(out->user)))
		err = VT_DB;
	db_done(&q);
	return err;
}

enum vt_err
statement_read(struct db *db, struct arena *a, int64_t user, int64_t now_ms,
    const char *key, struct statement *out)
{
	struct lots lots = { .arena = a };
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	err = chain_head_read(db, now_ms, key, &out->head);
	if (err == VT_OK)
		err = read_user(db, user, out);
	if (err == VT_OK)
		err = read_account(db, user, out);
	if (err == VT_OK)
		err = debt_of_user(db, user, &out->debt);
	if (err == VT_OK)
		err = ledger_balance(db, user, now_ms, &out->balance);
	if (err == VT_OK)
		err = lots_each(db, user, now_ms, on_lot, &lots);
	out->lots = lots.rows;
	out->lots_count = lots.count;
	return err;
}

/* ---- then and now -------------------------------------------------------- */

struct link {
	const char *sql;
	int64_t id;
	const unsigned char *hash;
	const char *what;
	enum chain_fit shorter, changed;
};

/* CHAIN_FITS leaves the sentence alone. */
static enum vt_err
compare_link(struct db *db, const struct link *l, enum chain_fit *fit,
    char sentence[static CHAIN_FIT_BYTES])
{
	unsigned char hash[LEDGER_HASH_BYTES];
	enum vt_err err;
	struct query q;
	bool whole;

	*fit = CHAIN_FITS;
	if (l->id == 0)
		return VT_OK;
	err = db_row(&q, db, l->sql, DB_INT("id", l->id));
	if (err == VT_NOTFOUND) {
		*fit = l->shorter;
		(void)snprintf(sentence, CHAIN_FIT_BYTES,
		    "%s %" PRId64 ", which was there when its hash was "
		    "signed, is missing: the chain is shorter now.",
		    l->what, l->id);
		return VT_OK;
	}
	if (err != VT_OK)
		return err;
	whole = copy_hash(&q, 0, hash);
	db_done(&q);
	if (whole && memcmp(hash, l->hash, sizeof(hash)) == 0)
		return VT_OK;
	*fit = l->changed;
	(void)snprintf(sentence, CHAIN_FIT_BYTES,
	    "%s %" PRId64 " has another hash than the one that was signed: it "
	    "or something before it was rewritten.",
	    l->what, l->id);
	return VT_OK;
}

static enum vt_err
compare_instance(struct db *db, const struct chain_head *h, enum chain_fit *fit,
    char sentence[static CHAIN_FIT_BYTES])
{
	const char *uuid;
	enum vt_err err;
	struct query q;
	bool live;

	err = db_row(&q, db, sql[INSTANCE]);
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	uuid = db_text(&q, 0);
	live = db_int(&q, 1) != 0;
	*fit = CHAIN_FITS;
	if (strcmp(uuid, h->instance) != 0 || live != h->livemode) {
		*fit = CHAIN_OTHER_INSTANCE;
		(void)snprintf(sentence, CHAIN_FIT_BYTES,
		    "It is of the installation %s in %s mode, and the database "
		    "of %s in %s mode.",
		    h->instance, h->livemode ? "live" : "test", uuid,
		    live ? "live" : "test");
	}
	db_done(&q);
	return VT_OK;
}

enum vt_err
chain_head_compare(struct db *db, const struct chain_head *h,
    enum chain_fit *fit, char sentence[static CHAIN_FIT_BYTES])
{
	const struct link movement = { sql[MOVEMENT], h->movement,
		h->movement_hash, "Movement", CHAIN_SHORTER, CHAIN_CHANGED };
	const struct link debt = { sql[DEBT], h->debt, h->debt_hash,
		"Step of debts", CHAIN_DEBTS_SHORTER, CHAIN_DEBTS_CHANGED };
	enum vt_err err;

	if (h->movement == 0)
		(void)snprintf(sentence, CHAIN_FIT_BYTES,
		    "Nothing had moved yet, so everything fits.");
	else
		(void)snprintf(sentence, CHAIN_FIT_BYTES,
		    "The chain still holds movement %" PRId64
		    " with this hash.",
		    h->movement);
	err = compare_instance(db, h, fit, sentence);
	if (err == VT_OK && *fit == CHAIN_FITS)
		err = compare_link(db, &movement, fit, sentence);
	if (err == VT_OK && *fit == CHAIN_FITS)
		err = compare_link(db, &debt, fit, sentence);
	return err;
}
