/* fields_payment: what is paid back, taken back, and kept for later. See
 * fields.h. */
#include "core/fields.h"

const struct field refund_fields[] = {
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

const struct field dispute_fields[] = {
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

const struct field fraud_warning_fields[] = {
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

const struct field setup_intent_fields[] = {
	ID,
	OBJECT,
	F("allowed_payment_method_types", "null"),
	F("application", "null"),
	F_SHOWN("automatic_payment_methods", "null"),
	F_SHOWN("cancellation_reason", "null"),
	F_SHOWN("client_secret", "null"),
	CREATED,
	F_TO("customer", R_CUSTOMER),
	F("customer_account", "null"),
	F_SHOWN("description", "null"),
	F("excluded_payment_method_types", "null"),
	F("flow_directions", "null"),
	F_SHOWN("last_setup_error", "null"),
	F_TO("latest_attempt", R_SETUP_ATTEMPT),
	LIVEMODE,
	F("mandate", "null"),
	F("metadata", EMPTY_OBJECT),
	F_SHOWN("next_action", "null"),
	F("on_behalf_of", "null"),
	F_TO_SHOWN("payment_method", R_PAYMENT_METHOD),
	F_SHOWN("payment_method_configuration_details", "null"),
	F("payment_method_options", EMPTY_OBJECT),
	F_SHOWN("payment_method_types", EMPTY_LIST),
	F("single_use_mandate", "null"),
	F_SHOWN("status", "\"requires_payment_method\""),
	F_SHOWN("usage", "\"off_session\""),
	F_END,
};

const struct field setup_attempt_fields[] = {
	ID,
	OBJECT,
	F("application", "null"),
	CREATED,
	F_TO("customer", R_CUSTOMER),
	F("customer_account", "null"),
	F("flow_directions", "null"),
	LIVEMODE,
	F("on_behalf_of", "null"),
	F_TO("payment_method", R_PAYMENT_METHOD),
	F("payment_method_details", EMPTY_OBJECT),
	F("setup_error", "null"),
	F_TO("setup_intent", R_SETUP_INTENT),
	F("status", "\"requires_confirmation\""),
	F("usage", "\"off_session\""),
	F_END,
};

/* It has no id: it is known by its secret. */
const struct field customer_session_fields[] = {
	OBJECT,
	F("client_secret", "null"),
	F("components", EMPTY_OBJECT),
	CREATED,
	F_TO("customer", R_CUSTOMER),
	F("customer_account", "null"),
	F("expires_at", "0"),
	LIVEMODE,
	F_END,
};
