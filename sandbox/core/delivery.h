/*
 * delivery: webhooks on their way, Stripe's and Clerk's.
 *
 * A delivery is a row: one event for one endpoint. A few threads send what
 * is due by the clock, one at a time for each endpoint, in order; what was
 * not answered with 2xx is tried again with growing pauses. How they are
 * sent can be told to lie (delivery_mode).
 *
 * Order: rank, which is the row's number unless a mode says otherwise.
 */
#ifndef SANDBOX_DELIVERY_H
#define SANDBOX_DELIVERY_H

#include "core/call.h"

/* Makes the state; delivery_start() its threads. */
struct delivery *delivery_new(struct box *b);
void delivery_free(struct delivery *d);
void delivery_start(struct box *b);

/* Queues an event for an endpoint, inside the caller's transaction. */
enum vt_err delivery_add(
    struct call *c, const char *event, const char *endpoint) VT_MUSTCHECK;

/* Wakes the threads; after the commit of something that queued. */
void delivery_wake(struct box *b);

/*
 * Sets how webhooks are delivered from now on, with the lock held:
 *	deliver    as they come; what was withheld goes out too
 *	withhold   not at all
 *	duplicate  each n times
 *	reverse    n are gathered (or 2 s pass), then newest first
 *	delay      n seconds late, by the clock
 * VT_INVALID for another word.
 */
enum vt_err
delivery_mode(struct call *c, const char *mode, int64_t n) VT_MUSTCHECK;

/* Sends an event again to every endpoint that it once was queued for. */
enum vt_err delivery_resend(struct call *c, const char *event) VT_MUSTCHECK;

/*
 * Does what is due by the clock (due.h, then webhooks) and waits until it is
 * answered. Without the lock.
 */
struct delivery_count {
	int64_t delivered; /* webhooks taken with 2xx meanwhile */
	int64_t worked;	   /* webhooks tried and things done that were due */
	int64_t pending;   /* webhooks left for later */
};
void delivery_settle(struct box *b, struct delivery_count *out);

#endif
