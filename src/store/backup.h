/*
 * backup: a copy of the database beside running writers, and its log.
 *
 * A backup is one snapshot, copied in one step without the write lock, under
 * a temporary name; it gets its own only after it was opened and found
 * whole. keeper also keeps the log: the pages of every commit since the
 * backup, appended to a file beside it before each checkpoint, so that a
 * restore loses seconds and not an hour. The two are
 *
 *	vantage-20261122T201500.123Z.db		mode 0600
 *	vantage-20261122T201500.123Z.wal
 *
 * in one folder. The kept log is the bytes of SQLite's own: for each
 * generation of it the header and its frames, one generation after another.
 */
#ifndef VT_STORE_BACKUP_H
#define VT_STORE_BACKUP_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

#define BACKUP_PATH_BYTES 1024

/*
 * Says whether the books in a copy are in order: VT_OK, or VT_CONFLICT with
 * a problem. The layers above know how.
 */
typedef enum vt_err (*backup_prove_fn)(
    struct db *db, void *arg, struct vt_problem *p);

/*
 * The path of a new backup: `to` itself, or a file named as above when `to`
 * is a folder. VT_INVALID: too long. VT_CONFLICT: it exists.
 */
enum vt_err backup_path(const char *to, int64_t now_ms,
    char out[static BACKUP_PATH_BYTES], struct vt_problem *p) VT_MUSTCHECK;

/* The path of the log that belongs to a backup; false: its name is not one
 * of ours, so it has none. */
bool backup_log_path(const char *backup, char out[static BACKUP_PATH_BYTES]);

/*
 * Opens the database and takes the snapshot. Whoever also begins a kept log
 * does both with the write lock held. VT_NOTFOUND, VT_BUSY, VT_DB.
 */
struct backup;
enum vt_err backup_begin(
    const char *db_path, const char *path, struct backup **out) VT_MUSTCHECK;

/*
 * Copies the snapshot, ends it, checks the copy and gives it its name. Ends
 * `b` in any case, and leaves no half of a file. May run in another thread
 * than backup_begin(). VT_CONFLICT with a problem: the copy is not whole.
 * VT_SYS and VT_DB, logged.
 */
enum vt_err backup_finish(struct backup *b, backup_prove_fn prove, void *arg,
    struct vt_problem *p) VT_MUSTCHECK;

/* Both, for who keeps no log. */
enum vt_err backup_make(const char *db_path, const char *path,
    backup_prove_fn prove, void *arg, struct vt_problem *p) VT_MUSTCHECK;

/*
 * Opens a copy that no program uses, has SQLite check every page and every
 * reference, and asks `prove`. VT_CONFLICT with a problem: not whole.
 */
enum vt_err backup_check(const char *path, backup_prove_fn prove, void *arg,
    struct vt_problem *p) VT_MUSTCHECK;

/* The newest backup in a folder, by its name. VT_NOTFOUND: none. */
enum vt_err
backup_newest(const char *dir, char out[static BACKUP_PATH_BYTES]) VT_MUSTCHECK;

/*
 * Removes backups and their logs, the oldest first, of which `keep` newer
 * ones exist and which are older than `age_ms`. What cannot be removed is
 * logged.
 */
void backup_prune(const char *dir, int keep, int64_t age_ms);

/* ---- the kept log -------------------------------------------------------- */

struct kept_log;

/* Keeps nothing until it is begun. */
struct kept_log *kept_log_open(const char *db_path);
void kept_log_close(struct kept_log *l); /* NULL is fine */

/*
 * Begins a new file with all that the log has; under the write lock. From
 * now on, or again after a failure, kept_log_copy() appends what is new:
 * under the write lock before each checkpoint, since after a whole one the
 * next writer starts the log over. VT_SYS, logged: nothing is kept any more
 * until it is begun again.
 */
enum vt_err kept_log_begin(struct kept_log *l, const char *path) VT_MUSTCHECK;
enum vt_err kept_log_copy(struct kept_log *l) VT_MUSTCHECK;

/* Makes what was copied durable; the lock is not needed. */
enum vt_err kept_log_sync(struct kept_log *l) VT_MUSTCHECK;

bool kept_log_begun(const struct kept_log *l);

#endif
