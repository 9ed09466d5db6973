/*
 * intent: what the parameters of a call make of a PaymentIntent: amount,
 * currency, customer, the methods that may pay it. What happens when it is
 * paid is payment.h's, the operations are in payment_intents.c.
 */
#ifndef SANDBOX_INTENT_H
#define SANDBOX_INTENT_H

#include "params.h"
#include "resource.h"

extern const struct param intent_create_params[];
extern const struct param intent_update_params[];
extern const struct param intent_confirm_params[];
extern const struct param intent_retrieve_params[];
extern const struct param intent_cancel_params[];
extern const struct param intent_capture_params[];
extern const struct param intent_list_params[];

/* A boolean parameter; absent is false. */
bool intent_flag(const struct json *params, const char *name);

/* Which methods may pay: named by the caller, or all that the account has. */
enum vt_err intent_put_methods(struct call *c, struct doc *d) VT_MUSTCHECK;

/* What create, update and confirm may set alike; checked. */
enum vt_err intent_apply(struct call *c, struct doc *d) VT_MUSTCHECK;

/*
 * Finds or makes the method that the call names; *out is NULL when it names
 * none. A method of one customer cannot pay for another.
 */
enum vt_err intent_read_method(
    struct call *c, const struct doc *intent, struct doc **out) VT_MUSTCHECK;

#endif
