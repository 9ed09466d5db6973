/* subscription_update: see subscription_update.h. */
#include "subscriptions/subscription_update.h"

#include <string.h>

#include "core/settings.h"
#include "subscriptions/billing.h"

const char *
subscription_behavior(const struct json *params)
{
	const char *given = json_str_at(params, "payment_behavior");

	return given != NULL ? given : "allow_incomplete";
}

static bool
is_strict(const struct json *params)
{
	return strcmp(subscription_behavior(params), "error_if_incomplete") ==
	    0;
}

enum vt_err
subscription_try(struct call *c, const struct json *params)
{
	return is_strict(params) ? db_savepoint(c->box->db) : VT_OK;
}

enum vt_err
subscription_tried(struct call *c, const struct json *params, enum vt_err err)
{
	static const char action[] = "invoice_payment_intent_requires_action";

	if (!is_strict(params))
		return err;
	if (err == VT_OK)
		return db_release(c->box->db);
	if (db_undo(c->box->db) != VT_OK)
		return VT_DB;
	doc_forget(c);
	if (err != VT_FUNDS)
		return err;
	if (c->error.code != NULL && strcmp(c->error.code, action) == 0)
		c->error.code = "subscription_payment_intent_requires_action";
	c->error.began = true; /* the answer stays, though nothing else does */
	return err;
}

enum vt_err
subscription_forgive(struct call *c, const struct json *params, enum vt_err err)
{
	if (err != VT_FUNDS || is_strict(params))
		return err;
	c->error = (struct api_error){ 0 };
	return VT_OK;
}

/* --- waiting for payment
 * ------------------------------------------------------------ */

/* What may be given beside pending_if_incomplete. */
static enum vt_err
check_pending(struct call *c, const struct json *params)
{
	static const char *const allowed[] = { "add_invoice_items",
		"billing_cycle_anchor", "cancel_at_period_end", "discounts",
		"expand", "items", "metadata", "off_session",
		"payment_behavior", "proration_behavior", "proration_date",
		"trial_end", "trial_from_plan", NULL };

	for (const struct json *j = json_first(params); j != NULL;
	     j = json_next(j)) {
		const char *const *name = allowed;

		while (*name != NULL && strcmp(*name, json_name(j)) != 0)
			name++;
		if (*name == NULL)
			return call_fail(c, 400, NULL, json_name(j),
			    "When `payment_behavior` is "
			    "`pending_if_incomplete`, `%s` cannot be given.",
			    json_name(j));
	}
	return VT_OK;
}

/* The settings that have to wait as well. */
static const struct json *
defer_settings(struct call *c, const struct json *params)
{
	static const char *const names[] = { "cancel_at_period_end",
		"discounts", "metadata", NULL };
	struct json *out = json_object(c->arena);

	doc_apply(out, params, names);
	return json_count(out) == 0 ? NULL : out;
}

static enum vt_err
pay_first(struct call *c, struct change *ch, struct doc *invoice)
{
	struct doc *sub = ch->sub;
	enum vt_err err;

	change_defer(c, ch, invoice);
	err = subscription_save(c, sub, NULL);
	if (err == VT_OK)
		err = billing_collect(c, sub, invoice, "allow_incomplete");
	if (err != VT_OK && err != VT_FUNDS)
		return err;
	c->error = (struct api_error){ 0 };
	/* Paid: it is applied already. */
	if (json_get(sub->hidden, "update") == NULL)
		return VT_OK;
	change_show_pending(c, sub, c->now_s + SUBSCRIPTION_PAY_WITHIN_S);
	return subscription_save(c, sub, NULL);
}

/* --- at once
 * ---------------------------------------------------------------------- */

static enum vt_err
pay_after(struct call *c, struct change *ch, struct doc *invoice,
    const struct json *params)
{
	const char *behavior = subscription_behavior(params);
	struct doc *sub = ch->sub;
	enum vt_err err = change_apply(c, ch);

	if (err == VT_OK)
		err = subscription_save(c, sub, NULL);
	if (err != VT_OK || invoice == NULL)
		return err;
	err = billing_collect(c, sub, invoice, behavior);
	err = subscription_forgive(c, params, err);
	/* It is owed until somebody confirms it. */
	if (err == VT_OK && strcmp(behavior, "default_incomplete") == 0 &&
	    doc_is(invoice, "status", "open"))
		err = subscription_invoice_failed(c, invoice);
	return err;
}

/* Items, trial, anchor and end need a plan; all else is a setting. */
static bool
needs_plan(const struct doc *sub, const struct json *params, int64_t cancel_s)
{
	static const char *const names[] = { "add_invoice_items",
		"billing_cycle_anchor", "items", "trial_end", NULL };

	for (const char *const *n = names; *n != NULL; n++)
		if (json_get(params, *n) != NULL)
			return true;
	return doc_int(sub, "cancel_at") != cancel_s;
}

static enum vt_err
check_status(struct call *c, const struct doc *sub, const struct json *params)
{
	bool ended = doc_is(sub, "status", "canceled") ||
	    doc_is(sub, "status", "incomplete_expired");

	for (const struct json *j = json_first(params); j != NULL && ended;
	     j = json_next(j))
		if (strcmp(json_name(j), "metadata") != 0 &&
		    strcmp(json_name(j), "cancellation_details") != 0 &&
		    strcmp(json_name(j), "expand") != 0)
			return call_fail(c, 400,
			    "invalid_canceled_subscription_fields",
			    json_name(j),
			    "A canceled subscription can only update its "
			    "cancellation_details and metadata.");
	if (doc_is(sub, "status", "incomplete") &&
	    json_get(params, "items") != NULL)
		return call_fail(c, 400, NULL, "items",
		    "The items of an incomplete subscription cannot be "
		    "changed before its first invoice is paid.");
	return VT_OK;
}

/* The trial is to end at once, and nothing else is asked for. */
static bool
ends_trial(const struct doc *sub, const struct json *params)
{
	return doc_is(sub, "status", "trialing") &&
	    json_is_string(json_get(params, "trial_end")) &&
	    json_get(params, "items") == NULL &&
	    json_get(params, "add_invoice_items") == NULL;
}

/* A newer update takes the place of one that waits. */
static enum vt_err
drop_waiting(struct call *c, const struct doc *sub)
{
	const char *invoice = json_str_at(sub->hidden, "update_invoice");
	bool done;

	return invoice == NULL ? VT_OK : billing_void(c, invoice, &done);
}

static enum vt_err
change(struct call *c, struct doc *sub, const struct json *params, bool pending)
{
	struct doc *invoice = NULL;
	struct change ch;
	enum vt_err err = change_read(c, sub, params, &ch);

	if (err == VT_OK)
		err = change_plan(c, &ch);
	if (err != VT_OK)
		return err;
	ch.deferred = pending ? defer_settings(c, params) : NULL;
	err = billing_change(c, &ch, params, &invoice);
	if (err != VT_OK)
		return err;
	return pending && invoice != NULL ? pay_first(c, &ch, invoice)
					  : pay_after(c, &ch, invoice, params);
}

static enum vt_err
run(struct call *c, struct doc *sub, const struct json *params)
{
	bool pending =
	    strcmp(subscription_behavior(params), "pending_if_incomplete") == 0;
	int64_t cancel_s = doc_int(sub, "cancel_at");
	bool over = false;
	enum vt_err err = drop_waiting(c, sub);

	if (err == VT_OK)
		err = pending ? check_pending(c, params)
			      : settings_apply(c, sub, params);
	if (err == VT_OK && ends_trial(sub, params))
		err = subscription_trial_over(c, sub, &over);
	if (err != VT_OK || over)
		return err;
	if (needs_plan(sub, params, cancel_s))
		return change(c, sub, params, pending);
	if (pending)
		err = settings_apply(c, sub, params);
	return err == VT_OK ? subscription_save(c, sub, NULL) : err;
}

enum vt_err
subscription_update(struct call *c, struct doc *sub, const struct json *params)
{
	enum vt_err err = check_status(c, sub, params);

	if (err == VT_OK)
		err = subscription_try(c, params);
	if (err != VT_OK)
		return err;
	return subscription_tried(c, params, run(c, sub, params));
}
