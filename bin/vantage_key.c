/* vantage key: the API keys of services. See vantage(1). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/api_keys.h"
#include "base/clock.h"
#include "base/secret.h"
#include "billing/audit.h"
#include "vantage.h"

#define DAY_MS INT64_C(86400000)
#define DAYS_MAX 3650

struct change {
	struct api_key_new key; /* to add */
	const char *public_id;	/* to revoke */
	char actor[COMMAND_ACTOR_BYTES];
	int64_t now_ms;
};

struct made {
	struct api_key row;
	char key[API_KEY_BYTES];
};

static enum vt_err
add(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct change *c = in;
	char scopes[API_KEY_SCOPES_BYTES], detail[256];
	struct made *made = out;
	enum vt_err err;

	err = api_key_add(db, &c->key, &made->row, made->key, p);
	if (err != VT_OK)
		return err;
	api_scopes_text(c->key.scopes, scopes);
	(void)snprintf(detail, sizeof(detail),
	    "{\"service\":\"%s\",\"scopes\":\"%s\"}", made->row.service,
	    scopes);
	return audit_add(
	    db, c->actor, "key.add", made->row.public_id, detail, c->now_ms);
}

static enum vt_err
revoke(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct change *c = in;
	enum vt_err err;

	(void)out;
	err = api_key_revoke(db, c->public_id, c->now_ms);
	if (err == VT_NOTFOUND)
		return vt_problem(p, err, "unknown_key", NULL,
		    "There is no key %s; see vantage key list.", c->public_id);
	if (err != VT_OK)
		return err;
	return audit_add(
	    db, c->actor, "key.revoke", c->public_id, NULL, c->now_ms);
}

static const char *
state_of(const struct api_key *k)
{
	if (k->revoked_at != 0)
		return "revoked";
	if (k->disabled)
		return "service disabled";
	return api_key_good(k, clock_now_ms()) ? "good" : "expired";
}

static enum vt_err
print(const struct api_key *k, void *arg)
{
	char scopes[API_KEY_SCOPES_BYTES], at[CLOCK_TEXT_BYTES];

	(void)arg;
	api_scopes_text(k->scopes, scopes);
	clock_format(k->created_at, at);
	(void)printf("%s  %s  vk_…%s  %s  %s", k->public_id, k->service,
	    k->hint, at, state_of(k));
	if (k->expires_at != 0) {
		clock_format(k->expires_at, at);
		(void)printf("  until %s", at);
	}
	(void)printf("  %s\n", scopes);
	return VT_OK;
}

static enum vt_err
list(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)in, (void)out, (void)p;
	return api_keys_each(db, print, NULL);
}

/* SERVICE SCOPE... [--days N]; false when it makes no sense. */
static bool
read_new(int argc, char **argv, struct change *c)
{
	unsigned scope;
	char *end;
	long days;
	int i;

	c->key.service = argv[0];
	c->key.now_ms = c->now_ms;
	for (i = 1; i < argc && strncmp(argv[i], "--", 2) != 0; i++) {
		scope = api_scope_parse(argv[i]);
		if (scope == 0) {
			(void)fprintf(
			    stderr, "vantage: %s is no scope\n", argv[i]);
			return false;
		}
		c->key.scopes |= scope;
	}
	if (c->key.scopes == 0 || i == argc)
		return c->key.scopes != 0;
	if (argc - i != 2 || strcmp(argv[i], "--days") != 0)
		return false;
	errno = 0;
	days = strtol(argv[i + 1], &end, 10);
	if (errno != 0 || *end != '\0' || days < 1 || days > DAYS_MAX)
		return false;
	c->key.expires_at = c->now_ms + days * DAY_MS;
	return true;
}

/* The key alone on standard output, so that a script can take it. */
static enum vt_err
run_add(const struct change *c, struct vt_problem *p)
{
	struct made made;
	enum vt_err err;

	memset(&made, 0, sizeof(made));
	err = command_write(add, c, &made, p);
	if (err == VT_OK) {
		(void)printf("%s\n", made.key);
		(void)fprintf(stderr,
		    "This is %s. It is shown this once; keep it safe.\n",
		    made.row.public_id);
	}
	secret_wipe(&made, sizeof(made));
	return err;
}

static int
run(int argc, char **argv)
{
	struct change c = { .now_ms = clock_now_ms() };
	struct vt_problem p = { 0 };
	enum vt_err err;

	command_actor(c.actor);
	if (argc >= 4 && strcmp(argv[1], "add") == 0) {
		if (!read_new(argc - 2, argv + 2, &c))
			return command_usage(&command_key);
		err = run_add(&c, &p);
	} else if (argc == 3 && strcmp(argv[1], "revoke") == 0) {
		c.public_id = argv[2];
		err = command_write(revoke, &c, NULL, &p);
	} else if (argc == 2 && strcmp(argv[1], "list") == 0) {
		err = command_read(list, NULL, NULL, &p);
	} else {
		return command_usage(&command_key);
	}
	return err == VT_OK ? EXIT_SUCCESS : command_failed(err, &p);
}

const struct command command_key = {
	.name = "key",
	.arguments = "add SERVICE SCOPE... [--days N] | list | revoke KEY_ID",
	.purpose = "API keys of services",
	.run = run,
};
