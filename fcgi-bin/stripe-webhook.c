/*
 * stripe-webhook: POST /api/webhooks/stripe, what Stripe tells us.
 *
 * The signature is checked over the raw bytes before anything is parsed; the
 * event, its effect and the mail it causes are one write; 200 follows the
 * commit. It holds the endpoint's secret and no key. See stripe-webhook(8).
 */
#include "base/clock.h"
#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"
#include "billing/events.h"
#include "billing/low_balance.h"
#include "store/writer.h"
#include "text/signature.h"
#include "web/worker.h"

#define BODY_BYTES_MAX (512 * 1024)
#define SECRET_BYTES_MIN 16

/* One answer for every fault: a forger learns nothing from it. */
static enum vt_err
refuse(enum signature_fault fault, struct vt_problem *p)
{
	LOG(LOG_WARN, "webhook.refused", LOG_S("from", "stripe"),
	    LOG_S("why", signature_fault_name(fault)));
	return vt_problem(p, VT_INVALID, "bad_signature", NULL,
	    "The Stripe-Signature does not fit this body.");
}

static enum vt_err
webhook_post(struct request *r, struct response *w, struct vt_problem *p)
{
	struct worker_state *s = worker_state(r);
	struct event_fact *fact = arena_alloc(r->arena, sizeof(*fact));
	struct event_in in = { fact, s->instance, clock_now_ms() };
	struct event_done done;
	enum signature_fault fault;
	struct json *answer;
	enum vt_err err;

	fault = signature_stripe_verify(s->own,
	    request_header(r, "Stripe-Signature"), r->body, r->body_bytes,
	    in.now_ms / 1000);
	if (fault != SIGNATURE_OK)
		return refuse(fault, p);
	err = event_read(r->arena, r->body, r->body_bytes, fact, p);
	if (err != VT_OK)
		return err;
	fault_point("webhook.before_write");
	err = writer_run(s->writer, event_receive, &in, &done, p);
	fault_point("webhook.before_answer");
	if (err != VT_OK)
		return err;
	event_log(fact, &done);
	answer = json_object(r->arena);
	json_put_bool(answer, "received", true);
	json_put_str(answer, "outcome", event_outcome_name(done.outcome));
	response_json(r, w, 200, answer);
	return VT_OK;
}

static void *
webhook_open(struct worker_state *s)
{
	struct secret *value =
	    secret_need("STRIPE_WEBHOOK_SECRET", SECRET_BYTES_MIN);
	struct signature_keys *keys = NULL;

	(void)s;
	if (signature_keys_stripe(value, &keys) != VT_OK)
		config_die("STRIPE_WEBHOOK_SECRET",
		    "it must be one to four secrets, separated by commas");
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
	{ HTTP_POST, "/api/webhooks/stripe", 0, BODY_BYTES_MAX, webhook_post,
	    0 },
};

int
main(int argc, char **argv)
{
	return worker_main(argc, argv,
	    &(struct worker){ .name = "stripe-webhook",
		.routes = routes,
		.routes_count = countof(routes),
		.db = WORKER_DB_WRITE,
		.threads = 16,
		.open = webhook_open,
		.close = webhook_close });
}
