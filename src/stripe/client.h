/*
 * client: calls to Stripe's REST API at the pinned version.
 *
 * The retry rules are the official SDK's (no answer, 409 and 5xx again, 0.5 s
 * and more between; Stripe-Should-Retry decides where it is given), 429
 * beside them, always with the same idempotency key, and all of it inside one
 * deadline. What is sent is rendered by the caller before and stored with the
 * attempt, so that a later try is the same to the byte (R74).
 */
#ifndef VT_STRIPE_CLIENT_H
#define VT_STRIPE_CLIENT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "stripe/objects.h"
#include "text/json.h"

#define STRIPE_DEADLINE_MS 8000 /* for all calls of one request */
#define STRIPE_KEY_BYTES 64	/* an idempotency key of ours, with its NUL */

struct stripe;

/*
 * A client with its connections. `key` is borrowed for its life; `base` is
 * "https://api.stripe.com" or a loopback address. VT_INVALID for a base that
 * https_url_allowed() refuses, or a key that is not a secret or restricted
 * one. stripe_live() tells the key's mode.
 */
enum vt_err stripe_open(const struct secret *key, const char *base,
    struct stripe **out) VT_MUSTCHECK;
void stripe_close(struct stripe *s);
bool stripe_live(const struct stripe *s);

enum stripe_outcome {
	STRIPE_DONE,	 /* 2xx */
	STRIPE_REFUSED,	 /* 4xx that a retry would only repeat */
	STRIPE_NOT_DONE, /* nothing reached Stripe, or it said so (429, 401) */
	STRIPE_UNKNOWN	 /* it may have been done: the same key again later */
};

struct stripe_error {
	char type[32], code[64], decline_code[64], param[96];
	char message[256];
	char intent[STRIPE_ID_BYTES]; /* error.payment_intent.id */
};

struct stripe_reply {
	enum stripe_outcome outcome;
	int status;		 /* 0: no answer */
	const struct json *body; /* the object on 2xx, else NULL; in `a` */
	struct stripe_error error;
	char request_id[64]; /* Stripe's, for the log */
	bool replayed;	     /* Idempotent-Replayed */
	int tries;
};

struct stripe_call {
	const char *method; /* "GET", "POST", "DELETE" */
	const char *path;   /* "/v1/payment_intents"; ids already checked */
	const char *params; /* form text: a body, or the query of a GET */
	const char *key;    /* idempotency key of a POST; NULL for a GET */
	int64_t deadline_mono_ms; /* clock_mono_ms() + STRIPE_DEADLINE_MS */
};

/*
 * VT_OK: 2xx, reply->body is the object. Otherwise `p` is what the public
 * may see, and the result is one of
 *   VT_FUNDS    402 "payment_failed", with decline_code
 *   VT_INVALID  4xx that the caller's input caused
 *   VT_SYS      500 "internal": a wrong key, a parameter that Stripe does
 *               not know, idempotency_error: our fault, logged as such (R74)
 *   VT_NOTFOUND resource_missing
 *   VT_REMOTE   502 "stripe_unreadable": HTML, half a body, no JSON
 *   VT_BUSY     503 "stripe_unavailable": 5xx, 429, 409, no answer in time
 * reply->outcome says in every case whether it may have happened. No write
 * may be open (R76).
 */
enum vt_err
stripe_do(struct stripe *s, struct arena *a, const struct stripe_call *call,
    struct stripe_reply *reply, struct vt_problem *p) VT_MUSTCHECK;

/* A new random key of 128 bits: "vt-" and 32 hexadecimal digits. */
void stripe_key_new(char out[static STRIPE_KEY_BYTES]);

#endif
