/*
 * session: is this Clerk session token good enough? (R81; the claims are
 * described at clerk.com/docs/backend-requests/resources/session-tokens.)
 *
 * The signature is jwt.h's business and the key keys.h's; here are the
 * claims, and where in a request a token may stand.
 */
#ifndef VT_ACCESS_SESSION_H
#define VT_ACCESS_SESSION_H

#include <stdint.h>

#include "text/jwt.h"
#include "web/http.h"

#define SESSION_SKEW_S 5 /* what clocks may differ, as Clerk's SDK allows */
#define SESSION_SUB_BYTES 128
#define SESSION_ID_BYTES 96

/* Why a token was refused: for the log, never for the caller. */
enum session_fault {
	SESSION_OK = 0,
	SESSION_ABSENT,	   /* no credential at all */
	SESSION_EMPTY,	   /* an Authorization header without a token */
	SESSION_SCHEME,	   /* another scheme than Bearer */
	SESSION_MALFORMED, /* no token, not RS256, typ of another kind */
	SESSION_KEY,	   /* signed by a key that we do not have */
	SESSION_SIGNATURE,
	SESSION_MACHINE, /* a token for programs, not for people */
	SESSION_SUBJECT,
	SESSION_ISSUER,
	SESSION_PARTY,	 /* azp is somebody else's site */
	SESSION_EXPIRED, /* or without an end */
	SESSION_EARLY,	 /* nbf or iat lies ahead */
	SESSION_PENDING, /* the sign-in is not finished */
	SESSION_FAULT__MAX
};
const char *session_fault_name(enum session_fault f);

struct session_rules {
	const char *issuer;	    /* iss must be exactly this */
	const char *const *parties; /* what azp may be when it is there */
	size_t parties_count;	    /* 0: azp is not looked at */
};

/* Whose session it is, copied out of the token. */
struct session {
	char sub[SESSION_SUB_BYTES];
	char sid[SESSION_ID_BYTES];	      /* "" when absent */
	char impersonator[SESSION_SUB_BYTES]; /* act.sub, or "" */
	int64_t expires_s;
};

/* Refuses tokens of machines by their header. */
enum session_fault session_check_header(const struct jwt *t);

/* The claims of a token whose signature is good. */
enum session_fault session_check_claims(const struct session_rules *rules,
    const struct jwt *t, int64_t now_s, struct session *out);

/* True while a session that was good may still be used. */
bool session_current(const struct session *s, int64_t now_s);

/*
 * The token of a request: a Bearer one wins over the cookie, and an
 * Authorization header that holds none is not made good by a cookie.
 * `suffix` (or NULL) is Clerk's for the cookie's name.
 */
enum session_fault session_find(const struct request *r, const char *suffix,
    const char **token, bool *by_cookie);

/*
 * "https://example.com" for "https://Example.com:443/x": scheme, host and
 * port as browsers write them into Origin (RFC 6454). VT_INVALID when the
 * URL is not http or https. In the arena.
 */
enum vt_err session_origin(
    struct arena *a, const char *url, const char **origin) VT_MUSTCHECK;

#endif
