/* intent_params: the parameters of /v1/payment_intents. See intent.h. */
#include "payments/intent.h"
#include "payments/method.h"

static const char *const capture_methods[] = { "automatic", "automatic_async",
	"manual", NULL };
static const char *const confirmation_methods[] = { "automatic", "manual",
	NULL };
static const char *const redirects[] = { "always", "never", NULL };
static const char *const usages[] = { "off_session", "on_session", NULL };
static const char *const cancel_reasons[] = { "abandoned", "duplicate",
	"fraudulent", "requested_by_customer", NULL };
static const char *const secure_requests[] = { "any", "automatic", "challenge",
	NULL };

const struct param intent_automatic_params[] = {
	PARAM_ENUM("allow_redirects", 0, redirects),
	PARAM("enabled", P_BOOL, P_REQUIRED),
	PARAM_END,
};
const struct param intent_text_params[] = { PARAM("", P_STR, 0) };
static const struct param card_options[] = {
	PARAM_ENUM("capture_method", P_EMPTY, capture_methods),
	PARAM("moto", P_BOOL, 0),
	PARAM_ENUM("request_three_d_secure", 0, secure_requests),
	PARAM_ENUM("setup_future_usage", P_EMPTY, usages),
	PARAM("statement_descriptor_suffix_kana", P_STR, P_EMPTY),
	PARAM("statement_descriptor_suffix_kanji", P_STR, P_EMPTY),
	PARAM_END,
};
const struct param intent_method_options[] = {
	PARAM_OF("card", P_HASH, P_EMPTY, card_options),
	PARAM("us_bank_account", P_HASH, P_EMPTY),
	PARAM("sepa_debit", P_HASH, P_EMPTY),
	PARAM("ideal", P_HASH, P_EMPTY),
	PARAM("bancontact", P_HASH, P_EMPTY),
	PARAM("amazon_pay", P_HASH, P_EMPTY),
	PARAM_END,
};

static const struct param detail_shipping[] = {
	PARAM_RANGE("amount", P_INT, P_EMPTY, 0, JSON_INT_MAX),
	PARAM("from_postal_code", P_STR, P_EMPTY),
	PARAM("to_postal_code", P_STR, P_EMPTY),
	PARAM_END,
};
static const struct param detail_tax[] = {
	PARAM_RANGE("total_tax_amount", P_INT, 0, 0, JSON_INT_MAX),
	PARAM_END,
};
static const struct param amount_details[] = {
	PARAM_RANGE("discount_amount", P_INT, P_EMPTY, 1, JSON_INT_MAX),
	PARAM("enforce_arithmetic_validation", P_BOOL, 0),
	PARAM_OF("shipping", P_HASH, P_EMPTY, detail_shipping),
	PARAM_OF("tax", P_HASH, P_EMPTY, detail_tax),
	PARAM_END,
};
static const struct param payment_details[] = {
	PARAM("customer_reference", P_STR, P_EMPTY),
	PARAM("order_reference", P_STR, P_EMPTY),
	PARAM_END,
};

/* What create, update and confirm have in common. */
#define COMMON_PARAMS                                                      \
	PARAM_OF("allowed_payment_method_types", P_LIST, P_EMPTY,          \
	    intent_text_params),                                           \
	    PARAM_OF("amount_details", P_HASH, P_EMPTY, amount_details),   \
	    PARAM_ENUM("capture_method", 0, capture_methods),              \
	    PARAM_OF("excluded_payment_method_types", P_LIST, P_EMPTY,     \
		intent_text_params),                                       \
	    PARAM("hooks", P_HASH, 0),                                     \
	    PARAM_OF("payment_details", P_HASH, P_EMPTY, payment_details), \
	    PARAM("payment_method", P_STR, P_EMPTY),                       \
	    PARAM_OF("payment_method_data", P_HASH, 0, method_params),     \
	    PARAM_OF("payment_method_options", P_HASH, P_EMPTY,            \
		intent_method_options),                                    \
	    PARAM_OF("payment_method_types", P_LIST, P_UNVERSIONED,        \
		intent_text_params),                                       \
	    PARAM("receipt_email", P_STR, P_EMPTY),                        \
	    PARAM_ENUM("setup_future_usage", P_EMPTY, usages),             \
	    PARAM_OF("shipping", P_HASH, P_EMPTY, params_shipping)
#define ATTEMPT_PARAMS                                                        \
	PARAM("error_on_requires_action", P_BOOL, 0),                         \
	    PARAM("mandate", P_STR, 0),                                       \
	    PARAM("mandate_data", P_HASH, P_EMPTY),                           \
	    PARAM("off_session", P_BOOL, 0),                                  \
	    PARAM("radar_options", P_HASH, 0), PARAM("return_url", P_STR, 0), \
	    PARAM("use_stripe_sdk", P_BOOL, 0)
#define DESCRIPTION_PARAMS                                                     \
	PARAM("customer", P_STR, 0), PARAM("description", P_STR, P_EMPTY),     \
	    PARAM("metadata", P_META, P_EMPTY),                                \
	    PARAM("payment_method_configuration", P_STR, 0),                   \
	    PARAM_RANGE("statement_descriptor", P_STR, P_EMPTY, 0, 22),        \
	    PARAM_RANGE("statement_descriptor_suffix", P_STR, P_EMPTY, 0, 22), \
	    PARAM("transfer_group", P_STR, 0)

const struct param intent_create_params[] = {
	PARAM_RANGE("amount", P_INT, P_REQUIRED, 1, JSON_INT_MAX),
	PARAM("currency", P_CURRENCY, P_REQUIRED),
	PARAM_OF(
	    "automatic_payment_methods", P_HASH, 0, intent_automatic_params),
	PARAM("confirm", P_BOOL, 0),
	PARAM_ENUM("confirmation_method", 0, confirmation_methods),
	COMMON_PARAMS,
	ATTEMPT_PARAMS,
	DESCRIPTION_PARAMS,
	PARAM_END,
};
const struct param intent_update_params[] = {
	PARAM_RANGE("amount", P_INT, 0, 1, JSON_INT_MAX),
	PARAM("currency", P_CURRENCY, 0),
	COMMON_PARAMS,
	DESCRIPTION_PARAMS,
	PARAM("client_secret", P_STR, 0),
	PARAM_END,
};
const struct param intent_confirm_params[] = {
	PARAM("amount_to_confirm", P_INT, 0),
	COMMON_PARAMS,
	ATTEMPT_PARAMS,
	/* What stripe.js adds. */
	PARAM("client_secret", P_STR, 0),
	PARAM("expected_payment_method_type", P_STR, 0),
	PARAM("client_attribution_metadata", P_HASH, 0),
	PARAM_END,
};
const struct param intent_retrieve_params[] = {
	PARAM("client_secret", P_STR, 0),
	PARAM_END,
};
const struct param intent_cancel_params[] = {
	PARAM_ENUM("cancellation_reason", 0, cancel_reasons),
	PARAM_END,
};
const struct param intent_capture_params[] = {
	PARAM_RANGE("amount_to_capture", P_INT, 0, 1, JSON_INT_MAX),
	PARAM("final_capture", P_BOOL, 0),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM("statement_descriptor_suffix", P_STR, 0),
	PARAM_END,
};
const struct param intent_list_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM("customer", P_STR, 0),
	PARAM_END,
};
