/*
 * operation: one thing that the API can be asked to do. Each resource's file
 * states its operations in a table; api.c finds, authorises, validates and
 * runs them.
 */
#ifndef SANDBOX_OPERATION_H
#define SANDBOX_OPERATION_H

#include "core/params.h"
#include "core/tree.h"
#include "text/form.h"

/* A browser may do this with a publishable key (and, where the object has
 * one, its client secret). */
#define OPERATION_BROWSER 1u
/* Takes the lock and transactions itself (the sandbox's own control). */
#define OPERATION_UNLOCKED 2u

struct operation {
	enum http_method method;
	const char *path; /* "{}" stands for an id; NULL ends a table */
	const struct param *params;
	/*
	 * Does it and sets c->answer. Any result but VT_OK has filled in
	 * c->error; its changes are undone unless error.began is set.
	 */
	enum vt_err (*run)(struct call *c);
	unsigned flags;
};

/* The row of the table that serves the request, or NULL; notes its ids. */
const struct operation *operation_find(
    struct call *c, const struct operation *table, const struct request *r);

/* The parameters of a request, query first, as they came and as a tree. */
struct operation_form {
	const struct form_pair *pairs;
	size_t count;
	struct tree *tree;
};
enum vt_err operation_form(struct call *c, const struct request *r,
    struct operation_form *out) VT_MUSTCHECK;

/*
 * Serves a request by a table without keys, versions or idempotency: the
 * sandbox's own control and its sign-in. False when the table has no such
 * row. `error_text` renders a refusal.
 */
bool
operation_serve(struct box *b, const struct operation *table, struct request *r,
    struct response *w, const char *(*error_text)(struct call *c));

extern const struct operation customer_operations[];
extern const struct operation payment_intent_operations[];
extern const struct operation payment_method_operations[];
extern const struct operation charge_operations[];
extern const struct operation balance_operations[];
extern const struct operation refund_operations[];
extern const struct operation dispute_operations[];
extern const struct operation setup_intent_operations[];
extern const struct operation checkout_operations[];
extern const struct operation customer_session_operations[];
extern const struct operation cli_session_operations[];
extern const struct operation payment_page_operations[];
extern const struct operation portal_configuration_operations[];
extern const struct operation portal_session_operations[];
extern const struct operation elements_operations[];
extern const struct operation event_operations[];
extern const struct operation webhook_endpoint_operations[];
extern const struct operation preview_operations[];
extern const struct operation subscription_operations[];
extern const struct operation subscription_item_operations[];
extern const struct operation test_clock_operations[];

/* Under /_sandbox/, not of the API. */
extern const struct operation request_log_operations[];
extern const struct operation dashboard_operations[];
/* Under /_hosted/: pages that Stripe shows to customers. */
extern const struct operation checkout_pages[];
extern const struct operation portal_pages[];
extern const struct operation product_operations[];
extern const struct operation price_operations[];
extern const struct operation plan_operations[];
extern const struct operation coupon_operations[];
extern const struct operation promotion_code_operations[];
extern const struct operation customer_balance_operations[];
extern const struct operation discount_operations[];
extern const struct operation invoice_operations[];
extern const struct operation invoice_action_operations[];
extern const struct operation invoice_item_operations[];
extern const struct operation invoice_line_operations[];
extern const struct operation credit_note_operations[];
extern const struct operation hosted_invoice_operations[];
extern const struct operation invoice_payment_operations[];

/* The pages that show what there is. */
extern const struct operation desk_operations[];

/* Confirms the intent c->id by c->params, for the sandbox's own control. */
enum vt_err payment_intent_confirm(struct call *c) VT_MUSTCHECK;
/* The same for a setup intent. */
enum vt_err setup_intent_confirm(struct call *c) VT_MUSTCHECK;

#endif
