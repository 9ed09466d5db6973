/* refunds: /v1/refunds. */
#include "payments/refund.h"

#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"

static const char *const reasons[] = { "duplicate", "fraudulent",
	"requested_by_customer", NULL };

static const struct param create_params[] = {
	PARAM_RANGE("amount", P_INT, 0, 1, JSON_INT_MAX),
	PARAM("charge", P_STR, 0),
	PARAM("instructions_email", P_STR, 0),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM("payment_intent", P_STR, 0),
	PARAM_ENUM("reason", 0, reasons),
	PARAM("refund_application_fee", P_BOOL, 0),
	PARAM("reverse_transfer", P_BOOL, 0),
	PARAM_END,
};
static const struct param update_params[] = {
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("charge", P_STR, 0),
	PARAM("created", P_RANGE, 0),
	PARAM("payment_intent", P_STR, 0),
	PARAM_END,
};

/* The charge that is meant: by its name, or the one that paid an intent. */
static enum vt_err
find_charge(struct call *c, struct doc **out)
{
	const char *charge = json_str_at(c->params, "charge");
	const char *intent = json_str_at(c->params, "payment_intent");
	struct doc *d;
	enum vt_err err;

	if (charge != NULL && intent != NULL)
		return call_fail(c, 400, "parameters_exclusive", "charge",
		    "You may only specify one of these parameters: charge, "
		    "payment_intent.");
	if (charge != NULL)
		return doc_need(c, R_CHARGE, charge, "charge", out);
	if (intent == NULL)
		return call_fail(c, 400, "parameter_missing", "payment_intent",
		    "One of the following params should be provided for this "
		    "request: payment_intent or charge.");
	err = doc_need(c, R_PAYMENT_INTENT, intent, "payment_intent", &d);
	if (err != VT_OK)
		return err;
	charge = json_str_at(d->body, "latest_charge");
	*out = charge == NULL ? NULL : doc_find(c, R_CHARGE, charge);
	if (*out == NULL)
		return call_fail(c, 400, NULL, NULL,
		    "This PaymentIntent (%s) does not have a successful "
		    "charge to refund.",
		    intent);
	return VT_OK;
}

/* Both belong to platforms, and no charge here has one. */
static enum vt_err
check_platform(struct call *c)
{
	static const char *const names[] = { "refund_application_fee",
		"reverse_transfer", NULL };
	bool yes = false;

	for (const char *const *n = names; *n != NULL; n++)
		if (json_bool(json_get(c->params, *n), &yes) && yes)
			return call_fail(c, 400, NULL, *n,
			    "This charge has no application fee and no "
			    "transfer.");
	return VT_OK;
}

static enum vt_err
create(struct call *c)
{
	struct refund_order o = { .reason = json_str_at(c->params, "reason"),
		.instructions_email =
		    json_str_at(c->params, "instructions_email"),
		.metadata = c->params };
	struct doc *d;
	enum vt_err err;

	err = find_charge(c, &o.charge);
	if (err == VT_OK)
		err = check_platform(c);
	(void)json_int_at(c->params, "amount", &o.amount); /* else the rest */
	if (err == VT_OK)
		err = refund_make(c, &o, &d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_REFUND, c->id);
}

static enum vt_err
update(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_REFUND, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	doc_metadata(c, d->body, c->params);
	err = doc_save(c, d);
	if (err == VT_OK)
		err = event_updated(c, "refund.updated", d);
	if (err == VT_OK)
		err = event_updated(c, "charge.refund.updated", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
cancel(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_REFUND, c->id, NULL, &d);
	if (err == VT_OK)
		err = refund_cancel(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	return render_list(c,
	    &(struct list_filter){ .kind = R_REFUND,
		.parent = json_str_at(c->params, "charge"),
		.type = json_str_at(c->params, "payment_intent"),
		.delivered = -1 });
}

/* The list inside a charge, when it is longer than a page. */
static enum vt_err
charges_list(struct call *c)
{
	struct doc *d;
	enum vt_err err = doc_need(c, R_CHARGE, c->id, NULL, &d);

	if (err != VT_OK)
		return err;
	return render_list(c,
	    &(struct list_filter){ .kind = R_REFUND,
		.url = arena_printf(c->arena, "/v1/charges/%s/refunds", d->id),
		.parent = d->id,
		.delivered = -1 });
}

const struct operation refund_operations[] = {
	{ HTTP_POST, "/v1/refunds", create_params, create, 0 },
	{ HTTP_GET, "/v1/refunds", list_params, list, 0 },
	{ HTTP_GET, "/v1/refunds/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/refunds/{}", update_params, update, 0 },
	{ HTTP_POST, "/v1/refunds/{}/cancel", params_none, cancel, 0 },
	{ HTTP_GET, "/v1/charges/{}/refunds", list_params, charges_list, 0 },
	{ 0 },
};
