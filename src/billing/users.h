/*
 * users: who holds tokens. Clerk's `sub` is the identity; an e-mail address
 * is a way to find one verified user and nothing more (R82).
 */
#ifndef VT_BILLING_USERS_H
#define VT_BILLING_USERS_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

#define USER_SUB_BYTES 128
#define USER_EMAIL_BYTES 256

struct user {
	int64_t id;
	char sub[USER_SUB_BYTES];
	char email[USER_EMAIL_BYTES]; /* "" when unknown */
	bool email_verified;
	bool admin;
	bool deleted;
	char customer[96]; /* Stripe's, or "" */
};

/* By Clerk's id. VT_NOTFOUND: no row yet. Read or operation. */
enum vt_err
user_by_sub(struct db *db, const char *sub, struct user *out) VT_MUSTCHECK;
enum vt_err
user_by_id(struct db *db, int64_t id, struct user *out) VT_MUSTCHECK;
/* The same, for who need not know more: users.id, and, unless it is NULL,
 * whether Clerk deleted the user. */
enum vt_err user_id_by_sub(
    struct db *db, const char *sub, int64_t *id, bool *deleted) VT_MUSTCHECK;

/*
 * The one user with this verified address. VT_NOTFOUND with code
 * "unknown_user": nobody; VT_CONFLICT "ambiguous_user": several; VT_INVALID
 * "unverified_user": only unverified ones; deleted users do not count.
 */
enum vt_err user_by_email(struct db *db, const char *email, struct user *out,
    struct vt_problem *p) VT_MUSTCHECK;

/* Finds or makes the row (a first call may come before Clerk's webhook). */
enum vt_err user_ensure(struct db *db, const char *sub, int64_t now_ms,
    struct user *out) VT_MUSTCHECK;

/* A fact from Clerk. `updated_ms` orders facts that come out of order. */
struct user_fact {
	const char *sub;
	const char *email; /* primary, or NULL */
	bool email_verified;
	bool admin;
	int64_t updated_ms;
	int64_t now_ms;
};

/*
 * Applies it unless a newer one was; *applied says so. A deleted user stays
 * deleted (tombstone).
 */
enum vt_err user_apply(
    struct db *db, const struct user_fact *f, bool *applied) VT_MUSTCHECK;

/*
 * Sets the role by hand: from now on Clerk's facts leave it alone, so an
 * owner who keeps no roles at Clerk has administrators all the same.
 * VT_NOTFOUND: no row with this id. Inside an operation.
 */
enum vt_err user_role_set(
    struct db *db, const char *sub, bool admin, int64_t now_ms) VT_MUSTCHECK;

/* Marks the user deleted; the ledger keeps everything (R83). */
enum vt_err user_delete(
    struct db *db, const char *sub, int64_t now_ms, bool *applied) VT_MUSTCHECK;

/*
 * Binds a Stripe customer to a user (R73): the first one stays the user's,
 * a later one is remembered beside it. VT_CONFLICT: it is somebody else's.
 */
enum vt_err user_customer_bind(struct db *db, int64_t user,
    const char *customer, int64_t now_ms) VT_MUSTCHECK;

/* The customer is gone at Stripe: the next purchase makes another. */
enum vt_err user_customer_drop(struct db *db, int64_t user,
    const char *customer, int64_t now_ms) VT_MUSTCHECK;

/* Whose customer it is or was; VT_NOTFOUND: not one of ours. */
enum vt_err user_of_customer(
    struct db *db, const char *customer, int64_t *user) VT_MUSTCHECK;

/*
 * Lower-cases ASCII and checks: one @, no blank or control character (CR LF
 * in an address would reach a mail header), at most 254 bytes.
 */
enum vt_err user_email_normal(
    const char *text, char out[static USER_EMAIL_BYTES]) VT_MUSTCHECK;

#endif
