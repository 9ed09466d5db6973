/*
 * amount: money as people read it on pages and bills.
 */
#ifndef SANDBOX_AMOUNT_H
#define SANDBOX_AMOUNT_H

#include <stdint.h>

#include "base/arena.h"

/*
 * "39.99 USD" of an amount in the currency's smallest unit, and the
 * currency as Stripe's API writes it, in small letters. In the arena.
 */
const char *amount_text(struct arena *a, int64_t amount, const char *currency);

#endif
