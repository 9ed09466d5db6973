/*
 * random: unpredictable bytes and the ids made of them; a test can replace
 * them with a repeatable sequence.
 */
#ifndef VT_BASE_RANDOM_H
#define VT_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Room for the longest id: prefix of up to 8, 26 characters, terminator. */
#define RANDOM_ID_BYTES 40

/* Once, before anything else here; aborts when the system gives no entropy. */
void random_init(void);

void random_bytes(void *out, size_t bytes);

/* Uniform in 0 .. bound-1; bound > 0. */
uint32_t random_below(uint32_t bound);

/*
 * "ord_" and 26 characters of Crockford's base 32 (lower case): 128 random
 * bits. `prefix` includes the underscore and has at most 8 characters.
 */
void random_id(const char *prefix, char out[static RANDOM_ID_BYTES]);

/*
 * The same for what gets a row of its own: 48 bits are the time in
 * milliseconds and 80 are random. Rows made one after the other are then
 * neighbours in the index on their ids; random ones would each touch a page
 * of their own, of which every commit writes each to the disk.
 */
void random_row_id(const char *prefix, char out[static RANDOM_ID_BYTES]);

/* For tests: from now on everything above repeats for the same seed. */
void random_seed(uint64_t seed);

#endif
