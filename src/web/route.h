/*
 * route: a worker's table of what it serves and under which conditions, and
 * the one shape of its errors.
 */
#ifndef VT_WEB_ROUTE_H
#define VT_WEB_ROUTE_H

#include "base/err.h"
#include "web/http.h"

/*
 * Answers a request whose preconditions hold. VT_OK: `w` is the answer. Any
 * other result: `p` says why (an empty code gets the result's default) and
 * route renders the error.
 */
typedef enum vt_err (*route_fn)(
    struct request *r, struct response *w, struct vt_problem *p);

struct route {
	enum http_method method;
	const char *path; /* exact; one ending in a slash and "*": prefix */
	int who;	  /* for worker.authorize; 0: anyone */
	size_t body_bytes_max; /* above it: 413 */
	route_fn handler;
	int limit_per_minute; /* calls a caller may make; 0: no limit */
};

/*
 * The row for a method and a path. VT_NOTFOUND with code "not_found" when no
 * row has the path, VT_DENIED with "method_not_allowed" when none of those
 * that do has the method; then *allow is the Allow header's value, in `a`.
 */
enum vt_err route_find(const struct route *routes, size_t count,
    const struct request *r, const struct route **out, const char **allow,
    struct vt_problem *p) VT_MUSTCHECK;

/* The HTTP status for a problem: by its code, else by its result. */
int route_status(enum vt_err err, const struct vt_problem *p);

/*
 * Writes {"error":{…}} with the status, and Retry-After or WWW-Authenticate
 * where the status wants them. A problem without code or message gets the
 * result's own; what went wrong inside (VT_DB, VT_SYS) is never told.
 */
void route_error(const struct request *r, struct response *w, enum vt_err err,
    const struct vt_problem *p);

#endif
