/*
 * vantage catalog: what is sold, as JSON. An import makes a new version;
 * orders keep the one that they were made with.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "billing/audit.h"
#include "billing/catalog.h"
#include "text/json.h"
#include "vantage.h"

#define FILE_BYTES_MAX (1024 * 1024)

/* ---- export -------------------------------------------------------------- */

static enum vt_err
load(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct arena *const *a = in;
	struct catalog c;
	enum vt_err err;

	(void)p; /* its own words do */
	err = catalog_load(db, *a, &c);
	if (err == VT_OK)
		*(const char **)out = catalog_export(*a, &c);
	return err;
}

static int
cannot(const char *what, const char *path)
{
	(void)fprintf(
	    stderr, "vantage: cannot %s %s: %s\n", what, path, strerror(errno));
	return EX_IOERR;
}

static int
write_file(const char *path, const char *text)
{
	FILE *f = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");

	if (f == NULL || fprintf(f, "%s\n", text) < 0 ||
	    (f == stdout ? fflush(f) : fclose(f)) != 0)
		return cannot("write", path);
	return EXIT_SUCCESS;
}

static int
export_to(struct arena *a, const char *path)
{
	struct vt_problem p = { 0 };
	const char *text = NULL;
	enum vt_err err;

	err = command_read(load, &a, &text, &p);
	return err == VT_OK ? write_file(path, text) : command_failed(err, &p);
}

/* ---- import -------------------------------------------------------------- */

struct import {
	struct arena *arena;
	const struct json *catalog;
	char actor[COMMAND_ACTOR_BYTES];
	int64_t now_ms;
};

static enum vt_err
import(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct import *i = in;
	int64_t *version = out;
	enum vt_err err;

	err = catalog_import(
	    db, i->arena, i->catalog, i->actor, i->now_ms, version, p);
	if (err != VT_OK)
		return err;
	return audit_add(db, i->actor, "catalog.import",
	    arena_printf(i->arena, "%" PRId64, *version), NULL, i->now_ms);
}

static int
read_file(const char *path, struct buf *b)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char part[4096];
	size_t n;
	int bad;

	if (f == NULL)
		return cannot("read", path);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_append(b, part, n);
	bad = ferror(f);
	if (f != stdin)
		(void)fclose(f); /* nothing was written */
	if (bad)
		return cannot("read", path);
	if (b->failed) {
		(void)fprintf(
		    stderr, "vantage: %s is larger than 1 MiB\n", path);
		return EX_DATAERR;
	}
	return EXIT_SUCCESS;
}

static int
import_text(struct arena *a, const struct buf *b)
{
	struct import in = { .arena = a, .now_ms = clock_now_ms() };
	struct vt_problem p = { 0 };
	int64_t version = 0;
	enum vt_err err;

	command_actor(in.actor);
	err =
	    json_parse(a, buf_str(b), b->len, JSON_DEPTH_MAX, &in.catalog, &p);
	if (err == VT_OK)
		err = command_write(import, &in, &version, &p);
	if (err != VT_OK)
		return command_failed(err, &p);
	(void)printf("catalogue %" PRId64 "\n", version);
	return EXIT_SUCCESS;
}

static int
import_from(struct arena *a, const char *path)
{
	struct buf b;
	int status;

	buf_init(&b, FILE_BYTES_MAX);
	status = read_file(path, &b);
	if (status == EXIT_SUCCESS)
		status = import_text(a, &b);
	buf_free(&b);
	return status;
}

/* ---- the command --------------------------------------------------------- */

static int
run(int argc, char **argv)
{
	bool in = argc == 3 && strcmp(argv[1], "import") == 0;
	bool out = argc == 3 && strcmp(argv[1], "export") == 0;
	struct arena *a;
	int status;

	if (!in && !out)
		return command_usage(&command_catalog);
	a = arena_new();
	status = in ? import_from(a, argv[2]) : export_to(a, argv[2]);
	arena_free(a);
	return status;
}

const struct command command_catalog = {
	.name = "catalog",
	.arguments = "export | import FILE",
	.purpose = "write what is sold to a file, or sell what a file says",
	.run = run,
};
