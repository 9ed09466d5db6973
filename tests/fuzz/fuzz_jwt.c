/*
 * fuzz_jwt: the input is tried as a token, as claims, as a JWK and as PEM.
 * No token from outside verifies with a key that was made just now; claims
 * come back from a signed token as they went in; a key that is taken can be
 * written and read again.
 */
#include "fuzz.h"

#include <sodium.h>
#include <string.h>

#include "text/jwt.h"

static struct jwt_key *key;

static void
key_make(void)
{
	if (key != NULL)
		return;
	if (sodium_init() < 0)
		abort();
	FUZZ_CHECK(jwt_key_generate(&key) == VT_OK);
}

static void
as_token(struct arena *a, const char *text, size_t bytes)
{
	struct jwt t;

	if (jwt_parse(a, text, bytes, &t) != VT_OK)
		return;
	FUZZ_CHECK(json_is_object(t.header) && json_is_object(t.claims));
	FUZZ_CHECK(strcmp(json_str_at(t.header, "alg"), "RS256") == 0);
	FUZZ_CHECK(t.kid != NULL && t.signature_bytes > 0);
	FUZZ_CHECK(t.signed_bytes < bytes &&
	    memcmp(t.signed_text, text, t.signed_bytes) == 0);
	FUZZ_CHECK(jwt_verify(&t, key) == VT_DENIED);
}

static void
as_claims(struct arena *a, const struct json *claims)
{
	const char *text = NULL;
	struct jwt t;

	if (!json_is_object(claims) ||
	    jwt_sign(a, key, "k", claims, &text) != VT_OK)
		return;
	FUZZ_CHECK(jwt_parse(a, text, strlen(text), &t) == VT_OK);
	FUZZ_CHECK(jwt_verify(&t, key) == VT_OK);
	FUZZ_CHECK(strcmp(json_text(a, t.claims), json_text(a, claims)) == 0);
}

/* Takes the key. */
static void
key_round_trip(struct arena *a, struct jwt_key *k)
{
	const char *pem = jwt_key_public_pem(a, k);
	struct json *jwk = json_object(a);
	struct jwt_key *again = NULL;

	FUZZ_CHECK(jwt_key_from_pem(pem, &again) == VT_OK);
	FUZZ_CHECK(strcmp(jwt_key_public_pem(a, again), pem) == 0);
	jwt_key_free(again);
	jwt_key_jwk(k, "k", jwk);
	FUZZ_CHECK(jwt_key_from_jwk(jwk, &again) == VT_OK);
	FUZZ_CHECK(strcmp(jwt_key_public_pem(a, again), pem) == 0);
	jwt_key_free(again);
	jwt_key_free(k);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *a = arena_new();
	const char *text = arena_memdup(a, data, bytes);
	const struct json *j = NULL;
	struct jwt_key *k = NULL;

	key_make();
	as_token(a, text, bytes);
	if (json_parse(a, text, bytes, JSON_DEPTH_MAX, &j, NULL) == VT_OK) {
		as_claims(a, j);
		if (jwt_key_from_jwk(j, &k) == VT_OK)
			key_round_trip(a, k);
	}
	k = NULL;
	if (jwt_key_from_pem(text, &k) == VT_OK)
		key_round_trip(a, k);
	k = NULL;
	if (jwt_key_private_from_pem(text, &k) == VT_OK)
		key_round_trip(a, k);
	arena_free(a);
	return 0;
}
