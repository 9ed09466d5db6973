/*
 * user: the people of the local sign-in, in the shape of Clerk's User, and
 * the webhooks about them.
 */
#ifndef SANDBOX_USER_H
#define SANDBOX_USER_H

#include "core/operation.h"
#include "core/resource.h"

/* What ./dev and tests do: make, change and delete users. */
extern const struct operation user_operations[];

/* The address in this parameter, in lower case, in the call's arena. */
enum vt_err user_read_email(
    struct call *c, const char *name, const char **out) VT_MUSTCHECK;

/* The newest user (by address) or session (by its browser's client token)
 * of this index, or NULL. */
struct doc *
user_find_by(struct call *c, enum resource_kind kind, const char *index);

/* A new user, not stored. */
struct doc *user_new(struct call *c, const char *email, bool verified);

/* Stores it and queues user.created or user.updated. */
enum vt_err user_save(struct call *c, struct doc *u, bool created) VT_MUSTCHECK;

#endif
