/*
 * jwt: RS256 tokens (RFC 7515, 7518 section 3.3, 7519) and the keys that
 * check them. The only module that uses OpenSSL.
 *
 * It says whether the signature is right and what the token claims; whether
 * the claims are good enough is access's business.
 */
#ifndef VT_TEXT_JWT_H
#define VT_TEXT_JWT_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "text/json.h"

#define JWT_BYTES_MAX 8192

struct jwt_key; /* an RSA key, public or with its private half */

/*
 * A public key from PEM "BEGIN PUBLIC KEY", whose line ends may be missing
 * or written as \n (Clerk's dashboard), or from a JWK's n and e (RFC 7518
 * section 6.3). Refused (VT_INVALID): not RSA, below 2048 bits, above 8192,
 * exponent even or 1. Freed by jwt_key_free().
 */
enum vt_err
jwt_key_from_pem(const char *pem, struct jwt_key **out) VT_MUSTCHECK;
enum vt_err
jwt_key_from_jwk(const struct json *jwk, struct jwt_key **out) VT_MUSTCHECK;
void jwt_key_free(struct jwt_key *k);

/*
 * For the local sign-in and tests: a new private key of 2048 bits (VT_SYS
 * when OpenSSL fails), and its PEM forms; the private one is PKCS #8, "BEGIN
 * PRIVATE KEY". jwt_key_private_pem() is for a key that has that half;
 * its text is not guarded, so it is no way to keep a key that matters.
 */
enum vt_err jwt_key_generate(struct jwt_key **out) VT_MUSTCHECK;
enum vt_err
jwt_key_private_from_pem(const char *pem, struct jwt_key **out) VT_MUSTCHECK;
const char *jwt_key_private_pem(struct arena *a, const struct jwt_key *k);
const char *jwt_key_public_pem(struct arena *a, const struct jwt_key *k);
/* Writes kty, n, e, alg, use and the kid given into a JWK we build. */
void jwt_key_jwk(const struct jwt_key *k, const char *kid, struct json *jwk);

struct jwt {
	const struct json *header;
	const struct json *claims;
	const char *kid; /* "" when absent */
	const char *signed_text;
	size_t signed_bytes;
	const unsigned char *signature;
	size_t signature_bytes;
};

/*
 * Takes a token apart: three base64url parts without padding, header and
 * claims JSON objects, alg exactly "RS256", no "crit", typ absent or "JWT".
 * VT_DENIED otherwise. Nothing of it may be believed before jwt_verify().
 */
enum vt_err jwt_parse(struct arena *a, const char *token, size_t bytes,
    struct jwt *out) VT_MUSTCHECK;

/* VT_OK if the signature is this key's, else VT_DENIED. */
enum vt_err
jwt_verify(const struct jwt *t, const struct jwt_key *k) VT_MUSTCHECK;

/*
 * A signed token of these claims, in `a`. `kid` may be NULL, `k` must have
 * its private half. VT_INVALID when it would exceed JWT_BYTES_MAX, VT_SYS
 * when OpenSSL fails.
 */
enum vt_err jwt_sign(struct arena *a, const struct jwt_key *k, const char *kid,
    const struct json *claims, const char **out) VT_MUSTCHECK;

#define JWT_COOKIE_SUFFIX_BYTES 9

/*
 * What Clerk appends to its cookies' names: the first 8 characters of the
 * base64url of the publishable key's SHA-1 (which only has to spread, not to
 * keep anything secret).
 */
void jwt_cookie_suffix(
    const char *publishable_key, char out[static JWT_COOKIE_SUFFIX_BYTES]);

#endif
