/*
 * check_sandbox_money: the arithmetic of the local Stripe's bills: decimals
 * finer than a cent, and shares of amounts.
 */
#include "decimal.h"
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

int
main(void)
{
	const TTest *const decimals[] = { decimals_are_read_and_written_exactly,
		what_is_no_decimal_is_none, halves_are_rounded_away_from_zero,
		what_json_cannot_hold_is_refused, whole_numbers_are_told_apart,
		NULL };
	Suite *s = suite_create("sandbox_money");

	tcase_add_checked_fixture(
	    unit_case(s, "decimals", decimals), setup, teardown);
	return unit_run(s);
}
