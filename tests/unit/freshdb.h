/*
 * freshdb: a fresh database with its schema, for tests of the ledger and of
 * billing, and the few questions that they all ask of it.
 */
#ifndef VT_TESTS_FRESHDB_H
#define VT_TESTS_FRESHDB_H

#include "unit.h"

#include <string.h>

#include "base/random.h"
#include "ledger/movements.h"
#include "ledger/transactions.h"
#include "scratch.h"
#include "store/db.h"
#include "store/migrate.h"

#define BOOKS_NOW INT64_C(1800000000000)

static struct instance books_instance;
static struct db *books;

/* A database of its own, migrated, with a connection that may write. */
static inline void
books_open(void)
{
	struct migrate_options o = { 0 };
	struct vt_problem p;

	random_init();
	scratch_make();
	o.db_path = scratch_db;
	ck_assert_int_eq(migrate_run(&o, &p), VT_OK);
	ck_assert_int_eq(migrate_check(scratch_db, &books_instance, &p), VT_OK);
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &books), VT_OK);
}

static inline void
books_close(void)
{
	db_close(books);
	books = NULL;
	scratch_remove();
}

/* Runs one statement in a transaction of its own. */
static inline enum vt_err
books_do(const char *sql)
{
	enum vt_err err;

	ck_assert_int_eq(db_begin(books), VT_OK);
	err = db_exec(books, sql);
	if (err == VT_OK)
		ck_assert_int_eq(db_commit(books), VT_OK);
	else
		db_rollback(books);
	return err;
}

/* The first column of the first row, a number. */
static inline int64_t
books_int(const char *sql)
{
	struct query q;
	int64_t n;

	ck_assert_msg(db_row(&q, books, sql) == VT_OK, "%s", sql);
	n = db_int(&q, 0);
	db_done(&q);
	return n;
}

/* The same, a text that lives until the next call. */
static inline const char *
books_text(const char *sql)
{
	static char text[512];
	struct query q;

	ck_assert_msg(db_row(&q, books, sql) == VT_OK, "%s", sql);
	(void)db_copy(&q, 0, text, sizeof(text));
	db_done(&q);
	return text;
}

/* Entries of every account sum to what the account says, all to nothing. */
static inline void
books_balanced(void)
{
	ck_assert_int_eq(
	    books_int("SELECT COALESCE(SUM(delta), 0) FROM entries"), 0);
	ck_assert_int_eq(
	    books_int("SELECT COUNT(*) FROM accounts a WHERE a.balance <> "
		      "(SELECT COALESCE(SUM(delta), 0) FROM entries "
		      "WHERE account = a.id)"),
	    0);
	ck_assert_int_eq(
	    books_int("SELECT COUNT(*) FROM accounts a WHERE kind = 'user' "
		      "AND a.balance <> (SELECT COALESCE(SUM(left), 0) "
		      "FROM lot_left f WHERE f.user = a.user)"),
	    0);
}

#endif
