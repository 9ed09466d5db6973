/* subscriptions: /v1/subscriptions. */
#include <string.h>

#include "core/operation.h"
#include "core/render.h"
#include "core/search.h"
#include "core/settings.h"
#include "subscriptions/billing.h"
#include "subscriptions/pause.h"
#include "subscriptions/subscription_create.h"
#include "subscriptions/subscription_params.h"
#include "subscriptions/subscription_update.h"

/* --- create
 * ---------------------------------------------------------------------- */

static enum vt_err
create_and_bill(struct call *c, struct doc **sub)
{
	struct doc *invoice;
	enum vt_err err = subscription_create(c, c->params, sub);

	if (err == VT_OK)
		err = billing_first(c, *sub, c->params, false, &invoice);
	if (err == VT_OK)
		err = subscription_ask_method(c, *sub, invoice);
	if (err == VT_OK)
		err =
		    subscription_save(c, *sub, "customer.subscription.created");
	if (err == VT_OK)
		err = billing_collect(
		    c, *sub, invoice, subscription_behavior(c->params));
	return subscription_forgive(c, c->params, err);
}

static enum vt_err
create(struct call *c)
{
	struct doc *sub;
	enum vt_err err;

	if (strcmp(subscription_behavior(c->params), "pending_if_incomplete") ==
	    0)
		return call_fail(c, 400, NULL, "payment_behavior",
		    "`pending_if_incomplete` is for updates of a "
		    "subscription.");
	err = subscription_try(c, c->params);
	if (err == VT_OK)
		err =
		    subscription_tried(c, c->params, create_and_bill(c, &sub));
	return err == VT_OK ? render_doc(c, sub) : err;
}

/* --- looking
 * --------------------------------------------------------------------- */

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_SUBSCRIPTION, c->id);
}

/* Which statuses a list shows; NULL: all. */
static const struct json *
statuses(struct call *c)
{
	static const char *const usual[] = { "active", "incomplete", "past_due",
		"paused", "trialing", "unpaid", "incomplete_expired", NULL };
	static const char *const ended[] = { "canceled", "incomplete_expired",
		NULL };
	const char *asked = json_str_at(c->params, "status");
	struct json *list = json_array(c->arena);

	if (asked != NULL && strcmp(asked, "all") == 0)
		return NULL;
	if (asked != NULL && strcmp(asked, "ended") != 0) {
		json_add_str(list, asked);
		return list;
	}
	for (const char *const *s = asked == NULL ? usual : ended; *s != NULL;
	     s++)
		json_add_str(list, *s);
	return list;
}

static enum vt_err
list(struct call *c)
{
	static const struct list_rule rules[] = {
		{ "automatic_tax.enabled", "automatic_tax.enabled" },
		{ "collection_method", "collection_method" },
		{ "current_period_end", "items.data[0].current_period_end" },
		{ "current_period_start",
		    "items.data[0].current_period_start" },
		{ "plan", "items.data[].plan.id" },
		{ "price", "items.data[].price.id" },
		{ 0 },
	};

	return render_list(c,
	    &(struct list_filter){ .kind = R_SUBSCRIPTION,
		.customer = json_str_at(c->params, "customer"),
		.types = statuses(c),
		.members = list_members(c, rules),
		.clock = json_str_at(c->params, "test_clock"),
		.clocked = true,
		.delivered = -1 });
}

static enum vt_err
search(struct call *c)
{
	static const struct search_field fields[] = {
		{ "canceled_at", "canceled_at", SEARCH_NUMBER },
		{ "created", "created", SEARCH_NUMBER },
		{ "status", "status", SEARCH_TOKEN },
		SEARCH_END,
	};

	return search_run(c, R_SUBSCRIPTION, fields);
}

/* --- changing
 * --------------------------------------------------------------------- */

static enum vt_err
update(struct call *c)
{
	struct doc *sub;
	enum vt_err err = doc_need(c, R_SUBSCRIPTION, c->id, NULL, &sub);

	if (err == VT_OK)
		err = subscription_update(c, sub, c->params);
	return err == VT_OK ? render_doc(c, sub) : err;
}

static bool
flag(const struct call *c, const char *name)
{
	bool yes = false;

	return json_bool(json_get(c->params, name), &yes) && yes;
}

static enum vt_err
cancel(struct call *c)
{
	struct doc *sub, *invoice;
	enum vt_err err = doc_need(c, R_SUBSCRIPTION, c->id, NULL, &sub);

	if (err != VT_OK)
		return err;
	if (doc_is(sub, "status", "canceled") ||
	    doc_is(sub, "status", "incomplete_expired"))
		return call_missing(c, "subscription", c->id, NULL);
	settings_cancellation(sub, c->params, "cancellation_requested");
	if (doc_is(sub, "status", "incomplete")) {
		err = subscription_expire(c, sub);
		return err == VT_OK ? render_doc(c, sub) : err;
	}
	err = billing_end(
	    c, sub, flag(c, "prorate"), flag(c, "invoice_now"), &invoice);
	if (err == VT_OK && invoice != NULL)
		err = billing_collect(c, sub, invoice, "allow_incomplete");
	err = subscription_forgive(c, c->params, err);
	if (err == VT_OK)
		json_put_int(sub->body, "canceled_at", c->now_s);
	if (err == VT_OK)
		err = subscription_end(c, sub, "cancellation_requested");
	return err == VT_OK ? render_doc(c, sub) : err;
}

static enum vt_err
request_pause(struct call *c)
{
	struct doc *sub;
	enum vt_err err = doc_need(c, R_SUBSCRIPTION, c->id, NULL, &sub);

	if (err == VT_OK)
		err = pause_request(c, sub);
	return err == VT_OK ? render_doc(c, sub) : err;
}

static enum vt_err
resume(struct call *c)
{
	struct doc *sub;
	enum vt_err err = doc_need(c, R_SUBSCRIPTION, c->id, NULL, &sub);

	if (err == VT_OK)
		err = pause_resume(c, sub);
	return err == VT_OK ? render_doc(c, sub) : err;
}

/* From classic to flexible, and never back. */
static enum vt_err
migrate(struct call *c)
{
	const char *discounts =
	    json_str_at(c->params, "billing_mode.flexible.proration_discounts");
	struct json *mode;
	struct doc *sub;
	enum vt_err err = doc_need(c, R_SUBSCRIPTION, c->id, NULL, &sub);

	if (err != VT_OK)
		return err;
	if (doc_is(sub, "billing_mode.type", "flexible"))
		return call_fail(c, 400, NULL, "billing_mode[type]",
		    "This subscription is already using the flexible billing "
		    "mode.");
	mode = json_put_object(sub->body, "billing_mode");
	json_put_str(json_put_object(mode, "flexible"), "proration_discounts",
	    discounts != NULL ? discounts : "included");
	json_put_str(mode, "type", "flexible");
	json_put_int(mode, "updated_at", c->now_s);
	err = subscription_save(c, sub, NULL);
	return err == VT_OK ? render_doc(c, sub) : err;
}

const struct operation subscription_operations[] = {
	{ HTTP_POST, "/v1/subscriptions", subscription_create_params, create,
	    0 },
	{ HTTP_GET, "/v1/subscriptions", subscription_list_params, list, 0 },
	{ HTTP_GET, "/v1/subscriptions/search", search_params, search, 0 },
	{ HTTP_GET, "/v1/subscriptions/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/subscriptions/{}", subscription_update_params, update,
	    0 },
	{ HTTP_DELETE, "/v1/subscriptions/{}", subscription_cancel_params,
	    cancel, 0 },
	{ HTTP_POST, "/v1/subscriptions/{}/pause", subscription_pause_params,
	    request_pause, 0 },
	{ HTTP_POST, "/v1/subscriptions/{}/resume", subscription_resume_params,
	    resume, 0 },
	{ HTTP_POST, "/v1/subscriptions/{}/migrate",
	    subscription_migrate_params, migrate, 0 },
	{ 0 },
};
