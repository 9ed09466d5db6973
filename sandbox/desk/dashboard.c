/*
 * dashboard: what an owner does in Stripe's dashboard, or a bank on its own,
 * under /_sandbox/ for ./dev stripe and the tests.
 */
#include <string.h>

#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"
#include "payments/checkout.h"
#include "payments/dispute.h"
#include "payments/intent.h"
#include "payments/refund.h"

static const char *const courses[] = { "pending", "fail", "ask", NULL };

static const char *const actions[] = { "open", "inquiry", "win", "lose", NULL };

static const struct param refund_params[] = {
	PARAM_RANGE("amount", P_INT, 0, 1, JSON_INT_MAX),
	PARAM_ENUM("course", 0, courses),
	PARAM("payment_intent", P_STR, P_REQUIRED),
	PARAM_END,
};

static const struct param dispute_params[] = {
	PARAM_ENUM("action", P_REQUIRED, actions),
	PARAM("payment_intent", P_STR, P_REQUIRED),
	PARAM("reason", P_STR, 0),
	PARAM_END,
};

static const struct param renew_params[] = {
	PARAM_RANGE("exp_month", P_INT, P_REQUIRED, 1, 12),
	PARAM_RANGE("exp_year", P_INT, P_REQUIRED, 2000, 2200),
	PARAM("payment_method", P_STR, P_REQUIRED),
	PARAM_END,
};

static const char *const outcomes[] = { "complete", "fail", NULL };

static const struct param checkout_params[] = {
	PARAM("email", P_STR, 0),
	PARAM_ENUM("outcome", 0, outcomes),
	PARAM("payment_method", P_STR, 0),
	PARAM("session", P_STR, P_REQUIRED),
	PARAM_END,
};

/* The charge that paid the intent that a parameter names. */
static enum vt_err
find_charge(struct call *c, struct doc **out)
{
	const char *id = json_str_at(c->params, "payment_intent"), *charge;
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_PAYMENT_INTENT, id, "payment_intent", &d);
	if (err != VT_OK)
		return err;
	charge = json_str_at(d->body, "latest_charge");
	*out = charge == NULL ? NULL : doc_find(c, R_CHARGE, charge);
	if (*out == NULL)
		return call_fail(c, 400, NULL, "payment_intent",
		    "Nothing was paid by %s.", id);
	return VT_OK;
}

static enum vt_err
refund(struct call *c)
{
	static const enum refund_course by_name[] = { REFUND_PENDING,
		REFUND_FAILS, REFUND_ASKS };
	const char *course = json_str_at(c->params, "course");
	struct refund_order o = { .reason = "requested_by_customer" };
	struct doc *d;
	enum vt_err err;

	for (size_t i = 0; course != NULL && courses[i] != NULL; i++)
		if (strcmp(courses[i], course) == 0)
			o.course = by_name[i];
	if (o.course == REFUND_ASKS)
		o.instructions_email = "customer@example.com";
	(void)json_int_at(c->params, "amount", &o.amount); /* else the rest */
	err = find_charge(c, &o.charge);
	if (err == VT_OK)
		err = refund_make(c, &o, &d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
dispute(struct call *c)
{
	const char *action = json_str_at(c->params, "action");
	const char *reason = json_str_at(c->params, "reason");
	bool inquiry = strcmp(action, "inquiry") == 0;
	struct doc *charge, *d;
	enum vt_err err;

	err = find_charge(c, &charge);
	if (err != VT_OK)
		return err;
	if (reason == NULL)
		reason = inquiry ? "general" : "fraudulent";
	if (inquiry || strcmp(action, "open") == 0) {
		err = dispute_open(c, charge, reason, inquiry, &d);
		return err == VT_OK ? render_doc(c, d) : err;
	}
	d = dispute_of(c, charge);
	if (d == NULL)
		return call_fail(c, 400, NULL, "payment_intent",
		    "Nobody disputes what was paid by %s.",
		    json_str_at(c->params, "payment_intent"));
	err = dispute_close(c, d, strcmp(action, "win") == 0);
	return err == VT_OK ? render_doc(c, d) : err;
}

/* The card network knows that a new card was sent out, and tells us. */
static enum vt_err
renew(struct call *c)
{
	static const char *const names[] = { "exp_month", "exp_year", NULL };
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_PAYMENT_METHOD,
	    json_str_at(c->params, "payment_method"), "payment_method", &d);
	if (err != VT_OK)
		return err;
	if (json_get(d->body, "card") == NULL ||
	    json_str_at(d->body, "customer") == NULL)
		return call_fail(c, 400, NULL, "payment_method",
		    "Only cards that were saved to a customer are renewed.");
	doc_apply(json_edit(d->body, "card"), c->params, names);
	err = doc_save(c, d);
	if (err == VT_OK)
		err =
		    event_updated(c, "payment_method.automatically_updated", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

/* What a customer would do on the page of a Checkout Session. */
static enum vt_err
checkout(struct call *c)
{
	const char *method = json_str_at(c->params, "payment_method");
	const char *outcome = json_str_at(c->params, "outcome");
	struct doc *d, *intent = NULL;
	enum vt_err err;

	err = doc_need(c, R_CHECKOUT_SESSION, json_str_at(c->params, "session"),
	    "session", &d);
	if (err == VT_OK)
		err =
		    checkout_pay(c, d, method != NULL ? method : "pm_card_visa",
			json_str_at(c->params, "email"), &intent);
	if (err == VT_OK && intent != NULL && outcome != NULL)
		err = intent_authenticated(
		    c, intent, strcmp(outcome, "complete") == 0);
	return err == VT_OK ? render_doc(c, d) : err;
}

const struct operation dashboard_operations[] = {
	{ HTTP_POST, "/_sandbox/refund", refund_params, refund, 0 },
	{ HTTP_POST, "/_sandbox/dispute", dispute_params, dispute, 0 },
	{ HTTP_POST, "/_sandbox/renew-card", renew_params, renew, 0 },
	{ HTTP_POST, "/_sandbox/checkout", checkout_params, checkout, 0 },
	{ 0 },
};
