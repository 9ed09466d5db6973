/*
 * keeper: the program itself, with a database of its own.
 */
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "books.h"
#include "store/writelock.h"

#define PROGRAM "bin/keeper" /* from the build folder */
#define PATIENCE_MS 20000    /* a machine may be slow */

static pid_t keeper;

static pid_t
start(void)
{
	pid_t pid;

	ck_assert_int_eq(setenv("VANTAGE_DB", scratch_db, 1), 0);
	ck_assert_int_eq(setenv("VANTAGE_STATE", scratch_dir, 1), 0);
	ck_assert_int_eq(setenv("VANTAGE_LOG", "error", 1), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		execl(PROGRAM, PROGRAM, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static int
end(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void await(const char *sql, int64_t want);
static void write_sql(const char *sql);

/* Its first round has pruned an old answer: from then on it takes signals. */
static void
setup(void)
{
	random_init();
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	books_empty();
	write_sql("INSERT INTO idempotency (principal, route, key, "
		  "request_hash, status, body, created_at) VALUES ('user:1', "
		  "'/', 'first', x'', 200, '{}', 1)");
	keeper = start();
	await("SELECT count(*) FROM idempotency WHERE body IS NULL", 1);
}

static void
teardown(void)
{
	if (keeper > 0) {
		(void)kill(keeper, SIGKILL);
		(void)end(keeper);
	}
	scratch_remove();
}

/* Waits until the number is `want`. */
static void
await(const char *sql, int64_t want)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += 20) {
		if (scratch_number(sql) == want)
			return;
		clock_sleep_ms(20);
	}
	ck_abort_msg("%s never became %d", sql, (int)want);
}

static void
write_sql(const char *sql)
{
	struct db *db;

	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(db_script(db, sql), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	db_close(db);
}

static int64_t
file_bytes(void)
{
	struct stat st;

	ck_assert_int_eq(stat(scratch_db, &st), 0);
	return st.st_size;
}

START_TEST(what_was_written_reaches_the_file_by_itself)
{
	int64_t before = file_bytes();

	write_sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
		  "FROM n WHERE i < 1000) INSERT INTO audit (at, actor, "
		  "action, detail) SELECT i, 'x', 'x', hex(zeroblob(1000)) "
		  "FROM n");
	for (int ms = 0; file_bytes() < before + 1000000; ms += 20) {
		ck_assert_int_lt(ms, PATIENCE_MS);
		clock_sleep_ms(20);
	}
}
END_TEST

/* R10, R11: what is failed does not stay so. */
START_TEST(a_failed_event_is_run_again_until_it_is_settled)
{
	write_sql(
	    "INSERT INTO events (evt, type, object, object_type, "
	    "api_version, livemode, stripe_created, body, body_hash, state, "
	    "reason, tries, next_at, received_at) VALUES ('evt_1', "
	    "'customer.created', 'cus_1', 'customer', '2026-10-28.endive', 0, "
	    "1, '{\"id\":\"evt_1\",\"object\":\"event\",\"type\":"
	    "\"customer.created\",\"api_version\":\"2026-10-28.endive\","
	    "\"created\":1795000000,\"livemode\":false,\"data\":{\"object\":"
	    "{\"id\":\"cus_1\",\"object\":\"customer\"}}}', zeroblob(32), "
	    "'failed', 'sys', 1, 1, 1)");
	await("SELECT count(*) FROM events WHERE state = 'irrelevant'", 1);
}
END_TEST

START_TEST(an_event_that_is_not_due_waits)
{
	write_sql("INSERT INTO events (evt, type, livemode, stripe_created, "
		  "body, body_hash, state, tries, next_at, received_at) "
		  "VALUES ('evt_1', 'x', 0, 1, '{}', zeroblob(32), 'failed', "
		  "1, 99999999999999, 1)");
	ck_assert_int_eq(kill(keeper, SIGUSR1), 0);
	clock_sleep_ms(1500);
	ck_assert_int_eq(
	    scratch_number("SELECT tries FROM events WHERE evt = 'evt_1'"), 1);
}
END_TEST

/* One that cannot even be read must not hold up the others. */
START_TEST(an_event_that_cannot_be_read_is_parked_and_holds_up_nobody)
{
	write_sql("INSERT INTO events (evt, type, livemode, stripe_created, "
		  "body, body_hash, state, tries, next_at, received_at) "
		  "VALUES ('evt_1', 'x', 0, 1, 'no json', zeroblob(32), "
		  "'failed', 1, 1, 1), ('evt_2', 'customer.created', 0, 1, "
		  "'{\"id\":\"evt_2\",\"object\":\"event\",\"type\":"
		  "\"customer.created\",\"created\":1795000000,"
		  "\"livemode\":false,\"data\":{\"object\":{\"id\":\"cus_1\","
		  "\"object\":\"customer\"}}}', zeroblob(32), 'failed', 1, 2, "
		  "1)");
	await("SELECT count(*) FROM events WHERE evt = 'evt_2' "
	      "AND state = 'irrelevant'",
	    1);
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM events WHERE evt = 'evt_1' "
			   "AND state = 'parked'"),
	    1);
}
END_TEST

/* R77: the key stays, the text goes. */
START_TEST(answers_older_than_thirty_days_lose_their_text)
{
	write_sql("INSERT INTO idempotency (principal, route, key, "
		  "request_hash, status, body, created_at) VALUES ('user:1', "
		  "'/', 'old', x'', 200, '{}', 1), ('user:1', '/', 'new', x'', "
		  "200, '{}', 99999999999999)");
	ck_assert_int_eq(kill(keeper, SIGUSR1), 0);
	await("SELECT count(*) FROM idempotency WHERE key = 'old' "
	      "AND body IS NULL",
	    1);
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM idempotency "
			   "WHERE key = 'new' AND body IS NOT NULL"),
	    1);
}
END_TEST

/* A process that takes the write lock and stands still with it. */
static pid_t
freeze_with_lock(void)
{
	struct writelock *l;
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (writelock_open(scratch_db, &l) != VT_OK ||
		    writelock_take(l, PATIENCE_MS) != VT_OK)
			_exit(1);
		(void)raise(SIGSTOP);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	return pid;
}

START_TEST(a_writer_that_is_frozen_with_the_lock_is_ended)
{
	struct writelock *l;
	pid_t frozen;
	int status;

	frozen = freeze_with_lock();
	ck_assert_int_eq(writelock_open(scratch_db, &l), VT_OK);
	ck_assert_int_eq(writelock_holder(l), frozen);
	ck_assert_int_eq(waitpid(frozen, &status, 0), frozen);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	/* And now it is everybody's again. */
	ck_assert_int_eq(writelock_take(l, PATIENCE_MS), VT_OK);
	ck_assert_int_eq(writelock_holder(l), getpid());
	writelock_close(l);
}
END_TEST

START_TEST(it_ends_cleanly_when_told_to)
{
	ck_assert_int_eq(kill(keeper, SIGTERM), 0);
	ck_assert_int_eq(end(keeper), 0);
	keeper = 0;
}
END_TEST

START_TEST(without_a_database_it_says_so_and_ends)
{
	char path[120];

	(void)snprintf(path, sizeof(path), "%s/none.db", scratch_dir);
	(void)kill(keeper, SIGKILL);
	(void)end(keeper);
	memcpy(scratch_db, path, sizeof(scratch_db) - 1);
	ck_assert_int_eq(end(start()), 78);
	keeper = 0;
}
END_TEST

int
main(void)
{
	const TTest *const core[] = {
		what_was_written_reaches_the_file_by_itself,
		a_failed_event_is_run_again_until_it_is_settled,
		an_event_that_is_not_due_waits,
		an_event_that_cannot_be_read_is_parked_and_holds_up_nobody,
		answers_older_than_thirty_days_lose_their_text,
		a_writer_that_is_frozen_with_the_lock_is_ended,
		it_ends_cleanly_when_told_to,
		without_a_database_it_says_so_and_ends, NULL
	};
	Suite *s = suite_create("keeper");

	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	return unit_run(s);
}
