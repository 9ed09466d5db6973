/*
 * keeper: the program itself, with a database of its own.
 */
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "books.h"
#include "ledger/heads.h"
#include "ledger/holds.h"
#include "ledger/verify.h"
#include "rewrite.h"
#include "store/writelock.h"
#include "store/writer.h"

#define PROGRAM "bin/keeper" /* from the build folder */
#define PATIENCE_MS 20000    /* a machine may be slow */

static pid_t keeper;

static int
log_file(void)
{
	char path[120];

	(void)snprintf(path, sizeof(path), "%s/keeper.log", scratch_dir);
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static bool
logged(const char *word)
{
	char path[120], line[2000];
	bool found = false;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/keeper.log", scratch_dir);
	f = fopen(path, "re");
	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL)
		found = strstr(line, word) != NULL;
	if (f != NULL)
		(void)fclose(f);
	return found;
}

static pid_t
start_with_this_key(void)
{
	pid_t pid;

	ck_assert_int_eq(setenv("VANTAGE_DB", scratch_db, 1), 0);
	ck_assert_int_eq(setenv("VANTAGE_STATE", scratch_dir, 1), 0);
	ck_assert_int_eq(setenv("VANTAGE_LOG", "error", 1), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		/* What it logs is kept, for those who look for an alarm. */
		if (dup2(log_file(), STDERR_FILENO) < 0)
			_exit(126);
		execl(PROGRAM, PROGRAM, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static pid_t
start(void)
{
	ck_assert_int_eq(setenv("VANTAGE_STATEMENT_KEY", BOOKS_SEED, 1), 0);
	return start_with_this_key();
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

/* ---- sweeps -------------------------------------------------------------- */

static void
proven(void)
{
	struct verify_report r = { 0 };
	struct db *db;

	ck_assert_int_eq(db_open(scratch_db, DB_READER, &db), VT_OK);
	ck_assert_int_eq(ledger_verify(db, &r), VT_OK);
	ck_assert_int_eq(r.faults, 0);
	db_close(db);
}

/* R64: the tokens leave the account without anybody spending. */
START_TEST(lots_past_their_end_are_booked_as_expired)
{
	struct db *db;
	int64_t user;

	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	user = books_user(db, "user_dora", "dora@example.com");
	/* More than one write takes. */
	for (int i = 0; i < 40; i++) {
		char cause[64];

		(void)snprintf(
		    cause, sizeof(cause), "grant:admin:user_root:%d", i);
		(void)books_give(
		    db, user, "grant", cause, 10, 0, BOOKS_NOW + 1 + i);
	}
	(void)books_give(
	    db, user, "grant", "grant:admin:user_root:stays", 5, 0, 0);
	ck_assert_int_eq(db_commit(db), VT_OK);
	db_close(db);
	ck_assert_int_eq(kill(keeper, SIGUSR1), 0);
	await("SELECT count(*) FROM movements WHERE cause LIKE 'expire:%'", 40);
	ck_assert_int_eq(
	    scratch_number("SELECT balance FROM accounts WHERE user = 1"), 5);
	proven();
}
END_TEST

/* R63: nobody else need come by for a hold to end. */
START_TEST(holds_past_their_end_give_back_what_they_held)
{
	struct hold_new n = { .service = 1,
		.user = 1,
		.reference = "job-9",
		.tokens = 4,
		.expires_at = BOOKS_NOW + 1000,
		.now_ms = BOOKS_NOW };
	struct vt_problem p;
	struct hold h;
	struct db *db;

	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	books_fill(db);
	(void)books_give(
	    db, 1, "grant", "grant:admin:user_root:hold", 10, 0, 0);
	ck_assert_int_eq(db_script(db,
			     "INSERT INTO services (name, created_at) "
			     "VALUES ('api', 1)"),
	    VT_OK);
	ck_assert_int_eq(hold_open(db, &n, &h, &p), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	db_close(db);
	ck_assert_int_eq(kill(keeper, SIGUSR1), 0);
	await("SELECT count(*) FROM holds WHERE state = 'expired'", 1);
	ck_assert_int_eq(
	    scratch_number("SELECT COALESCE(SUM(held), 0) FROM lot_left"), 0);
	proven();
}
END_TEST

/* ---- the newest movements ------------------------------------------------ */

START_TEST(a_changed_movement_raises_an_alarm)
{
	struct db *db;

	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	books_fill(db);
	ck_assert_int_eq(db_commit(db), VT_OK);
	clock_sleep_ms(3000); /* several looks */
	ck_assert(!logged("ledger.alarm"));
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(db_script(db,
			     "DROP TRIGGER movements_no_update;"
			     "UPDATE movements SET tokens = 31, "
			     "hash = zeroblob(32) WHERE id = 6"),
	    VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	db_close(db);
	for (int ms = 0; !logged("tail.changed"); ms += 20) {
		ck_assert_int_lt(ms, PATIENCE_MS);
		clock_sleep_ms(20);
	}
}
END_TEST

/* ---- the write lock ------------------------------------------------------ */

static enum vt_err
note_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)in, (void)out, (void)p;
	return db_exec(
	    db, "INSERT INTO audit (at, actor, action) VALUES (1, 'x', 'x')");
}

/* A process that has the lock: for good, or for so long, awake. */
static pid_t
hold_lock(bool frozen, int awake_ms)
{
	struct writelock *l;
	char ready = '!';
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (writelock_open(scratch_db, &l) != VT_OK ||
		    writelock_take(l, 5000) != VT_OK ||
		    write(ends[1], &ready, 1) != 1)
			_exit(1);
		if (frozen)
			(void)raise(SIGSTOP);
		for (int ms = 0; ms < awake_ms; ms += 50)
			clock_sleep_ms(50);
		_exit(0);
	}
	ck_assert_int_eq((int)read(ends[0], &ready, 1), 1);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return pid;
}

/* The others are told to come again (503), and are served afterwards. */
START_TEST(a_writer_frozen_with_the_lock_is_killed_and_the_others_go_on)
{
	struct writer_options o = { .db_path = scratch_db };
	struct vt_problem p = { 0 };
	enum vt_err err = VT_BUSY;
	struct writer *w;
	pid_t frozen;
	int status;

	frozen = hold_lock(true, 0);
	ck_assert_int_eq(writer_start(&o, &w), VT_OK);
	ck_assert_int_eq(writer_run(w, note_op, NULL, NULL, &p), VT_BUSY);
	ck_assert_str_eq(p.code, "database_busy");
	for (int i = 0; i < 10 && err == VT_BUSY; i++)
		err = writer_run(w, note_op, NULL, NULL, &p);
	ck_assert_int_eq(err, VT_OK);
	writer_stop(w);
	ck_assert_int_eq(waitpid(frozen, &status, 0), frozen);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert(logged("watchdog.killed"));
}
END_TEST

static enum vt_err
hang_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)db, (void)in, (void)out, (void)p;
	clock_sleep_ms(3600000);
	return VT_OK;
}

static void *
run_hanging(void *w)
{
	struct vt_problem p;

	return writer_run(w, hang_op, NULL, NULL, &p) == VT_OK ? w : NULL;
}

/* Its other threads go on, and answer that the database is busy. */
START_TEST(a_writer_that_hangs_with_the_lock_is_killed)
{
	struct writer_options o = { .db_path = scratch_db };
	struct writer *w;
	pthread_t hanging;
	int status;
	pid_t pid;

	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (writer_start(&o, &w) != VT_OK ||
		    pthread_create(&hanging, NULL, run_hanging, w) != 0)
			_exit(1);
		for (int ms = 0; ms < PATIENCE_MS; ms += 50)
			clock_sleep_ms(50);
		_exit(2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	write_sql("INSERT INTO audit (at, actor, action) VALUES (1, 'x', 'x')");
}
END_TEST

START_TEST(a_writer_that_is_slow_with_the_lock_is_left_alone)
{
	struct writer_options o = { .db_path = scratch_db };
	struct vt_problem p = { 0 };
	enum vt_err err = VT_BUSY;
	struct writer *w;
	pid_t slow;

	slow = hold_lock(false, 8000);
	ck_assert_int_eq(writer_start(&o, &w), VT_OK);
	for (int i = 0; i < 10 && err == VT_BUSY; i++)
		err = writer_run(w, note_op, NULL, NULL, &p);
	ck_assert_int_eq(err, VT_OK);
	writer_stop(w);
	ck_assert_int_eq(end(slow), 0);
	ck_assert(!logged("watchdog"));
}
END_TEST

/* ---- what it signs ------------------------------------------------------- */

/* Pruned in the first round, and in one that it is told to make. */
static const char old_answer[] =
    "INSERT INTO idempotency (principal, route, key, request_hash, status, "
    "body, created_at) VALUES ('user:2', '/', 'second', x'', 200, '{}', 1)";

/* The newest head in its folder, and how many there are. */
static struct chain_head
newest_head(size_t want)
{
	const struct head_file *files;
	struct arena *a = arena_new();
	struct chain_head h;
	char path[120];
	size_t count;

	(void)snprintf(path, sizeof(path), "%s/heads", scratch_dir);
	ck_assert_int_eq(heads_list(a, path, &files, &count), VT_OK);
	ck_assert_uint_eq(count, want);
	ck_assert(files[count - 1].good);
	h = files[count - 1].head;
	arena_free(a);
	return h;
}

static void
stop(void)
{
	ck_assert_int_eq(kill(keeper, SIGTERM), 0);
	ck_assert_int_eq(end(keeper), 0);
	keeper = 0;
}

static void
fill(void)
{
	struct db *db;

	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	books_fill(db);
	ck_assert_int_eq(db_commit(db), VT_OK);
	db_close(db);
}

START_TEST(a_head_is_signed_at_the_start_and_at_the_end_if_it_is_news)
{
	struct chain_head h;

	await("SELECT key = '" BOOKS_PUBLIC "' FROM statement_keys", 1);
	h = newest_head(1);
	ck_assert_int_eq(h.movement, 0);
	ck_assert_str_eq(h.key, BOOKS_PUBLIC);
	fill();
	stop();
	ck_assert_int_eq(newest_head(2).movement, 6);
	write_sql(old_answer);
	keeper = start();
	await("SELECT count(*) FROM idempotency WHERE body IS NULL", 2);
	stop();
	ck_assert_int_eq(newest_head(2).movement, 6);
	ck_assert(!logged("alarm"));
}
END_TEST

START_TEST(a_statement_that_is_asked_for_is_signed)
{
	fill();
	write_sql("INSERT INTO statements (user, public_id, state, asked_at) "
		  "VALUES (1, 'stm_1', 'pending', 1), "
		  "(3, 'stm_3', 'pending', 2)");
	await("SELECT COUNT(*) FROM statements WHERE state = 'signed'", 2);
	ck_assert_int_eq(scratch_number("SELECT COUNT(*) FROM statements "
					"WHERE key = '" BOOKS_PUBLIC "'"),
	    2);
}
END_TEST

/* What a chain was must still be in it, or nothing is signed any more. */
START_TEST(over_a_chain_that_was_rewritten_nothing_is_signed)
{
	struct db *db;

	fill();
	stop();
	ck_assert_int_eq(newest_head(2).movement, 6);
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	rewrite(db,
	    "UPDATE movements SET created_at = created_at - 1 WHERE id = 1;");
	db_close(db);
	write_sql("INSERT INTO statements (user, public_id, state, asked_at) "
		  "VALUES (1, 'stm_1', 'pending', 1)");
	keeper = start();
	for (int ms = 0; !logged("head.changed"); ms += 20) {
		ck_assert_int_lt(ms, PATIENCE_MS);
		clock_sleep_ms(20);
	}
	/* Its other work goes on: a round of it is over. */
	write_sql(old_answer);
	ck_assert_int_eq(kill(keeper, SIGUSR1), 0);
	await("SELECT COUNT(*) FROM idempotency WHERE body IS NULL", 2);
	ck_assert_int_eq(scratch_number("SELECT COUNT(*) FROM statements "
					"WHERE state = 'pending'"),
	    1);
	stop();
	ck_assert_int_eq(newest_head(2).movement, 6);
}
END_TEST

START_TEST(without_its_key_it_says_so_and_ends)
{
	stop();
	ck_assert_int_eq(setenv("VANTAGE_STATEMENT_KEY",
			     "ed25519-seed:"
			     "no key is written "
			     "like this one",
			     1),
	    0);
	ck_assert_int_eq(end(start_with_this_key()), 78);
	ck_assert(logged("VANTAGE_STATEMENT_KEY"));
	ck_assert(!logged("no key is written"));
	/* And where none is named, it is a file of the state folder. */
	ck_assert_int_eq(unsetenv("VANTAGE_STATEMENT_KEY"), 0);
	ck_assert_int_eq(end(start_with_this_key()), 78);
	ck_assert(logged("No such file"));
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
		lots_past_their_end_are_booked_as_expired,
		holds_past_their_end_give_back_what_they_held,
		a_changed_movement_raises_an_alarm,
		a_writer_frozen_with_the_lock_is_killed_and_the_others_go_on,
		a_writer_that_hangs_with_the_lock_is_killed,
		a_writer_that_is_slow_with_the_lock_is_left_alone,
		a_head_is_signed_at_the_start_and_at_the_end_if_it_is_news,
		a_statement_that_is_asked_for_is_signed,
		over_a_chain_that_was_rewritten_nothing_is_signed,
		without_its_key_it_says_so_and_ends,
		it_ends_cleanly_when_told_to,
		without_a_database_it_says_so_and_ends, NULL
	};
	Suite *s = suite_create("keeper");

	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	return unit_run(s);
}
