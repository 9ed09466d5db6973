/* products: /v1/products. */
#include <string.h>

#include "catalog/price.h"
#include "catalog/product.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/operation.h"
#include "core/render.h"
#include "core/search.h"

static const char *const types[] = { "good", "service", NULL };
static const struct param texts[] = { PARAM("", P_STR, 0) };
static const struct param feature[] = {
	PARAM_RANGE("name", P_STR, P_REQUIRED, 0, 80),
	PARAM_END,
};
static const struct param features[] = { PARAM_OF("", P_HASH, 0, feature) };
static const struct param dimensions[] = {
	PARAM("height", P_DECIMAL, P_REQUIRED),
	PARAM("length", P_DECIMAL, P_REQUIRED),
	PARAM("weight", P_DECIMAL, P_REQUIRED),
	PARAM("width", P_DECIMAL, P_REQUIRED),
	PARAM_END,
};
static const struct param tax_details[] = {
	PARAM("performance_location", P_STR, 0),
	PARAM("tax_code", P_STR, P_EMPTY),
	PARAM_END,
};
const struct param price_product_params[] = {
	PARAM("name", P_STR, P_REQUIRED),
	PARAM("active", P_BOOL, 0),
	PARAM("description", P_STR, 0),
	PARAM("id", P_STR, 0),
	PARAM_OF("images", P_LIST, 0, texts),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_RANGE("statement_descriptor", P_STR, 0, 0, 22),
	PARAM("tax_code", P_STR, 0),
	PARAM_OF("tax_details", P_HASH, 0, tax_details),
	PARAM_RANGE("unit_label", P_STR, 0, 0, 12),
	PARAM_END,
};
static const struct param default_price[] = {
	PARAM("currency", P_CURRENCY, P_REQUIRED),
	PARAM_OF("currency_options", P_MAP, 0, price_options_params),
	PARAM_OF("custom_unit_amount", P_HASH, 0, price_custom_params),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_OF("recurring", P_HASH, 0, price_recurring_params),
	PARAM_ENUM("tax_behavior", 0, price_tax_behaviors),
	PRICE_AMOUNT_PARAMS,
	PARAM_END,
};

#define PRODUCT_PARAMS                                                    \
	PARAM("active", P_BOOL, 0), PARAM("description", P_STR, P_EMPTY), \
	    PARAM_OF("images", P_LIST, P_EMPTY, texts),                   \
	    PARAM_OF("marketing_features", P_LIST, P_EMPTY, features),    \
	    PARAM("metadata", P_META, P_EMPTY),                           \
	    PARAM_OF("package_dimensions", P_HASH, P_EMPTY, dimensions),  \
	    PARAM("shippable", P_BOOL, 0),                                \
	    PARAM_RANGE("statement_descriptor", P_STR, 0, 0, 22),         \
	    PARAM("tax_code", P_STR, P_EMPTY),                            \
	    PARAM_OF("tax_details", P_HASH, P_EMPTY, tax_details),        \
	    PARAM_RANGE("unit_label", P_STR, P_EMPTY, 0, 12),             \
	    PARAM("url", P_STR, P_EMPTY)

static const struct param create_params[] = {
	PARAM("name", P_STR, P_REQUIRED),
	PRODUCT_PARAMS,
	PARAM_OF("default_price_data", P_HASH, 0, default_price),
	PARAM("id", P_STR, 0),
	PARAM_ENUM("type", 0, types),
	PARAM_END,
};
static const struct param update_params[] = {
	PARAM("name", P_STR, 0),
	PRODUCT_PARAMS,
	PARAM("default_price", P_STR, P_EMPTY),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("active", P_BOOL, 0),
	PARAM("created", P_RANGE, 0),
	PARAM_OF("ids", P_LIST, 0, texts),
	PARAM("shippable", P_BOOL, 0),
	PARAM_ENUM("type", 0, types),
	PARAM("url", P_STR, 0),
	PARAM_END,
};
static const struct list_rule list_rules[] = {
	{ "active", "active" },
	{ "ids", "id" },
	{ "shippable", "shippable" },
	{ "type", "type" },
	{ "url", "url" },
	{ NULL, NULL },
};

/* Sizes are numbers, which parameters keep as exact texts. */
static void
put_dimensions(struct json *body, const struct json *given)
{
	struct json *o;

	if (!json_is_object(given))
		return;
	o = json_put_object(body, "package_dimensions");
	for (const struct json *m = json_first(given); m != NULL;
	     m = json_next(m))
		json_put_text(o, json_name(m), json_str(m));
}

static void
put_tax_details(struct json *body, const struct json *given)
{
	struct json *o;

	if (!json_is_object(given))
		return;
	o = json_put_object(body, "tax_details");
	json_put_copy(
	    o, "performance_location", json_get(given, "performance_location"));
	json_put_copy(o, "tax_code", json_get(given, "tax_code"));
}

static void
apply(struct call *c, struct doc *d, const struct json *params)
{
	static const char *const names[] = { "active", "description", "images",
		"marketing_features", "name", "package_dimensions", "shippable",
		"statement_descriptor", "tax_code", "tax_details", "type",
		"unit_label", "url", NULL };

	doc_apply(d->body, params, names);
	doc_metadata(c, d->body, params);
	put_dimensions(d->body, json_get(params, "package_dimensions"));
	put_tax_details(d->body, json_get(params, "tax_details"));
	if (json_is_null(json_get(d->body, "images")))
		json_put_text(d->body, "images", "[]");
	if (json_is_null(json_get(d->body, "marketing_features")))
		json_put_text(d->body, "marketing_features", "[]");
	json_put_int(d->body, "updated", c->now_s);
}

enum vt_err
product_make(struct call *c, const struct json *params, struct doc **out)
{
	struct doc *d = doc_new(c, R_PRODUCT);
	enum vt_err err;

	*out = d;
	err = doc_name(c, d, json_str_at(params, "id"));
	if (err != VT_OK)
		return err;
	apply(c, d, params);
	err = doc_save(c, d);
	return err == VT_OK ? event_emit(c, "product.created", d) : err;
}

/* The price made together with the product. */
static enum vt_err
make_default_price(struct call *c, struct doc *d)
{
	const struct json *given = json_get(c->params, "default_price_data");
	struct json *params;
	struct doc *price;
	enum vt_err err;

	if (given == NULL)
		return VT_OK;
	params = json_clone(c->arena, given);
	json_put_str(params, "product", d->id);
	err = price_make(c, params, "default_price_data", true, &price);
	if (err != VT_OK)
		return err;
	json_put_str(d->body, "default_price", price->id);
	err = doc_save(c, d);
	return err == VT_OK ? event_updated(c, "product.updated", d) : err;
}

static enum vt_err
create(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = product_make(c, c->params, &d);
	if (err == VT_OK)
		err = make_default_price(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_PRODUCT, c->id);
}

static enum vt_err
put_default_price(struct call *c, struct doc *d)
{
	const char *id = json_str_at(c->params, "default_price");
	struct doc *price;
	enum vt_err err;

	if (json_get(c->params, "default_price") == NULL)
		return VT_OK;
	json_put_str(d->body, "default_price", id);
	if (id == NULL)
		return VT_OK;
	err = price_take(c, id, "default_price", &price);
	if (err == VT_OK &&
	    strcmp(json_str_at(price->body, "product"), d->id) != 0)
		return call_fail(c, 400, NULL, "default_price",
		    "The price specified (%s) does not belong to the product "
		    "%s.",
		    id, d->id);
	return err;
}

static enum vt_err
update(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_PRODUCT, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	apply(c, d, c->params);
	err = put_default_price(c, d);
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK)
		err = event_updated(c, "product.updated", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static bool
has_prices(struct call *c, const struct doc *d)
{
	struct query q;

	if (db_row(&q, c->box->db,
		"SELECT 1 FROM objects WHERE parent = :id AND kind = 'price' "
		"LIMIT 1",
		DB_TEXT("id", d->id)) != VT_OK)
		return false;
	db_done(&q);
	return true;
}

static enum vt_err
delete_product(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_PRODUCT, c->id, NULL, &d);
	if (err != VT_OK)
		return err;
	if (has_prices(c, d))
		return call_fail(c, 400, NULL, NULL,
		    "This product cannot be deleted because it has one or "
		    "more user-created prices.");
	err = event_emit(c, "product.deleted", d);
	return err == VT_OK ? render_removed(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	return render_list(c,
	    &(struct list_filter){ .kind = R_PRODUCT,
		.members = list_members(c, list_rules),
		.delivered = -1 });
}

static enum vt_err
search(struct call *c)
{
	static const struct search_field fields[] = {
		{ "active", "active", SEARCH_TOKEN },
		{ "description", "description", SEARCH_TEXT },
		{ "name", "name", SEARCH_TEXT },
		{ "shippable", "shippable", SEARCH_TOKEN },
		{ "url", "url", SEARCH_TEXT },
		SEARCH_END,
	};

	return search_run(c, R_PRODUCT, fields);
}

const struct operation product_operations[] = {
	{ HTTP_POST, "/v1/products", create_params, create, 0 },
	{ HTTP_GET, "/v1/products", list_params, list, 0 },
	{ HTTP_GET, "/v1/products/search", search_params, search, 0 },
	{ HTTP_GET, "/v1/products/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/products/{}", update_params, update, 0 },
	{ HTTP_DELETE, "/v1/products/{}", params_none, delete_product, 0 },
	{ 0 },
};
