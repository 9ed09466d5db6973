/* ed25519: see ed25519.h. */
#include "text/ed25519.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

#define PUBLIC_PREFIX "ed25519:"
#define SEED_PREFIX "ed25519-seed:"
#define SEED_BASE64_BYTES 45 /* of 32 bytes, with the terminator */
#define VARIANT sodium_base64_VARIANT_ORIGINAL

/* libsodium's form: the seed, then the public key. */
struct ed25519_key {
	struct secret *bytes;
};

_Static_assert(
    sizeof(PUBLIC_PREFIX) - 1 + SEED_BASE64_BYTES == ED25519_PUBLIC_BYTES,
    "a public key is as long as a seed");
_Static_assert(ED25519_SIGNATURE_BYTES ==
	sodium_base64_ENCODED_LEN(crypto_sign_BYTES, VARIANT),
    "base64 of a signature");

/* All of the text, and exactly so many bytes; one text for each value. */
static bool
decode(const char *text, unsigned char *out, size_t bytes)
{
	size_t n;

	return sodium_base642bin(out, bytes, text, strlen(text), NULL, &n, NULL,
		   VARIANT) == 0 &&
	    n == bytes;
}

static bool
after_prefix(const char *text, const char *prefix, const char **rest)
{
	size_t n = strlen(prefix);

	*rest = text + n;
	return strncmp(text, prefix, n) == 0;
}

static const unsigned char *
raw(const struct ed25519_key *k)
{
	return (const unsigned char *)secret_text(k->bytes);
}

static struct ed25519_key *
from_seed(const unsigned char seed[static crypto_sign_SEEDBYTES])
{
	struct ed25519_key *k = calloc(1, sizeof(*k));
	unsigned char both[crypto_sign_SECRETKEYBYTES];
	unsigned char public[crypto_sign_PUBLICKEYBYTES];

	if (k == NULL)
		abort();
	(void)crypto_sign_seed_keypair(public, both, seed); /* always 0 */
	k->bytes = secret_new(both, sizeof(both));
	secret_wipe(both, sizeof(both));
	return k;
}

struct ed25519_key *
ed25519_key_new(void)
{
	unsigned char seed[crypto_sign_SEEDBYTES];
	struct ed25519_key *k;

	random_bytes(seed, sizeof(seed));
	k = from_seed(seed);
	secret_wipe(seed, sizeof(seed));
	return k;
}

enum vt_err
ed25519_key_parse(const struct secret *text, struct ed25519_key **out)
{
	unsigned char seed[crypto_sign_SEEDBYTES];
	const char *rest;
	bool good;

	good = after_prefix(secret_text(text), SEED_PREFIX, &rest) &&
	    decode(rest, seed, sizeof(seed));
	if (good)
		*out = from_seed(seed);
	secret_wipe(seed, sizeof(seed));
	return good ? VT_OK : VT_INVALID;
}

struct secret *
ed25519_key_text(const struct ed25519_key *k)
{
	char text[sizeof(SEED_PREFIX) + SEED_BASE64_BYTES] = SEED_PREFIX;
	struct secret *s;

	(void)sodium_bin2base64(text + sizeof(SEED_PREFIX) - 1,
	    SEED_BASE64_BYTES, raw(k), crypto_sign_SEEDBYTES, VARIANT);
	s = secret_new(text, strlen(text));
	secret_wipe(text, sizeof(text));
	return s;
}

void
ed25519_key_free(struct ed25519_key *k)
{
	if (k == NULL)
		return;
	secret_free(k->bytes);
	free(k);
}

void
ed25519_key_public(
    const struct ed25519_key *k, char out[static ED25519_PUBLIC_BYTES])
{
	(void)snprintf(out, ED25519_PUBLIC_BYTES, PUBLIC_PREFIX);
	(void)sodium_bin2base64(out + sizeof(PUBLIC_PREFIX) - 1,
	    SEED_BASE64_BYTES, raw(k) + crypto_sign_SEEDBYTES,
	    crypto_sign_PUBLICKEYBYTES, VARIANT);
}

static bool
read_public(const char *text, unsigned char *out)
{
	const char *rest;

	return text != NULL && after_prefix(text, PUBLIC_PREFIX, &rest) &&
	    decode(rest, out, crypto_sign_PUBLICKEYBYTES);
}

bool
ed25519_public_valid(const char *text)
{
	unsigned char public[crypto_sign_PUBLICKEYBYTES];

	return read_public(text, public);
}

void
ed25519_sign(const struct ed25519_key *k, const void *data, size_t bytes,
    char out[static ED25519_SIGNATURE_BYTES])
{
	unsigned char signature[crypto_sign_BYTES];

	(void)crypto_sign_detached(
	    signature, NULL, data, bytes, raw(k)); /* always 0 */
	(void)sodium_bin2base64(out, ED25519_SIGNATURE_BYTES, signature,
	    sizeof(signature), VARIANT);
}

bool
ed25519_verify(
    const char *public, const void *data, size_t bytes, const char *signature)
{
	unsigned char key[crypto_sign_PUBLICKEYBYTES];
	unsigned char sig[crypto_sign_BYTES];

	return read_public(public, key) && signature != NULL &&
	    decode(signature, sig, sizeof(sig)) &&
	    crypto_sign_verify_detached(sig, data, bytes, key) == 0;
}
