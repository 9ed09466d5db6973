/*
 * webhook: a delivery as the message that goes over the wire: Stripe's for
 * an event, Clerk's (Svix) for a message, each with its signature.
 */
#ifndef SANDBOX_WEBHOOK_H
#define SANDBOX_WEBHOOK_H

#include "core/call.h"
#include "core/resource.h"

/* Clerk's endpoint has no object of its own; it goes by this name. */
#define WEBHOOK_CLERK "clerk"

struct webhook_message {
	const char *url;
	const struct https_header *headers;
	const char *body;
	bool svix;
};

/* Fills in *out, in the call's arena. VT_NOTFOUND: event or endpoint gone. */
enum vt_err webhook_message(struct call *c, const char *event,
    const char *endpoint, struct webhook_message *out) VT_MUSTCHECK;

/*
 * Gives the endpoint a new secret; the old one signs too for a day of the
 * clock. *secret is shown once.
 */
enum vt_err webhook_roll(
    struct call *c, struct doc *endpoint, const char **secret) VT_MUSTCHECK;

#endif
