/* api: see api.h. */
#include "core/api.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/caller.h"
#include "core/delivery.h"
#include "core/idempotency.h"
#include "core/ids.h"
#include "core/operation.h"
#include "core/outage.h"
#include "core/params.h"
#include "core/tree.h"
#include "desk/requests.h"
#include "subscriptions/test_clock.h"

#define INSIDE_DEPTH_MAX 64
#define TRUNCATED_BYTES 512 /* how much of a cut answer is missing */

static const struct operation *const tables[] = {
	customer_operations,
	payment_intent_operations,
	payment_method_operations,
	charge_operations,
	balance_operations,
	refund_operations,
	dispute_operations,
	setup_intent_operations,
	checkout_operations,
	customer_session_operations,
	cli_session_operations,
	payment_page_operations,
	portal_configuration_operations,
	portal_session_operations,
	elements_operations,
	event_operations,
	webhook_endpoint_operations,
	preview_operations,
	subscription_operations,
	subscription_item_operations,
	test_clock_operations,
	product_operations,
	price_operations,
	plan_operations,
	coupon_operations,
	promotion_code_operations,
	customer_balance_operations,
	discount_operations,
	invoice_operations,
	invoice_action_operations,
	invoice_item_operations,
	invoice_line_operations,
	credit_note_operations,
	invoice_payment_operations,
};

/* All that is known about a call beside what operations need. */
struct work {
	struct call call;
	struct box *box;
	struct request *r;
	const struct operation *op;
	struct operation_form form;
	int status;
	const char *asked;    /* the parameters, for the list of requests */
	bool listed;	      /* it is in that list */
	const char *original; /* the first request's id, on a replay */
	enum outage outage;
};

/* --- what is asked ------------------------------------------------------ */

static void
find_operation(struct work *w)
{
	for (size_t i = 0; i < countof(tables) && w->op == NULL; i++)
		w->op = operation_find(&w->call, tables[i], w->r);
}

static enum vt_err
unknown_path(struct work *w)
{
	return call_fail(&w->call, 404, NULL, NULL,
	    "Unrecognized request URL (%s: %s). This sandbox has no such "
	    "operation.",
	    http_method_name(w->r->method), w->r->path);
}

enum vt_err
api_inside(struct call *c, enum http_method method, const char *path,
    struct json *params, const struct json **out)
{
	const struct request r = { .method = method, .path = path };
	const struct operation *op = NULL;
	struct call inner = *c;
	enum vt_err err;

	for (size_t i = 0; i < countof(tables) && op == NULL; i++)
		op = operation_find(&inner, tables[i], &r);
	if (op == NULL)
		return VT_NOTFOUND;
	inner.params = params;
	inner.key = KEY_SECRET;
	inner.versioned = true;
	err = op->run(&inner);
	c->docs = inner.docs;
	c->error = inner.error;
	return err == VT_OK
	    ? json_parse(c->arena, inner.answer, strlen(inner.answer),
		  INSIDE_DEPTH_MAX, out, NULL)
	    : err;
}

/* --- doing it ----------------------------------------------------------- */

/* Runs the operation; *keep says whether its changes are to last. */
static enum vt_err
run(struct work *w, bool *keep)
{
	enum vt_err err;

	err =
	    params_read(&w->call, w->form.tree, w->op->params, &w->call.params);
	w->asked = requests_params(&w->call);
	if (err == VT_OK)
		err = test_clock_enter(&w->call);
	if (err == VT_OK)
		err = w->op->run(&w->call);
	*keep = err == VT_OK || w->call.error.began;
	if (err != VT_OK && w->call.error.status == 0) {
		LOG(LOG_ERROR, "api.failed", LOG_S("path", w->r->path),
		    LOG_S("result", vt_err_name(err)));
		(void)call_fail(
		    &w->call, 500, NULL, NULL, "An unknown error occurred.");
		w->call.error.type = "api_error";
	}
	w->status = err == VT_OK ? 200 : w->call.error.status;
	if (err != VT_OK)
		w->call.answer = call_error_text(&w->call);
	return err;
}

/* True if the key's first answer stands, or it was used for something else. */
static bool
replay(struct work *w, const char *key, const char *request)
{
	struct idempotency_record old;
	struct call *c = &w->call;

	if (idempotency_find(c, key, &old) != VT_OK)
		return false;
	if (strcmp(old.request, request) != 0) {
		(void)call_fail(c, 400, NULL, NULL,
		    "Keys for idempotent requests can only be used with the "
		    "same parameters and endpoint they were first used with. "
		    "Try using a key other than '%s' if you meant to execute "
		    "a different request.",
		    key);
		c->error.type = "idempotency_error";
		w->status = 400;
		c->answer = call_error_text(c);
		return true;
	}
	w->status = old.status;
	w->original = old.request_id;
	c->answer = old.body;
	return true;
}

static void
give_up(struct work *w, const char *why)
{
	LOG(LOG_ERROR, "api.database_failed", LOG_S("why", why));
	(void)call_fail(
	    &w->call, 500, NULL, NULL, "An unknown error occurred.");
	w->call.error.type = "api_error";
	w->status = 500;
	w->call.answer = call_error_text(&w->call);
}

/* Into the list of calls, once. */
static void
list_call(struct work *w)
{
	if (!w->listed)
		requests_add(&w->call, w->asked, w->status);
	w->listed = true;
}

/* A call that changes something: one transaction, remembered by its key. */
static void
run_write(struct work *w)
{
	const char *key = w->call.idempotency_key, *request = NULL;
	struct db *db = w->box->db;
	enum vt_err err = VT_OK;
	bool keep = false;

	if (key != NULL) {
		request = idempotency_request(w->call.arena,
		    http_method_name(w->r->method), w->r->path, w->form.pairs,
		    w->form.count);
		if (replay(w, key, request))
			return;
	}
	if (db_begin(db) != VT_OK) {
		give_up(w, "begin");
		return;
	}
	(void)run(w, &keep); /* its result is in w->status */
	if (keep && key != NULL)
		err = idempotency_keep(&w->call, key,
		    &(struct idempotency_record){ request, w->call.request_id,
			w->status, w->call.answer });
	if (err == VT_OK && keep)
		list_call(w); /* here, since a commit more costs the most */
	if (err != VT_OK || !keep) {
		db_rollback(db);
		if (err != VT_OK)
			give_up(w, "keep");
	} else if (db_commit(db) != VT_OK) {
		db_rollback(db);
		w->listed = false;
		give_up(w, "commit");
	}
	delivery_wake(w->box);
}

static void
run_locked(struct work *w)
{
	bool keep;

	box_lock(w->box);
	w->call.now_s = clock_now_s();
	if (w->r->method == HTTP_GET)
		(void)run(w, &keep); /* its result is in w->status */
	else
		run_write(w);
	list_call(w);
	box_unlock(w->box);
}

static void
refuse(struct work *w)
{
	w->status = w->call.error.status;
	w->call.answer = call_error_text(&w->call);
}

/* A key is shown in a header and in events. */
static bool
is_printable(const char *key)
{
	for (; *key != '\0'; key++)
		if (*key < ' ' || *key > '~')
			return false;
	return true;
}

/* POSTs with a key, one at a time for each key. */
static void
run_once(struct work *w)
{
	struct call *c = &w->call;
	const char *key = request_header(w->r, "Idempotency-Key");

	if (w->r->method != HTTP_POST || key == NULL || *key == '\0') {
		run_locked(w);
		return;
	}
	if (strlen(key) > IDEMPOTENCY_KEY_BYTES_MAX) {
		(void)call_fail(c, 400, NULL, NULL,
		    "Idempotency keys can have %d characters at most.",
		    IDEMPOTENCY_KEY_BYTES_MAX);
		refuse(w);
		return;
	}
	if (!is_printable(key)) {
		(void)call_fail(c, 400, NULL, NULL,
		    "Idempotency keys can have letters, digits, signs and "
		    "blanks of ASCII only.");
		refuse(w);
		return;
	}
	c->idempotency_key = key;
	if (!inflight_enter(w->box->inflight, key)) {
		(void)call_fail(c, 409, "idempotency_key_in_use", NULL,
		    "There is currently another in-progress request using "
		    "this Idempotency Key. Please try again later.");
		c->error.type = "idempotency_error";
		refuse(w);
		return;
	}
	run_locked(w);
	inflight_leave(w->box->inflight, key);
}

/* --- the answer --------------------------------------------------------- */

static void
put_headers(const struct work *w, struct response *out)
{
	const struct call *c = &w->call;

	response_header(out, "Request-Id", c->request_id);
	response_header(out, "Stripe-Version", BOX_API_VERSION);
	response_header(out, "Access-Control-Allow-Origin", "*");
	response_header(out, "Access-Control-Expose-Headers",
	    "Request-Id, Stripe-Should-Retry");
	if (w->status == 401)
		response_header(
		    out, "WWW-Authenticate", "Basic realm=\"Stripe\"");
	if (c->idempotency_key != NULL) {
		response_header(out, "Idempotency-Key", c->idempotency_key);
		response_header(out, "Original-Request",
		    w->original != NULL ? w->original : c->request_id);
	}
	if (w->original != NULL)
		response_header(out, "Idempotent-Replayed", "true");
	if (w->status == 409)
		response_header(out, "Stripe-Should-Retry", "true");
	else if (w->status >= 400)
		response_header(out, "Stripe-Should-Retry", "false");
}

static void
answer(const struct work *w, struct response *out)
{
	if (w->outage == OUTAGE_LOST_ANSWER) {
		outage_answer(&w->call, out, OUTAGE_LOST_ANSWER);
		return;
	}
	response_text(out, w->status, "application/json", w->call.answer,
	    strlen(w->call.answer));
	put_headers(w, out);
	if (w->outage == OUTAGE_TRUNCATE)
		out->cut_bytes = TRUNCATED_BYTES;
}

/* True if the outage took the place of an answer. */
static bool
suffer(struct work *w, struct response *out)
{
	enum outage asked = OUTAGE__MAX; /* nothing */
	int64_t latency_ms, delay_ms = 0;
	struct box *b = w->box;

	if (outage_asked(&w->call, &asked, &delay_ms) != VT_OK) {
		refuse(w);
		answer(w, out);
		return true;
	}

	box_lock(b);
	w->outage = outage_take(
	    b, w->call.arena, http_method_name(w->r->method), w->r->path);
	latency_ms = box_setting_int(b, "latency", 0) + delay_ms;
	box_unlock(b);
	if (asked != OUTAGE__MAX)
		w->outage = asked;
	if (latency_ms > 0)
		clock_sleep_ms(latency_ms);
	switch (w->outage) {
	case OUTAGE_OFF:
	case OUTAGE_TRUNCATE:
	case OUTAGE_LOST_ANSWER:
		return false;
	case OUTAGE_HANG:
		if (outage_hang(b)) {
			w->outage = OUTAGE_OFF;
			return false;
		}
		break;
	default:
		break;
	}
	outage_answer(&w->call, out, w->outage);
	response_header(out, "Request-Id", w->call.request_id);
	return true;
}

void
api_serve(struct box *b, struct request *r, struct response *out)
{
	struct work w = { .box = b, .r = r };
	enum vt_err err;

	call_init(&w.call, b, r->arena);
	w.call.request = r;
	w.call.request_id = ids_make(r->arena, "req_", '\0', 14);
	if (suffer(&w, out))
		return;
	find_operation(&w);
	err = operation_form(&w.call, r, &w.form);
	if (err == VT_OK)
		err = caller_authenticate(&w.call, w.form.tree,
		    w.op == NULL || (w.op->flags & OPERATION_BROWSER) != 0);
	if (err == VT_OK)
		err = caller_check_version(&w.call);
	if (err == VT_OK && w.op == NULL)
		err = unknown_path(&w);
	if (err == VT_OK) {
		caller_drop_key(w.form.tree);
		run_once(&w);
	} else
		refuse(&w);
	answer(&w, out);
	LOG(LOG_INFO, "api.call", LOG_S("method", http_method_name(r->method)),
	    LOG_S("path", r->path), LOG_I("status", w.status),
	    LOG_S("stripe_request", w.call.request_id));
}
