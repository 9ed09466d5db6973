/* checkout_params: the parameters of /v1/checkout/sessions. See
 * checkout.h. */
#include "catalog/price.h"
#include "payments/checkout.h"
#include "payments/intent.h"

static const char *const modes[] = { "payment", "setup", "subscription", NULL };
static const char *const ui_modes[] = { "elements", "embedded_page", "form",
	"hosted_page", NULL };
static const char *const collections[] = { "auto", "required", NULL };
static const char *const creations[] = { "always", "if_required", NULL };
static const char *const submits[] = { "auto", "book", "donate", "pay",
	"subscribe", NULL };
static const char *const redirections[] = { "always", "if_required", "never",
	NULL };
static const char *const captures[] = { "automatic", "automatic_async",
	"manual", NULL };
static const char *const usages[] = { "off_session", "on_session", NULL };
static const char *const prorations[] = { "create_prorations", "none", NULL };
static const char *const update_words[] = { "auto", "never", NULL };
static const char *const missing_words[] = { "cancel", "create_invoice",
	"pause", NULL };

static const struct param item_params[] = {
	PARAM("metadata", P_META, 0),
	PARAM("price", P_STR, 0),
	PARAM_OF("price_data", P_HASH, 0, price_data_params),
	PARAM_RANGE("quantity", P_INT, 0, 1, PRICE_QUANTITY_MAX),
	PARAM_END,
};
static const struct param item_list[] = {
	PARAM_OF("", P_HASH, 0, item_params),
};
static const struct param discount_params[] = {
	PARAM("coupon", P_STR, 0),
	PARAM("promotion_code", P_STR, 0),
	PARAM_END,
};
static const struct param discount_list[] = {
	PARAM_OF("", P_HASH, 0, discount_params),
};
static const struct param enabled_params[] = {
	PARAM("enabled", P_BOOL, P_REQUIRED),
	PARAM_END,
};
static const struct param intent_params[] = {
	PARAM_ENUM("capture_method", 0, captures),
	PARAM("description", P_STR, 0),
	PARAM("metadata", P_META, 0),
	PARAM("receipt_email", P_STR, 0),
	PARAM_ENUM("setup_future_usage", 0, usages),
	PARAM_OF("shipping", P_HASH, 0, params_shipping),
	PARAM_RANGE("statement_descriptor_suffix", P_STR, 0, 0, 22),
	PARAM("transfer_group", P_STR, 0),
	PARAM_END,
};
static const struct param setup_params[] = {
	PARAM("description", P_STR, 0),
	PARAM("metadata", P_META, 0),
	PARAM_END,
};
static const struct param trial_end_params[] = {
	PARAM_ENUM("missing_payment_method", P_REQUIRED, missing_words),
	PARAM_END,
};
static const struct param trial_params[] = {
	PARAM_OF("end_behavior", P_HASH, P_REQUIRED, trial_end_params),
	PARAM_END,
};
static const struct param subscription_params[] = {
	PARAM("billing_cycle_anchor", P_INT, 0),
	PARAM("billing_mode", P_HASH, 0),
	PARAM("description", P_STR, 0),
	PARAM("metadata", P_META, 0),
	PARAM_ENUM("proration_behavior", 0, prorations),
	PARAM("trial_end", P_INT, 0),
	PARAM_RANGE("trial_period_days", P_INT, 0, 1, 730),
	PARAM_OF("trial_settings", P_HASH, 0, trial_params),
	PARAM_END,
};
static const struct param customer_update_params[] = {
	PARAM_ENUM("address", 0, update_words),
	PARAM_ENUM("name", 0, update_words),
	PARAM_ENUM("shipping", 0, update_words),
	PARAM_END,
};

const struct param checkout_create_params[] = {
	PARAM("allow_promotion_codes", P_BOOL, 0),
	PARAM_OF("allowed_payment_method_types", P_LIST, 0, intent_text_params),
	PARAM_OF("automatic_tax", P_HASH, 0, enabled_params),
	PARAM_ENUM("billing_address_collection", 0, collections),
	PARAM("cancel_url", P_STR, 0),
	PARAM_RANGE("client_reference_id", P_STR, 0, 0, 200),
	PARAM("currency", P_CURRENCY, 0),
	PARAM("customer", P_STR, 0),
	PARAM_ENUM("customer_creation", 0, creations),
	PARAM("customer_email", P_STR, 0),
	PARAM_OF("customer_update", P_HASH, 0, customer_update_params),
	PARAM_OF("discounts", P_LIST, P_EMPTY, discount_list),
	PARAM_OF(
	    "excluded_payment_method_types", P_LIST, 0, intent_text_params),
	PARAM("expires_at", P_INT, 0),
	PARAM_OF("line_items", P_LIST, 0, item_list),
	PARAM("locale", P_STR, 0),
	PARAM("metadata", P_META, 0),
	PARAM_ENUM("mode", P_REQUIRED, modes),
	PARAM_OF("payment_intent_data", P_HASH, 0, intent_params),
	PARAM_ENUM("payment_method_collection", 0, creations),
	PARAM("payment_method_configuration", P_STR, 0),
	PARAM_OF("payment_method_options", P_HASH, 0, intent_method_options),
	PARAM_OF(
	    "payment_method_types", P_LIST, P_UNVERSIONED, intent_text_params),
	PARAM_OF("phone_number_collection", P_HASH, 0, enabled_params),
	PARAM_ENUM("redirect_on_completion", 0, redirections),
	PARAM("return_url", P_STR, 0),
	PARAM_OF("setup_intent_data", P_HASH, 0, setup_params),
	PARAM_ENUM("submit_type", 0, submits),
	PARAM_OF("subscription_data", P_HASH, 0, subscription_params),
	PARAM("success_url", P_STR, 0),
	PARAM_OF("tax_id_collection", P_HASH, 0, enabled_params),
	PARAM_ENUM("ui_mode", 0, ui_modes),
	PARAM_END,
};
const struct param checkout_update_params[] = {
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_END,
};

static const char *const statuses[] = { "complete", "expired", "open", NULL };
static const struct param details_params[] = {
	PARAM("email", P_STR, P_REQUIRED),
	PARAM_END,
};

const struct param checkout_list_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM("customer", P_STR, 0),
	PARAM_OF("customer_details", P_HASH, 0, details_params),
	PARAM("payment_intent", P_STR, 0),
	PARAM("payment_link", P_STR, 0),
	PARAM_ENUM("status", 0, statuses),
	PARAM("subscription", P_STR, 0),
	PARAM_END,
};
