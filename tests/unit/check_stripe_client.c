/*
 * stripe/client against a scripted server: what is sent, what is tried
 * again, how a call ends. Delays and the deadline are on a frozen clock, so
 * nothing is waited for but the answers that never come.
 */
#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "scripted.h"
#include "stripe/client.h"
#include "stripe/params.h"

#define START_MS 1700000000000
#define MONO_MS 5000
#define KEY "sk_test_abcdefghijklmnop"
#define PARAMS "amount=3999&currency=usd&metadata[vantage_order]=ord_1"
#define OBJECT "{\"id\":\"pi_1\",\"object\":\"payment_intent\"}"
#define ERROR(type, rest) "{\"error\":{\"type\":\"" type "\"" rest "}}"

static struct arena *arena;
static struct secret *key;
static struct stripe *stripe;
static struct scripted *server;
static struct stripe_reply reply;
static struct vt_problem problem;

static void
setup(void)
{
	random_init();
	clock_freeze(START_MS, MONO_MS);
	arena = arena_new();
	key = secret_new(KEY, strlen(KEY));
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

static void
teardown(void)
{
	stripe_close(stripe);
	if (server != NULL)
		scripted_stop(server);
	secret_free(key);
	arena_free(arena);
}

static void
play(const struct scripted_step *steps, size_t count)
{
	server = scripted_start(steps, count);
	ck_assert_int_eq(stripe_open(key, server->base, &stripe), VT_OK);
}

#define PLAY(...)                                                            \
	do {                                                                 \
		static const struct scripted_step play_[] = { __VA_ARGS__ }; \
		play(play_, countof(play_));                                 \
	} while (0)

static enum vt_err
post_within(int64_t ms)
{
	const struct stripe_call call = { .method = "POST",
		.path = "/v1/payment_intents",
		.params = PARAMS,
		.key = "vt-0123456789abcdef",
		.deadline_mono_ms = clock_mono_ms() + ms };

	return stripe_do(stripe, arena, &call, &reply, &problem);
}

static enum vt_err
post(void)
{
	return post_within(STRIPE_DEADLINE_MS);
}

/* R74, R75: every try is the same to the byte, the key among it. */
static void
assert_tries_identical(size_t count)
{
	ck_assert_uint_eq(server->request_count, count);
	ck_assert_int_eq(reply.tries, (int)count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_str_eq(server->requests[i], server->requests[0]);
		ck_assert(scripted_has_line(server->requests[i],
		    "Idempotency-Key: vt-0123456789abcdef"));
	}
}

#define ANSWER(status, body)                                           \
	{                                                              \
		SCRIPTED_ANSWER, status, "Request-Id: req_7\r\n", body \
	}
#define DONE ANSWER(200, OBJECT)

START_TEST(a_call_says_who_asks_what_in_which_version)
{
	const char *head = "POST /v1/payment_intents HTTP/1.1\r\n";

	PLAY({ SCRIPTED_ANSWER, 200,
	    "Request-Id: req_9\r\nIdempotent-Replayed: true\r\n", OBJECT });
	ck_assert_int_eq(post(), VT_OK);
	ck_assert_int_eq(reply.outcome, STRIPE_DONE);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(reply.request_id, "req_9");
	ck_assert(reply.replayed);
	ck_assert_str_eq(json_str_at(reply.body, "id"), "pi_1");
	ck_assert_int_eq(strncmp(server->requests[0], head, strlen(head)), 0);
	ck_assert(scripted_has_line(
	    server->requests[0], "Stripe-Version: " STRIPE_VERSION));
	ck_assert(
	    scripted_has_line(server->requests[0], "Accept: application/json"));
	ck_assert(scripted_has_line(
	    server->requests[0], "Authorization: Bearer " KEY));
	ck_assert(scripted_has_line(server->requests[0],
	    "Content-Type: application/x-www-form-urlencoded"));
	ck_assert_ptr_nonnull(
	    strstr(server->requests[0], "\r\nUser-Agent: vantage-tokens/"));
	ck_assert_ptr_nonnull(strstr(server->requests[0], "\r\n\r\n" PARAMS));
}
END_TEST

START_TEST(a_get_carries_its_parameters_in_the_query_and_no_key)
{
	struct stripe_call call = { .method = "GET",
		.path = "/v1/payment_intents/pi_1",
		.params = "expand[]=latest_charge",
		.deadline_mono_ms = MONO_MS + STRIPE_DEADLINE_MS };

	PLAY(DONE);
	ck_assert_int_eq(
	    stripe_do(stripe, arena, &call, &reply, &problem), VT_OK);
	call.params = NULL;
	ck_assert_int_eq(
	    stripe_do(stripe, arena, &call, &reply, &problem), VT_OK);
	ck_assert_ptr_nonnull(strstr(server->requests[0],
	    "GET /v1/payment_intents/pi_1?expand[]=latest_charge HTTP"));
	ck_assert_ptr_nonnull(
	    strstr(server->requests[1], "GET /v1/payment_intents/pi_1 HTTP"));
	ck_assert_ptr_null(strstr(server->requests[0], "Idempotency-Key"));
	ck_assert_ptr_null(strstr(server->requests[0], "Content-Type"));
}
END_TEST

START_TEST(no_answer_409_and_5xx_are_tried_again_with_the_same_bytes_R74_R75)
{
	PLAY({ SCRIPTED_RESET, 0, NULL, NULL },
	    ANSWER(409, ERROR("invalid_request_error", "")),
	    ANSWER(500, ERROR("api_error", "")), ANSWER(503, "down"), DONE);
	ck_assert_int_eq(post(), VT_OK);
	ck_assert_int_eq(reply.outcome, STRIPE_DONE);
	assert_tries_identical(5);
}
END_TEST

START_TEST(half_a_body_is_tried_again_with_the_same_key_R75)
{
	PLAY({ SCRIPTED_HALF, 200, NULL, OBJECT }, DONE);
	ck_assert_int_eq(post(), VT_OK);
	assert_tries_identical(2);
}
END_TEST

START_TEST(stripe_decides_whether_a_try_is_repeated_where_it_says_so)
{
	PLAY({ SCRIPTED_ANSWER, 400, "Stripe-Should-Retry: true\r\n",
		 ERROR("invalid_request_error", ",\"code\":\"lock_timeout\"") },
	    { SCRIPTED_ANSWER, 500, "Stripe-Should-Retry: false\r\n",
		ERROR("api_error", "") },
	    DONE);
	ck_assert_int_eq(post(), VT_BUSY);
	ck_assert_int_eq(reply.outcome, STRIPE_UNKNOWN);
	assert_tries_identical(2);
}
END_TEST

START_TEST(delays_are_the_sdks_and_all_fits_into_the_deadline)
{
	/* Least and most before retry 0, 1, 2, 3 (the official SDK). */
	static const int64_t least[] = { 500, 500, 500, 1000 };
	static const int64_t most[] = { 500, 500, 1000, 2000 };

	PLAY(ANSWER(500, ERROR("api_error", "")));
	ck_assert_int_eq(post(), VT_BUSY);
	ck_assert_int_eq(reply.outcome, STRIPE_UNKNOWN);
	ck_assert_str_eq(problem.code, "stripe_unavailable");
	ck_assert_int_gt(problem.retry_after_s, 0);
	assert_tries_identical(5);
	for (size_t i = 0; i + 1 < server->request_count; i++) {
		int64_t d = server->at_mono_ms[i + 1] - server->at_mono_ms[i];

		ck_assert_int_ge(d, least[i]);
		ck_assert_int_le(d, most[i]);
	}
	ck_assert_int_lt(clock_mono_ms() - MONO_MS, STRIPE_DEADLINE_MS);
}
END_TEST

START_TEST(a_shorter_deadline_means_fewer_tries_and_is_kept)
{
	PLAY(ANSWER(500, ERROR("api_error", "")));
	ck_assert_int_eq(post_within(1300), VT_BUSY);
	assert_tries_identical(3);
	ck_assert_int_le(clock_mono_ms(), MONO_MS + 1300);
}
END_TEST

START_TEST(after_the_deadline_nothing_is_sent)
{
	PLAY(DONE);
	ck_assert_int_eq(post_within(0), VT_BUSY);
	ck_assert_int_eq(reply.outcome, STRIPE_NOT_DONE);
	ck_assert_int_eq(reply.tries, 0);
	ck_assert_uint_eq(server->request_count, 0);
}
END_TEST

START_TEST(an_answer_that_never_comes_ends_at_the_deadline_in_doubt)
{
	PLAY({ SCRIPTED_HANG, 0, NULL, NULL });
	ck_assert_int_eq(post_within(400), VT_BUSY);
	ck_assert_int_eq(reply.outcome, STRIPE_UNKNOWN);
	ck_assert_int_eq(reply.status, 0);
	assert_tries_identical(1);
}
END_TEST

START_TEST(rate_limits_are_waited_out_longer)
{
	PLAY(ANSWER(429, ERROR("invalid_request_error", "")),
	    ANSWER(429, ERROR("invalid_request_error", "")), DONE);
	ck_assert_int_eq(post(), VT_OK);
	assert_tries_identical(3);
	ck_assert_int_ge(server->at_mono_ms[1] - server->at_mono_ms[0], 1000);
	ck_assert_int_ge(server->at_mono_ms[2] - server->at_mono_ms[1], 1000);
}
END_TEST

START_TEST(rate_limited_to_the_end_nothing_was_done)
{
	PLAY(ANSWER(429, ERROR("invalid_request_error", "")));
	ck_assert_int_eq(post(), VT_BUSY);
	ck_assert_int_eq(reply.outcome, STRIPE_NOT_DONE);
	ck_assert_str_eq(problem.code, "stripe_unavailable");
	ck_assert_int_lt(clock_mono_ms() - MONO_MS, STRIPE_DEADLINE_MS);
}
END_TEST

START_TEST(retry_after_is_a_lower_bound_and_ends_the_call_when_too_long)
{
	PLAY({ SCRIPTED_ANSWER, 503, "Retry-After: 3\r\n", "{}" },
	    { SCRIPTED_ANSWER, 503, "Retry-After: 9\r\n", "{}" }, DONE);
	ck_assert_int_eq(post(), VT_BUSY);
	assert_tries_identical(2);
	ck_assert_int_ge(server->at_mono_ms[1] - server->at_mono_ms[0], 3000);
	ck_assert_int_eq(clock_mono_ms(), server->at_mono_ms[1]);
}
END_TEST

START_TEST(a_lost_try_keeps_the_doubt_though_the_next_is_turned_away_R75)
{
	PLAY({ SCRIPTED_RESET, 0, NULL, NULL },
	    ANSWER(401, ERROR("invalid_request_error", "")));
	ck_assert_int_eq(post(), VT_SYS);
	ck_assert_int_eq(reply.outcome, STRIPE_UNKNOWN);
	assert_tries_identical(2);
}
END_TEST

START_TEST(a_lost_try_then_a_plain_refusal_is_refused)
{
	PLAY({ SCRIPTED_RESET, 0, NULL, NULL },
	    ANSWER(402, ERROR("card_error", ",\"code\":\"card_declined\"")));
	ck_assert_int_eq(post(), VT_FUNDS);
	ck_assert_int_eq(reply.outcome, STRIPE_REFUSED);
}
END_TEST

START_TEST(nobody_listening_is_not_done_and_in_time)
{
	PLAY(DONE);
	scripted_stop(server);
	server = NULL;
	ck_assert_int_eq(post(), VT_BUSY);
	ck_assert_int_eq(reply.outcome, STRIPE_NOT_DONE);
	ck_assert_str_eq(problem.code, "stripe_unavailable");
	ck_assert_int_gt(reply.tries, 1);
	ck_assert_int_lt(clock_mono_ms() - MONO_MS, STRIPE_DEADLINE_MS);
}
END_TEST

START_TEST(an_answer_that_is_no_object_is_unreadable_and_in_doubt)
{
	static const char *const bodies[] = { "<html>maintenance</html>", "",
		"[]", "null", "{\"id\":\"pi_1\"", "{\"id\":\"pi_1\"}{}",
		"\"text\"" };
	struct scripted_step step = { SCRIPTED_ANSWER, 200, NULL, NULL };

	play(&step, 1);
	for (size_t i = 0; i < countof(bodies); i++) {
		step.body = bodies[i];
		ck_assert_int_eq(post(), VT_REMOTE);
		ck_assert_int_eq(reply.outcome, STRIPE_UNKNOWN);
		ck_assert_str_eq(problem.code, "stripe_unreadable");
		ck_assert_ptr_null(reply.body);
		ck_assert_int_eq(reply.tries, 1);
	}
}
END_TEST

START_TEST(garbage_instead_of_http_and_half_bodies_to_the_end_are_unreadable)
{
	PLAY({ SCRIPTED_RAW, 0, NULL, "%&/ what?\n" },
	    { SCRIPTED_HALF, 200, NULL, OBJECT });
	ck_assert_int_eq(post(), VT_REMOTE);
	ck_assert_int_eq(reply.outcome, STRIPE_UNKNOWN);
	ck_assert_int_gt(reply.tries, 2);
	assert_tries_identical(server->request_count);
}
END_TEST

START_TEST(a_redirect_or_a_refusal_without_words_is_unreadable)
{
	PLAY({ SCRIPTED_ANSWER, 307, "Location: /x\r\n", "{}" },
	    ANSWER(404, "<html>not here</html>"), ANSWER(400, "{}"),
	    ANSWER(400, "{\"error\":\"text\"}"));
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(post(), VT_REMOTE);
		ck_assert_int_eq(reply.outcome, STRIPE_UNKNOWN);
		ck_assert_int_eq(reply.tries, 1);
	}
}
END_TEST

START_TEST(a_decline_tells_why_and_which_intent_it_left)
{
	PLAY(ANSWER(402,
	    ERROR("card_error",
		",\"code\":\"card_declined\",\"decline_code\":"
		"\"insufficient_funds\",\"message\":\"Your card has "
		"insufficient funds.\",\"payment_intent\":{\"id\":\"pi_9\"}")));
	ck_assert_int_eq(post(), VT_FUNDS);
	ck_assert_int_eq(reply.outcome, STRIPE_REFUSED);
	ck_assert_int_eq(reply.tries, 1);
	ck_assert_str_eq(problem.code, "payment_failed");
	ck_assert_str_eq(problem.decline_code, "insufficient_funds");
	ck_assert_str_eq(problem.message, "Your card has insufficient funds.");
	ck_assert_str_eq(reply.error.intent, "pi_9");
	ck_assert_str_eq(reply.error.code, "card_declined");
}
END_TEST

START_TEST(words_that_are_not_for_a_buyer_are_not_passed_on)
{
	PLAY(ANSWER(402,
		 ERROR("invalid_request_error",
		     ",\"message\":\"Sending card numbers is unsafe\"")),
	    ANSWER(402, ERROR("card_error", ",\"code\":\"expired_card\"")));
	ck_assert_int_eq(post(), VT_FUNDS);
	ck_assert_ptr_null(strstr(problem.message, "unsafe"));
	ck_assert_str_eq(reply.error.message, "");
	ck_assert_int_eq(post(), VT_FUNDS);
	ck_assert_str_eq(problem.decline_code, "expired_card");
	ck_assert_str_ne(problem.message, "");
}
END_TEST

START_TEST(a_wrong_key_is_our_fault_and_nothing_was_done)
{
	PLAY(ANSWER(401,
		 ERROR("invalid_request_error",
		     ",\"message\":\"Invalid API Key: sk_test_x\"")),
	    ANSWER(403, ERROR("invalid_request_error", "")));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(post(), VT_SYS);
		ck_assert_int_eq(reply.outcome, STRIPE_NOT_DONE);
		ck_assert_int_eq(reply.tries, 1);
		ck_assert_str_eq(problem.code, "internal");
		ck_assert_ptr_null(strstr(problem.message, "sk_test"));
	}
}
END_TEST

START_TEST(idempotency_error_is_a_bug_and_shown_as_no_decline_R74)
{
	PLAY(ANSWER(400,
	    ERROR("idempotency_error",
		",\"message\":\"Keys for idempotent requests…\"")));
	ck_assert_int_eq(post(), VT_SYS);
	ck_assert_int_eq(reply.outcome, STRIPE_UNKNOWN);
	ck_assert_int_eq(reply.tries, 1);
	ck_assert_str_eq(problem.code, "internal");
	ck_assert_str_eq(problem.decline_code, "");
}
END_TEST

START_TEST(a_refusal_is_the_callers_or_ours_by_what_stripe_says)
{
	static const struct {
		int status;
		const char *rest;
		enum vt_err err;
		const char *code;
	} t[] = {
		{ 400, ",\"code\":\"amount_too_small\",\"param\":\"amount\"",
		    VT_INVALID, "stripe_refused" },
		{ 400, ",\"param\":\"amount\"", VT_INVALID, "stripe_refused" },
		{ 400, ",\"code\":\"payment_intent_unexpected_state\"",
		    VT_INVALID, "stripe_refused" },
		{ 404, ",\"code\":\"resource_missing\",\"param\":\"intent\"",
		    VT_NOTFOUND, "not_found" },
		{ 400, ",\"code\":\"resource_missing\",\"param\":\"customer\"",
		    VT_NOTFOUND, "not_found" },
		{ 400, ",\"code\":\"parameter_unknown\",\"param\":\"x\"",
		    VT_SYS, "internal" },
		{ 400, ",\"code\":\"parameter_invalid_integer\"", VT_SYS,
		    "internal" },
		{ 400, "", VT_SYS, "internal" },
	};
	struct scripted_step step = { SCRIPTED_ANSWER, 0, NULL, NULL };

	play(&step, 1);
	for (size_t i = 0; i < countof(t); i++) {
		step.status = t[i].status;
		step.body = arena_printf(arena,
		    "{\"error\":{\"type\":\"invalid_request_error\"%s}}",
		    t[i].rest);
		ck_assert_int_eq(post(), t[i].err);
		ck_assert_str_eq(problem.code, t[i].code);
		ck_assert_int_eq(reply.outcome, STRIPE_REFUSED);
		ck_assert_int_eq(reply.tries, 1);
	}
}
END_TEST

/* The log has what is needed to ask Stripe, and nothing that was sent. */
START_TEST(every_try_is_logged_without_key_parameters_or_body)
{
	char path[] = "/tmp/check_stripe_log_XXXXXX", text[8192] = "";
	int fd = mkstemp(path);
	ssize_t n;
	int lines = 0;

	ck_assert_int_ge(fd, 0);
	log_to(fd);
	PLAY(ANSWER(500, ERROR("api_error", "")),
	    ANSWER(402,
		ERROR("card_error",
		    ",\"code\":\"card_declined\",\"message\":\"No money\"")));
	ck_assert_int_eq(post(), VT_FUNDS);
	n = pread(fd, text, sizeof(text) - 1, 0);
	ck_assert_int_gt(n, 0);
	for (const char *p = text; (p = strstr(p, "\"stripe.call\"")) != NULL;
	     p++)
		lines++;
	ck_assert_int_eq(lines, 2);
	ck_assert_ptr_nonnull(strstr(text, "\"stripe_request\":\"req_7\""));
	ck_assert_ptr_nonnull(strstr(text, "\"path\":\"/v1/payment_intents\""));
	ck_assert_ptr_nonnull(strstr(text, "\"status\":402"));
	ck_assert_ptr_null(strstr(text, KEY));
	ck_assert_ptr_null(strstr(text, "ord_1"));
	ck_assert_ptr_null(strstr(text, "No money"));
	log_to(STDERR_FILENO);
	(void)close(fd);
	(void)unlink(path);
}
END_TEST

START_TEST(a_client_opens_for_a_secret_key_and_an_allowed_base_only)
{
	static const struct {
		const char *key, *base;
		enum vt_err err;
		bool live;
	} t[] = {
		{ KEY, "https://api.stripe.com", VT_OK, false },
		{ KEY, "http://127.0.0.1:12111/", VT_OK, false },
		{ "rk_test_x", "https://api.stripe.com", VT_OK, false },
		{ "sk_live_x", "https://api.stripe.com", VT_OK, true },
		{ "rk_live_x", "https://api.stripe.com", VT_OK, true },
		{ "pk_test_x", "https://api.stripe.com", VT_INVALID, false },
		{ "whsec_x", "https://api.stripe.com", VT_INVALID, false },
		{ KEY, "http://api.stripe.com", VT_INVALID, false },
		{ KEY, "https://api.stripe.com/?a=b", VT_INVALID, false },
		{ KEY, "", VT_INVALID, false },
	};

	for (size_t i = 0; i < countof(t); i++) {
		struct secret *k = secret_new(t[i].key, strlen(t[i].key));
		struct stripe *s = NULL;

		ck_assert_int_eq(stripe_open(k, t[i].base, &s), t[i].err);
		if (s != NULL)
			ck_assert_int_eq(stripe_live(s), t[i].live);
		stripe_close(s);
		secret_free(k);
	}
}
END_TEST

START_TEST(keys_are_random_and_fit_their_place_R74)
{
	char one[STRIPE_KEY_BYTES], other[STRIPE_KEY_BYTES];

	stripe_key_new(one);
	stripe_key_new(other);
	ck_assert_uint_eq(strlen(one), 35);
	ck_assert_int_eq(strncmp(one, "vt-", 3), 0);
	ck_assert_uint_eq(strspn(one + 3, "0123456789abcdef"), 32);
	ck_assert_str_ne(one, other);
}
END_TEST

START_TEST(parameters_are_those_of_the_published_calls)
{
	static const struct stripe_metadata m = { "inst 1", "ord_1", "user_1" };
	static const struct stripe_metadata none;

	ck_assert_str_eq(stripe_params_intent(arena, 500, "jpy", "cus_1",
			     "Größe & mehr", true, &m),
	    "amount=500&currency=jpy&customer=cus_1"
	    "&automatic_payment_methods[enabled]=true"
	    "&description=Gr%C3%B6%C3%9Fe%20%26%20mehr"
	    "&setup_future_usage=off_session"
	    "&metadata[vantage_instance]=inst%201"
	    "&metadata[vantage_order]=ord_1&metadata[vantage_user]=user_1");
	ck_assert_str_eq(stripe_params_intent(
			     arena, 999, "usd", "cus_1", NULL, false, &none),
	    "amount=999&currency=usd&customer=cus_1"
	    "&automatic_payment_methods[enabled]=true");
	ck_assert_str_eq(stripe_params_customer(arena, "a+b@example.com", &m),
	    "email=a%2Bb%40example.com&metadata[vantage_instance]=inst%201"
	    "&metadata[vantage_order]=ord_1&metadata[vantage_user]=user_1");
	ck_assert_str_eq(stripe_params_customer(arena, NULL, &none), "");
	ck_assert_str_eq(stripe_params_cancel_abandoned(arena),
	    "cancellation_reason=abandoned");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_call_says_who_asks_what_in_which_version,
		a_get_carries_its_parameters_in_the_query_and_no_key,
		no_answer_409_and_5xx_are_tried_again_with_the_same_bytes_R74_R75,
		half_a_body_is_tried_again_with_the_same_key_R75,
		stripe_decides_whether_a_try_is_repeated_where_it_says_so,
		delays_are_the_sdks_and_all_fits_into_the_deadline,
		a_shorter_deadline_means_fewer_tries_and_is_kept,
		after_the_deadline_nothing_is_sent,
		an_answer_that_never_comes_ends_at_the_deadline_in_doubt,
		rate_limits_are_waited_out_longer,
		rate_limited_to_the_end_nothing_was_done,
		retry_after_is_a_lower_bound_and_ends_the_call_when_too_long,
		a_lost_try_keeps_the_doubt_though_the_next_is_turned_away_R75,
		a_lost_try_then_a_plain_refusal_is_refused,
		nobody_listening_is_not_done_and_in_time,
		an_answer_that_is_no_object_is_unreadable_and_in_doubt,
		garbage_instead_of_http_and_half_bodies_to_the_end_are_unreadable,
		a_redirect_or_a_refusal_without_words_is_unreadable,
		a_decline_tells_why_and_which_intent_it_left,
		words_that_are_not_for_a_buyer_are_not_passed_on,
		a_wrong_key_is_our_fault_and_nothing_was_done,
		idempotency_error_is_a_bug_and_shown_as_no_decline_R74,
		a_refusal_is_the_callers_or_ours_by_what_stripe_says,
		every_try_is_logged_without_key_parameters_or_body,
		a_client_opens_for_a_secret_key_and_an_allowed_base_only,
		keys_are_random_and_fit_their_place_R74,
		parameters_are_those_of_the_published_calls,
		NULL,
	};
	Suite *suite = suite_create("stripe_client");

	tcase_add_checked_fixture(
	    unit_case(suite, "core", tests), setup, teardown);
	return unit_run(suite);
}
