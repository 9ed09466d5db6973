/* subscription: the object and what becomes of it. See subscription.h. */
#include "subscriptions/subscription.h"

#include <string.h>

#include "core/event.h"
#include "payments/setup.h"
#include "subscriptions/billing.h"
#include "subscriptions/change.h"
#include "subscriptions/dunning.h"
#include "subscriptions/pause.h"
#include "subscriptions/subscription_item.h"

enum vt_err
subscription_items(
    struct call *c, const struct doc *sub, struct subscription_items *out)
{
	struct doc_ids of;
	enum vt_err err;

	err = doc_ids(c, R_SUBSCRIPTION_ITEM, DOC_OF_PARENT, sub->id, &of);
	if (err != VT_OK)
		return err;
	out->docs = arena_array(c->arena, of.count + 1, sizeof(struct doc *));
	out->count = of.count;
	for (size_t i = 0; i < of.count; i++) {
		out->docs[i] = doc_find(c, R_SUBSCRIPTION_ITEM, of.ids[i]);
		if (out->docs[i] == NULL)
			return VT_DB;
	}
	return VT_OK;
}

struct period
subscription_period(const struct doc *sub, const struct doc *item)
{
	struct period p = period_of(json_at(item->body, "price.recurring"),
	    doc_int(sub, "billing_cycle_anchor"));

	p.day = (int)doc_int(sub, "billing_cycle_anchor_config.day_of_month");
	return p;
}

/* The item whose period ends first, as it is shown; or NULL. */
static const struct json *
first_item(const struct doc *sub)
{
	const struct json *i = json_first(json_at(sub->body, "items.data"));
	const struct json *first = i;
	int64_t end_s = 0, at_s;

	for (; i != NULL; i = json_next(i))
		if (json_int_at(i, "current_period_end", &at_s) &&
		    (end_s == 0 || at_s < end_s)) {
			end_s = at_s;
			first = i;
		}
	return first;
}

int64_t
subscription_period_ends(const struct doc *sub)
{
	int64_t at_s = 0;

	(void)json_int_at(first_item(sub), "current_period_end", &at_s);
	return at_s;
}

int64_t
subscription_period_started(const struct doc *sub)
{
	int64_t at_s = 0;

	(void)json_int_at(first_item(sub), "current_period_start", &at_s);
	return at_s;
}

int64_t
subscription_two_intervals(const struct doc *sub, int64_t at_s)
{
	const struct json *i = json_first(json_at(sub->body, "items.data"));
	int64_t first_s = 0, two_s;

	if (!json_is_null(json_get(sub->body, "ended_at")))
		return 0;
	for (; i != NULL; i = json_next(i)) {
		struct period p =
		    period_of(json_at(i, "price.recurring"), at_s);

		two_s = period_boundary(&p, 2);
		if (first_s == 0 || two_s < first_s)
			first_s = two_s;
	}
	return first_s;
}

void
subscription_item_turn(const struct doc *sub, struct doc *item)
{
	struct period p = subscription_period(sub, item);
	int64_t from_s = doc_int(item, "current_period_end");
	int64_t end_s = period_end(&p, from_s);
	int64_t cancel_s = doc_int(sub, "cancel_at");

	if (cancel_s > from_s && cancel_s < end_s)
		end_s = cancel_s;
	json_put_int(item->body, "current_period_start", from_s);
	json_put_int(item->body, "current_period_end", end_s);
}

/* Its items, whole, as a page of the list that shows them. */
static enum vt_err
put_items(struct call *c, struct doc *sub)
{
	struct json *list = json_put_object(sub->body, "items"), *data;
	struct subscription_items items;
	enum vt_err err;

	err = subscription_items(c, sub, &items);
	if (err != VT_OK)
		return err;
	json_put_str(list, "object", "list");
	data = json_put_array(list, "data");
	for (size_t i = 0; i < items.count; i++)
		json_add_copy(data, items.docs[i]->body);
	json_put_bool(list, "has_more", false);
	json_put_str(list, "url",
	    arena_printf(
		c->arena, "/v1/subscription_items?subscription=%s", sub->id));
	return VT_OK;
}

/* Writes it, without an event. */
static enum vt_err
keep(struct call *c, struct doc *sub)
{
	enum vt_err err = put_items(c, sub);
	int64_t due_s;

	if (err != VT_OK)
		return err;
	due_s = subscription_next_s(sub);
	/* What should have been done already is done now. */
	sub->due_ms =
	    (due_s != 0 && due_s < c->now_s ? c->now_s : due_s) * 1000;
	return doc_save(c, sub);
}

enum vt_err
subscription_save(struct call *c, struct doc *sub, const char *event)
{
	enum vt_err err = keep(c, sub);

	if (err != VT_OK)
		return err;
	return event != NULL
	    ? event_emit(c, event, sub)
	    : event_updated(c, "customer.subscription.updated", sub);
}

/* --- its end ---------------------------------------------------------- */

enum vt_err
subscription_end(struct call *c, struct doc *sub, const char *reason)
{
	enum vt_err err;

	if (doc_is(sub, "status", "canceled") ||
	    doc_is(sub, "status", "incomplete_expired"))
		return VT_OK;
	if (doc_is(sub, "status", "incomplete"))
		return subscription_expire(c, sub);
	json_put_str(sub->body, "status", "canceled");
	json_put_int(sub->body, "ended_at", c->now_s);
	if (json_is_null(json_get(sub->body, "canceled_at")))
		json_put_int(sub->body, "canceled_at", c->now_s);
	if (reason != NULL)
		json_put_str(json_edit(sub->body, "cancellation_details"),
		    "reason", reason);
	json_put_null(sub->body, "pending_update");
	json_remove(sub->body, "status_details");
	err = billing_stop(c, sub);
	return err == VT_OK
	    ? subscription_save(c, sub, "customer.subscription.deleted")
	    : err;
}

enum vt_err
subscription_end_all(struct call *c, const struct doc *customer)
{
	struct doc_ids of;
	struct doc *sub;
	enum vt_err err;

	err = doc_ids(c, R_SUBSCRIPTION, DOC_OF_CUSTOMER, customer->id, &of);
	for (size_t i = 0; i < of.count && err == VT_OK; i++) {
		sub = doc_find(c, R_SUBSCRIPTION, of.ids[i]);
		err = sub == NULL
		    ? VT_DB
		    : subscription_end(c, sub, "cancellation_requested");
	}
	return err;
}

/* --- what its invoices come to ---------------------------------------- */

/* The subscription that an invoice is for, or NULL. */
static struct doc *
of_invoice(struct call *c, const struct doc *invoice)
{
	const char *id = json_str_at(
	    invoice->body, "parent.subscription_details.subscription");

	return id == NULL ? NULL : doc_find(c, R_SUBSCRIPTION, id);
}

static bool
is_latest(const struct doc *sub, const struct doc *invoice)
{
	return doc_is(sub, "latest_invoice", invoice->id);
}

/* True if the subscription waits for this invoice for the reason named so
 * in its hidden half. */
static bool
waits_for(const struct doc *sub, const char *reason, const struct doc *invoice)
{
	const char *id = json_str_at(sub->hidden, reason);

	return id != NULL && strcmp(id, invoice->id) == 0;
}

/* The method that paid stays its default when that was asked for. */
static void
keep_method(struct call *c, struct doc *sub, const struct doc *invoice)
{
	const char *method;

	if (!doc_is(sub, "payment_settings.save_default_payment_method",
		"on_subscription"))
		return;
	method = billing_method_of(c, invoice);
	if (method != NULL)
		json_put_str(sub->body, "default_payment_method", method);
}

enum vt_err
subscription_invoice_paid(struct call *c, struct doc *invoice)
{
	struct doc *sub = of_invoice(c, invoice);

	if (sub == NULL)
		return VT_OK;
	if (waits_for(sub, "update_invoice", invoice))
		return change_apply_pending(c, sub);
	keep_method(c, sub, invoice);
	if (waits_for(sub, "resumption_invoice", invoice))
		return pause_resumed(c, sub);
	if (doc_is(sub, "status", "incomplete") ||
	    (is_latest(sub, invoice) &&
		(doc_is(sub, "status", "past_due") ||
		    doc_is(sub, "status", "unpaid"))))
		json_put_str(sub->body, "status", "active");
	return subscription_save(c, sub, NULL);
}

/* No attempt is left: what then is a setting of the account. */
static enum vt_err
give_up(struct call *c, struct doc *sub)
{
	switch (dunning_end(c->box)) {
	case DUNNING_CANCEL:
		return subscription_end(c, sub, "payment_failed");
	case DUNNING_UNPAID:
		json_put_str(sub->body, "status", "unpaid");
		break;
	case DUNNING_PAST_DUE:
		break;
	}
	return subscription_save(c, sub, NULL);
}

enum vt_err
subscription_invoice_failed(struct call *c, struct doc *invoice)
{
	struct doc *sub = of_invoice(c, invoice);
	enum vt_err err;

	if (sub == NULL || waits_for(sub, "update_invoice", invoice) ||
	    waits_for(sub, "resumption_invoice", invoice) ||
	    (!doc_is(sub, "status", "active") &&
		!doc_is(sub, "status", "trialing") &&
		!doc_is(sub, "status", "past_due")))
		return VT_OK;
	json_put_str(sub->body, "status", "past_due");
	err = subscription_save(c, sub, NULL);
	if (err != VT_OK || !billing_is_last_attempt(invoice))
		return err;
	return give_up(c, sub);
}

enum vt_err
subscription_invoice_closed(struct call *c, struct doc *invoice)
{
	struct doc *sub = of_invoice(c, invoice);
	bool voided = doc_is(invoice, "status", "void");

	if (sub == NULL)
		return VT_OK;
	if (waits_for(sub, "update_invoice", invoice))
		return change_expire_pending(c, sub);
	if (waits_for(sub, "resumption_invoice", invoice))
		return voided ? pause_not_resumed(c, sub)
			      : pause_resumed(c, sub);
	if (doc_is(sub, "status", "incomplete")) {
		json_put_str(sub->body, "status",
		    voided ? "incomplete_expired" : "active");
		if (voided) {
			json_put_int(sub->body, "canceled_at", c->now_s);
			json_put_int(sub->body, "ended_at", c->now_s);
		}
	} else if (is_latest(sub, invoice) && doc_is(sub, "status", "past_due"))
		json_put_str(sub->body, "status", "active");
	return subscription_save(c, sub, NULL);
}

/* --- a method for later
 * --------------------------------------------------------- */

enum vt_err
subscription_ask_method(
    struct call *c, struct doc *sub, const struct doc *invoice)
{
	struct doc *setup;
	bool there;
	enum vt_err err;

	if (doc_int(invoice, "amount_due") > 0 ||
	    !doc_is(sub, "collection_method", "charge_automatically"))
		return VT_OK;
	err = billing_has_method(c, sub, &there);
	if (err != VT_OK || there)
		return err;
	err = setup_make(c, json_str_at(sub->body, "customer"), &setup);
	if (err != VT_OK)
		return err;
	json_put_str(setup->hidden, "subscription", sub->id);
	json_put_str(sub->body, "pending_setup_intent", setup->id);
	return doc_save(c, setup);
}

enum vt_err
subscription_set_up(struct call *c, const struct doc *setup)
{
	const char *id = json_str_at(setup->hidden, "subscription");
	struct doc *sub = id == NULL ? NULL : doc_find(c, R_SUBSCRIPTION, id);

	if (sub == NULL || !doc_is(sub, "pending_setup_intent", setup->id))
		return VT_OK;
	json_put_null(sub->body, "pending_setup_intent");
	json_put_copy(sub->body, "default_payment_method",
	    json_get(setup->body, "payment_method"));
	return subscription_save(c, sub, NULL);
}

enum vt_err
subscription_forget_method(
    struct call *c, const char *customer, const char *method)
{
	struct doc_ids of;
	struct doc *sub;
	enum vt_err err;

	err = doc_ids(c, R_SUBSCRIPTION, DOC_OF_CUSTOMER, customer, &of);
	for (size_t i = 0; i < of.count && err == VT_OK; i++) {
		sub = doc_find(c, R_SUBSCRIPTION, of.ids[i]);
		if (sub == NULL)
			return VT_DB;
		if (!doc_is(sub, "default_payment_method", method))
			continue;
		json_put_null(sub->body, "default_payment_method");
		err = subscription_save(c, sub, NULL);
	}
	return err;
}

/* --- a price that has changed ------------------------------------------ */

enum vt_err
subscription_show_price(struct call *c, const struct doc *price)
{
	struct doc_ids of = { 0 };
	struct doc *item, *sub;
	enum vt_err err = subscription_item_ids(c, price, &of);

	for (size_t i = 0; i < of.count && err == VT_OK; i++) {
		item = doc_find(c, R_SUBSCRIPTION_ITEM, of.ids[i]);
		sub = item == NULL
		    ? NULL
		    : doc_find(c, R_SUBSCRIPTION,
			  json_str_at(item->body, "subscription"));
		if (sub == NULL)
			return VT_DB;
		subscription_item_show(item, price);
		err = doc_save(c, item);
		if (err == VT_OK)
			err = keep(c, sub);
	}
	return err;
}
