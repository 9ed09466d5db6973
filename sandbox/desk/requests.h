/*
 * requests: what the API was asked lately, as in the log of Stripe's
 * dashboard: for a test that looks at what a client sends, and for somebody
 * who wonders what the workers asked.
 *
 * Only calls with a secret key: what a page sends is its visitor's. Card
 * numbers and client secrets are left out.
 */
#ifndef SANDBOX_REQUESTS_H
#define SANDBOX_REQUESTS_H

#include "core/call.h"

/*
 * The call's parameters as they go into the list, in its arena; NULL for a
 * call that does not. Before the operation runs: what it makes of them is
 * its own affair.
 */
const char *requests_params(const struct call *c);

/*
 * Adds the call with its answer's status and what requests_params() gave,
 * and drops the oldest beyond the newest thousand. With the lock held, after
 * the call's transaction: a refusal is listed too.
 */
void requests_add(struct call *c, const char *params, int status);

#endif
