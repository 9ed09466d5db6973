/*
 * event: what happened, as Stripe tells it: an object that can be listed,
 * and a webhook for every endpoint that asked for its type.
 */
#ifndef SANDBOX_EVENT_H
#define SANDBOX_EVENT_H

#include "core/resource.h"

/*
 * Records that `type` happened to the object, with its members as they are
 * now, and queues the deliveries, all in the caller's transaction. For a
 * type that ends in ".updated" the differences to what was stored before go
 * into previous_attributes.
 */
enum vt_err
event_emit(struct call *c, const char *type, const struct doc *d) VT_MUSTCHECK;

/* The same when something was updated, but only if it really changed. */
enum vt_err event_updated(
    struct call *c, const char *type, const struct doc *d) VT_MUSTCHECK;

#endif
