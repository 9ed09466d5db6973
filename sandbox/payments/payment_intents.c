/* payment_intents: /v1/payment_intents. */
#include <string.h>

#include "core/event.h"
#include "core/ids.h"
#include "core/operation.h"
#include "core/render.h"
#include "core/search.h"
#include "payments/checkout.h"
#include "payments/intent.h"
#include "payments/method.h"
#include "payments/payment.h"

static enum vt_err
attempt(struct call *c, struct doc *d, struct doc *method)
{
	struct payment_attempt t = { .intent = d,
		.method = method,
		.off_session = intent_flag(c->params, "off_session"),
		.error_on_action =
		    intent_flag(c->params, "error_on_requires_action"),
		.use_sdk = intent_flag(c->params, "use_stripe_sdk"),
		.return_url = json_str_at(c->params, "return_url") };
	const char *id = json_str_at(d->body, "payment_method");
	enum vt_err err = VT_OK;

	if (t.method == NULL && id != NULL)
		err = method_take(c, id, "payment_method", &t.method);
	if (err == VT_OK && t.method == NULL)
		err = intent_refuse_empty(c, d);
	if (err == VT_OK)
		err = intent_check_return_url(c, d);
	if (err == VT_OK)
		err = payment_attempt(c, &t);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
create(struct call *c)
{
	struct doc *d = doc_new(c, R_PAYMENT_INTENT), *method;
	enum vt_err err;

	json_put_str(
	    d->body, "client_secret", ids_client_secret(c->arena, d->id));
	err = intent_put_methods(c, d);
	if (err == VT_OK)
		err = intent_apply(c, d);
	if (err == VT_OK)
		err = intent_read_method(c, d, &method);
	if (err != VT_OK)
		return err;
	intent_put_method(c, d, method);
	err = doc_save(c, d);
	if (err == VT_OK)
		err = event_emit(c, "payment_intent.created", d);
	if (err != VT_OK)
		return err;
	return intent_flag(c->params, "confirm") ? attempt(c, d, method)
						 : render_doc(c, d);
}

static enum vt_err
retrieve(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	if (c->key == KEY_SECRET &&
	    json_get(c->params, "client_secret") == NULL)
		return render_stored(c, R_PAYMENT_INTENT, c->id);
	err = intent_find(c, R_PAYMENT_INTENT, &d);
	return err == VT_OK ? render_doc(c, d) : err;
}

/* Members that may not change once money is moving or has moved. */
static bool
changes_payment(const struct call *c)
{
	static const char *const names[] = { "amount", "capture_method",
		"currency", "customer", "payment_method", "payment_method_data",
		"setup_future_usage", NULL };

	for (const char *const *n = names; *n != NULL; n++)
		if (json_get(c->params, *n) != NULL)
			return true;
	return false;
}

/* What an invoice asks for is changed, or given up, with the invoice. */
static enum vt_err
check_owner(struct call *c, const struct doc *d, const char *what)
{
	if (json_str_at(d->hidden, "invoice") == NULL)
		return VT_OK;
	return call_fail(c, 400, "payment_intent_unexpected_state", NULL,
	    "You cannot %s a PaymentIntent that was created by an Invoice.",
	    what);
}

/* What an invoice decides. */
static bool
changes_order(const struct call *c)
{
	return json_get(c->params, "amount") != NULL ||
	    json_get(c->params, "currency") != NULL ||
	    json_get(c->params, "customer") != NULL ||
	    json_get(c->params, "capture_method") != NULL;
}

static enum vt_err
update(struct call *c)
{
	static const char open[] =
	    "requires_payment_method, requires_confirmation, requires_action";
	struct doc *d, *method;
	enum vt_err err;

	err = intent_find(c, R_PAYMENT_INTENT, &d);
	if (err != VT_OK)
		return err;
	if (changes_payment(c) && !intent_has_status(d, open))
		return intent_refuse_state(c, d, "update", open);
	if (changes_order(c))
		err = check_owner(c, d, "change the amount of");
	if (err == VT_OK)
		err = intent_apply(c, d);
	if (err == VT_OK)
		err = intent_read_method(c, d, &method);
	if (err != VT_OK)
		return err;
	intent_put_method(c, d, method);
	err = doc_save(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

enum vt_err
payment_intent_confirm(struct call *c)
{
	static const char open[] =
	    "requires_payment_method, requires_confirmation, requires_action";
	struct doc *d, *method;
	enum vt_err err;

	err = intent_find(c, R_PAYMENT_INTENT, &d);
	if (err != VT_OK)
		return err;
	if (!intent_has_status(d, open))
		return intent_refuse_state(c, d, "confirm", open);
	err = intent_apply(c, d);
	if (err == VT_OK)
		err = intent_read_method(c, d, &method);
	if (err != VT_OK)
		return err;
	intent_put_method(c, d, method);
	return attempt(c, d, method);
}

static enum vt_err
cancel(struct call *c)
{
	static const char open[] = "requires_payment_method, requires_capture, "
				   "requires_confirmation, requires_action";
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_PAYMENT_INTENT, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	if (!intent_has_status(d, open))
		return intent_refuse_state(c, d, "cancel", open);
	if (checkout_holds(c, d))
		return call_fail(c, 400, NULL, NULL,
		    "This PaymentIntent belongs to a Checkout Session, which "
		    "must be expired instead.");
	err = check_owner(c, d, "cancel");
	if (err == VT_OK)
		err = payment_cancel(
		    c, d, json_str_at(c->params, "cancellation_reason"));
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
capture(struct call *c)
{
	int64_t capturable = 0, amount;
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_PAYMENT_INTENT, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	if (!intent_has_status(d, "requires_capture"))
		return intent_refuse_state(c, d, "capture", "requires_capture");
	(void)json_int_at(d->body, "amount_capturable", &capturable);
	amount = capturable;
	(void)json_int_at(c->params, "amount_to_capture", &amount);
	if (amount > capturable)
		return call_fail(c, 400, "amount_too_large",
		    "amount_to_capture",
		    "The remaining amount that may be captured is %lld.",
		    (long long)capturable);
	doc_metadata(c, d->body, c->params);
	err = payment_capture(c, d, amount);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	return render_list(c,
	    &(struct list_filter){ .kind = R_PAYMENT_INTENT,
		.customer = json_str_at(c->params, "customer"),
		.delivered = -1 });
}

static enum vt_err
search(struct call *c)
{
	static const struct search_field fields[] = {
		{ "amount", "amount", SEARCH_NUMBER },
		{ "created", "created", SEARCH_NUMBER },
		{ "currency", "currency", SEARCH_TOKEN },
		{ "customer", "customer", SEARCH_TOKEN },
		{ "status", "status", SEARCH_TOKEN },
		SEARCH_END,
	};

	return search_run(c, R_PAYMENT_INTENT, fields);
}

const struct operation payment_intent_operations[] = {
	{ HTTP_POST, "/v1/payment_intents", intent_create_params, create, 0 },
	{ HTTP_GET, "/v1/payment_intents", intent_list_params, list, 0 },
	{ HTTP_GET, "/v1/payment_intents/search", search_params, search, 0 },
	{ HTTP_GET, "/v1/payment_intents/{}", intent_retrieve_params, retrieve,
	    OPERATION_BROWSER },
	{ HTTP_POST, "/v1/payment_intents/{}", intent_update_params, update,
	    0 },
	{ HTTP_POST, "/v1/payment_intents/{}/confirm", intent_confirm_params,
	    payment_intent_confirm, OPERATION_BROWSER },
	{ HTTP_POST, "/v1/payment_intents/{}/cancel", intent_cancel_params,
	    cancel, 0 },
	{ HTTP_POST, "/v1/payment_intents/{}/capture", intent_capture_params,
	    capture, 0 },
	{ 0 },
};
