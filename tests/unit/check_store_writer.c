/*
 * writer: batches, deadlines and failures of one process's writer.
 *
 * A batch is made by holding the write lock until everything that is to be
 * in it waits in the queue.
 */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "scratch.h"
#include "store/writer.h"

#define JOBS_MAX 8

static const char schema[] =
    "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)"
    " STRICT;"
    "CREATE TABLE balance (id INTEGER PRIMARY KEY,"
    " left INTEGER NOT NULL CHECK (left >= 0)) STRICT;"
    "INSERT INTO balance (id, left) VALUES (1, 50);";

static const char sql_things[] = "SELECT count(*) FROM things";

static struct writer *writer;
static struct writelock *lock;

/* ---- the disk ------------------------------------------------------------ */

/* How SQLite waits for the disk: here the disk may be slow, or fail. */
static struct {
	atomic_bool slow, broken;
	sem_t asked, go_on;
	atomic_int syncs;
} disk;

int
fdatasync(int fd)
{
	disk.syncs++;
	if (disk.slow) {
		ck_assert_int_eq(sem_post(&disk.asked), 0);
		while (sem_wait(&disk.go_on) != 0)
			continue; /* a signal */
	}
	if (disk.broken) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

/* ---- operations ---------------------------------------------------------- */

static enum vt_err
op_insert(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	enum vt_err err;

	err = db_exec(db, "INSERT INTO things (name) VALUES (:name)",
	    DB_TEXT("name", in));
	if (err == VT_CONFLICT)
		return vt_problem(p, err, "taken", "name", "Taken.");
	if (err == VT_OK && out != NULL)
		*(int64_t *)out = db_last_id(db);
	return err;
}

static enum vt_err
op_spend(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	enum vt_err err;

	(void)in, (void)out; /* one token, no answer */
	err = db_exec(db,
	    "UPDATE balance SET left = left - 1 WHERE id = 1 AND left >= 1");
	if (err == VT_OK && db_changes(db) == 0)
		return vt_problem(p, VT_FUNDS, "insufficient_tokens", NULL,
		    "There are not enough tokens.");
	return err;
}

static void
pragma(struct db *db, const char *text)
{
	struct query q;

	ck_assert_int_eq(db_row(&q, db, text), VT_OK);
	db_done(&q);
}

/* Runs into the end of the disk, which undoes the whole transaction. */
static enum vt_err
op_fill(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	static char big[200000];
	enum vt_err err;

	(void)in, (void)p; /* neither asked nor told */
	memset(big, 'x', sizeof(big) - 1);
	if (out != NULL)
		++*(int *)out; /* how often it was run */
	pragma(db, "PRAGMA max_page_count = 16");
	err = op_insert(db, big, NULL, NULL);
	pragma(db, "PRAGMA max_page_count = 1000000");
	return err;
}

/* The same, but it goes on as though nothing had happened. */
static enum vt_err
op_fill_and_go_on(
    struct db *db, const void *in, void *out, struct vt_problem *p)
{
	ck_assert_int_eq(op_fill(db, in, out, p), VT_DB);
	ck_assert_int_eq(op_insert(db, "after", NULL, NULL), VT_DB);
	return VT_OK;
}

static enum vt_err
op_or_rollback(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)in, (void)out, (void)p; /* none */
	return db_exec(
	    db, "INSERT OR ROLLBACK INTO balance (id, left) VALUES (1, 1)");
}

/* A refusal at first, and none when it is run again. */
static enum vt_err
op_change_mind(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)in; /* none */
	if (++*(int *)out == 1)
		return vt_problem(p, VT_FUNDS, "first", "first", "First.");
	return op_insert(db, "second", NULL, p);
}

static enum vt_err
op_undo_part(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)in, (void)out, (void)p; /* none */
	ck_assert_int_eq(op_insert(db, "event", NULL, NULL), VT_OK);
	ck_assert_int_eq(db_savepoint(db), VT_OK);
	ck_assert_int_eq(op_insert(db, "effect", NULL, NULL), VT_OK);
	ck_assert_int_eq(op_insert(db, "effect", NULL, NULL), VT_CONFLICT);
	ck_assert_int_eq(db_undo(db), VT_OK);
	return op_insert(db, "failed", NULL, NULL);
}

/* Says that it runs and waits until it may go on. */
struct gate {
	sem_t entered, go_on;
};

static enum vt_err
op_gate(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct gate *gate = out;

	(void)in, (void)p; /* none */
	ck_assert_int_eq(sem_post(&gate->entered), 0);
	while (sem_wait(&gate->go_on) != 0)
		continue; /* a signal */
	return op_insert(db, "gate", NULL, NULL);
}

static enum vt_err
op_leave_savepoint(
    struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)in, (void)out, (void)p; /* none */
	return db_savepoint(db);
}

/* ---- helpers ------------------------------------------------------------- */

static void
setup(void)
{
	scratch_make();
	scratch_schema(schema);
	ck_assert_int_eq(log_level_set("error"), VT_OK);
	fault_init("check", scratch_dir);
	ck_assert_int_eq(writelock_open(scratch_db, &lock), VT_OK);
}

static void
teardown(void)
{
	writelock_close(lock);
	writer_stop(writer);
	writer = NULL;
	scratch_remove();
}

static void
start(struct writer_options o)
{
	o.db_path = scratch_db;
	ck_assert_int_eq(writer_start(&o, &writer), VT_OK);
}

static void
quiet(void)
{
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

static struct writer_stats
stats(void)
{
	struct writer_stats s;

	writer_stats(writer, &s);
	return s;
}

static int64_t
things(void)
{
	return scratch_number(sql_things);
}

struct job {
	write_fn fn;
	const char *in;
	void *out;
	bool alone;
	enum vt_err result;
	struct vt_problem p;
	atomic_bool answered;
	pthread_t thread;
};

static void *
run_job(void *arg)
{
	struct job *j = arg;

	j->result = j->alone
	    ? writer_run_alone(writer, j->fn, j->in, j->out, &j->p)
	    : writer_run(writer, j->fn, j->in, j->out, &j->p);
	j->answered = true;
	return NULL;
}

static void
wait_until_waiting(int64_t n)
{
	while (stats().waiting != n)
		clock_sleep_ms(1);
}

/* Puts the jobs in the queue in this order. The lock must be held. */
static void
line_up(struct job *jobs, int n)
{
	int64_t before = stats().waiting;

	for (int i = 0; i < n; i++) {
		ck_assert_int_eq(
		    pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]),
		    0);
		wait_until_waiting(before + i + 1);
	}
}

static void
join(struct job *jobs, int n)
{
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(pthread_join(jobs[i].thread, NULL), 0);
}

/* Runs them all as one batch. */
static void
run_together(struct job *jobs, int n)
{
	ck_assert_int_eq(writelock_take(lock, 1000), VT_OK);
	line_up(jobs, n);
	writelock_drop(lock);
	join(jobs, n);
}

/* ---- core ---------------------------------------------------------------- */

START_TEST(an_operation_is_durable_when_it_is_answered)
{
	struct vt_problem p;
	int64_t id = 0;

	start((struct writer_options){ 0 });
	ck_assert_int_eq(writer_run(writer, op_insert, "a", &id, &p), VT_OK);
	ck_assert_int_eq(id, 1);
	ck_assert_int_eq(p.err, VT_OK);
	ck_assert_int_eq(things(), 1);
	ck_assert_int_eq(
	    writer_run(writer, op_insert, "a", &id, &p), VT_CONFLICT);
	ck_assert_str_eq(p.code, "taken");
	ck_assert_int_eq(
	    writer_run_alone(writer, op_insert, "b", &id, NULL), VT_OK);
	ck_assert_int_eq(things(), 2);
}
END_TEST

static void *
spend_once(void *arg)
{
	(void)arg; /* all spend from the same balance */
	return (void *)(intptr_t)writer_run(writer, op_spend, NULL, NULL, NULL);
}

/* R59: check and debit are one statement in one immediate transaction. */
START_TEST(r59_of_100_parallel_spends_of_50_exactly_50_succeed)
{
	pthread_t threads[100];
	int ok = 0, refused = 0;
	void *result;

	start((struct writer_options){ .deadline_ms = 60000 });
	for (size_t i = 0; i < countof(threads); i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, spend_once, NULL), 0);
	for (size_t i = 0; i < countof(threads); i++) {
		ck_assert_int_eq(pthread_join(threads[i], &result), 0);
		ok += (intptr_t)result == VT_OK;
		refused += (intptr_t)result == VT_FUNDS;
	}
	ck_assert_int_eq(ok, 50);
	ck_assert_int_eq(refused, 50);
	ck_assert_int_eq(scratch_number("SELECT left FROM balance"), 0);
}
END_TEST

START_TEST(what_waits_for_the_lock_goes_in_one_batch)
{
	struct job jobs[5] = { { op_insert, "a" }, { op_insert, "b" },
		{ op_insert, "c" }, { op_insert, "d" }, { op_insert, "e" } };

	start((struct writer_options){ 0 });
	run_together(jobs, 5);
	ck_assert_int_eq(things(), 5);
	ck_assert_int_eq(stats().batches, 1);
	ck_assert_int_eq(stats().operations, 5);
	ck_assert_int_gt(stats().lock_wait_us_max, 0);
}
END_TEST

START_TEST(a_bulk_operation_has_a_batch_of_its_own)
{
	struct job jobs[5] = { { op_insert, "a" }, { op_insert, "b" },
		{ op_insert, "c", .alone = true }, { op_insert, "d" },
		{ op_insert, "e" } };

	start((struct writer_options){ 0 });
	run_together(jobs, 5);
	ck_assert_int_eq(things(), 5);
	ck_assert_int_eq(stats().batches, 3);
}
END_TEST

START_TEST(a_batch_is_no_longer_than_allowed)
{
	struct job jobs[5] = { { op_insert, "a" }, { op_insert, "b" },
		{ op_insert, "c" }, { op_insert, "d" }, { op_insert, "e" } };

	start((struct writer_options){ .batch_max = 2 });
	run_together(jobs, 5);
	ck_assert_int_eq(things(), 5);
	ck_assert_int_eq(stats().batches, 3);
}
END_TEST

/* A refusal neither: it may rest on a sibling that is not committed. */
START_TEST(nothing_is_answered_before_the_commit)
{
	struct gate gate;
	struct job jobs[3] = { { op_insert, "a" }, { op_insert, "a" },
		{ op_gate, NULL, &gate } };

	ck_assert_int_eq(sem_init(&gate.entered, 0, 0), 0);
	ck_assert_int_eq(sem_init(&gate.go_on, 0, 0), 0);
	start((struct writer_options){ 0 });
	ck_assert_int_eq(writelock_take(lock, 1000), VT_OK);
	line_up(jobs, 3);
	writelock_drop(lock);
	while (sem_wait(&gate.entered) != 0)
		continue; /* a signal */
	clock_sleep_ms(20);
	ck_assert(!jobs[0].answered && !jobs[1].answered);
	ck_assert_int_eq(things(), 0);
	ck_assert_int_eq(sem_post(&gate.go_on), 0);
	join(jobs, 3);
	ck_assert_int_eq(jobs[0].result, VT_OK);
	ck_assert_int_eq(jobs[1].result, VT_CONFLICT);
	ck_assert_int_eq(jobs[2].result, VT_OK);
	ck_assert_int_eq(things(), 2);
}
END_TEST

/* R76: who calls Stripe between two operations keeps nobody from writing. */
START_TEST(r76_between_two_operations_the_write_lock_is_free)
{
	start((struct writer_options){ 0 });
	ck_assert_int_eq(writer_run(writer, op_insert, "a", NULL, NULL), VT_OK);
	ck_assert_int_eq(writelock_take(lock, 0), VT_OK);
	writelock_drop(lock);
	ck_assert_int_eq(writer_run(writer, op_insert, "b", NULL, NULL), VT_OK);
}
END_TEST

START_TEST(stopping_finishes_what_waits)
{
	struct job jobs[3] = { { op_insert, "a" }, { op_insert, "b" },
		{ op_insert, "c" } };

	start((struct writer_options){ 0 });
	ck_assert_int_eq(writelock_take(lock, 1000), VT_OK);
	line_up(jobs, 3);
	writelock_drop(lock);
	writer_stop(writer);
	writer = NULL;
	join(jobs, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(jobs[i].result, VT_OK);
	ck_assert_int_eq(things(), 3);
}
END_TEST

START_TEST(a_long_log_is_checkpointed_when_nobody_else_does)
{
	char name[20];

	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	start((struct writer_options){ .log_bytes_max = 100000 });
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		ck_assert_int_eq(
		    writer_run(writer, op_insert, name, NULL, NULL), VT_OK);
	}
	ck_assert_int_gt(stats().checkpoints, 0);
	ck_assert_int_lt(stats().checkpoints, 20);
	ck_assert_int_eq(things(), 100);
}
END_TEST

/* ---- failures ------------------------------------------------------------ */

START_TEST(a_refused_operation_keeps_the_others_of_its_batch)
{
	struct job jobs[5] = { { op_insert, "a" }, { op_insert, "b" },
		{ op_insert, "a" }, { op_undo_part }, { op_insert, "c" } };

	start((struct writer_options){ 0 });
	run_together(jobs, 5);
	ck_assert_int_eq(stats().batches, 1);
	ck_assert_int_eq(stats().voided, 0);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(jobs[i].result, i == 2 ? VT_CONFLICT : VT_OK);
	ck_assert_str_eq(jobs[2].p.code, "taken");
	ck_assert_int_eq(things(), 5); /* a, b, event, failed, c */
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM things WHERE name = 'effect'"),
	    0);
}
END_TEST

/* The engine undoes the whole batch; the failing one is first, second, … */
START_TEST(a_full_disk_in_one_operation_keeps_the_others_of_its_batch)
{
	struct job jobs[4] = { { op_insert, "a" }, { op_insert, "b" },
		{ op_insert, "c" }, { op_insert, "d" } };
	int runs = 0;

	quiet();
	jobs[_i].fn = op_fill;
	jobs[_i].out = &runs;
	start((struct writer_options){ 0 });
	run_together(jobs, 4);
	ck_assert_int_eq(stats().voided, 1);
	ck_assert_int_eq(runs, 2);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(jobs[i].result, i == _i ? VT_DB : VT_OK);
	ck_assert_str_eq(jobs[_i].p.code, "database_failed");
	ck_assert_int_eq(things(), 3);
	ck_assert(!writer_failed(writer));
}
END_TEST

START_TEST(what_goes_on_after_the_engine_gave_up_is_not_believed)
{
	struct job jobs[3] = { { op_insert, "a" }, { op_fill_and_go_on },
		{ op_or_rollback } };

	quiet();
	start((struct writer_options){ 0 });
	run_together(jobs, 3);
	ck_assert_int_eq(jobs[0].result, VT_OK);
	ck_assert_int_eq(jobs[1].result, VT_DB);
	ck_assert_int_eq(jobs[2].result, VT_DB);
	ck_assert_int_eq(things(), 1);
	ck_assert_int_eq(scratch_number("SELECT left FROM balance"), 50);
}
END_TEST

START_TEST(a_second_run_forgets_what_the_first_one_said)
{
	int runs = 0;
	struct job jobs[2] = { { op_change_mind, NULL, &runs }, { op_fill } };

	quiet();
	start((struct writer_options){ 0 });
	run_together(jobs, 2);
	ck_assert_int_eq(runs, 2);
	ck_assert_int_eq(jobs[0].result, VT_OK);
	ck_assert_int_eq(jobs[0].p.err, VT_OK);
	ck_assert_str_eq(jobs[0].p.code, "");
}
END_TEST

static void
assert_unknown(struct job *jobs, int n)
{
	struct vt_problem p;

	for (int i = 0; i < n; i++) {
		ck_assert_int_eq(jobs[i].result, VT_DB);
		ck_assert_str_eq(jobs[i].p.code, "outcome_unknown");
	}
	ck_assert(writer_failed(writer));
	/* Nothing more is begun. */
	ck_assert_int_eq(
	    writer_run(writer, op_insert, "later", NULL, &p), VT_BUSY);
	ck_assert_str_eq(p.code, "database_busy");
}

/* Two batches: the first waits for the disk, the other is made meanwhile. */
static void
run_beside_the_disk(struct job *first, int n, struct job *second)
{
	int64_t made = things();

	ck_assert_int_eq(sem_init(&disk.asked, 0, 0), 0);
	ck_assert_int_eq(sem_init(&disk.go_on, 0, 0), 0);
	disk.slow = true;
	ck_assert_int_eq(writelock_take(lock, 1000), VT_OK);
	line_up(first, n);
	writelock_drop(lock);
	while (sem_wait(&disk.asked) != 0)
		continue;		      /* a signal */
	ck_assert_int_eq(things(), made + n); /* others see it */
	ck_assert_int_eq(
	    pthread_create(&second->thread, NULL, run_job, second), 0);
	while (things() != made + n + 1)
		clock_sleep_ms(1);
	clock_sleep_ms(20);
	for (int i = 0; i < n; i++)
		ck_assert(!first[i].answered);
	ck_assert(!second->answered);
	disk.slow = false;
	ck_assert_int_eq(sem_post(&disk.go_on), 0);
	join(first, n);
	join(second, 1);
}

START_TEST(while_the_disk_works_the_next_batch_is_made_and_nobody_told)
{
	struct job jobs[3] = { { op_insert, "a" }, { op_insert, "b" },
		{ op_insert, "c" } };
	int before;

	start((struct writer_options){ 0 });
	before = disk.syncs;
	run_beside_the_disk(jobs, 2, &jobs[2]);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(jobs[i].result, VT_OK);
	ck_assert_int_eq(stats().batches, 2);
	/* What was committed while the disk worked needs another one. */
	ck_assert_int_ge(disk.syncs - before, 2);
}
END_TEST

/* Whatever the disk did with it, nobody may be told that it is done. */
START_TEST(a_disk_that_fails_makes_all_that_waits_for_it_unknown)
{
	struct job jobs[3] = { { op_insert, "a" }, { op_insert, "b" },
		{ op_insert, "c" } };

	quiet();
	start((struct writer_options){ 0 });
	disk.broken = true;
	run_beside_the_disk(jobs, 2, &jobs[2]);
	disk.broken = false;
	assert_unknown(jobs, 3);
}
END_TEST

/* A refusal neither: what it rests on may be lost. */
START_TEST(a_refusal_in_a_batch_that_the_disk_loses_is_unknown_too)
{
	struct job jobs[2] = { { op_insert, "a" }, { op_insert, "a" } };

	quiet();
	start((struct writer_options){ 0 });
	disk.broken = true;
	run_together(jobs, 2);
	disk.broken = false;
	assert_unknown(jobs, 2);
}
END_TEST

START_TEST(one_alone_waits_for_the_disk_as_well)
{
	struct job job = { op_insert, "a" };

	quiet();
	start((struct writer_options){ 0 });
	disk.broken = true;
	run_together(&job, 1);
	disk.broken = false;
	assert_unknown(&job, 1);
}
END_TEST

/* A COMMIT that the disk refuses: the log's file cannot grow. */
START_TEST(a_commit_that_fails_is_an_unknown_outcome_for_all)
{
	struct job jobs[3] = { { op_insert, "a" }, { op_insert, "b" },
		{ op_insert, "a" } };
	struct rlimit limit, before;
	struct stat st;
	char path[100];

	quiet();
	start((struct writer_options){ 0 });
	ck_assert_int_eq(
	    writer_run(writer, op_insert, "before", NULL, NULL), VT_OK);
	(void)snprintf(path, sizeof(path), "%s-wal", scratch_db);
	ck_assert_int_eq(stat(path, &st), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)st.st_size;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	run_together(jobs, 3);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_unknown(jobs, 3);
	ck_assert_int_eq(things(), 1);
}
END_TEST

#ifdef VT_FAULTS
START_TEST(a_commit_that_did_not_happen_is_not_answered_as_done)
{
	struct job jobs[3] = { { op_insert, "a" }, { op_insert, "b" },
		{ op_insert, "a" } };

	quiet();
	scratch_arm("writer.commit", "fail");
	start((struct writer_options){ 0 });
	run_together(jobs, 3);
	assert_unknown(jobs, 3);
	ck_assert_int_eq(things(), 0);
}
END_TEST

START_TEST(a_commit_whose_answer_was_lost_is_not_answered_as_undone)
{
	struct job jobs[2] = { { op_insert, "a" }, { op_insert, "b" } };

	quiet();
	scratch_arm("writer.commit_answer", "fail");
	start((struct writer_options){ 0 });
	run_together(jobs, 2);
	assert_unknown(jobs, 2);
	ck_assert_int_eq(things(), 2);
}
END_TEST

/* Of those that ran alone before it, the outcome is known. */
START_TEST(a_commit_that_fails_among_single_runs_concerns_that_one)
{
	struct job jobs[2] = { { op_fill }, { op_insert, "a" } };

	quiet();
	scratch_arm("writer.commit", "fail");
	start((struct writer_options){ 0 });
	run_together(jobs, 2);
	ck_assert_str_eq(jobs[0].p.code, "database_failed");
	assert_unknown(&jobs[1], 1);
	ck_assert_int_eq(things(), 0);
}
END_TEST
#endif

START_TEST(an_operation_that_leaves_a_savepoint_ends_the_process)
{
	start((struct writer_options){ 0 });
	scratch_remove(); /* nobody does it afterwards */
	if (writer_run(writer, op_leave_savepoint, NULL, NULL, NULL) == VT_OK)
		ck_abort_msg("it returned");
}
END_TEST

/* ---- deadlines ----------------------------------------------------------- */

START_TEST(what_still_waits_at_its_deadline_is_withdrawn)
{
	struct vt_problem p;

	start((struct writer_options){ .deadline_ms = 50 });
	ck_assert_int_eq(writelock_take(lock, 1000), VT_OK);
	ck_assert_int_eq(writer_run(writer, op_insert, "a", NULL, &p), VT_BUSY);
	ck_assert_str_eq(p.code, "database_busy");
	ck_assert_int_gt(p.retry_after_s, 0);
	ck_assert_int_eq(stats().refused_late, 1);
	ck_assert_int_eq(stats().waiting, 0);
	writelock_drop(lock);
	ck_assert_int_eq(things(), 0);
}
END_TEST

START_TEST(what_was_taken_is_waited_for_past_its_deadline)
{
	struct gate gate;
	struct job job = { op_gate, NULL, &gate };

	ck_assert_int_eq(sem_init(&gate.entered, 0, 0), 0);
	ck_assert_int_eq(sem_init(&gate.go_on, 0, 0), 0);
	start((struct writer_options){ .deadline_ms = 30 });
	ck_assert_int_eq(pthread_create(&job.thread, NULL, run_job, &job), 0);
	while (sem_wait(&gate.entered) != 0)
		continue; /* a signal */
	clock_sleep_ms(100);
	ck_assert(!job.answered);
	ck_assert_int_eq(sem_post(&gate.go_on), 0);
	join(&job, 1);
	ck_assert_int_eq(job.result, VT_OK);
	ck_assert_int_eq(things(), 1);
}
END_TEST

START_TEST(a_full_queue_refuses_at_once)
{
	struct job jobs[2] = { { op_insert, "a" }, { op_insert, "b" } };
	struct vt_problem p;

	start((struct writer_options){ .queue_max = 2, .deadline_ms = 60000 });
	ck_assert_int_eq(writelock_take(lock, 1000), VT_OK);
	line_up(jobs, 2);
	ck_assert_int_eq(writer_run(writer, op_insert, "c", NULL, &p), VT_BUSY);
	ck_assert_str_eq(p.code, "database_busy");
	ck_assert_int_eq(stats().refused_full, 1);
	writelock_drop(lock);
	join(jobs, 2);
	ck_assert_int_eq(things(), 2);
}
END_TEST

START_TEST(stopping_without_the_lock_refuses_what_waits)
{
	struct job jobs[2] = { { op_insert, "a" }, { op_insert, "b" } };

	start((struct writer_options){ .deadline_ms = 60000 });
	ck_assert_int_eq(writelock_take(lock, 1000), VT_OK);
	line_up(jobs, 2);
	writer_stop(writer);
	writer = NULL;
	join(jobs, 2);
	ck_assert_int_eq(jobs[0].result, VT_BUSY);
	ck_assert_int_eq(jobs[1].result, VT_BUSY);
	writelock_drop(lock);
	ck_assert_int_eq(things(), 0);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const core[] = {
		an_operation_is_durable_when_it_is_answered,
		r59_of_100_parallel_spends_of_50_exactly_50_succeed,
		what_waits_for_the_lock_goes_in_one_batch,
		a_bulk_operation_has_a_batch_of_its_own,
		a_batch_is_no_longer_than_allowed,
		nothing_is_answered_before_the_commit,
		r76_between_two_operations_the_write_lock_is_free,
		stopping_finishes_what_waits,
		a_long_log_is_checkpointed_when_nobody_else_does, NULL
	};
	const TTest *const failures[] = {
		a_refused_operation_keeps_the_others_of_its_batch,
		what_goes_on_after_the_engine_gave_up_is_not_believed,
		a_second_run_forgets_what_the_first_one_said,
		a_commit_that_fails_is_an_unknown_outcome_for_all,
		while_the_disk_works_the_next_batch_is_made_and_nobody_told,
		a_disk_that_fails_makes_all_that_waits_for_it_unknown,
		a_refusal_in_a_batch_that_the_disk_loses_is_unknown_too,
		one_alone_waits_for_the_disk_as_well,
#ifdef VT_FAULTS
		a_commit_that_did_not_happen_is_not_answered_as_done,
		a_commit_whose_answer_was_lost_is_not_answered_as_undone,
		a_commit_that_fails_among_single_runs_concerns_that_one,
#endif
		NULL
	};
	const TTest *const deadlines[] = {
		what_still_waits_at_its_deadline_is_withdrawn,
		what_was_taken_is_waited_for_past_its_deadline,
		a_full_queue_refuses_at_once,
		stopping_without_the_lock_refuses_what_waits, NULL
	};
	Suite *s = suite_create("store_writer");
	TCase *c;

	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	c = unit_case(s, "failures", failures);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c,
	    a_full_disk_in_one_operation_keeps_the_others_of_its_batch, 0, 4);
	tcase_add_test_raise_signal(
	    c, an_operation_that_leaves_a_savepoint_ends_the_process, SIGABRT);
	tcase_add_checked_fixture(
	    unit_case(s, "deadlines", deadlines), setup, teardown);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
