/*
 * elements: /v1/elements/, which only stripe.js asks: what a group of
 * elements has to know before it shows anything.
 */
#include <string.h>

#include "core/operation.h"
#include "core/render.h"
#include "payments/customer_session.h"
#include "payments/intent.h"
#include "payments/method.h"
#include "text/money.h"

static const char *const modes[] = { "payment", "setup", "subscription", NULL };
static const char *const usages[] = { "off_session", "on_session", NULL };

static const struct param deferred[] = {
	PARAM_OF("allowed_payment_method_types", P_LIST, P_EMPTY,
	    intent_text_params),
	PARAM("amount", P_INT, 0),
	PARAM("currency", P_STR, 0),
	PARAM_OF("excluded_payment_method_types", P_LIST, P_EMPTY,
	    intent_text_params),
	PARAM_ENUM("mode", P_REQUIRED, modes),
	PARAM_ENUM("setup_future_usage", P_EMPTY, usages),
	PARAM_END,
};
static const struct param session_params[] = {
	PARAM("client_secret", P_STR, 0),
	PARAM("customer_session_client_secret", P_STR, 0),
	PARAM_OF("deferred_intent", P_HASH, 0, deferred),
	PARAM_END,
};

static const struct param detach_params[] = {
	PARAM("customer_session_client_secret", P_STR, P_REQUIRED),
	PARAM_END,
};

/* The intent that this secret opens: its id stands before "_secret_". */
static enum vt_err
find_intent(struct call *c, const char *secret, struct doc **out)
{
	const char *end = strstr(secret, "_secret_");
	const char *id = end == NULL
	    ? ""
	    : arena_memdup(c->arena, secret, (size_t)(end - secret));
	enum vt_err err;

	err = doc_need(c,
	    strncmp(id, "seti_", 5) == 0 ? R_SETUP_INTENT : R_PAYMENT_INTENT,
	    id, "client_secret", out);
	return err == VT_OK ? intent_check_secret(c, *out, secret) : err;
}

/* The types that an intent like the one that is promised would take. */
static enum vt_err
promised_types(
    struct call *c, const struct json *promise, const struct json **out)
{
	const char *currency = json_str_at(promise, "currency");
	bool setup = strcmp(json_str_at(promise, "mode"), "setup") == 0;
	struct doc *d = doc_new(c, setup ? R_SETUP_INTENT : R_PAYMENT_INTENT);
	struct json *given = c->params;
	static const char *const names[] = { "excluded_payment_method_types",
		NULL };
	enum vt_err err;

	if (currency != NULL && !money_currency_valid(currency))
		return call_fail(c, 400, NULL, "deferred_intent[currency]",
		    "Invalid currency: %s.", currency);
	if (!setup && currency == NULL)
		return call_fail(c, 400, "parameter_missing",
		    "deferred_intent[currency]",
		    "Missing required param: deferred_intent[currency].");
	if (!setup)
		json_put_str(d->body, "currency", currency);
	doc_apply(d->body, promise, names);
	c->params = json_clone(c->arena, promise);
	err = intent_put_methods(c, d);
	c->params = given;
	if (err != VT_OK)
		return err;
	intent_put_types(c, d);
	*out = json_get(d->body, "payment_method_types");
	return VT_OK;
}

/* What the page may know of the customer, if it has a session of his. */
static enum vt_err
put_customer(struct call *c, const char *customer, const struct json *types,
    struct json *out)
{
	const char *secret =
	    json_str_at(c->params, "customer_session_client_secret");
	const struct json *features;
	struct doc *d;
	enum vt_err err;

	if (secret == NULL) {
		json_put_null(out, "customer");
		return VT_OK;
	}
	err = customer_session_open(c, secret, customer, &d, &features);
	if (err == VT_OK && features == NULL)
		return call_fail(c, 400, NULL, "customer_session_client_secret",
		    "This customer session does not enable the "
		    "payment_element component.");
	return err == VT_OK ? customer_session_show(c, d, features, types,
				  json_put_object(out, "customer"))
			    : err;
}

/* The customer takes back what he has saved. */
static enum vt_err
detach(struct call *c)
{
	const char *secret =
	    json_str_at(c->params, "customer_session_client_secret");
	const char *allowed, *owner;
	const struct json *features;
	struct doc *d, *m;
	enum vt_err err;

	err = customer_session_open(c, secret, NULL, &d, &features);
	if (err == VT_OK)
		err = doc_need(c, R_PAYMENT_METHOD, c->id, NULL, &m);
	if (err != VT_OK)
		return err;
	owner = json_str_at(m->body, "customer");
	if (owner == NULL ||
	    strcmp(owner, json_str_at(d->body, "customer")) != 0)
		return call_missing(c, "PaymentMethod", c->id, NULL);
	allowed = json_str_at(features, "payment_method_remove");
	if (allowed == NULL || strcmp(allowed, "enabled") != 0)
		return call_fail(c, 403, NULL, NULL,
		    "This customer session does not enable "
		    "payment_method_remove.");
	return payment_method_detach(c, m);
}

static enum vt_err
session(struct call *c)
{
	const char *secret = json_str_at(c->params, "client_secret");
	const struct json *promise = json_get(c->params, "deferred_intent");
	const struct json *types = NULL;
	const char *customer = NULL;
	struct json *out = json_object(c->arena);
	struct doc *d;
	enum vt_err err;

	if ((secret == NULL) == (promise == NULL))
		return call_fail(c, 400, "parameters_exclusive",
		    "client_secret",
		    "Exactly one of client_secret and deferred_intent is "
		    "needed.");
	json_put_str(out, "object", "elements_session");
	if (secret != NULL) {
		err = find_intent(c, secret, &d);
		if (err != VT_OK)
			return err;
		types = json_get(d->body, "payment_method_types");
		customer = json_str_at(d->body, "customer");
		json_put_copy(out, "intent", render_embedded(c, d));
	} else {
		err = promised_types(c, promise, &types);
		if (err != VT_OK)
			return err;
		json_put_null(out, "intent");
	}
	json_put_copy(out, "payment_method_types", types);
	err = put_customer(c, customer, types, out);
	c->answer = json_text(c->arena, out);
	return err;
}

const struct operation elements_operations[] = {
	{ HTTP_GET, "/v1/elements/sessions", session_params, session,
	    OPERATION_BROWSER },
	{ HTTP_POST, "/v1/elements/payment_methods/{}/detach", detach_params,
	    detach, OPERATION_BROWSER },
	{ 0 },
};
