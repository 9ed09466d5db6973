/*
 * alone_parts: what the files of the command share: what it was told, and
 * the folder in which it keeps its things.
 */
#ifndef SANDBOX_ALONE_PARTS_H
#define SANDBOX_ALONE_PARTS_H

#include <limits.h>
#include <sys/types.h>

#include "base/err.h"

struct alone {
	const char *port, *site, *www;
	char dir[PATH_MAX]; /* absolute */
	char url[64];
	int lock;   /* held while we run */
	int socket; /* nginx and the program meet there */
	pid_t program, nginx;
};

/* Says why it cannot go on, and returns the exit status. */
int alone_fail(int status, const char *fmt, ...) VT_PRINTF(2, 3);

/* dir and the name in it; false when that is too long for a path. */
bool
alone_path(const struct alone *a, const char *name, char out[static PATH_MAX]);

/*
 * Makes the folder with what belongs in it, and takes its lock: a->dir is
 * absolute then, and a->lock open. EXIT_SUCCESS, or a status after a line
 * that says why.
 */
int alone_folders(struct alone *a);

/* Writes nginx's configuration; likewise. */
int alone_write_nginx(const struct alone *a);

#endif
