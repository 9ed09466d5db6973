/*
 * fields: the tables of all resources.
 *
 * Members, their order and whether they may be null follow the types of the
 * official SDK, stripe@23.1.0 (esm/resources); a member that its type marks
 * as optional is here only where the real API shows it.
 */
#include "resource.h"

#define TEXT_OR_NULL "null"
#define EMPTY_OBJECT "{}"
#define EMPTY_LIST "[]"
#define ID                                             \
	{                                              \
		"id", NULL, R_NONE, FIELD_PUBLIC, NULL \
	}
#define OBJECT                                             \
	{                                                  \
		"object", NULL, R_NONE, FIELD_PUBLIC, NULL \
	}
#define CREATED                                             \
	{                                                   \
		"created", NULL, R_NONE, FIELD_PUBLIC, NULL \
	}
#define LIVEMODE                                                \
	{                                                       \
		"livemode", "false", R_NONE, FIELD_PUBLIC, NULL \
	}
#define F(name, initial)                       \
	{                                      \
		name, initial, R_NONE, 0, NULL \
	}
#define F_SHOWN(name, initial)                            \
	{                                                 \
		name, initial, R_NONE, FIELD_PUBLIC, NULL \
	}
#define F_TO(name, to)                    \
	{                                 \
		name, "null", to, 0, NULL \
	}
#define F_TO_ABSENT(name, to)           \
	{                               \
		name, NULL, to, 0, NULL \
	}
#define F_TO_SHOWN(name, to)                         \
	{                                            \
		name, "null", to, FIELD_PUBLIC, NULL \
	}
#define F_INCLUDABLE(name)                                 \
	{                                                  \
		name, NULL, R_NONE, FIELD_INCLUDABLE, NULL \
	}
/* A list of what belongs to the object. */
#define F_INCLUDES(name, to)                           \
	{                                              \
		name, NULL, to, FIELD_INCLUDABLE, NULL \
	}
#define F_END                               \
	{                                   \
		NULL, NULL, R_NONE, 0, NULL \
	}

static const struct field invoice_settings[] = {
	F("custom_fields", "null"),
	F_TO("default_payment_method", R_PAYMENT_METHOD),
	F("footer", "null"),
	F("rendering_options", "null"),
	F_END,
};

static const struct field customer[] = {
	ID,
	OBJECT,
	F("address", "null"),
	F("balance", "0"),
	F("business_name", NULL),
	CREATED,
	F("currency", "null"),
	F("customer_account", "null"),
	F("default_source", "null"),
	F("delinquent", "false"),
	F("description", "null"),
	F("discount", "null"),
	F("email", "null"),
	F("individual_name", NULL),
	F("invoice_prefix", "null"),
	{ "invoice_settings",
	    "{\"custom_fields\":null,\"default_payment_method\":null,"
	    "\"footer\":null,\"rendering_options\":null}",
	    R_NONE, 0, invoice_settings },
	LIVEMODE,
	F("metadata", EMPTY_OBJECT),
	F("name", "null"),
	F("next_invoice_sequence", "1"),
	F("phone", "null"),
	F("preferred_locales", EMPTY_LIST),
	F("shipping", "null"),
	F_INCLUDABLE("sources"),
	F_INCLUDABLE("subscriptions"),
	F_INCLUDABLE("tax_ids"),
	F("tax_exempt", "\"none\""),
	F_TO("test_clock", R_TEST_CLOCK),
	F_END,
};

static const struct field payment_intent[] = {
	ID,
	OBJECT,
	F("allowed_payment_method_types", "null"),
	F_SHOWN("amount", "0"),
	F("amount_capturable", "0"),
	F_SHOWN("amount_details", "{\"tip\":{}}"),
	F("amount_received", "0"),
	F("application", "null"),
	F("application_fee_amount", "null"),
	F_SHOWN("automatic_payment_methods", "null"),
	F_SHOWN("canceled_at", "null"),
	F_SHOWN("cancellation_reason", "null"),
	F_SHOWN("capture_method", "\"automatic_async\""),
	F_SHOWN("client_secret", "null"),
	F_SHOWN("confirmation_method", "\"automatic\""),
	CREATED,
	F_SHOWN("currency", "null"),
	F_TO("customer", R_CUSTOMER),
	F("customer_account", "null"),
	F_SHOWN("description", "null"),
	F("excluded_payment_method_types", "null"),
	F_SHOWN("last_payment_error", "null"),
	F_TO("latest_charge", R_CHARGE),
	LIVEMODE,
	F("managed_payments", "null"),
	F("metadata", EMPTY_OBJECT),
	F_SHOWN("next_action", "null"),
	F("on_behalf_of", "null"),
	F_TO_SHOWN("payment_method", R_PAYMENT_METHOD),
	F_SHOWN("payment_method_configuration_details", "null"),
	F("payment_method_options", EMPTY_OBJECT),
	F_SHOWN("payment_method_types", EMPTY_LIST),
	F("payment_record", "null"),
	F_SHOWN("processing", "null"),
	F_SHOWN("receipt_email", "null"),
	F("review", "null"),
	F_SHOWN("setup_future_usage", "null"),
	F_SHOWN("shipping", "null"),
	F_SHOWN("source", "null"),
	F("statement_descriptor", "null"),
	F("statement_descriptor_suffix", "null"),
	F_SHOWN("status", "\"requires_payment_method\""),
	F("transfer_data", "null"),
	F("transfer_group", "null"),
	F_END,
};

static const struct field payment_method[] = {
	ID,
	OBJECT,
	F_SHOWN("allow_redisplay", "\"unspecified\""),
	F_SHOWN("amazon_pay", NULL),
	F_SHOWN("bancontact", NULL),
	F_SHOWN("billing_details",
	    "{\"address\":{\"city\":null,\"country\":null,\"line1\":null,"
	    "\"line2\":null,\"postal_code\":null,\"state\":null},"
	    "\"email\":null,\"name\":null,\"phone\":null,\"tax_id\":null}"),
	F_SHOWN("card", NULL),
	CREATED,
	F_TO_SHOWN("customer", R_CUSTOMER),
	F_SHOWN("customer_account", "null"),
	F_SHOWN("ideal", NULL),
	LIVEMODE,
	F("metadata", EMPTY_OBJECT),
	F_SHOWN("sepa_debit", NULL),
	F_SHOWN("type", "\"card\""),
	F_SHOWN("us_bank_account", NULL),
	F_END,
};

static const struct field charge[] = {
	ID,
	OBJECT,
	F("amount", "0"),
	F("amount_captured", "0"),
	F("amount_refunded", "0"),
	F("application", "null"),
	F("application_fee", "null"),
	F("application_fee_amount", "null"),
	F_TO("balance_transaction", R_BALANCE_TRANSACTION),
	F("billing_details", "null"),
	F("calculated_statement_descriptor", "null"),
	F("captured", "false"),
	CREATED,
	F("currency", "null"),
	F_TO("customer", R_CUSTOMER),
	F("description", "null"),
	F("disputed", "false"),
	F_TO("failure_balance_transaction", R_BALANCE_TRANSACTION),
	F("failure_code", "null"),
	F("failure_message", "null"),
	F("fraud_details", EMPTY_OBJECT),
	LIVEMODE,
	F("metadata", EMPTY_OBJECT),
	F("on_behalf_of", "null"),
	F("outcome", "null"),
	F("paid", "false"),
	F_TO("payment_intent", R_PAYMENT_INTENT),
	F("payment_method", "null"),
	F("payment_method_details", "null"),
	F("radar_options", EMPTY_OBJECT),
	F("receipt_email", "null"),
	F("receipt_number", "null"),
	F("receipt_url", "null"),
	F("refunded", "false"),
	F_INCLUDES("refunds", R_REFUND),
	F("review", "null"),
	F("shipping", "null"),
	F("source", "null"),
	F("source_transfer", "null"),
	F("statement_descriptor", "null"),
	F("statement_descriptor_suffix", "null"),
	F("status", "\"pending\""),
	F("transfer_data", "null"),
	F("transfer_group", "null"),
	F_END,
};

static const struct field balance_transaction[] = {
	ID,
	OBJECT,
	F("amount", "0"),
	F("available_on", "0"),
	F("balance_type", "\"payments\""),
	CREATED,
	F("currency", "null"),
	F("description", "null"),
	F("exchange_rate", "null"),
	F("fee", "0"),
	F("fee_details", EMPTY_LIST),
	F("net", "0"),
	F("reporting_category", "\"charge\""),
	F_TO("source", R_ANY),
	F("status", "\"pending\""),
	F("type", "\"charge\""),
	F_END,
};

static const struct field refund[] = {
	ID,
	OBJECT,
	F("amount", "0"),
	F_TO("balance_transaction", R_BALANCE_TRANSACTION),
	F_TO("charge", R_CHARGE),
	CREATED,
	F("currency", "null"),
	F_TO("customer", R_CUSTOMER),
	F("customer_account", "null"),
	F("destination_details", NULL),
	F_TO_ABSENT("failure_balance_transaction", R_BALANCE_TRANSACTION),
	F("failure_reason", NULL),
	F("instructions_email", NULL),
	F("metadata", EMPTY_OBJECT),
	F("next_action", NULL),
	F_TO("payment_intent", R_PAYMENT_INTENT),
	F_TO("payment_method", R_PAYMENT_METHOD),
	F("pending_reason", NULL),
	F("reason", "null"),
	F("receipt_number", "null"),
	F("source_transfer_reversal", "null"),
	F("status", "null"),
	F("transfer_reversal", "null"),
	F_END,
};

static const struct field dispute[] = {
	ID,
	OBJECT,
	F("amount", "0"),
	F("balance_transactions", EMPTY_LIST),
	F_TO("charge", R_CHARGE),
	CREATED,
	F("currency", "null"),
	F("enhanced_eligibility_types", EMPTY_LIST),
	F("evidence",
	    "{\"access_activity_log\":null,\"billing_address\":null,"
	    "\"cancellation_policy\":null,"
	    "\"cancellation_policy_disclosure\":null,"
	    "\"cancellation_rebuttal\":null,\"customer_communication\":null,"
	    "\"customer_email_address\":null,\"customer_name\":null,"
	    "\"customer_purchase_ip\":null,\"customer_signature\":null,"
	    "\"duplicate_charge_documentation\":null,"
	    "\"duplicate_charge_explanation\":null,"
	    "\"duplicate_charge_id\":null,\"enhanced_evidence\":{},"
	    "\"product_description\":null,\"receipt\":null,"
	    "\"refund_policy\":null,\"refund_policy_disclosure\":null,"
	    "\"refund_refusal_explanation\":null,\"service_date\":null,"
	    "\"service_documentation\":null,\"shipping_address\":null,"
	    "\"shipping_carrier\":null,\"shipping_date\":null,"
	    "\"shipping_documentation\":null,"
	    "\"shipping_tracking_number\":null,\"uncategorized_file\":null,"
	    "\"uncategorized_text\":null}"),
	F("evidence_details",
	    "{\"due_by\":null,\"enhanced_eligibility\":{},"
	    "\"has_evidence\":false,\"past_due\":false,"
	    "\"submission_count\":0,\"submission_method\":\"not_submitted\"}"),
	F("intended_submission_method", "null"),
	F("is_charge_refundable", "true"),
	LIVEMODE,
	F("metadata", EMPTY_OBJECT),
	F_TO("payment_intent", R_PAYMENT_INTENT),
	F("payment_method_details", NULL),
	F("reason", "null"),
	F("status", "\"needs_response\""),
	F_END,
};

static const struct field fraud_warning[] = {
	ID,
	OBJECT,
	F("actionable", "true"),
	F_TO("charge", R_CHARGE),
	CREATED,
	F("fraud_type", "\"unauthorized_use_of_card\""),
	LIVEMODE,
	F_TO("payment_intent", R_PAYMENT_INTENT),
	F_END,
};

static const struct field event[] = {
	ID,
	OBJECT,
	F("api_version", "\"" BOX_API_VERSION "\""),
	CREATED,
	F("data", EMPTY_OBJECT),
	LIVEMODE,
	F("pending_webhooks", "0"),
	F("request", "null"),
	F("type", "null"),
	F_END,
};

static const struct field webhook_endpoint[] = {
	ID,
	OBJECT,
	F("api_version", "null"),
	F("application", "null"),
	CREATED,
	F("description", "null"),
	F("enabled_events", EMPTY_LIST),
	LIVEMODE,
	F("metadata", EMPTY_OBJECT),
	F("status", "\"enabled\""),
	F("url", "null"),
	F_END,
};

static const struct field test_clock[] = {
	ID,
	OBJECT,
	CREATED,
	F("deletes_after", "0"),
	F("frozen_time", "0"),
	LIVEMODE,
	F("name", "null"),
	F("status", "\"ready\""),
	F("status_details", EMPTY_OBJECT),
	F_END,
};

/* Clerk's User, as its webhooks carry it; times in milliseconds. */
static const struct field user[] = {
	ID,
	OBJECT,
	F("banned", "false"),
	F("created_at", "0"),
	F("email_addresses", EMPTY_LIST),
	F("external_id", "null"),
	F("first_name", "null"),
	F("image_url", "\"\""),
	F("last_name", "null"),
	F("last_sign_in_at", "null"),
	F("locked", "false"),
	F("primary_email_address_id", "null"),
	F("private_metadata", EMPTY_OBJECT),
	F("public_metadata", EMPTY_OBJECT),
	F("unsafe_metadata", EMPTY_OBJECT),
	F("updated_at", "0"),
	F("username", "null"),
	F_END,
};

static const struct field session[] = {
	ID,
	OBJECT,
	F("created_at", "0"),
	F("expire_at", "0"),
	F("last_active_at", "0"),
	F("status", "\"active\""),
	F("user_id", "null"),
	F_END,
};

static const struct field message[] = {
	ID,
	OBJECT,
	CREATED,
	F("payload", EMPTY_OBJECT),
	F("type", "null"),
	F_END,
};

const struct resource resources[RESOURCE__MAX] = {
	[R_CUSTOMER] = { "customer", "customer", "cus_", '\0', 14,
	    "/v1/customers", customer, NULL, NULL, "email" },
	[R_PAYMENT_INTENT] = { "payment_intent", "payment_intent", "pi_", '3',
	    24, "/v1/payment_intents", payment_intent, "customer", NULL, NULL },
	[R_PAYMENT_METHOD] = { "payment_method", "PaymentMethod", "pm_", '1',
	    24, "/v1/payment_methods", payment_method, "customer", NULL,
	    "type" },
	[R_CHARGE] = { "charge", "charge", "ch_", '3', 24, "/v1/charges",
	    charge, "customer", "payment_intent", NULL },
	[R_BALANCE_TRANSACTION] = { "balance_transaction",
	    "balance_transaction", "txn_", '3', 24, "/v1/balance_transactions",
	    balance_transaction, NULL, "source", "type" },
	[R_REFUND] = { "refund", "refund", "re_", '3', 24, "/v1/refunds",
	    refund, "customer", "charge", "payment_intent" },
	[R_DISPUTE] = { "dispute", "dispute", "dp_", '1', 24, "/v1/disputes",
	    dispute, NULL, "charge", "payment_intent" },
	[R_FRAUD_WARNING] = { "radar.early_fraud_warning",
	    "early fraud warning", "issfr_", '1', 24,
	    "/v1/radar/early_fraud_warnings", fraud_warning, NULL, "charge",
	    "payment_intent" },
	[R_EVENT] = { "event", "event", "evt_", '1', 24, "/v1/events", event,
	    NULL, NULL, "type" },
	[R_WEBHOOK_ENDPOINT] = { "webhook_endpoint", "webhook endpoint", "we_",
	    '1', 24, "/v1/webhook_endpoints", webhook_endpoint, NULL, NULL,
	    NULL },
	[R_TEST_CLOCK] = { "test_helpers.test_clock", "test clock", "clock_",
	    '1', 24, "/v1/test_helpers/test_clocks", test_clock, NULL, NULL,
	    NULL },
	[R_USER] = { "user", "user", "user_", '2', 27, NULL, user, NULL, NULL,
	    NULL },
	[R_SESSION] = { "session", "session", "sess_", '2', 27, NULL, session,
	    NULL, "user_id", NULL },
	[R_MESSAGE] = { "message", "message", "msg_", '2', 27, NULL, message,
	    NULL, NULL, "type" },
};
