/* checkout_sessions: /v1/checkout/sessions. */
#include <string.h>

#include "core/event.h"
#include "core/ids.h"
#include "core/operation.h"
#include "core/render.h"
#include "payments/checkout.h"
#include "payments/intent.h"

static enum vt_err
check_url(struct call *c, const char *param, bool needed, const char *ui)
{
	const char *url = json_str_at(c->params, param);

	if (url == NULL && needed)
		return call_fail(c, 400, "parameter_missing", param,
		    "Missing required param: %s (for ui_mode `%s`).", param,
		    ui);
	if (url != NULL && !needed && strcmp(param, "cancel_url") != 0)
		return call_fail(c, 400, "parameter_invalid", param,
		    "You cannot pass `%s` for ui_mode `%s`.", param, ui);
	return call_check_page(c, param, url);
}

/* A page of ours has two ways back, a page of the site's has one. */
static enum vt_err
put_ui(struct call *c, struct doc *d)
{
	static const char *const names[] = { "cancel_url", "return_url",
		"success_url", NULL };
	const char *redirect = json_str_at(c->params, "redirect_on_completion");
	const char *ui = json_str_at(c->params, "ui_mode");
	bool hosted, returns;
	enum vt_err err;

	ui = ui == NULL ? "hosted_page" : ui;
	hosted = strcmp(ui, "hosted_page") == 0;
	returns =
	    !hosted && (redirect == NULL || strcmp(redirect, "never") != 0);
	err = check_url(c, "success_url", hosted, ui);
	if (err == VT_OK)
		err = check_url(c, "return_url", returns, ui);
	if (err == VT_OK && hosted)
		err = check_url(c, "cancel_url", false, ui);
	if (err != VT_OK)
		return err;
	doc_apply(d->body, c->params, names);
	json_put_str(d->body, "ui_mode", ui);
	if (!hosted) {
		json_put_str(d->body, "redirect_on_completion",
		    redirect != NULL ? redirect : "always");
		json_put_str(d->body, "client_secret",
		    ids_client_secret(c->arena, d->id));
		return VT_OK;
	}
	json_put_str(d->body, "url",
	    arena_printf(c->arena, "%s/_hosted/checkout?session=%s",
		c->box->origin, d->id));
	return VT_OK;
}

static enum vt_err
put_customer(struct call *c, struct doc *d)
{
	const char *customer = json_str_at(c->params, "customer");
	const char *email = json_str_at(c->params, "customer_email");
	const char *creation = json_str_at(c->params, "customer_creation");
	struct doc *found;
	enum vt_err err;

	if (customer != NULL && (email != NULL || creation != NULL))
		return call_fail(c, 400, "parameters_exclusive", "customer",
		    "You may only specify one of these parameters: customer, "
		    "customer_email, customer_creation.");
	if (creation != NULL && !doc_is(d, "mode", "payment"))
		return call_fail(c, 400, NULL, "customer_creation",
		    "`customer_creation` can only be used in `payment` mode.");
	if (email != NULL && strchr(email, '@') == NULL)
		return call_fail(c, 400, "email_invalid", "customer_email",
		    "Invalid email address: %s", email);
	json_put_str(d->body, "customer_email", email);
	json_put_str(d->body, "customer_creation",
	    creation != NULL			    ? creation
		: customer != NULL		    ? NULL
		: doc_is(d, "mode", "subscription") ? "always"
						    : "if_required");
	if (customer == NULL)
		return VT_OK;
	err = doc_need(c, R_CUSTOMER, customer, "customer", &found);
	if (err == VT_OK)
		json_put_str(d->body, "customer", customer);
	return err;
}

/* How long it is open. */
static enum vt_err
put_expiry(struct call *c, struct doc *d)
{
	int64_t at = c->now_s + CHECKOUT_OPEN_MAX_S;

	if (json_int_at(c->params, "expires_at", &at) &&
	    (at < c->now_s + CHECKOUT_OPEN_MIN_S ||
		at > c->now_s + CHECKOUT_OPEN_MAX_S))
		return call_fail(c, 400, NULL, "expires_at",
		    "The `expires_at` timestamp must be 30 minutes to 24 "
		    "hours from Checkout Session creation.");
	json_put_int(d->body, "expires_at", at);
	d->due_ms = at * 1000;
	return VT_OK;
}

/* What is said about the thing that will be made: for its mode only. */
static enum vt_err
put_data(struct call *c, struct doc *d)
{
	static const struct {
		const char *param, *mode;
	} rows[] = { { "payment_intent_data", "payment" },
		{ "setup_intent_data", "setup" },
		{ "subscription_data", "subscription" } };

	for (size_t i = 0; i < countof(rows); i++) {
		const struct json *given = json_get(c->params, rows[i].param);

		if (given == NULL)
			continue;
		if (!doc_is(d, "mode", rows[i].mode))
			return call_fail(c, 400, NULL, rows[i].param,
			    "You can not pass `%s` in `%s` mode.",
			    rows[i].param, json_str_at(d->body, "mode"));
		json_put_copy(d->hidden, "data", given);
	}
	json_put_copy(d->hidden, "discounts", json_get(c->params, "discounts"));
	return VT_OK;
}

static void
put_enabled(struct call *c, struct doc *d, const char *name)
{
	const struct json *given = json_get(c->params, name);
	struct json *o;

	if (given == NULL)
		return;
	o = json_put_object(d->body, name);
	json_put_bool(o, "enabled", intent_flag(given, "enabled"));
}

/* Members that are shown as they were given. */
static void
put_rest(struct call *c, struct doc *d)
{
	static const char *const names[] = { "allow_promotion_codes",
		"billing_address_collection", "client_reference_id", "currency",
		"excluded_payment_method_types", "locale",
		"payment_method_options", "submit_type", NULL };
	const char *collection =
	    json_str_at(c->params, "payment_method_collection");
	struct json *tax;

	doc_apply(d->body, c->params, names);
	doc_metadata(c, d->body, c->params);
	put_enabled(c, d, "phone_number_collection");
	put_enabled(c, d, "tax_id_collection");
	if (!doc_is(d, "mode", "setup"))
		json_put_str(d->body, "payment_method_collection",
		    collection != NULL			    ? collection
			: doc_is(d, "mode", "subscription") ? "always"
							    : "if_required");
	if (doc_is(d, "mode", "payment"))
		json_put_text(d->body, "invoice_creation",
		    "{\"enabled\":false,\"invoice_data\":{\"account_tax_ids\":"
		    "null,\"custom_fields\":null,\"description\":null,"
		    "\"footer\":null,\"issuer\":null,\"metadata\":{},"
		    "\"rendering_options\":null}}");
	/* The account collects no taxes, so they are computed to nothing. */
	if (intent_flag(json_get(c->params, "automatic_tax"), "enabled")) {
		tax = json_put_object(d->body, "automatic_tax");
		json_put_bool(tax, "enabled", true);
		json_put_null(tax, "liability");
		json_put_str(tax, "provider", "stripe");
		json_put_str(tax, "status", "complete");
	}
}

static enum vt_err
create(struct call *c)
{
	struct doc *d = doc_new(c, R_CHECKOUT_SESSION);
	int64_t total = 0;
	enum vt_err err;

	json_put_str(d->body, "mode", json_str_at(c->params, "mode"));
	put_rest(c, d);
	err = put_ui(c, d);
	if (err == VT_OK)
		err = put_customer(c, d);
	if (err == VT_OK)
		err = put_expiry(c, d);
	if (err == VT_OK)
		err = put_data(c, d);
	if (err == VT_OK)
		err = checkout_put_items(c, d);
	if (err == VT_OK)
		err = checkout_put_discount(c, d);
	if (err == VT_OK)
		err = intent_put_methods(c, d);
	if (err != VT_OK)
		return err;
	intent_put_types(c, d);
	json_remove(d->body, "automatic_payment_methods");
	(void)json_int_at(d->body, "amount_total", &total); /* 0 in setup */
	json_put_str(d->body, "payment_status",
	    total > 0 || doc_is(d, "mode", "subscription")
		? "unpaid"
		: "no_payment_required");
	err = doc_save(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_CHECKOUT_SESSION, c->id);
}

static enum vt_err
update(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_CHECKOUT_SESSION, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	doc_metadata(c, d->body, c->params);
	err = doc_save(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
expire(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_CHECKOUT_SESSION, c->id, NULL, &d);
	if (err == VT_OK)
		err = checkout_expire(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	static const char *const names[] = { "payment_intent", "payment_link",
		"status", "subscription", NULL };
	const char *email = json_str_at(c->params, "customer_details.email");
	struct json *members = json_object(c->arena);

	doc_apply(members, c->params, names);
	if (email != NULL)
		json_put_str(members, "customer_details.email", email);
	return render_list(c,
	    &(struct list_filter){ .kind = R_CHECKOUT_SESSION,
		.customer = json_str_at(c->params, "customer"),
		.members = members,
		.delivered = -1 });
}

static enum vt_err
line_items(struct call *c)
{
	struct doc *d;
	enum vt_err err = doc_need(c, R_CHECKOUT_SESSION, c->id, NULL, &d);

	if (err != VT_OK)
		return err;
	return render_list(c,
	    &(struct list_filter){ .kind = R_CHECKOUT_ITEM,
		.url = arena_printf(
		    c->arena, "/v1/checkout/sessions/%s/line_items", d->id),
		.parent = d->id,
		.delivered = -1 });
}

static const struct param line_params[] = {
	PARAMS_PAGE,
	PARAM_END,
};

const struct operation checkout_operations[] = {
	{ HTTP_POST, "/v1/checkout/sessions", checkout_create_params, create,
	    0 },
	{ HTTP_GET, "/v1/checkout/sessions", checkout_list_params, list, 0 },
	{ HTTP_GET, "/v1/checkout/sessions/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/checkout/sessions/{}", checkout_update_params, update,
	    0 },
	{ HTTP_POST, "/v1/checkout/sessions/{}/expire", params_none, expire,
	    0 },
	{ HTTP_GET, "/v1/checkout/sessions/{}/line_items", line_params,
	    line_items, 0 },
	{ 0 },
};
