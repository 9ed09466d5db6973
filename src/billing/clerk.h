/*
 * clerk: what Clerk tells about users, stored by its message id and carried
 * out once.
 *
 * Messages come in any order, so the newest fact about a user counts and a
 * deleted user stays deleted. Of a message only its id, type and object are
 * kept: what it says about a person is in the users table or nowhere.
 */
#ifndef VT_BILLING_CLERK_H
#define VT_BILLING_CLERK_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "billing/users.h"
#include "store/db.h"

enum clerk_kind {
	CLERK_OF_NO_INTEREST, /* a type that we do not handle */
	CLERK_UNUSABLE,	      /* one that we do, without what it needs */
	CLERK_USER_CHANGED,
	CLERK_USER_DELETED
};

struct clerk_message {
	const char *id;	    /* svix-id: the same on every retry */
	const char *type;   /* "user.updated", … */
	const char *object; /* Clerk's id of the user, or NULL */
	enum clerk_kind kind;
	struct user_fact fact; /* with CLERK_USER_CHANGED */
	int64_t now_ms;
};

/*
 * Takes a verified body apart (clerk.com/docs has its shape). The address
 * is the one whose id is primary_email_address_id, and counts as verified
 * only if Clerk says so; one that could not stand in a mail header is left
 * out. VT_INVALID with "malformed_json" or "malformed_event" when it is no
 * message at all. Lives in `a`.
 */
enum vt_err clerk_read(struct arena *a, const char *id, const char *body,
    size_t body_bytes, int64_t now_ms, struct clerk_message *out,
    struct vt_problem *p) VT_MUSTCHECK;

enum clerk_outcome {
	CLERK_APPLIED,
	CLERK_DUPLICATE, /* this very message came before */
	CLERK_STALE,	 /* something newer is known of the user */
	CLERK_IGNORED,
	CLERK_OUTCOME__MAX
};
const char *clerk_outcome_name(enum clerk_outcome o);

/* A write_fn (clerk_message, clerk_outcome): stores it and its effect. */
enum vt_err clerk_receive(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

#endif
