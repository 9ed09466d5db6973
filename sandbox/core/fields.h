/*
 * fields: the words that tables of fields are written with, and the tables
 * themselves; resource.h says what a table is.
 *
 * Members, their order and whether they may be null follow the types of the
 * official SDK, stripe@23.1.0 (esm/resources); a member that its type marks
 * as optional is here only where the real API shows it.
 */
#ifndef SANDBOX_FIELDS_H
#define SANDBOX_FIELDS_H

#include "core/resource.h"

extern const struct field refund_fields[];
extern const struct field dispute_fields[];
extern const struct field fraud_warning_fields[];
extern const struct field setup_intent_fields[];
extern const struct field setup_attempt_fields[];
extern const struct field checkout_session_fields[];
extern const struct field checkout_item_fields[];
extern const struct field portal_configuration_fields[];
extern const struct field portal_session_fields[];
extern const struct field customer_session_fields[];
extern const struct field product_fields[];
extern const struct field price_fields[];
extern const struct field coupon_fields[];
extern const struct field promotion_code_fields[];
extern const struct field discount_fields[];
extern const struct field line_item_fields[];
extern const struct field invoice_fields[];
extern const struct field invoice_payment_fields[];
extern const struct field invoice_item_fields[];
extern const struct field customer_balance_transaction_fields[];
extern const struct field credit_note_fields[];
extern const struct field credit_note_line_fields[];
extern const struct field subscription_fields[];
extern const struct field subscription_item_fields[];

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
#define F_END                               \
	{                                   \
		NULL, NULL, R_NONE, 0, NULL \
	}
/* Its elements, or what ids deeper inside point at. */
#define F_OF(name, initial, members)              \
	{                                         \
		name, initial, R_NONE, 0, members \
	}
/* A list of ids of this kind, or of nothing yet. */
#define F_LIST_TO(name, to)                   \
	{                                     \
		name, EMPTY_LIST, to, 0, NULL \
	}
/* A list of what belongs to the object. */
#define F_INCLUDES(name, to)                           \
	{                                              \
		name, NULL, to, FIELD_INCLUDABLE, NULL \
	}
/* Kept in the hidden half, shown only when asked for; null when not there. */
#define F_INCLUDABLE_HIDDEN(name)                                         \
	{                                                                 \
		name, NULL, R_NONE, FIELD_INCLUDABLE | FIELD_HIDDEN, NULL \
	}

#endif
