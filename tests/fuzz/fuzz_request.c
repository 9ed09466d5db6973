/*
 * fuzz_request: CGI parameters, one a line, then an empty line and the body,
 * through a table of rows as a worker would serve them. Whatever comes in,
 * one whole answer goes out: a status that openapi.yaml has, a head without a
 * stray control character, a body that is JSON, and in a refusal a code, a
 * message and the request's id.
 */
#include "fuzz.h"

#include <string.h>

#include "access/session.h"
#include "base/log.h"
#include "base/random.h"
#include "ledger/idempotency.h"
#include "text/utf8.h"
#include "web/cursor.h"
#include "web/serve.h"

#define PARAMS_MAX 64
#define BODY_BYTES_MAX 4096
#define NEEDS_SESSION 1

struct source {
	const char *data;
	size_t left;
	size_t asked;
};

static enum vt_err
read_body(void *arg, char *out, size_t bytes)
{
	struct source *s = arg;

	s->asked += bytes;
	if (bytes > s->left)
		return VT_INVALID;
	memcpy(out, s->data, bytes);
	return VT_OK;
}

static enum vt_err
list_get(struct request *r, struct response *w, struct vt_problem *p)
{
	static const char *const known[] = { "limit", "cursor", "user", NULL };
	struct json *o = json_object(r->arena);
	struct cursor_page page;
	enum vt_err err;

	if ((err = request_query_closed(r, known, p)) != VT_OK ||
	    (err = cursor_page(r, "things", &page, p)) != VT_OK)
		return err;
	FUZZ_CHECK(page.limit >= 1 && page.limit <= CURSOR_LIMIT_MAX);
	json_put_str(o, "user", request_query(r, "user"));
	json_put_str(o, "agent", request_header(r, "User-Agent"));
	json_put_str(o, "cookie", request_cookie(r, "c"));
	json_put_str(o, "path", r->path);
	cursor_end(r->arena, o, "things", true, &page.after);
	response_json(r, w, 200, o);
	response_revalidate(r, w);
	return VT_OK;
}

static enum vt_err
thing_post(struct request *r, struct response *w, struct vt_problem *p)
{
	static const struct json_field fields[] = {
		{ "name", JSON_TEXT, true, 0, 1, 100 },
	};
	struct json *o = json_object(r->arena);
	struct idempotency_key key;
	const char *name = NULL;
	enum vt_err err;

	if ((err = idempotency_key_init(&key, "user:fuzz", r->path,
		 request_header(r, "Idempotency-Key"), r->body, r->body_bytes,
		 p)) != VT_OK ||
	    (err = request_json(r, fields, countof(fields), &name, p)) != VT_OK)
		return err;
	FUZZ_CHECK(utf8_valid(name, strlen(name)));
	FUZZ_CHECK(utf8_valid(key.key, strlen(key.key)));
	json_put_str(o, "name", name);
	json_put_str(o, "key", key.key);
	response_json(r, w, 201, o);
	return VT_OK;
}

/* A credential is one when it can be found; what it is worth is jwt's. */
static enum vt_err
authorize(struct request *r, int who, struct vt_problem *p)
{
	const char *token, *origin;
	bool by_cookie;

	if (who == 0)
		return VT_OK;
	if (session_find(r, "12345678", &token, &by_cookie) != SESSION_OK)
		return vt_problem(
		    p, VT_DENIED, "unauthenticated", NULL, "Sign in.");
	FUZZ_CHECK(*token != '\0');
	if (session_origin(r->arena, token, &origin) == VT_OK)
		FUZZ_CHECK(strncmp(origin, "http", 4) == 0 &&
		    strpbrk(origin, "@?#") == NULL);
	return VT_OK;
}

static const struct route routes[] = {
	{ HTTP_GET, "/api/things", 0, 0, list_get, 0 },
	{ HTTP_POST, "/api/things", NEEDS_SESSION, BODY_BYTES_MAX, thing_post,
	    0 },
	{ HTTP_GET, "/api/under/*", 0, 0, list_get, 0 },
};

static const struct worker worker = { .name = "fuzz",
	.routes = routes,
	.routes_count = countof(routes),
	.authorize = authorize };

/* Lines become parameters, as libfcgi would hand them over; the rest. */
static char *
split(struct arena *a, char *text, const char **params)
{
	size_t n = 0, length;

	while (*text != '\0' && *text != '\n' && n < PARAMS_MAX) {
		length = strcspn(text, "\n");
		params[n++] = arena_memdup(a, text, length);
		text += length;
		if (*text == '\n')
			text++;
	}
	params[n] = NULL;
	return *text == '\n' ? text + 1 : text;
}

static void
check_head(const struct request *r, const struct response *w)
{
	size_t bytes;
	const char *head = response_head(r, w, &bytes);

	FUZZ_CHECK(strlen(head) == bytes);
	FUZZ_CHECK(strncmp(head, "Status: ", 8) == 0);
	FUZZ_CHECK(strcmp(head + bytes - 4, "\r\n\r\n") == 0);
	for (; *head != '\0'; head++) {
		unsigned char c = (unsigned char)*head;

		FUZZ_CHECK(c >= 0x20 || c == '\t' || c == '\n' ||
		    (c == '\r' && head[1] == '\n'));
	}
}

static void
check_answer(struct arena *a, const struct request *r, const struct response *w)
{
	static const int known[] = { 200, 201, 304, 400, 401, 404, 405, 413,
		415, 422 };
	const struct json *body;
	size_t i = 0;

	while (i < countof(known) && known[i] != w->status)
		i++;
	FUZZ_CHECK(i < countof(known));
	FUZZ_CHECK(w->status != 304 || w->body.len == 0);
	if (w->status == 304)
		return;
	FUZZ_CHECK(json_parse(a, buf_str(&w->body), w->body.len, JSON_DEPTH_MAX,
		       &body, NULL) == VT_OK);
	if (w->status < 400)
		return;
	FUZZ_CHECK(json_str_at(body, "error.code") != NULL);
	FUZZ_CHECK(*json_str_at(body, "error.message") != '\0');
	FUZZ_CHECK(strcmp(json_str_at(body, "error.request_id"), r->id) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const char *params[PARAMS_MAX + 1];
	struct arena *a = arena_new();
	struct worker_state state = { 0 };
	struct response w;
	struct request r;
	struct source s;
	char *text, *rest;

	random_init();
	if (log_level_set("error") != VT_OK)
		abort();
	text = arena_memdup(a, data, bytes);
	rest = split(a, text, params);
	s = (struct source){ .data = rest,
		.left = bytes - (size_t)(rest - text) };
	response_init(&w);
	serve(&worker, &state, params, read_body, &s, a, &r, &w);
	FUZZ_CHECK(s.asked <= BODY_BYTES_MAX);
	check_head(&r, &w);
	check_answer(a, &r, &w);
	log_request(NULL);
	response_free(&w);
	arena_free(a);
	return 0;
}
