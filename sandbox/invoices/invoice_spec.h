/*
 * invoice_spec: what a caller wants on an invoice: an amount, or so many of
 * a price, for invoice items and lines alike.
 */
#ifndef SANDBOX_INVOICE_SPEC_H
#define SANDBOX_INVOICE_SPEC_H

#include "catalog/discount.h"
#include "catalog/price.h"
#include "invoices/invoice_item.h"

extern const struct param invoice_period_params[];
extern const struct param invoice_pricing_params[];
#define INVOICE_AMOUNT_MAX 99999999

#define INVOICE_SPEC_PARAMS                                               \
	PARAM_RANGE(                                                      \
	    "amount", P_INT, 0, -INVOICE_AMOUNT_MAX, INVOICE_AMOUNT_MAX), \
	    PARAM("description", P_STR, P_EMPTY),                         \
	    PARAM("discountable", P_BOOL, 0),                             \
	    PARAM_OF("discounts", P_LIST, P_EMPTY, discount_params),      \
	    PARAM("metadata", P_META, P_EMPTY),                           \
	    PARAM_OF("period", P_HASH, 0, invoice_period_params),         \
	    PARAM("price", P_STR, P_UNVERSIONED),                         \
	    PARAM_OF("price_data", P_HASH, 0, price_data_params),         \
	    PARAM_OF("pricing", P_HASH, 0, invoice_pricing_params),       \
	    PARAM_RANGE("quantity", P_INT, 0, 0, PRICE_QUANTITY_MAX),     \
	    PARAM_RANGE("unit_amount_decimal", P_DECIMAL, 0,              \
		-INVOICE_AMOUNT_MAX, INVOICE_AMOUNT_MAX)

/*
 * The currency it is in: as given, the price's, or that of the object that
 * it is for.
 */
const char *invoice_spec_currency(
    struct call *c, const struct json *params, const struct doc *of);

/*
 * Reads the parameters into what makes an item; what is not given stays.
 * `prefix` comes before their names in refusals, or is NULL.
 */
enum vt_err invoice_spec_read(struct call *c, const struct json *params,
    const char *prefix, struct invoice_item_from *out) VT_MUSTCHECK;

#endif
