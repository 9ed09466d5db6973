/* outage: see outage.h. */
#include "core/outage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define HANG_MS 60000
#define LOOK_MS 500 /* a hanging call looks this often at least */

static const char *const names[OUTAGE__MAX] = {
	[OUTAGE_OFF] = "off",
	[OUTAGE_HANG] = "hang",
	[OUTAGE_RESET] = "reset",
	[OUTAGE_500] = "500",
	[OUTAGE_429] = "429",
	[OUTAGE_409] = "409",
	[OUTAGE_GARBAGE] = "garbage",
	[OUTAGE_TRUNCATE] = "truncate",
	[OUTAGE_LOST_ANSWER] = "lost-answer",
};

const char *
outage_name(enum outage o)
{
	return o < OUTAGE__MAX ? names[o] : NULL;
}

static enum outage
by_name(const char *name)
{
	enum outage o = OUTAGE_OFF;

	while (o < OUTAGE__MAX && strcmp(names[o], name) != 0)
		o++;
	return o;
}

enum vt_err
outage_set(struct box *b, const char *mode, int64_t count, const char *path,
    const char *method)
{
	if (by_name(mode) == OUTAGE__MAX || count < 0)
		return VT_INVALID;
	box_set(b, "outage", mode);
	box_set_int(b, "outage.count", count);
	box_set(b, "outage.path", path);
	box_set(b, "outage.method", method);
	(void)pthread_mutex_lock(&b->hang_lock);
	(void)pthread_cond_broadcast(&b->hang_over);
	(void)pthread_mutex_unlock(&b->hang_lock);
	return VT_OK;
}

enum outage
outage_take(
    struct box *b, struct arena *a, const char *method, const char *path)
{
	enum outage o = by_name(box_setting(b, a, "outage", "off"));
	const char *only;
	int64_t left;

	if (o == OUTAGE_OFF || o == OUTAGE__MAX)
		return OUTAGE_OFF;
	only = box_setting(b, a, "outage.path", NULL);
	if (only != NULL && strncmp(path, only, strlen(only)) != 0)
		return OUTAGE_OFF;
	only = box_setting(b, a, "outage.method", NULL);
	if (only != NULL && strcmp(method, only) != 0)
		return OUTAGE_OFF;
	left = box_setting_int(b, "outage.count", 0);
	if (left == 1)
		box_set(b, "outage", "off");
	if (left > 0)
		box_set_int(b, "outage.count", left - 1);
	return o;
}

enum vt_err
outage_asked(struct call *c, enum outage *mode, int64_t *delay_ms)
{
	const char *word = request_header(c->request, "Sandbox-Outage");
	const char *delay = request_header(c->request, "Sandbox-Delay-Ms");
	long long n;
	char *end;

	if (word != NULL) {
		*mode = by_name(word);
		if (*mode == OUTAGE__MAX || *mode == OUTAGE_HANG)
			return call_fail(c, 400, NULL, "Sandbox-Outage",
			    "Sandbox-Outage is one of off, reset, 500, 429, "
			    "409, garbage, truncate and lost-answer.");
	}
	if (delay == NULL)
		return VT_OK;
	errno = 0;
	n = strtoll(delay, &end, 10);
	if (errno != 0 || end == delay || *end != '\0' || n < 0 || n > HANG_MS)
		return call_fail(c, 400, NULL, "Sandbox-Delay-Ms",
		    "Sandbox-Delay-Ms is a number of milliseconds, %d at "
		    "most.",
		    HANG_MS);
	*delay_ms = n;
	return VT_OK;
}

static bool
is_hanging(struct box *b)
{
	struct arena *a = arena_new();
	bool yes;

	box_lock(b);
	yes = strcmp(box_setting(b, a, "outage", "off"), "hang") == 0;
	box_unlock(b);
	arena_free(a);
	return yes;
}

bool
outage_hang(struct box *b)
{
	int64_t end = clock_mono_ms() + HANG_MS, until;
	struct timespec ts;

	while (is_hanging(b)) {
		if (clock_mono_ms() >= end || http_stopping())
			return false;
		until = clock_mono_ms() + LOOK_MS;
		ts.tv_sec = (time_t)(until / 1000);
		ts.tv_nsec = (long)(until % 1000) * 1000000;
		(void)pthread_mutex_lock(&b->hang_lock);
		(void)pthread_cond_timedwait(&b->hang_over, &b->hang_lock, &ts);
		(void)pthread_mutex_unlock(&b->hang_lock);
	}
	return true;
}

static void
answer_error(const struct call *c, struct response *w, int status,
    const char *type, const char *code, const char *message)
{
	struct json *root = json_object(c->arena);
	struct json *e = json_put_object(root, "error");

	if (code != NULL)
		json_put_str(e, "code", code);
	json_put_str(e, "message", message);
	json_put_str(e, "type", type);
	response_json(c->request, w, status, root);
}

void
outage_answer(const struct call *c, struct response *w, enum outage o)
{
	static const char html[] =
	    "<!doctype html><html><head><title>Bad gateway</title></head>"
	    "<body><h1>502</h1></body></html>\n";

	switch (o) {
	case OUTAGE_500:
		answer_error(
		    c, w, 500, "api_error", NULL, "An unknown error occurred.");
		break;
	case OUTAGE_429:
		answer_error(c, w, 429, "invalid_request_error", "rate_limit",
		    "Request rate limit exceeded.");
		response_header(w, "Stripe-Rate-Limited-Reason", "global-rate");
		break;
	case OUTAGE_409:
		answer_error(c, w, 409, "invalid_request_error", "lock_timeout",
		    "This object cannot be accessed right now because another "
		    "request is using it.");
		break;
	case OUTAGE_GARBAGE:
		response_text(w, 200, "text/html", html, sizeof(html) - 1);
		break;
	default:
		/* nginx resets the connection there. */
		response_text(w, 200, "text/plain", "", 0);
		response_header(w, "X-Accel-Redirect", "/_lie/reset");
		break;
	}
}
