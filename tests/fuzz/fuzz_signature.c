/*
 * fuzz_signature: input is a header, a line end and a body. No header from
 * outside is ever right; what we sign is right whatever stands beside it in
 * the header, and wrong for another body, time or age.
 */
#include "fuzz.h"

#include <sodium.h>
#include <string.h>

#include "base/arena.h"
#include "text/signature.h"

#define NOW 1700000000
#define SECRET "whsec_6b1f0e2d" /* of no seed */
#define SVIX_SECRET "whsec_c2VjcmV0IG9mIG5vIHNlZWQ="

static struct signature_keys *stripe, *svix;

static void
keys_make(void)
{
	struct secret *s;

	if (stripe != NULL)
		return;
	if (sodium_init() < 0)
		abort();
	s = secret_new(SECRET, strlen(SECRET));
	FUZZ_CHECK(signature_keys_stripe(s, &stripe) == VT_OK);
	secret_free(s);
	s = secret_new(SVIX_SECRET, strlen(SVIX_SECRET));
	FUZZ_CHECK(signature_keys_svix(s, &svix) == VT_OK);
	secret_free(s);
}

/* Any text as configuration: taken or refused, never more. */
static void
keys_from(const char *text)
{
	struct secret *s = secret_new(text, strlen(text));
	struct signature_keys *k = NULL;

	if (signature_keys_stripe(s, &k) == VT_OK)
		signature_keys_free(k);
	k = NULL;
	if (signature_keys_svix(s, &k) == VT_OK)
		signature_keys_free(k);
	secret_free(s);
}

static bool
refused(enum signature_fault f)
{
	return f != SIGNATURE_OK && f != SIGNATURE_OLD;
}

/* Whether the header names a time, after which ours would be a second. */
static bool
has_time(const char *header)
{
	if (strncmp(header, "t=", 2) == 0)
		return true;
	return strstr(header, ",t=") != NULL;
}

static void
stripe_signed(struct arena *a, const char *header, const char *body, size_t n)
{
	char ours[128];
	const char *both;
	char *other;
	enum signature_fault want =
	    has_time(header) ? SIGNATURE_MALFORMED : SIGNATURE_OK;

	FUZZ_CHECK(signature_stripe_sign(
		       stripe, NOW, body, n, ours, sizeof(ours)) == VT_OK);
	FUZZ_CHECK(signature_stripe_verify(stripe, ours, body, n, NOW) ==
	    SIGNATURE_OK);
	FUZZ_CHECK(signature_stripe_verify(stripe, ours, body, n, NOW + 301) ==
	    SIGNATURE_OLD);
	other = arena_memdup(a, body, n);
	other[n / 2] = (char)(other[n / 2] ^ 1);
	FUZZ_CHECK(signature_stripe_verify(stripe, ours, other, n, NOW) ==
	    SIGNATURE_MISMATCH);
	both = arena_printf(a, "%s,%s", header, ours);
	if (strlen(both) > SIGNATURE_HEADER_BYTES_MAX)
		want = SIGNATURE_MALFORMED;
	FUZZ_CHECK(signature_stripe_verify(stripe, both, body, n, NOW) == want);
	both = arena_printf(a, "%s,%s", ours, header);
	FUZZ_CHECK(signature_stripe_verify(stripe, both, body, n, NOW) == want);
}

static void
svix_signed(struct arena *a, const char *header, const char *body, size_t n)
{
	char ours[128];
	const char *both;
	enum signature_fault want = SIGNATURE_OK;

	FUZZ_CHECK(signature_svix_sign(svix, "msg_1", NOW, body, n, ours,
		       sizeof(ours)) == VT_OK);
	both = arena_printf(a, "%s %s", header, ours);
	if (strlen(both) > SIGNATURE_HEADER_BYTES_MAX)
		want = SIGNATURE_MALFORMED;
	FUZZ_CHECK(signature_svix_verify(svix, "msg_1", "1700000000", both,
		       body, n, NOW) == want);
	FUZZ_CHECK(refused(signature_svix_verify(
	    svix, "msg_2", "1700000000", both, body, n, NOW)));
	FUZZ_CHECK(refused(signature_svix_verify(
	    svix, "msg_1", "1700000001", both, body, n, NOW)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const uint8_t *end = bytes == 0 ? NULL : memchr(data, '\n', bytes);
	size_t header_bytes = end == NULL ? bytes : (size_t)(end - data);
	struct arena *a = arena_new();
	const char *header = arena_memdup(a, data, header_bytes);
	const char *body = arena_memdup(a, data, bytes) + header_bytes;
	size_t n = bytes - header_bytes;

	keys_make();
	keys_from(header);
	FUZZ_CHECK(
	    refused(signature_stripe_verify(stripe, header, body, n, NOW)));
	FUZZ_CHECK(refused(signature_svix_verify(
	    svix, "msg_1", "1700000000", header, body, n, NOW)));
	FUZZ_CHECK(refused(
	    signature_svix_verify(svix, header, header, header, body, n, NOW)));
	if (n > 0) {
		stripe_signed(a, header, body, n);
		svix_signed(a, header, body, n);
	}
	arena_free(a);
	return 0;
}
