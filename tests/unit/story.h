/*
 * story: one user who buys the starter package, and the events that Stripe
 * sends about it, for tests of billing.
 */
#ifndef VT_TESTS_STORY_H
#define VT_TESTS_STORY_H

#include "freshdb.h"

#include <inttypes.h>

#include "base/arena.h"
#include "billing/catalog.h"
#include "billing/events.h"
#include "billing/orders.h"
#include "billing/users.h"

#define STORY_PI "pi_story"
#define STORY_CUSTOMER "cus_story"

static struct arena *story_arena;
static struct order story_order;

/* The order as create-payment-intent leaves it: open, with its intent. */
static inline void
story_buy(const char *package, const char *currency)
{
	struct idempotency_key key = { 0 };
	struct catalog c;
	struct quote quote;
	struct user u;
	struct order_new n = {
		.quote = &quote, .request = &key, .now_ms = BOOKS_NOW
	};
	bool moved;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(user_ensure(books, "user_1", BOOKS_NOW, &u), VT_OK);
	ck_assert_int_eq(
	    user_customer_bind(books, u.id, STORY_CUSTOMER, 1), VT_OK);
	ck_assert_int_eq(catalog_load(books, story_arena, &c), VT_OK);
	ck_assert_int_eq(
	    catalog_quote(&c, package, 0, currency, &quote, NULL), VT_OK);
	n.user = u.id;
	n.user_sub = u.sub;
	ck_assert_int_eq(order_add(books, &n, &story_order), VT_OK);
	ck_assert_int_eq(
	    order_customer(books, &story_order, STORY_CUSTOMER, 1), VT_OK);
	ck_assert_int_eq(order_move(books, &story_order, ORDER_INTENT_SENT,
			     NULL, BOOKS_NOW, &moved),
	    VT_OK);
	ck_assert_int_eq(db_commit(books), VT_OK);
}

/* The answer to the create was stored. */
static inline void
story_intent_known(void)
{
	bool moved;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(order_intent(books, &story_order, STORY_PI, 1), VT_OK);
	ck_assert_int_eq(order_move(books, &story_order, ORDER_OPEN, NULL,
			     BOOKS_NOW, &moved),
	    VT_OK);
	ck_assert_int_eq(db_commit(books), VT_OK);
}

static inline void
story_open(void)
{
	books_open();
	story_arena = arena_new();
	story_buy("starter", "usd");
	story_intent_known();
}

static inline void
story_close(void)
{
	arena_free(story_arena);
	books_close();
}

/* What is told about the payment; 0 and NULL are the order's own. */
struct told {
	const char *status; /* of the intent, the charge or the session */
	int64_t amount, amount_received;
	const char *currency, *customer, *pi;
	const char *instance, *order; /* metadata */
	bool declined, no_metadata;
};

static inline const char *
or_else(const char *text, const char *fallback)
{
	return text != NULL ? text : fallback;
}

static inline const char *
story_metadata(const struct told *t)
{
	if (t->no_metadata)
		return "{}";
	return arena_printf(story_arena,
	    "{\"vantage_instance\":\"%s\",\"vantage_order\":\"%s\","
	    "\"vantage_user\":\"user_1\"}",
	    or_else(t->instance, books_instance.uuid),
	    or_else(t->order, story_order.public_id));
}

static inline const char *
story_intent(const struct told *t)
{
	int64_t amount = t->amount ? t->amount : story_order.amount;
	bool paid = strcmp(t->status, "succeeded") == 0;

	return arena_printf(story_arena,
	    "{\"id\":\"%s\",\"object\":\"payment_intent\",\"status\":\"%s\","
	    "\"amount\":%" PRId64 ",\"amount_received\":%" PRId64
	    ",\"currency\":\"%s\",\"customer\":\"%s\",\"latest_charge\":%s,"
	    "\"livemode\":false,\"created\":1800000000,\"metadata\":%s,"
	    "\"last_payment_error\":%s,\"cancellation_reason\":null}",
	    or_else(t->pi, STORY_PI), t->status, amount,
	    t->amount_received ? t->amount_received
		: paid	       ? amount
			       : 0,
	    or_else(t->currency, story_order.currency),
	    or_else(t->customer, STORY_CUSTOMER),
	    paid ? "\"ch_story\"" : "null", story_metadata(t),
	    t->declined ? "{\"type\":\"card_error\",\"code\":\"card_declined\","
			  "\"decline_code\":\"insufficient_funds\","
			  "\"message\":\"Your card has insufficient funds.\"}"
			: "null");
}

static inline const char *
story_charge(const struct told *t)
{
	return arena_printf(story_arena,
	    "{\"id\":\"ch_story\",\"object\":\"charge\",\"status\":\"%s\","
	    "\"amount\":%" PRId64 ",\"amount_refunded\":0,\"currency\":\"%s\","
	    "\"customer\":\"%s\",\"payment_intent\":\"%s\",\"metadata\":%s}",
	    t->status, story_order.amount, story_order.currency, STORY_CUSTOMER,
	    or_else(t->pi, STORY_PI), story_metadata(t));
}

static inline const char *
story_checkout(const struct told *t)
{
	return arena_printf(story_arena,
	    "{\"id\":\"cs_story\",\"object\":\"checkout.session\","
	    "\"mode\":\"payment\",\"status\":\"complete\","
	    "\"payment_status\":\"%s\",\"payment_intent\":\"%s\","
	    "\"customer\":\"%s\",\"amount_total\":%" PRId64
	    ",\"currency\":\"%s\",\"metadata\":%s}",
	    t->status, or_else(t->pi, STORY_PI), STORY_CUSTOMER,
	    story_order.amount, story_order.currency, story_metadata(t));
}

/* The envelope; version and livemode as given. */
static inline const char *
story_event_of(const char *evt, const char *type, const char *object,
    const char *version, bool live)
{
	return arena_printf(story_arena,
	    "{\"id\":\"%s\",\"object\":\"event\",\"api_version\":\"%s\","
	    "\"created\":1800000001,\"livemode\":%s,\"pending_webhooks\":1,"
	    "\"request\":{\"id\":null,\"idempotency_key\":null},"
	    "\"type\":\"%s\",\"data\":{\"object\":%s}}",
	    evt, version, live ? "true" : "false", type, object);
}

static inline const char *
story_event(const char *evt, const char *type, const char *object)
{
	return story_event_of(evt, type, object, STRIPE_VERSION, false);
}

/* Receives a body as the webhook would, in a transaction already open. */
static inline struct event_done
story_hear_inside(const char *body)
{
	struct event_fact *fact = arena_alloc(story_arena, sizeof(*fact));
	struct event_in in = { fact, &books_instance, BOOKS_NOW };
	struct event_done done;
	struct vt_problem p;

	ck_assert_int_eq(
	    event_read(story_arena, body, strlen(body), fact, &p), VT_OK);
	ck_assert_int_eq(db_savepoint(books), VT_OK);
	ck_assert_int_eq(event_receive(books, &in, &done, &p), VT_OK);
	ck_assert_int_eq(db_release(books), VT_OK);
	return done;
}

static inline struct event_done
story_hear(const char *body)
{
	struct event_done done;

	ck_assert_int_eq(db_begin(books), VT_OK);
	done = story_hear_inside(body);
	ck_assert_int_eq(db_commit(books), VT_OK);
	return done;
}

/* What confirm and reconciler do: the intent as Stripe has it now. */
static inline struct fulfil_done
story_fetch_inside(const struct told *t)
{
	struct stripe_intent pi;
	const struct json *j;
	struct fulfil_done done;
	const char *text = story_intent(t);

	ck_assert_int_eq(
	    json_parse(story_arena, text, strlen(text), 32, &j, NULL), VT_OK);
	ck_assert_int_eq(stripe_intent_read(j, &pi, NULL), VT_OK);
	ck_assert_int_eq(db_savepoint(books), VT_OK);
	ck_assert_int_eq(fulfil_intent(books, &books_instance, &pi,
			     FULFIL_FETCHED, BOOKS_NOW, &done),
	    VT_OK);
	ck_assert_int_eq(db_release(books), VT_OK);
	return done;
}

static inline struct fulfil_done
story_fetch(const struct told *t)
{
	struct fulfil_done done;

	ck_assert_int_eq(db_begin(books), VT_OK);
	done = story_fetch_inside(t);
	ck_assert_int_eq(db_commit(books), VT_OK);
	return done;
}

/* One grant, one mail, a completed transaction, or none of them. */
static inline void
story_granted(int times)
{
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM movements"), times);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM grants"), times);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM outbox"), times);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM payments"), times);
	ck_assert_int_eq(
	    books_int("SELECT COUNT(*) FROM orders WHERE state = 'granted'"),
	    times);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM token_transactions "
				   "WHERE status = 'completed'"),
	    times);
	books_balanced();
}

#endif
