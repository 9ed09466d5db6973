/* vantage migrate: makes the database, or brings it up to this program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"
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
	return EXIT_SUCCESS;
}

const struct command command_migrate = {
	.name = "migrate",
	.arguments = "[--live | --test]",
	.purpose = "make the database, or bring it up to this program",
	.run = run,
};
