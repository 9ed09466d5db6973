/*
 * subscription_item: one price of a subscription, with its quantity and its
 * period. The operations are in subscription_items.c.
 */
#ifndef SANDBOX_SUBSCRIPTION_ITEM_H
#define SANDBOX_SUBSCRIPTION_ITEM_H

#include "subscriptions/subscription.h"

/* A new one of this subscription, without a price; not stored. */
struct doc *subscription_item_new(struct call *c, const struct doc *sub);

/*
 * Sets what an element of `items` names: price, quantity, metadata and so
 * on; `at` is the element's own name ("items[0]"), "" for the whole call's.
 */
enum vt_err subscription_item_apply(struct call *c, const struct doc *sub,
    struct doc *item, const struct json *params, const char *at) VT_MUSTCHECK;

/* A copy that can be changed without changing the one in hand. */
struct doc *subscription_item_copy(struct call *c, const struct doc *item);

/* Its price, as it is kept now. */
enum vt_err subscription_item_price(
    struct call *c, const struct doc *item, struct doc **out) VT_MUSTCHECK;

/* Shows this price in it, and as the plan that it once would have been. */
void subscription_item_show(struct doc *item, const struct doc *price);

/* The ids of all items that have this price. */
enum vt_err subscription_item_ids(
    struct call *c, const struct doc *price, struct doc_ids *out) VT_MUSTCHECK;

/* Its quantity; 0 for usage that is metered. */
int64_t subscription_item_quantity(const struct doc *item);

/* True if what is used is counted afterwards. */
bool subscription_item_metered(const struct doc *item);

/* What a whole period of it costs, in the subscription's currency. */
enum vt_err subscription_item_amount(struct call *c, const struct doc *sub,
    const struct doc *item, int64_t *out) VT_MUSTCHECK;

/* "Gold", or "3 × Gold" when there are several. */
const char *subscription_item_title(struct call *c, const struct doc *item);

/*
 * Whether these can be on one subscription: of one currency, each price
 * once, and, where the billing mode is classic, of one interval. Sets the
 * subscription's currency when it has none.
 */
enum vt_err subscription_item_check(struct call *c, struct doc *sub,
    struct doc *const *items, size_t count) VT_MUSTCHECK;

#endif
