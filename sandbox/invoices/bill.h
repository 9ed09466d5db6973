/*
 * bill: how much is taken off each line of a bill. Whole numbers in the
 * smallest unit of one currency; nothing here knows an object.
 */
#ifndef SANDBOX_BILL_H
#define SANDBOX_BILL_H

#include <stddef.h>

#include "core/decimal.h"

struct bill_line {
	int64_t left; /* after the discounts before */
	bool takes;   /* the discount applies to it */
	int64_t off;  /* out: what it takes off this line */
};

/* A share of each line, rounded for itself, halves away from zero. */
void bill_percent(struct bill_line *lines, size_t count, decimal percent);

/*
 * An amount over all lines together, in proportion to what is left of each.
 * Never more than is left; the parts add up to the amount exactly, what is
 * lost in rounding going where the most was lost. Credits take no part.
 */
void bill_amount(struct bill_line *lines, size_t count, int64_t amount);

#endif
