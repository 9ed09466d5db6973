/* checkout_items: what a session sells: its line items, their sums, and what
 * a coupon takes off. See checkout.h. */
#include "payments/checkout.h"

#include <string.h>

#include "catalog/discount.h"
#include "catalog/price.h"
#include "core/render.h"
#include "text/money.h"

#define ITEMS_MAX 100

static int64_t
int_of(const struct json *o, const char *path)
{
	int64_t n = 0;

	(void)json_int_at(o, path, &n); /* always there */
	return n;
}

/* The price of one item: named, or made in passing. */
static enum vt_err
take_price(
    struct call *c, const struct json *item, const char *at, struct doc **out)
{
	const char *id = json_str_at(item, "price");
	const struct json *data = json_get(item, "price_data");

	if (id != NULL && data != NULL)
		return call_fail(c, 400, "parameters_exclusive", at,
		    "You may only specify one of these parameters: price, "
		    "price_data.");
	if (id != NULL)
		return price_take(
		    c, id, arena_printf(c->arena, "%s[price]", at), out);
	if (data == NULL)
		return call_fail(c, 400, "parameter_missing",
		    arena_printf(c->arena, "%s[price]", at),
		    "Missing required param: %s[price].", at);
	return price_make(
	    c, data, arena_printf(c->arena, "%s[price_data]", at), false, out);
}

/* Recurring prices are for subscriptions, and those need one. */
static enum vt_err
check_price(struct call *c, const struct doc *d, const struct doc *price,
    const char *at)
{
	if (doc_is(d, "mode", "payment") &&
	    json_is_object(json_get(price->body, "recurring")))
		return call_fail(c, 400, NULL, at,
		    "You specified `payment` mode but passed a recurring "
		    "price. Either switch to `subscription` mode or use only "
		    "one-time prices.");
	return VT_OK;
}

/* What the customer reads: the name of the product. */
static const char *
describe(struct call *c, const struct doc *price)
{
	const char *id = json_str_at(price->body, "product");
	struct doc *product = id == NULL ? NULL : doc_find(c, R_PRODUCT, id);

	return product == NULL ? json_str_at(price->body, "nickname")
			       : json_str_at(product->body, "name");
}

/* The trial of a subscription costs nothing yet. */
static bool
is_free_yet(const struct call *c, const struct doc *price)
{
	const struct json *data = json_get(c->params, "subscription_data");

	return json_is_object(json_get(price->body, "recurring")) &&
	    (json_get(data, "trial_period_days") != NULL ||
		json_get(data, "trial_end") != NULL);
}

static enum vt_err
make_item(struct call *c, struct doc *d, const struct json *item,
    const char *at, int64_t *sum, bool *recurring)
{
	struct doc *line = doc_new(c, R_CHECKOUT_ITEM), *price;
	const char *currency = json_str_at(d->body, "currency");
	int64_t quantity = 1, amount = 0;
	enum vt_err err;

	err = take_price(c, item, at, &price);
	if (err == VT_OK)
		err = check_price(c, d, price, at);
	if (err != VT_OK)
		return err;
	if (currency == NULL) {
		currency = json_str_at(price->body, "currency");
		json_put_str(d->body, "currency", currency);
	}
	(void)json_int_at(item, "quantity", &quantity); /* else one */
	err = price_amount(c, price, currency, quantity, &amount);
	if (err != VT_OK)
		return err;
	if (is_free_yet(c, price))
		amount = 0;
	*recurring =
	    *recurring || json_is_object(json_get(price->body, "recurring"));
	if (!money_add(*sum, amount, sum) || *sum > PRICE_UNIT_AMOUNT_MAX)
		return call_fail(c, 400, "amount_too_large", "line_items",
		    "The line items come to more than can be paid.");
	json_put_int(line->body, "amount_subtotal", amount);
	json_put_int(line->body, "amount_total", amount);
	json_put_str(line->body, "currency", currency);
	json_put_str(line->body, "description", describe(c, price));
	doc_metadata(c, line->body, item);
	json_put_copy(line->body, "price", render_embedded(c, price));
	json_put_int(line->body, "quantity", quantity);
	json_put_str(line->hidden, "session", d->id);
	return doc_save(c, line);
}

static void
put_sums(struct doc *d, int64_t subtotal, int64_t discount)
{
	struct json *o;

	json_put_int(d->body, "amount_subtotal", subtotal);
	json_put_int(d->body, "amount_total", subtotal - discount);
	o = json_put_object(d->body, "total_details");
	json_put_int(o, "amount_discount", discount);
	json_put_int(o, "amount_shipping", 0);
	json_put_int(o, "amount_tax", 0);
}

enum vt_err
checkout_put_items(struct call *c, struct doc *d)
{
	const struct json *items = json_get(c->params, "line_items");
	size_t count = json_count(items);
	const struct json *given[ITEMS_MAX];
	bool recurring = false;
	int64_t sum = 0;
	enum vt_err err = VT_OK;
	size_t n = 0;

	if (doc_is(d, "mode", "setup"))
		return items == NULL
		    ? VT_OK
		    : call_fail(c, 400, "parameter_unknown", "line_items",
			  "You cannot pass `line_items` in `setup` mode.");
	if (count == 0)
		return call_fail(c, 400, "parameter_missing", "line_items",
		    "You must pass `line_items` in `payment` and "
		    "`subscription` mode.");
	if (count > ITEMS_MAX)
		return call_fail(c, 400, NULL, "line_items",
		    "A session has %d line items at most.", ITEMS_MAX);
	for (const struct json *j = json_first(items); j != NULL;
	     j = json_next(j))
		given[n++] = j;
	/* Lists go newest first, and the first item comes first. */
	for (size_t i = n; i > 0 && err == VT_OK; i--)
		err = make_item(c, d, given[i - 1],
		    arena_printf(c->arena, "line_items[%zu]", i - 1), &sum,
		    &recurring);
	if (err == VT_OK && doc_is(d, "mode", "subscription") && !recurring)
		return call_fail(c, 400, NULL, "line_items",
		    "You must provide at least one recurring price in "
		    "`subscription` mode.");
	put_sums(d, sum, 0);
	return err;
}

enum vt_err
checkout_items(struct call *c, const struct doc *d, struct doc_ids *out)
{
	enum vt_err err =
	    doc_ids(c, R_CHECKOUT_ITEM, DOC_OF_PARENT, d->id, out);

	for (size_t i = 0; err == VT_OK && i < out->count / 2; i++) {
		const char *id = out->ids[i];

		out->ids[i] = out->ids[out->count - 1 - i];
		out->ids[out->count - 1 - i] = id;
	}
	return err;
}

static struct discount_for
discount_for(const struct doc *d)
{
	return (struct discount_for){
		.customer = json_str_at(d->body, "customer"),
		.checkout_session = d->id,
		.currency = json_str_at(d->body, "currency"),
		.amount = int_of(d->body, "amount_subtotal"),
	};
}

/*
 * What the discount would take off each line, with all that could stand in
 * its way: it is redeemed, looked at, and redeeming it is undone.
 */
static enum vt_err
try_discount(struct call *c, const struct doc *d, struct bill_line *lines,
    const char *const *products, size_t count)
{
	const struct discount_for f = discount_for(d);
	struct json *ids;
	enum vt_err err = db_savepoint(c->box->db), undone;

	if (err != VT_OK)
		return err;
	err = discounts_redeem(
	    c, json_get(c->params, "discounts"), "discounts", &f, &ids);
	if (err == VT_OK)
		discount_apply(
		    doc_find(c, R_DISCOUNT, json_str(json_first(ids))),
		    f.currency, lines, products, count);
	undone = db_undo(c->box->db);
	doc_forget(c);
	return err == VT_OK ? undone : err;
}

/* Writes it on the items; *off is what it comes to. */
static enum vt_err
discount_items(struct call *c, const struct doc *d, int64_t *off)
{
	struct bill_line lines[ITEMS_MAX];
	const char *products[ITEMS_MAX];
	struct doc_ids items;
	struct doc *line;
	enum vt_err err = checkout_items(c, d, &items);

	if (err != VT_OK)
		return err;
	for (size_t i = 0; i < items.count; i++) {
		line = doc_find(c, R_CHECKOUT_ITEM, items.ids[i]);
		products[i] = json_str_at(line->body, "price.product");
		lines[i] = (struct bill_line){
			.left = int_of(line->body, "amount_subtotal"),
			.takes = true,
		};
	}
	err = try_discount(c, d, lines, products, items.count);
	for (size_t i = 0; err == VT_OK && i < items.count; i++) {
		line = doc_find(c, R_CHECKOUT_ITEM, items.ids[i]);
		json_put_int(line->body, "amount_discount", lines[i].off);
		json_put_int(line->body, "amount_total",
		    int_of(line->body, "amount_subtotal") - lines[i].off);
		*off += lines[i].off;
		err = doc_save(c, line);
	}
	return err;
}

enum vt_err
checkout_put_discount(struct call *c, struct doc *d)
{
	const struct json *list = json_get(c->params, "discounts");
	const struct json *given = json_first(list);
	struct json *shown;
	int64_t off = 0;
	enum vt_err err;

	if (given == NULL)
		return VT_OK;
	if (json_count(list) > 1)
		return call_fail(c, 400, NULL, "discounts",
		    "You may only specify one discount.");
	if (doc_is(d, "mode", "setup"))
		return call_fail(c, 400, NULL, "discounts",
		    "You cannot pass `discounts` in `setup` mode.");
	err = discount_items(c, d, &off);
	if (err != VT_OK)
		return err;
	put_sums(d, int_of(d->body, "amount_subtotal"), off);
	shown = json_add_object(json_put_array(d->body, "discounts"));
	json_put_str(shown, "coupon", json_str_at(given, "coupon"));
	json_put_str(
	    shown, "promotion_code", json_str_at(given, "promotion_code"));
	return VT_OK;
}

/*
 * It was good when the customer began to pay, so that it has been used up
 * meanwhile is no reason to undo the payment.
 */
enum vt_err
checkout_redeem(struct call *c, const struct doc *d)
{
	const struct discount_for f = discount_for(d);
	struct json *ids;
	enum vt_err err;

	if (!doc_is(d, "mode", "payment"))
		return VT_OK; /* the subscription has it */
	err = discounts_redeem(
	    c, json_get(d->hidden, "discounts"), "discounts", &f, &ids);
	if (err != VT_INVALID)
		return err;
	c->error = (struct api_error){ 0 };
	return VT_OK;
}
