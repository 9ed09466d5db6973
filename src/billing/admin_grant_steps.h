/*
 * admin_grant_steps: what granting to one and to many share. Only
 * admin_grants.c and admin_bulk.c include it.
 */
#ifndef VT_BILLING_ADMIN_GRANT_STEPS_H
#define VT_BILLING_ADMIN_GRANT_STEPS_H

#include "billing/admin_grants.h"
#include "ledger/transactions.h"

struct grant_step {
	const char *kind;  /* "grant", "bulk_grant" */
	const char *cause; /* of the movement */
	int64_t user;
	int64_t tokens;
	const char *metadata; /* a JSON object, or NULL */
};

/*
 * Transaction, movement, lot and mail. VT_CONFLICT: the cause is booked
 * already; the caller undoes what was added.
 */
enum vt_err admin_grant_one(struct db *db, const struct admin_grant *g,
    const struct grant_step *s, struct transaction_ref *out) VT_MUSTCHECK;

/* The caller's key, or the request's id. */
const char *admin_grant_key(const struct admin_grant *g);

/* "A:B:C" or "A:B:C:D" as a cause, or NULL when it is too long for one. */
const char *admin_grant_cause(struct arena *a, const char *word,
    const char *actor, const char *key, const char *user);

#endif
