/*
 * service_calls: what a service may ask for (api.md, marks S): to spend a
 * user's tokens, to reserve, capture and release them, and to give back what
 * it spent. Each is a write_fn whose answer is the JSON of the first time,
 * again and again.
 *
 * A reference names a spend or a hold of a service for ever; an
 * Idempotency-Key does the same for any of the five, for one path (R77). A
 * user without a row has no tokens, so asking for some is refused as for
 * anybody else (402): a service need not know who called here before.
 */
#ifndef VT_BILLING_SERVICE_CALLS_H
#define VT_BILLING_SERVICE_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "ledger/idempotency.h"
#include "store/db.h"

/* Who asks, and when: the same for all. */
struct service_call {
	int64_t service;		   /* services.id */
	const char *actor;		   /* "service:NAME", from the key */
	const struct idempotency_key *key; /* principal: the actor */
	const char *request_id; /* names a reversal where no key was given */
	int64_t now_ms;
	struct arena *arena; /* for the answer */
};

struct service_answer {
	int status;
	bool replayed;	  /* the answer of the first time */
	const char *body; /* JSON, in the arena */
};

/*
 * VT_FUNDS "insufficient_tokens", VT_LIMIT "daily_cap_reached", VT_CONFLICT
 * "idempotency_mismatch" or "account_closed" (Clerk deleted the user).
 */
struct service_spend {
	struct service_call call;
	const char *user; /* Clerk's id */
	int64_t tokens;
	const char *reference; /* services.h */
	const char *metadata;  /* a JSON object as text, or NULL */
};
enum vt_err service_spend(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

/* The same refusals. */
struct service_hold {
	struct service_call call;
	const char *user;
	int64_t tokens;
	const char *reference;
	int64_t ttl_s; /* 1..HOLD_TTL_MAX_S */
};
enum vt_err service_hold(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

/*
 * VT_NOTFOUND "unknown_hold" (another service's too), VT_CONFLICT
 * "hold_ended" with the first result, VT_INVALID for more than is held.
 */
struct service_hold_end {
	struct service_call call;
	const char *hold; /* hold_… */
	int64_t tokens;	  /* to capture; a release does not look at it */
};
enum vt_err service_capture(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;
enum vt_err service_release(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

/* The refusals of ledger_reverse(). */
struct service_reverse {
	struct service_call call;
	const char *transaction;
	int64_t tokens; /* 0: all that is left of it */
	const char *reason;
};
enum vt_err service_reverse(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

#endif
