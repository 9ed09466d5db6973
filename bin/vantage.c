/* vantage: the command line, a table of subcommands. See vantage(1). */
#include "vantage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/random.h"

static const struct command *const commands[] = {
	&command_migrate,
	&command_verify,
};

int
command_usage(const struct command *c)
{
	(void)fprintf(stderr, "usage: vantage %s %s\n", c->name, c->arguments);
	return EX_USAGE;
}

int
command_failed(enum vt_err err, const struct vt_problem *p)
{
	(void)fprintf(stderr, "vantage: %s\n",
	    p->message[0] != '\0' ? p->message : vt_err_name(err));
	return err == VT_BUSY ? EX_TEMPFAIL : EXIT_FAILURE;
}

static int
usage(void)
{
	(void)fputs("usage: vantage command [argument ...]\n\n", stderr);
	for (size_t i = 0; i < countof(commands); i++)
		(void)fprintf(stderr, "  %-10s %s\n", commands[i]->name,
		    commands[i]->purpose);
	return EX_USAGE;
}

int
main(int argc, char **argv)
{
	const char *level = config_get("VANTAGE_LOG", "info");
	int status;

	log_process("vantage");
	if (log_level_set(level) != VT_OK)
		config_die(
		    "VANTAGE_LOG", "it must be error, warn, info or debug");
	fault_init("vantage", config_get("VANTAGE_STATE", "."));
	random_init();
	if (argc < 2)
		return usage();
	for (size_t i = 0; i < countof(commands); i++)
		if (strcmp(commands[i]->name, argv[1]) == 0) {
			status = commands[i]->run(argc - 1, argv + 1);
			config_free();
			return status;
		}
	return usage();
}
