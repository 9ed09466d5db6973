/* api_keys: see api_keys.h. */
#include "access/api_keys.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"

#define RANDOM_BYTES 32
#define HASH_BYTES 32

_Static_assert(API_KEY_BYTES ==
	sizeof(API_KEY_PREFIX) - 1 +
	    sodium_base64_ENCODED_LEN(
		RANDOM_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
    "prefix and base64");

enum { ADD, FIND, REVOKE, KNOWN, ALL, STATEMENTS };

#define SELECT                                                               \
	"SELECT k.public_id, s.name, s.id, k.scopes, k.hint, k.created_at, " \
	"k.expires_at, k.revoked_at, s.disabled_at IS NOT NULL "             \
	"FROM api_keys k JOIN services s ON s.id = k.service "

static const char *const sql[STATEMENTS] = {
	[ADD] = "INSERT INTO api_keys (hash, public_id, service, scopes, hint, "
		"created_at, expires_at) VALUES (:hash, :public, :service, "
		":scopes, :hint, :now, :expires)",
	[FIND] = SELECT "WHERE k.hash = :hash",
	[REVOKE] = "UPDATE api_keys SET revoked_at = :now "
		   "WHERE public_id = :public AND revoked_at IS NULL",
	[KNOWN] = "SELECT 1 FROM api_keys WHERE public_id = :public",
	[ALL] = SELECT "ORDER BY s.name, k.created_at, k.public_id",
};

static const char *const words[] = { "tokens:spend", "tokens:reverse",
	"tokens:read", "admin:grant", "admin:read" };

static unsigned
scope_of(const char *word, size_t bytes)
{
	for (size_t i = 0; i < countof(words); i++)
		if (strlen(words[i]) == bytes &&
		    memcmp(words[i], word, bytes) == 0)
			return 1u << i;
	return 0;
}

unsigned
api_scope_parse(const char *word)
{
	return scope_of(word, strlen(word));
}

void
api_scopes_text(unsigned scopes, char out[static API_KEY_SCOPES_BYTES])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < countof(words); i++) {
		if ((scopes & 1u << i) == 0)
			continue;
		n += (size_t)snprintf(out + n, API_KEY_SCOPES_BYTES - n, "%s%s",
		    n == 0 ? "" : " ", words[i]);
		assert(n < API_KEY_SCOPES_BYTES);
	}
}

/* A word that this program does not know allows nothing. */
static unsigned
scopes_from(const char *text)
{
	unsigned scopes = 0;
	size_t n;

	while (*(text += strspn(text, " ")) != '\0') {
		n = strcspn(text, " ");
		scopes |= scope_of(text, n);
		text += n;
	}
	return scopes;
}

static void
read_key(struct query *q, struct api_key *out)
{
	memset(out, 0, sizeof(*out));
	(void)db_copy(q, 0, out->public_id, sizeof(out->public_id));
	(void)db_copy(q, 1, out->service, sizeof(out->service));
	out->service_id = db_int(q, 2);
	out->scopes = scopes_from(db_text(q, 3));
	(void)db_copy(q, 4, out->hint, sizeof(out->hint));
	out->created_at = db_int(q, 5);
	out->expires_at = db_int(q, 6);
	out->revoked_at = db_int(q, 7);
	out->disabled = db_int(q, 8) != 0;
}

static void
hash_of(const char *key, unsigned char out[static HASH_BYTES])
{
	(void)crypto_hash_sha256(
	    out, (const unsigned char *)key, strlen(key)); /* always 0 */
}

static void
make_key(char out[static API_KEY_BYTES])
{
	unsigned char bits[RANDOM_BYTES];
	size_t n = strlen(API_KEY_PREFIX);

	random_bytes(bits, sizeof(bits));
	memcpy(out, API_KEY_PREFIX, n);
	(void)sodium_bin2base64(out + n, API_KEY_BYTES - n, bits, sizeof(bits),
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	secret_wipe(bits, sizeof(bits));
}

static enum vt_err
find_service(
    struct db *db, const char *name, struct service *out, struct vt_problem *p)
{
	enum vt_err err = service_find(db, name, out);

	if (err == VT_NOTFOUND)
		return vt_problem(p, err, "unknown_service", "service",
		    "There is no service %s.", name);
	if (err == VT_OK && out->disabled)
		return vt_problem(p, VT_CONFLICT, "service_disabled", "service",
		    "The service %s is disabled.", name);
	return err;
}

enum vt_err
api_key_add(struct db *db, const struct api_key_new *n, struct api_key *out,
    char key[static API_KEY_BYTES], struct vt_problem *p)
{
	char public_id[RANDOM_ID_BYTES], scopes[API_KEY_SCOPES_BYTES];
	unsigned char hash[HASH_BYTES];
	struct service service;
	enum vt_err err;

	assert(n->scopes != 0);
	err = find_service(db, n->service, &service, p);
	if (err != VT_OK)
		return err;
	make_key(key);
	hash_of(key, hash);
	random_id("key_", public_id);
	api_scopes_text(n->scopes, scopes);
	err = db_exec(db, sql[ADD], DB_BLOB("hash", hash, sizeof(hash)),
	    DB_TEXT("public", public_id), DB_INT("service", service.id),
	    DB_TEXT("scopes", scopes),
	    DB_TEXT("hint", key + API_KEY_BYTES - API_KEY_HINT_BYTES),
	    DB_INT("now", n->now_ms),
	    n->expires_at == 0 ? DB_NULL("expires")
			       : DB_INT("expires", n->expires_at));
	return err == VT_OK ? api_key_find(db, key, out) : err;
}

enum vt_err
api_key_find(struct db *db, const char *key, struct api_key *out)
{
	unsigned char hash[HASH_BYTES];
	enum vt_err err;
	struct query q;

	hash_of(key, hash);
	err = db_row(&q, db, sql[FIND], DB_BLOB("hash", hash, sizeof(hash)));
	if (err != VT_OK)
		return err;
	read_key(&q, out);
	db_done(&q);
	return VT_OK;
}

bool
api_key_good(const struct api_key *k, int64_t now_ms)
{
	return !k->disabled && k->revoked_at == 0 &&
	    (k->expires_at == 0 || k->expires_at > now_ms);
}

enum vt_err
api_key_revoke(struct db *db, const char *public_id, int64_t now_ms)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[KNOWN], DB_TEXT("public", public_id));
	if (err != VT_OK)
		return err;
	db_done(&q);
	return db_exec(db, sql[REVOKE], DB_TEXT("public", public_id),
	    DB_INT("now", now_ms));
}

enum vt_err
api_keys_each(struct db *db, api_key_fn fn, void *arg)
{
	struct api_key k;
	enum vt_err err;
	struct query q;

	err = db_query(&q, db, sql[ALL]);
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		read_key(&q, &k);
		err = fn(&k, arg);
	}
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}
