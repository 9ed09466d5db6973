/*
 * params: the form bodies of the calls we make (docs.stripe.com/api),
 * as text in `a`.
 */
#ifndef VT_STRIPE_PARAMS_H
#define VT_STRIPE_PARAMS_H

#include <stdint.h>

#include "base/arena.h"
#include "stripe/objects.h"

/* POST /v1/customers; `email` may be NULL. */
const char *stripe_params_customer(
    struct arena *a, const char *email, const struct stripe_metadata *metadata);

/*
 * POST /v1/payment_intents for a package: automatic payment methods, no
 * receipt_email; setup_future_usage=off_session if `save`.
 */
const char *stripe_params_intent(struct arena *a, int64_t amount,
    const char *currency, const char *customer, const char *description,
    bool save, const struct stripe_metadata *metadata);

/* POST /v1/payment_intents/{id}/cancel, cancellation_reason=abandoned. */
const char *stripe_params_cancel_abandoned(struct arena *a);

/*
 * The query of a list, 100 to a page: created from `from_s` to `to_s`
 * (seconds; both included, 0: open), of one customer unless NULL or "",
 * after the object `after` unless NULL or "".
 */
const char *stripe_params_list(struct arena *a, int64_t from_s, int64_t to_s,
    const char *customer, const char *after);

#endif
