/*
 * db: a connection, prepared statements, rows. The only module that knows
 * the database's C interface; what it reports is a vt_err.
 *
 * SQL is written with named parameters (":user") in tables of the module
 * that owns the rows, never built at run time. A statement is prepared once
 * a connection and found again by the address of its text, so the text must
 * be a constant. A parameter that the text lacks, or one without a value, is
 * a fault of the program (assert), as is BEGIN, COMMIT or SAVEPOINT in a text
 * of one's own. Everything here is used by one thread at a time.
 */
#ifndef VT_STORE_DB_H
#define VT_STORE_DB_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct db;

enum db_mode {
	DB_READER, /* query_only, cannot write a byte */
	DB_WRITER, /* for the writer thread, migrate and tests */
	DB_KEEPER, /* the one that checkpoints */
	DB_PRIVATE /* a file of this program alone: created, checkpoints
		    * itself; ":memory:" is none and ends with db_close()
		    */
};

/*
 * Opens `path` with the settings of docs/ledger.md (WAL, synchronous FULL,
 * foreign keys, wal_autocheckpoint 0, NO_CKPT_ON_CLOSE, PERSIST_WAL,
 * temp_store MEMORY, busy_timeout 2 s). VT_NOTFOUND when there is no such
 * file (only DB_PRIVATE creates one), VT_BUSY, VT_DB. Closed by db_close().
 * A process opens a file at most once per connection that it keeps.
 */
enum vt_err
db_open(const char *path, enum db_mode mode, struct db **out) VT_MUSTCHECK;
void db_close(struct db *db); /* NULL is fine */

/*
 * Makes an empty file that its group may write, for db_open() to fill, or
 * leaves one that is there alone. VT_SYS, logged. Only migrate makes the
 * ledger's.
 */
enum vt_err db_create(const char *path) VT_MUSTCHECK;

/* A value for a named parameter; see the macros. */
struct db_param {
	const char *name; /* without the colon; NULL ends the list */
	enum { DB_P_INT, DB_P_TEXT, DB_P_BLOB, DB_P_NULL } kind;
	int64_t number;
	const void *data;
	size_t bytes;
};
#define DB_INT(name, n) \
	((struct db_param){ name, DB_P_INT, (int64_t)(n), NULL, 0 })
#define DB_NULL(name) ((struct db_param){ name, DB_P_NULL, 0, NULL, 0 })
#define DB_TEXT(name, s) db_param_text(name, s) /* NULL binds NULL */
#define DB_BLOB(name, d, n) ((struct db_param){ name, DB_P_BLOB, 0, d, n })
struct db_param db_param_text(const char *name, const char *text);

#define DB_PARAMS(...)                              \
	(const struct db_param[])                   \
	{                                           \
		__VA_ARGS__ __VA_OPT__(, )          \
		{                                   \
			NULL, DB_P_NULL, 0, NULL, 0 \
		}                                   \
	}

/*
 * Runs a statement that returns no row. Outside a transaction one that writes
 * is refused with VT_DB, except on a DB_PRIVATE. VT_CONFLICT when a UNIQUE or
 * PRIMARY KEY stood in the way; VT_DB for any other constraint or failure
 * (logged here, once); VT_BUSY when locked. Parameters are borrowed for the
 * call.
 */
#define db_exec(db, sql, ...) db_exec_params(db, sql, DB_PARAMS(__VA_ARGS__))
enum vt_err db_exec_params(
    struct db *db, const char *sql, const struct db_param *params) VT_MUSTCHECK;

/* Rows that the last db_exec() on this connection changed. */
int64_t db_changes(struct db *db);

/* The rowid that the last insert on this connection made. */
int64_t db_last_id(struct db *db);

/*
 * Starts a query; db_step() gives VT_OK for each row and VT_NOTFOUND after
 * the last; db_done() ends it, always, and is safe after a failed db_query.
 * The same statement cannot run twice at once on a connection.
 */
struct query {
	struct db *db;
	void *stmt;
};
#define db_query(q, db, sql, ...) \
	db_query_params(q, db, sql, DB_PARAMS(__VA_ARGS__))
enum vt_err db_query_params(struct query *q, struct db *db, const char *sql,
    const struct db_param *params) VT_MUSTCHECK;
enum vt_err db_step(struct query *q) VT_MUSTCHECK;
void db_done(struct query *q);

/* Columns of the current row, from 0. Text and blobs: until the next step. */
int64_t db_int(struct query *q, int column);	  /* NULL reads as 0 */
const char *db_text(struct query *q, int column); /* NULL when NULL */
const void *db_blob(struct query *q, int column, size_t *bytes);
bool db_is_null(struct query *q, int column);
/* Copies a text column (NULL: ""); false if it was cut. */
bool db_copy(struct query *q, int column, char *out, size_t out_bytes);

/*
 * db_query(), one step and, unless a row came, db_done(): VT_OK leaves `q`
 * on the row and the caller ends it; VT_NOTFOUND when there is none.
 */
#define db_row(q, db, sql, ...) \
	db_row_params(q, db, sql, DB_PARAMS(__VA_ARGS__))
enum vt_err db_row_params(struct query *q, struct db *db, const char *sql,
    const struct db_param *params) VT_MUSTCHECK;

/* Whole transactions, for migrate, keeper and tests; workers use writer. */
enum vt_err db_begin(struct db *db) VT_MUSTCHECK; /* BEGIN IMMEDIATE */
enum vt_err db_commit(struct db *db) VT_MUSTCHECK;

/*
 * A commit that does not wait for the disk, on a DB_WRITER: others see it at
 * once, and it is durable when a db_sync() that began after it has returned
 * VT_OK. Until then nobody may be told of it.
 */
enum vt_err db_commit_apart(struct db *db) VT_MUSTCHECK;

/*
 * Waits until the disk has everything that was committed to this file before
 * the call, by whichever process. On a DB_WRITER after its first commit, also
 * from another thread than the one that uses it, and on a DB_KEEPER. VT_DB,
 * logged: what is durable is not known.
 */
enum vt_err db_sync(struct db *db) VT_MUSTCHECK;

void db_rollback(struct db *db); /* fine without a transaction */

/*
 * One snapshot on a DB_READER, from here to db_read_end(). VT_BUSY for what
 * passes by itself: a -shm that is missing or not yet recovered.
 */
enum vt_err db_read_begin(struct db *db) VT_MUSTCHECK;
void db_read_end(struct db *db);

/*
 * A savepoint inside an operation: what follows can be undone without
 * undoing the rest (an event whose effect fails is stored all the same).
 * Each begin is ended by exactly one of the other two.
 */
enum vt_err db_savepoint(struct db *db) VT_MUSTCHECK;
enum vt_err db_release(struct db *db) VT_MUSTCHECK;
enum vt_err db_undo(struct db *db) VT_MUSTCHECK;

/* How many of them are open. */
int db_savepoints(const struct db *db);

/* Runs a script of constant SQL, for migrations; VT_DB with its line. */
enum vt_err db_script(struct db *db, const char *sql) VT_MUSTCHECK;

/* True while no transaction is open. After SQLITE_FULL, INTERRUPT and the
 * like the engine ends the transaction itself; writer asks here. */
bool db_autocommit(struct db *db);

/*
 * Copies the log into the file, PASSIVE; frames in the log and copied. Under
 * the write lock: SQLite before 3.51.3 can lose a commit when the log is
 * started over between its look at the log and its copying.
 */
enum vt_err db_checkpoint(
    struct db *db, int64_t *log_pages, int64_t *done_pages) VT_MUSTCHECK;

/*
 * The same on a DB_KEEPER, with the lock held only where it has to be: SQLite
 * calls `begun(arg)` when nobody can start the log over any more, which is
 * where the caller drops it. Then pages are copied, and the disk waited for,
 * beside who commits; what they commit stays in the log. When there is
 * nothing to copy, or a reader is in the way, `begun` is not called.
 */
enum vt_err db_checkpoint_apart(struct db *db, void (*begun)(void *arg),
    void *arg, int64_t *log_pages, int64_t *done_pages) VT_MUSTCHECK;

/*
 * Copies all pages as this connection's snapshot has them, in one step, into
 * a file that exists and is empty. The copy is not synced. VT_DB, VT_SYS,
 * logged.
 */
enum vt_err db_copy_to(struct db *db, const char *path) VT_MUSTCHECK;

/*
 * A number that changes when another connection has committed something,
 * of this or any other process; it says nothing about this one's commits.
 */
enum vt_err db_version(struct db *db, int64_t *version) VT_MUSTCHECK;

/*
 * Bytes of the write-ahead log's file; 0 when there is none. It is used again
 * from its start after a checkpoint, so what counts is db_log_pages().
 */
int64_t db_wal_bytes(const struct db *db);

/* Pages of 4 KiB in the log, as of the last commit of this connection. */
int64_t db_log_pages(const struct db *db);

#endif
