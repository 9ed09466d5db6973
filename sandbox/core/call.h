/*
 * call: one call of the API while it is being answered, and its refusals in
 * the shape of Stripe's errors.
 *
 * Work that no request asked for (a bank debit that comes through, a button
 * on a hosted page) makes a call of its own without a request.
 */
#ifndef SANDBOX_CALL_H
#define SANDBOX_CALL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/box.h"
#include "text/json.h"
#include "web/http.h"

enum key_kind {
	KEY_NONE,
	KEY_SECRET,	/* sk_test_, rk_test_ */
	KEY_PUBLISHABLE /* pk_test_: a browser, with a client secret */
};

/* A refusal; NULL members are absent from the answer. */
struct api_error {
	int status; /* HTTP; 0: there is none */
	const char *type;
	const char *code;
	const char *param;
	const char *message;
	const char *decline_code;
	const char *advice_code;
	const char *charge; /* id */
	const char *payment_method_type;
	const struct json *payment_intent; /* whole objects */
	const struct json *setup_intent;
	const struct json *payment_method;
	bool began; /* the work had begun: its changes and this answer stay */
};

struct doc;

struct call {
	struct box *box;
	struct arena *arena;
	const struct request *request; /* NULL: nobody asked */
	const char *request_id;	       /* req_…, or NULL */
	const char *idempotency_key;   /* or NULL */
	enum key_kind key;
	bool versioned;	     /* the caller named the version */
	int64_t now_s;	     /* business time: see clock_enter() (due.h) */
	const char *clock;   /* the test clock that told it, or NULL */
	const char *id;	     /* what stood for {id} in the path */
	const char *id2;     /* and for the second one */
	struct json *params; /* typed and complete (params.h) */
	struct doc *docs;    /* objects in hand (resource.h) */
	struct api_error error;
	const char *answer; /* JSON text, unless answer_type says otherwise */
	const char *answer_type;   /* or NULL */
	struct response *response; /* for headers beside it, or NULL */
};

/* A call for work that no request asked for; `a` outlives it. */
void call_init(struct call *c, struct box *b, struct arena *a);

/*
 * Refuses: fills in c->error and returns VT_INVALID. `code` and `param` may
 * be NULL. The type is invalid_request_error.
 */
enum vt_err call_fail(struct call *c, int status, const char *code,
    const char *param, const char *fmt, ...) VT_PRINTF(5, 6);

/* 404 for the object of the path, 400 for one that a parameter names. */
enum vt_err call_missing(
    struct call *c, const char *object, const char *id, const char *param);

/*
 * Refuses what browsers cannot be sent to; NULL may be. A page begins with
 * http:// or https://, an app may have a scheme of its own.
 */
enum vt_err call_check_page(
    struct call *c, const char *param, const char *url) VT_MUSTCHECK;
enum vt_err call_check_page_or_app(
    struct call *c, const char *param, const char *url) VT_MUSTCHECK;

/* {"error":{…}} as text, in the call's arena. */
const char *call_error_text(struct call *c);

/* The members of an error, for last_payment_error as well. */
void call_error_members(const struct call *c, struct json *out);

#endif
