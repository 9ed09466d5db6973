/* charges: /v1/charges. */
#include <string.h>

#include "core/address.h"
#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"
#include "core/search.h"
#include "payments/intent.h"
#include "payments/payment.h"

static const char *const reports[] = { "fraudulent", "safe", NULL };

static const struct param fraud_params[] = {
	PARAM_ENUM("user_report", P_REQUIRED, reports),
	PARAM_END,
};
static const struct param update_params[] = {
	PARAM("customer", P_STR, 0),
	PARAM("description", P_STR, P_EMPTY),
	PARAM_OF("fraud_details", P_HASH, 0, fraud_params),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM("receipt_email", P_STR, 0),
	PARAM_OF("shipping", P_HASH, 0, params_shipping),
	PARAM("transfer_group", P_STR, 0),
	PARAM_END,
};
static const struct param capture_params[] = {
	PARAM_RANGE("amount", P_INT, 0, 1, JSON_INT_MAX),
	PARAM("receipt_email", P_STR, 0),
	PARAM_RANGE("statement_descriptor_suffix", P_STR, 0, 0, 22),
	PARAM("transfer_group", P_STR, 0),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM("customer", P_STR, 0),
	PARAM("payment_intent", P_STR, 0),
	PARAM("transfer_group", P_STR, 0),
	PARAM_END,
};
static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_CHARGE, c->id);
}

/* A customer can be named later, but not exchanged. */
static enum vt_err
put_customer(struct call *c, struct doc *d)
{
	const char *id = json_str_at(c->params, "customer");
	const char *had = json_str_at(d->body, "customer");
	struct doc *customer;
	enum vt_err err;

	if (id == NULL || (had != NULL && strcmp(had, id) == 0))
		return VT_OK;
	if (had != NULL)
		return call_fail(c, 400, NULL, "customer",
		    "The customer of a charge cannot be changed once it is "
		    "set.");
	err = doc_need(c, R_CUSTOMER, id, "customer", &customer);
	if (err == VT_OK)
		json_put_str(d->body, "customer", id);
	return err;
}

static enum vt_err
update(struct call *c)
{
	static const char *const names[] = { "description", "receipt_email",
		"transfer_group", NULL };
	const struct json *fraud = json_get(c->params, "fraud_details");
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_CHARGE, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	err = put_customer(c, d);
	if (err != VT_OK)
		return err;
	doc_apply(d->body, c->params, names);
	if (fraud != NULL)
		json_put_copy(d->body, "fraud_details", fraud);
	address_put_shipping(d->body, json_get(c->params, "shipping"));
	doc_metadata(c, d->body, c->params);
	err = doc_save(c, d);
	if (err == VT_OK)
		err = event_updated(c, "charge.updated", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

/* Takes what was authorised, through the intent that it belongs to. */
static enum vt_err
capture(struct call *c)
{
	static const char *const names[] = { "receipt_email",
		"statement_descriptor_suffix", "transfer_group", NULL };
	struct doc *d, *intent;
	int64_t most = 0, amount;
	enum vt_err err;

	err = doc_need(c, R_CHARGE, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	intent = doc_find(
	    c, R_PAYMENT_INTENT, json_str_at(d->body, "payment_intent"));
	if (intent == NULL)
		return VT_DB;
	if (!intent_has_status(intent, "requires_capture"))
		return call_fail(c, 400, "charge_already_captured", NULL,
		    "Charge %s has already been captured, or there is nothing "
		    "to capture.",
		    d->id);
	(void)json_int_at(d->body, "amount", &most); /* always there */
	amount = most;
	(void)json_int_at(c->params, "amount", &amount); /* else all of it */
	if (amount > most)
		return call_fail(c, 400, "amount_too_large", "amount",
		    "The amount that may be captured is %lld.",
		    (long long)most);
	doc_apply(d->body, c->params, names);
	err = payment_capture(c, intent, amount);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	return render_list(c,
	    &(struct list_filter){ .kind = R_CHARGE,
		.customer = json_str_at(c->params, "customer"),
		.parent = json_str_at(c->params, "payment_intent"),
		.type = json_str_at(c->params, "transfer_group"),
		.delivered = -1 });
}

static enum vt_err
search(struct call *c)
{
	static const struct search_field fields[] = {
		{ "amount", "amount", SEARCH_NUMBER },
		{ "billing_details.address.postal_code",
		    "billing_details.address.postal_code", SEARCH_TOKEN },
		{ "created", "created", SEARCH_NUMBER },
		{ "currency", "currency", SEARCH_TOKEN },
		{ "customer", "customer", SEARCH_TOKEN },
		{ "disputed", "disputed", SEARCH_TOKEN },
		{ "payment_method_details.card.brand",
		    "payment_method_details.card.brand", SEARCH_TOKEN },
		{ "payment_method_details.card.exp_month",
		    "payment_method_details.card.exp_month", SEARCH_NUMBER },
		{ "payment_method_details.card.exp_year",
		    "payment_method_details.card.exp_year", SEARCH_NUMBER },
		{ "payment_method_details.card.fingerprint",
		    "payment_method_details.card.fingerprint", SEARCH_TOKEN },
		{ "payment_method_details.card.last4",
		    "payment_method_details.card.last4", SEARCH_TOKEN },
		{ "payment_method_details.us_bank_account.last4",
		    "payment_method_details.us_bank_account.last4",
		    SEARCH_TOKEN },
		{ "refunded", "refunded", SEARCH_TOKEN },
		{ "status", "status", SEARCH_TOKEN },
		SEARCH_END,
	};

	return search_run(c, R_CHARGE, fields);
}

const struct operation charge_operations[] = {
	{ HTTP_GET, "/v1/charges", list_params, list, 0 },
	{ HTTP_GET, "/v1/charges/search", search_params, search, 0 },
	{ HTTP_GET, "/v1/charges/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/charges/{}", update_params, update, 0 },
	{ HTTP_POST, "/v1/charges/{}/capture", capture_params, capture, 0 },
	{ 0 },
};
