/* invoice_line: the lines of an invoice. See invoice.h. */
#include <stdio.h>
#include <string.h>

#include "catalog/price.h"
#include "core/decimal.h"
#include "core/ids.h"
#include "invoices/invoice.h"
#include "text/money.h"

const struct json *
invoice_lines(const struct doc *invoice)
{
	return json_get(invoice->hidden, "lines");
}

void
invoice_set_lines(struct doc *invoice, const struct json *lines)
{
	json_put_copy(invoice->hidden, "lines", lines);
}

/* "$19.99 / month", "¥500", "€5.00 / 3 months". */
static const char *
rate(struct call *c, const struct doc *price, const char *currency,
    const char *unit)
{
	const struct json *recurring = json_get(price->body, "recurring");
	const char *interval = json_str_at(recurring, "interval");
	char text[MONEY_TEXT_BYTES];
	int64_t whole, count = 1;
	decimal d;

	if (unit == NULL || !decimal_parse(unit, &d))
		return "tiered";
	if (decimal_whole(d, &whole))
		money_format(whole, currency, text);
	else
		(void)snprintf(text, sizeof(text), "%s/100", unit);
	unit = arena_printf(c->arena, "%s%s",
	    strcmp(currency, "usd") == 0       ? "$"
		: strcmp(currency, "eur") == 0 ? "€"
		: strcmp(currency, "gbp") == 0 ? "£"
		: strcmp(currency, "jpy") == 0
		? "¥"
		: arena_printf(c->arena, "%s ", currency),
	    text);
	if (interval == NULL)
		return unit;
	(void)json_int_at(recurring, "interval_count", &count);
	if (count == 1)
		return arena_printf(c->arena, "%s / %s", unit, interval);
	return arena_printf(
	    c->arena, "%s / %lld %ss", unit, (long long)count, interval);
}

/* "1 × Monthly (at $19.99 / month)", or the product's name. */
static const char *
describe(struct call *c, const struct invoice_line *l, const char *currency)
{
	const struct doc *product;
	const char *name;

	if (l->description != NULL || l->price == NULL)
		return l->description;
	product =
	    doc_find(c, R_PRODUCT, json_str_at(l->price->body, "product"));
	name = product == NULL ? NULL : json_str_at(product->body, "name");
	if (name == NULL || doc_is(l->price, "type", "one_time"))
		return name;
	return arena_printf(c->arena, "%lld × %s (at %s)",
	    (long long)l->quantity, name,
	    rate(c, l->price, currency, price_unit(c, l->price, currency)));
}

static void
put_proration(struct json *o, const struct invoice_line *l)
{
	json_put_bool(o, "proration", l->proration);
	if (!l->proration) {
		json_put_null(o, "proration_details");
		return;
	}
	json_put_copy(json_put_object(o, "proration_details"), "credited_items",
	    l->credited);
}

static void
put_parent(struct json *line, const struct invoice_line *l)
{
	struct json *o, *parent;

	if (l->subscription_item == NULL && l->invoice_item == NULL) {
		json_put_null(line, "parent");
		return;
	}
	parent = json_put_object(line, "parent");
	if (l->subscription_item != NULL) {
		json_put_null(parent, "invoice_item_details");
		o = json_put_object(parent, "subscription_item_details");
		json_put_str(o, "invoice_item", l->invoice_item);
		put_proration(o, l);
		json_put_str(o, "subscription", l->subscription);
		json_put_str(o, "subscription_item", l->subscription_item);
		json_put_str(parent, "type", "subscription_item_details");
		return;
	}
	o = json_put_object(parent, "invoice_item_details");
	json_put_str(o, "invoice_item", l->invoice_item);
	put_proration(o, l);
	json_put_str(o, "subscription", l->subscription);
	json_put_null(parent, "subscription_item_details");
	json_put_str(parent, "type", "invoice_item_details");
}

static void
put_pricing(struct call *c, struct json *line, const struct invoice_line *l,
    const char *currency)
{
	struct json *pricing = json_put_object(line, "pricing"), *o;
	const char *unit = l->unit_amount;

	if (unit == NULL && l->price != NULL)
		unit = price_unit(c, l->price, currency);
	if (unit == NULL && l->price == NULL)
		unit = decimal_text(c->arena, decimal_of(l->amount));
	if (l->price != NULL) {
		o = json_put_object(pricing, "price_details");
		json_put_str(o, "price", l->price->id);
		json_put_copy(
		    o, "product", json_get(l->price->body, "product"));
	}
	json_put_str(pricing, "type", "price_details");
	json_put_str(pricing, "unit_amount_decimal", unit);
}

static void
put_period(struct json *line, int64_t start_s, int64_t end_s, int64_t now_s)
{
	struct json *o = json_put_object(line, "period");

	json_put_int(o, "end", end_s != 0 ? end_s : now_s);
	json_put_int(o, "start", start_s != 0 ? start_s : now_s);
}

static void
put_quantity(struct call *c, struct json *line, int64_t quantity)
{
	if (quantity == 0) {
		json_put_null(line, "quantity");
		json_put_null(line, "quantity_decimal");
		return;
	}
	json_put_int(line, "quantity", quantity);
	json_put_str(line, "quantity_decimal",
	    arena_printf(c->arena, "%lld", (long long)quantity));
}

/* The line as it will stand in the invoice. */
static struct doc *
make(struct call *c, const struct doc *invoice, const struct invoice_line *l)
{
	struct doc *d = doc_new(c, R_LINE_ITEM);
	const char *currency = json_str_at(invoice->body, "currency");

	if (invoice_is_preview(invoice))
		doc_prefix(c, d, "il_tmp_");
	json_put_int(d->body, "amount", l->amount);
	json_put_int(d->body, "subtotal", l->amount);
	json_put_str(d->body, "currency", currency);
	json_put_str(d->body, "description", describe(c, l, currency));
	json_put_bool(d->body, "discountable", !l->undiscountable);
	if (l->discounts != NULL)
		json_put_copy(d->body, "discounts", l->discounts);
	json_put_str(d->body, "invoice", invoice->id);
	if (l->metadata != NULL)
		json_put_copy(d->body, "metadata", l->metadata);
	put_parent(d->body, l);
	put_period(d->body, l->period_start_s, l->period_end_s, c->now_s);
	put_pricing(c, d->body, l, currency);
	put_quantity(c, d->body, l->quantity);
	json_put_str(d->body, "subscription", l->subscription);
	return d;
}

enum vt_err
invoice_add_line(
    struct call *c, struct doc *invoice, const struct invoice_line *l)
{
	struct json *all = json_edit(invoice->hidden, "lines");

	if (json_count(all) >= INVOICE_LINES_MAX)
		return call_fail(c, 400, NULL, "lines",
		    "An invoice can have %d lines at most.", INVOICE_LINES_MAX);
	json_add_copy(all, make(c, invoice, l)->body);
	invoice_total(c, invoice);
	return VT_OK;
}

enum vt_err
invoice_replace_line(struct call *c, struct doc *invoice, const char *id,
    const struct invoice_line *l)
{
	const struct json *j = json_first(invoice_lines(invoice));
	struct json *all = json_array(c->arena);
	struct doc *d = make(c, invoice, l);

	json_put_str(d->body, "id", id);
	for (; j != NULL; j = json_next(j))
		json_add_copy(
		    all, strcmp(json_str_at(j, "id"), id) == 0 ? d->body : j);
	invoice_set_lines(invoice, all);
	invoice_total(c, invoice);
	return VT_OK;
}
