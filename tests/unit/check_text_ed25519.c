/* text/ed25519: RFC 8032's own answers, and nothing but what was signed. */
#include "unit.h"

#include <sodium.h>
#include <string.h>

#include "base/random.h"
#include "text/ed25519.h"
#include "vectors.h"

#define VECTOR "ed25519.txt"
#define BYTES_MAX 64

/* The bytes of a value, which is in hexadecimal. */
static size_t
bytes_of(const char *what, int number, unsigned char out[static BYTES_MAX])
{
	char name[32], *hex;
	size_t n;

	(void)snprintf(name, sizeof(name), "%s%d", what, number);
	hex = vector_get(VECTOR, name);
	ck_assert_int_eq(
	    sodium_hex2bin(out, BYTES_MAX, hex, strlen(hex), NULL, &n, NULL),
	    0);
	free(hex);
	return n;
}

/* The same as text: `prefix` and base64. */
static const char *
text_of(const char *prefix, const char *what, int number)
{
	static char text[4][128];
	static int turn;
	unsigned char raw[BYTES_MAX];
	size_t n = bytes_of(what, number, raw), at = strlen(prefix);
	char *out = text[turn++ % 4];

	(void)snprintf(out, sizeof(text[0]), "%s", prefix);
	(void)sodium_bin2base64(out + at, sizeof(text[0]) - at, raw, n,
	    sodium_base64_VARIANT_ORIGINAL);
	return out;
}

static enum vt_err
parse(const char *text, struct ed25519_key **out)
{
	struct secret *s = secret_new(text, strlen(text));
	enum vt_err err = ed25519_key_parse(s, out);

	secret_free(s);
	return err;
}

START_TEST(the_rfcs_own_vectors_hold)
{
	char public[ED25519_PUBLIC_BYTES], signature[ED25519_SIGNATURE_BYTES];
	unsigned char message[BYTES_MAX];
	struct ed25519_key *k;
	size_t n;

	for (int i = 1; i <= 4; i++) {
		ck_assert_int_eq(
		    parse(text_of("ed25519-seed:", "seed", i), &k), VT_OK);
		ed25519_key_public(k, public);
		ck_assert_str_eq(public, text_of("ed25519:", "public", i));
		n = bytes_of("message", i, message);
		ed25519_sign(k, message, n, signature);
		ck_assert_str_eq(signature, text_of("", "signature", i));
		ck_assert(ed25519_verify(public, message, n, signature));
		ed25519_key_free(k);
	}
}
END_TEST

START_TEST(one_bit_anywhere_breaks_a_signature)
{
	const char *public = text_of("ed25519:", "public", 3);
	const char *good = text_of("", "signature", 3);
	unsigned char message[BYTES_MAX], raw[BYTES_MAX];
	char bad[ED25519_SIGNATURE_BYTES];
	size_t n = bytes_of("message", 3, message);

	for (size_t bit = 0; bit < n * 8; bit++) {
		message[bit / 8] ^= (unsigned char)(1 << bit % 8);
		ck_assert(!ed25519_verify(public, message, n, good));
		message[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	ck_assert(!ed25519_verify(public, message, n - 1, good));
	(void)bytes_of("signature", 3, raw);
	for (size_t bit = 0; bit < sizeof(raw) * 8; bit++) {
		raw[bit / 8] ^= (unsigned char)(1 << bit % 8);
		(void)sodium_bin2base64(bad, sizeof(bad), raw, sizeof(raw),
		    sodium_base64_VARIANT_ORIGINAL);
		ck_assert(!ed25519_verify(public, message, n, bad));
		raw[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	ck_assert(!ed25519_verify(
	    text_of("ed25519:", "public", 2), message, n, good));
	ck_assert(ed25519_verify(public, message, n, good));
}
END_TEST

START_TEST(texts_that_are_no_key_or_signature_are_refused)
{
	static const char *const publics[] = { "", "ed25519:", "ed25519:AAAA",
		"Ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo",
		"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= ",
		/* The same bytes, were the last bits not looked at. */
		"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp=",
		"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURoA" };
	static const char *const seeds[] = { "",
		"ed25519-seed:", "ed25519-seed:AAAA",
		"ed25519:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=",
		"ed25519-seed:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=x" };
	struct ed25519_key *k = NULL;

	ck_assert(ed25519_public_valid(text_of("ed25519:", "public", 1)));
	ck_assert(!ed25519_public_valid(NULL));
	for (size_t i = 0; i < countof(publics); i++)
		ck_assert_msg(
		    !ed25519_public_valid(publics[i]), "%s", publics[i]);
	for (size_t i = 0; i < countof(seeds); i++) {
		ck_assert_msg(
		    parse(seeds[i], &k) == VT_INVALID, "%s", seeds[i]);
		ck_assert_ptr_null(k);
	}
	ck_assert(!ed25519_verify(
	    text_of("ed25519:", "public", 1), "", 0, "no base64"));
	ck_assert(
	    !ed25519_verify(text_of("ed25519:", "public", 1), "", 0, NULL));
	ck_assert(!ed25519_verify(NULL, "", 0, text_of("", "signature", 1)));
}
END_TEST

START_TEST(a_new_key_is_read_again_from_its_text_and_is_no_other)
{
	char one[ED25519_PUBLIC_BYTES], two[ED25519_PUBLIC_BYTES];
	struct ed25519_key *k = ed25519_key_new(), *again = NULL;
	struct secret *text = ed25519_key_text(k);

	ck_assert_int_eq(ed25519_key_parse(text, &again), VT_OK);
	ed25519_key_public(k, one);
	ed25519_key_public(again, two);
	ck_assert_str_eq(one, two);
	ck_assert_ptr_null(strstr(secret_text(text), one + 8));
	ed25519_key_free(again);
	ed25519_key_free(k);
	k = ed25519_key_new();
	ed25519_key_public(k, two);
	ck_assert_str_ne(one, two);
	ed25519_key_free(k);
	ed25519_key_free(NULL);
	secret_free(text);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = { the_rfcs_own_vectors_hold,
		one_bit_anywhere_breaks_a_signature,
		texts_that_are_no_key_or_signature_are_refused,
		a_new_key_is_read_again_from_its_text_and_is_no_other, NULL };
	Suite *s = suite_create("text/ed25519");

	random_init();
	(void)unit_case(s, "core", tests);
	return unit_run(s);
}
