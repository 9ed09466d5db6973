/*
 * billing_lines: what stands on the invoices of subscriptions. See
 * billing_parts.h.
 */
#include <string.h>

#include "catalog/price.h"
#include "invoices/invoice_item.h"
#include "subscriptions/billing_parts.h"
#include "subscriptions/subscription_item.h"

struct invoice_from
billing_from(const struct doc *sub, const char *reason)
{
	return (struct invoice_from){
		.customer = json_str_at(sub->body, "customer"),
		.currency = json_str_at(sub->body, "currency"),
		.billing_reason = reason,
		.subscription = sub,
		.collection_method =
		    json_str_at(sub->body, "collection_method"),
		.days_until_due = doc_int(sub, "days_until_due"),
		.description =
		    json_str_at(sub->body, "invoice_settings.description"),
		.footer = json_str_at(sub->body, "invoice_settings.footer"),
		.auto_advance = true,
	};
}

/* --- lines
 * -------------------------------------------------------------------- */

/* The line of an item's period, reckoned from this anchor. */
enum vt_err
billing_add_period(struct call *c, const struct doc *sub,
    const struct doc *item, int64_t anchor_s, struct doc *invoice)
{
	struct invoice_line line = {
		.quantity = subscription_item_quantity(item),
		.period_start_s = doc_int(item, "current_period_start"),
		.period_end_s = doc_int(item, "current_period_end"),
		.subscription = sub->id,
		.subscription_item = item->id,
		.discounts = json_get(item->body, "discounts"),
		.metadata = json_get(sub->body, "metadata"),
	};
	struct doc *price;
	enum vt_err err = subscription_item_price(c, item, &price);

	line.price = price;
	if (err != VT_OK)
		return err;
	if (anchor_s == BILLING_ON_TRIAL) {
		line.unit_amount = "0";
		line.description = arena_printf(c->arena, "Trial period for %s",
		    subscription_item_title(c, item));
	} else
		err = proration_part(c, sub, item, anchor_s,
		    line.period_start_s, line.period_end_s, &line.amount);
	return err == VT_OK ? invoice_add_line(c, invoice, &line) : err;
}

/* What an item costs for the time before its period, of one that began in
 * the past; on one line. */
enum vt_err
billing_add_past(struct call *c, const struct doc *sub, const struct doc *item,
    struct doc *invoice)
{
	int64_t start_s = doc_int(sub, "start_date"), amount, to_s;
	int64_t end_s = doc_int(item, "current_period_start");
	struct period p = subscription_period(sub, item);
	struct invoice_line line = {
		.quantity = subscription_item_quantity(item),
		.period_start_s = start_s,
		.period_end_s = end_s,
		.subscription = sub->id,
		.subscription_item = item->id,
	};
	struct doc *price;
	enum vt_err err = subscription_item_price(c, item, &price);

	line.price = price;
	for (int64_t at_s = start_s; at_s < end_s && err == VT_OK;
	     at_s = to_s) {
		to_s = period_end(&p, at_s);
		to_s = to_s < end_s ? to_s : end_s;
		err = proration_part(
		    c, sub, item, p.anchor_s, at_s, to_s, &amount);
		line.amount += amount;
	}
	return err == VT_OK && start_s < end_s
	    ? invoice_add_line(c, invoice, &line)
	    : err;
}

enum vt_err
billing_add_periods(struct call *c, const struct doc *sub,
    struct doc *const *items, size_t count, int64_t anchor_s,
    struct doc *invoice)
{
	enum vt_err err = VT_OK;

	for (size_t i = 0; i < count && err == VT_OK; i++)
		err = billing_add_period(c, sub, items[i], anchor_s, invoice);
	return err;
}

/* Notes on the items what an invoice's lines bill for them. */
void
billing_note(struct call *c, struct doc *const *items, size_t count,
    const struct doc *invoice)
{
	static const char path[] =
	    "parent.subscription_item_details.subscription_item";
	const struct json *j, *off;
	struct proration_billed b = { .invoice = invoice->id };
	int64_t n;

	for (j = json_first(invoice_lines(invoice)); j != NULL;
	     j = json_next(j)) {
		const char *item = json_str_at(j, path);

		(void)json_int_at(j, "amount", &b.amount); /* always there */
		(void)json_int_at(j, "period.start", &b.from_s);
		(void)json_int_at(j, "period.end", &b.to_s);
		if (item == NULL || b.amount < 0)
			continue;
		for (off = json_first(json_get(j, "discount_amounts"));
		     off != NULL; off = json_next(off))
			if (json_int_at(off, "amount", &n))
				b.amount -= n;
		b.line = json_str_at(j, "id");
		for (size_t i = 0; i < count; i++)
			if (strcmp(items[i]->id, item) == 0)
				proration_note(c, items[i], &b);
	}
}

enum vt_err
billing_note_all(
    struct call *c, const struct doc *sub, const struct doc *invoice)
{
	struct subscription_items items;
	enum vt_err err = subscription_items(c, sub, &items);

	if (err != VT_OK)
		return err;
	billing_note(c, items.docs, items.count, invoice);
	for (size_t i = 0; i < items.count && err == VT_OK; i++)
		err = doc_save(c, items.docs[i]);
	return err;
}

/* --- what is sold beside them
 * ---------------------------------------------------- */

/* The moment that an edge of an extra's period names. */
static int64_t
edge(struct call *c, const struct doc *sub, const struct json *given)
{
	const char *type = json_str_at(given, "type");
	int64_t at_s = c->now_s;

	if (type == NULL || json_int_at(given, "timestamp", &at_s))
		return at_s;
	if (strcmp(type, "min_item_period_end") == 0)
		return subscription_period_ends(sub);
	return strcmp(type, "max_item_period_start") == 0
	    ? subscription_period_started(sub)
	    : at_s;
}

/* An element of add_invoice_items, for the next invoice. */
static enum vt_err
add_extra(struct call *c, const struct doc *sub, const struct doc *customer,
    const struct json *given, const char *at)
{
	const char *id = json_str_at(given, "price");
	const char *currency = json_str_at(sub->body, "currency");
	struct invoice_item_from from = { .customer = customer,
		.currency = currency,
		.quantity = 1,
		.period_start_s = edge(c, sub, json_at(given, "period.start")),
		.period_end_s = edge(c, sub, json_at(given, "period.end")),
		.subscription = sub };
	const struct json *data = json_get(given, "price_data");
	struct doc *price, *item;
	bool discountable = true;
	enum vt_err err;

	if ((id == NULL) == (data == NULL))
		return call_fail(c, 400, "parameter_missing",
		    arena_printf(c->arena, "%s[price]", at),
		    "Give either price or price_data for %s.", at);
	err = id != NULL
	    ? price_take(c, id, arena_printf(c->arena, "%s[price]", at), &price)
	    : price_make(c, data, arena_printf(c->arena, "%s[price_data]", at),
		  false, &price);
	if (err != VT_OK)
		return err;
	if (!doc_is(price, "type", "one_time"))
		return call_fail(c, 400, NULL, at,
		    "The price specified is set to `type=recurring` but this "
		    "field only accepts prices with `type=one_time`.");
	(void)json_int_at(given, "quantity", &from.quantity); /* else 1 */
	(void)json_bool(json_get(given, "discountable"), &discountable);
	from.price = price;
	from.undiscountable = !discountable;
	err = price_amount(c, price, currency, from.quantity, &from.amount);
	return err == VT_OK ? invoice_item_make(c, &from, &item) : err;
}

enum vt_err
billing_add_extras(
    struct call *c, const struct doc *sub, const struct json *params)
{
	const struct json *list = json_get(params, "add_invoice_items"), *j;
	struct doc *customer =
	    doc_find(c, R_CUSTOMER, json_str_at(sub->body, "customer"));
	enum vt_err err = customer == NULL ? VT_DB : VT_OK;
	int i = 0;

	for (j = json_first(list); j != NULL && err == VT_OK; j = json_next(j))
		err = add_extra(c, sub, customer, j,
		    arena_printf(c->arena, "add_invoice_items[%d]", i++));
	return err;
}

/* A proration waits to be billed. */
enum vt_err
billing_pend(struct call *c, const struct doc *sub, const struct proration *p)
{
	struct doc *price, *item, *customer;
	enum vt_err err = subscription_item_price(c, p->item, &price);

	if (err != VT_OK)
		return err;
	customer = doc_find(c, R_CUSTOMER, json_str_at(sub->body, "customer"));
	if (customer == NULL)
		return VT_DB;
	return invoice_item_make(c,
	    &(struct invoice_item_from){ .customer = customer,
		.currency = json_str_at(sub->body, "currency"),
		.price = price,
		.quantity = subscription_item_quantity(p->item),
		.amount = p->amount,
		.description = p->description,
		.period_start_s = p->from_s,
		.period_end_s = p->to_s,
		.subscription = sub,
		.subscription_item = p->item->id,
		.proration = true,
		.credited = p->credited,
		.undiscountable = true },
	    &item);
}

/* Stores it, and makes it the subscription's latest. */
enum vt_err
billing_draft(struct call *c, struct doc *sub, struct doc *invoice)
{
	enum vt_err err;

	if (invoice_is_preview(invoice))
		return VT_OK;
	err = invoice_draft(c, invoice);
	if (err == VT_OK)
		json_put_str(sub->body, "latest_invoice", invoice->id);
	return err;
}
