/* invoice_payments: /v1/invoice_payments, what links invoices and payments. */
#include "core/operation.h"
#include "core/render.h"

static const char *const statuses[] = { "canceled", "open", "paid", NULL };
static const char *const types[] = { "payment_intent", "payment_record", NULL };

static const struct param payment[] = {
	PARAM("payment_intent", P_STR, 0),
	PARAM("payment_record", P_STR, 0),
	PARAM_ENUM("type", P_REQUIRED, types),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM("invoice", P_STR, 0),
	PARAM_OF("payment", P_HASH, 0, payment),
	PARAM_ENUM("status", 0, statuses),
	PARAM_END,
};
static const struct list_rule list_rules[] = {
	{ "payment.payment_record", "payment.payment_record" },
	{ "payment.type", "payment.type" },
	{ "status", "status" },
	{ NULL, NULL },
};

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_INVOICE_PAYMENT, c->id);
}

static enum vt_err
list(struct call *c)
{
	return render_list(c,
	    &(struct list_filter){ .kind = R_INVOICE_PAYMENT,
		.parent = json_str_at(c->params, "invoice"),
		.type = json_str_at(c->params, "payment.payment_intent"),
		.members = list_members(c, list_rules),
		.delivered = -1 });
}

const struct operation invoice_payment_operations[] = {
	{ HTTP_GET, "/v1/invoice_payments", list_params, list, 0 },
	{ HTTP_GET, "/v1/invoice_payments/{}", params_none, retrieve, 0 },
	{ 0 },
};
