/*
 * catalog: what is sold, in versions. The newest counts; an order keeps the
 * version it was made with.
 */
#ifndef VT_BILLING_CATALOG_H
#define VT_BILLING_CATALOG_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"
#include "text/json.h"

struct catalog_price {
	char currency[8];
	int64_t amount; /* smallest unit, for all of it (R12) */
};

struct catalog_item {
	const char *id, *name;
	const char *interval; /* NULL: a package, else "month" or "year" */
	int64_t tokens;
	const struct catalog_price *prices;
	size_t prices_count;
};

struct catalog {
	int64_t version;
	int64_t custom_min, custom_max; /* tokens */
	const struct catalog_item *packages;
	size_t packages_count;
	const struct catalog_item *plans;
	size_t plans_count;
};

/* The newest version, whole, in `a`. */
enum vt_err
catalog_load(struct db *db, struct arena *a, struct catalog *out) VT_MUSTCHECK;

/* A price of an item in a currency, or NULL. */
const struct catalog_price *
catalog_price(const struct catalog_item *i, const char *currency);

/* What somebody wants to buy, priced. */
struct quote {
	int64_t version;
	const char *package_id; /* NULL: a quantity of their own */
	const char *name;	/* for the description on the statement */
	int64_t tokens, amount;
	char currency[8];
};

/*
 * Prices a package or a quantity. Quantity: tokens x the exact price per
 * token of the largest package not above it, the smallest package's below
 * it, rounded half up, never dearer than the next larger package.
 * VT_INVALID with "unknown_package" (package_id), "invalid_field" (tokens),
 * "unpriced_currency" (currency).
 */
enum vt_err
catalog_quote(const struct catalog *c, const char *package_id, int64_t tokens,
    const char *currency, struct quote *out, struct vt_problem *p) VT_MUSTCHECK;

/* True if any package is priced in it. */
bool catalog_has_currency(const struct catalog *c, const char *currency);

/* What is meant when nobody names one: usd if sold, else the first. */
const char *catalog_first_currency(const struct catalog *c);

/*
 * As JSON for export, and a new version from such JSON: the whole catalogue
 * is replaced. VT_INVALID names the member. Import runs in an operation.
 */
const char *catalog_export(struct arena *a, const struct catalog *c);
enum vt_err catalog_import(struct db *db, struct arena *a,
    const struct json *in, const char *actor, int64_t now_ms, int64_t *version,
    struct vt_problem *p) VT_MUSTCHECK;

#endif
