/*
 * readers: see readers.h. The second connection is opened by the first two
 * reads that meet, since each costs page cache.
 */
#include "store/readers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define PATIENCE_MS 1000
#define TRY_AGAIN_MS 20

struct reader {
	struct db *db; /* NULL until it is first needed */
	bool lent;
};

struct readers {
	char *path;
	pthread_mutex_t mutex; /* guards `lent` of each */
	pthread_cond_t returned;
	struct reader readers[READERS_MAX];
};

enum vt_err
readers_open(const char *db_path, struct readers **out)
{
	struct readers *r = calloc(1, sizeof(*r));
	enum vt_err err;

	if (r == NULL || (r->path = strdup(db_path)) == NULL ||
	    pthread_mutex_init(&r->mutex, NULL) != 0 ||
	    pthread_cond_init(&r->returned, NULL) != 0)
		abort();
	err = db_open(r->path, DB_READER, &r->readers[0].db);
	if (err != VT_OK && err != VT_BUSY) {
		readers_close(r);
		return err;
	}
	/* Busy passes; each run opens what is still missing. */
	*out = r;
	return VT_OK;
}

void
readers_close(struct readers *r)
{
	if (r == NULL)
		return;
	for (int i = 0; i < READERS_MAX; i++)
		db_close(r->readers[i].db);
	(void)pthread_cond_destroy(&r->returned);
	(void)pthread_mutex_destroy(&r->mutex);
	free(r->path);
	free(r);
}

/* A free one, preferably open already. */
static struct reader *
borrow(struct readers *r)
{
	struct reader *found = NULL;

	(void)pthread_mutex_lock(&r->mutex);
	for (;;) {
		for (int i = 0; i < READERS_MAX; i++)
			if (!r->readers[i].lent &&
			    (found == NULL || found->db == NULL))
				found = &r->readers[i];
		if (found != NULL)
			break;
		(void)pthread_cond_wait(&r->returned, &r->mutex);
	}
	found->lent = true;
	(void)pthread_mutex_unlock(&r->mutex);
	return found;
}

static void
give_back(struct readers *r, struct reader *reader)
{
	(void)pthread_mutex_lock(&r->mutex);
	reader->lent = false;
	(void)pthread_cond_signal(&r->returned);
	(void)pthread_mutex_unlock(&r->mutex);
}

/* Opens the connection if need be, and the snapshot. */
static enum vt_err
begin(struct readers *r, struct reader *reader)
{
	enum vt_err err = VT_OK;

	if (reader->db == NULL)
		err = db_open(r->path, DB_READER, &reader->db);
	return err == VT_OK ? db_read_begin(reader->db) : err;
}

/* The same, again and again while the trouble is of the passing kind. */
static enum vt_err
begin_patiently(struct readers *r, struct reader *reader, struct vt_problem *p)
{
	int64_t until_ms = clock_mono_ms() + PATIENCE_MS;
	enum vt_err err = begin(r, reader);

	while (err == VT_BUSY && clock_mono_ms() < until_ms) {
		clock_sleep_ms(TRY_AGAIN_MS);
		err = begin(r, reader);
	}
	if (err == VT_BUSY)
		LOG(LOG_WARN, "readers.busy", LOG_S("path", r->path));
	if (err != VT_OK)
		(void)vt_problem(p, err, "database_busy", NULL,
		    "The database cannot be read just now. Try again.");
	return err;
}

enum vt_err
readers_run(struct readers *r, read_fn fn, const void *in, void *out,
    struct vt_problem *p)
{
	struct reader *reader = borrow(r);
	enum vt_err err;

	err = begin_patiently(r, reader, p);
	if (err == VT_OK) {
		err = fn(reader->db, in, out, p);
		db_read_end(reader->db);
	}
	give_back(r, reader);
	return err;
}
