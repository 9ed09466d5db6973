/* payment_intents: /v1/payment_intents. */
#include <string.h>

#include "event.h"
#include "ids.h"
#include "method.h"
#include "operation.h"
#include "payment.h"
#include "render.h"
#include "text/money.h"

static const char *const capture_methods[] = { "automatic", "automatic_async",
	"manual", NULL };
static const char *const confirmation_methods[] = { "automatic", "manual",
	NULL };
static const char *const redirects[] = { "always", "never", NULL };
static const char *const usages[] = { "off_session", "on_session", NULL };
static const char *const cancel_reasons[] = { "abandoned", "duplicate",
	"fraudulent", "requested_by_customer", NULL };
static const char *const secure_requests[] = { "any", "automatic", "challenge",
	NULL };

static const struct param automatic[] = {
	PARAM_ENUM("allow_redirects", 0, redirects),
	PARAM("enabled", P_BOOL, P_REQUIRED),
	PARAM_END,
};
static const struct param texts[] = { PARAM("", P_STR, 0) };
static const struct param card_options[] = {
	PARAM_ENUM("capture_method", P_EMPTY, capture_methods),
	PARAM("moto", P_BOOL, 0),
	PARAM_ENUM("request_three_d_secure", 0, secure_requests),
	PARAM_ENUM("setup_future_usage", P_EMPTY, usages),
	PARAM("statement_descriptor_suffix_kana", P_STR, P_EMPTY),
	PARAM("statement_descriptor_suffix_kanji", P_STR, P_EMPTY),
	PARAM_END,
};
static const struct param method_options[] = {
	PARAM_OF("card", P_HASH, P_EMPTY, card_options),
	PARAM("us_bank_account", P_HASH, P_EMPTY),
	PARAM("sepa_debit", P_HASH, P_EMPTY),
	PARAM("ideal", P_HASH, P_EMPTY),
	PARAM("bancontact", P_HASH, P_EMPTY),
	PARAM("amazon_pay", P_HASH, P_EMPTY),
	PARAM_END,
};

/* What create, update and confirm have in common. */
#define COMMON_PARAMS                                                          \
	PARAM_OF("allowed_payment_method_types", P_LIST, P_EMPTY, texts),      \
	    PARAM("amount_details", P_HASH, P_EMPTY),                          \
	    PARAM_ENUM("capture_method", 0, capture_methods),                  \
	    PARAM_OF("excluded_payment_method_types", P_LIST, P_EMPTY, texts), \
	    PARAM("hooks", P_HASH, 0), PARAM("payment_details", P_HASH, 0),    \
	    PARAM("payment_method", P_STR, P_EMPTY),                           \
	    PARAM_OF("payment_method_data", P_HASH, 0, method_params),         \
	    PARAM_OF(                                                          \
		"payment_method_options", P_HASH, P_EMPTY, method_options),    \
	    PARAM_OF("payment_method_types", P_LIST, P_UNVERSIONED, texts),    \
	    PARAM("receipt_email", P_STR, P_EMPTY),                            \
	    PARAM_ENUM("setup_future_usage", P_EMPTY, usages),                 \
	    PARAM_OF("shipping", P_HASH, P_EMPTY, params_shipping)
#define ATTEMPT_PARAMS                                                        \
	PARAM("error_on_requires_action", P_BOOL, 0),                         \
	    PARAM("mandate", P_STR, 0),                                       \
	    PARAM("mandate_data", P_HASH, P_EMPTY),                           \
	    PARAM("off_session", P_BOOL, 0),                                  \
	    PARAM("radar_options", P_HASH, 0), PARAM("return_url", P_STR, 0), \
	    PARAM("use_stripe_sdk", P_BOOL, 0)
#define DESCRIPTION_PARAMS                                                     \
	PARAM("customer", P_STR, 0), PARAM("description", P_STR, P_EMPTY),     \
	    PARAM("metadata", P_META, P_EMPTY),                                \
	    PARAM("payment_method_configuration", P_STR, 0),                   \
	    PARAM_RANGE("statement_descriptor", P_STR, P_EMPTY, 0, 22),        \
	    PARAM_RANGE("statement_descriptor_suffix", P_STR, P_EMPTY, 0, 22), \
	    PARAM("transfer_group", P_STR, 0)

static const struct param create_params[] = {
	PARAM_RANGE("amount", P_INT, P_REQUIRED, 1, JSON_INT_MAX),
	PARAM("currency", P_STR, P_REQUIRED),
	PARAM_OF("automatic_payment_methods", P_HASH, 0, automatic),
	PARAM("confirm", P_BOOL, 0),
	PARAM_ENUM("confirmation_method", 0, confirmation_methods),
	COMMON_PARAMS,
	ATTEMPT_PARAMS,
	DESCRIPTION_PARAMS,
	PARAM_END,
};
static const struct param update_params[] = {
	PARAM_RANGE("amount", P_INT, 0, 1, JSON_INT_MAX),
	PARAM("currency", P_STR, 0),
	COMMON_PARAMS,
	DESCRIPTION_PARAMS,
	PARAM("client_secret", P_STR, 0),
	PARAM_END,
};
static const struct param confirm_params[] = {
	PARAM("amount_to_confirm", P_INT, 0),
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
static const struct param capture_params[] = {
	PARAM_RANGE("amount_to_capture", P_INT, 0, 1, JSON_INT_MAX),
	PARAM("final_capture", P_BOOL, 0),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM("statement_descriptor_suffix", P_STR, 0),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM("customer", P_STR, 0),
	PARAM_END,
};

/* The least that can be charged (stripe-facts: minimum by currency). */
static const struct {
	const char *currency;
	int64_t amount;
} minima[] = { { "usd", 50 }, { "eur", 50 }, { "cad", 50 }, { "aud", 50 },
	{ "chf", 50 }, { "nzd", 50 }, { "sgd", 50 }, { "brl", 50 },
	{ "inr", 50 }, { "gbp", 30 }, { "jpy", 50 }, { "krw", 50 },
	{ "mxn", 1000 }, { "thb", 1000 }, { "dkk", 250 }, { "nok", 300 },
	{ "sek", 300 }, { "pln", 200 }, { "ron", 200 }, { "myr", 200 },
	{ "aed", 200 }, { "hkd", 400 }, { "czk", 1500 }, { "huf", 17500 } };

static bool
flag(const struct json *params, const char *name)
{
	bool yes = false;

	return json_bool(json_get(params, name), &yes) && yes;
}

static const char *
status_of(const struct doc *d)
{
	return json_str_at(d->body, "status");
}

static bool
has_status(const struct doc *d, const char *list)
{
	const char *s = status_of(d), *p = strstr(list, s);
	size_t n = strlen(s);

	/* The names are separated by ", " and none is another's part. */
	return p != NULL && (p[n] == ',' || p[n] == '\0');
}

/* Refuses with the intent in the error, as a state that does not allow it. */
static enum vt_err
wrong_state(
    struct call *c, const struct doc *d, const char *what, const char *allowed)
{
	(void)call_fail(c, 400, "payment_intent_unexpected_state", NULL,
	    "You cannot %s this PaymentIntent because it has a status of %s. "
	    "Only a PaymentIntent with one of the following statuses may be "
	    "used for this: %s.",
	    what, status_of(d), allowed);
	c->error.payment_intent = render_embedded(c, d);
	c->error.began = true;
	return VT_INVALID;
}

static enum vt_err
check_amount(struct call *c, const struct doc *d)
{
	const char *currency = json_str_at(d->body, "currency");
	char text[MONEY_TEXT_BYTES];
	int64_t amount = 0;

	(void)json_int_at(d->body, "amount", &amount); /* always there */
	if (amount > MONEY_MAX)
		return call_fail(c, 400, "amount_too_large", "amount",
		    "Amount must be no more than %d in the smallest unit.",
		    MONEY_MAX);
	for (size_t i = 0; i < countof(minima); i++)
		if (strcmp(minima[i].currency, currency) == 0 &&
		    amount < minima[i].amount) {
			money_format(minima[i].amount, currency, text);
			return call_fail(c, 400, "amount_too_small", "amount",
			    "Amount must be at least %s %s", text, currency);
		}
	return VT_OK;
}

static enum vt_err
put_currency(struct call *c, struct doc *d)
{
	const char *given = json_str_at(c->params, "currency");
	char *lower;

	if (given == NULL)
		return VT_OK;
	lower = arena_strdup(c->arena, given);
	for (char *p = lower; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	if (!money_currency_valid(lower))
		return call_fail(c, 400, NULL, "currency",
		    "Invalid currency: %s. Stripe currently supports these "
		    "currencies: usd, eur, gbp, jpy and others.",
		    given);
	json_put_str(d->body, "currency", lower);
	return VT_OK;
}

static bool
listed(const struct json *list, const char *text)
{
	for (const struct json *j = json_first(list); j != NULL;
	     j = json_next(j))
		if (strcmp(json_str(j), text) == 0)
			return true;
	return false;
}

/* payment_method_types, which Stripe computes out of all the rest. */
static void
compute_types(struct call *c, struct doc *d)
{
	const struct json *allowed =
	    json_get(d->body, "allowed_payment_method_types");
	const struct json *excluded =
	    json_get(d->body, "excluded_payment_method_types");
	const char *currency = json_str_at(d->body, "currency");
	const char *allow =
	    json_str_at(d->body, "automatic_payment_methods.allow_redirects");
	struct json *types = json_array(c->arena);

	for (const struct method_type *t = method_types; t->name != NULL; t++) {
		if (!method_takes(t, currency) || listed(excluded, t->name))
			continue;
		if (json_is_array(allowed) && !listed(allowed, t->name))
			continue;
		if (t->flow == METHOD_REDIRECT && allow != NULL &&
		    strcmp(allow, "never") == 0)
			continue;
		json_add_str(types, t->name);
	}
	json_put_copy(d->body, "payment_method_types", types);
}

/* Which methods may pay: named by the caller, or all that the account has. */
static enum vt_err
put_methods(struct call *c, struct doc *d)
{
	const struct json *given =
	    json_get(c->params, "automatic_payment_methods");
	const struct json *allowed =
	    json_get(c->params, "allowed_payment_method_types");
	const char *redirect = json_str_at(given, "allow_redirects");
	struct json *o;

	if (allowed == NULL)
		allowed = json_get(c->params, "payment_method_types");
	if (json_is_array(allowed) && given != NULL && flag(given, "enabled"))
		return call_fail(c, 400, "parameters_exclusive",
		    "automatic_payment_methods",
		    "You may only specify one of these parameters: "
		    "automatic_payment_methods, "
		    "allowed_payment_method_types.");
	for (const struct json *j = json_first(allowed); j != NULL;
	     j = json_next(j))
		if (method_type(json_str(j)) == NULL)
			return call_fail(c, 400, NULL,
			    "allowed_payment_method_types",
			    "The payment method type `%s` is invalid for this "
			    "account.",
			    json_str(j));
	if (json_is_array(allowed)) {
		json_put_copy(d->body, "allowed_payment_method_types", allowed);
	} else if (given == NULL || flag(given, "enabled")) {
		o = json_put_object(d->body, "automatic_payment_methods");
		json_put_str(o, "allow_redirects",
		    redirect != NULL ? redirect : "always");
		json_put_bool(o, "enabled", true);
		o = json_put_object(
		    d->body, "payment_method_configuration_details");
		json_put_str(o, "id", "pmc_1SandboxDefaultMethods0001");
		json_put_null(o, "parent");
	}
	return VT_OK;
}

static enum vt_err
put_customer(struct call *c, struct doc *d)
{
	const char *id = json_str_at(c->params, "customer");
	struct doc *customer;
	enum vt_err err;

	if (id == NULL)
		return VT_OK;
	err = doc_need(c, R_CUSTOMER, id, "customer", &customer);
	if (err == VT_OK)
		json_put_str(d->body, "customer", id);
	return err;
}

/*
 * Finds or makes the method that the call names. *out is NULL when it names
 * none. A method of one customer cannot pay for another.
 */
static enum vt_err
read_method(struct call *c, const struct doc *intent, struct doc **out)
{
	const char *id = json_str_at(c->params, "payment_method");
	const struct json *data = json_get(c->params, "payment_method_data");
	const char *customer = json_str_at(intent->body, "customer");
	const char *owner, *type;
	enum vt_err err;

	*out = NULL;
	if (id == NULL && data == NULL)
		return VT_OK;
	err = id != NULL ? method_take(c, id, "payment_method", out)
			 : method_make(c, data, out);
	if (err != VT_OK)
		return err;
	owner = json_str_at((*out)->body, "customer");
	if (owner != NULL && (customer == NULL || strcmp(owner, customer) != 0))
		return call_fail(c, 400, "payment_method_unexpected_state",
		    "payment_method",
		    "The PaymentMethod supplied (%s) belongs to a Customer. "
		    "Include that Customer in the `customer` parameter on the "
		    "PaymentIntent.",
		    (*out)->id);
	type = json_str_at((*out)->body, "type");
	if (!listed(json_get(intent->body, "payment_method_types"), type))
		return call_fail(c, 400,
		    "payment_intent_incompatible_"
		    "payment_method",
		    "payment_method",
		    "The PaymentMethod provided (%s) is not allowed for this "
		    "PaymentIntent.",
		    type);
	return VT_OK;
}

/* What create, update and confirm may set alike. */
static enum vt_err
apply(struct call *c, struct doc *d)
{
	static const char *const names[] = { "amount", "capture_method",
		"confirmation_method", "description",
		"excluded_payment_method_types", "payment_method_options",
		"receipt_email", "setup_future_usage", "shipping",
		"statement_descriptor", "statement_descriptor_suffix",
		"transfer_group", NULL };
	const char *email = json_str_at(c->params, "receipt_email");
	enum vt_err err;

	if (email != NULL && strchr(email, '@') == NULL)
		return call_fail(c, 400, "email_invalid", "receipt_email",
		    "Invalid email address: %s", email);
	doc_apply(d->body, c->params, names);
	if (json_is_null(json_get(d->body, "payment_method_options")))
		json_put_text(d->body, "payment_method_options", "{}");
	doc_metadata(c, d->body, c->params);
	/* Any later change clears what the last attempt left. */
	json_put_text(d->body, "last_payment_error", "null");
	err = put_currency(c, d);
	if (err == VT_OK)
		err = check_amount(c, d);
	if (err == VT_OK)
		err = put_customer(c, d);
	if (err == VT_OK)
		compute_types(c, d);
	if (err == VT_OK &&
	    json_str_at(c->params, "statement_descriptor") != NULL &&
	    listed(json_get(d->body, "payment_method_types"), "card"))
		return call_fail(c, 400, NULL, "statement_descriptor",
		    "The `statement_descriptor` parameter is not supported "
		    "for the `card` payment method type. Use "
		    "`statement_descriptor_suffix` instead.");
	return err;
}

/*
 * Where redirects are possible, a server that confirms must say where the
 * customer comes back to.
 */
static enum vt_err
check_return_url(struct call *c, const struct doc *d)
{
	const char *allow =
	    json_str_at(d->body, "automatic_payment_methods.allow_redirects");

	if (c->key != KEY_SECRET || allow == NULL ||
	    strcmp(allow, "always") != 0 || flag(c->params, "off_session") ||
	    json_str_at(c->params, "return_url") != NULL)
		return VT_OK;
	return call_fail(c, 400, NULL, "return_url",
	    "This PaymentIntent accepts payment methods that may redirect "
	    "your customer: provide a `return_url`, or set "
	    "`automatic_payment_methods[allow_redirects]` to `never` when "
	    "you create it.");
}

static enum vt_err
attempt(struct call *c, struct doc *d, struct doc *method)
{
	struct payment_attempt t = { .intent = d,
		.method = method,
		.off_session = flag(c->params, "off_session"),
		.error_on_action = flag(c->params, "error_on_requires_action"),
		.use_sdk = flag(c->params, "use_stripe_sdk"),
		.return_url = json_str_at(c->params, "return_url") };
	const char *id = json_str_at(d->body, "payment_method");
	enum vt_err err;

	if (t.method == NULL && id != NULL)
		t.method = doc_find(c, R_PAYMENT_METHOD, id);
	if (t.method == NULL) {
		(void)call_fail(c, 400, "payment_intent_unexpected_state", NULL,
		    "You cannot confirm this PaymentIntent because it's "
		    "missing a payment method. Update it with a payment "
		    "method, or name one when you confirm it.");
		c->error.payment_intent = render_embedded(c, d);
		return VT_INVALID;
	}
	err = check_return_url(c, d);
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
	err = put_methods(c, d);
	if (err == VT_OK)
		err = apply(c, d);
	if (err == VT_OK)
		err = read_method(c, d, &method);
	if (err != VT_OK)
		return err;
	if (method != NULL) {
		json_put_str(d->body, "payment_method", method->id);
		json_put_str(d->body, "status", "requires_confirmation");
	}
	err = doc_save(c, d);
	if (err == VT_OK)
		err = event_emit(c, "payment_intent.created", d);
	if (err != VT_OK)
		return err;
	return flag(c->params, "confirm") ? attempt(c, d, method)
					  : render_doc(c, d);
}

/* The intent of the path; a browser must know its secret. */
static enum vt_err
find(struct call *c, struct doc **out)
{
	const char *secret = json_str_at(c->params, "client_secret");
	enum vt_err err;

	err = doc_need(c, R_PAYMENT_INTENT, c->id, NULL, out);
	if (err != VT_OK || (c->key == KEY_SECRET && secret == NULL))
		return err;
	if (secret == NULL)
		return call_fail(c, 400, "parameter_missing", "client_secret",
		    "Missing required param: client_secret.");
	if (strcmp(secret, json_str_at((*out)->body, "client_secret")) != 0)
		return call_fail(c, 400, NULL, "client_secret",
		    "The client_secret provided does not match the "
		    "client_secret associated with the PaymentIntent.");
	return VT_OK;
}

static enum vt_err
retrieve(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	if (c->key == KEY_SECRET &&
	    json_get(c->params, "client_secret") == NULL)
		return render_stored(c, R_PAYMENT_INTENT, c->id);
	err = find(c, &d);
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

static enum vt_err
update(struct call *c)
{
	static const char open[] =
	    "requires_payment_method, requires_confirmation, requires_action";
	struct doc *d, *method;
	enum vt_err err;

	err = find(c, &d);
	if (err != VT_OK)
		return err;
	if (changes_payment(c) && !has_status(d, open))
		return wrong_state(c, d, "update", open);
	err = apply(c, d);
	if (err == VT_OK)
		err = read_method(c, d, &method);
	if (err != VT_OK)
		return err;
	if (method != NULL) {
		json_put_str(d->body, "payment_method", method->id);
		json_put_str(d->body, "status", "requires_confirmation");
		json_put_text(d->body, "next_action", "null");
	}
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

	err = find(c, &d);
	if (err != VT_OK)
		return err;
	if (!has_status(d, open))
		return wrong_state(c, d, "confirm", open);
	err = apply(c, d);
	if (err == VT_OK)
		err = read_method(c, d, &method);
	return err == VT_OK ? attempt(c, d, method) : err;
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
	if (!has_status(d, open))
		return wrong_state(c, d, "cancel", open);
	json_put_int(d->body, "canceled_at", c->now_s);
	json_put_copy(d->body, "cancellation_reason",
	    json_get(c->params, "cancellation_reason"));
	json_put_int(d->body, "amount_capturable", 0);
	json_put_text(d->body, "next_action", "null");
	json_put_str(d->body, "status", "canceled");
	err = doc_save(c, d);
	if (err == VT_OK)
		err = event_emit(c, "payment_intent.canceled", d);
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
	if (!has_status(d, "requires_capture"))
		return wrong_state(c, d, "capture", "requires_capture");
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

const struct operation payment_intent_operations[] = {
	{ HTTP_POST, "/v1/payment_intents", create_params, create, 0 },
	{ HTTP_GET, "/v1/payment_intents", list_params, list, 0 },
	{ HTTP_GET, "/v1/payment_intents/{}", retrieve_params, retrieve,
	    OPERATION_BROWSER },
	{ HTTP_POST, "/v1/payment_intents/{}", update_params, update, 0 },
	{ HTTP_POST, "/v1/payment_intents/{}/confirm", confirm_params,
	    payment_intent_confirm, OPERATION_BROWSER },
	{ HTTP_POST, "/v1/payment_intents/{}/cancel", cancel_params, cancel,
	    0 },
	{ HTTP_POST, "/v1/payment_intents/{}/capture", capture_params, capture,
	    0 },
	{ 0 },
};
