/*
 * vantage: what the subcommands of the command line share. Each is a file of
 * its own, vantage_NAME.c, and a row in the table of vantage.c; vantage(1)
 * describes them.
 */
#ifndef VT_BIN_VANTAGE_H
#define VT_BIN_VANTAGE_H

#include "base/err.h"
#include "store/readers.h"
#include "store/writer.h"

struct command {
	const char *name;
	const char *arguments; /* as in the manual, or "" */
	const char *purpose;   /* a few words for the list */
	/* Gets its own name as argv[0] and returns the exit status. */
	int (*run)(int argc, char **argv);
};

extern const struct command command_backup;
extern const struct command command_balance;
extern const struct command command_migrate;
extern const struct command command_restore;
extern const struct command command_catalog;
extern const struct command command_check_statement;
extern const struct command command_explain;
extern const struct command command_key;
extern const struct command command_service;
extern const struct command command_user;
extern const struct command command_verify;

/* Prints how the command is called, to standard error, and EX_USAGE. */
int command_usage(const struct command *c);

/* Prints "vantage: MESSAGE" to standard error, and the status for it. */
int command_failed(enum vt_err err, const struct vt_problem *p);

/*
 * Runs one operation on the database $VANTAGE_DB after its check, and one
 * read; the result of either, with a message in `p`.
 */
enum vt_err command_write(
    write_fn fn, const void *in, void *out, struct vt_problem *p) VT_MUSTCHECK;
enum vt_err command_read(
    read_fn fn, const void *in, void *out, struct vt_problem *p) VT_MUSTCHECK;

/* The same read, of the database at `path`. */
enum vt_err command_read_from(const char *path, read_fn fn, const void *in,
    void *out, struct vt_problem *p) VT_MUSTCHECK;

/* Who is at the command line, for the audit: "local:" and the user's number. */
#define COMMAND_ACTOR_BYTES 32
void command_actor(char out[static COMMAND_ACTOR_BYTES]);

#endif
