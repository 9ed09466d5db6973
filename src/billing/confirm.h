/*
 * confirm: did it work? The question that a browser asks after it paid, and
 * that is answered by Stripe and by our rows, never by the browser (R20).
 */
#ifndef VT_BILLING_CONFIRM_H
#define VT_BILLING_CONFIRM_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "billing/orders.h"
#include "billing/shop.h"

enum purchase_state {
	PURCHASE_COMPLETED,
	PURCHASE_PROCESSING, /* paid or on its way; a webhook will tell */
	PURCHASE_REQUIRES_ACTION,
	PURCHASE_REQUIRES_PAYMENT_METHOD,
	PURCHASE_DECLINED, /* the last attempt was */
	PURCHASE_CANCELED
};

struct confirmation {
	enum purchase_state state;
	struct order order;
	int64_t balance;	   /* available, when completed */
	const char *client_secret; /* or NULL */
	char decline_code[64];
	char message[256];
};

/*
 * Re-reads the intent from Stripe and does what the webhook would do (R20).
 * A purchase that is granted is answered from our rows alone. VT_NOTFOUND
 * for an intent that is not this user's.
 */
enum vt_err purchase_confirm(const struct shop *shop, struct arena *a,
    const char *user_sub, const char *intent, struct confirmation *out,
    struct vt_problem *p) VT_MUSTCHECK;

#endif
