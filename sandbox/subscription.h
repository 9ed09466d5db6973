/*
 * subscription: what a subscription is, and what becomes of it when time or
 * an invoice says so.
 *
 * A subscription and its items are objects of their own; the subscription
 * carries its items whole, as Stripe shows it. Each item has a price and a
 * period, counted from the subscription's anchor (period.h).
 */
#ifndef SANDBOX_SUBSCRIPTION_H
#define SANDBOX_SUBSCRIPTION_H

#include "period.h"
#include "resource.h"

#define SUBSCRIPTION_ITEMS_MAX 20
#define SUBSCRIPTION_PAY_WITHIN_S (23 * INT64_C(3600))

struct subscription_items {
	struct doc **docs; /* oldest first */
	size_t count;
};

/* Its items, those in hand of the call. */
enum vt_err subscription_items(struct call *c, const struct doc *sub,
    struct subscription_items *out) VT_MUSTCHECK;

/* The calendar of one of its items. */
struct period
subscription_period(const struct doc *sub, const struct doc *item);

/*
 * Writes it with its items as they are and the time of what happens next,
 * and emits `event`; for NULL, customer.subscription.updated if something
 * changed.
 */
enum vt_err subscription_save(
    struct call *c, struct doc *sub, const char *event) VT_MUSTCHECK;

/*
 * What an invoice has come to, whoever paid or closed it: it is paid; an
 * attempt to pay it failed or waits for the customer; it was voided or
 * marked uncollectible. Nothing happens when it is no subscription's.
 * Called with the invoice saved, in its transaction.
 */
enum vt_err
subscription_invoice_paid(struct call *c, struct doc *invoice) VT_MUSTCHECK;
enum vt_err
subscription_invoice_failed(struct call *c, struct doc *invoice) VT_MUSTCHECK;
enum vt_err
subscription_invoice_closed(struct call *c, struct doc *invoice) VT_MUSTCHECK;

#endif
