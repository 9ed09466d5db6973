/* disputes: /v1/disputes and /v1/radar/early_fraud_warnings. */
#include "payments/dispute.h"

#include <string.h>

#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"

static const char *const submissions[] = { "manual", "prefer_manual",
	"prefer_smart_disputes", "smart_disputes", NULL };

/* Texts, and the names of files: there are none to upload here. */
static const struct param evidence_params[] = {
	PARAM_RANGE("access_activity_log", P_STR, P_EMPTY, 0, 20000),
	PARAM("appeal", P_HASH, P_EMPTY),
	PARAM("billing_address", P_STR, P_EMPTY),
	PARAM("cancellation_policy", P_STR, P_EMPTY),
	PARAM_RANGE("cancellation_policy_disclosure", P_STR, P_EMPTY, 0, 20000),
	PARAM_RANGE("cancellation_rebuttal", P_STR, P_EMPTY, 0, 20000),
	PARAM("customer_communication", P_STR, P_EMPTY),
	PARAM("customer_email_address", P_STR, P_EMPTY),
	PARAM("customer_name", P_STR, P_EMPTY),
	PARAM("customer_purchase_ip", P_STR, P_EMPTY),
	PARAM("customer_signature", P_STR, P_EMPTY),
	PARAM("duplicate_charge_documentation", P_STR, P_EMPTY),
	PARAM_RANGE("duplicate_charge_explanation", P_STR, P_EMPTY, 0, 20000),
	PARAM("duplicate_charge_id", P_STR, P_EMPTY),
	PARAM("enhanced_evidence", P_HASH, P_EMPTY),
	PARAM_RANGE("product_description", P_STR, P_EMPTY, 0, 20000),
	PARAM("receipt", P_STR, P_EMPTY),
	PARAM("refund_policy", P_STR, P_EMPTY),
	PARAM_RANGE("refund_policy_disclosure", P_STR, P_EMPTY, 0, 20000),
	PARAM_RANGE("refund_refusal_explanation", P_STR, P_EMPTY, 0, 20000),
	PARAM("service_date", P_STR, P_EMPTY),
	PARAM("service_documentation", P_STR, P_EMPTY),
	PARAM("shipping_address", P_STR, P_EMPTY),
	PARAM("shipping_carrier", P_STR, P_EMPTY),
	PARAM("shipping_date", P_STR, P_EMPTY),
	PARAM("shipping_documentation", P_STR, P_EMPTY),
	PARAM("shipping_tracking_number", P_STR, P_EMPTY),
	PARAM("uncategorized_file", P_STR, P_EMPTY),
	PARAM_RANGE("uncategorized_text", P_STR, P_EMPTY, 0, 20000),
	PARAM_END,
};
static const struct param update_params[] = {
	PARAM_OF("evidence", P_HASH, 0, evidence_params),
	PARAM_ENUM("intended_submission_method", 0, submissions),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM("submit", P_BOOL, 0),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("charge", P_STR, 0),
	PARAM("created", P_RANGE, 0),
	PARAM("payment_intent", P_STR, 0),
	PARAM_END,
};

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_DISPUTE, c->id);
}

/* Evidence is given only while the bank waits for it, or reads it. */
static enum vt_err
check_open(struct call *c, const struct doc *d)
{
	static const char *const open[] = { "needs_response", "under_review",
		"warning_needs_response", "warning_under_review", NULL };
	const char *status = json_str_at(d->body, "status");

	for (const char *const *s = open; *s != NULL; s++)
		if (strcmp(*s, status) == 0)
			return VT_OK;
	return call_fail(c, 400, NULL, NULL,
	    "This dispute is already closed, with a status of %s.", status);
}

static void
put_evidence(struct doc *d, const struct json *given)
{
	struct json *evidence = json_edit(d->body, "evidence");
	bool any = false;

	for (const struct json *m = json_first(given); m != NULL;
	     m = json_next(m))
		json_put_copy(evidence, json_name(m), m);
	for (const struct json *m = json_first(evidence); m != NULL;
	     m = json_next(m))
		any = any || json_is_string(m);
	json_put_bool(
	    json_edit(d->body, "evidence_details"), "has_evidence", any);
}

/* Without `submit`, what is given with evidence is submitted at once. */
static enum vt_err
update(struct call *c)
{
	static const char *const names[] = { "intended_submission_method",
		NULL };
	const struct json *given = json_get(c->params, "evidence");
	bool submit = given != NULL;
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_DISPUTE, c->id, NULL, &d);
	(void)json_bool(json_get(c->params, "submit"), &submit);
	if (err == VT_OK && (given != NULL || submit))
		err = check_open(c, d);
	if (err != VT_OK)
		return err;
	doc_apply(d->body, c->params, names);
	doc_metadata(c, d->body, c->params);
	if (given != NULL)
		put_evidence(d, given);
	err = submit ? dispute_submit(c, d) : doc_save(c, d);
	if (err == VT_OK)
		err = event_updated(c, "charge.dispute.updated", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

/* Whoever closes it says that the customer is right. */
static enum vt_err
close_lost(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_DISPUTE, c->id, NULL, &d);
	if (err == VT_OK)
		err = dispute_close(c, d, false);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
list_of(struct call *c, enum resource_kind kind)
{
	return render_list(c,
	    &(struct list_filter){ .kind = kind,
		.parent = json_str_at(c->params, "charge"),
		.type = json_str_at(c->params, "payment_intent"),
		.delivered = -1 });
}

static enum vt_err
list(struct call *c)
{
	return list_of(c, R_DISPUTE);
}

static enum vt_err
warning_retrieve(struct call *c)
{
	return render_stored(c, R_FRAUD_WARNING, c->id);
}

static enum vt_err
warning_list(struct call *c)
{
	return list_of(c, R_FRAUD_WARNING);
}

const struct operation dispute_operations[] = {
	{ HTTP_GET, "/v1/disputes", list_params, list, 0 },
	{ HTTP_GET, "/v1/disputes/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/disputes/{}", update_params, update, 0 },
	{ HTTP_POST, "/v1/disputes/{}/close", params_none, close_lost, 0 },
	{ HTTP_GET, "/v1/radar/early_fraud_warnings", list_params, warning_list,
	    0 },
	{ HTTP_GET, "/v1/radar/early_fraud_warnings/{}", params_none,
	    warning_retrieve, 0 },
	{ 0 },
};
