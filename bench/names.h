/*
 * names: what the seeder and the load generator call the same things.
 *
 * References of a service's own are spread over their whole range, as
 * random ones are, so that an index is entered all over; yet each name says
 * its number at its end, by which the check afterwards knows it again.
 */
#ifndef BENCH_NAMES_H
#define BENCH_NAMES_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#define NAMES_BYTES 64
#define NAMES_BUYERS 20000 /* whose purchases are open, in any database */
#define NAMES_TOKENS 10	   /* of the package that every order is for */
#define NAMES_AMOUNT 999
#define NAMES_PACKAGE "starter"

/* A permutation of the numbers (the finalizer of SplitMix64). */
static inline uint64_t
names_mix(uint64_t n)
{
	n += UINT64_C(0x9e3779b97f4a7c15);
	n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
	return n ^ n >> 31;
}

/* "0123456789abcdefn7" for the seventh. */
static inline void
names_spread(const char *prefix, int64_t n, char out[static NAMES_BYTES])
{
	(void)snprintf(out, NAMES_BYTES, "%s%016" PRIx64 "n%" PRId64, prefix,
	    names_mix((uint64_t)n), n);
}

/*
 * An id as Stripe makes them: those of later things sort behind those of
 * earlier ones. "evt_100000000070123456789abcdefn7" for the seventh.
 */
static inline void
names_stripe(const char *prefix, int64_t n, char out[static NAMES_BYTES])
{
	(void)snprintf(out, NAMES_BYTES,
	    "%s1%010" PRIx64 "%016" PRIx64 "n%" PRId64, prefix, (uint64_t)n,
	    names_mix((uint64_t)n), n);
}

/* Clerk's name of the user with this number, from 0. */
static inline void
names_user(int64_t user, char out[static NAMES_BYTES])
{
	(void)snprintf(out, NAMES_BYTES, "user_bench%08" PRId64, user);
}

#endif
