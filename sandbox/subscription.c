/* subscription: the object and what becomes of it. See subscription.h. */
#include "subscription.h"

#include <string.h>

#include "event.h"

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
	json_put_int(list, "total_count", (int64_t)items.count);
	json_put_str(list, "url",
	    arena_printf(
		c->arena, "/v1/subscription_items?subscription=%s", sub->id));
	return VT_OK;
}

enum vt_err
subscription_save(struct call *c, struct doc *sub, const char *event)
{
	enum vt_err err = put_items(c, sub);

	if (err != VT_OK)
		return err;
	err = doc_save(c, sub);
	if (err != VT_OK)
		return err;
	return event != NULL
	    ? event_emit(c, event, sub)
	    : event_updated(c, "customer.subscription.updated", sub);
}

/* --- what its invoices come to ---------------------------------------------
 */

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

enum vt_err
subscription_invoice_paid(struct call *c, struct doc *invoice)
{
	struct doc *sub = of_invoice(c, invoice);

	if (sub == NULL)
		return VT_OK;
	if (doc_is(sub, "status", "incomplete") ||
	    (is_latest(sub, invoice) &&
		(doc_is(sub, "status", "past_due") ||
		    doc_is(sub, "status", "unpaid"))))
		json_put_str(sub->body, "status", "active");
	return subscription_save(c, sub, NULL);
}

enum vt_err
subscription_invoice_failed(struct call *c, struct doc *invoice)
{
	struct doc *sub = of_invoice(c, invoice);

	if (sub == NULL ||
	    (!doc_is(sub, "status", "active") &&
		!doc_is(sub, "status", "trialing") &&
		!doc_is(sub, "status", "past_due")))
		return VT_OK;
	json_put_str(sub->body, "status", "past_due");
	return subscription_save(c, sub, NULL);
}

enum vt_err
subscription_invoice_closed(struct call *c, struct doc *invoice)
{
	struct doc *sub = of_invoice(c, invoice);
	bool voided = doc_is(invoice, "status", "void");

	if (sub == NULL)
		return VT_OK;
	if (doc_is(sub, "status", "incomplete")) {
		json_put_str(sub->body, "status",
		    voided ? "incomplete_expired" : "active");
		if (voided)
			json_put_int(sub->body, "ended_at", c->now_s);
	} else if (is_latest(sub, invoice) && doc_is(sub, "status", "past_due"))
		json_put_str(sub->body, "status", "active");
	return subscription_save(c, sub, NULL);
}
