/* writer: batches, deadlines and failures of one process's writer. */
#include "unit.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "scratch.h"
#include "store/readers.h"
#include "store/writer.h"

static const char schema[] =
    "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)"
    " STRICT;"
    "CREATE TABLE balance (id INTEGER PRIMARY KEY,"
    " left INTEGER NOT NULL CHECK (left >= 0)) STRICT;"
    "INSERT INTO balance (id, left) VALUES (1, 50);";

static struct writer *writer;

static void
setup(void)
{
	scratch_make();
	scratch_schema(schema);
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
start(struct writer_options o)
{
	o.db_path = scratch_db;
	ck_assert_int_eq(writer_start(&o, &writer), VT_OK);
}

static enum vt_err
op_insert(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	enum vt_err err;

	err = db_exec(db, "INSERT INTO things (name) VALUES (:name)",
	    DB_TEXT("name", in));
	if (err == VT_CONFLICT)
		return vt_problem(p, err, "taken", "name", "Taken.");
	if (err == VT_OK)
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

START_TEST(an_operation_is_durable_when_it_is_answered)
{
	struct vt_problem p;
	int64_t id = 0;

	start((struct writer_options){ 0 });
	ck_assert_int_eq(writer_run(writer, op_insert, "a", &id, &p), VT_OK);
	ck_assert_int_eq(id, 1);
	ck_assert_int_eq(p.err, VT_OK);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM things"), 1);
	ck_assert_int_eq(
	    writer_run(writer, op_insert, "a", &id, &p), VT_CONFLICT);
	ck_assert_str_eq(p.code, "taken");
	ck_assert_int_eq(
	    writer_run_alone(writer, op_insert, "b", &id, NULL), VT_OK);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM things"), 2);
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

	start((struct writer_options){ 0 });
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

static Suite *
suite(void)
{
	const TTest *const core[] = {
		an_operation_is_durable_when_it_is_answered,
		r59_of_100_parallel_spends_of_50_exactly_50_succeed, NULL
	};
	Suite *s = suite_create("store_writer");

	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
