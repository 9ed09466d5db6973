/*
 * payment_pages: /v1/payment_pages/, which is no part of the public API:
 * what Stripe's own page asks, and the CLI when it triggers the events of
 * checkout sessions.
 */
#include "core/operation.h"
#include "core/render.h"
#include "payments/checkout.h"

static const struct param get_params[] = {
	PARAM("eid", P_STR, 0),
	PARAM_END,
};
static const struct param confirm_params[] = {
	PARAM("eid", P_STR, 0),
	PARAM("expected_amount", P_INT, 0),
	PARAM("payment_method", P_STR, P_REQUIRED),
	PARAM("return_url", P_STR, 0),
	PARAM_END,
};

static enum vt_err
show(struct call *c)
{
	return render_stored(c, R_CHECKOUT_SESSION, c->id);
}

static enum vt_err
confirm(struct call *c)
{
	const char *id = json_str_at(c->params, "payment_method");
	int64_t expected = 0, total = 0;
	struct doc *d, *method, *intent;
	enum vt_err err;

	err = doc_need(c, R_CHECKOUT_SESSION, c->id, NULL, &d);
	if (err == VT_OK)
		err = doc_need(
		    c, R_PAYMENT_METHOD, id, "payment_method", &method);
	if (err != VT_OK)
		return err;
	(void)json_int_at(d->body, "amount_total", &total); /* none in setup */
	if (json_int_at(c->params, "expected_amount", &expected) &&
	    expected != total)
		return call_fail(c, 400, "checkout_amount_mismatch",
		    "expected_amount",
		    "The session comes to %lld, not to %lld.", (long long)total,
		    (long long)expected);
	err = checkout_pay(c, d, id,
	    json_str_at(method->body, "billing_details.email"), &intent);
	return err == VT_OK ? render_doc(c, d) : err;
}

const struct operation payment_page_operations[] = {
	{ HTTP_GET, "/v1/payment_pages/{}", get_params, show, 0 },
	{ HTTP_POST, "/v1/payment_pages/{}/confirm", confirm_params, confirm,
	    0 },
	{ 0 },
};
