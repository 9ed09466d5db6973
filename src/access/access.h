/*
 * access: who is calling, and may they?
 *
 * A signed-in user shows a Clerk session token (openapi.yaml), in
 * an Authorization header or, from a page of ours, in Clerk's cookie; a
 * cookie changes something only when the request comes from our own origin.
 * A service shows an API key.
 * An administrator is a user whose row says so. A worker sets
 * .authorize = access_authorize and .limit_key = access_limit_key, and calls
 * access_open() in its open.
 */
#ifndef VT_ACCESS_ACCESS_H
#define VT_ACCESS_ACCESS_H

#include <stdint.h>

#include "base/err.h"
#include "web/http.h"
#include "web/worker.h"

/*
 * For route.who. Flags: a row that more than one kind may call names them
 * all, and one of them is enough.
 */
enum access_who {
	ACCESS_ANYONE = 0,
	ACCESS_USER = 1 << 0,  /* any signed-in user */
	ACCESS_ADMIN = 1 << 1, /* a user with the admin role */
	/* A service whose API key has this scope. */
	ACCESS_TOKENS_SPEND = 1 << 2,
	ACCESS_TOKENS_REVERSE = 1 << 3,
	ACCESS_TOKENS_READ = 1 << 4,
	ACCESS_ADMIN_GRANT = 1 << 5,
	ACCESS_ADMIN_READ = 1 << 6
};

struct caller {
	int64_t user;		  /* users.id; 0: no row yet (user_ensure) */
	const char *sub;	  /* Clerk's id, the identity (R82) */
	const char *session;	  /* Clerk's session id, or "" */
	const char *impersonator; /* who acts as this user, or "" */
	bool admin;		  /* the row has the admin role */
	bool by_cookie;
	int64_t service; /* services.id; 0: a user, and sub says who */
	/* For causes and the audit: "user:<sub>", with "/by:<sub>" after it
	 * when somebody acts as this user, or "service:<name>". */
	const char *actor;
};

/*
 * Reads CLERK_ISSUER, CLERK_AUTHORIZED_PARTIES, CLERK_JWT_KEY (absent: the
 * set that reconciler keeps), CLERK_PUBLISHABLE_KEY and VANTAGE_PUBLIC_URL;
 * ends the process, naming the variable, when one is missing or makes no
 * sense. Needs a database. Once, before the first thread.
 */
void access_open(const struct worker_state *s);
void access_close(void);

/*
 * For worker.authorize. VT_OK sets r->caller (NULL for ACCESS_ANYONE).
 * VT_DENIED with code "unauthenticated" (401) without a good credential,
 * "forbidden" (403) when it is not enough, the user was deleted, or a cookie
 * is used from another origin. VT_BUSY or VT_DB: the row cannot be read.
 */
enum vt_err
access_authorize(struct request *r, int who, struct vt_problem *p) VT_MUSTCHECK;

/*
 * The same for a worker that only services call: it needs no access_open(),
 * holds no key of Clerk's and links no libcrypto.
 */
enum vt_err access_authorize_service(
    struct request *r, int who, struct vt_problem *p) VT_MUSTCHECK;

/* The caller of a row that is not for anyone. Never NULL there. */
const struct caller *access_caller(const struct request *r);

/* For worker.limit_key: the user or the service, else the address. */
const char *access_limit_key(const struct request *r);

#endif
