/*
 * portal_parts: what showing the billing portal and acting in it share.
 */
#ifndef SANDBOX_PORTAL_PARTS_H
#define SANDBOX_PORTAL_PARTS_H

#include "desk/layout.h"
#include "subscriptions/portal.h"

/* Whose portal it is, and what may be done in it. */
struct portal {
	struct call *c;
	struct html h;
	struct doc *session, *configuration, *customer;
	const char *secret;
	const char *flow; /* the only thing that is offered, or NULL */
};

/* The portal that the parameter "session" opens. Refused: it has ended. */
enum vt_err portal_enter(struct call *c, struct portal *p) VT_MUSTCHECK;

/* Allowed by the configuration, and, in a flow, what the flow is about. */
bool portal_offers(const struct portal *p, const char *feature);

/* Its address, without the origin. */
const char *portal_here(const struct portal *p);

/* True if customers may change this about themselves. */
bool portal_may_update(const struct portal *p, const char *name);

/* What customers can change about themselves: names and labels. */
#define PORTAL_OWN_COUNT 3
extern const char *const portal_own[PORTAL_OWN_COUNT][2];

/* The API on behalf of the customer. */
enum vt_err portal_post(
    struct portal *p, const char *path, struct json *params) VT_MUSTCHECK;

/* POST: what a button does. */
extern const struct param portal_act_params[];
enum vt_err portal_act(struct call *c) VT_MUSTCHECK;

#endif
