/* invoice_item: see invoice_item.h. */
#include "invoices/invoice_item.h"

#include <string.h>

#include "core/decimal.h"
#include "core/event.h"
#include "invoices/invoice_spec.h"

static void
put_pricing(
    struct call *c, struct json *body, const struct invoice_item_from *from)
{
	struct json *pricing, *o;
	const char *unit = from->unit_amount;

	/* It may stand in the old pricing, which ends here. */
	if (unit != NULL)
		unit = arena_strdup(c->arena, unit);
	pricing = json_put_object(body, "pricing");
	if (from->price != NULL) {
		o = json_put_object(pricing, "price_details");
		json_put_str(o, "price", from->price->id);
		json_put_copy(
		    o, "product", json_get(from->price->body, "product"));
		if (unit == NULL)
			unit = price_unit(c, from->price, from->currency);
	} else if (unit == NULL)
		unit = decimal_text(c->arena, decimal_of(from->amount));
	json_put_str(pricing, "type", "price_details");
	json_put_str(pricing, "unit_amount_decimal", unit);
}

static void
put_parent(struct json *body, const struct invoice_item_from *from)
{
	struct json *parent, *o;

	if (from->subscription == NULL)
		return;
	parent = json_put_object(body, "parent");
	o = json_put_object(parent, "subscription_details");
	json_put_str(o, "subscription", from->subscription->id);
	if (from->subscription_item != NULL)
		json_put_str(o, "subscription_item", from->subscription_item);
	json_put_str(parent, "type", "subscription_details");
}

/* What a proration credits: lines of an invoice, in a list of their own. */
static void
put_proration(struct json *body, const struct invoice_item_from *from)
{
	struct json *o, *items;

	json_put_bool(body, "proration", from->proration);
	if (!from->proration)
		return;
	o = json_put_object(body, "proration_details");
	if (from->credited == NULL)
		json_put_null(o, "credited_items");
	else {
		items = json_put_object(o, "credited_items");
		json_put_copy(
		    items, "invoice_line_item_details", from->credited);
		json_put_str(items, "type", "invoice_line_items");
	}
	(void)json_put_array(o, "discount_amounts"); /* none */
}

static void
put(struct call *c, struct doc *d, const struct invoice_item_from *from)
{
	struct json *period = json_put_object(d->body, "period");

	json_put_int(d->body, "amount", from->amount);
	json_put_str(d->body, "description", from->description);
	json_put_bool(d->body, "discountable", !from->undiscountable);
	json_put_int(d->body, "net_amount", from->amount);
	json_put_int(period, "end",
	    from->period_end_s != 0 ? from->period_end_s : c->now_s);
	json_put_int(period, "start",
	    from->period_start_s != 0 ? from->period_start_s : c->now_s);
	put_pricing(c, d->body, from);
	json_put_int(d->body, "quantity", from->quantity);
	json_put_str(d->body, "quantity_decimal",
	    arena_printf(c->arena, "%lld", (long long)from->quantity));
}

/* Discounts of the item's own. */
static enum vt_err
put_discounts(struct call *c, struct doc *d, const struct json *params,
    const char *prefix)
{
	struct json *ids;
	enum vt_err err;

	if (params == NULL || json_get(params, "discounts") == NULL)
		return VT_OK;
	err = discounts_redeem(c, json_get(params, "discounts"),
	    prefix == NULL ? "discounts"
			   : arena_printf(c->arena, "%s[discounts]", prefix),
	    &(struct discount_for){
		.customer = json_str_at(d->body, "customer"),
		.invoice_item = d->id,
		.currency = json_str_at(d->body, "currency"),
		.amount = doc_int(d, "amount") },
	    &ids);
	if (err == VT_OK)
		json_put_copy(d->body, "discounts", ids);
	return err;
}

enum vt_err
invoice_item_make(
    struct call *c, const struct invoice_item_from *from, struct doc **out)
{
	struct doc *d = doc_new(c, R_INVOICE_ITEM);
	enum vt_err err;

	d->clock = from->customer->clock;
	json_put_str(d->body, "currency", from->currency);
	json_put_str(d->body, "customer", from->customer->id);
	json_put_int(d->body, "date", c->now_s);
	json_put_copy(d->body, "test_clock",
	    json_get(from->customer->body, "test_clock"));
	put(c, d, from);
	put_parent(d->body, from);
	put_proration(d->body, from);
	*out = d;
	doc_metadata(c, d->body, from->params);
	err = put_discounts(c, d, from->params, NULL);
	if (err == VT_OK)
		err = doc_save(c, d);
	return err == VT_OK ? event_emit(c, "invoiceitem.created", d) : err;
}

static const struct doc *
price_of(struct call *c, const struct doc *item)
{
	const char *id = json_str_at(item->body, "pricing.price_details.price");

	return id == NULL ? NULL : doc_find(c, R_PRICE, id);
}

enum vt_err
invoice_item_change(struct call *c, struct doc *item, const struct json *params,
    const char *prefix)
{
	struct invoice_item_from from = {
		.currency = json_str_at(item->body, "currency"),
		.price = price_of(c, item),
		.quantity = doc_int(item, "quantity"),
		.amount = doc_int(item, "amount"),
		.unit_amount =
		    json_str_at(item->body, "pricing.unit_amount_decimal"),
		.description = json_str_at(item->body, "description"),
		.period_start_s = doc_int(item, "period.start"),
		.period_end_s = doc_int(item, "period.end"),
		.undiscountable = !doc_flag(item, "discountable"),
	};
	enum vt_err err = invoice_spec_read(c, params, prefix, &from);

	if (err != VT_OK)
		return err;
	put(c, item, &from);
	doc_metadata(c, item->body, params);
	return put_discounts(c, item, params, prefix);
}

/* The line that it makes on an invoice. */
static struct invoice_line
line_of(struct call *c, const struct doc *item)
{
	return (struct invoice_line){
		.price = price_of(c, item),
		.quantity = doc_int(item, "quantity"),
		.amount = doc_int(item, "amount"),
		.unit_amount =
		    json_str_at(item->body, "pricing.unit_amount_decimal"),
		.description = json_str_at(item->body, "description"),
		.period_start_s = doc_int(item, "period.start"),
		.period_end_s = doc_int(item, "period.end"),
		.subscription = json_str_at(
		    item->body, "parent.subscription_details.subscription"),
		.subscription_item = json_str_at(item->body,
		    "parent.subscription_details.subscription_item"),
		.invoice_item = item->id,
		.proration = doc_flag(item, "proration"),
		.credited = json_at(item->body,
		    "proration_details.credited_items."
		    "invoice_line_item_details"),
		.undiscountable = !doc_flag(item, "discountable"),
		.discounts = json_get(item->body, "discounts"),
		.metadata = json_get(item->body, "metadata"),
	};
}

/* The invoice's line that is this item's, or NULL. */
static const struct json *
line_for(const struct doc *invoice, const struct doc *item)
{
	const struct json *j = json_first(invoice_lines(invoice));
	const char *id;

	for (; j != NULL; j = json_next(j)) {
		id = json_str_at(j, "parent.invoice_item_details.invoice_item");
		if (id == NULL)
			id = json_str_at(
			    j, "parent.subscription_item_details.invoice_item");
		if (id != NULL && strcmp(id, item->id) == 0)
			return j;
	}
	return NULL;
}

enum vt_err
invoice_item_bill(struct call *c, struct doc *item, struct doc *invoice)
{
	struct invoice_line l = line_of(c, item);
	enum vt_err err = invoice_add_line(c, invoice, &l);

	/* A preview takes nothing away from the invoice to come. */
	if (err != VT_OK || invoice_is_preview(invoice))
		return err;
	json_put_str(item->body, "invoice", invoice->id);
	return doc_save(c, item);
}

enum vt_err
invoice_item_bill_again(struct call *c, struct doc *item, struct doc *invoice)
{
	const struct json *old = line_for(invoice, item);
	struct invoice_line l = line_of(c, item);

	return old == NULL
	    ? VT_OK
	    : invoice_replace_line(c, invoice, json_str_at(old, "id"), &l);
}

enum vt_err
invoice_item_unbill(struct call *c, struct doc *item, struct doc *invoice)
{
	const struct json *old = line_for(invoice, item), *j;
	struct json *left = json_array(c->arena);

	for (j = json_first(invoice_lines(invoice)); j != NULL;
	     j = json_next(j))
		if (j != old)
			json_add_copy(left, j);
	invoice_set_lines(invoice, left);
	invoice_total(c, invoice);
	json_put_null(item->body, "invoice");
	return VT_OK;
}

/* Waits on no invoice, in this currency; for this subscription, or nobody's. */
static bool
is_pending(const struct doc *item, const struct doc *invoice, bool all)
{
	static const char path[] = "parent.subscription_details.subscription";
	const char *of = json_str_at(item->body, path);
	const char *sub = json_str_at(invoice->body, path);

	if (json_str_at(item->body, "invoice") != NULL ||
	    !doc_is(item, "currency", json_str_at(invoice->body, "currency")))
		return false;
	if (of == NULL)
		return sub == NULL || all;
	return sub != NULL && strcmp(of, sub) == 0;
}

enum vt_err
invoice_take_items(struct call *c, struct doc *invoice, bool all, size_t *count)
{
	const char *customer = json_str_at(invoice->body, "customer");
	struct doc_ids ids;
	struct doc *item;
	enum vt_err err;

	*count = 0;
	err = doc_ids(c, R_INVOICE_ITEM, DOC_OF_CUSTOMER, customer, &ids);
	for (size_t i = 0; i < ids.count && err == VT_OK; i++) {
		item = doc_find(c, R_INVOICE_ITEM, ids.ids[i]);
		if (item == NULL || !is_pending(item, invoice, all))
			continue;
		err = invoice_item_bill(c, item, invoice);
		++*count;
	}
	return err;
}
