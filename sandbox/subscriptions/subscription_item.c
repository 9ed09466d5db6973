/* subscription_item: see subscription_item.h. */
#include "subscriptions/subscription_item.h"

#include <string.h>

#include "catalog/discount.h"
#include "catalog/price.h"

struct doc *
subscription_item_new(struct call *c, const struct doc *sub)
{
	struct doc *item = doc_new(c, R_SUBSCRIPTION_ITEM);

	json_put_str(item->body, "subscription", sub->id);
	return item;
}

struct doc *
subscription_item_copy(struct call *c, const struct doc *item)
{
	struct doc *copy = arena_alloc(c->arena, sizeof(*copy));

	*copy = *item;
	copy->body = json_clone(c->arena, item->body);
	copy->hidden = json_clone(c->arena, item->hidden);
	copy->next = NULL;
	return copy;
}

/* "items[0][price]", or "price" at the top. */
static const char *
name_of(struct call *c, const char *at, const char *name)
{
	return at[0] == '\0' ? name
			     : arena_printf(c->arena, "%s[%s]", at, name);
}

void
subscription_item_show(struct doc *item, const struct doc *price)
{
	json_put_copy(item->body, "price", price->body);
	price_as_plan(price->body, json_put_object(item->body, "plan"));
}

enum vt_err
subscription_item_ids(
    struct call *c, const struct doc *price, struct doc_ids *out)
{
	struct query q;
	enum vt_err err;
	size_t n = 0;

	err = db_query(&q, c->box->db,
	    "SELECT id, count(*) OVER () FROM objects WHERE kind = "
	    "'subscription_item' AND deleted = 0 AND json_extract(body, "
	    "'$.price.id') = :price ORDER BY seq",
	    DB_TEXT("price", price->id));
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		if (n == 0)
			out->ids = arena_array(
			    c->arena, (size_t)db_int(&q, 1), sizeof(*out->ids));
		out->ids[n++] = arena_strdup(c->arena, db_text(&q, 0));
	}
	db_done(&q);
	out->count = n;
	return err == VT_NOTFOUND ? VT_OK : err;
}

static enum vt_err
put_price(
    struct call *c, struct doc *item, const struct json *params, const char *at)
{
	const char *id = json_str_at(params, "price");
	const char *param = name_of(c, at, "price");
	const struct json *data = json_get(params, "price_data");
	struct doc *price;
	enum vt_err err;

	if (id == NULL && json_str_at(params, "plan") != NULL) {
		id = json_str_at(params, "plan");
		param = name_of(c, at, "plan");
	}
	if (id != NULL && data != NULL)
		return call_fail(c, 400, "parameters_exclusive", param,
		    "You may only specify one of these parameters: price, "
		    "price_data.");
	if (id == NULL && data == NULL)
		return VT_OK;
	if (id != NULL)
		err = price_take(c, id, param, &price);
	else {
		param = name_of(c, at, "price_data");
		if (json_get(data, "recurring") == NULL)
			return call_fail(c, 400, "parameter_missing",
			    name_of(c, param, "recurring"),
			    "Missing required param: %s.",
			    name_of(c, param, "recurring"));
		err = price_make(c, data, param, false, &price);
	}
	if (err != VT_OK)
		return err;
	if (!doc_is(price, "type", "recurring"))
		return call_fail(c, 400, NULL, param,
		    "The price specified is set to `type=one_time` but this "
		    "field only accepts prices with `type=recurring`.");
	subscription_item_show(item, price);
	return VT_OK;
}

static enum vt_err
put_quantity(
    struct call *c, struct doc *item, const struct json *params, const char *at)
{
	const struct json *given = json_get(params, "quantity");

	if (subscription_item_metered(item)) {
		json_remove(item->body, "quantity");
		if (given == NULL)
			return VT_OK;
		return call_fail(c, 400, NULL, name_of(c, at, "quantity"),
		    "A quantity cannot be set for a price whose usage is "
		    "metered.");
	}
	if (given != NULL)
		json_put_copy(item->body, "quantity", given);
	else if (json_get(item->body, "quantity") == NULL)
		json_put_int(item->body, "quantity", 1);
	return VT_OK;
}

static enum vt_err
put_discounts(struct call *c, const struct doc *sub, struct doc *item,
    const struct json *params, const char *at)
{
	const struct json *given = json_get(params, "discounts");
	struct json *ids;
	enum vt_err err;

	if (given == NULL)
		return VT_OK;
	err = discounts_redeem(c, given, name_of(c, at, "discounts"),
	    &(struct discount_for){
		.customer = json_str_at(sub->body, "customer"),
		.subscription = sub->id,
		.subscription_item = item->id,
		.currency = json_str_at(item->body, "price.currency"),
		.amount = -1 },
	    &ids);
	if (err == VT_OK)
		json_put_copy(item->body, "discounts", ids);
	return err;
}

enum vt_err
subscription_item_apply(struct call *c, const struct doc *sub, struct doc *item,
    const struct json *params, const char *at)
{
	enum vt_err err = put_price(c, item, params, at);

	if (err == VT_OK && json_is_null(json_get(item->body, "price")))
		return call_fail(c, 400, "parameter_missing",
		    name_of(c, at, "price"), "Missing required param: %s.",
		    name_of(c, at, "price"));
	if (err == VT_OK)
		err = put_quantity(c, item, params, at);
	if (err == VT_OK)
		err = put_discounts(c, sub, item, params, at);
	if (err != VT_OK)
		return err;
	doc_metadata(c, item->body, params);
	if (json_get(params, "tax_rates") != NULL)
		json_put_copy(item->body, "tax_rates",
		    json_is_null(json_get(params, "tax_rates"))
			? json_array(c->arena)
			: json_get(params, "tax_rates"));
	return VT_OK;
}

enum vt_err
subscription_item_price(
    struct call *c, const struct doc *item, struct doc **out)
{
	*out = doc_find(c, R_PRICE, json_str_at(item->body, "price.id"));
	return *out == NULL ? VT_DB : VT_OK;
}

int64_t
subscription_item_quantity(const struct doc *item)
{
	return doc_int(item, "quantity");
}

bool
subscription_item_metered(const struct doc *item)
{
	return doc_is(item, "price.recurring.usage_type", "metered");
}

enum vt_err
subscription_item_amount(
    struct call *c, const struct doc *sub, const struct doc *item, int64_t *out)
{
	struct doc *price;
	enum vt_err err;

	*out = 0;
	if (subscription_item_metered(item))
		return VT_OK;
	err = subscription_item_price(c, item, &price);
	return err == VT_OK
	    ? price_amount(c, price, json_str_at(sub->body, "currency"),
		  subscription_item_quantity(item), out)
	    : err;
}

const char *
subscription_item_title(struct call *c, const struct doc *item)
{
	struct doc *product =
	    doc_find(c, R_PRODUCT, json_str_at(item->body, "price.product"));
	const char *name =
	    product == NULL ? NULL : json_str_at(product->body, "name");
	int64_t quantity = subscription_item_quantity(item);

	if (name == NULL)
		name = "a product that is gone";
	return quantity > 1
	    ? arena_printf(c->arena, "%lld × %s", (long long)quantity, name)
	    : name;
}

/* --- together --------------------------------------------------------- */

static enum vt_err
check_interval(struct call *c, const struct doc *a, const struct doc *b)
{
	struct period p = period_of(json_at(a->body, "price.recurring"), 0);
	struct period q = period_of(json_at(b->body, "price.recurring"), 0);

	if (p.unit == q.unit && p.count == q.count)
		return VT_OK;
	return call_fail(c, 400, NULL, "items",
	    "Currency and interval fields must match across all plans on this "
	    "subscription. Found mismatch in interval field. Subscriptions "
	    "with billing_mode[type]=flexible can mix intervals.");
}

enum vt_err
subscription_item_check(
    struct call *c, struct doc *sub, struct doc *const *items, size_t count)
{
	bool classic = doc_is(sub, "billing_mode.type", "classic");
	struct doc *price;
	enum vt_err err;

	if (count == 0)
		return call_fail(c, 400, NULL, "items",
		    "A subscription must have at least one active plan. To "
		    "cancel a subscription, use the cancel endpoint.");
	if (count > SUBSCRIPTION_ITEMS_MAX)
		return call_fail(c, 400, NULL, "items",
		    "A subscription can have %d items at most.",
		    SUBSCRIPTION_ITEMS_MAX);
	if (json_str_at(sub->body, "currency") == NULL)
		json_put_str(sub->body, "currency",
		    json_str_at(items[0]->body, "price.currency"));
	for (size_t i = 0; i < count; i++) {
		err = subscription_item_price(c, items[i], &price);
		if (err != VT_OK)
			return err;
		if (!price_sells_in(price, json_str_at(sub->body, "currency")))
			return call_fail(c, 400, NULL, "items",
			    "The price %s has no amount in the subscription's "
			    "currency, %s.",
			    price->id, json_str_at(sub->body, "currency"));
		err = classic ? check_interval(c, items[0], items[i]) : VT_OK;
		for (size_t k = 0; k < i && err == VT_OK; k++)
			if (doc_is(items[k], "price.id", price->id))
				return call_fail(c, 400, NULL, "items",
				    "Cannot add multiple subscription items "
				    "with the same price: %s.",
				    price->id);
		if (err != VT_OK)
			return err;
	}
	return VT_OK;
}
