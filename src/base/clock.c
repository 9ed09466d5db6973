/* clock: see clock.h. */
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SHIFT_FRESH_MS 10 /* how long a read of the clock file is believed */

/* Paths live as long as the process: threads may be reading them. */
struct kept {
	struct kept *next;
	char path[];
};

static struct kept *kept;
static _Atomic(const char *) shift_path;
static _Atomic int64_t shift_ms;
static _Atomic int64_t shift_read_at = -1;
static atomic_bool frozen;
static _Atomic int64_t frozen_now_ms, frozen_mono_ms;

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	/* Cannot fail for these two clocks. */
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t
read_shift(const char *path)
{
	char text[32];
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd); /* only read from */
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoll(text, NULL, 10);
}

int64_t
clock_mono_ms(void)
{
	if (frozen)
		return frozen_mono_ms;
	return read_clock(CLOCK_MONOTONIC);
}

int64_t
clock_mono_us(void)
{
	struct timespec ts;

	if (frozen)
		return frozen_mono_ms * 1000;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail */
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct timespec
clock_deadline(int64_t ms)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail */
	ts.tv_sec += (time_t)(ms / 1000);
	ts.tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	return ts;
}

int64_t
clock_now_ms(void)
{
	const char *path;
	int64_t mono;

	if (frozen)
		return frozen_now_ms;
	path = shift_path;
	if (path != NULL) {
		mono = read_clock(CLOCK_MONOTONIC);
		if (shift_read_at < 0 ||
		    mono - shift_read_at > SHIFT_FRESH_MS) {
			shift_ms = read_shift(path);
			shift_read_at = mono;
		}
	}
	return read_clock(CLOCK_REALTIME) + shift_ms;
}

int64_t
clock_shift_ms(void)
{
	(void)clock_now_ms(); /* looks at the file */
	return shift_ms;
}

int64_t
clock_now_s(void)
{
	return clock_now_ms() / 1000;
}

void
clock_sleep_ms(int64_t ms)
{
	struct timespec ts;

	if (ms <= 0)
		return;
	if (frozen) {
		frozen_now_ms += ms;
		frozen_mono_ms += ms;
		return;
	}
	ts.tv_sec = (time_t)(ms / 1000);
	ts.tv_nsec = (long)(ms % 1000) * 1000000;
	(void)nanosleep(&ts, NULL); /* early is allowed */
}

void
clock_use_file(const char *path)
{
	struct kept *k = NULL;

	if (path != NULL) {
		k = calloc(1, sizeof(*k) + strlen(path) + 1);
		if (k == NULL)
			abort();
		memcpy(k->path, path, strlen(path) + 1);
		k->next = kept;
		kept = k;
	}
	shift_path = k == NULL ? NULL : k->path;
	shift_ms = 0;
	shift_read_at = -1;
}

void
clock_freeze(int64_t now_ms, int64_t mono_ms)
{
	frozen_now_ms = now_ms;
	frozen_mono_ms = mono_ms;
	frozen = true;
}

void
clock_thaw(void)
{
	frozen = false;
}

static void
format(int64_t ms, bool with_ms, char out[static CLOCK_TEXT_BYTES])
{
	time_t s = (time_t)(ms / 1000);
	int rest = (int)(ms % 1000);
	struct tm tm;
	size_t n;

	if (rest < 0) {
		rest += 1000;
		s--;
	}
	if (gmtime_r(&s, &tm) == NULL || tm.tm_year > 9999 - 1900 ||
	    tm.tm_year < -1900) {
		(void)snprintf(out, CLOCK_TEXT_BYTES, "9999-12-31T23:59:59Z");
		return;
	}
	n = strftime(out, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	if (with_ms)
		(void)snprintf(out + n, CLOCK_TEXT_BYTES - n, ".%03dZ", rest);
	else
		(void)snprintf(out + n, CLOCK_TEXT_BYTES - n, "Z");
}

void
clock_format(int64_t ms, char out[static CLOCK_TEXT_BYTES])
{
	format(ms, false, out);
}

void
clock_format_ms(int64_t ms, char out[static CLOCK_TEXT_BYTES])
{
	format(ms, true, out);
}

void
clock_format_id(int64_t ms, char out[static CLOCK_TEXT_BYTES])
{
	char text[CLOCK_TEXT_BYTES];
	size_t n = 0;

	format(ms, true, text);
	for (const char *at = text; *at != '\0'; at++)
		if (*at != '-' && *at != ':')
			out[n++] = *at;
	out[n] = '\0';
}

/* Reads exactly `digits` digits. */
static bool
number(const char **p, int digits, int *out)
{
	int v = 0;

	for (int i = 0; i < digits; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		v = v * 10 + (**p - '0');
	}
	*out = v;
	return true;
}

static bool
parse_date(const char **p, struct tm *tm)
{
	int year, month, day;

	if (!number(p, 4, &year) || *(*p)++ != '-' || !number(p, 2, &month) ||
	    *(*p)++ != '-' || !number(p, 2, &day))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return true;
}

/* Everything after the T; `offset_s` is what the zone says. */
static bool
parse_time(const char **p, struct tm *tm, int *ms, int *offset_s)
{
	int hours, minutes, sign, scale = 100;

	if (!number(p, 2, &tm->tm_hour) || *(*p)++ != ':' ||
	    !number(p, 2, &tm->tm_min) || *(*p)++ != ':' ||
	    !number(p, 2, &tm->tm_sec))
		return false;
	if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 59)
		return false;
	if (**p == '.') {
		(*p)++;
		if (**p < '0' || **p > '9')
			return false;
		for (; **p >= '0' && **p <= '9'; (*p)++, scale /= 10)
			*ms += (**p - '0') * scale;
	}
	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		return true;
	}
	if (**p != '+' && **p != '-')
		return false;
	sign = *(*p)++ == '-' ? -1 : 1;
	if (!number(p, 2, &hours) || *(*p)++ != ':' ||
	    !number(p, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

enum vt_err
clock_parse(const char *text, int64_t *ms)
{
	struct tm tm = { 0 }, check;
	int fraction = 0, offset_s = 0;
	const char *p = text;
	time_t s;

	if (!parse_date(&p, &tm))
		return VT_INVALID;
	if (*p == 'T' || *p == 't') {
		p++;
		if (!parse_time(&p, &tm, &fraction, &offset_s))
			return VT_INVALID;
	}
	if (*p != '\0')
		return VT_INVALID;
	check = tm;
	s = timegm(&check);
	/* timegm() accepts 31 February and moves it; we do not. */
	if (check.tm_mday != tm.tm_mday || check.tm_mon != tm.tm_mon ||
	    check.tm_year != tm.tm_year)
		return VT_INVALID;
	*ms = ((int64_t)s - offset_s) * 1000 + fraction;
	return VT_OK;
}

enum vt_err
clock_as_of(const char *text, int64_t now_ms, int64_t *ms)
{
	int64_t at;

	if (clock_parse(text, &at) != VT_OK || at > now_ms)
		return VT_INVALID;
	if (strchr(text, '.') == NULL)
		at += 999;
	*ms = at < now_ms ? at : now_ms;
	return VT_OK;
}
