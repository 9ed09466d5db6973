/*
 * errors: what a refusal looks like from outside. One table for the codes
 * whose status differs from their result's, one for the results.
 */
#include <string.h>

#include "web/route.h"

#define RETRY_AFTER_S 1 /* when nobody knew better */

/* In the order of the alphabet; every other code has its result's status. */
static const struct {
	const char *code;
	int status;
} codes[] = {
	{ "already_refunded", 409 },
	{ "bad_credential", 401 },
	{ "bad_signature", 400 },
	{ "body_too_large", 413 },
	{ "conflict", 409 },
	{ "database_busy", 503 },
	{ "database_failed", 503 },
	{ "forbidden", 403 },
	{ "idempotency_mismatch", 409 },
	{ "insufficient_tokens", 402 },
	{ "internal", 500 },
	{ "invalid_field", 422 },
	{ "malformed_event", 400 },
	{ "malformed_form", 400 },
	{ "malformed_json", 400 },
	{ "malformed_request", 400 },
	{ "method_not_allowed", 405 },
	{ "missing_field", 422 },
	{ "not_found", 404 },
	{ "outcome_unknown", 503 },
	{ "payment_canceled", 409 },
	{ "payment_failed", 402 },
	{ "rate_limited", 429 },
	{ "stripe_unavailable", 503 },
	{ "stripe_unreadable", 502 },
	{ "unauthenticated", 401 },
	{ "unknown_field", 422 },
	{ "unsupported_media_type", 415 },
};

/* What a result means when its problem says nothing more. */
static const struct {
	int status;
	const char *code;
	const char *message;
} results[VT_ERR__MAX] = {
	[VT_OK] = { 500, "internal", "" },
	[VT_INVALID] = { 422, "invalid_request",
	    "The request holds a value that is not allowed." },
	[VT_NOTFOUND] = { 404, "not_found", "There is no such thing here." },
	[VT_CONFLICT] = { 409, "conflict",
	    "The state of things does not allow this now." },
	[VT_FUNDS] = { 402, "insufficient_tokens",
	    "There are not enough tokens." },
	[VT_DENIED] = { 403, "forbidden", "You may not do this." },
	[VT_LIMIT] = { 429, "rate_limited",
	    "Too many requests. Please wait a moment and try again." },
	[VT_BUSY] = { 503, "unavailable",
	    "The service is busy. Please try again in a moment." },
	[VT_DB] = { 500, "internal",
	    "Something went wrong on our side. It has been recorded." },
	[VT_REMOTE] = { 502, "stripe_unreadable",
	    "The payment provider gave an answer that cannot be used. Nothing "
	    "is lost; please try again later." },
	[VT_SYS] = { 500, "internal",
	    "Something went wrong on our side. It has been recorded." },
};

/* The status that the table has for the code; 0 when it has none. */
static int
status_of(const char *code)
{
	for (size_t i = 0; i < countof(codes); i++)
		if (strcmp(codes[i].code, code) == 0)
			return codes[i].status;
	return 0;
}

/*
 * The problem if it is about this result. One left behind by an earlier step
 * (a look-up that found nothing, before the write that failed) is not.
 */
static const struct vt_problem *
about(enum vt_err err, const struct vt_problem *p)
{
	static const struct vt_problem silent;

	return p != NULL && p->err == err ? p : &silent;
}

int
route_status(enum vt_err err, const struct vt_problem *p)
{
	int status = status_of(about(err, p)->code);

	return status != 0 ? status : results[err].status;
}

static void
put_optional(struct json *e, const char *name, const char *text)
{
	if (*text != '\0')
		json_put_str(e, name, text);
}

static void
put_problem(struct json *e, const struct vt_problem *p)
{
	put_optional(e, "field", p->field);
	put_optional(e, "decline_code", p->decline_code);
	if (*p->details != '\0')
		json_put_text(e, "details", p->details);
}

static void
add_headers(const struct request *r, struct response *w, int status, int after)
{
	if (status == 401)
		response_header(w, "WWW-Authenticate", "Bearer");
	if (status == 503 && after == 0)
		after = RETRY_AFTER_S;
	if ((status == 503 || status == 429) && after > 0)
		response_header(
		    w, "Retry-After", arena_printf(r->arena, "%d", after));
}

void
route_error(const struct request *r, struct response *w, enum vt_err err,
    const struct vt_problem *p)
{
	struct json *root = json_object(r->arena);
	struct json *e = json_put_object(root, "error");
	const char *code, *message;
	int status;

	p = about(err, p);
	status = route_status(err, p);
	/* Our own trouble is told in our own words, unless it has a row. */
	if (status >= 500 && status_of(p->code) == 0 && err != VT_BUSY &&
	    err != VT_REMOTE)
		p = about(err, NULL);
	code = *p->code != '\0' ? p->code : results[err].code;
	message = *p->message != '\0' ? p->message : results[err].message;
	json_put_str(e, "code", code);
	json_put_str(e, "message", message);
	put_problem(e, p);
	json_put_str(e, "request_id", r->id);
	response_json(r, w, status, root);
	add_headers(r, w, status, p->retry_after_s);
}
