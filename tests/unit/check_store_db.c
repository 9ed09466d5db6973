/* db: statements, rows, results and transactions of one connection. */
#include "unit.h"

#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "scratch.h"
#include "store/db.h"

static const char schema[] =
    "CREATE TABLE things (\n"
    "    id INTEGER PRIMARY KEY,\n"
    "    name TEXT NOT NULL UNIQUE,\n"
    "    size INTEGER CHECK (size < 100),\n"
    "    data BLOB\n"
    ") STRICT;\n"
    "CREATE TRIGGER things_stay BEFORE DELETE ON things\n"
    "BEGIN SELECT RAISE(ABORT, 'things are never deleted'); END;\n";

static const char sql_insert[] =
    "INSERT INTO things (name, size, data) VALUES (:name, :size, :data)";
static const char sql_count[] = "SELECT count(*) FROM things";
static const char sql_all[] = "SELECT name, size, data FROM things ORDER BY id";

static struct db *db;

static void
setup(void)
{
	scratch_make();
	scratch_schema(schema);
	ck_assert_int_eq(log_level_set("error"), VT_OK);
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
}

/* Nobody tidies up after a process that ends: its files have no name. */
static void
setup_doomed(void)
{
	setup();
	scratch_remove();
}

static void
teardown(void)
{
	db_close(db);
	scratch_remove();
}

static enum vt_err
insert(const char *name, int64_t size)
{
	return db_exec(db, sql_insert, DB_TEXT("name", name),
	    DB_INT("size", size), DB_NULL("data"));
}

/* The call before this was to end the process. */
static void
must_not_return(enum vt_err err)
{
	ck_abort_msg("it returned %s", vt_err_name(err));
}

static int64_t
count(void)
{
	struct query q;
	int64_t n;

	ck_assert_int_eq(db_row(&q, db, sql_count), VT_OK);
	n = db_int(&q, 0);
	db_done(&q);
	return n;
}

START_TEST(rows_come_back_as_they_were_bound)
{
	static const unsigned char bytes[] = { 0, 1, 255, 0 };
	struct query q;
	char small[4];
	size_t n;

	ck_assert_int_eq(db_begin(db), VT_OK);
	/* Parameters may come in any order. */
	ck_assert_int_eq(
	    db_exec(db, sql_insert, DB_BLOB("data", bytes, sizeof(bytes)),
		DB_TEXT("name", "gr\xc3\xbcn"), DB_INT("size", INT64_MIN)),
	    VT_OK);
	ck_assert_int_eq(db_changes(db), 1);
	ck_assert_int_eq(db_last_id(db), 1);
	ck_assert_int_eq(db_exec(db, sql_insert, DB_BLOB("data", NULL, 0),
			     DB_TEXT("name", ""), DB_NULL("size")),
	    VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);

	ck_assert_int_eq(db_query(&q, db, sql_all), VT_OK);
	ck_assert_int_eq(db_step(&q), VT_OK);
	ck_assert_str_eq(db_text(&q, 0), "gr\xc3\xbcn");
	ck_assert(!db_copy(&q, 0, small, sizeof(small)));
	ck_assert_str_eq(small, "gr\xc3");
	ck_assert_int_eq(db_int(&q, 1), INT64_MIN);
	ck_assert_mem_eq(db_blob(&q, 2, &n), bytes, sizeof(bytes));
	ck_assert_uint_eq(n, sizeof(bytes));
	ck_assert_int_eq(db_step(&q), VT_OK);
	ck_assert(db_is_null(&q, 1));
	ck_assert_int_eq(db_int(&q, 1), 0);
	ck_assert_str_eq(db_text(&q, 0), "");
	ck_assert(!db_is_null(&q, 2)); /* an empty blob is not NULL */
	ck_assert_int_eq(db_step(&q), VT_NOTFOUND);
	db_done(&q);
	db_done(&q); /* twice is fine */
}
END_TEST

START_TEST(no_row_is_notfound_and_leaves_nothing_to_end)
{
	struct query q;

	ck_assert_int_eq(db_row(&q, db, "SELECT 1 FROM things WHERE id = :id",
			     DB_INT("id", 7)),
	    VT_NOTFOUND);
	ck_assert_ptr_null(q.stmt);
}
END_TEST

START_TEST(only_unique_and_primary_key_are_conflicts)
{
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(insert("a", 1), VT_OK);
	ck_assert_int_eq(insert("a", 2), VT_CONFLICT);
	ck_assert_int_eq(
	    db_exec(db, "INSERT INTO things (id, name) VALUES (1, 'b')"),
	    VT_CONFLICT);
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	ck_assert_int_eq(insert("c", 100), VT_DB);
	ck_assert_int_eq(insert(NULL, 1), VT_DB);
	ck_assert_int_eq(db_exec(db, "DELETE FROM things"), VT_DB);
	ck_assert_int_eq(
	    db_exec(db, "REPLACE INTO things (id, name) VALUES (1, 'z')"),
	    VT_DB); /* a replaced row is a deleted one */
	ck_assert_int_eq(db_exec(db, "UPDATE nothing SET x = 1"), VT_DB);
	ck_assert_int_eq(db_commit(db), VT_OK);
	ck_assert_int_eq(count(), 1);
}
END_TEST

/* A failure is logged once, with the engine's words and no bound value. */
START_TEST(a_failure_is_logged_without_the_values)
{
	char path[100], text[2000];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/log", scratch_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	log_to(fd);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(insert("person@example.org", 100), VT_DB);
	db_rollback(db);
	n = pread(fd, text, sizeof(text) - 1, 0);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_ptr_nonnull(strstr(text, "CHECK constraint failed"));
	ck_assert_ptr_null(strstr(text, "person@example.org"));
	ck_assert_ptr_eq(strchr(text, '\n'), text + n - 1);
	(void)close(fd);
}
END_TEST

/* More texts than the table first holds, each found again. */
START_TEST(statements_are_found_again_by_the_address_of_their_text)
{
	static char texts[500][40];
	struct query q;

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 500; i++) {
			(void)snprintf(
			    texts[i], sizeof(texts[i]), "SELECT %d + :n", i);
			ck_assert_int_eq(
			    db_row(&q, db, texts[i], DB_INT("n", round)),
			    VT_OK);
			ck_assert_int_eq(db_int(&q, 0), i + round);
			db_done(&q);
		}
}
END_TEST

START_TEST(a_text_that_changed_under_its_address_ends_the_process)
{
	static char text[] = "SELECT 1";
	struct query q;

	ck_assert_int_eq(db_row(&q, db, text), VT_OK);
	db_done(&q);
	text[7] = '2';
	must_not_return(db_row(&q, db, text));
}
END_TEST

START_TEST(an_unknown_parameter_ends_the_process)
{
	struct query q;

	must_not_return(
	    db_row(&q, db, "SELECT :a", DB_INT("a", 1), DB_INT("b", 1)));
}
END_TEST

START_TEST(a_missing_parameter_ends_the_process)
{
	struct query q;

	must_not_return(db_row(&q, db, "SELECT :a, :b", DB_INT("a", 1)));
}
END_TEST

START_TEST(a_parameter_given_twice_ends_the_process)
{
	struct query q;

	must_not_return(
	    db_row(&q, db, "SELECT :a, :b", DB_INT("a", 1), DB_INT("a", 1)));
}
END_TEST

START_TEST(a_statement_running_twice_at_once_ends_the_process)
{
	struct query q, r;

	ck_assert_int_eq(db_query(&q, db, sql_all), VT_OK);
	must_not_return(db_query(&r, db, sql_all));
}
END_TEST

/* R60: nobody's SQL can begin a transaction, deferred or otherwise. */
START_TEST(a_transaction_in_other_sql_ends_the_process)
{
	static const char *const texts[] = { "BEGIN", "BEGIN IMMEDIATE",
		"COMMIT", "SAVEPOINT x" };

	must_not_return(db_exec(db, texts[_i]));
}
END_TEST

/* R60: the first thing a transaction does is to take the write lock. */
START_TEST(begin_takes_the_write_lock_at_once)
{
	struct db *other;
	struct query q;

	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &other), VT_OK);
	ck_assert_int_eq(db_row(&q, other, "PRAGMA busy_timeout = 1"), VT_OK);
	db_done(&q);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(db_begin(other), VT_BUSY);
	db_rollback(db);
	ck_assert_int_eq(db_begin(other), VT_OK);
	db_rollback(other);
	db_close(other);
}
END_TEST

START_TEST(a_write_outside_a_transaction_is_refused)
{
	struct query q;

	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	ck_assert_int_eq(insert("a", 1), VT_DB);
	ck_assert_int_eq(
	    db_query(
		&q, db, "INSERT INTO things (name) VALUES ('b') RETURNING id"),
	    VT_DB);
	db_done(&q);
	ck_assert_int_eq(db_savepoint(db), VT_DB);
	ck_assert_int_eq(db_commit(db), VT_DB);
	ck_assert_int_eq(count(), 0);
}
END_TEST

START_TEST(a_savepoint_undoes_only_what_came_after_it)
{
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(insert("kept", 1), VT_OK);
	ck_assert_int_eq(db_savepoint(db), VT_OK);
	ck_assert_int_eq(insert("undone", 1), VT_OK);
	ck_assert_int_eq(db_savepoint(db), VT_OK);
	ck_assert_int_eq(insert("undone too", 1), VT_OK);
	ck_assert_int_eq(db_release(db), VT_OK);
	ck_assert_int_eq(db_savepoints(db), 1);
	ck_assert_int_eq(db_undo(db), VT_OK);
	ck_assert_int_eq(db_savepoint(db), VT_OK);
	ck_assert_int_eq(insert("released", 1), VT_OK);
	ck_assert_int_eq(insert("released", 1), VT_CONFLICT);
	ck_assert_int_eq(db_release(db), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	ck_assert_int_eq(count(), 2);
}
END_TEST

/* SQLITE_FULL ends the whole transaction; everything after it says so. */
START_TEST(after_a_full_disk_nothing_more_is_written)
{
	char big[100000];
	struct query q;

	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	ck_assert_int_eq(db_row(&q, db, "PRAGMA max_page_count = 10"), VT_OK);
	db_done(&q);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(insert("first", 1), VT_OK);
	ck_assert_int_eq(db_savepoint(db), VT_OK);
	ck_assert_int_eq(insert(big, 1), VT_DB);
	ck_assert(db_autocommit(db));
	ck_assert_int_eq(insert("after", 1), VT_DB);
	ck_assert_int_eq(db_undo(db), VT_DB);
	ck_assert_int_eq(db_savepoint(db), VT_DB);
	ck_assert_int_eq(db_commit(db), VT_DB);
	db_rollback(db);
	ck_assert_int_eq(count(), 0);
}
END_TEST

START_TEST(a_script_that_fails_names_its_line)
{
	char path[100], text[2000];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/log", scratch_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	log_to(fd);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(db_script(db,
			     "-- one\nCREATE TABLE t (a);\n\n-- four\n"
			     "CREATE TABLE t (a);\nCREATE TABLE u (a);\n"),
	    VT_DB);
	db_rollback(db);
	n = pread(fd, text, sizeof(text) - 1, 0);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_ptr_nonnull(strstr(text, "\"line\":4"));
	ck_assert_ptr_nonnull(strstr(text, "already exists"));
	(void)close(fd);
}
END_TEST

START_TEST(a_reader_cannot_write)
{
	struct db *reader;

	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	ck_assert_int_eq(db_open(scratch_db, DB_READER, &reader), VT_OK);
	ck_assert_int_eq(db_read_begin(reader), VT_OK);
	ck_assert_int_eq(
	    db_exec(reader, "INSERT INTO things (name) VALUES ('a')"), VT_DB);
	db_read_end(reader);
	db_close(reader);
}
END_TEST

START_TEST(a_reader_sees_one_snapshot)
{
	struct db *reader;
	struct query q;

	ck_assert_int_eq(db_open(scratch_db, DB_READER, &reader), VT_OK);
	ck_assert_int_eq(db_read_begin(reader), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(insert("a", 1), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	ck_assert_int_eq(db_row(&q, reader, sql_count), VT_OK);
	ck_assert_int_eq(db_int(&q, 0), 0);
	db_done(&q);
	db_read_end(reader);
	ck_assert_int_eq(db_read_begin(reader), VT_OK);
	ck_assert_int_eq(db_row(&q, reader, sql_count), VT_OK);
	ck_assert_int_eq(db_int(&q, 0), 1);
	db_done(&q);
	db_read_end(reader);
	db_close(reader);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_notfound_and_not_made)
{
	char path[100];
	struct db *none;

	(void)snprintf(path, sizeof(path), "%s/none.db", scratch_dir);
	ck_assert_int_eq(db_open(path, DB_WRITER, &none), VT_NOTFOUND);
	ck_assert_int_eq(db_open(path, DB_READER, &none), VT_NOTFOUND);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(db_open(path, DB_PRIVATE, &none), VT_OK);
	ck_assert_int_eq(
	    db_exec(none, "CREATE TABLE t (a INTEGER) STRICT"), VT_OK);
	db_close(none);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_file_that_is_no_database_is_a_failure)
{
	char path[100];
	struct db *none;
	FILE *f;

	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	(void)snprintf(path, sizeof(path), "%s/text.db", scratch_dir);
	f = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		(void)fputs("this is a text and no database\n", f);
	(void)fclose(f);
	ck_assert_int_eq(db_open(path, DB_WRITER, &none), VT_DB);
	ck_assert_int_eq(db_open(path, DB_READER, &none), VT_DB);
}
END_TEST

START_TEST(the_files_may_be_written_by_their_group)
{
	char path[100];
	struct stat st;

	ck_assert_int_eq(stat(scratch_db, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0660);
	(void)snprintf(path, sizeof(path), "%s-wal", scratch_db);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0660);
}
END_TEST

/* The last close neither checkpoints nor removes the log. */
START_TEST(the_log_stays_until_keeper_copies_it)
{
	struct db *keeper;
	int64_t pages, done, bytes;

	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(insert("a", 1), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	ck_assert_int_gt(db_log_pages(db), 0);
	bytes = db_wal_bytes(db);
	ck_assert_int_gt(bytes, 4096);
	db_close(db);
	ck_assert_int_eq(db_open(scratch_db, DB_KEEPER, &keeper), VT_OK);
	ck_assert_int_eq(db_wal_bytes(keeper), bytes);
	ck_assert_int_eq(db_checkpoint(keeper, &pages, &done), VT_OK);
	ck_assert_int_gt(pages, 0);
	ck_assert_int_eq(pages, done);
	db_close(keeper);
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(count(), 1);
}
END_TEST

/* One that another connection sees before the disk has it. */
START_TEST(a_commit_apart_is_seen_at_once_and_durable_after_its_sync)
{
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(insert("a", 1), VT_OK);
	ck_assert_int_eq(db_commit_apart(db), VT_OK);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM things"), 1);
	ck_assert_int_eq(db_sync(db), VT_OK);
	ck_assert_int_eq(count(), 1);
}
END_TEST

/*
 * With a cache of few pages SQLite writes to the log in the middle of a
 * transaction, writes such pages again, and reads back what it wrote; with
 * much to commit the frames go out in several writes.
 */
START_TEST(a_log_written_at_once_holds_what_one_written_by_pages_holds)
{
	static char big[3000];
	char name[32];
	struct query q;

	memset(big, 'x', sizeof(big) - 1);
	ck_assert_int_eq(db_row(&q, db, "PRAGMA cache_size = 10"), VT_NOTFOUND);
	db_done(&q);
	for (int round = 0; round < 3; round++) {
		ck_assert_int_eq(db_begin(db), VT_OK);
		for (int i = 0; i < 200; i++) {
			(void)snprintf(name, sizeof(name), "%d-%d-", round, i);
			memcpy(big, name, strlen(name));
			ck_assert_int_eq(insert(big, i % 50), VT_OK);
		}
		ck_assert_int_eq(
		    db_exec(db, "UPDATE things SET size = size + 1"), VT_OK);
		if (round == 1) {
			db_rollback(db);
			continue;
		}
		ck_assert_int_eq(
		    round == 0 ? db_commit(db) : db_commit_apart(db), VT_OK);
		ck_assert_int_eq(db_sync(db), VT_OK);
		ck_assert_int_eq(scratch_number("SELECT count(*) FROM things"),
		    round == 0 ? 200 : 400);
	}
	/* As somebody finds it who knows only the files. */
	ck_assert_int_eq(scratch_number("SELECT integrity_check = 'ok' "
					"FROM pragma_integrity_check"),
	    1);
	/* 0 to 49 four times in each of two rounds, and 1 for each update. */
	ck_assert_int_eq(scratch_number("SELECT sum(size) FROM things"),
	    2 * 4 * 1225 + 3 * 200);
}
END_TEST

struct beside {
	int called;
	struct db *db;
};

/* Somebody commits while keeper copies. */
static void
commit_beside(void *arg)
{
	struct beside *b = arg;

	b->called++;
	ck_assert_int_eq(db_begin(b->db), VT_OK);
	ck_assert_int_eq(insert("beside", 2), VT_OK);
	ck_assert_int_eq(db_commit(b->db), VT_OK);
}

START_TEST(beside_a_checkpoint_others_commit_and_nothing_is_lost)
{
	struct beside beside = { 0, db };
	int64_t pages, done;
	struct db *keeper;

	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(insert("a", 1), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	ck_assert_int_eq(db_open(scratch_db, DB_KEEPER, &keeper), VT_OK);
	ck_assert_int_eq(db_version(keeper, &pages), VT_OK);
	ck_assert_int_eq(
	    db_checkpoint_apart(keeper, commit_beside, &beside, &pages, &done),
	    VT_OK);
	ck_assert_int_eq(beside.called, 1);
	ck_assert_int_eq(count(), 2);
	/* What came in between is left for the next, which has an end. */
	ck_assert_int_eq(db_checkpoint(keeper, &pages, &done), VT_OK);
	ck_assert_int_eq(pages, done);
	ck_assert_int_eq(
	    db_checkpoint_apart(keeper, commit_beside, &beside, &pages, &done),
	    VT_OK);
	ck_assert_int_eq(beside.called, 1); /* there was nothing to copy */
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(insert("c", 3), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	ck_assert_int_eq(count(), 3);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM things"), 3);
	db_close(keeper);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const core[] = { rows_come_back_as_they_were_bound,
		no_row_is_notfound_and_leaves_nothing_to_end,
		only_unique_and_primary_key_are_conflicts,
		a_failure_is_logged_without_the_values,
		statements_are_found_again_by_the_address_of_their_text, NULL };
	const TTest *const transactions[] = {
		begin_takes_the_write_lock_at_once,
		a_write_outside_a_transaction_is_refused,
		a_savepoint_undoes_only_what_came_after_it,
		after_a_full_disk_nothing_more_is_written,
		a_script_that_fails_names_its_line, NULL
	};
	const TTest *const files[] = { a_reader_cannot_write,
		a_reader_sees_one_snapshot,
		a_file_that_is_not_there_is_notfound_and_not_made,
		a_file_that_is_no_database_is_a_failure,
		the_files_may_be_written_by_their_group,
		the_log_stays_until_keeper_copies_it,
		a_commit_apart_is_seen_at_once_and_durable_after_its_sync,
		a_log_written_at_once_holds_what_one_written_by_pages_holds,
		beside_a_checkpoint_others_commit_and_nothing_is_lost, NULL };
	const TTest *const faults[] = {
		a_text_that_changed_under_its_address_ends_the_process,
		an_unknown_parameter_ends_the_process,
		a_missing_parameter_ends_the_process,
		a_parameter_given_twice_ends_the_process,
		a_statement_running_twice_at_once_ends_the_process
	};
	const TTest *const none[] = { NULL };
	Suite *s = suite_create("store_db");
	TCase *c;

	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "transactions", transactions), setup, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "files", files), setup, teardown);
	c = unit_case(s, "faults of a caller", none);
	tcase_add_checked_fixture(c, setup_doomed, teardown);
	for (size_t i = 0; i < countof(faults); i++)
		tcase_add_test_raise_signal(c, faults[i], SIGABRT);
	tcase_add_loop_test_raise_signal(
	    c, a_transaction_in_other_sql_ends_the_process, SIGABRT, 0, 4);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
