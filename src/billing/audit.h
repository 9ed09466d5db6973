/*
 * audit: who did what by hand, in the same write as what was done. Rows are
 * never changed or deleted.
 */
#ifndef VT_BILLING_AUDIT_H
#define VT_BILLING_AUDIT_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

/*
 * Adds a row. `actor` is from credentials ("admin:user_…", "local:0" for a
 * command line by its Unix user), `action` a stable word ("tokens.add"),
 * `object` what it was done to, `detail` a JSON object; the last two may be
 * NULL. Inside an operation.
 */
enum vt_err audit_add(struct db *db, const char *actor, const char *action,
    const char *object, const char *detail, int64_t now_ms) VT_MUSTCHECK;

#endif
