/* catalog: see catalog.h. */
#include "billing/catalog.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "text/money.h"

/* A catalogue is read whole on every request that prices something. */
#define ITEMS_MAX 64
#define PRICES_MAX 512

enum { VERSION, PACKAGES, PLANS, PRICES, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[VERSION] = "SELECT version, custom_min, custom_max "
		    "FROM catalog_versions ORDER BY version DESC LIMIT 1",
	[PACKAGES] = "SELECT id, name, tokens, NULL FROM packages "
		     "WHERE version = :version ORDER BY position, id",
	[PLANS] = "SELECT id, name, tokens, interval FROM plans "
		  "WHERE version = :version ORDER BY position, id",
	[PRICES] = "SELECT item, currency, amount FROM prices "
		   "WHERE version = :version ORDER BY item, currency",
};

/* One price as the table has it, before it is sorted to its item. */
struct price_row {
	const char *item;
	struct catalog_price price;
};

static enum vt_err
load_items(struct db *db, struct arena *a, const char *statement,
    int64_t version, struct catalog_item **items, size_t *count)
{
	struct catalog_item *list = arena_array(a, ITEMS_MAX, sizeof(*list));
	enum vt_err err;
	struct query q;
	size_t n = 0;

	err = db_query(&q, db, statement, DB_INT("version", version));
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		if (n == ITEMS_MAX) {
			err = VT_DB;
			break;
		}
		list[n].id = arena_strdup(a, db_text(&q, 0));
		list[n].name = arena_strdup(a, db_text(&q, 1));
		list[n].tokens = db_int(&q, 2);
		list[n].interval = arena_strdup(a, db_text(&q, 3));
		n++;
	}
	db_done(&q);
	*items = list;
	*count = n;
	return err == VT_NOTFOUND ? VT_OK : err;
}

static enum vt_err
load_prices(struct db *db, struct arena *a, int64_t version,
    struct price_row **rows, size_t *count)
{
	struct price_row *list = arena_array(a, PRICES_MAX, sizeof(*list));
	enum vt_err err;
	struct query q;
	size_t n = 0;

	err = db_query(&q, db, sql[PRICES], DB_INT("version", version));
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		if (n == PRICES_MAX) {
			err = VT_DB;
			break;
		}
		list[n].item = arena_strdup(a, db_text(&q, 0));
		(void)db_copy(&q, 1, list[n].price.currency,
		    sizeof(list[n].price.currency));
		list[n].price.amount = db_int(&q, 2);
		n++;
	}
	db_done(&q);
	*rows = list;
	*count = n;
	return err == VT_NOTFOUND ? VT_OK : err;
}

static void
give_prices(struct arena *a, struct catalog_item *items, size_t items_count,
    const struct price_row *rows, size_t rows_count)
{
	struct catalog_price *mine;
	size_t n;

	for (size_t i = 0; i < items_count; i++) {
		mine = arena_array(a, rows_count, sizeof(*mine));
		n = 0;
		for (size_t r = 0; r < rows_count; r++)
			if (strcmp(rows[r].item, items[i].id) == 0)
				mine[n++] = rows[r].price;
		items[i].prices = mine;
		items[i].prices_count = n;
	}
}

enum vt_err
catalog_load(struct db *db, struct arena *a, struct catalog *out)
{
	struct catalog_item *packages, *plans;
	struct price_row *rows;
	size_t rows_count;
	enum vt_err err;
	struct query q;

	memset(out, 0, sizeof(*out));
	err = db_row(&q, db, sql[VERSION]);
	if (err != VT_OK)
		return err;
	out->version = db_int(&q, 0);
	out->custom_min = db_int(&q, 1);
	out->custom_max = db_int(&q, 2);
	db_done(&q);
	err = load_items(db, a, sql[PACKAGES], out->version, &packages,
	    &out->packages_count);
	if (err == VT_OK)
		err = load_items(
		    db, a, sql[PLANS], out->version, &plans, &out->plans_count);
	if (err == VT_OK)
		err = load_prices(db, a, out->version, &rows, &rows_count);
	if (err != VT_OK)
		return err;
	give_prices(a, packages, out->packages_count, rows, rows_count);
	give_prices(a, plans, out->plans_count, rows, rows_count);
	out->packages = packages;
	out->plans = plans;
	return VT_OK;
}

const struct catalog_price *
catalog_price(const struct catalog_item *item, const char *currency)
{
	for (size_t i = 0; i < item->prices_count; i++)
		if (strcmp(item->prices[i].currency, currency) == 0)
			return &item->prices[i];
	return NULL;
}

bool
catalog_has_currency(const struct catalog *c, const char *currency)
{
	for (size_t i = 0; i < c->packages_count; i++)
		if (catalog_price(&c->packages[i], currency) != NULL)
			return true;
	return false;
}

const char *
catalog_first_currency(const struct catalog *c)
{
	if (catalog_has_currency(c, "usd"))
		return "usd";
	for (size_t i = 0; i < c->packages_count; i++)
		if (c->packages[i].prices_count > 0)
			return c->packages[i].prices[0].currency;
	return "";
}

static enum vt_err
unpriced(const char *currency, struct vt_problem *p)
{
	return vt_problem(p, VT_INVALID, "unpriced_currency", "currency",
	    "This is not sold in the currency %.8s.", currency);
}

static enum vt_err
quote_package(const struct catalog *c, const char *package_id,
    const char *currency, struct quote *out, struct vt_problem *p)
{
	const struct catalog_price *price;
	const struct catalog_item *item;

	for (size_t i = 0; i < c->packages_count; i++) {
		item = &c->packages[i];
		if (strcmp(item->id, package_id) != 0)
			continue;
		price = catalog_price(item, currency);
		if (price == NULL)
			return unpriced(currency, p);
		out->package_id = item->id;
		out->name = item->name;
		out->tokens = item->tokens;
		out->amount = price->amount;
		return VT_OK;
	}
	return vt_problem(p, VT_INVALID, "unknown_package", "package_id",
	    "There is no package %.64s.", package_id);
}

/*
 * The packages around a quantity in one currency: the largest not above it
 * (else the smallest of all) gives the rate, the next larger one the ceiling.
 */
static void
neighbours(const struct catalog *c, int64_t tokens, const char *currency,
    const struct catalog_item **rate, const struct catalog_item **ceiling)
{
	const struct catalog_item *i, *smallest = NULL;

	*rate = *ceiling = NULL;
	for (size_t n = 0; n < c->packages_count; n++) {
		i = &c->packages[n];
		if (catalog_price(i, currency) == NULL)
			continue;
		if (smallest == NULL || i->tokens < smallest->tokens)
			smallest = i;
		if (i->tokens <= tokens &&
		    (*rate == NULL || i->tokens > (*rate)->tokens))
			*rate = i;
		if (i->tokens > tokens &&
		    (*ceiling == NULL || i->tokens < (*ceiling)->tokens))
			*ceiling = i;
	}
	if (*rate == NULL)
		*rate = smallest;
}

static enum vt_err
quote_quantity(const struct catalog *c, int64_t tokens, const char *currency,
    struct quote *out, struct vt_problem *p)
{
	const struct catalog_item *rate, *ceiling;
	const struct catalog_price *price;

	if (tokens < c->custom_min || tokens > c->custom_max)
		return vt_problem(p, VT_INVALID, "invalid_field", "tokens",
		    "tokens must be a whole number from %" PRId64 " to %" PRId64
		    ".",
		    c->custom_min, c->custom_max);
	neighbours(c, tokens, currency, &rate, &ceiling);
	if (rate == NULL)
		return unpriced(currency, p);
	price = catalog_price(rate, currency);
	assert(price != NULL); /* neighbours() takes only what has one */
	if (money_scale(price->amount, rate->tokens, tokens, &out->amount) !=
	    VT_OK)
		return VT_INVALID;
	/* Stripe takes some currencies in steps; half up, as the rest. */
	if (!money_add(out->amount, money_step(currency) / 2, &out->amount))
		return VT_INVALID;
	out->amount -= out->amount % money_step(currency);
	if (ceiling != NULL) {
		price = catalog_price(ceiling, currency);
		assert(price != NULL);
		if (out->amount > price->amount)
			out->amount = price->amount;
	}
	out->package_id = NULL;
	out->name = NULL;
	out->tokens = tokens;
	return VT_OK;
}

enum vt_err
catalog_quote(const struct catalog *c, const char *package_id, int64_t tokens,
    const char *currency, struct quote *out, struct vt_problem *p)
{
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	if (!money_currency_valid(currency))
		return unpriced(currency, p);
	if (package_id != NULL)
		err = quote_package(c, package_id, currency, out, p);
	else
		err = quote_quantity(c, tokens, currency, out, p);
	if (err != VT_OK)
		return err;
	if (out->amount <= 0 || out->amount > MONEY_MAX)
		return vt_problem(p, VT_INVALID, "invalid_field",
		    package_id != NULL ? "package_id" : "tokens",
		    "That is more than can be paid at once.");
	out->version = c->version;
	memcpy(out->currency, currency, strlen(currency) + 1);
	return VT_OK;
}

static void
export_items(struct json *list, const struct catalog_item *items, size_t count)
{
	struct json *o, *prices;

	for (size_t i = 0; i < count; i++) {
		o = json_add_object(list);
		json_put_str(o, "id", items[i].id);
		json_put_str(o, "name", items[i].name);
		json_put_int(o, "tokens", items[i].tokens);
		if (items[i].interval != NULL)
			json_put_str(o, "interval", items[i].interval);
		prices = json_put_object(o, "prices");
		for (size_t k = 0; k < items[i].prices_count; k++)
			json_put_int(prices, items[i].prices[k].currency,
			    items[i].prices[k].amount);
	}
}

const char *
catalog_export(struct arena *a, const struct catalog *c)
{
	struct json *o = json_object(a), *custom;

	custom = json_put_object(o, "custom");
	json_put_int(custom, "min", c->custom_min);
	json_put_int(custom, "max", c->custom_max);
	export_items(
	    json_put_array(o, "packages"), c->packages, c->packages_count);
	export_items(json_put_array(o, "plans"), c->plans, c->plans_count);
	return json_text(a, o);
}
