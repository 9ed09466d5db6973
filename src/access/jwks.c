/* jwks: see jwks.h. */
#include "access/jwks.h"

#include <string.h>

#include "text/json.h"

#define SET_BYTES_MAX (256 * 1024)
#define SET_DEPTH_MAX 8
#define KID_BYTES_MAX 128 /* what keys.c holds, its NUL included */
#define NUMBER_BYTES_MAX \
	2048 /* of a modulus in base64url: 8192 bits are 1366 */

enum { CLEAR, ADD, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[CLEAR] = "DELETE FROM jwks",
	[ADD] = "INSERT INTO jwks (kid, jwk, fetched_at) "
		"VALUES (:kid, :jwk, :now)",
};

/* A member that, where it is there, has this value. */
static bool
absent_or(const struct json *key, const char *name, const char *value)
{
	const struct json *j = json_get(key, name);
	const char *s = json_str(j);

	return j == NULL || (s != NULL && strcmp(s, value) == 0);
}

static bool
base64url(const char *s)
{
	size_t n;

	if (s == NULL)
		return false;
	n = strspn(s,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789-_");
	return n > 0 && n < NUMBER_BYTES_MAX && s[n] == '\0';
}

static bool
kid_valid(const char *kid)
{
	size_t n = 0;

	if (kid == NULL)
		return false;
	while (kid[n] > ' ' && kid[n] < 0x7f)
		n++;
	return n > 0 && n < KID_BYTES_MAX && kid[n] == '\0';
}

static bool
known(const struct jwks *set, const char *kid)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->keys[i].kid, kid) == 0)
			return true;
	return false;
}

/* Keeps a key if it can check session tokens. */
static void
key_keep(struct arena *a, const struct json *key, struct jwks *set)
{
	const char *kid = json_str(json_get(key, "kid"));
	const char *kty = json_str(json_get(key, "kty"));
	const char *n = json_str(json_get(key, "n"));
	const char *e = json_str(json_get(key, "e"));
	struct json *kept;

	if (set->count == JWKS_KEYS_MAX || !kid_valid(kid) || known(set, kid) ||
	    kty == NULL || strcmp(kty, "RSA") != 0 ||
	    !absent_or(key, "use", "sig") || !absent_or(key, "alg", "RS256") ||
	    !base64url(n) || !base64url(e))
		return;
	/* Built anew: nothing else that stands in it is ours to store. */
	kept = json_object(a);
	json_put_str(kept, "kty", "RSA");
	json_put_str(kept, "kid", kid);
	json_put_str(kept, "use", "sig");
	json_put_str(kept, "alg", "RS256");
	json_put_str(kept, "n", n);
	json_put_str(kept, "e", e);
	set->keys[set->count].kid = kid;
	set->keys[set->count].jwk = json_text(a, kept);
	set->count++;
}

enum vt_err
jwks_parse(struct arena *a, const char *text, size_t bytes, struct jwks *out,
    struct vt_problem *p)
{
	const struct json *set;
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	err = json_parse(a, text, bytes, SET_DEPTH_MAX, &set, p);
	if (err != VT_OK)
		return err;
	if (json_is_array(json_get(set, "keys")))
		for (const struct json *j = json_first(json_get(set, "keys"));
		     j != NULL; j = json_next(j))
			key_keep(a, j, out);
	if (out->count == 0)
		return vt_problem(p, VT_INVALID, "malformed_jwks", "keys",
		    "The key set has no RSA key for signatures.");
	return VT_OK;
}

enum vt_err
jwks_fetch(struct https *h, struct arena *a, const char *url,
    int64_t timeout_ms, struct jwks *out, struct vt_problem *p)
{
	static const struct https_header headers[] = {
		{ "Accept", "application/json" }, { NULL, NULL }
	};
	const struct https_request r = { .method = "GET",
		.url = url,
		.headers = headers,
		.timeout_ms = timeout_ms,
		.body_bytes_max = SET_BYTES_MAX };
	struct https_answer w;
	enum vt_err err;

	err = https_call(h, a, &r, &w);
	if (err != VT_OK)
		return vt_problem(p, err, "jwks_unavailable", NULL,
		    "The key set cannot be fetched: %s.", w.why);
	if (w.status != 200)
		return vt_problem(p, VT_REMOTE, "jwks_unavailable", NULL,
		    "The key set cannot be fetched: status %d.", w.status);
	err = jwks_parse(a, w.body, w.body_bytes, out, p);
	return err == VT_INVALID ? VT_REMOTE : err;
}

enum vt_err
jwks_store(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct jwks *set = in;
	enum vt_err err;

	(void)out;
	(void)p; /* nobody waits for an answer */
	err = db_exec(db, sql[CLEAR]);
	for (size_t i = 0; i < set->count && err == VT_OK; i++)
		err = db_exec(db, sql[ADD], DB_TEXT("kid", set->keys[i].kid),
		    DB_TEXT("jwk", set->keys[i].jwk),
		    DB_INT("now", set->now_ms));
	return err;
}
