/*
 * settings: what create and update may set on a subscription without
 * anything being billed for it: how it is collected, when it ends, and so
 * on.
 */
#ifndef SANDBOX_SETTINGS_H
#define SANDBOX_SETTINGS_H

#include "subscriptions/subscription.h"

/*
 * Sets those that the parameters name; its items are known by now. Not
 * saved. Refused as the API does.
 */
enum vt_err settings_apply(
    struct call *c, struct doc *sub, const struct json *params) VT_MUSTCHECK;

/* Sets feedback and comment, and why it ends. */
void settings_cancellation(
    struct doc *sub, const struct json *params, const char *reason);

/* When what waits for it is invoiced next: an interval after this moment, if
 * it has one. */
void settings_put_next_invoice(struct doc *sub, int64_t from_s);

/* A method by which its customer pays; `param` named it. */
enum vt_err settings_check_method(struct call *c, const struct doc *sub,
    const char *method, const char *param) VT_MUSTCHECK;

#endif
