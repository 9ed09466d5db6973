/*
 * subscription_update: an update as a whole: its settings, its change
 * (change.h), the invoice, and what the payment of it makes of the update.
 */
#ifndef SANDBOX_SUBSCRIPTION_UPDATE_H
#define SANDBOX_SUBSCRIPTION_UPDATE_H

#include "subscriptions/change.h"

/* By these parameters of the update operation; saves, bills, emits. */
enum vt_err subscription_update(
    struct call *c, struct doc *sub, const struct json *params) VT_MUSTCHECK;

/* payment_behavior, allow_incomplete when not given. */
const char *subscription_behavior(const struct json *params);

/*
 * Where payment_behavior is error_if_incomplete, a payment that fails leaves
 * nothing behind but its error. What may have to be undone stands between
 * the two; the second one takes its result and returns it, or what became
 * of it.
 */
enum vt_err
subscription_try(struct call *c, const struct json *params) VT_MUSTCHECK;
enum vt_err subscription_tried(
    struct call *c, const struct json *params, enum vt_err err) VT_MUSTCHECK;

/* A payment that failed, where that is no error: there was none. */
enum vt_err subscription_forgive(
    struct call *c, const struct json *params, enum vt_err err) VT_MUSTCHECK;

#endif
