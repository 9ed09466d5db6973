/* service_caller: see service_caller.h. */
#include "access/service_caller.h"

#include <string.h>
#include <strings.h>

#include "access/api_keys.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/readers.h"

/* The bits of access_who and of api_scope, side by side. */
static const struct {
	int who;
	unsigned scope;
} scopes[] = {
	{ ACCESS_TOKENS_SPEND, SCOPE_TOKENS_SPEND },
	{ ACCESS_TOKENS_REVERSE, SCOPE_TOKENS_REVERSE },
	{ ACCESS_TOKENS_READ, SCOPE_TOKENS_READ },
	{ ACCESS_ADMIN_GRANT, SCOPE_ADMIN_GRANT },
	{ ACCESS_ADMIN_READ, SCOPE_ADMIN_READ },
};

/* What the header has after "Bearer ", or NULL. */
static const char *
bearer(const struct request *r)
{
	static const char scheme[] = "Bearer ";
	const char *header = request_header(r, "Authorization");

	if (header == NULL || strncasecmp(header, scheme, strlen(scheme)) != 0)
		return NULL;
	header += strlen(scheme);
	return header + strspn(header, " ");
}

bool
service_caller_shown(const struct request *r)
{
	const char *key = bearer(r);

	return key != NULL &&
	    strncmp(key, API_KEY_PREFIX, strlen(API_KEY_PREFIX)) == 0;
}

static enum vt_err
read_key(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)p;
	return api_key_find(db, in, out);
}

/* Why, for the log; the caller learns only that the key is not valid. */
static enum vt_err
unauthenticated(const char *fault, const char *why, struct vt_problem *p)
{
	LOG(LOG_INFO, "access.refused", LOG_S("fault", fault));
	return vt_problem(p, VT_DENIED, "unauthenticated", NULL, "%s", why);
}

/* What the row needs, as a sentence; a row may name several. */
static enum vt_err
not_enough(const struct api_key *k, int who, struct vt_problem *p)
{
	char needed[API_KEY_SCOPES_BYTES];
	unsigned bits = 0;

	for (size_t i = 0; i < countof(scopes); i++)
		if ((who & scopes[i].who) != 0)
			bits |= scopes[i].scope;
	api_scopes_text(bits, needed);
	LOG(LOG_INFO, "access.refused", LOG_S("fault", "scope"),
	    LOG_S("key", k->public_id));
	if (bits == 0)
		return vt_problem(p, VT_DENIED, "forbidden", NULL,
		    "This cannot be called with an API key.");
	return vt_problem(p, VT_DENIED, "forbidden", NULL,
	    "This API key lacks the scope %s.", needed);
}

static bool
allows(const struct api_key *k, int who)
{
	for (size_t i = 0; i < countof(scopes); i++)
		if ((who & scopes[i].who) != 0 &&
		    (k->scopes & scopes[i].scope) != 0)
			return true;
	return false;
}

enum vt_err
service_caller_authorize(
    struct readers *readers, struct request *r, int who, struct vt_problem *p)
{
	struct api_key k;
	struct caller *c;
	enum vt_err err;

	if (!service_caller_shown(r))
		return unauthenticated("absent",
		    "Send an API key as \"Authorization: Bearer vk_…\".", p);
	err = readers_run(readers, read_key, bearer(r), &k, p);
	if (err == VT_NOTFOUND ||
	    (err == VT_OK && !api_key_good(&k, clock_now_ms())))
		return unauthenticated(err == VT_NOTFOUND ? "key" : "key_ended",
		    "The API key is not valid.", p);
	if (err != VT_OK)
		return err;
	if (!allows(&k, who))
		return not_enough(&k, who, p);
	c = arena_alloc(r->arena, sizeof(*c));
	c->sub = c->session = c->impersonator = "";
	c->service = k.service_id;
	c->actor = arena_printf(r->arena, "service:%s", k.service);
	r->caller = c;
	return VT_OK;
}

enum vt_err
access_authorize_service(struct request *r, int who, struct vt_problem *p)
{
	if (who == ACCESS_ANYONE)
		return VT_OK;
	return service_caller_authorize(worker_state(r)->readers, r, who, p);
}
