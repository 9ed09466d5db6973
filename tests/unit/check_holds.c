/* holds: reserved once, ended once, and what happens to lots meanwhile. */
#include "tokens.h"

static struct hold hold;
static struct hold_end end;
static struct vt_problem problem;

static void
setup(void)
{
	tokens_open(2);
	memset(&problem, 0, sizeof(problem));
}

/* R61: what is held is not available to anybody else. */
START_TEST(sixth_hold_of_1000_on_5000_is_refused_R61)
{
	char name[8];

	tokens_give(1, "a", 2500, 9999, 0);
	tokens_give(1, "b", 2500, 9999, 0);
	for (int i = 1; i <= 5; i++) {
		(void)snprintf(name, sizeof(name), "h%d", i);
		ck_assert_int_eq(
		    tokens_hold(1, name, 1000, 60000, &hold, NULL), VT_OK);
		ck_assert_int_eq(tokens_available(1), 5000 - 1000 * i);
	}
	ck_assert_int_eq(
	    tokens_hold(1, "h6", 1000, 60000, &hold, &problem), VT_FUNDS);
	ck_assert_str_eq(problem.code, "insufficient_tokens");
	ck_assert_int_eq(tokens_balance(1).held, 5000);
	ck_assert_int_eq(tokens_spend(1, "s", 1), VT_FUNDS);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM movements"), 2);
}
END_TEST

/* The refusal names what there is, not what is left after half a try. */
START_TEST(refusal_tells_what_is_available_R61)
{
	struct spend s = { .user = 1,
		.tokens = 40,
		.cause = "spend:editor:x",
		.actor = "service:editor",
		.now_ms = tokens_now };
	struct spend_done done;

	tokens_give(1, "a", 10, 999, 0);
	tokens_give(1, "b", 40, 3999, 0);
	ck_assert_int_eq(tokens_hold(1, "h", 20, 60000, &hold, NULL), VT_OK);
	ck_assert_int_eq(
	    tokens_hold(1, "i", 31, 60000, &hold, &problem), VT_FUNDS);
	ck_assert_str_eq(problem.details, "{\"available\":30}");
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(ledger_spend(books, &s, &done, &problem), VT_FUNDS);
	db_rollback(books);
	ck_assert_str_eq(problem.details, "{\"available\":30}");
}
END_TEST

/* R62: a capture takes what it says and releases the rest, once. */
START_TEST(capture_takes_part_and_releases_the_rest_R62)
{
	tokens_give(1, "a", 30, 2999, 0);
	tokens_give(1, "b", 70, 6999, 0);
	ck_assert_int_eq(tokens_hold(1, "h", 50, 60000, &hold, NULL), VT_OK);
	ck_assert_int_eq(tokens_capture(&hold, 35, &end, NULL), VT_OK);
	ck_assert_int_eq(end.captured, 35);
	ck_assert_int_eq(end.released, 15);
	ck_assert_int_eq(end.expired, 0);
	ck_assert_int_eq(tokens_available(1), 65);
	ck_assert_int_eq(tokens_balance(1).held, 0);
	/* In burn order: the older lot is used up, the younger gives 5. */
	ck_assert_int_eq(
	    books_int("SELECT left FROM lot_left WHERE lot = 1"), 0);
	ck_assert_int_eq(
	    books_int("SELECT left FROM lot_left WHERE lot = 2"), 65);
	ck_assert_str_eq(books_text("SELECT cause FROM movements WHERE id = 3"),
	    books_text("SELECT 'capture:' || public_id FROM holds"));
}
END_TEST

START_TEST(second_end_gets_the_first_result_R62)
{
	char details[200];

	tokens_give(1, "a", 100, 9999, 0);
	ck_assert_int_eq(tokens_hold(1, "h", 50, 60000, &hold, NULL), VT_OK);
	ck_assert_int_eq(tokens_capture(&hold, 35, &end, NULL), VT_OK);
	(void)snprintf(details, sizeof(details),
	    "{\"state\":\"captured\",\"captured\":35,\"released\":15,"
	    "\"transaction_id\":\"%s\"}",
	    end.tx.public_id);
	for (int i = 0; i < 2; i++) {
		memset(&problem, 0, sizeof(problem));
		ck_assert_int_eq(i == 0
			? tokens_capture(&hold, 15, &end, &problem)
			: tokens_release(&hold, &end, &problem),
		    VT_CONFLICT);
		ck_assert_str_eq(problem.code, "hold_ended");
		ck_assert_str_eq(problem.details, details);
	}
	ck_assert_int_eq(tokens_available(1), 65);
	ck_assert_int_eq(tokens_hold(1, "i", 10, 60000, &hold, NULL), VT_OK);
	ck_assert_int_eq(tokens_release(&hold, &end, NULL), VT_OK);
	ck_assert_int_eq(end.released, 10);
	ck_assert_int_eq(
	    tokens_capture(&hold, 10, &end, &problem), VT_CONFLICT);
	ck_assert_str_eq(problem.details,
	    "{\"state\":\"released\",\"captured\":0,\"released\":10}");
	ck_assert_int_eq(tokens_available(1), 65);
}
END_TEST

/* R62: and a stale copy of the row changes nothing of that. */
START_TEST(stale_hold_cannot_be_ended_again_R62)
{
	struct hold stale;

	tokens_give(1, "a", 100, 9999, 0);
	ck_assert_int_eq(tokens_hold(1, "h", 50, 60000, &hold, NULL), VT_OK);
	stale = hold;
	ck_assert_int_eq(tokens_capture(&hold, 50, &end, NULL), VT_OK);
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    hold_release(books, &stale, tokens_now, &end, NULL), VT_CONFLICT);
	db_rollback(books);
	ck_assert_int_eq(tokens_available(1), 50);
}
END_TEST

START_TEST(capture_of_nothing_or_more_than_held_is_refused_R69)
{
	static const int64_t bad[] = { 0, -1, 51, INT64_MAX, INT64_MIN };

	tokens_give(1, "a", 100, 9999, 0);
	ck_assert_int_eq(tokens_hold(1, "h", 50, 60000, &hold, NULL), VT_OK);
	for (size_t i = 0; i < countof(bad); i++)
		ck_assert_int_eq(
		    tokens_capture(&hold, bad[i], &end, &problem), VT_INVALID);
	ck_assert_int_eq(
	    tokens_hold(1, "n", 0, 60000, &hold, NULL), VT_INVALID);
	ck_assert_int_eq(
	    tokens_hold(1, "m", -5, 60000, &hold, NULL), VT_INVALID);
	ck_assert_int_eq(tokens_balance(1).held, 50);
}
END_TEST

/* R63: past its end a hold is over, whether the sweep came or not. */
START_TEST(late_capture_is_refused_swept_or_not_R63)
{
	tokens_give(1, "a", 100, 9999, 0);
	ck_assert_int_eq(tokens_hold(1, "h", 50, 60000, &hold, NULL), VT_OK);
	tokens_now += 60000;
	for (int swept = 0; swept < 2; swept++) {
		ck_assert_int_eq(
		    tokens_capture(&hold, 1, &end, &problem), VT_CONFLICT);
		ck_assert_str_eq(problem.details,
		    "{\"state\":\"expired\",\"captured\":0,\"released\":50}");
		ck_assert_int_eq(
		    tokens_release(&hold, &end, &problem), VT_CONFLICT);
		ck_assert_int_eq(tokens_sweep(), swept == 0 ? 1 : 0);
	}
	ck_assert_int_eq(tokens_available(1), 100);
}
END_TEST

/* R61: only unexpired holds count, without waiting for the sweep. */
START_TEST(spend_uses_what_an_unswept_hold_reserved_R61)
{
	tokens_give(1, "a", 100, 9999, 0);
	ck_assert_int_eq(tokens_hold(1, "h", 100, 60000, &hold, NULL), VT_OK);
	ck_assert_int_eq(tokens_spend(1, "s", 1), VT_FUNDS);
	tokens_now += 60000;
	ck_assert_int_eq(tokens_spend(1, "s", 100), VT_OK);
	ck_assert_str_eq(books_text("SELECT state FROM holds"), "expired");
}
END_TEST

/* R65: the sweep leaves alone what is held, and takes the rest. */
START_TEST(hold_pins_its_lot_past_expiry_R65)
{
	tokens_give(1, "a", 100, 9999, tokens_now + 1000);
	ck_assert_int_eq(tokens_hold(1, "h", 40, 60000, &hold, NULL), VT_OK);
	tokens_now += 1000;
	ck_assert_int_eq(tokens_sweep(), 1);
	ck_assert_int_eq(
	    books_int("SELECT balance FROM accounts WHERE user = 1"), 40);
	ck_assert_int_eq(tokens_capture(&hold, 25, &end, NULL), VT_OK);
	ck_assert_int_eq(end.released, 15);
	ck_assert_int_eq(end.expired, 15);
	ck_assert_int_eq(
	    books_int("SELECT balance FROM accounts WHERE user = 1"), 0);
	ck_assert_int_eq(
	    books_int("SELECT balance FROM accounts WHERE kind = 'expired'"),
	    75);
}
END_TEST

START_TEST(what_is_released_after_its_lot_ended_expires_R65)
{
	tokens_give(1, "a", 100, 9999, tokens_now + 1000);
	tokens_give(1, "b", 100, 9999, 0);
	ck_assert_int_eq(tokens_hold(1, "h", 120, 60000, &hold, NULL), VT_OK);
	tokens_now += 1000;
	ck_assert_int_eq(tokens_release(&hold, &end, NULL), VT_OK);
	ck_assert_int_eq(end.released, 120);
	ck_assert_int_eq(end.expired, 100);
	ck_assert_int_eq(tokens_available(1), 100);
	/* The same when a hold ends by itself. */
	tokens_give(1, "c", 10, 999, tokens_now + 1000);
	ck_assert_int_eq(tokens_hold(1, "i", 10, 2000, &hold, NULL), VT_OK);
	tokens_now += 2000;
	ck_assert_int_eq(tokens_sweep(), 1);
	ck_assert_int_eq(tokens_available(1), 100);
	ck_assert_int_eq(
	    books_int("SELECT balance FROM accounts WHERE user = 1"), 100);
}
END_TEST

/* R66: holds and spends take lots in one order. */
START_TEST(hold_pins_in_burn_order_R66)
{
	tokens_give(1, "paid", 5, 999, 0);
	tokens_give(1, "free", 5, 0, 0);
	tokens_give(1, "late", 5, 999, tokens_now + 9 * DAY_MS);
	tokens_give(1, "soon", 5, 999, tokens_now + DAY_MS);
	ck_assert_int_eq(tokens_hold(1, "h", 12, 60000, &hold, NULL), VT_OK);
	ck_assert_str_eq(books_text("SELECT group_concat(held, ',') FROM "
				    "(SELECT held FROM lot_left ORDER BY lot)"),
	    "0,2,5,5");
}
END_TEST

/* However many lots a hold pins, it can be ended. */
START_TEST(hold_over_hundreds_of_lots_ends)
{
	char name[16];

	for (int i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "g%d", i);
		tokens_give(1, name, 1, 0, 0);
	}
	ck_assert_int_eq(tokens_hold(1, "h", 300, 60000, &hold, NULL), VT_OK);
	tokens_now += 60000;
	ck_assert_int_eq(tokens_spend(1, "s", 300), VT_OK);
}
END_TEST

START_TEST(another_services_hold_is_not_found)
{
	struct hold h;

	tokens_give(1, "a", 5, 999, 0);
	ck_assert_int_eq(tokens_hold(1, "h", 5, 60000, &hold, NULL), VT_OK);
	ck_assert_int_eq(hold_find(books, 2, hold.public_id, &h), VT_NOTFOUND);
	ck_assert_int_eq(hold_find(books, 1, "hold_none", &h), VT_NOTFOUND);
}
END_TEST

int
main(void)
{
	const TTest *const core[] = { sixth_hold_of_1000_on_5000_is_refused_R61,
		refusal_tells_what_is_available_R61,
		capture_takes_part_and_releases_the_rest_R62,
		second_end_gets_the_first_result_R62,
		stale_hold_cannot_be_ended_again_R62,
		capture_of_nothing_or_more_than_held_is_refused_R69,
		late_capture_is_refused_swept_or_not_R63,
		spend_uses_what_an_unswept_hold_reserved_R61,
		hold_pins_its_lot_past_expiry_R65,
		what_is_released_after_its_lot_ended_expires_R65,
		hold_pins_in_burn_order_R66, hold_over_hundreds_of_lots_ends,
		another_services_hold_is_not_found, NULL };
	Suite *s = suite_create("holds");

	tcase_add_checked_fixture(
	    unit_case(s, "core", core), setup, tokens_close);
	return unit_run(s);
}
