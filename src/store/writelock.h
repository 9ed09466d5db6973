/*
 * writelock: whose turn it is to write, between processes.
 *
 * Two flock files make a turnstile: take A, take B, leave A, work, leave B.
 * Who leaves B cannot barge in again, since the next one already holds A, so
 * a process that writes without pause cannot starve the others. The kernel
 * frees a dead holder's lock. A frozen one keeps it; keeper finds it in
 * /proc/locks by the inodes of the files DB-lock-a and DB-lock-b, beside the
 * database, which are never removed.
 */
#ifndef VT_STORE_WRITELOCK_H
#define VT_STORE_WRITELOCK_H

#include <stdint.h>

#include "base/err.h"

struct writelock;

/*
 * Opens the two files, or makes them (mode 0660). VT_SYS, logged. From now
 * on SIGRTMIN is this module's: it ends a wait that took too long.
 */
enum vt_err
writelock_open(const char *db_path, struct writelock **out) VT_MUSTCHECK;

/*
 * Takes the lock, which must not be held by this object, and waits for
 * `timeout_ms` at the most: then VT_BUSY, and nothing is held. VT_SYS when
 * the kernel refuses. One thread at a time; any object of any process,
 * another of this one too, excludes all others.
 */
enum vt_err
writelock_take(struct writelock *l, int64_t timeout_ms) VT_MUSTCHECK;
void writelock_drop(struct writelock *l);

/* Drops it too. NULL is fine. */
void writelock_close(struct writelock *l);

#endif
