/*
 * billing/purchase: from the choice to the client secret, with lost answers,
 * twins and customers that are gone. Stripe is played by a scripted server;
 * the database and its writer are real.
 */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "billing/purchase.h"
#include "billing/users.h"
#include "ledger/verify.h"
#include "scratch.h"
#include "scripted.h"
#include "store/migrate.h"

#define NOW INT64_C(1800000000000)
#define STEPS_MAX 64

static struct arena *arena;
static struct secret *key;
static struct stripe *stripe;
static struct instance instance;
static struct shop shop;
static struct scripted *server;
static struct scripted_step steps[STEPS_MAX];
static size_t step_count;
static struct vt_problem problem;

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
	step_count = 0;
	steps[0] = (struct scripted_step){ SCRIPTED_RESET, 0, NULL, NULL };
	server = scripted_start(steps, 1);
	ck_assert_int_eq(stripe_open(key, server->base, &stripe), VT_OK);
	shop.stripe = stripe;
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
	scripted_stop(server);
	stripe_close(stripe);
	writer_stop(shop.writer);
	readers_close(shop.readers);
	secret_free(key);
	arena_free(arena);
	scratch_remove();
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

/* ---- Stripe ----------------------------------------------------------------
 */

#define CUSTOMERS "POST /v1/customers HTTP/1.1\r\n"
#define INTENTS "POST /v1/payment_intents HTTP/1.1\r\n"

static void
step(enum scripted_kind kind, int status, const char *headers, const char *body)
{
	ck_assert_uint_lt(step_count, STEPS_MAX);
	steps[step_count++] =
	    (struct scripted_step){ kind, status, headers, body };
	server->step_count = step_count;
}

static void
answer(int status, const char *body)
{
	step(SCRIPTED_ANSWER, status, NULL, body);
}

/* Acts, and the answer is lost on the way, for good. */
static void
lost(void)
{
	step(SCRIPTED_ANSWER, 500, "Stripe-Should-Retry: false\r\n",
	    "{\"error\":{\"type\":\"api_error\"}}");
}

static void
customer(const char *id)
{
	answer(200,
	    arena_printf(arena,
		"{\"id\":\"%s\",\"object\":\"customer\",\"metadata\":{}}", id));
}

/* An intent of the newest order, as soon as somebody asks for it. */
#define INTENT(id, customer) "@" id " " customer
static void
intent(const char *marked)
{
	answer(200, marked);
}

static void
no_customer(void)
{
	answer(400,
	    "{\"error\":{\"type\":\"invalid_request_error\","
	    "\"code\":\"resource_missing\",\"param\":\"customer\"}}");
}

/* The order that a create is about; a read is about the last one. */
static const char *
order_in(const char *request)
{
	static char last[64];
	const char *at = strstr(request, "vantage_order");

	if (at != NULL && (at = strchr(at, '=')) != NULL)
		(void)snprintf(last, sizeof(last), "%.*s",
		    (int)strcspn(at + 1, "&"), at + 1);
	return last;
}

/* What else happens before request i is answered, or NULL. */
static void (*meanwhile)(size_t i);

#define ANYTHING "the customer or the intent, whichever is asked for"

/* Gives an intent its body, now that the order's id is known. */
static void
before(size_t i, const char *request)
{
	static char bodies[STEPS_MAX][1024];
	struct scripted_step *s = &steps[i];
	char id[64], cus[64];

	ck_assert_uint_lt(i, step_count);
	if (meanwhile != NULL)
		meanwhile(i);
	if (strcmp(s->body, ANYTHING) == 0)
		s->body = strncmp(request, CUSTOMERS, strlen(CUSTOMERS)) == 0
		    ? "{\"id\":\"cus_1\",\"object\":\"customer\"}"
		    : INTENT("pi_1", "cus_1");
	if (sscanf(s->body, "@%63s %63s", id, cus) != 2)
		return;
	(void)snprintf(bodies[i], sizeof(bodies[i]),
	    "{\"id\":\"%s\",\"object\":\"payment_intent\",\"amount\":999,"
	    "\"amount_received\":0,\"created\":1800000000,"
	    "\"currency\":\"usd\",\"customer\":\"%s\","
	    "\"client_secret\":\"%s_secret_x\",\"latest_charge\":null,"
	    "\"livemode\":false,\"metadata\":{\"vantage_instance\":\"%s\","
	    "\"vantage_order\":\"%s\",\"vantage_user\":\"user_1\"},"
	    "\"status\":\"requires_payment_method\"}",
	    id, cus, id, instance.uuid, order_in(request));
	s->body = bodies[i];
}

/* True if request i is this one, with these words in it. */
static bool
asked(size_t i, const char *line, const char *words)
{
	ck_assert_uint_lt(i, server->request_count);
	return strncmp(server->requests[i], line, strlen(line)) == 0 &&
	    strstr(server->requests[i], words) != NULL;
}

/* ---- buying ----------------------------------------------------------------
 */

static enum vt_err
buy_into(const char *request, struct arena *a, struct purchase *out,
    struct vt_problem *p)
{
	struct idempotency_key k;
	const struct purchase_in in = {
		.user_sub = "user_1", .package_id = "starter", .request = &k
	};

	ck_assert_int_eq(
	    idempotency_key_init(&k, "user_1",
		"/api/stripe/create-payment-intent", request, "{}", 2, p),
	    VT_OK);
	memset(p, 0, sizeof(*p));
	server->before = before;
	return purchase_start(&shop, a, &in, out, p);
}

static enum vt_err
buy(const char *request, struct purchase *out)
{
	return buy_into(request, arena, out, &problem);
}

static enum vt_err
give_customer(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct user u;
	enum vt_err err;

	(void)out;
	(void)p;
	err = user_ensure(db, "user_1", NOW, &u);
	return err == VT_OK ? user_customer_bind(db, u.id, in, NOW) : err;
}

static void
have_customer(const char *id)
{
	ck_assert_int_eq(
	    writer_run(shop.writer, give_customer, id, NULL, NULL), VT_OK);
}

#define CUSTOMER "SELECT stripe_customer_id FROM users"

START_TEST(the_first_purchase_makes_one_customer_and_one_intent_R73)
{
	struct purchase b;

	customer("cus_1");
	intent(INTENT("pi_1", "cus_1"));
	ck_assert_int_eq(buy("k", &b), VT_OK);
	ck_assert(asked(0, CUSTOMERS, "vantage_user"));
	ck_assert(asked(1, INTENTS, "customer=cus_1"));
	ck_assert_str_eq(b.client_secret, "pi_1_secret_x");
	ck_assert_str_eq(b.order.pi, "pi_1");
	ck_assert_str_eq(text(CUSTOMER), "cus_1");
	/* The next one has its customer already. */
	intent(INTENT("pi_2", "cus_1"));
	ck_assert_int_eq(buy("l", &b), VT_OK);
	ck_assert(asked(2, INTENTS, "customer=cus_1"));
	ck_assert_uint_eq(server->request_count, 3);
}
END_TEST

/* R74, R75: the same key to the byte, for as long as the row is open. */
START_TEST(a_lost_intent_is_asked_for_again_with_the_same_bytes_R74_R75)
{
	const char *first, *second;
	struct purchase b;

	have_customer("cus_1");
	lost();
	ck_assert_int_eq(buy("k", &b), VT_BUSY);
	ck_assert_str_eq(problem.code, "stripe_unavailable");
	ck_assert_str_eq(text("SELECT state FROM attempts"), "unknown");
	intent(INTENT("pi_1", "cus_1"));
	ck_assert_int_eq(buy("k", &b), VT_OK);
	ck_assert(b.replayed);
	first = strstr(server->requests[0], "Idempotency-Key: ");
	second = strstr(server->requests[1], "Idempotency-Key: ");
	ck_assert_int_eq(strncmp(first, second, 60), 0);
	ck_assert_str_eq(strstr(server->requests[0], "\r\n\r\n"),
	    strstr(server->requests[1], "\r\n\r\n"));
	ck_assert_str_eq(text("SELECT COUNT(*) FROM orders"), "1");
	ck_assert_str_eq(text("SELECT COUNT(*) FROM attempts"), "1");
	ck_assert_str_eq(text("SELECT state FROM attempts"), "done");
}
END_TEST

/* Clicks that meet share the order, the customer's claim and the intent. */
static void *
click(void *arg)
{
	struct arena *a = arena_new();
	struct vt_problem p;
	struct purchase b;

	ck_assert_int_eq(buy_into(arg, a, &b, &p), VT_OK);
	ck_assert_str_eq(b.client_secret, "pi_1_secret_x");
	arena_free(a);
	return NULL;
}

START_TEST(clicks_at_the_same_moment_make_one_order_R73_R76_R77)
{
	static char same[] = "k";
	pthread_t t[8];

	/* Like Stripe: the same key, the same object. */
	for (int i = 0; i < STEPS_MAX - 1; i++)
		answer(200, ANYTHING);
	for (size_t i = 0; i < countof(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, click, same), 0);
	for (size_t i = 0; i < countof(t); i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	ck_assert_str_eq(text("SELECT COUNT(*) FROM orders"), "1");
	ck_assert_str_eq(text("SELECT COUNT(*) FROM attempts"), "2");
	ck_assert_str_eq(
	    text("SELECT COUNT(*) FROM attempts WHERE state = 'done'"), "2");
	ck_assert_str_eq(text("SELECT COUNT(*) FROM customers"), "1");
	ck_assert_str_eq(text(CUSTOMER), "cus_1");
	ck_assert_str_eq(text("SELECT pi FROM orders"), "pi_1");
}
END_TEST

/* ---- customers that are gone -----------------------------------------------
 */

START_TEST(a_customer_that_is_gone_at_stripe_is_made_anew)
{
	struct purchase b;

	have_customer("cus_1");
	no_customer();
	customer("cus_2");
	intent(INTENT("pi_1", "cus_2"));
	ck_assert_int_eq(buy("k", &b), VT_OK);
	ck_assert(asked(2, INTENTS, "customer=cus_2"));
	ck_assert_str_eq(text(CUSTOMER), "cus_2");
	ck_assert_str_eq(text("SELECT state FROM orders"), "open");
}
END_TEST

static void
twin_finishes_first(size_t i)
{
	struct arena *a;
	struct vt_problem p;
	struct purchase b;

	if (i != 0)
		return;
	a = arena_new();
	ck_assert_int_eq(buy_into("k", a, &b, &p), VT_OK);
	arena_free(a);
}

/* The customer that is dropped is the one that was found to be gone. */
START_TEST(a_twin_that_replaced_the_customer_keeps_the_new_one_R73)
{
	struct purchase b;

	have_customer("cus_1");
	no_customer(); /* ours, answered last */
	no_customer(); /* the twin's */
	customer("cus_2");
	intent(INTENT("pi_1", "cus_2"));
	intent(INTENT("pi_1", "cus_2"));
	meanwhile = twin_finishes_first;
	ck_assert_int_eq(buy("k", &b), VT_OK);
	ck_assert_str_eq(b.order.pi, "pi_1");
	ck_assert_str_eq(text(CUSTOMER), "cus_2");
}
END_TEST

/*
 * What is sent again names the customer of its first time, and so must the
 * order: else the payment would be parked as somebody else's (R14, R74).
 */
START_TEST(an_open_attempt_keeps_the_customer_it_was_made_with_R14_R74)
{
	struct purchase b;

	have_customer("cus_1");
	lost();
	ck_assert_int_eq(buy("k", &b), VT_BUSY);
	/* Another purchase finds the customer gone. */
	no_customer();
	customer("cus_2");
	intent(INTENT("pi_2", "cus_2"));
	ck_assert_int_eq(buy("l", &b), VT_OK);
	ck_assert_str_eq(text(CUSTOMER), "cus_2");
	/* The first intent had been made all the same. */
	intent(INTENT("pi_1", "cus_1"));
	ck_assert_int_eq(buy("k", &b), VT_OK);
	ck_assert(asked(4, INTENTS, "customer=cus_1"));
	ck_assert_str_eq(b.order.pi, "pi_1");
	ck_assert_str_eq(b.order.customer, "cus_1");
	ck_assert_int_eq(b.order.state, ORDER_OPEN);
}
END_TEST

/* ---- customers that are refused --------------------------------------------
 */

static enum vt_err
give_email(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct user_fact f = { .sub = "user_1",
		.email = in,
		.email_verified = true,
		.updated_ms = NOW,
		.now_ms = NOW };
	bool applied;

	(void)out;
	(void)p;
	return user_apply(db, &f, &applied);
}

START_TEST(an_address_that_stripe_refuses_does_not_stop_a_purchase)
{
	struct purchase b;

	ck_assert_int_eq(writer_run(shop.writer, give_email,
			     "j\xc3\xb6rg@example.com", NULL, NULL),
	    VT_OK);
	answer(400,
	    "{\"error\":{\"type\":\"invalid_request_error\","
	    "\"code\":\"email_invalid\",\"param\":\"email\"}}");
	customer("cus_1");
	intent(INTENT("pi_1", "cus_1"));
	ck_assert_int_eq(buy("k", &b), VT_OK);
	ck_assert(asked(0, CUSTOMERS, "email="));
	ck_assert_ptr_null(strstr(server->requests[1], "email="));
	ck_assert_str_eq(text(CUSTOMER), "cus_1");
	ck_assert_str_eq(
	    text("SELECT COUNT(*) FROM attempts WHERE state = 'refused'"), "1");
}
END_TEST

START_TEST(a_refused_customer_ends_its_attempt_at_once)
{
	struct purchase b;

	answer(400,
	    "{\"error\":{\"type\":\"invalid_request_error\","
	    "\"code\":\"metadata_invalid\",\"param\":\"metadata\"}}");
	ck_assert_int_eq(buy("k", &b), VT_INVALID);
	ck_assert_str_eq(text("SELECT state FROM attempts"), "refused");
	/* The same click again is a call of its own. */
	customer("cus_1");
	intent(INTENT("pi_1", "cus_1"));
	ck_assert_int_eq(buy("k", &b), VT_OK);
	ck_assert_str_eq(text("SELECT COUNT(*) FROM orders"), "1");
}
END_TEST

/* ---- intents that are refused ----------------------------------------------
 */

START_TEST(a_refused_intent_ends_its_order_and_gives_the_key_back_R77)
{
	struct purchase b;

	have_customer("cus_1");
	answer(400,
	    "{\"error\":{\"type\":\"invalid_request_error\","
	    "\"code\":\"amount_too_small\",\"param\":\"amount\"}}");
	ck_assert_int_eq(buy("k", &b), VT_INVALID);
	ck_assert_str_eq(text("SELECT state FROM orders"), "refused");
	ck_assert_str_eq(
	    text("SELECT status FROM token_transactions"), "failed");
	intent(INTENT("pi_1", "cus_1"));
	ck_assert_int_eq(buy("k", &b), VT_OK);
	ck_assert(!b.replayed);
	ck_assert_str_eq(text("SELECT COUNT(*) FROM orders"), "2");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		the_first_purchase_makes_one_customer_and_one_intent_R73,
		a_lost_intent_is_asked_for_again_with_the_same_bytes_R74_R75,
		clicks_at_the_same_moment_make_one_order_R73_R76_R77,
		a_customer_that_is_gone_at_stripe_is_made_anew,
		a_twin_that_replaced_the_customer_keeps_the_new_one_R73,
		an_open_attempt_keeps_the_customer_it_was_made_with_R14_R74,
		an_address_that_stripe_refuses_does_not_stop_a_purchase,
		a_refused_customer_ends_its_attempt_at_once,
		a_refused_intent_ends_its_order_and_gives_the_key_back_R77,
		NULL,
	};
	Suite *suite = suite_create("purchase");

	tcase_add_checked_fixture(
	    unit_case(suite, "core", tests), setup, teardown);
	return unit_run(suite);
}
