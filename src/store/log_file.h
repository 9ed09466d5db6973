/*
 * log_file: the write-ahead log as a connection that writes has it open.
 *
 * SQLite writes a commit to the log frame by frame, each in two pieces, and
 * waits for the disk before others see it. Through this layer, which lies
 * between it and its own access to files, the frames of a COMMIT go out in
 * few large writes, and the wait can be had apart from it: while the disk
 * works on one commit, the next is made. Everything else passes unchanged.
 *
 * Only for a connection with synchronous FULL: SQLite asks for the sync
 * before it tells others of the frames, and that is when they are written.
 */
#ifndef VT_STORE_LOG_FILE_H
#define VT_STORE_LOG_FILE_H

#include <sqlite3.h>
#include <stdbool.h>

/* The name of the layer, for sqlite3_open_v2(). */
#define LOG_FILE_VFS "vantage"

/* Makes the name known; once, before the first connection is opened. */
void log_file_register(void);

/*
 * The log of a connection that was opened with LOG_FILE_VFS; the connection's
 * own. NULL while SQLite has none open, as before the first transaction in a
 * new file.
 */
struct log_file *log_file_of(sqlite3 *handle);

/*
 * Around a COMMIT: what it writes is gathered. With `apart` it does not wait
 * for the disk, and log_file_sync() has to follow before anybody is told.
 */
void log_file_begin(struct log_file *f, bool apart);
void log_file_end(struct log_file *f, bool committed);

/*
 * Around a checkpoint: `begun` is called once SQLite has begun to copy, just
 * before it waits for the disk to have the log; NULL ends it. From then on no
 * commit of another process can start the log over.
 */
void log_file_watch(struct log_file *f, void (*begun)(void *arg), void *arg);

/*
 * Waits until the disk has all that is in the log, whoever wrote it; SQLite's
 * code. Also from another thread than the one that uses the connection.
 */
int log_file_sync(struct log_file *f);

#endif
