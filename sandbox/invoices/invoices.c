/* invoices: /v1/invoices. What is done to one is in invoice_actions.c, its
 * lines are invoice_lines.c's, the parameters invoice_params.c's. */
#include <string.h>

#include "catalog/discount.h"
#include "core/address.h"
#include "core/operation.h"
#include "core/render.h"
#include "core/search.h"
#include "invoices/invoice.h"
#include "invoices/invoice_params.h"
#include "payments/intent.h"

static enum vt_err
check_method(struct call *c, const struct doc *d)
{
	const char *id = json_str_at(c->params, "default_payment_method");
	struct doc *m;
	enum vt_err err;

	if (id == NULL)
		return VT_OK;
	err = doc_need(c, R_PAYMENT_METHOD, id, "default_payment_method", &m);
	if (err == VT_OK &&
	    !doc_is(m, "customer", json_str_at(d->body, "customer")))
		return call_fail(c, 400, "resource_missing",
		    "default_payment_method",
		    "The customer does not have a payment method with the ID "
		    "%s. The payment method must be attached to the customer.",
		    id);
	return err;
}

/* When a sent invoice is to be paid; only those have such a day. */
static enum vt_err
put_terms(struct call *c, struct doc *d)
{
	int64_t days;
	bool has_days = json_int_at(c->params, "days_until_due", &days);
	bool has_date = json_get(c->params, "due_date") != NULL;
	const char *which = has_days ? "days_until_due" : "due_date";

	if ((has_days || has_date) &&
	    !doc_is(d, "collection_method", "send_invoice"))
		return call_fail(c, 400, NULL, which,
		    "You can only set `%s` when the collection method is "
		    "`send_invoice`.",
		    which);
	if (has_days && has_date)
		return call_fail(c, 400, "parameters_exclusive", "due_date",
		    "You may only specify one of these parameters: due_date, "
		    "days_until_due.");
	if (has_days)
		json_put_int(d->hidden, "days_until_due", days);
	if (has_date)
		json_put_copy(
		    d->body, "due_date", json_get(c->params, "due_date"));
	return VT_OK;
}

static enum vt_err
put_discounts(struct call *c, struct doc *d)
{
	struct json *ids;
	enum vt_err err;

	if (json_get(c->params, "discounts") == NULL)
		return VT_OK;
	err = discounts_redeem(c, json_get(c->params, "discounts"), "discounts",
	    &(struct discount_for){
		.customer = json_str_at(d->body, "customer"),
		.invoice = d->id,
		.currency = json_str_at(d->body, "currency"),
		.amount = json_count(invoice_lines(d)) == 0
		    ? -1
		    : doc_int(d, "subtotal") },
	    &ids);
	if (err == VT_OK)
		json_put_copy(d->body, "discounts", ids);
	return err;
}

/* How it is to look, whole. */
static void
put_rendering(struct doc *d, const struct json *given)
{
	static const char *const names[] = { "amount_tax_display", "pdf",
		"template", "template_version", NULL };
	struct json *o;

	if (given == NULL)
		return;
	o = json_put_object(d->body, "rendering");
	for (const char *const *n = names; *n != NULL; n++)
		json_put_copy(o, *n, json_get(given, *n));
}

/* To whom it goes, as addresses are shown. */
static void
put_shipping(struct call *c, struct doc *d, const struct json *given)
{
	struct json *o = json_object(c->arena);

	if (given == NULL)
		return;
	address_put_shipping(o, given);
	json_put_copy(d->body, "shipping_details", json_get(o, "shipping"));
}

/* What create and update may set alike. */
static enum vt_err
apply(struct call *c, struct doc *d)
{
	static const char *const names[] = { "auto_advance",
		"automatically_finalizes_at", "collection_method",
		"custom_fields", "default_payment_method", "description",
		"effective_at", "footer", "issuer", "number",
		"statement_descriptor", NULL };
	static const char *const settings[] = { "default_mandate",
		"payment_method_options", "payment_method_types", NULL };
	enum vt_err err = check_method(c, d);

	if (err != VT_OK)
		return err;
	if (intent_flag(json_get(c->params, "automatic_tax"), "enabled"))
		return call_fail(c, 400, "stripe_tax_inactive",
		    "automatic_tax[enabled]",
		    "Tax is not computed here: this sandbox has no Stripe "
		    "Tax.");
	doc_apply(d->body, c->params, names);
	doc_apply(json_edit(d->body, "payment_settings"),
	    json_get(c->params, "payment_settings"), settings);
	doc_metadata(c, d->body, c->params);
	put_rendering(d, json_get(c->params, "rendering"));
	put_shipping(c, d, json_get(c->params, "shipping_details"));
	err = put_terms(c, d);
	return err == VT_OK ? put_discounts(c, d) : err;
}

/* The subscription whose items are billed, of this customer. */
static enum vt_err
find_subscription(struct call *c, struct invoice_from *from)
{
	const char *id = json_str_at(c->params, "subscription");
	struct doc *sub;
	enum vt_err err;

	if (id == NULL)
		return VT_OK;
	err = doc_need(c, R_SUBSCRIPTION, id, "subscription", &sub);
	if (err == VT_OK && !doc_is(sub, "customer", from->customer))
		return call_fail(c, 400, NULL, "subscription",
		    "The subscription %s belongs to another customer.", id);
	from->subscription = sub;
	return err;
}

static enum vt_err
find_customer(struct call *c, struct invoice_from *from)
{
	struct doc *customer;
	enum vt_err err;

	if (from->customer == NULL)
		return call_fail(c, 400, "parameter_missing", "customer",
		    "Missing required param: customer.");
	err = doc_need(c, R_CUSTOMER, from->customer, "customer", &customer);
	if (err != VT_OK)
		return err;
	if (from->currency == NULL)
		from->currency = json_str_at(customer->body, "currency");
	if (from->currency == NULL)
		from->currency = "usd";
	return VT_OK;
}

/* With pending_invoice_items_behavior=include there must be some. */
static enum vt_err
take_pending(struct call *c, struct doc *d, bool asked)
{
	bool recurring = json_is_object(json_get(d->body, "parent"));
	size_t count;
	enum vt_err err;

	if (!asked && !recurring)
		return VT_OK;
	err = invoice_take_items(c, d, false, &count);
	if (err == VT_OK && count == 0)
		return call_fail(c, 400,
		    recurring ? "invoice_no_subscription_line_items"
			      : "invoice_no_customer_line_items",
		    NULL, "Nothing to invoice for %s",
		    recurring ? "subscription" : "customer");
	return err;
}

static enum vt_err
create(struct call *c)
{
	const char *pending =
	    json_str_at(c->params, "pending_invoice_items_behavior");
	struct invoice_from from = {
		.customer = json_str_at(c->params, "customer"),
		.currency = json_str_at(c->params, "currency"),
		.collection_method =
		    json_str_at(c->params, "collection_method"),
	};
	struct doc *d;
	enum vt_err err;

	err = find_customer(c, &from);
	if (err == VT_OK)
		err = find_subscription(c, &from);
	if (err == VT_OK)
		err = invoice_new(c, &from, &d);
	if (err == VT_OK)
		err = apply(c, d);
	if (err == VT_OK)
		err = take_pending(
		    c, d, pending != NULL && strcmp(pending, "include") == 0);
	if (err != VT_OK)
		return err;
	invoice_total(c, d);
	err = invoice_draft(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_INVOICE, c->id);
}

/* Once it is finalised, most of an invoice stays as it is. */
static enum vt_err
check_editable(struct call *c, const struct doc *d)
{
	static const char *const frozen[] = { "automatic_tax",
		"automatically_finalizes_at", "collection_method",
		"custom_fields", "description", "discounts", "effective_at",
		"footer", "issuer", "number", "rendering", "shipping_details",
		NULL };

	if (doc_is(d, "status", "draft"))
		return VT_OK;
	for (const char *const *n = frozen; *n != NULL; n++)
		if (json_get(c->params, *n) != NULL)
			return call_fail(c, 400, "invoice_not_editable", *n,
			    "Finalized invoices can't be updated in this "
			    "way.");
	return VT_OK;
}

static enum vt_err
update(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_INVOICE, c->id, NULL, &d);
	if (err == VT_OK)
		err = check_editable(c, d);
	if (err == VT_OK)
		err = apply(c, d);
	if (err != VT_OK)
		return err;
	if (doc_is(d, "status", "draft"))
		invoice_total(c, d);
	err = invoice_save(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
delete_draft(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_INVOICE, c->id, NULL, &d);
	if (err == VT_OK)
		err = invoice_remove(c, d);
	return err == VT_OK ? render_removed(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	static const struct list_rule rules[] = {
		{ "collection_method", "collection_method" },
		{ "due_date", "due_date" },
		{ NULL, NULL },
	};

	return render_list(c,
	    &(struct list_filter){ .kind = R_INVOICE,
		.customer = json_str_at(c->params, "customer"),
		.parent = json_str_at(c->params, "subscription"),
		.type = json_str_at(c->params, "status"),
		.members = list_members(c, rules),
		.delivered = -1 });
}

static enum vt_err
search(struct call *c)
{
	static const struct search_field fields[] = {
		{ "created", "created", SEARCH_NUMBER },
		{ "currency", "currency", SEARCH_TOKEN },
		{ "customer", "customer", SEARCH_TOKEN },
		{ "number", "number", SEARCH_TEXT },
		{ "receipt_number", "receipt_number", SEARCH_TEXT },
		{ "status", "status", SEARCH_TEXT },
		{ "subscription", "parent.subscription_details.subscription",
		    SEARCH_TOKEN },
		{ "total", "total", SEARCH_NUMBER },
		SEARCH_END,
	};

	return search_run(c, R_INVOICE, fields);
}

const struct operation invoice_operations[] = {
	{ HTTP_POST, "/v1/invoices", invoice_create_params, create, 0 },
	{ HTTP_GET, "/v1/invoices", invoice_list_params, list, 0 },
	{ HTTP_GET, "/v1/invoices/search", search_params, search, 0 },
	{ HTTP_GET, "/v1/invoices/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/invoices/{}", invoice_update_params, update, 0 },
	{ HTTP_DELETE, "/v1/invoices/{}", params_none, delete_draft, 0 },
	{ 0 },
};
