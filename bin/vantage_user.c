/*
 * vantage user role: makes an administrator, or takes it back, where roles
 * are not kept at Clerk. It is how an installation gets its first one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "billing/audit.h"
#include "billing/users.h"
#include "vantage.h"

struct role {
	const char *sub;
	bool admin;
	char actor[COMMAND_ACTOR_BYTES];
	int64_t now_ms;
};

static enum vt_err
set_role(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct role *r = in;
	enum vt_err err;

	(void)out;
	err = user_role_set(db, r->sub, r->admin, r->now_ms);
	if (err == VT_NOTFOUND)
		return vt_problem(p, err, "unknown_user", NULL,
		    "There is no user %s. Users appear when they first sign "
		    "in, or when Clerk tells about them.",
		    r->sub);
	if (err != VT_OK)
		return err;
	return audit_add(db, r->actor, "user.role", r->sub,
	    r->admin ? "{\"role\":\"admin\"}" : "{\"role\":\"user\"}",
	    r->now_ms);
}

static int
run(int argc, char **argv)
{
	struct role r = { .now_ms = clock_now_ms() };
	struct vt_problem p = { 0 };
	enum vt_err err;

	if (argc != 4 || strcmp(argv[1], "role") != 0)
		return command_usage(&command_user);
	r.sub = argv[2];
	r.admin = strcmp(argv[3], "admin") == 0;
	if (!r.admin && strcmp(argv[3], "user") != 0)
		return command_usage(&command_user);
	command_actor(r.actor);
	err = command_write(set_role, &r, NULL, &p);
	if (err != VT_OK)
		return command_failed(err, &p);
	(void)printf("%s has the role %s\n", r.sub, argv[3]);
	return EXIT_SUCCESS;
}

const struct command command_user = {
	.name = "user",
	.arguments = "role USER admin | user",
	.purpose = "make an administrator, or take it back",
	.run = run,
};
