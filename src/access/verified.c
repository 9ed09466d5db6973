/*
 * verified: see verified.h. Sets of four places, chosen by the token's hash;
 * the place that ends first gives way. Nothing is ever searched or swept.
 */
#include "access/verified.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 4

struct place {
	unsigned char hash[crypto_hash_sha256_BYTES];
	uint64_t generation;
	struct session session; /* expires_s 0: the place is free */
};

struct verified {
	pthread_mutex_t lock;
	size_t sets;
	struct place *places;
};

struct verified *
verified_new(size_t entries_max)
{
	struct verified *v = calloc(1, sizeof(*v));

	if (v == NULL || pthread_mutex_init(&v->lock, NULL) != 0)
		abort();
	v->sets = entries_max / WAYS > 0 ? entries_max / WAYS : 1;
	v->places = calloc(v->sets * WAYS, sizeof(*v->places));
	if (v->places == NULL)
		abort();
	return v;
}

void
verified_free(struct verified *v)
{
	if (v == NULL)
		return;
	(void)pthread_mutex_destroy(&v->lock);
	free(v->places);
	free(v);
}

/* The token's hash, and the set that it belongs to. */
static struct place *
find_set(const struct verified *v, const char *token,
    unsigned char hash[static crypto_hash_sha256_BYTES])
{
	uint64_t number;

	(void)crypto_hash_sha256(hash, (const unsigned char *)token,
	    strlen(token)); /* never fails */
	memcpy(&number, hash, sizeof(number));
	return &v->places[number % v->sets * WAYS];
}

bool
verified_get(struct verified *v, const char *token, uint64_t generation,
    int64_t now_s, struct session *out)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	struct place *set = find_set(v, token, hash);
	bool found = false;

	(void)pthread_mutex_lock(&v->lock);
	for (int i = 0; i < WAYS && !found; i++) {
		found = set[i].session.expires_s != 0 &&
		    set[i].generation == generation &&
		    memcmp(set[i].hash, hash, sizeof(hash)) == 0 &&
		    session_current(&set[i].session, now_s);
		if (found)
			*out = set[i].session;
	}
	(void)pthread_mutex_unlock(&v->lock);
	return found;
}

void
verified_put(struct verified *v, const char *token, uint64_t generation,
    const struct session *s)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	struct place *set = find_set(v, token, hash), *to = set;

	(void)pthread_mutex_lock(&v->lock);
	for (int i = 0; i < WAYS; i++) {
		if (memcmp(set[i].hash, hash, sizeof(hash)) == 0) {
			to = &set[i];
			break;
		}
		if (set[i].session.expires_s < to->session.expires_s)
			to = &set[i];
	}
	memcpy(to->hash, hash, sizeof(hash));
	to->generation = generation;
	to->session = *s;
	(void)pthread_mutex_unlock(&v->lock);
}
