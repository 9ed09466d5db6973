/*
 * migrate: see migrate.h.
 *
 * The table of applied steps and the row of `instance` are made in the
 * transaction of the first step, so a database either has none of it or is
 * whole up to some step. An empty file is what an interrupted first step
 * leaves, and counts as new.
 */
#include "store/migrate.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/random.h"
#include "store/db.h"
#include "store/migrate_steps.h"
#include "store/readers.h"
#include "store/writelock.h"

#define LOCK_WAIT_MS 10000 /* longer than any batch; a person is waiting */
#define HASH_TEXT_BYTES (crypto_hash_sha256_BYTES * 2 + 1)
#define MIN_READER_MARK "-- min_reader: "

const char migrate_table_sql[] = "CREATE TABLE schema_migrations ("
				 " version INTEGER PRIMARY KEY,"
				 " name TEXT NOT NULL,"
				 " sha256 TEXT NOT NULL,"
				 " applied_at INTEGER NOT NULL"
				 ") STRICT";

enum stmt {
	STMT_TABLES,
	STMT_HAS_STEPS,
	STMT_STEPS,
	STMT_INSTANCE,
	STMT_ADD_STEP,
	STMT_ADD_INSTANCE,
	STMT_RAISE,
	STMT__MAX
};

static const char *const sql[STMT__MAX] = {
	[STMT_TABLES] = "SELECT count(*) FROM sqlite_schema",
	[STMT_HAS_STEPS] = "SELECT count(*) FROM sqlite_schema"
			   " WHERE type = 'table'"
			   " AND name = 'schema_migrations'",
	[STMT_STEPS] = "SELECT version, sha256 FROM schema_migrations"
		       " ORDER BY version",
	[STMT_INSTANCE] = "SELECT uuid, livemode, min_reader FROM instance"
			  " WHERE id = 1",
	[STMT_ADD_STEP] = "INSERT INTO schema_migrations"
			  " (version, name, sha256, applied_at)"
			  " VALUES (:version, :name, :sha256, :now)",
	[STMT_ADD_INSTANCE] = "INSERT INTO instance"
			      " (id, uuid, livemode, min_reader, created_at)"
			      " VALUES (1, :uuid, :livemode, 1, :now)",
	[STMT_RAISE] = "UPDATE instance SET min_reader ="
		       " max(min_reader, :min_reader) WHERE id = 1",
};

static int
newest(const struct migrate_step *steps)
{
	int version = 0;

	for (; steps->version != 0; steps++) {
		assert(steps->version == version + 1);
		version = steps->version;
	}
	return version;
}

int
migrate_version(void)
{
	return newest(migrate_steps);
}

static void
hash(const char *text, char out[static HASH_TEXT_BYTES])
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(
	    digest, (const unsigned char *)text, strlen(text));
	(void)sodium_bin2hex(out, HASH_TEXT_BYTES, digest, sizeof(digest));
}

/* What the comment at the head of a step asks of readers; 0 for nothing. */
static int
min_reader_of(const char *text)
{
	const size_t mark = strlen(MIN_READER_MARK);

	while (strncmp(text, "--", 2) == 0) {
		if (strncmp(text, MIN_READER_MARK, mark) == 0)
			return (int)strtol(text + mark, NULL, 10);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return 0;
}

/* ---- what a database says of itself -------------------------------------- */

struct state {
	bool foreign; /* it has tables, and not ours */
	int applied;  /* its newest step; 0: new */
	int changed;  /* a step that differs from ours, or is skipped */
	int min_reader;
	struct instance instance;
};

static enum vt_err
count(struct db *db, const char *text, int64_t *out)
{
	struct query q;
	enum vt_err err;

	err = db_row(&q, db, text);
	if (err == VT_OK)
		*out = db_int(&q, 0);
	db_done(&q);
	return err;
}

/* Compares what was applied with our steps, as far as we know them. */
static enum vt_err
read_steps(struct db *db, const struct migrate_step *steps, struct state *state)
{
	char ours[HASH_TEXT_BYTES];
	struct query q;
	enum vt_err err;
	int version;

	err = db_query(&q, db, sql[STMT_STEPS]);
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		version = (int)db_int(&q, 0);
		if (version != state->applied + 1)
			state->changed = version;
		state->applied = version;
		if (steps->version != version)
			continue; /* a newer program's */
		hash(steps->sql, ours);
		if (strcmp(ours, db_text(&q, 1)) != 0)
			state->changed = version;
		steps++;
	}
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

static enum vt_err
read_instance(struct db *db, struct state *state)
{
	struct query q;
	enum vt_err err;

	err = db_row(&q, db, sql[STMT_INSTANCE]);
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	(void)db_copy(&q, 0, state->instance.uuid,
	    sizeof(state->instance.uuid)); /* ours, and it fits */
	state->instance.livemode = db_int(&q, 1) != 0;
	state->min_reader = (int)db_int(&q, 2);
	db_done(&q);
	return VT_OK;
}

static enum vt_err
read_state(struct db *db, const struct migrate_step *steps, struct state *state)
{
	int64_t tables, has_steps;
	enum vt_err err;

	memset(state, 0, sizeof(*state));
	if ((err = count(db, sql[STMT_TABLES], &tables)) != VT_OK ||
	    (err = count(db, sql[STMT_HAS_STEPS], &has_steps)) != VT_OK)
		return err;
	if (has_steps == 0) {
		state->foreign = tables > 0;
		return VT_OK;
	}
	err = read_steps(db, steps, state);
	return err == VT_OK ? read_instance(db, state) : err;
}

static enum vt_err
too_new(const struct state *state, int ours, struct vt_problem *p)
{
	return vt_problem(p, VT_CONFLICT, "schema_too_new", NULL,
	    "The database is at step %d and is only for programs that know "
	    "step %d; this one knows %d. Install the newer program.",
	    state->applied, state->min_reader, ours);
}

static enum vt_err
foreign(struct vt_problem *p)
{
	return vt_problem(p, VT_CONFLICT, "database_foreign", NULL,
	    "The file is a database of another program.");
}

/* ---- making it ----------------------------------------------------------- */

/* A version 4 UUID (RFC 4122 section 4.4). */
static void
make_uuid(char out[static 40])
{
	unsigned char b[16];

	random_bytes(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	(void)snprintf(out, 40,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]);
}

static enum vt_err
add_instance(struct db *db, bool livemode)
{
	char uuid[40];

	make_uuid(uuid);
	return db_exec(db, sql[STMT_ADD_INSTANCE], DB_TEXT("uuid", uuid),
	    DB_INT("livemode", livemode), DB_INT("now", clock_now_ms()));
}

static enum vt_err
apply_inside(
    struct db *db, const struct migrate_step *step, bool first, bool livemode)
{
	char digest[HASH_TEXT_BYTES];
	enum vt_err err;

	assert(min_reader_of(step->sql) <= step->version);
	if (first && (err = db_exec(db, migrate_table_sql)) != VT_OK)
		return err;
	if ((err = db_script(db, step->sql)) != VT_OK)
		return err;
	if (first && (err = add_instance(db, livemode)) != VT_OK)
		return err;
	err = db_exec(db, sql[STMT_RAISE],
	    DB_INT("min_reader", min_reader_of(step->sql)));
	if (err != VT_OK)
		return err;
	hash(step->sql, digest);
	return db_exec(db, sql[STMT_ADD_STEP], DB_INT("version", step->version),
	    DB_TEXT("name", step->name), DB_TEXT("sha256", digest),
	    DB_INT("now", clock_now_ms()));
}

/* One step, whole or not at all. */
static enum vt_err
apply(struct db *db, const struct migrate_step *step, bool first, bool livemode)
{
	enum vt_err err;

	fault_point("migrate.before_step");
	err = db_begin(db);
	if (err != VT_OK)
		return err;
	err = apply_inside(db, step, first, livemode);
	fault_point("migrate.before_commit");
	if (err == VT_OK)
		err = db_commit(db);
	if (err != VT_OK)
		db_rollback(db);
	fault_point("migrate.after_commit");
	return err;
}

static enum vt_err
refuse(const struct migrate_options *o, const struct state *state, int ours,
    struct vt_problem *p)
{
	if (state->foreign)
		return foreign(p);
	if (state->applied == 0)
		return VT_OK;
	if (state->min_reader > ours)
		return too_new(state, ours, p);
	if (state->changed != 0)
		return vt_problem(p, VT_CONFLICT, "schema_changed", NULL,
		    "Step %d of the database is not the one that this program "
		    "would have applied.",
		    state->changed);
	if (state->instance.livemode != o->livemode)
		return vt_problem(p, VT_CONFLICT, "livemode_differs", NULL,
		    "The database is in %s mode. A database keeps the mode it "
		    "was made with.",
		    state->instance.livemode ? "live" : "test");
	return VT_OK;
}

static enum vt_err
bring_up(const struct migrate_options *o, struct db *db,
    const struct migrate_step *steps, struct vt_problem *p)
{
	struct state state;
	enum vt_err err;

	err = read_state(db, steps, &state);
	if (err == VT_OK)
		err = refuse(o, &state, newest(steps), p);
	for (; err == VT_OK && steps->version != 0; steps++) {
		if (steps->version <= state.applied)
			continue;
		err = apply(db, steps, steps->version == 1, o->livemode);
		if (err == VT_OK && o->progress != NULL)
			o->progress(steps->version, steps->name, o->arg);
		if (err != VT_OK)
			(void)vt_problem(p, err, "migration_failed", NULL,
			    "Step %d (%s) failed and was undone; the log says "
			    "why.",
			    steps->version, steps->name);
	}
	return err;
}

enum vt_err
migrate_run_steps(const struct migrate_options *o,
    const struct migrate_step *steps, struct vt_problem *p)
{
	struct writelock *lock = NULL;
	struct db *db = NULL;
	enum vt_err err;

	memset(p, 0, sizeof(*p));
	if ((err = db_create(o->db_path)) != VT_OK ||
	    (err = writelock_open(o->db_path, &lock)) != VT_OK)
		goto out;
	if ((err = writelock_take(lock, LOCK_WAIT_MS)) != VT_OK)
		goto out;
	if ((err = db_open(o->db_path, DB_WRITER, &db)) == VT_OK)
		err = bring_up(o, db, steps, p);
out:
	db_close(db);
	writelock_close(lock);
	if (err == VT_BUSY)
		(void)vt_problem(p, err, "database_busy", NULL,
		    "Another process holds the database's write lock.");
	else if (err != VT_OK && p->err == VT_OK)
		(void)vt_problem(p, err, "database_failed", NULL,
		    "The database cannot be made or opened; the log says why.");
	return err;
}

enum vt_err
migrate_run(const struct migrate_options *o, struct vt_problem *p)
{
	return migrate_run_steps(o, migrate_steps, p);
}

/* ---- the check at the start of every program ----------------------------- */

static enum vt_err
read_check(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct migrate_step *steps = in;
	int ours = newest(steps);
	struct state state;
	enum vt_err err;

	err = read_state(db, steps, &state);
	if (err != VT_OK)
		return vt_problem(p, err, "database_failed", NULL,
		    "The database cannot be read; the log says why.");
	if (state.foreign)
		return foreign(p);
	if (state.applied > 0 && state.min_reader > ours)
		return too_new(&state, ours, p);
	if (state.applied < ours)
		return vt_problem(p, VT_CONFLICT, "schema_too_old", NULL,
		    "The database is at step %d and this program needs step "
		    "%d. Run vantage migrate.",
		    state.applied, ours);
	*(struct instance *)out = state.instance;
	return VT_OK;
}

enum vt_err
migrate_check_steps(const char *db_path, const struct migrate_step *steps,
    struct instance *out, struct vt_problem *p)
{
	struct readers *readers;
	enum vt_err err;

	memset(p, 0, sizeof(*p));
	err = readers_open(db_path, &readers);
	if (err == VT_NOTFOUND)
		return vt_problem(p, err, "database_missing", NULL,
		    "There is no database %s. Run vantage migrate.", db_path);
	if (err != VT_OK)
		return vt_problem(p, err, "database_failed", NULL,
		    "The database cannot be opened; the log says why.");
	err = readers_run(readers, read_check, steps, out, p);
	readers_close(readers);
	return err;
}

enum vt_err
migrate_check(const char *db_path, struct instance *out, struct vt_problem *p)
{
	return migrate_check_steps(db_path, migrate_steps, out, p);
}
