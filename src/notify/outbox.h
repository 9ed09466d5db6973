/*
 * outbox: what is to be told to somebody, written in the same write as what
 * it tells about, once for each kind and object (R78). courier sends it.
 */
#ifndef VT_NOTIFY_OUTBOX_H
#define VT_NOTIFY_OUTBOX_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

/*
 * Adds a row; a row of the same kind and object stays as it is, and that is
 * VT_OK. `data` is a JSON object. Inside an operation.
 */
enum vt_err outbox_add(struct db *db, const char *kind, const char *object,
    int64_t user, const char *data, int64_t now_ms) VT_MUSTCHECK;

/*
 * After a restore: what was waiting may have been sent in the time that was
 * lost, so it counts as failed and goes out when somebody says so; *count of
 * them. Inside an operation.
 */
enum vt_err outbox_hold_back(struct db *db, int64_t *count) VT_MUSTCHECK;

#endif
