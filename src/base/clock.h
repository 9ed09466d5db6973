/*
 * clock: the one source of time.
 *
 * Wall time can be shifted by a file, so that ./dev and the tests move days
 * ahead at once, and both times can be replaced by a test. Nothing else in
 * the program calls time(), clock_gettime() or a sleep.
 */
#ifndef VT_BASE_CLOCK_H
#define VT_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "base/err.h"

#define CLOCK_TEXT_BYTES 25 /* "2026-11-22T17:50:00.000Z" and terminator */

/* Milliseconds since 1970 UTC, with the shift of the clock file. */
int64_t clock_now_ms(void);

/* The same in whole seconds. */
int64_t clock_now_s(void);

/* Milliseconds from an arbitrary start, never shifted, never backwards. */
int64_t clock_mono_ms(void);

/* The same in microseconds, to measure with. */
int64_t clock_mono_us(void);

/*
 * The moment `ms` from now on CLOCK_MONOTONIC, for pthread_cond_clockwait().
 * Always the machine's: a wait in the kernel knows no frozen clock.
 */
struct timespec clock_deadline(int64_t ms);

/* Sleeps, by the monotonic clock; a signal may end it early. */
void clock_sleep_ms(int64_t ms);

/*
 * From now on wall time is the machine's plus the milliseconds that this
 * file holds as decimal text (0 when it does not exist). It is read again
 * within 10 ms of a change. NULL ends it. Not for an instance in live mode.
 */
void clock_use_file(const char *path);

/* How far ahead of the machine's it is, in milliseconds; 0 without a file. */
int64_t clock_shift_ms(void);

/*
 * For tests: both clocks stand still at these values until changed, and
 * clock_sleep_ms() moves both ahead instead of waiting.
 */
void clock_freeze(int64_t now_ms, int64_t mono_ms);
void clock_thaw(void);

/* RFC 3339 in UTC, whole seconds: "2026-11-22T17:50:00Z". */
void clock_format(int64_t ms, char out[static CLOCK_TEXT_BYTES]);

/* The same with milliseconds, for logs. */
void clock_format_ms(int64_t ms, char out[static CLOCK_TEXT_BYTES]);

/* "20261122T175000.123Z", for names of files: sorts by time. */
void clock_format_id(int64_t ms, char out[static CLOCK_TEXT_BYTES]);

/*
 * Reads "2026-11-22T17:50:00Z", with an optional fraction or a numeric
 * offset, or a date alone (its midnight, UTC). VT_INVALID leaves *ms as it
 * was. RFC 3339 section 5.6; a leap second is refused.
 */
enum vt_err clock_parse(const char *text, int64_t *ms) VT_MUSTCHECK;

/*
 * The same for a moment to look back at. What is kept in milliseconds is
 * shown in whole seconds, so one without a fraction is the end of its
 * second: the time that a row shows includes the row. At most `now_ms`;
 * VT_INVALID for a time after it.
 */
enum vt_err
clock_as_of(const char *text, int64_t now_ms, int64_t *ms) VT_MUSTCHECK;

#endif
