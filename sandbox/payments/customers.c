/* customers: /v1/customers. */
#include "catalog/discount.h"
#include "invoices/customer_balance.h"
#include "payments/customer.h"

#include <string.h>

#include "core/address.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/operation.h"
#include "core/render.h"
#include "core/search.h"
#include "payments/method.h"
#include "subscriptions/subscription.h"

static const char *const exemptions[] = { "exempt", "none", "reverse", NULL };
static const char *const tax_display[] = { "exclude_tax",
	"include_inclusive_tax", NULL };
static const char *const when[] = { "deferred", "immediately", NULL };

static const struct param custom_field[] = {
	PARAM("name", P_STR, P_REQUIRED),
	PARAM("value", P_STR, P_REQUIRED),
	PARAM_END,
};
static const struct param custom_fields[] = {
	PARAM_OF("", P_HASH, 0, custom_field),
};
static const struct param rendering[] = {
	PARAM_ENUM("amount_tax_display", P_EMPTY, tax_display),
	PARAM("template", P_STR, 0),
	PARAM_END,
};
static const struct param invoice_settings[] = {
	PARAM_OF("custom_fields", P_LIST, P_EMPTY, custom_fields),
	PARAM("default_payment_method", P_STR, P_EMPTY),
	PARAM("footer", P_STR, P_EMPTY),
	PARAM_OF("rendering_options", P_HASH, P_EMPTY, rendering),
	PARAM_END,
};
static const struct param tax[] = {
	PARAM("ip_address", P_STR, P_EMPTY),
	PARAM_ENUM("validate_location", 0, when),
	PARAM_END,
};
static const struct param locales[] = { PARAM("", P_STR, 0) };

#define CUSTOMER_PARAMS                                                        \
	PARAM_OF("address", P_HASH, P_EMPTY, params_address),                  \
	    PARAM("balance", P_INT, 0),                                        \
	    PARAM("coupon", P_STR, P_EMPTY | P_UNVERSIONED),                   \
	    PARAM("promotion_code", P_STR, P_UNVERSIONED),                     \
	    PARAM("business_name", P_STR, P_EMPTY),                            \
	    PARAM("description", P_STR, P_EMPTY),                              \
	    PARAM_RANGE("email", P_STR, P_EMPTY, 0, 512),                      \
	    PARAM("individual_name", P_STR, P_EMPTY),                          \
	    PARAM("invoice_prefix", P_STR, 0),                                 \
	    PARAM_OF("invoice_settings", P_HASH, 0, invoice_settings),         \
	    PARAM("metadata", P_META, P_EMPTY), PARAM("name", P_STR, P_EMPTY), \
	    PARAM_RANGE("next_invoice_sequence", P_INT, 0, 1, INT32_MAX),      \
	    PARAM("phone", P_STR, P_EMPTY),                                    \
	    PARAM_OF("preferred_locales", P_LIST, P_EMPTY, locales),           \
	    PARAM_OF("shipping", P_HASH, P_EMPTY, params_shipping),            \
	    PARAM_OF("tax", P_HASH, 0, tax),                                   \
	    PARAM_ENUM("tax_exempt", P_EMPTY, exemptions),                     \
	    PARAM("validate", P_BOOL, 0)

static const struct param create_params[] = {
	CUSTOMER_PARAMS,
	PARAM("payment_method", P_STR, 0),
	PARAM("test_clock", P_STR, 0),
	PARAM_END,
};
static const struct param update_params[] = {
	CUSTOMER_PARAMS,
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM("email", P_STR, 0),
	PARAM("test_clock", P_STR, 0),
	PARAM_END,
};

/* A default method must be this customer's. */
static enum vt_err
put_invoice_settings(struct call *c, struct doc *d)
{
	static const char *const names[] = { "custom_fields",
		"default_payment_method", "footer", "rendering_options", NULL };
	const struct json *given = json_get(c->params, "invoice_settings");
	const char *method = json_str_at(given, "default_payment_method");
	const char *owner;
	struct doc *m;
	enum vt_err err;

	if (method != NULL) {
		err = doc_need(c, R_PAYMENT_METHOD, method,
		    "invoice_settings[default_payment_method]", &m);
		if (err != VT_OK)
			return err;
		owner = json_str_at(m->body, "customer");
		if (owner == NULL || strcmp(owner, d->id) != 0)
			return call_fail(c, 400, "resource_missing",
			    "invoice_settings[default_payment_method]",
			    "The customer does not have a payment method with "
			    "the ID %s. The payment method must be attached "
			    "to the customer.",
			    method);
	}
	doc_apply(json_edit(d->body, "invoice_settings"), given, names);
	return VT_OK;
}

/* Where it is taxed: nowhere, since the account collects no taxes. */
static void
put_tax(struct doc *d, const struct json *given)
{
	static const char *const names[] = { "ip_address", NULL };

	if (json_get(d->hidden, "tax") == NULL)
		json_put_text(d->hidden, "tax",
		    "{\"automatic_tax\":\"not_collecting\",\"ip_address\":"
		    "null,\"location\":null,\"provider\":\"stripe\"}");
	doc_apply(json_edit(d->hidden, "tax"), given, names);
}

/* As callers without a version may still ask for it, or take it away. */
static enum vt_err
put_discount(struct call *c, struct doc *d)
{
	static const char *const names[] = { "coupon", "promotion_code", NULL };
	const char *id = json_str_at(d->body, "discount.id");
	struct json *given = json_object(c->arena);
	struct doc *old;

	doc_apply(given, c->params, names);
	if (json_count(given) == 0)
		return VT_OK;
	if (!json_is_null(json_first(given)))
		return discount_give(c, d, given);
	old = id == NULL ? NULL : doc_find(c, R_DISCOUNT, id);
	return old == NULL ? VT_OK : discount_end(c, old);
}

/* A balance that is set is a balance that was changed, with an entry. */
static enum vt_err
put_balance(struct call *c, struct doc *d)
{
	const char *currency = json_str_at(d->body, "currency");
	int64_t balance;

	if (!json_int_at(c->params, "balance", &balance) ||
	    balance == doc_int(d, "balance"))
		return VT_OK;
	return balance_entry(c, d,
	    &(struct balance_change){ .amount = balance - doc_int(d, "balance"),
		.type = d->stored ? "adjustment" : "initial",
		.currency = currency != NULL ? currency : "usd" },
	    NULL);
}

static enum vt_err
apply(struct call *c, struct doc *d)
{
	static const char *const names[] = { "business_name", "description",
		"email", "individual_name", "invoice_prefix", "name",
		"next_invoice_sequence", "phone", "preferred_locales",
		"tax_exempt", NULL };
	const char *email = json_str_at(c->params, "email");
	enum vt_err err;

	if (email != NULL && strchr(email, '@') == NULL)
		return call_fail(c, 400, "email_invalid", "email",
		    "Invalid email address: %s", email);
	doc_apply(d->body, c->params, names);
	doc_metadata(c, d->body, c->params);
	put_tax(d, json_get(c->params, "tax"));
	address_put(d->body, json_get(c->params, "address"));
	address_put_shipping(d->body, json_get(c->params, "shipping"));
	err = put_invoice_settings(c, d);
	if (err == VT_OK)
		err = put_balance(c, d);
	return err == VT_OK ? put_discount(c, d) : err;
}

/* It lives by this clock, as all that will belong to it. */
static enum vt_err
put_clock(struct call *c, struct doc *d)
{
	const char *id = json_str_at(c->params, "test_clock");
	struct doc *clock;
	enum vt_err err;

	if (id == NULL)
		return VT_OK;
	err = doc_need(c, R_TEST_CLOCK, id, "test_clock", &clock);
	if (err == VT_OK)
		json_put_str(d->body, "test_clock", id);
	return err;
}

/*
 * The method that came with a new customer may be named as the default one
 * as well: a test name then means the method that was just made of it.
 */
static void
same_method(struct call *c, const char *name, const struct doc *method)
{
	struct json *settings = json_edit(c->params, "invoice_settings");
	const char *given = json_str_at(settings, "default_payment_method");

	if (given != NULL && strcmp(given, name) == 0)
		json_put_str(settings, "default_payment_method", method->id);
}

static enum vt_err
create(struct call *c)
{
	struct doc *d = doc_new(c, R_CUSTOMER), *method = NULL;
	const char *pm = json_str_at(c->params, "payment_method");
	enum vt_err err;

	json_put_str(d->body, "invoice_prefix", ids_random_upper(c->arena, 8));
	err = put_clock(c, d);
	if (err == VT_OK && pm != NULL) {
		err = method_take(c, pm, "payment_method", &method);
		if (err == VT_OK)
			err = method_attach(c, method, d->id);
		if (err == VT_OK)
			same_method(c, pm, method);
	}
	if (err == VT_OK)
		err = apply(c, d);
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK)
		err = event_emit(c, "customer.created", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_CUSTOMER, c->id);
}

static enum vt_err
update(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_CUSTOMER, c->id, NULL, &d);
	if (err == VT_OK)
		err = apply(c, d);
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK)
		err = event_updated(c, "customer.updated", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

enum vt_err
customer_delete(struct call *c, struct doc *d)
{
	enum vt_err err = subscription_end_all(c, d);

	if (err == VT_OK)
		err = event_emit(c, "customer.deleted", d);
	if (err != VT_OK)
		return err;
	doc_bury(c, d);
	return doc_save(c, d);
}

/* Whoever asks for a deleted customer is told so, with 200. */
static enum vt_err
remove_customer(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_CUSTOMER, c->id, NULL, &d);
	if (err == VT_OK)
		err = customer_delete(c, d);
	c->answer = err == VT_OK ? json_text(c->arena, d->body) : NULL;
	return err;
}

static enum vt_err
list(struct call *c)
{
	return render_list(c,
	    &(struct list_filter){ .kind = R_CUSTOMER,
		.type = json_str_at(c->params, "email"),
		.clock = json_str_at(c->params, "test_clock"),
		.clocked = true,
		.delivered = -1 });
}

static enum vt_err
search(struct call *c)
{
	static const struct search_field fields[] = {
		{ "created", "created", SEARCH_NUMBER },
		{ "email", "email", SEARCH_TEXT },
		{ "name", "name", SEARCH_TEXT },
		{ "phone", "phone", SEARCH_TEXT },
		SEARCH_END,
	};

	return search_run(c, R_CUSTOMER, fields);
}

const struct operation customer_operations[] = {
	{ HTTP_POST, "/v1/customers", create_params, create, 0 },
	{ HTTP_GET, "/v1/customers", list_params, list, 0 },
	{ HTTP_GET, "/v1/customers/search", search_params, search, 0 },
	{ HTTP_GET, "/v1/customers/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/customers/{}", update_params, update, 0 },
	{ HTTP_DELETE, "/v1/customers/{}", params_none, remove_customer, 0 },
	{ 0 },
};
