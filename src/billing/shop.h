/*
 * shop: what a process needs that sells, and the one call to Stripe that
 * several of its parts make.
 */
#ifndef VT_BILLING_SHOP_H
#define VT_BILLING_SHOP_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/migrate.h"
#include "store/readers.h"
#include "store/writer.h"
#include "stripe/client.h"
#include "text/json.h"

/* Its ways to the database and to Stripe; all borrowed. */
struct shop {
	struct writer *writer;
	struct readers *readers;
	struct stripe *stripe;
	const struct instance *instance;
};

/*
 * Reads a PaymentIntent from Stripe before the deadline (clock_mono_ms()).
 * Results as stripe_do(); VT_NOTFOUND for what cannot be an id. No write may
 * be open.
 */
enum vt_err shop_fetch_intent(const struct shop *shop, struct arena *a,
    const char *intent, int64_t deadline_mono_ms, const struct json **body,
    struct vt_problem *p) VT_MUSTCHECK;

/* A 2xx whose object cannot be used: 502 "stripe_unreadable". */
enum vt_err shop_unreadable(struct vt_problem *p);

#endif
