/*
 * portal: the billing portal: how it is configured, who may enter, and the
 * pages on which a customer looks after subscriptions, cards and invoices
 * (docs.stripe.com/customer-management).
 */
#ifndef SANDBOX_PORTAL_H
#define SANDBOX_PORTAL_H

#include "core/params.h"
#include "core/resource.h"

extern const struct param portal_create_params[]; /* of a configuration */
extern const struct param portal_update_params[];

/*
 * What the account's own settings say, made at the first need: customers
 * may change everything but their plan, which the settings do not name.
 */
enum vt_err portal_default(struct call *c, struct doc **out) VT_MUSTCHECK;

/* Merges the parameter "features" into those of a configuration. */
enum vt_err portal_put_features(struct call *c, struct doc *d) VT_MUSTCHECK;

/* True if the configuration lets customers do this ("invoice_history"). */
bool portal_allows(const struct doc *configuration, const char *feature);

/* The session that this secret of its address opens; NULL: none any more. */
struct doc *portal_find(struct call *c, const char *secret);

/* The end of a session (due.h). */
enum vt_err portal_due(struct call *c, struct doc *d) VT_MUSTCHECK;

#endif
