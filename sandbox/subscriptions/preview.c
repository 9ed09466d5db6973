/*
 * preview: /v1/invoices/create_preview: the invoice that a change of a
 * subscription, a new one, or the next period would bring.
 *
 * What is asked for is done, by the same functions that do it in earnest,
 * and undone again: a preview cannot differ from what it is a preview of.
 */
#include <string.h>

#include "catalog/discount.h"
#include "core/operation.h"
#include "core/render.h"
#include "core/settings.h"
#include "invoices/invoice.h"
#include "invoices/invoice_spec.h"
#include "subscriptions/billing.h"
#include "subscriptions/pause.h"
#include "subscriptions/subscription_create.h"
#include "subscriptions/subscription_params.h"

static const char *const modes[] = { "next", "recurring", NULL };
static const char *const exemptions[] = { "exempt", "none", "reverse", NULL };

static const struct param tax[] = {
	PARAM("enabled", P_BOOL, P_REQUIRED),
	PARAM("liability", P_HASH, 0),
	PARAM_END,
};
static const struct param customer_details[] = {
	PARAM_OF("address", P_HASH, P_EMPTY, params_address),
	PARAM_OF("shipping", P_HASH, P_EMPTY, params_shipping),
	PARAM("tax", P_HASH, 0),
	PARAM_ENUM("tax_exempt", P_EMPTY, exemptions),
	PARAM("tax_ids", P_HASH, 0),
	PARAM_END,
};
static const struct param item[] = {
	INVOICE_SPEC_PARAMS,
	PARAM("currency", P_CURRENCY, 0),
	PARAM_END,
};
static const struct param items[] = { PARAM_OF("", P_HASH, 0, item) };
static const struct param create_params[] = {
	PARAM_OF("automatic_tax", P_HASH, 0, tax),
	PARAM("currency", P_CURRENCY, 0),
	PARAM("customer", P_STR, 0),
	PARAM_OF("customer_details", P_HASH, 0, customer_details),
	PARAM_OF("discounts", P_LIST, P_EMPTY, discount_params),
	PARAM_OF("invoice_items", P_LIST, 0, items),
	PARAM_ENUM("preview_mode", 0, modes),
	PARAM("subscription", P_STR, 0),
	PARAM_OF(
	    "subscription_details", P_HASH, 0, subscription_preview_params),
	PARAM_END,
};

static enum vt_err
none(struct call *c)
{
	return call_fail(c, 404, "invoice_upcoming_none", NULL,
	    "No upcoming invoices for customer: %s",
	    json_str_at(c->params, "customer") != NULL
		? json_str_at(c->params, "customer")
		: "(none given)");
}

/* --- whose
 * ----------------------------------------------------------------------- */

/* A customer to reckon with where none is given; gone with the rest. */
static enum vt_err
someone(struct call *c, const char **id)
{
	struct doc *d;
	enum vt_err err;

	*id = json_str_at(c->params, "customer");
	if (*id != NULL)
		return VT_OK;
	d = doc_new(c, R_CUSTOMER);
	err = doc_save(c, d);
	*id = d->id;
	return err;
}

/* The subscription of the customer's whose period ends first. */
static enum vt_err
find_next(struct call *c, struct doc **out)
{
	const char *customer = json_str_at(c->params, "customer");
	struct doc_ids of;
	struct doc *sub;
	enum vt_err err;

	*out = NULL;
	if (customer == NULL)
		return call_fail(c, 400, "parameter_missing", "customer",
		    "Give a customer, a subscription, or "
		    "subscription_details[items].");
	err = doc_need(c, R_CUSTOMER, customer, "customer", &sub);
	if (err == VT_OK)
		err =
		    doc_ids(c, R_SUBSCRIPTION, DOC_OF_CUSTOMER, customer, &of);
	for (size_t i = 0; err == VT_OK && i < of.count; i++) {
		sub = doc_find(c, R_SUBSCRIPTION, of.ids[i]);
		if (sub != NULL && subscription_renews(sub) &&
		    (*out == NULL ||
			subscription_period_ends(sub) <
			    subscription_period_ends(*out)))
			*out = sub;
	}
	return err == VT_OK && *out == NULL ? none(c) : err;
}

/* --- what
 * -------------------------------------------------------------------------- */

/* What `invoice_items` adds waits for the invoice like any other. */
static enum vt_err
add_items(struct call *c, const char *id, const struct doc *sub)
{
	const struct json *list = json_get(c->params, "invoice_items"), *j;
	struct doc *made;
	struct invoice_item_from from = { 0 };
	enum vt_err err = VT_OK;
	int i = 0;

	for (j = json_first(list); j != NULL && err == VT_OK;
	     j = json_next(j)) {
		from = (struct invoice_item_from){ .customer = doc_find(
						       c, R_CUSTOMER, id),
			.currency = json_str_at(sub->body, "currency"),
			.quantity = 1,
			.subscription = sub };
		err = invoice_spec_read(c, j,
		    arena_printf(c->arena, "invoice_items[%d]", i++), &from);
		if (err == VT_OK)
			err = invoice_item_make(c, &from, &made);
	}
	return err;
}

/* The parameters of create that these details mean. */
static struct json *
as_create(struct call *c, const struct json *details, const char *customer)
{
	static const char *const same[] = { "billing_mode", "cancel_at",
		"cancel_at_period_end", "items", "metadata", "trial_end",
		NULL };
	struct json *out = json_object(c->arena);
	int64_t start_s;

	doc_apply(out, details, same);
	json_put_str(out, "customer", customer);
	if (json_int_at(details, "start_date", &start_s) && start_s < c->now_s)
		json_put_int(out, "backdate_start_date", start_s);
	if (json_get(c->params, "currency") != NULL)
		json_put_copy(out, "currency", json_get(c->params, "currency"));
	if (json_at(details, "billing_cycle_anchor.timestamp") != NULL)
		json_put_copy(out, "billing_cycle_anchor",
		    json_at(details, "billing_cycle_anchor.timestamp"));
	return out;
}

static enum vt_err
preview_new(struct call *c, const struct json *details, struct doc **invoice)
{
	const char *customer;
	struct json *params;
	struct doc *sub;
	enum vt_err err = someone(c, &customer);

	if (err != VT_OK)
		return err;
	params = as_create(c, details, customer);
	err = subscription_create(c, params, &sub);
	if (err == VT_OK)
		err = add_items(c, customer, sub);
	return err == VT_OK ? billing_first(c, sub, params, true, invoice)
			    : err;
}

/* Does to the subscription what the details say; an invoice may come of it
 * at once. */
static enum vt_err
change(struct call *c, struct doc *sub, const struct json *details,
    struct doc **invoice)
{
	static const char *const settings[] = { "cancel_at",
		"cancel_at_period_end", "default_tax_rates", "metadata", NULL };
	struct json *params = json_object(c->arena);
	struct change ch;
	enum vt_err err;

	doc_apply(params, details, settings);
	err = settings_apply(c, sub, params);
	if (err == VT_OK)
		err = change_read(c, sub, details, &ch);
	if (err == VT_OK)
		err = change_plan(c, &ch);
	if (err != VT_OK)
		return err;
	ch.preview = true;
	err = billing_change(c, &ch, NULL, invoice);
	if (err == VT_OK)
		err = change_apply(c, &ch);
	return err == VT_OK ? subscription_save(c, sub, NULL) : err;
}

static bool
asks(const struct json *details, const char *name)
{
	bool yes = false;

	return json_bool(json_get(details, name), &yes) && yes;
}

static enum vt_err
preview_of(struct call *c, struct doc *sub, const struct json *details,
    struct doc **invoice)
{
	const char *mode = json_str_at(c->params, "preview_mode");
	enum vt_err err;

	*invoice = NULL;
	err = add_items(c, json_str_at(sub->body, "customer"), sub);
	if (err == VT_OK && json_get(details, "resume_at") != NULL) {
		err = pause_preview(c, sub, details, invoice);
		return err == VT_OK && *invoice == NULL ? none(c) : err;
	}
	if (err == VT_OK && asks(details, "cancel_now")) {
		err = billing_end(c, sub,
		    json_str_at(details, "proration_behavior") == NULL ||
			strcmp(json_str_at(details, "proration_behavior"),
			    "none") != 0,
		    true, invoice);
		return err == VT_OK && *invoice == NULL ? none(c) : err;
	}
	if (err == VT_OK && details != NULL)
		err = change(c, sub, details, invoice);
	if (err != VT_OK || *invoice != NULL)
		return err;
	if (!subscription_renews(sub))
		return none(c);
	return billing_upcoming(
	    c, sub, mode != NULL && strcmp(mode, "recurring") == 0, invoice);
}

/* Discounts of the preview take the place of those there would be. */
static enum vt_err
put_discounts(struct call *c, struct doc *invoice)
{
	const struct json *given = json_get(c->params, "discounts");
	struct json *ids;
	enum vt_err err;

	if (given == NULL)
		return VT_OK;
	err = discounts_redeem(c, given, "discounts",
	    &(struct discount_for){
		.customer = json_str_at(invoice->body, "customer"),
		.invoice = invoice->id,
		.currency = json_str_at(invoice->body, "currency"),
		.amount = doc_int(invoice, "subtotal") },
	    &ids);
	if (err != VT_OK)
		return err;
	json_put_copy(invoice->body, "discounts", ids);
	invoice_total(c, invoice);
	return VT_OK;
}

static enum vt_err
preview(struct call *c)
{
	const struct json *details =
	    json_get(c->params, "subscription_details");
	const char *id = json_str_at(c->params, "subscription");
	struct doc *sub, *invoice = NULL;
	enum vt_err err;

	if (id == NULL && json_get(details, "items") != NULL)
		err = preview_new(c, details, &invoice);
	else {
		err = id != NULL
		    ? doc_need(c, R_SUBSCRIPTION, id, "subscription", &sub)
		    : find_next(c, &sub);
		if (err == VT_OK)
			err = preview_of(c, sub, details, &invoice);
	}
	if (err == VT_OK)
		err = put_discounts(c, invoice);
	if (err != VT_OK)
		return err;
	if (json_str_at(c->params, "customer") == NULL && id == NULL)
		json_put_null(invoice->body, "customer");
	return render_doc(c, invoice);
}

static enum vt_err
create(struct call *c)
{
	enum vt_err err = db_savepoint(c->box->db), undone;

	if (err != VT_OK)
		return err;
	err = preview(c);
	undone = db_undo(c->box->db);
	doc_forget(c);
	return err == VT_OK ? undone : err;
}

const struct operation preview_operations[] = {
	{ HTTP_POST, "/v1/invoices/create_preview", create_params, create, 0 },
	{ 0 },
};
