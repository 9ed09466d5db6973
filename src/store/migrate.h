/*
 * migrate: the schema, in numbered steps built into the library as text
 * (db/sqlite/NNN_name.sql), and the check that program and database agree.
 */
#ifndef VT_STORE_MIGRATE_H
#define VT_STORE_MIGRATE_H

#include <stdint.h>

#include "base/err.h"

/* The newest step that this program knows; a database may be ahead. */
int migrate_version(void);

struct migrate_options {
	const char *db_path;
	bool livemode; /* for a new database; an old one's mode must agree */
	void (*progress)(int step, const char *name, void *arg); /* or NULL */
	void *arg;
};

/*
 * Makes the database if need be and applies the missing steps, each in one
 * transaction under the write lock, its name and SHA-256 recorded. Refuses
 * (VT_CONFLICT, with a problem) a database whose recorded step differs from
 * ours, whose min_reader is newer than this program, or whose mode differs.
 */
enum vt_err
migrate_run(const struct migrate_options *o, struct vt_problem *p) VT_MUSTCHECK;

/*
 * For every program at its start: VT_CONFLICT with code "schema_too_new" if
 * the database's min_reader is newer than this program, "schema_too_old" if
 * a step of ours is missing. Fills in *livemode and the instance's uuid.
 */
struct instance {
	char uuid[40];
	bool livemode;
};
enum vt_err migrate_check(const char *db_path, struct instance *out,
    struct vt_problem *p) VT_MUSTCHECK;

/*
 * Compares the tables, indexes and triggers of an open database with those
 * that the steps make in an empty one, word for word: a trigger that somebody
 * dropped guards nothing any more. Calls fn for each that differs: `how` is
 * "missing", "changed" or "added", `type` "table", "index", "trigger" or
 * "view". VT_NOTFOUND: the database is ahead of this program, which cannot
 * tell. In a read or an operation.
 */
struct db;
typedef void (*migrate_differs_fn)(
    const char *how, const char *type, const char *name, void *arg);
enum vt_err
migrate_compare(struct db *db, migrate_differs_fn fn, void *arg) VT_MUSTCHECK;

#endif
