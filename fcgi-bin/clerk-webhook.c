/*
 * clerk-webhook: POST /api/webhooks/clerk, what Clerk tells about users.
 *
 * Clerk signs as Svix does, over the raw bytes, and sends again what was not
 * answered with 2xx; so 200 follows the commit, and only what could not be
 * stored answers 5xx. It holds the endpoint's secret and nothing else. See
 * clerk-webhook(8).
 */
#include "base/clock.h"
#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"
#include "billing/clerk.h"
#include "billing/low_balance.h"
#include "store/writer.h"
#include "text/signature.h"
#include "web/worker.h"

#define BODY_BYTES_MAX (512 * 1024)
#define SECRET_BYTES_MIN 24

/* Svix's own name of a header, or the standard's (docs.svix.com). */
static const char *
header(const struct request *r, const char *svix, const char *standard)
{
	const char *value = request_header(r, svix);

	return value != NULL ? value : request_header(r, standard);
}

/* One answer for every fault: a forger learns nothing from it. */
static enum vt_err
refuse(enum signature_fault fault, struct vt_problem *p)
{
	LOG(LOG_WARN, "webhook.refused", LOG_S("from", "clerk"),
	    LOG_S("why", signature_fault_name(fault)));
	return vt_problem(p, VT_INVALID, "bad_signature", NULL,
	    "The svix-signature does not fit this body.");
}

static void
note(const struct clerk_message *m, enum clerk_outcome outcome)
{
	LOG(m->kind == CLERK_UNUSABLE ? LOG_ERROR : LOG_INFO, "webhook.clerk",
	    LOG_S("id", m->id), LOG_S("type", m->type),
	    LOG_S("user", m->object),
	    LOG_S("outcome", clerk_outcome_name(outcome)));
}

static enum vt_err
webhook_post(struct request *r, struct response *w, struct vt_problem *p)
{
	struct worker_state *s = worker_state(r);
	const char *id = header(r, "svix-id", "webhook-id");
	int64_t now_ms = clock_now_ms();
	struct clerk_message m;
	enum clerk_outcome outcome;
	enum signature_fault fault;
	struct json *answer;
	enum vt_err err;

	fault = signature_svix_verify(s->own, id,
	    header(r, "svix-timestamp", "webhook-timestamp"),
	    header(r, "svix-signature", "webhook-signature"), r->body,
	    r->body_bytes, now_ms / 1000);
	if (fault != SIGNATURE_OK)
		return refuse(fault, p);
	err = clerk_read(r->arena, id, r->body, r->body_bytes, now_ms, &m, p);
	if (err != VT_OK)
		return err;
	fault_point("clerk.before_write");
	err = writer_run(s->writer, clerk_receive, &m, &outcome, p);
	fault_point("clerk.before_answer");
	if (err != VT_OK)
		return err;
	note(&m, outcome);
	answer = json_object(r->arena);
	json_put_bool(answer, "received", true);
	json_put_str(answer, "outcome", clerk_outcome_name(outcome));
	response_json(r, w, 200, answer);
	return VT_OK;
}

static void *
webhook_open(struct worker_state *s)
{
	struct secret *value =
	    secret_need("CLERK_WEBHOOK_SIGNING_SECRET", SECRET_BYTES_MIN);
	struct signature_keys *keys = NULL;

	(void)s;
	if (signature_keys_svix(value, &keys) != VT_OK)
		config_die("CLERK_WEBHOOK_SIGNING_SECRET",
		    "it must be one to four secrets, each \"whsec_\" and "
		    "base64, separated by commas");
	secret_free(value);
	low_balance_open();
	return keys;
}

static void
webhook_close(void *own)
{
	signature_keys_free(own);
}

static const struct route routes[] = {
	{ HTTP_POST, "/api/webhooks/clerk", 0, BODY_BYTES_MAX, webhook_post,
	    0 },
};

int
main(int argc, char **argv)
{
	return worker_main(argc, argv,
	    &(struct worker){ .name = "clerk-webhook",
		.routes = routes,
		.routes_count = countof(routes),
		.db = WORKER_DB_WRITE,
		.threads = 4,
		.open = webhook_open,
		.close = webhook_close });
}
