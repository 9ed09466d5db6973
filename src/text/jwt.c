/* jwt: see jwt.h. */
#include "text/jwt.h"

#include <assert.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BITS_MIN 2048
#define BITS_MAX 8192
#define BITS_NEW 2048
#define HEADER_DEPTH_MAX 8
#define PEM_BYTES_MAX 16384

struct jwt_key {
	EVP_PKEY *pkey;
	bool private_half;
};

/* ---- keys --------------------------------------------------------------- */

/* RSA of a size that is neither weak nor a burden, with a usable exponent. */
static bool
key_acceptable(EVP_PKEY *pkey)
{
	BIGNUM *e = NULL;
	bool ok = EVP_PKEY_is_a(pkey, "RSA") &&
	    EVP_PKEY_get_bits(pkey) >= BITS_MIN &&
	    EVP_PKEY_get_bits(pkey) <= BITS_MAX &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	    BN_is_odd(e) && !BN_is_one(e) && !BN_is_negative(e);

	BN_free(e);
	return ok;
}

/* Takes `pkey` (NULL: OpenSSL could not make one), also when refusing it. */
static enum vt_err
key_from(EVP_PKEY *pkey, bool private_half, struct jwt_key **out)
{
	struct jwt_key *k;

	if (pkey == NULL || !key_acceptable(pkey)) {
		EVP_PKEY_free(pkey);
		ERR_clear_error();
		return VT_INVALID;
	}
	k = malloc(sizeof(*k));
	if (k == NULL)
		abort();
	k->pkey = pkey;
	k->private_half = private_half;
	*out = k;
	return VT_OK;
}

/* Copies what stands between the PEM lines without blanks and "\n". */
static char *
pem_body(const char *pem, const char *begin, const char *end)
{
	const char *from = strstr(pem, begin), *to;
	char *body, *w;

	if (from == NULL || strlen(pem) > PEM_BYTES_MAX)
		return NULL;
	from += strlen(begin);
	to = strstr(from, end);
	if (to == NULL)
		return NULL;
	body = w = malloc((size_t)(to - from) + 1);
	if (body == NULL)
		abort();
	for (; from < to; from++) {
		if (from[0] == '\\' && (from[1] == 'n' || from[1] == 'r'))
			from++;
		else if (strchr(" \t\r\n", *from) == NULL)
			*w++ = *from;
	}
	*w = '\0';
	return body;
}

/*
 * The DER inside a PEM whose line ends an environment file has eaten or
 * written as \n, which OpenSSL's own reader refuses. Wiped and freed by the
 * caller; NULL if it is none.
 */
static unsigned char *
pem_der(const char *pem, const char *begin, const char *end, size_t *bytes)
{
	char *body = pem_body(pem, begin, end);
	unsigned char *der = NULL;
	size_t n;

	if (body == NULL)
		return NULL;
	n = strlen(body);
	der = malloc(n + 1);
	if (der == NULL)
		abort();
	if (sodium_base642bin(der, n + 1, body, n, NULL, bytes, NULL,
		sodium_base64_VARIANT_ORIGINAL) != 0) {
		secret_wipe(der, n + 1);
		free(der);
		der = NULL;
	}
	secret_wipe(body, n);
	free(body);
	return der;
}

/* The key that fills these bytes wholly, or NULL. */
static EVP_PKEY *
der_key(const unsigned char *der, size_t bytes, bool private_half)
{
	const unsigned char *at = der;
	EVP_PKEY *pkey;

	if (private_half)
		pkey = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &at, (long)bytes);
	else
		pkey = d2i_PUBKEY(NULL, &at, (long)bytes);
	if (pkey != NULL && at != der + bytes) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return pkey;
}

static enum vt_err
key_from_pem(const char *pem, const char *begin, const char *end,
    bool private_half, struct jwt_key **out)
{
	size_t bytes = 0;
	unsigned char *der = pem_der(pem, begin, end, &bytes);
	EVP_PKEY *pkey = NULL;

	if (der != NULL) {
		pkey = der_key(der, bytes, private_half);
		secret_wipe(der, bytes);
		free(der);
	}
	return key_from(pkey, private_half, out);
}

enum vt_err
jwt_key_from_pem(const char *pem, struct jwt_key **out)
{
	return key_from_pem(pem, "-----BEGIN PUBLIC KEY-----",
	    "-----END PUBLIC KEY-----", false, out);
}

enum vt_err
jwt_key_private_from_pem(const char *pem, struct jwt_key **out)
{
	return key_from_pem(pem, "-----BEGIN PRIVATE KEY-----",
	    "-----END PRIVATE KEY-----", true, out);
}

/* Base64url without padding as bytes in `a`; NULL if it is none. */
static unsigned char *
base64url(struct arena *a, const char *text, size_t chars, size_t *bytes)
{
	unsigned char *out = arena_alloc(a, chars + 1);

	if (sodium_base642bin(out, chars, text, chars, NULL, bytes, NULL,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return NULL;
	return out;
}

/* A big-endian number of a JWK; freed by the caller, NULL if it is none. */
static BIGNUM *
jwk_number(const struct json *jwk, const char *name)
{
	const char *text = json_str(json_get(jwk, name));
	unsigned char raw[BITS_MAX / 8 + 1];
	size_t n;

	if (text == NULL ||
	    sodium_base642bin(raw, sizeof(raw), text, strlen(text), NULL, &n,
		NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    n == 0)
		return NULL;
	return BN_bin2bn(raw, (int)n, NULL);
}

static EVP_PKEY *
rsa_public(const BIGNUM *n, const BIGNUM *e)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;

	if (ctx == NULL || build == NULL)
		abort();
	if (OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* A member that is absent, or exactly this. */
static bool
absent_or(const struct json *object, const char *name, const char *value)
{
	const struct json *j = json_get(object, name);
	const char *text = json_str(j);

	return j == NULL || (text != NULL && strcmp(text, value) == 0);
}

enum vt_err
jwt_key_from_jwk(const struct json *jwk, struct jwt_key **out)
{
	const char *kty = json_str(json_get(jwk, "kty"));
	BIGNUM *n = NULL, *e = NULL;
	EVP_PKEY *pkey = NULL;

	if (kty == NULL || strcmp(kty, "RSA") != 0 ||
	    !absent_or(jwk, "use", "sig") || !absent_or(jwk, "alg", "RS256"))
		return VT_INVALID;
	n = jwk_number(jwk, "n");
	e = jwk_number(jwk, "e");
	if (n != NULL && e != NULL)
		pkey = rsa_public(n, e);
	BN_free(n);
	BN_free(e);
	return key_from(pkey, false, out);
}

enum vt_err
jwt_key_generate(struct jwt_key **out)
{
	EVP_PKEY *pkey = EVP_RSA_gen(BITS_NEW);

	if (pkey == NULL) {
		ERR_clear_error();
		return VT_SYS;
	}
	return key_from(pkey, true, out);
}

void
jwt_key_free(struct jwt_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

/* ---- keys for others ---------------------------------------------------- */

/* DER as PEM, lines of 64 (RFC 7468), in `a`. */
static const char *
der_pem(
    struct arena *a, const unsigned char *der, size_t bytes, const char *label)
{
	size_t chars =
	    sodium_base64_encoded_len(bytes, sodium_base64_VARIANT_ORIGINAL);
	char *text = arena_alloc(a, chars);
	struct buf b;
	const char *pem;

	(void)sodium_bin2base64(
	    text, chars, der, bytes, sodium_base64_VARIANT_ORIGINAL);
	buf_init(&b, PEM_BYTES_MAX);
	buf_printf(&b, "-----BEGIN %s-----\n", label);
	for (size_t left = strlen(text); left > 0;) {
		size_t n = left < 64 ? left : 64;

		buf_append(&b, text, n);
		buf_putc(&b, '\n');
		text += n;
		left -= n;
	}
	buf_printf(&b, "-----END %s-----\n", label);
	assert(!b.failed);
	pem = arena_strdup(a, buf_str(&b));
	buf_free(&b);
	return pem;
}

const char *
jwt_key_private_pem(struct arena *a, const struct jwt_key *k)
{
	PKCS8_PRIV_KEY_INFO *info;
	unsigned char *der = NULL;
	const char *pem;
	int bytes;

	assert(k->private_half);
	info = EVP_PKEY2PKCS8(k->pkey);
	bytes = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	if (bytes <= 0)
		abort();
	pem = der_pem(a, der, (size_t)bytes, "PRIVATE KEY");
	OPENSSL_clear_free(der, (size_t)bytes);
	PKCS8_PRIV_KEY_INFO_free(info);
	return pem;
}

const char *
jwt_key_public_pem(struct arena *a, const struct jwt_key *k)
{
	unsigned char *der = NULL;
	int bytes = i2d_PUBKEY(k->pkey, &der);
	const char *pem;

	if (bytes <= 0)
		abort();
	pem = der_pem(a, der, (size_t)bytes, "PUBLIC KEY");
	OPENSSL_free(der);
	return pem;
}

static void
put_number(
    struct json *jwk, const char *name, EVP_PKEY *pkey, const char *param)
{
	unsigned char raw[BITS_MAX / 8];
	char text[sodium_base64_ENCODED_LEN(
	    BITS_MAX / 8, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
	BIGNUM *n = NULL;
	int bytes;

	if (EVP_PKEY_get_bn_param(pkey, param, &n) != 1)
		abort();
	bytes = BN_num_bytes(n);
	assert(bytes > 0 && (size_t)bytes <= sizeof(raw));
	(void)BN_bn2bin(n, raw);
	(void)sodium_bin2base64(text, sizeof(text), raw, (size_t)bytes,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	json_put_str(jwk, name, text);
	BN_free(n);
}

void
jwt_key_jwk(const struct jwt_key *k, const char *kid, struct json *jwk)
{
	json_put_str(jwk, "kty", "RSA");
	json_put_str(jwk, "use", "sig");
	json_put_str(jwk, "alg", "RS256");
	json_put_str(jwk, "kid", kid);
	put_number(jwk, "n", k->pkey, OSSL_PKEY_PARAM_RSA_N);
	put_number(jwk, "e", k->pkey, OSSL_PKEY_PARAM_RSA_E);
}

/* ---- tokens ------------------------------------------------------------- */

/* A part of the token as a JSON object in `a`, or NULL. */
static const struct json *
part_object(struct arena *a, const char *text, size_t chars, int depth_max)
{
	const struct json *j = NULL;
	size_t bytes = 0;
	unsigned char *raw = base64url(a, text, chars, &bytes);

	if (raw == NULL ||
	    json_parse(a, (const char *)raw, bytes, depth_max, &j, NULL) !=
		VT_OK ||
	    !json_is_object(j))
		return NULL;
	return j;
}

/*
 * Exactly RS256: what the token says never chooses the algorithm. "crit"
 * would ask for extensions that we do not know (RFC 7515, 4.1.11).
 */
static bool
header_acceptable(const struct json *h)
{
	const char *alg = json_str(json_get(h, "alg"));
	const struct json *kid = json_get(h, "kid");

	return alg != NULL && strcmp(alg, "RS256") == 0 &&
	    json_get(h, "crit") == NULL && absent_or(h, "typ", "JWT") &&
	    (kid == NULL || json_is_string(kid));
}

enum vt_err
jwt_parse(struct arena *a, const char *token, size_t bytes, struct jwt *out)
{
	const char *end = token + bytes, *one, *two;
	struct jwt t = { 0 };

	if (bytes > JWT_BYTES_MAX)
		return VT_DENIED;
	one = memchr(token, '.', bytes);
	two =
	    one == NULL ? NULL : memchr(one + 1, '.', (size_t)(end - one - 1));
	if (two == NULL)
		return VT_DENIED;
	t.header =
	    part_object(a, token, (size_t)(one - token), HEADER_DEPTH_MAX);
	if (t.header == NULL || !header_acceptable(t.header))
		return VT_DENIED;
	t.claims =
	    part_object(a, one + 1, (size_t)(two - one - 1), JSON_DEPTH_MAX);
	t.signature =
	    base64url(a, two + 1, (size_t)(end - two - 1), &t.signature_bytes);
	if (t.claims == NULL || t.signature == NULL || t.signature_bytes == 0)
		return VT_DENIED;
	t.kid = json_str_at(t.header, "kid");
	if (t.kid == NULL)
		t.kid = "";
	t.signed_bytes = (size_t)(two - token);
	t.signed_text = arena_memdup(a, token, t.signed_bytes);
	*out = t;
	return VT_OK;
}

enum vt_err
jwt_verify(const struct jwt *t, const struct jwt_key *k)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	if (ctx == NULL)
		abort();
	/* PKCS #1 v1.5 is what RS256 means and what OpenSSL does unasked. */
	ok =
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, k->pkey) == 1 &&
	    EVP_DigestVerify(ctx, t->signature, t->signature_bytes,
		(const unsigned char *)t->signed_text, t->signed_bytes) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok ? VT_OK : VT_DENIED;
}

/* Appends base64url without padding. */
static void
append_base64url(struct buf *b, const void *data, size_t bytes)
{
	size_t chars = sodium_base64_encoded_len(
	    bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = malloc(chars);

	if (text == NULL)
		abort();
	(void)sodium_bin2base64(
	    text, chars, data, bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	buf_puts(b, text);
	free(text);
}

static void
append_object(struct buf *b, struct arena *a, const struct json *object)
{
	const char *text = json_text(a, object);

	append_base64url(b, text, strlen(text));
}

/* Appends the signature of what the buffer holds. */
static enum vt_err
append_signature(struct buf *b, const struct jwt_key *k)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char signature[BITS_MAX / 8];
	size_t n = sizeof(signature);
	bool ok;

	if (ctx == NULL)
		abort();
	ok = EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k->pkey) == 1 &&
	    EVP_DigestSign(ctx, signature, &n,
		(const unsigned char *)buf_str(b), b->len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	if (!ok)
		return VT_SYS;
	buf_putc(b, '.');
	append_base64url(b, signature, n);
	return VT_OK;
}

enum vt_err
jwt_sign(struct arena *a, const struct jwt_key *k, const char *kid,
    const struct json *claims, const char **out)
{
	struct json *header = json_object(a);
	enum vt_err err = VT_INVALID;
	struct buf b;

	assert(k->private_half && json_is_object(claims));
	json_put_str(header, "alg", "RS256");
	json_put_str(header, "typ", "JWT");
	if (kid != NULL && kid[0] != '\0')
		json_put_str(header, "kid", kid);
	buf_init(&b, JWT_BYTES_MAX);
	append_object(&b, a, header);
	buf_putc(&b, '.');
	append_object(&b, a, claims);
	if (!b.failed)
		err = append_signature(&b, k);
	if (err == VT_OK && b.failed)
		err = VT_INVALID;
	if (err == VT_OK)
		*out = arena_strdup(a, buf_str(&b));
	buf_free(&b);
	return err;
}

/* ---- Clerk's cookie ------------------------------------------------------ */

void
jwt_cookie_suffix(
    const char *publishable_key, char out[static JWT_COOKIE_SUFFIX_BYTES])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char text[sodium_base64_ENCODED_LEN(
	    sizeof(hash), sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
	unsigned n = 0;

	if (EVP_Digest(publishable_key, strlen(publishable_key), hash, &n,
		EVP_sha1(), NULL) != 1)
		abort(); /* only without memory */
	(void)sodium_bin2base64(text, sizeof(text), hash, n,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING); /* text is large enough
							*/
	memcpy(out, text, JWT_COOKIE_SUFFIX_BYTES - 1);
	out[JWT_COOKIE_SUFFIX_BYTES - 1] = '\0';
}
