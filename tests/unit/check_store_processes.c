/*
 * The write path between processes: the turnstile of writelock, and what of
 * a writer's work remains when its process is killed or frozen.
 */
#include "unit.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/random.h"
#include "scratch.h"
#include "store/writer.h"

static const char schema[] =
    "CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;"
    "INSERT INTO counter (id, n) VALUES (1, 0);"
    "CREATE TABLE numbers (n INTEGER PRIMARY KEY, who INTEGER NOT NULL)"
    " STRICT;"
    "CREATE TABLE things (id INTEGER PRIMARY KEY) STRICT;";

static struct writer *writer;

static void
setup(void)
{
	scratch_make();
	scratch_schema(schema);
	random_init();
	ck_assert_int_eq(log_level_set("error"), VT_OK);
	fault_init("check", scratch_dir);
}

static void
teardown(void)
{
	writer_stop(writer);
	writer = NULL;
	scratch_remove();
}

static void
start(int64_t deadline_ms)
{
	struct writer_options o = { .db_path = scratch_db,
		.deadline_ms = deadline_ms };

	ck_assert_int_eq(writer_start(&o, &writer), VT_OK);
}

static void
must_write(int fd, const void *data, size_t bytes)
{
	ck_assert_int_eq(write(fd, data, bytes), (ssize_t)bytes);
}

static void
must_read(int fd, void *data, size_t bytes)
{
	ck_assert_int_eq(read(fd, data, bytes), (ssize_t)bytes);
}

static void
end_child(pid_t pid)
{
	int status;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
}

/* ---- counting ------------------------------------------------------------ */

#define COUNT_THREADS 8
#define COUNT_EACH 50

static enum vt_err
op_count(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct query q;
	enum vt_err err;

	(void)p; /* nothing to refuse */
	err = db_row(
	    &q, db, "UPDATE counter SET n = n + 1 WHERE id = 1 RETURNING n");
	if (err == VT_OK)
		*(int64_t *)out = db_int(&q, 0);
	db_done(&q);
	if (err != VT_OK)
		return err;
	return db_exec(db, "INSERT INTO numbers (n, who) VALUES (:n, :who)",
	    DB_INT("n", *(int64_t *)out), DB_INT("who", *(const int *)in));
}

static void *
count_often(void *arg)
{
	intptr_t ok = 0;
	int64_t n;

	for (int i = 0; i < COUNT_EACH; i++)
		ok += writer_run(writer, op_count, arg, &n, NULL) == VT_OK;
	return (void *)ok;
}

/* Counts from many threads; how many were acknowledged. */
static int
count_here(int who)
{
	pthread_t threads[COUNT_THREADS];
	void *result;
	int ok = 0;

	start(60000);
	for (int i = 0; i < COUNT_THREADS; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, count_often, &who), 0);
	for (int i = 0; i < COUNT_THREADS; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &result), 0);
		ok += (int)(intptr_t)result;
	}
	writer_stop(writer);
	writer = NULL;
	return ok;
}

START_TEST(two_processes_of_many_threads_lose_and_double_nothing)
{
	int fds[2], ours, theirs;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	ours = count_here(pid == 0);
	if (pid == 0) {
		must_write(fds[1], &ours, sizeof(ours));
		_exit(0);
	}
	must_read(fds[0], &theirs, sizeof(theirs));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(ours + theirs, 2 * COUNT_THREADS * COUNT_EACH);
	ck_assert_int_eq(
	    scratch_number("SELECT n FROM counter"), ours + theirs);
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM numbers"), ours + theirs);
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM numbers WHERE who = 0"), ours);
	(void)close(fds[0]);
	(void)close(fds[1]);
}
END_TEST

/* ---- a crowd ---------------------------------------------------------------
 */

#define CROWD_PROCESSES 8
#define CROWD_THREADS 8
#define CROWD_EACH 200

/* What a process of the crowd saw. */
struct crowd {
	int64_t done, refused, longest_ms;
};

static void *
write_in_a_crowd(void *arg)
{
	struct crowd *mine = arg;
	int64_t began, n;
	int who = 0;

	for (int i = 0; i < CROWD_EACH; i++) {
		began = clock_mono_ms();
		if (writer_run(writer, op_count, &who, &n, NULL) == VT_OK)
			mine->done++;
		else
			mine->refused++;
		began = clock_mono_ms() - began;
		if (began > mine->longest_ms)
			mine->longest_ms = began;
	}
	return NULL;
}

static void
add_crowd(struct crowd *to, const struct crowd *c)
{
	to->done += c->done;
	to->refused += c->refused;
	if (c->longest_ms > to->longest_ms)
		to->longest_ms = c->longest_ms;
}

static struct crowd
crowd_here(void)
{
	struct crowd each[CROWD_THREADS] = { { 0, 0, 0 } }, all = { 0, 0, 0 };
	pthread_t threads[CROWD_THREADS];

	start(30000);
	for (int i = 0; i < CROWD_THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
				     write_in_a_crowd, &each[i]),
		    0);
	for (int i = 0; i < CROWD_THREADS; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		add_crowd(&all, &each[i]);
	}
	writer_stop(writer);
	writer = NULL;
	return all;
}

/* Sixty-four writers in eight processes: SQLite's BUSY reaches none. */
START_TEST(a_crowd_of_writers_is_served_without_one_busy)
{
	const int64_t wanted =
	    (int64_t)CROWD_PROCESSES * CROWD_THREADS * CROWD_EACH;
	struct crowd all = { 0, 0, 0 }, one;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	for (int i = 0; i < CROWD_PROCESSES; i++) {
		if (fork() != 0)
			continue;
		one = crowd_here();
		must_write(fds[1], &one, sizeof(one));
		_exit(0);
	}
	for (int i = 0; i < CROWD_PROCESSES; i++) {
		must_read(fds[0], &one, sizeof(one));
		add_crowd(&all, &one);
	}
	while (wait(NULL) > 0)
		;
	printf("%" PRId64 " writes of %d writers in %d processes, the "
	       "longest wait %" PRId64 " ms\n",
	    all.done, CROWD_PROCESSES * CROWD_THREADS, CROWD_PROCESSES,
	    all.longest_ms);
	ck_assert_int_eq(all.refused, 0);
	ck_assert_int_eq(all.done, wanted);
	ck_assert_int_eq(scratch_number("SELECT n FROM counter"), wanted);
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM numbers"), wanted);
	(void)close(fds[0]);
	(void)close(fds[1]);
}
END_TEST

/* ---- killed -------------------------------------------------------------- */

#define KILL_ROUNDS 30
#define KILL_THREADS 4
#define ROUND_STRIDE 1000000 /* ids of a round and of a thread do not meet */
#define THREAD_STRIDE 100000

static int acknowledged_fd;

static enum vt_err
op_thing(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)out, (void)p; /* none */
	return db_exec(db, "INSERT INTO things (id) VALUES (:id)",
	    DB_INT("id", *(const int64_t *)in));
}

/* Inserts until it is killed, and tells each that was acknowledged. */
static void *
insert_and_tell(void *arg)
{
	int64_t id = *(int64_t *)arg;

	for (;; id++)
		if (writer_run(writer, op_thing, &id, NULL, NULL) == VT_OK)
			must_write(acknowledged_fd, &id, sizeof(id));
	return NULL;
}

static void
child_inserts(int round, int fd)
{
	int64_t first[KILL_THREADS];
	pthread_t thread;

	acknowledged_fd = fd;
	start(60000);
	for (int i = 0; i < KILL_THREADS; i++) {
		first[i] = round * ROUND_STRIDE + i * THREAD_STRIDE;
		ck_assert_int_eq(
		    pthread_create(&thread, NULL, insert_and_tell, &first[i]),
		    0);
	}
	for (;;)
		(void)pause();
}

/* Reads what was acknowledged until the other end is gone. */
static size_t
collect(int fd, int64_t *ids, size_t most, int64_t kill_after_ms, pid_t pid)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int64_t kill_at_ms = 0, left_ms;
	bool killed = false;
	size_t n = 0;

	for (;;) {
		/* The child's start is not what is to be hit. */
		if (n > 0 && kill_at_ms == 0)
			kill_at_ms = clock_mono_ms() + kill_after_ms;
		left_ms = kill_at_ms == 0 ? 1000 : kill_at_ms - clock_mono_ms();
		if (!killed && kill_at_ms != 0 && left_ms <= 0) {
			end_child(pid);
			killed = true;
		}
		if (poll(&poll_fd, 1, killed ? -1 : (int)left_ms) <= 0)
			continue;
		ck_assert_uint_lt(n, most);
		if (read(fd, &ids[n], sizeof(ids[n])) <= 0)
			return n;
		n++;
	}
}

static void
assert_all_there(const int64_t *ids, size_t n)
{
	struct query q;
	struct db *db;

	ck_assert_int_eq(db_open(scratch_db, DB_READER, &db), VT_OK);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(
		    db_row(&q, db, "SELECT 1 FROM things WHERE id = :id",
			DB_INT("id", ids[i])),
		    VT_OK);
		db_done(&q);
	}
	ck_assert_int_eq(db_row(&q, db, "PRAGMA integrity_check"), VT_OK);
	ck_assert_str_eq(db_text(&q, 0), "ok");
	db_done(&q);
	db_close(db);
}

START_TEST(what_was_acknowledged_outlives_a_kill_at_any_moment)
{
	static int64_t ids[THREAD_STRIDE];
	int fds[2];
	size_t n;
	pid_t pid;

	for (int round = 0; round < KILL_ROUNDS; round++) {
		ck_assert_int_eq(pipe(fds), 0);
		pid = fork();
		if (pid == 0) {
			(void)close(fds[0]);
			child_inserts(round, fds[1]);
		}
		(void)close(fds[1]);
		n = collect(fds[0], ids, countof(ids), random_below(25), pid);
		(void)close(fds[0]);
		ck_assert_uint_gt(n, 0);
		assert_all_there(ids, n);
	}
}
END_TEST

#ifdef VT_FAULTS
/* Before the COMMIT nothing remains, after it everything does. */
START_TEST(a_kill_at_each_point_leaves_all_or_nothing)
{
	static const struct {
		const char *point;
		int64_t remains;
	} points[] = {
		{ "writer.before_begin", 0 },
		{ "writer.after_operation", 0 },
		{ "writer.before_commit", 0 },
		{ "writer.after_commit", 1 },
		{ "writer.before_wake", 1 },
	};
	int64_t id = 1, next = 2;
	int status;
	pid_t pid;

	scratch_arm(points[_i].point, "kill");
	pid = fork();
	if (pid == 0) {
		log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
		start(60000);
		_exit(writer_run(writer, op_thing, &id, NULL, NULL));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM things"), points[_i].remains);
	/* The dead one's lock is free, and its half a batch forgotten. */
	start(60000);
	ck_assert_int_eq(
	    writer_run(writer, op_thing, &next, NULL, NULL), VT_OK);
	ck_assert_int_eq(writer_run(writer, op_thing, &id, NULL, NULL) == VT_OK,
	    points[_i].remains == 0);
}
END_TEST

/* Frozen inside a transaction, with SQLite's own lock held as well. */
START_TEST(a_process_that_hangs_in_a_batch_makes_others_busy_until_it_dies)
{
	int64_t id = 1, next = 2;
	struct vt_problem p;
	char armed[160];
	pid_t pid;

	scratch_arm("writer.before_commit", "hang");
	(void)snprintf(armed, sizeof(armed),
	    "%s/faults/check.writer.before_commit", scratch_dir);
	pid = fork();
	if (pid == 0) {
		log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
		start(60000);
		_exit(writer_run(writer, op_thing, &id, NULL, NULL));
	}
	while (access(armed, F_OK) == 0)
		clock_sleep_ms(1);
	start(200);
	ck_assert_int_eq(
	    writer_run(writer, op_thing, &next, NULL, &p), VT_BUSY);
	ck_assert_str_eq(p.code, "database_busy");
	end_child(pid);
	writer_stop(writer);
	start(60000);
	ck_assert_int_eq(
	    writer_run(writer, op_thing, &next, NULL, NULL), VT_OK);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM things"), 1);
}
END_TEST
#endif

/* ---- the turnstile ------------------------------------------------------- */

/* A process that takes the lock, says so, and stays. */
static pid_t
hold_elsewhere(void)
{
	struct writelock *lock;
	int fds[2];
	char c = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		ck_assert_int_eq(writelock_open(scratch_db, &lock), VT_OK);
		ck_assert_int_eq(writelock_take(lock, 1000), VT_OK);
		must_write(fds[1], &c, 1);
		for (;;)
			(void)pause();
	}
	must_read(fds[0], &c, 1);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return pid;
}

START_TEST(a_stopped_holder_makes_others_busy_until_it_dies)
{
	pid_t pid = hold_elsewhere();
	struct vt_problem p;
	int64_t id = 1;

	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	start(100);
	ck_assert_int_eq(writer_run(writer, op_thing, &id, NULL, &p), VT_BUSY);
	ck_assert_str_eq(p.code, "database_busy");
	end_child(pid);
	writer_stop(writer);
	start(60000);
	ck_assert_int_eq(writer_run(writer, op_thing, &id, NULL, NULL), VT_OK);
}
END_TEST

START_TEST(the_lock_excludes_every_other_object_and_can_be_taken_again)
{
	struct writelock *a, *b;

	ck_assert_int_eq(writelock_open(scratch_db, &a), VT_OK);
	ck_assert_int_eq(writelock_open(scratch_db, &b), VT_OK);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(writelock_take(a, 0), VT_OK);
		ck_assert_int_eq(writelock_take(b, 0), VT_BUSY);
		writelock_drop(a);
		ck_assert_int_eq(writelock_take(b, 0), VT_OK);
		ck_assert_int_eq(writelock_take(a, 5), VT_BUSY);
		writelock_drop(b);
	}
	ck_assert_int_eq(writelock_take(a, 0), VT_OK);
	writelock_close(a); /* which frees it */
	ck_assert_int_eq(writelock_take(b, 0), VT_OK);
	writelock_close(b);
}
END_TEST

/* A signal that comes just before the wait must not be missed for ever. */
START_TEST(a_wait_always_ends)
{
	pid_t pid = hold_elsewhere();
	struct writelock *lock;

	ck_assert_int_eq(writelock_open(scratch_db, &lock), VT_OK);
	for (int i = 0; i < 200; i++)
		ck_assert_int_eq(writelock_take(lock, 1), VT_BUSY);
	end_child(pid);
	ck_assert_int_eq(writelock_take(lock, 60000), VT_OK);
	writelock_close(lock);
}
END_TEST

START_TEST(the_lock_files_may_be_written_by_their_group)
{
	struct writelock *lock;
	char path[100];
	struct stat st;

	ck_assert_int_eq(writelock_open(scratch_db, &lock), VT_OK);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(
		    path, sizeof(path), "%s-lock-%c", scratch_db, 'a' + i);
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_uint_eq(st.st_mode & 0777, 0660);
	}
	writelock_close(lock);
}
END_TEST

/*
 * One process takes the lock without pause; another comes now and then. Once
 * it waits, the greedy one gets at most the turn it has and one more. That
 * this process is interrupted between its look at the count and its wait
 * happens, so most of the tries must show it, not all.
 */
START_TEST(a_greedy_process_does_not_starve_another)
{
	const int tries = 60;
	_Atomic int64_t *turns = mmap(NULL, sizeof(*turns),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct writelock *lock;
	int64_t before;
	int soon = 0;
	pid_t pid;

	ck_assert_ptr_ne(turns, MAP_FAILED);
	ck_assert_int_eq(writelock_open(scratch_db, &lock), VT_OK);
	writelock_close(lock);
	pid = fork();
	ck_assert_int_eq(writelock_open(scratch_db, &lock), VT_OK);
	while (pid == 0) {
		ck_assert_int_eq(writelock_take(lock, 60000), VT_OK);
		++*turns;
		(void)usleep(200);
		writelock_drop(lock);
	}
	while (*turns == 0)
		clock_sleep_ms(1);
	for (int i = 0; i < tries; i++) {
		before = *turns;
		ck_assert_int_eq(writelock_take(lock, 60000), VT_OK);
		soon += *turns - before <= 2;
		writelock_drop(lock);
		clock_sleep_ms(2);
	}
	ck_assert_int_gt(soon, tries / 2);
	writelock_close(lock);
	end_child(pid);
	(void)munmap(turns, sizeof(*turns));
}
END_TEST

int
main(void)
{
	const TTest *const counting[] = {
		two_processes_of_many_threads_lose_and_double_nothing,
		a_crowd_of_writers_is_served_without_one_busy, NULL
	};
	const TTest *const killed[] = {
		what_was_acknowledged_outlives_a_kill_at_any_moment,
#ifdef VT_FAULTS
		a_process_that_hangs_in_a_batch_makes_others_busy_until_it_dies,
#endif
		NULL
	};
	const TTest *const turnstile[] = {
		a_stopped_holder_makes_others_busy_until_it_dies,
		the_lock_excludes_every_other_object_and_can_be_taken_again,
		a_wait_always_ends,
		the_lock_files_may_be_written_by_their_group,
		a_greedy_process_does_not_starve_another, NULL
	};
	Suite *s = suite_create("store_processes");
	TCase *c;

	tcase_add_checked_fixture(
	    unit_case(s, "counting", counting), setup, teardown);
	c = unit_case(s, "killed", killed);
	tcase_add_checked_fixture(c, setup, teardown);
#ifdef VT_FAULTS
	tcase_add_loop_test(
	    c, a_kill_at_each_point_leaves_all_or_nothing, 0, 5);
#endif
	tcase_add_checked_fixture(
	    unit_case(s, "turnstile", turnstile), setup, teardown);
	return unit_run(s);
}
