/*
 * migrate_steps: the steps themselves, made from db/sqlite at build time, and
 * the same work with other steps, which is how the tests reach a database
 * that is older, newer or changed.
 */
#ifndef VT_STORE_MIGRATE_STEPS_H
#define VT_STORE_MIGRATE_STEPS_H

#include "base/err.h"
#include "store/migrate.h"

struct migrate_step {
	int version; /* 1, 2, … without a gap; 0 ends the list */
	const char *name;
	const char *sql; /* the file, byte for byte */
};

extern const struct migrate_step migrate_steps[];

/* Makes the table in which applied steps are recorded; before the first. */
extern const char migrate_table_sql[];

enum vt_err migrate_run_steps(const struct migrate_options *o,
    const struct migrate_step *steps, struct vt_problem *p) VT_MUSTCHECK;
enum vt_err
migrate_check_steps(const char *db_path, const struct migrate_step *steps,
    struct instance *out, struct vt_problem *p) VT_MUSTCHECK;

#endif
