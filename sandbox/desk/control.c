/* control: see control.h. */
#include "desk/control.h"

#include <string.h>

#include "base/clock.h"
#include "core/delivery.h"
#include "core/outage.h"
#include "core/render.h"
#include "core/webhook.h"
#include "desk/shift.h"
#include "desk/state.h"
#include "payments/intent.h"
#include "payments/method.h"
#include "signin/clerk.h"
#include "signin/user.h"
#include "subscriptions/dunning.h"

static const char *const outcomes[] = { "complete", "fail", NULL };

static const struct param advance_params[] = {
	PARAM_RANGE("seconds", P_INT, P_REQUIRED, 0, 3650 * 86400),
	PARAM_END,
};
static const struct param outage_params[] = {
	PARAM("mode", P_STR, P_REQUIRED),
	PARAM_RANGE("count", P_INT, P_EMPTY, 0, 1000000),
	PARAM("path", P_STR, P_EMPTY),
	PARAM("method", P_STR, P_EMPTY),
	PARAM_END,
};
static const struct param latency_params[] = {
	PARAM_RANGE("ms", P_INT, P_REQUIRED, 0, 60000),
	PARAM_END,
};
static const struct param events_params[] = {
	PARAM("mode", P_STR, P_REQUIRED),
	PARAM_RANGE("n", P_INT, P_EMPTY, 0, 1000000),
	PARAM_RANGE("seconds", P_INT, 0, 0, 1000000),
	PARAM_END,
};
static const struct param resend_params[] = {
	PARAM("event", P_STR, P_REQUIRED),
	PARAM_END,
};
static const struct param card_params[] = {
	PARAM("customer", P_STR, P_REQUIRED),
	PARAM("result", P_STR, 0),
	PARAM("code", P_STR, 0),
	PARAM_END,
};
static const char *const ends[] = { "cancel", "past_due", "unpaid", NULL };
static const struct param dunning_params[] = {
	PARAM_ENUM("end", P_REQUIRED, ends),
	PARAM_END,
};
static const struct param roll_params[] = {
	PARAM("endpoint", P_STR, 0),
	PARAM_END,
};
static const struct param confirm_params[] = {
	PARAM("payment_intent", P_STR, 0),
	PARAM("payment_method", P_STR, 0),
	PARAM("return_url", P_STR, 0),
	PARAM("setup_intent", P_STR, 0),
	PARAM_ENUM("outcome", 0, outcomes),
	PARAM_END,
};
static const struct param challenge_params[] = {
	PARAM("payment_intent", P_STR, 0),
	PARAM("setup_intent", P_STR, 0),
	PARAM("client_secret", P_STR, P_REQUIRED),
	PARAM_ENUM("outcome", P_REQUIRED, outcomes),
	PARAM_END,
};

/* --- the clock ---------------------------------------------------------- */

static enum vt_err
tick(struct call *c)
{
	struct json *out = json_object(c->arena);
	struct delivery_count n;

	delivery_settle(c->box, &n);
	json_put_int(out, "delivered", n.delivered);
	json_put_int(out, "due", n.worked);
	json_put_int(out, "pending", n.pending);
	c->answer = json_text(c->arena, out);
	return VT_OK;
}

/* Moves the clock of all who read its file, and does what then is due. */
static enum vt_err
advance(struct call *c)
{
	int64_t seconds = 0;
	enum vt_err err;

	(void)json_int_at(c->params, "seconds", &seconds); /* required */
	err = shift_ahead(seconds * 1000);
	if (err == VT_NOTFOUND)
		return call_fail(c, 400, NULL, NULL,
		    "This sandbox was started without VANTAGE_CLOCK_FILE: "
		    "its clock is the machine's.");
	if (err == VT_INVALID)
		return call_fail(c, 400, NULL, "seconds",
		    "The clock ends with the year 9999.");
	if (err != VT_OK)
		return call_fail(c, 500, NULL, NULL,
		    "The file that VANTAGE_CLOCK_FILE names cannot be "
		    "replaced.");
	return tick(c);
}

/* --- lies --------------------------------------------------------------- */

static enum vt_err
outage(struct call *c)
{
	int64_t count = 0;

	(void)json_int_at(c->params, "count", &count); /* else for ever */
	if (outage_set(c->box, json_str_at(c->params, "mode"), count,
		json_str_at(c->params, "path"),
		json_str_at(c->params, "method")) != VT_OK)
		return call_fail(c, 400, NULL, "mode",
		    "mode is one of off, hang, reset, 500, 429, 409, garbage, "
		    "truncate and lost-answer.");
	c->answer = "{}";
	return VT_OK;
}

/* How long each call of the API takes, beside its work. */
static enum vt_err
latency(struct call *c)
{
	int64_t ms = 0;

	(void)json_int_at(c->params, "ms", &ms); /* it was required */
	box_set_int(c->box, "latency", ms);
	c->answer = "{}";
	return VT_OK;
}

static enum vt_err
events(struct call *c)
{
	int64_t n = 0;

	if (!json_int_at(c->params, "n", &n))
		(void)json_int_at(c->params, "seconds", &n);
	if (delivery_mode(c, json_str_at(c->params, "mode"), n) != VT_OK)
		return call_fail(c, 400, NULL, "mode",
		    "mode is one of deliver, withhold, duplicate, reverse and "
		    "delay.");
	c->answer = "{}";
	return VT_OK;
}

static enum vt_err
resend(struct call *c)
{
	const char *id = json_str_at(c->params, "event");
	enum vt_err err = delivery_resend(c, id);

	if (err == VT_NOTFOUND)
		return call_missing(c, "delivery of event", id, "event");
	c->answer = "{}";
	return err;
}

static enum vt_err
card(struct call *c)
{
	const char *customer = json_str_at(c->params, "customer");
	const char *result = json_str_at(c->params, "result");
	struct doc *d;
	enum vt_err err;

	if (result == NULL)
		result = json_str_at(c->params, "code");
	if (result == NULL)
		return call_fail(c, 400, "parameter_missing", "result",
		    "Missing required param: result.");
	err = doc_need(c, R_CUSTOMER, customer, "customer", &d);
	if (err != VT_OK)
		return err;
	if (strcmp(result, "card_declined") == 0)
		result = "generic_decline";
	box_set(c->box, arena_printf(c->arena, "card.%s", customer),
	    strcmp(result, "ok") == 0 ? NULL : result);
	c->answer = "{}";
	return VT_OK;
}

/* What becomes of a subscription whose invoice nothing pays. */
static enum vt_err
dunning(struct call *c)
{
	c->answer = "{}";
	return dunning_end_set(c->box, json_str_at(c->params, "end"));
}

/* Rolls the endpoint's secret; without a name, the newest's. */
static enum vt_err
roll_secret(struct call *c)
{
	const char *id = json_str_at(c->params, "endpoint"), *secret;
	struct json *out = json_object(c->arena);
	struct doc *d;
	struct query q;
	enum vt_err err;

	if (id == NULL) {
		if (db_row(&q, c->box->db,
			"SELECT id FROM objects WHERE kind = "
			"'webhook_endpoint' ORDER BY seq DESC LIMIT 1") !=
		    VT_OK)
			return call_missing(c, "webhook endpoint", "", NULL);
		id = arena_strdup(c->arena, db_text(&q, 0));
		db_done(&q);
	}
	err = doc_need(c, R_WEBHOOK_ENDPOINT, id, "endpoint", &d);
	if (err == VT_OK)
		err = webhook_roll(c, d, &secret);
	if (err != VT_OK)
		return err;
	json_put_str(out, "endpoint", id);
	json_put_str(out, "secret", secret);
	c->answer = json_text(c->arena, out);
	return VT_OK;
}

static enum vt_err
reset(struct call *c)
{
	c->answer = "{}";
	return box_reset(c->box);
}

/* --- what a browser would do -------------------------------------------- */

/*
 * Confirms the intent as somebody at the page would; with `outcome` the
 * challenge that comes up is answered too.
 */
static enum vt_err
confirm(struct call *c)
{
	const char *method = json_str_at(c->params, "payment_method");
	const char *url = json_str_at(c->params, "return_url");
	const char *outcome = json_str_at(c->params, "outcome");
	struct json *p = json_object(c->arena);
	struct doc *d;
	enum vt_err err;

	err = intent_named(c, &d);
	if (err != VT_OK)
		return err;
	c->id = d->id;
	json_put_str(
	    p, "payment_method", method != NULL ? method : "pm_card_visa");
	json_put_str(p, "return_url", url != NULL ? url : c->box->site);
	json_put_bool(p, "use_stripe_sdk", true);
	c->params = p;
	err = d->kind == R_SETUP_INTENT ? setup_intent_confirm(c)
					: payment_intent_confirm(c);
	if (err != VT_OK || outcome == NULL)
		return err;
	err = intent_authenticated(c, d, strcmp(outcome, "complete") == 0);
	return err == VT_OK ? render_doc(c, d) : err;
}

/*
 * The answer to a challenge. That it failed is not an error of this call:
 * the page reads the intent again and learns it there.
 */
static enum vt_err
challenge(struct call *c)
{
	bool passed =
	    strcmp(json_str_at(c->params, "outcome"), "complete") == 0;
	struct doc *d;
	enum vt_err err;

	err = intent_named(c, &d);
	if (err == VT_OK)
		err = intent_check_secret(
		    c, d, json_str_at(c->params, "client_secret"));
	if (err == VT_OK)
		err = intent_authenticated(c, d, passed);
	if (err == VT_FUNDS)
		err = VT_OK;
	c->key = KEY_PUBLISHABLE;
	return err == VT_OK ? render_doc(c, d) : err;
}

/* --- looking ------------------------------------------------------------ */

static enum vt_err
state(struct call *c)
{
	c->answer = json_text(c->arena, state_read(c));
	return VT_OK;
}

static const struct operation control_operations[] = {
	{ HTTP_POST, "/_sandbox/tick", params_none, tick, OPERATION_UNLOCKED },
	{ HTTP_POST, "/_sandbox/advance", advance_params, advance,
	    OPERATION_UNLOCKED },
	{ HTTP_POST, "/_sandbox/outage", outage_params, outage, 0 },
	{ HTTP_POST, "/_sandbox/latency", latency_params, latency, 0 },
	{ HTTP_POST, "/_sandbox/events", events_params, events, 0 },
	{ HTTP_POST, "/_sandbox/events/resend", resend_params, resend, 0 },
	{ HTTP_POST, "/_sandbox/card", card_params, card, 0 },
	{ HTTP_POST, "/_sandbox/dunning", dunning_params, dunning, 0 },
	{ HTTP_POST, "/_sandbox/roll-secret", roll_params, roll_secret, 0 },
	{ HTTP_POST, "/_sandbox/reset", params_none, reset, 0 },
	{ HTTP_POST, "/_sandbox/confirm", confirm_params, confirm, 0 },
	{ HTTP_GET, "/_sandbox/state", params_none, state, 0 },
	{ 0 },
};

/* This one is for browsers: it asks for the client secret. */
static const struct operation challenge_operations[] = {
	{ HTTP_POST, "/_sandbox/challenge", challenge_params, challenge, 0 },
	{ 0 },
};

static const struct operation *const tables[] = { control_operations,
	dashboard_operations, request_log_operations, user_operations,
	clerk_control_operations };

bool
control_offers(const char *path)
{
	for (size_t i = 0; i < countof(tables); i++)
		for (const struct operation *o = tables[i]; o->path != NULL;
		     o++)
			if (strcmp(o->path, path) == 0)
				return true;
	return false;
}

/*
 * A form that a browser has sent by itself, without the page's script: what
 * was done shows on the page, so it goes back there. A new secret is shown
 * this once, as it is.
 */
static void
send_back(const struct request *r, struct response *w)
{
	const char *accept = request_header(r, "Accept");

	if (r->method != HTTP_POST || w->status != 200 || accept == NULL ||
	    strstr(accept, "text/html") == NULL ||
	    strstr(buf_str(&w->body), "\"secret\"") != NULL)
		return;
	response_text(w, 303, "text/plain", "", 0);
	response_header(w, "Location", "/");
}

bool
control_serve(struct box *b, struct request *r, struct response *w)
{
	const char *origin = request_header(r, "Origin");
	static const char no[] =
	    "{\"error\":{\"message\":\"Pages of other origins may not control "
	    "the sandbox.\",\"type\":\"invalid_request_error\"}}";

	if (operation_serve(b, challenge_operations, r, w, call_error_text)) {
		response_header(w, "Access-Control-Allow-Origin", "*");
		return true;
	}
	if (origin != NULL && strcmp(origin, b->origin) != 0) {
		response_text(w, 403, NULL, no, sizeof(no) - 1);
		return true;
	}
	for (size_t i = 0; i < countof(tables); i++)
		if (operation_serve(b, tables[i], r, w, call_error_text)) {
			send_back(r, w);
			return true;
		}
	return false;
}
