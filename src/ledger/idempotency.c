/* idempotency: see idempotency.h. */
#include "ledger/idempotency.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { FIND, KEEP, PRUNE, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[FIND] =
	    "SELECT request_hash, status, body, tx FROM idempotency "
	    "WHERE principal = :principal AND route = :route AND key = :key",
	[KEEP] =
	    "INSERT INTO idempotency (principal, route, key, "
	    "request_hash, tx, status, body, created_at) VALUES (:principal, "
	    ":route, :key, :hash, :tx, :status, :body, :now)",
	[PRUNE] = "UPDATE idempotency SET body = NULL "
		  "WHERE created_at < :before AND body IS NOT NULL",
};

enum vt_err
idempotency_key_init(struct idempotency_key *k, const char *principal,
    const char *route, const char *header, const char *body, size_t body_bytes,
    struct vt_problem *p)
{
	size_t n;

	memset(k, 0, sizeof(*k));
	(void)snprintf(k->principal, sizeof(k->principal), "%s", principal);
	(void)snprintf(k->route, sizeof(k->route), "%s", route);
	if (header == NULL)
		return VT_OK;
	(void)crypto_hash_sha256(k->request_hash, (const unsigned char *)body,
	    body_bytes); /* always 0 */
	n = strlen(header);
	for (size_t i = 0; i < n; i++)
		if (header[i] < '!' || header[i] > '~')
			n = 0; /* refused below */
	if (n < 1 || n >= sizeof(k->key))
		return vt_problem(p, VT_INVALID, "invalid_field",
		    "Idempotency-Key",
		    "Idempotency-Key must be 1 to 255 visible characters.");
	memcpy(k->key, header, n);
	return VT_OK;
}

bool
idempotency_given(const struct idempotency_key *k)
{
	return k->key[0] != '\0';
}

enum vt_err
idempotency_find(struct db *db, struct arena *a,
    const struct idempotency_key *k, struct idempotency_record *out,
    struct vt_problem *p)
{
	enum vt_err err;
	const void *hash;
	struct query q;
	size_t bytes;

	if (!idempotency_given(k))
		return VT_NOTFOUND;
	err = db_row(&q, db, sql[FIND], DB_TEXT("principal", k->principal),
	    DB_TEXT("route", k->route), DB_TEXT("key", k->key));
	if (err != VT_OK)
		return err;
	hash = db_blob(&q, 0, &bytes);
	if (bytes != sizeof(k->request_hash) ||
	    memcmp(hash, k->request_hash, bytes) != 0)
		err = vt_problem(p, VT_CONFLICT, "idempotency_mismatch",
		    "Idempotency-Key",
		    "This Idempotency-Key was used with another body.");
	out->status = (int)db_int(&q, 1);
	out->body = arena_strdup(a, db_text(&q, 2));
	out->tx = db_int(&q, 3);
	db_done(&q);
	return err;
}

enum vt_err
idempotency_keep(struct db *db, const struct idempotency_key *k, int64_t tx,
    int status, const char *body, int64_t now_ms)
{
	if (!idempotency_given(k))
		return VT_OK;
	return db_exec(db, sql[KEEP], DB_TEXT("principal", k->principal),
	    DB_TEXT("route", k->route), DB_TEXT("key", k->key),
	    DB_BLOB("hash", k->request_hash, sizeof(k->request_hash)),
	    tx == 0 ? DB_NULL("tx") : DB_INT("tx", tx),
	    DB_INT("status", status), DB_TEXT("body", body),
	    DB_INT("now", now_ms));
}

enum vt_err
idempotency_prune(struct db *db, int64_t before_ms, int64_t *pruned)
{
	enum vt_err err;

	err = db_exec(db, sql[PRUNE], DB_INT("before", before_ms));
	if (err == VT_OK)
		*pruned = db_changes(db);
	return err;
}
