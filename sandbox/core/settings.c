/* settings: see settings.h. */
#include "core/settings.h"

#include <string.h>

#include "catalog/discount.h"

enum vt_err
settings_check_method(struct call *c, const struct doc *sub, const char *method,
    const char *param)
{
	const char *customer = json_str_at(sub->body, "customer");
	struct doc *m;
	enum vt_err err;

	err = doc_need(c, R_PAYMENT_METHOD, method, param, &m);
	if (err != VT_OK || doc_is(m, "customer", customer))
		return err;
	return call_fail(c, 400, "resource_missing", param,
	    "The customer does not have a payment method with the ID %s. The "
	    "payment method must be attached to the customer.",
	    method);
}

static enum vt_err
put_method(struct call *c, struct doc *sub, const struct json *params)
{
	const struct json *given = json_get(params, "default_payment_method");
	enum vt_err err = VT_OK;

	if (given == NULL)
		return VT_OK;
	if (!json_is_null(given))
		err = settings_check_method(
		    c, sub, json_str(given), "default_payment_method");
	if (err == VT_OK)
		json_put_copy(sub->body, "default_payment_method", given);
	return err;
}

static enum vt_err
put_collection(struct call *c, struct doc *sub, const struct json *params)
{
	static const char *const names[] = { "collection_method",
		"days_until_due", NULL };
	bool sends;

	doc_apply(sub->body, params, names);
	sends = doc_is(sub, "collection_method", "send_invoice");
	if (sends && json_is_null(json_get(sub->body, "days_until_due")))
		return call_fail(c, 400, "parameter_missing", "days_until_due",
		    "If `collection_method` is `send_invoice`, "
		    "`days_until_due` must be given.");
	if (!sends && json_get(params, "days_until_due") != NULL)
		return call_fail(c, 400, NULL, "days_until_due",
		    "You can only pass `days_until_due` if "
		    "`collection_method` is `send_invoice`.");
	if (!sends)
		json_put_null(sub->body, "days_until_due");
	return VT_OK;
}

static enum vt_err
put_discounts(struct call *c, struct doc *sub, const struct json *params)
{
	const struct json *given = json_get(params, "discounts");
	struct json *ids;
	enum vt_err err;

	if (given == NULL)
		return VT_OK;
	err = discounts_redeem(c, given, "discounts",
	    &(struct discount_for){
		.customer = json_str_at(sub->body, "customer"),
		.subscription = sub->id,
		.currency = json_str_at(sub->body, "currency"),
		.amount = -1 },
	    &ids);
	if (err == VT_OK)
		json_put_copy(sub->body, "discounts", ids);
	return err;
}

/* Members of a hash, each of which replaces its own. */
static void
put_members(struct doc *sub, const struct json *params, const char *name,
    const char *const *members)
{
	const struct json *given = json_get(params, name);

	if (given != NULL)
		doc_apply(json_edit(sub->body, name), given, members);
}

static void
put_hashes(struct doc *sub, const struct json *params)
{
	static const char *const payment[] = { "payment_method_options",
		"payment_method_types", "save_default_payment_method", NULL };
	static const char *const invoice[] = { "account_tax_ids",
		"custom_fields", "description", "footer", "issuer", NULL };
	static const char *const tax[] = { "enabled", "liability", NULL };
	static const char *const trial[] = { "billing_cycle_anchor",
		"missing_payment_method", NULL };
	const struct json *end = json_at(params, "trial_settings.end_behavior");
	struct json *interval;

	put_members(sub, params, "payment_settings", payment);
	put_members(sub, params, "invoice_settings", invoice);
	put_members(sub, params, "automatic_tax", tax);
	if (doc_flag(sub, "automatic_tax.enabled") &&
	    json_is_null(json_at(sub->body, "automatic_tax.liability")))
		json_put_str(
		    json_put_object(
			json_edit(sub->body, "automatic_tax"), "liability"),
		    "type", "self");
	if (end != NULL)
		doc_apply(json_edit(json_edit(sub->body, "trial_settings"),
			      "end_behavior"),
		    end, trial);
	if (json_is_object(json_get(params, "pending_invoice_item_interval"))) {
		interval =
		    json_edit(sub->body, "pending_invoice_item_interval");
		if (json_get(interval, "interval_count") == NULL)
			json_put_int(interval, "interval_count", 1);
	}
}

void
settings_put_next_invoice(struct doc *sub, int64_t from_s)
{
	const struct json *interval =
	    json_get(sub->body, "pending_invoice_item_interval");
	struct period p = period_of(interval, from_s);

	if (json_is_object(interval))
		json_put_int(sub->body, "next_pending_invoice_item_invoice",
		    period_boundary(&p, 1));
	else
		json_put_null(sub->body, "next_pending_invoice_item_invoice");
}

/* --- when it ends
 * -------------------------------------------------------------- */

void
settings_cancellation(
    struct doc *sub, const struct json *params, const char *reason)
{
	static const char *const names[] = { "comment", "feedback",
		"feedback_option", NULL };
	struct json *o = json_edit(sub->body, "cancellation_details");

	doc_apply(o, json_get(params, "cancellation_details"), names);
	if (reason != NULL)
		json_put_str(o, "reason", reason);
}

static void
put_cancel(struct call *c, struct doc *sub, int64_t at_s, bool at_period_end)
{
	json_put_bool(sub->body, "cancel_at_period_end", at_period_end);
	if (at_s == 0) {
		json_put_null(sub->body, "cancel_at");
		json_put_null(sub->body, "canceled_at");
		json_put_null(
		    json_edit(sub->body, "cancellation_details"), "reason");
		return;
	}
	json_put_int(sub->body, "cancel_at", at_s);
	json_put_int(sub->body, "canceled_at", c->now_s);
	json_put_str(json_edit(sub->body, "cancellation_details"), "reason",
	    "cancellation_requested");
}

/* The end of a period: of the item whose ends first, or last. */
static enum vt_err
end_of_items(struct call *c, const struct doc *sub, bool last, int64_t *out)
{
	struct subscription_items items;
	enum vt_err err = subscription_items(c, sub, &items);
	int64_t at_s;

	*out = 0;
	for (size_t i = 0; i < items.count && err == VT_OK; i++) {
		struct period p = subscription_period(sub, items.docs[i]);

		at_s = doc_int(items.docs[i], "current_period_end");
		/* Not where an end that was planned cut it off. */
		if (at_s == doc_int(sub, "cancel_at") &&
		    !doc_is(sub, "status", "trialing"))
			at_s = period_end(
			    &p, doc_int(items.docs[i], "current_period_start"));
		if (*out == 0 || (last ? at_s > *out : at_s < *out))
			*out = at_s;
	}
	return err;
}

static enum vt_err
put_end(struct call *c, struct doc *sub, const struct json *params)
{
	const struct json *flag = json_get(params, "cancel_at_period_end");
	const struct json *at = json_get(params, "cancel_at");
	bool yes = false, moment = json_is_string(at);
	int64_t at_s = 0;
	enum vt_err err;

	if (json_bool(flag, &yes) && yes && at != NULL && !json_is_null(at))
		return call_fail(c, 400, "parameters_exclusive", "cancel_at",
		    "You may only specify one of these parameters: cancel_at, "
		    "cancel_at_period_end.");
	if (yes || moment) {
		err = end_of_items(c, sub,
		    moment && strcmp(json_str(at), "min_period_end") != 0,
		    &at_s);
		if (err == VT_OK)
			put_cancel(c, sub, at_s, yes);
		return err;
	}
	if (json_int(at, &at_s)) {
		if (at_s <= c->now_s)
			return call_fail(c, 400, NULL, "cancel_at",
			    "`cancel_at` must be a timestamp in the future.");
		put_cancel(c, sub, at_s, false);
		return VT_OK;
	}
	if (json_is_null(at) ||
	    (flag != NULL && doc_flag(sub, "cancel_at_period_end")))
		put_cancel(c, sub, 0, false);
	return VT_OK;
}

static enum vt_err
put_pause(struct call *c, struct doc *sub, const struct json *params)
{
	const struct json *given = json_get(params, "pause_collection");
	int64_t at_s = 0;
	struct json *o;

	if (given == NULL)
		return VT_OK;
	if (json_is_null(given)) {
		json_put_null(sub->body, "pause_collection");
		return VT_OK;
	}
	if (json_int_at(given, "resumes_at", &at_s) && at_s <= c->now_s)
		return call_fail(c, 400, NULL, "pause_collection[resumes_at]",
		    "`resumes_at` must be a timestamp in the future.");
	o = json_put_object(sub->body, "pause_collection");
	json_put_copy(o, "behavior", json_get(given, "behavior"));
	json_put_copy(o, "resumes_at", json_get(given, "resumes_at"));
	return VT_OK;
}

enum vt_err
settings_apply(struct call *c, struct doc *sub, const struct json *params)
{
	static const char *const names[] = { "default_tax_rates", "description",
		"pending_invoice_item_interval", NULL };
	enum vt_err err;

	doc_apply(sub->body, params, names);
	if (json_is_null(json_get(sub->body, "default_tax_rates")))
		json_put_text(sub->body, "default_tax_rates", "[]");
	doc_metadata(c, sub->body, params);
	put_hashes(sub, params);
	if (json_get(params, "pending_invoice_item_interval") != NULL)
		settings_put_next_invoice(sub, c->now_s);
	settings_cancellation(sub, params, NULL);
	err = put_collection(c, sub, params);
	if (err == VT_OK)
		err = put_method(c, sub, params);
	if (err == VT_OK)
		err = put_discounts(c, sub, params);
	if (err == VT_OK)
		err = put_pause(c, sub, params);
	return err == VT_OK ? put_end(c, sub, params) : err;
}
