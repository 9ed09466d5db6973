/* histogram: see histogram.h. */
#include "histogram.h"

/* Values up to twice HISTOGRAM_SUB have a slot each. */
static int
slot_of(int64_t us)
{
	int shift = 0, slot;

	while (us >> shift >= 2 * HISTOGRAM_SUB)
		shift++;
	slot = shift * HISTOGRAM_SUB + (int)(us >> shift);
	return slot < HISTOGRAM_SLOTS ? slot : HISTOGRAM_SLOTS - 1;
}

/* The largest value of a slot. */
static int64_t
end_of(int slot)
{
	int shift = slot < 2 * HISTOGRAM_SUB ? 0 : slot / HISTOGRAM_SUB - 1;
	int64_t first = (int64_t)(slot - shift * HISTOGRAM_SUB) << shift;

	return first + (INT64_C(1) << shift) - 1;
}

void
histogram_add(struct histogram *h, int64_t us)
{
	if (us < 0)
		us = 0;
	if (us > h->max_us)
		h->max_us = us;
	h->slots[slot_of(us)]++;
	h->count++;
}

int64_t
histogram_below(const struct histogram *h, int64_t millionths)
{
	/* Rounded up: below the median of three are two. */
	int64_t wanted = (h->count * millionths + 999999) / 1000000, seen = 0;
	int64_t end;

	if (h->count == 0)
		return 0;
	for (int i = 0; i < HISTOGRAM_SLOTS; i++) {
		seen += h->slots[i];
		if (seen >= wanted && seen > 0) {
			end = end_of(i);
			return end < h->max_us ? end : h->max_us;
		}
	}
	return h->max_us;
}
