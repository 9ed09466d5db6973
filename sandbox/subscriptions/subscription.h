/*
 * subscription: what a subscription is, and what becomes of it when time or
 * an invoice says so.
 *
 * A subscription and its items are objects of their own; the subscription
 * carries its items whole, as Stripe shows it. Each item has a price and a
 * period, counted from the subscription's anchor (period.h).
 *
 * Who does what: subscription.c keeps the object; lifecycle.c does what time
 * brings; billing.c makes invoices of it; change.c changes it; the
 * operations are in subscriptions.c and subscription_items.c.
 */
#ifndef SANDBOX_SUBSCRIPTION_H
#define SANDBOX_SUBSCRIPTION_H

#include "core/resource.h"
#include "subscriptions/period.h"

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

/* When the period that ends first ends, and began; 0 without items. */
int64_t subscription_period_ends(const struct doc *sub);
int64_t subscription_period_started(const struct doc *sub);

/* True if another period will follow the one it has. */
bool subscription_renews(const struct doc *sub);

/* Two of its shortest interval after a moment; 0 once it has ended. */
int64_t subscription_two_intervals(const struct doc *sub, int64_t at_s);

/* The item's period is over, the next one begins: in memory. */
void subscription_item_turn(const struct doc *sub, struct doc *item);

/*
 * Writes it with its items as they are and the time of what happens next,
 * and emits `event`; for NULL, customer.subscription.updated if something
 * changed.
 */
enum vt_err subscription_save(
    struct call *c, struct doc *sub, const char *event) VT_MUSTCHECK;

/* When something happens to it next, in seconds; 0: never. */
int64_t subscription_next_s(const struct doc *sub);

/* That time has come (due.h). */
enum vt_err subscription_due(struct call *c, struct doc *sub) VT_MUSTCHECK;

/*
 * Ends it now: canceled, with customer.subscription.deleted. Invoices that
 * are open are not collected by themselves any more. `reason` (of
 * cancellation_details) NULL: as it stands there. One that ended stays so.
 */
enum vt_err subscription_end(
    struct call *c, struct doc *sub, const char *reason) VT_MUSTCHECK;

/*
 * Its trial is over now. Without anything to pay with, and where its
 * settings say so, it is paused or canceled: *over. Else nothing is done,
 * and it goes on as one that has to be paid.
 */
enum vt_err subscription_trial_over(
    struct call *c, struct doc *sub, bool *over) VT_MUSTCHECK;

/*
 * Gives one up that is incomplete: its invoice is voided, and it is
 * incomplete_expired (a change like others, no end).
 */
enum vt_err subscription_expire(struct call *c, struct doc *sub) VT_MUSTCHECK;

/* The same for all of a customer's: it is deleted. */
enum vt_err
subscription_end_all(struct call *c, const struct doc *customer) VT_MUSTCHECK;

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

/*
 * Has a SetupIntent ask for a method where the first invoice asks for
 * nothing and there is none yet (pending_setup_intent); not saved. And its
 * success, which setup.c tells: the method becomes the subscription's.
 */
enum vt_err subscription_ask_method(
    struct call *c, struct doc *sub, const struct doc *invoice) VT_MUSTCHECK;
enum vt_err
subscription_set_up(struct call *c, const struct doc *setup) VT_MUSTCHECK;

/* A method of the customer's is gone: no subscription's default any more. */
enum vt_err subscription_forget_method(
    struct call *c, const char *customer, const char *method) VT_MUSTCHECK;

/* A price has changed (not its amount): the items that have it show that,
 * and no event tells. */
enum vt_err
subscription_show_price(struct call *c, const struct doc *price) VT_MUSTCHECK;

#endif
