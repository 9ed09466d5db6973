/*
 * writer_parts: what writer.c, writer_batch.c and writer_flush.c share. A job
 * goes from the queue into a batch, is run there, and waits for the disk.
 *
 * It lives on the stack of the thread that waits for it. While it is QUEUED
 * its owner may take it back; once TAKEN it belongs to the writer until that
 * sets DONE, so `in`, `out` and `p` stay valid for as long as they are used.
 */
#ifndef VT_STORE_WRITER_PARTS_H
#define VT_STORE_WRITER_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/writer.h"

enum job_state { JOB_QUEUED, JOB_TAKEN, JOB_DONE };

struct job {
	struct job *next, *prev;
	write_fn fn;
	const void *in;
	void *out;
	struct vt_problem *p; /* or NULL */
	bool alone;
	bool committed;	      /* so it waits for the disk */
	enum job_state state; /* under the mutex */
	enum vt_err result;   /* the writer's until DONE */
	pthread_cond_t done;
};

struct writer {
	struct db *db;
	struct writelock *lock;
	struct writer_options options;
	pthread_t thread, flusher;

	pthread_mutex_t mutex; /* what follows, up to the blank line */
	pthread_cond_t work, left, ran;
	struct job *first, *last;
	struct job *unsynced, **unsynced_end; /* that were run, in order */
	bool flushing;			      /* some of them, now */
	bool no_more;			      /* of them, ever */
	int waiting;			      /* jobs in the queue */
	int callers;			      /* threads inside writer_run() */
	bool stopping;
	struct writer_stats stats;

	atomic_bool failed;
	int64_t log_bytes_next; /* length that asks for a checkpoint */
	struct job *batch[WRITER_BATCH_MAX];
};

/* Starts one of the two threads: writer.c. */
void writer_thread(pthread_t *thread, void *(*main)(void *), struct writer *w);

/* What a caller is told: nothing has happened, or it is not known. */
enum vt_err writer_busy(struct vt_problem *p);
enum vt_err writer_unknown(struct vt_problem *p);

/* ---- writer_batch.c: under the write lock -------------------------------- */

/* Runs the first n of w->batch; each has its result, none is DONE yet. */
void writer_batch(struct writer *w, int n);

/* ---- writer_flush.c: without it ------------------------------------------ */

/* What was run and committed is durable, and DONE, some time after this. */
void writer_flush(struct writer *w, int n);

void writer_flush_start(struct writer *w);
void writer_flush_stop(struct writer *w); /* after the writer's thread */

#endif
