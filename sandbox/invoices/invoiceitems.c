/* invoiceitems: /v1/invoiceitems. */
#include <string.h>

#include "catalog/discount.h"
#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"
#include "invoices/invoice_item.h"
#include "invoices/invoice_spec.h"

static const struct param create_params[] = {
	INVOICE_SPEC_PARAMS,
	PARAM("currency", P_CURRENCY, 0),
	PARAM("customer", P_STR, 0),
	PARAM("invoice", P_STR, 0),
	PARAM("subscription", P_STR, 0),
	PARAM_END,
};
static const struct param update_params[] = {
	INVOICE_SPEC_PARAMS,
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM("customer", P_STR, 0),
	PARAM("invoice", P_STR, 0),
	PARAM("pending", P_BOOL, 0),
	PARAM_END,
};
/* The draft that the item goes on at once, if one is named. */
static enum vt_err
find_draft(struct call *c, struct doc **out)
{
	const char *id = json_str_at(c->params, "invoice");
	enum vt_err err;

	*out = NULL;
	if (id == NULL)
		return VT_OK;
	err = doc_need(c, R_INVOICE, id, "invoice", out);
	if (err == VT_OK && !doc_is(*out, "status", "draft"))
		return call_fail(c, 400, "invoice_not_editable", "invoice",
		    "The invoice %s can no longer be edited.", id);
	return err;
}

static enum vt_err
find_customer(struct call *c, const struct doc *invoice, struct doc **customer)
{
	const char *id = json_str_at(c->params, "customer");

	if (id == NULL && invoice != NULL)
		id = json_str_at(invoice->body, "customer");
	if (id == NULL)
		return call_fail(c, 400, "parameter_missing", "customer",
		    "Missing required param: customer.");
	if (invoice != NULL && !doc_is(invoice, "customer", id))
		return call_fail(c, 400, NULL, "customer",
		    "The invoice %s belongs to another customer.", invoice->id);
	return doc_need(c, R_CUSTOMER, id, "customer", customer);
}

static enum vt_err
find_subscription(
    struct call *c, const struct doc *customer, const struct doc **out)
{
	const char *id = json_str_at(c->params, "subscription");
	struct doc *sub;
	enum vt_err err;

	if (id == NULL)
		return VT_OK;
	err = doc_need(c, R_SUBSCRIPTION, id, "subscription", &sub);
	if (err == VT_OK && !doc_is(sub, "customer", customer->id))
		return call_fail(c, 400, NULL, "subscription",
		    "The subscription %s belongs to another customer.", id);
	*out = sub;
	return err;
}

static enum vt_err
create(struct call *c)
{
	struct invoice_item_from from = { .quantity = 1, .params = c->params };
	struct doc *d, *invoice, *customer;
	enum vt_err err;

	err = find_draft(c, &invoice);
	if (err == VT_OK)
		err = find_customer(c, invoice, &customer);
	if (err != VT_OK)
		return err;
	from.customer = customer;
	from.currency = invoice_spec_currency(
	    c, c->params, invoice != NULL ? invoice : customer);
	err = find_subscription(c, customer, &from.subscription);
	if (err == VT_OK)
		err = invoice_spec_read(c, c->params, NULL, &from);
	if (err == VT_OK)
		err = invoice_item_make(c, &from, &d);
	if (err != VT_OK)
		return err;
	if (invoice != NULL) {
		err = invoice_item_bill(c, d, invoice);
		if (err == VT_OK)
			err = invoice_save(c, invoice);
	}
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_INVOICE_ITEM, c->id);
}

/* The item of the path and the draft that it is on, if it is on one. */
static enum vt_err
find_editable(struct call *c, struct doc **item, struct doc **invoice)
{
	const char *id;
	enum vt_err err;

	*invoice = NULL;
	err = doc_need(c, R_INVOICE_ITEM, c->id, NULL, item);
	if (err != VT_OK)
		return err;
	id = json_str_at((*item)->body, "invoice");
	if (id == NULL)
		return VT_OK;
	*invoice = doc_find(c, R_INVOICE, id);
	if (*invoice == NULL || !doc_is(*invoice, "status", "draft"))
		return call_fail(c, 400, "invoice_not_editable", NULL,
		    "You may only change an invoice item while its invoice "
		    "is a draft.");
	return VT_OK;
}

static enum vt_err
update(struct call *c)
{
	struct doc *d, *invoice;
	enum vt_err err;

	err = find_editable(c, &d, &invoice);
	if (err == VT_OK)
		err = invoice_item_change(c, d, c->params, NULL);
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK && invoice != NULL)
		err = invoice_item_bill_again(c, d, invoice);
	if (err == VT_OK && invoice != NULL)
		err = invoice_save(c, invoice);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
delete_item(struct call *c)
{
	struct doc *d, *invoice;
	enum vt_err err;

	err = find_editable(c, &d, &invoice);
	if (err == VT_OK && invoice != NULL)
		err = invoice_item_unbill(c, d, invoice);
	if (err == VT_OK && invoice != NULL)
		err = invoice_save(c, invoice);
	if (err == VT_OK)
		err = event_emit(c, "invoiceitem.deleted", d);
	return err == VT_OK ? render_removed(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	struct json *members = json_object(c->arena);
	bool pending;

	/* Any range leaves out those that have none. */
	if (json_bool(json_get(c->params, "pending"), &pending))
		json_put_text(members, "invoice", pending ? "null" : "{}");
	return render_list(c,
	    &(struct list_filter){ .kind = R_INVOICE_ITEM,
		.customer = json_str_at(c->params, "customer"),
		.parent = json_str_at(c->params, "invoice"),
		.members = members,
		.delivered = -1 });
}

const struct operation invoice_item_operations[] = {
	{ HTTP_POST, "/v1/invoiceitems", create_params, create, 0 },
	{ HTTP_GET, "/v1/invoiceitems", list_params, list, 0 },
	{ HTTP_GET, "/v1/invoiceitems/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/invoiceitems/{}", update_params, update, 0 },
	{ HTTP_DELETE, "/v1/invoiceitems/{}", params_none, delete_item, 0 },
	{ 0 },
};
