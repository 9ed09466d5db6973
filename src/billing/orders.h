/*
 * orders: what users are buying, one-time; the price was fixed when the
 * order was made. States and who may follow whom: order_move().
 */
#ifndef VT_BILLING_ORDERS_H
#define VT_BILLING_ORDERS_H

#include <stdint.h>

#include "base/err.h"
#include "base/random.h"
#include "billing/catalog.h"
#include "ledger/idempotency.h"
#include "store/db.h"

enum order_state {
	ORDER_CREATED,	   /* no call to Stripe was prepared yet */
	ORDER_INTENT_SENT, /* the create may be on its way */
	ORDER_REFUSED,	   /* Stripe said no to the create */
	ORDER_OPEN,
	ORDER_PROCESSING,
	ORDER_REQUIRES_ACTION,
	ORDER_PAID,
	ORDER_GRANTED,
	ORDER_PARKED, /* paid, but not as ordered: a person decides */
	ORDER_DISMISSED,
	ORDER_CANCELED,
	ORDER_FAILED,
	ORDER_STATE__MAX
};
const char *order_state_name(enum order_state s);

struct order {
	int64_t id;
	char public_id[RANDOM_ID_BYTES]; /* ord_…, metadata[vantage_order] */
	int64_t user;			 /* users.id */
	char user_sub[128];
	int64_t tx; /* token_transactions.id */
	char tx_public_id[RANDOM_ID_BYTES];
	int64_t catalog_version;
	char package_id[72]; /* "" for a quantity of the user's own */
	int64_t tokens;
	int64_t amount; /* smallest unit, for all of it */
	char currency[8];
	bool save_method;
	char customer[96]; /* "" until it is known */
	char pi[96];	   /* "" until it is known */
	enum order_state state;
	bool declined;	   /* a bank refused at least one attempt */
	bool hash_matches; /* order_by_request(): the body was the same */
	int64_t created_at, updated_at;
};

struct order_new {
	int64_t user;
	const char *user_sub;
	const struct quote *quote;
	bool save_method;
	const struct idempotency_key *request; /* key "" when none was given */
	int64_t now_ms;
};

/* Adds the order and its pending transaction. Inside an operation. */
enum vt_err order_add(
    struct db *db, const struct order_new *n, struct order *out) VT_MUSTCHECK;

/* Each finds one order or VT_NOTFOUND; read or operation. */
enum vt_err
order_by_id(struct db *db, int64_t id, struct order *out) VT_MUSTCHECK;
enum vt_err order_by_public_id(
    struct db *db, const char *public_id, struct order *out) VT_MUSTCHECK;
enum vt_err
order_by_intent(struct db *db, const char *pi, struct order *out) VT_MUSTCHECK;
/* By the caller's Idempotency-Key; sets hash_matches. */
enum vt_err order_by_request(struct db *db, int64_t user,
    const struct idempotency_key *request, struct order *out) VT_MUSTCHECK;

/*
 * Moves the order if docs/ledger.md's table allows it; any other move is none,
 * and VT_OK with *moved false. `note` is kept when not NULL. o->state
 * follows. Inside an operation.
 */
enum vt_err order_move(struct db *db, struct order *o, enum order_state to,
    const char *note, int64_t now_ms, bool *moved) VT_MUSTCHECK;

/* The customer whose intent it will be. */
enum vt_err order_customer(struct db *db, struct order *o, const char *customer,
    int64_t now_ms) VT_MUSTCHECK;

/*
 * Ties an intent to the order, and to its transaction. VT_CONFLICT when the
 * order has another one or the intent another order.
 */
enum vt_err order_intent(struct db *db, struct order *o, const char *pi,
    int64_t now_ms) VT_MUSTCHECK;

/* A bank refused an attempt; told twice or late it is the same fact. */
enum vt_err order_declined(struct db *db, struct order *o) VT_MUSTCHECK;

/* Gives the Idempotency-Key back: a refusal is not kept. */
enum vt_err order_forget_request(struct db *db, int64_t id) VT_MUSTCHECK;

/* reconciler has just read its intent. */
enum vt_err
order_checked(struct db *db, int64_t id, int64_t now_ms) VT_MUSTCHECK;

/*
 * Unfinished orders with an intent that reconciler shall read (again),
 * longest unread first; at most `max` into `out`, their number in *count.
 * An order is due ORDER_QUIET_MS after its last change, then whenever the
 * time since that change has doubled, and once when it is ORDER_ABANDONED_MS
 * old.
 */
#define ORDER_QUIET_MS (5 * 60 * INT64_C(1000))
#define ORDER_ABANDONED_MS (24 * 3600 * INT64_C(1000))
enum vt_err orders_due(struct db *db, int64_t now_ms, struct order *out,
    size_t max, size_t *count) VT_MUSTCHECK;

/*
 * Orders that will never get an intent unless their buyer comes again: a day
 * old, without one, and no call open that could bring one (the intent's, or
 * the one for the user's customer). At most `max`, oldest first.
 */
enum vt_err orders_forsaken(struct db *db, int64_t now_ms, struct order *out,
    size_t max, size_t *count) VT_MUSTCHECK;

#endif
