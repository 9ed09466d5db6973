/*
 * shift: moving the clock, for a page and for ./dev: the file that
 * VANTAGE_CLOCK_FILE names says how far the clock is ahead, and whoever was
 * told of it follows. The file is replaced, never written over: it is read
 * at any moment.
 */
#ifndef SANDBOX_SHIFT_H
#define SANDBOX_SHIFT_H

#include <stdint.h>

#include "base/err.h"

/* True if there is such a file and its folder lets us replace it. */
bool shift_possible(void);

/*
 * Moves the clock ahead by so many milliseconds, and returns once this
 * process reads the new time. VT_NOTFOUND: there is no clock file. VT_SYS:
 * it cannot be replaced. VT_INVALID: the sum is past the year 9999.
 */
enum vt_err shift_ahead(int64_t ms) VT_MUSTCHECK;

#endif
