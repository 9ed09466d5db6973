/* setup: see setup.h. */
#include "payments/setup.h"

#include <string.h>

#include "core/event.h"
#include "core/render.h"
#include "payments/card.h"
#include "payments/checkout.h"
#include "payments/intent.h"
#include "payments/method.h"
#include "subscriptions/subscription.h"

static enum vt_err
save_and_emit(struct call *c, struct doc *d, const char *type)
{
	enum vt_err err = doc_save(c, d);

	if (err == VT_OK)
		err = event_emit(c, type, d);
	return err == VT_OK ? checkout_intent_told(c, d) : err;
}

/* What the attempt shows of the method: less than a charge would. */
static void
put_details(struct doc *attempt, const struct doc *method)
{
	static const char *const copied[] = { "brand", "checks", "country",
		"exp_month", "exp_year", "fingerprint", "funding", "last4",
		"wallet", NULL };
	const char *type = json_str_at(method->body, "type");
	struct json *o =
	    json_put_object(attempt->body, "payment_method_details");
	struct json *of = json_put_object(o, type);

	if (strcmp(type, "card") == 0) {
		doc_apply(of, json_get(method->body, "card"), copied);
		json_put_copy(
		    of, "network", json_at(method->body, "card.brand"));
		json_put_null(of, "three_d_secure");
	}
	json_put_str(o, "type", type);
}

/* The record of this attempt; the intent points at the newest. */
static enum vt_err
note(struct call *c, const struct setup_try *t, struct doc **out)
{
	static const char *const copied[] = { "customer", "usage", NULL };
	struct doc *d = doc_new(c, R_SETUP_ATTEMPT);

	doc_apply(d->body, t->intent->body, copied);
	json_put_str(d->body, "payment_method", t->method->id);
	json_put_str(d->body, "setup_intent", t->intent->id);
	put_details(d, t->method);
	json_put_str(t->intent->body, "latest_attempt", d->id);
	*out = d;
	return doc_save(c, d);
}

static enum vt_err
end_attempt(struct call *c, struct doc *intent, const char *status,
    const struct json *error)
{
	const char *id = json_str_at(intent->body, "latest_attempt");
	struct doc *d = id == NULL ? NULL : doc_find(c, R_SETUP_ATTEMPT, id);

	if (d == NULL)
		return VT_DB;
	json_put_str(d->body, "status", status);
	if (error != NULL)
		json_put_copy(d->body, "setup_error", error);
	return doc_save(c, d);
}

/* The method may be used from now on, by its customer if there is one. */
static enum vt_err
succeed(struct call *c, struct doc *intent, struct doc *method)
{
	const char *customer = json_str_at(intent->body, "customer");
	enum vt_err err;

	json_put_bool(method->hidden, "set_up", true);
	if (customer != NULL && json_str_at(method->body, "customer") == NULL)
		err = method_attach(c, method, customer);
	else
		err = doc_save(c, method);
	if (err == VT_OK)
		err = end_attempt(c, intent, "succeeded", NULL);
	if (err != VT_OK)
		return err;
	json_put_text(intent->body, "last_setup_error", "null");
	json_put_text(intent->body, "next_action", "null");
	json_put_str(intent->body, "status", "succeeded");
	err = save_and_emit(c, intent, "setup_intent.succeeded");
	return err == VT_OK ? subscription_set_up(c, intent) : err;
}

/*
 * The attempt failed with what stands in c->error: noted on the intent,
 * which waits for another method.
 */
static enum vt_err
fail(struct call *c, struct doc *intent, const struct doc *method)
{
	struct json *e = json_object(c->arena);
	enum vt_err err;

	c->error.payment_method = method->body;
	call_error_members(c, e);
	json_remove(e, "request_log_url");
	json_put_copy(intent->body, "last_setup_error", e);
	json_put_text(intent->body, "next_action", "null");
	json_put_text(intent->body, "payment_method", "null");
	json_put_str(intent->body, "status", "requires_payment_method");
	err = end_attempt(c, intent, "failed", e);
	if (err == VT_OK)
		err = save_and_emit(c, intent, "setup_intent.setup_failed");
	if (err != VT_OK)
		return err;
	c->error.setup_intent = render_embedded(c, intent);
	c->error.payment_method = render_embedded(c, method);
	c->error.began = true;
	return VT_FUNDS;
}

static enum vt_err
decline(struct call *c, struct doc *intent, const struct doc *method)
{
	const struct card *card = method_card(method);

	(void)call_fail(c, 402, card->code, card->param, "%s",
	    card_message(card->code, card->decline_code));
	c->error.type = "card_error";
	c->error.decline_code = card->decline_code;
	c->error.advice_code = card->advice;
	return fail(c, intent, method);
}

static enum vt_err
ask(struct call *c, const struct setup_try *t, bool redirect)
{
	enum vt_err err;

	intent_ask(c, t->intent, t->return_url, redirect);
	err = end_attempt(c, t->intent, "requires_action", NULL);
	return err == VT_OK
	    ? save_and_emit(c, t->intent, "setup_intent.requires_action")
	    : err;
}

static enum vt_err
by_card(struct call *c, const struct setup_try *t)
{
	switch (method_card(t->method)->behaviour) {
	case CARD_PAYS:
	case CARD_DECLINES_LATER:
		break;
	case CARD_DECLINES:
	case CARD_BLOCKED:
		return decline(c, t->intent, t->method);
	case CARD_AUTHENTICATES:
	case CARD_AUTHENTICATES_ONCE:
	case CARD_AUTHENTICATES_THEN_DECLINES:
		return ask(c, t, t->return_url != NULL && !t->use_sdk);
	}
	return succeed(c, t->intent, t->method);
}

enum vt_err
setup_attempt(struct call *c, const struct setup_try *t)
{
	const char *type = json_str_at(t->method->body, "type");
	struct doc *attempt;
	enum vt_err err;

	json_put_str(t->intent->body, "payment_method", t->method->id);
	json_put_text(t->intent->body, "last_setup_error", "null");
	json_put_text(t->intent->body, "next_action", "null");
	if (method_flow(type) == METHOD_REDIRECT && t->return_url == NULL)
		return call_fail(c, 400, "parameter_missing", "return_url",
		    "Provide a `return_url`: %s sends the customer to "
		    "another page.",
		    type);
	err = note(c, t, &attempt);
	if (err != VT_OK)
		return err;
	switch (method_flow(type)) {
	case METHOD_CARD:
		return by_card(c, t);
	case METHOD_REDIRECT:
		return ask(c, t, true);
	case METHOD_DELAYED:
		break;
	}
	return succeed(c, t->intent, t->method);
}

enum vt_err
setup_authenticated(struct call *c, struct doc *intent, bool passed)
{
	const char *id = json_str_at(intent->body, "payment_method");
	const struct card *card;
	struct doc *method;

	if (!intent_has_status(intent, "requires_action") || id == NULL)
		return intent_refuse_state(
		    c, intent, "authenticate", "requires_action");
	method = doc_find(c, R_PAYMENT_METHOD, id);
	if (method == NULL)
		return VT_DB;
	if (!passed) {
		(void)call_fail(c, 402, "setup_intent_authentication_failure",
		    NULL,
		    "We are unable to authenticate your payment method. "
		    "Please choose a different payment method and try again.");
		return fail(c, intent, method);
	}
	card = method_card(method);
	if (card != NULL && card->behaviour == CARD_AUTHENTICATES_THEN_DECLINES)
		return decline(c, intent, method);
	return succeed(c, intent, method);
}
