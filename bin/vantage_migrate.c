/*
 * vantage migrate: makes the database, or brings it up to this program, and
 * the key that statements are signed with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/log.h"
#include "ledger/statement_keys.h"
#include "store/migrate.h"
#include "vantage.h"

/* A person reads lines; whoever collects logs gets a log line. */
static void
progress(int step, const char *name, void *arg)
{
	const bool *terminal = arg;

	if (*terminal) {
		(void)printf("step %d: %s\n", step, name);
		(void)fflush(stdout);
	} else
		LOG(LOG_INFO, "migrate.step", LOG_I("step", step),
		    LOG_S("name", name));
}

/* The key that keeper signs with, where there is none yet. */
static int
make_key(bool terminal)
{
	struct arena *a = arena_new();
	const char *path;
	enum vt_err err;

	err = statement_key_make(a, &path);
	if (err != VT_OK)
		(void)fprintf(stderr,
		    "vantage: the statement key cannot be made; the log says "
		    "why.\n");
	else if (path != NULL && terminal)
		(void)printf("%s is the new statement key; only keeper may "
			     "read it\n",
		    path);
	else if (path != NULL)
		LOG(LOG_INFO, "migrate.statement_key", LOG_S("path", path));
	arena_free(a);
	return err == VT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
run(int argc, char **argv)
{
	bool terminal = isatty(STDOUT_FILENO) == 1;
	struct migrate_options o = { .progress = progress, .arg = &terminal };
	struct vt_problem p;
	enum vt_err err;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--live") == 0)
			o.livemode = true;
		else if (strcmp(argv[i], "--test") == 0)
			o.livemode = false;
		else
			return command_usage(&command_migrate);
	o.db_path = config_need("VANTAGE_DB");
	err = migrate_run(&o, &p);
	if (err != VT_OK)
		return command_failed(err, &p);
	if (terminal)
		(void)printf("%s is at step %d, in %s mode\n", o.db_path,
		    migrate_version(), o.livemode ? "live" : "test");
	return make_key(terminal);
}

const struct command command_migrate = {
	.name = "migrate",
	.arguments = "[--live | --test]",
	.purpose = "make the database, or bring it up to this program",
	.run = run,
};
