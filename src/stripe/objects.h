/*
 * objects: Stripe's objects of the pinned version as plain structs.
 *
 * Only what we act on is read. Unknown members and unknown values of Stripe's
 * enums are accepted; a missing or mistyped member that we need is not: then
 * the object cannot be used and the caller parks it. Texts are copied, so
 * that the structs can travel to the writer thread.
 */
#ifndef VT_STRIPE_OBJECTS_H
#define VT_STRIPE_OBJECTS_H

#include <stdint.h>

#include "base/err.h"
#include "text/json.h"

#define STRIPE_VERSION "2026-10-28.endive"
#define STRIPE_ID_BYTES 96 /* longer than any id that Stripe gives out */

/* True for 1 to 95 characters of [A-Za-z0-9_], so safe in a path. */
bool stripe_id_valid(const char *id);

/* PaymentIntent.status; OTHER is a value that this version does not list. */
enum stripe_intent_status {
	STRIPE_PI_REQUIRES_PAYMENT_METHOD,
	STRIPE_PI_REQUIRES_CONFIRMATION,
	STRIPE_PI_REQUIRES_ACTION,
	STRIPE_PI_PROCESSING,
	STRIPE_PI_REQUIRES_CAPTURE,
	STRIPE_PI_CANCELED,
	STRIPE_PI_SUCCEEDED,
	STRIPE_PI_OTHER
};
const char *stripe_intent_status_name(enum stripe_intent_status s);

/* What we write into the metadata of everything we make; "" when absent. */
struct stripe_metadata {
	char instance[48]; /* vantage_instance */
	char order[48];	   /* vantage_order */
	char user[128];	   /* vantage_user */
};

struct stripe_intent {
	char id[STRIPE_ID_BYTES];
	enum stripe_intent_status status;
	int64_t amount;		 /* smallest unit */
	int64_t amount_received; /* smallest unit */
	char currency[8];
	char customer[STRIPE_ID_BYTES];	     /* "" for null */
	char latest_charge[STRIPE_ID_BYTES]; /* "" for null */
	char cancellation_reason[48];
	bool livemode;
	int64_t created_s;
	struct stripe_metadata metadata;
	bool failed; /* last_payment_error is there */
	char error_code[64];
	char decline_code[64];
	char error_message[256]; /* may be shown; only set for a card_error */
};

/*
 * VT_INVALID with a problem that names the member. `customer` and
 * `latest_charge` may be ids or expanded objects.
 */
enum vt_err stripe_intent_read(const struct json *object,
    struct stripe_intent *out, struct vt_problem *p) VT_MUSTCHECK;

/* The client secret inside a PaymentIntent, or NULL; never stored. */
const char *stripe_intent_client_secret(const struct json *object);

/* A charge, as far as it leads back to its intent. */
struct stripe_charge {
	char id[STRIPE_ID_BYTES];
	char intent[STRIPE_ID_BYTES]; /* "" for null */
	char customer[STRIPE_ID_BYTES];
	char status[24];
	int64_t amount, amount_refunded;
	char currency[8];
	struct stripe_metadata metadata;
};
enum vt_err stripe_charge_read(const struct json *object,
    struct stripe_charge *out, struct vt_problem *p) VT_MUSTCHECK;

/* A Checkout session (R19). */
struct stripe_checkout {
	char id[STRIPE_ID_BYTES];
	char mode[16], status[16], payment_status[24];
	char intent[STRIPE_ID_BYTES]; /* "" for null */
	char customer[STRIPE_ID_BYTES];
	int64_t amount_total;
	char currency[8];
	struct stripe_metadata metadata;
};
enum vt_err stripe_checkout_read(const struct json *object,
    struct stripe_checkout *out, struct vt_problem *p) VT_MUSTCHECK;

struct stripe_customer {
	char id[STRIPE_ID_BYTES];
	bool deleted;
	struct stripe_metadata metadata;
};
enum vt_err stripe_customer_read(const struct json *object,
    struct stripe_customer *out, struct vt_problem *p) VT_MUSTCHECK;

/*
 * A page of a list: `first` is its newest element (json_next() gives the
 * others), or NULL; `last_id` goes into the next call's starting_after.
 * VT_INVALID when it is no list.
 */
struct stripe_list {
	const struct json *first;
	bool has_more;
	char last_id[STRIPE_ID_BYTES];
};
enum vt_err stripe_list_read(const struct json *object, struct stripe_list *out,
    struct vt_problem *p) VT_MUSTCHECK;

/* The envelope of a snapshot event (docs.stripe.com/api/events). */
struct stripe_event {
	char id[STRIPE_ID_BYTES];
	char type[64];
	char api_version[32]; /* "" for null */
	bool livemode;
	bool thin; /* "v2.core.event": not for us, only id and type are set */
	int64_t created_s;
	char object_id[STRIPE_ID_BYTES]; /* "" when it has none */
	char object_type[48];
	const struct json *object; /* data.object, in the caller's arena */
};
enum vt_err stripe_event_read(const struct json *body, struct stripe_event *out,
    struct vt_problem *p) VT_MUSTCHECK;

#endif
