/* fields_subscription: subscriptions and their items. See fields.h. */
#include "core/fields.h"

/* A price as it stands inside an item: its product can be expanded. */
static const struct field price[] = {
	F_TO("product", R_PRODUCT),
	F_END,
};

const struct field subscription_item_fields[] = {
	ID,
	OBJECT,
	F("billing_thresholds", "null"),
	CREATED,
	F("current_period_end", "0"),
	F("current_period_start", "0"),
	F("current_trial", "null"),
	F_LIST_TO("discounts", R_DISCOUNT),
	F("metadata", EMPTY_OBJECT),
	F_OF("plan", "null", price),
	F_OF("price", "null", price),
	F("quantity", NULL),
	F("subscription", "null"),
	F("tax_rates", EMPTY_LIST),
	F_END,
};

static const struct field items[] = {
	F_OF("data", EMPTY_LIST, subscription_item_fields),
	F_END,
};

const struct field subscription_fields[] = {
	ID,
	OBJECT,
	F("application", "null"),
	F("application_fee_percent", "null"),
	F("automatic_tax",
	    "{\"disabled_reason\":null,\"enabled\":false,"
	    "\"liability\":null}"),
	F("billing_cycle_anchor", "0"),
	F("billing_cycle_anchor_config", "null"),
	F("billing_mode", "null"),
	F("billing_schedules", EMPTY_LIST),
	F("billing_thresholds", "null"),
	F("cancel_at", "null"),
	F("cancel_at_period_end", "false"),
	F("canceled_at", "null"),
	F("cancellation_details",
	    "{\"comment\":null,\"feedback\":null,\"feedback_option\":null,"
	    "\"reason\":null}"),
	F("collection_method", "\"charge_automatically\""),
	CREATED,
	F("currency", "null"),
	F_TO("customer", R_CUSTOMER),
	F("customer_account", "null"),
	F("days_until_due", "null"),
	F_TO("default_payment_method", R_PAYMENT_METHOD),
	F("default_source", "null"),
	F("default_tax_rates", EMPTY_LIST),
	F("description", "null"),
	F_LIST_TO("discounts", R_DISCOUNT),
	F("ended_at", "null"),
	F("invoice_settings",
	    "{\"account_tax_ids\":null,\"custom_fields\":null,"
	    "\"description\":null,\"footer\":null,"
	    "\"issuer\":{\"type\":\"self\"}}"),
	F_OF("items", "null", items),
	F_TO("latest_invoice", R_INVOICE),
	LIVEMODE,
	F("managed_payments", "null"),
	F("metadata", EMPTY_OBJECT),
	F("next_pending_invoice_item_invoice", "null"),
	F("on_behalf_of", "null"),
	F("pause_collection", "null"),
	F("payment_settings",
	    "{\"payment_method_options\":null,\"payment_method_types\":null,"
	    "\"save_default_payment_method\":\"off\"}"),
	F("pending_invoice_item_interval", "null"),
	F_TO("pending_setup_intent", R_SETUP_INTENT),
	F("pending_update", "null"),
	F("schedule", "null"),
	F("start_date", "0"),
	F("status", "\"incomplete\""),
	F("status_details", NULL),
	F_TO("test_clock", R_TEST_CLOCK),
	F("transfer_data", "null"),
	F("trial_end", "null"),
	F("trial_settings",
	    "{\"end_behavior\":{\"billing_cycle_anchor\":null,"
	    "\"missing_payment_method\":\"create_invoice\"}}"),
	F("trial_start", "null"),
	F_END,
};
