/*
 * api_keys: the credentials of services, "vk_" and 256 random bits.
 *
 * A key is shown once, when it is made; the database has its SHA-256 alone.
 * That is enough of a hash, since nobody can guess 256 bits, and it makes
 * the look-up safe: whoever measures how far a comparison of hashes came
 * learns about a hash, and not about a key. A key belongs to a service,
 * which may have several: to rotate, make one, use it, revoke the other.
 */
#ifndef VT_ACCESS_API_KEYS_H
#define VT_ACCESS_API_KEYS_H

#include <stdint.h>

#include "base/err.h"
#include "base/random.h"
#include "ledger/services.h"
#include "store/db.h"

#define API_KEY_PREFIX "vk_"
#define API_KEY_BYTES 47 /* prefix, 43 characters of base64, terminator */
#define API_KEY_HINT_BYTES 5
#define API_KEY_SCOPES_BYTES 96

/* What a key may do, one bit each; as words in api.md. */
enum api_scope {
	SCOPE_TOKENS_SPEND = 1 << 0,   /* "tokens:spend" */
	SCOPE_TOKENS_REVERSE = 1 << 1, /* "tokens:reverse" */
	SCOPE_TOKENS_READ = 1 << 2,    /* "tokens:read" */
	SCOPE_ADMIN_GRANT = 1 << 3,    /* "admin:grant" */
	SCOPE_ADMIN_READ = 1 << 4      /* "admin:read" */
};

/* The bit of a word; 0 for a word that is no scope. */
unsigned api_scope_parse(const char *word);

/* The words of the bits, separated by blanks. */
void api_scopes_text(unsigned scopes, char out[static API_KEY_SCOPES_BYTES]);

struct api_key {
	char public_id[RANDOM_ID_BYTES]; /* key_… */
	char service[SERVICE_NAME_BYTES];
	int64_t service_id;
	unsigned scopes;
	char hint[API_KEY_HINT_BYTES]; /* its last four characters */
	int64_t created_at;
	int64_t expires_at; /* 0: never */
	int64_t revoked_at; /* 0: not */
	bool disabled;	    /* its service is */
};

struct api_key_new {
	const char *service; /* its name */
	unsigned scopes;     /* at least one */
	int64_t expires_at;  /* 0: never */
	int64_t now_ms;
};

/*
 * Makes a key; `key` is the text to show and to wipe. Inside an operation.
 * VT_NOTFOUND with code "unknown_service", VT_CONFLICT "service_disabled".
 */
enum vt_err
api_key_add(struct db *db, const struct api_key_new *n, struct api_key *out,
    char key[static API_KEY_BYTES], struct vt_problem *p) VT_MUSTCHECK;

/*
 * The row of a key as it was presented, whatever its state. VT_NOTFOUND:
 * there is none. Read or operation.
 */
enum vt_err
api_key_find(struct db *db, const char *key, struct api_key *out) VT_MUSTCHECK;

/* True while it may be used: not expired, not revoked, its service on. */
bool api_key_good(const struct api_key *k, int64_t now_ms);

/*
 * From the next request on the key is refused. Inside an operation.
 * VT_NOTFOUND: no key with this public id; one that is revoked stays so.
 */
enum vt_err api_key_revoke(
    struct db *db, const char *public_id, int64_t now_ms) VT_MUSTCHECK;

/* All of them, by service and age. */
typedef enum vt_err (*api_key_fn)(const struct api_key *k, void *arg);
enum vt_err api_keys_each(struct db *db, api_key_fn fn, void *arg) VT_MUSTCHECK;

#endif
