/*
 * explanation: how a transaction came to be, as openapi.yaml has it.
 */
#ifndef VT_FCGI_EXPLANATION_H
#define VT_FCGI_EXPLANATION_H

#include "base/err.h"
#include "web/http.h"

/*
 * GET /api/tokens/explain: of the caller's own transactions, or, for an
 * administrator, of anybody's. VT_NOTFOUND: none, or somebody else's.
 */
enum vt_err explanation_get(
    struct request *r, struct response *w, struct vt_problem *p) VT_MUSTCHECK;

#endif
