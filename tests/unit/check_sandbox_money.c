/*
 * check_sandbox_money: the arithmetic of the local Stripe's bills: decimals
 * finer than a cent, and shares of amounts.
 */
#include "invoices/bill.h"
#include "unit.h"

static struct arena *a;

static void
setup(void)
{
	a = arena_new();
}

static void
teardown(void)
{
	arena_free(a);
}

/* What the text means, written again. */
static const char *
again(const char *text)
{
	decimal d;

	return decimal_parse(text, &d) ? decimal_text(a, d) : "none";
}

START_TEST(decimals_are_read_and_written_exactly)
{
	ck_assert_str_eq(again("0"), "0");
	ck_assert_str_eq(again("0.50"), "0.5");
	ck_assert_str_eq(again("-12.25"), "-12.25");
	ck_assert_str_eq(again("0.000000000001"), "0.000000000001");
	ck_assert_str_eq(again("999999999999999.999999999999"),
	    "999999999999999.999999999999");
	ck_assert_str_eq(again("007"), "7");
}
END_TEST

START_TEST(what_is_no_decimal_is_none)
{
	static const char *const texts[] = { "", "-", ".5", "1.", "1e3", " 1",
		"1 ", "+1", "0x1", "1,5", "0.0000000000001", "1000000000000000",
		"--1" };

	for (size_t i = 0; i < countof(texts); i++)
		ck_assert_str_eq(again(texts[i]), "none");
}
END_TEST

START_TEST(halves_are_rounded_away_from_zero)
{
	static const struct {
		const char *unit;
		int64_t times, per, result;
	} rows[] = { { "0.5", 1, 1, 1 }, { "-0.5", 1, 1, -1 },
		{ "0.49", 1, 1, 0 }, { "0.333333333333", 3, 1, 1 },
		{ "33.35", 2, 1, 67 }, { "1999", 1, 3, 666 },
		{ "-1999", 2, 3, -1333 }, { "80.5", 11, 1, 886 } };
	decimal d;
	int64_t n;

	for (size_t i = 0; i < countof(rows); i++) {
		ck_assert(decimal_parse(rows[i].unit, &d));
		ck_assert(decimal_scale(d, rows[i].times, rows[i].per, &n));
		ck_assert_int_eq(n, rows[i].result);
	}
	ck_assert_int_eq(amount_scale(-999, 1, 2), -500);
	ck_assert_int_eq(amount_scale(INT64_C(9007199254740991), 7, 7),
	    INT64_C(9007199254740991));
}
END_TEST

START_TEST(what_json_cannot_hold_is_refused)
{
	decimal d;
	int64_t n = 7;

	ck_assert(decimal_parse("99999999999", &d));
	ck_assert(!decimal_scale(d, 10000000, 1, &n));
	ck_assert_int_eq(n, 7);
	ck_assert(decimal_scale(d, 90000, 1, &n));
	ck_assert_int_eq(n, INT64_C(8999999999910000));
}
END_TEST

START_TEST(whole_numbers_are_told_apart)
{
	decimal d;
	int64_t n;

	ck_assert(decimal_parse("999.000", &d) && decimal_whole(d, &n));
	ck_assert_int_eq(n, 999);
	ck_assert(decimal_parse("0.5", &d) && !decimal_whole(d, &n));
	ck_assert(decimal_of(5) == d * 10);
}
END_TEST

/* ---- what is taken off a bill ------------------------------------------- */

struct row {
	int64_t left, off;
};

/* The lines after a discount of so much: a share when there is one. */
static void
check_bill(struct row *rows, size_t count, const char *percent, int64_t amount)
{
	struct bill_line lines[8] = { 0 };
	decimal share = 0;

	for (size_t i = 0; i < count; i++)
		lines[i] = (struct bill_line){ rows[i].left, true, 77 };
	if (percent != NULL) {
		ck_assert(decimal_parse(percent, &share));
		bill_percent(lines, count, share);
	} else
		bill_amount(lines, count, amount);
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(lines[i].off, rows[i].off);
		ck_assert_int_eq(lines[i].left, rows[i].left - rows[i].off);
	}
}

START_TEST(a_share_is_rounded_on_each_line)
{
	struct row rows[] = { { 999, 500 }, { 333, 167 }, { -101, -51 },
		{ 0, 0 } };
	struct row thirds[] = { { 100, 33 }, { 50, 17 }, { 1, 0 } };

	check_bill(rows, countof(rows), "50", 0);
	check_bill(thirds, countof(thirds), "33.3333", 0);
}
END_TEST

START_TEST(an_amount_is_split_exactly)
{
	struct row even[] = { { 100, 34 }, { 100, 33 }, { 100, 33 } };
	struct row uneven[] = { { 1, 0 }, { 998, 499 }, { 1, 1 } };
	struct row credit[] = { { 500, 100 }, { -300, 0 } };

	check_bill(even, countof(even), NULL, 100);
	/* Both cents lost half; the first of them gets it. */
	uneven[0].off = 1;
	uneven[2].off = 0;
	check_bill(uneven, countof(uneven), NULL, 500);
	check_bill(credit, countof(credit), NULL, 100);
}
END_TEST

START_TEST(an_amount_takes_no_more_than_there_is)
{
	struct row rows[] = { { 100, 100 }, { 3, 3 }, { -50, 0 } };
	struct row none[] = { { -100, 0 }, { 0, 0 } };

	check_bill(rows, countof(rows), NULL, 99999999);
	check_bill(none, countof(none), NULL, 10);
}
END_TEST

/* Every split adds up, however odd the amounts. */
START_TEST(what_is_split_adds_up)
{
	struct bill_line lines[7];
	int64_t sum, whole;

	for (int64_t seed = 1; seed < 400; seed++) {
		whole = 0;
		for (size_t i = 0; i < countof(lines); i++) {
			lines[i].left = seed * (int64_t)(i * 37 + 11) % 997;
			lines[i].takes = true;
			whole += lines[i].left;
		}
		bill_amount(lines, countof(lines), seed * 13);
		sum = 0;
		for (size_t i = 0; i < countof(lines); i++) {
			ck_assert_int_ge(lines[i].left, 0);
			sum += lines[i].off;
		}
		ck_assert_int_eq(sum, seed * 13 < whole ? seed * 13 : whole);
	}
}
END_TEST

START_TEST(lines_that_take_no_part_stay)
{
	struct bill_line lines[] = { { 100, false, 0 }, { 100, true, 0 } };

	bill_amount(lines, countof(lines), 60);
	ck_assert_int_eq(lines[0].left, 100);
	ck_assert_int_eq(lines[1].left, 40);
	bill_percent(lines, countof(lines), decimal_of(100));
	ck_assert_int_eq(lines[0].left, 100);
	ck_assert_int_eq(lines[0].off, 0);
	ck_assert_int_eq(lines[1].left, 0);
}
END_TEST

int
main(void)
{
	const TTest *const decimals[] = { decimals_are_read_and_written_exactly,
		what_is_no_decimal_is_none, halves_are_rounded_away_from_zero,
		what_json_cannot_hold_is_refused, whole_numbers_are_told_apart,
		NULL };
	const TTest *const bills[] = { a_share_is_rounded_on_each_line,
		an_amount_is_split_exactly,
		an_amount_takes_no_more_than_there_is, what_is_split_adds_up,
		lines_that_take_no_part_stay, NULL };
	Suite *s = suite_create("sandbox_money");

	tcase_add_checked_fixture(
	    unit_case(s, "decimals", decimals), setup, teardown);
	(void)unit_case(s, "bills", bills); /* needs no fixture */
	return unit_run(s);
}
