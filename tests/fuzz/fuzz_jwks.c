/*
 * fuzz_jwks: a key set as anybody may serve it. What is kept has a kid, is
 * JSON again, and holds nothing but the six members of a public RSA key.
 */
#include "fuzz.h"

#include <string.h>

#include "access/jwks.h"
#include "text/json.h"

static void
check_key(struct arena *a, const struct jwks_key *k)
{
	const struct json *j = NULL;

	FUZZ_CHECK(k->kid[0] != '\0');
	FUZZ_CHECK(json_parse(a, k->jwk, strlen(k->jwk), 4, &j, NULL) == VT_OK);
	FUZZ_CHECK(json_count(j) == 6);
	FUZZ_CHECK(strcmp(json_str_at(j, "kid"), k->kid) == 0);
	FUZZ_CHECK(strcmp(json_str_at(j, "kty"), "RSA") == 0);
	FUZZ_CHECK(json_get(j, "d") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *a = arena_new();
	struct vt_problem p = { 0 };
	struct jwks set;

	if (jwks_parse(a, (const char *)data, bytes, &set, &p) == VT_OK) {
		FUZZ_CHECK(set.count > 0 && set.count <= JWKS_KEYS_MAX);
		for (size_t i = 0; i < set.count; i++)
			check_key(a, &set.keys[i]);
	} else
		FUZZ_CHECK(p.message[0] != '\0');
	arena_free(a);
	return 0;
}
