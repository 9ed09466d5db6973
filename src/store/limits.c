/* limits: see limits.h. */
#include "store/limits.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/db.h"
#include "store/writelock.h"

#define PRUNE_EVERY 512	    /* calls; what has ended is then forgotten */
#define OPEN_AGAIN_MS 10000 /* after a failure nobody is counted so long */
#define OPEN_TRIES 20	    /* others may be making the file just now */
#define OPEN_TRY_PAUSE_MS 10
#define REPLACE_WAIT_MS 1000 /* for another that replaces it */

struct limits {
	pthread_mutex_t mutex; /* for all of it */
	char *path;
	struct db *db; /* NULL: failed, tried again at `open_at_ms` */
	int64_t open_at_ms;
	int calls; /* since the last pruning */
};

enum stmt {
	STMT_NO_SYNC,
	STMT_BUSY,
	STMT_CHECK,
	STMT_TABLE,
	STMT_HIT,
	STMT_PRUNE,
	STMT__MAX
};

static const char *const sql[STMT__MAX] = {
	[STMT_NO_SYNC] = "PRAGMA synchronous = OFF",
	[STMT_BUSY] = "PRAGMA busy_timeout = 250",
	[STMT_CHECK] = "PRAGMA quick_check(1)",
	[STMT_TABLE] = "CREATE TABLE IF NOT EXISTS hits ("
		       " key TEXT PRIMARY KEY,"
		       " ends_at INTEGER NOT NULL,"
		       " calls INTEGER NOT NULL"
		       ") STRICT, WITHOUT ROWID",
	[STMT_HIT] = "INSERT INTO hits (key, ends_at, calls)"
		     " VALUES (:key, :now + :window, 1)"
		     " ON CONFLICT (key) DO UPDATE SET"
		     " calls = CASE WHEN ends_at <= :now"
		     "  OR ends_at > :now + :window"
		     "  THEN 1 ELSE calls + 1 END,"
		     " ends_at = CASE WHEN ends_at <= :now"
		     "  OR ends_at > :now + :window"
		     "  THEN :now + :window ELSE ends_at END"
		     " RETURNING calls, ends_at",
	[STMT_PRUNE] = "DELETE FROM hits WHERE ends_at <= :now",
};

/* It is never synced, so a power cut may have left anything. */
static enum vt_err
check(struct db *db)
{
	struct query q;
	enum vt_err err;

	err = db_row(&q, db, sql[STMT_CHECK]);
	if (err == VT_OK && strcmp(db_text(&q, 0), "ok") != 0)
		err = VT_DB;
	db_done(&q);
	return err;
}

static enum vt_err
prepare(struct db *db)
{
	struct query q;
	enum vt_err err;

	err = db_exec(db, sql[STMT_NO_SYNC]);
	if (err != VT_OK)
		return err;
	err = db_row(&q, db, sql[STMT_BUSY]);
	db_done(&q);
	if (err == VT_OK)
		err = check(db);
	return err == VT_OK ? db_exec(db, sql[STMT_TABLE]) : err;
}

static enum vt_err
open_once(struct limits *l)
{
	enum vt_err err;

	if ((err = db_create(l->path)) != VT_OK ||
	    (err = db_open(l->path, DB_PRIVATE, &l->db)) != VT_OK)
		return err;
	err = prepare(l->db);
	if (err != VT_OK) {
		db_close(l->db);
		l->db = NULL;
	}
	return err;
}

/* From now on nobody is counted, until it is tried again. */
static void
give_up(struct limits *l, enum vt_err err)
{
	LOG(LOG_ERROR, "limits.not_counting", LOG_S("path", l->path),
	    LOG_S("why", vt_err_name(err)));
	db_close(l->db);
	l->db = NULL;
	l->open_at_ms = clock_mono_ms() + OPEN_AGAIN_MS;
}

static enum vt_err
open_patiently(struct limits *l)
{
	enum vt_err err = open_once(l);

	for (int tries = 1; err == VT_BUSY && tries < OPEN_TRIES; tries++) {
		clock_sleep_ms(OPEN_TRY_PAUSE_MS);
		err = open_once(l);
	}
	return err;
}

static char *
beside(const struct limits *l, const char *suffix)
{
	char *path;

	if (asprintf(&path, "%s%s", l->path, suffix) < 0)
		abort();
	return path;
}

/* Out of the way, and kept: the path may have been a mistake. */
static bool
move_away(const struct limits *l)
{
	char *damaged = beside(l, ".damaged"), *wal = beside(l, "-wal"),
	     *shm = beside(l, "-shm");
	struct stat st;
	bool ok;

	ok = stat(l->path, &st) == 0 && S_ISREG(st.st_mode) &&
	    rename(l->path, damaged) == 0;
	if (ok) {
		/* Else the new file would get the old one's log. */
		(void)unlink(wal); /* it may not be there */
		(void)unlink(shm); /* likewise */
		LOG(LOG_WARN, "limits.replaced", LOG_S("kept", damaged));
	}
	free(damaged);
	free(wal);
	free(shm);
	return ok;
}

/* Begins anew where the file is damaged, unless another has just done so. */
static enum vt_err
replace(struct limits *l)
{
	struct writelock *lock;
	enum vt_err err;

	err = writelock_open(l->path, &lock);
	if (err != VT_OK)
		return err;
	err = writelock_take(lock, REPLACE_WAIT_MS);
	if (err == VT_OK) {
		err = open_patiently(l);
		if (err == VT_DB && move_away(l))
			err = open_patiently(l);
	}
	writelock_close(lock);
	return err;
}

static void
reopen(struct limits *l)
{
	enum vt_err err = open_patiently(l);

	if (err == VT_DB)
		err = replace(l);
	if (err != VT_OK)
		give_up(l, err);
}

struct limits *
limits_open(const char *path)
{
	struct limits *l = calloc(1, sizeof(*l));

	if (l == NULL || (l->path = strdup(path)) == NULL ||
	    pthread_mutex_init(&l->mutex, NULL) != 0)
		abort();
	reopen(l);
	return l;
}

void
limits_close(struct limits *l)
{
	if (l == NULL)
		return;
	db_close(l->db);
	(void)pthread_mutex_destroy(&l->mutex);
	free(l->path);
	free(l);
}

static enum vt_err
count(struct limits *l, const char *key, int64_t window_ms, int64_t now_ms,
    int64_t *calls, int64_t *ends_at)
{
	struct query q;
	enum vt_err err;

	err = db_row(&q, l->db, sql[STMT_HIT], DB_TEXT("key", key),
	    DB_INT("now", now_ms), DB_INT("window", window_ms));
	if (err == VT_OK) {
		*calls = db_int(&q, 0);
		*ends_at = db_int(&q, 1);
	}
	db_done(&q);
	if (err == VT_OK && ++l->calls >= PRUNE_EVERY) {
		l->calls = 0;
		err = db_exec(l->db, sql[STMT_PRUNE], DB_INT("now", now_ms));
	}
	return err;
}

enum vt_err
limits_hit(struct limits *l, const char *key, int64_t window_ms, int64_t max,
    int64_t now_ms, int *retry_after_s)
{
	int64_t calls = 0, ends_at = 0, wait_s;
	enum vt_err err = VT_OK;

	assert(window_ms > 0 && max > 0);
	(void)pthread_mutex_lock(&l->mutex);
	if (l->db == NULL && clock_mono_ms() >= l->open_at_ms)
		reopen(l);
	if (l->db != NULL)
		err = count(l, key, window_ms, now_ms, &calls, &ends_at);
	/* Busy was logged and passes. */
	if (err != VT_OK && err != VT_BUSY)
		give_up(l, err);
	(void)pthread_mutex_unlock(&l->mutex);
	if (calls <= max)
		return VT_OK;
	wait_s = (ends_at - now_ms + 999) / 1000;
	*retry_after_s = wait_s > INT_MAX ? INT_MAX : (int)wait_s;
	return VT_LIMIT;
}
