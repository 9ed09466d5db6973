/*
 * restore: a database from a backup and the log that was kept with it.
 */
#ifndef VT_STORE_RESTORE_H
#define VT_STORE_RESTORE_H

#include <stdint.h>

#include "base/err.h"
#include "store/backup.h"

/* Changes a restored database before anybody opens it; in a transaction. */
typedef enum vt_err (*restore_amend_fn)(struct db *db, void *arg);

struct restore_options {
	const char *from; /* a backup, or a folder: its newest */
	const char *to;	  /* must not exist */
	backup_prove_fn prove;
	restore_amend_fn amend; /* or NULL */
	void *arg;		/* of both */
};

struct restore_done {
	char from[BACKUP_PATH_BYTES];
	int64_t generations; /* of the kept log that were played back */
	int64_t frames;	     /* pages in them */
	bool log_left;	     /* it ends before its files do, or did not fit */
};

/*
 * Makes the database at `to`. The kept logs of this backup and, one after
 * the other, of newer ones in its folder are played back as far as they hang
 * together; if what comes out is not in order, the backup alone is taken.
 * The result is checked, amended, synced and only then named.
 * VT_CONFLICT: `to` exists, or a log or index that would be taken for its own,
 * or the backup is not whole. VT_NOTFOUND: no backup. VT_SYS, VT_DB: logged.
 */
enum vt_err restore_run(const struct restore_options *o,
    struct restore_done *out, struct vt_problem *p) VT_MUSTCHECK;

#endif
