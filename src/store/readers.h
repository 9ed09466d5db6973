/*
 * readers: at most two read connections a process, lent for a short read.
 */
#ifndef VT_STORE_READERS_H
#define VT_STORE_READERS_H

#include "base/err.h"
#include "store/db.h"

#define READERS_MAX 2

struct readers;

enum vt_err
readers_open(const char *db_path, struct readers **out) VT_MUSTCHECK;
void readers_close(struct readers *r);

/*
 * Runs fn(db, in, out, p) in one read transaction (one snapshot) and returns
 * what it returns. Waits for a free connection. Errors that pass by
 * themselves (a -shm that keeper has yet to make) are tried again for a
 * second before VT_BUSY.
 */
typedef enum vt_err (*read_fn)(
    struct db *db, const void *in, void *out, struct vt_problem *p);
enum vt_err readers_run(struct readers *r, read_fn fn, const void *in,
    void *out, struct vt_problem *p) VT_MUSTCHECK;

#endif
