/*
 * vantage: what the subcommands of the command line share. Each is a file of
 * its own, vantage_NAME.c, and a row in the table of vantage.c; vantage(1)
 * describes them.
 */
#ifndef VT_BIN_VANTAGE_H
#define VT_BIN_VANTAGE_H

#include "base/err.h"

struct command {
	const char *name;
	const char *arguments; /* as in the manual, or "" */
	const char *purpose;   /* a few words for the list */
	/* Gets its own name as argv[0] and returns the exit status. */
	int (*run)(int argc, char **argv);
};

extern const struct command command_migrate;
extern const struct command command_verify;

/* Prints how the command is called, to standard error, and EX_USAGE. */
int command_usage(const struct command *c);

/* Prints "vantage: MESSAGE" to standard error, and the status for it. */
int command_failed(enum vt_err err, const struct vt_problem *p);

#endif
