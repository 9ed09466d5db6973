/*
 * histogram: how long many things took, in little room.
 *
 * A slot for each of the first 128 microseconds, from there on 64 slots for
 * each doubling: whatever the value, it is known to 1.6 %, and integers do.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB 64 /* slots for each doubling */
#define HISTOGRAM_SLOTS (HISTOGRAM_SUB * 32)

struct histogram {
	int64_t count;
	int64_t max_us; /* exact */
	int64_t slots[HISTOGRAM_SLOTS];
};

/* Counts one value; a negative one counts as 0. */
void histogram_add(struct histogram *h, int64_t us);

/*
 * The value that `millionths` of all counted ones stay at or below, rounded
 * up to its slot's end but never above the largest; 0 when none was counted.
 */
int64_t histogram_below(const struct histogram *h, int64_t millionths);

#endif
