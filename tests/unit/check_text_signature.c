/* text/signature: nobody but Stripe and Clerk gets past it (R1..R4, R83). */
#include "unit.h"

#include <sodium.h>
#include <string.h>

#include "text/signature.h"
#include "vectors.h"

#define NOW 1700000000

static const char body[] = "{\"id\":\"evt_test\",\"object\":\"event\"}";
static struct signature_keys *k;

static struct signature_keys *
keys(enum vt_err (*make)(const struct secret *, struct signature_keys **),
    const char *value)
{
	struct secret *s = secret_new(value, strlen(value));
	struct signature_keys *out = NULL;

	ck_assert_msg(make(s, &out) == VT_OK, "%s", value);
	secret_free(s);
	return out;
}

static enum vt_err
keys_refused(
    enum vt_err (*make)(const struct secret *, struct signature_keys **),
    const char *value)
{
	struct secret *s = secret_new(value, strlen(value));
	struct signature_keys *out = NULL;
	enum vt_err err = make(s, &out);

	ck_assert_ptr_null(out);
	secret_free(s);
	return err;
}

static void
setup(void)
{
	k = keys(signature_keys_stripe, "whsec_test");
}

static void
teardown(void)
{
	signature_keys_free(k);
}

static enum signature_fault
verify(const char *header)
{
	return signature_stripe_verify(k, header, body, strlen(body), NOW);
}

/* The hex of a right signature for this text as time, by its own way. */
static void
right(const char *secret, const char *t, char out[static 65])
{
	crypto_auth_hmacsha256_state st;
	unsigned char mac[32];

	(void)crypto_auth_hmacsha256_init(
	    &st, (const unsigned char *)secret, strlen(secret));
	(void)crypto_auth_hmacsha256_update(
	    &st, (const unsigned char *)t, strlen(t));
	(void)crypto_auth_hmacsha256_update(&st, (const unsigned char *)".", 1);
	(void)crypto_auth_hmacsha256_update(
	    &st, (const unsigned char *)body, strlen(body));
	(void)crypto_auth_hmacsha256_final(&st, mac);
	(void)sodium_bin2hex(out, 65, mac, sizeof(mac));
}

START_TEST(stripes_own_vector_holds_for_300_seconds_R1_R4)
{
	static const char file[] = "stripe_signature.txt";
	char *secret = vector_get(file, "secret"), *t = vector_get(file, "t");
	char *text = vector_get(file, "body"), out[128];
	char *header = vector_get(file, "header");
	struct signature_keys *own = keys(signature_keys_stripe, secret);
	size_t n = strlen(text);
	int64_t t_s = strtoll(t, NULL, 10);

	ck_assert_int_eq(
	    signature_stripe_sign(own, t_s, text, n, out, 128), VT_OK);
	ck_assert_str_eq(out, header);
	for (int64_t d = -300; d <= 300; d += 300)
		ck_assert_int_eq(
		    signature_stripe_verify(own, header, text, n, t_s + d),
		    SIGNATURE_OK);
	ck_assert_int_eq(
	    signature_stripe_verify(own, header, text, n, t_s + 301),
	    SIGNATURE_OLD);
	ck_assert_int_eq(
	    signature_stripe_verify(own, header, text, n, t_s - 301),
	    SIGNATURE_OLD);
	ck_assert_int_eq(
	    signature_stripe_verify(own, header, text, n, -1), SIGNATURE_OLD);
	signature_keys_free(own);
	free(secret);
	free(t);
	free(text);
	free(header);
}
END_TEST

START_TEST(any_other_body_fails_R1)
{
	static const char *const others[] = {
		"{\"id\": \"evt_test\", \"object\": \"event\"}",
		"{\"object\":\"event\",\"id\":\"evt_test\"}",
		"{\"id\":\"evt_test\",\"object\":\"event\"}\n",
		" {\"id\":\"evt_test\",\"object\":\"event\"}",
		"\xef\xbb\xbf{\"id\":\"evt_test\",\"object\":\"event\"}",
		"{\"id\":\"evt_tesT\",\"object\":\"event\"}", "x"
	};
	char header[128];

	ck_assert_int_eq(signature_stripe_sign(k, NOW, body, strlen(body),
			     header, sizeof(header)),
	    VT_OK);
	ck_assert_int_eq(verify(header), SIGNATURE_OK);
	for (size_t i = 0; i < countof(others); i++)
		ck_assert_int_eq(signature_stripe_verify(k, header, others[i],
				     strlen(others[i]), NOW),
		    SIGNATURE_MISMATCH);
	ck_assert_int_eq(
	    signature_stripe_verify(k, header, body, strlen(body) - 1, NOW),
	    SIGNATURE_MISMATCH);
	/* A NUL byte ends no body. */
	ck_assert_int_eq(
	    signature_stripe_verify(k, header, body, sizeof(body), NOW),
	    SIGNATURE_MISMATCH);
}
END_TEST

START_TEST(bodies_are_bytes_and_may_hold_anything_R1)
{
	static const char bytes[] = "\0\xff\r\n\0";
	char header[128];

	ck_assert_int_eq(signature_stripe_sign(k, NOW, bytes, sizeof(bytes),
			     header, sizeof(header)),
	    VT_OK);
	ck_assert_int_eq(
	    signature_stripe_verify(k, header, bytes, sizeof(bytes), NOW),
	    SIGNATURE_OK);
	ck_assert_int_eq(
	    signature_stripe_verify(k, header, bytes, sizeof(bytes) - 1, NOW),
	    SIGNATURE_MISMATCH);
}
END_TEST

START_TEST(any_v1_may_match_any_secret_R2)
{
	struct signature_keys *both =
	    keys(signature_keys_stripe, "whsec_old, whsec_test");
	static const char zeros[] =
	    "0000000000000000000000000000000000000000000000000000000000000000";
	char header[1024], two[512], one[65], old[65];

	right("whsec_test", "1700000000", one);
	right("whsec_old", "1700000000", old);
	(void)snprintf(header, sizeof(header), "t=1700000000,v1=%s,v1=%s,v1=%s",
	    zeros, old, one);
	ck_assert_int_eq(verify(header), SIGNATURE_OK);
	ck_assert_int_eq(
	    signature_stripe_verify(both, header, body, strlen(body), NOW),
	    SIGNATURE_OK);
	(void)snprintf(header, sizeof(header), "v1=%s,t=1700000000", old);
	ck_assert_int_eq(verify(header), SIGNATURE_MISMATCH);
	ck_assert_int_eq(
	    signature_stripe_verify(both, header, body, strlen(body), NOW),
	    SIGNATURE_OK);
	ck_assert_int_eq(signature_stripe_sign(
			     both, NOW, body, strlen(body), two, sizeof(two)),
	    VT_OK);
	(void)snprintf(
	    header, sizeof(header), "t=1700000000,v1=%s,v1=%s", old, one);
	ck_assert_str_eq(two, header);
	ck_assert_int_eq(verify(two), SIGNATURE_OK);
	(void)snprintf(header, sizeof(header), "t=1700000000,v1=%s", one);
	ck_assert_int_eq(
	    signature_stripe_verify(both, header, body, strlen(body), NOW),
	    SIGNATURE_OK);
	signature_keys_free(both);
}
END_TEST

START_TEST(schemes_other_than_v1_count_for_nothing_R3)
{
	static const char *const schemes[] = { "v0", "v2", "V1", "v1 ", " v1",
		"v11", "v", "", "v1v1" };
	char header[256], hex[65];

	right("whsec_test", "1700000000", hex);
	for (size_t i = 0; i < countof(schemes); i++) {
		(void)snprintf(header, sizeof(header), "t=1700000000,%s=%s",
		    schemes[i], hex);
		ck_assert_msg(
		    verify(header) == SIGNATURE_MALFORMED, "%s", header);
	}
	(void)snprintf(
	    header, sizeof(header), "t=1700000000,v0=%s,v1=%064d", hex, 0);
	ck_assert_int_eq(verify(header), SIGNATURE_MISMATCH);
	(void)snprintf(header, sizeof(header),
	    "a=b,t=1700000000,v0=%064d,v1=%s,v2=,,x", 0, hex);
	ck_assert_int_eq(verify(header), SIGNATURE_OK);
}
END_TEST

START_TEST(a_header_without_time_or_signature_is_malformed_R3)
{
	static const char *const bad[] = { ",", "=", "t",
		"t=", "v1=", "t=1700000000", "t=1700000000,v1",
		"t=1700000000;v1=%s", "v1=%s", "t=,v1=%s", "t=x,v1=%s",
		"t=-1700000000,v1=%s", "t=+1700000000,v1=%s",
		"t=1700000000 ,v1=%s", " t=1700000000,v1=%s",
		"t= 1700000000,v1=%s", "t=0x6553f100,v1=%s", "t=1.7e9,v1=%s",
		"T=1700000000,v1=%s", "t=1700000000,t=1700000000,v1=%s",
		"t=1700000000, v1=%s", "t=1700000000.0,v1=%s",
		"tt=1700000000,v1=%s" };
	char header[256], hex[65];

	right("whsec_test", "1700000000", hex);
	for (size_t i = 0; i < countof(bad); i++) {
		const char *hole = strstr(bad[i], "%s");
		int n =
		    hole == NULL ? (int)strlen(bad[i]) : (int)(hole - bad[i]);

		(void)snprintf(header, sizeof(header), "%.*s%s", n, bad[i],
		    hole == NULL ? "" : hex);
		ck_assert_msg(
		    verify(header) == SIGNATURE_MALFORMED, "%s", header);
	}
}
END_TEST

START_TEST(a_signature_is_matched_whole_and_as_written_R2)
{
	char header[256], hex[65], upper[65];

	right("whsec_test", "1700000000", hex);
	for (size_t i = 0; i < 65; i++)
		upper[i] = (char)(hex[i] >= 'a' ? hex[i] - 32 : hex[i]);
	for (int n = 0; n < 64; n++) {
		(void)snprintf(
		    header, sizeof(header), "t=1700000000,v1=%.*s", n, hex);
		ck_assert_int_eq(verify(header), SIGNATURE_MISMATCH);
	}
	(void)snprintf(header, sizeof(header), "t=1700000000,v1=%s0", hex);
	ck_assert_int_eq(verify(header), SIGNATURE_MISMATCH);
	(void)snprintf(header, sizeof(header), "t=1700000000,v1=%s ", hex);
	ck_assert_int_eq(verify(header), SIGNATURE_MISMATCH);
	(void)snprintf(header, sizeof(header), "t=1700000000,v1=%s", upper);
	ck_assert_int_eq(verify(header), SIGNATURE_MISMATCH);
	for (size_t i = 0; i < 64; i++) {
		(void)snprintf(
		    header, sizeof(header), "t=1700000000,v1=%s", hex);
		header[16 + i] = header[16 + i] == '0' ? '1' : '0';
		ck_assert_int_eq(verify(header), SIGNATURE_MISMATCH);
	}
	(void)snprintf(header, sizeof(header), "t=1700000001,v1=%s", hex);
	ck_assert_int_eq(verify(header), SIGNATURE_MISMATCH);
}
END_TEST

START_TEST(a_time_that_no_integer_holds_is_refused_R4)
{
	static const char *const times[] = { "9223372036854775807",
		"9223372036854775808", "18446744073709551616",
		"18446744075409551616", "99999999999999999999999999", "0",
		"00000000000000000000000000000000000000000000000001" };
	char header[1024], t[401], hex[65];

	memset(t, '9', 400);
	t[400] = '\0';
	right("whsec_test", t, hex);
	(void)snprintf(header, sizeof(header), "t=%s,v1=%s", t, hex);
	ck_assert_int_eq(verify(header), SIGNATURE_OLD);
	(void)snprintf(header, sizeof(header), "t=%s,v1=%064d", t, 0);
	ck_assert_int_eq(verify(header), SIGNATURE_MISMATCH);
	for (size_t i = 0; i < countof(times); i++) {
		right("whsec_test", times[i], hex);
		(void)snprintf(
		    header, sizeof(header), "t=%s,v1=%s", times[i], hex);
		ck_assert_msg(verify(header) == SIGNATURE_OLD, "%s", times[i]);
	}
	right("whsec_test", "1700000000", hex);
	(void)snprintf(header, sizeof(header), "t=1700000000,v1=%s", hex);
	ck_assert_int_eq(
	    signature_stripe_verify(k, header, body, strlen(body), INT64_MAX),
	    SIGNATURE_OLD);
	ck_assert_int_eq(
	    signature_stripe_verify(k, header, body, strlen(body), INT64_MIN),
	    SIGNATURE_OLD);
}
END_TEST

START_TEST(nothing_is_no_signature)
{
	char header[128], *huge = malloc(70001);

	ck_assert_int_eq(signature_stripe_sign(k, NOW, body, strlen(body),
			     header, sizeof(header)),
	    VT_OK);
	ck_assert_int_eq(signature_stripe_verify(k, header, "", 0, NOW),
	    SIGNATURE_EMPTY_BODY);
	ck_assert_int_eq(signature_stripe_verify(k, header, NULL, 0, NOW),
	    SIGNATURE_EMPTY_BODY);
	ck_assert_int_eq(verify(NULL), SIGNATURE_NO_HEADER);
	ck_assert_int_eq(verify(""), SIGNATURE_NO_HEADER);
	ck_assert_ptr_nonnull(huge);
	memset(huge, ',', 70000);
	memcpy(huge, header, strlen(header));
	huge[70000] = '\0';
	ck_assert_int_eq(verify(huge), SIGNATURE_MALFORMED);
	huge[SIGNATURE_HEADER_BYTES_MAX] = '\0';
	ck_assert_int_eq(verify(huge), SIGNATURE_OK);
	free(huge);
}
END_TEST

START_TEST(a_header_that_does_not_fit_is_not_cut)
{
	char out[128] = "untouched";

	ck_assert_int_eq(
	    signature_stripe_sign(k, NOW, body, strlen(body), out, 80),
	    VT_INVALID);
	ck_assert_str_eq(out, "untouched");
	ck_assert_int_eq(
	    signature_stripe_sign(k, NOW, body, strlen(body), out, 81), VT_OK);
	ck_assert_uint_eq(strlen(out), 80);
}
END_TEST

START_TEST(secrets_that_cannot_be_meant_are_refused)
{
	static const char *const stripe[] = { "", " ", "\t\n", ",", "a,,b",
		"a,", ",a", "a, ,b", "whsec_a b", "a,b,c,d,e", "a\x7f" };
	static const char *const svix[] = { "", "whsec_", "MfKQ9r8GKYqrTwjU",
		"whsec_!!!!", "whsec_MfKQ9", "whsec_Mf KQ", "whsec_MfKQ,",
		"whsec_MfKQ,Mf", "WHSEC_MfKQ", "whsec_MfKQ===", "whsec_-_-_" };

	for (size_t i = 0; i < countof(stripe); i++)
		ck_assert_msg(keys_refused(signature_keys_stripe, stripe[i]) ==
			VT_INVALID,
		    "%s", stripe[i]);
	for (size_t i = 0; i < countof(svix); i++)
		ck_assert_msg(
		    keys_refused(signature_keys_svix, svix[i]) == VT_INVALID,
		    "%s", svix[i]);
	signature_keys_free(keys(signature_keys_stripe, "a,b,c,d"));
	signature_keys_free(
	    keys(signature_keys_svix, " whsec_MfKQ , whsec_Mf8= ,whsec_Mf8"));
	signature_keys_free(NULL);
}
END_TEST

/* ---- Svix --------------------------------------------------------------- */

static struct {
	char *secret, *id, *timestamp, *body, *signature;
} v;
static struct signature_keys *svix_keys;

static void
svix_setup(void)
{
	static const char file[] = "svix_signature.txt";

	v.secret = vector_get(file, "secret");
	v.id = vector_get(file, "id");
	v.timestamp = vector_get(file, "timestamp");
	v.body = vector_get(file, "body");
	v.signature = vector_get(file, "signature");
	svix_keys = keys(signature_keys_svix, v.secret);
}

static void
svix_teardown(void)
{
	free(v.secret);
	free(v.id);
	free(v.timestamp);
	free(v.body);
	free(v.signature);
	signature_keys_free(svix_keys);
}

static enum signature_fault
svix_verify(const char *id, const char *t, const char *signature, int64_t now)
{
	return signature_svix_verify(
	    svix_keys, id, t, signature, v.body, strlen(v.body), now);
}

START_TEST(svixs_own_vector_holds_for_300_seconds_R83)
{
	int64_t t_s = strtoll(v.timestamp, NULL, 10);
	char out[64];

	ck_assert_int_eq(signature_svix_sign(svix_keys, v.id, t_s, v.body,
			     strlen(v.body), out, sizeof(out)),
	    VT_OK);
	ck_assert_str_eq(out, v.signature);
	for (int64_t d = -300; d <= 300; d += 300)
		ck_assert_int_eq(
		    svix_verify(v.id, v.timestamp, v.signature, t_s + d),
		    SIGNATURE_OK);
	ck_assert_int_eq(svix_verify(v.id, v.timestamp, v.signature, t_s + 301),
	    SIGNATURE_OLD);
	ck_assert_int_eq(svix_verify(v.id, v.timestamp, v.signature, t_s - 301),
	    SIGNATURE_OLD);
}
END_TEST

START_TEST(svix_takes_any_v1_of_the_list)
{
	static const char zeros[] =
	    "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	int64_t t_s = strtoll(v.timestamp, NULL, 10);
	char list[512];

	(void)snprintf(
	    list, sizeof(list), "v1a,xyz %s v2,abc  %s v1", zeros, v.signature);
	ck_assert_int_eq(
	    svix_verify(v.id, v.timestamp, list, t_s), SIGNATURE_OK);
	ck_assert_int_eq(
	    svix_verify(v.id, v.timestamp, zeros, t_s), SIGNATURE_MISMATCH);
	(void)snprintf(list, sizeof(list), "v2%s", v.signature + 2);
	ck_assert_int_eq(
	    svix_verify(v.id, v.timestamp, list, t_s), SIGNATURE_MALFORMED);
	(void)snprintf(list, sizeof(list), "%.*s", (int)strlen(v.signature) - 1,
	    v.signature);
	ck_assert_int_eq(
	    svix_verify(v.id, v.timestamp, list, t_s), SIGNATURE_MISMATCH);
}
END_TEST

START_TEST(svix_headers_that_are_wrong_are_refused)
{
	int64_t t_s = strtoll(v.timestamp, NULL, 10);
	char id[300], t[401];

	ck_assert_int_eq(svix_verify(NULL, v.timestamp, v.signature, t_s),
	    SIGNATURE_NO_HEADER);
	ck_assert_int_eq(
	    svix_verify(v.id, NULL, v.signature, t_s), SIGNATURE_NO_HEADER);
	ck_assert_int_eq(
	    svix_verify(v.id, v.timestamp, "", t_s), SIGNATURE_NO_HEADER);
	ck_assert_int_eq(signature_svix_verify(svix_keys, v.id, v.timestamp,
			     v.signature, "", 0, t_s),
	    SIGNATURE_EMPTY_BODY);
	ck_assert_int_eq(
	    svix_verify("msg_other", v.timestamp, v.signature, t_s),
	    SIGNATURE_MISMATCH);
	ck_assert_int_eq(svix_verify("msg.1", v.timestamp, v.signature, t_s),
	    SIGNATURE_MALFORMED);
	ck_assert_int_eq(svix_verify("msg 1", v.timestamp, v.signature, t_s),
	    SIGNATURE_MALFORMED);
	memset(id, 'a', sizeof(id));
	id[299] = '\0';
	ck_assert_int_eq(svix_verify(id, v.timestamp, v.signature, t_s),
	    SIGNATURE_MALFORMED);
	ck_assert_int_eq(svix_verify(v.id, "1614265331", v.signature, t_s),
	    SIGNATURE_MISMATCH);
	ck_assert_int_eq(svix_verify(v.id, "1614265330.0", v.signature, t_s),
	    SIGNATURE_MALFORMED);
	memset(t, '9', 400);
	t[400] = '\0';
	ck_assert_int_eq(
	    svix_verify(v.id, t, v.signature, t_s), SIGNATURE_MISMATCH);
}
END_TEST

START_TEST(the_two_schemes_read_the_same_secret_differently_R83)
{
	struct signature_keys *as_stripe =
	    keys(signature_keys_stripe, v.secret);
	char a[128], b[128];

	ck_assert_int_eq(signature_stripe_sign(as_stripe, NOW, v.body,
			     strlen(v.body), a, sizeof(a)),
	    VT_OK);
	ck_assert_int_eq(signature_stripe_sign(svix_keys, NOW, v.body,
			     strlen(v.body), b, sizeof(b)),
	    VT_OK);
	ck_assert_str_ne(a, b);
	signature_keys_free(as_stripe);
}
END_TEST

START_TEST(every_fault_has_a_name)
{
	for (int f = 0; f < SIGNATURE_FAULT__MAX; f++)
		ck_assert_str_ne(
		    signature_fault_name((enum signature_fault)f), "unknown");
	ck_assert_str_eq(signature_fault_name(SIGNATURE_FAULT__MAX), "unknown");
}
END_TEST

int
main(void)
{
	const TTest *const stripe[] = {
		stripes_own_vector_holds_for_300_seconds_R1_R4,
		any_other_body_fails_R1,
		bodies_are_bytes_and_may_hold_anything_R1,
		any_v1_may_match_any_secret_R2,
		schemes_other_than_v1_count_for_nothing_R3,
		a_header_without_time_or_signature_is_malformed_R3,
		a_signature_is_matched_whole_and_as_written_R2,
		a_time_that_no_integer_holds_is_refused_R4,
		nothing_is_no_signature, a_header_that_does_not_fit_is_not_cut,
		secrets_that_cannot_be_meant_are_refused,
		every_fault_has_a_name, NULL
	};
	const TTest *const svix[] = {
		svixs_own_vector_holds_for_300_seconds_R83,
		svix_takes_any_v1_of_the_list,
		svix_headers_that_are_wrong_are_refused,
		the_two_schemes_read_the_same_secret_differently_R83, NULL
	};
	Suite *s = suite_create("text/signature");

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	tcase_add_checked_fixture(
	    unit_case(s, "stripe", stripe), setup, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "svix", svix), svix_setup, svix_teardown);
	return unit_run(s);
}
