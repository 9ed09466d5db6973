/* payment_methods: /v1/payment_methods and those of a customer. */
#include <string.h>

#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"
#include "payments/method.h"
#include "payments/payment.h"
#include "subscriptions/subscription.h"

static const char *const redisplay[] = { "always", "limited", "unspecified",
	NULL };

static const struct param attach_params[] = {
	PARAM("customer", P_STR, P_REQUIRED),
	PARAM_END,
};
static const struct param expiry[] = {
	PARAM_RANGE("exp_month", P_INT, 0, 1, 12),
	PARAM_RANGE("exp_year", P_INT, 0, 1970, 2200),
	PARAM("networks", P_HASH, 0),
	PARAM_END,
};
static const struct param update_params[] = {
	PARAM_ENUM("allow_redisplay", 0, redisplay),
	PARAM_OF("billing_details", P_HASH, 0, method_billing_params),
	PARAM_OF("card", P_HASH, 0, expiry),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("customer", P_STR, 0),
	PARAM_ENUM("allow_redisplay", 0, redisplay),
	PARAM("type", P_STR, 0),
	PARAM_END,
};

static enum vt_err
create(struct call *c)
{
	struct doc *m;
	enum vt_err err = method_make(c, c->params, &m);

	return err == VT_OK ? render_doc(c, m) : err;
}

static enum vt_err
retrieve(struct call *c)
{
	struct doc *m;
	enum vt_err err;

	if (strncmp(c->id, "pm_card_", 8) != 0)
		return render_stored(c, R_PAYMENT_METHOD, c->id);
	/* A test name shows what it would make. */
	err = method_take(c, c->id, NULL, &m);
	return err == VT_OK ? render_doc(c, m) : err;
}

static enum vt_err
update(struct call *c)
{
	static const char *const names[] = { "allow_redisplay", NULL };
	static const char *const card[] = { "exp_month", "exp_year", NULL };
	struct doc *m;
	enum vt_err err;

	err = doc_need(c, R_PAYMENT_METHOD, c->id, NULL, &m);
	if (err != VT_OK)
		return err;
	if (json_str_at(m->body, "customer") == NULL)
		return call_fail(c, 400, "payment_method_unexpected_state",
		    NULL,
		    "You must save this PaymentMethod to a customer before "
		    "you can update it.");
	doc_apply(m->body, c->params, names);
	method_put_billing(m, json_get(c->params, "billing_details"));
	if (json_edit(m->body, "card") != NULL)
		doc_apply(json_edit(m->body, "card"),
		    json_get(c->params, "card"), card);
	doc_metadata(c, m->body, c->params);
	err = doc_save(c, m);
	if (err == VT_OK)
		err = event_updated(c, "payment_method.updated", m);
	return err == VT_OK ? render_doc(c, m) : err;
}

/* A bank that would decline says so when the card is to be kept. */
static enum vt_err
check_card(struct call *c, const struct doc *m)
{
	const struct card *card = method_card(m);

	if (card == NULL ||
	    (card->behaviour != CARD_DECLINES &&
		card->behaviour != CARD_BLOCKED))
		return VT_OK;
	(void)call_fail(c, 402, card->code, card->param, "%s",
	    card_message(card->code, card->decline_code));
	c->error.type = "card_error";
	c->error.decline_code = card->decline_code;
	c->error.advice_code = card->advice;
	c->error.began = true;
	return VT_FUNDS;
}

static enum vt_err
attach(struct call *c)
{
	const char *customer = json_str_at(c->params, "customer");
	const char *owner;
	struct doc *m, *d;
	enum vt_err err;

	err = doc_need(c, R_CUSTOMER, customer, "customer", &d);
	if (err == VT_OK)
		err = method_take(c, c->id, NULL, &m);
	if (err != VT_OK)
		return err;
	owner = json_str_at(m->body, "customer");
	if (owner != NULL && strcmp(owner, customer) != 0)
		return call_fail(c, 400, "payment_method_unexpected_state",
		    NULL,
		    "The payment method you provided has already been "
		    "attached to a customer.");
	err = check_card(c, m);
	if (err == VT_OK && owner == NULL)
		err = method_attach(c, m, customer);
	return err == VT_OK ? render_doc(c, m) : err;
}

/* A customer's invoices are no longer paid by it. */
static enum vt_err
forget_default(struct call *c, const char *customer, const char *method)
{
	struct doc *d = doc_find(c, R_CUSTOMER, customer);
	struct json *settings;
	const char *now;
	enum vt_err err;

	if (d == NULL || d->deleted)
		return VT_OK;
	settings = json_edit(d->body, "invoice_settings");
	now = json_str_at(settings, "default_payment_method");
	if (now == NULL || strcmp(now, method) != 0)
		return VT_OK;
	json_put_text(settings, "default_payment_method", "null");
	err = doc_save(c, d);
	return err == VT_OK ? event_updated(c, "customer.updated", d) : err;
}

/* Once detached, a method can never be used again. */
enum vt_err
payment_method_detach(struct call *c, struct doc *m)
{
	const char *customer =
	    arena_strdup(c->arena, json_str_at(m->body, "customer"));
	enum vt_err err;

	if (customer == NULL)
		return call_fail(c, 400, "payment_method_unexpected_state",
		    NULL,
		    "The payment method you provided is not attached to a "
		    "customer so detachment is impossible.");
	json_put_text(m->body, "customer", "null");
	json_put_bool(m->hidden, "gone", true);
	err = doc_save(c, m);
	if (err == VT_OK)
		err = event_updated(c, "payment_method.detached", m);
	if (err == VT_OK)
		err = forget_default(c, customer, m->id);
	if (err == VT_OK)
		err = subscription_forget_method(c, customer, m->id);
	return err == VT_OK ? render_doc(c, m) : err;
}

static enum vt_err
detach(struct call *c)
{
	struct doc *m;
	enum vt_err err;

	err = doc_need(c, R_PAYMENT_METHOD, c->id, NULL, &m);
	return err == VT_OK ? payment_method_detach(c, m) : err;
}

static enum vt_err
list_of(struct call *c, const char *customer, const char *url)
{
	const char *redisplay_asked = json_str_at(c->params, "allow_redisplay");
	struct json *members = NULL;
	struct doc *d;
	enum vt_err err;

	if (customer == NULL)
		return call_fail(c, 400, "parameter_missing", "customer",
		    "Missing required param: customer.");
	err = doc_need(
	    c, R_CUSTOMER, customer, url == NULL ? "customer" : NULL, &d);
	if (err != VT_OK)
		return err;
	if (redisplay_asked != NULL) {
		members = json_object(c->arena);
		json_put_str(members, "allow_redisplay", redisplay_asked);
	}
	return render_list(c,
	    &(struct list_filter){ .kind = R_PAYMENT_METHOD,
		.url = url,
		.customer = customer,
		.type = json_str_at(c->params, "type"),
		.members = members,
		.delivered = -1 });
}

static enum vt_err
list(struct call *c)
{
	return list_of(c, json_str_at(c->params, "customer"), NULL);
}

static enum vt_err
customers_list(struct call *c)
{
	return list_of(c, c->id,
	    arena_printf(c->arena, "/v1/customers/%s/payment_methods", c->id));
}

static enum vt_err
customers_retrieve(struct call *c)
{
	const char *owner;
	struct doc *m;
	enum vt_err err;

	err = doc_need(c, R_PAYMENT_METHOD, c->id2, NULL, &m);
	if (err != VT_OK)
		return err;
	owner = json_str_at(m->body, "customer");
	if (owner == NULL || strcmp(owner, c->id) != 0)
		return call_missing(c, "PaymentMethod", c->id2, NULL);
	return render_doc(c, m);
}

const struct operation payment_method_operations[] = {
	{ HTTP_POST, "/v1/payment_methods", method_params, create,
	    OPERATION_BROWSER },
	{ HTTP_GET, "/v1/payment_methods", list_params, list, 0 },
	{ HTTP_GET, "/v1/payment_methods/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/payment_methods/{}", update_params, update, 0 },
	{ HTTP_POST, "/v1/payment_methods/{}/attach", attach_params, attach,
	    0 },
	{ HTTP_POST, "/v1/payment_methods/{}/detach", params_none, detach, 0 },
	{ HTTP_GET, "/v1/customers/{}/payment_methods", list_params,
	    customers_list, 0 },
	{ HTTP_GET, "/v1/customers/{}/payment_methods/{}", params_none,
	    customers_retrieve, 0 },
	{ 0 },
};
