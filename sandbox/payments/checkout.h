/*
 * checkout: sessions in which a customer pays for line items, subscribes, or
 * saves a method, on a page of ours (docs.stripe.com/payments/checkout).
 *
 * What pays is made only when the customer goes on: a PaymentIntent, a
 * SetupIntent or a subscription, by the same operations that any client has.
 * The intent knows its session (hidden "checkout") and tells it what it has
 * come to.
 */
#ifndef SANDBOX_CHECKOUT_H
#define SANDBOX_CHECKOUT_H

#include "core/params.h"
#include "core/resource.h"

extern const struct param checkout_create_params[];
extern const struct param checkout_update_params[];
extern const struct param checkout_list_params[];

/* The least and the most, and what is usual, that one is open. */
#define CHECKOUT_OPEN_MIN_S (30 * 60)
#define CHECKOUT_OPEN_MAX_S (24 * 3600)

/*
 * Line items and their sums, out of the parameters. The session must have
 * its mode; it is not saved, the items are.
 */
enum vt_err checkout_put_items(struct call *c, struct doc *d) VT_MUSTCHECK;

/* Takes a coupon or a code off its items and sums: amount_discount. */
enum vt_err checkout_put_discount(struct call *c, struct doc *d) VT_MUSTCHECK;

/* It was paid: the coupon or code is used once more. */
enum vt_err checkout_redeem(struct call *c, const struct doc *d) VT_MUSTCHECK;

/* The session's line items, in their order. */
enum vt_err checkout_items(
    struct call *c, const struct doc *d, struct doc_ids *out) VT_MUSTCHECK;

/*
 * The customer goes on, under this e-mail address unless the session knows a
 * better one: *intent is what is to be confirmed now, NULL when nothing is
 * and the session is complete. Called again, it gives the same one.
 */
enum vt_err checkout_start(struct call *c, struct doc *d, const char *email,
    struct doc **intent) VT_MUSTCHECK;

/*
 * The customer goes on and confirms by this method at once; what has to be
 * confirmed, as above.
 */
enum vt_err checkout_pay(struct call *c, struct doc *d, const char *method,
    const char *email, struct doc **intent) VT_MUSTCHECK;

/* An intent has moved on; nothing happens when it is no session's. */
enum vt_err
checkout_intent_told(struct call *c, struct doc *intent) VT_MUSTCHECK;

/* True for the intent of a session that is still open. */
bool checkout_holds(struct call *c, const struct doc *intent);

/* Nobody can pay in it any more: checkout.session.expired. */
enum vt_err checkout_expire(struct call *c, struct doc *d) VT_MUSTCHECK;

/* Its time has come (due.h). */
enum vt_err checkout_due(struct call *c, struct doc *d) VT_MUSTCHECK;

/* The URL with the session's id in place of {CHECKOUT_SESSION_ID}. */
const char *checkout_url(struct call *c, const struct doc *d, const char *url);

#endif
