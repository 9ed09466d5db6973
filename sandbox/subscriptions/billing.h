/*
 * billing: the invoices of subscriptions (invoice.h): the first one, one for
 * each period, one for a change, and what waits to be put on the next.
 */
#ifndef SANDBOX_BILLING_H
#define SANDBOX_BILLING_H

#include "subscriptions/change.h"

/*
 * A draft (or a preview) for what begins now: each item's period (free on a
 * trial), what `add_invoice_items` of the parameters adds, and what waits to
 * be billed.
 */
enum vt_err billing_first(struct call *c, struct doc *sub,
    const struct json *params, bool preview, struct doc **out) VT_MUSTCHECK;

/*
 * What a change costs: as invoice items that wait for the next invoice, or,
 * where it is to be invoiced now, on a draft of its own; *out is NULL when
 * there is none. The plan's items note what was billed for them.
 */
enum vt_err billing_change(struct call *c, struct change *ch,
    const struct json *params, struct doc **out) VT_MUSTCHECK;

/*
 * Finalises such a draft and, unless `behavior` is default_incomplete, has
 * it paid. VT_FUNDS: that failed or waits for the customer, with c->error;
 * whoever can live with that clears it.
 */
enum vt_err billing_collect(struct call *c, const struct doc *sub,
    struct doc *invoice, const char *behavior) VT_MUSTCHECK;

/* The draft for the periods that have just begun (subscription_item_turn),
 * or what the subscription's pause of collection makes of it. */
enum vt_err billing_cycle(struct call *c, struct doc *sub) VT_MUSTCHECK;

/*
 * The invoice that the next period will bring, in memory only; without
 * what waits to be billed if only what `recurs` is asked for.
 */
enum vt_err billing_upcoming(struct call *c, const struct doc *sub, bool recurs,
    struct doc **out) VT_MUSTCHECK;

/* invoice.upcoming, about that one. */
enum vt_err
billing_announce(struct call *c, const struct doc *sub) VT_MUSTCHECK;

/*
 * A draft of what waits for the subscription, without a period; *out is NULL
 * when nothing does.
 */
enum vt_err billing_waiting(struct call *c, struct doc *sub, const char *reason,
    struct doc **out) VT_MUSTCHECK;

/*
 * It ends now: credits what is left of its periods, and drafts a last
 * invoice (NULL when there is none) of all that waits; without either, the
 * prorations that wait are removed.
 */
enum vt_err billing_end(struct call *c, struct doc *sub, bool prorate,
    bool invoice_now, struct doc **out) VT_MUSTCHECK;

/* Its invoices are not finalised or collected by themselves any more. */
enum vt_err billing_stop(struct call *c, const struct doc *sub) VT_MUSTCHECK;

/* Voids the invoice; false in *done when it was not open. */
enum vt_err
billing_void(struct call *c, const char *invoice, bool *done) VT_MUSTCHECK;

/* Is there something to pay with? */
enum vt_err billing_has_method(
    struct call *c, const struct doc *sub, bool *out) VT_MUSTCHECK;

/* The method that paid an invoice, or NULL. */
const char *billing_method_of(struct call *c, const struct doc *invoice);

/* True if an open invoice is not tried again. */
bool billing_is_last_attempt(const struct doc *invoice);

#endif
