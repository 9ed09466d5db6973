/* invoice_params: see invoice_params.h. */
#include "invoices/invoice_params.h"

#include "catalog/discount.h"

static const char *const methods[] = { "charge_automatically", "send_invoice",
	NULL };
static const char *const statuses[] = { "draft", "open", "paid",
	"uncollectible", "void", NULL };
static const char *const tax_display[] = { "exclude_tax",
	"include_inclusive_tax", NULL };
static const char *const sizes[] = { "a4", "auto", "letter", NULL };
static const char *const behaviors[] = { "exclude", "include", NULL };

static const struct param custom_field[] = {
	PARAM_RANGE("name", P_STR, P_REQUIRED, 0, 40),
	PARAM_RANGE("value", P_STR, P_REQUIRED, 0, 140),
	PARAM_END,
};
static const struct param custom_fields[] = {
	PARAM_OF("", P_HASH, 0, custom_field),
};
static const struct param types[] = { PARAM("", P_STR, 0) };
static const struct param payment_settings[] = {
	PARAM("default_mandate", P_STR, P_EMPTY),
	PARAM("payment_method_options", P_HASH, P_EMPTY),
	PARAM_OF("payment_method_types", P_LIST, P_EMPTY, types),
	PARAM_END,
};

static const struct param pdf[] = {
	PARAM_ENUM("page_size", 0, sizes),
	PARAM_END,
};
static const struct param rendering[] = {
	PARAM_ENUM("amount_tax_display", P_EMPTY, tax_display),
	PARAM_OF("pdf", P_HASH, 0, pdf),
	PARAM("template", P_STR, 0),
	PARAM("template_version", P_INT, P_EMPTY),
	PARAM_END,
};

#define INVOICE_PARAMS                                                      \
	PARAM("auto_advance", P_BOOL, 0),                                   \
	    PARAM_OF("automatic_tax", P_HASH, 0, params_automatic_tax),     \
	    PARAM("automatically_finalizes_at", P_INT, 0),                  \
	    PARAM_ENUM("collection_method", 0, methods),                    \
	    PARAM_OF("custom_fields", P_LIST, P_EMPTY, custom_fields),      \
	    PARAM_RANGE("days_until_due", P_INT, 0, 0, 3650),               \
	    PARAM("default_payment_method", P_STR, P_EMPTY),                \
	    PARAM("description", P_STR, P_EMPTY),                           \
	    PARAM_OF("discounts", P_LIST, P_EMPTY, discount_params),        \
	    PARAM("due_date", P_INT, 0),                                    \
	    PARAM("effective_at", P_INT, P_EMPTY),                          \
	    PARAM("footer", P_STR, P_EMPTY),                                \
	    PARAM_OF("issuer", P_HASH, 0, params_issuer),                   \
	    PARAM("metadata", P_META, P_EMPTY),                             \
	    PARAM_RANGE("number", P_STR, P_EMPTY, 0, 26),                   \
	    PARAM_OF("payment_settings", P_HASH, 0, payment_settings),      \
	    PARAM_OF("rendering", P_HASH, 0, rendering),                    \
	    PARAM_OF("shipping_details", P_HASH, P_EMPTY, params_shipping), \
	    PARAM_RANGE("statement_descriptor", P_STR, 0, 0, 22)

const struct param invoice_create_params[] = {
	INVOICE_PARAMS,
	PARAM("currency", P_CURRENCY, 0),
	PARAM("customer", P_STR, 0),
	PARAM_ENUM("pending_invoice_items_behavior", 0, behaviors),
	PARAM("subscription", P_STR, 0),
	PARAM_END,
};
const struct param invoice_update_params[] = {
	INVOICE_PARAMS,
	PARAM_END,
};
const struct param invoice_list_params[] = {
	PARAMS_PAGE,
	PARAM_ENUM("collection_method", 0, methods),
	PARAM("created", P_RANGE, 0),
	PARAM("customer", P_STR, 0),
	PARAM("due_date", P_RANGE, 0),
	PARAM_ENUM("status", 0, statuses),
	PARAM("subscription", P_STR, 0),
	PARAM_END,
};
const struct param invoice_finalize_params[] = {
	PARAM("auto_advance", P_BOOL, 0),
	PARAM_END,
};
/* All attempts are alike here, whatever is said of the session. */
const struct param invoice_pay_params[] = {
	PARAM("forgive", P_BOOL, 0),
	PARAM("mandate", P_STR, P_EMPTY),
	PARAM("off_session", P_BOOL, 0),
	PARAM("paid_out_of_band", P_BOOL, 0),
	PARAM("payment_method", P_STR, 0),
	PARAM_END,
};
const struct param invoice_attach_params[] = {
	PARAM("payment_intent", P_STR, P_REQUIRED),
	PARAM_END,
};
