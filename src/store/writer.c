/*
 * writer: the queue and the thread. See writer.h, and docs/ledger.md for what
 * was measured.
 */
#include "store/writer_parts.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"

#define PAGE_BYTES 4096
#define RETRY_AFTER_S 1
/* One wait for the lock; between two of them the end of work is noticed. */
#define LOCK_WAIT_MS 2000
#define LOCK_BROKEN_PAUSE_MS 100 /* the kernel refuses it; do not spin */
/* After a checkpoint that readers held up, so much more before the next. */
#define CHECKPOINT_AGAIN_BYTES (INT64_C(16) * 1024 * 1024)
#if defined(__SANITIZE_ADDRESS__)
#define STACK_BYTES (2 * 1024 * 1024) /* its frames are larger */
#else
#define STACK_BYTES (256 * 1024)
#endif

/* ---- the queue ----------------------------------------------------------- */

static void
append(struct writer *w, struct job *j)
{
	j->next = NULL;
	j->prev = w->last;
	if (w->last != NULL)
		w->last->next = j;
	else
		w->first = j;
	w->last = j;
	w->waiting++;
}

static void
unlink_job(struct writer *w, struct job *j)
{
	if (j->prev != NULL)
		j->prev->next = j->next;
	else
		w->first = j->next;
	if (j->next != NULL)
		j->next->prev = j->prev;
	else
		w->last = j->prev;
	w->waiting--;
}

enum vt_err
writer_busy(struct vt_problem *p)
{
	(void)vt_problem(p, VT_BUSY, "database_busy", NULL,
	    "The database is busy. Nothing was changed; try again.");
	if (p != NULL)
		p->retry_after_s = RETRY_AFTER_S;
	return VT_BUSY;
}

enum vt_err
writer_unknown(struct vt_problem *p)
{
	return vt_problem(p, VT_DB, "outcome_unknown", NULL,
	    "The database failed while saving. Whether the change was made is "
	    "not known; look before you try again.");
}

/* Under the mutex: waits until the job is done or its deadline has passed. */
static enum vt_err
wait_for(struct writer *w, struct job *j)
{
	struct timespec until = clock_deadline(w->options.deadline_ms);
	int rc = 0;

	while (j->state == JOB_QUEUED && rc == 0)
		rc = pthread_cond_clockwait(
		    &j->done, &w->mutex, CLOCK_MONOTONIC, &until);
	if (j->state == JOB_QUEUED) {
		unlink_job(w, j);
		w->stats.refused_late++;
		return writer_busy(j->p);
	}
	/* Taken: it may become durable at any moment, so no more deadline. */
	while (j->state != JOB_DONE)
		(void)pthread_cond_wait(&j->done, &w->mutex);
	return j->result;
}

static enum vt_err
enqueue(struct writer *w, struct job *j)
{
	enum vt_err err;

	/* An operation that ran another would wait for itself. */
	assert(!pthread_equal(pthread_self(), w->thread));
	if (pthread_cond_init(&j->done, NULL) != 0)
		abort();
	(void)pthread_mutex_lock(&w->mutex);
	w->callers++;
	if (w->stopping || writer_failed(w))
		err = writer_busy(j->p);
	else if (w->waiting >= w->options.queue_max) {
		w->stats.refused_full++;
		err = writer_busy(j->p);
	} else {
		append(w, j);
		if (w->waiting == 1)
			(void)pthread_cond_signal(&w->work);
		err = wait_for(w, j);
	}
	if (--w->callers == 0)
		(void)pthread_cond_signal(&w->left);
	(void)pthread_mutex_unlock(&w->mutex);
	(void)pthread_cond_destroy(&j->done);
	return err;
}

enum vt_err
writer_run(struct writer *w, write_fn fn, const void *in, void *out,
    struct vt_problem *p)
{
	struct job j = { .fn = fn, .in = in, .out = out, .p = p };

	return enqueue(w, &j);
}

enum vt_err
writer_run_alone(struct writer *w, write_fn fn, const void *in, void *out,
    struct vt_problem *p)
{
	struct job j = {
		.fn = fn, .in = in, .out = out, .p = p, .alone = true
	};

	return enqueue(w, &j);
}

/* Moves what waits into the batch, in order; one that is alone stays so. */
static int
take_jobs(struct writer *w)
{
	struct job *j;
	int n = 0;

	(void)pthread_mutex_lock(&w->mutex);
	while (n < w->options.batch_max && (j = w->first) != NULL) {
		if (j->alone && n > 0)
			break;
		unlink_job(w, j);
		j->state = JOB_TAKEN;
		w->batch[n++] = j;
		if (j->alone)
			break;
	}
	(void)pthread_mutex_unlock(&w->mutex);
	return n;
}

/* Gives back everything that waits: nothing of it has happened. */
static void
refuse_all(struct writer *w)
{
	struct job *j;

	(void)pthread_mutex_lock(&w->mutex);
	while ((j = w->first) != NULL) {
		unlink_job(w, j);
		j->result = writer_busy(j->p);
		j->state = JOB_DONE;
		(void)pthread_cond_signal(&j->done);
	}
	(void)pthread_mutex_unlock(&w->mutex);
}

/* ---- the thread ---------------------------------------------------------- */

/*
 * keeper checkpoints. Without it the log would grow until the disk is full,
 * so a writer does it, under the lock that it holds.
 */
static void
mind_the_log(struct writer *w)
{
	int64_t bytes = db_log_pages(w->db) * PAGE_BYTES, in_log, done;

	if (bytes <= w->log_bytes_next) {
		/* Begun from its start again: forget the last attempt. */
		if (bytes < w->options.log_bytes_max)
			w->log_bytes_next = w->options.log_bytes_max;
		return;
	}
	w->log_bytes_next = bytes + CHECKPOINT_AGAIN_BYTES;
	if (db_checkpoint(w->db, &in_log, &done) != VT_OK)
		return; /* logged there */
	LOG(LOG_WARN, "writer.checkpointed", LOG_I("log_pages", in_log),
	    LOG_I("done_pages", done));
	(void)pthread_mutex_lock(&w->mutex);
	w->stats.checkpoints++;
	(void)pthread_mutex_unlock(&w->mutex);
}

/* False when there is nothing left to do for ever. */
static bool
wait_for_work(struct writer *w)
{
	bool more;

	(void)pthread_mutex_lock(&w->mutex);
	while (w->first == NULL && !w->stopping)
		(void)pthread_cond_wait(&w->work, &w->mutex);
	more = w->first != NULL;
	(void)pthread_mutex_unlock(&w->mutex);
	return more;
}

static enum vt_err
take_lock(struct writer *w)
{
	int64_t began_us = clock_mono_us(), waited_us;
	enum vt_err err;

	err = writelock_take(w->lock, LOCK_WAIT_MS);
	waited_us = clock_mono_us() - began_us;
	(void)pthread_mutex_lock(&w->mutex);
	if (waited_us > w->stats.lock_wait_us_max)
		w->stats.lock_wait_us_max = waited_us;
	(void)pthread_mutex_unlock(&w->mutex);
	return err;
}

/* The lock cannot be had: those who wait have their own deadlines. */
static void
without_lock(struct writer *w, enum vt_err err)
{
	bool stopping;

	(void)pthread_mutex_lock(&w->mutex);
	stopping = w->stopping;
	(void)pthread_mutex_unlock(&w->mutex);
	if (stopping)
		refuse_all(w);
	else if (err != VT_BUSY)
		clock_sleep_ms(LOCK_BROKEN_PAUSE_MS);
}

static void *
writer_main(void *arg)
{
	struct writer *w = arg;
	enum vt_err err;
	int n;

	/* Fails only for a name that is too long. */
	(void)pthread_setname_np(pthread_self(), WRITER_THREAD_NAME);
	while (wait_for_work(w)) {
		err = take_lock(w);
		if (err != VT_OK) {
			without_lock(w, err);
			continue;
		}
		/* Only now, so that what came while we waited is in it. */
		n = writer_failed(w) ? 0 : take_jobs(w);
		if (n > 0) {
			writer_batch(w, n);
			mind_the_log(w);
		}
		writelock_drop(w->lock);
		fault_point("writer.before_wake");
		writer_flush(w, n);
		if (writer_failed(w))
			refuse_all(w);
	}
	return NULL;
}

/* It takes no signal but the write lock's, which unblocks its own. */
void
writer_thread(pthread_t *thread, void *(*main)(void *), struct writer *w)
{
	pthread_attr_t attr;
	sigset_t all, before;

	(void)sigfillset(&all);
	if (pthread_attr_init(&attr) != 0 ||
	    pthread_attr_setstacksize(&attr, STACK_BYTES) != 0)
		abort();
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(thread, &attr, main, w) != 0)
		abort(); /* no memory, or no thread left */
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
}

enum vt_err
writer_start(const struct writer_options *o, struct writer **out)
{
	struct writer *w = calloc(1, sizeof(*w));
	enum vt_err err;

	if (w == NULL)
		abort();
	w->options = *o;
	if (o->batch_max == 0)
		w->options.batch_max = WRITER_BATCH_MAX;
	if (o->queue_max == 0)
		w->options.queue_max = WRITER_QUEUE_MAX;
	if (o->deadline_ms == 0)
		w->options.deadline_ms = WRITER_DEADLINE_MS;
	if (o->log_bytes_max == 0)
		w->options.log_bytes_max = WRITER_LOG_BYTES_MAX;
	assert(w->options.batch_max <= WRITER_BATCH_MAX);
	w->options.db_path = NULL; /* the caller's, not needed any more */
	w->log_bytes_next = w->options.log_bytes_max;
	err = db_open(o->db_path, DB_WRITER, &w->db);
	if (err == VT_OK)
		err = writelock_open(o->db_path, &w->lock);
	if (err != VT_OK) {
		db_close(w->db);
		free(w);
		return err;
	}
	if (pthread_mutex_init(&w->mutex, NULL) != 0 ||
	    pthread_cond_init(&w->work, NULL) != 0 ||
	    pthread_cond_init(&w->ran, NULL) != 0 ||
	    pthread_cond_init(&w->left, NULL) != 0)
		abort();
	writer_flush_start(w);
	writer_thread(&w->thread, writer_main, w);
	*out = w;
	return VT_OK;
}

void
writer_stop(struct writer *w)
{
	if (w == NULL)
		return;
	(void)pthread_mutex_lock(&w->mutex);
	w->stopping = true;
	(void)pthread_cond_signal(&w->work);
	(void)pthread_mutex_unlock(&w->mutex);
	(void)pthread_join(w->thread, NULL);
	writer_flush_stop(w);
	/* Who was given a result has yet to wake up and read it. */
	(void)pthread_mutex_lock(&w->mutex);
	while (w->callers > 0)
		(void)pthread_cond_wait(&w->left, &w->mutex);
	(void)pthread_mutex_unlock(&w->mutex);
	writelock_close(w->lock);
	db_close(w->db);
	(void)pthread_cond_destroy(&w->ran);
	(void)pthread_cond_destroy(&w->left);
	(void)pthread_cond_destroy(&w->work);
	(void)pthread_mutex_destroy(&w->mutex);
	free(w);
}

bool
writer_failed(const struct writer *w)
{
	return w->failed;
}

void
writer_stats(struct writer *w, struct writer_stats *out)
{
	(void)pthread_mutex_lock(&w->mutex);
	*out = w->stats;
	out->waiting = w->waiting;
	(void)pthread_mutex_unlock(&w->mutex);
}
