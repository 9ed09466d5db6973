/*
 * keeper_backup: see keeper_backup.h.
 *
 * The copy and its proof take as long as the database is large, so they run
 * in a thread, while the log goes on being kept. Snapshot and new log begin
 * in one turn of the write lock, so nothing lies between them. A keeper that
 * was started again begins with a backup: what was written meanwhile may be
 * missing from the log; but not with one a second, should it never live long.
 */
#include "keeper_backup.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"
#include "ledger/verify.h"
#include "store/backup.h"

#define INTERVAL_S 3600 /* how much log a restore has to play back */
#define INTERVAL_S_MIN 10
#define INTERVAL_S_MAX 604800
#define KEEP 24
#define KEEP_MAX 100000
#define AGAIN_MS 60000 /* after a failure */
#define LOCK_WAIT_MS 5000

struct keeper_backup {
	const char *db_path, *dir; /* dir NULL: nothing is kept */
	int64_t interval_ms;
	int keep;
	int64_t next_ms; /* by the monotonic clock */
	struct kept_log *log;
	bool log_lost; /* the kept log has a hole: a backup is due */
	/* The one that is being made. */
	struct backup *making;
	char path[BACKUP_PATH_BYTES];
	pthread_t thread;
	bool running;
	atomic_bool done, good; /* set by the thread at its end */
};

/* ---- the thread ---------------------------------------------------------- */

static void
on_fault(const char *code, const char *sentence, void *arg)
{
	(void)arg; /* the log is all that it needs */
	LOG(LOG_ERROR, "ledger.alarm", LOG_S("code", code),
	    LOG_S("what", sentence));
}

static enum vt_err
prove(struct db *db, void *arg, struct vt_problem *p)
{
	struct verify_report r = { .fault = on_fault };
	enum vt_err err;

	(void)arg; /* the books alone say */
	err = ledger_verify(db, &r);
	if (err == VT_OK && r.faults > 0)
		return vt_problem(p, VT_CONFLICT, "books_not_in_order", NULL,
		    "The books in the copy are not in order.");
	return err;
}

static void *
make(void *arg)
{
	struct keeper_backup *b = arg;
	struct vt_problem p = { 0 };
	int64_t began = clock_mono_ms();
	enum vt_err err;

	err = backup_finish(b->making, prove, NULL, &p);
	if (err == VT_OK)
		LOG(LOG_INFO, "keeper.backup", LOG_S("path", b->path),
		    LOG_I("took_ms", clock_mono_ms() - began));
	else
		LOG(LOG_ERROR, "keeper.backup_failed", LOG_S("path", b->path),
		    LOG_S("result", vt_err_name(err)), LOG_S("why", p.message));
	if (err == VT_OK)
		backup_prune(b->dir, b->keep, b->keep * b->interval_ms);
	atomic_store(&b->good, err == VT_OK);
	atomic_store(&b->done, true);
	return NULL;
}

/* ---- the job ------------------------------------------------------------- */

struct keeper_backup *
keeper_backup_open(const char *db_path)
{
	struct keeper_backup *b = calloc(1, sizeof(*b));
	char newest[BACKUP_PATH_BYTES];
	int64_t age_ms;
	struct stat st;

	if (b == NULL)
		abort();
	b->db_path = db_path;
	b->dir = config_get("VANTAGE_BACKUP_DIR", NULL);
	b->interval_ms = config_int("VANTAGE_BACKUP_INTERVAL_S", INTERVAL_S,
			     INTERVAL_S_MIN, INTERVAL_S_MAX) *
	    1000;
	b->keep = (int)config_int("VANTAGE_BACKUP_KEEP", KEEP, 1, KEEP_MAX);
	b->log = kept_log_open(db_path);
	if (b->dir != NULL && backup_newest(b->dir, newest) == VT_OK &&
	    stat(newest, &st) == 0) {
		age_ms = clock_now_ms() - (int64_t)st.st_mtime * 1000;
		if (age_ms >= 0 && age_ms < b->interval_ms / 6)
			b->next_ms =
			    clock_mono_ms() + b->interval_ms / 6 - age_ms;
	}
	return b;
}

static void
join(struct keeper_backup *b)
{
	if (!b->running)
		return;
	(void)pthread_join(b->thread, NULL); /* it runs */
	b->running = false;
	if (!atomic_load(&b->good))
		b->next_ms = clock_mono_ms() + AGAIN_MS;
}

void
keeper_backup_close(struct keeper_backup *b)
{
	if (b == NULL)
		return;
	join(b);
	kept_log_close(b->log);
	free(b);
}

/* With the write lock: the snapshot and the log that follows it. */
static enum vt_err
begin(struct keeper_backup *b)
{
	char log_path[BACKUP_PATH_BYTES];
	struct vt_problem p = { 0 };
	enum vt_err err;

	err = backup_path(b->dir, clock_now_ms(), b->path, &p);
	if (err == VT_OK && !backup_log_path(b->path, log_path))
		err = vt_problem(&p, VT_NOTFOUND, "no_folder", NULL,
		    "VANTAGE_BACKUP_DIR is no folder.");
	if (err != VT_OK) {
		LOG(LOG_ERROR, "keeper.backup_failed", LOG_S("path", b->path),
		    LOG_S("why", p.message));
		return err;
	}
	err = backup_begin(b->db_path, b->path, &b->making);
	if (err == VT_OK)
		b->log_lost = kept_log_begin(b->log, log_path) != VT_OK;
	return err;
}

static enum vt_err
start(struct keeper_backup *b)
{
	int rc;

	atomic_store(&b->done, false);
	atomic_store(&b->good, false);
	rc = pthread_create(&b->thread, NULL, make, b);
	b->running = rc == 0;
	if (rc == 0)
		return VT_OK;
	LOG(LOG_ERROR, "keeper.no_thread", LOG_S("why", strerror(rc)));
	(void)make(b); /* then here, and it logs how it ended */
	return VT_SYS;
}

bool
keeper_backup_due(struct keeper_backup *b, bool now)
{
	if (b->dir == NULL || (b->running && !atomic_load(&b->done)))
		return false;
	join(b);
	return now || clock_mono_ms() >= b->next_ms;
}

enum vt_err
keeper_backup_make(struct keeper_backup *b, struct writelock *lock)
{
	enum vt_err err;

	b->next_ms = clock_mono_ms() + AGAIN_MS;
	err = writelock_take(lock, LOCK_WAIT_MS);
	if (err != VT_OK)
		return err;
	fault_point("keeper.before_backup");
	err = begin(b);
	writelock_drop(lock);
	if (err != VT_OK)
		return err;
	b->next_ms = clock_mono_ms() + b->interval_ms;
	return start(b);
}

/* ---- the log ------------------------------------------------------------- */

static void
lost(struct keeper_backup *b)
{
	if (!b->log_lost)
		b->next_ms = clock_mono_ms() + AGAIN_MS;
	b->log_lost = true;
}

void
keeper_backup_log(struct keeper_backup *b)
{
	if (kept_log_copy(b->log) != VT_OK)
		lost(b);
}

void
keeper_backup_sync(struct keeper_backup *b)
{
	if (kept_log_sync(b->log) != VT_OK)
		lost(b);
}
