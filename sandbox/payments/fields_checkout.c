/* fields_checkout: the pages that Stripe shows in a site's stead. See
 * fields.h. */
#include "core/fields.h"

const struct field checkout_session_fields[] = {
	ID,
	OBJECT,
	F("adaptive_pricing", "{\"enabled\":false}"),
	F("after_expiration", "null"),
	F("allow_promotion_codes", "null"),
	F("allowed_payment_method_types", "null"),
	F("amount_subtotal", "null"),
	F("amount_total", "null"),
	F("automatic_tax",
	    "{\"enabled\":false,\"liability\":null,\"provider\":null,"
	    "\"status\":null}"),
	F("billing_address_collection", "null"),
	F("cancel_url", "null"),
	F("client_reference_id", "null"),
	F("client_secret", "null"),
	F("collected_information", "null"),
	F("consent", "null"),
	F("consent_collection", "null"),
	CREATED,
	F("currency", "null"),
	F("currency_conversion", "null"),
	F("custom_fields", EMPTY_LIST),
	F("custom_text",
	    "{\"after_submit\":null,\"shipping_address\":null,\"submit\":null,"
	    "\"terms_of_service_acceptance\":null}"),
	F_TO("customer", R_CUSTOMER),
	F("customer_account", "null"),
	F("customer_creation", "null"),
	F("customer_details", "null"),
	F("customer_email", "null"),
	F("discounts", EMPTY_LIST),
	F("excluded_payment_method_types", NULL),
	F("expires_at", "0"),
	F("integration_identifier", "null"),
	F_TO("invoice", R_ANY),
	F("invoice_creation", "null"),
	F_INCLUDES("line_items", R_CHECKOUT_ITEM),
	LIVEMODE,
	F("locale", "null"),
	F("managed_payments", "null"),
	F("metadata", EMPTY_OBJECT),
	F("mode", "null"),
	F("origin_context", "null"),
	F_TO("payment_intent", R_PAYMENT_INTENT),
	F("payment_link", "null"),
	F("payment_method_collection", "null"),
	F("payment_method_configuration_details", "null"),
	F("payment_method_options", EMPTY_OBJECT),
	F("payment_method_types", EMPTY_LIST),
	F("payment_status", "\"unpaid\""),
	F("permissions", "null"),
	F("phone_number_collection", "{\"enabled\":false}"),
	F("recovered_from", "null"),
	F("redirect_on_completion", NULL),
	F("return_url", NULL),
	F("saved_payment_method_options", "null"),
	F_TO("setup_intent", R_SETUP_INTENT),
	F("shipping_address_collection", "null"),
	F("shipping_cost", "null"),
	F("shipping_options", EMPTY_LIST),
	F("status", "\"open\""),
	F("submit_type", "null"),
	F_TO("subscription", R_SUBSCRIPTION),
	F("success_url", "null"),
	F("tax_id_collection", NULL),
	F("total_details", "null"),
	F("ui_mode", "\"hosted_page\""),
	F("url", "null"),
	F("wallet_options", "null"),
	F_END,
};

const struct field checkout_item_fields[] = {
	ID,
	OBJECT,
	F("adjustable_quantity", "null"),
	F("amount_discount", "0"),
	F("amount_subtotal", "0"),
	F("amount_tax", "0"),
	F("amount_total", "0"),
	F("currency", "null"),
	F("description", "null"),
	F("metadata", EMPTY_OBJECT),
	F("price", "null"),
	F("quantity", "null"),
	F_END,
};

const struct field portal_configuration_fields[] = {
	ID,
	OBJECT,
	F("active", "true"),
	F("application", "null"),
	F("business_profile",
	    "{\"headline\":null,\"privacy_policy_url\":null,"
	    "\"terms_of_service_url\":null}"),
	CREATED,
	F("default_return_url", "null"),
	F("features",
	    "{\"customer_update\":{\"allowed_updates\":[],\"enabled\":false},"
	    "\"invoice_history\":{\"enabled\":false},"
	    "\"payment_method_update\":{\"enabled\":false,"
	    "\"payment_method_configuration\":null},"
	    "\"subscription_cancel\":{\"cancellation_reason\":{\"enabled\":"
	    "false,\"feedback_options\":null,\"options\":[]},\"enabled\":false,"
	    "\"mode\":\"at_period_end\",\"proration_behavior\":\"none\"},"
	    "\"subscription_pause\":{\"duration\":{\"interval_options\":[],"
	    "\"type\":\"indefinite\"},\"enabled\":false},"
	    "\"subscription_update\":{\"billing_cycle_anchor\":null,"
	    "\"default_allowed_updates\":[],\"enabled\":false,\"products\":[],"
	    "\"proration_behavior\":\"none\",\"schedule_at_period_end\":"
	    "{\"conditions\":[]},\"trial_update_behavior\":\"end_trial\"}}"),
	F("is_default", "false"),
	LIVEMODE,
	F("login_page", "{\"enabled\":false,\"url\":null}"),
	F("metadata", EMPTY_OBJECT),
	F("name", "null"),
	F("updated", "0"),
	F_END,
};

const struct field portal_session_fields[] = {
	ID,
	OBJECT,
	F_TO("configuration", R_PORTAL_CONFIGURATION),
	CREATED,
	F("customer", "null"),
	F("customer_account", "null"),
	F("flow", "null"),
	LIVEMODE,
	F("locale", "null"),
	F("on_behalf_of", "null"),
	F("return_url", "null"),
	F("url", "null"),
	F_END,
};
