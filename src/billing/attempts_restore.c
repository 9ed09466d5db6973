/*
 * attempts_restore: what a restore does to open attempts. A file of its own,
 * since the command line calls it and must not be linked with all that
 * speaks to Stripe.
 */
#include "billing/attempts.h"

static const char look_up_sql[] =
    "UPDATE attempts SET state = 'unknown', next_at = :now, "
    "created_at = MIN(created_at, :now - :lives), updated_at = :now "
    "WHERE state IN ('intent', 'in_flight', 'unknown')";

enum vt_err
attempts_look_up_first(struct db *db, int64_t now_ms, int64_t *count)
{
	enum vt_err err;

	err = db_exec(db, look_up_sql, DB_INT("now", now_ms),
	    DB_INT("lives", ATTEMPT_KEY_LIVES_MS + 1000));
	*count = db_changes(db);
	return err;
}
