/* keys: see keys.h. */
#include "access/keys.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "text/json.h"

#define KEYS_MAX 16
#define KID_BYTES 128
#define JWK_BYTES_MAX 4096
#define JWK_DEPTH_MAX 4
/* A key that Clerk has withdrawn is believed for this long at the most. */
#define FRESH_MS 60000
/* Tokens with made-up kids may not make us read the table each time. */
#define AGAIN_MS 250

struct row {
	char kid[KID_BYTES];
	char jwk[JWK_BYTES_MAX];
};

struct rows {
	struct row row[KEYS_MAX];
	size_t count;
};

struct key {
	char kid[KID_BYTES];
	char *jwk;	     /* as stored, to see a change */
	struct jwt_key *key; /* NULL: the row holds none */
};

struct keys {
	struct readers *readers; /* NULL: one fixed key */
	pthread_rwlock_t lock;	 /* over all that follows */
	struct key key[KEYS_MAX];
	size_t count;
	int64_t read_at_ms; /* monotonic; -1: never */
	uint64_t generation;
};

/* The newest first, in case there are more than we hold. */
static const char sql_keys[] =
    "SELECT kid, jwk FROM jwks ORDER BY fetched_at DESC, kid LIMIT 16";

static struct keys *
keys_new(void)
{
	struct keys *k = calloc(1, sizeof(*k));

	if (k == NULL || pthread_rwlock_init(&k->lock, NULL) != 0)
		abort();
	k->read_at_ms = -1;
	return k;
}

enum vt_err
keys_from_pem(const char *pem, struct keys **out)
{
	struct jwt_key *key;
	struct keys *k;
	enum vt_err err;

	err = jwt_key_from_pem(pem, &key);
	if (err != VT_OK)
		return err;
	k = keys_new();
	k->key[0].key = key;
	k->count = 1;
	*out = k;
	return VT_OK;
}

struct keys *
keys_from_table(struct readers *r)
{
	struct keys *k = keys_new();

	assert(r != NULL);
	k->readers = r;
	return k;
}

static void
forget(struct keys *k)
{
	for (size_t i = 0; i < k->count; i++) {
		jwt_key_free(k->key[i].key);
		free(k->key[i].jwk);
	}
	memset(k->key, 0, sizeof(k->key));
	k->count = 0;
}

void
keys_free(struct keys *k)
{
	if (k == NULL)
		return;
	forget(k);
	(void)pthread_rwlock_destroy(&k->lock);
	free(k);
}

static enum vt_err
read_rows(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct rows *rows = out;
	struct query q;
	enum vt_err err;

	(void)in;
	(void)p;
	rows->count = 0;
	err = db_query(&q, db, sql_keys);
	while (err == VT_OK && (err = db_step(&q)) == VT_OK &&
	    rows->count < KEYS_MAX) {
		struct row *r = &rows->row[rows->count];

		if (db_copy(&q, 0, r->kid, sizeof(r->kid)) &&
		    db_copy(&q, 1, r->jwk, sizeof(r->jwk)))
			rows->count++;
	}
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

/*
 * Under the write lock. A row that is no key is kept without one, with a
 * line, so that the set is not taken for a changed one each time.
 */
static void
add(struct keys *k, const struct row *r, struct arena *a)
{
	struct key *to = &k->key[k->count++];
	const struct json *jwk;

	memcpy(to->kid, r->kid, sizeof(to->kid));
	to->jwk = strdup(r->jwk);
	if (to->jwk == NULL)
		abort();
	if (json_parse(a, r->jwk, strlen(r->jwk), JWK_DEPTH_MAX, &jwk, NULL) !=
		VT_OK ||
	    jwt_key_from_jwk(jwk, &to->key) != VT_OK)
		LOG(LOG_WARN, "access.key_unusable", LOG_S("kid", r->kid));
}

static bool
same(const struct keys *k, const struct rows *rows)
{
	if (k->count != rows->count)
		return false;
	for (size_t i = 0; i < k->count; i++)
		if (strcmp(k->key[i].kid, rows->row[i].kid) != 0 ||
		    strcmp(k->key[i].jwk, rows->row[i].jwk) != 0)
			return false;
	return true;
}

/* Under the write lock. */
static void
replace(struct keys *k, const struct rows *rows)
{
	struct arena *a;

	if (same(k, rows))
		return;
	a = arena_new();
	forget(k);
	for (size_t i = 0; i < rows->count; i++)
		add(k, &rows->row[i], a);
	k->generation++;
	arena_free(a);
	LOG(LOG_INFO, "access.keys_read", LOG_I("count", k->count));
}

/* Reads the table unless it was read within this time. */
static enum vt_err
read_again(struct keys *k, int64_t unless_within_ms)
{
	struct rows *rows;
	enum vt_err err = VT_OK;
	int64_t now;

	if (k->readers == NULL)
		return VT_OK;
	rows = malloc(sizeof(*rows)); /* larger than a thread's stack likes */
	if (rows == NULL)
		abort();
	(void)pthread_rwlock_wrlock(&k->lock);
	now = clock_mono_ms();
	if (k->read_at_ms < 0 || now - k->read_at_ms > unless_within_ms) {
		err = readers_run(k->readers, read_rows, NULL, rows, NULL);
		if (err == VT_OK) {
			replace(k, rows);
			k->read_at_ms = now;
		}
	}
	(void)pthread_rwlock_unlock(&k->lock);
	free(rows);
	return err;
}

/* VT_OK, VT_DENIED, or VT_NOTFOUND when no key has the token's kid. */
static enum vt_err
verify_with(struct keys *k, const struct jwt *t)
{
	enum vt_err err = VT_NOTFOUND;

	(void)pthread_rwlock_rdlock(&k->lock);
	for (size_t i = 0; i < k->count && err == VT_NOTFOUND; i++)
		if (k->key[i].key != NULL &&
		    (k->readers == NULL || strcmp(k->key[i].kid, t->kid) == 0))
			err = jwt_verify(t, k->key[i].key);
	(void)pthread_rwlock_unlock(&k->lock);
	return err;
}

enum vt_err
keys_verify(struct keys *k, const struct jwt *t)
{
	enum vt_err err;

	err = verify_with(k, t);
	if (err != VT_NOTFOUND)
		return err;
	err = read_again(k, AGAIN_MS);
	return err == VT_OK ? verify_with(k, t) : err;
}

uint64_t
keys_generation(struct keys *k)
{
	uint64_t generation;
	bool stale;

	(void)pthread_rwlock_rdlock(&k->lock);
	generation = k->generation;
	stale = k->readers != NULL && k->read_at_ms >= 0 &&
	    clock_mono_ms() - k->read_at_ms > FRESH_MS;
	(void)pthread_rwlock_unlock(&k->lock);
	if (!stale || read_again(k, FRESH_MS) != VT_OK)
		return generation;
	(void)pthread_rwlock_rdlock(&k->lock);
	generation = k->generation;
	(void)pthread_rwlock_unlock(&k->lock);
	return generation;
}
