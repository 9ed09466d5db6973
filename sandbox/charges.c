/* charges: /v1/charges. */
#include "event.h"
#include "operation.h"
#include "render.h"
#include "search.h"

static const struct param update_params[] = {
	PARAM("customer", P_STR, 0),
	PARAM("description", P_STR, P_EMPTY),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM("receipt_email", P_STR, 0),
	PARAM_OF("shipping", P_HASH, 0, params_shipping),
	PARAM("transfer_group", P_STR, 0),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM("customer", P_STR, 0),
	PARAM("payment_intent", P_STR, 0),
	PARAM_END,
};
static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_CHARGE, c->id);
}

static enum vt_err
update(struct call *c)
{
	static const char *const names[] = { "description", "receipt_email",
		"shipping", "transfer_group", NULL };
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_CHARGE, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	doc_apply(d->body, c->params, names);
	doc_metadata(c, d->body, c->params);
	err = doc_save(c, d);
	if (err == VT_OK)
		err = event_updated(c, "charge.updated", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	return render_list(c,
	    &(struct list_filter){ .kind = R_CHARGE,
		.customer = json_str_at(c->params, "customer"),
		.parent = json_str_at(c->params, "payment_intent"),
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
	{ 0 },
};
