/*
 * limits: how often somebody did something lately.
 *
 * The counters live in a small database of their own that all processes
 * share and that is never synced to disk: losing them costs nothing, and
 * counting must neither wait for the ledger nor hold it up. What a power cut
 * damaged is moved aside (PATH.damaged) and begun anew. Whatever else goes
 * wrong with that file is logged, and the caller is let through: a counter
 * must not stop a payment.
 */
#ifndef VT_STORE_LIMITS_H
#define VT_STORE_LIMITS_H

#include <stdint.h>

#include "base/err.h"

struct limits;

/* Opens the file or makes it (mode 0660). Always gives something to ask. */
struct limits *limits_open(const char *path) __attribute__((returns_nonnull));

/* NULL is fine. */
void limits_close(struct limits *l);

/*
 * Counts one call of `key` (which names the limit too: "topup:user_1") and
 * says whether it is within `max` calls for each `window_ms`. A window begins
 * with the first call after the last one ended. VT_OK, or VT_LIMIT with the
 * whole seconds, at least 1, until the window ends. `now_ms` is clock_now_ms()
 * (a clock that was set back begins a new window). Any thread may ask.
 */
enum vt_err limits_hit(struct limits *l, const char *key, int64_t window_ms,
    int64_t max, int64_t now_ms, int *retry_after_s) VT_MUSTCHECK;

#endif
