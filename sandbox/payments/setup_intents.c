/* setup_intents: /v1/setup_intents and /v1/setup_attempts. */
#include "core/event.h"
#include "core/ids.h"
#include "core/operation.h"
#include "core/render.h"
#include "payments/intent.h"
#include "payments/method.h"
#include "payments/setup.h"

static const char open_statuses[] =
    "requires_payment_method, requires_confirmation, requires_action";

static const char *const usages[] = { "off_session", "on_session", NULL };
static const char *const cancel_reasons[] = { "abandoned", "duplicate",
	"requested_by_customer", NULL };
static const char *const directions[] = { "inbound", "outbound", NULL };
static const struct param flow_directions[] = {
	PARAM_ENUM("", 0, directions),
};

#define COMMON_PARAMS                                                        \
	PARAM_OF("allowed_payment_method_types", P_LIST, P_EMPTY,            \
	    intent_text_params),                                             \
	    PARAM("payment_method", P_STR, P_EMPTY),                         \
	    PARAM_OF("payment_method_data", P_HASH, 0, method_params),       \
	    PARAM_OF(                                                        \
		"payment_method_options", P_HASH, 0, intent_method_options), \
	    PARAM_OF("payment_method_types", P_LIST, P_UNVERSIONED,          \
		intent_text_params)
#define ATTEMPT_PARAMS                                                         \
	PARAM("mandate_data", P_HASH, P_EMPTY), PARAM("return_url", P_STR, 0), \
	    PARAM("use_stripe_sdk", P_BOOL, 0)
#define DESCRIPTION_PARAMS                                                 \
	PARAM("customer", P_STR, 0), PARAM("description", P_STR, P_EMPTY), \
	    PARAM_OF("excluded_payment_method_types", P_LIST, P_EMPTY,     \
		intent_text_params),                                       \
	    PARAM_OF("flow_directions", P_LIST, P_EMPTY, flow_directions), \
	    PARAM("metadata", P_META, P_EMPTY),                            \
	    PARAM("payment_method_configuration", P_STR, 0)

static const struct param create_params[] = {
	PARAM_OF(
	    "automatic_payment_methods", P_HASH, 0, intent_automatic_params),
	PARAM("confirm", P_BOOL, 0),
	PARAM_ENUM("usage", 0, usages),
	COMMON_PARAMS,
	ATTEMPT_PARAMS,
	DESCRIPTION_PARAMS,
	PARAM_END,
};
static const struct param update_params[] = {
	COMMON_PARAMS,
	DESCRIPTION_PARAMS,
	PARAM_END,
};
static const struct param confirm_params[] = {
	COMMON_PARAMS,
	ATTEMPT_PARAMS,
	/* What stripe.js adds. */
	PARAM("client_secret", P_STR, 0),
	PARAM("expected_payment_method_type", P_STR, 0),
	PARAM("client_attribution_metadata", P_HASH, 0),
	PARAM_END,
};
static const struct param retrieve_params[] = {
	PARAM("client_secret", P_STR, 0),
	PARAM_END,
};
static const struct param cancel_params[] = {
	PARAM_ENUM("cancellation_reason", 0, cancel_reasons),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("attach_to_self", P_BOOL, 0),
	PARAM("created", P_RANGE, 0),
	PARAM("customer", P_STR, 0),
	PARAM("payment_method", P_STR, 0),
	PARAM_END,
};
static const struct param attempt_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM("setup_intent", P_STR, P_REQUIRED),
	PARAM_END,
};

/* What create and update may set alike; and the method that they name. */
static enum vt_err
apply(struct call *c, struct doc *d, struct doc **method)
{
	static const char *const names[] = { "description",
		"excluded_payment_method_types", "flow_directions",
		"payment_method_options", "usage", NULL };
	enum vt_err err;

	doc_apply(d->body, c->params, names);
	doc_metadata(c, d->body, c->params);
	json_put_text(d->body, "last_setup_error", "null");
	err = intent_put_customer(c, d);
	if (err != VT_OK)
		return err;
	intent_put_types(c, d);
	err = intent_read_method(c, d, method);
	if (err == VT_OK)
		intent_put_method(c, d, *method);
	return err;
}

static enum vt_err
attempt(struct call *c, struct doc *d, struct doc *method)
{
	const char *id = json_str_at(d->body, "payment_method");
	struct setup_try t = { .intent = d,
		.method = method,
		.use_sdk = intent_flag(c->params, "use_stripe_sdk"),
		.return_url = json_str_at(c->params, "return_url") };
	enum vt_err err = VT_OK;

	if (t.method == NULL && id != NULL)
		err = method_take(c, id, "payment_method", &t.method);
	if (err == VT_OK && t.method == NULL)
		err = intent_refuse_empty(c, d);
	if (err == VT_OK)
		err = intent_check_return_url(c, d);
	if (err == VT_OK)
		err = setup_attempt(c, &t);
	return err == VT_OK ? render_doc(c, d) : err;
}

enum vt_err
setup_make(struct call *c, const char *customer, struct doc **out)
{
	struct json *given = c->params;
	struct doc *d = doc_new(c, R_SETUP_INTENT);
	enum vt_err err;

	*out = d;
	json_put_str(
	    d->body, "client_secret", ids_client_secret(c->arena, d->id));
	json_put_str(d->body, "customer", customer);
	c->params = json_object(c->arena); /* no wishes */
	err = intent_put_methods(c, d);
	c->params = given;
	if (err != VT_OK)
		return err;
	intent_put_types(c, d);
	err = doc_save(c, d);
	return err == VT_OK ? event_emit(c, "setup_intent.created", d) : err;
}

static enum vt_err
create(struct call *c)
{
	struct doc *d = doc_new(c, R_SETUP_INTENT), *method = NULL;
	enum vt_err err;

	json_put_str(
	    d->body, "client_secret", ids_client_secret(c->arena, d->id));
	err = intent_put_methods(c, d);
	if (err == VT_OK)
		err = apply(c, d, &method);
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK)
		err = event_emit(c, "setup_intent.created", d);
	if (err != VT_OK)
		return err;
	return intent_flag(c->params, "confirm") ? attempt(c, d, method)
						 : render_doc(c, d);
}

static enum vt_err
retrieve(struct call *c)
{
	struct doc *d;
	enum vt_err err = intent_find(c, R_SETUP_INTENT, &d);

	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
update(struct call *c)
{
	struct doc *d, *method;
	enum vt_err err;

	err = doc_need(c, R_SETUP_INTENT, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	if (!intent_has_status(d, open_statuses))
		return intent_refuse_state(c, d, "update", open_statuses);
	err = intent_put_allowed(c, d);
	if (err == VT_OK)
		err = apply(c, d, &method);
	if (err == VT_OK)
		err = doc_save(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

enum vt_err
setup_intent_confirm(struct call *c)
{
	struct doc *d, *method;
	enum vt_err err;

	err = intent_find(c, R_SETUP_INTENT, &d);
	if (err != VT_OK)
		return err;
	if (!intent_has_status(d, open_statuses))
		return intent_refuse_state(c, d, "confirm", open_statuses);
	err = intent_put_allowed(c, d);
	if (err == VT_OK)
		err = apply(c, d, &method);
	return err == VT_OK ? attempt(c, d, method) : err;
}

static enum vt_err
cancel(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_SETUP_INTENT, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	if (!intent_has_status(d, open_statuses))
		return intent_refuse_state(c, d, "cancel", open_statuses);
	json_put_copy(d->body, "cancellation_reason",
	    json_get(c->params, "cancellation_reason"));
	json_put_text(d->body, "next_action", "null");
	json_put_str(d->body, "status", "canceled");
	err = doc_save(c, d);
	if (err == VT_OK)
		err = event_emit(c, "setup_intent.canceled", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	/* No account here keeps methods for itself. */
	if (intent_flag(c->params, "attach_to_self"))
		return call_fail(c, 400, NULL, "attach_to_self",
		    "This account cannot keep payment methods for itself.");
	return render_list(c,
	    &(struct list_filter){ .kind = R_SETUP_INTENT,
		.customer = json_str_at(c->params, "customer"),
		.type = json_str_at(c->params, "payment_method"),
		.delivered = -1 });
}

static enum vt_err
attempts(struct call *c)
{
	const char *id = json_str_at(c->params, "setup_intent");
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_SETUP_INTENT, id, "setup_intent", &d);
	if (err != VT_OK)
		return err;
	return render_list(c,
	    &(struct list_filter){
		.kind = R_SETUP_ATTEMPT, .parent = id, .delivered = -1 });
}

const struct operation setup_intent_operations[] = {
	{ HTTP_POST, "/v1/setup_intents", create_params, create, 0 },
	{ HTTP_GET, "/v1/setup_intents", list_params, list, 0 },
	{ HTTP_GET, "/v1/setup_intents/{}", retrieve_params, retrieve,
	    OPERATION_BROWSER },
	{ HTTP_POST, "/v1/setup_intents/{}", update_params, update, 0 },
	{ HTTP_POST, "/v1/setup_intents/{}/confirm", confirm_params,
	    setup_intent_confirm, OPERATION_BROWSER },
	{ HTTP_POST, "/v1/setup_intents/{}/cancel", cancel_params, cancel, 0 },
	{ HTTP_GET, "/v1/setup_attempts", attempt_params, attempts, 0 },
	{ 0 },
};
