/* customer_balance: see customer_balance.h; and the operations on it. */
#include "invoices/customer_balance.h"

#include <string.h>

#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"

#define BALANCE_MAX 999999999999

static const struct param create_params[] = {
	PARAM_RANGE("amount", P_INT, P_REQUIRED, -BALANCE_MAX, BALANCE_MAX),
	PARAM("currency", P_CURRENCY, P_REQUIRED),
	PARAM_RANGE("description", P_STR, P_EMPTY, 0, 350),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_END,
};
static const struct param update_params[] = {
	PARAM_RANGE("description", P_STR, P_EMPTY, 0, 350),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM("invoice", P_STR, 0),
	PARAM_END,
};
static const struct list_rule list_rules[] = {
	{ "invoice", "invoice" },
	{ NULL, NULL },
};

enum vt_err
balance_entry(struct call *c, struct doc *customer,
    const struct balance_change *change, struct doc **out)
{
	struct doc *d = doc_new(c, R_CUSTOMER_BALANCE_TRANSACTION);
	const char *currency = json_str_at(customer->body, "currency");
	int64_t after = doc_int(customer, "balance") + change->amount;

	if (currency != NULL && strcmp(currency, change->currency) != 0)
		return call_fail(c, 400, NULL, "currency",
		    "You cannot use the currency %s: the customer %s has a "
		    "balance, invoices or subscriptions in %s.",
		    change->currency, customer->id, currency);
	/* Not when it is there: the change may have its text from it. */
	if (currency == NULL)
		json_put_str(customer->body, "currency", change->currency);
	json_put_int(customer->body, "balance", after);
	json_put_int(d->body, "amount", change->amount);
	json_put_str(d->body, "credit_note", change->credit_note);
	json_put_str(d->body, "currency", change->currency);
	json_put_str(d->body, "customer", customer->id);
	json_put_str(d->body, "description", change->description);
	json_put_int(d->body, "ending_balance", after);
	json_put_str(d->body, "invoice", change->invoice);
	json_put_str(d->body, "type", change->type);
	if (change->metadata != NULL)
		doc_metadata(c, d->body, change->metadata);
	if (out != NULL)
		*out = d;
	return doc_save(c, d);
}

enum vt_err
balance_change(struct call *c, struct doc *customer,
    const struct balance_change *change, struct doc **out)
{
	enum vt_err err = balance_entry(c, customer, change, out);

	if (err == VT_OK)
		err = doc_save(c, customer);
	return err == VT_OK ? event_updated(c, "customer.updated", customer)
			    : err;
}

static enum vt_err
create(struct call *c)
{
	struct doc *customer, *d;
	int64_t amount = 0;
	enum vt_err err;

	(void)json_int_at(c->params, "amount", &amount); /* required */
	err = doc_need(c, R_CUSTOMER, c->id, NULL, &customer);
	if (err == VT_OK)
		err = balance_change(c, customer,
		    &(struct balance_change){ .amount = amount,
			.type = "adjustment",
			.currency = json_str_at(c->params, "currency"),
			.description = json_str_at(c->params, "description"),
			.metadata = c->params },
		    &d);
	return err == VT_OK ? render_doc(c, d) : err;
}

/* The entry of the path, which must be of the customer of the path. */
static enum vt_err
find(struct call *c, struct doc **out)
{
	enum vt_err err;

	err = doc_need(c, R_CUSTOMER_BALANCE_TRANSACTION, c->id2, NULL, out);
	if (err == VT_OK && !doc_is(*out, "customer", c->id))
		return call_missing(
		    c, "customer balance transaction", c->id2, NULL);
	return err;
}

static enum vt_err
retrieve(struct call *c)
{
	struct doc *d;
	enum vt_err err = find(c, &d);

	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
update(struct call *c)
{
	static const char *const names[] = { "description", NULL };
	struct doc *d;
	enum vt_err err = find(c, &d);

	if (err != VT_OK)
		return err;
	doc_apply(d->body, c->params, names);
	doc_metadata(c, d->body, c->params);
	err = doc_save(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	struct doc *customer;
	enum vt_err err;

	err = doc_need(c, R_CUSTOMER, c->id, NULL, &customer);
	if (err != VT_OK)
		return err;
	return render_list(c,
	    &(struct list_filter){ .kind = R_CUSTOMER_BALANCE_TRANSACTION,
		.url = arena_printf(
		    c->arena, "/v1/customers/%s/balance_transactions", c->id),
		.customer = c->id,
		.members = list_members(c, list_rules),
		.delivered = -1 });
}

const struct operation customer_balance_operations[] = {
	{ HTTP_POST, "/v1/customers/{}/balance_transactions", create_params,
	    create, 0 },
	{ HTTP_GET, "/v1/customers/{}/balance_transactions", list_params, list,
	    0 },
	{ HTTP_GET, "/v1/customers/{}/balance_transactions/{}", params_none,
	    retrieve, 0 },
	{ HTTP_POST, "/v1/customers/{}/balance_transactions/{}", update_params,
	    update, 0 },
	{ 0 },
};
