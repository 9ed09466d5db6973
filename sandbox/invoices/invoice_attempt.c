/* invoice_attempt: trying to have an invoice paid. See invoice.h. */
#include "core/render.h"
#include "invoices/invoice_parts.h"
#include "payments/method.h"
#include "payments/payment.h"

/* The method there, as long as it can still pay; or NULL. */
static struct doc *
method_at(struct call *c, const struct doc *d, const char *path)
{
	const char *id = d == NULL ? NULL : json_str_at(d->body, path);
	struct doc *m = id == NULL ? NULL : doc_find(c, R_PAYMENT_METHOD, id);

	return m == NULL || method_is_gone(m) ? NULL : m;
}

struct doc *
invoice_method(struct call *c, const struct doc *invoice)
{
	const char *sub = json_str_at(
	    invoice->body, "parent.subscription_details.subscription");
	const char *customer = json_str_at(invoice->body, "customer");
	struct doc *m = method_at(c, invoice, "default_payment_method");

	if (m == NULL && sub != NULL)
		m = method_at(c, doc_find(c, R_SUBSCRIPTION, sub),
		    "default_payment_method");
	if (m == NULL && customer != NULL)
		m = method_at(c, doc_find(c, R_CUSTOMER, customer),
		    "invoice_settings.default_payment_method");
	return m;
}

/* An attempt by the schedule has failed for want of a method. */
static enum vt_err
no_method(struct call *c, struct doc *invoice, bool automatic)
{
	struct api_error kept;
	enum vt_err err;

	(void)call_fail(c, 400, "resource_missing", NULL,
	    "This customer has no attached payment source or default payment "
	    "method. Please consider adding a default payment method.");
	if (!automatic)
		return VT_INVALID;
	kept = c->error;
	err = invoice_attempt_failed(c, invoice);
	if (err != VT_OK)
		return err;
	c->error = kept;
	c->error.began = true;
	return VT_FUNDS;
}

/* The bank wants its customer: the attempt counts as failed until then. */
static enum vt_err
needs_action(struct call *c, struct doc *invoice, const struct doc *intent)
{
	enum vt_err err = invoice_attempt_failed(c, invoice);

	if (err != VT_OK)
		return err;
	(void)call_fail(c, 402, "invoice_payment_intent_requires_action", NULL,
	    "This payment requires additional user action before it can be "
	    "completed successfully. Payment can be completed using the "
	    "PaymentIntent associated with the invoice.");
	c->error.type = "card_error";
	c->error.payment_intent = render_embedded(c, intent);
	c->error.began = true;
	return VT_FUNDS;
}

enum vt_err
invoice_pay(
    struct call *c, struct doc *invoice, const struct invoice_attempt *how)
{
	struct doc *intent = invoice_intent(c, invoice), *method = how->method;
	enum vt_err err = invoice_check_payable(c, invoice);

	if (err != VT_OK)
		return err;
	if (intent == NULL)
		return VT_DB;
	if (doc_is(intent, "status", "processing"))
		return call_fail(c, 400, NULL, NULL,
		    "This invoice has a payment that is still processing.");
	if (method == NULL)
		method = invoice_method(c, invoice);
	invoice_count_attempt(invoice, how->automatic);
	if (method == NULL)
		return no_method(c, invoice, how->automatic);
	/*
	 * Not as off session: a bank that wants its customer makes the
	 * intent wait for him, which the invoice's own page can do.
	 */
	err = payment_attempt(c,
	    &(struct payment_attempt){
		.intent = intent, .method = method, .use_sdk = true });
	if (err != VT_OK)
		return err;
	if (doc_is(intent, "status", "requires_action"))
		return needs_action(c, invoice, intent);
	/* A debit on its way; one that is paid has been saved already. */
	return doc_is(invoice, "status", "paid") ? VT_OK
						 : invoice_save(c, invoice);
}
