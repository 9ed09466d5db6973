/*
 * health: is the process there (/api/health), and is the whole ready to sell
 * (/api/ready)? For load balancers and for who waits for a start; see
 * health(8).
 *
 * Unlike the other workers this one starts without a database, so that it can
 * say what is missing instead of not answering. It opens the database when it
 * is first found whole, and then keeps it open.
 */
#include <pthread.h>
#include <string.h>

#include "base/config.h"
#include "base/log.h"
#include "base/process.h"
#include "store/migrate.h"
#include "store/readers.h"
#include "web/worker.h"

#define NOT_READY "not_ready"

static struct {
	const char *path;
	pthread_mutex_t lock; /* over the opening */
	struct readers *readers;
	struct instance instance;
} database = { .lock = PTHREAD_MUTEX_INITIALIZER };

static enum vt_err
not_ready(struct vt_problem *p, const char *part, const char *why)
{
	LOG(LOG_INFO, "health.not_ready", LOG_S("part", part),
	    LOG_S("why", why));
	return vt_problem(p, VT_BUSY, NOT_READY, part, "%s", why);
}

/* Under the lock, until it has worked once. */
static enum vt_err
open_database(struct vt_problem *p)
{
	enum vt_err err;

	if (database.readers != NULL)
		return VT_OK;
	err = migrate_check(database.path, &database.instance, p);
	if (err == VT_CONFLICT)
		return not_ready(p, "schema",
		    "The database and this program are of different versions.");
	if (err == VT_OK)
		process_refuse_clock(database.instance.livemode);
	if (err == VT_OK)
		err = readers_open(database.path, &database.readers);
	if (err != VT_OK)
		return not_ready(
		    p, "database", "The database cannot be opened.");
	return VT_OK;
}

static enum vt_err
read_instance(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	static const char sql[] =
	    "SELECT uuid, EXISTS (SELECT 1 FROM catalog_versions) "
	    "FROM instance";
	bool *sells = out;
	struct query q;
	char uuid[40];
	enum vt_err err;

	(void)in;
	err = db_row(&q, db, sql);
	if (err == VT_NOTFOUND)
		return not_ready(
		    p, "instance", "The database has not been set up.");
	if (err != VT_OK)
		return not_ready(p, "database", "The database cannot be read.");
	(void)db_copy(&q, 0, uuid, sizeof(uuid)); /* compared as it is */
	*sells = db_int(&q, 1) != 0;
	db_done(&q);
	if (strcmp(uuid, database.instance.uuid) != 0)
		return not_ready(p, "instance",
		    "The database was replaced: the programs must be started "
		    "again.");
	return VT_OK;
}

static enum vt_err
check(struct vt_problem *p)
{
	bool sells = false;
	enum vt_err err;

	(void)pthread_mutex_lock(&database.lock);
	err = open_database(p);
	(void)pthread_mutex_unlock(&database.lock);
	if (err == VT_OK)
		err = readers_run(
		    database.readers, read_instance, NULL, &sells, p);
	if (err == VT_OK && !sells)
		err = not_ready(p, "catalog", "There is no catalogue.");
	return err;
}

static enum vt_err
health_get(struct request *r, struct response *w, struct vt_problem *p)
{
	struct json *o = json_object(r->arena);

	(void)p;
	json_put_str(o, "status", "ok");
	response_json(r, w, 200, o);
	return VT_OK;
}

static enum vt_err
ready_get(struct request *r, struct response *w, struct vt_problem *p)
{
	struct json *o = json_object(r->arena);
	enum vt_err err = check(p);

	/* A reading that failed in its own words has no part to name yet. */
	if (err != VT_OK && strcmp(p->code, NOT_READY) != 0)
		return not_ready(p, "database", "The database cannot be read.");
	if (err != VT_OK)
		return err;
	json_put_str(o, "status", "ready");
	response_json(r, w, 200, o);
	return VT_OK;
}

static void *
health_open(struct worker_state *s)
{
	database.path = config_need("VANTAGE_DB");
	return s;
}

static void
health_close(void *own)
{
	(void)own;
	if (database.readers != NULL)
		readers_close(database.readers);
}

static const struct route routes[] = {
	{ HTTP_GET, "/api/health", 0, 0, health_get, 0 },
	{ HTTP_GET, "/api/ready", 0, 0, ready_get, 0 },
};

int
main(int argc, char **argv)
{
	return worker_main(argc, argv,
	    &(struct worker){ .name = "health",
		.routes = routes,
		.routes_count = countof(routes),
		.db = WORKER_DB_NONE,
		.threads = 2,
		.open = health_open,
		.close = health_close });
}
