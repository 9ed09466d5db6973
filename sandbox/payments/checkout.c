/* checkout: what becomes of a session. See checkout.h. */
#include "payments/checkout.h"

#include <string.h>

#include "core/api.h"
#include "core/event.h"
#include "payments/payment.h"
#include "payments/setup.h"

static enum vt_err
save_and_emit(struct call *c, struct doc *d, const char *type)
{
	enum vt_err err = doc_save(c, d);

	return err == VT_OK ? event_emit(c, type, d) : err;
}

/* Who the customer is, as far as it is known by now. */
static void
put_details(struct call *c, struct doc *d, const char *email)
{
	static const char *const nulls[] = { "address", "business_name",
		"individual_name", "name", "phone", NULL };
	const char *id = json_str_at(d->body, "customer");
	struct doc *customer = id == NULL ? NULL : doc_find(c, R_CUSTOMER, id);
	struct json *o = json_put_object(d->body, "customer_details");
	static const char *const known[] = { "address", "email", "name",
		"phone", "tax_exempt", NULL };

	for (const char *const *n = nulls; *n != NULL; n++)
		json_put_null(o, *n);
	json_put_str(o, "email", email);
	json_put_str(o, "tax_exempt", "none");
	(void)json_put_array(o, "tax_ids"); /* none */
	if (customer != NULL)
		doc_apply(o, customer->body, known);
}

/* The customer that the session needs and was not given. */
static enum vt_err
make_customer(struct call *c, struct doc *d, const char *email)
{
	struct json *p = json_object(c->arena);
	const struct json *made;
	enum vt_err err;

	if (json_str_at(d->body, "customer") != NULL ||
	    !doc_is(d, "customer_creation", "always"))
		return VT_OK;
	if (email != NULL)
		json_put_str(p, "email", email);
	err = api_inside(c, HTTP_POST, "/v1/customers", p, &made);
	if (err == VT_OK)
		json_put_str(d->body, "customer", json_str_at(made, "id"));
	return err;
}

/* Copies what the session was told about what it makes ("…_data"). */
static void
put_wishes(const struct doc *d, struct json *p)
{
	const struct json *wishes = json_get(d->hidden, "data");

	for (const struct json *m = json_first(wishes); m != NULL;
	     m = json_next(m))
		json_put_copy(p, json_name(m), m);
	if (json_str_at(d->body, "customer") != NULL)
		json_put_copy(p, "customer", json_get(d->body, "customer"));
}

static void
put_types(const struct doc *d, struct json *p)
{
	static const char *const names[] = { "allowed_payment_method_types",
		"excluded_payment_method_types", "payment_method_options",
		NULL };

	for (const char *const *n = names; *n != NULL; n++) {
		const struct json *v = json_get(d->body, *n);

		if (json_count(v) > 0)
			json_put_copy(p, *n, v);
	}
}

/* The intent that a client secret belongs to. */
static struct doc *
by_secret(struct call *c, const char *secret)
{
	const char *end = secret == NULL ? NULL : strstr(secret, "_secret_");

	return end == NULL
	    ? NULL
	    : doc_find(c, R_ANY,
		  arena_memdup(c->arena, secret, (size_t)(end - secret)));
}

static enum vt_err
start_payment(struct call *c, struct doc *d, struct doc **intent)
{
	struct json *p = json_object(c->arena);
	const struct json *made;
	enum vt_err err;

	if (doc_is(d, "payment_status", "no_payment_required"))
		return VT_OK;
	put_wishes(d, p);
	put_types(d, p);
	json_put_copy(p, "amount", json_get(d->body, "amount_total"));
	json_put_copy(p, "currency", json_get(d->body, "currency"));
	err = api_inside(c, HTTP_POST, "/v1/payment_intents", p, &made);
	if (err == VT_OK)
		*intent =
		    doc_find(c, R_PAYMENT_INTENT, json_str_at(made, "id"));
	return err;
}

static enum vt_err
start_setup(struct call *c, struct doc *d, struct doc **intent)
{
	struct json *p = json_object(c->arena);
	const struct json *made;
	enum vt_err err;

	put_wishes(d, p);
	put_types(d, p);
	err = api_inside(c, HTTP_POST, "/v1/setup_intents", p, &made);
	if (err == VT_OK)
		*intent = doc_find(c, R_SETUP_INTENT, json_str_at(made, "id"));
	return err;
}

/*
 * A price by its name; one that was made in passing, which nobody else can
 * use, by what it says.
 */
static void
put_price(struct json *o, const struct json *price)
{
	static const char *const names[] = { "currency", "product",
		"tax_behavior", "unit_amount", NULL };
	const struct json *recurring = json_get(price, "recurring");
	struct json *data;
	bool active = false;

	(void)json_bool(json_get(price, "active"), &active); /* always there */
	if (active) {
		json_put_copy(o, "price", json_get(price, "id"));
		return;
	}
	data = json_put_object(o, "price_data");
	doc_apply(data, price, names);
	if (!json_is_object(recurring))
		return;
	data = json_put_object(data, "recurring");
	json_put_copy(data, "interval", json_get(recurring, "interval"));
	json_put_copy(
	    data, "interval_count", json_get(recurring, "interval_count"));
}

/* The items of a subscription, and what is sold with it once. */
static enum vt_err
put_prices(struct call *c, const struct doc *d, struct json *p)
{
	struct json *items = json_put_array(p, "items");
	struct json *once = json_put_array(p, "add_invoice_items"), *o;
	struct doc_ids lines;
	enum vt_err err = checkout_items(c, d, &lines);

	for (size_t i = 0; err == VT_OK && i < lines.count; i++) {
		struct doc *line = doc_find(c, R_CHECKOUT_ITEM, lines.ids[i]);

		o = json_add_object(
		    json_is_object(json_at(line->body, "price.recurring"))
			? items
			: once);
		put_price(o, json_get(line->body, "price"));
		json_put_copy(o, "quantity", json_get(line->body, "quantity"));
	}
	if (json_count(once) == 0)
		json_remove(p, "add_invoice_items");
	return err;
}

static enum vt_err
start_subscription(struct call *c, struct doc *d, struct doc **intent)
{
	struct json *p = json_object(c->arena), *expand;
	const struct json *made, *discounts = json_get(d->body, "discounts");
	const char *secret;
	enum vt_err err;

	put_wishes(d, p);
	json_put_copy(p, "currency", json_get(d->body, "currency"));
	if (json_count(discounts) > 0)
		json_put_copy(p, "discounts", json_get(d->hidden, "discounts"));
	json_put_str(p, "payment_behavior", "default_incomplete");
	json_put_str(json_put_object(p, "payment_settings"),
	    "save_default_payment_method", "on_subscription");
	err = put_prices(c, d, p);
	if (err != VT_OK)
		return err;
	expand = json_put_array(p, "expand");
	json_add_str(expand, "latest_invoice.confirmation_secret");
	json_add_str(expand, "pending_setup_intent");
	err = api_inside(c, HTTP_POST, "/v1/subscriptions", p, &made);
	if (err != VT_OK)
		return err;
	json_put_str(d->hidden, "subscription", json_str_at(made, "id"));
	json_put_str(
	    d->hidden, "invoice", json_str_at(made, "latest_invoice.id"));
	secret = json_str_at(
	    made, "latest_invoice.confirmation_secret.client_secret");
	if (secret == NULL)
		secret =
		    json_str_at(made, "pending_setup_intent.client_secret");
	*intent = by_secret(c, secret);
	return VT_OK;
}

/* It is done: paid, on its way, or nothing had to be paid. */
static enum vt_err
complete(struct call *c, struct doc *d, const char *payment_status)
{
	static const char *const made[] = { "invoice", "subscription", NULL };
	enum vt_err err;

	doc_apply(d->body, d->hidden, made);
	json_put_text(d->body, "url", "null");
	json_put_str(d->body, "payment_status", payment_status);
	json_put_str(d->body, "status", "complete");
	d->due_ms = 0;
	err = checkout_redeem(c, d);
	return err == VT_OK ? save_and_emit(c, d, "checkout.session.completed")
			    : err;
}

static enum vt_err
start(struct call *c, struct doc *d, struct doc **intent)
{
	enum vt_err err;

	if (doc_is(d, "mode", "payment"))
		err = start_payment(c, d, intent);
	else if (doc_is(d, "mode", "setup"))
		err = start_setup(c, d, intent);
	else
		err = start_subscription(c, d, intent);
	if (err != VT_OK)
		return err;
	if (*intent == NULL)
		return complete(c, d, "no_payment_required");
	json_put_str((*intent)->hidden, "checkout", d->id);
	err = doc_save(c, *intent);
	json_put_str(d->hidden, "intent", (*intent)->id);
	return err == VT_OK ? doc_save(c, d) : err;
}

enum vt_err
checkout_start(
    struct call *c, struct doc *d, const char *email, struct doc **intent)
{
	const char *had = json_str_at(d->hidden, "intent");
	const char *known = json_str_at(d->body, "customer_email");
	enum vt_err err;

	*intent = NULL;
	if (!doc_is(d, "status", "open"))
		return call_fail(c, 400, NULL, NULL,
		    "This Checkout Session is %s and can no longer be paid.",
		    json_str_at(d->body, "status"));
	if (known != NULL)
		email = known;
	if (had != NULL) {
		*intent = doc_find(c, R_ANY, had);
		return *intent == NULL ? VT_DB : VT_OK;
	}
	err = make_customer(c, d, email);
	if (err != VT_OK)
		return err;
	put_details(c, d, email);
	return start(c, d, intent);
}

enum vt_err
checkout_pay(struct call *c, struct doc *d, const char *method,
    const char *email, struct doc **intent)
{
	struct json *p = json_object(c->arena);
	const struct json *out;
	enum vt_err err = checkout_start(c, d, email, intent);

	if (err != VT_OK || *intent == NULL)
		return err;
	json_put_str(p, "payment_method", method);
	json_put_str(p, "return_url", c->box->site);
	json_put_bool(p, "use_stripe_sdk", true);
	return api_inside(c, HTTP_POST,
	    arena_printf(c->arena, "%s/%s/confirm",
		resources[(*intent)->kind].url, (*intent)->id),
	    p, &out);
}

/* Later, for methods that take days. */
static enum vt_err
later(struct call *c, struct doc *d, bool paid)
{
	if (!paid)
		return event_emit(
		    c, "checkout.session.async_payment_failed", d);
	json_put_str(d->body, "payment_status", "paid");
	return save_and_emit(c, d, "checkout.session.async_payment_succeeded");
}

enum vt_err
checkout_intent_told(struct call *c, struct doc *intent)
{
	const char *id = json_str_at(intent->hidden, "checkout");
	struct doc *d = id == NULL ? NULL : doc_find(c, R_CHECKOUT_SESSION, id);
	const char *status = json_str_at(intent->body, "status");
	bool paid = strcmp(status, "succeeded") == 0 ||
	    strcmp(status, "requires_capture") == 0;

	if (d == NULL)
		return VT_OK;
	if (doc_is(d, "status", "complete"))
		return doc_is(d, "payment_status", "unpaid") &&
			(paid || strcmp(status, "requires_payment_method") == 0)
		    ? later(c, d, paid)
		    : VT_OK;
	if (!doc_is(d, "status", "open") ||
	    (!paid && strcmp(status, "processing") != 0))
		return VT_OK;
	if (!doc_is(d, "mode", "subscription"))
		json_put_str(d->body,
		    intent->kind == R_SETUP_INTENT ? "setup_intent"
						   : "payment_intent",
		    intent->id);
	return complete(c, d,
	    intent->kind == R_SETUP_INTENT ? "no_payment_required"
		: paid			   ? "paid"
					   : "unpaid");
}

bool
checkout_holds(struct call *c, const struct doc *intent)
{
	const char *id = json_str_at(intent->hidden, "checkout");
	struct doc *d = id == NULL ? NULL : doc_find(c, R_CHECKOUT_SESSION, id);

	return d != NULL && doc_is(d, "status", "open");
}

enum vt_err
checkout_expire(struct call *c, struct doc *d)
{
	static const char *const open = "requires_payment_method, "
					"requires_confirmation, "
					"requires_action";
	const char *id = json_str_at(d->hidden, "intent");
	struct doc *intent = id == NULL ? NULL : doc_find(c, R_ANY, id);
	enum vt_err err = VT_OK;

	if (!doc_is(d, "status", "open"))
		return call_fail(c, 400, NULL, NULL,
		    "Only Checkout Sessions with a status of `open` can be "
		    "expired; this one is %s.",
		    json_str_at(d->body, "status"));
	json_put_text(d->body, "url", "null");
	json_put_str(d->body, "status", "expired");
	d->due_ms = 0;
	if (intent != NULL && intent->kind == R_PAYMENT_INTENT &&
	    doc_is(d, "mode", "payment") &&
	    strstr(open, json_str_at(intent->body, "status")) != NULL)
		err = payment_cancel(c, intent, "automatic");
	return err == VT_OK ? save_and_emit(c, d, "checkout.session.expired")
			    : err;
}

enum vt_err
checkout_due(struct call *c, struct doc *d)
{
	return checkout_expire(c, d);
}

const char *
checkout_url(struct call *c, const struct doc *d, const char *url)
{
	static const char word[] = "{CHECKOUT_SESSION_ID}";
	const char *at = url == NULL ? NULL : strstr(url, word);

	return at == NULL ? url
			  : arena_printf(c->arena, "%.*s%s%s", (int)(at - url),
				url, d->id, at + strlen(word));
}
