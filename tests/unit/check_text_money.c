/* text/money: smallest units, no float. */
#include "unit.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "text/money.h"

START_TEST(each_currency_has_its_own_exponent_R24)
{
	static const char *const zero[] = { "bif", "clp", "djf", "gnf", "jpy",
		"kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof",
		"xpf" };
	static const char *const two[] = { "usd", "eur", "gbp", "huf", "twd",
		"isk", "ugx", "aed", "zmw", "chf" };
	static const char *const three[] = { "bhd", "jod", "kwd", "omr",
		"tnd" };
	static const char *const none[] = { "", "us", "usdx", "USD", "Usd",
		"xxx", "usd ", "\xff\xff\xff" };

	for (size_t i = 0; i < countof(zero); i++)
		ck_assert_int_eq(money_exponent(zero[i]), 0);
	for (size_t i = 0; i < countof(two); i++)
		ck_assert_int_eq(money_exponent(two[i]), 2);
	for (size_t i = 0; i < countof(three); i++)
		ck_assert_int_eq(money_exponent(three[i]), 3);
	for (size_t i = 0; i < countof(none); i++) {
		ck_assert_int_eq(money_exponent(none[i]), -1);
		ck_assert(!money_currency_valid(none[i]));
	}
	ck_assert(money_currency_valid("usd"));
	ck_assert(!money_currency_valid(NULL));
}
END_TEST

START_TEST(the_step_is_what_stripe_asks_for)
{
	ck_assert_int_eq(money_step("usd"), 1);
	ck_assert_int_eq(money_step("jpy"), 1);
	ck_assert_int_eq(money_step("isk"), 100);
	ck_assert_int_eq(money_step("ugx"), 100);
	ck_assert_int_eq(money_step("kwd"), 10);
}
END_TEST

START_TEST(amounts_are_written_in_major_units_R24)
{
	static const struct {
		int64_t amount;
		const char *currency, *text;
	} rows[] = { { 3999, "usd", "39.99" }, { 0, "usd", "0.00" },
		{ 5, "usd", "0.05" }, { 100, "eur", "1.00" },
		{ -5, "usd", "-0.05" }, { -3999, "usd", "-39.99" },
		{ 500, "jpy", "500" }, { -500, "jpy", "-500" },
		{ 5120, "kwd", "5.120" }, { 7, "kwd", "0.007" },
		{ 500, "isk", "5.00" },
		{ INT64_MAX, "usd", "92233720368547758.07" },
		{ INT64_MIN, "usd", "-92233720368547758.08" },
		{ INT64_MIN, "jpy", "-9223372036854775808" } };
	char text[MONEY_TEXT_BYTES];

	for (size_t i = 0; i < countof(rows); i++) {
		money_format(rows[i].amount, rows[i].currency, text);
		ck_assert_str_eq(text, rows[i].text);
	}
}
END_TEST

START_TEST(the_price_per_token_is_cut_as_the_plan_prints_it_R12)
{
	static const struct {
		int64_t amount, tokens;
		const char *currency, *text;
	} rows[] = { { 999, 10, "usd", "0.999" }, { 3999, 50, "usd", "0.799" },
		{ 9999, 150, "usd", "0.666" }, { 1999, 25, "usd", "0.799" },
		{ 5999, 100, "usd", "0.599" }, { 500, 10, "jpy", "50.000" },
		{ 1, 1000000, "usd", "0.000" }, { 5120, 10, "kwd", "0.512" },
		{ -999, 10, "usd", "-0.999" }, { -1, 1000, "usd", "0.000" },
		{ INT64_MAX, 1, "jpy", "9223372036854775807.000" },
		{ INT64_MAX, INT64_MAX, "usd", "0.010" } };
	char text[MONEY_TEXT_BYTES];

	for (size_t i = 0; i < countof(rows); i++) {
		money_price_per_token(
		    rows[i].amount, rows[i].tokens, rows[i].currency, text);
		ck_assert_str_eq(text, rows[i].text);
	}
}
END_TEST

START_TEST(scaling_rounds_half_up_and_never_wraps_R12_R69)
{
	int64_t n = 42;

	ck_assert_int_eq(money_scale(999, 10, 7, &n), VT_OK);
	ck_assert_int_eq(n, 699); /* 699.3 */
	ck_assert_int_eq(money_scale(1, 2, 1, &n), VT_OK);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(money_scale(1, 3, 1, &n), VT_OK);
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(money_scale(3999, 50, 51, &n), VT_OK);
	ck_assert_int_eq(n, 4079); /* 4078.98 */
	ck_assert_int_eq(money_scale(INT64_MAX, 1, 1, &n), VT_OK);
	ck_assert_int_eq(n, INT64_MAX);
	ck_assert_int_eq(
	    money_scale(INT64_MAX, INT64_MAX, INT64_MAX, &n), VT_OK);
	ck_assert_int_eq(n, INT64_MAX);
	n = 42;
	ck_assert_int_eq(money_scale(INT64_MAX, 1, 2, &n), VT_INVALID);
	ck_assert_int_eq(money_scale(0, 1, 1, &n), VT_INVALID);
	ck_assert_int_eq(money_scale(1, 0, 1, &n), VT_INVALID);
	ck_assert_int_eq(money_scale(1, 1, 0, &n), VT_INVALID);
	ck_assert_int_eq(money_scale(-1, 1, 1, &n), VT_INVALID);
	ck_assert_int_eq(money_scale(1, -1, -1, &n), VT_INVALID);
	ck_assert_int_eq(n, 42);
}
END_TEST

START_TEST(sums_that_overflow_are_refused_R69)
{
	int64_t n = 42;

	ck_assert(!money_add(INT64_MAX, 1, &n));
	ck_assert(!money_add(INT64_MIN, -1, &n));
	ck_assert_int_eq(n, 42);
	ck_assert(money_add(INT64_MAX, INT64_MIN, &n));
	ck_assert_int_eq(n, -1);
}
END_TEST

START_TEST(an_unknown_currency_ends_the_process)
{
	char text[MONEY_TEXT_BYTES];

	money_format(1, "xxx", text);
}
END_TEST

int
main(void)
{
	const TTest *const core[] = { each_currency_has_its_own_exponent_R24,
		the_step_is_what_stripe_asks_for,
		amounts_are_written_in_major_units_R24,
		the_price_per_token_is_cut_as_the_plan_prints_it_R12,
		scaling_rounds_half_up_and_never_wraps_R12_R69,
		sums_that_overflow_are_refused_R69, NULL };
	Suite *s = suite_create("text/money");
	TCase *c = tcase_create("faults");

	(void)unit_case(s, "core", core);
	tcase_add_test_raise_signal(
	    c, an_unknown_currency_ends_the_process, SIGABRT);
	suite_add_tcase(s, c);
	return unit_run(s);
}
