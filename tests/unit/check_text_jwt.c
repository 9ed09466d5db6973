/* text/jwt: RS256 and nothing else (R81). */
#include "unit.h"

#include <sodium.h>
#include <string.h>

#include "text/jwt.h"
#include "vectors.h"

static struct arena *a;
static struct jwt_key *pair; /* made once: 2048 bits take a while */

static void
setup(void)
{
	a = arena_new();
}

static void
teardown(void)
{
	arena_free(a);
}

static const struct json *
parsed(const char *text)
{
	const struct json *j = NULL;

	ck_assert_msg(json_parse(a, text, strlen(text), 32, &j, NULL) == VT_OK,
	    "%s", text);
	return j;
}

static const char *
base64url(const char *text)
{
	size_t n = sodium_base64_encoded_len(
	    strlen(text), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *out = arena_alloc(a, n);

	(void)sodium_bin2base64(out, n, (const unsigned char *)text,
	    strlen(text), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return out;
}

/* A token of this header and these claims with some signature. */
static const char *
token(const char *header, const char *claims)
{
	return arena_printf(
	    a, "%s.%s.c2ln", base64url(header), base64url(claims));
}

static enum vt_err
parse(const char *text, struct jwt *t)
{
	return jwt_parse(a, text, strlen(text), t);
}

static const char *
signed_token(const char *claims)
{
	const char *text = NULL;

	ck_assert_int_eq(
	    jwt_sign(a, pair, "key_1", parsed(claims), &text), VT_OK);
	return text;
}

START_TEST(the_rfcs_own_token_verifies_R81)
{
	char *jwk = vector_get("jwt_rs256.txt", "jwk");
	char *text = vector_get("jwt_rs256.txt", "token");
	struct jwt_key *k = NULL;
	struct jwt t;
	int64_t exp;

	ck_assert_int_eq(jwt_key_from_jwk(parsed(jwk), &k), VT_OK);
	ck_assert_int_eq(parse(text, &t), VT_OK);
	ck_assert_int_eq(jwt_verify(&t, k), VT_OK);
	ck_assert_str_eq(json_str_at(t.claims, "iss"), "joe");
	ck_assert(json_int_at(t.claims, "exp", &exp) && exp == 1300819380);
	ck_assert_str_eq(t.kid, "");
	ck_assert_int_eq(jwt_verify(&t, pair), VT_DENIED);
	jwt_key_free(k);
	free(jwk);
	free(text);
}
END_TEST

START_TEST(what_is_signed_verifies_and_says_what_it_was_given)
{
	const char *text = signed_token("{\"sub\":\"user_1\",\"exp\":5}");
	struct jwt t;

	ck_assert_int_eq(parse(text, &t), VT_OK);
	ck_assert_int_eq(jwt_verify(&t, pair), VT_OK);
	ck_assert_str_eq(t.kid, "key_1");
	ck_assert_str_eq(
	    json_text(a, t.claims), "{\"sub\":\"user_1\",\"exp\":5}");
	ck_assert_str_eq(json_text(a, t.header),
	    "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"key_1\"}");
	ck_assert_int_eq(jwt_sign(a, pair, NULL, parsed("{}"), &text), VT_OK);
	ck_assert_int_eq(parse(text, &t), VT_OK);
	ck_assert_str_eq(t.kid, "");
}
END_TEST

START_TEST(one_changed_bit_anywhere_is_denied)
{
	const char *good = signed_token("{\"sub\":\"user_1\"}");
	size_t n = strlen(good);

	for (size_t i = 0; i < n; i++) {
		char *bad = arena_strdup(a, good);
		struct jwt t;

		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		if (parse(bad, &t) == VT_OK)
			ck_assert_msg(
			    jwt_verify(&t, pair) == VT_DENIED, "%zu", i);
	}
}
END_TEST

START_TEST(only_rs256_is_taken_whatever_the_token_says_R81)
{
	static const char *const bad[] = { "{}", "{\"alg\":\"none\"}",
		"{\"alg\":\"None\"}", "{\"alg\":\"HS256\"}",
		"{\"alg\":\"RS384\"}", "{\"alg\":\"RS512\"}",
		"{\"alg\":\"PS256\"}", "{\"alg\":\"ES256\"}",
		"{\"alg\":\"rs256\"}", "{\"alg\":\"RS256 \"}",
		"{\"alg\":[\"RS256\"]}", "{\"alg\":null}",
		"{\"Alg\":\"RS256\"}", "{\"alg\":\"RS256\",\"alg\":\"none\"}",
		"{\"alg\":\"RS256\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"RS256\",\"crit\":null}",
		"{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"RS256\",\"typ\":\"application/at+jwt\"}",
		"{\"alg\":\"RS256\",\"typ\":7}",
		"{\"alg\":\"RS256\",\"kid\":7}", "[]", "\"RS256\"", "",
		"{\"alg\":\"RS256\"} x", "{\"alg\":\"RS256\"" };
	struct jwt t;

	for (size_t i = 0; i < countof(bad); i++)
		ck_assert_msg(
		    parse(token(bad[i], "{}"), &t) == VT_DENIED, "%s", bad[i]);
	ck_assert_int_eq(
	    parse(token("{\"alg\":\"RS256\",\"typ\":\"JWT\"}", "{}"), &t),
	    VT_OK);
	ck_assert_int_eq(
	    parse(token("{\"alg\":\"RS256\"}", "[]"), &t), VT_DENIED);
	ck_assert_int_eq(
	    parse(token("{\"alg\":\"RS256\"}", "{\"sub\":\"\\u0000\"}"), &t),
	    VT_DENIED);
	ck_assert_int_eq(
	    parse(token("{\"alg\":\"RS256\"}", "{\"a\":1,\"a\":2}"), &t),
	    VT_DENIED);
}
END_TEST

START_TEST(a_public_key_is_no_hmac_secret_R81)
{
	const char *pem = jwt_key_public_pem(a, pair);
	const char *text = arena_printf(a, "%s.%s",
	    base64url("{\"alg\":\"HS256\"}"), base64url("{\"sub\":\"x\"}"));
	crypto_auth_hmacsha256_state st;
	unsigned char mac[32];
	char mac64[64];
	struct jwt t;

	(void)crypto_auth_hmacsha256_init(
	    &st, (const unsigned char *)pem, strlen(pem));
	(void)crypto_auth_hmacsha256_update(
	    &st, (const unsigned char *)text, strlen(text));
	(void)crypto_auth_hmacsha256_final(&st, mac);
	(void)sodium_bin2base64(mac64, sizeof(mac64), mac, sizeof(mac),
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	ck_assert_int_eq(
	    parse(arena_printf(a, "%s.%s", text, mac64), &t), VT_DENIED);
}
END_TEST

START_TEST(a_token_has_three_parts_of_canonical_base64url)
{
	const char *good = signed_token("{\"sub\":\"user_1\"}");
	const char *h = base64url("{\"alg\":\"RS256\"}");
	const char *bad[] = { "", ".", "..", "...", "a.b", "a.b.c",
		arena_printf(a, "%s.e30", h), arena_printf(a, "%s.e30.", h),
		arena_printf(a, "%s..c2ln", h), arena_printf(a, ".e30.c2ln"),
		arena_printf(a, "%s.e30.c2ln.", h),
		arena_printf(a, "%s.e30.c2ln.x", h),
		arena_printf(a, "%s=.e30.c2ln", h),
		arena_printf(a, "%s.e30=.c2ln", h),
		arena_printf(a, "%s.e31.c2ln", h), /* spare bits not zero */
		arena_printf(a, "%s.e3 0.c2ln", h),
		arena_printf(a, "%s.e30.c2l+", h),
		arena_printf(a, "%s.e30.c2l/", h), arena_printf(a, " %s", good),
		arena_printf(a, "%s ", good), arena_printf(a, "%s\n", good),
		arena_printf(a, "Bearer %s", good) };
	char *huge = arena_alloc(a, JWT_BYTES_MAX + 2);
	struct jwt t;

	ck_assert_int_eq(parse(arena_printf(a, "%s.e30.c2ln", h), &t), VT_OK);
	for (size_t i = 0; i < countof(bad); i++)
		ck_assert_msg(parse(bad[i], &t) == VT_DENIED, "%s", bad[i]);
	memset(huge, 'A', JWT_BYTES_MAX + 1);
	memcpy(huge, good, strlen(good));
	ck_assert_int_eq(parse(huge, &t), VT_DENIED);
	ck_assert_int_eq(jwt_parse(a, "a\0.e30.c2ln", 11, &t), VT_DENIED);
}
END_TEST

START_TEST(a_signature_of_another_length_is_denied)
{
	const char *good = signed_token("{}");
	struct jwt t, u;
	unsigned char longer[513] = { 0 };

	ck_assert_int_eq(parse(good, &t), VT_OK);
	u = t;
	u.signature_bytes--;
	ck_assert_int_eq(jwt_verify(&u, pair), VT_DENIED);
	memcpy(longer + 1, t.signature, t.signature_bytes);
	u.signature = longer; /* the same number with a zero before it */
	u.signature_bytes = t.signature_bytes + 1;
	ck_assert_int_eq(jwt_verify(&u, pair), VT_DENIED);
	memset(longer, 0, sizeof(longer));
	u.signature_bytes = t.signature_bytes;
	ck_assert_int_eq(jwt_verify(&u, pair), VT_DENIED);
}
END_TEST

/* The text without one kind of character, or with another for it. */
static char *
replaced(const char *text, char what, const char *with)
{
	struct buf b;
	char *out;

	buf_init(&b, 65536);
	for (; *text != '\0'; text++)
		if (*text == what)
			buf_puts(&b, with);
		else
			buf_putc(&b, *text);
	out = arena_strdup(a, buf_str(&b));
	buf_free(&b);
	return out;
}

START_TEST(a_pem_is_read_however_its_line_ends_were_treated)
{
	const char *pem = jwt_key_public_pem(a, pair);
	const char *ways[] = { pem, replaced(pem, '\n', ""),
		replaced(pem, '\n', "\\n"), replaced(pem, '\n', " "),
		replaced(pem, '\n', "\r\n"), replaced(pem, '\n', "\\r\\n"),
		arena_printf(a, "\n  %s  \n", pem) };
	struct jwt t;

	ck_assert_int_eq(parse(signed_token("{}"), &t), VT_OK);
	for (size_t i = 0; i < countof(ways); i++) {
		struct jwt_key *k = NULL;

		ck_assert_msg(
		    jwt_key_from_pem(ways[i], &k) == VT_OK, "%s", ways[i]);
		ck_assert_int_eq(jwt_verify(&t, k), VT_OK);
		ck_assert_str_eq(jwt_key_public_pem(a, k), pem);
		jwt_key_free(k);
	}
}
END_TEST

START_TEST(a_pem_with_bytes_behind_its_key_is_refused)
{
	const char *pem = jwt_key_public_pem(a, pair);
	const char *end = strstr(pem, "\n-----END");
	struct jwt_key *k = NULL;

	/* A 2048-bit key takes 294 bytes, a multiple of three: no padding. */
	ck_assert_ptr_nonnull(end);
	ck_assert(end[-1] != '=');
	ck_assert_int_eq(
	    jwt_key_from_pem(
		arena_printf(a, "%.*sAAAA%s", (int)(end - pem), pem, end), &k),
	    VT_INVALID);
	ck_assert_int_eq(
	    jwt_key_from_pem(
		arena_printf(a, "%.*s%s", (int)(end - pem), pem, end), &k),
	    VT_OK);
	jwt_key_free(k);
}
END_TEST

START_TEST(a_private_key_survives_its_pem)
{
	const char *pem = jwt_key_private_pem(a, pair), *text = NULL;
	struct jwt_key *k = NULL;
	struct jwt t;

	ck_assert_int_eq(strncmp(pem, "-----BEGIN PRIVATE KEY-----\n", 28), 0);
	ck_assert_int_eq(jwt_key_private_from_pem(pem, &k), VT_OK);
	ck_assert_int_eq(jwt_sign(a, k, "x", parsed("{}"), &text), VT_OK);
	ck_assert_int_eq(parse(text, &t), VT_OK);
	ck_assert_int_eq(jwt_verify(&t, pair), VT_OK);
	ck_assert_str_eq(jwt_key_private_pem(a, k), pem);
	jwt_key_free(k);
	k = NULL;
	ck_assert_int_eq(jwt_key_from_pem(pem, &k), VT_INVALID);
	ck_assert_int_eq(
	    jwt_key_private_from_pem(jwt_key_public_pem(a, pair), &k),
	    VT_INVALID);
	ck_assert_ptr_null(k);
}
END_TEST

START_TEST(a_jwk_says_the_same_as_the_key)
{
	struct json *jwk = json_object(a);
	struct jwt_key *k = NULL;
	struct jwt t;

	jwt_key_jwk(pair, "key_1", jwk);
	ck_assert_str_eq(json_str_at(jwk, "kty"), "RSA");
	ck_assert_str_eq(json_str_at(jwk, "alg"), "RS256");
	ck_assert_str_eq(json_str_at(jwk, "use"), "sig");
	ck_assert_str_eq(json_str_at(jwk, "kid"), "key_1");
	ck_assert_str_eq(json_str_at(jwk, "e"), "AQAB");
	ck_assert_ptr_null(json_get(jwk, "d"));
	ck_assert_int_eq(jwt_key_from_jwk(jwk, &k), VT_OK);
	ck_assert_int_eq(parse(signed_token("{}"), &t), VT_OK);
	ck_assert_int_eq(jwt_verify(&t, k), VT_OK);
	jwt_key_free(k);
}
END_TEST

/* A JWK with a modulus of so many bits, all ones, and this exponent. */
static enum vt_err
jwk_of(size_t bits, const char *e)
{
	unsigned char *n = arena_alloc(a, bits / 8);
	size_t chars = sodium_base64_encoded_len(
	    bits / 8, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = arena_alloc(a, chars);
	struct jwt_key *k = NULL;
	struct json *jwk = json_object(a);
	enum vt_err err;

	memset(n, 0xff, bits / 8);
	(void)sodium_bin2base64(
	    text, chars, n, bits / 8, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	json_put_str(jwk, "kty", "RSA");
	json_put_str(jwk, "n", text);
	json_put_str(jwk, "e", e);
	err = jwt_key_from_jwk(jwk, &k);
	ck_assert((err == VT_OK) == (k != NULL));
	jwt_key_free(k);
	return err;
}

START_TEST(keys_that_are_weak_or_odd_are_refused)
{
	static const char *const bad[] = { "{}", "[]", "{\"kty\":\"RSA\"}",
		"{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"\"}",
		"{\"kty\":\"RSA\",\"n\":7,\"e\":\"AQAB\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
		"{\"kty\":\"oct\",\"k\":\"AAAA\"}" };
	static const char *const pem[] = { "", "x",
		"-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----",
		"-----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----",
		"-----BEGIN PUBLIC KEY-----!-----END PUBLIC KEY-----",
		"-----BEGIN PUBLIC KEY-----",
		/* P-256 */
		"-----BEGIN PUBLIC KEY-----"
		"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncD"
		"fYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R"
		"9Q==-----END PUBLIC KEY-----" };
	struct jwt_key *k = NULL;

	ck_assert_int_eq(jwk_of(2048, "AQAB"), VT_OK);
	ck_assert_int_eq(jwk_of(2048, "Aw"), VT_OK);
	ck_assert_int_eq(jwk_of(8192, "AQAB"), VT_OK);
	ck_assert_int_eq(jwk_of(2040, "AQAB"), VT_INVALID);
	ck_assert_int_eq(jwk_of(1024, "AQAB"), VT_INVALID);
	ck_assert_int_eq(jwk_of(8200, "AQAB"), VT_INVALID);
	ck_assert_int_eq(jwk_of(65536, "AQAB"), VT_INVALID);
	ck_assert_int_eq(jwk_of(2048, "AQ"), VT_INVALID);
	ck_assert_int_eq(jwk_of(2048, "AA"), VT_INVALID);
	ck_assert_int_eq(jwk_of(2048, "AQAA"), VT_INVALID);
	ck_assert_int_eq(jwk_of(2048, "AQAB="), VT_INVALID);
	for (size_t i = 0; i < countof(bad); i++)
		ck_assert_msg(
		    jwt_key_from_jwk(parsed(bad[i]), &k) == VT_INVALID, "%s",
		    bad[i]);
	ck_assert_int_eq(jwt_key_from_jwk(NULL, &k), VT_INVALID);
	for (size_t i = 0; i < countof(pem); i++)
		ck_assert_msg(
		    jwt_key_from_pem(pem[i], &k) == VT_INVALID, "%s", pem[i]);
	ck_assert_ptr_null(k);
	jwt_key_free(NULL);
}
END_TEST

START_TEST(a_jwk_for_another_purpose_is_refused)
{
	struct json *jwk = json_object(a);
	struct jwt_key *k = NULL;

	jwt_key_jwk(pair, "key_1", jwk);
	json_put_str(jwk, "use", "enc");
	ck_assert_int_eq(jwt_key_from_jwk(jwk, &k), VT_INVALID);
	json_put_str(jwk, "use", "sig");
	json_put_str(jwk, "alg", "RS512");
	ck_assert_int_eq(jwt_key_from_jwk(jwk, &k), VT_INVALID);
	json_remove(jwk, "alg");
	json_remove(jwk, "use");
	ck_assert_int_eq(jwt_key_from_jwk(jwk, &k), VT_OK);
	jwt_key_free(k);
}
END_TEST

START_TEST(claims_that_make_a_token_too_long_are_not_signed)
{
	struct json *claims = json_object(a);
	char *text = arena_alloc(a, 7000);
	const char *out = NULL;

	memset(text, 'x', 6999);
	json_put_str(claims, "x", text);
	ck_assert_int_eq(jwt_sign(a, pair, NULL, claims, &out), VT_INVALID);
	ck_assert_ptr_null(out);
	text[5000] = '\0';
	json_put_str(claims, "x", text);
	ck_assert_int_eq(jwt_sign(a, pair, NULL, claims, &out), VT_OK);
}
END_TEST

int
main(void)
{
	const TTest *const tokens[] = { the_rfcs_own_token_verifies_R81,
		what_is_signed_verifies_and_says_what_it_was_given,
		one_changed_bit_anywhere_is_denied,
		only_rs256_is_taken_whatever_the_token_says_R81,
		a_public_key_is_no_hmac_secret_R81,
		a_token_has_three_parts_of_canonical_base64url,
		a_signature_of_another_length_is_denied,
		claims_that_make_a_token_too_long_are_not_signed, NULL };
	const TTest *const keys[] = {
		a_pem_is_read_however_its_line_ends_were_treated,
		a_pem_with_bytes_behind_its_key_is_refused,
		a_private_key_survives_its_pem, a_jwk_says_the_same_as_the_key,
		keys_that_are_weak_or_odd_are_refused,
		a_jwk_for_another_purpose_is_refused, NULL
	};
	Suite *s = suite_create("text/jwt");
	int rc;

	if (sodium_init() < 0 || jwt_key_generate(&pair) != VT_OK)
		return EXIT_FAILURE;
	tcase_add_checked_fixture(
	    unit_case(s, "tokens", tokens), setup, teardown);
	tcase_add_checked_fixture(unit_case(s, "keys", keys), setup, teardown);
	rc = unit_run(s);
	jwt_key_free(pair);
	return rc;
}
