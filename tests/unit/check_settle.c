/*
 * settle: what refunds and disputes take back, exactly, in any order, and
 * what debts are made and paid. Lot A is 100 tokens for 10.00 throughout.
 */
#include "guards.h"
#include "second.h"
#include "tokens.h"

static int64_t grant;

static void
setup(void)
{
	tokens_open(2);
	grant = tokens_give(1, "a", 100, 1000, 0);
}

static int64_t
booked(void)
{
	return books_int("SELECT booked FROM grants ORDER BY tx LIMIT 1");
}

static const char *
status(void)
{
	return books_text("SELECT status FROM token_transactions "
			  "ORDER BY id LIMIT 1");
}

static struct settled
again(void)
{
	struct settled s;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    tokens_end(settle(books, grant, tokens_now, &s)), VT_OK);
	return s;
}

/* ---- refunds ------------------------------------------------------------- */

START_TEST(share_is_rounded_up_and_never_overflows_R53)
{
	ck_assert_int_eq(settle_share(100, 300, 1000), 30);
	ck_assert_int_eq(settle_share(10, 1, 999), 1);
	ck_assert_int_eq(settle_share(10, 100, 999), 2);
	ck_assert_int_eq(settle_share(10, 999, 999), 10);
	ck_assert_int_eq(settle_share(10, 5000, 999), 10);
	ck_assert_int_eq(settle_share(10, 0, 999), 0);
	ck_assert_int_eq(settle_share(10, 5, 0), 0);
	/* R53: 500 tokens for 10.00 give back 500, not 10. */
	ck_assert_int_eq(settle_share(500, 1000, 1000), 500);
	ck_assert_int_eq(
	    settle_share(LEDGER_TOKENS_MAX, INT64_MAX - 1, INT64_MAX),
	    LEDGER_TOKENS_MAX);
}
END_TEST

START_TEST(two_refunds_of_30_percent_take_60_R51)
{
	ck_assert_int_eq(
	    tokens_refund("re_1", "a", 300, "succeeded").clawed, 30);
	ck_assert_int_eq(
	    tokens_refund("re_2", "a", 300, "succeeded").clawed, 30);
	ck_assert_int_eq(tokens_available(1), 40);
	/* Told again, in any words: nothing. */
	ck_assert_int_eq(
	    tokens_refund("re_1", "a", 300, "succeeded").clawed, 0);
	ck_assert_int_eq(tokens_refund("re_2", "a", 300, "pending").clawed, 0);
	ck_assert_int_eq(again().clawed, 0);
	ck_assert_int_eq(tokens_available(1), 40);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM movements"), 3);
	ck_assert_str_eq(books_text("SELECT group_concat(cause, ' ') FROM "
				    "movements WHERE id > 1"),
	    "adj:1:0 adj:1:1");
	ck_assert_str_eq(status(), "completed");
}
END_TEST

/* R51: 24 orders of pending, succeeded, another one and its failure. */
START_TEST(order_of_facts_does_not_matter_R51)
{
	static const struct {
		const char *re, *status;
	} facts[] = { { "re_1", "pending" }, { "re_1", "succeeded" },
		{ "re_2", "succeeded" }, { "re_2", "failed" } };
	int order[4];

	for (int n = 0; n < 256; n++) {
		char name[8], re[16];

		for (int i = 0, m = n; i < 4; i++, m /= 4)
			order[i] = m % 4;
		(void)snprintf(name, sizeof(name), "o%d", n);
		/* Every second purchase comes in the middle of them. */
		for (int i = 0; i < 8; i++) {
			if (i == (n % 2 == 0 ? 0 : 2))
				tokens_give(2, name, 10, 1000, 0);
			(void)snprintf(re, sizeof(re), "%s_%d",
			    facts[i < 4 ? order[i] : i - 4].re, n);
			(void)tokens_refund(re, name, 300,
			    facts[i < 4 ? order[i] : i - 4].status);
		}
		ck_assert_int_eq(tokens_available(2), 7 * (n + 1));
	}
	ck_assert_int_eq(tokens_debt(2), 0);
}
END_TEST

START_TEST(pending_share_is_frozen_until_it_is_decided_R51)
{
	struct settled s = tokens_refund("re_1", "a", 300, "pending");

	ck_assert_int_eq(s.clawed, 0);
	ck_assert_int_eq(s.frozen, 30);
	ck_assert_int_eq(tokens_available(1), 70);
	ck_assert_int_eq(tokens_spend(1, "s", 71), VT_FUNDS);
	ck_assert_int_eq(
	    tokens_refund("re_1", "a", 300, "requires_action").frozen, 30);
	s = tokens_refund("re_1", "a", 300, "succeeded");
	ck_assert_int_eq(s.clawed, 30);
	ck_assert_int_eq(s.frozen, 0);
	ck_assert_int_eq(tokens_available(1), 70);
	(void)tokens_refund("re_2", "a", 500, "pending");
	ck_assert_int_eq(tokens_available(1), 20);
	(void)tokens_refund("re_2", "a", 500, "canceled");
	ck_assert_int_eq(tokens_available(1), 70);
	ck_assert_int_eq(booked(), 30);
}
END_TEST

/* What is frozen for one refund is taken by it, and the rest stays. */
START_TEST(clawback_takes_what_was_frozen_and_thaws_nothing)
{
	tokens_give(2, "b", 100, 1000, tokens_now + DAY_MS);
	(void)tokens_refund("re_1", "b", 300, "pending");
	tokens_now += 1000;
	(void)tokens_refund("re_1", "b", 300, "succeeded");
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM lots"), 2);
	ck_assert_int_eq(tokens_available(2), 70);
}
END_TEST

/* R52: this lot first, then the others in burn order, then debt. */
START_TEST(clawback_takes_the_lot_then_others_then_debt_R52)
{
	struct settled s;

	tokens_give(1, "soon", 20, 0, tokens_now + DAY_MS);
	tokens_give(1, "late", 20, 0, 0);
	/* 20 of soon, 20 of late (promotional), 90 of the lot are spent. */
	ck_assert_int_eq(tokens_spend(1, "s", 130), VT_OK);
	ck_assert_int_eq(tokens_available(1), 10);
	tokens_give(1, "c", 7, 0, tokens_now + DAY_MS);
	tokens_give(1, "d", 5, 0, 0);
	s = tokens_refund("re_1", "a", 150, "succeeded");
	ck_assert_int_eq(s.clawed, 15);
	ck_assert_int_eq(s.owed, 0);
	ck_assert_int_eq(
	    books_int("SELECT left FROM lot_left WHERE lot = 1"), 0);
	ck_assert_int_eq(
	    books_int("SELECT left FROM lot_left WHERE lot = 4"), 2);
	ck_assert_int_eq(
	    books_int("SELECT left FROM lot_left WHERE lot = 5"), 5);
	s = tokens_refund("re_2", "a", 850, "succeeded");
	ck_assert_int_eq(s.clawed, 7);
	ck_assert_int_eq(s.owed, 78);
	ck_assert_int_eq(tokens_debt(1), 78);
	ck_assert_int_eq(tokens_available(1), 0);
	ck_assert_int_eq(booked(), 100);
	ck_assert_str_eq(status(), "refunded");
}
END_TEST

/* R52, R72: what is held counts as spent; it pays when it is given back. */
START_TEST(held_tokens_are_not_taken_and_pay_on_release_R52)
{
	struct hold h;
	struct hold_end e;
	struct settled s;

	ck_assert_int_eq(tokens_hold(1, "h", 60, 60000, &h, NULL), VT_OK);
	s = tokens_refund("re_1", "a", 1000, "succeeded");
	ck_assert_int_eq(s.clawed, 40);
	ck_assert_int_eq(s.owed, 60);
	ck_assert_int_eq(tokens_capture(&h, 10, &e, NULL), VT_OK);
	ck_assert_int_eq(e.released, 50);
	ck_assert_int_eq(tokens_debt(1), 10);
	ck_assert_int_eq(tokens_available(1), 0);
}
END_TEST

/* R54: exactly what this refund took comes back. */
START_TEST(failed_refund_restores_exactly_R54)
{
	struct settled s;

	(void)tokens_refund("re_1", "a", 333, "succeeded");
	ck_assert_int_eq(tokens_available(1), 66);
	(void)tokens_refund("re_2", "a", 333, "succeeded");
	ck_assert_int_eq(tokens_available(1), 33);
	s = tokens_refund("re_2", "a", 333, "failed");
	ck_assert_int_eq(s.restored, 33);
	ck_assert_int_eq(tokens_available(1), 66);
	/* A name of its own for every step: the same again takes again. */
	(void)tokens_refund("re_3", "a", 333, "succeeded");
	ck_assert_int_eq(tokens_available(1), 33);
	(void)tokens_refund("re_3", "a", 333, "failed");
	(void)tokens_refund("re_1", "a", 333, "failed");
	ck_assert_int_eq(tokens_available(1), 100);
	ck_assert_int_eq(booked(), 0);
	ck_assert_int_eq(again().restored, 0);
	ck_assert_str_eq(
	    books_text("SELECT group_concat(origin, ' ') FROM lots"),
	    "purchase restoration restoration restoration");
	ck_assert_int_eq(
	    books_int("SELECT COUNT(*) FROM lots WHERE paid = 0"), 0);
}
END_TEST

START_TEST(restoration_takes_off_the_debt_before_it_gives_R54)
{
	struct settled s;

	ck_assert_int_eq(tokens_spend(1, "s", 60), VT_OK);
	s = tokens_refund("re_1", "a", 1000, "succeeded");
	ck_assert_int_eq(s.owed, 60);
	s = tokens_refund("re_1", "a", 1000, "failed");
	ck_assert_int_eq(s.forgiven, 60);
	ck_assert_int_eq(s.restored, 40);
	ck_assert_int_eq(tokens_debt(1), 0);
	ck_assert_int_eq(tokens_available(1), 40);
	ck_assert_str_eq(status(), "completed");
}
END_TEST

/* What was frozen or taken for nothing ends later by that time. */
START_TEST(what_comes_back_expires_later)
{
	int64_t until = tokens_now + 10 * DAY_MS;

	tokens_give(2, "b", 100, 1000, until);
	(void)tokens_dispute("dp_1", "b", 400, "needs_response");
	(void)tokens_refund("re_1", "b", 300, "succeeded");
	tokens_now += 11 * DAY_MS;
	/* 30 are taken, 40 frozen; the other 30 expired. */
	ck_assert_int_eq(tokens_sweep(), 1);
	ck_assert_int_eq(tokens_available(2), 0);
	(void)tokens_dispute("dp_1", "b", 400, "won");
	ck_assert_int_eq(tokens_available(2), 40);
	(void)tokens_refund("re_1", "b", 300, "failed");
	ck_assert_int_eq(tokens_available(2), 70);
	ck_assert_int_eq(
	    books_int("SELECT COUNT(*) FROM lots WHERE origin = 'restoration' "
		      "AND expires_at = 1800000000000 + 21 * 86400000"),
	    2);
	tokens_now += 10 * DAY_MS;
	ck_assert_int_eq(tokens_available(2), 0);
}
END_TEST

/* Tokens of other lots never come back as expired ones. */
START_TEST(restoration_of_an_ended_lot_is_not_lost)
{
	struct hold h;
	struct hold_end e;

	tokens_give(2, "b", 100, 1000, tokens_now + 1000);
	ck_assert_int_eq(tokens_hold(2, "h", 100, DAY_MS, &h, NULL), VT_OK);
	tokens_give(2, "c", 50, 0, 0);
	tokens_now += 5000;
	(void)tokens_refund("re_1", "b", 500, "succeeded");
	ck_assert_int_eq(tokens_available(2), 0);
	(void)tokens_refund("re_1", "b", 500, "failed");
	ck_assert_int_eq(tokens_available(2), 50);
	ck_assert_int_eq(tokens_capture(&h, 100, &e, NULL), VT_OK);
}
END_TEST

/* ---- disputes ------------------------------------------------------------ */

START_TEST(inquiry_flags_and_takes_nothing_R55)
{
	static const char *const flags[] = { "warning_needs_response",
		"warning_under_review", "prevented", "warning_closed" };

	for (size_t i = 0; i < countof(flags); i++) {
		(void)tokens_dispute("dp_1", "a", 1000, flags[i]);
		ck_assert_int_eq(tokens_available(1), 100);
		ck_assert_str_eq(status(), "completed");
	}
}
END_TEST

START_TEST(dispute_freezes_and_takes_only_when_lost_R55)
{
	static const char *const open[] = { "needs_response", "under_review",
		"appeal_needs_response", "appeal_under_review",
		"a_status_of_the_future" };
	struct settled s;

	for (size_t i = 0; i < countof(open); i++) {
		s = tokens_dispute("dp_1", "a", 1000, open[i]);
		ck_assert_int_eq(s.clawed, 0);
		ck_assert_int_eq(s.frozen, 100);
		ck_assert_int_eq(tokens_available(1), 0);
		ck_assert_str_eq(status(), "disputed");
	}
	s = tokens_dispute("dp_1", "a", 1000, "lost");
	ck_assert_int_eq(s.clawed, 100);
	ck_assert_int_eq(s.frozen, 0);
	ck_assert_int_eq(tokens_dispute("dp_1", "a", 1000, "lost").clawed, 0);
	ck_assert_str_eq(status(), "disputed");
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM token_transactions "
				   "WHERE kind = 'dispute'"),
	    1);
}
END_TEST

START_TEST(won_dispute_frees_once_R55)
{
	(void)tokens_dispute("dp_1", "a", 1000, "needs_response");
	for (int i = 0; i < 2; i++) {
		(void)tokens_dispute("dp_1", "a", 1000, "won");
		ck_assert_int_eq(tokens_available(1), 100);
		ck_assert_str_eq(status(), "completed");
	}
	/* Lost, and won after all. */
	(void)tokens_dispute("dp_2", "a", 1000, "lost");
	ck_assert_int_eq(tokens_available(1), 0);
	for (int i = 0; i < 2; i++) {
		(void)tokens_dispute("dp_2", "a", 1000, "won");
		ck_assert_int_eq(tokens_available(1), 100);
	}
}
END_TEST

/* R56: a dispute that was won leaves nothing that a refund would spare. */
START_TEST(won_then_refunded_takes_all_once_R56)
{
	(void)tokens_dispute("dp_1", "a", 1000, "lost");
	(void)tokens_dispute("dp_1", "a", 1000, "won");
	ck_assert_int_eq(
	    tokens_refund("re_1", "a", 1000, "succeeded").clawed, 100);
	ck_assert_int_eq(tokens_available(1), 0);
	ck_assert_int_eq(booked(), 100);
	ck_assert_str_eq(status(), "refunded");
}
END_TEST

/* R57: both at once take the grant, not twice the grant. */
START_TEST(refund_and_dispute_take_the_grant_at_most_R57)
{
	tokens_give(1, "b", 500, 5000, 0);
	(void)tokens_refund("re_1", "a", 700, "succeeded");
	(void)tokens_dispute("dp_1", "a", 1000, "needs_response");
	ck_assert_int_eq(tokens_available(1), 500);
	(void)tokens_dispute("dp_1", "a", 1000, "lost");
	(void)tokens_refund("re_2", "a", 1000, "succeeded");
	ck_assert_int_eq(tokens_available(1), 500);
	ck_assert_int_eq(booked(), 100);
	/* And the status finds its way from disputed to refunded. */
	ck_assert_str_eq(status(), "disputed");
	(void)tokens_dispute("dp_1", "a", 1000, "won");
	ck_assert_str_eq(status(), "refunded");
	ck_assert_int_eq(booked(), 100);
}
END_TEST

/* R57: what has expired is not taken a second time from other lots. */
START_TEST(expired_tokens_are_not_taken_back_R57)
{
	tokens_give(2, "b", 100, 1000, tokens_now + DAY_MS);
	tokens_give(2, "c", 300, 3000, 0);
	ck_assert_int_eq(tokens_spend(2, "s", 25), VT_OK);
	tokens_now += DAY_MS;
	/* No sweep ran; 75 are gone all the same. */
	ck_assert_int_eq(
	    tokens_refund("re_1", "b", 1000, "succeeded").clawed, 25);
	ck_assert_int_eq(tokens_sweep(), 0);
	ck_assert_int_eq(tokens_available(2), 275);
}
END_TEST

/* R57: nor when they expire after other lots stood in for them. */
START_TEST(expiry_after_a_clawback_gives_back_what_others_paid_R57)
{
	struct hold h;
	struct hold_end e;

	tokens_give(2, "b", 100, 1000, tokens_now + DAY_MS);
	ck_assert_int_eq(tokens_hold(2, "h", 100, DAY_MS, &h, NULL), VT_OK);
	tokens_give(2, "c", 30, 300, 0);
	(void)tokens_refund("re_1", "b", 1000, "succeeded");
	ck_assert_int_eq(tokens_debt(2), 70);
	tokens_now += DAY_MS - 1;
	ck_assert_int_eq(tokens_capture(&h, 1, &e, NULL), VT_OK);
	/* 99 came free in time and paid the debt; 29 of them are left. */
	ck_assert_int_eq(tokens_debt(2), 0);
	ck_assert_int_eq(tokens_available(2), 29);
	tokens_now += 1;
	ck_assert_int_eq(tokens_sweep(), 1);
	/* 71 at most may be taken back of a lot of which 29 expired. */
	ck_assert_int_eq(
	    books_int("SELECT booked FROM grants WHERE source = 'pi:pi_b'"),
	    71);
	ck_assert_int_eq(tokens_available(2), 29);
}
END_TEST

/* What a hold gives back to a disputed lot is not to be spent. */
START_TEST(released_tokens_of_a_disputed_lot_are_frozen_R55)
{
	struct hold h;
	struct hold_end e;

	ck_assert_int_eq(tokens_hold(1, "h", 100, 60000, &h, NULL), VT_OK);
	(void)tokens_dispute("dp_1", "a", 1000, "needs_response");
	ck_assert_int_eq(tokens_release(&h, &e, NULL), VT_OK);
	ck_assert_int_eq(tokens_available(1), 0);
	ck_assert_int_eq(tokens_balance(1).frozen, 100);
	(void)tokens_dispute("dp_1", "a", 1000, "won");
	ck_assert_int_eq(tokens_available(1), 100);
}
END_TEST

/* A grant that Stripe did not confirm stays frozen whatever settles it. */
START_TEST(alarm_keeps_a_lot_frozen)
{
	struct hold h;
	struct hold_end e;

	ck_assert_int_eq(tokens_hold(1, "h", 10, 60000, &h, NULL), VT_OK);
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    tokens_end(grant_alarm(books, grant, "amount", tokens_now)), VT_OK);
	ck_assert_int_eq(tokens_available(1), 0);
	ck_assert_int_eq(tokens_release(&h, &e, NULL), VT_OK);
	ck_assert_int_eq(tokens_available(1), 0);
	(void)tokens_refund("re_1", "a", 300, "succeeded");
	ck_assert_int_eq(tokens_balance(1).frozen, 70);
	(void)tokens_refund("re_1", "a", 300, "failed");
	ck_assert_int_eq(tokens_balance(1).frozen, 70);
}
END_TEST

/* ---- debts --------------------------------------------------------------- */

/* R52, R72: debt is paid by what comes next and blocks nothing before. */
START_TEST(debt_never_blocks_and_is_paid_first_R72)
{
	struct tokens_gift gift = { 1, "c", 50, 0, 0 };
	struct grant_done done;
	int64_t tx;

	ck_assert_int_eq(tokens_spend(1, "s", 100), VT_OK);
	(void)tokens_refund("re_1", "a", 600, "succeeded");
	ck_assert_int_eq(tokens_debt(1), 60);
	tokens_give(1, "b", 20, 200, 0);
	ck_assert_int_eq(tokens_debt(1), 40);
	ck_assert_int_eq(tokens_available(1), 0);
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    tokens_end(tokens_give_in(books, &gift, tokens_now, &tx, &done)),
	    VT_OK);
	ck_assert_int_eq(tokens_debt(1), 0);
	ck_assert_int_eq(tokens_available(1), 10);
	ck_assert_int_eq(tokens_spend(1, "t", 10), VT_OK);
	ck_assert_int_eq(
	    books_int("SELECT COUNT(*) FROM movements m, debts d "
		      "WHERE m.cause = d.cause AND m.tokens = -d.delta "
		      "AND m.cause GLOB 'repay:1:[0-9]*'"),
	    2);
	/* Nobody else pays for it. */
	tokens_give(2, "d", 5, 0, 0);
	ck_assert_int_eq(tokens_available(2), 5);
}
END_TEST

/* A refund of a grant whose debt was repaid gives tokens, not less debt. */
START_TEST(repaid_debt_comes_back_as_tokens_R54)
{
	ck_assert_int_eq(tokens_spend(1, "s", 100), VT_OK);
	(void)tokens_refund("re_1", "a", 1000, "succeeded");
	tokens_give(1, "b", 30, 300, 0);
	ck_assert_int_eq(tokens_debt(1), 70);
	(void)tokens_refund("re_1", "a", 1000, "failed");
	ck_assert_int_eq(tokens_debt(1), 0);
	ck_assert_int_eq(tokens_available(1), 30);
}
END_TEST

/* What is no longer frozen pays what is owed for another grant. */
START_TEST(thawed_tokens_pay_debts)
{
	tokens_give(1, "b", 40, 400, 0);
	ck_assert_int_eq(tokens_spend(1, "s", 100), VT_OK);
	(void)tokens_dispute("dp_1", "b", 400, "needs_response");
	(void)tokens_refund("re_1", "a", 300, "succeeded");
	ck_assert_int_eq(tokens_debt(1), 30);
	(void)tokens_dispute("dp_1", "b", 400, "won");
	ck_assert_int_eq(tokens_debt(1), 0);
	ck_assert_int_eq(tokens_available(1), 10);
}
END_TEST

/* ---- a refund before its purchase ---------------------------------------- */

START_TEST(refund_before_its_grant_is_taken_inside_the_grant_R51)
{
	(void)tokens_refund("re_1", "b", 400, "succeeded");
	(void)tokens_dispute("dp_1", "b", 300, "under_review");
	tokens_give(2, "b", 100, 1000, 0);
	ck_assert_int_eq(tokens_available(2), 30);
	ck_assert_int_eq(tokens_balance(2).frozen, 30);
	ck_assert_int_eq(
	    books_int("SELECT booked FROM grants WHERE source = 'pi:pi_b'"),
	    40);
}
END_TEST

/* What was refunded already pays nobody's debt. */
START_TEST(refunded_share_of_a_new_grant_pays_no_debt_R52)
{
	ck_assert_int_eq(tokens_spend(1, "s", 100), VT_OK);
	(void)tokens_refund("re_1", "a", 1000, "succeeded");
	(void)tokens_refund("re_2", "b", 600, "succeeded");
	tokens_give(1, "b", 100, 1000, 0);
	ck_assert_int_eq(tokens_debt(1), 60);
	ck_assert_int_eq(tokens_available(1), 0);
}
END_TEST

/* ---- the books prove it -------------------------------------------------- */

static const char *looked_for;
static int found;
static struct codes said;

static void
note_fault(const char *code, const char *sentence, void *arg)
{
	(void)sentence;
	(void)arg;
	found += strcmp(code, looked_for) == 0;
	code_add(&said, code);
}

/* One row changed behind the program's back, in books with all kinds. */
START_TEST(verify_names_what_was_changed_of_holds_and_debts)
{
	static const struct {
		const char *sql, *code;
	} tamperings[] = {
		{ "UPDATE lot_left SET held = held - 1 WHERE held > 0",
		    "lot.held" },
		{ "UPDATE hold_lots SET tokens = tokens + 1", "hold.pins" },
		{ "DELETE FROM hold_lots", "hold.pins" },
		{ "INSERT INTO hold_lots SELECT id, 1, 1 FROM holds "
		  "WHERE state = 'captured'",
		    "hold.pins" },
		{ "UPDATE holds SET user = 2 WHERE state = 'open'",
		    "hold.user" },
		{ "UPDATE holds SET captured = captured - 1 "
		  "WHERE state = 'captured'",
		    "hold.capture" },
		{ "UPDATE holds SET tx = NULL, captured = 0, "
		  "state = 'released' WHERE state = 'captured'",
		    "hold.missing" },
		{ "UPDATE holds SET id = id + 10 WHERE state = 'captured'",
		    "hold.missing" },
		{ "UPDATE debts SET delta = delta + 1, open = open + 1 "
		  "WHERE id = 1",
		    "debt.hash" },
		{ "UPDATE debts SET open = open + 1 WHERE id = 2",
		    "debt.open" },
		{ "UPDATE debts SET prev = zeroblob(32) WHERE id = 2",
		    "debt.link" },
		{ "UPDATE debts SET user = 2 WHERE id = 1", "debt.user" },
		{ "UPDATE debts SET cause = 'adj:999:0' WHERE id = 1",
		    "debt.cause" },
		{ "UPDATE debts SET cause = 'repay:1:x' WHERE id = 2",
		    "debt.movement" },
		{ "DELETE FROM debts WHERE id = 1", "debt.missing" },
		{ "DELETE FROM debts WHERE id = 2", "debt.movement" },
		{ "UPDATE debt_open SET open = open + 1", "debt.open" },
		{ "DELETE FROM debt_open", "debt.open" },
		{ "UPDATE grants SET booked = booked - 1 WHERE tx = 1",
		    "grant.booked" },
		{ "UPDATE grants SET steps = 0 WHERE tx = 1", "grant.step" },
		{ "UPDATE grants SET since = NULL", "lot.frozen" },
		{ "UPDATE grants SET since = NULL", "grant.since" },
		{ "UPDATE grants SET since = 5 WHERE since IS NULL",
		    "grant.since" },
		{ "UPDATE lot_left SET frozen = frozen - 1 WHERE frozen > 0",
		    "grant.frozen" },
		{ "UPDATE grants SET source = 'pi:pi_x' WHERE tx = 1",
		    "grant.source" },
		{ "UPDATE grants SET lot = 2 WHERE tx = 1", "grant.lot" },
		{ "UPDATE grants SET granted = granted + 1 WHERE tx = 1",
		    "grant.lot" },
		{ "DELETE FROM grants WHERE since IS NULL", "grant.missing" },
		{ "UPDATE refunds SET amount = amount - 100", "grant.settled" },
		{ "UPDATE refunds SET status = 'failed', rank = 4",
		    "grant.settled" },
		{ "UPDATE refunds SET pi = 'pi_x', charge = NULL",
		    "grant.settled" },
		{ "DELETE FROM refunds", "grant.settled" },
		{ "INSERT INTO refunds VALUES ('re_9', 'ch_c', NULL, 15, "
		  "'usd', 'succeeded', 3, 0, 0)",
		    "grant.settled" },
		{ "UPDATE refunds SET rank = 1", "refund.rank" },
		{ "UPDATE disputes SET amount = 1", "grant.frozen" },
		{ "UPDATE disputes SET effect = 'none'", "grant.frozen" },
		{ "UPDATE disputes SET effect = 'lost'", "grant.settled" },
		{ "UPDATE disputes SET status = 'won'", "dispute.effect" },
		{ "DELETE FROM disputes", "grant.frozen" },
	};
	struct verify_report r = { .fault = note_fault };
	struct hold_end e;
	struct hold h;

	ck_assert_int_eq(tokens_hold(1, "g", 10, 60000, &h, NULL), VT_OK);
	ck_assert_int_eq(tokens_capture(&h, 10, &e, NULL), VT_OK);
	ck_assert_int_eq(tokens_hold(1, "h", 30, 60000, &h, NULL), VT_OK);
	(void)tokens_refund("re_1", "a", 1000, "succeeded");
	tokens_give(1, "b", 15, 150, 0);
	tokens_give(2, "c", 15, 150, 0);
	(void)tokens_dispute("dp_1", "c", 150, "needs_response");
	ck_assert_int_eq(tokens_debt(1), 25);
	for (size_t i = 0; i < countof(tamperings); i++) {
		looked_for = tamperings[i].code;
		found = 0;
		said.count = 0;
		ck_assert_int_eq(db_begin(books), VT_OK);
		guards_drop(books);
		ck_assert_int_eq(db_exec(books, tamperings[i].sql), VT_OK);
		ck_assert_int_eq(ledger_verify(books, &r), VT_OK);
		second_agrees(books, &said, tamperings[i].sql);
		db_rollback(books);
		ck_assert_msg(found > 0, "%s: no %s", tamperings[i].sql,
		    tamperings[i].code);
	}
}
END_TEST

int
main(void)
{
	const TTest *const refunds[] = {
		share_is_rounded_up_and_never_overflows_R53,
		two_refunds_of_30_percent_take_60_R51,
		order_of_facts_does_not_matter_R51,
		pending_share_is_frozen_until_it_is_decided_R51,
		clawback_takes_what_was_frozen_and_thaws_nothing,
		clawback_takes_the_lot_then_others_then_debt_R52,
		held_tokens_are_not_taken_and_pay_on_release_R52,
		failed_refund_restores_exactly_R54,
		restoration_takes_off_the_debt_before_it_gives_R54,
		what_comes_back_expires_later,
		restoration_of_an_ended_lot_is_not_lost,
		refund_before_its_grant_is_taken_inside_the_grant_R51, NULL
	};
	const TTest *const disputes[] = { inquiry_flags_and_takes_nothing_R55,
		dispute_freezes_and_takes_only_when_lost_R55,
		won_dispute_frees_once_R55,
		won_then_refunded_takes_all_once_R56,
		refund_and_dispute_take_the_grant_at_most_R57,
		expired_tokens_are_not_taken_back_R57,
		expiry_after_a_clawback_gives_back_what_others_paid_R57,
		released_tokens_of_a_disputed_lot_are_frozen_R55,
		alarm_keeps_a_lot_frozen, NULL };
	const TTest *const debts[] = { debt_never_blocks_and_is_paid_first_R72,
		repaid_debt_comes_back_as_tokens_R54, thawed_tokens_pay_debts,
		refunded_share_of_a_new_grant_pays_no_debt_R52,
		verify_names_what_was_changed_of_holds_and_debts, NULL };
	Suite *s = suite_create("settle");

	tcase_add_checked_fixture(
	    unit_case(s, "refunds", refunds), setup, tokens_close);
	tcase_add_checked_fixture(
	    unit_case(s, "disputes", disputes), setup, tokens_close);
	tcase_add_checked_fixture(
	    unit_case(s, "debts", debts), setup, tokens_close);
	return unit_run(s);
}
