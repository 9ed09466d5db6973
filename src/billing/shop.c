/* shop: see shop.h. */
#include "billing/shop.h"

enum vt_err
shop_fetch_intent(const struct shop *shop, struct arena *a, const char *intent,
    int64_t deadline, const struct json **body, struct vt_problem *p)
{
	struct stripe_call c = {
		.method = "GET", .params = "", .deadline_mono_ms = deadline
	};
	struct stripe_reply reply;
	enum vt_err err;

	if (!stripe_id_valid(intent))
		return VT_NOTFOUND;
	c.path = arena_printf(a, "/v1/payment_intents/%s", intent);
	err = stripe_do(shop->stripe, a, &c, &reply, p);
	if (err == VT_OK)
		*body = reply.body;
	return err;
}

enum vt_err
shop_unreadable(struct vt_problem *p)
{
	return vt_problem(p, VT_REMOTE, "stripe_unreadable", NULL,
	    "Stripe's answer could not be read; nothing was charged.");
}
