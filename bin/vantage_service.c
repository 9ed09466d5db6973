/* vantage service: the owner's programs that spend. See vantage(1). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "billing/audit.h"
#include "ledger/movements.h"
#include "ledger/services.h"
#include "vantage.h"

struct change {
	const char *name;
	int64_t daily_cap; /* 0: none */
	char actor[COMMAND_ACTOR_BYTES];
	int64_t now_ms;
};

static enum vt_err
add(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct change *c = in;
	char detail[64];
	enum vt_err err;

	err = service_add(db, c->name, c->daily_cap, c->now_ms, out, p);
	if (err != VT_OK)
		return err;
	(void)snprintf(detail, sizeof(detail), "{\"daily_cap\":%" PRId64 "}",
	    c->daily_cap);
	return audit_add(
	    db, c->actor, "service.add", c->name, detail, c->now_ms);
}

static enum vt_err
disable(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct change *c = in;
	enum vt_err err;

	(void)out;
	err = service_disable(db, c->name, c->now_ms);
	if (err == VT_NOTFOUND)
		return vt_problem(p, err, "unknown_service", NULL,
		    "There is no service %s.", c->name);
	if (err != VT_OK)
		return err;
	return audit_add(
	    db, c->actor, "service.disable", c->name, NULL, c->now_ms);
}

static enum vt_err
print(const struct service *s, void *arg)
{
	char cap[32] = "no cap";

	(void)arg;
	if (s->daily_cap > 0)
		(void)snprintf(
		    cap, sizeof(cap), "%" PRId64 " a day", s->daily_cap);
	(void)printf("%-40s %-20s %s\n", s->name, cap,
	    s->disabled ? "disabled" : "enabled");
	return VT_OK;
}

static enum vt_err
list(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)in, (void)out, (void)p;
	return services_each(db, print, NULL);
}

/* A whole positive number of tokens, or 0 for anything else. */
static int64_t
read_cap(const char *text)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 1 ||
	    n > LEDGER_TOKENS_MAX)
		return 0;
	return n;
}

static int
run(int argc, char **argv)
{
	struct change c = { .now_ms = clock_now_ms() };
	struct vt_problem p = { 0 };
	struct service made;
	enum vt_err err;

	command_actor(c.actor);
	c.name = argc >= 3 ? argv[2] : NULL;
	if (argc == 5 && strcmp(argv[3], "--daily-cap") == 0)
		c.daily_cap = read_cap(argv[4]);
	if ((argc == 3 || c.daily_cap > 0) && strcmp(argv[1], "add") == 0)
		err = command_write(add, &c, &made, &p);
	else if (argc == 3 && strcmp(argv[1], "disable") == 0)
		err = command_write(disable, &c, NULL, &p);
	else if (argc == 2 && strcmp(argv[1], "list") == 0)
		err = command_read(list, NULL, NULL, &p);
	else
		return command_usage(&command_service);
	return err == VT_OK ? EXIT_SUCCESS : command_failed(err, &p);
}

const struct command command_service = {
	.name = "service",
	.arguments = "add NAME [--daily-cap TOKENS] | list | disable NAME",
	.purpose = "programs that spend tokens",
	.run = run,
};
