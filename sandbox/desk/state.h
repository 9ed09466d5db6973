/*
 * state: what there is, in one JSON object: for GET /_sandbox/state, and for
 * the pages that show it.
 */
#ifndef SANDBOX_STATE_H
#define SANDBOX_STATE_H

#include "core/call.h"

/*
 * With the lock held:
 *	api_version, clock, clock_ms, shift_ms, clock_moves (there is a file
 *	that moves it), modes, objects (how many of each kind),
 *	deliveries_by_state, and the newest events, deliveries, payments and
 *	customers, and the endpoints with their secrets masked.
 */
struct json *state_read(struct call *c);

/*
 * One payment as it is in that list: id, created, amount, currency, status,
 * customer, amount_refunded and dispute (its status, or null). Empty when
 * there is no such intent. With the lock held.
 */
struct json *state_payment(struct call *c, const char *intent);

#endif
