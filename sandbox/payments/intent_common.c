/* intent_common: what payment and setup intents have in common: their
 * secret, their states, what the customer is asked to do. See intent.h. */
#include <string.h>

#include "core/ids.h"
#include "core/render.h"
#include "payments/intent.h"
#include "payments/payment.h"
#include "payments/setup.h"

const char *
intent_noun(const struct doc *d)
{
	return d->kind == R_SETUP_INTENT ? "SetupIntent" : "PaymentIntent";
}

/* "payment_intent", in codes and in queries. */
static const char *
word(const struct doc *d)
{
	return resources[d->kind].object;
}

static void
put_in_error(struct call *c, const struct doc *d)
{
	if (d->kind == R_SETUP_INTENT)
		c->error.setup_intent = render_embedded(c, d);
	else
		c->error.payment_intent = render_embedded(c, d);
}

enum vt_err
intent_named(struct call *c, struct doc **out)
{
	const char *setup = json_str_at(c->params, "setup_intent");
	const char *payment = json_str_at(c->params, "payment_intent");

	if (setup != NULL)
		return doc_need(c, R_SETUP_INTENT, setup, "setup_intent", out);
	if (payment == NULL)
		return call_fail(c, 400, "parameter_missing", "payment_intent",
		    "Missing required param: payment_intent.");
	return doc_need(c, R_PAYMENT_INTENT, payment, "payment_intent", out);
}

enum vt_err
intent_check_secret(struct call *c, const struct doc *d, const char *secret)
{
	if (secret == NULL)
		return call_fail(c, 400, "parameter_missing", "client_secret",
		    "Missing required param: client_secret.");
	if (strcmp(secret, json_str_at(d->body, "client_secret")) != 0)
		return call_fail(c, 400, NULL, "client_secret",
		    "The client_secret provided does not match the "
		    "client_secret associated with the %s.",
		    intent_noun(d));
	return VT_OK;
}

enum vt_err
intent_authenticated(struct call *c, struct doc *d, bool passed)
{
	return d->kind == R_SETUP_INTENT ? setup_authenticated(c, d, passed)
					 : payment_authenticated(c, d, passed);
}

void
intent_put_method(const struct call *c, struct doc *d, const struct doc *method)
{
	const struct json *given = json_get(c->params, "payment_method");

	if (method == NULL && (given == NULL || !json_is_null(given)))
		return;
	json_put_str(
	    d->body, "payment_method", method == NULL ? NULL : method->id);
	json_put_null(d->body, "next_action");
	json_put_str(d->body, "status",
	    method == NULL ? "requires_payment_method"
			   : "requires_confirmation");
}

enum vt_err
intent_find(struct call *c, enum resource_kind kind, struct doc **out)
{
	const char *secret = json_str_at(c->params, "client_secret");
	enum vt_err err;

	err = doc_need(c, kind, c->id, NULL, out);
	if (err != VT_OK || (c->key == KEY_SECRET && secret == NULL))
		return err;
	return intent_check_secret(c, *out, secret);
}

bool
intent_has_status(const struct doc *d, const char *list)
{
	const char *s = json_str_at(d->body, "status"), *p = strstr(list, s);
	size_t n = strlen(s);

	/* The names are separated by ", " and none is another's part. */
	return p != NULL && (p[n] == ',' || p[n] == '\0');
}

enum vt_err
intent_refuse_state(
    struct call *c, const struct doc *d, const char *what, const char *allowed)
{
	(void)call_fail(c, 400,
	    arena_printf(c->arena, "%s_unexpected_state", word(d)), NULL,
	    "You cannot %s this %s because it has a status of %s. Only a %s "
	    "with one of the following statuses may be used for this: %s.",
	    what, intent_noun(d), json_str_at(d->body, "status"),
	    intent_noun(d), allowed);
	put_in_error(c, d);
	c->error.began = true;
	return VT_INVALID;
}

enum vt_err
intent_refuse_empty(struct call *c, const struct doc *d)
{
	(void)call_fail(c, 400,
	    arena_printf(c->arena, "%s_unexpected_state", word(d)), NULL,
	    "You cannot confirm this %s because it's missing a payment "
	    "method. Update it with a payment method, or name one when you "
	    "confirm it.",
	    intent_noun(d));
	put_in_error(c, d);
	return VT_INVALID;
}

enum vt_err
intent_check_return_url(struct call *c, const struct doc *d)
{
	const char *allow =
	    json_str_at(d->body, "automatic_payment_methods.allow_redirects");
	const char *url = json_str_at(c->params, "return_url");
	enum vt_err err = call_check_page_or_app(c, "return_url", url);

	if (err != VT_OK || c->key != KEY_SECRET || !c->versioned ||
	    allow == NULL || strcmp(allow, "always") != 0 ||
	    intent_flag(c->params, "off_session") || url != NULL)
		return err;
	return call_fail(c, 400, NULL, "return_url",
	    "This %s accepts payment methods that may redirect your "
	    "customer: provide a `return_url`, or set "
	    "`automatic_payment_methods[allow_redirects]` to `never` when "
	    "you create it.",
	    intent_noun(d));
}

/* The page of ours where a redirect or a challenge without stripe.js ends. */
static const char *
hosted_url(struct call *c, const struct doc *d)
{
	return arena_printf(c->arena,
	    "%s/_hosted/redirect?%s=%s&%s_client_secret=%s", c->box->origin,
	    word(d), d->id, word(d), json_str_at(d->body, "client_secret"));
}

void
intent_ask(struct call *c, struct doc *d, const char *return_url, bool redirect)
{
	struct json *next = json_put_object(d->body, "next_action"), *o;

	if (redirect) {
		o = json_put_object(next, "redirect_to_url");
		json_put_str(o, "return_url", return_url);
		json_put_str(o, "url", hosted_url(c, d));
		json_put_str(next, "type", "redirect_to_url");
	} else {
		json_put_str(next, "type", "use_stripe_sdk");
		o = json_put_object(next, "use_stripe_sdk");
		json_put_str(
		    o, "source", ids_make(c->arena, "payatt_", '3', 24));
		json_put_str(o, "stripe_js", hosted_url(c, d));
		json_put_str(o, "type", "three_d_secure_redirect");
	}
	json_put_str(d->body, "status", "requires_action");
	json_put_str(d->hidden, "return_url", return_url);
}
