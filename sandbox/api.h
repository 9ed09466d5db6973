/*
 * api: a call of /v1/ from its request to its answer: outage, key, version,
 * operation, parameters, idempotency, lock, transaction.
 */
#ifndef SANDBOX_API_H
#define SANDBOX_API_H

#include "box.h"
#include "web/http.h"

void api_serve(struct box *b, struct request *r, struct response *w);

#endif
