/* invoice_actions: what a caller does to an invoice of /v1/invoices. */
#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"
#include "invoices/invoice.h"
#include "invoices/invoice_params.h"
#include "payments/intent.h"
#include "payments/method.h"

static enum vt_err
finalize(struct call *c)
{
	struct doc *d;
	bool advance;
	enum vt_err err;

	err = doc_need(c, R_INVOICE, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	if (json_bool(json_get(c->params, "auto_advance"), &advance))
		json_put_bool(d->body, "auto_advance", advance);
	err = invoice_finalize(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

/* The method to pay with, when the call names one. */
static enum vt_err
read_method(struct call *c, const struct doc *d, struct doc **out)
{
	const char *id = json_str_at(c->params, "payment_method");
	const char *owner;
	enum vt_err err;

	*out = NULL;
	if (id == NULL)
		return VT_OK;
	err = method_take(c, id, "payment_method", out);
	if (err != VT_OK)
		return err;
	owner = json_str_at((*out)->body, "customer");
	if (owner != NULL && !doc_is(d, "customer", owner))
		return call_fail(c, 400, "payment_method_unexpected_state",
		    "payment_method",
		    "The payment method %s belongs to another customer.", id);
	return VT_OK;
}

static enum vt_err
pay(struct call *c)
{
	struct invoice_attempt how = { 0 };
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_INVOICE, c->id, NULL, &d);
	if (err == VT_OK)
		err = read_method(c, d, &how.method);
	if (err == VT_OK && doc_is(d, "status", "draft"))
		err = invoice_finalize(c, d);
	if (err != VT_OK)
		return err;
	if (intent_flag(c->params, "paid_out_of_band"))
		err = invoice_pay_elsewhere(c, d);
	else
		err = invoice_pay(c, d, &how);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
attach_payment(struct call *c)
{
	struct doc *d, *intent;
	enum vt_err err = doc_need(c, R_INVOICE, c->id, NULL, &d);

	if (err == VT_OK)
		err = doc_need(c, R_PAYMENT_INTENT,
		    json_str_at(c->params, "payment_intent"), "payment_intent",
		    &intent);
	if (err == VT_OK)
		err = invoice_attach(c, d, intent);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
void_it(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_INVOICE, c->id, NULL, &d);
	if (err == VT_OK)
		err = invoice_void(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
mark_uncollectible(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_INVOICE, c->id, NULL, &d);
	if (err == VT_OK)
		err = invoice_mark_uncollectible(c, d, "user_forgiven");
	return err == VT_OK ? render_doc(c, d) : err;
}

/* Stripe mails it; here the event says that it was sent. */
static enum vt_err
send(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_INVOICE, c->id, NULL, &d);
	if (err == VT_OK && doc_is(d, "status", "draft"))
		err = invoice_finalize(c, d);
	if (err != VT_OK)
		return err;
	if (!doc_is(d, "status", "open") && !doc_is(d, "status", "paid"))
		return call_fail(c, 400, NULL, NULL,
		    "You can only manually send an invoice that is open or "
		    "paid.");
	if (!doc_is(d, "collection_method", "send_invoice"))
		return call_fail(c, 400, NULL, NULL,
		    "You can only manually send an invoice if its collection "
		    "method is 'send_invoice'.");
	err = event_emit(c, "invoice.sent", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

const struct operation invoice_action_operations[] = {
	{ HTTP_POST, "/v1/invoices/{}/finalize", invoice_finalize_params,
	    finalize, 0 },
	{ HTTP_POST, "/v1/invoices/{}/pay", invoice_pay_params, pay, 0 },
	{ HTTP_POST, "/v1/invoices/{}/attach_payment", invoice_attach_params,
	    attach_payment, 0 },
	{ HTTP_POST, "/v1/invoices/{}/void", params_none, void_it, 0 },
	{ HTTP_POST, "/v1/invoices/{}/mark_uncollectible", params_none,
	    mark_uncollectible, 0 },
	{ HTTP_POST, "/v1/invoices/{}/send", params_none, send, 0 },
	{ 0 },
};
