/* statements: see statements.h. */
#include "billing/statements.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "billing/users.h"
#include "ledger/statement_keys.h"
#include "text/json.h"

enum {
	FIND,
	ASK,
	ASK_AGAIN,
	FETCHED,
	WAITING,
	OLDEST,
	SIGN,
	FORGET,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[FIND] = "SELECT public_id, asked_at, signed_at, fetched_at, key, "
		 "text, signature, head, head_signature FROM statements "
		 "WHERE user = :user",
	[ASK] = "INSERT INTO statements (user, public_id, state, asked_at) "
		"VALUES (:user, :id, 'pending', :now)",
	[ASK_AGAIN] =
	    "UPDATE statements SET public_id = :id, state = 'pending', "
	    "asked_at = :now, signed_at = NULL, fetched_at = NULL, "
	    "key = NULL, text = NULL, signature = NULL, head = NULL, "
	    "head_signature = NULL WHERE user = :user",
	[FETCHED] = "UPDATE statements SET fetched_at = :now "
		    "WHERE user = :user AND fetched_at IS NULL",
	[WAITING] =
	    "SELECT EXISTS (SELECT 1 FROM statements WHERE state = 'pending')",
	[OLDEST] = "SELECT user, public_id FROM statements "
		   "WHERE state = 'pending' ORDER BY asked_at, user LIMIT 1",
	[SIGN] = "UPDATE statements SET state = 'signed', signed_at = :now, "
		 "key = :key, text = :text, signature = :signature, "
		 "head = :head, head_signature = :head_signature "
		 "WHERE user = :user AND state = 'pending'",
	[FORGET] = "DELETE FROM statements "
		   "WHERE user = :user AND state = 'pending'",
};

/* ---- the user's side ----------------------------------------------------- */

/* A row; its texts are in the arena. */
struct row {
	const char *id;
	int64_t asked_at, signed_at; /* 0: pending */
	bool fetched;
	const char *key, *text, *signature, *head, *head_signature;
};

/* VT_NOTFOUND: the user has never asked. */
static enum vt_err
find(struct db *db, struct arena *a, int64_t user, struct row *out)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[FIND], DB_INT("user", user));
	if (err != VT_OK)
		return err;
	out->id = arena_strdup(a, db_text(&q, 0));
	out->asked_at = db_int(&q, 1);
	out->signed_at = db_int(&q, 2);
	out->fetched = !db_is_null(&q, 3);
	out->key = arena_strdup(a, db_text(&q, 4));
	out->text = arena_strdup(a, db_text(&q, 5));
	out->signature = arena_strdup(a, db_text(&q, 6));
	out->head = arena_strdup(a, db_text(&q, 7));
	out->head_signature = arena_strdup(a, db_text(&q, 8));
	db_done(&q);
	return VT_OK;
}

/* Whether what was signed is still what would be signed now. */
static enum vt_err
still_so(struct db *db, struct arena *a, int64_t user, const struct row *row,
    int64_t now_ms, bool *same)
{
	char key[ED25519_PUBLIC_BYTES];
	struct statement then, now;
	enum vt_err err;

	*same = false;
	err = statement_key_newest(db, key);
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	if (strcmp(key, row->key) != 0 ||
	    statement_parse(a, row->text, &then) != VT_OK)
		return VT_OK;
	err = statement_read(db, a, user, now_ms, key, &now);
	*same = err == VT_OK && statement_same(a, &then, &now);
	return err == VT_LIMIT ? VT_OK : err; /* there were fewer lots then */
}

/* Whether the user gets this one, and not another. */
static enum vt_err
is_good(struct db *db, const struct statement_ask *ask, int64_t user,
    const struct row *row, bool *good)
{
	int64_t age_ms = ask->now_ms - row->signed_at;

	*good = false;
	if (age_ms < 0 || age_ms >= STATEMENT_FRESH_MS)
		return VT_OK;
	*good = !row->fetched;
	if (*good)
		return VT_OK;
	return still_so(db, ask->arena, user, row, ask->now_ms, good);
}

/* What could not be signed is not asked for. */
static enum vt_err
check_room(struct db *db, const struct statement_ask *ask, int64_t user,
    struct vt_problem *p)
{
	struct statement s;
	enum vt_err err;

	err = statement_read(db, ask->arena, user, ask->now_ms, "", &s);
	if (err != VT_LIMIT)
		return err;
	return vt_problem(p, VT_CONFLICT, "too_many_lots", NULL,
	    "A statement has room for %d lots, and you have more.",
	    STATEMENT_LOTS_MAX);
}

/* The row of a request that waits, made or made anew if need be. */
static enum vt_err
request(struct db *db, const struct statement_ask *ask, int64_t user,
    const char *how, struct row *row, struct vt_problem *p)
{
	char id[RANDOM_ID_BYTES];
	enum vt_err err;

	err = check_room(db, ask, user, p);
	if (err != VT_OK)
		return err;
	random_id("stm_", id);
	memset(row, 0, sizeof(*row));
	row->id = arena_strdup(ask->arena, id);
	row->asked_at = ask->now_ms;
	return db_exec(db, how, DB_INT("user", user), DB_TEXT("id", id),
	    DB_INT("now", ask->now_ms));
}

/* The row that is the answer: pending, or signed and good. */
static enum vt_err
find_or_request(struct db *db, const struct statement_ask *ask, int64_t user,
    struct row *row, struct vt_problem *p)
{
	bool good = false;
	enum vt_err err;

	err = find(db, ask->arena, user, row);
	if (err == VT_NOTFOUND)
		return request(db, ask, user, sql[ASK], row, p);
	if (err != VT_OK || row->signed_at == 0)
		return err;
	err = is_good(db, ask, user, row, &good);
	if (err != VT_OK)
		return err;
	if (!good)
		return request(db, ask, user, sql[ASK_AGAIN], row, p);
	return db_exec(
	    db, sql[FETCHED], DB_INT("user", user), DB_INT("now", ask->now_ms));
}

static void
put_time(struct json *o, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(ms, text);
	json_put_str(o, name, text);
}

static void
put_signed(struct json *o, const char *text, const char *signature)
{
	json_put_str(o, "statement", text);
	json_put_str(o, "signature", signature);
}

static const char *
render(struct arena *a, const struct row *row)
{
	struct json *o = json_object(a);
	bool done = row->signed_at != 0;

	json_put_str(o, "status", done ? "signed" : "pending");
	json_put_str(o, "statement_id", row->id);
	put_time(o, "asked_at", row->asked_at);
	if (done) {
		put_time(o, "signed_at", row->signed_at);
		put_signed(o, row->text, row->signature);
		put_signed(
		    json_put_object(o, "head"), row->head, row->head_signature);
		json_put_str(o, "key", row->key);
	}
	return json_text(a, o);
}

/* VT_NOTFOUND: go on. An answer of more than 30 days ago is forgotten. */
static enum vt_err
answered_before(struct db *db, const struct statement_ask *ask,
    struct statement_answer *out, struct vt_problem *p, bool *kept)
{
	struct idempotency_record record;
	enum vt_err err;

	err = idempotency_find(db, ask->arena, ask->key, &record, p);
	*kept = err == VT_OK;
	if (err != VT_OK)
		return err;
	if (record.body == NULL)
		return VT_NOTFOUND;
	out->status = record.status;
	out->body = record.body;
	out->replayed = true;
	return VT_OK;
}

enum vt_err
statement_ask(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct statement_ask *ask = in;
	struct statement_answer *answer = out;
	struct user user;
	struct row row;
	enum vt_err err;
	bool kept;

	memset(answer, 0, sizeof(*answer));
	err = answered_before(db, ask, answer, p, &kept);
	if (err != VT_NOTFOUND)
		return err;
	err = user_ensure(db, ask->sub, ask->now_ms, &user);
	if (err == VT_OK)
		err = find_or_request(db, ask, user.id, &row, p);
	if (err != VT_OK)
		return err;
	answer->status = row.signed_at != 0 ? 200 : 202;
	answer->body = render(ask->arena, &row);
	if (answer->status != 200 || kept)
		return VT_OK;
	return idempotency_keep(
	    db, ask->key, 0, answer->status, answer->body, ask->now_ms);
}

/* ---- keeper's side ------------------------------------------------------- */

enum vt_err
statements_waiting(struct db *db, bool *waiting)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[WAITING]);
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	*waiting = db_int(&q, 0) != 0;
	db_done(&q);
	return VT_OK;
}

/* Nobody is told on paper that books are right which somebody rewrote. */
static enum vt_err
check_chain(struct db *db, const struct chain_head *last, struct vt_problem *p)
{
	char sentence[CHAIN_FIT_BYTES];
	enum chain_fit fit;
	enum vt_err err;

	if (last == NULL)
		return VT_OK;
	err = chain_head_compare(db, last, &fit, sentence);
	if (err != VT_OK || fit == CHAIN_FITS)
		return err;
	return vt_problem(
	    p, VT_CONFLICT, "chain_changed", NULL, "%s", sentence);
}

static enum vt_err
store(struct db *db, struct arena *a, const struct ed25519_key *key,
    int64_t user, const struct statement *s)
{
	char signature[ED25519_SIGNATURE_BYTES];
	char head_signature[ED25519_SIGNATURE_BYTES];
	const char *text = statement_text(a, s);
	const char *head = chain_head_text(a, &s->head);
	enum vt_err err;

	ed25519_sign(key, text, strlen(text), signature);
	ed25519_sign(key, head, strlen(head), head_signature);
	err = db_exec(db, sql[SIGN], DB_INT("user", user),
	    DB_INT("now", s->head.at_ms), DB_TEXT("key", s->head.key),
	    DB_TEXT("text", text), DB_TEXT("signature", signature),
	    DB_TEXT("head", head), DB_TEXT("head_signature", head_signature));
	fault_point("statement.after_sign");
	return err;
}

/* It grew too long since it was asked for: who asks again is told so. */
static enum vt_err
forget(struct db *db, int64_t user, const char *id)
{
	LOG(LOG_WARN, "statement.too_many_lots", LOG_S("statement", id));
	return db_exec(db, sql[FORGET], DB_INT("user", user));
}

/* VT_NOTFOUND: nobody waits. */
static enum vt_err
sign_oldest(struct db *db, const struct statement_signing *in, const char *key)
{
	struct arena *a = arena_new();
	char id[RANDOM_ID_BYTES];
	struct statement s;
	int64_t user = 0;
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[OLDEST]);
	if (err == VT_OK) {
		user = db_int(&q, 0);
		(void)db_copy(&q, 1, id, sizeof(id)); /* ours, and it fits */
		db_done(&q);
		err = statement_read(db, a, user, in->now_ms, key, &s);
	}
	if (err == VT_OK) {
		memcpy(s.id, id, sizeof(s.id));
		err = store(db, a, in->key, user, &s);
	} else if (err == VT_LIMIT) {
		err = forget(db, user, id);
	}
	arena_free(a);
	return err;
}

enum vt_err
statements_sign(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct statement_signing *s = in;
	char key[ED25519_PUBLIC_BYTES];
	int *count = out;
	enum vt_err err;
	bool news;

	*count = 0;
	err = check_chain(db, s->last, p);
	ed25519_key_public(s->key, key);
	if (err == VT_OK)
		err = statement_key_announce(db, key, s->now_ms, &news);
	while (err == VT_OK && *count < s->max) {
		err = sign_oldest(db, s, key);
		*count += err == VT_OK;
	}
	return err == VT_NOTFOUND ? VT_OK : err;
}
