/*
 * keeper_backup: keeper's backups, and the log that is kept between them.
 */
#ifndef VT_BIN_KEEPER_BACKUP_H
#define VT_BIN_KEEPER_BACKUP_H

#include <stdint.h>

#include "base/err.h"
#include "store/writelock.h"

struct keeper_backup;

/*
 * Reads VANTAGE_BACKUP_DIR, VANTAGE_BACKUP_INTERVAL_S and
 * VANTAGE_BACKUP_KEEP. Without a folder it does nothing, ever.
 */
struct keeper_backup *keeper_backup_open(const char *db_path);
/* Waits for one that is being made. NULL is fine. */
void keeper_backup_close(struct keeper_backup *b);

/* True if one is due, or wanted `now`, and none is being made. */
bool keeper_backup_due(struct keeper_backup *b, bool now);

/*
 * Begins one that is due: takes the lock for the moment of the snapshot; a
 * thread does the rest.
 */
enum vt_err keeper_backup_make(
    struct keeper_backup *b, struct writelock *lock) VT_MUSTCHECK;

/*
 * Around each checkpoint: with the write lock held, before it; and then
 * without the lock. A failure is logged, and the next backup is due at once.
 */
void keeper_backup_log(struct keeper_backup *b);
void keeper_backup_sync(struct keeper_backup *b);

#endif
