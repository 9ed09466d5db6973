/*
 * worker: the life of a process that serves requests.
 *
 * Its listening socket is descriptor 0 or LISTEN_FDS's first; it never opens
 * one. Run with neither, as plain CGI, it serves one request and ends. On
 * SIGTERM it answers what is in flight and ends with 0.
 */
#ifndef VT_WEB_WORKER_H
#define VT_WEB_WORKER_H

#include "base/err.h"
#include "web/route.h"

enum worker_db { WORKER_DB_NONE, WORKER_DB_READ, WORKER_DB_WRITE };

struct readers;
struct writer;
struct instance;
struct limits;

/* What worker_main() has opened, for handlers: r->app points at it. */
struct worker_state {
	struct readers *readers;   /* NULL when db is NONE */
	struct writer *writer;	   /* NULL unless db is WRITE */
	struct instance *instance; /* NULL when db is NONE */
	struct limits *limiter;	   /* NULL unless a route has a limit */
	int limit_per_minute;	   /* the owner's, for each limited route;
				      0: as the routes say, -1: none */
	void *own;		   /* what worker.open made */
};
struct worker_state *worker_state(const struct request *r);

struct worker {
	const char *name;
	const struct route *routes;
	size_t routes_count;
	enum worker_db db;
	int threads;
	/* Loads this worker's own things (secrets, clients) before the first
	 * thread; ends the process itself when one is missing. Or NULL. */
	void *(*open)(struct worker_state *s);
	void (*close)(void *own);
	/* Who may call: sets r->caller or returns VT_DENIED / VT_NOTFOUND …
	 * NULL: every route must have who == 0. */
	enum vt_err (*authorize)(
	    struct request *r, int who, struct vt_problem *p);
	/* The key a per-caller limit counts under, in the arena; NULL: the
	 * remote address is used. */
	const char *(*limit_key)(const struct request *r);
	/* Renders errors in another shape (the local Stripe); NULL: ours. */
	void (*error)(const struct request *r, struct response *w,
	    enum vt_err err, const struct vt_problem *p);
};

/*
 * Everything: configuration, clock file, log, database and schema check,
 * open, limits taken from itself, threads, end. Returns the exit status:
 * 64 started by hand, 75 what may pass by itself, 78 for a person to mend.
 *
 * Reads VANTAGE_DB when the worker has a database, and VANTAGE_LIMITS_DB
 * ("limits.db" beside the database unless set) when a route has a limit,
 * VANTAGE_WRITE_BATCH when the worker writes.
 */
int worker_main(int argc, char **argv, const struct worker *w);

#endif
