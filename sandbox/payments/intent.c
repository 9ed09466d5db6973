/* intent: see intent.h. */
#include "payments/intent.h"

#include <string.h>

#include "core/address.h"
#include "core/event.h"
#include "core/ids.h"
#include "payments/method.h"
#include "text/money.h"

/* The least that can be charged (docs.stripe.com/currencies). */
static const struct {
	const char *currency;
	int64_t amount;
} minima[] = { { "usd", 50 }, { "eur", 50 }, { "cad", 50 }, { "aud", 50 },
	{ "chf", 50 }, { "nzd", 50 }, { "sgd", 50 }, { "brl", 50 },
	{ "inr", 50 }, { "gbp", 30 }, { "jpy", 50 }, { "krw", 50 },
	{ "mxn", 1000 }, { "thb", 1000 }, { "dkk", 250 }, { "nok", 300 },
	{ "sek", 300 }, { "pln", 200 }, { "ron", 200 }, { "myr", 200 },
	{ "aed", 200 }, { "hkd", 400 }, { "czk", 1500 }, { "huf", 17500 } };

bool
intent_flag(const struct json *params, const char *name)
{
	bool yes = false;

	return json_bool(json_get(params, name), &yes) && yes;
}

int64_t
intent_minimum(const char *currency)
{
	for (size_t i = 0; i < countof(minima); i++)
		if (strcmp(minima[i].currency, currency) == 0)
			return minima[i].amount;
	return 0;
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
	if (amount % money_step(currency) != 0)
		return call_fail(c, 400, NULL, "amount",
		    "Amounts in %s must be multiples of %lld.", currency,
		    (long long)money_step(currency));
	if (amount < intent_minimum(currency)) {
		money_format(intent_minimum(currency), currency, text);
		return call_fail(c, 400, "amount_too_small", "amount",
		    "Amount must be at least %s %s", text, currency);
	}
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

void
intent_put_types(struct call *c, struct doc *d)
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
		/* Without a currency: what can be kept for later. */
		if (currency == NULL ? t->flow == METHOD_REDIRECT
				     : !method_takes(t, currency))
			continue;
		if (listed(excluded, t->name))
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

static const struct json *
allowed_types(const struct call *c)
{
	const struct json *allowed =
	    json_get(c->params, "allowed_payment_method_types");

	return allowed != NULL ? allowed
			       : json_get(c->params, "payment_method_types");
}

static void
put_automatic(struct doc *d, const char *redirect)
{
	struct json *o = json_put_object(d->body, "automatic_payment_methods");

	json_put_str(
	    o, "allow_redirects", redirect != NULL ? redirect : "always");
	json_put_bool(o, "enabled", true);
	o = json_put_object(d->body, "payment_method_configuration_details");
	json_put_str(o, "id", "pmc_1SandboxDefaultMethods0001");
	json_put_null(o, "parent");
}

enum vt_err
intent_put_allowed(struct call *c, struct doc *d)
{
	const struct json *allowed = allowed_types(c);

	if (allowed == NULL)
		return VT_OK;
	for (const struct json *j = json_first(allowed); j != NULL;
	     j = json_next(j))
		if (method_type(json_str(j)) == NULL)
			return call_fail(c, 400, NULL,
			    "allowed_payment_method_types",
			    "The payment method type `%s` is invalid for this "
			    "account.",
			    json_str(j));
	json_put_copy(d->body, "allowed_payment_method_types", allowed);
	json_put_text(d->body, "automatic_payment_methods", "null");
	json_put_text(d->body, "payment_method_configuration_details", "null");
	if (json_is_null(allowed))
		put_automatic(d, NULL);
	return VT_OK;
}

enum vt_err
intent_make(struct call *c, const struct intent_order *o, struct doc **out)
{
	struct doc *d = doc_new(c, R_PAYMENT_INTENT);
	enum vt_err err;

	json_put_int(d->body, "amount", o->amount);
	json_put_str(d->body, "currency", o->currency);
	json_put_str(d->body, "customer", o->customer);
	json_put_str(d->body, "description", o->description);
	json_put_str(d->body, "setup_future_usage", o->future_usage);
	json_put_str(
	    d->body, "client_secret", ids_client_secret(c->arena, d->id));
	json_put_copy(d->body, "allowed_payment_method_types", o->types);
	json_put_str(d->hidden, "invoice", o->invoice);
	intent_put_types(c, d);
	*out = d;
	err = doc_save(c, d);
	return err == VT_OK ? event_emit(c, "payment_intent.created", d) : err;
}

/* Named by the caller, or all that the account has. */
enum vt_err
intent_put_methods(struct call *c, struct doc *d)
{
	const struct json *given =
	    json_get(c->params, "automatic_payment_methods");
	bool automatic = given == NULL || intent_flag(given, "enabled");

	if (json_is_array(allowed_types(c)) && given != NULL && automatic)
		return call_fail(c, 400, "parameters_exclusive",
		    "automatic_payment_methods",
		    "You may only specify one of these parameters: "
		    "automatic_payment_methods, "
		    "allowed_payment_method_types.");
	if (automatic)
		put_automatic(d, json_str_at(given, "allow_redirects"));
	return intent_put_allowed(c, d);
}

enum vt_err
intent_put_customer(struct call *c, struct doc *d)
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
enum vt_err
intent_read_method(struct call *c, const struct doc *intent, struct doc **out)
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
		    "%s.",
		    (*out)->id, intent_noun(intent));
	type = json_str_at((*out)->body, "type");
	if (!listed(json_get(intent->body, "payment_method_types"), type))
		return call_fail(c, 400,
		    arena_printf(c->arena, "%s_incompatible_payment_method",
			resources[intent->kind].object),
		    "payment_method",
		    "The PaymentMethod provided (%s) is not allowed for this "
		    "%s.",
		    type, intent_noun(intent));
	return VT_OK;
}

/* What is said about cards has all its members. */
static void
put_options(struct doc *d)
{
	static const char *const names[] = { "installments", "mandate_options",
		"network", NULL };
	struct json *options = json_edit(d->body, "payment_method_options");
	struct json *card;

	if (json_is_null(options)) {
		json_put_text(d->body, "payment_method_options", "{}");
		return;
	}
	card = json_edit(options, "card");
	if (!json_is_object(card))
		return;
	for (const char *const *n = names; *n != NULL; n++)
		if (json_get(card, *n) == NULL)
			json_put_null(card, *n);
	if (json_get(card, "request_three_d_secure") == NULL)
		json_put_str(card, "request_three_d_secure", "automatic");
}

/* What the amount is made of; each part that is unset goes away. */
static void
put_amount_details(struct doc *d, const struct json *given)
{
	static const char *const names[] = { "discount_amount", "shipping",
		"tax", NULL };
	struct json *details = json_edit(d->body, "amount_details");

	for (const char *const *n = names; given != NULL && *n != NULL; n++) {
		const struct json *v = json_get(given, *n);

		if (json_is_null(given) || (v != NULL && json_is_null(v)))
			json_remove(details, *n);
		else if (v != NULL)
			json_put_copy(details, *n, v);
	}
}

/* What create, update and confirm may set alike. */
enum vt_err
intent_apply(struct call *c, struct doc *d)
{
	static const char *const names[] = { "amount", "capture_method",
		"confirmation_method", "currency", "description",
		"excluded_payment_method_types", "payment_method_options",
		"payment_details", "receipt_email", "setup_future_usage",
		"statement_descriptor", "statement_descriptor_suffix",
		"transfer_group", NULL };
	const char *email = json_str_at(c->params, "receipt_email");
	enum vt_err err;

	if (email != NULL && strchr(email, '@') == NULL)
		return call_fail(c, 400, "email_invalid", "receipt_email",
		    "Invalid email address: %s", email);
	doc_apply(d->body, c->params, names);
	put_options(d);
	put_amount_details(d, json_get(c->params, "amount_details"));
	address_put_shipping(d->body, json_get(c->params, "shipping"));
	doc_metadata(c, d->body, c->params);
	/* Any later change clears what the last attempt left. */
	json_put_text(d->body, "last_payment_error", "null");
	err = check_amount(c, d);
	if (err == VT_OK)
		err = intent_put_customer(c, d);
	if (err == VT_OK)
		err = intent_put_allowed(c, d);
	if (err == VT_OK)
		intent_put_types(c, d);
	if (err == VT_OK &&
	    json_str_at(c->params, "statement_descriptor") != NULL &&
	    listed(json_get(d->body, "payment_method_types"), "card"))
		return call_fail(c, 400, NULL, "statement_descriptor",
		    "The `statement_descriptor` parameter is not supported "
		    "for the `card` payment method type. Use "
		    "`statement_descriptor_suffix` instead.");
	return err;
}
