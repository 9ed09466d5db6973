/*
 * price: what something costs. The operations on prices are in prices.c.
 */
#ifndef SANDBOX_PRICE_H
#define SANDBOX_PRICE_H

#include "core/params.h"
#include "core/resource.h"

/* The most units of one thing on one line. */
#define PRICE_QUANTITY_MAX 10000000

/* The members of `price_data` on items and sessions: a price in passing. */
extern const struct param price_data_params[];
/* Parts of a price's parameters. */
extern const struct param price_product_params[]; /* product_data */
extern const struct param price_recurring_params[];
extern const struct param price_options_params[]; /* of one currency */
extern const struct param price_tiers_params[];
extern const struct param price_custom_params[];
extern const struct param price_transform_params[];
extern const char *const price_tax_behaviors[];
extern const char *const price_schemes[];
extern const char *const price_tiers_modes[];
extern const char *const price_intervals[];
extern const char *const price_usages[];
#define PRICE_UNIT_AMOUNT_MAX 99999999999
#define PRICE_AMOUNT_PARAMS                                             \
	PARAM_RANGE("unit_amount", P_INT, 0, 0, PRICE_UNIT_AMOUNT_MAX), \
	    PARAM_RANGE(                                                \
		"unit_amount_decimal", P_DECIMAL, 0, 0, PRICE_UNIT_AMOUNT_MAX)

/*
 * A new price of these parameters (of create, or price_data), stored, with
 * its product where product_data is given, and their events. `prefix` comes
 * before the names of parameters in refusals ("price_data"), or is NULL.
 */
enum vt_err price_make(struct call *c, const struct json *params,
    const char *prefix, bool active, struct doc **out) VT_MUSTCHECK;

/* Adds or replaces what it costs in other currencies; not saved. */
enum vt_err price_put_options(
    struct call *c, struct doc *d, const struct json *given) VT_MUSTCHECK;

/*
 * The parameter lookup_key, which names one price; transfer_lookup_key takes
 * it from another one. Not saved.
 */
enum vt_err price_put_lookup_key(
    struct call *c, struct doc *d, const struct json *params) VT_MUSTCHECK;

/* The members of a price as those of the plan that it once was. */
void price_as_plan(const struct json *price, struct json *plan);

/* The price of this id, which must be active; `param` named it. */
enum vt_err price_take(struct call *c, const char *id, const char *param,
    struct doc **out) VT_MUSTCHECK;

/* One currency's unit amount as text, or NULL: tiers, or not sold in it. */
const char *
price_unit(struct call *c, const struct doc *price, const char *currency);

/* True if it can be sold in this currency. */
bool price_sells_in(const struct doc *price, const char *currency);

/*
 * What `quantity` of it costs in this currency: per unit, in packages
 * (transform_quantity), or in tiers. Refused when it has no amount in that
 * currency, or too large a one.
 */
enum vt_err price_amount(struct call *c, const struct doc *price,
    const char *currency, int64_t quantity, int64_t *out) VT_MUSTCHECK;

#endif
