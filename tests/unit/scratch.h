/*
 * scratch: a folder of its own for a test, removed afterwards, and a database
 * in it.
 *
 * A test that forks calls scratch_make() before and lets only the parent call
 * scratch_remove().
 */
#ifndef VT_TESTS_SCRATCH_H
#define VT_TESTS_SCRATCH_H

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/db.h"

static char scratch_dir[64];
static char scratch_db[80];

static inline void
scratch_make(void)
{
	(void)snprintf(
	    scratch_dir, sizeof(scratch_dir), "/tmp/vantage-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch_dir));
	(void)snprintf(
	    scratch_db, sizeof(scratch_db), "%s/ledger.db", scratch_dir);
}

static inline void
scratch_empty(const char *dir)
{
	char path[400];
	struct dirent *e;
	DIR *d = opendir(dir);

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >=
		    (int)sizeof(path))
			continue;
		if (e->d_type == DT_DIR)
			scratch_empty(path);
		else
			(void)unlink(path);
	}
	(void)closedir(d);
	(void)rmdir(dir);
}

static inline void
scratch_remove(void)
{
	scratch_empty(scratch_dir);
}

/* Makes the database and runs a script in it. */
static inline void
scratch_schema(const char *sql)
{
	struct db *db;

	ck_assert_int_eq(db_create(scratch_db), VT_OK);
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(db_script(db, sql), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	db_close(db);
}

/* The one number that a constant query gives, on a connection of its own. */
static inline int64_t
scratch_number(const char *sql)
{
	struct query q;
	struct db *db;
	int64_t n;

	ck_assert_int_eq(db_open(scratch_db, DB_READER, &db), VT_OK);
	ck_assert_int_eq(db_row(&q, db, sql), VT_OK);
	n = db_int(&q, 0);
	db_done(&q);
	db_close(db);
	return n;
}

/* Arms a fault point of the process "check" (fault_init() said so). */
static inline void
scratch_arm(const char *point, const char *order)
{
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/faults", scratch_dir);
	(void)mkdir(path, 0700);
	(void)snprintf(
	    path, sizeof(path), "%s/faults/check.%s", scratch_dir, point);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(order, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

#endif
