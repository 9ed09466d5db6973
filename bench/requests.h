/*
 * requests: what the load generator sends, one kind for each case.
 *
 * A request has a number and is a function of it: the same number is the
 * same spend, the same event, sent again. Webhooks are signed anew each time
 * they are sent, as Stripe does it.
 */
#ifndef BENCH_REQUESTS_H
#define BENCH_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct signature_keys;

struct requests {
	const struct request_kind *kind;
	const char *path;
	int64_t users;		     /* that the database was seeded with */
	const char *instance;	     /* in the metadata of intents, or NULL */
	struct signature_keys *keys; /* for webhooks */
	char **credentials;	     /* request n shows number n of them */
	int64_t credentials_count;
	struct buf body; /* room that is used again */
};

/* The kind of this name, or NULL; the names, separated by blanks. */
const struct request_kind *request_kind_find(const char *name);
const char *request_kind_names(void);

/* True when its requests are signed and need `keys`. */
bool request_kind_signed(const struct request_kind *k);

/* Appends request number n, whole. `now_s` goes into signatures. */
void
request_write(struct requests *r, int64_t n, int64_t now_s, struct buf *out);

#endif
