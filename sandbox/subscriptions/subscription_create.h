/* subscription_create: a new subscription, out of the parameters of create. */
#ifndef SANDBOX_SUBSCRIPTION_CREATE_H
#define SANDBOX_SUBSCRIPTION_CREATE_H

#include "subscriptions/subscription.h"

/*
 * Makes it and its items, by these parameters, and stores them; without an
 * event, and nothing is billed yet.
 */
enum vt_err subscription_create(
    struct call *c, const struct json *params, struct doc **out) VT_MUSTCHECK;

#endif
