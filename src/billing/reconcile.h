/*
 * reconcile: what was begun with Stripe and not ended, looked at again.
 *
 * A crash, a lost answer or a lost webhook leaves a row; a round takes up
 * each such row, asks Stripe itself and lets fulfil do the rest. A round may
 * be ended anywhere and run again: everything in it happens once (R95).
 */
#ifndef VT_BILLING_RECONCILE_H
#define VT_BILLING_RECONCILE_H

#include <stdint.h>

#include "base/err.h"
#include "billing/shop.h"

struct reconcile {
	const struct shop *shop;
	bool (*stopped)(void); /* asked between two calls; or NULL */
	/* Its own, zero at first. */
	int64_t grant_cursor; /* after which transaction to go on comparing */
	int64_t swept_at;     /* when the last whole sweep began, 0: never */
};

/* What a round did. */
struct reconcile_tally {
	int looked;  /* rows taken up */
	int settled; /* rows that need no more looking at */
	int bad;     /* rows that could not be settled; the log says why */
	int alarms;  /* grants that Stripe does not confirm */
	bool away;   /* ended early: Stripe or the database is out of reach */
};

/*
 * One round, in this order: attempts whose outcome is unknown, events that
 * wait for an object, unfinished orders (the abandoned ones are canceled at
 * Stripe), grants that only a webhook vouched for, and once an hour what
 * Stripe has that we may have missed. Calls Stripe, one object at a time,
 * with no write open (R76).
 */
void reconcile_run(struct reconcile *r, struct reconcile_tally *out);

#endif
