/*
 * spend: what services do with their users' tokens (POST /api/tokens/spend,
 * .../hold, .../capture, .../release, .../reverse). It holds no secret: the
 * database knows hashes of API keys and nothing more. See spend(8).
 */
#include <stddef.h>
#include <string.h>

#include "access/access.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "billing/low_balance.h"
#include "billing/service_calls.h"
#include "billing/users.h"
#include "ledger/holds.h"
#include "ledger/movements.h"
#include "ledger/services.h"
#include "store/writer.h"
#include "web/worker.h"

#define BODY_BYTES_MAX (64 * 1024)
#define METADATA_BYTES_MAX 2048
#define REASON_BYTES_MAX 500

/*
 * Each waits for a commit that it shares with all that wait, so that more
 * of them make larger batches and not more commits.
 */
#define THREADS 32

/* ---- what all five share ------------------------------------------------- */

/* Who calls, by the key alone (R84); `key` is filled in and pointed at. */
static enum vt_err
read_call(struct request *r, struct idempotency_key *key,
    struct service_call *out, struct vt_problem *p)
{
	const struct caller *c = access_caller(r);

	out->service = c->service;
	out->actor = c->actor;
	out->key = key;
	out->request_id = r->id;
	out->now_ms = clock_now_ms();
	out->arena = r->arena;
	return idempotency_key_init(key, c->actor, r->path,
	    request_header(r, "Idempotency-Key"), r->body, r->body_bytes, p);
}

/* Runs the operation and answers after its commit. */
static enum vt_err
run(struct request *r, struct response *w, write_fn fn, const void *in,
    struct vt_problem *p)
{
	struct service_answer done;
	enum vt_err err;

	fault_point("spend.before_write");
	err = writer_run(worker_state(r)->writer, fn, in, &done, p);
	fault_point("spend.before_answer");
	if (err != VT_OK)
		return err;
	LOG(LOG_DEBUG, "service.answered",
	    LOG_S("actor", access_caller(r)->actor),
	    LOG_I("replayed", done.replayed));
	if (done.replayed)
		response_header(w, "Idempotent-Replayed", "true");
	response_text(w, done.status, "application/json; charset=utf-8",
	    done.body, strlen(done.body));
	return VT_OK;
}

/* ---- spend --------------------------------------------------------------- */

struct spend_input {
	const char *user, *reference;
	int64_t amount;
	const struct json *metadata;
};

static const struct json_field spend_fields[] = {
	{ "user", JSON_TEXT, true, offsetof(struct spend_input, user), 1,
	    USER_SUB_BYTES - 1 },
	{ "amount", JSON_INT, true, offsetof(struct spend_input, amount), 1,
	    LEDGER_TOKENS_MAX },
	{ "reference", JSON_TEXT, true, offsetof(struct spend_input, reference),
	    1, SERVICE_REFERENCE_BYTES - 1 },
	{ "metadata", JSON_NODE, false, offsetof(struct spend_input, metadata),
	    0, 0 },
};

static enum vt_err
read_metadata(struct request *r, const struct json *metadata, const char **out,
    struct vt_problem *p)
{
	*out = NULL;
	if (metadata == NULL)
		return VT_OK;
	*out = json_text(r->arena, metadata);
	if (json_is_object(metadata) && strlen(*out) <= METADATA_BYTES_MAX)
		return VT_OK;
	return vt_problem(p, VT_INVALID, "invalid_field", "metadata",
	    "metadata must be an object of at most %d bytes.",
	    METADATA_BYTES_MAX);
}

static enum vt_err
spend_post(struct request *r, struct response *w, struct vt_problem *p)
{
	struct spend_input in = { 0 };
	struct service_spend s = { 0 };
	struct idempotency_key key;
	enum vt_err err;

	err = request_json(r, spend_fields, countof(spend_fields), &in, p);
	if (err == VT_OK)
		err = read_metadata(r, in.metadata, &s.metadata, p);
	if (err == VT_OK)
		err = read_call(r, &key, &s.call, p);
	if (err != VT_OK)
		return err;
	s.user = in.user;
	s.tokens = in.amount;
	s.reference = in.reference;
	return run(r, w, service_spend, &s, p);
}

/* ---- hold, capture, release ---------------------------------------------- */

struct hold_input {
	const char *user, *reference;
	int64_t amount, ttl_s;
};

static const struct json_field hold_fields[] = {
	{ "user", JSON_TEXT, true, offsetof(struct hold_input, user), 1,
	    USER_SUB_BYTES - 1 },
	{ "amount", JSON_INT, true, offsetof(struct hold_input, amount), 1,
	    LEDGER_TOKENS_MAX },
	{ "reference", JSON_TEXT, true, offsetof(struct hold_input, reference),
	    1, SERVICE_REFERENCE_BYTES - 1 },
	{ "ttl_s", JSON_INT, true, offsetof(struct hold_input, ttl_s), 1,
	    HOLD_TTL_MAX_S },
};

static enum vt_err
hold_post(struct request *r, struct response *w, struct vt_problem *p)
{
	struct hold_input in = { 0 };
	struct service_hold s = { 0 };
	struct idempotency_key key;
	enum vt_err err;

	err = request_json(r, hold_fields, countof(hold_fields), &in, p);
	if (err == VT_OK)
		err = read_call(r, &key, &s.call, p);
	if (err != VT_OK)
		return err;
	s.user = in.user;
	s.tokens = in.amount;
	s.reference = in.reference;
	s.ttl_s = in.ttl_s;
	return run(r, w, service_hold, &s, p);
}

struct end_input {
	const char *hold_id;
	int64_t amount;
};

static const struct json_field capture_fields[] = {
	{ "hold_id", JSON_TEXT, true, offsetof(struct end_input, hold_id), 1,
	    RANDOM_ID_BYTES - 1 },
	{ "amount", JSON_INT, true, offsetof(struct end_input, amount), 1,
	    LEDGER_TOKENS_MAX },
};

static const struct json_field release_fields[] = {
	{ "hold_id", JSON_TEXT, true, offsetof(struct end_input, hold_id), 1,
	    RANDOM_ID_BYTES - 1 },
};

static enum vt_err
end_hold(struct request *r, struct response *w, const struct json_field *fields,
    size_t count, write_fn fn, struct vt_problem *p)
{
	struct end_input in = { 0 };
	struct service_hold_end e = { 0 };
	struct idempotency_key key;
	enum vt_err err;

	err = request_json(r, fields, count, &in, p);
	if (err == VT_OK)
		err = read_call(r, &key, &e.call, p);
	if (err != VT_OK)
		return err;
	e.hold = in.hold_id;
	e.tokens = in.amount;
	return run(r, w, fn, &e, p);
}

static enum vt_err
capture_post(struct request *r, struct response *w, struct vt_problem *p)
{
	return end_hold(
	    r, w, capture_fields, countof(capture_fields), service_capture, p);
}

static enum vt_err
release_post(struct request *r, struct response *w, struct vt_problem *p)
{
	return end_hold(
	    r, w, release_fields, countof(release_fields), service_release, p);
}

/* ---- reverse ------------------------------------------------------------- */

struct reverse_input {
	const char *transaction_id, *reason;
	int64_t amount;
};

static const struct json_field reverse_fields[] = {
	{ "transaction_id", JSON_TEXT, true,
	    offsetof(struct reverse_input, transaction_id), 1,
	    RANDOM_ID_BYTES - 1 },
	{ "amount", JSON_INT, false, offsetof(struct reverse_input, amount), 1,
	    LEDGER_TOKENS_MAX },
	{ "reason", JSON_TEXT, true, offsetof(struct reverse_input, reason), 1,
	    REASON_BYTES_MAX },
};

static enum vt_err
reverse_post(struct request *r, struct response *w, struct vt_problem *p)
{
	struct reverse_input in = { 0 };
	struct service_reverse v = { 0 };
	struct idempotency_key key;
	enum vt_err err;

	err = request_json(r, reverse_fields, countof(reverse_fields), &in, p);
	if (err == VT_OK && in.reason[strspn(in.reason, " ")] == '\0')
		err = vt_problem(p, VT_INVALID, "invalid_field", "reason",
		    "reason must say why the tokens are given back.");
	if (err == VT_OK)
		err = read_call(r, &key, &v.call, p);
	if (err != VT_OK)
		return err;
	v.transaction = in.transaction_id;
	v.tokens = in.amount;
	v.reason = in.reason;
	return run(r, w, service_reverse, &v, p);
}

/* ---- the worker ---------------------------------------------------------- */

static void *
spend_open(struct worker_state *s)
{
	(void)s;
	low_balance_open();
	return NULL;
}

static const struct route routes[] = {
	{ HTTP_POST, "/api/tokens/spend", ACCESS_TOKENS_SPEND, BODY_BYTES_MAX,
	    spend_post, 0 },
	{ HTTP_POST, "/api/tokens/hold", ACCESS_TOKENS_SPEND, BODY_BYTES_MAX,
	    hold_post, 0 },
	{ HTTP_POST, "/api/tokens/capture", ACCESS_TOKENS_SPEND, BODY_BYTES_MAX,
	    capture_post, 0 },
	{ HTTP_POST, "/api/tokens/release", ACCESS_TOKENS_SPEND, BODY_BYTES_MAX,
	    release_post, 0 },
	{ HTTP_POST, "/api/tokens/reverse", ACCESS_TOKENS_REVERSE,
	    BODY_BYTES_MAX, reverse_post, 0 },
};

int
main(int argc, char **argv)
{
	return worker_main(argc, argv,
	    &(struct worker){ .name = "spend",
		.routes = routes,
		.routes_count = countof(routes),
		.db = WORKER_DB_WRITE,
		.threads = THREADS,
		.open = spend_open,
		.authorize = access_authorize_service,
		.limit_key = access_limit_key });
}
