/*
 * period: the calendar of recurring prices.
 *
 * The periods of a subscription are all counted from one moment, its anchor,
 * and not from each other: a month after January 31 is February 28, and two
 * months after it March 31. A month that lacks the anchor's day ends on its
 * last one (docs.stripe.com/billing/subscriptions/billing-cycle). All in
 * UTC, in seconds.
 */
#ifndef SANDBOX_PERIOD_H
#define SANDBOX_PERIOD_H

#include <stdint.h>

#include "text/json.h"

enum period_unit { PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_YEAR };

struct period {
	enum period_unit unit;
	int64_t count;	  /* of units, at least 1 */
	int64_t anchor_s; /* where a period begins */
	/* Of a month, which the anchor may have missed (the 31st, in a short
	 * one); 0: the anchor's own. */
	int day;
};

/* Reads "interval" and "interval_count" (1 when absent) of a price's
 * `recurring`; the anchor is the caller's. */
struct period period_of(const struct json *recurring, int64_t anchor_s);

/* The nth boundary: 0 is the anchor, negative ones lie before it. */
int64_t period_boundary(const struct period *p, int64_t n);

/* The last boundary at or before a moment, and the first one after it. */
int64_t period_begin(const struct period *p, int64_t at_s);
int64_t period_end(const struct period *p, int64_t at_s);

/*
 * The share of a period's amount that falls on a stretch inside of it, by the
 * second, halves rounded away from zero; all of it for all of the period. A
 * stretch that reaches beyond makes the period longer.
 */
int64_t period_share(
    const struct period *p, int64_t amount, int64_t from_s, int64_t to_s);

/*
 * The next moment after `after_s` at this day of the month, and, unless
 * negative, in this month (1..12) and at this hour, minute and second; those
 * that are negative are as in `after_s`.
 */
struct period_point {
	int month, day, hour, minute, second;
};
int64_t period_next_point(const struct period_point *p, int64_t after_s);

#define PERIOD_TEXT_BYTES 16 /* "31 Jan 2027" */

/* The date of a moment, as the descriptions of lines write it. */
void period_date(int64_t at_s, char out[static PERIOD_TEXT_BYTES]);

#endif
