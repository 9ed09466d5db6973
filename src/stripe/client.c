/*
 * client: see client.h.
 *
 * One call is up to TRIES_MAX tries inside the caller's deadline. What makes
 * it subtle is the outcome: a try that was answered "too many requests" did
 * nothing, but if an earlier try of the same call was lost on the way, the
 * call as a whole may have been done. So a doubt, once there, stays until an
 * answer to the same key settles it (2xx or a plain refusal).
 */
#include "stripe/client.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/random.h"
#include "net/https.h"
#include "text/form.h"

/* The deadline is the true bound; this one keeps a fast failure from turning
 * into a stream of calls. The official SDK makes 3 tries by default. */
#define TRIES_MAX 5
#define TRY_MS_MIN 200 /* less time than this is not worth a try */
#define DELAY_MS_MIN 500
#define DELAY_MS_MAX 5000
#define RETRY_AFTER_S_MAX 60 /* a header beyond it is not believed */
#define ANSWER_BYTES_MAX (8 * 1024 * 1024) /* 100 expanded objects */
#define ANSWER_DEPTH_MAX 64
#define URL_BYTES_MAX 8000

struct stripe {
	struct https *https;
	const struct secret *key;
	char base[256];
	char user_agent[256];
	bool live;
};

/* ---- opening ---------------------------------------------------------------
 */

static bool
key_mode(const struct secret *key, bool *live)
{
	*live = secret_has_prefix(key, "sk_live_") ||
	    secret_has_prefix(key, "rk_live_");
	return *live || secret_has_prefix(key, "sk_test_") ||
	    secret_has_prefix(key, "rk_test_");
}

/* "vantage-tokens/0.1.0 (+https://…)", without an address that would not be
 * a header's. */
static void
user_agent_set(struct stripe *s)
{
	const char *url = config_get("VANTAGE_PUBLIC_URL", NULL);

	if (url != NULL && https_url_allowed(url) && strlen(url) < 128)
		(void)snprintf(s->user_agent, sizeof(s->user_agent),
		    "vantage-tokens/" PACKAGE_VERSION " (+%s)", url);
	else
		(void)snprintf(s->user_agent, sizeof(s->user_agent),
		    "vantage-tokens/" PACKAGE_VERSION);
}

enum vt_err
stripe_open(const struct secret *key, const char *base, struct stripe **out)
{
	size_t n = strlen(base);
	struct stripe *s;
	bool live;

	while (n > 0 && base[n - 1] == '/')
		n--;
	if (!key_mode(key, &live) || !https_url_allowed(base) ||
	    n >= sizeof(s->base) || strpbrk(base, "?#") != NULL)
		return VT_INVALID;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		abort();
	memcpy(s->base, base, n);
	s->key = key;
	s->live = live;
	user_agent_set(s);
	s->https = https_new(s->user_agent);
	*out = s;
	return VT_OK;
}

void
stripe_close(struct stripe *s)
{
	if (s == NULL)
		return;
	https_free(s->https);
	free(s);
}

bool
stripe_live(const struct stripe *s)
{
	return s->live;
}

void
stripe_key_new(char out[static STRIPE_KEY_BYTES])
{
	unsigned char raw[16];
	size_t n;

	random_bytes(raw, sizeof(raw));
	n = (size_t)snprintf(out, STRIPE_KEY_BYTES, "vt-");
	for (size_t i = 0; i < sizeof(raw); i++)
		n += (size_t)snprintf(
		    out + n, STRIPE_KEY_BYTES - n, "%02x", raw[i]);
}

/* ---- one try ---------------------------------------------------------------
 */

struct attempt {
	const struct stripe_call *call;
	struct https_request request;
	struct https_header headers[6];
	struct https_answer answer;
	enum vt_err transport;	 /* https_call()'s result */
	const struct json *body; /* the object, when there is a whole one */
};

static bool
is_post(const struct stripe_call *call)
{
	return strcmp(call->method, "POST") == 0;
}

static void
add_header(struct attempt *t, const char *name, const char *value)
{
	size_t i = 0;

	while (t->headers[i].name != NULL)
		i++;
	assert(i + 1 < countof(t->headers));
	t->headers[i] = (struct https_header){ name, value };
}

/* The request, made once: every try of a call is the same to the byte. */
static void
request_build(const struct stripe *s, struct arena *a,
    const struct stripe_call *call, struct attempt *t)
{
	bool post = is_post(call);
	bool query = !post && call->params != NULL && *call->params != '\0';

	memset(t, 0, sizeof(*t));
	t->call = call;
	add_header(t, "Stripe-Version", STRIPE_VERSION);
	add_header(t, "Accept", "application/json");
	if (post) {
		add_header(t, "Idempotency-Key", call->key);
		add_header(
		    t, "Content-Type", "application/x-www-form-urlencoded");
	}
	t->request.method = call->method;
	t->request.url = arena_printf(a, "%s%s%s%s", s->base, call->path,
	    query ? "?" : "", query ? call->params : "");
	t->request.bearer = s->key;
	t->request.headers = t->headers;
	if (post && call->params != NULL) {
		t->request.body = call->params;
		t->request.body_bytes = strlen(call->params);
	}
	t->request.body_bytes_max = ANSWER_BYTES_MAX;
}

static void
copy_text(char *out, size_t out_bytes, const char *text)
{
	(void)snprintf(out, out_bytes, "%s", text == NULL ? "" : text);
}

static void
error_read(const struct json *body, struct stripe_error *e)
{
	const struct json *j = json_get(body, "error");
	const char *id;

	memset(e, 0, sizeof(*e));
	copy_text(e->type, sizeof(e->type), json_str(json_get(j, "type")));
	copy_text(e->code, sizeof(e->code), json_str(json_get(j, "code")));
	copy_text(e->decline_code, sizeof(e->decline_code),
	    json_str(json_get(j, "decline_code")));
	copy_text(e->param, sizeof(e->param), json_str(json_get(j, "param")));
	/* Other sentences may repeat what was sent
	 * (docs.stripe.com/api/errors). */
	if (strcmp(e->type, "card_error") == 0)
		copy_text(e->message, sizeof(e->message),
		    json_str(json_get(j, "message")));
	id = json_str(json_at(j, "payment_intent.id"));
	if (id != NULL && stripe_id_valid(id))
		copy_text(e->intent, sizeof(e->intent), id);
}

static void
answer_read(struct arena *a, struct attempt *t, struct stripe_reply *r)
{
	const struct https_answer *w = &t->answer;
	const char *replayed = https_header(w, "idempotent-replayed");
	const struct json *j = NULL;

	t->body = NULL;
	r->status = w->status;
	r->replayed = replayed != NULL && strcmp(replayed, "true") == 0;
	copy_text(r->request_id, sizeof(r->request_id),
	    https_header(w, "request-id"));
	memset(&r->error, 0, sizeof(r->error));
	if (t->transport != VT_OK)
		return;
	if (json_parse(a, w->body, w->body_bytes, ANSWER_DEPTH_MAX, &j, NULL) !=
		VT_OK ||
	    !json_is_object(j))
		return;
	t->body = j;
	if (w->status < 200 || w->status > 299)
		error_read(j, &r->error);
}

static void
log_try(const struct attempt *t, const struct stripe_reply *r, int64_t ms)
{
	bool bad = t->transport != VT_OK || t->body == NULL || r->status >= 500;

	LOG(bad ? LOG_WARN : LOG_INFO, "stripe.call",
	    LOG_S("method", t->call->method), LOG_S("path", t->call->path),
	    LOG_I("status", r->status), LOG_S("stripe_request", r->request_id),
	    LOG_I("try", r->tries), LOG_I("ms", ms),
	    LOG_S("error_type", r->error.type),
	    LOG_S("error_code", r->error.code),
	    LOG_S("why", t->transport == VT_OK ? "" : t->answer.why));
}

static void
try_once(const struct stripe *s, struct arena *a, struct attempt *t,
    struct stripe_reply *r)
{
	int64_t began = clock_mono_ms();

	t->request.timeout_ms = t->call->deadline_mono_ms - began;
	r->tries++;
	fault_point("stripe.before_call");
	t->transport = https_call(s->https, a, &t->request, &t->answer);
	fault_point("stripe.after_call");
	answer_read(a, t, r);
	log_try(t, r, clock_mono_ms() - began);
}

/* ---- what a try means ------------------------------------------------------
 */

/* How a try ended, as far as retrying and the outcome care. */
enum verdict {
	V_DONE,	     /* 2xx and an object */
	V_REFUSED,   /* a plain no */
	V_NOT_SENT,  /* nothing left this machine */
	V_NOT_NOW,   /* 429 */
	V_FORBIDDEN, /* 401, 403 */
	V_BUG,	     /* idempotency_error: this key was used for another call */
	V_IN_DOUBT,  /* 5xx, 409, 424, lost */
	V_UNREADABLE, /* an answer came that says nothing */
	V_IMPOSSIBLE  /* https refused to send it */
};

static enum verdict
verdict_unanswered(const struct attempt *t)
{
	if (t->transport == VT_INVALID)
		return V_IMPOSSIBLE;
	switch (t->answer.end) {
	case HTTPS_NOT_SENT:
		return V_NOT_SENT;
	case HTTPS_NO_ANSWER:
		return V_IN_DOUBT;
	case HTTPS_CUT:
	case HTTPS_TOO_LARGE:
	case HTTPS_ANSWERED:
		break;
	}
	return V_UNREADABLE;
}

static enum verdict
verdict_of(const struct attempt *t, const struct stripe_reply *r)
{
	int status = r->status;

	if (t->transport != VT_OK)
		return verdict_unanswered(t);
	if (status >= 500 || status == 409 || status == 424)
		return V_IN_DOUBT;
	if (status == 429)
		return V_NOT_NOW;
	if (status == 401 || status == 403)
		return V_FORBIDDEN;
	if (t->body == NULL || status < 200 || (status > 299 && status < 400))
		return V_UNREADABLE;
	if (status <= 299)
		return V_DONE;
	/* A refusal is Stripe's only with its error object in it. */
	if (r->error.type[0] == '\0')
		return V_UNREADABLE;
	return strcmp(r->error.type, "idempotency_error") == 0 ? V_BUG
							       : V_REFUSED;
}

/* Whether the same call is made again: the official SDK's rule, 429 and an
 * answer cut short beside it. */
static bool
again(const struct attempt *t, enum verdict v)
{
	const char *should = https_header(&t->answer, "stripe-should-retry");

	if (v == V_DONE || v == V_IMPOSSIBLE)
		return false;
	if (should != NULL && strcmp(should, "false") == 0)
		return false;
	if (should != NULL && strcmp(should, "true") == 0)
		return true;
	if (t->transport == VT_OK && t->answer.status == 424)
		return false;
	return v == V_NOT_SENT || v == V_NOT_NOW || v == V_IN_DOUBT ||
	    (v == V_UNREADABLE && t->answer.end == HTTPS_CUT);
}

/* Milliseconds that Retry-After asks for; 0 without one that can be read. */
static int64_t
retry_after_ms(const struct attempt *t)
{
	const char *text = https_header(&t->answer, "retry-after");
	char *end;
	long s;

	if (text == NULL || *text < '0' || *text > '9')
		return 0;
	s = strtol(text, &end, 10);
	if (*end != '\0' || s > RETRY_AFTER_S_MAX)
		return 0;
	return s * 1000;
}

/*
 * Before retry n, counted from 0: min(0.5 s x 2^(n-1), 5 s), times a random
 * factor of a half to one, at least 0.5 s. After a 429 twice that, so that a
 * crowd of callers thins out.
 */
static int64_t
delay_ms(const struct attempt *t, enum verdict v, int n)
{
	int64_t ms = (DELAY_MS_MIN << n) / 2, asked = retry_after_ms(t);
	int64_t least = DELAY_MS_MIN;

	if (v == V_NOT_NOW) {
		ms *= 4;
		least *= 2;
	}
	if (ms > DELAY_MS_MAX)
		ms = DELAY_MS_MAX;
	ms = ms / 2 + random_below((uint32_t)(ms - ms / 2) + 1);
	if (ms < least)
		ms = least;
	return ms < asked ? asked : ms;
}

/* ---- what the caller gets --------------------------------------------------
 */

static enum vt_err
unavailable(struct vt_problem *p)
{
	enum vt_err err = vt_problem(p, VT_BUSY, "stripe_unavailable", NULL,
	    "The payment service does not answer at the moment. Please try "
	    "again in a little while.");

	if (p != NULL)
		p->retry_after_s = 5;
	return err;
}

static enum vt_err
our_fault(struct vt_problem *p)
{
	return vt_problem(p, VT_SYS, "internal", NULL,
	    "Something is wrong on our side. Please try again later.");
}

static enum vt_err
declined(const struct stripe_error *e, struct vt_problem *p)
{
	enum vt_err err = vt_problem(p, VT_FUNDS, "payment_failed", NULL, "%s",
	    e->message[0] != '\0'
		? e->message
		: "The payment was declined. Please try another card.");

	if (p != NULL)
		copy_text(p->decline_code, sizeof(p->decline_code),
		    e->decline_code[0] != '\0' ? e->decline_code : e->code);
	return err;
}

/* True for a refusal that says that we built the request wrongly. */
static bool
is_our_fault(const struct stripe_error *e)
{
	static const char *const codes[] = {
		"api_key_expired",
		"livemode_mismatch",
		"parameter_missing",
		"parameter_unknown",
		"parameters_exclusive",
		"payment_method_types_no_longer_supported",
		"secret_key_required",
		"testmode_charges_only",
		"url_invalid",
	};

	for (size_t i = 0; i < countof(codes); i++)
		if (strcmp(e->code, codes[i]) == 0)
			return true;
	if (strncmp(e->code, "parameter_invalid_", 18) == 0)
		return true;
	/* Neither a code nor a parameter: an unknown version or path. */
	return e->code[0] == '\0' && e->param[0] == '\0';
}

static enum vt_err
refused(
    const struct attempt *t, const struct stripe_reply *r, struct vt_problem *p)
{
	const struct stripe_error *e = &r->error;

	if (r->status == 402)
		return declined(e, p);
	if (strcmp(e->code, "resource_missing") == 0 || r->status == 404)
		return vt_problem(p, VT_NOTFOUND, "not_found", NULL,
		    "The payment service knows no such object.");
	if (is_our_fault(e)) {
		LOG(LOG_ERROR, "stripe.wrong_request",
		    LOG_S("path", t->call->path), LOG_I("status", r->status),
		    LOG_S("code", e->code), LOG_S("param", e->param),
		    LOG_S("stripe_request", r->request_id));
		return our_fault(p);
	}
	return vt_problem(p, VT_INVALID, "stripe_refused", NULL,
	    "The payment service refused this request (%s).",
	    e->code[0] != '\0' ? e->code : "no reason given");
}

/* The result of the last try, and the outcome of all of them. */
static enum vt_err
conclude(const struct attempt *t, enum verdict v, bool doubt,
    struct stripe_reply *r, struct vt_problem *p)
{
	r->outcome = doubt ? STRIPE_UNKNOWN : STRIPE_NOT_DONE;
	switch (v) {
	case V_DONE:
		r->outcome = STRIPE_DONE;
		r->body = t->body;
		return VT_OK;
	case V_REFUSED:
		r->outcome = STRIPE_REFUSED;
		return refused(t, r, p);
	case V_NOT_SENT:
	case V_NOT_NOW:
		return unavailable(p);
	case V_FORBIDDEN:
		LOG(LOG_ERROR, "stripe.key_refused",
		    LOG_S("path", t->call->path), LOG_I("status", r->status),
		    LOG_S("code", r->error.code),
		    LOG_S("stripe_request", r->request_id));
		return our_fault(p);
	case V_BUG:
		/* Something was done under this key, we do not know what. */
		r->outcome = STRIPE_UNKNOWN;
		LOG(LOG_ERROR, "stripe.idempotency_bug",
		    LOG_S("path", t->call->path), LOG_S("key", t->call->key),
		    LOG_S("stripe_request", r->request_id));
		return our_fault(p);
	case V_IN_DOUBT:
		r->outcome = STRIPE_UNKNOWN;
		return unavailable(p);
	case V_UNREADABLE:
		r->outcome = STRIPE_UNKNOWN;
		return vt_problem(p, VT_REMOTE, "stripe_unreadable", NULL,
		    "The payment service sent an answer that cannot be read.");
	case V_IMPOSSIBLE:
		break;
	}
	LOG(LOG_ERROR, "stripe.cannot_send", LOG_S("path", t->call->path),
	    LOG_S("why", t->answer.why));
	return our_fault(p);
}

enum vt_err
stripe_do(struct stripe *s, struct arena *a, const struct stripe_call *call,
    struct stripe_reply *reply, struct vt_problem *p)
{
	enum verdict v = V_NOT_SENT;
	struct attempt t;
	bool doubt = false;
	int64_t wait;

	assert(call->path[0] == '/' && strlen(call->path) < URL_BYTES_MAX);
	assert(!is_post(call) || call->key != NULL);
	memset(reply, 0, sizeof(*reply));
	request_build(s, a, call, &t);
	while (call->deadline_mono_ms - clock_mono_ms() >= TRY_MS_MIN) {
		try_once(s, a, &t, reply);
		v = verdict_of(&t, reply);
		doubt = doubt || v == V_IN_DOUBT || v == V_UNREADABLE;
		if (!again(&t, v) || reply->tries == TRIES_MAX)
			break;
		wait = delay_ms(&t, v, reply->tries - 1);
		if (clock_mono_ms() + wait + TRY_MS_MIN >
		    call->deadline_mono_ms)
			break;
		clock_sleep_ms(wait);
	}
	return conclude(&t, v, doubt, reply, p);
}
