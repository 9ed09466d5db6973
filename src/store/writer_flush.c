/*
 * writer_flush: a thread that waits for the disk, so that the writer's does
 * not. See writer_parts.h.
 *
 * A batch that is committed is in the log and seen by other connections; what
 * it did is told to nobody before the disk has it. Meanwhile the writer makes
 * the next batch, in this process or in another. All of them are in the one
 * log, in order, so waiting for the newest is waiting for all before it.
 */
#include "store/writer_parts.h"

#include "base/fault.h"
#include "base/log.h"

/* Ends jobs that were run; those that were committed once they are durable. */
static void
finish(struct writer *w, struct job *j)
{
	struct job *next;
	bool ok;

	fault_point("writer.before_sync");
	/* After a failure the kernel may say that all is well the next time. */
	ok = !writer_failed(w) && !fault_fails("writer.sync") &&
	    db_sync(w->db) == VT_OK;
	fault_point("writer.after_sync");
	if (!ok && !writer_failed(w)) {
		w->failed = true;
		LOG(LOG_ERROR, "writer.sync_failed");
	}
	(void)pthread_mutex_lock(&w->mutex);
	for (; j != NULL; j = next) {
		next = j->next; /* its owner may be gone once it is DONE */
		if (!ok && j->committed)
			j->result = writer_unknown(j->p);
		j->state = JOB_DONE;
		(void)pthread_cond_signal(&j->done);
	}
	(void)pthread_mutex_unlock(&w->mutex);
}

/* Cuts off the first n, in order; what is left stays. */
static struct job *
take_first(struct writer *w, int n)
{
	struct job *jobs = w->unsynced, **end = &w->unsynced;

	for (int i = 0; i < n && *end != NULL; i++)
		end = &(*end)->next;
	w->unsynced = *end;
	if (w->unsynced == NULL)
		w->unsynced_end = &w->unsynced;
	*end = NULL;
	return jobs;
}

/*
 * Waits for jobs that were run, and takes as many as are made durable
 * together; NULL: there are no more.
 */
static struct job *
take(struct writer *w)
{
	struct job *jobs;

	(void)pthread_mutex_lock(&w->mutex);
	w->flushing = false;
	while (w->unsynced == NULL && !w->no_more)
		(void)pthread_cond_wait(&w->ran, &w->mutex);
	jobs = take_first(w, w->options.batch_max);
	w->flushing = jobs != NULL;
	(void)pthread_mutex_unlock(&w->mutex);
	return jobs;
}

static void *
flusher_main(void *arg)
{
	struct writer *w = arg;
	struct job *jobs;

	(void)pthread_setname_np(
	    pthread_self(), "vt-flusher"); /* short enough */
	while ((jobs = take(w)) != NULL)
		finish(w, jobs);
	return NULL;
}

/* The batch as a list; where its end is, for another to follow. */
static struct job **
link_batch(struct writer *w, int n, struct job **list)
{
	struct job **end = list;

	for (int i = 0; i < n; i++) {
		*end = w->batch[i];
		end = &w->batch[i]->next;
	}
	*end = NULL;
	return end;
}

/*
 * One that is alone has nobody to wait beside: the writer's thread does it,
 * which saves waking another.
 */
void
writer_flush(struct writer *w, int n)
{
	struct job *list, **end = link_batch(w, n, &list);
	bool here;

	(void)pthread_mutex_lock(&w->mutex);
	w->stats.operations += n;
	w->stats.batches += n > 0;
	here = n == 1 && w->waiting == 0 && w->unsynced == NULL && !w->flushing;
	if (n > 0 && !here) {
		*w->unsynced_end = list;
		w->unsynced_end = end;
	}
	(void)pthread_mutex_unlock(&w->mutex);
	if (here)
		finish(w, list);
	else if (n > 0)
		(void)pthread_cond_signal(&w->ran);
}

void
writer_flush_start(struct writer *w)
{
	w->unsynced_end = &w->unsynced;
	writer_thread(&w->flusher, flusher_main, w);
}

void
writer_flush_stop(struct writer *w)
{
	(void)pthread_mutex_lock(&w->mutex);
	w->no_more = true;
	(void)pthread_cond_signal(&w->ran);
	(void)pthread_mutex_unlock(&w->mutex);
	(void)pthread_join(w->flusher, NULL);
}
