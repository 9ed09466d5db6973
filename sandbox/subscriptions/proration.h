/*
 * proration: what part of a price a part of its period costs.
 *
 * By the second: the price of a whole period, times the seconds in question,
 * by the seconds of the period that the calendar has there
 * (docs.stripe.com/billing/subscriptions/prorations). What was paid for and
 * will not be used comes back as a credit, what will be used is a charge.
 *
 * In the classic billing mode a credit is of the price as it is now; in the
 * flexible one, of what was in fact billed for the time, which each item
 * remembers. Both are net of discounts.
 */
#ifndef SANDBOX_PRORATION_H
#define SANDBOX_PRORATION_H

#include "subscriptions/subscription.h"

/* One amount for a stretch of time. */
struct proration {
	const struct doc *item; /* a subscription's, as it was or will be */
	int64_t amount;		/* negative: a credit */
	int64_t from_s, to_s;
	const char *description;
	struct json *credited; /* {invoice, invoice_line_items}, or NULL */
};

/* Back for the item's time from `at_s` on. VT_NOTFOUND: there is nothing. */
enum vt_err proration_credit(struct call *c, const struct doc *sub,
    const struct doc *item, int64_t at_s, struct proration *out) VT_MUSTCHECK;

/* Due for the item's time from `at_s` on. VT_NOTFOUND: there is nothing. */
enum vt_err proration_charge(struct call *c, const struct doc *sub,
    const struct doc *item, int64_t at_s, struct proration *out) VT_MUSTCHECK;

/*
 * The amount of the item for the time between, which lies inside a period of
 * the calendar that has this anchor; all of it for all of the period. Not net
 * of discounts.
 */
enum vt_err
proration_part(struct call *c, const struct doc *sub, const struct doc *item,
    int64_t anchor_s, int64_t from_s, int64_t to_s, int64_t *out) VT_MUSTCHECK;

/*
 * Notes on an item what was billed for this time, and, when known, by which
 * line of which invoice; it takes the place of what was noted for any of it.
 */
struct proration_billed {
	int64_t amount, from_s, to_s;
	const char *invoice, *line; /* or NULL */
};
void proration_note(
    struct call *c, struct doc *item, const struct proration_billed *b);

#endif
