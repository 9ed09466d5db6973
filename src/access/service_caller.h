/*
 * service_caller: a request with an API key. Apart from access.c, since a
 * worker that only services call needs no JWT and links no libcrypto.
 */
#ifndef VT_ACCESS_SERVICE_CALLER_H
#define VT_ACCESS_SERVICE_CALLER_H

#include <stdbool.h>

#include "access/access.h"

struct readers;

/* True when what is shown is an API key, good or not: "Bearer vk_…". */
bool service_caller_shown(const struct request *r);

/*
 * Who the key belongs to, and whether its scopes are enough for `who`; sets
 * r->caller. VT_DENIED with code "unauthenticated" for a key that is
 * unknown, expired or revoked, all alike; "forbidden" when it is good and
 * not enough. The row is read each time: that costs some microseconds, and
 * a key that was revoked is refused from the next request on.
 */
enum vt_err service_caller_authorize(struct readers *readers, struct request *r,
    int who, struct vt_problem *p) VT_MUSTCHECK;

#endif
