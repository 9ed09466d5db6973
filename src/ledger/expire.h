/*
 * expire: tokens past their end leave the user's account.
 *
 * Whether a lot is past its end is decided where tokens are spent (R64);
 * here it is only booked: by keeper's sweep under `expire:<lot>`, and for
 * what a hold gives back too late under `expire:<lot>:<hold>` (R65).
 */
#ifndef VT_LEDGER_EXPIRE_H
#define VT_LEDGER_EXPIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

/*
 * Books that `tokens` of a lot have expired. Inside an operation.
 * VT_CONFLICT: this cause is booked already.
 */
enum vt_err expire_lot(struct db *db, int64_t lot, int64_t user, int64_t tokens,
    const char *cause, int64_t now_ms) VT_MUSTCHECK;

/*
 * Books what is free of this lot as expired if the lot is past its end, as
 * the sweep would; *expired says whether. Inside an operation.
 */
enum vt_err expire_due(
    struct db *db, int64_t lot, int64_t now_ms, bool *expired) VT_MUSTCHECK;

/*
 * keeper: up to `max` lots that are past their end and have something that
 * is neither held nor frozen; their number. What is held or frozen then
 * waits for its hold's end or for settle.
 */
enum vt_err
expire_sweep(struct db *db, int64_t now_ms, int max, int *count) VT_MUSTCHECK;

#endif
