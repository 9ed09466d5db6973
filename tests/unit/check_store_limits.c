/* limits: who called too often, and what happens when nobody can count. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "scratch.h"
#include "store/limits.h"

#define MINUTE_MS 60000
#define NOW_MS INT64_C(1800000000000)

static struct limits *limits;
static int retry_after_s;

static void
setup(void)
{
	scratch_make();
	ck_assert_int_eq(log_level_set("error"), VT_OK);
	limits = limits_open(scratch_db);
}

static void
teardown(void)
{
	limits_close(limits);
	scratch_remove();
}

static enum vt_err
hit(const char *key, int64_t now_ms)
{
	return limits_hit(limits, key, MINUTE_MS, 3, now_ms, &retry_after_s);
}

START_TEST(the_call_above_the_limit_is_refused_until_the_window_ends)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(hit("pay:u1", NOW_MS + i), VT_OK);
	ck_assert_int_eq(hit("pay:u1", NOW_MS + 1001), VT_LIMIT);
	ck_assert_int_eq(retry_after_s, 59);
	ck_assert_int_eq(hit("pay:u2", NOW_MS + 1001), VT_OK);
	ck_assert_int_eq(hit("pay:u1", NOW_MS + MINUTE_MS - 1), VT_LIMIT);
	ck_assert_int_eq(retry_after_s, 1);
	ck_assert_int_eq(hit("pay:u1", NOW_MS + MINUTE_MS), VT_OK);
}
END_TEST

START_TEST(a_clock_set_back_begins_a_new_window)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(hit("pay:u1", NOW_MS), VT_OK);
	ck_assert_int_eq(hit("pay:u1", NOW_MS - 1), VT_OK);
}
END_TEST

START_TEST(what_has_ended_is_forgotten)
{
	char key[20];

	for (int i = 0; i < 512 + 1; i++) {
		(void)snprintf(key, sizeof(key), "pay:u%d", i);
		ck_assert_int_eq(
		    hit(key, NOW_MS + (i < 500 ? 0 : MINUTE_MS)), VT_OK);
	}
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM hits"), 13);
}
END_TEST

static atomic_int allowed;

static void *
hit_often(void *arg)
{
	int again;

	for (int i = 0; i < 50; i++)
		if (limits_hit(arg, "pay:u1", MINUTE_MS, 150, NOW_MS, &again) ==
		    VT_OK)
			allowed++;
	return NULL;
}

/* Four threads in each of two processes, 400 calls, 150 allowed. */
START_TEST(threads_and_processes_share_the_count)
{
	pthread_t threads[4];
	int status, there[2];
	pid_t pid;
	int n = 0;

	limits_close(limits);
	limits = NULL;
	ck_assert_int_eq(pipe(there), 0);
	pid = fork();
	limits = limits_open(scratch_db);
	for (size_t i = 0; i < countof(threads); i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, hit_often, limits), 0);
	for (size_t i = 0; i < countof(threads); i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	if (pid == 0) {
		n = allowed;
		_exit(write(there[1], &n, sizeof(n)) == sizeof(n) ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(read(there[0], &n, sizeof(n)), sizeof(n));
	ck_assert_int_eq(allowed + n, 150);
	(void)close(there[0]);
	(void)close(there[1]);
}
END_TEST

START_TEST(a_damaged_file_is_moved_aside_and_begun_anew)
{
	char damaged[100];
	struct stat st;
	FILE *f;

	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	limits_close(limits);
	f = fopen(scratch_db, "w");
	for (int i = 0; i < 1000; i++)
		(void)fputs("this is a text and no database\n", f);
	(void)fclose(f);
	limits = limits_open(scratch_db);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(hit("pay:u1", NOW_MS), VT_OK);
	ck_assert_int_eq(hit("pay:u1", NOW_MS), VT_LIMIT);
	(void)snprintf(damaged, sizeof(damaged), "%s.damaged", scratch_db);
	ck_assert_int_eq(stat(damaged, &st), 0);
	ck_assert_int_eq(st.st_size, 31 * 1000);
}
END_TEST

START_TEST(a_file_that_fails_lets_everybody_through)
{
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	limits_close(limits);
	ck_assert_int_eq(unlink(scratch_db), 0);
	ck_assert_int_eq(mkdir(scratch_db, 0700), 0);
	limits = limits_open(scratch_db);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(hit("pay:u1", NOW_MS), VT_OK);
	/* It is counted again once a file can be made. */
	ck_assert_int_eq(rmdir(scratch_db), 0);
	clock_freeze(clock_now_ms(), clock_mono_ms() + 20000);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(hit("pay:u1", NOW_MS), VT_OK);
	ck_assert_int_eq(hit("pay:u1", NOW_MS), VT_LIMIT);
	clock_thaw();
}
END_TEST

START_TEST(a_folder_that_is_not_there_lets_everybody_through)
{
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	limits_close(limits);
	limits = limits_open("/nonexistent/limits.db");
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(hit("pay:u1", NOW_MS), VT_OK);
}
END_TEST

int
main(void)
{
	const TTest *const core[] = {
		the_call_above_the_limit_is_refused_until_the_window_ends,
		a_clock_set_back_begins_a_new_window,
		what_has_ended_is_forgotten,
		threads_and_processes_share_the_count, NULL
	};
	const TTest *const failures[] = {
		a_damaged_file_is_moved_aside_and_begun_anew,
		a_file_that_fails_lets_everybody_through,
		a_folder_that_is_not_there_lets_everybody_through, NULL
	};
	Suite *s = suite_create("store_limits");

	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "failures", failures), setup, teardown);
	return unit_run(s);
}
