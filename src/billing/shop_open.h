/*
 * shop_open: what every worker that calls Stripe does at its start.
 */
#ifndef VT_BILLING_SHOP_OPEN_H
#define VT_BILLING_SHOP_OPEN_H

#include "billing/shop.h"

struct shop_open; /* a shop with the key and the client it borrows */

/*
 * Reads STRIPE_SECRET_KEY and STRIPE_API_BASE and opens the client. The
 * process ends, naming the variable, when the key is missing, of the wrong
 * kind, or of the other mode than the database.
 */
struct shop_open *shop_open(struct writer *writer, struct readers *readers,
    const struct instance *instance) __attribute__((returns_nonnull));
void shop_close(struct shop_open *o);
const struct shop *shop_of(const struct shop_open *o);

#endif
