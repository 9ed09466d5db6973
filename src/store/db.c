/*
 * db: see db.h.
 *
 * Two things are held here rather than asked of callers. A transaction that
 * writes is always BEGIN IMMEDIATE (R60): BEGIN, COMMIT and SAVEPOINT in
 * anybody else's SQL are refused when it is prepared, BEGIN DEFERRED exists
 * only for a connection that cannot write, and outside a transaction a
 * statement that writes is refused (the engine may have ended one behind the
 * caller's back, after which every further statement would be durable by
 * itself). And no value that was bound is ever logged.
 */
#include "store/db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/log_file.h"

#define FILE_MODE 0660		 /* the group of the files may write */
#define BUSY_TIMEOUT_MS 2000	 /* a net for strangers; ours use the lock */
#define WAL_KEPT_BYTES 268435456 /* a log that grew is cut to this again */
#define STATEMENTS_FIRST 64	 /* slots; a power of two */
#define PARAMS_MAX 64		 /* one bit each while binding */
#define LOGGED_SQL_BYTES_MAX 160 /* enough to find it in the source */

struct statement {
	const char *sql; /* the caller's constant; its address is the key */
	sqlite3_stmt *stmt;
	bool running; /* between db_query() and db_done() */
};

struct db {
	sqlite3 *handle;
	enum db_mode mode;
	char *wal_path;
	bool ours;	/* SQL of this module is being prepared or run */
	int savepoints; /* open ones */
	int running;	/* queries not yet ended */
	int64_t log_pages;
	struct log_file *log;	  /* of who commits to the ledger */
	struct statement **slots; /* open addressing, never more than half */
	size_t slots_count, statements;
};

enum own {
	OWN_BEGIN,
	OWN_BEGIN_READ,
	OWN_SNAPSHOT,
	OWN_COMMIT,
	OWN_ROLLBACK,
	OWN_SAVEPOINT,
	OWN_RELEASE,
	OWN_UNDO,
	OWN__MAX
};

/* Savepoints of one name nest; the newest is meant. */
static const char *const own_sql[OWN__MAX] = {
	[OWN_BEGIN] = "BEGIN IMMEDIATE",
	[OWN_BEGIN_READ] = "BEGIN DEFERRED",
	[OWN_SNAPSHOT] = "SELECT count(*) FROM sqlite_schema WHERE rowid = 1",
	[OWN_COMMIT] = "COMMIT",
	[OWN_ROLLBACK] = "ROLLBACK",
	[OWN_SAVEPOINT] = "SAVEPOINT vt",
	[OWN_RELEASE] = "RELEASE vt",
	[OWN_UNDO] = "ROLLBACK TO vt",
};

/* Trouble that ends by itself once keeper has opened the file. */
static bool
passes(int code)
{
	return code == SQLITE_READONLY_DIRECTORY ||
	    code == SQLITE_READONLY_RECOVERY ||
	    (code & 0xff) == SQLITE_CANTOPEN;
}

/* What a failed call means; logs it unless it is an expected outcome. */
static enum vt_err
failed(struct db *db, int code, const char *sql)
{
	char shown[LOGGED_SQL_BYTES_MAX];
	enum log_level level = LOG_ERROR;
	enum vt_err err = VT_DB;

	if (code == SQLITE_CONSTRAINT_UNIQUE ||
	    code == SQLITE_CONSTRAINT_PRIMARYKEY ||
	    code == SQLITE_CONSTRAINT_ROWID) {
		level = LOG_DEBUG;
		err = VT_CONFLICT;
	} else if ((code & 0xff) == SQLITE_NOMEM)
		abort();
	else if ((code & 0xff) == SQLITE_BUSY ||
	    (code & 0xff) == SQLITE_LOCKED) {
		level = LOG_INFO;
		err = VT_BUSY;
	} else if (db->mode == DB_READER && passes(code)) {
		level = LOG_DEBUG;
		err = VT_BUSY;
	}
	(void)snprintf(shown, sizeof(shown), "%s", sql);
	LOG(level, "db.failed", LOG_I("code", code),
	    LOG_S("why", sqlite3_errmsg(db->handle)), LOG_S("sql", shown));
	return err;
}

/* Transactions are begun and ended by this module alone. */
static int
authorize(void *arg, int action, const char *a, const char *b, const char *c,
    const char *d)
{
	const struct db *db = arg;

	(void)a, (void)b, (void)c, (void)d; /* fixed by the interface */
	if (action == SQLITE_TRANSACTION || action == SQLITE_SAVEPOINT)
		return db->ours ? SQLITE_OK : SQLITE_DENY;
	return SQLITE_OK;
}

/* Called after each commit of this connection. */
static int
count_log(void *arg, sqlite3 *handle, const char *name, int pages)
{
	struct db *db = arg;

	(void)handle, (void)name; /* fixed by the interface */
	db->log_pages = pages;
	return SQLITE_OK;
}

/* ---- statements ---------------------------------------------------------- */

static size_t
slot_of(const struct db *db, const char *sql)
{
	uintptr_t h = (uintptr_t)sql;
	size_t i;

	h ^= h >> 17;
	h *= 0x9e3779b97f4a7c15u;
	i = (size_t)(h >> 32) & (db->slots_count - 1);
	while (db->slots[i] != NULL && db->slots[i]->sql != sql)
		i = (i + 1) & (db->slots_count - 1);
	return i;
}

static void
grow(struct db *db)
{
	struct statement **old = db->slots;
	size_t old_count = db->slots_count;

	db->slots_count = old_count == 0 ? STATEMENTS_FIRST : old_count * 2;
	db->slots = calloc(db->slots_count, sizeof(*db->slots));
	if (db->slots == NULL)
		abort();
	for (size_t i = 0; i < old_count; i++)
		if (old[i] != NULL)
			db->slots[slot_of(db, old[i]->sql)] = old[i];
	free(old);
}

/* The statement for this text, prepared now or before. */
static enum vt_err
find(struct db *db, const char *sql, struct statement **out)
{
	struct statement *s;
	sqlite3_stmt *stmt;
	const char *tail;
	size_t i;
	int rc;

	if (db->slots_count < db->statements * 2 + 2)
		grow(db);
	i = slot_of(db, sql);
	s = db->slots[i];
	if (s != NULL) {
		/* A buffer that is written again would find another's. */
		assert(strncmp(sqlite3_sql(s->stmt), sql,
			   strlen(sqlite3_sql(s->stmt))) == 0);
		*out = s;
		return VT_OK;
	}
	rc = sqlite3_prepare_v3(
	    db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, &tail);
	assert(rc != SQLITE_AUTH); /* a transaction is not the caller's */
	if (rc != SQLITE_OK)
		return failed(db, rc, sql);
	assert(stmt != NULL && tail[strspn(tail, " \t\n;")] == '\0');
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		abort();
	s->sql = sql;
	s->stmt = stmt;
	db->slots[i] = s;
	db->statements++;
	*out = s;
	return VT_OK;
}

static void
bind_one(sqlite3_stmt *stmt, int index, const struct db_param *p, bool copy)
{
	sqlite3_destructor_type life = copy ? SQLITE_TRANSIENT : SQLITE_STATIC;
	int rc = SQLITE_OK;

	switch (p->kind) {
	case DB_P_INT:
		rc = sqlite3_bind_int64(stmt, index, p->number);
		break;
	case DB_P_TEXT:
		rc = sqlite3_bind_text64(
		    stmt, index, p->data, p->bytes, life, SQLITE_UTF8);
		break;
	case DB_P_BLOB:
		/* A pointer to nothing would bind NULL. */
		rc = sqlite3_bind_blob64(stmt, index,
		    p->data == NULL ? "" : p->data, p->bytes, life);
		break;
	case DB_P_NULL:
		rc = sqlite3_bind_null(stmt, index);
		break;
	}
	if (rc == SQLITE_NOMEM)
		abort();
	assert(rc == SQLITE_OK); /* SQLITE_TOOBIG: inputs are bounded above */
}

/* The index of the parameter, tried in the order of writing first. */
static int
index_of(sqlite3_stmt *stmt, int count, int first, const char *name)
{
	for (int k = 0; k < count; k++) {
		int i = (first + k) % count + 1;
		const char *have = sqlite3_bind_parameter_name(stmt, i);

		assert(have != NULL && have[0] == ':');
		if (strcmp(have + 1, name) == 0)
			return i;
	}
	return 0;
}

/* Every parameter of the statement gets its value, once, and no other. */
static void
bind(sqlite3_stmt *stmt, const struct db_param *params, bool copy)
{
	int count = sqlite3_bind_parameter_count(stmt), given = 0, index;
	uint64_t seen = 0;

	assert(count <= PARAMS_MAX);
	for (const struct db_param *p = params; p->name != NULL; p++) {
		index = index_of(stmt, count, given, p->name);
		assert(index > 0); /* the SQL has no such parameter */
		assert((seen & UINT64_C(1) << (index - 1)) == 0);
		seen |= UINT64_C(1) << (index - 1);
		bind_one(stmt, index, p, copy);
		given++;
	}
	assert(given == count); /* a parameter has no value */
}

static void
finish(struct db *db, struct statement *s)
{
	/* Its result repeats the last step's, which was reported. */
	(void)sqlite3_reset(s->stmt);
	(void)sqlite3_clear_bindings(s->stmt);
	s->running = false;
	db->running--;
}

/* Finds, checks and binds; on VT_OK finish() must follow. */
static enum vt_err
start(struct db *db, const char *sql, const struct db_param *params, bool copy,
    struct statement **out)
{
	struct statement *s = NULL;
	enum vt_err err;

	err = find(db, sql, &s);
	if (err != VT_OK)
		return err;
	/* One statement cannot run twice at once. */
	assert(s != NULL && !s->running);
	if (!db->ours && db->mode != DB_PRIVATE &&
	    !sqlite3_stmt_readonly(s->stmt) && db_autocommit(db)) {
		LOG(LOG_ERROR, "db.no_transaction", LOG_S("sql", sql));
		return VT_DB;
	}
	s->running = true;
	db->running++;
	bind(s->stmt, params, copy);
	*out = s;
	return VT_OK;
}

struct db_param
db_param_text(const char *name, const char *text)
{
	if (text == NULL)
		return DB_NULL(name);
	return (struct db_param){ name, DB_P_TEXT, 0, text, strlen(text) };
}

enum vt_err
db_exec_params(struct db *db, const char *sql, const struct db_param *params)
{
	enum vt_err err;
	struct statement *s;
	int rc;

	err = start(db, sql, params, false, &s);
	if (err != VT_OK)
		return err;
	rc = sqlite3_step(s->stmt);
	assert(rc != SQLITE_ROW); /* a query: db_query() */
	if (rc != SQLITE_DONE)
		err = failed(db, rc, sql);
	finish(db, s);
	return err;
}

int64_t
db_changes(struct db *db)
{
	return sqlite3_changes64(db->handle);
}

int64_t
db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

enum vt_err
db_query_params(struct query *q, struct db *db, const char *sql,
    const struct db_param *params)
{
	struct statement *s;
	enum vt_err err;

	q->db = db;
	q->stmt = NULL;
	err = start(db, sql, params, true, &s);
	if (err == VT_OK)
		q->stmt = s;
	return err;
}

enum vt_err
db_step(struct query *q)
{
	struct statement *s = q->stmt;
	int rc;

	assert(s != NULL);
	rc = sqlite3_step(s->stmt);
	if (rc == SQLITE_ROW)
		return VT_OK;
	if (rc == SQLITE_DONE)
		return VT_NOTFOUND;
	return failed(q->db, rc, s->sql);
}

void
db_done(struct query *q)
{
	if (q->stmt == NULL)
		return;
	finish(q->db, q->stmt);
	q->stmt = NULL;
}

enum vt_err
db_row_params(struct query *q, struct db *db, const char *sql,
    const struct db_param *params)
{
	enum vt_err err;

	err = db_query_params(q, db, sql, params);
	if (err == VT_OK)
		err = db_step(q);
	if (err != VT_OK)
		db_done(q);
	return err;
}

static sqlite3_stmt *
row(struct query *q, int column)
{
	struct statement *s = q->stmt;

	assert(
	    s != NULL && column >= 0 && column < sqlite3_data_count(s->stmt));
	return s->stmt;
}

int64_t
db_int(struct query *q, int column)
{
	return sqlite3_column_int64(row(q, column), column);
}

const char *
db_text(struct query *q, int column)
{
	/* SQLite's unsigned char is the same text. */
	return (const char *)sqlite3_column_text(row(q, column), column);
}

const void *
db_blob(struct query *q, int column, size_t *bytes)
{
	const void *data = sqlite3_column_blob(row(q, column), column);

	*bytes = (size_t)sqlite3_column_bytes(row(q, column), column);
	return data;
}

bool
db_is_null(struct query *q, int column)
{
	return sqlite3_column_type(row(q, column), column) == SQLITE_NULL;
}

bool
db_copy(struct query *q, int column, char *out, size_t out_bytes)
{
	const char *text = db_text(q, column);
	size_t n = text == NULL ? 0 : strlen(text);
	bool whole = n < out_bytes;

	assert(out_bytes > 0);
	if (!whole)
		n = out_bytes - 1;
	if (n > 0)
		memcpy(out, text, n);
	out[n] = '\0';
	return whole;
}

/* ---- transactions -------------------------------------------------------- */

static enum vt_err
own(struct db *db, enum own which)
{
	enum vt_err err;

	db->ours = true;
	err = db_exec_params(db, own_sql[which], DB_PARAMS());
	db->ours = false;
	return err;
}

bool
db_autocommit(struct db *db)
{
	return sqlite3_get_autocommit(db->handle) != 0;
}

enum vt_err
db_begin(struct db *db)
{
	assert(db->mode != DB_READER && db->running == 0);
	db->savepoints = 0;
	return own(db, OWN_BEGIN);
}

static enum vt_err
commit(struct db *db, bool apart)
{
	enum vt_err err;

	assert(db->running == 0 && db->savepoints == 0);
	if (db_autocommit(db)) {
		LOG(LOG_ERROR, "db.no_transaction", LOG_S("sql", "COMMIT"));
		return VT_DB;
	}
	if (db->mode != DB_WRITER && db->mode != DB_KEEPER)
		return own(db, OWN_COMMIT);
	/* The log of a new file is opened by its first transaction. */
	db->log = log_file_of(db->handle);
	assert(db->log != NULL);
	log_file_begin(db->log, apart);
	err = own(db, OWN_COMMIT);
	log_file_end(db->log, err == VT_OK);
	return err;
}

enum vt_err
db_commit(struct db *db)
{
	return commit(db, false);
}

enum vt_err
db_commit_apart(struct db *db)
{
	assert(db->mode == DB_WRITER);
	return commit(db, true);
}

enum vt_err
db_sync(struct db *db)
{
	int rc;

	if (db->log == NULL)
		db->log = log_file_of(db->handle);
	assert(db->log != NULL); /* it has read or written before */
	rc = log_file_sync(db->log);
	if (rc == SQLITE_OK)
		return VT_OK;
	/* The connection's own error is another thread's to read. */
	LOG(LOG_ERROR, "db.sync_failed", LOG_I("code", rc));
	return VT_DB;
}

void
db_rollback(struct db *db)
{
	db->savepoints = 0;
	if (db_autocommit(db))
		return;
	/* Logged there; closing the connection undoes it as well. */
	if (own(db, OWN_ROLLBACK) != VT_OK)
		LOG(LOG_ERROR, "db.rollback_failed");
}

enum vt_err
db_read_begin(struct db *db)
{
	struct query q;
	enum vt_err err;

	assert(db->mode == DB_READER && db->running == 0);
	err = own(db, OWN_BEGIN_READ);
	if (err != VT_OK)
		return err;
	/* BEGIN alone reads nothing; this takes the snapshot. */
	err = db_row(&q, db, own_sql[OWN_SNAPSHOT]);
	db_done(&q);
	if (err != VT_OK)
		db_rollback(db);
	return err;
}

void
db_read_end(struct db *db)
{
	assert(db->mode == DB_READER && db->running == 0);
	db_rollback(db);
}

/* True, and logged, if the engine has ended the transaction. */
static bool
ended(struct db *db, const char *what)
{
	if (!db_autocommit(db))
		return false;
	LOG(LOG_ERROR, "db.no_transaction", LOG_S("sql", what));
	return true;
}

enum vt_err
db_savepoint(struct db *db)
{
	enum vt_err err;

	if (ended(db, "SAVEPOINT"))
		return VT_DB;
	err = own(db, OWN_SAVEPOINT);
	if (err == VT_OK)
		db->savepoints++;
	return err;
}

enum vt_err
db_release(struct db *db)
{
	assert(db->savepoints > 0);
	db->savepoints--;
	return ended(db, "RELEASE") ? VT_DB : own(db, OWN_RELEASE);
}

enum vt_err
db_undo(struct db *db)
{
	enum vt_err err;

	assert(db->savepoints > 0);
	db->savepoints--;
	if (ended(db, "ROLLBACK TO"))
		return VT_DB;
	err = own(db, OWN_UNDO);
	return err == VT_OK ? own(db, OWN_RELEASE) : err;
}

int
db_savepoints(const struct db *db)
{
	return db->savepoints;
}

static int
line_at(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

enum vt_err
db_script(struct db *db, const char *sql)
{
	const char *at = sql, *tail;
	sqlite3_stmt *stmt;
	int rc;

	assert(!db_autocommit(db) || db->mode == DB_PRIVATE);
	for (; *at != '\0'; at = tail) {
		at += strspn(at, " \t\n");
		rc = sqlite3_prepare_v2(db->handle, at, -1, &stmt, &tail);
		if (rc == SQLITE_OK && stmt == NULL)
			continue; /* only a comment was left */
		if (rc == SQLITE_OK) {
			do
				rc = sqlite3_step(stmt);
			while (rc == SQLITE_ROW);
			(void)sqlite3_finalize(stmt); /* repeats rc */
		}
		if (rc != SQLITE_OK && rc != SQLITE_DONE) {
			LOG(LOG_ERROR, "db.script_failed",
			    LOG_I("line", line_at(sql, at)));
			return failed(db, rc, at);
		}
	}
	return VT_OK;
}

/* ---- the file and its log ------------------------------------------------ */

enum vt_err
db_checkpoint(struct db *db, int64_t *log_pages, int64_t *done_pages)
{
	int in_log = 0, done = 0, rc;

	assert(db->mode != DB_READER);
	rc = sqlite3_wal_checkpoint_v2(
	    db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &done);
	if (rc != SQLITE_OK)
		return failed(db, rc, "checkpoint");
	*log_pages = in_log < 0 ? 0 : in_log; /* -1: not in WAL mode */
	*done_pages = done < 0 ? 0 : done;
	return VT_OK;
}

enum vt_err
db_checkpoint_apart(struct db *db, void (*begun)(void *arg), void *arg,
    int64_t *log_pages, int64_t *done_pages)
{
	struct log_file *log = log_file_of(db->handle);
	sqlite3_file *file = NULL;
	enum vt_err err;
	int rc;

	assert(db->mode == DB_KEEPER);
	if (log != NULL)
		log_file_watch(log, begun, arg);
	err = db_checkpoint(db, log_pages, done_pages);
	if (log != NULL)
		log_file_watch(log, NULL, NULL);
	if (err != VT_OK)
		return err;
	rc = sqlite3_file_control(
	    db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	if (rc == SQLITE_OK)
		rc = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
	return rc == SQLITE_OK ? VT_OK : failed(db, rc, "sync");
}

static enum vt_err
copy_failed(sqlite3 *to, int code)
{
	if ((code & 0xff) == SQLITE_NOMEM)
		abort();
	LOG(LOG_ERROR, "db.copy_failed", LOG_I("code", code),
	    LOG_S("why", sqlite3_errmsg(to)));
	return VT_DB;
}

/*
 * In one step: one that goes page by page starts over whenever somebody
 * writes, and never ends. It needs no journal: half a copy is thrown away.
 */
enum vt_err
db_copy_to(struct db *db, const char *path)
{
	const int flags =
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	enum vt_err err = VT_OK;
	sqlite3_backup *b;
	sqlite3 *to;
	int rc;

	rc = sqlite3_open_v2(path, &to, flags, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(to,
		    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL,
		    NULL, NULL);
	b = rc == SQLITE_OK
	    ? sqlite3_backup_init(to, "main", db->handle, "main")
	    : NULL;
	if (b != NULL) {
		rc = sqlite3_backup_step(b, -1);
		/* SQLITE_OK after the last page, else what went wrong. */
		rc = rc == SQLITE_DONE ? sqlite3_backup_finish(b)
				       : (sqlite3_backup_finish(b), rc);
	}
	if (b == NULL || rc != SQLITE_OK)
		err = copy_failed(to, rc);
	/* What it can report is that statements are open: there are none. */
	(void)sqlite3_close(to);
	return err;
}

enum vt_err
db_version(struct db *db, int64_t *version)
{
	struct query q;
	enum vt_err err;

	err = db_row(&q, db, "PRAGMA data_version");
	if (err == VT_OK)
		*version = db_int(&q, 0);
	db_done(&q);
	return err;
}

int64_t
db_wal_bytes(const struct db *db)
{
	struct stat st;

	/* Never opened: closing it again would drop SQLite's locks. */
	return stat(db->wal_path, &st) == 0 ? (int64_t)st.st_size : 0;
}

int64_t
db_log_pages(const struct db *db)
{
	return db->log_pages;
}

enum vt_err
db_create(const char *path)
{
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	if (fd < 0 && errno == EEXIST)
		return VT_OK;
	/* The mode again, since the umask has cut it. */
	if (fd < 0 || fchmod(fd, FILE_MODE) != 0) {
		LOG(LOG_ERROR, "db.create_failed", LOG_S("path", path),
		    LOG_S("why", strerror(errno)));
		if (fd >= 0)
			(void)close(fd); /* nothing was written to it */
		return VT_SYS;
	}
	(void)close(fd); /* as above; and no connection has a lock on it */
	return VT_OK;
}

/* Runs a PRAGMA; whatever row it answers with is not looked at. */
static enum vt_err
pragma(struct db *db, const char *sql)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? VT_OK : failed(db, rc, sql);
}

static enum vt_err
use_wal(struct db *db)
{
	struct query q;
	enum vt_err err;

	db->ours = true;
	err = db_row(&q, db, "PRAGMA journal_mode = WAL");
	db->ours = false;
	if (err != VT_OK)
		return err;
	if (strcmp(db_text(&q, 0), "wal") != 0) {
		LOG(LOG_ERROR, "db.no_wal", LOG_S("mode", db_text(&q, 0)));
		err = VT_DB;
	}
	db_done(&q);
	return err;
}

/*
 * recursive_triggers makes an OR REPLACE fire the triggers that forbid a
 * delete. temp_store keeps savepoint journals out of /var/tmp, which a
 * confined process may not open. The cache is in KiB and grows with what is
 * read: for a writer it holds the upper pages of the indexes of a large
 * ledger beside all that a full batch changes, which would else be written
 * to the log twice.
 */
static enum vt_err
configure(struct db *db)
{
	static const char common[] =
	    "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
	    "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON;";
	static const char reading[] =
	    "PRAGMA query_only = ON; PRAGMA cache_size = -2000;";
	static const char writing[] =
	    "PRAGMA synchronous = FULL; PRAGMA cache_size = -8000;";
	sqlite3 *h = db->handle;
	char limit[64];
	enum vt_err err;
	int yes = 1;

	(void)sqlite3_busy_timeout(h, BUSY_TIMEOUT_MS);
	/* These fail only for a version of SQLite that lacks them. */
	(void)sqlite3_db_config(h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(h, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_db_config(h, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	if (db->mode != DB_PRIVATE) {
		(void)sqlite3_db_config(
		    h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		(void)sqlite3_file_control(
		    h, "main", SQLITE_FCNTL_PERSIST_WAL, &yes);
		/* This replaces the automatic checkpoint. */
		(void)sqlite3_wal_hook(h, count_log, db);
	}
	(void)snprintf(limit, sizeof(limit), "PRAGMA journal_size_limit = %d",
	    WAL_KEPT_BYTES);
	err = pragma(db, common);
	if (err == VT_OK)
		err = pragma(db, db->mode == DB_READER ? reading : writing);
	if (err == VT_OK)
		err = pragma(db, limit);
	/* A database in memory has no name and no log. */
	if (err == VT_OK && db->mode != DB_READER &&
	    sqlite3_db_filename(h, "main")[0] != '\0')
		err = use_wal(db);
	return err;
}

static int
open_flags(enum db_mode mode)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

	switch (mode) {
	case DB_READER:
		return flags | SQLITE_OPEN_READONLY;
	case DB_PRIVATE:
		return flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	case DB_WRITER:
	case DB_KEEPER:
		break;
	}
	return flags | SQLITE_OPEN_READWRITE;
}

/*
 * Nobody asks how much memory it has, and counting that costs two mutexes for
 * each of the hundreds of allocations that a write makes.
 */
static void
configure_once(void)
{
	/* Fails where it was used before, by a test; then it counts on. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	log_file_register();
}

static enum vt_err
open_file(struct db *db, const char *path)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int rc;

	(void)pthread_once(&once, configure_once); /* cannot fail */
	rc = sqlite3_open_v2(path, &db->handle, open_flags(db->mode),
	    db->mode == DB_WRITER || db->mode == DB_KEEPER ? LOG_FILE_VFS
							   : NULL);
	if (db->handle == NULL)
		abort(); /* only when memory ran out */
	if (rc != SQLITE_OK) {
		if ((rc & 0xff) == SQLITE_CANTOPEN &&
		    sqlite3_system_errno(db->handle) == ENOENT)
			return VT_NOTFOUND;
		return failed(db, rc, "open");
	}
	/* SQLite falls back to reading where it may not write. */
	if (db->mode != DB_READER && sqlite3_db_readonly(db->handle, "main")) {
		LOG(LOG_ERROR, "db.not_writable", LOG_S("path", path));
		return VT_SYS;
	}
	if (sqlite3_set_authorizer(db->handle, authorize, db) != SQLITE_OK ||
	    asprintf(&db->wal_path, "%s-wal",
		sqlite3_db_filename(db->handle, "main")) < 0)
		abort();
	return configure(db);
}

enum vt_err
db_open(const char *path, enum db_mode mode, struct db **out)
{
	struct db *db = calloc(1, sizeof(*db));
	enum vt_err err;

	if (db == NULL)
		abort();
	db->mode = mode;
	err = open_file(db, path);
	if (err == VT_OK)
		*out = db;
	else
		db_close(db);
	return err;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	assert(db->running == 0);
	for (size_t i = 0; i < db->slots_count; i++)
		if (db->slots[i] != NULL) {
			/* Its result repeats the last step's. */
			(void)sqlite3_finalize(db->slots[i]->stmt);
			free(db->slots[i]);
		}
	free(db->slots);
	/* Fails only with statements left open, and there are none. */
	(void)sqlite3_close(db->handle);
	free(db->wal_path);
	free(db);
}
