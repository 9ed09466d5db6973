/*
 * jwks: Clerk's public keys on their way into the database (RFC 7517).
 *
 * reconciler fetches the set every few minutes; the workers, which call
 * nobody, read it there (keys.h). Only what checks a signature is kept of a
 * key, and a set without a usable one changes nothing: a bad answer must not
 * sign everybody out.
 */
#ifndef VT_ACCESS_JWKS_H
#define VT_ACCESS_JWKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "net/https.h"
#include "store/db.h"

#define JWKS_KEYS_MAX 16

struct jwks_key {
	const char *kid;
	const char *jwk; /* kty, kid, alg, use, n and e, as compact JSON */
};

struct jwks {
	struct jwks_key keys[JWKS_KEYS_MAX];
	size_t count;
	int64_t now_ms; /* when it was fetched */
};

/*
 * Takes a set apart; texts live in `a`. Keys that are not RSA signing keys
 * with a kid, and those beyond JWKS_KEYS_MAX, are passed over. VT_INVALID
 * with "malformed_json" or "malformed_jwks" when none is left.
 */
enum vt_err jwks_parse(struct arena *a, const char *text, size_t bytes,
    struct jwks *out, struct vt_problem *p) VT_MUSTCHECK;

/*
 * GET and jwks_parse(). VT_BUSY: no answer within `timeout_ms`; VT_REMOTE:
 * an answer that is no key set; VT_INVALID: a URL that is not allowed.
 */
enum vt_err jwks_fetch(struct https *h, struct arena *a, const char *url,
    int64_t timeout_ms, struct jwks *out, struct vt_problem *p) VT_MUSTCHECK;

/* A write_fn (struct jwks, no result): the set replaces the stored one. */
enum vt_err jwks_store(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

#endif
