/* access: what is known about a caller, however it was found out. */
#include <assert.h>

#include "access/access.h"

const struct caller *
access_caller(const struct request *r)
{
	assert(r->caller != NULL);
	return r->caller;
}

const char *
access_limit_key(const struct request *r)
{
	const struct caller *c = r->caller;

	if (c == NULL)
		return arena_printf(r->arena, "ip:%s", r->remote_addr);
	if (c->service != 0)
		return c->actor;
	return arena_printf(r->arena, "user:%s", c->sub);
}
