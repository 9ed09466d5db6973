/* readers: snapshots, sharing, and files that are not ready yet. */
#include "unit.h"

#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "scratch.h"
#include "store/readers.h"

#define NOBODY 65534

static const char schema[] =
    "CREATE TABLE things (id INTEGER PRIMARY KEY) STRICT;"
    "INSERT INTO things (id) VALUES (1);";
static const char sql_count[] = "SELECT count(*) FROM things";

static struct readers *readers;

static void
setup(void)
{
	scratch_make();
	scratch_schema(schema);
	ck_assert_int_eq(log_level_set("error"), VT_OK);
}

static void
teardown(void)
{
	readers_close(readers);
	readers = NULL;
	scratch_remove();
}

static enum vt_err
count(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct query q;
	enum vt_err err;

	(void)in, (void)p; /* none */
	err = db_row(&q, db, sql_count);
	if (err == VT_OK)
		*(int64_t *)out = db_int(&q, 0);
	db_done(&q);
	return err;
}

static void
add_thing(void)
{
	struct db *db;

	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(
	    db_exec(db, "INSERT INTO things DEFAULT VALUES"), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	db_close(db);
}

static enum vt_err
count_twice(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	int64_t first = 0;

	ck_assert_int_eq(count(db, in, &first, p), VT_OK);
	add_thing();
	ck_assert_int_eq(count(db, in, out, p), VT_OK);
	ck_assert_int_eq(first, *(int64_t *)out);
	return VT_OK;
}

START_TEST(a_run_sees_one_snapshot_and_the_next_a_newer_one)
{
	int64_t n = 0;

	ck_assert_int_eq(readers_open(scratch_db, &readers), VT_OK);
	ck_assert_int_eq(
	    readers_run(readers, count_twice, NULL, &n, NULL), VT_OK);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(readers_run(readers, count, NULL, &n, NULL), VT_OK);
	ck_assert_int_eq(n, 2);
}
END_TEST

static enum vt_err
refuse(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)db, (void)in, (void)out; /* none */
	return vt_problem(p, VT_NOTFOUND, "none", NULL, "None.");
}

START_TEST(what_a_read_answers_is_passed_on)
{
	struct vt_problem p;

	ck_assert_int_eq(readers_open(scratch_db, &readers), VT_OK);
	ck_assert_int_eq(
	    readers_run(readers, refuse, NULL, NULL, &p), VT_NOTFOUND);
	ck_assert_str_eq(p.code, "none");
}
END_TEST

static atomic_int inside, most;
static pthread_barrier_t both;

static enum vt_err
meet(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	int now = ++inside;

	(void)db, (void)in, (void)out, (void)p; /* none */
	if (now > most)
		most = now;
	(void)pthread_barrier_wait(&both);
	inside--;
	return VT_OK;
}

static void *
run_meet(void *arg)
{
	(void)arg; /* none */
	ck_assert_int_eq(readers_run(readers, meet, NULL, NULL, NULL), VT_OK);
	return NULL;
}

/* Each needs a partner inside, and six of them share two connections. */
START_TEST(two_read_at_once_and_others_wait_their_turn)
{
	pthread_t threads[6];

	ck_assert_int_eq(pthread_barrier_init(&both, NULL, READERS_MAX), 0);
	ck_assert_int_eq(readers_open(scratch_db, &readers), VT_OK);
	for (size_t i = 0; i < countof(threads); i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, run_meet, NULL), 0);
	for (size_t i = 0; i < countof(threads); i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_eq(most, READERS_MAX);
}
END_TEST

START_TEST(no_file_is_notfound_at_once)
{
	ck_assert_int_eq(
	    readers_open("/nonexistent/ledger.db", &readers), VT_NOTFOUND);
}
END_TEST

/* ---- files that are not ready -------------------------------------------- */

static const char *
beside(const char *suffix)
{
	static char path[100];

	(void)snprintf(path, sizeof(path), "%s%s", scratch_db, suffix);
	return path;
}

/* As after a restore: readers may make no file here, and -shm is missing. */
static void
take_away_the_index(bool log_too)
{
	ck_assert_int_eq(unlink(beside("-shm")), 0);
	if (log_too)
		ck_assert_int_eq(unlink(beside("-wal")), 0);
	else
		ck_assert_int_eq(chmod(beside("-wal"), 0664), 0);
	ck_assert_int_eq(chmod(scratch_db, 0664), 0);
	ck_assert_int_eq(chmod(scratch_dir, 0555), 0);
}

/* What a process without rights on the folder reads; -1 for busy. */
static pid_t
read_as_nobody(int *result_fd)
{
	struct readers *r;
	struct vt_problem p;
	enum vt_err err;
	int64_t n = -1;
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	*result_fd = fds[0];
	pid = fork();
	if (pid != 0) {
		(void)close(fds[1]);
		return pid;
	}
	if (getuid() == 0 &&
	    (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 ||
		setuid(NOBODY) != 0))
		_exit(1);
	if (readers_open(scratch_db, &r) != VT_OK)
		_exit(2);
	err = readers_run(r, count, NULL, &n, &p);
	if (err == VT_BUSY && strcmp(p.code, "database_busy") == 0)
		n = -1;
	else if (err != VT_OK)
		_exit(3);
	_exit(write(fds[1], &n, sizeof(n)) == sizeof(n) ? 0 : 4);
}

static int64_t
result_of(pid_t pid, int fd)
{
	int64_t n = -2;
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), sizeof(n));
	(void)close(fd);
	return n;
}

/* With and without a log that has yet to be read. */
START_TEST(a_missing_index_is_waited_for)
{
	struct db *keeper;
	pid_t pid;
	int fd;

	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	if (_i == 1) {
		int64_t pages, done;

		ck_assert_int_eq(
		    db_open(scratch_db, DB_KEEPER, &keeper), VT_OK);
		ck_assert_int_eq(db_checkpoint(keeper, &pages, &done), VT_OK);
		db_close(keeper);
	}
	take_away_the_index(_i == 1);
	pid = read_as_nobody(&fd);
	clock_sleep_ms(200);
	ck_assert_int_eq(chmod(scratch_dir, 0755), 0);
	ck_assert_int_eq(db_open(scratch_db, DB_KEEPER, &keeper), VT_OK);
	ck_assert_int_eq(result_of(pid, fd), 1);
	db_close(keeper);
}
END_TEST

START_TEST(an_index_that_stays_missing_is_busy)
{
	pid_t pid;
	int fd;

	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	take_away_the_index(_i == 1);
	pid = read_as_nobody(&fd);
	ck_assert_int_eq(result_of(pid, fd), -1);
	ck_assert_int_eq(chmod(scratch_dir, 0755), 0);
}
END_TEST

/* Readers have no write permission on the index, and need none. */
START_TEST(an_index_that_only_others_may_write_is_enough)
{
	struct db *keeper;
	pid_t pid;
	int fd;

	ck_assert_int_eq(db_open(scratch_db, DB_KEEPER, &keeper), VT_OK);
	ck_assert_int_eq(chmod(beside("-shm"), 0644), 0);
	ck_assert_int_eq(chmod(beside("-wal"), 0644), 0);
	ck_assert_int_eq(chmod(scratch_db, 0644), 0);
	ck_assert_int_eq(chmod(scratch_dir, 0555), 0);
	pid = read_as_nobody(&fd);
	ck_assert_int_eq(result_of(pid, fd), 1);
	ck_assert_int_eq(chmod(scratch_dir, 0755), 0);
	add_thing();
	db_close(keeper);
}
END_TEST

int
main(void)
{
	const TTest *const core[] = {
		a_run_sees_one_snapshot_and_the_next_a_newer_one,
		what_a_read_answers_is_passed_on,
		two_read_at_once_and_others_wait_their_turn,
		no_file_is_notfound_at_once, NULL
	};
	const TTest *const files[] = {
		an_index_that_only_others_may_write_is_enough, NULL
	};
	Suite *s = suite_create("store_readers");
	TCase *c;

	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	c = unit_case(s, "files", files);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, a_missing_index_is_waited_for, 0, 2);
	tcase_add_loop_test(c, an_index_that_stays_missing_is_busy, 0, 2);
	return unit_run(s);
}
