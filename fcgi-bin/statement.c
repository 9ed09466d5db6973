/*
 * statement: a user asks for a signed statement of what he has (POST
 * /api/tokens/statement). It writes the request and hands out what keeper
 * signed; it holds no key but Clerk's public one. See statement(8).
 */
#include <string.h>

#include "access/access.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "billing/low_balance.h"
#include "billing/statements.h"
#include "store/writer.h"
#include "web/worker.h"

#define BODY_BYTES_MAX 1024 /* nothing, or {} */
#define PER_MINUTE 30	    /* calls; keeper signs within a second */
#define RETRY_AFTER "1"

/* There is nothing to say: no body, or an object without members. */
static enum vt_err
read_body(const struct request *r, struct vt_problem *p)
{
	static const char *const none[] = { NULL };
	enum vt_err err = request_query_closed(r, none, p);

	if (err != VT_OK || r->body_bytes == 0)
		return err;
	return request_json(r, NULL, 0, NULL, p);
}

static enum vt_err
statement_post(struct request *r, struct response *w, struct vt_problem *p)
{
	const struct caller *c = access_caller(r);
	struct statement_answer done;
	struct idempotency_key key;
	struct statement_ask ask = { .sub = c->sub,
		.key = &key,
		.now_ms = clock_now_ms(),
		.arena = r->arena };
	enum vt_err err;

	err = read_body(r, p);
	if (err == VT_OK)
		err = idempotency_key_init(&key, c->actor, r->path,
		    request_header(r, "Idempotency-Key"), r->body,
		    r->body_bytes, p);
	if (err != VT_OK)
		return err;
	fault_point("statement.before_write");
	err =
	    writer_run(worker_state(r)->writer, statement_ask, &ask, &done, p);
	fault_point("statement.before_answer");
	if (err != VT_OK)
		return err;
	LOG(LOG_INFO, "statement.answered", LOG_S("actor", c->actor),
	    LOG_I("status", done.status), LOG_I("replayed", done.replayed));
	if (done.replayed)
		response_header(w, "Idempotent-Replayed", "true");
	if (done.status == 202)
		response_header(w, "Retry-After", RETRY_AFTER);
	response_text(w, done.status, "application/json; charset=utf-8",
	    done.body, strlen(done.body));
	return VT_OK;
}

static void *
statement_open(struct worker_state *s)
{
	access_open(s);
	low_balance_open();
	return NULL;
}

static void
statement_close(void *own)
{
	(void)own; /* there is nothing of our own */
	access_close();
}

static const struct route routes[] = {
	{ HTTP_POST, "/api/tokens/statement", ACCESS_USER, BODY_BYTES_MAX,
	    statement_post, PER_MINUTE },
};

int
main(int argc, char **argv)
{
	return worker_main(argc, argv,
	    &(struct worker){ .name = "statement",
		.routes = routes,
		.routes_count = countof(routes),
		.db = WORKER_DB_WRITE,
		.threads = 4,
		.open = statement_open,
		.close = statement_close,
		.authorize = access_authorize,
		.limit_key = access_limit_key });
}
