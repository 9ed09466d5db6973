/* outbox: see outbox.h. */
#include "notify/outbox.h"

static const char add[] =
    "INSERT INTO outbox (kind, object, user, data, next_at, created_at) "
    "VALUES (:kind, :object, :user, :data, :now, :now)";

static const char hold_back[] =
    "UPDATE outbox SET state = 'failed' WHERE state = 'pending'";

enum vt_err
outbox_hold_back(struct db *db, int64_t *count)
{
	enum vt_err err = db_exec(db, hold_back);

	*count = db_changes(db);
	return err;
}

enum vt_err
outbox_add(struct db *db, const char *kind, const char *object, int64_t user,
    const char *data, int64_t now_ms)
{
	enum vt_err err;

	err = db_exec(db, add, DB_TEXT("kind", kind), DB_TEXT("object", object),
	    user == 0 ? DB_NULL("user") : DB_INT("user", user),
	    DB_TEXT("data", data), DB_INT("now", now_ms));
	/* It was told before: the one row is enough. */
	return err == VT_CONFLICT ? VT_OK : err;
}
