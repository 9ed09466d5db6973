/*
 * pause: a subscription that is paused, as a whole, and resumed
 * (docs.stripe.com/billing/subscriptions/pause): no periods, no invoices.
 * A pause of its collection is another thing: settings.h, billing.h.
 */
#ifndef SANDBOX_PAUSE_H
#define SANDBOX_PAUSE_H

#include "subscriptions/subscription.h"

/* It is paused from now on, for this reason: customer.subscription.paused. */
enum vt_err
pause_now(struct call *c, struct doc *sub, const char *reason) VT_MUSTCHECK;

/* The pause and resume operations, by the call's parameters; saved. */
enum vt_err pause_request(struct call *c, struct doc *sub) VT_MUSTCHECK;
enum vt_err pause_resume(struct call *c, struct doc *sub) VT_MUSTCHECK;

/* The invoice that its resumption would bring, NULL for none; in memory. */
enum vt_err pause_preview(struct call *c, struct doc *sub,
    const struct json *params, struct doc **invoice) VT_MUSTCHECK;

/* The invoice of a resumption is paid: it is active again; or it never will
 * be: it stays paused. */
enum vt_err pause_resumed(struct call *c, struct doc *sub) VT_MUSTCHECK;
enum vt_err pause_not_resumed(struct call *c, struct doc *sub) VT_MUSTCHECK;

#endif
