/*
 * dispute: a customer's bank takes a payment back, or asks about it first,
 * and what comes of it (docs.stripe.com/disputes/how-disputes-work).
 *
 * Every function saves what it changed and emits the events, in the caller's
 * transaction.
 */
#ifndef SANDBOX_DISPUTE_H
#define SANDBOX_DISPUTE_H

#include "core/resource.h"

/*
 * The bank disputes what is left of a charge; with `inquiry` it only asks
 * yet, and no money moves. Where it has asked already, the inquiry becomes a
 * dispute. Refused: nothing is left, or there is a dispute already.
 */
enum vt_err dispute_open(struct call *c, struct doc *charge, const char *reason,
    bool inquiry, struct doc **out) VT_MUSTCHECK;

/* The newest dispute about a charge; NULL when there is none. */
struct doc *dispute_of(struct call *c, const struct doc *charge);

/*
 * The evidence that has been given goes to the bank. What stands in
 * uncategorized_text decides, as in Stripe's test mode: winning_evidence,
 * losing_evidence; anything else leaves it under review.
 */
enum vt_err dispute_submit(struct call *c, struct doc *dispute) VT_MUSTCHECK;

/*
 * The bank's verdict; an inquiry just ends. A lost one that is won after all
 * has gone through an appeal. Refused when there is nothing to decide.
 */
enum vt_err
dispute_close(struct call *c, struct doc *dispute, bool won) VT_MUSTCHECK;

/*
 * Refused when a dispute stands in the way of refunding this charge; and
 * what a refund does to an inquiry and to a warning.
 */
enum vt_err
dispute_check_refund(struct call *c, const struct doc *charge) VT_MUSTCHECK;
enum vt_err
dispute_refunded(struct call *c, const struct doc *charge) VT_MUSTCHECK;

/* Its time has come: nobody answered, or the bank decides (due.h). */
enum vt_err dispute_due(struct call *c, struct doc *dispute) VT_MUSTCHECK;

/* An issuer reports fraud without disputing anything yet. */
enum vt_err dispute_warn(struct call *c, const struct doc *charge) VT_MUSTCHECK;

/* What a test card has in store for the charge that it has just paid. */
enum vt_err
dispute_after_charge(struct call *c, struct doc *charge) VT_MUSTCHECK;

#endif
