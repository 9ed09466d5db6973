/*
 * charge: the record of one attempt to move money, and its entry in the
 * account's balance.
 */
#ifndef SANDBOX_CHARGE_H
#define SANDBOX_CHARGE_H

#include "core/resource.h"
#include "payments/card.h"

/* A charge of this intent by this method, not stored and not decided. */
enum vt_err
charge_make(struct call *c, const struct doc *intent, const struct doc *method,
    bool authenticated, struct doc **out) VT_MUSTCHECK;

/* It is paid, captured at once or to be captured: charge.succeeded. */
enum vt_err
charge_succeed(struct call *c, struct doc *charge, bool captured) VT_MUSTCHECK;

/* It waits for a bank: charge.pending. */
enum vt_err charge_wait(struct call *c, struct doc *charge) VT_MUSTCHECK;

struct charge_failure {
	const char *code, *message, *reason, *advice;
	bool blocked; /* never reached the bank */
};

/* It failed: charge.failed. */
enum vt_err charge_fail(struct call *c, struct doc *charge,
    const struct charge_failure *f) VT_MUSTCHECK;

/* Takes so much of what was authorised: charge.captured. */
enum vt_err
charge_capture(struct call *c, struct doc *charge, int64_t amount) VT_MUSTCHECK;

/*
 * Books it in the balance, a moment after it succeeded: Stripe captures
 * asynchronously, so charge.succeeded has no balance_transaction yet and
 * charge.updated brings it.
 */
enum vt_err charge_settle(struct call *c, struct doc *charge) VT_MUSTCHECK;

/* What the card that paid has in store; nothing for other methods. */
enum card_after charge_after(struct call *c, const struct doc *charge);

#endif
