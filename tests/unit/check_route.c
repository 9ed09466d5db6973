/* route and serve: the table, its preconditions in order, and the errors. */
#include "unit.h"

#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "web/serve.h"

#define AUTHORITY 7
#define BODY_MAX 16

static struct arena *arena;
static struct request req;
static struct response answer;
static struct worker_state state;
static size_t body_read;    /* bytes that were asked of the source */
static size_t body_there;   /* bytes that it has */
static int handled;	    /* calls of a handler */
static enum vt_err fail_as; /* what the handler returns */
static struct vt_problem fail_with;

static enum vt_err
handler(struct request *r, struct response *w, struct vt_problem *p)
{
	handled++;
	ck_assert_ptr_eq(worker_state(r), &state);
	response_header(w, "X-Handler", "yes");
	if (fail_as != VT_OK) {
		*p = fail_with;
		return fail_as;
	}
	response_text(w, 200, "text/plain", r->body, r->body_bytes);
	return VT_OK;
}

static enum vt_err
huge(struct request *r, struct response *w, struct vt_problem *p)
{
	(void)r;
	(void)p;
	w->body.failed = true;
	return VT_OK;
}

static enum vt_err
authorize(struct request *r, int who, struct vt_problem *p)
{
	if (who == 0 || request_header(r, "Authorization") != NULL)
		return VT_OK;
	ck_assert_int_eq(who, AUTHORITY);
	return vt_problem(
	    p, VT_DENIED, "unauthenticated", NULL, "Sign in first.");
}

static const struct route routes[] = {
	{ HTTP_GET, "/a", 0, 0, handler, 0 },
	{ HTTP_PUT, "/a", 0, BODY_MAX, handler, 0 },
	{ HTTP_POST, "/mine", AUTHORITY, BODY_MAX, handler, 0 },
	{ HTTP_GET, "/under/*", 0, 0, handler, 0 },
	{ HTTP_GET, "/huge", 0, 0, huge, 0 },
};

static const struct worker worker = { .name = "test",
	.routes = routes,
	.routes_count = countof(routes),
	.authorize = authorize };

static void
setup(void)
{
	arena = arena_new();
	response_init(&answer);
	body_read = body_there = 0;
	handled = 0;
	fail_as = VT_OK;
	memset(&fail_with, 0, sizeof(fail_with));
}

static void
teardown(void)
{
	response_free(&answer);
	arena_free(arena);
}

static enum vt_err
read_body(void *source, char *out, size_t bytes)
{
	(void)source;
	body_read += bytes;
	if (bytes > body_there)
		return VT_INVALID;
	memset(out, 'b', bytes);
	return VT_OK;
}

/* Up to three further parameters; the status. */
static int
ask(const char *method, const char *path, const char *one, const char *two)
{
	char m[32], u[64];
	const char *const params[] = { m, u, "REQUEST_ID=request-1",
		one != NULL ? one : "A=1", two != NULL ? two : "B=1", NULL };

	(void)snprintf(m, sizeof(m), "REQUEST_METHOD=%s", method);
	(void)snprintf(u, sizeof(u), "DOCUMENT_URI=%s", path);
	response_reset(&answer);
	arena_reset(arena);
	serve(&worker, &state, params, read_body, NULL, arena, &req, &answer);
	return answer.status;
}

static void
code_is(const char *code)
{
	const struct json *j;
	struct vt_problem p;

	ck_assert_int_eq(json_parse(arena, buf_str(&answer.body),
			     answer.body.len, 8, &j, &p),
	    VT_OK);
	ck_assert_str_eq(json_str_at(j, "error.code"), code);
	ck_assert_str_eq(json_str_at(j, "error.request_id"), "request-1");
	ck_assert_str_ne(json_str_at(j, "error.message"), "");
}

START_TEST(rows_are_found_by_method_and_path)
{
	ck_assert_int_eq(ask("GET", "/a", NULL, NULL), 200);
	ck_assert_int_eq(ask("HEAD", "/a", NULL, NULL), 200);
	ck_assert_int_eq(ask("GET", "/under/x/y", NULL, NULL), 200);
	ck_assert_int_eq(ask("GET", "/under/", NULL, NULL), 200);
	ck_assert_int_eq(handled, 4);
	ck_assert_int_eq(ask("GET", "/under", NULL, NULL), 404);
	code_is("not_found");
	ck_assert_int_eq(ask("GET", "/ab", NULL, NULL), 404);
	ck_assert_int_eq(ask("GET", "/A", NULL, NULL), 404);
	ck_assert_int_eq(handled, 4);
}
END_TEST

START_TEST(a_method_that_no_row_has_is_told_which_ones_have)
{
	ck_assert_int_eq(ask("DELETE", "/a", NULL, NULL), 405);
	code_is("method_not_allowed");
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&answer.headers), "Allow: GET, HEAD, PUT\r\n"));
	ck_assert_int_eq(ask("PATCH", "/a", NULL, NULL), 405);
	ck_assert_int_eq(ask("get", "/a", NULL, NULL), 405);
	ck_assert_int_eq(handled, 0);
}
END_TEST

START_TEST(preconditions_hold_in_their_order)
{
	const char *big = "CONTENT_LENGTH=17", *fits = "CONTENT_LENGTH=16";

	/* The method before the caller, the caller before the size. */
	ck_assert_int_eq(ask("GET", "/mine", big, NULL), 405);
	ck_assert_int_eq(ask("POST", "/mine", big, NULL), 401);
	code_is("unauthenticated");
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&answer.headers), "WWW-Authenticate: Bearer\r\n"));
	ck_assert_int_eq(
	    ask("POST", "/mine", big, "HTTP_AUTHORIZATION=x"), 413);
	code_is("body_too_large");
	ck_assert_uint_eq(body_read, 0);
	ck_assert_int_eq(handled, 0);
	body_there = 16;
	ck_assert_int_eq(
	    ask("POST", "/mine", fits, "HTTP_AUTHORIZATION=x"), 200);
	ck_assert_uint_eq(body_read, 16);
	ck_assert_str_eq(buf_str(&answer.body), "bbbbbbbbbbbbbbbb");
}
END_TEST

START_TEST(a_body_on_a_row_that_takes_none_is_too_large)
{
	ck_assert_int_eq(ask("GET", "/a", "CONTENT_LENGTH=1", NULL), 413);
	ck_assert_uint_eq(body_read, 0);
}
END_TEST

START_TEST(a_body_shorter_than_announced_is_malformed)
{
	body_there = 3;
	ck_assert_int_eq(ask("PUT", "/a", "CONTENT_LENGTH=4", NULL), 400);
	code_is("malformed_request");
	ck_assert_int_eq(handled, 0);
}
END_TEST

START_TEST(an_answer_that_does_not_fit_is_our_fault)
{
	ck_assert_int_eq(ask("GET", "/huge", NULL, NULL), 500);
	code_is("internal");
}
END_TEST

START_TEST(a_refusal_keeps_nothing_of_the_answer_before_it)
{
	fail_as = VT_CONFLICT;
	ck_assert_int_eq(ask("GET", "/a", NULL, NULL), 409);
	ck_assert(!response_has_header(&answer, "X-Handler"));
	code_is("conflict");
}
END_TEST

static int
status_of(enum vt_err err, const char *code, const char *message)
{
	fail_as = err;
	(void)vt_problem(&fail_with, err, code, NULL, "%s", message);
	return ask("GET", "/a", NULL, NULL);
}

START_TEST(every_result_has_a_status_of_its_own)
{
	static const struct {
		enum vt_err err;
		int status;
		const char *code;
	} want[] = {
		{ VT_INVALID, 422, "invalid_request" },
		{ VT_NOTFOUND, 404, "not_found" },
		{ VT_CONFLICT, 409, "conflict" },
		{ VT_FUNDS, 402, "insufficient_tokens" },
		{ VT_DENIED, 403, "forbidden" },
		{ VT_LIMIT, 429, "rate_limited" },
		{ VT_BUSY, 503, "unavailable" },
		{ VT_DB, 500, "internal" },
		{ VT_REMOTE, 502, "stripe_unreadable" },
		{ VT_SYS, 500, "internal" },
	};

	for (size_t i = 0; i < countof(want); i++) {
		ck_assert_int_eq(
		    status_of(want[i].err, "", ""), want[i].status);
		code_is(want[i].code);
	}
}
END_TEST

START_TEST(codes_with_a_status_of_their_own_win)
{
	ck_assert_int_eq(status_of(VT_INVALID, "malformed_json", "Bad."), 400);
	ck_assert_int_eq(status_of(VT_INVALID, "unknown_package", "Bad."), 422);
	ck_assert_int_eq(
	    status_of(VT_INVALID, "unsupported_media_type", "B"), 415);
	ck_assert_int_eq(status_of(VT_DENIED, "unauthenticated", "Who?"), 401);
	ck_assert_int_eq(status_of(VT_DENIED, "bad_signature", "No."), 400);
	ck_assert_int_eq(
	    status_of(VT_FUNDS, "payment_failed", "Declined."), 402);
	ck_assert_int_eq(
	    status_of(VT_CONFLICT, "payment_canceled", "Gone."), 409);
	ck_assert_int_eq(status_of(VT_DB, "outcome_unknown", "Perhaps."), 503);
	ck_assert(response_has_header(&answer, "Retry-After"));
	ck_assert_int_eq(
	    status_of(VT_BUSY, "stripe_unavailable", "Away."), 503);
	ck_assert(response_has_header(&answer, "Retry-After"));
}
END_TEST

START_TEST(what_went_wrong_inside_is_not_told)
{
	ck_assert_int_eq(
	    status_of(VT_DB, "secret_detail", "table x is gone"), 500);
	code_is("internal");
	ck_assert_ptr_null(strstr(buf_str(&answer.body), "table"));
	ck_assert_int_eq(status_of(VT_SYS, "", "EACCES on /etc"), 500);
	ck_assert_ptr_null(strstr(buf_str(&answer.body), "/etc"));
}
END_TEST

START_TEST(a_problem_of_an_earlier_step_is_not_this_ones)
{
	(void)vt_problem(
	    &fail_with, VT_NOTFOUND, "insufficient_tokens", NULL, "Old.");
	fail_as = VT_DB;
	ck_assert_int_eq(ask("GET", "/a", NULL, NULL), 500);
	code_is("internal");
}
END_TEST

START_TEST(members_of_a_problem_reach_the_caller)
{
	const struct json *j;
	struct vt_problem p;
	int64_t n;

	(void)vt_problem(&fail_with, VT_LIMIT, "rate_limited", "amount",
	    "Wait %d seconds.", 7);
	fail_with.retry_after_s = 7;
	(void)snprintf(fail_with.decline_code, sizeof(fail_with.decline_code),
	    "do_not_honor");
	(void)snprintf(
	    fail_with.details, sizeof(fail_with.details), "{\"available\":3}");
	fail_as = VT_LIMIT;
	ck_assert_int_eq(ask("GET", "/a", NULL, NULL), 429);
	ck_assert_int_eq(json_parse(arena, buf_str(&answer.body),
			     answer.body.len, 8, &j, &p),
	    VT_OK);
	ck_assert_str_eq(json_str_at(j, "error.field"), "amount");
	ck_assert_str_eq(json_str_at(j, "error.message"), "Wait 7 seconds.");
	ck_assert_str_eq(json_str_at(j, "error.decline_code"), "do_not_honor");
	ck_assert(json_int_at(j, "error.details.available", &n));
	ck_assert_int_eq(n, 3);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&answer.headers), "Retry-After: 7\r\n"));
}
END_TEST

START_TEST(a_malformed_request_gets_an_answer_too)
{
	ck_assert_int_eq(ask("GET", "nowhere", NULL, NULL), 400);
	code_is("malformed_request");
	ck_assert_int_eq(ask("POST", "/mine", "HTTP_AUTHORIZATION=a",
			     "HTTP_AUTHORIZATION=b"),
	    400);
	code_is("malformed_request");
	ck_assert_int_eq(handled, 0);
}
END_TEST

int
main(void)
{
	const TTest *const table[] = { rows_are_found_by_method_and_path,
		a_method_that_no_row_has_is_told_which_ones_have,
		preconditions_hold_in_their_order,
		a_body_on_a_row_that_takes_none_is_too_large,
		a_body_shorter_than_announced_is_malformed,
		an_answer_that_does_not_fit_is_our_fault,
		a_malformed_request_gets_an_answer_too, NULL };
	const TTest *const errors[] = {
		a_refusal_keeps_nothing_of_the_answer_before_it,
		every_result_has_a_status_of_its_own,
		codes_with_a_status_of_their_own_win,
		what_went_wrong_inside_is_not_told,
		a_problem_of_an_earlier_step_is_not_this_ones,
		members_of_a_problem_reach_the_caller, NULL
	};
	Suite *s = suite_create("route");

	random_init();
	if (log_level_set("error") != VT_OK)
		return EXIT_FAILURE;
	tcase_add_checked_fixture(
	    unit_case(s, "table", table), setup, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "errors", errors), setup, teardown);
	return unit_run(s);
}
