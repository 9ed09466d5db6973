/*
 * keeper: what has to happen again and again beside the requests.
 *
 * It is the first to open the database after vantage migrate and stays
 * connected, so that the shared index is there for those who may only read.
 * It alone copies the log into the file, under the write lock; it runs
 * events again whose effect failed (R10), ends holds and lots that are past
 * their end (R63, R64), looks at the newest movements, and forgets stored
 * answers after 30 days. It makes backups, and keeps the log between them.
 * It signs what users have asked for, and heads of the chain, with the one
 * secret that it holds and nobody else does. A thread of its own watches over
 * the write lock, since all the rest waits for it. See keeper(8).
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "keeper_backup.h"
#include "keeper_signer.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/process.h"
#include "billing/events.h"
#include "billing/low_balance.h"
#include "ledger/expire.h"
#include "ledger/holds.h"
#include "ledger/idempotency.h"
#include "ledger/verify.h"
#include "store/db.h"
#include "store/migrate.h"
#include "store/watchdog.h"
#include "store/writelock.h"
#include "store/writer.h"

#define TICK_MS 250	  /* between two looks at what is due */
#define CHECKPOINT_MS 700 /* docs/ledger.md: 0.5 to 1 s was measured best */
#define EVENTS_MS 1000	  /* the first retry is due after 5 s */
#define SWEEP_MS 1000	  /* what is due is spent by nobody meanwhile */
#define TAIL_MS 1000
#define BACKUP_MS 1000	 /* between two looks whether one is due */
#define PRUNE_MS 3600000 /* an hour */
#define WATCH_MS 500	 /* between two looks at the write lock */
#define ROUNDS_MAX 3	 /* of a checkpoint that take no lock */
#define ROUND_LONG_MS 20
#define LOCK_WAIT_MS 5000 /* longer than any batch; then a later tick */
#define EVENTS_AT_ONCE 64
/* In one write: others have their turn after some milliseconds. */
#define SWEEP_AT_ONCE 32
#define TAIL_AT_ONCE 5000 /* movements; some 50 ms */
#define ANSWER_KEPT_MS (INT64_C(30) * 24 * 3600 * 1000)

struct keeper {
	const char *path;
	struct instance instance;
	struct db *db; /* checkpoints and short reads */
	struct writelock *lock;
	bool locked; /* it is held */
	struct writer *writer;
	int64_t version; /* of the database at the last checkpoint */
	bool pages_left; /* a reader was in the way of the last one */
	struct verify_tail tail;
	struct keeper_backup *backup;
	struct keeper_signer *signer;
	bool told; /* a signal asked for all that can be done */
	struct watchdog *watchdog;
	pthread_t watch;
	bool watching;
	atomic_bool ending;
};

/* ---- the log ------------------------------------------------------------- */

static void
unlock(void *arg)
{
	struct keeper *k = arg;

	writelock_drop(k->lock);
	k->locked = false;
	fault_point("keeper.checkpoint_begun");
}

/* Once through the log: with the lock to the end, or until it has begun. */
static enum vt_err
copy_log(struct keeper *k, bool apart)
{
	int64_t in_log = 0, done = 0;
	enum vt_err err;

	err = writelock_take(k->lock, LOCK_WAIT_MS);
	if (err != VT_OK)
		return err;
	k->locked = true;
	fault_point("keeper.before_checkpoint");
	keeper_backup_log(k->backup);
	err = apart ? db_checkpoint_apart(k->db, unlock, k, &in_log, &done)
		    : db_checkpoint(k->db, &in_log, &done);
	fault_point("keeper.after_checkpoint");
	if (k->locked)
		unlock(k);
	k->pages_left = err != VT_OK || done < in_log;
	LOG(LOG_DEBUG, "keeper.checkpoint", LOG_I("log_pages", in_log),
	    LOG_I("done_pages", done), LOG_I("apart", apart));
	return err;
}

/*
 * Who writes waits only for the last round, which is needed so that the log
 * comes to its end and is started over. What is committed during a round is
 * left for the next, so each is shorter than the one before; one that took
 * long is followed by another.
 */
static enum vt_err
copy_logs(struct keeper *k)
{
	enum vt_err err = VT_OK;
	int64_t began_ms, took_ms = ROUND_LONG_MS;

	for (int i = 0;
	     err == VT_OK && i < ROUNDS_MAX && took_ms >= ROUND_LONG_MS; i++) {
		began_ms = clock_mono_ms();
		err = copy_log(k, true);
		took_ms = clock_mono_ms() - began_ms;
	}
	if (err == VT_OK)
		err = copy_log(k, false);
	keeper_backup_sync(k->backup);
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
	err = copy_logs(k);
	if (err == VT_OK)
		k->version = version;
	return err;
}

/* ---- backups ------------------------------------------------------------- */

/*
 * A head first: so each backup holds a chain that reaches a signed head of
 * its own time. One that cannot be signed does not keep a backup from being.
 */
static enum vt_err
back_up(struct keeper *k)
{
	enum vt_err head = VT_OK, err;

	if (!keeper_backup_due(k->backup, k->told))
		return VT_OK;
	head = keeper_signer_head(k->signer);
	err = keeper_backup_make(k->backup, k->lock);
	return err != VT_OK ? err : head;
}

/* ---- signatures ---------------------------------------------------------- */

static enum vt_err
sign_statements(struct keeper *k)
{
	return keeper_signer_statements(k->signer);
}

static enum vt_err
sign_head(struct keeper *k)
{
	return keeper_signer_head(k->signer);
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

/* ---- sweeps -------------------------------------------------------------- */

typedef enum vt_err (*sweep_fn)(
    struct db *db, int64_t now_ms, int max, int *count);

struct sweep {
	sweep_fn fn;
	int64_t now_ms;
};

static enum vt_err
sweep_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct sweep *s = in;

	(void)p; /* nobody waits for an answer */
	return s->fn(db, s->now_ms, SWEEP_AT_ONCE, out);
}

/* In small writes, until nothing is due. */
static enum vt_err
sweep(struct keeper *k, const char *what, sweep_fn fn)
{
	struct sweep s = { fn, clock_now_ms() };
	struct vt_problem p = { 0 };
	int64_t swept = 0;
	enum vt_err err;
	int count;

	do {
		count = 0;
		fault_point("keeper.before_sweep");
		err = writer_run(k->writer, sweep_op, &s, &count, &p);
		if (err == VT_OK)
			swept += count;
	} while (err == VT_OK && count == SWEEP_AT_ONCE);
	if (swept > 0)
		LOG(LOG_INFO, "keeper.swept", LOG_S("what", what),
		    LOG_I("count", swept));
	return err;
}

static enum vt_err
sweep_holds(struct keeper *k)
{
	return sweep(k, "holds", holds_sweep);
}

static enum vt_err
sweep_lots(struct keeper *k)
{
	return sweep(k, "lots", expire_sweep);
}

/* ---- the newest movements ------------------------------------------------ */

static void
on_fault(const char *code, const char *sentence, void *arg)
{
	(void)arg; /* the log is all that it needs */
	LOG(LOG_ERROR, "ledger.alarm", LOG_S("code", code),
	    LOG_S("what", sentence));
}

static enum vt_err
verify_newest(struct keeper *k)
{
	struct verify_report r = { .fault = on_fault };
	enum vt_err err;

	do
		err = ledger_verify_tail(k->db, &k->tail, TAIL_AT_ONCE, &r);
	while (err == VT_OK && r.movements == TAIL_AT_ONCE);
	return err;
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

/* ---- the round ----------------------------------------------------------- */

#define HEAD_JOB "head"

static struct job {
	const char *name;
	int64_t every_ms;
	enum vt_err (*run)(struct keeper *k);
	int64_t next_ms; /* by the monotonic clock */
} jobs[] = {
	{ "events", EVENTS_MS, run_events, 0 },
	/* Holds first: what they give back may be past its end itself. */
	{ "holds", SWEEP_MS, sweep_holds, 0 },
	{ "lots", SWEEP_MS, sweep_lots, 0 },
	{ "tail", TAIL_MS, verify_newest, 0 },
	/* Heads first: before anything is signed the last one is looked at. */
	{ HEAD_JOB, 0, sign_head, 0 }, /* every so often as configured */
	{ "statements", TICK_MS, sign_statements, 0 },
	{ "prune", PRUNE_MS, prune, 0 },
	/* Before the first checkpoint, which it wants to see. */
	{ "backup", BACKUP_MS, back_up, 0 },
	/* Last, so that it copies what the others wrote. */
	{ "checkpoint", CHECKPOINT_MS, checkpoint, 0 },
};

static void
set_interval(const char *name, int64_t every_ms)
{
	for (size_t i = 0; i < countof(jobs); i++)
		if (strcmp(jobs[i].name, name) == 0)
			jobs[i].every_ms = every_ms;
}

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

/* ---- the watch ----------------------------------------------------------- */

/* The jobs wait for the write lock themselves, so they cannot watch it. */
static void *
watch(void *arg)
{
	struct keeper *k = arg;

	while (!atomic_load(&k->ending)) {
		(void)watchdog_look(k->watchdog); /* it logs what it does */
		clock_sleep_ms(WATCH_MS);
	}
	return NULL;
}

static void
watch_start(struct keeper *k)
{
	int rc;

	k->watchdog = watchdog_open(k->path);
	rc = pthread_create(&k->watch, NULL, watch, k);
	k->watching = rc == 0;
	if (rc != 0)
		LOG(LOG_ERROR, "keeper.no_watchdog",
		    LOG_S("why", strerror(rc)));
}

static void
watch_end(struct keeper *k)
{
	atomic_store(&k->ending, true);
	if (k->watching)
		(void)pthread_join(k->watch, NULL); /* it runs */
	watchdog_close(k->watchdog);
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
		k->told = got == SIGUSR1;
		round_of_jobs(k, k->told);
		if (writer_failed(k->writer)) {
			LOG(LOG_ERROR, "keeper.ends_after_failed_commit");
			return EX_TEMPFAIL;
		}
		got = wait_a_tick(set);
	}
	/* So that nobody can rewrite, unseen, while no keeper runs. */
	if (sign_head(k) != VT_OK)
		LOG(LOG_ERROR, "keeper.last_head_failed");
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
	low_balance_open();
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
	if (status == 0) {
		k.signer = keeper_signer_open(k.db, k.writer);
		k.backup = keeper_backup_open(k.path);
		set_interval(HEAD_JOB, keeper_signer_interval_ms());
		watch_start(&k);
		status = keep(&k, &set);
		watch_end(&k);
		keeper_backup_close(k.backup);
		keeper_signer_close(k.signer);
	}
	writer_stop(k.writer);
	writelock_close(k.lock);
	db_close(k.db);
	process_end();
	return status;
}
