/*
 * echo: a worker that says what it was asked, for the tests of worker_main.
 * Its table has a row for each precondition.
 */
#include <string.h>

#include "base/clock.h"
#include "web/worker.h"

#define BODY_BYTES_MAX 4096
#define SLOW_MS 1500

static enum vt_err
echo_get(struct request *r, struct response *w, struct vt_problem *p)
{
	struct json *o = json_object(r->arena);

	(void)p;
	json_put_str(o, "method", http_method_name(r->method));
	json_put_str(o, "path", r->path);
	json_put_str(o, "name", request_query(r, "name"));
	json_put_str(o, "agent", request_header(r, "User-Agent"));
	json_put_str(o, "cookie", request_cookie(r, "c"));
	response_json(r, w, 200, o);
	return VT_OK;
}

static enum vt_err
echo_post(struct request *r, struct response *w, struct vt_problem *p)
{
	static const struct json_field fields[] = {
		{ "word", JSON_TEXT, true, 0, 1, 100 },
	};
	struct json *o = json_object(r->arena);
	struct {
		const char *word;
	} in = { NULL };
	enum vt_err err;

	err = request_json(r, fields, countof(fields), &in, p);
	if (err != VT_OK)
		return err;
	json_put_str(o, "word", in.word);
	response_json(r, w, 201, o);
	return VT_OK;
}

static enum vt_err
slow_get(struct request *r, struct response *w, struct vt_problem *p)
{
	(void)r;
	(void)p;
	clock_sleep_ms(SLOW_MS);
	response_header(w, "Cache-Control", "max-age=60");
	response_text(w, 200, "text/plain", "slow\n", 5);
	return VT_OK;
}

/* Fails inside, with words that must not reach the caller. */
static enum vt_err
fail_get(struct request *r, struct response *w, struct vt_problem *p)
{
	(void)r;
	response_header(w, "X-Half-Done", "yes");
	return vt_problem(p, VT_DB, "", NULL, "the inside of the database");
}

/* Passwords are words of the tests: "yes" may call, "no" may not. */
static enum vt_err
authorize(struct request *r, int who, struct vt_problem *p)
{
	const char *sent = request_header(r, "Authorization");

	if (who == 0)
		return VT_OK;
	if (sent == NULL || *sent == '\0')
		return vt_problem(
		    p, VT_DENIED, "unauthenticated", NULL, "Say who you are.");
	if (strcmp(sent, "yes") != 0)
		return vt_problem(
		    p, VT_DENIED, "forbidden", NULL, "You may not.");
	return VT_OK;
}

static const struct route routes[] = {
	{ HTTP_GET, "/echo", 0, 0, echo_get, 0 },
	{ HTTP_POST, "/echo", 0, BODY_BYTES_MAX, echo_post, 0 },
	{ HTTP_GET, "/under/*", 0, 0, echo_get, 0 },
	{ HTTP_GET, "/slow", 0, 0, slow_get, 0 },
	{ HTTP_GET, "/fail", 0, 0, fail_get, 0 },
	{ HTTP_GET, "/limited", 0, 0, echo_get, 3 },
	{ HTTP_POST, "/mine", 1, BODY_BYTES_MAX, echo_post, 0 },
};

int
main(int argc, char **argv)
{
	return worker_main(argc, argv,
	    &(struct worker){ .name = "echo",
		.routes = routes,
		.routes_count = countof(routes),
		.db = WORKER_DB_NONE,
		.threads = 4,
		.authorize = authorize });
}
