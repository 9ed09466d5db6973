/* subscription_items: /v1/subscription_items. */
#include <string.h>

#include "core/operation.h"
#include "core/render.h"
#include "subscriptions/subscription_item.h"
#include "subscriptions/subscription_params.h"
#include "subscriptions/subscription_update.h"

/* The item of the path, with its subscription. */
static enum vt_err
find(struct call *c, struct doc **item, struct doc **sub)
{
	enum vt_err err = doc_need(c, R_SUBSCRIPTION_ITEM, c->id, NULL, item);

	return err == VT_OK
	    ? doc_need(c, R_SUBSCRIPTION,
		  json_str_at((*item)->body, "subscription"), NULL, sub)
	    : err;
}

/*
 * What is asked of one item, as an update of its subscription: `element` is
 * its element in `items`, all else how it is billed.
 */
static enum vt_err
update_of(struct call *c, struct doc *sub, struct json *element)
{
	static const char *const how[] = { "off_session", "payment_behavior",
		"proration_behavior", "proration_date", NULL };
	static const char *const what[] = { "clear_usage", "discounts",
		"metadata", "plan", "price", "price_data", "quantity",
		"tax_rates", NULL };
	struct json *params = json_object(c->arena);

	doc_apply(params, c->params, how);
	doc_apply(element, c->params, what);
	json_add_copy(json_put_array(params, "items"), element);
	return subscription_update(c, sub, params);
}

/* The newest item is the one that was made; a pending one is shown as it
 * will be. */
static enum vt_err
show_made(struct call *c, struct doc *sub)
{
	const struct json *list =
	    json_at(sub->body, "pending_update.subscription_items");
	const struct json *last = NULL, *j;
	struct doc shown = { .kind = R_SUBSCRIPTION_ITEM };

	if (json_count(list) == 0)
		list = json_at(sub->body, "items.data");
	for (j = json_first(list); j != NULL; j = json_next(j))
		last = j;
	shown.body = json_clone(c->arena, last);
	shown.id = json_str_at(shown.body, "id");
	return render_doc(c, &shown);
}

static enum vt_err
create(struct call *c)
{
	struct doc *sub;
	enum vt_err err = doc_need(c, R_SUBSCRIPTION,
	    json_str_at(c->params, "subscription"), "subscription", &sub);

	if (err == VT_OK)
		err = update_of(c, sub, json_object(c->arena));
	return err == VT_OK ? show_made(c, sub) : err;
}

static enum vt_err
retrieve(struct call *c)
{
	struct doc *item, *sub;
	enum vt_err err = find(c, &item, &sub);

	return err == VT_OK ? render_doc(c, item) : err;
}

static enum vt_err
update(struct call *c)
{
	struct json *element = json_object(c->arena);
	struct doc *item, *sub;
	enum vt_err err = find(c, &item, &sub);

	json_put_str(element, "id", c->id);
	if (err == VT_OK)
		err = update_of(c, sub, element);
	return err == VT_OK ? render_doc(c, item) : err;
}

static enum vt_err
remove_item(struct call *c)
{
	struct json *element = json_object(c->arena), *out;
	struct doc *item, *sub;
	enum vt_err err = find(c, &item, &sub);

	json_put_str(element, "id", c->id);
	json_put_bool(element, "deleted", true);
	if (err == VT_OK)
		err = update_of(c, sub, element);
	if (err != VT_OK)
		return err;
	out = json_object(c->arena);
	json_put_str(out, "id", c->id);
	json_put_str(out, "object", "subscription_item");
	json_put_bool(out, "deleted", true);
	c->answer = json_text(c->arena, out);
	return VT_OK;
}

static enum vt_err
list(struct call *c)
{
	const char *id = json_str_at(c->params, "subscription");
	struct doc *sub;
	enum vt_err err = doc_need(c, R_SUBSCRIPTION, id, "subscription", &sub);

	return err == VT_OK
	    ? render_list(c,
		  &(struct list_filter){ .kind = R_SUBSCRIPTION_ITEM,
		      .parent = sub->id,
		      .delivered = -1 })
	    : err;
}

const struct operation subscription_item_operations[] = {
	{ HTTP_POST, "/v1/subscription_items", subscription_item_create_params,
	    create, 0 },
	{ HTTP_GET, "/v1/subscription_items", subscription_item_list_params,
	    list, 0 },
	{ HTTP_GET, "/v1/subscription_items/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/subscription_items/{}",
	    subscription_item_update_params, update, 0 },
	{ HTTP_DELETE, "/v1/subscription_items/{}",
	    subscription_item_delete_params, remove_item, 0 },
	{ 0 },
};
