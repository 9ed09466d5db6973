/* http: requests made of CGI parameters, and answers. No process, no socket. */
#include "unit.h"

#include <string.h>

#include "base/random.h"
#include "web/http.h"

#define PARAMS(...)               \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static struct arena *arena;
static struct request req;
static struct vt_problem problem;

static void
setup(void)
{
	arena = arena_new();
	memset(&problem, 0, sizeof(problem));
}

static void
teardown(void)
{
	arena_free(arena);
}

static enum vt_err
from(const char *const *params)
{
	return request_from(&req, arena, params, &problem);
}

static void
refused(const char *const *params, const char *code, const char *field)
{
	ck_assert_int_eq(from(params), VT_INVALID);
	ck_assert_str_eq(problem.code, code);
	ck_assert_str_eq(problem.field, field);
	ck_assert_str_ne(problem.message, "");
	ck_assert_ptr_nonnull(req.id);
	ck_assert_ptr_nonnull(req.path);
}

START_TEST(request_reads_what_the_server_says)
{
	ck_assert_int_eq(
	    from(PARAMS("REQUEST_METHOD=POST", "DOCUMENT_URI=/api/x",
		"QUERY_STRING=a=1&b=%C3%A9", "REMOTE_ADDR=192.0.2.1",
		"REQUEST_SCHEME=https", "CONTENT_LENGTH=12",
		"HTTP_USER_AGENT=me", "CONTENT_TYPE=text/plain")),
	    VT_OK);
	ck_assert_int_eq(req.method, HTTP_POST);
	ck_assert_str_eq(req.path, "/api/x");
	ck_assert_str_eq(request_query(&req, "b"), "é");
	ck_assert_ptr_null(request_query(&req, "c"));
	ck_assert_str_eq(req.remote_addr, "192.0.2.1");
	ck_assert_str_eq(req.scheme, "https");
	ck_assert_uint_eq(req.content_length, 12);
	ck_assert_str_eq(request_header(&req, "user-agent"), "me");
	ck_assert_str_eq(request_header(&req, "Content-Type"), "text/plain");
	ck_assert_ptr_null(request_header(&req, "Accept"));
	ck_assert_ptr_null(request_param(&req, "HTTP_USER"));
}
END_TEST

START_TEST(request_falls_back_to_script_name_and_path_info)
{
	ck_assert_int_eq(
	    from(PARAMS("SCRIPT_NAME=/api", "PATH_INFO=/y")), VT_OK);
	ck_assert_str_eq(req.path, "/api/y");
	ck_assert_int_eq(req.method, HTTP_OTHER);
}
END_TEST

START_TEST(request_copies_outlive_the_library)
{
	char uri[] = "DOCUMENT_URI=/gone";

	ck_assert_int_eq(from(PARAMS(uri)), VT_OK);
	memset(uri, 'x', sizeof(uri) - 1);
	ck_assert_str_eq(req.path, "/gone");
}
END_TEST

START_TEST(head_is_get_without_a_body)
{
	ck_assert_int_eq(
	    from(PARAMS("REQUEST_METHOD=HEAD", "DOCUMENT_URI=/")), VT_OK);
	ck_assert_int_eq(req.method, HTTP_GET);
	ck_assert(req.head);
}
END_TEST

START_TEST(lengths_that_are_no_numbers_are_refused)
{
	static const char *const bad[] = { "CONTENT_LENGTH=-1",
		"CONTENT_LENGTH=1x", "CONTENT_LENGTH= 1", "CONTENT_LENGTH=+1",
		"CONTENT_LENGTH=18446744073709551617" };

	for (size_t i = 0; i < countof(bad); i++)
		refused(PARAMS("DOCUMENT_URI=/", bad[i]), "malformed_request",
		    "Content-Length");
	ck_assert_int_eq(
	    from(PARAMS("DOCUMENT_URI=/", "CONTENT_LENGTH=")), VT_OK);
	ck_assert_uint_eq(req.content_length, 0);
}
END_TEST

START_TEST(paths_and_queries_that_cannot_be_read_are_refused)
{
	refused(PARAMS("DOCUMENT_URI="), "malformed_request", "");
	refused(PARAMS("DOCUMENT_URI=api"), "malformed_request", "");
	refused(PARAMS("DOCUMENT_URI=/\xff"), "malformed_request", "");
	refused(PARAMS("X=1"), "malformed_request", "");
	ck_assert_int_eq(
	    from(PARAMS("DOCUMENT_URI=/", "QUERY_STRING=%zz")), VT_INVALID);
	ck_assert_str_eq(problem.code, "malformed_form");
}
END_TEST

START_TEST(repeated_credentials_are_refused_and_other_headers_not)
{
	refused(PARAMS("DOCUMENT_URI=/", "HTTP_AUTHORIZATION=a",
		    "HTTP_AUTHORIZATION=a"),
	    "malformed_request", "authorization");
	refused(PARAMS("DOCUMENT_URI=/", "HTTP_STRIPE_SIGNATURE=a",
		    "HTTP_STRIPE_SIGNATURE=b"),
	    "malformed_request", "stripe-signature");
	refused(PARAMS("DOCUMENT_URI=/", "HTTP_CONTENT_TYPE=a",
		    "CONTENT_TYPE=a", "HTTP_CONTENT_TYPE=b"),
	    "malformed_request", "content-type");
	ck_assert_int_eq(
	    from(PARAMS("DOCUMENT_URI=/", "HTTP_ACCEPT=a", "HTTP_ACCEPT=b")),
	    VT_OK);
}
END_TEST

START_TEST(request_id_is_nginxs_then_the_callers_then_made)
{
	ck_assert_int_eq(from(PARAMS("DOCUMENT_URI=/", "REQUEST_ID=nginx-123",
			     "HTTP_X_REQUEST_ID=caller-123")),
	    VT_OK);
	ck_assert_str_eq(req.id, "nginx-123");
	ck_assert_int_eq(
	    from(PARAMS("DOCUMENT_URI=/", "HTTP_X_REQUEST_ID=caller-123")),
	    VT_OK);
	ck_assert_str_eq(req.id, "caller-123");
	ck_assert_int_eq(
	    from(PARAMS("DOCUMENT_URI=/", "HTTP_X_REQUEST_ID=a b c d e f g")),
	    VT_OK);
	ck_assert_int_eq(strncmp(req.id, "req_", 4), 0);
	ck_assert_int_eq(
	    from(PARAMS("DOCUMENT_URI=/", "REQUEST_ID=short")), VT_OK);
	ck_assert_int_eq(strncmp(req.id, "req_", 4), 0);
}
END_TEST

START_TEST(cookies_are_found_by_their_whole_name)
{
	ck_assert_int_eq(
	    from(PARAMS("DOCUMENT_URI=/",
		"HTTP_COOKIE=__session_ab=2; __session=1 ;a=;b; a=9;x=\"y\"")),
	    VT_OK);
	ck_assert_str_eq(request_cookie(&req, "__session"), "1");
	ck_assert_str_eq(request_cookie(&req, "__session_ab"), "2");
	ck_assert_str_eq(request_cookie(&req, "a"), "");
	ck_assert_str_eq(request_cookie(&req, "x"), "\"y\"");
	ck_assert_ptr_null(request_cookie(&req, "b"));
	ck_assert_ptr_null(request_cookie(&req, "session"));
	ck_assert_ptr_null(request_cookie(&req, ""));
	ck_assert_int_eq(from(PARAMS("DOCUMENT_URI=/")), VT_OK);
	ck_assert_ptr_null(request_cookie(&req, "a"));
}
END_TEST

START_TEST(json_bodies_need_their_type_and_utf8)
{
	static const char *const good[] = { "CONTENT_TYPE=application/json",
		"CONTENT_TYPE=Application/JSON; charset=UTF-8",
		"CONTENT_TYPE=application/json;charset=\"utf-8\"",
		"CONTENT_TYPE=application/json; x=y" };
	static const char *const bad[] = { "CONTENT_TYPE=",
		"CONTENT_TYPE=text/json", "CONTENT_TYPE=application/jsonp",
		"CONTENT_TYPE=application/json; charset=latin1",
		"CONTENT_TYPE=application/json; charset=utf-16",
		"CONTENT_TYPE=application/x-www-form-urlencoded", "X=1" };
	const struct json *tree;

	for (size_t i = 0; i < countof(good); i++) {
		ck_assert_int_eq(
		    from(PARAMS("DOCUMENT_URI=/", good[i])), VT_OK);
		req.body = "{}";
		req.body_bytes = 2;
		ck_assert_int_eq(
		    request_json_tree(&req, &tree, &problem), VT_OK);
	}
	for (size_t i = 0; i < countof(bad); i++) {
		ck_assert_int_eq(from(PARAMS("DOCUMENT_URI=/", bad[i])), VT_OK);
		req.body = "{}";
		req.body_bytes = 2;
		ck_assert_int_eq(
		    request_json_tree(&req, &tree, &problem), VT_INVALID);
		ck_assert_str_eq(problem.code, "unsupported_media_type");
	}
}
END_TEST

static void
json_refused(const char *body, size_t bytes, const char *code)
{
	static const struct json_field fields[] = {
		{ "n", JSON_INT, true, 0, 1, 10 },
	};
	int64_t n = 0;

	ck_assert_int_eq(
	    from(PARAMS("DOCUMENT_URI=/", "CONTENT_TYPE=application/json")),
	    VT_OK);
	req.body = body;
	req.body_bytes = bytes;
	ck_assert_int_eq(
	    request_json(&req, fields, 1, &n, &problem), VT_INVALID);
	ck_assert_str_eq(problem.code, code);
	ck_assert_int_eq(n, 0);
}

START_TEST(json_bodies_that_are_no_closed_object_are_refused)
{
	static char deep[1000];

	memset(deep, '[', sizeof(deep));
	json_refused("", 0, "malformed_json");
	json_refused("[]", 2, "malformed_json");
	json_refused("3", 1, "malformed_json");
	json_refused("{\"n\":1", 6, "malformed_json");
	json_refused("{\"n\":\"\xff\"}", 9, "malformed_json");
	json_refused(deep, sizeof(deep), "malformed_json");
	json_refused("{\"n\":1,\"m\":2}", 13, "unknown_field");
	json_refused("{}", 2, "missing_field");
	json_refused("{\"n\":11}", 8, "invalid_field");
	json_refused("{\"n\":1.5}", 9, "invalid_field");
	json_refused("{\"n\":9007199254740993}", 22, "invalid_field");
}
END_TEST

START_TEST(query_parameters_are_closed_too)
{
	const char *const known[] = { "limit", "cursor", NULL };

	ck_assert_int_eq(
	    from(PARAMS("DOCUMENT_URI=/", "QUERY_STRING=limit=1")), VT_OK);
	ck_assert_int_eq(request_query_closed(&req, known, &problem), VT_OK);
	ck_assert_int_eq(
	    from(PARAMS("DOCUMENT_URI=/", "QUERY_STRING=limits=1")), VT_OK);
	ck_assert_int_eq(
	    request_query_closed(&req, known, &problem), VT_INVALID);
	ck_assert_str_eq(problem.code, "unknown_field");
	ck_assert_str_eq(problem.field, "limits");
	ck_assert_int_eq(
	    from(PARAMS("DOCUMENT_URI=/", "QUERY_STRING=limit=1&limit=2")),
	    VT_OK);
	ck_assert_int_eq(
	    request_query_closed(&req, known, &problem), VT_INVALID);
	ck_assert_str_eq(problem.code, "invalid_field");
}
END_TEST

static const char *
head_of(const struct response *w)
{
	size_t bytes;
	const char *head = response_head(&req, w, &bytes);

	ck_assert_uint_eq(bytes, strlen(head));
	return head;
}

START_TEST(answers_carry_the_headers_that_api_answers_need)
{
	struct response w;
	const char *head;

	ck_assert_int_eq(
	    from(PARAMS("DOCUMENT_URI=/", "REQUEST_ID=0123456789")), VT_OK);
	response_init(&w);
	response_json(&req, &w, 201, json_object(arena));
	head = head_of(&w);
	ck_assert_ptr_nonnull(strstr(head, "Status: 201 Created\r\n"));
	ck_assert_ptr_nonnull(
	    strstr(head, "Content-Type: application/json; charset=utf-8\r\n"));
	ck_assert_ptr_nonnull(strstr(head, "X-Request-Id: 0123456789\r\n"));
	ck_assert_ptr_nonnull(strstr(head, "Cache-Control: no-store\r\n"));
	ck_assert_ptr_nonnull(
	    strstr(head, "X-Content-Type-Options: nosniff\r\n"));
	ck_assert_ptr_nonnull(strstr(head, "Content-Length: 2\r\n\r\n"));
	response_free(&w);
}
END_TEST

START_TEST(answers_keep_a_handlers_own_cache_rule)
{
	struct response w;

	ck_assert_int_eq(from(PARAMS("DOCUMENT_URI=/")), VT_OK);
	response_init(&w);
	response_header(&w, "ETag", "\"1\"");
	response_header(&w, "cache-control", "max-age=60");
	w.status = 304;
	ck_assert_ptr_null(strstr(head_of(&w), "no-store"));
	ck_assert_ptr_null(strstr(head_of(&w), "\nContent-"));
	ck_assert(response_has_header(&w, "etag"));
	ck_assert(!response_has_header(&w, "tag"));
	response_reset(&w);
	ck_assert(!response_has_header(&w, "etag"));
	ck_assert_int_eq(w.status, 200);
	response_free(&w);
}
END_TEST

START_TEST(a_header_with_a_line_end_ends_the_process)
{
	struct response w;

	response_init(&w);
	response_header(&w, "Location", "/a\r\nSet-Cookie: x");
}
END_TEST

int
main(void)
{
	const TTest *const requests[] = { request_reads_what_the_server_says,
		request_falls_back_to_script_name_and_path_info,
		request_copies_outlive_the_library, head_is_get_without_a_body,
		lengths_that_are_no_numbers_are_refused,
		paths_and_queries_that_cannot_be_read_are_refused,
		repeated_credentials_are_refused_and_other_headers_not,
		request_id_is_nginxs_then_the_callers_then_made,
		cookies_are_found_by_their_whole_name,
		json_bodies_need_their_type_and_utf8,
		json_bodies_that_are_no_closed_object_are_refused,
		query_parameters_are_closed_too, NULL };
	const TTest *const answers[] = {
		answers_carry_the_headers_that_api_answers_need,
		answers_keep_a_handlers_own_cache_rule, NULL
	};
	Suite *s = suite_create("http");
	TCase *c;

	random_init();
	c = unit_case(s, "requests", requests);
	tcase_add_checked_fixture(c, setup, teardown);
	c = unit_case(s, "answers", answers);
	tcase_add_checked_fixture(c, setup, teardown);
	c = tcase_create("misuse");
	tcase_add_test_raise_signal(
	    c, a_header_with_a_line_end_ends_the_process, 6 /* SIGABRT */);
	suite_add_tcase(s, c);
	return unit_run(s);
}
