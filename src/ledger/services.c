/* services: see services.h. */
#include "ledger/services.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

enum {
	ADD,
	FIND,
	ALL,
	DISABLE,
	REFERENCE_FIND,
	REFERENCE_KEEP,
	DAY,
	DAY_ADD,
	DAY_COUNT,
	DAY_UNCOUNT,
	STATEMENTS
};

#define SELECT                                                              \
	"SELECT id, name, COALESCE(daily_cap, 0), created_at, disabled_at " \
	"FROM services "

static const char *const sql[STATEMENTS] = {
	[ADD] = "INSERT INTO services (name, daily_cap, created_at) "
		"VALUES (:name, :cap, :now)",
	[FIND] = SELECT "WHERE name = :name",
	[ALL] = SELECT "ORDER BY name",
	[DISABLE] = "UPDATE services SET disabled_at = :now "
		    "WHERE name = :name AND disabled_at IS NULL",
	[REFERENCE_FIND] =
	    "SELECT request_hash, tx, hold, available FROM service_references "
	    "WHERE service = :service AND reference = :reference",
	[REFERENCE_KEEP] =
	    "INSERT INTO service_references (service, reference, "
	    "request_hash, tx, hold, available, created_at) VALUES (:service, "
	    ":reference, :hash, :tx, :hold, :available, :now)",
	/* A service without a row today has taken nothing yet. */
	[DAY] = "SELECT COALESCE(s.daily_cap, 0), COALESCE(d.tokens, 0) "
		"FROM services s LEFT JOIN service_days d "
		"ON d.service = s.id AND d.day = :day WHERE s.id = :service",
	[DAY_ADD] = "INSERT INTO service_days (service, day, tokens) "
		    "VALUES (:service, :day, :tokens)",
	/* The check and the count are one statement, as a spend's are. */
	[DAY_COUNT] = "UPDATE service_days SET tokens = tokens + :tokens "
		      "WHERE service = :service AND day = :day AND (SELECT "
		      "daily_cap IS NULL OR tokens + :tokens <= daily_cap "
		      "FROM services WHERE id = :service)",
	[DAY_UNCOUNT] = "UPDATE service_days SET tokens = tokens - :tokens "
			"WHERE service = :service AND day = :day "
			"AND tokens >= :tokens",
};

enum vt_err
service_name_check(const char *name, struct vt_problem *p)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	static const char all[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t n = strlen(name);

	if (n >= 1 && n < SERVICE_NAME_BYTES && strspn(name, all) == n &&
	    strchr(letters, name[0]) != NULL)
		return VT_OK;
	return vt_problem(p, VT_INVALID, "invalid_field", "name",
	    "A service's name has 1 to %d of a-z, 0-9 and -, a letter first.",
	    SERVICE_NAME_BYTES - 1);
}

static void
read_service(struct query *q, struct service *out)
{
	memset(out, 0, sizeof(*out));
	out->id = db_int(q, 0);
	(void)db_copy(q, 1, out->name, sizeof(out->name));
	out->daily_cap = db_int(q, 2);
	out->created_at = db_int(q, 3);
	out->disabled = !db_is_null(q, 4);
}

enum vt_err
service_add(struct db *db, const char *name, int64_t daily_cap, int64_t now_ms,
    struct service *out, struct vt_problem *p)
{
	enum vt_err err;

	err = service_name_check(name, p);
	if (err != VT_OK)
		return err;
	if (daily_cap < 0)
		return vt_problem(p, VT_INVALID, "invalid_field", "daily_cap",
		    "A daily cap is a positive number of tokens.");
	err = db_exec(db, sql[ADD], DB_TEXT("name", name),
	    daily_cap == 0 ? DB_NULL("cap") : DB_INT("cap", daily_cap),
	    DB_INT("now", now_ms));
	if (err == VT_CONFLICT)
		return vt_problem(p, err, "service_exists", "name",
		    "There is a service %s already.", name);
	return err == VT_OK ? service_find(db, name, out) : err;
}

enum vt_err
service_find(struct db *db, const char *name, struct service *out)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[FIND], DB_TEXT("name", name));
	if (err != VT_OK)
		return err;
	read_service(&q, out);
	db_done(&q);
	return VT_OK;
}

enum vt_err
services_each(struct db *db, service_fn fn, void *arg)
{
	struct service s;
	enum vt_err err;
	struct query q;

	err = db_query(&q, db, sql[ALL]);
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		read_service(&q, &s);
		err = fn(&s, arg);
	}
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

enum vt_err
service_disable(struct db *db, const char *name, int64_t now_ms)
{
	struct service s;
	enum vt_err err;

	err = service_find(db, name, &s);
	if (err != VT_OK)
		return err;
	return db_exec(
	    db, sql[DISABLE], DB_TEXT("name", name), DB_INT("now", now_ms));
}

/* ---- references ---------------------------------------------------------- */

enum vt_err
service_reference_find(struct db *db, int64_t service, const char *reference,
    const unsigned char hash[static 32], struct service_reference *out,
    struct vt_problem *p)
{
	enum vt_err err;
	const void *kept;
	struct query q;
	size_t bytes;

	err = db_row(&q, db, sql[REFERENCE_FIND], DB_INT("service", service),
	    DB_TEXT("reference", reference));
	if (err != VT_OK)
		return err;
	kept = db_blob(&q, 0, &bytes);
	if (bytes != sizeof(out->request_hash) ||
	    memcmp(kept, hash, bytes) != 0)
		err = vt_problem(p, VT_CONFLICT, "idempotency_mismatch",
		    "reference",
		    "This reference was used for another request.");
	memcpy(out->request_hash, hash, sizeof(out->request_hash));
	out->tx = db_int(&q, 1);
	out->hold = db_int(&q, 2);
	out->available = db_int(&q, 3);
	db_done(&q);
	return err;
}

enum vt_err
service_reference_keep(struct db *db, int64_t service, const char *reference,
    const struct service_reference *r, int64_t now_ms)
{
	return db_exec(db, sql[REFERENCE_KEEP], DB_INT("service", service),
	    DB_TEXT("reference", reference),
	    DB_BLOB("hash", r->request_hash, sizeof(r->request_hash)),
	    r->tx == 0 ? DB_NULL("tx") : DB_INT("tx", r->tx),
	    r->hold == 0 ? DB_NULL("hold") : DB_INT("hold", r->hold),
	    DB_INT("available", r->available), DB_INT("now", now_ms));
}

/* ---- the daily cap ------------------------------------------------------- */

/* Days since 1970, UTC; the remainder is never negative. */
static int64_t
day_of(int64_t ms)
{
	return ms / DAY_MS;
}

static enum vt_err
cap_reached(int64_t left, int64_t now_ms, struct vt_problem *p)
{
	int64_t wait_ms = DAY_MS - now_ms % DAY_MS;

	if (p == NULL)
		return VT_LIMIT;
	(void)vt_problem(p, VT_LIMIT, "daily_cap_reached", "amount",
	    "This service may take %" PRId64 " tokens more today. The day "
	    "ends at midnight UTC.",
	    left);
	(void)snprintf(p->details, sizeof(p->details),
	    "{\"left_today\":%" PRId64 "}", left);
	p->retry_after_s = (int)((wait_ms + 999) / 1000);
	return VT_LIMIT;
}

enum vt_err
service_count(struct db *db, int64_t service, int64_t tokens, int64_t now_ms,
    struct vt_problem *p)
{
	int64_t cap, taken, left;
	enum vt_err err;
	struct query q;

	err = db_exec(db, sql[DAY_COUNT], DB_INT("tokens", tokens),
	    DB_INT("service", service), DB_INT("day", day_of(now_ms)));
	if (err != VT_OK || db_changes(db) == 1)
		return err;
	/* It is the first of the day, or too much. */
	err = db_row(&q, db, sql[DAY], DB_INT("service", service),
	    DB_INT("day", day_of(now_ms)));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	cap = db_int(&q, 0);
	taken = db_int(&q, 1);
	db_done(&q);
	/* A cap that was lowered may have been passed already. */
	left = cap > taken ? cap - taken : 0;
	if (cap > 0 && tokens > left)
		return cap_reached(left, now_ms, p);
	return db_exec(db, sql[DAY_ADD], DB_INT("service", service),
	    DB_INT("day", day_of(now_ms)), DB_INT("tokens", tokens));
}

enum vt_err
service_uncount(
    struct db *db, int64_t service, int64_t tokens, int64_t counted_at_ms)
{
	return db_exec(db, sql[DAY_UNCOUNT], DB_INT("service", service),
	    DB_INT("day", day_of(counted_at_ms)), DB_INT("tokens", tokens));
}
