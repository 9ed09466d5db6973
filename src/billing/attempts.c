/* attempts: see attempts.h. */
#include "billing/attempts.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { OPEN_GET, ADD, DONE, REFUSED, UNKNOWN, DUE, STATEMENTS };

#define COLUMNS "id, what, subject, stripe_key, path, params, tries, created_at"
#define IS_OPEN "state IN ('intent', 'in_flight', 'unknown')"

/* Between tries of reconciler: a minute, then twice as long, up to an hour. */
#define BACKOFF_FIRST_MS 60000
#define BACKOFF_MAX_MS 3600000

static const char *const sql[STATEMENTS] = {
	[OPEN_GET] = "SELECT " COLUMNS " FROM attempts WHERE what = :what "
		     "AND subject = :subject AND " IS_OPEN,
	[ADD] = "INSERT INTO attempts (what, subject, stripe_key, path, "
		"params, body_hash, state, tries, next_at, created_at, "
		"updated_at) VALUES (:what, :subject, :key, :path, :params, "
		":hash, 'in_flight', 1, :next, :now, :now)",
	[DONE] =
	    "UPDATE attempts SET state = 'done', result = :result, "
	    "next_at = NULL, updated_at = :now WHERE id = :id AND " IS_OPEN,
	[REFUSED] =
	    "UPDATE attempts SET state = 'refused', result = :result, "
	    "next_at = NULL, updated_at = :now WHERE id = :id AND " IS_OPEN,
	[UNKNOWN] = "UPDATE attempts SET state = 'unknown', "
		    "tries = tries + 1, next_at = :now + MIN(:most, "
		    ":first * (1 << MIN(tries - 1, 10))), updated_at = :now "
		    "WHERE id = :id AND " IS_OPEN,
	/* Further ahead than any wait: the clock was set back. */
	[DUE] = "SELECT " COLUMNS " FROM attempts WHERE " IS_OPEN
		" AND (next_at <= :now OR next_at > :now + :most) "
		"ORDER BY next_at, id LIMIT :max",
};

static void
read_row(struct query *q, struct attempt *t)
{
	memset(t, 0, sizeof(*t));
	t->id = db_int(q, 0);
	(void)db_copy(q, 1, t->what, sizeof(t->what));
	(void)db_copy(q, 2, t->subject, sizeof(t->subject));
	(void)db_copy(q, 3, t->key, sizeof(t->key));
	(void)db_copy(q, 4, t->path, sizeof(t->path));
	(void)db_copy(q, 5, t->params, sizeof(t->params));
	t->tries = (int)db_int(q, 6);
	t->created_at = db_int(q, 7);
}

static enum vt_err
open_get(
    struct db *db, const char *what, const char *subject, struct attempt *out)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[OPEN_GET], DB_TEXT("what", what),
	    DB_TEXT("subject", subject));
	if (err != VT_OK)
		return err;
	read_row(&q, out);
	db_done(&q);
	return VT_OK;
}

enum vt_err
attempt_open(struct db *db, const char *what, const char *subject,
    const char *path, const char *params, int64_t now_ms, struct attempt *out)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char key[STRIPE_KEY_BYTES];
	enum vt_err err;

	err = open_get(db, what, subject, out);
	if (err != VT_NOTFOUND)
		return err;
	if (strlen(path) >= ATTEMPT_PATH_BYTES ||
	    strlen(params) >= ATTEMPT_PARAMS_BYTES)
		return VT_INVALID;
	stripe_key_new(key);
	(void)crypto_hash_sha256(
	    hash, (const unsigned char *)params, strlen(params)); /* always 0 */
	err = db_exec(db, sql[ADD], DB_TEXT("what", what),
	    DB_TEXT("subject", subject), DB_TEXT("key", key),
	    DB_TEXT("path", path), DB_TEXT("params", params),
	    DB_BLOB("hash", hash, sizeof(hash)),
	    DB_INT("next", now_ms + ATTEMPT_LEASE_MS), DB_INT("now", now_ms));
	if (err != VT_OK)
		return err;
	return open_get(db, what, subject, out);
}

enum vt_err
attempt_done(struct db *db, int64_t id, const char *object, int64_t now_ms)
{
	return db_exec(db, sql[DONE], DB_INT("id", id),
	    DB_TEXT("result", object), DB_INT("now", now_ms));
}

enum vt_err
attempt_refused(struct db *db, int64_t id, const char *code, int64_t now_ms)
{
	return db_exec(db, sql[REFUSED], DB_INT("id", id),
	    DB_TEXT("result", code), DB_INT("now", now_ms));
}

enum vt_err
attempt_unknown(struct db *db, int64_t id, int64_t now_ms)
{
	return db_exec(db, sql[UNKNOWN], DB_INT("id", id),
	    DB_INT("first", BACKOFF_FIRST_MS), DB_INT("most", BACKOFF_MAX_MS),
	    DB_INT("now", now_ms));
}

enum vt_err
attempts_due(struct db *db, int64_t now_ms, struct attempt *out, size_t max,
    size_t *count)
{
	enum vt_err err;
	struct query q;
	size_t n = 0;

	err = db_query(&q, db, sql[DUE], DB_INT("now", now_ms),
	    DB_INT("most", BACKOFF_MAX_MS), DB_INT("max", max));
	while (err == VT_OK && n < max && (err = db_step(&q)) == VT_OK)
		read_row(&q, &out[n++]);
	db_done(&q);
	if (err != VT_OK && err != VT_NOTFOUND)
		return err;
	*count = n;
	return VT_OK;
}
