/*
 * backup and restore: the drill. Copies are made beside running writers,
 * restored, proven and compared.
 */
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "books.h"
#include "ledger/verify.h"
#include "store/backup.h"
#include "store/restore.h"
#include "store/writer.h"

#define PATIENCE_MS 30000

static char folder[100], restored[100];

static void
setup(void)
{
	struct db *db;

	random_init();
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	books_empty();
	(void)snprintf(folder, sizeof(folder), "%s/kept", scratch_dir);
	(void)snprintf(restored, sizeof(restored), "%s/again.db", scratch_dir);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(setenv("VANTAGE_DB", scratch_db, 1), 0);
	ck_assert_int_eq(setenv("VANTAGE_STATE", scratch_dir, 1), 0);
	ck_assert_int_eq(setenv("VANTAGE_LOG", "error", 1), 0);
	ck_assert_int_eq(setenv("VANTAGE_STATEMENT_KEY", BOOKS_SEED, 1), 0);
	ck_assert_int_eq(setenv("VANTAGE_BACKUP_DIR", folder, 1), 0);
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	books_fill(db);
	(void)books_give(
	    db, 1, "grant", "grant:admin:user_root:many", 1000000, 0, 0);
	ck_assert_int_eq(db_commit(db), VT_OK);
	db_close(db);
}

static int
end(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int
run(const char *const argv[])
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		if (dup2(null, STDOUT_FILENO) < 0 ||
		    dup2(null, STDERR_FILENO) < 0)
			_exit(126);
		/* execv() only reads it. */
		execv(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	return end(pid);
}

#define RUN(...) run((const char *const[]){ __VA_ARGS__, NULL })

static int64_t
number(const char *path, const char *sql)
{
	struct query q;
	struct db *db;
	int64_t n;

	ck_assert_int_eq(db_open(path, DB_PRIVATE, &db), VT_OK);
	ck_assert_int_eq(db_row(&q, db, sql), VT_OK);
	n = db_int(&q, 0);
	db_done(&q);
	db_close(db);
	return n;
}

static struct verify_report
proven(const char *path)
{
	struct verify_report r = { 0 };
	struct db *db;

	ck_assert_int_eq(db_open(path, DB_PRIVATE, &db), VT_OK);
	ck_assert_int_eq(ledger_verify(db, &r), VT_OK);
	ck_assert_int_eq(r.faults, 0);
	db_close(db);
	return r;
}

/* ---- writers beside it --------------------------------------------------- */

struct one {
	int writer, number;
};

static enum vt_err
spend_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct one *o = in;
	char cause[64];
	struct spend s = { .user = 1,
		.tokens = 1,
		.cause = cause,
		.actor = "service:api",
		.now_ms = BOOKS_NOW + 2000 };

	(void)snprintf(
	    cause, sizeof(cause), "spend:api:w%d-%d", o->writer, o->number);
	return ledger_spend(db, &s, out, p);
}

/* Spends for as long; tells by its pipe how many were answered. */
static void
spend_until_told(int writer, int tell)
{
	struct writer_options o = { .db_path = scratch_db };
	struct one one = { writer, 0 };
	struct vt_problem p;
	struct spend_done done;
	struct writer *w;

	if (writer_start(&o, &w) != VT_OK)
		_exit(1);
	for (;;) {
		if (writer_run(w, spend_op, &one, &done, &p) == VT_OK)
			one.number++;
		if (write(tell, &one.number, sizeof(one.number)) < 0)
			_exit(0);
	}
}

#define WRITERS 3
static pid_t writers[WRITERS];
static int answers[WRITERS][2];
static int answered_by[WRITERS]; /* as far as was read */

static void
writers_start(void)
{
	for (int i = 0; i < WRITERS; i++) {
		ck_assert_int_eq(pipe(answers[i]), 0);
		writers[i] = fork();
		ck_assert_int_ge(writers[i], 0);
		if (writers[i] == 0)
			spend_until_told(i, answers[i][1]);
		(void)close(answers[i][1]);
	}
}

/* Reads what they say for so long, so that they do not stop. */
static void
writers_watch(int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;

	while (clock_mono_ms() < until)
		for (int i = 0; i < WRITERS; i++)
			ck_assert_int_eq(
			    (int)read(answers[i][0], &answered_by[i],
				sizeof(answered_by[i])),
			    (int)sizeof(answered_by[i]));
}

/* Kills them; how many spends were answered. */
static int
writers_end(void)
{
	int sum = 0, n;

	for (int i = 0; i < WRITERS; i++) {
		(void)kill(writers[i], SIGKILL);
		(void)end(writers[i]);
		while (read(answers[i][0], &n, sizeof(n)) == (int)sizeof(n))
			answered_by[i] = n;
		(void)close(answers[i][0]);
		sum += answered_by[i];
	}
	return sum;
}

static pid_t
keeper_start(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		execl("bin/keeper", "keeper", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void
await_backup(char path[static BACKUP_PATH_BYTES])
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	while (backup_newest(folder, path) != VT_OK) {
		ck_assert_int_lt(clock_mono_ms(), until);
		clock_sleep_ms(20);
	}
}

#define SPENDS "SELECT count(*) FROM movements WHERE cause LIKE 'spend:api:w%'"

/* ---- tests --------------------------------------------------------------- */

/* What the copy holds is one moment, though three processes write on. */
START_TEST(a_backup_beside_running_writers_is_restored_and_proven)
{
	char path[BACKUP_PATH_BYTES];
	int answered;

	writers_start();
	writers_watch(300);
	ck_assert_int_eq(RUN("bin/vantage", "backup", folder), 0);
	writers_watch(300);
	answered = writers_end();
	ck_assert_int_eq(backup_newest(folder, path), VT_OK);
	ck_assert_int_eq(RUN("bin/vantage", "restore", path, restored), 0);
	ck_assert_int_gt(proven(restored).movements, 7);
	ck_assert_int_gt(number(restored, SPENDS), 0);
	ck_assert_int_le(number(restored, SPENDS), answered + WRITERS);
	/* Each of its movements is one of ours, to the last bit. */
	ck_assert_int_eq(proven(scratch_db).faults, 0);
}
END_TEST

/* Nothing that was answered before the last checkpoint is lost. */
START_TEST(the_kept_log_brings_back_what_was_written_after_the_backup)
{
	char path[BACKUP_PATH_BYTES];
	pid_t keeper = keeper_start();
	struct verify_report then, now;
	int answered;

	await_backup(path);
	writers_start();
	writers_watch(4000); /* several checkpoints */
	answered = writers_end();
	ck_assert_int_gt(answered, 0);
	/* Its last round copies what came after the one before. */
	clock_sleep_ms(3000);
	ck_assert_int_eq(kill(keeper, SIGTERM), 0);
	ck_assert_int_eq(end(keeper), 0);
	ck_assert_int_lt(number(path, SPENDS), answered);
	ck_assert_int_eq(RUN("bin/vantage", "restore", folder, restored), 0);
	ck_assert_int_ge(number(restored, SPENDS), answered);
	then = proven(scratch_db);
	now = proven(restored);
	ck_assert_int_eq(now.movements, then.movements);
	ck_assert_mem_eq(now.head, then.head, sizeof(now.head));
}
END_TEST

START_TEST(a_kept_log_with_a_damaged_page_is_played_no_further)
{
	char path[BACKUP_PATH_BYTES], kept[BACKUP_PATH_BYTES];
	pid_t keeper = keeper_start();
	FILE *f;

	await_backup(path);
	writers_start();
	writers_watch(1500);
	(void)writers_end();
	clock_sleep_ms(2000);
	ck_assert_int_eq(kill(keeper, SIGKILL), 0);
	(void)end(keeper);
	ck_assert(backup_log_path(path, kept));
	f = fopen(kept, "r+e");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fseek(f, 32 + 24 + 100, SEEK_SET), 0);
	ck_assert_uint_eq(fwrite("damaged", 1, 7, f), 7);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(RUN("bin/vantage", "restore", path, restored), 0);
	(void)proven(restored);
}
END_TEST

START_TEST(nothing_that_exists_is_overwritten)
{
	char path[BACKUP_PATH_BYTES], wal[120];

	(void)snprintf(path, sizeof(path), "%s/one.db", folder);
	ck_assert_int_eq(RUN("bin/vantage", "backup", path), 0);
	ck_assert_int_eq(RUN("bin/vantage", "backup", path), 1);
	ck_assert_int_eq(RUN("bin/vantage", "restore", path, scratch_db), 1);
	/* A log that lies about would be taken for the new one's. */
	(void)snprintf(wal, sizeof(wal), "%s-wal", restored);
	ck_assert_int_ge(open(wal, O_CREAT | O_WRONLY | O_CLOEXEC, 0600), 0);
	ck_assert_int_eq(RUN("bin/vantage", "restore", path, restored), 1);
	ck_assert_int_ne(access(restored, F_OK), 0);
	ck_assert_int_eq(unlink(wal), 0);
	ck_assert_int_eq(RUN("bin/vantage", "restore", path, restored), 0);
}
END_TEST

START_TEST(a_damaged_backup_is_not_restored)
{
	char path[BACKUP_PATH_BYTES];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/one.db", folder);
	ck_assert_int_eq(RUN("bin/vantage", "backup", path), 0);
	f = fopen(path, "r+e");
	ck_assert_ptr_nonnull(f);
	for (long at = 4096; at < 200000; at += 4096) {
		ck_assert_int_eq(fseek(f, at, SEEK_SET), 0);
		ck_assert_uint_eq(fwrite("damaged", 1, 7, f), 7);
	}
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(RUN("bin/vantage", "restore", path, restored), 1);
	ck_assert_int_ne(access(restored, F_OK), 0);
}
END_TEST

/* Books that do not prove themselves make no backup. */
START_TEST(a_backup_of_books_in_disorder_is_refused)
{
	struct db *db;

	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(
	    db_script(db, "UPDATE accounts SET balance = 1 WHERE id = 5"),
	    VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	db_close(db);
	ck_assert_int_eq(RUN("bin/vantage", "backup", folder), 1);
	ck_assert_int_eq(
	    backup_newest(folder, (char[BACKUP_PATH_BYTES]){ 0 }), VT_NOTFOUND);
}
END_TEST

/* R74, R75: the keys may have been used and forgotten meanwhile. */
START_TEST(after_a_restore_nothing_is_sent_that_was_not_looked_up)
{
	char path[BACKUP_PATH_BYTES];
	struct db *db;

	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(
	    db_script(db,
		"INSERT INTO attempts (what, subject, stripe_key, path, "
		"params, body_hash, state, next_at, created_at, updated_at) "
		"VALUES ('intent', 'ord_1', 'k1', '/v1/payment_intents', '', "
		"x'', 'in_flight', 99999999999999, 99999999999999, 1), "
		"('intent', 'ord_2', 'k2', '/v1/payment_intents', '', x'', "
		"'done', NULL, 7, 7);"
		"INSERT INTO outbox (kind, object, data, next_at, created_at) "
		"VALUES ('receipt', 'tx_1', '{}', 1, 1)"),
	    VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	db_close(db);
	(void)snprintf(path, sizeof(path), "%s/one.db", folder);
	ck_assert_int_eq(RUN("bin/vantage", "backup", path), 0);
	ck_assert_int_eq(RUN("bin/vantage", "restore", path, restored), 0);
	ck_assert_int_eq(
	    number(restored,
		"SELECT count(*) FROM attempts WHERE state = 'unknown' "
		"AND next_at - created_at >= 23 * 3600000"),
	    1);
	ck_assert_int_eq(
	    number(
		restored, "SELECT count(*) FROM attempts WHERE created_at = 7"),
	    1);
	ck_assert_int_eq(
	    number(restored,
		"SELECT count(*) FROM outbox WHERE state = 'pending'"),
	    0);
	ck_assert_int_eq(number(restored,
			     "SELECT count(*) FROM audit "
			     "WHERE action = 'database.restore'"),
	    1);
}
END_TEST

static void
touch(const char *name, int64_t age_s)
{
	char path[200];
	struct timespec times[2];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	times[0] = times[1] =
	    (struct timespec){ .tv_sec = (time_t)(clock_now_s() - age_s) };
	ck_assert_int_eq(futimens(fd, times), 0);
	(void)close(fd);
}

static bool
is_there(const char *name)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

START_TEST(old_backups_go_and_new_ones_and_strangers_stay)
{
	touch("vantage-20260101T000000.000Z.db", 9000);
	touch("vantage-20260101T000000.000Z.wal", 9000);
	touch("vantage-20260101T010000.000Z.db", 8000);
	touch("vantage-20260101T020000.000Z.db", 7000);
	touch("mine.db", 90000);
	backup_prune(folder, 1, 7500 * 1000);
	ck_assert(!is_there("vantage-20260101T000000.000Z.db"));
	ck_assert(!is_there("vantage-20260101T000000.000Z.wal"));
	ck_assert(!is_there("vantage-20260101T010000.000Z.db"));
	ck_assert(is_there("vantage-20260101T020000.000Z.db"));
	ck_assert(is_there("mine.db"));
}
END_TEST

int
main(void)
{
	const TTest *const core[] = {
		a_backup_beside_running_writers_is_restored_and_proven,
		the_kept_log_brings_back_what_was_written_after_the_backup,
		a_kept_log_with_a_damaged_page_is_played_no_further,
		nothing_that_exists_is_overwritten,
		a_damaged_backup_is_not_restored,
		a_backup_of_books_in_disorder_is_refused,
		after_a_restore_nothing_is_sent_that_was_not_looked_up,
		old_backups_go_and_new_ones_and_strangers_stay, NULL
	};
	Suite *s = suite_create("backup");

	tcase_add_checked_fixture(
	    unit_case(s, "core", core), setup, scratch_remove);
	return unit_run(s);
}
