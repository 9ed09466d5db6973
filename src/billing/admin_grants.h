/*
 * admin_grants: tokens given by hand, one user or many at a time.
 *
 * The key of a grant is its caller's (R84): the Idempotency-Key, or the
 * request's id where there was none, so a double click grants once. The
 * actor comes from credentials, a reason is required, and the tokens are
 * promotional, never a purchase (R86).
 */
#ifndef VT_BILLING_ADMIN_GRANTS_H
#define VT_BILLING_ADMIN_GRANTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/random.h"
#include "billing/users.h"
#include "ledger/idempotency.h"
#include "store/db.h"

/* Who grants, why and until when: the same for one and for many. */
struct admin_grant {
	const char *actor;		   /* "admin:user_…" */
	const struct idempotency_key *key; /* principal: the actor */
	const char *request_id;		   /* the key where none was given */
	const char *note;		   /* why; required */
	int64_t expires_at;		   /* ms; 0: never */
	int64_t now_ms;
	struct arena *arena; /* for texts of the answer */
};

/* ---- one user ---- */

struct admin_add {
	struct admin_grant grant;
	const char *user;  /* Clerk's id, or NULL */
	const char *email; /* normal (user_email_normal), or NULL */
	int64_t tokens;
};

struct admin_added {
	bool replayed;	  /* the answer of the first time */
	const char *body; /* JSON, in the arena */
};

/*
 * A write_fn (admin_add, admin_added). VT_NOTFOUND "unknown_user",
 * VT_INVALID "unverified_user", VT_CONFLICT "ambiguous_user" (R82),
 * "idempotency_mismatch", "duplicate_request".
 */
enum vt_err admin_add(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

/* ---- many users ---- */

#define BULK_ROWS_MAX 10000

enum bulk_mode { BULK_ATOMIC, BULK_PER_ROW };

struct bulk_row {
	const char *email;  /* as the caller wrote it */
	const char *normal; /* user_email_normal(); "" when it is none */
	int64_t tokens;
};

struct admin_bulk {
	struct admin_grant grant;
	const struct bulk_row *rows;
	size_t count;
	enum bulk_mode mode;
};

enum bulk_status {
	BULK_GRANTED,
	BULK_ALREADY_GRANTED, /* by an earlier run with this key */
	BULK_WOULD_GRANT,     /* a dry run */
	BULK_FAILED
};

struct bulk_result {
	enum bulk_status status;
	char transaction[RANDOM_ID_BYTES]; /* "" unless granted */
	char error[48];			   /* a stable word when failed */
};

struct admin_bulked {
	bool replayed;
	const char *body; /* JSON, in the arena */
};

/*
 * VT_INVALID with code "duplicate_user" and field "users[i].email" when a
 * user is in the batch twice (R85). Before any of the two below.
 */
enum vt_err
admin_bulk_check(const struct admin_bulk *b, struct vt_problem *p) VT_MUSTCHECK;

/*
 * A write_fn (admin_bulk, admin_bulked), for writer_run_alone(). Atomic: all
 * rows or none, and the first bad one is named (VT_INVALID). Per row: what
 * can be granted is, and only a run without failed rows is final: the same
 * key and body again grants what is missing (R85). VT_CONFLICT with
 * "idempotency_mismatch" when the key was used with another body.
 */
enum vt_err admin_bulk(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

/* A read_fn of the same types: what it would do, and nothing is done. */
enum vt_err admin_bulk_dry_run(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

#endif
