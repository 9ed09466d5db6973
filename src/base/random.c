/* random: libsodium's generator, or a seeded one in tests. */
#include "base/random.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define ID_BYTES 16	/* 26 characters */
#define ID_TIME_BYTES 6 /* of them, where the time comes first */

static bool seeded;
static uint64_t seed_value, seed_draws;
static pthread_mutex_t seed_lock = PTHREAD_MUTEX_INITIALIZER;

void
random_init(void)
{
	if (sodium_init() < 0)
		abort();
}

static void
seeded_bytes(void *out, size_t bytes)
{
	unsigned char seed[randombytes_SEEDBYTES] = { 0 };

	(void)pthread_mutex_lock(&seed_lock);
	memcpy(seed, &seed_value, sizeof(seed_value));
	memcpy(seed + sizeof(seed_value), &seed_draws, sizeof(seed_draws));
	seed_draws++;
	(void)pthread_mutex_unlock(&seed_lock);
	randombytes_buf_deterministic(out, bytes, seed);
}

void
random_bytes(void *out, size_t bytes)
{
	if (seeded)
		seeded_bytes(out, bytes);
	else
		randombytes_buf(out, bytes);
}

uint32_t
random_below(uint32_t bound)
{
	uint32_t limit, value;

	assert(bound > 0);
	/* Values above the last whole multiple would favour the low results. */
	limit = UINT32_MAX - UINT32_MAX % bound;
	do {
		random_bytes(&value, sizeof(value));
	} while (value >= limit);
	return value % bound;
}

/* Digits in the order of their letters, so that texts sort as numbers do. */
static void
write_id(const char *prefix, const unsigned char raw[static ID_BYTES],
    char out[static RANDOM_ID_BYTES])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	size_t n = strlen(prefix);
	unsigned bits = 0, have = 0;

	assert(n <= 8);
	memcpy(out, prefix, n);
	for (size_t i = 0; i < ID_BYTES; i++) {
		bits = bits << 8 | raw[i];
		for (have += 8; have >= 5; have -= 5)
			out[n++] = digits[bits >> (have - 5) & 31];
		bits &= 31;
	}
	out[n++] = digits[bits << (5 - have) & 31];
	out[n] = '\0';
}

void
random_id(const char *prefix, char out[static RANDOM_ID_BYTES])
{
	unsigned char raw[ID_BYTES];

	random_bytes(raw, sizeof(raw));
	write_id(prefix, raw, out);
}

void
random_row_id(const char *prefix, char out[static RANDOM_ID_BYTES])
{
	uint64_t now = (uint64_t)clock_now_ms();
	unsigned char raw[ID_BYTES];

	random_bytes(raw, sizeof(raw));
	for (int i = 0; i < ID_TIME_BYTES; i++)
		raw[i] = (unsigned char)(now >> (8 * (ID_TIME_BYTES - 1 - i)));
	write_id(prefix, raw, out);
}

void
random_seed(uint64_t seed)
{
	seeded = true;
	seed_value = seed;
	seed_draws = 0;
}
