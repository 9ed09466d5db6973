/* alone_folder: the folder of the command; see alone_parts.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "alone/alone_parts.h"
#include "alone/nginx_conf.h"

int
alone_fail(int status, const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "vantage-sandbox: ");
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "\n");
	return status;
}

bool
alone_path(const struct alone *a, const char *name, char out[static PATH_MAX])
{
	return snprintf(out, PATH_MAX, "%s/%s", a->dir, name) < PATH_MAX;
}

/* Makes the folder, and those that it lies in. */
static bool
make_dir(char *path)
{
	for (char *p = path + 1; *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			if (mkdir(path, 0755) != 0 && errno != EEXIST)
				return false;
			*p = '/';
		}
	return mkdir(path, 0755) == 0 || errno == EEXIST;
}

int
alone_folders(struct alone *a)
{
	static const char *const names[] = { "run", "log", "nginx",
		"nginx/temp" };
	char path[PATH_MAX], real[PATH_MAX];

	if (!make_dir(a->dir) || realpath(a->dir, real) == NULL)
		return alone_fail(
		    EX_CANTCREAT, "%s: %s", a->dir, strerror(errno));
	memcpy(a->dir, real, sizeof(a->dir));
	/* Both go into a configuration that is text. */
	if (strpbrk(a->dir, "\"'\\;{}$\n ") != NULL ||
	    strpbrk(a->www, "\"'\\;{}$\n ") != NULL)
		return alone_fail(EX_USAGE,
		    "nginx cannot be told of a folder with blanks or quotes: "
		    "%s",
		    a->dir);
	for (size_t i = 0; i < countof(names); i++)
		if (!alone_path(a, names[i], path) || !make_dir(path))
			return alone_fail(
			    EX_CANTCREAT, "%s: %s", path, strerror(errno));
	if (!alone_path(a, "run/lock", path))
		return alone_fail(EX_USAGE, "the folder's name is too long");
	a->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (a->lock < 0)
		return alone_fail(
		    EX_CANTCREAT, "%s: %s", path, strerror(errno));
	if (flock(a->lock, LOCK_EX | LOCK_NB) != 0)
		return alone_fail(EX_UNAVAILABLE,
		    "another one runs in %s; give this one a --dir of its own",
		    a->dir);
	return EXIT_SUCCESS;
}

/* The value of a name between @ signs. */
static const char *
name_value(const struct alone *a, const char *name, size_t n,
    char out[static PATH_MAX])
{
	static const struct {
		const char *name, *in_dir;
	} folders[] = { { "PREFIX", "nginx" }, { "RUNDIR", "run" },
		{ "LOGDIR", "log" } };

	for (size_t i = 0; i < countof(folders); i++)
		if (strlen(folders[i].name) == n &&
		    memcmp(folders[i].name, name, n) == 0)
			return alone_path(a, folders[i].in_dir, out) ? out : "";
	if (n == 4 && memcmp(name, "PORT", n) == 0)
		return a->port;
	if (n == 6 && memcmp(name, "WWWDIR", n) == 0)
		return a->www;
	/* USER: nginx's own choice may not reach a root's folder. */
	return geteuid() == 0 ? "user root root;" : "";
}

int
alone_write_nginx(const struct alone *a)
{
	char path[PATH_MAX], value[PATH_MAX];
	const char *p = nginx_conf_text, *at;
	FILE *f;
	bool whole = true;

	if (!alone_path(a, "nginx/nginx.conf", path) ||
	    (f = fopen(path, "we")) == NULL)
		return alone_fail(
		    EX_CANTCREAT, "%s: %s", path, strerror(errno));
	while ((at = strchr(p, '@')) != NULL) {
		size_t n = strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

		if (n > 0 && at[n + 1] == '@') {
			whole = fprintf(f, "%.*s%s", (int)(at - p), p,
				    name_value(a, at + 1, n, value)) >= 0 &&
			    whole;
			p = at + n + 2;
		} else { /* a mere sign */
			whole = fprintf(f, "%.*s", (int)(at - p + 1), p) >= 0 &&
			    whole;
			p = at + 1;
		}
	}
	whole = fputs(p, f) >= 0 && whole;
	return fclose(f) == 0 && whole
	    ? EXIT_SUCCESS
	    : alone_fail(EX_IOERR, "%s: %s", path, strerror(errno));
}
