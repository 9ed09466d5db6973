/*
 * admin_revoke: tokens taken back by hand. The ledger's part is revoke.h;
 * here are the caller's key, the audit and the answer, as with grants
 * (admin_grants.h).
 */
#ifndef VT_BILLING_ADMIN_REVOKE_H
#define VT_BILLING_ADMIN_REVOKE_H

#include "billing/admin_grants.h"

struct admin_revoke {
	const char *actor;		   /* "admin:user_…" */
	const struct idempotency_key *key; /* principal: the actor */
	const char *request_id;		   /* the key where none was given */
	const char *transaction;	   /* that gave the tokens */
	int64_t tokens;			   /* 0: all that is free */
	const char *reason;
	int64_t now_ms;
	struct arena *arena;
};

/*
 * A write_fn (admin_revoke, admin_added). The refusals of ledger_revoke(),
 * and VT_CONFLICT "idempotency_mismatch".
 */
enum vt_err admin_revoke(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

#endif
