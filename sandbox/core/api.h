/*
 * api: a call of /v1/ from its request to its answer: outage, key, version,
 * operation, parameters, idempotency, lock, transaction.
 */
#ifndef SANDBOX_API_H
#define SANDBOX_API_H

#include "core/call.h"
#include "web/http.h"

void api_serve(struct box *b, struct request *r, struct response *w);

/*
 * An operation of the API as a part of what another call does, in its
 * transaction: what a hosted page makes it makes as any client would. The
 * parameters are typed already. *out is the answer; a refusal is in
 * c->error. VT_NOTFOUND when there is no such operation.
 */
enum vt_err
api_inside(struct call *c, enum http_method method, const char *path,
    struct json *params, const struct json **out) VT_MUSTCHECK;

#endif
