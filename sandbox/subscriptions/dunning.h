/*
 * dunning: how often an unpaid invoice of a subscription is tried again, and
 * what becomes of the subscription when none of it helps.
 *
 * Stripe's own schedule is a setting of the account ("Smart Retries" picks
 * the hours); here it is fixed: 3 days after the first attempt, then 5, then
 * 7. What follows the last one is a setting too: see dunning_end().
 */
#ifndef SANDBOX_DUNNING_H
#define SANDBOX_DUNNING_H

#include <stdint.h>

#include "core/box.h"

/*
 * When an invoice is tried again whose `attempts`th automatic attempt (from
 * 1) has just failed at `now_s`; 0: that was the last one.
 */
int64_t dunning_next_s(int64_t attempts, int64_t now_s);

enum dunning_end {
	DUNNING_CANCEL,	 /* the subscription is canceled */
	DUNNING_UNPAID,	 /* it is unpaid: invoices stay drafts */
	DUNNING_PAST_DUE /* it stays as it is */
};

/* What follows the last attempt. With the lock held. */
enum dunning_end dunning_end(struct box *b);

/* Sets it by name ("cancel", "unpaid", "past_due"); VT_INVALID for others. */
enum vt_err dunning_end_set(struct box *b, const char *name) VT_MUSTCHECK;

#endif
