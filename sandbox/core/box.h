/*
 * box: what the local Stripe remembers, and the one lock over it.
 *
 * Everything is in an SQLite file of its own: objects as JSON documents with
 * the columns that lists are filtered by, deliveries, stored answers of
 * idempotent requests, settings. The file is not the ledger: a power cut may
 * cost it the last second, so it does not wait for the disk.
 *
 * A request holds the lock from its first read to its commit, so operations
 * see each other whole or not at all. Whoever calls out (delivery) lets go
 * of it first.
 */
#ifndef SANDBOX_BOX_H
#define SANDBOX_BOX_H

#include <pthread.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "net/https.h"
#include "store/db.h"
#include "text/jwt.h"

/* The version of the API that this program speaks, and nothing older. */
#define BOX_API_VERSION "2026-10-28.endive"

struct delivery;
struct inflight;

struct box {
	pthread_mutex_t lock;
	struct db *db;
	struct https *https;
	const char *origin;	   /* this server's, without a closing slash */
	const char *site;	   /* the stack's origin, for CORS and azp */
	struct jwt_key *key;	   /* signs session tokens */
	const char *kid;	   /* its name in the key set */
	struct delivery *delivery; /* threads and what they are busy with */
	struct inflight *inflight; /* idempotency keys being worked on */
	pthread_mutex_t hang_lock; /* for those whom an outage holds */
	pthread_cond_t hang_over;
	struct arena *arena; /* lives as long as the process */
};

/* Opens or makes the file and reads the configuration; ends the process
 * when something it needs is missing. */
struct box *box_open(void);
void box_close(struct box *b);

void box_lock(struct box *b);
void box_unlock(struct box *b);

/* Forgets everything but the signing key. With the lock held. */
enum vt_err box_reset(struct box *b) VT_MUSTCHECK;

/*
 * Settings: a few names that outlive a restart (modes of outage and of
 * delivery, cards made to fail). With the lock held. box_setting() gives
 * `fallback` when there is none; its result lives in `a`.
 */
const char *box_setting(
    struct box *b, struct arena *a, const char *name, const char *fallback);
int64_t box_setting_int(struct box *b, const char *name, int64_t fallback);
/* NULL removes it. */
void box_set(struct box *b, const char *name, const char *value);
void box_set_int(struct box *b, const char *name, int64_t value);

#endif
