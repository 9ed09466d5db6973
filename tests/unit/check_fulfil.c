/* fulfil: what facts from Stripe do, and what they must not do. */
#include "story.h"

static const struct told paid = { .status = "succeeded" };

static struct event_done
hear(const char *evt, const char *type, const struct told *t)
{
	return story_hear(story_event(evt, type, story_intent(t)));
}

#define SUCCEEDED "payment_intent.succeeded"

/* What is kept of an event must not let anybody pay or look with it. */
START_TEST(an_event_is_stored_without_its_client_secret)
{
	const char *object = arena_printf(story_arena,
	    "{\"client_secret\":\"pi_story_secret_x1\",%s",
	    story_intent(&(struct told){ .status = "succeeded" }) + 1);
	const char *body =
	    story_event("evt_1", "payment_intent.succeeded", object);

	ck_assert_int_eq(story_hear(body).outcome, EVENT_APPLIED);
	ck_assert_int_eq(
	    books_int(
		"SELECT COUNT(*) FROM events WHERE body LIKE '%secret_x%'"),
	    0);
	ck_assert_int_eq(books_int("SELECT json_valid(body) FROM events"), 1);
	ck_assert_ptr_nonnull(strstr(body, "pi_story_secret_x1"));
	/* Told again it is the same. */
	ck_assert(!story_hear(body).altered);
}
END_TEST

START_TEST(paid_intent_grants_once_with_its_mail_R14)
{
	struct event_done d = hear("evt_1", SUCCEEDED, &paid);

	ck_assert_int_eq(d.outcome, EVENT_APPLIED);
	ck_assert(d.fulfil.granted);
	story_granted(1);
	ck_assert_int_eq(
	    books_int("SELECT balance FROM accounts WHERE user = 1"), 10);
	ck_assert_str_eq(
	    books_text("SELECT kind FROM outbox"), "purchase_receipt");
	ck_assert_str_eq(books_text("SELECT origin FROM lots"), "purchase");
	ck_assert_str_eq(
	    books_text("SELECT stripe_charge_id FROM token_transactions"),
	    "ch_story");
}
END_TEST

START_TEST(same_event_again_is_a_duplicate)
{
	(void)hear("evt_1", SUCCEEDED, &paid);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(
		    hear("evt_1", SUCCEEDED, &paid).outcome, EVENT_DUPLICATE);
	ck_assert_int_eq(books_int("SELECT seen FROM events"), 6);
	story_granted(1);
}
END_TEST

/* R16, R18: neither another event id nor the passing of time grants twice. */
START_TEST(same_payment_under_other_event_ids_grants_nothing_R16_R18)
{
	char evt[16];

	(void)hear("evt_0", SUCCEEDED, &paid);
	for (int i = 1; i < 20; i++) {
		(void)snprintf(evt, sizeof(evt), "evt_%d", i);
		ck_assert_int_eq(
		    hear(evt, SUCCEEDED, &paid).outcome, EVENT_DUPLICATE);
	}
	story_granted(1);
}
END_TEST

/* R14: anything that is not as ordered parks, with the reason, ungranted. */
START_TEST(payment_that_differs_from_the_order_parks_R14)
{
	static const struct {
		struct told told;
		const char *reason;
	} odd[] = {
		{ { .status = "succeeded", .amount = 998 }, "amount_mismatch" },
		{ { .status = "succeeded", .amount_received = 998 },
		    "amount_received_mismatch" },
		{ { .status = "succeeded", .currency = "eur" },
		    "currency_mismatch" },
		{ { .status = "succeeded", .customer = "cus_other" },
		    "customer_mismatch" },
	};
	char evt[16];

	for (size_t i = 0; i < countof(odd); i++) {
		struct event_done d;

		(void)snprintf(evt, sizeof(evt), "evt_%zu", i);
		d = hear(evt, SUCCEEDED, &odd[i].told);
		ck_assert_int_eq(d.outcome, EVENT_PARKED);
		ck_assert_str_eq(d.reason, odd[i].reason);
		story_granted(0);
	}
	ck_assert_str_eq(books_text("SELECT state FROM orders"), "parked");
}
END_TEST

/* R11, R9: what is not ours ends as such, what may be ours waits for us. */
START_TEST(payment_without_an_order_of_ours_R9_R11)
{
	static const struct {
		struct told told;
		enum event_outcome outcome;
		const char *reason;
	} strange[] = {
		{ { .status = "succeeded",
		      .pi = "pi_a",
		      .customer = "cus_x",
		      .no_metadata = true },
		    EVENT_IRRELEVANT, "not_ours" },
		{ { .status = "succeeded",
		      .pi = "pi_b",
		      .instance = "another" },
		    EVENT_IRRELEVANT, "other_instance" },
		{ { .status = "succeeded", .pi = "pi_c", .no_metadata = true },
		    EVENT_PARKED, "no_order" },
		{ { .status = "succeeded", .pi = "pi_d", .order = "ord_gone" },
		    EVENT_PARKED, "order_missing" },
		{ { .status = "succeeded", .pi = "pi_e" }, EVENT_PARKED,
		    "second_intent" },
	};
	char evt[16];

	for (size_t i = 0; i < countof(strange); i++) {
		struct event_done d;

		(void)snprintf(evt, sizeof(evt), "evt_%zu", i);
		d = hear(evt, SUCCEEDED, &strange[i].told);
		ck_assert_int_eq(d.outcome, strange[i].outcome);
		ck_assert_str_eq(d.reason, strange[i].reason);
	}
	story_granted(0);
	ck_assert_int_eq(
	    books_int("SELECT COUNT(*) FROM events WHERE state NOT IN "
		      "('irrelevant', 'parked') OR reason IS NULL"),
	    0);
}
END_TEST

/* R22, R23: the webhook may come before we stored the intent, and an order
 * that was made long ago is paid by its metadata all the same. */
START_TEST(webhook_that_overtakes_us_finds_the_order_by_metadata_R22_R23)
{
	struct order o;

	ck_assert_int_eq(books_do("UPDATE orders SET pi = NULL, "
				  "state = 'intent_sent'"),
	    VT_OK);
	ck_assert_int_eq(
	    hear("evt_1", SUCCEEDED, &paid).outcome, EVENT_APPLIED);
	story_granted(1);
	ck_assert_int_eq(order_by_intent(books, STORY_PI, &o), VT_OK);
	ck_assert_int_eq(o.state, ORDER_GRANTED);
}
END_TEST

/* A late success still grants, whatever state the order had reached. */
START_TEST(success_grants_from_every_state_but_a_dismissed_one)
{
	static const char *const states[] = { "created", "intent_sent",
		"refused", "open", "processing", "requires_action", "canceled",
		"failed" };
	char sql[128], evt[16];

	for (size_t i = 0; i < countof(states); i++) {
		ck_assert_int_eq(db_begin(books), VT_OK);
		(void)snprintf(sql, sizeof(sql),
		    "UPDATE orders SET state = '%s'", states[i]);
		ck_assert_int_eq(db_script(books, sql), VT_OK);
		(void)snprintf(evt, sizeof(evt), "evt_%zu", i);
		ck_assert_int_eq(story_hear_inside(story_event(evt, SUCCEEDED,
						       story_intent(&paid)))
				     .outcome,
		    EVENT_APPLIED);
		story_granted(1);
		db_rollback(books);
	}
}
END_TEST

/* R7, R8: another mode or version is kept aside, its fields unread. */
START_TEST(other_mode_or_version_parks_without_effect_R7_R8)
{
	const char *object = story_intent(&paid);
	struct event_done d;

	d = story_hear(
	    story_event_of("evt_1", SUCCEEDED, object, STRIPE_VERSION, true));
	ck_assert_int_eq(d.outcome, EVENT_PARKED);
	ck_assert_str_eq(d.reason, "livemode_mismatch");
	d = story_hear(
	    story_event_of("evt_2", SUCCEEDED, object, "2025-03-31", false));
	ck_assert_int_eq(d.outcome, EVENT_PARKED);
	ck_assert_str_eq(d.reason, "api_version");
	story_granted(0);
}
END_TEST

/* R6: what is not for us is stored and answered, whatever it holds. */
START_TEST(unknown_type_is_stored_and_left_alone_R6)
{
	struct event_done d =
	    story_hear(story_event("evt_1", "invoice.created", "{\"id\":1}"));

	ck_assert_int_eq(d.outcome, EVENT_IRRELEVANT);
	ck_assert_str_eq(d.reason, "type_not_handled");
	d = story_hear(story_event("evt_2", SUCCEEDED, "{\"id\":\"pi_x\"}"));
	ck_assert_int_eq(d.outcome, EVENT_PARKED);
	ck_assert_str_eq(d.reason, "unreadable_object");
	d = story_hear("{\"id\":\"evt_3\",\"object\":\"v2.core.event\","
		       "\"type\":\"v1.billing.meter.error\"}");
	ck_assert_int_eq(d.outcome, EVENT_IRRELEVANT);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM events"), 3);
}
END_TEST

/* R10: an effect that fails leaves the event, and keeper tries again. */
START_TEST(failed_effect_is_stored_and_runs_again_R10)
{
	struct event_again again = { "evt_1", &books_instance, BOOKS_NOW };
	struct event_id due[4];
	struct event_done d;
	size_t n;

	/* A grant that cannot be booked: its account's row is in the way. */
	ck_assert_int_eq(books_do("CREATE TRIGGER fail BEFORE INSERT ON lots "
				  "BEGIN SELECT RAISE(ABORT, 'no'); END"),
	    VT_OK);
	d = hear("evt_1", SUCCEEDED, &paid);
	ck_assert_int_eq(d.outcome, EVENT_FAILED);
	story_granted(0);
	ck_assert_str_eq(books_text("SELECT state FROM events"), "failed");
	ck_assert_int_eq(
	    events_failed_due(books, BOOKS_NOW, due, countof(due), &n), VT_OK);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(events_failed_due(
			     books, BOOKS_NOW + 3600000, due, countof(due), &n),
	    VT_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(books_do("DROP TRIGGER fail"), VT_OK);
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(event_run_again(books, &again, &d, NULL), VT_OK);
	ck_assert_int_eq(db_commit(books), VT_OK);
	ck_assert_int_eq(d.outcome, EVENT_APPLIED);
	story_granted(1);
	ck_assert_str_eq(books_text("SELECT state FROM events"), "applied");
}
END_TEST

START_TEST(event_id_that_tells_something_else_raises_an_alarm)
{
	struct told other = { .status = "succeeded", .amount = 1 };

	(void)hear("evt_1", SUCCEEDED, &paid);
	ck_assert(!hear("evt_1", SUCCEEDED, &paid).altered);
	ck_assert(hear("evt_1", SUCCEEDED, &other).altered);
	story_granted(1);
}
END_TEST

/* R15: a charge leads to its intent, which alone is believed. */
START_TEST(charge_waits_for_its_intent_and_settles_with_it_R15)
{
	struct told t = { .status = "succeeded" };
	struct fulfil_done f;
	struct event_done d;

	d = story_hear(
	    story_event("evt_1", "charge.succeeded", story_charge(&t)));
	ck_assert_int_eq(d.outcome, EVENT_WAITING);
	ck_assert_str_eq(d.fulfil.need, STORY_PI);
	story_granted(0);
	f = story_fetch(&paid);
	ck_assert(f.granted);
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    events_settle(books, STORY_PI, f.outcome, f.reason, BOOKS_NOW),
	    VT_OK);
	ck_assert_int_eq(db_commit(books), VT_OK);
	ck_assert_str_eq(books_text("SELECT state FROM events"), "applied");
	d = story_hear(
	    story_event("evt_2", "charge.succeeded", story_charge(&t)));
	ck_assert_int_eq(d.outcome, EVENT_DUPLICATE);
	story_granted(1);
}
END_TEST

/* The intent's own event may be the one that the charge waited for. */
START_TEST(waiting_charge_settles_with_the_event_of_its_intent_R15)
{
	struct told t = { .status = "succeeded" };

	(void)story_hear(
	    story_event("evt_1", "charge.succeeded", story_charge(&t)));
	(void)hear("evt_2", SUCCEEDED, &paid);
	story_granted(1);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM events WHERE state "
				   "IN ('applied', 'duplicate')"),
	    2);
}
END_TEST

/* R19: complete is not paid. */
START_TEST(checkout_session_grants_only_when_paid_R19)
{
	struct told unpaid = { .status = "unpaid" };
	struct told now_paid = { .status = "paid" };
	struct event_done d;

	d = story_hear(story_event(
	    "evt_1", "checkout.session.completed", story_checkout(&unpaid)));
	ck_assert_int_eq(d.outcome, EVENT_APPLIED);
	ck_assert_str_eq(d.reason, "awaiting_payment");
	ck_assert_str_eq(books_text("SELECT state FROM orders"), "processing");
	ck_assert_str_eq(
	    books_text("SELECT status FROM token_transactions"), "processing");
	story_granted(0);
	d = story_hear(
	    story_event("evt_2", "checkout.session.async_payment_succeeded",
		story_checkout(&now_paid)));
	ck_assert_int_eq(d.outcome, EVENT_WAITING);
	(void)story_fetch(&paid);
	story_granted(1);
}
END_TEST

START_TEST(checkout_session_whose_payment_fails_is_void_R19)
{
	struct told unpaid = { .status = "unpaid" };

	(void)story_hear(story_event(
	    "evt_1", "checkout.session.completed", story_checkout(&unpaid)));
	(void)story_hear(story_event("evt_2",
	    "checkout.session.async_payment_failed", story_checkout(&unpaid)));
	ck_assert_str_eq(books_text("SELECT state FROM orders"), "failed");
	ck_assert_str_eq(
	    books_text("SELECT status FROM token_transactions"), "failed");
	story_granted(0);
}
END_TEST

START_TEST(declined_attempt_leaves_the_order_open_and_a_cancel_fails_it)
{
	struct told declined = { .status = "requires_payment_method",
		.declined = true };
	struct told canceled = { .status = "canceled" };

	(void)hear("evt_1", "payment_intent.payment_failed", &declined);
	ck_assert_str_eq(books_text("SELECT state FROM orders"), "open");
	ck_assert_int_eq(books_int("SELECT declines FROM orders"), 1);
	(void)hear("evt_2", "payment_intent.canceled", &canceled);
	ck_assert_str_eq(books_text("SELECT state FROM orders"), "failed");
	story_granted(0);
}
END_TEST

/* R24: five hundred yen are 500, not 50000. */
START_TEST(yen_have_no_smaller_unit_R24)
{
	const char *text =
	    "{\"custom\":{\"min\":1,\"max\":9},\"packages\":[{\"id\":\"p\","
	    "\"name\":\"P\",\"tokens\":5,\"prices\":{\"jpy\":500}}]}";
	struct told t = { .status = "succeeded", .pi = "pi_yen" };
	const struct json *j;
	int64_t version;

	ck_assert_int_eq(
	    json_parse(story_arena, text, strlen(text), 32, &j, NULL), VT_OK);
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    catalog_import(books, story_arena, j, "test", 1, &version, NULL),
	    VT_OK);
	ck_assert_int_eq(db_commit(books), VT_OK);
	ck_assert_int_eq(version, 2);
	story_buy("p", "jpy");
	ck_assert_int_eq(story_order.amount, 500);
	ck_assert_int_eq(hear("evt_1", SUCCEEDED, &t).outcome, EVENT_APPLIED);
	story_granted(1);
	ck_assert_str_eq(
	    books_text("SELECT price_per_token FROM token_transactions "
		       "WHERE currency = 'jpy'"),
	    "100.000");
	ck_assert_int_eq(books_int("SELECT total_amount_usd IS NULL FROM "
				   "token_transactions WHERE currency = 'jpy'"),
	    1);
}
END_TEST

/* R86: what was given is not what was sold. */
START_TEST(purchase_is_typed_as_such_and_paid_R86)
{
	(void)hear("evt_1", SUCCEEDED, &paid);
	ck_assert_str_eq(
	    books_text("SELECT kind FROM token_transactions"), "purchase");
	ck_assert_int_eq(books_int("SELECT paid FROM lots"), 1);
	ck_assert_int_eq(books_int("SELECT cost FROM lots"), 999);
}
END_TEST

START_TEST(grant_of_a_fetched_intent_is_verified_at_once)
{
	(void)hear("evt_1", SUCCEEDED, &paid);
	ck_assert_int_eq(
	    books_int("SELECT verified_at IS NULL FROM grants"), 1);
	ck_assert_int_eq(story_fetch(&paid).outcome, FULFIL_DUPLICATE);
	ck_assert_int_eq(
	    books_int("SELECT verified_at IS NULL FROM grants"), 0);
	story_granted(1);
}
END_TEST

int
main(void)
{
	const TTest *const core[] = {
		an_event_is_stored_without_its_client_secret,
		paid_intent_grants_once_with_its_mail_R14,
		same_event_again_is_a_duplicate,
		same_payment_under_other_event_ids_grants_nothing_R16_R18,
		payment_that_differs_from_the_order_parks_R14,
		payment_without_an_order_of_ours_R9_R11,
		webhook_that_overtakes_us_finds_the_order_by_metadata_R22_R23,
		success_grants_from_every_state_but_a_dismissed_one,
		other_mode_or_version_parks_without_effect_R7_R8,
		unknown_type_is_stored_and_left_alone_R6,
		failed_effect_is_stored_and_runs_again_R10,
		event_id_that_tells_something_else_raises_an_alarm,
		charge_waits_for_its_intent_and_settles_with_it_R15,
		waiting_charge_settles_with_the_event_of_its_intent_R15,
		checkout_session_grants_only_when_paid_R19,
		checkout_session_whose_payment_fails_is_void_R19,
		declined_attempt_leaves_the_order_open_and_a_cancel_fails_it,
		yen_have_no_smaller_unit_R24,
		purchase_is_typed_as_such_and_paid_R86,
		grant_of_a_fetched_intent_is_verified_at_once, NULL
	};
	Suite *s = suite_create("fulfil");

	tcase_add_checked_fixture(
	    unit_case(s, "core", core), story_open, story_close);
	return unit_run(s);
}
