/* price_make: a price out of the parameters that describe it. See price.h. */
#include <string.h>

#include "catalog/price.h"
#include "catalog/product.h"
#include "core/decimal.h"
#include "core/event.h"
#include "payments/intent.h"
#include "text/money.h"

const char *const price_intervals[] = { "day", "month", "week", "year", NULL };
const char *const price_tax_behaviors[] = { "exclusive", "inclusive",
	"unspecified", NULL };
const char *const price_usages[] = { "licensed", "metered", NULL };

const char *const price_schemes[] = { "per_unit", "tiered", NULL };
const char *const price_tiers_modes[] = { "graduated", "volume", NULL };
static const char *const rounds[] = { "down", "up", NULL };

const struct param price_transform_params[] = {
	PARAM_RANGE("divide_by", P_INT, P_REQUIRED, 1, PRICE_QUANTITY_MAX),
	PARAM_ENUM("round", P_REQUIRED, rounds),
	PARAM_END,
};
const struct param price_custom_params[] = {
	PARAM("enabled", P_BOOL, P_REQUIRED),
	PARAM_RANGE("maximum", P_INT, 0, 1, PRICE_UNIT_AMOUNT_MAX),
	PARAM_RANGE("minimum", P_INT, 0, 0, PRICE_UNIT_AMOUNT_MAX),
	PARAM_RANGE("preset", P_INT, 0, 0, PRICE_UNIT_AMOUNT_MAX),
	PARAM_END,
};
static const struct param tier[] = {
	PARAM_RANGE("flat_amount", P_INT, 0, 0, PRICE_UNIT_AMOUNT_MAX),
	PARAM_RANGE(
	    "flat_amount_decimal", P_DECIMAL, 0, 0, PRICE_UNIT_AMOUNT_MAX),
	PRICE_AMOUNT_PARAMS,
	PARAM("up_to", P_STR, P_REQUIRED),
	PARAM_END,
};
const struct param price_tiers_params[] = { PARAM_OF("", P_HASH, 0, tier) };
const struct param price_options_params[] = {
	PARAM_OF("custom_unit_amount", P_HASH, 0, price_custom_params),
	PARAM_ENUM("tax_behavior", 0, price_tax_behaviors),
	PARAM_OF("tiers", P_LIST, 0, price_tiers_params),
	PRICE_AMOUNT_PARAMS,
	PARAM_END,
};
static const struct param simple_recurring[] = {
	PARAM_ENUM("interval", P_REQUIRED, price_intervals),
	PARAM_RANGE("interval_count", P_INT, 0, 1, 1095),
	PARAM_END,
};
const struct param price_recurring_params[] = {
	PARAM_ENUM("interval", P_REQUIRED, price_intervals),
	PARAM_RANGE("interval_count", P_INT, 0, 1, 1095),
	PARAM("meter", P_STR, 0),
	PARAM_RANGE("trial_period_days", P_INT, 0, 1, 730),
	PARAM_ENUM("usage_type", 0, price_usages),
	PARAM_END,
};
const struct param price_data_params[] = {
	PARAM("currency", P_CURRENCY, P_REQUIRED),
	PARAM("product", P_STR, 0),
	PARAM_OF("product_data", P_HASH, 0, price_product_params),
	PARAM_OF("recurring", P_HASH, 0, simple_recurring),
	PARAM_ENUM("tax_behavior", 0, price_tax_behaviors),
	PRICE_AMOUNT_PARAMS,
	PARAM_END,
};

/* "price_data[product]", as the caller wrote it. */
static const char *
at(struct call *c, const char *prefix, const char *name)
{
	return prefix == NULL ? name
			      : arena_printf(c->arena, "%s[%s]", prefix, name);
}

/*
 * `name` and `name`_decimal, of which one was given: the text, and the whole
 * number if it is one. False when neither is there.
 */
static bool
put_amount(struct call *c, const struct json *params, const char *name,
    struct json *out)
{
	const char *exact = arena_printf(c->arena, "%s_decimal", name);
	const char *text = json_str_at(params, exact);
	int64_t whole = 0;
	decimal d = 0;

	if (text != NULL)
		(void)decimal_parse(text, &d); /* was checked */
	else if (json_int_at(params, name, &whole))
		d = decimal_of(whole);
	else {
		json_put_null(out, name);
		json_put_null(out, exact);
		return false;
	}
	if (decimal_whole(d, &whole))
		json_put_int(out, name, whole);
	else
		json_put_null(out, name);
	json_put_str(out, exact, decimal_text(c->arena, d));
	return true;
}

/* The end of a tier: a number above the last one's, or "inf" at the end. */
static enum vt_err
put_up_to(struct call *c, const struct json *given, int64_t *last,
    const char *param, struct json *out)
{
	const char *text = json_str_at(given, "up_to");
	decimal d;
	int64_t n;

	if (strcmp(text, "inf") == 0) {
		if (json_next(given) != NULL)
			return call_fail(c, 400, NULL, param,
			    "Only the last tier can be without an upper "
			    "bound (up_to = inf).");
		json_put_null(out, "up_to");
		return VT_OK;
	}
	if (!decimal_parse(text, &d) || !decimal_whole(d, &n) || n <= *last)
		return call_fail(c, 400, NULL, param,
		    "Tiers must be given in ascending order of up_to, each a "
		    "positive integer or inf.");
	if (json_next(given) == NULL)
		return call_fail(c, 400, NULL, param,
		    "The last tier must have up_to = inf.");
	json_put_int(out, "up_to", n);
	*last = n;
	return VT_OK;
}

static enum vt_err
put_tiers(struct call *c, const struct json *given, const char *param,
    struct json *out)
{
	int64_t last = 0;
	enum vt_err err = VT_OK;

	for (given = json_first(given); given != NULL && err == VT_OK;
	     given = json_next(given)) {
		struct json *t = json_add_object(out);
		bool flat = put_amount(c, given, "flat_amount", t);

		if (!put_amount(c, given, "unit_amount", t) && !flat)
			return call_fail(c, 400, "parameter_missing", param,
			    "Each tier needs a `unit_amount` or a "
			    "`flat_amount`.");
		err = put_up_to(c, given, &last, param, t);
	}
	return err;
}

static void
put_custom(struct json *out, const struct json *given)
{
	static const char *const names[] = { "maximum", "minimum", "preset",
		NULL };
	struct json *o;

	if (!intent_flag(given, "enabled")) {
		json_put_null(out, "custom_unit_amount");
		return;
	}
	o = json_put_object(out, "custom_unit_amount");
	for (const char *const *n = names; *n != NULL; n++)
		json_put_copy(o, *n, json_get(given, *n));
}

/* The amounts in one currency, of the parameters or of one option. */
static enum vt_err
put_option(struct call *c, struct doc *d, const struct json *given,
    const char *currency, const char *prefix)
{
	struct json *all = json_edit(d->hidden, "currency_options");
	struct json *o = json_put_object(all, currency);
	const struct json *steps = json_get(given, "tiers");
	const char *behavior = json_str_at(given, "tax_behavior");
	bool tiered =
	    strcmp(json_str_at(d->body, "billing_scheme"), "tiered") == 0;
	bool priced;

	put_custom(o, json_get(given, "custom_unit_amount"));
	json_put_str(
	    o, "tax_behavior", behavior != NULL ? behavior : "unspecified");
	priced = put_amount(c, given, "unit_amount", o);
	if (tiered != (steps != NULL) || (tiered && priced))
		return call_fail(c, 400, NULL, at(c, prefix, "tiers"),
		    "Give `tiers`, and no `unit_amount`, when "
		    "`billing_scheme` is `tiered`, and only then.");
	if (tiered)
		return put_tiers(c, steps, at(c, prefix, "tiers"),
		    json_put_array(json_edit(d->hidden, "tiers_of"), currency));
	if (priced == json_is_object(json_get(o, "custom_unit_amount")))
		return call_fail(c, 400, "parameter_missing",
		    at(c, prefix, "unit_amount"),
		    "Prices require exactly one of `unit_amount`, "
		    "`unit_amount_decimal` and `custom_unit_amount`.");
	return VT_OK;
}

enum vt_err
price_put_options(struct call *c, struct doc *d, const struct json *given)
{
	enum vt_err err = VT_OK;

	for (given = json_first(given); given != NULL && err == VT_OK;
	     given = json_next(given)) {
		const char *currency = json_name(given);
		const char *prefix =
		    arena_printf(c->arena, "currency_options[%s]", currency);

		if (!money_currency_valid(currency))
			return call_fail(c, 400, NULL, prefix,
			    "Invalid currency: %s.", currency);
		err = put_option(c, d, given, currency, prefix);
	}
	return err;
}

/* The parameters' own currency, which is the price's as well. */
static enum vt_err
put_amounts(struct call *c, struct doc *d, const struct json *params,
    const char *prefix)
{
	static const char *const names[] = { "custom_unit_amount",
		"tax_behavior", "unit_amount", "unit_amount_decimal", NULL };
	const char *currency = json_str_at(params, "currency");
	enum vt_err err;

	(void)json_put_object(d->hidden, "currency_options");
	(void)json_put_object(d->hidden, "tiers_of");
	err = put_option(c, d, params, currency, prefix);
	if (err == VT_OK)
		err = price_put_options(
		    c, d, json_get(params, "currency_options"));
	if (err != VT_OK)
		return err;
	doc_apply(d->body,
	    json_get(json_get(d->hidden, "currency_options"), currency), names);
	if (json_get(params, "tiers") != NULL)
		json_put_copy(d->hidden, "tiers",
		    json_get(json_get(d->hidden, "tiers_of"), currency));
	return VT_OK;
}

/* No interval is longer than three years. */
static enum vt_err
put_recurring(
    struct call *c, struct doc *d, const struct json *given, const char *prefix)
{
	static const struct {
		const char *interval;
		int64_t max;
	} limits[] = { { "day", 1095 }, { "week", 156 }, { "month", 36 },
		{ "year", 3 } };
	const char *interval = json_str_at(given, "interval");
	const char *usage = json_str_at(given, "usage_type");
	struct json *o;
	int64_t count = 1;

	if (given == NULL)
		return VT_OK;
	(void)json_int_at(given, "interval_count", &count); /* else one */
	for (size_t i = 0; i < countof(limits); i++)
		if (strcmp(limits[i].interval, interval) == 0 &&
		    count > limits[i].max)
			return call_fail(c, 400, NULL,
			    at(c, prefix, "recurring[interval_count]"),
			    "The billing interval must be at most 3 years.");
	if (usage != NULL && strcmp(usage, "metered") == 0 &&
	    json_get(given, "meter") == NULL)
		return call_fail(c, 400, "parameter_missing",
		    at(c, prefix, "recurring[meter]"),
		    "Metered prices must be backed by meters.");
	o = json_put_object(d->body, "recurring");
	json_put_str(o, "interval", interval);
	json_put_int(o, "interval_count", count);
	json_put_copy(o, "meter", json_get(given, "meter"));
	json_put_copy(
	    o, "trial_period_days", json_get(given, "trial_period_days"));
	json_put_str(o, "usage_type", usage != NULL ? usage : "licensed");
	json_put_str(d->body, "type", "recurring");
	return VT_OK;
}

static enum vt_err
put_product(struct call *c, struct doc *d, const struct json *params,
    const char *prefix)
{
	const char *id = json_str_at(params, "product");
	const struct json *data = json_get(params, "product_data");
	struct doc *product;
	enum vt_err err;

	if ((id == NULL) == (data == NULL))
		return call_fail(c, 400,
		    id == NULL ? "parameter_missing" : "parameters_exclusive",
		    at(c, prefix, "product"),
		    "You must specify exactly one of these parameters: "
		    "product, product_data.");
	err = id != NULL
	    ? doc_need(c, R_PRODUCT, id, at(c, prefix, "product"), &product)
	    : product_make(c, data, &product);
	if (err == VT_OK)
		json_put_str(d->body, "product", product->id);
	return err;
}

/* The active price that has this lookup key, or NULL. */
static struct doc *
find_by_key(struct call *c, const char *key)
{
	const char *id = NULL;
	struct query q;

	if (db_row(&q, c->box->db,
		"SELECT id FROM objects WHERE kind = 'price' AND "
		"json_extract(body, '$.lookup_key') = :key",
		DB_TEXT("key", key)) == VT_OK) {
		id = arena_strdup(c->arena, db_text(&q, 0));
		db_done(&q);
	}
	return id == NULL ? NULL : doc_find(c, R_PRICE, id);
}

enum vt_err
price_put_lookup_key(struct call *c, struct doc *d, const struct json *params)
{
	const struct json *given = json_get(params, "lookup_key");
	struct doc *other = NULL;
	enum vt_err err;

	if (given == NULL)
		return VT_OK;
	if (json_is_string(given))
		other = find_by_key(c, json_str(given));
	json_put_copy(d->body, "lookup_key", given);
	if (other == NULL || strcmp(other->id, d->id) == 0)
		return VT_OK;
	if (!intent_flag(params, "transfer_lookup_key"))
		return call_fail(c, 400, NULL, "lookup_key",
		    "A price (`%s`) already uses that lookup key.", other->id);
	json_put_null(other->body, "lookup_key");
	err = doc_save(c, other);
	return err == VT_OK ? event_updated(c, "price.updated", other) : err;
}

enum vt_err
price_make(struct call *c, const struct json *params, const char *prefix,
    bool active, struct doc **out)
{
	static const char *const names[] = { "billing_scheme", "currency",
		"nickname", "tiers_mode", "transform_quantity", NULL };
	struct doc *d = doc_new(c, R_PRICE);
	enum vt_err err = doc_name(c, d, json_str_at(params, "id"));

	if (err != VT_OK)
		return err;
	doc_apply(d->body, params, names);
	doc_metadata(c, d->body, params);
	json_put_bool(d->body, "active", active);
	if ((json_str_at(d->body, "tiers_mode") != NULL) !=
	    (strcmp(json_str_at(d->body, "billing_scheme"), "tiered") == 0))
		return call_fail(c, 400, NULL, at(c, prefix, "tiers_mode"),
		    "Give `tiers_mode` when `billing_scheme` is `tiered`, and "
		    "only then.");
	err = put_amounts(c, d, params, prefix);
	if (err == VT_OK)
		err =
		    put_recurring(c, d, json_get(params, "recurring"), prefix);
	if (err == VT_OK)
		err = put_product(c, d, params, prefix);
	if (err == VT_OK)
		err = price_put_lookup_key(c, d, params);
	if (err == VT_OK)
		err = doc_save(c, d);
	if (err == VT_OK)
		err = event_emit(c, "price.created", d);
	*out = d;
	return err;
}
