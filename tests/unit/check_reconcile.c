/*
 * billing/reconcile: what was begun and not ended is ended by asking Stripe,
 * played here by a scripted server; the database and its writer are real.
 */
#include "unit.h"

#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "billing/attempts.h"
#include "billing/catalog.h"
#include "billing/events.h"
#include "billing/reconcile.h"
#include "billing/users.h"
#include "ledger/lots.h"
#include "ledger/settle.h"
#include "ledger/verify.h"
#include "scratch.h"
#include "scripted.h"
#include "store/migrate.h"
#include "stripe/params.h"

#define NOW INT64_C(1800000000000)
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define STEPS_MAX 32

static struct arena *arena;
static struct secret *key;
static struct stripe *stripe;
static struct instance instance;
static struct shop shop;
static struct reconcile rounds;
static struct reconcile_tally tally;
static struct scripted *server;
static struct scripted_step steps[STEPS_MAX];
static size_t step_count;
static struct order order; /* the newest one */

/* ---- the stage -------------------------------------------------------------
 */

static void
setup(void)
{
	struct migrate_options o = { 0 };
	struct writer_options w = { 0 };
	struct vt_problem p;

	random_init();
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	scratch_make();
	clock_freeze(NOW, 1000);
	o.db_path = w.db_path = scratch_db;
	ck_assert_int_eq(migrate_run(&o, &p), VT_OK);
	ck_assert_int_eq(migrate_check(scratch_db, &instance, &p), VT_OK);
	ck_assert_int_eq(readers_open(scratch_db, &shop.readers), VT_OK);
	ck_assert_int_eq(writer_start(&w, &shop.writer), VT_OK);
	arena = arena_new();
	key = secret_new("sk_test_0123456789", 18);
	shop.instance = &instance;
	rounds.shop = &shop;
	rounds.swept_at = NOW + 1000 * HOUR_MS; /* not now */
	step_count = 0;
}

static void
on_fault(const char *code, const char *sentence, void *arg)
{
	(void)arg;
	ck_abort_msg("%s: %s", code, sentence);
}

static enum vt_err
prove(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)in;
	(void)p;
	return ledger_verify(db, out);
}

static void
teardown(void)
{
	struct verify_report r = { .fault = on_fault };

	ck_assert_int_eq(
	    readers_run(shop.readers, prove, NULL, &r, NULL), VT_OK);
	if (server != NULL)
		scripted_stop(server);
	stripe_close(stripe);
	writer_stop(shop.writer);
	readers_close(shop.readers);
	secret_free(key);
	arena_free(arena);
	scratch_remove();
}

static void
answer(int status, const char *body)
{
	ck_assert_uint_lt(step_count, STEPS_MAX);
	steps[step_count++] =
	    (struct scripted_step){ SCRIPTED_ANSWER, status, NULL, body };
}

/* One round against the answers so far; they must be asked for, each once. */
static void
run(void)
{
	size_t before = server == NULL ? 0 : server->request_count;

	if (server == NULL) {
		server = scripted_start(steps, step_count);
		ck_assert_int_eq(
		    stripe_open(key, server->base, &stripe), VT_OK);
		shop.stripe = stripe;
	}
	server->step_count = step_count;
	reconcile_run(&rounds, &tally);
	if (!tally.away)
		ck_assert_uint_eq(server->request_count, step_count);
	else
		ck_assert_uint_ge(server->request_count, before);
}

static bool
asked(size_t i, const char *line)
{
	ck_assert_uint_lt(i, server->request_count);
	return strncmp(server->requests[i], line, strlen(line)) == 0;
}

static enum vt_err
ask(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct query q;
	enum vt_err err;

	(void)p;
	err = db_row(&q, db, (const char *)in);
	if (err != VT_OK)
		return err;
	(void)db_copy(&q, 0, out, 512);
	db_done(&q);
	return VT_OK;
}

/* The first column of the first row, as text. */
static const char *
text(const char *sql)
{
	static char out[512];

	ck_assert_msg(
	    readers_run(shop.readers, ask, sql, out, NULL) == VT_OK, "%s", sql);
	return out;
}

/* ---- what is in the database -----------------------------------------------
 */

static enum vt_err
make_order(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	static const struct idempotency_key none;
	const char *pi = in;
	struct catalog c;
	struct quote quote;
	struct order *o = out;
	struct user u;
	bool moved;
	struct order_new n = {
		.quote = &quote, .request = &none, .now_ms = clock_now_ms()
	};

	ck_assert_int_eq(user_ensure(db, "user_1", n.now_ms, &u), VT_OK);
	ck_assert_int_eq(
	    user_customer_bind(db, u.id, "cus_1", n.now_ms), VT_OK);
	ck_assert_int_eq(catalog_load(db, arena, &c), VT_OK);
	ck_assert_int_eq(
	    catalog_quote(&c, "professional", 0, "usd", &quote, p), VT_OK);
	n.user = u.id;
	n.user_sub = u.sub;
	ck_assert_int_eq(order_add(db, &n, o), VT_OK);
	ck_assert_int_eq(order_customer(db, o, "cus_1", n.now_ms), VT_OK);
	ck_assert_int_eq(
	    order_move(db, o, ORDER_INTENT_SENT, NULL, n.now_ms, &moved),
	    VT_OK);
	if (pi == NULL)
		return VT_OK;
	ck_assert_int_eq(order_intent(db, o, pi, n.now_ms), VT_OK);
	return order_move(db, o, ORDER_OPEN, NULL, n.now_ms, &moved);
}

/* An open order with this intent, or without one yet, made now. */
static void
have_order(const char *pi)
{
	ck_assert_int_eq(
	    writer_run(shop.writer, make_order, pi, &order, NULL), VT_OK);
}

struct attempt_new {
	const char *what, *subject, *path, *params;
};

static enum vt_err
make_attempt(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct attempt_new *n = in;

	(void)p;
	return attempt_open(
	    db, n->what, n->subject, n->path, n->params, clock_now_ms(), out);
}

static void
have_attempt(
    const char *what, const char *subject, const char *path, const char *params)
{
	const struct attempt_new n = { what, subject, path, params };
	struct attempt *at = arena_alloc(arena, sizeof(*at));

	ck_assert_int_eq(
	    writer_run(shop.writer, make_attempt, &n, at, NULL), VT_OK);
}

static void
have_intent_attempt(void)
{
	have_order(NULL);
	have_attempt("intent", order.public_id, "/v1/payment_intents",
	    "amount=3999&currency=usd&customer=cus_1");
}

static enum vt_err
make_user(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct user u;

	(void)out;
	(void)p;
	return user_ensure(db, in, clock_now_ms(), &u);
}

static void
pass(int64_t ms)
{
	clock_freeze(clock_now_ms() + ms, clock_mono_ms() + ms);
}

/* ---- what Stripe has -------------------------------------------------------
 */

static const char *
intent_of(const char *id, const char *status, const struct order *o)
{
	return arena_printf(arena,
	    "{\"id\":\"%s\",\"object\":\"payment_intent\",\"amount\":3999,"
	    "\"amount_received\":%d,\"created\":1800000000,"
	    "\"currency\":\"usd\",\"customer\":\"cus_1\","
	    "\"latest_charge\":\"ch_of_%s\",\"livemode\":false,\"metadata\":"
	    "{\"vantage_instance\":\"%s\",\"vantage_order\":\"%s\","
	    "\"vantage_user\":\"user_1\"},\"status\":\"%s\"}",
	    id, strcmp(status, "succeeded") == 0 ? 3999 : 0, id, instance.uuid,
	    o->public_id, status);
}

static const char *
intent(const char *id, const char *status)
{
	return intent_of(id, status, &order);
}

static const char *
list(const char *elements, bool more)
{
	return arena_printf(arena,
	    "{\"object\":\"list\",\"data\":[%s],\"has_more\":%s,"
	    "\"url\":\"/v1/payment_intents\"}",
	    elements, more ? "true" : "false");
}

static const char *
refusal(const char *code)
{
	return arena_printf(arena,
	    "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"%s\"}}",
	    code);
}

/* A webhook's body, stored with whatever effect it has. */
static void
have_event(const char *id, const char *type, const char *object)
{
	struct event_fact *f = arena_alloc(arena, sizeof(*f));
	struct event_done *done = arena_alloc(arena, sizeof(*done));
	const char *body = arena_printf(arena,
	    "{\"id\":\"%s\",\"object\":\"event\",\"api_version\":\"%s\","
	    "\"created\":1800000000,\"livemode\":false,\"type\":\"%s\","
	    "\"data\":{\"object\":%s}}",
	    id, STRIPE_VERSION, type, object);
	const struct event_in in = { f, &instance, clock_now_ms() };

	ck_assert_int_eq(event_read(arena, body, strlen(body), f, NULL), VT_OK);
	ck_assert_int_eq(
	    writer_run(shop.writer, event_receive, &in, done, NULL), VT_OK);
}

static void
have_charge_event(const char *id, const char *pi)
{
	have_event(id, "charge.succeeded",
	    arena_printf(arena,
		"{\"id\":\"ch_of_%s\",\"object\":\"charge\",\"amount\":3999,"
		"\"amount_refunded\":0,\"currency\":\"usd\",\"customer\":"
		"\"cus_1\",\"metadata\":{},\"payment_intent\":\"%s\","
		"\"status\":\"succeeded\"}",
		pi, pi));
}

#define ORDER_STATE "SELECT state FROM orders ORDER BY id DESC LIMIT 1"
#define ATTEMPT_STATE "SELECT state FROM attempts ORDER BY id DESC LIMIT 1"
#define BALANCE                                           \
	"SELECT COALESCE(SUM(balance), 0) FROM accounts " \
	"WHERE kind = 'user'"

/* ---- attempts --------------------------------------------------------------
 */

/* The answer was lost, or we died before writing it (R75, R76). */
START_TEST(a_lost_create_is_sent_again_under_its_key_and_finished_R75_R76)
{
	const char *line;

	have_intent_attempt();
	pass(2 * MINUTE_MS);
	answer(200, intent("pi_1", "requires_payment_method"));
	run();
	ck_assert_int_eq(tally.settled, 1);
	ck_assert(asked(0, "POST /v1/payment_intents HTTP/1.1\r\n"));
	line = arena_printf(arena, "Idempotency-Key: %s",
	    text("SELECT stripe_key FROM attempts"));
	ck_assert(scripted_has_line(server->requests[0], line));
	ck_assert_ptr_nonnull(strstr(server->requests[0],
	    "\r\n\r\namount=3999&currency=usd&customer=cus_1"));
	ck_assert_str_eq(text(ATTEMPT_STATE), "done");
	ck_assert_str_eq(text("SELECT pi FROM orders"), "pi_1");
	ck_assert_str_eq(text(ORDER_STATE), "open");
}
END_TEST

START_TEST(an_attempt_in_its_first_minute_is_left_to_its_request)
{
	have_intent_attempt();
	pass(30 * 1000);
	run();
	ck_assert_int_eq(tally.looked, 0);
}
END_TEST

START_TEST(an_attempt_that_stays_unknown_waits_longer_each_time)
{
	have_intent_attempt();
	pass(2 * MINUTE_MS);
	steps[step_count++] = (struct scripted_step){ SCRIPTED_ANSWER, 500,
		"Stripe-Should-Retry: false\r\n",
		"{\"error\":{\"type\":\"api_error\"}}" };
	run();
	ck_assert_int_eq(tally.bad, 1);
	ck_assert_str_eq(text(ATTEMPT_STATE), "unknown");
	ck_assert_str_eq(text(ORDER_STATE), "intent_sent");
	run(); /* not due: nothing is asked */
	ck_assert_int_eq(tally.looked, 0);
	pass(3 * MINUTE_MS);
	answer(200, intent("pi_1", "requires_payment_method"));
	run();
	ck_assert_str_eq(text(ATTEMPT_STATE), "done");
	ck_assert_str_eq(
	    text("SELECT COUNT(DISTINCT stripe_key) FROM attempts"), "1");
}
END_TEST

START_TEST(a_refused_create_ends_its_order)
{
	have_intent_attempt();
	pass(2 * MINUTE_MS);
	answer(400, refusal("amount_too_large"));
	run();
	ck_assert_str_eq(text(ATTEMPT_STATE), "refused");
	ck_assert_str_eq(text(ORDER_STATE), "refused");
	ck_assert_str_eq(
	    text("SELECT status FROM token_transactions"), "failed");
}
END_TEST

START_TEST(a_lost_customer_is_bound_to_its_user_R73)
{
	ck_assert_int_eq(
	    writer_run(shop.writer, make_user, "user_1", NULL, NULL), VT_OK);
	have_attempt("customer", "user:user_1", "/v1/customers", "email=x");
	pass(2 * MINUTE_MS);
	answer(
	    200, "{\"id\":\"cus_9\",\"object\":\"customer\",\"metadata\":{}}");
	run();
	ck_assert_str_eq(text(ATTEMPT_STATE), "done");
	ck_assert_str_eq(text("SELECT stripe_customer_id FROM users"), "cus_9");
}
END_TEST

/* After 23 hours a key may make a second one: only lists are read (R75). */
START_TEST(an_old_attempt_is_looked_up_by_metadata_and_not_sent_again_R75)
{
	struct order other = { .public_id = "ord_other" };

	have_intent_attempt();
	pass(24 * HOUR_MS);
	answer(200, list(intent_of("pi_8", "succeeded", &other), true));
	answer(200,
	    list(intent_of("pi_1", "requires_payment_method", &order), false));
	run();
	ck_assert(asked(0, "GET /v1/payment_intents?limit=100&created[gte]="));
	ck_assert_ptr_nonnull(strstr(server->requests[0], "&customer=cus_1"));
	ck_assert_ptr_nonnull(
	    strstr(server->requests[1], "&starting_after=pi_8 "));
	ck_assert_str_eq(
	    text("SELECT state FROM attempts WHERE what = 'intent'"), "done");
	ck_assert_str_eq(text("SELECT pi FROM orders"), "pi_1");
}
END_TEST

START_TEST(an_old_attempt_that_made_nothing_ends_refused_R75)
{
	have_intent_attempt();
	pass(24 * HOUR_MS);
	answer(200, list("", false));
	run();
	ck_assert_str_eq(text(ATTEMPT_STATE), "refused");
	ck_assert_str_eq(text("SELECT result FROM attempts"), "never_made");
	ck_assert_str_eq(text(ORDER_STATE), "refused");
	pass(HOUR_MS);
	run();
	ck_assert_int_eq(tally.looked, 0);
}
END_TEST

START_TEST(a_list_that_cannot_be_read_decides_nothing)
{
	have_intent_attempt();
	pass(24 * HOUR_MS);
	answer(200, "{\"object\":\"list\",\"data\":[{}],\"has_more\":true}");
	run();
	ck_assert_int_eq(tally.bad, 1);
	ck_assert_str_eq(text(ATTEMPT_STATE), "unknown");
	ck_assert_str_eq(text(ORDER_STATE), "intent_sent");
}
END_TEST

/* What Stripe made and we cannot use must not be asked for again at once. */
START_TEST(an_attempt_whose_object_cannot_be_read_waits_like_an_unknown_R95)
{
	have_intent_attempt();
	have_attempt("customer", "user:user_1", "/v1/customers", "email=x");
	pass(2 * MINUTE_MS);
	answer(200, "{\"id\":\"pi_1\",\"object\":\"payment_intent\"}");
	answer(
	    200, "{\"id\":\"cus_9\",\"object\":\"customer\",\"metadata\":{}}");
	run();
	ck_assert_int_eq(tally.bad, 1);
	ck_assert_int_eq(tally.settled, 1);
	ck_assert_str_eq(
	    text("SELECT state FROM attempts WHERE what = 'intent'"),
	    "unknown");
	run(); /* not due */
	ck_assert_int_eq(tally.looked, 0);
}
END_TEST

/* A list by a customer that is gone is refused: then all of them are read. */
START_TEST(an_old_attempt_of_a_customer_that_is_gone_is_looked_up_R75)
{
	have_intent_attempt();
	pass(24 * HOUR_MS);
	answer(400,
	    "{\"error\":{\"type\":\"invalid_request_error\",\"code\":"
	    "\"resource_missing\",\"param\":\"customer\"}}");
	answer(200, list("", false));
	run();
	ck_assert_ptr_null(strstr(server->requests[1], "customer="));
	ck_assert_str_eq(text(ATTEMPT_STATE), "refused");
	ck_assert_str_eq(text(ORDER_STATE), "refused");
}
END_TEST

/* ---- events ----------------------------------------------------------------
 */

START_TEST(an_event_that_waits_for_its_intent_is_applied_R11_R15)
{
	have_order("pi_1");
	have_charge_event("evt_1", "pi_1");
	ck_assert_str_eq(text("SELECT state FROM events"), "waiting");
	pass(MINUTE_MS);
	answer(200, intent("pi_1", "succeeded"));
	run();
	ck_assert(asked(0, "GET /v1/payment_intents/pi_1 HTTP/1.1\r\n"));
	ck_assert_str_eq(text("SELECT state FROM events"), "applied");
	ck_assert_str_eq(text(ORDER_STATE), "granted");
	ck_assert_str_eq(text(BALANCE), "50");
}
END_TEST

/* R95: what Stripe does not have is parked, and the next is settled. */
START_TEST(an_event_for_an_object_that_is_missing_is_parked_R95)
{
	have_order("pi_1");
	have_charge_event("evt_0", "pi_1");
	have_order("pi_2");
	have_charge_event("evt_2", "pi_2");
	pass(MINUTE_MS);
	answer(404, refusal("resource_missing"));
	answer(200, intent("pi_2", "succeeded"));
	run();
	ck_assert_str_eq(
	    text("SELECT state || reason FROM events WHERE evt = 'evt_0'"),
	    "parkedobject_missing");
	ck_assert_str_eq(
	    text("SELECT state FROM events WHERE evt = 'evt_2'"), "applied");
	ck_assert_int_eq(tally.bad, 1);
	ck_assert_int_eq(tally.settled, 1);
}
END_TEST

START_TEST(an_event_waits_on_while_stripe_is_away)
{
	have_order("pi_1");
	have_charge_event("evt_1", "pi_1");
	pass(MINUTE_MS);
	steps[step_count++] = (struct scripted_step){ SCRIPTED_ANSWER, 503,
		"Stripe-Should-Retry: false\r\n", "down" };
	run();
	ck_assert_str_eq(text("SELECT state FROM events"), "waiting");
	pass(5 * MINUTE_MS - 1);
	answer(200, intent("pi_1", "succeeded"));
	run();
	ck_assert_str_eq(text("SELECT state FROM events"), "applied");
	ck_assert_str_eq(text(BALANCE), "50");
}
END_TEST

/* ---- orders ----------------------------------------------------------------
 */

START_TEST(a_payment_whose_webhook_was_lost_is_credited_once_R21)
{
	have_order("pi_1");
	pass(4 * MINUTE_MS);
	run(); /* not yet */
	ck_assert_int_eq(tally.looked, 0);
	pass(MINUTE_MS);
	answer(200, intent("pi_1", "succeeded"));
	run();
	ck_assert_str_eq(text(ORDER_STATE), "granted");
	ck_assert_str_eq(text(BALANCE), "50");
	ck_assert_str_eq(text("SELECT COUNT(*) FROM outbox"), "1");
	/* Late, the webhook finds it done. */
	have_event(
	    "evt_1", "payment_intent.succeeded", intent("pi_1", "succeeded"));
	pass(HOUR_MS);
	run();
	ck_assert_str_eq(text(BALANCE), "50");
	ck_assert_str_eq(text("SELECT state FROM events"), "duplicate");
}
END_TEST

START_TEST(an_open_order_is_read_less_and_less_often)
{
	int asked_in_a_day = 0;

	have_order("pi_1");
	for (int minute = 0; minute < 24 * 60 - 1; minute++) {
		pass(MINUTE_MS);
		if (server == NULL && minute < 4)
			continue;
		steps[0] = (struct scripted_step){ SCRIPTED_ANSWER, 200, NULL,
			intent("pi_1", "requires_payment_method") };
		step_count = 1;
		if (server == NULL) {
			server = scripted_start(steps, 1);
			ck_assert_int_eq(
			    stripe_open(key, server->base, &stripe), VT_OK);
			shop.stripe = stripe;
		}
		reconcile_run(&rounds, &tally);
		asked_in_a_day += tally.looked;
	}
	ck_assert_int_ge(asked_in_a_day, 6);
	ck_assert_int_le(asked_in_a_day, 12);
	ck_assert_uint_eq(server->request_count, (size_t)asked_in_a_day);
}
END_TEST

START_TEST(an_abandoned_order_ends_when_stripe_has_canceled_it)
{
	have_order("pi_1");
	pass(24 * HOUR_MS);
	answer(200, intent("pi_1", "requires_payment_method"));
	answer(200, intent("pi_1", "canceled"));
	run();
	ck_assert(asked(1, "POST /v1/payment_intents/pi_1/cancel HTTP/1.1"));
	ck_assert_ptr_nonnull(strstr(
	    server->requests[1], "\r\n\r\ncancellation_reason=abandoned"));
	ck_assert_str_eq(text(ORDER_STATE), "canceled");
	ck_assert_str_eq(
	    text("SELECT status FROM token_transactions"), "canceled");
	ck_assert_str_eq(text(ATTEMPT_STATE), "done");
	pass(HOUR_MS);
	run();
	ck_assert_int_eq(tally.looked, 0);
}
END_TEST

START_TEST(an_order_lives_on_while_its_cancel_is_not_confirmed)
{
	have_order("pi_1");
	pass(24 * HOUR_MS);
	answer(200, intent("pi_1", "requires_payment_method"));
	steps[step_count++] = (struct scripted_step){ SCRIPTED_ANSWER, 500,
		"Stripe-Should-Retry: false\r\n", "{}" };
	run();
	ck_assert_str_eq(text(ORDER_STATE), "open");
	ck_assert_str_eq(text(ATTEMPT_STATE), "unknown");
	pass(3 * MINUTE_MS);
	answer(200, intent("pi_1", "canceled"));
	run();
	ck_assert_str_eq(text(ORDER_STATE), "canceled");
	ck_assert_str_eq(text("SELECT COUNT(*) FROM attempts"), "1");
}
END_TEST

START_TEST(a_buyer_who_pays_as_we_cancel_gets_the_tokens_R21)
{
	have_order("pi_1");
	pass(24 * HOUR_MS);
	answer(200, intent("pi_1", "requires_action"));
	answer(400, refusal("payment_intent_unexpected_state"));
	answer(200, intent("pi_1", "succeeded"));
	run();
	ck_assert_str_eq(text(ORDER_STATE), "granted");
	ck_assert_str_eq(text(ATTEMPT_STATE), "refused");
	ck_assert_str_eq(text(BALANCE), "50");
}
END_TEST

/* The customer could not be made, and the buyer has not come again. */
START_TEST(an_order_that_never_got_an_intent_ends_after_a_day)
{
	have_order(NULL);
	pass(24 * HOUR_MS - 1);
	run();
	ck_assert_str_eq(text(ORDER_STATE), "intent_sent");
	pass(1);
	run();
	ck_assert_str_eq(text(ORDER_STATE), "canceled");
	ck_assert_str_eq(
	    text("SELECT status FROM token_transactions"), "canceled");
	ck_assert_str_eq(
	    text("SELECT COUNT(*) FROM orders WHERE request_key IS NULL"), "1");
	ck_assert_int_eq(tally.settled, 1);
	run();
	ck_assert_int_eq(tally.looked, 0);
}
END_TEST

START_TEST(an_order_whose_call_is_not_settled_waits_for_it)
{
	have_intent_attempt();
	pass(24 * HOUR_MS);
	steps[step_count++] = (struct scripted_step){ SCRIPTED_ANSWER, 500,
		"Stripe-Should-Retry: false\r\n", "{}" };
	run();
	ck_assert_str_eq(text(ORDER_STATE), "intent_sent");
}
END_TEST

START_TEST(a_payment_that_is_processing_is_never_canceled)
{
	have_order("pi_1");
	pass(72 * HOUR_MS);
	answer(200, intent("pi_1", "processing"));
	run();
	ck_assert_str_eq(text(ORDER_STATE), "processing");
	ck_assert_str_eq(text("SELECT COUNT(*) FROM attempts"), "0");
}
END_TEST

/* R95: three that cannot be read stand before one that was paid. */
START_TEST(bad_orders_do_not_stop_the_run_R95)
{
	const char *broken = "{\"id\":\"pi_x\",\"object\":\"payment_intent\"}";

	have_order("pi_1");
	have_order("pi_2");
	have_order("pi_3");
	have_order("pi_4");
	have_order("pi_5");
	pass(6 * MINUTE_MS);
	answer(404, refusal("resource_missing"));
	answer(200, broken);
	answer(404, refusal("resource_missing"));
	answer(200, "<html>");
	answer(200, intent("pi_5", "succeeded"));
	run();
	ck_assert(!tally.away);
	ck_assert_int_eq(tally.bad, 4);
	ck_assert_int_eq(tally.settled, 1);
	ck_assert_str_eq(text(BALANCE), "50");
	run(); /* the bad ones are not due at once again */
	ck_assert_int_eq(tally.looked, 0);
}
END_TEST

START_TEST(a_round_ends_at_once_when_nobody_answers_and_changes_nothing)
{
	have_order("pi_1");
	have_order("pi_2");
	pass(6 * MINUTE_MS);
	answer(200, "{}");
	server = scripted_start(steps, 1);
	ck_assert_int_eq(stripe_open(key, server->base, &stripe), VT_OK);
	shop.stripe = stripe;
	scripted_stop(server);
	server = NULL;
	reconcile_run(&rounds, &tally);
	ck_assert(tally.away);
	ck_assert_int_eq(tally.looked, 1);
	ck_assert_str_eq(
	    text("SELECT COUNT(*) FROM orders WHERE checked_at IS NULL"), "2");
}
END_TEST

static bool
yes(void)
{
	return true;
}

START_TEST(a_round_ends_between_two_calls_when_asked_to)
{
	have_order("pi_1");
	pass(6 * MINUTE_MS);
	rounds.stopped = yes;
	run();
	ck_assert_int_eq(tally.looked, 0);
}
END_TEST

/* A clock that ran a year ahead and was set right leaves nothing behind. */
START_TEST(a_clock_that_was_set_back_delays_nothing)
{
	rounds.swept_at = NOW + 1000 * 24 * HOUR_MS; /* not now */
	pass(365 * 24 * HOUR_MS);
	have_order("pi_1");
	have_charge_event("evt_1", "pi_8");
	have_attempt("cancel", "ord_x", "/v1/payment_intents/pi_9/cancel", "");
	pass(6 * MINUTE_MS);
	pass(-365 * 24 * HOUR_MS);
	answer(200, intent("pi_9", "canceled"));
	answer(404, refusal("resource_missing"));
	answer(200, intent("pi_1", "succeeded"));
	run();
	ck_assert_int_eq(tally.looked, 3);
	ck_assert_str_eq(text(ATTEMPT_STATE), "done");
	ck_assert_str_eq(text("SELECT state FROM events"), "parked");
	ck_assert_str_eq(text(ORDER_STATE), "granted");
	have_order("pi_2");
	pass(365 * 24 * HOUR_MS);
	answer(200, intent("pi_2", "processing"));
	run(); /* read ahead of time */
	pass(-364 * 24 * HOUR_MS);
	answer(200, intent("pi_2", "processing"));
	run();
	run(); /* once, and not without a pause */
	ck_assert_int_eq(tally.looked, 0);
	pass(5 * MINUTE_MS);
	answer(200, intent("pi_2", "succeeded"));
	run();
	ck_assert_str_eq(text(ORDER_STATE), "granted");
}
END_TEST

/* ---- grants ----------------------------------------------------------------
 */

static void
have_webhook_grant(void)
{
	have_order("pi_1");
	have_event(
	    "evt_1", "payment_intent.succeeded", intent("pi_1", "succeeded"));
	ck_assert_str_eq(text(BALANCE), "50");
	ck_assert_str_eq(
	    text("SELECT COUNT(*) FROM grants WHERE verified_at IS NULL"), "1");
}

static enum vt_err
available(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const int64_t *user = in;

	(void)p;
	return ledger_balance(db, *user, clock_now_ms(), out);
}

START_TEST(a_grant_on_a_webhooks_word_is_compared_with_stripe_once)
{
	have_webhook_grant();
	answer(200, intent("pi_1", "succeeded"));
	run();
	ck_assert_str_eq(
	    text("SELECT verified_at FROM grants"), "1800000000000");
	ck_assert_int_eq(tally.alarms, 0);
	run();
	ck_assert_int_eq(tally.looked, 0);
}
END_TEST

START_TEST(a_grant_that_stripe_does_not_confirm_is_frozen_and_alarms)
{
	struct balance b;

	have_webhook_grant();
	answer(200, intent("pi_1", "requires_payment_method"));
	run();
	ck_assert_int_eq(tally.alarms, 1);
	ck_assert_str_eq(text("SELECT alarm FROM grants"), "not_succeeded");
	ck_assert_int_eq(
	    readers_run(shop.readers, available, &order.user, &b, NULL), VT_OK);
	ck_assert_int_eq(b.available, 0);
	ck_assert_int_eq(b.frozen, 50);
	run(); /* once is enough */
	ck_assert_int_eq(tally.looked, 0);
}
END_TEST

static enum vt_err
settle_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const int64_t *tx = in;

	(void)p;
	return settle(db, *tx, clock_now_ms(), out);
}

START_TEST(what_an_alarm_froze_is_not_thawed_by_other_news)
{
	struct settled s;
	struct balance b;

	have_webhook_grant();
	answer(404, refusal("resource_missing"));
	run();
	ck_assert_int_eq(
	    writer_run(shop.writer, settle_op, &order.tx, &s, NULL), VT_OK);
	ck_assert_int_eq(s.frozen, 50);
	ck_assert_int_eq(
	    readers_run(shop.readers, available, &order.user, &b, NULL), VT_OK);
	ck_assert_int_eq(b.available, 0);
}
END_TEST

START_TEST(a_grant_of_another_amount_or_of_nothing_alarms)
{
	const char *less = intent("pi_1", "succeeded");
	char *at = strstr(less, "\"amount_received\":3999");

	have_webhook_grant();
	memcpy(at, "\"amount_received\":0001", 22);
	at[18] = '1';
	memmove(at + 19, at + 22, strlen(at + 22) + 1);
	less = arena_strdup(arena, less);
	answer(200, less);
	run();
	ck_assert_int_eq(tally.alarms, 1);
	ck_assert_str_eq(text("SELECT alarm FROM grants"), "mismatch");
	have_order("pi_2");
	have_event(
	    "evt_2", "payment_intent.succeeded", intent("pi_2", "succeeded"));
	answer(404, refusal("resource_missing"));
	run();
	ck_assert_int_eq(tally.alarms, 1);
	ck_assert_str_eq(
	    text("SELECT alarm FROM grants WHERE source = 'pi:pi_2'"),
	    "object_missing");
}
END_TEST

/* ---- the sweep -------------------------------------------------------------
 */

START_TEST(a_payment_that_no_row_leads_to_is_found_in_the_list_R94)
{
	struct order other = { .public_id = "ord_nobody" };
	const char *ours, *foreign;

	have_order(NULL); /* and its attempt is lost */
	pass(MINUTE_MS);
	rounds.swept_at = 0;
	ours = intent("pi_1", "succeeded");
	foreign = "{\"id\":\"pi_f\",\"object\":\"payment_intent\","
		  "\"metadata\":{},\"status\":\"succeeded\"}";
	answer(200, list(foreign, true));
	steps[0].body =
	    list(arena_printf(arena, "%s,{\"id\":\"pi_g\"}", foreign), true);
	answer(200,
	    list(arena_printf(arena, "%s,%s", ours,
		     intent_of("pi_7", "succeeded", &other)),
		false));
	run();
	ck_assert_str_eq(text(BALANCE), "50");
	ck_assert_str_eq(text(ORDER_STATE), "granted");
	ck_assert_int_eq(tally.looked, 2);
	pass(30 * MINUTE_MS);
	run(); /* not before an hour has passed */
	ck_assert_int_eq(tally.looked, 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_lost_create_is_sent_again_under_its_key_and_finished_R75_R76,
		an_attempt_in_its_first_minute_is_left_to_its_request,
		an_attempt_that_stays_unknown_waits_longer_each_time,
		a_refused_create_ends_its_order,
		a_lost_customer_is_bound_to_its_user_R73,
		an_old_attempt_is_looked_up_by_metadata_and_not_sent_again_R75,
		an_old_attempt_that_made_nothing_ends_refused_R75,
		a_list_that_cannot_be_read_decides_nothing,
		an_attempt_whose_object_cannot_be_read_waits_like_an_unknown_R95,
		an_old_attempt_of_a_customer_that_is_gone_is_looked_up_R75,
		an_event_that_waits_for_its_intent_is_applied_R11_R15,
		an_event_for_an_object_that_is_missing_is_parked_R95,
		an_event_waits_on_while_stripe_is_away,
		a_payment_whose_webhook_was_lost_is_credited_once_R21,
		an_open_order_is_read_less_and_less_often,
		an_abandoned_order_ends_when_stripe_has_canceled_it,
		an_order_lives_on_while_its_cancel_is_not_confirmed,
		a_buyer_who_pays_as_we_cancel_gets_the_tokens_R21,
		an_order_that_never_got_an_intent_ends_after_a_day,
		an_order_whose_call_is_not_settled_waits_for_it,
		a_payment_that_is_processing_is_never_canceled,
		bad_orders_do_not_stop_the_run_R95,
		a_round_ends_at_once_when_nobody_answers_and_changes_nothing,
		a_round_ends_between_two_calls_when_asked_to,
		a_clock_that_was_set_back_delays_nothing,
		a_grant_on_a_webhooks_word_is_compared_with_stripe_once,
		a_grant_that_stripe_does_not_confirm_is_frozen_and_alarms,
		what_an_alarm_froze_is_not_thawed_by_other_news,
		a_grant_of_another_amount_or_of_nothing_alarms,
		a_payment_that_no_row_leads_to_is_found_in_the_list_R94,
		NULL,
	};
	Suite *suite = suite_create("reconcile");

	tcase_add_checked_fixture(
	    unit_case(suite, "core", tests), setup, teardown);
	return unit_run(suite);
}
