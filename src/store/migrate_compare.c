/* migrate_compare: is the schema still the one that was made? */
#include <string.h>

#include "store/db.h"
#include "store/migrate.h"
#include "store/migrate_steps.h"

/* Names that begin so belong to the engine, and follow from the rest. */
static const char objects_sql[] =
    "SELECT type, name, sql FROM sqlite_schema "
    "WHERE name NOT GLOB 'sqlite_*' ORDER BY type, name";

static const char applied_sql[] =
    "SELECT COALESCE(MAX(version), 0) FROM schema_migrations";

static enum vt_err
applied(struct db *db, int64_t *version)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, applied_sql);
	if (err == VT_OK)
		*version = db_int(&q, 0);
	db_done(&q);
	return err;
}

/* The steps up to `version`, in memory. */
static enum vt_err
make_model(int64_t version, struct db **out)
{
	const struct migrate_step *s = migrate_steps;
	enum vt_err err;

	err = db_open(":memory:", DB_PRIVATE, out);
	if (err == VT_OK)
		err = db_exec(*out, migrate_table_sql);
	for (; err == VT_OK && s->version != 0 && s->version <= version; s++)
		err = db_script(*out, s->sql);
	return err;
}

/* Which of two objects comes first; a walk that ended is after all. */
static int
order(struct query *a, bool a_row, struct query *b, bool b_row)
{
	int d;

	if (!a_row || !b_row)
		return (int)b_row - (int)a_row;
	d = strcmp(db_text(a, 0), db_text(b, 0));
	return d != 0 ? d : strcmp(db_text(a, 1), db_text(b, 1));
}

static enum vt_err
step(struct query *q, bool *row)
{
	enum vt_err err = db_step(q);

	*row = err == VT_OK;
	return err == VT_NOTFOUND ? VT_OK : err;
}

static bool
same_sql(struct query *a, struct query *b)
{
	const char *x = db_text(a, 2), *y = db_text(b, 2);

	return x == y || (x != NULL && y != NULL && strcmp(x, y) == 0);
}

/* Both in the same order, side by side. */
static enum vt_err
walk(struct query *have, struct query *want, migrate_differs_fn fn, void *arg)
{
	bool have_row, want_row;
	enum vt_err err;
	int d;

	err = step(have, &have_row);
	if (err == VT_OK)
		err = step(want, &want_row);
	while (err == VT_OK && (have_row || want_row)) {
		d = order(have, have_row, want, want_row);
		if (d < 0)
			fn("added", db_text(have, 0), db_text(have, 1), arg);
		else if (d > 0)
			fn("missing", db_text(want, 0), db_text(want, 1), arg);
		else if (!same_sql(have, want))
			fn("changed", db_text(have, 0), db_text(have, 1), arg);
		if (d <= 0)
			err = step(have, &have_row);
		if (err == VT_OK && d >= 0)
			err = step(want, &want_row);
	}
	return err;
}

enum vt_err
migrate_compare(struct db *db, migrate_differs_fn fn, void *arg)
{
	struct db *model = NULL;
	struct query have, want;
	int64_t version;
	enum vt_err err;

	err = applied(db, &version);
	if (err != VT_OK)
		return err;
	if (version > migrate_version())
		return VT_NOTFOUND;
	err = make_model(version, &model);
	if (err == VT_OK) {
		err = db_query(&have, db, objects_sql);
		if (err == VT_OK) {
			err = db_query(&want, model, objects_sql);
			if (err == VT_OK)
				err = walk(&have, &want, fn, arg);
			db_done(&want);
		}
		db_done(&have);
	}
	db_close(model);
	return err == VT_NOTFOUND ? VT_DB : err;
}
