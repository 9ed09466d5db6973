/* audit: see audit.h. */
#include "billing/audit.h"

static const char add[] =
    "INSERT INTO audit (at, actor, action, object, detail) "
    "VALUES (:now, :actor, :action, :object, :detail)";

enum vt_err
audit_add(struct db *db, const char *actor, const char *action,
    const char *object, const char *detail, int64_t now_ms)
{
	return db_exec(db, add, DB_INT("now", now_ms), DB_TEXT("actor", actor),
	    DB_TEXT("action", action), DB_TEXT("object", object),
	    DB_TEXT("detail", detail));
}
