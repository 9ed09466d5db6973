/* sandbox/period: the calendar of recurring prices. */
#include "unit.h"

#include <string.h>

#include "base/clock.h"
#include "subscriptions/period.h"

static int64_t
at(const char *text)
{
	int64_t ms = 0;

	ck_assert_int_eq(clock_parse(text, &ms), VT_OK);
	return ms / 1000;
}

static void
is_at(int64_t s, const char *expected)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(s * 1000, text);
	ck_assert_str_eq(text, expected);
}

START_TEST(a_month_ends_on_the_anchors_day_or_its_last_one)
{
	static const char *const expected[] = { "2026-01-31T10:20:30Z",
		"2026-02-28T10:20:30Z", "2026-03-31T10:20:30Z",
		"2026-04-30T10:20:30Z", "2026-05-31T10:20:30Z" };
	struct period p = { PERIOD_MONTH, 1, at(expected[0]), 0 };

	for (int i = 0; i < (int)countof(expected); i++)
		is_at(period_boundary(&p, i), expected[i]);
	is_at(period_boundary(&p, 25), "2028-02-29T10:20:30Z");
	is_at(period_boundary(&p, -1), "2025-12-31T10:20:30Z");
	is_at(period_boundary(&p, -2), "2025-11-30T10:20:30Z");
}
END_TEST

START_TEST(a_leap_day_comes_back_every_fourth_year)
{
	struct period p = { PERIOD_YEAR, 1, at("2028-02-29T00:00:00Z"), 0 };

	is_at(period_boundary(&p, 1), "2029-02-28T00:00:00Z");
	is_at(period_boundary(&p, 4), "2032-02-29T00:00:00Z");
	/* 2100 is none. */
	is_at(period_boundary(&p, 72), "2100-02-28T00:00:00Z");
}
END_TEST

START_TEST(days_and_weeks_are_of_seconds)
{
	struct period p = { PERIOD_WEEK, 2, at("2026-11-25T12:00:00Z"), 0 };

	is_at(period_boundary(&p, 1), "2026-12-09T12:00:00Z");
	p.unit = PERIOD_DAY;
	p.count = 3;
	is_at(period_boundary(&p, 1), "2026-11-28T12:00:00Z");
}
END_TEST

START_TEST(each_moment_is_in_one_period)
{
	static const struct {
		enum period_unit unit;
		int64_t count;
	} all[] = { { PERIOD_DAY, 1 }, { PERIOD_DAY, 90 }, { PERIOD_WEEK, 1 },
		{ PERIOD_MONTH, 1 }, { PERIOD_MONTH, 3 }, { PERIOD_YEAR, 1 } };

	for (size_t i = 0; i < countof(all); i++) {
		struct period p = { all[i].unit, all[i].count,
			at("2024-01-31T23:59:59Z"), 0 };

		for (int n = -40; n < 40; n++) {
			int64_t begin = period_boundary(&p, n);
			int64_t end = period_boundary(&p, n + 1);

			ck_assert_int_lt(begin, end);
			ck_assert_int_eq(period_begin(&p, begin), begin);
			ck_assert_int_eq(period_end(&p, begin), end);
			ck_assert_int_eq(period_begin(&p, end - 1), begin);
			ck_assert_int_eq(period_end(&p, end - 1), end);
			ck_assert_int_eq(
			    period_begin(&p, (begin + end) / 2), begin);
		}
	}
}
END_TEST

START_TEST(a_fixed_day_outlives_a_short_month)
{
	/* The anchor fell on February 28, but the 31st was meant. */
	struct period p = { PERIOD_MONTH, 1, at("2026-02-28T00:00:00Z"), 31 };

	is_at(period_boundary(&p, 1), "2026-03-31T00:00:00Z");
	is_at(period_boundary(&p, 2), "2026-04-30T00:00:00Z");
	is_at(
	    period_end(&p, at("2026-03-30T00:00:00Z")), "2026-03-31T00:00:00Z");
}
END_TEST

START_TEST(the_next_point_is_after_now)
{
	int64_t now = at("2026-11-25T17:30:00Z");

	is_at(period_next_point(
		  &(struct period_point){ -1, 31, -1, -1, -1 }, now),
	    "2026-11-30T17:30:00Z");
	is_at(period_next_point(
		  &(struct period_point){ -1, 25, -1, -1, -1 }, now),
	    "2026-12-25T17:30:00Z");
	is_at(
	    period_next_point(&(struct period_point){ -1, 25, 18, 0, 0 }, now),
	    "2026-11-25T18:00:00Z");
	is_at(period_next_point(&(struct period_point){ 2, 29, 0, 0, 0 }, now),
	    "2027-02-28T00:00:00Z");
}
END_TEST

START_TEST(a_share_is_reckoned_by_the_second)
{
	struct period p = { PERIOD_MONTH, 1, at("2026-02-01T00:00:00Z"), 0 };
	int64_t begin = p.anchor_s, end = period_end(&p, begin);

	ck_assert_int_eq(period_share(&p, 1999, begin, end), 1999);
	ck_assert_int_eq(period_share(&p, 2800, begin, begin + 86400), 100);
	/* Half a cent goes away from zero, either way. */
	ck_assert_int_eq(
	    period_share(&p, 1, begin, begin + (end - begin) / 2), 1);
	ck_assert_int_eq(
	    period_share(&p, -1, begin, begin + (end - begin) / 2), -1);
	ck_assert_int_eq(
	    period_share(&p, 1, begin, begin + (end - begin) / 2 - 1), 0);
	ck_assert_int_eq(period_share(&p, 1999, begin, begin), 0);
	/* Twelve digits of cents times the seconds of a year. */
	p.unit = PERIOD_YEAR;
	end = period_end(&p, begin);
	ck_assert_int_eq(
	    period_share(&p, INT64_C(999999999999), begin, end - 1),
	    INT64_C(999999968289));
	/* A stretch beyond the period makes that longer. */
	p.unit = PERIOD_MONTH;
	end = period_end(&p, begin);
	ck_assert_int_eq(period_share(&p, 1000, begin, end + 86400), 1000);
}
END_TEST

START_TEST(two_shares_of_a_period_are_all_of_it_but_for_rounding)
{
	struct period p = { PERIOD_MONTH, 1, at("2026-01-31T12:00:00Z"), 0 };
	int64_t begin = p.anchor_s, end = period_end(&p, begin), sum;

	for (int64_t cut = begin; cut <= end; cut += 4567) {
		sum = period_share(&p, 5999, begin, cut) +
		    (cut == end ? 0 : period_share(&p, 5999, cut, end));
		ck_assert_int_ge(sum, 5999 - 1);
		ck_assert_int_le(sum, 5999 + 1);
	}
}
END_TEST

START_TEST(dates_are_written_as_lines_write_them)
{
	char text[PERIOD_TEXT_BYTES];

	period_date(at("2027-01-05T23:59:59Z"), text);
	ck_assert_str_eq(text, "05 Jan 2027");
}
END_TEST

int
main(void)
{
	const TTest *const calendar[] = {
		a_month_ends_on_the_anchors_day_or_its_last_one,
		a_leap_day_comes_back_every_fourth_year,
		days_and_weeks_are_of_seconds, each_moment_is_in_one_period,
		a_fixed_day_outlives_a_short_month, the_next_point_is_after_now,
		a_share_is_reckoned_by_the_second,
		two_shares_of_a_period_are_all_of_it_but_for_rounding,
		dates_are_written_as_lines_write_them, NULL
	};
	Suite *s = suite_create("period");

	(void)unit_case(s, "calendar", calendar);
	return unit_run(s);
}
