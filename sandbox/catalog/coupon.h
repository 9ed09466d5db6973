/*
 * coupon: whether a coupon, or the code that a customer types for it, can
 * still be redeemed. The operations are in coupons.c and promotion_codes.c;
 * what it takes off is discount.h's.
 */
#ifndef SANDBOX_COUPON_H
#define SANDBOX_COUPON_H

#include "core/resource.h"

/* By the coupon's members: not past redeem_by, not redeemed too often. */
bool coupon_valid(const struct call *c, const struct json *coupon);

/* The same for a promotion code, whose coupon must be valid too. */
bool promotion_code_active(struct call *c, const struct json *code);

/* The active code of this customer's, or of anybody's; NULL: none. */
struct doc *
promotion_code_find(struct call *c, const char *code, const char *customer);

#endif
