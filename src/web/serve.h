/*
 * serve: one request from its parameters to its answer, by a worker's table.
 * Apart from worker.c so that tests and fuzz drivers can feed it without a
 * process around it.
 */
#ifndef VT_WEB_SERVE_H
#define VT_WEB_SERVE_H

#include "web/http.h"
#include "web/worker.h"

/* Reads exactly so many bytes of the body, else VT_INVALID. */
typedef enum vt_err (*serve_read_fn)(void *source, char *out, size_t bytes);

/*
 * Answers: parameters, route row, who may call, body limit, per-caller
 * limit, body, handler, in this order. `r` and `out` are filled in on every
 * path; the body is read only when all that comes before it holds.
 */
void serve(const struct worker *w, struct worker_state *s,
    const char *const *params, serve_read_fn read_body, void *source,
    struct arena *a, struct request *r, struct response *out);

#endif
