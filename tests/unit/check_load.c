/*
 * check_load: what the load generator counts with, and what it sends.
 */
#include <string.h>

#include "answer.h"
#include "base/arena.h"
#include "base/random.h"
#include "base/secret.h"
#include "histogram.h"
#include "requests.h"
#include "text/json.h"
#include "text/signature.h"
#include "unit.h"

#define REQUEST_BYTES_MAX 65536

/* ---- histogram ----------------------------------------------------------- */

START_TEST(small_values_are_exact)
{
	struct histogram h = { 0 };

	for (int64_t us = 1; us <= 100; us++)
		histogram_add(&h, us);
	ck_assert_int_eq(h.count, 100);
	ck_assert_int_eq(histogram_below(&h, 500000), 50);
	ck_assert_int_eq(histogram_below(&h, 990000), 99);
	ck_assert_int_eq(histogram_below(&h, 999000), 100);
	ck_assert_int_eq(h.max_us, 100);
}
END_TEST

START_TEST(large_values_are_known_to_two_percent)
{
	for (int64_t us = 1; us < INT64_C(1) << 36; us = us * 3 + 1) {
		struct histogram h = { 0 };
		int64_t told;

		histogram_add(&h, us);
		histogram_add(&h, us * 2);
		told = histogram_below(&h, 500000);
		ck_assert_int_ge(told, us);
		ck_assert_int_le(told - us, us / 50);
		ck_assert_int_eq(histogram_below(&h, 1000000), us * 2);
	}
}
END_TEST

START_TEST(nothing_counted_is_zero_and_a_huge_value_has_a_slot)
{
	struct histogram h = { 0 };

	ck_assert_int_eq(histogram_below(&h, 990000), 0);
	histogram_add(&h, -1);
	ck_assert_int_eq(histogram_below(&h, 990000), 0);
	histogram_add(&h, INT64_MAX);
	ck_assert_int_eq(h.count, 2);
	ck_assert_int_eq(h.slots[HISTOGRAM_SLOTS - 1], 1);
	ck_assert_int_eq(h.max_us, INT64_MAX);
}
END_TEST

/* ---- answers ------------------------------------------------------------- */

#define HEAD "HTTP/1.1 200 OK\r\nServer: nginx\r\n"

START_TEST(an_answer_is_whole_with_its_last_byte)
{
	static const char text[] = HEAD "content-length: 5\r\n"
					"Connection: keep-alive\r\n\r\nhello";
	struct answer a;

	for (size_t n = 0; n + 1 < sizeof(text) - 1; n++)
		ck_assert_int_eq(answer_parse(text, n, &a), ANSWER_PARTIAL);
	ck_assert_int_eq(
	    answer_parse(text, sizeof(text) - 1, &a), ANSWER_WHOLE);
	ck_assert_int_eq(a.status, 200);
	ck_assert_uint_eq(a.bytes, sizeof(text) - 1);
	ck_assert(!a.close);
}
END_TEST

START_TEST(an_answer_that_ends_its_connection_says_so)
{
	static const char text[] = "HTTP/1.1 503 Service Unavailable\r\n"
				   "Connection: close\r\n"
				   "Content-Length: 0\r\n\r\n";
	struct answer a;

	ck_assert_int_eq(
	    answer_parse(text, sizeof(text) - 1, &a), ANSWER_WHOLE);
	ck_assert_int_eq(a.status, 503);
	ck_assert(a.close);
}
END_TEST

START_TEST(what_is_no_such_answer_is_bad)
{
	static const char *const texts[] = {
		HEAD "\r\n",
		HEAD "Transfer-Encoding: chunked\r\n\r\n",
		HEAD "Content-Length: \r\n\r\n",
		HEAD "Content-Length: 1x\r\n\r\n",
		HEAD "Content-Length: 99999999999999999999\r\n\r\n",
		"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
		"\r\n\r\n",
	};
	struct answer a;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_int_eq(
		    answer_parse(texts[i], strlen(texts[i]), &a), ANSWER_BAD);
}
END_TEST

/* ---- requests ------------------------------------------------------------ */

static char credential[] = "vk_one";
static char *credentials[] = { credential };

static const char *
write_one(const char *kind, int64_t n, struct buf *out)
{
	struct secret *s = secret_new("whsec_of_the_bench", 18);
	struct signature_keys *keys = NULL;
	struct requests r = { .kind = request_kind_find(kind),
		.path = "/x",
		.users = 10,
		.instance = "abc",
		.credentials = credentials,
		.credentials_count = 1 };

	ck_assert_int_eq(signature_keys_stripe(s, &keys), VT_OK);
	secret_free(s);
	r.keys = keys;
	buf_init(&r.body, REQUEST_BYTES_MAX);
	buf_init(out, REQUEST_BYTES_MAX);
	request_write(&r, n, 1795000000, out);
	ck_assert(!out->failed);
	buf_free(&r.body);
	signature_keys_free(keys);
	return buf_str(out);
}

START_TEST(the_same_number_is_the_same_spend_and_another_is_not)
{
	struct buf a, b, c;

	ck_assert_str_eq(write_one("spend", 7, &a), write_one("spend", 7, &b));
	ck_assert_str_ne(buf_str(&a), write_one("spend", 8, &c));
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&a), "Authorization: Bearer vk_one\r\n"));
	ck_assert_ptr_nonnull(strstr(buf_str(&a), "n7\"}"));
	buf_free(&a);
	buf_free(&b);
	buf_free(&c);
}
END_TEST

START_TEST(an_event_is_signed_and_is_json)
{
	static const char *const kinds[] = { "webhook", "grant" };
	struct secret *s = secret_new("whsec_of_the_bench", 18);
	struct signature_keys *keys = NULL;
	const char *text, *body, *header;
	const struct json *j;
	char line[256];
	struct arena *a;
	struct buf b;

	ck_assert_int_eq(signature_keys_stripe(s, &keys), VT_OK);
	for (int i = 0; i < 8; i++) {
		text = write_one(kinds[i % 2], i, &b);
		body = strstr(text, "\r\n\r\n") + 4;
		header = strstr(text, "Stripe-Signature: ") + 18;
		(void)snprintf(line, sizeof(line), "%.*s",
		    (int)strcspn(header, "\r"), header);
		ck_assert_int_eq(signature_stripe_verify(keys, line, body,
				     strlen(body), 1795000001),
		    SIGNATURE_OK);
		a = arena_new();
		ck_assert_int_eq(
		    json_parse(a, body, strlen(body), 32, &j, NULL), VT_OK);
		ck_assert_str_eq(
		    json_str_at(j, "data.object.metadata.vantage_instance"),
		    "abc");
		arena_free(a);
		buf_free(&b);
	}
	signature_keys_free(keys);
	secret_free(s);
}
END_TEST

int
main(void)
{
	const TTest *const histogram[] = { small_values_are_exact,
		large_values_are_known_to_two_percent,
		nothing_counted_is_zero_and_a_huge_value_has_a_slot, NULL };
	const TTest *const answer[] = { an_answer_is_whole_with_its_last_byte,
		an_answer_that_ends_its_connection_says_so,
		what_is_no_such_answer_is_bad, NULL };
	const TTest *const requests[] = {
		the_same_number_is_the_same_spend_and_another_is_not,
		an_event_is_signed_and_is_json, NULL
	};
	Suite *s = suite_create("load");

	random_init();
	unit_case(s, "histogram", histogram);
	unit_case(s, "answer", answer);
	unit_case(s, "requests", requests);
	return unit_run(s);
}
