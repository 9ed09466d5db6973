/*
 * payment: what happens to a PaymentIntent once somebody wants to pay it:
 * charges, declines, challenges, redirects, bank debits that take days.
 *
 * Every function saves what it changed and emits the events, in the caller's
 * transaction. A decline returns VT_FUNDS with the error filled in; its
 * changes are to be kept.
 */
#ifndef SANDBOX_PAYMENT_H
#define SANDBOX_PAYMENT_H

#include "core/resource.h"

struct payment_attempt {
	struct doc *intent;
	struct doc *method;
	bool off_session;
	bool error_on_action; /* error_on_requires_action */
	bool use_sdk;	      /* use_stripe_sdk: the browser shows challenges */
	const char *return_url; /* or NULL */
};

/*
 * Tries to pay. VT_OK: the intent has moved on (succeeded, processing,
 * requires_capture, requires_action). VT_FUNDS: declined. VT_INVALID: the
 * parameters do not fit, nothing has changed.
 */
enum vt_err
payment_attempt(struct call *c, const struct payment_attempt *t) VT_MUSTCHECK;

/* The end of a challenge or of a redirect: passed or failed. */
enum vt_err payment_authenticated(
    struct call *c, struct doc *intent, bool passed) VT_MUSTCHECK;

/*
 * It will not be paid; what was authorised for it is let go. `reason` may be
 * NULL.
 */
enum vt_err payment_cancel(
    struct call *c, struct doc *intent, const char *reason) VT_MUSTCHECK;

/* Takes what was authorised, `amount` of it. */
enum vt_err payment_capture(
    struct call *c, struct doc *intent, int64_t amount) VT_MUSTCHECK;

/* A bank debit's time has come (due.h): the account paid, or it did not. */
enum vt_err payment_due(struct call *c, struct doc *intent) VT_MUSTCHECK;

#endif
