/*
 * control: how ./dev and the tests drive the sandbox: its lies, its clock,
 * its people. Not part of Stripe's API; under /_sandbox/.
 */
#ifndef SANDBOX_CONTROL_H
#define SANDBOX_CONTROL_H

#include "core/operation.h"

/*
 * Serves it, unless a page of another origin asks (whoever can reach the
 * port can do anything here, so a browser must not be made to). False when
 * there is no such operation.
 */
bool control_serve(struct box *b, struct request *r, struct response *w);

/* True if there is an operation at this path, for a page to offer it. */
bool control_offers(const char *path);

#endif
