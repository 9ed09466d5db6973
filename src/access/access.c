/* access: see access.h. */
#include "access/access.h"

#include <assert.h>
#include <string.h>

#include "access/keys.h"
#include "access/service_caller.h"
#include "access/session.h"
#include "access/verified.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "billing/users.h"
#include "store/readers.h"

#define PARTIES_MAX 16
#define VERIFIED_MAX 512 /* about 200 KB when all are in use */

/* One for the process: set up before the first thread, then only read. */
static struct {
	struct arena *arena; /* of the texts below */
	struct session_rules rules;
	const char *parties[PARTIES_MAX];
	const char *origin; /* our pages' */
	char suffix[JWT_COOKIE_SUFFIX_BYTES];
	struct keys *keys;
	struct verified *verified;
	struct readers *readers;
} self;

/* Splits "a, b" in place. */
static void
read_parties(void)
{
	const char *list = config_get("CLERK_AUTHORIZED_PARTIES", "");
	size_t n = 0, length;

	while (*(list += strspn(list, ", \t")) != '\0') {
		length = strcspn(list, ", \t");
		if (n == PARTIES_MAX)
			config_die("CLERK_AUTHORIZED_PARTIES",
			    "it names more than 16 parties");
		self.parties[n++] = arena_memdup(self.arena, list, length);
		list += length;
	}
	/* A site on one origin needs no list to be safe from other ones. */
	if (n == 0)
		self.parties[n++] = self.origin;
	self.rules.parties = self.parties;
	self.rules.parties_count = n;
}

static void
read_keys(void)
{
	const char *pem = config_get("CLERK_JWT_KEY", NULL);

	if (pem == NULL)
		self.keys = keys_from_table(self.readers);
	else if (keys_from_pem(pem, &self.keys) != VT_OK)
		config_die("CLERK_JWT_KEY",
		    "it must be an RSA public key in PEM, of 2048 bits or "
		    "more");
}

void
access_open(const struct worker_state *s)
{
	const char *publishable;

	assert(s->readers != NULL && self.arena == NULL);
	self.arena = arena_new();
	self.readers = s->readers;
	self.rules.issuer = config_need("CLERK_ISSUER");
	if (session_origin(self.arena, config_need("VANTAGE_PUBLIC_URL"),
		&self.origin) != VT_OK)
		config_die("VANTAGE_PUBLIC_URL",
		    "it must be a URL with http or https and a host");
	publishable = config_get("CLERK_PUBLISHABLE_KEY", NULL);
	if (publishable != NULL)
		jwt_cookie_suffix(publishable, self.suffix);
	read_parties();
	read_keys();
	self.verified = verified_new(VERIFIED_MAX);
}

void
access_close(void)
{
	keys_free(self.keys);
	verified_free(self.verified);
	arena_free(self.arena);
	memset(&self, 0, sizeof(self));
}

static enum vt_err
unauthenticated(enum session_fault fault, struct vt_problem *p)
{
	const char *why = "The session is not valid. Please sign in again.";

	if (fault == SESSION_ABSENT || fault == SESSION_EMPTY)
		why = "Please sign in: this needs a session.";
	else if (fault == SESSION_SCHEME)
		why = "Send the session as \"Authorization: Bearer …\".";
	else if (fault == SESSION_EXPIRED)
		why = "The session has ended. Please sign in again.";
	LOG(LOG_INFO, "access.refused",
	    LOG_S("fault", session_fault_name(fault)));
	return vt_problem(p, VT_DENIED, "unauthenticated", NULL, "%s", why);
}

static enum vt_err
forbidden(const char *fault, const char *why, struct vt_problem *p)
{
	LOG(LOG_INFO, "access.refused", LOG_S("fault", fault));
	return vt_problem(p, VT_DENIED, "forbidden", NULL, "%s", why);
}

/* A token that has not been seen: taken apart, verified, its claims read. */
static enum vt_err
verify(struct request *r, const char *token, struct session *out,
    struct vt_problem *p)
{
	enum session_fault fault;
	struct jwt t;
	enum vt_err err;

	if (jwt_parse(r->arena, token, strlen(token), &t) != VT_OK)
		return unauthenticated(SESSION_MALFORMED, p);
	fault = session_check_header(&t);
	if (fault != SESSION_OK)
		return unauthenticated(fault, p);
	err = keys_verify(self.keys, &t);
	if (err == VT_NOTFOUND)
		return unauthenticated(SESSION_KEY, p);
	if (err == VT_DENIED)
		return unauthenticated(SESSION_SIGNATURE, p);
	if (err != VT_OK)
		return err;
	fault = session_check_claims(&self.rules, &t, clock_now_s(), out);
	return fault == SESSION_OK ? VT_OK : unauthenticated(fault, p);
}

static enum vt_err
find_session(struct request *r, struct session *out, bool *by_cookie,
    struct vt_problem *p)
{
	enum session_fault fault;
	uint64_t generation;
	const char *token;
	enum vt_err err;

	fault = session_find(
	    r, *self.suffix != '\0' ? self.suffix : NULL, &token, by_cookie);
	if (fault != SESSION_OK)
		return unauthenticated(fault, p);
	/* Taken before the check: should the keys change meanwhile, what was
	 * checked with the old ones is not found again. */
	generation = keys_generation(self.keys);
	if (verified_get(self.verified, token, generation, clock_now_s(), out))
		return VT_OK;
	err = verify(r, token, out, p);
	if (err == VT_OK)
		verified_put(self.verified, token, generation, out);
	return err;
}

/*
 * A page elsewhere can make a browser send our cookie, but not without
 * saying where it comes from.
 */
static enum vt_err
check_origin(const struct request *r, struct vt_problem *p)
{
	const char *origin = request_header(r, "Origin");

	if (r->method == HTTP_GET)
		return VT_OK;
	if (origin != NULL && strcmp(origin, self.origin) == 0)
		return VT_OK;
	return forbidden("origin",
	    "A session cookie may only be used from this site's own pages.", p);
}

static enum vt_err
read_user(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)p;
	return user_by_sub(db, in, out);
}

/* The row's say: the id, the role, and whether the user is still there. */
static enum vt_err
find_user(struct caller *c, struct vt_problem *p)
{
	struct user u;
	enum vt_err err;

	memset(&u, 0, sizeof(u));
	err = readers_run(self.readers, read_user, c->sub, &u, p);
	if (err == VT_NOTFOUND)
		return VT_OK; /* a first call may come before Clerk's word */
	if (err != VT_OK)
		return err;
	if (u.deleted)
		return forbidden("deleted", "This account was closed.", p);
	c->user = u.id;
	c->admin = u.admin;
	return VT_OK;
}

static struct caller *
make_caller(struct arena *a, const struct session *s, bool by_cookie)
{
	struct caller *c = arena_alloc(a, sizeof(*c));

	c->sub = arena_strdup(a, s->sub);
	c->session = arena_strdup(a, s->sid);
	c->impersonator = arena_strdup(a, s->impersonator);
	c->by_cookie = by_cookie;
	c->actor = arena_printf(a, "user:%s%s%s", s->sub,
	    *s->impersonator != '\0' ? "/by:" : "", s->impersonator);
	return c;
}

enum vt_err
access_authorize(struct request *r, int who, struct vt_problem *p)
{
	struct session s;
	struct caller *c;
	bool by_cookie;
	enum vt_err err;

	if (who == ACCESS_ANYONE)
		return VT_OK;
	if (service_caller_shown(r))
		return service_caller_authorize(self.readers, r, who, p);
	err = find_session(r, &s, &by_cookie, p);
	if (err == VT_OK && by_cookie)
		err = check_origin(r, p);
	if (err != VT_OK)
		return err;
	c = make_caller(r->arena, &s, by_cookie);
	if ((err = find_user(c, p)) != VT_OK)
		return err;
	if ((who & ACCESS_USER) == 0 &&
	    ((who & ACCESS_ADMIN) == 0 || !c->admin))
		return forbidden(
		    "role", "Only an administrator may do this.", p);
	if (*c->impersonator != '\0')
		LOG(LOG_INFO, "access.impersonated", LOG_S("actor", c->actor));
	r->caller = c;
	return VT_OK;
}
