/* catalog_import: a new version of the catalogue from JSON, or nothing. */
#include <stddef.h>
#include <string.h>

#include "billing/catalog.h"
#include "text/money.h"

#define ITEMS_MAX 64
#define TOKENS_MAX 1000000000 /* in one package or period */

enum { LAST, VERSION_ADD, PACKAGE_ADD, PLAN_ADD, PRICE_ADD, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[LAST] = "SELECT COALESCE(MAX(version), 0) FROM catalog_versions",
	[VERSION_ADD] =
	    "INSERT INTO catalog_versions (version, custom_min, "
	    "custom_max, note, actor, created_at) VALUES (:version, :min, "
	    ":max, :note, :actor, :now)",
	[PACKAGE_ADD] =
	    "INSERT INTO packages (version, id, name, tokens, "
	    "position) VALUES (:version, :id, :name, :tokens, :position)",
	[PLAN_ADD] =
	    "INSERT INTO plans (version, id, name, tokens, interval, "
	    "position) VALUES (:version, :id, :name, :tokens, :interval, "
	    ":position)",
	[PRICE_ADD] = "INSERT INTO prices (version, item, currency, amount) "
		      "VALUES (:version, :item, :currency, :amount)",
};

struct top {
	const struct json *custom, *packages, *plans;
	const char *note;
};
static const struct json_field top_fields[] = {
	{ "custom", JSON_NODE, true, offsetof(struct top, custom), 0, 0 },
	{ "packages", JSON_NODE, true, offsetof(struct top, packages), 0, 0 },
	{ "plans", JSON_NODE, false, offsetof(struct top, plans), 0, 0 },
	{ "note", JSON_TEXT, false, offsetof(struct top, note), 0, 500 },
};

struct custom {
	int64_t min, max;
};
static const struct json_field custom_fields[] = {
	{ "min", JSON_INT, true, offsetof(struct custom, min), 1, TOKENS_MAX },
	{ "max", JSON_INT, true, offsetof(struct custom, max), 1, TOKENS_MAX },
};

struct item {
	const char *id, *name, *interval;
	int64_t tokens;
	const struct json *prices;
};
static const struct json_field item_fields[] = {
	{ "id", JSON_TEXT, true, offsetof(struct item, id), 1, 64 },
	{ "name", JSON_TEXT, true, offsetof(struct item, name), 1, 100 },
	{ "tokens", JSON_INT, true, offsetof(struct item, tokens), 1,
	    TOKENS_MAX },
	{ "prices", JSON_NODE, true, offsetof(struct item, prices), 0, 0 },
	{ "interval", JSON_TEXT, false, offsetof(struct item, interval), 1,
	    10 },
};

struct import {
	struct db *db;
	struct arena *a;
	int64_t version;
	struct vt_problem *p;
};

static enum vt_err
bad(struct import *im, const char *prefix, const char *member, const char *must)
{
	const char *field = arena_printf(im->a, "%s%s", prefix, member);

	return vt_problem(im->p, VT_INVALID, "invalid_field", field,
	    "%s must be %s.", field, must);
}

static enum vt_err
import_prices(struct import *im, const char *prefix, const struct item *it)
{
	const struct json *m;
	enum vt_err err;
	int64_t amount;

	if (!json_is_object(it->prices) || json_count(it->prices) == 0)
		return bad(im, prefix, "prices",
		    "an object of currencies and amounts");
	for (m = json_first(it->prices); m != NULL; m = json_next(m)) {
		if (!money_currency_valid(json_name(m)))
			return bad(im, prefix, "prices",
			    "keyed by lower-case currency codes");
		if (!json_int(m, &amount) || amount < 1 || amount > MONEY_MAX)
			return bad(im, prefix, "prices",
			    "whole numbers of the smallest unit, from 1 to "
			    "99999999");
		if (amount % money_step(json_name(m)) != 0)
			return bad(im, prefix, "prices",
			    "in the steps that Stripe takes the currency in");
		err = db_exec(im->db, sql[PRICE_ADD],
		    DB_INT("version", im->version), DB_TEXT("item", it->id),
		    DB_TEXT("currency", json_name(m)),
		    DB_INT("amount", amount));
		if (err == VT_CONFLICT)
			return bad(im, prefix, "id",
			    "used once among packages and plans");
		if (err != VT_OK)
			return err;
	}
	return VT_OK;
}

static bool
interval_valid(const char *interval)
{
	return interval != NULL &&
	    (strcmp(interval, "month") == 0 || strcmp(interval, "year") == 0);
}

static enum vt_err
import_item(struct import *im, const char *prefix, const struct json *j,
    bool plan, int64_t position)
{
	struct item it = { 0 };
	enum vt_err err;

	err =
	    json_read(j, item_fields, countof(item_fields), prefix, &it, im->p);
	if (err != VT_OK)
		return err;
	if (plan && !interval_valid(it.interval))
		return bad(im, prefix, "interval", "\"month\" or \"year\"");
	if (!plan && it.interval != NULL)
		return bad(im, prefix, "interval", "absent in a package");
	if (plan)
		err = db_exec(im->db, sql[PLAN_ADD],
		    DB_INT("version", im->version), DB_TEXT("id", it.id),
		    DB_TEXT("name", it.name), DB_INT("tokens", it.tokens),
		    DB_TEXT("interval", it.interval),
		    DB_INT("position", position));
	else
		err = db_exec(im->db, sql[PACKAGE_ADD],
		    DB_INT("version", im->version), DB_TEXT("id", it.id),
		    DB_TEXT("name", it.name), DB_INT("tokens", it.tokens),
		    DB_INT("position", position));
	if (err == VT_CONFLICT)
		return bad(im, prefix, "id", "used once");
	return err == VT_OK ? import_prices(im, prefix, &it) : err;
}

static enum vt_err
import_items(
    struct import *im, const char *name, const struct json *list, bool plan)
{
	enum vt_err err = VT_OK;
	int64_t position = 0;

	if (list == NULL)
		return VT_OK;
	if (!json_is_array(list) || json_count(list) > ITEMS_MAX)
		return bad(im, "", name, "a list of at most 64");
	for (const struct json *j = json_first(list); j != NULL && err == VT_OK;
	     j = json_next(j)) {
		err = import_item(im,
		    arena_printf(im->a, "%s[%d].", name, (int)position), j,
		    plan, position);
		position++;
	}
	return err;
}

static enum vt_err
import_version(
    struct import *im, const struct top *top, const char *actor, int64_t now_ms)
{
	struct custom c = { 0 };
	enum vt_err err;
	struct query q;

	err = json_read(top->custom, custom_fields, countof(custom_fields),
	    "custom.", &c, im->p);
	if (err != VT_OK)
		return err;
	if (c.max < c.min)
		return bad(im, "custom.", "max", "at least custom.min");
	err = db_row(&q, im->db, sql[LAST]);
	if (err != VT_OK)
		return err;
	im->version = db_int(&q, 0) + 1;
	db_done(&q);
	return db_exec(im->db, sql[VERSION_ADD], DB_INT("version", im->version),
	    DB_INT("min", c.min), DB_INT("max", c.max),
	    DB_TEXT("note", top->note), DB_TEXT("actor", actor),
	    DB_INT("now", now_ms));
}

enum vt_err
catalog_import(struct db *db, struct arena *a, const struct json *in,
    const char *actor, int64_t now_ms, int64_t *version, struct vt_problem *p)
{
	struct import im = { .db = db, .a = a, .p = p };
	struct top top = { 0 };
	enum vt_err err;

	err = json_read(in, top_fields, countof(top_fields), NULL, &top, p);
	if (err == VT_OK)
		err = import_version(&im, &top, actor, now_ms);
	if (err == VT_OK)
		err = import_items(&im, "packages", top.packages, false);
	if (err == VT_OK && json_count(top.packages) == 0)
		err = bad(&im, "", "packages", "a list of at least one");
	if (err == VT_OK)
		err = import_items(&im, "plans", top.plans, true);
	if (err == VT_OK)
		*version = im.version;
	return err;
}
