/* https: what is sent, how an answer is read, how a call ends. */
#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "base/random.h"
#include "net/https.h"
#include "scripted.h"

#define BODY_MAX 4096

static struct https *client;
static struct arena *arena;

static void
setup(void)
{
	random_init();
	client = https_new("check/1");
	arena = arena_new();
}

static void
teardown(void)
{
	arena_free(arena);
	https_free(client);
}

static enum vt_err
call(const char *method, const char *url, const char *body,
    const struct https_header *headers, struct https_answer *out)
{
	const struct https_request r = { .method = method,
		.url = url,
		.headers = headers,
		.body = body,
		.body_bytes = body == NULL ? 0 : strlen(body),
		.timeout_ms = 3000,
		.body_bytes_max = BODY_MAX };

	return https_call(client, arena, &r, out);
}

static enum vt_err
get(const struct scripted *s, struct https_answer *out)
{
	return call(
	    "GET", arena_printf(arena, "%s/x", s->base), NULL, NULL, out);
}

START_TEST(only_https_and_http_to_loopback_are_allowed)
{
	static const char *const good[] = { "https://api.stripe.com",
		"https://api.stripe.com/v1/x?y=1", "http://127.0.0.1",
		"http://127.0.0.1:9000/v1", "http://[::1]:80/",
		"https://127.0.0.1" };
	static const char *const bad[] = { "", "http://api.stripe.com",
		"http://localhost", "http://127.0.0.1.example.com/",
		"http://127.0.0.1@example.com/", "https://user@example.com/",
		"https://user:pw@example.com/", "ftp://127.0.0.1/",
		"file:///etc/passwd", "127.0.0.1", "https://", "http://[::2]/",
		"https://example.com/a b", "https://example.com/\r\nX: y",
		"https://example.com/\x80", "//127.0.0.1/" };

	for (size_t i = 0; i < countof(good); i++)
		ck_assert_msg(https_url_allowed(good[i]), "%s", good[i]);
	for (size_t i = 0; i < countof(bad); i++)
		ck_assert_msg(!https_url_allowed(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(an_answer_comes_with_lower_case_headers_and_its_body)
{
	static const struct scripted_step steps[] = { { SCRIPTED_ANSWER, 418,
	    "Request-Id:  req_1  \r\nX-EMPTY:\r\n", "{\"a\":1}" } };
	struct scripted *s = scripted_start(steps, 1);
	struct https_answer w;

	ck_assert_int_eq(get(s, &w), VT_OK);
	ck_assert_int_eq(w.end, HTTPS_ANSWERED);
	ck_assert_int_eq(w.status, 418);
	ck_assert_str_eq(w.body, "{\"a\":1}");
	ck_assert_uint_eq(w.body_bytes, 7);
	ck_assert_str_eq(https_header(&w, "request-id"), "req_1");
	ck_assert_str_eq(https_header(&w, "x-empty"), "");
	ck_assert_ptr_null(https_header(&w, "Request-Id"));
	ck_assert_ptr_null(https_header(&w, "absent"));
	scripted_stop(s);
}
END_TEST

START_TEST(a_request_has_its_method_headers_body_and_nothing_uncalled_for)
{
	static const struct scripted_step steps[] = { { SCRIPTED_ANSWER, 200,
	    NULL, "{}" } };
	static const struct https_header headers[] = { { "X-One", "1" },
		{ "X-None", "" }, { NULL, NULL } };
	struct scripted *s = scripted_start(steps, 1);
	const char *url = arena_printf(arena, "%s/p?q=1", s->base);
	struct https_answer w;

	ck_assert_int_eq(call("POST", url, "a=b", headers, &w), VT_OK);
	ck_assert_int_eq(call("POST", url, NULL, NULL, &w), VT_OK);
	ck_assert_int_eq(call("DELETE", url, NULL, NULL, &w), VT_OK);
	ck_assert_uint_eq(s->request_count, 3);
	ck_assert_uint_eq(s->connections, 1);
	ck_assert_ptr_nonnull(
	    strstr(s->requests[0], "POST /p?q=1 HTTP/1.1\r\n"));
	ck_assert(scripted_has_line(s->requests[0], "X-One: 1"));
	ck_assert(scripted_has_line(s->requests[0], "X-None:"));
	ck_assert(scripted_has_line(s->requests[0], "User-Agent: check/1"));
	ck_assert(scripted_has_line(s->requests[0], "Content-Length: 3"));
	ck_assert_ptr_null(strstr(s->requests[0], "Authorization"));
	ck_assert_ptr_null(strstr(s->requests[0], "Expect"));
	ck_assert_ptr_nonnull(strstr(s->requests[0], "\r\n\r\na=b"));
	ck_assert(scripted_has_line(s->requests[1], "Content-Length: 0"));
	ck_assert_ptr_nonnull(strstr(s->requests[2], "DELETE /p?q=1 "));
	scripted_stop(s);
}
END_TEST

START_TEST(a_header_with_a_line_end_is_refused_and_nothing_is_sent)
{
	static const struct scripted_step steps[] = { { SCRIPTED_ANSWER, 200,
	    NULL, "{}" } };
	static const char *const values[] = { "a\r\nX: y", "a\ny", "a\ry",
		"\x01", "\x7f" };
	static const char *const names[] = { "", "X Y", "X:", "X\n" };
	struct scripted *s = scripted_start(steps, 1);
	struct https_header h[2] = { { "X-One", NULL }, { NULL, NULL } };
	const char *url = arena_printf(arena, "%s/", s->base);
	struct https_answer w;

	for (size_t i = 0; i < countof(values); i++) {
		h[0].value = values[i];
		ck_assert_int_eq(call("GET", url, NULL, h, &w), VT_INVALID);
		ck_assert_int_eq(w.end, HTTPS_NOT_SENT);
	}
	h[0].value = "v";
	for (size_t i = 0; i < countof(names); i++) {
		h[0].name = names[i];
		ck_assert_int_eq(call("GET", url, NULL, h, &w), VT_INVALID);
	}
	ck_assert_int_eq(call("PATCH", url, NULL, NULL, &w), VT_INVALID);
	ck_assert_uint_eq(s->request_count, 0);
	scripted_stop(s);
}
END_TEST

START_TEST(a_redirect_is_an_answer_and_not_followed)
{
	static const struct scripted_step steps[] = { { SCRIPTED_ANSWER, 302,
	    "Location: /elsewhere\r\n", "" } };
	struct scripted *s = scripted_start(steps, 1);
	struct https_answer w;

	ck_assert_int_eq(get(s, &w), VT_OK);
	ck_assert_int_eq(w.status, 302);
	ck_assert_uint_eq(s->request_count, 1);
	scripted_stop(s);
}
END_TEST

START_TEST(a_proxy_variable_is_not_obeyed)
{
	static const struct scripted_step steps[] = { { SCRIPTED_ANSWER, 200,
	    NULL, "{}" } };
	struct scripted *s = scripted_start(steps, 1);
	struct https_answer w;

	(void)setenv("http_proxy", "http://127.0.0.1:1", 1);
	(void)setenv("all_proxy", "http://127.0.0.1:1", 1);
	ck_assert_int_eq(get(s, &w), VT_OK);
	scripted_stop(s);
}
END_TEST

START_TEST(a_port_without_a_listener_is_not_sent)
{
	static const struct scripted_step steps[] = { { SCRIPTED_ANSWER, 200,
	    NULL, "{}" } };
	struct scripted *s = scripted_start(steps, 1);
	const char *url = arena_printf(arena, "%s/", s->base);
	struct https_answer w;

	scripted_stop(s);
	ck_assert_int_eq(call("POST", url, "a=b", NULL, &w), VT_BUSY);
	ck_assert_int_eq(w.end, HTTPS_NOT_SENT);
	ck_assert_int_eq(w.status, 0);
	ck_assert_str_ne(w.why, "");
}
END_TEST

/* A plain server where TLS was wanted: the request never leaves. */
START_TEST(a_failed_handshake_is_not_sent)
{
	static const struct scripted_step steps[] = { { SCRIPTED_RAW, 0, NULL,
	    "HTTP/1.1 400 No\r\n\r\n" } };
	struct scripted *s = scripted_start(steps, 1);
	struct https_request r = { .method = "POST",
		.url = arena_printf(arena, "https://127.0.0.1:%d/", s->port),
		.body = "a=b",
		.body_bytes = 3,
		.timeout_ms = 300,
		.body_bytes_max = BODY_MAX };
	struct https_answer w;

	ck_assert_int_eq(https_call(client, arena, &r, &w), VT_BUSY);
	ck_assert_int_eq(w.end, HTTPS_NOT_SENT);
	scripted_stop(s);
}
END_TEST

START_TEST(a_reset_or_a_silence_after_the_request_is_no_answer)
{
	static const struct scripted_step steps[] = {
		{ SCRIPTED_RESET, 0, NULL, NULL },
		{ SCRIPTED_RAW, 0, NULL, "" }, { SCRIPTED_HANG, 0, NULL, NULL }
	};
	struct scripted *s = scripted_start(steps, countof(steps));
	struct https_request r = { .method = "POST",
		.url = arena_printf(arena, "%s/", s->base),
		.body = "a=b",
		.body_bytes = 3,
		.timeout_ms = 300,
		.body_bytes_max = BODY_MAX };
	struct https_answer w;

	for (size_t i = 0; i < countof(steps); i++) {
		ck_assert_int_eq(https_call(client, arena, &r, &w), VT_BUSY);
		ck_assert_msg(w.end == HTTPS_NO_ANSWER, "step %zu: %d %s", i,
		    (int)w.end, w.why);
		ck_assert_int_eq(w.status, 0);
	}
	ck_assert_uint_eq(s->request_count, countof(steps));
	scripted_stop(s);
}
END_TEST

START_TEST(half_a_body_and_what_is_no_http_are_cut)
{
	static const struct scripted_step steps[] = {
		{ SCRIPTED_HALF, 200, NULL, "{\"a\":\"bcdefgh\"}" },
		{ SCRIPTED_RAW, 0, NULL, "<html>what</html>\n" },
		{ SCRIPTED_RAW, 0, NULL, "HTTP/1.1 200 OK\r\nContent-" },
		{ SCRIPTED_RAW, 0, NULL,
		    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "5\r\nab" },
	};
	struct scripted *s = scripted_start(steps, countof(steps));
	struct https_answer w;

	for (size_t i = 0; i < countof(steps); i++) {
		ck_assert_int_eq(get(s, &w), VT_REMOTE);
		ck_assert_msg(w.end == HTTPS_CUT, "step %zu: %d %s", i,
		    (int)w.end, w.why);
	}
	scripted_stop(s);
}
END_TEST

START_TEST(a_body_above_the_limit_is_too_large)
{
	char *body = arena_alloc(arena, BODY_MAX + 2);
	struct scripted_step steps[2] = { { SCRIPTED_ANSWER, 200, NULL, body },
		{ SCRIPTED_ANSWER, 200, NULL, body + 1 } };
	struct scripted *s = scripted_start(steps, 2);
	struct https_answer w;

	memset(body, 'x', BODY_MAX + 1);
	ck_assert_int_eq(get(s, &w), VT_REMOTE);
	ck_assert_int_eq(w.end, HTTPS_TOO_LARGE);
	ck_assert_int_eq(get(s, &w), VT_OK);
	ck_assert_uint_eq(w.body_bytes, BODY_MAX);
	scripted_stop(s);
}
END_TEST

START_TEST(headers_without_end_are_too_large)
{
	struct buf b;
	struct scripted_step step = { SCRIPTED_ANSWER, 200, NULL, "{}" };
	struct scripted *s;
	struct https_answer w;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < 200; i++)
		buf_printf(&b, "X-%d: y\r\n", i);
	step.headers = buf_str(&b);
	s = scripted_start(&step, 1);
	ck_assert_int_eq(get(s, &w), VT_REMOTE);
	ck_assert_int_eq(w.end, HTTPS_TOO_LARGE);
	scripted_stop(s);
	buf_free(&b);
}
END_TEST

START_TEST(a_continue_before_the_answer_is_skipped)
{
	static const struct scripted_step steps[] = { { SCRIPTED_RAW, 0, NULL,
	    "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" } };
	struct scripted *s = scripted_start(steps, 1);
	struct https_answer w;

	ck_assert_int_eq(get(s, &w), VT_OK);
	ck_assert_int_eq(w.status, 200);
	ck_assert_ptr_null(https_header(&w, "x-early"));
	scripted_stop(s);
}
END_TEST

/* The other side closes a kept connection: the next call opens another. */
START_TEST(a_connection_that_was_closed_is_replaced)
{
	static const struct scripted_step steps[] = { { SCRIPTED_CLOSE, 200,
	    NULL, "{}" } };
	struct scripted *s = scripted_start(steps, 1);
	struct https_answer w;

	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(get(s, &w), VT_OK);
	ck_assert_uint_eq(s->request_count, 5);
	scripted_stop(s);
}
END_TEST

#define THREADS 8
#define CALLS 40

static const char *threads_url;

static void *
many_calls(void *arg)
{
	struct arena *a = arena_new();
	int *good = arg;

	for (int i = 0; i < CALLS; i++) {
		const struct https_request r = { .method = "POST",
			.url = threads_url,
			.body = "a=b",
			.body_bytes = 3,
			.timeout_ms = 5000,
			.body_bytes_max = BODY_MAX };
		struct https_answer w;

		if (https_call(client, a, &r, &w) == VT_OK && w.status == 200)
			++*good;
		arena_reset(a);
	}
	arena_free(a);
	return NULL;
}

START_TEST(threads_share_as_many_connections_as_calls_run_at_once)
{
	static const struct scripted_step steps[] = { { SCRIPTED_ANSWER, 200,
	    NULL, "{}" } };
	struct scripted *s = scripted_start(steps, 1);
	pthread_t t[THREADS];
	int good[THREADS] = { 0 };

	threads_url = arena_printf(arena, "%s/", s->base);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(
		    pthread_create(&t[i], NULL, many_calls, &good[i]), 0);
	for (size_t i = 0; i < THREADS; i++) {
		(void)pthread_join(t[i], NULL);
		ck_assert_int_eq(good[i], CALLS);
	}
	ck_assert_uint_eq(s->request_count, THREADS * CALLS);
	ck_assert_uint_le(s->connections, THREADS);
	scripted_stop(s);
}
END_TEST

#ifndef VT_SANITIZERS /* they keep what was freed */
/* Counts a text in the heap of this process; the needle is not in one piece
 * anywhere but where the code under test left it. */
static int
heap_count(const char *half, const char *other)
{
	size_t n = strlen(half), m = strlen(other);
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	char line[512];
	int found = 0;

	while (fgets(line, sizeof(line), maps) != NULL) {
		if (strstr(line, "[heap]") == NULL ||
		    sscanf(line, "%lx-%lx", &from, &to) != 2)
			continue;
		for (const char *p = (const char *)from;
		     p + n + m <= (const char *)to; p++)
			if (memcmp(p, half, n) == 0 &&
			    memcmp(p + n, other, m) == 0)
				found++;
	}
	(void)fclose(maps);
	return found;
}
#endif

START_TEST(the_bearer_secret_is_sent_and_no_copy_of_it_stays_in_the_heap)
{
	static const struct scripted_step steps[] = { { SCRIPTED_RESET, 0, NULL,
							  NULL },
		{ SCRIPTED_ANSWER, 200, NULL, "{}" },
		{ SCRIPTED_ANSWER, 200, NULL, "{}" } };
	struct scripted *s = scripted_start(steps, countof(steps));
	char text[] = "sk_test_Qe7_fghZp0";
	struct secret *key = secret_new(text, strlen(text));
	struct https_request r = { .method = "POST",
		.url = arena_printf(arena, "%s/", s->base),
		.bearer = key,
		.body = "a=b",
		.body_bytes = 3,
		.timeout_ms = 3000,
		.body_bytes_max = BODY_MAX };
	struct https_answer w;

	secret_wipe(text, sizeof(text));
	ck_assert_int_eq(https_call(client, arena, &r, &w), VT_BUSY);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(https_call(client, arena, &r, &w), VT_OK);
	/* Not by a helper that would leave the line in the heap itself. */
	ck_assert_ptr_nonnull(strstr(s->requests[1],
	    "\r\nAuthorization: Bearer sk_test_Qe7_fghZp0\r\n"));
	for (size_t i = 0; i < 3; i++)
		secret_wipe(s->requests[i], strlen(s->requests[i]));
#ifndef VT_SANITIZERS
	ck_assert_int_eq(heap_count("sk_test_Qe7_", "fghZp0"), 0);
#endif
	scripted_stop(s);
	secret_free(key);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		only_https_and_http_to_loopback_are_allowed,
		an_answer_comes_with_lower_case_headers_and_its_body,
		a_request_has_its_method_headers_body_and_nothing_uncalled_for,
		a_header_with_a_line_end_is_refused_and_nothing_is_sent,
		a_redirect_is_an_answer_and_not_followed,
		a_proxy_variable_is_not_obeyed,
		a_port_without_a_listener_is_not_sent,
		a_failed_handshake_is_not_sent,
		a_reset_or_a_silence_after_the_request_is_no_answer,
		half_a_body_and_what_is_no_http_are_cut,
		a_body_above_the_limit_is_too_large,
		headers_without_end_are_too_large,
		a_continue_before_the_answer_is_skipped,
		a_connection_that_was_closed_is_replaced,
		threads_share_as_many_connections_as_calls_run_at_once,
		the_bearer_secret_is_sent_and_no_copy_of_it_stays_in_the_heap,
		NULL,
	};
	Suite *suite = suite_create("https");

	tcase_add_checked_fixture(
	    unit_case(suite, "core", tests), setup, teardown);
	return unit_run(suite);
}
