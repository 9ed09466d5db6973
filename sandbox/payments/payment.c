/* payment: see payment.h. */
#include "payments/payment.h"

#include <string.h>

#include "core/event.h"
#include "core/render.h"
#include "invoices/invoice.h"
#include "payments/charge.h"
#include "payments/checkout.h"
#include "payments/dispute.h"
#include "payments/intent.h"
#include "payments/method.h"

#define HOLD_S (7 * 86400) /* how long an authorisation lasts */

#define DEBIT_MS (4 * INT64_C(86400000)) /* how long a bank debit takes */

static const char *
status_of(const struct doc *d)
{
	return json_str_at(d->body, "status");
}

static int64_t
amount_of(const struct doc *intent)
{
	int64_t n = 0;

	(void)json_int_at(intent->body, "amount", &n); /* always there */
	return n;
}

static bool
hidden_flag(const struct doc *d, const char *name)
{
	bool yes = false;

	return json_bool(json_get(d->hidden, name), &yes) && yes;
}

/* Saves and emits; the rest of a chain of steps stops at the first error. */
static enum vt_err
save_and_emit(struct call *c, struct doc *d, const char *type)
{
	enum vt_err err = doc_save(c, d);

	if (err == VT_OK)
		err = event_emit(c, type, d);
	return err == VT_OK ? checkout_intent_told(c, d) : err;
}

/*
 * A method that was used goes to the customer when it was to be kept, and
 * is used up otherwise.
 */
static enum vt_err
keep_method(struct call *c, const struct doc *intent, struct doc *method)
{
	const char *customer = json_str_at(intent->body, "customer");
	const char *later = json_str_at(intent->body, "setup_future_usage");

	if (json_str_at(method->body, "customer") != NULL)
		return VT_OK;
	if (customer != NULL && later != NULL) {
		json_put_bool(method->hidden, "set_up", true);
		return method_attach(c, method, customer);
	}
	json_put_bool(method->hidden, "gone", true);
	return doc_save(c, method);
}

/* Books it; some test cards' banks take it back at once. */
static enum vt_err
settle(struct call *c, struct doc *charge)
{
	enum vt_err err = charge_settle(c, charge);

	return err == VT_OK ? dispute_after_charge(c, charge) : err;
}

/* To be captured later: all that this intent does, or what cards do. */
static bool
is_manual(const struct doc *intent, const struct doc *method)
{
	const char *of_card = json_str_at(
	    intent->body, "payment_method_options.card.capture_method");

	if (method_card(method) != NULL && of_card != NULL)
		return strcmp(of_card, "manual") == 0;
	return strcmp(json_str_at(intent->body, "capture_method"), "manual") ==
	    0;
}

/* The money is there, now or authorised for later. */
static enum vt_err
succeed(
    struct call *c, struct doc *intent, struct doc *method, struct doc *charge)
{
	bool manual = is_manual(intent, method);
	int64_t amount = amount_of(intent);
	enum vt_err err;

	json_put_str(intent->body, "latest_charge", charge->id);
	json_put_text(intent->body, "next_action", "null");
	json_put_text(intent->body, "last_payment_error", "null");
	json_put_str(
	    intent->body, "status", manual ? "requires_capture" : "succeeded");
	json_put_int(intent->body,
	    manual ? "amount_capturable" : "amount_received", amount);
	intent->due_ms = manual ? (c->now_s + HOLD_S) * 1000 : 0;
	err = keep_method(c, intent, method);
	if (err == VT_OK)
		err = charge_succeed(c, charge, !manual);
	if (err == VT_OK)
		err = save_and_emit(c, intent,
		    manual ? "payment_intent.amount_capturable_updated"
			   : "payment_intent.succeeded");
	if (err == VT_OK && !manual)
		err = settle(c, charge);
	return err == VT_OK && !manual
	    ? invoice_intent_told(c, intent, INVOICE_INTENT_PAID)
	    : err;
}

/*
 * The attempt failed with what stands in c->error: noted on the intent,
 * which waits for another method.
 */
static enum vt_err
fail(struct call *c, struct doc *intent, const struct doc *method,
    const struct doc *charge)
{
	struct json *e = json_object(c->arena);
	enum vt_err err;

	c->error.payment_method = method->body;
	if (charge != NULL) {
		c->error.charge = charge->id;
		json_put_str(intent->body, "latest_charge", charge->id);
	}
	call_error_members(c, e);
	json_remove(e, "request_log_url");
	json_put_copy(intent->body, "last_payment_error", e);
	json_put_text(intent->body, "next_action", "null");
	json_put_text(intent->body, "payment_method", "null");
	json_put_str(intent->body, "status", "requires_payment_method");
	intent->due_ms = 0;
	err = save_and_emit(c, intent, "payment_intent.payment_failed");
	if (err != VT_OK)
		return err;
	c->error.payment_intent = render_embedded(c, intent);
	c->error.payment_method = render_embedded(c, method);
	c->error.began = true;
	err = invoice_intent_told(c, intent, INVOICE_INTENT_FAILED);
	return err == VT_OK ? VT_FUNDS : err;
}

struct decline {
	const char *code, *decline_code, *advice, *param;
	bool blocked;
};

static enum vt_err
decline(struct call *c, struct doc *intent, struct doc *method,
    const struct decline *d)
{
	struct doc *charge;
	enum vt_err err;

	(void)call_fail(c, 402, d->code, d->param, "%s",
	    card_message(d->code, d->decline_code));
	c->error.type = "card_error";
	c->error.decline_code = d->decline_code;
	c->error.advice_code = d->advice;
	err = charge_make(c, intent, method, false, &charge);
	if (err == VT_OK)
		err = charge_fail(c, charge,
		    &(struct charge_failure){ .code = d->code,
			.message = c->error.message,
			.reason = d->decline_code,
			.advice = d->advice,
			.blocked = d->blocked });
	return err == VT_OK ? fail(c, intent, method, charge) : err;
}

static struct decline
decline_of(const struct card *card)
{
	return (struct decline){ card->code, card->decline_code, card->advice,
		card->param, card->behaviour == CARD_BLOCKED };
}

static enum vt_err
charge_now(
    struct call *c, struct doc *intent, struct doc *method, bool authenticated)
{
	struct doc *charge;
	enum vt_err err;

	err = charge_make(c, intent, method, authenticated, &charge);
	return err == VT_OK ? succeed(c, intent, method, charge) : err;
}

static enum vt_err
ask(struct call *c, const struct payment_attempt *t, bool redirect)
{
	enum vt_err err;

	intent_ask(c, t->intent, t->return_url, redirect);
	err = save_and_emit(c, t->intent, "payment_intent.requires_action");
	return err == VT_OK
	    ? invoice_intent_told(c, t->intent, INVOICE_INTENT_ASKS)
	    : err;
}

static enum vt_err
challenge(struct call *c, const struct payment_attempt *t)
{
	const struct decline refused = { "authentication_required",
		"authentication_required", "confirm_card_data", NULL, false };

	if (t->off_session || t->error_on_action)
		return decline(c, t->intent, t->method, &refused);
	return ask(c, t, t->return_url != NULL && !t->use_sdk);
}

/* What ./dev stripe card made of this customer's cards; NULL: nothing. */
static const char *
card_made_to_fail(struct call *c, const struct payment_attempt *t)
{
	const char *customer = json_str_at(t->method->body, "customer");

	if (customer == NULL)
		return NULL;
	return box_setting(c->box, c->arena,
	    arena_printf(c->arena, "card.%s", customer), NULL);
}

static enum vt_err
pay_by_card(struct call *c, const struct payment_attempt *t)
{
	const struct card *card = method_card(t->method);
	const char *forced = card_made_to_fail(c, t);
	struct decline d;

	if (forced != NULL && strcmp(forced, "authentication_required") == 0)
		return challenge(c, t);
	if (forced != NULL) {
		d = (struct decline){ card_code(forced), forced,
			card_advice(forced), NULL, false };
		return decline(c, t->intent, t->method, &d);
	}
	switch (card->behaviour) {
	case CARD_PAYS:
		break;
	case CARD_DECLINES:
	case CARD_BLOCKED:
	case CARD_DECLINES_LATER:
		d = decline_of(card);
		return decline(c, t->intent, t->method, &d);
	case CARD_AUTHENTICATES_ONCE:
		if (hidden_flag(t->method, "set_up"))
			break;
		return challenge(c, t);
	case CARD_AUTHENTICATES:
	case CARD_AUTHENTICATES_THEN_DECLINES:
		return challenge(c, t);
	}
	return charge_now(c, t->intent, t->method, false);
}

/* A debit is on its way; what comes of it is known when it is due. */
static enum vt_err
pay_by_debit(struct call *c, const struct payment_attempt *t)
{
	struct doc *intent = t->intent, *charge;
	enum vt_err err;

	err = charge_make(c, intent, t->method, false, &charge);
	if (err == VT_OK)
		err = charge_wait(c, charge);
	if (err != VT_OK)
		return err;
	json_put_str(intent->body, "latest_charge", charge->id);
	json_put_str(intent->body, "status", "processing");
	intent->due_ms = c->now_s * 1000 + DEBIT_MS;
	return save_and_emit(c, intent, "payment_intent.processing");
}

enum vt_err
payment_attempt(struct call *c, const struct payment_attempt *t)
{
	const char *type = json_str_at(t->method->body, "type");
	struct doc *intent = t->intent;

	json_put_str(intent->body, "payment_method", t->method->id);
	json_put_text(intent->body, "last_payment_error", "null");
	json_put_text(intent->body, "next_action", "null");
	switch (method_flow(type)) {
	case METHOD_CARD:
		return pay_by_card(c, t);
	case METHOD_DELAYED:
		return pay_by_debit(c, t);
	case METHOD_REDIRECT:
		break;
	}
	if (t->return_url == NULL)
		return call_fail(c, 400, "parameter_missing", "return_url",
		    "Provide a `return_url`: %s sends the customer to "
		    "another page.",
		    type);
	return ask(c, t, true);
}

static enum vt_err
not_authenticated(struct call *c, struct doc *intent, struct doc *method)
{
	(void)call_fail(c, 402, "payment_intent_authentication_failure", NULL,
	    "We are unable to authenticate your payment method. Please choose "
	    "a different payment method and try again.");
	return fail(c, intent, method, NULL);
}

enum vt_err
payment_authenticated(struct call *c, struct doc *intent, bool passed)
{
	const char *id = json_str_at(intent->body, "payment_method");
	const struct card *card;
	struct doc *method;
	struct decline d;

	if (strcmp(status_of(intent), "requires_action") != 0 || id == NULL)
		return call_fail(c, 400, "payment_intent_unexpected_state",
		    NULL,
		    "This PaymentIntent has a status of %s; there is nothing "
		    "to authenticate.",
		    status_of(intent));
	method = doc_find(c, R_PAYMENT_METHOD, id);
	if (method == NULL)
		return VT_DB;
	if (!passed)
		return not_authenticated(c, intent, method);
	card = method_card(method);
	if (card != NULL &&
	    card->behaviour == CARD_AUTHENTICATES_THEN_DECLINES) {
		d = decline_of(card);
		return decline(c, intent, method, &d);
	}
	return charge_now(c, intent, method, card != NULL);
}

enum vt_err
payment_capture(struct call *c, struct doc *intent, int64_t amount)
{
	const char *id = json_str_at(intent->body, "latest_charge");
	struct doc *charge = id == NULL ? NULL : doc_find(c, R_CHARGE, id);
	enum vt_err err;

	if (charge == NULL)
		return VT_DB;
	intent->due_ms = 0;
	json_put_int(intent->body, "amount_capturable", 0);
	json_put_int(intent->body, "amount_received", amount);
	json_put_str(intent->body, "status", "succeeded");
	err = charge_capture(c, charge, amount);
	if (err == VT_OK)
		err = save_and_emit(c, intent, "payment_intent.succeeded");
	return err == VT_OK ? settle(c, charge) : err;
}

enum vt_err
payment_due(struct call *c, struct doc *intent)
{
	struct doc *method, *charge;
	const char *failure;
	enum vt_err err;

	/* Nobody captured it in time. */
	if (strcmp(json_str_at(intent->body, "status"), "requires_capture") ==
	    0)
		return payment_cancel(c, intent, "automatic");
	method = doc_find(
	    c, R_PAYMENT_METHOD, json_str_at(intent->body, "payment_method"));
	charge =
	    doc_find(c, R_CHARGE, json_str_at(intent->body, "latest_charge"));
	if (method == NULL || charge == NULL)
		return VT_DB;
	failure = json_str_at(method->hidden, "failure");
	if (failure == NULL)
		return succeed(c, intent, method, charge);
	(void)call_fail(c, 402, "payment_intent_payment_attempt_failed", NULL,
	    "%s", json_str_at(method->hidden, "message"));
	err = charge_fail(c, charge,
	    &(struct charge_failure){ .code = failure,
		.message = c->error.message,
		.reason = failure });
	return err == VT_OK ? fail(c, intent, method, charge) : err;
}
