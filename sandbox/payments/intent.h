/*
 * intent: what the parameters of a call make of a PaymentIntent (amount,
 * currency, customer, the methods that may pay it), and what it has in
 * common with a SetupIntent. What happens when it is paid is payment.h's,
 * when a method is kept setup.h's; the operations are in payment_intents.c
 * and setup_intents.c.
 */
#ifndef SANDBOX_INTENT_H
#define SANDBOX_INTENT_H

#include "core/params.h"
#include "core/resource.h"

extern const struct param intent_create_params[];
extern const struct param intent_update_params[];
extern const struct param intent_confirm_params[];
extern const struct param intent_retrieve_params[];
extern const struct param intent_cancel_params[];
extern const struct param intent_capture_params[];
extern const struct param intent_list_params[];

/* The least that can be charged in a currency; 0 where we know of none. */
int64_t intent_minimum(const char *currency);

/* What an invoice asks for. */
struct intent_order {
	int64_t amount;
	const char *currency, *customer, *description;
	const char *future_usage; /* each or NULL */
	const struct json *types; /* that may pay; null: all */
	const char *invoice;
};

/* Makes and stores it: payment_intent.created. */
enum vt_err intent_make(struct call *c, const struct intent_order *o,
    struct doc **out) VT_MUSTCHECK;

/* A boolean parameter; absent is false. */
bool intent_flag(const struct json *params, const char *name);

/* Tables that setup intents take as well. */
extern const struct param intent_automatic_params[];
extern const struct param intent_method_options[];
extern const struct param intent_text_params[];

/* "PaymentIntent" or "SetupIntent". */
const char *intent_noun(const struct doc *d);

/* The intent of either kind that payment_intent or setup_intent names. */
enum vt_err intent_named(struct call *c, struct doc **out) VT_MUSTCHECK;

/* Refuses unless it is this intent's client secret. */
enum vt_err intent_check_secret(
    struct call *c, const struct doc *d, const char *secret) VT_MUSTCHECK;

/* The customer's answer to what was asked of him: passed or failed. */
enum vt_err
intent_authenticated(struct call *c, struct doc *d, bool passed) VT_MUSTCHECK;

/* The intent of the path; a browser must know its secret. */
enum vt_err intent_find(
    struct call *c, enum resource_kind kind, struct doc **out) VT_MUSTCHECK;

/* True if its status is one of this list, "a, b, c". */
bool intent_has_status(const struct doc *d, const char *list);

/* Refuses, with the intent in the error: its state does not allow `what`. */
enum vt_err intent_refuse_state(
    struct call *c, const struct doc *d, const char *what, const char *allowed);

/* Refuses to confirm one that has no method. */
enum vt_err intent_refuse_empty(struct call *c, const struct doc *d);

/*
 * Where redirects are possible, a server that confirms must say where the
 * customer comes back to; one that names no version (the CLI) need not.
 */
enum vt_err
intent_check_return_url(struct call *c, const struct doc *d) VT_MUSTCHECK;

/*
 * The customer has something to do: on a page of ours, or in the browser's.
 * Sets next_action and the status; not stored.
 */
void intent_ask(
    struct call *c, struct doc *d, const char *return_url, bool redirect);

/* Its customer, if one is named. */
enum vt_err intent_put_customer(struct call *c, struct doc *d) VT_MUSTCHECK;

/* Which types are allowed, where the call says so. */
enum vt_err intent_put_allowed(struct call *c, struct doc *d) VT_MUSTCHECK;

/* payment_method_types, which Stripe computes out of all the rest. */
void intent_put_types(struct call *c, struct doc *d);

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

/*
 * The method that a call named becomes the intent's; an empty name takes
 * away the one that it has.
 */
void intent_put_method(
    const struct call *c, struct doc *d, const struct doc *method);

#endif
