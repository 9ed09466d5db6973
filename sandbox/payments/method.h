/*
 * method: payment methods: where they come from, whom they belong to, and
 * what kind of payment they make.
 */
#ifndef SANDBOX_METHOD_H
#define SANDBOX_METHOD_H

#include "core/params.h"
#include "core/resource.h"
#include "payments/card.h"

/* How a payment by this type goes. */
enum method_flow {
	METHOD_CARD,	/* at once, perhaps after a challenge */
	METHOD_DELAYED, /* a bank debit: days later, either way */
	METHOD_REDIRECT /* on another page, then at once */
};

struct method_type {
	const char *name;
	enum method_flow flow;
	const char *currencies; /* "" for all, else " usd eur " */
};

/* NULL for a type that this account does not offer. */
const struct method_type *method_type(const char *name);
/* All of them; a NULL name ends. */
extern const struct method_type method_types[];
/* Of a type that validation has let through. */
enum method_flow method_flow(const char *name);
bool method_takes(const struct method_type *t, const char *currency);

/* What payment_method_data and the create operation take. */
extern const struct param method_params[];

extern const struct param method_billing_params[];

/* What the parameters of that table change in its billing details. */
void method_put_billing(struct doc *method, const struct json *given);

/* It was used up, or taken from its customer: it never pays again. */
bool method_is_gone(const struct doc *method);

/*
 * The payment method of this id. A test name such as pm_card_visa makes a
 * new one, stored. Refused: unknown, or used up (detached).
 */
enum vt_err method_take(struct call *c, const char *id, const char *param,
    struct doc **out) VT_MUSTCHECK;

/* A new one for a test name, not stored; NULL when it is none. */
struct doc *method_make_test(struct call *c, const char *name);

/* Makes and stores one of these parameters (method_params). */
enum vt_err method_make(
    struct call *c, const struct json *params, struct doc **out) VT_MUSTCHECK;

/* Hands it to a customer, with the event. */
enum vt_err method_attach(
    struct call *c, struct doc *method, const char *customer) VT_MUSTCHECK;

/* Takes it from its customer, for good, and answers it. */
enum vt_err payment_method_detach(struct call *c, struct doc *m) VT_MUSTCHECK;

/* What its card does; NULL when it is no card. */
const struct card *method_card(const struct doc *method);

/* A charge's payment_method_details of it. */
void method_details(struct call *c, const struct doc *method, int64_t amount,
    bool authenticated, struct json *out);

#endif
