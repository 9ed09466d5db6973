/*
 * refund: money on its way back, and what comes of it: most refunds succeed
 * at once, some wait for a bank, some are returned by it days later.
 *
 * Every function saves what it changed and emits the events, in the caller's
 * transaction.
 */
#ifndef SANDBOX_REFUND_H
#define SANDBOX_REFUND_H

#include "core/resource.h"

/* How a refund goes, whatever its card would say. */
enum refund_course {
	REFUND_BY_CARD, /* as the test card behaves */
	REFUND_PENDING, /* pending, then it succeeds */
	REFUND_FAILS,	/* succeeds, then the bank returns it */
	REFUND_ASKS	/* the customer has to say where to: requires_action */
};

struct refund_order {
	struct doc *charge;
	int64_t amount; /* 0: all that is left */
	const char *reason;
	const char *instructions_email; /* or NULL */
	const struct json *metadata;	/* parameters with a member metadata */
	enum refund_course course;
};

/*
 * Refunds the charge. Refused: not paid or captured, disputed, already
 * refunded, more than is left of it.
 */
enum vt_err refund_make(struct call *c, const struct refund_order *o,
    struct doc **out) VT_MUSTCHECK;

/*
 * Lets go what a charge only authorised, because it was canceled or because
 * the authorisation `expired`. No money moves.
 */
enum vt_err
refund_release(struct call *c, struct doc *charge, bool expired) VT_MUSTCHECK;

/* Calls one off that still waits for the customer. */
enum vt_err refund_cancel(struct call *c, struct doc *refund) VT_MUSTCHECK;

/* Its time has come (due.h). */
enum vt_err refund_due(struct call *c, struct doc *refund) VT_MUSTCHECK;

#endif
