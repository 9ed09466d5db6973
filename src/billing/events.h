/*
 * events: what Stripe tells, stored as it came and carried out once.
 *
 * A row is written with its effect, in one write. An effect that fails is
 * undone and the row says "failed" for keeper; what needs an object of
 * Stripe's says "waiting" for reconciler (R10, R11).
 */
#ifndef VT_BILLING_EVENTS_H
#define VT_BILLING_EVENTS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "billing/fulfil.h"
#include "store/db.h"
#include "store/migrate.h"
#include "stripe/objects.h"

enum event_kind {
	EVENT_OF_NO_INTEREST,
	EVENT_INTENT,
	EVENT_CHARGE,
	EVENT_CHECKOUT,
	EVENT_UNREADABLE /* a type of ours, an object we cannot use */
};

/* An event with its object read, ready for the writer. */
struct event_fact {
	struct stripe_event event;
	const char *body; /* borrowed from the request or the arena */
	unsigned char object_hash[32]; /* of type, created and data.object */
	enum event_kind kind;
	struct stripe_intent intent;
	struct stripe_charge charge;
	struct stripe_checkout checkout;
};

/*
 * Takes a verified body apart. VT_INVALID with "malformed_json" or
 * "malformed_event" when it is no event at all; everything that is one can
 * be stored. Its client secret is not in out->body. Lives in `a`, with
 * `body` where nothing had to be crossed out.
 */
enum vt_err event_read(struct arena *a, const char *body, size_t body_bytes,
    struct event_fact *out, struct vt_problem *p) VT_MUSTCHECK;

enum event_outcome {
	EVENT_APPLIED,
	EVENT_DUPLICATE,
	EVENT_IRRELEVANT,
	EVENT_WAITING,
	EVENT_PARKED,
	EVENT_FAILED,
	EVENT_OUTCOME__MAX
};
const char *event_outcome_name(enum event_outcome o);

struct event_in {
	const struct event_fact *fact;
	const struct instance *instance;
	int64_t now_ms;
};

struct event_done {
	enum event_outcome outcome;
	const char *reason; /* a stable word, constant */
	bool seen_before;   /* this very event id */
	bool altered;	    /* … with another type, time or object: alarm */
	struct fulfil_done fulfil;
};

/*
 * A write_fn (event_in, event_done): stores the event and its effect. Not
 * VT_OK only when nothing could be stored.
 */
enum vt_err event_receive(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

/* One log line, and an alarm where one is due; after the commit. */
void event_log(const struct event_fact *fact, const struct event_done *done);

/*
 * keeper: events whose effect failed and that are due. Ids, at most `max`.
 */
struct event_id {
	char id[STRIPE_ID_BYTES];
	char need[STRIPE_ID_BYTES]; /* what a waiting one needs */
	int tries;
};
enum vt_err events_failed_due(struct db *db, int64_t now_ms,
    struct event_id *out, size_t max, size_t *count) VT_MUSTCHECK;

struct event_again {
	const char *id;
	const struct instance *instance;
	int64_t now_ms;
};
/* A write_fn (event_again, event_done): runs a stored event once more. */
enum vt_err event_run_again(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

/* reconciler: events that wait for an object and are due. */
enum vt_err events_waiting_due(struct db *db, int64_t now_ms,
    struct event_id *out, size_t max, size_t *count) VT_MUSTCHECK;

/*
 * reconciler, inside an operation: the object that events waited for was
 * read and had this outcome; or it could not be read, and they wait longer.
 */
enum vt_err
events_settle(struct db *db, const char *need, enum fulfil_outcome outcome,
    const char *reason, int64_t now_ms) VT_MUSTCHECK;
enum vt_err
events_postpone(struct db *db, const char *need, int64_t now_ms) VT_MUSTCHECK;

#endif
