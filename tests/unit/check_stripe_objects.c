/* stripe/objects: what is read of Stripe's objects, and what is refused. */
#include "unit.h"

#include <string.h>

#include "base/random.h"
#include "stripe/client.h"
#include "stripe/objects.h"
#include "text/money.h"

#define LONG_ID                                                            \
	"pi_0123456789012345678901234567890123456789012345678901234567890" \
	"12345678901234567890123456789012"

static struct arena *arena;
static struct vt_problem problem;

static void
setup(void)
{
	random_init();
	arena = arena_new();
	memset(&problem, 0, sizeof(problem));
}

static void
teardown(void)
{
	arena_free(arena);
}

static const struct json *
parse(const char *text)
{
	const struct json *j = NULL;

	ck_assert_msg(
	    json_parse(arena, text, strlen(text), 64, &j, &problem) == VT_OK,
	    "%s in %s", problem.message, text);
	return j;
}

/* `text` with its first `what` replaced by `by`. */
static const char *
with(const char *text, const char *what, const char *by)
{
	const char *at = strstr(text, what);

	ck_assert_ptr_nonnull(at);
	return arena_printf(
	    arena, "%.*s%s%s", (int)(at - text), text, by, at + strlen(what));
}

static const char intent[] =
    "{\"id\":\"pi_3Q\",\"object\":\"payment_intent\",\"amount\":3999,"
    "\"amount_received\":3999,\"canceled_at\":null,"
    "\"cancellation_reason\":null,\"client_secret\":\"pi_3Q_secret_x\","
    "\"created\":1700000000,\"currency\":\"usd\",\"customer\":\"cus_1\","
    "\"last_payment_error\":null,\"latest_charge\":\"ch_1\","
    "\"livemode\":false,\"metadata\":{\"vantage_instance\":\"i-1\","
    "\"vantage_order\":\"ord_1\",\"vantage_user\":\"user_1\",\"own\":\"x\"},"
    "\"next_action\":null,\"status\":\"succeeded\",\"new_member\":{\"a\":[]}}";

START_TEST(an_intent_is_read_as_published)
{
	struct stripe_intent pi;

	ck_assert_int_eq(
	    stripe_intent_read(parse(intent), &pi, &problem), VT_OK);
	ck_assert_str_eq(pi.id, "pi_3Q");
	ck_assert_int_eq(pi.status, STRIPE_PI_SUCCEEDED);
	ck_assert_int_eq(pi.amount, 3999);
	ck_assert_int_eq(pi.amount_received, 3999);
	ck_assert_str_eq(pi.currency, "usd");
	ck_assert_str_eq(pi.customer, "cus_1");
	ck_assert_str_eq(pi.latest_charge, "ch_1");
	ck_assert_int_eq(pi.created_s, 1700000000);
	ck_assert_str_eq(pi.metadata.instance, "i-1");
	ck_assert_str_eq(pi.metadata.order, "ord_1");
	ck_assert_str_eq(pi.metadata.user, "user_1");
	ck_assert(!pi.failed);
	ck_assert(!pi.livemode);
	ck_assert_str_eq(
	    stripe_intent_client_secret(parse(intent)), "pi_3Q_secret_x");
}
END_TEST

START_TEST(expanded_customer_and_charge_read_as_their_ids)
{
	const char *text = with(intent, "\"cus_1\"",
	    "{\"id\":\"cus_2\",\"object\":\"customer\",\"deleted\":true}");
	struct stripe_intent pi;

	text =
	    with(text, "\"ch_1\"", "{\"id\":\"ch_2\",\"object\":\"charge\"}");
	ck_assert_int_eq(stripe_intent_read(parse(text), &pi, &problem), VT_OK);
	ck_assert_str_eq(pi.customer, "cus_2");
	ck_assert_str_eq(pi.latest_charge, "ch_2");
	text = with(intent, "\"cus_1\"", "null");
	ck_assert_int_eq(stripe_intent_read(parse(text), &pi, &problem), VT_OK);
	ck_assert_str_eq(pi.customer, "");
}
END_TEST

START_TEST(every_listed_status_has_its_name_and_others_are_accepted)
{
	struct stripe_intent pi;

	for (int i = 0; i < STRIPE_PI_OTHER; i++) {
		const char *name =
		    stripe_intent_status_name((enum stripe_intent_status)i);

		ck_assert_int_eq(
		    stripe_intent_read(
			parse(with(intent, "succeeded", name)), &pi, &problem),
		    VT_OK);
		ck_assert_int_eq(pi.status, i);
	}
	ck_assert_int_eq(stripe_intent_read(parse(with(intent, "succeeded",
						"requires_prayer")),
			     &pi, &problem),
	    VT_OK);
	ck_assert_int_eq(pi.status, STRIPE_PI_OTHER);
	ck_assert_str_eq(stripe_intent_status_name(pi.status), "other");
}
END_TEST

START_TEST(an_intent_without_what_we_need_is_refused_by_name)
{
	static const struct {
		const char *what, *by, *field;
	} t[] = {
		{ "\"payment_intent\"", "\"charge\"", "object" },
		{ "\"pi_3Q\"", "null", "id" },
		{ "\"pi_3Q\"", "\"\"", "id" },
		{ "\"pi_3Q\"", "\"pi_3/../x\"", "id" },
		{ "\"pi_3Q\"", "\"" LONG_ID "\"", "id" },
		{ "\"amount\":3999,", "", "amount" },
		{ "\"amount\":3999", "\"amount\":39.99", "amount" },
		{ "\"amount\":3999", "\"amount\":\"3999\"", "amount" },
		{ "\"amount\":3999", "\"amount\":-1", "amount" },
		{ "\"amount\":3999", "\"amount\":1e300", "amount" },
		{ "\"amount_received\":3999,", "", "amount_received" },
		{ "\"usd\"", "null", "currency" },
		{ "\"usd\"", "\"USD\"", "currency" },
		{ "\"usd\"", "\"dollars\"", "currency" },
		{ "\"cus_1\"", "7", "customer" },
		{ "\"cus_1\"", "{}", "customer" },
		{ "\"ch_1\"", "[]", "latest_charge" },
		{ "\"livemode\":false", "\"livemode\":0", "livemode" },
		{ "\"status\":\"succeeded\"", "\"status\":null", "status" },
		{ "\"created\":1700000000", "\"created\":null", "created" },
	};
	struct stripe_intent pi;

	for (size_t i = 0; i < countof(t); i++) {
		ck_assert_int_eq(
		    stripe_intent_read(
			parse(with(intent, t[i].what, t[i].by)), &pi, &problem),
		    VT_INVALID);
		ck_assert_str_eq(problem.field, t[i].field);
	}
	ck_assert_int_eq(stripe_intent_read(NULL, &pi, &problem), VT_INVALID);
	ck_assert_int_eq(
	    stripe_intent_read(parse("[]"), &pi, &problem), VT_INVALID);
}
END_TEST

/* R24: what Stripe counts in is taken as it is; no factor anywhere. */
START_TEST(an_amount_in_a_currency_without_minor_unit_is_not_scaled_R24)
{
	const char *text = with(intent, "\"usd\"", "\"jpy\"");
	struct stripe_intent pi;
	char shown[MONEY_TEXT_BYTES];

	text = with(text, "\"amount\":3999", "\"amount\":500");
	text =
	    with(text, "\"amount_received\":3999", "\"amount_received\":500");
	ck_assert_int_eq(stripe_intent_read(parse(text), &pi, &problem), VT_OK);
	ck_assert_int_eq(pi.amount, 500);
	ck_assert_int_eq(pi.amount_received, 500);
	money_format(pi.amount, pi.currency, shown);
	ck_assert_str_eq(shown, "500");
}
END_TEST

/* R22: nothing about an invoice is asked for, and its absence or presence
 * changes nothing; ours is what our metadata says. */
START_TEST(an_intent_is_ours_by_its_metadata_alone_R22)
{
	const char *foreign =
	    with(with(intent, "\"vantage_order\":\"ord_1\",", ""), "\"status\"",
		"\"invoice\":\"in_1\",\"status\"");
	const char *longer = with(intent, "\"ord_1\"",
	    "\"ord_012345678901234567890123456789012345678901234567\"");
	struct stripe_intent pi;

	ck_assert_int_eq(
	    stripe_intent_read(parse(foreign), &pi, &problem), VT_OK);
	ck_assert_str_eq(pi.metadata.order, "");
	ck_assert_str_eq(pi.metadata.instance, "i-1");
	/* Not cut to something that might be another order's id. */
	ck_assert_int_eq(
	    stripe_intent_read(parse(longer), &pi, &problem), VT_OK);
	ck_assert_str_eq(pi.metadata.order, "");
}
END_TEST

START_TEST(the_last_error_of_an_intent_is_kept_and_only_a_cards_words)
{
	const char *text = with(intent, "\"last_payment_error\":null",
	    "\"last_payment_error\":{\"type\":\"card_error\",\"code\":"
	    "\"card_declined\",\"decline_code\":\"lost_card\",\"message\":"
	    "\"Your card was declined.\"}");
	struct stripe_intent pi;

	ck_assert_int_eq(stripe_intent_read(parse(text), &pi, &problem), VT_OK);
	ck_assert(pi.failed);
	ck_assert_str_eq(pi.error_code, "card_declined");
	ck_assert_str_eq(pi.decline_code, "lost_card");
	ck_assert_str_eq(pi.error_message, "Your card was declined.");
	text = with(text, "card_error", "api_error");
	ck_assert_int_eq(stripe_intent_read(parse(text), &pi, &problem), VT_OK);
	ck_assert(pi.failed);
	ck_assert_str_eq(pi.error_message, "");
}
END_TEST

START_TEST(a_charge_leads_back_to_its_intent)
{
	static const char charge[] =
	    "{\"id\":\"ch_1\",\"object\":\"charge\",\"amount\":100,"
	    "\"amount_refunded\":30,\"currency\":\"eur\",\"customer\":null,"
	    "\"payment_intent\":\"pi_1\",\"refunded\":false,\"metadata\":{},"
	    "\"status\":\"succeeded\"}";
	struct stripe_charge c;

	ck_assert_int_eq(
	    stripe_charge_read(parse(charge), &c, &problem), VT_OK);
	ck_assert_str_eq(c.id, "ch_1");
	ck_assert_str_eq(c.intent, "pi_1");
	ck_assert_str_eq(c.customer, "");
	ck_assert_str_eq(c.status, "succeeded");
	ck_assert_int_eq(c.amount, 100);
	ck_assert_int_eq(c.amount_refunded, 30);
	ck_assert_str_eq(c.currency, "eur");
	ck_assert_int_eq(stripe_charge_read(
			     parse(with(charge, "\"amount_refunded\":30,", "")),
			     &c, &problem),
	    VT_INVALID);
	ck_assert_str_eq(problem.field, "amount_refunded");
}
END_TEST

/* R19: complete is not paid; the two are read apart. */
START_TEST(a_checkout_session_tells_complete_from_paid_R19)
{
	static const char session[] =
	    "{\"id\":\"cs_test_a1\",\"object\":\"checkout.session\","
	    "\"amount_total\":999,\"currency\":\"usd\",\"customer\":\"cus_1\","
	    "\"metadata\":{\"vantage_order\":\"ord_1\"},\"mode\":\"payment\","
	    "\"payment_intent\":\"pi_1\",\"payment_status\":\"unpaid\","
	    "\"status\":\"complete\"}";
	struct stripe_checkout s;

	ck_assert_int_eq(
	    stripe_checkout_read(parse(session), &s, &problem), VT_OK);
	ck_assert_str_eq(s.status, "complete");
	ck_assert_str_eq(s.payment_status, "unpaid");
	ck_assert_str_eq(s.intent, "pi_1");
	ck_assert_int_eq(s.amount_total, 999);
	ck_assert_str_eq(s.metadata.order, "ord_1");
	ck_assert_int_eq(
	    stripe_checkout_read(
		parse(with(with(session, "999", "null"), "\"usd\"", "null")),
		&s, &problem),
	    VT_OK);
	ck_assert_int_eq(s.amount_total, 0);
	ck_assert_str_eq(s.currency, "");
	ck_assert_int_eq(
	    stripe_checkout_read(
		parse(with(session, "\"payment_status\":\"unpaid\"",
		    "\"payment_status\":null")),
		&s, &problem),
	    VT_INVALID);
	ck_assert_str_eq(problem.field, "payment_status");
}
END_TEST

START_TEST(a_customer_is_read_also_when_deleted)
{
	struct stripe_customer c;

	ck_assert_int_eq(
	    stripe_customer_read(
		parse(
		    "{\"id\":\"cus_1\",\"object\":\"customer\",\"email\":null,"
		    "\"metadata\":{\"vantage_user\":\"user_1\"}}"),
		&c, &problem),
	    VT_OK);
	ck_assert_str_eq(c.id, "cus_1");
	ck_assert_str_eq(c.metadata.user, "user_1");
	ck_assert(!c.deleted);
	ck_assert_int_eq(
	    stripe_customer_read(parse("{\"id\":\"cus_1\",\"object\":"
				       "\"customer\",\"deleted\":true}"),
		&c, &problem),
	    VT_OK);
	ck_assert(c.deleted);
}
END_TEST

static const char event[] =
    "{\"id\":\"evt_1\",\"object\":\"event\",\"api_version\":"
    "\"2026-10-28.endive\",\"created\":1700000000,\"data\":{\"object\":"
    "{\"id\":\"pi_1\",\"object\":\"payment_intent\"},"
    "\"previous_attributes\":{}},\"livemode\":false,\"pending_webhooks\":1,"
    "\"request\":{\"id\":null,\"idempotency_key\":null},"
    "\"type\":\"payment_intent.succeeded\"}";

START_TEST(an_event_is_an_envelope_around_its_object)
{
	struct stripe_event e;

	ck_assert_int_eq(stripe_event_read(parse(event), &e, &problem), VT_OK);
	ck_assert_str_eq(e.id, "evt_1");
	ck_assert_str_eq(e.type, "payment_intent.succeeded");
	ck_assert_str_eq(e.api_version, STRIPE_VERSION);
	ck_assert_int_eq(e.created_s, 1700000000);
	ck_assert(!e.livemode);
	ck_assert(!e.thin);
	ck_assert_str_eq(e.object_id, "pi_1");
	ck_assert_str_eq(e.object_type, "payment_intent");
	ck_assert_str_eq(json_str_at(e.object, "id"), "pi_1");
}
END_TEST

START_TEST(an_event_of_any_type_and_any_object_can_be_stored)
{
	struct stripe_event e;

	/* A coupon's id is the owner's text, a balance has none. */
	ck_assert_int_eq(
	    stripe_event_read(parse(with(with(event, "payment_intent.succeeded",
					     "coupon.created"),
				  "\"pi_1\"", "\"20 % off/\\u00fc\"")),
		&e, &problem),
	    VT_OK);
	ck_assert_str_eq(e.object_id, "20 % off/ü");
	ck_assert_int_eq(
	    stripe_event_read(
		parse(with(event, "\"id\":\"pi_1\",", "")), &e, &problem),
	    VT_OK);
	ck_assert_str_eq(e.object_id, "");
	ck_assert_int_eq(
	    stripe_event_read(
		parse(with(event, "\"2026-10-28.endive\"", "null")), &e,
		&problem),
	    VT_OK);
	ck_assert_str_eq(e.api_version, "");
}
END_TEST

START_TEST(a_thin_event_is_recognised_by_its_object)
{
	struct stripe_event e;

	ck_assert_int_eq(
	    stripe_event_read(
		parse("{\"id\":\"evt_2\",\"object\":\"v2.core.event\",\"type\":"
		      "\"v1.billing.meter.no_meter_found\",\"created\":"
		      "\"2026-01-01T00:00:00Z\",\"related_object\":null}"),
		&e, &problem),
	    VT_OK);
	ck_assert(e.thin);
	ck_assert_str_eq(e.id, "evt_2");
	ck_assert_ptr_null(e.object);
}
END_TEST

START_TEST(an_event_without_what_we_need_is_refused_by_name)
{
	static const struct {
		const char *what, *by, *field;
	} t[] = {
		{ "\"event\"", "\"list\"", "object" },
		{ "\"evt_1\"", "5", "id" },
		{ "\"evt_1\"", "\"evt 1\"", "id" },
		{ "\"payment_intent.succeeded\"", "null", "type" },
		{ "\"livemode\":false", "\"livemode\":\"no\"", "livemode" },
		{ "\"created\":1700000000", "\"created\":1.5", "created" },
		{ "{\"id\":\"pi_1\",\"object\":\"payment_intent\"}", "null",
		    "data.object" },
	};
	struct stripe_event e;

	for (size_t i = 0; i < countof(t); i++) {
		ck_assert_int_eq(
		    stripe_event_read(
			parse(with(event, t[i].what, t[i].by)), &e, &problem),
		    VT_INVALID);
		ck_assert_str_eq(problem.field, t[i].field);
	}
}
END_TEST

START_TEST(only_plain_ids_go_into_a_path)
{
	ck_assert(stripe_id_valid("pi_3Q"));
	ck_assert(stripe_id_valid("A"));
	ck_assert(!stripe_id_valid(""));
	ck_assert(!stripe_id_valid("pi_1/x"));
	ck_assert(!stripe_id_valid("pi_1?x"));
	ck_assert(!stripe_id_valid("pi-1"));
	ck_assert(!stripe_id_valid("pi_1\n"));
	ck_assert(!stripe_id_valid("../x"));
	ck_assert_uint_eq(strlen(LONG_ID), STRIPE_ID_BYTES);
	ck_assert(!stripe_id_valid(LONG_ID));
	ck_assert(stripe_id_valid(LONG_ID + 1));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		an_intent_is_read_as_published,
		expanded_customer_and_charge_read_as_their_ids,
		every_listed_status_has_its_name_and_others_are_accepted,
		an_intent_without_what_we_need_is_refused_by_name,
		an_amount_in_a_currency_without_minor_unit_is_not_scaled_R24,
		an_intent_is_ours_by_its_metadata_alone_R22,
		the_last_error_of_an_intent_is_kept_and_only_a_cards_words,
		a_charge_leads_back_to_its_intent,
		a_checkout_session_tells_complete_from_paid_R19,
		a_customer_is_read_also_when_deleted,
		an_event_is_an_envelope_around_its_object,
		an_event_of_any_type_and_any_object_can_be_stored,
		a_thin_event_is_recognised_by_its_object,
		an_event_without_what_we_need_is_refused_by_name,
		only_plain_ids_go_into_a_path,
		NULL,
	};
	Suite *suite = suite_create("stripe_objects");

	tcase_add_checked_fixture(
	    unit_case(suite, "core", tests), setup, teardown);
	return unit_run(suite);
}
