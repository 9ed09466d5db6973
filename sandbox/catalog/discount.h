/*
 * discount: a coupon that somebody redeemed, and for what: a customer, a
 * subscription, an invoice or one of its items.
 *
 * It keeps what its coupon said when it was redeemed, so that nothing that
 * happens to the coupon later changes it.
 */
#ifndef SANDBOX_DISCOUNT_H
#define SANDBOX_DISCOUNT_H

#include "core/params.h"
#include "core/resource.h"
#include "invoices/bill.h"

/* Elements of the parameter "discounts". */
extern const struct param discount_params[];

/* For what it is redeemed; the members of a discount of the same names. */
struct discount_for {
	const char *customer; /* whose; NULL: not known (a preview) */
	const char *subscription, *subscription_item;
	const char *invoice, *invoice_item;
	const char *checkout_session;
	const char *currency; /* NULL: not known yet */
	int64_t amount;	      /* what is bought, for restrictions; -1: open */
};

/*
 * Redeems what a parameter "discounts" lists (coupon, promotion_code or, to
 * keep it, discount), in its order; *ids are those of the discounts. A null
 * or absent `given` makes an empty list. Refused, with `param` as the name:
 * unknown, used up, expired, of another currency, restricted.
 */
enum vt_err
discounts_redeem(struct call *c, const struct json *given, const char *param,
    const struct discount_for *f, struct json **ids) VT_MUSTCHECK;

/*
 * Gives a customer a discount of his own, for {coupon} or {promotion_code},
 * instead of the one that he has. The customer is not saved.
 */
enum vt_err discount_give(struct call *c, struct doc *customer,
    const struct json *given) VT_MUSTCHECK;

/* Those of the list of ids that still take something off at this moment. */
struct json *
discounts_live(struct call *c, const struct json *ids, int64_t at_s);

/*
 * Takes it off the lines that take part, in this currency, having marked
 * out those that its coupon is not for: `products` has each line's product,
 * or NULL.
 */
void discount_apply(const struct doc *discount, const char *currency,
    struct bill_line *lines, const char *const *products, size_t count);

/*
 * It was used on an invoice: one of duration "once" is over, and leaves the
 * customer or the subscription that had it, with customer.discount.deleted.
 */
enum vt_err discount_used(struct call *c, struct doc *discount) VT_MUSTCHECK;

/* Takes it away from whoever has it, with the event. */
enum vt_err discount_end(struct call *c, struct doc *discount) VT_MUSTCHECK;

#endif
