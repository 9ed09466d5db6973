/* migrate: how a database is made, brought up, and refused. */
#include "unit.h"

#include <sys/wait.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/random.h"
#include "scratch.h"
#include "store/migrate_steps.h"
#include "store/writelock.h"

#define INSTANCE                                                        \
	"-- 001: a step.\n-- min_reader: 1\n"                           \
	"CREATE TABLE instance (id INTEGER PRIMARY KEY CHECK (id = 1)," \
	" uuid TEXT NOT NULL, livemode INTEGER NOT NULL,"               \
	" min_reader INTEGER NOT NULL, created_at INTEGER NOT NULL) STRICT;\n"
#define ITEMS "CREATE TABLE items (id INTEGER PRIMARY KEY) STRICT;\n"

static const struct migrate_step one[] = { { 1, "core", INSTANCE },
	{ 0, NULL, NULL } };
static const struct migrate_step two[] = { { 1, "core", INSTANCE },
	{ 2, "items", ITEMS }, { 0, NULL, NULL } };
static const struct migrate_step two_closed[] = { { 1, "core", INSTANCE },
	{ 2, "items", "-- 002\n-- min_reader: 2\n" ITEMS }, { 0, NULL, NULL } };
static const struct migrate_step two_changed[] = { { 1, "core", INSTANCE },
	{ 2, "items", "-- another text\n" ITEMS }, { 0, NULL, NULL } };
static const struct migrate_step broken[] = { { 1, "core", INSTANCE },
	{ 2, "broken", ITEMS "CREATE TABLE items (id INTEGER);\n" },
	{ 0, NULL, NULL } };

static int steps_seen;
static struct vt_problem problem;

static void
setup(void)
{
	scratch_make();
	random_init();
	ck_assert_int_eq(log_level_set("error"), VT_OK);
	fault_init("check", scratch_dir);
	steps_seen = 0;
}

static void
teardown(void)
{
	scratch_remove();
}

static void
quiet(void)
{
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

static void
progress(int step, const char *name, void *arg)
{
	(void)name, (void)arg; /* only how many is asked */
	ck_assert_int_gt(step, 0);
	steps_seen++;
}

static enum vt_err
run(const struct migrate_step *steps, bool livemode)
{
	struct migrate_options o = { .db_path = scratch_db,
		.livemode = livemode,
		.progress = progress };

	return migrate_run_steps(&o, steps, &problem);
}

START_TEST(a_fresh_database_gets_every_step_and_a_second_run_changes_nothing)
{
	struct instance first, again;

	ck_assert_int_eq(run(two, true), VT_OK);
	ck_assert_int_eq(steps_seen, 2);
	ck_assert_int_eq(
	    migrate_check_steps(scratch_db, two, &first, &problem), VT_OK);
	ck_assert(first.livemode);
	ck_assert_uint_eq(strlen(first.uuid), 36);
	ck_assert_int_eq(first.uuid[14], '4');
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM schema_migrations"
					" WHERE length(sha256) = 64"),
	    2);
	ck_assert_int_eq(run(two, true), VT_OK);
	ck_assert_int_eq(steps_seen, 2);
	ck_assert_int_eq(
	    migrate_check_steps(scratch_db, two, &again, &problem), VT_OK);
	ck_assert_str_eq(first.uuid, again.uuid);
}
END_TEST

START_TEST(a_missing_step_is_applied_and_until_then_programs_wait)
{
	struct instance i;

	ck_assert_int_eq(run(one, false), VT_OK);
	ck_assert_int_eq(
	    migrate_check_steps(scratch_db, two, &i, &problem), VT_CONFLICT);
	ck_assert_str_eq(problem.code, "schema_too_old");
	ck_assert_int_eq(run(two, false), VT_OK);
	ck_assert_int_eq(steps_seen, 2);
	ck_assert_int_eq(
	    migrate_check_steps(scratch_db, two, &i, &problem), VT_OK);
	ck_assert(!i.livemode);
}
END_TEST

/* A program older than the database's min_reader refuses it. */
START_TEST(a_program_older_than_min_reader_refuses)
{
	struct instance i;

	ck_assert_int_eq(run(two_closed, false), VT_OK);
	ck_assert_int_eq(scratch_number("SELECT min_reader FROM instance"), 2);
	ck_assert_int_eq(
	    migrate_check_steps(scratch_db, one, &i, &problem), VT_CONFLICT);
	ck_assert_str_eq(problem.code, "schema_too_new");
	ck_assert_int_eq(run(one, false), VT_CONFLICT);
	ck_assert_str_eq(problem.code, "schema_too_new");
}
END_TEST

START_TEST(a_database_ahead_whose_min_reader_allows_it_is_used)
{
	struct instance i;

	ck_assert_int_eq(run(two, false), VT_OK);
	ck_assert_int_eq(
	    migrate_check_steps(scratch_db, one, &i, &problem), VT_OK);
	ck_assert_int_eq(run(one, false), VT_OK);
	ck_assert_int_eq(steps_seen, 2);
}
END_TEST

START_TEST(a_step_that_was_changed_is_refused)
{
	ck_assert_int_eq(run(two, false), VT_OK);
	ck_assert_int_eq(run(two_changed, false), VT_CONFLICT);
	ck_assert_str_eq(problem.code, "schema_changed");
	ck_assert_ptr_nonnull(strstr(problem.message, "Step 2"));
}
END_TEST

START_TEST(another_mode_is_refused)
{
	ck_assert_int_eq(run(two, true), VT_OK);
	ck_assert_int_eq(run(two, false), VT_CONFLICT);
	ck_assert_str_eq(problem.code, "livemode_differs");
}
END_TEST

START_TEST(the_database_of_another_program_is_refused)
{
	struct instance i;

	scratch_schema("CREATE TABLE recipes (name TEXT);");
	ck_assert_int_eq(run(two, false), VT_CONFLICT);
	ck_assert_str_eq(problem.code, "database_foreign");
	ck_assert_int_eq(
	    migrate_check_steps(scratch_db, two, &i, &problem), VT_CONFLICT);
}
END_TEST

START_TEST(no_database_is_said_to_be_missing)
{
	struct instance i;

	ck_assert_int_eq(
	    migrate_check_steps(scratch_db, two, &i, &problem), VT_NOTFOUND);
	ck_assert_str_eq(problem.code, "database_missing");
	ck_assert_int_eq(access(scratch_db, F_OK), -1);
}
END_TEST

START_TEST(a_step_that_fails_leaves_nothing_of_itself)
{
	quiet();
	ck_assert_int_eq(run(broken, false), VT_DB);
	ck_assert_str_eq(problem.code, "migration_failed");
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM schema_migrations"), 1);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM sqlite_schema"
					" WHERE name = 'items'"),
	    0);
	ck_assert_int_eq(run(two, false), VT_OK);
}
END_TEST

#ifdef VT_FAULTS
/* Kills the run that applies what is missing in a folder of its own. */
static void
interrupt(const char *point, const struct migrate_step *before)
{
	int status;
	pid_t pid;

	scratch_remove();
	setup();
	if (before != NULL)
		ck_assert_int_eq(run(before, false), VT_OK);
	scratch_arm(point, "kill");
	pid = fork();
	if (pid == 0) {
		quiet();
		_exit(run(two, false) == VT_OK ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
}

/* Killed anywhere, the next run finishes it. */
START_TEST(a_step_that_is_interrupted_leaves_nothing_of_itself)
{
	static const char *const points[] = { "migrate.before_step",
		"migrate.before_commit", "migrate.after_commit" };
	const struct migrate_step *before = _i % 2 == 0 ? NULL : one;

	interrupt(points[_i / 2], before);
	ck_assert_int_eq(run(two, false), VT_OK);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM instance"), 1);
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM schema_migrations"), 2);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM items"), 0);
}
END_TEST
#endif

START_TEST(migrate_waits_for_the_write_lock)
{
	struct writelock *lock;
	int status;
	pid_t pid;

	ck_assert_int_eq(run(one, false), VT_OK);
	ck_assert_int_eq(writelock_open(scratch_db, &lock), VT_OK);
	ck_assert_int_eq(writelock_take(lock, 0), VT_OK);
	pid = fork();
	if (pid == 0)
		_exit(run(two, false) == VT_OK ? 0 : 1);
	ck_assert_int_eq(usleep(50000), 0);
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM schema_migrations"), 1);
	writelock_drop(lock);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM schema_migrations"), 2);
	writelock_close(lock);
}
END_TEST

/* The steps as shipped, which every other program relies on. */
START_TEST(the_schema_as_shipped_applies_and_is_sound)
{
	struct migrate_options o = { .db_path = scratch_db };
	struct instance i;
	struct query q;
	struct db *db;

	ck_assert_int_gt(migrate_version(), 0);
	ck_assert_int_eq(migrate_run(&o, &problem), VT_OK);
	ck_assert_int_eq(migrate_check(scratch_db, &i, &problem), VT_OK);
	ck_assert_int_eq(db_open(scratch_db, DB_READER, &db), VT_OK);
	ck_assert_int_eq(db_row(&q, db, "PRAGMA integrity_check"), VT_OK);
	ck_assert_str_eq(db_text(&q, 0), "ok");
	db_done(&q);
	ck_assert_int_eq(
	    db_row(&q, db, "PRAGMA foreign_key_check"), VT_NOTFOUND);
	db_close(db);
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM sqlite_schema"
			   " WHERE name IN ('idx_users_stripe_customer',"
			   " 'idx_token_transactions_payment_intent',"
			   " 'idx_token_transactions_status')"),
	    3);
}
END_TEST

static int differences;
static char difference[128];

static void
on_difference(const char *how, const char *type, const char *name, void *arg)
{
	(void)arg; /* one test at a time */
	differences++;
	(void)snprintf(
	    difference, sizeof(difference), "%s %s %s", how, type, name);
}

static const struct {
	const char *sql, *difference;
} meddling[] = {
	{ "DROP TRIGGER lots_no_update", "missing trigger lots_no_update" },
	{ "DROP TRIGGER lots_no_update; CREATE TRIGGER lots_no_update "
	  "BEFORE UPDATE ON lots BEGIN SELECT 1; END",
	    "changed trigger lots_no_update" },
	{ "CREATE TRIGGER gift AFTER INSERT ON audit BEGIN UPDATE lot_left "
	  "SET left = left + 1; END",
	    "added trigger gift" },
	{ "DROP INDEX idx_users_stripe_customer",
	    "missing index idx_users_stripe_customer" },
	{ "CREATE TABLE zebra (id INTEGER)", "added table zebra" },
	{ "ALTER TABLE jwks ADD COLUMN more TEXT", "changed table jwks" },
	{ "CREATE VIEW aview AS SELECT 1", "added view aview" },
};

START_TEST(a_schema_that_was_meddled_with_is_named)
{
	struct migrate_options o = { .db_path = scratch_db };
	struct db *db;

	ck_assert_int_eq(migrate_run(&o, &problem), VT_OK);
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	differences = 0;
	ck_assert_int_eq(migrate_compare(db, on_difference, NULL), VT_OK);
	ck_assert_int_eq(differences, 0);
	ck_assert_int_eq(db_script(db, meddling[_i].sql), VT_OK);
	ck_assert_int_eq(migrate_compare(db, on_difference, NULL), VT_OK);
	ck_assert_int_eq(differences, 1);
	ck_assert_str_eq(difference, meddling[_i].difference);
	db_rollback(db);
	db_close(db);
}
END_TEST

START_TEST(a_schema_ahead_of_the_program_is_not_judged)
{
	struct migrate_options o = { .db_path = scratch_db };
	struct db *db;

	ck_assert_int_eq(migrate_run(&o, &problem), VT_OK);
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(
	    db_script(db,
		"INSERT INTO schema_migrations VALUES (9999, 'later', '', 1)"),
	    VT_OK);
	ck_assert_int_eq(migrate_compare(db, on_difference, NULL), VT_NOTFOUND);
	db_rollback(db);
	db_close(db);
}
END_TEST

/* A ledger of before step 6: of 20 tokens 4 are held and 6 frozen. */
static const char unmarked[] =
    "INSERT INTO users (id, clerk_sub, created_at, updated_at) "
    "VALUES (1, 'user_1', 1, 1);"
    "INSERT INTO services (id, name, created_at) VALUES (1, 'editor', 1);"
    "INSERT INTO token_transactions (id, public_id, user, kind, tokens, "
    "status, actor, created_at, updated_at) "
    "VALUES (1, 'tx_1', 1, 'purchase', 20, 'completed', 'stripe', 10, 10);"
    "INSERT INTO lots (id, user, tx, origin, paid, granted, created_at) "
    "VALUES (1, 1, 1, 'purchase', 1, 20, 10);"
    "INSERT INTO lot_left (lot, user, left, live, held, frozen) "
    "VALUES (1, 1, 20, 1, 4, 6);"
    "INSERT INTO grants (tx, source, lot, granted) VALUES (1, 'pi:1', 1, 20);"
    "UPDATE grants SET since = 30;"
    "INSERT INTO holds (id, public_id, service, reference, user, tokens, "
    "expires_at, created_at) VALUES (1, 'hold_1', 1, 'r', 1, 4, 99, 20);"
    "INSERT INTO hold_lots (hold, lot, tokens) VALUES (1, 1, 4);";

/* What was held or frozen when step 6 came is marked from its beginning. */
START_TEST(marks_begin_with_what_is_held_and_frozen)
{
	struct migrate_step before[6];
	struct db *db;

	memcpy(before, migrate_steps, sizeof(before) - sizeof(before[0]));
	before[5] = (struct migrate_step){ 0, NULL, NULL };
	ck_assert_int_eq(run(before, false), VT_OK);
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(db_script(db, unmarked), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	db_close(db);
	ck_assert_int_eq(run(migrate_steps, false), VT_OK);
	ck_assert_int_eq(scratch_number("SELECT COUNT(*) FROM lot_marks"), 2);
	ck_assert_int_eq(
	    scratch_number("SELECT created_at FROM lot_marks "
			   "WHERE lot = 1 AND held = 4 AND frozen = 0"),
	    20);
	ck_assert_int_eq(
	    scratch_number("SELECT created_at FROM lot_marks "
			   "WHERE lot = 1 AND held = 0 AND frozen = 6"),
	    30);
}
END_TEST

int
main(void)
{
	const TTest *const core[] = { marks_begin_with_what_is_held_and_frozen,
		a_schema_ahead_of_the_program_is_not_judged,
		a_fresh_database_gets_every_step_and_a_second_run_changes_nothing,
		a_missing_step_is_applied_and_until_then_programs_wait,
		a_database_ahead_whose_min_reader_allows_it_is_used,
		migrate_waits_for_the_write_lock,
		the_schema_as_shipped_applies_and_is_sound, NULL };
	const TTest *const refused[] = {
		a_program_older_than_min_reader_refuses,
		a_step_that_was_changed_is_refused, another_mode_is_refused,
		the_database_of_another_program_is_refused,
		no_database_is_said_to_be_missing, NULL
	};
	const TTest *const interrupted[] = {
		a_step_that_fails_leaves_nothing_of_itself, NULL
	};
	Suite *s = suite_create("store_migrate");
	TCase *c;

	c = unit_case(s, "core", core);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, a_schema_that_was_meddled_with_is_named, 0,
	    (int)countof(meddling));
	tcase_add_checked_fixture(
	    unit_case(s, "refused", refused), setup, teardown);
	c = unit_case(s, "interrupted", interrupted);
	tcase_add_checked_fixture(c, setup, teardown);
#ifdef VT_FAULTS
	tcase_add_loop_test(
	    c, a_step_that_is_interrupted_leaves_nothing_of_itself, 0, 6);
#endif
	return unit_run(s);
}
