/*
 * keeper: what has to happen again and again beside the requests.
 *
 * It is the first to open the database after vantage migrate and stays
 * connected, so that the shared index is there for those who may only read.
 * It alone copies the log into the file, under the write lock; it runs
 * events again whose effect failed (R10), forgets stored answers after 30
 * days, and ends a process that keeps the write lock from everybody. It
 * holds no secret. See keeper(8).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/process.h"
#include "billing/events.h"
#include "ledger/idempotency.h"
#include "store/db.h"
#include "store/migrate.h"
#include "store/writelock.h"
#include "store/writer.h"

#define TICK_MS 250	  /* between two looks at what is due */
#define CHECKPOINT_MS 700 /* docs/ledger.md: 0.5 to 1 s was measured best */
#define EVENTS_MS 1000	  /* the first retry is due after 5 s */
#define PRUNE_MS 3600000  /* an hour */
#define WATCH_MS 1000	  /* between two looks at who holds the lock */
#define LOCK_WAIT_MS 5000 /* longer than any batch; then a later tick */
#define EVENTS_AT_ONCE 64
#define ANSWER_KEPT_MS (INT64_C(30) * 24 * 3600 * 1000)

struct keeper {
	const char *path;
	struct instance instance;
	struct db *db; /* checkpoints and short reads */
	struct writelock *lock;
	struct writer *writer;
	int64_t version; /* of the database at the last checkpoint */
	bool pages_left; /* a reader was in the way of the last one */
};

/* ---- the log ------------------------------------------------------------- */

static enum vt_err
copy_log(struct keeper *k)
{
	int64_t in_log = 0, done = 0;
	enum vt_err err;

	err = writelock_take(k->lock, LOCK_WAIT_MS);
	if (err != VT_OK)
		return err;
	fault_point("keeper.before_checkpoint");
	err = db_checkpoint(k->db, &in_log, &done);
	fault_point("keeper.after_checkpoint");
	writelock_drop(k->lock);
	k->pages_left = err != VT_OK || done < in_log;
	LOG(LOG_DEBUG, "keeper.checkpoint", LOG_I("log_pages", in_log),
	    LOG_I("done_pages", done));
	return err;
}

/*
 * The version is read before the copy: what is committed meanwhile is then
 * seen as news the next time.
 */
static enum vt_err
checkpoint(struct keeper *k)
{
	int64_t version;
	enum vt_err err;

	err = db_version(k->db, &version);
	if (err != VT_OK || (version == k->version && !k->pages_left))
		return err;
	err = copy_log(k);
	if (err == VT_OK)
		k->version = version;
	return err;
}

/* ---- events -------------------------------------------------------------- */

static enum vt_err
run_event(struct keeper *k, const struct event_id *e)
{
	struct event_again again = { e->id, &k->instance, clock_now_ms() };
	struct event_done done;
	struct vt_problem p = { 0 };
	enum vt_err err;

	fault_point("keeper.before_event");
	err = writer_run(k->writer, event_run_again, &again, &done, &p);
	fault_point("keeper.after_event");
	if (err == VT_NOTFOUND)
		return VT_OK; /* somebody else has settled it meanwhile */
	if (err != VT_OK)
		return err;
	LOG(done.outcome == EVENT_FAILED ? LOG_WARN : LOG_INFO, "event.again",
	    LOG_S("id", e->id), LOG_I("tries", e->tries + 1),
	    LOG_S("outcome", event_outcome_name(done.outcome)),
	    LOG_S("reason", done.reason));
	return VT_OK;
}

/*
 * One that fails again is due later, so this comes to an end. One that could
 * not even be run stays due: the others still have their turn, and then the
 * next tick tries again.
 */
static enum vt_err
run_events(struct keeper *k)
{
	struct event_id due[EVENTS_AT_ONCE];
	enum vt_err err, first = VT_OK;
	size_t count;

	do {
		err = events_failed_due(
		    k->db, clock_now_ms(), due, countof(due), &count);
		if (err != VT_OK)
			return err;
		for (size_t i = 0; i < count; i++) {
			err = run_event(k, &due[i]);
			if (first == VT_OK)
				first = err;
		}
	} while (first == VT_OK && count == countof(due));
	return first;
}

/* ---- pruning ------------------------------------------------------------- */

static enum vt_err
prune_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)p; /* nobody waits for an answer */
	return idempotency_prune(db, *(const int64_t *)in, out);
}

static enum vt_err
prune(struct keeper *k)
{
	int64_t before = clock_now_ms() - ANSWER_KEPT_MS, pruned = 0;
	struct vt_problem p = { 0 };
	enum vt_err err;

	fault_point("keeper.before_prune");
	err = writer_run_alone(k->writer, prune_op, &before, &pruned, &p);
	if (err == VT_OK && pruned > 0)
		LOG(LOG_INFO, "keeper.pruned", LOG_I("answers", pruned));
	return err;
}

/* ---- the watchdog --------------------------------------------------------
 */

/*
 * True for the command line: a migration may take its time, and a person
 * looks on.
 */
static bool
is_command_line(pid_t pid)
{
	char path[48], name[32] = "";
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false; /* gone meanwhile */
	if (fgets(name, sizeof(name), f) == NULL)
		name[0] = '\0';
	(void)fclose(f); /* only read */
	return strcmp(name, "vantage\n") == 0;
}

/*
 * A process that is stopped or hangs with the write lock in its hand keeps
 * every other one from writing. The turnstile lets us have it in our turn;
 * who still has it after LOCK_WAIT_MS is ended, and SQLite undoes what it
 * had begun.
 */
static enum vt_err
watch(struct keeper *k)
{
	enum vt_err err;
	pid_t pid;

	pid = writelock_holder(k->lock);
	if (pid == 0 || pid == getpid())
		return VT_OK;
	err = writelock_take(k->lock, LOCK_WAIT_MS);
	if (err == VT_OK)
		writelock_drop(k->lock);
	if (err != VT_BUSY)
		return err;
	if (writelock_holder(k->lock) != pid || is_command_line(pid))
		return VT_OK;
	LOG(LOG_ERROR, "keeper.ends_frozen_writer", LOG_I("frozen", pid));
	if (kill(pid, SIGKILL) == 0 || errno == ESRCH)
		return VT_OK;
	LOG(LOG_ERROR, "keeper.kill_failed", LOG_I("frozen", pid),
	    LOG_S("why", strerror(errno)));
	return VT_SYS;
}

/* ---- the round ----------------------------------------------------------- */

static struct job {
	const char *name;
	int64_t every_ms;
	enum vt_err (*run)(struct keeper *k);
	int64_t next_ms; /* by the monotonic clock */
} jobs[] = {
	{ "events", EVENTS_MS, run_events, 0 },
	{ "prune", PRUNE_MS, prune, 0 },
	{ "watch", WATCH_MS, watch, 0 },
	/* Last, so that it copies what the others wrote. */
	{ "checkpoint", CHECKPOINT_MS, checkpoint, 0 },
};

static void
round_of_jobs(struct keeper *k, bool all)
{
	int64_t now;
	enum vt_err err;

	for (size_t i = 0; i < countof(jobs); i++) {
		now = clock_mono_ms();
		if (!all && now < jobs[i].next_ms)
			continue;
		err = jobs[i].run(k);
		if (err != VT_OK) /* tried again at its next time */
			LOG(LOG_ERROR, "keeper.job_failed",
			    LOG_S("job", jobs[i].name),
			    LOG_S("result", vt_err_name(err)));
		jobs[i].next_ms = clock_mono_ms() + jobs[i].every_ms;
	}
}

/* Before the first thread: the signals are waited for, in main alone. */
static void
block_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGUSR1);
	if (pthread_sigmask(SIG_BLOCK, set, NULL) != 0)
		abort(); /* only for arguments that make no sense */
}

/* The signal that came within the tick, or 0. */
static int
wait_a_tick(const sigset_t *set)
{
	const struct timespec tick = { 0, TICK_MS * 1000000L };
	int got = sigtimedwait(set, NULL, &tick);

	return got > 0 ? got : 0; /* EAGAIN, or EINTR by a debugger */
}

static int
keep(struct keeper *k, const sigset_t *set)
{
	int got = 0;

	LOG(LOG_INFO, "keeper.started", LOG_S("database", k->path));
	while (got != SIGTERM && got != SIGINT) {
		round_of_jobs(k, got == SIGUSR1);
		if (writer_failed(k->writer)) {
			LOG(LOG_ERROR, "keeper.ends_after_failed_commit");
			return EX_TEMPFAIL;
		}
		got = wait_a_tick(set);
	}
	LOG(LOG_INFO, "keeper.ended", LOG_I("signal", got));
	return EXIT_SUCCESS;
}

/* ---- start and end ------------------------------------------------------- */

static int
failed(const struct keeper *k, enum vt_err err, const struct vt_problem *p)
{
	LOG(LOG_ERROR, "keeper.database_failed",
	    LOG_S("result", vt_err_name(err)), LOG_S("code", p->code),
	    LOG_S("why", p->message), LOG_S("path", k->path));
	/* Missing or of another step is for a person to mend. */
	return err == VT_NOTFOUND || err == VT_CONFLICT ? EX_CONFIG
							: EX_TEMPFAIL;
}

static int
open_all(struct keeper *k)
{
	struct vt_problem p = { 0 };
	int64_t version;
	enum vt_err err;

	k->path = config_need("VANTAGE_DB");
	err = db_open(k->path, DB_KEEPER, &k->db);
	/* The first read makes the shared index, or mends it. */
	if (err == VT_OK)
		err = db_version(k->db, &version);
	if (err == VT_OK)
		err = migrate_check(k->path, &k->instance, &p);
	if (err != VT_OK)
		return failed(k, err, &p);
	process_refuse_clock(k->instance.livemode);
	err = writelock_open(k->path, &k->lock);
	if (err == VT_OK)
		err = writer_start(
		    &(struct writer_options){ .db_path = k->path }, &k->writer);
	return err == VT_OK ? 0 : failed(k, err, &p);
}

int
main(int argc, char **argv)
{
	/* A version that no database has: the first look copies the log. */
	struct keeper k = { .version = -1 };
	sigset_t set;
	int status;

	(void)argv;
	if (argc > 1) {
		static const char text[] = "usage: keeper\n";

		return write(STDERR_FILENO, text, sizeof(text) - 1) < 0
		    ? EX_IOERR
		    : EX_USAGE;
	}
	process_start("keeper");
	block_signals(&set);
	status = open_all(&k);
	if (status == 0)
		status = keep(&k, &set);
	writer_stop(k.writer);
	writelock_close(k.lock);
	db_close(k.db);
	process_end();
	return status;
}
