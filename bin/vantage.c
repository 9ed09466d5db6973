/* vantage: the command line, a table of subcommands. See vantage(1). */
#include "vantage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/process.h"
#include "base/random.h"
#include "billing/low_balance.h"
#include "store/migrate.h"

static const struct command *const commands[] = {
	&command_migrate,
	&command_verify,
	&command_catalog,
	&command_user,
	&command_balance,
	&command_explain,
	&command_service,
	&command_key,
	&command_backup,
	&command_restore,
	&command_check_statement,
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

enum vt_err
command_write(write_fn fn, const void *in, void *out, struct vt_problem *p)
{
	struct writer_options o = { .db_path = config_need("VANTAGE_DB") };
	struct writer *w = NULL;
	struct instance instance;
	enum vt_err err;

	err = migrate_check(o.db_path, &instance, p);
	if (err == VT_OK)
		process_refuse_clock(instance.livemode);
	low_balance_open();
	if (err == VT_OK)
		err = writer_start(&o, &w);
	if (err == VT_OK)
		err = writer_run(w, fn, in, out, p);
	writer_stop(w);
	return err;
}

enum vt_err
command_read_from(const char *path, read_fn fn, const void *in, void *out,
    struct vt_problem *p)
{
	struct readers *r = NULL;
	struct instance instance;
	enum vt_err err;

	err = migrate_check(path, &instance, p);
	if (err == VT_OK)
		process_refuse_clock(instance.livemode);
	if (err == VT_OK)
		err = readers_open(path, &r);
	if (err == VT_OK)
		err = readers_run(r, fn, in, out, p);
	readers_close(r);
	return err;
}

enum vt_err
command_read(read_fn fn, const void *in, void *out, struct vt_problem *p)
{
	return command_read_from(config_need("VANTAGE_DB"), fn, in, out, p);
}

void
command_actor(char out[static COMMAND_ACTOR_BYTES])
{
	(void)snprintf(
	    out, COMMAND_ACTOR_BYTES, "local:%lu", (unsigned long)getuid());
}

static void
list(FILE *to)
{
	(void)fputs("usage: vantage command [argument ...]\n"
		    "       vantage --help | --version\n\n",
	    to);
	for (size_t i = 0; i < countof(commands); i++)
		(void)fprintf(to, "  %-15s  %s\n", commands[i]->name,
		    commands[i]->purpose);
}

/* What needs no settings: the status, or -1 when it is a command. */
static int
introduce(int argc, char **argv)
{
	if (argc != 2)
		return -1;
	if (strcmp(argv[1], "--help") == 0)
		list(stdout);
	else if (strcmp(argv[1], "--version") == 0)
		(void)puts("vantage " PACKAGE_VERSION);
	else
		return -1;
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	const char *level = config_get("VANTAGE_LOG", "info");
	const char *clock_file = config_get("VANTAGE_CLOCK_FILE", NULL);
	int status = introduce(argc, argv);

	if (status >= 0)
		return status;
	log_process("vantage");
	if (log_level_set(level) != VT_OK)
		config_die(
		    "VANTAGE_LOG", "it must be error, warn, info or debug");
	if (clock_file != NULL)
		clock_use_file(clock_file);
	fault_init("vantage", config_get("VANTAGE_STATE", "."));
	random_init();
	for (size_t i = 0; argc > 1 && i < countof(commands); i++)
		if (strcmp(commands[i]->name, argv[1]) == 0) {
			status = commands[i]->run(argc - 1, argv + 1);
			clock_use_file(NULL);
			config_free();
			return status;
		}
	list(stderr);
	return EX_USAGE;
}
