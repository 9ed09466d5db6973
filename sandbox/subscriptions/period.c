/* period: see period.h. */
#include "subscriptions/period.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "core/decimal.h"

#define DAY_S INT64_C(86400)

struct period
period_of(const struct json *recurring, int64_t anchor_s)
{
	static const char *const names[] = {
		[PERIOD_DAY] = "day",
		[PERIOD_WEEK] = "week",
		[PERIOD_MONTH] = "month",
		[PERIOD_YEAR] = "year",
	};
	const char *interval = json_str_at(recurring, "interval");
	struct period p = { PERIOD_MONTH, 1, anchor_s, 0 };

	for (size_t i = 0; i < countof(names); i++)
		if (interval != NULL && strcmp(names[i], interval) == 0)
			p.unit = (enum period_unit)i;
	(void)json_int_at(recurring, "interval_count", &p.count); /* else 1 */
	return p;
}

static struct tm
civil(int64_t at_s)
{
	time_t t = (time_t)at_s;
	struct tm tm;

	(void)gmtime_r(&t, &tm); /* fails beyond the year 2^31 only */
	return tm;
}

static int
days_in_month(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month] + (month == 1 && leap ? 1 : 0);
}

/* So many months on, on this day or the month's last one. */
static int64_t
add_months(int64_t at_s, int64_t months, int day)
{
	struct tm tm = civil(at_s);
	int64_t all = (tm.tm_year + INT64_C(1900)) * 12 + tm.tm_mon + months;
	int month = (int)(all % 12);
	int64_t year = all / 12;
	int last = days_in_month(year, month);

	if (day == 0)
		day = tm.tm_mday;
	tm.tm_year = (int)(year - 1900);
	tm.tm_mon = month;
	tm.tm_mday = day > last ? last : day;
	return timegm(&tm);
}

int64_t
period_boundary(const struct period *p, int64_t n)
{
	assert(p->count > 0);
	switch (p->unit) {
	case PERIOD_DAY:
		return p->anchor_s + n * p->count * DAY_S;
	case PERIOD_WEEK:
		return p->anchor_s + n * p->count * 7 * DAY_S;
	case PERIOD_MONTH:
		return add_months(p->anchor_s, n * p->count, p->day);
	case PERIOD_YEAR:
		break;
	}
	return add_months(p->anchor_s, n * p->count * 12, p->day);
}

/* The least that a period can last. */
static int64_t
shortest(const struct period *p)
{
	static const int64_t days[] = {
		[PERIOD_DAY] = 1,
		[PERIOD_WEEK] = 7,
		[PERIOD_MONTH] = 28,
		[PERIOD_YEAR] = 365,
	};

	return p->count * days[p->unit] * DAY_S;
}

/* The number of the period that a moment is in. */
static int64_t
number_at(const struct period *p, int64_t at_s)
{
	int64_t away = at_s - p->anchor_s;
	int64_t n = away / shortest(p) + (away < 0 ? -1 : 1);

	/* n errs by being too far from the anchor only. */
	while (n > 0 && period_boundary(p, n) > at_s)
		n--;
	while (n < 0 && period_boundary(p, n + 1) <= at_s)
		n++;
	return period_boundary(p, n) > at_s ? n - 1 : n;
}

int64_t
period_begin(const struct period *p, int64_t at_s)
{
	return period_boundary(p, number_at(p, at_s));
}

int64_t
period_end(const struct period *p, int64_t at_s)
{
	return period_boundary(p, number_at(p, at_s) + 1);
}

int64_t
period_share(
    const struct period *p, int64_t amount, int64_t from_s, int64_t to_s)
{
	int64_t begin_s = period_begin(p, from_s);
	int64_t end_s = period_end(p, from_s);

	/* One that an anchor moved later has made longer. */
	if (to_s > end_s)
		end_s = to_s;
	return from_s == begin_s && to_s == end_s
	    ? amount
	    : amount_scale(amount, to_s - from_s, end_s - begin_s);
}

int64_t
period_next_point(const struct period_point *p, int64_t after_s)
{
	struct tm tm = civil(after_s);
	int64_t at_s, base_s;

	if (p->hour >= 0)
		tm.tm_hour = p->hour;
	if (p->minute >= 0)
		tm.tm_min = p->minute;
	if (p->second >= 0)
		tm.tm_sec = p->second;
	if (p->month > 0)
		tm.tm_mon = p->month - 1;
	tm.tm_mday = 1;
	base_s = timegm(&tm);
	at_s = add_months(base_s, 0, p->day);
	for (int i = 1; at_s <= after_s; i++)
		at_s = add_months(base_s, p->month > 0 ? 12 * i : i, p->day);
	return at_s;
}

void
period_date(int64_t at_s, char out[static PERIOD_TEXT_BYTES])
{
	struct tm tm = civil(at_s);

	if (strftime(out, PERIOD_TEXT_BYTES, "%d %b %Y", &tm) == 0)
		out[0] = '\0'; /* a year of more than five digits */
}
