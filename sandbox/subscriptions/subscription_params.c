/* subscription_params: see subscription_params.h. */
#include "subscriptions/subscription_params.h"

#include "catalog/discount.h"
#include "catalog/price.h"
#include "subscriptions/subscription.h"

#define TIME_S_MAX INT64_C(32503680000) /* the year 3000 */
#define QUANTITY_MAX 999999

#define PARAM_TIME(name, flags) PARAM_RANGE(name, P_INT, flags, 1, TIME_S_MAX)

static const char *const collection[] = { "charge_automatically",
	"send_invoice", NULL };
static const char *const payment_behavior[] = { "allow_incomplete",
	"default_incomplete", "error_if_incomplete", "pending_if_incomplete",
	NULL };
static const char *const proration_behavior[] = { "always_invoice",
	"create_prorations", "none", NULL };
static const char *const anchor_types[] = { "now", "unchanged", NULL };
static const char *const preview_anchors[] = { "now", "timestamp", "unchanged",
	NULL };
static const char *const now_only[] = { "now", NULL };
static const char *const cancel_moments[] = { "max_billed_until",
	"max_period_end", "min_period_end", NULL };
static const char *const modes[] = { "classic", "flexible", NULL };
static const char *const flexible_only[] = { "flexible", NULL };
static const char *const proration_discounts[] = { "included", "itemized",
	NULL };
static const char *const feedbacks[] = { "customer_service", "low_quality",
	"missing_features", "other", "switched_service", "too_complex",
	"too_expensive", "unused", NULL };
static const char *const pauses[] = { "keep_as_draft", "mark_uncollectible",
	"void", NULL };
static const char *const saves[] = { "off", "on_subscription", NULL };
static const char *const missing[] = { "cancel", "create_invoice", "pause",
	NULL };
static const char *const intervals[] = { "day", "month", "week", "year", NULL };
static const char *const starts[] = { "max_item_period_start", "now",
	"timestamp", NULL };
static const char *const ends[] = { "min_item_period_end", "timestamp", NULL };
static const char *const statuses[] = { "active", "all", "canceled", "ended",
	"incomplete", "incomplete_expired", "past_due", "paused", "trialing",
	"unpaid", NULL };
static const char *const pause_types[] = { "subscription", NULL };
static const char *const pause_invoices[] = { "invoice", "pending_invoice_item",
	NULL };
static const char *const usage_through[] = { "none", "now", NULL };
static const char *const unused_from[] = { "item_current_period_start", "none",
	"now", NULL };
static const char *const resume_behavior[] = { "resume_on_payment_attempt",
	"resume_on_payment_success", NULL };

static const struct param texts[] = { PARAM("", P_STR, 0) };

/* --- parts ------------------------------------------------------------ */

#define ITEM_PARAMS(empty)                                             \
	PARAM_OF("discounts", P_LIST, P_EMPTY, discount_params),       \
	    PARAM("metadata", P_META, empty), PARAM("plan", P_STR, 0), \
	    PARAM("price", P_STR, 0),                                  \
	    PARAM_OF("price_data", P_HASH, 0, price_data_params),      \
	    PARAM_RANGE("quantity", P_INT, 0, 0, QUANTITY_MAX),        \
	    PARAM_OF("tax_rates", P_LIST, P_EMPTY, texts)

static const struct param new_item[] = {
	ITEM_PARAMS(0),
	PARAM_END,
};
static const struct param new_items[] = { PARAM_OF("", P_HASH, 0, new_item) };
static const struct param changed_item[] = {
	ITEM_PARAMS(P_EMPTY),
	PARAM("clear_usage", P_BOOL, 0),
	PARAM("deleted", P_BOOL, 0),
	PARAM("id", P_STR, 0),
	PARAM_END,
};
static const struct param changed_items[] = {
	PARAM_OF("", P_HASH, 0, changed_item),
};

static const struct param period_start[] = {
	PARAM_TIME("timestamp", 0),
	PARAM_ENUM("type", P_REQUIRED, starts),
	PARAM_END,
};
static const struct param period_end_of[] = {
	PARAM_TIME("timestamp", 0),
	PARAM_ENUM("type", P_REQUIRED, ends),
	PARAM_END,
};
static const struct param added_period[] = {
	PARAM_OF("end", P_HASH, P_REQUIRED, period_end_of),
	PARAM_OF("start", P_HASH, P_REQUIRED, period_start),
	PARAM_END,
};
static const struct param added[] = {
	PARAM("discountable", P_BOOL, 0),
	PARAM_OF("discounts", P_LIST, 0, discount_params),
	PARAM("metadata", P_META, 0),
	PARAM_OF("period", P_HASH, 0, added_period),
	PARAM("price", P_STR, 0),
	PARAM_OF("price_data", P_HASH, 0, price_data_params),
	PARAM_RANGE("quantity", P_INT, 0, 0, QUANTITY_MAX),
	PARAM_OF("tax_rates", P_LIST, P_EMPTY, texts),
	PARAM_END,
};
static const struct param added_items[] = { PARAM_OF("", P_HASH, 0, added) };

static const struct param anchor_config[] = {
	PARAM_RANGE("day_of_month", P_INT, P_REQUIRED, 1, 31),
	PARAM_RANGE("hour", P_INT, 0, 0, 23),
	PARAM_RANGE("minute", P_INT, 0, 0, 59),
	PARAM_RANGE("month", P_INT, 0, 1, 12),
	PARAM_RANGE("second", P_INT, 0, 0, 59),
	PARAM_END,
};
static const struct param flexible[] = {
	PARAM_ENUM("proration_discounts", 0, proration_discounts),
	PARAM_END,
};
static const struct param billing_mode[] = {
	PARAM_OF("flexible", P_HASH, 0, flexible),
	PARAM_ENUM("type", P_REQUIRED, modes),
	PARAM_END,
};
static const struct param migrate_mode[] = {
	PARAM_OF("flexible", P_HASH, 0, flexible),
	PARAM_ENUM("type", P_REQUIRED, flexible_only),
	PARAM_END,
};
static const struct param custom_field[] = {
	PARAM_RANGE("name", P_STR, P_REQUIRED, 0, 40),
	PARAM_RANGE("value", P_STR, P_REQUIRED, 0, 140),
	PARAM_END,
};
static const struct param custom_fields[] = {
	PARAM_OF("", P_HASH, 0, custom_field),
};
static const struct param invoice_settings[] = {
	PARAM_OF("account_tax_ids", P_LIST, P_EMPTY, texts),
	PARAM_OF("custom_fields", P_LIST, P_EMPTY, custom_fields),
	PARAM("description", P_STR, P_EMPTY),
	PARAM("footer", P_STR, P_EMPTY),
	PARAM_OF("issuer", P_HASH, 0, params_issuer),
	PARAM_END,
};
static const struct param payment_settings[] = {
	PARAM("payment_method_options", P_HASH, P_EMPTY),
	PARAM_OF("payment_method_types", P_LIST, P_EMPTY, texts),
	PARAM_ENUM("save_default_payment_method", 0, saves),
	PARAM_END,
};
static const struct param end_behavior[] = {
	PARAM_ENUM("billing_cycle_anchor", 0, anchor_types),
	PARAM_ENUM("missing_payment_method", P_REQUIRED, missing),
	PARAM_END,
};
static const struct param trial_settings[] = {
	PARAM_OF("end_behavior", P_HASH, P_REQUIRED, end_behavior),
	PARAM_END,
};
static const struct param item_interval[] = {
	PARAM_ENUM("interval", P_REQUIRED, intervals),
	PARAM_RANGE("interval_count", P_INT, 0, 1, 365),
	PARAM_END,
};
static const struct param cancellation_details[] = {
	PARAM_RANGE("comment", P_STR, P_EMPTY, 0, 5000),
	PARAM_ENUM("feedback", P_EMPTY, feedbacks),
	PARAM("feedback_option", P_STR, 0),
	PARAM_END,
};
static const struct param pause_collection[] = {
	PARAM_ENUM("behavior", P_REQUIRED, pauses),
	PARAM_TIME("resumes_at", 0),
	PARAM_END,
};
static const struct param anchor[] = {
	PARAM_ENUM("type", P_REQUIRED, anchor_types),
	PARAM_END,
};
static const struct param preview_anchor[] = {
	PARAM_TIME("timestamp", 0),
	PARAM_ENUM("type", P_REQUIRED, preview_anchors),
	PARAM_END,
};

/* --- operations ------------------------------------------------------- */

/* What create and update take alike. */
#define SUBSCRIPTION_PARAMS                                             \
	PARAM_OF("add_invoice_items", P_LIST, 0, added_items),          \
	    PARAM_OF("automatic_tax", P_HASH, 0, params_automatic_tax), \
	    PARAM("cancel_at_period_end", P_BOOL, 0),                   \
	    PARAM_ENUM("collection_method", 0, collection),             \
	    PARAM_RANGE("days_until_due", P_INT, 0, 0, 3650),           \
	    PARAM("default_payment_method", P_STR, P_EMPTY),            \
	    PARAM_OF("default_tax_rates", P_LIST, P_EMPTY, texts),      \
	    PARAM_RANGE("description", P_STR, P_EMPTY, 0, 500),         \
	    PARAM_OF("discounts", P_LIST, P_EMPTY, discount_params),    \
	    PARAM_OF("invoice_settings", P_HASH, 0, invoice_settings),  \
	    PARAM("metadata", P_META, P_EMPTY),                         \
	    PARAM("off_session", P_BOOL, 0),                            \
	    PARAM_ENUM("payment_behavior", 0, payment_behavior),        \
	    PARAM_OF("payment_settings", P_HASH, 0, payment_settings),  \
	    PARAM_OF("pending_invoice_item_interval", P_HASH, P_EMPTY,  \
		item_interval),                                         \
	    PARAM_ENUM("proration_behavior", 0, proration_behavior),    \
	    PARAM_OF("trial_settings", P_HASH, 0, trial_settings),      \
	    { "cancel_at", P_MOMENT, P_EMPTY, cancel_moments, NULL, 1,  \
		    TIME_S_MAX },                                       \
	{                                                               \
		"trial_end", P_MOMENT, 0, now_only, NULL, 1, TIME_S_MAX \
	}

const struct param subscription_create_params[] = {
	SUBSCRIPTION_PARAMS,
	PARAM_TIME("backdate_start_date", 0),
	PARAM_TIME("billing_cycle_anchor", 0),
	PARAM_OF("billing_cycle_anchor_config", P_HASH, 0, anchor_config),
	PARAM_OF("billing_mode", P_HASH, 0, billing_mode),
	PARAM("currency", P_CURRENCY, 0),
	PARAM("customer", P_STR, P_REQUIRED),
	PARAM_OF("items", P_LIST, P_REQUIRED, new_items),
	PARAM("trial_from_plan", P_BOOL, 0),
	PARAM_RANGE("trial_period_days", P_INT, 0, 1, 730),
	PARAM_END,
};
const struct param subscription_update_params[] = {
	SUBSCRIPTION_PARAMS,
	PARAM_OF("billing_cycle_anchor", P_HASH, 0, anchor),
	PARAM_OF("cancellation_details", P_HASH, 0, cancellation_details),
	PARAM_OF("items", P_LIST, 0, changed_items),
	PARAM_OF("pause_collection", P_HASH, P_EMPTY, pause_collection),
	PARAM_TIME("proration_date", 0),
	PARAM("trial_from_plan", P_BOOL, 0),
	PARAM_END,
};
const struct param subscription_list_params[] = {
	PARAMS_PAGE,
	PARAM_OF("automatic_tax", P_HASH, 0, params_automatic_tax),
	PARAM_ENUM("collection_method", 0, collection),
	PARAM("created", P_RANGE, 0),
	PARAM("current_period_end", P_RANGE, 0),
	PARAM("current_period_start", P_RANGE, 0),
	PARAM("customer", P_STR, 0),
	PARAM("plan", P_STR, 0),
	PARAM("price", P_STR, 0),
	PARAM_ENUM("status", 0, statuses),
	PARAM("test_clock", P_STR, 0),
	PARAM_END,
};
const struct param subscription_cancel_params[] = {
	PARAM_OF("cancellation_details", P_HASH, 0, cancellation_details),
	PARAM("invoice_now", P_BOOL, 0),
	PARAM("prorate", P_BOOL, 0),
	PARAM_END,
};

static const struct param usage[] = {
	PARAM_ENUM("type", P_REQUIRED, usage_through),
	PARAM_END,
};
static const struct param unused[] = {
	PARAM_ENUM("type", P_REQUIRED, unused_from),
	PARAM_END,
};
static const struct param bill_for[] = {
	PARAM_OF("outstanding_usage_through", P_HASH, 0, usage),
	PARAM_OF("unused_time_from", P_HASH, 0, unused),
	PARAM_END,
};
const struct param subscription_pause_params[] = {
	PARAM_OF("bill_for", P_HASH, 0, bill_for),
	PARAM_ENUM("invoicing_behavior", 0, pause_invoices),
	PARAM_ENUM("type", 0, pause_types),
	PARAM_END,
};
const struct param subscription_resume_params[] = {
	PARAM_OF("billing_cycle_anchor", P_HASH, 0, anchor),
	PARAM_ENUM("payment_behavior", 0, resume_behavior),
	PARAM_ENUM("proration_behavior", 0, proration_behavior),
	PARAM_TIME("proration_date", 0),
	PARAM_END,
};
const struct param subscription_migrate_params[] = {
	PARAM_OF("billing_mode", P_HASH, P_REQUIRED, migrate_mode),
	PARAM_END,
};

#define ITEM_CHANGE_PARAMS                                           \
	PARAM_ENUM("payment_behavior", 0, payment_behavior),         \
	    PARAM_ENUM("proration_behavior", 0, proration_behavior), \
	    PARAM_TIME("proration_date", 0)

const struct param subscription_item_create_params[] = {
	ITEM_PARAMS(0),
	ITEM_CHANGE_PARAMS,
	PARAM("subscription", P_STR, P_REQUIRED),
	PARAM_END,
};
const struct param subscription_item_update_params[] = {
	ITEM_PARAMS(P_EMPTY),
	ITEM_CHANGE_PARAMS,
	PARAM("off_session", P_BOOL, 0),
	PARAM_END,
};
const struct param subscription_item_delete_params[] = {
	ITEM_CHANGE_PARAMS,
	PARAM("clear_usage", P_BOOL, 0),
	PARAM_END,
};
const struct param subscription_item_list_params[] = {
	PARAMS_PAGE,
	PARAM("subscription", P_STR, P_REQUIRED),
	PARAM_END,
};

const struct param subscription_preview_params[] = {
	PARAM_OF("billing_cycle_anchor", P_HASH, 0, preview_anchor),
	PARAM_OF("billing_mode", P_HASH, 0, billing_mode),
	{ "cancel_at", P_MOMENT, P_EMPTY, cancel_moments, NULL, 1, TIME_S_MAX },
	PARAM("cancel_at_period_end", P_BOOL, 0),
	PARAM("cancel_now", P_BOOL, 0),
	PARAM_OF("default_tax_rates", P_LIST, P_EMPTY, texts),
	PARAM_OF("items", P_LIST, 0, changed_items),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_ENUM("proration_behavior", 0, proration_behavior),
	PARAM_TIME("proration_date", 0),
	PARAM_ENUM("resume_at", 0, now_only),
	PARAM_TIME("start_date", 0),
	{ "trial_end", P_MOMENT, 0, now_only, NULL, 1, TIME_S_MAX },
	PARAM_END,
};
