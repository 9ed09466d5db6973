/*
 * writer: the one way to change the database (docs/ledger.md, write path).
 *
 * A process that writes has one writer thread with the only write
 * connection. Others hand it operations and wait; it takes everything that
 * waits into one transaction, each operation in a savepoint of its own. After
 * the COMMIT a second thread waits for the disk and wakes them all, while the
 * next batch is made. Nothing is answered before that, a refusal neither.
 * Between processes a turnstile of two flock files gives each its turn.
 */
#ifndef VT_STORE_WRITER_H
#define VT_STORE_WRITER_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"
#include "store/writelock.h"

#define WRITER_BATCH_MAX 256
#define WRITER_QUEUE_MAX 1024
/* In the queue; what was taken is waited for. */
#define WRITER_DEADLINE_MS 2000

/* What its thread is called, by which watchdog.h finds it in /proc. */
#define WRITER_THREAD_NAME "vt-writer"

/* A log longer than this is checkpointed here, in case keeper is dead. */
#define WRITER_LOG_BYTES_MAX (INT64_C(256) * 1024 * 1024)

/*
 * An operation: a verb on plain structs. It reads `in` and writes `out`,
 * opens no transaction, calls nobody over a network, and may be run a second
 * time after its first run was undone, so it must not depend on what `out`
 * holds. VT_OK keeps its changes; any other result undoes them, and only
 * them. `p` is the caller's problem, to be filled in on a refusal.
 */
typedef enum vt_err (*write_fn)(
    struct db *db, const void *in, void *out, struct vt_problem *p);

struct writer;

struct writer_options {
	const char *db_path;
	int batch_max;	       /* 0: WRITER_BATCH_MAX; 1 for comparison */
	int queue_max;	       /* 0: WRITER_QUEUE_MAX */
	int64_t deadline_ms;   /* 0: WRITER_DEADLINE_MS */
	int64_t log_bytes_max; /* 0: WRITER_LOG_BYTES_MAX */
};

/*
 * Starts the thread. VT_NOTFOUND, VT_BUSY or VT_DB as db_open(). The schema
 * must have been checked (migrate_check).
 */
enum vt_err
writer_start(const struct writer_options *o, struct writer **out) VT_MUSTCHECK;

/*
 * Finishes what waits, or gives it back as VT_BUSY when the write lock cannot
 * be had for two seconds; then ends the thread and closes. No other thread
 * may call in any more. NULL is fine.
 */
void writer_stop(struct writer *w);

/*
 * Runs fn(db, in, out, p) and returns its result once that result is
 * durable. VT_BUSY with code "database_busy" when the queue is full or the
 * deadline passed before the operation was taken: nothing has happened. A
 * COMMIT, or a wait for the disk, that failed is an unknown outcome: VT_DB
 * with code "outcome_unknown", and writer_failed() says so from then on. VT_DB
 * with code "database_failed" when the engine undid the operation by itself
 * (the disk is full): nothing has happened.
 */
enum vt_err writer_run(struct writer *w, write_fn fn, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

/* The same in a batch of its own, for bulk work. */
enum vt_err writer_run_alone(struct writer *w, write_fn fn, const void *in,
    void *out, struct vt_problem *p) VT_MUSTCHECK;

/* True once a COMMIT or a wait for the disk failed: the process must answer 503
 * and end. */
bool writer_failed(const struct writer *w);

/* Counted since the start, but for the first. */
struct writer_stats {
	int64_t waiting; /* operations in the queue now */
	int64_t operations, batches, refused_full, refused_late, voided;
	int64_t checkpoints; /* that were keeper's to make */
	int64_t lock_wait_us_max;
};
void writer_stats(struct writer *w, struct writer_stats *out);

#endif
