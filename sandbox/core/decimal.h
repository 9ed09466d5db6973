/*
 * decimal: amounts finer than the smallest unit of a currency, exactly.
 *
 * The API writes them as texts of at most twelve places ("0.5" cents). Here
 * they are whole numbers of 10^-12; no float.
 */
#ifndef SANDBOX_DECIMAL_H
#define SANDBOX_DECIMAL_H

#include <stdint.h>

#include "base/arena.h"

#define DECIMAL_PLACES 12

typedef __int128 decimal;

/*
 * "-12.5"; false for anything else, for more places than twelve, and for
 * 10^15 and more.
 */
bool decimal_parse(const char *text, decimal *out);

/* The shortest text that says the same. */
const char *decimal_text(struct arena *a, decimal d);

decimal decimal_of(int64_t whole);

/* The whole number, when it is one. */
bool decimal_whole(decimal d, int64_t *out);

/*
 * d x times / per, rounded to a whole number, halves away from zero; `times`
 * below 10^11, `per` positive and below it. False when the result is more
 * than JSON holds exactly.
 */
bool decimal_scale(decimal d, int64_t times, int64_t per, int64_t *out);

/* amount x times / per, likewise, where the result is known to be small. */
int64_t amount_scale(int64_t amount, int64_t times, int64_t per);

#endif
