/* checkout_items: what a session sells: its line items, their sums, and what
 * a coupon takes off. See checkout.h. */
#include "checkout.h"

#include <string.h>

#include "coupon.h"
#include "decimal.h"
#include "price.h"
#include "render.h"
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

/* The coupon that the parameters name, by itself or by a code for it. */
static enum vt_err
find_coupon(struct call *c, const struct json *given, struct doc **out)
{
	const char *coupon = json_str_at(given, "coupon");
	const char *code = json_str_at(given, "promotion_code");
	struct doc *d;
	enum vt_err err;

	if ((coupon == NULL) == (code == NULL))
		return call_fail(c, 400, NULL, "discounts[0]",
		    "You must provide either `coupon` or `promotion_code`.");
	if (code != NULL) {
		err = doc_need(c, R_PROMOTION_CODE, code,
		    "discounts[0][promotion_code]", &d);
		if (err != VT_OK)
			return err;
		if (!promotion_code_active(c, d->body))
			return call_fail(c, 400, "promotion_code_expired",
			    "discounts[0][promotion_code]",
			    "This promotion code cannot be redeemed any "
			    "more.");
		coupon = json_str_at(d->body, "promotion.coupon");
	}
	err = doc_need(c, R_COUPON, coupon, "discounts[0][coupon]", out);
	if (err == VT_OK && !coupon_valid(c, (*out)->body))
		return call_fail(c, 400, "coupon_expired",
		    "discounts[0][coupon]",
		    "This coupon cannot be redeemed any more.");
	return err;
}

static enum vt_err
amount_off(struct call *c, const struct doc *d, const struct doc *coupon,
    int64_t subtotal, int64_t *out)
{
	const char *percent = json_str_at(coupon->hidden, "percent_off");
	const char *currency = json_str_at(coupon->body, "currency");

	decimal rate;

	if (percent != NULL && decimal_parse(percent, &rate) &&
	    decimal_scale(rate, subtotal, 100, out))
		return VT_OK;
	if (currency == NULL ||
	    strcmp(currency, json_str_at(d->body, "currency")) != 0)
		return call_fail(c, 400, NULL, "discounts[0]",
		    "This coupon is not for %s.",
		    json_str_at(d->body, "currency"));
	*out = int_of(coupon->body, "amount_off");
	if (*out > subtotal)
		*out = subtotal;
	return VT_OK;
}

/* Each item bears its share; the last one what is left of the rounding. */
static enum vt_err
share(struct call *c, const struct doc *d, int64_t subtotal, int64_t discount)
{
	struct doc_ids items;
	int64_t left = discount, part;
	enum vt_err err = checkout_items(c, d, &items);

	for (size_t i = 0; err == VT_OK && i < items.count; i++) {
		struct doc *line = doc_find(c, R_CHECKOUT_ITEM, items.ids[i]);
		int64_t amount = int_of(line->body, "amount_subtotal");

		part = i + 1 == items.count || subtotal == 0
		    ? left
		    : amount_scale(discount, amount, subtotal);
		left -= part;
		json_put_int(line->body, "amount_discount", part);
		json_put_int(line->body, "amount_total", amount - part);
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
	struct doc *coupon;
	int64_t subtotal = int_of(d->body, "amount_subtotal"), off = 0;
	enum vt_err err;

	if (given == NULL)
		return VT_OK;
	if (json_count(list) > 1)
		return call_fail(c, 400, NULL, "discounts",
		    "You may only specify one discount.");
	if (doc_is(d, "mode", "setup"))
		return call_fail(c, 400, NULL, "discounts",
		    "You cannot pass `discounts` in `setup` mode.");
	err = find_coupon(c, given, &coupon);
	if (err == VT_OK)
		err = amount_off(c, d, coupon, subtotal, &off);
	if (err == VT_OK)
		err = share(c, d, subtotal, off);
	if (err != VT_OK)
		return err;
	put_sums(d, subtotal, off);
	shown = json_add_object(json_put_array(d->body, "discounts"));
	json_put_str(shown, "coupon", json_str_at(given, "coupon"));
	json_put_str(
	    shown, "promotion_code", json_str_at(given, "promotion_code"));
	return VT_OK;
}
