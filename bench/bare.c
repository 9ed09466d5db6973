/*
 * bare: what a worker costs that does next to nothing, to measure ours by.
 *
 * Four programs of this one source, each beside the real worker of the same
 * name and with as many threads: it takes the same request through the same
 * worker_main(), checks the same credential in the same way and logs the
 * same line. The one for reads then answers; those for writes first add one
 * row, the body, in the write path that all share, and answer after its
 * commit. The row goes into the audit of a database that is thrown away.
 */
#include <errno.h>
#include <string.h>

#include "access/access.h"
#include "base/clock.h"
#include "base/config.h"
#include "billing/audit.h"
#include "store/writer.h"
#include "text/signature.h"
#include "web/worker.h"

#define BODY_BYTES_MAX (512 * 1024)
#define SECRET_BYTES_MIN 16

static enum vt_err
answer(struct request *r, struct response *w)
{
	struct json *j = json_object(r->arena);

	json_put_bool(j, "ok", true);
	response_json(r, w, 200, j);
	return VT_OK;
}

/* ---- reads --------------------------------------------------------------- */

static enum vt_err
read_get(struct request *r, struct response *w, struct vt_problem *p)
{
	(void)p; /* nothing can go wrong */
	return answer(r, w);
}

/* ---- writes -------------------------------------------------------------- */

static enum vt_err
insert(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct request *r = in;

	(void)out, (void)p; /* it says nothing but that it was done */
	return audit_add(db, "bare", r->path, r->id, r->body, clock_now_ms());
}

static enum vt_err
write_post(struct request *r, struct response *w, struct vt_problem *p)
{
	enum vt_err err;

	err = writer_run(worker_state(r)->writer, insert, r, NULL, p);
	return err == VT_OK ? answer(r, w) : err;
}

static enum vt_err
webhook_post(struct request *r, struct response *w, struct vt_problem *p)
{
	if (signature_stripe_verify(worker_state(r)->own,
		request_header(r, "Stripe-Signature"), r->body, r->body_bytes,
		clock_now_s()) != SIGNATURE_OK)
		return vt_problem(p, VT_INVALID, "bad_signature", NULL,
		    "The Stripe-Signature does not fit this body.");
	return write_post(r, w, p);
}

/* ---- what each holds ----------------------------------------------------- */

static void *
session_open(struct worker_state *s)
{
	access_open(s);
	return NULL;
}

static void
session_close(void *own)
{
	(void)own; /* there is nothing of our own */
	access_close();
}

static void *
webhook_open(struct worker_state *s)
{
	struct secret *value =
	    secret_need("STRIPE_WEBHOOK_SECRET", SECRET_BYTES_MIN);
	struct signature_keys *keys = NULL;

	(void)s; /* the secret is all */
	if (signature_keys_stripe(value, &keys) != VT_OK)
		config_die("STRIPE_WEBHOOK_SECRET", "it must be secrets");
	secret_free(value);
	return keys;
}

static void
webhook_close(void *own)
{
	signature_keys_free(own);
}

/* ---- the four ------------------------------------------------------------ */

static const struct route balance_routes[] = {
	{ HTTP_GET, "/bare/balance", ACCESS_USER, 0, read_get, 0 },
};
static const struct route spend_routes[] = {
	{ HTTP_POST, "/bare/spend", ACCESS_TOKENS_SPEND, BODY_BYTES_MAX,
	    write_post, 0 },
};
static const struct route webhook_routes[] = {
	{ HTTP_POST, "/bare/webhook", 0, BODY_BYTES_MAX, webhook_post, 0 },
};
static const struct route intent_routes[] = {
	{ HTTP_POST, "/bare/intent", ACCESS_USER, BODY_BYTES_MAX, write_post,
	    0 },
};

static const struct worker workers[] = {
	{ .name = "bare-balance",
	    .routes = balance_routes,
	    .db = WORKER_DB_READ,
	    .threads = 8,
	    .open = session_open,
	    .close = session_close,
	    .authorize = access_authorize },
	{ .name = "bare-spend",
	    .routes = spend_routes,
	    .db = WORKER_DB_WRITE,
	    .threads = 32,
	    .authorize = access_authorize_service },
	{ .name = "bare-webhook",
	    .routes = webhook_routes,
	    .db = WORKER_DB_WRITE,
	    .threads = 16,
	    .open = webhook_open,
	    .close = webhook_close },
	{ .name = "bare-intent",
	    .routes = intent_routes,
	    .db = WORKER_DB_WRITE,
	    .threads = 32,
	    .open = session_open,
	    .close = session_close,
	    .authorize = access_authorize },
};

int
main(int argc, char **argv)
{
	struct worker w;

	for (size_t i = 0; i < countof(workers); i++)
		if (strcmp(workers[i].name, program_invocation_short_name) ==
		    0) {
			w = workers[i];
			w.routes_count = 1;
			return worker_main(argc, argv, &w);
		}
	return 64; /* EX_USAGE: called by another name */
}
