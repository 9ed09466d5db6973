/*
 * setup: what happens to a SetupIntent once somebody wants to keep a method
 * for later: the bank is asked, the customer perhaps too, and the method is
 * handed to its customer.
 *
 * Every function saves what it changed and emits the events, in the caller's
 * transaction. A decline returns VT_FUNDS with the error filled in; its
 * changes are to be kept.
 */
#ifndef SANDBOX_SETUP_H
#define SANDBOX_SETUP_H

#include "core/resource.h"

/*
 * A new one for a customer, stored, that waits for a method: what the trial
 * of a subscription or a hosted page needs.
 */
enum vt_err
setup_make(struct call *c, const char *customer, struct doc **out) VT_MUSTCHECK;

struct setup_try {
	struct doc *intent;
	struct doc *method;
	bool use_sdk;		/* the browser shows challenges */
	const char *return_url; /* or NULL */
};

/* Tries to keep it: succeeded, requires_action, or VT_FUNDS. */
enum vt_err
setup_attempt(struct call *c, const struct setup_try *t) VT_MUSTCHECK;

/* The end of a challenge or of a redirect: passed or failed. */
enum vt_err setup_authenticated(
    struct call *c, struct doc *intent, bool passed) VT_MUSTCHECK;

#endif
