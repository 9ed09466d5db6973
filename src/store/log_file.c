/*
 * log_file: see log_file.h.
 *
 * What is gathered never outlives its COMMIT. Were it written later, it could
 * come down on frames of another process: the log begins again from its start
 * once a checkpoint has all of it. And the log's header is always waited for
 * where SQLite asks for it: frames that reach the disk before it would belong
 * to the log as it was before.
 *
 * Of a checkpoint SQLite waits for the log when it has locked out whoever
 * would start the log over, and before it copies the first page. That is the
 * one moment that `begun` is called at.
 */
#include "store/log_file.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define GATHERED_BYTES_MAX (128 * 1024) /* about 30 pages */

struct log_file {
	sqlite3_file base;  /* what SQLite sees; must be first */
	sqlite3_file *real; /* behind this struct, in the same memory */
	bool commit, apart; /* between log_file_begin() and log_file_end() */
	bool header;	    /* written, and not yet waited for */
	void (*begun)(void *arg); /* of a checkpoint, or NULL */
	void *begun_arg;
	sqlite3_int64 at; /* where the gathered bytes belong */
	int bytes;
	unsigned char *gathered;
};

static struct log_file *
of(sqlite3_file *file)
{
	return (struct log_file *)file;
}

static int
flush(struct log_file *f)
{
	int bytes = f->bytes;

	f->bytes = 0;
	if (bytes == 0)
		return SQLITE_OK;
	return f->real->pMethods->xWrite(f->real, f->gathered, bytes, f->at);
}

/* ---- what SQLite calls --------------------------------------------------- */

static int
log_close(sqlite3_file *file)
{
	struct log_file *f = of(file);

	free(f->gathered);
	f->gathered = NULL;
	return f->real->pMethods->xClose(f->real);
}

static int
log_read(sqlite3_file *file, void *to, int bytes, sqlite3_int64 at)
{
	struct log_file *f = of(file);
	int rc = flush(f);

	return rc != SQLITE_OK
	    ? rc
	    : f->real->pMethods->xRead(f->real, to, bytes, at);
}

static int
log_write(sqlite3_file *file, const void *from, int bytes, sqlite3_int64 at)
{
	struct log_file *f = of(file);
	int rc = SQLITE_OK;

	if (at == 0)
		f->header = true;
	if (f->bytes > 0 &&
	    (at != f->at + f->bytes || bytes > GATHERED_BYTES_MAX - f->bytes))
		rc = flush(f);
	if (rc != SQLITE_OK || !f->commit || bytes > GATHERED_BYTES_MAX)
		return rc != SQLITE_OK
		    ? rc
		    : f->real->pMethods->xWrite(f->real, from, bytes, at);
	if (f->bytes == 0)
		f->at = at;
	memcpy(f->gathered + f->bytes, from, (size_t)bytes);
	f->bytes += bytes;
	return SQLITE_OK;
}

static int
log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct log_file *f = of(file);
	int rc = flush(f);

	return rc != SQLITE_OK ? rc
			       : f->real->pMethods->xTruncate(f->real, size);
}

static int
log_sync(sqlite3_file *file, int flags)
{
	struct log_file *f = of(file);
	void (*begun)(void *arg) = f->begun;
	int rc = flush(f);

	if (rc != SQLITE_OK || (f->apart && !f->header))
		return rc;
	f->begun = NULL;
	if (begun != NULL)
		begun(f->begun_arg);
	f->header = false;
	return f->real->pMethods->xSync(f->real, flags);
}

static int
log_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct log_file *f = of(file);
	int rc = flush(f);

	return rc != SQLITE_OK ? rc
			       : f->real->pMethods->xFileSize(f->real, size);
}

static int
log_lock(sqlite3_file *file, int how)
{
	return of(file)->real->pMethods->xLock(of(file)->real, how);
}

static int
log_unlock(sqlite3_file *file, int how)
{
	return of(file)->real->pMethods->xUnlock(of(file)->real, how);
}

static int
log_is_reserved(sqlite3_file *file, int *out)
{
	sqlite3_file *real = of(file)->real;

	return real->pMethods->xCheckReservedLock(real, out);
}

static int
log_control(sqlite3_file *file, int op, void *arg)
{
	return of(file)->real->pMethods->xFileControl(of(file)->real, op, arg);
}

static int
log_sector_size(sqlite3_file *file)
{
	return of(file)->real->pMethods->xSectorSize(of(file)->real);
}

static int
log_characteristics(sqlite3_file *file)
{
	sqlite3_file *real = of(file)->real;

	return real->pMethods->xDeviceCharacteristics(real);
}

/* Version 1: a log is neither mapped nor shared memory. */
static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = log_close,
	.xRead = log_read,
	.xWrite = log_write,
	.xTruncate = log_truncate,
	.xSync = log_sync,
	.xFileSize = log_size,
	.xLock = log_lock,
	.xUnlock = log_unlock,
	.xCheckReservedLock = log_is_reserved,
	.xFileControl = log_control,
	.xSectorSize = log_sector_size,
	.xDeviceCharacteristics = log_characteristics,
};

static sqlite3_vfs *
system_vfs(void)
{
	return sqlite3_vfs_find(NULL); /* the default: the system's own */
}

/* A log is opened behind this layer, everything else without it. */
static int
log_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *out_flags)
{
	struct log_file *f = of(file);
	int rc;

	(void)vfs; /* a copy of the system's, but for this function */
	if ((flags & SQLITE_OPEN_WAL) == 0)
		return system_vfs()->xOpen(
		    system_vfs(), name, file, flags, out_flags);
	memset(f, 0, sizeof(*f));
	f->real = (sqlite3_file *)(f + 1);
	rc = system_vfs()->xOpen(system_vfs(), name, f->real, flags, out_flags);
	if (rc != SQLITE_OK)
		return rc; /* without methods it is not closed */
	f->gathered = malloc(GATHERED_BYTES_MAX);
	if (f->gathered == NULL)
		abort();
	f->base.pMethods = &methods;
	return SQLITE_OK;
}

/* ---- what db calls ------------------------------------------------------- */

void
log_file_register(void)
{
	static sqlite3_vfs ours;

	ours = *system_vfs();
	ours.pNext = NULL;
	ours.zName = LOG_FILE_VFS;
	ours.szOsFile += (int)sizeof(struct log_file);
	ours.xOpen = log_open;
	if (sqlite3_vfs_register(&ours, 0) != SQLITE_OK)
		abort(); /* only when memory ran out */
}

struct log_file *
log_file_of(sqlite3 *handle)
{
	sqlite3_file *file = NULL;
	int rc = sqlite3_file_control(
	    handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);

	/* It fails only for a database that does not exist. */
	return rc == SQLITE_OK && file != NULL && file->pMethods == &methods
	    ? of(file)
	    : NULL;
}

void
log_file_begin(struct log_file *f, bool apart)
{
	assert(f->bytes == 0 && !f->commit);
	f->commit = true;
	f->apart = apart;
}

void
log_file_end(struct log_file *f, bool committed)
{
	/* Others were told of frames that are not there: not FULL. */
	assert(!committed || f->bytes == 0);
	f->bytes = 0; /* of a commit that failed: nobody was told of it */
	f->commit = f->apart = false;
}

void
log_file_watch(struct log_file *f, void (*begun)(void *arg), void *arg)
{
	f->begun = begun;
	f->begun_arg = arg;
}

int
log_file_sync(struct log_file *f)
{
	return f->real->pMethods->xSync(
	    f->real, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}
