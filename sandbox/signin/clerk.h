/*
 * clerk: a local sign-in that speaks as Clerk does: sessions, session tokens
 * (RS256) and their key set. The people are user.h's.
 */
#ifndef SANDBOX_CLERK_H
#define SANDBOX_CLERK_H

#include "core/operation.h"

/* What the sign-in page and the stand-in for Clerk's script call. */
extern const struct operation clerk_operations[];

/* What ./dev and tests do: issue tokens, say where webhooks go. */
extern const struct operation clerk_control_operations[];

/* The call's error in Clerk's shape: {"errors":[…]}. */
const char *clerk_error_text(struct call *c);

/*
 * Lets the stack's pages call with their cookies, and nobody else's.
 * False (403 is written) when another page asks.
 */
bool clerk_cors(struct box *b, const struct request *r, struct response *w);

#endif
