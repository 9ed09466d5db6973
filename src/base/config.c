/* config: see config.h. */
#include "base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"

#define FILE_BYTES_MAX (64 * 1024)

struct entry {
	struct entry *next;
	char *name;
	char *value; /* NULL: known to be absent */
};

static struct entry *entries;
static pthread_mutex_t entries_lock = PTHREAD_MUTEX_INITIALIZER;

void
config_die(const char *name, const char *why)
{
	LOG(LOG_ERROR, "config.invalid", LOG_S("variable", name),
	    LOG_S("why", why));
	exit(EX_CONFIG);
}

static char *
join(const char *a, const char *mid, const char *b)
{
	char *s;

	if (asprintf(&s, "%s%s%s", a, mid, b) < 0)
		abort();
	return s;
}

static const char *
environment(const char *name)
{
	const char *v = getenv(name);

	return v != NULL && *v != '\0' ? v : NULL;
}

char *
config_file(const char *name)
{
	char *file_name = join(name, "_", "FILE"), *path = NULL;
	const char *v = environment(file_name), *dir;

	free(file_name);
	if (v != NULL)
		return join(v, "", "");
	dir = environment("CREDENTIALS_DIRECTORY");
	if (dir == NULL)
		return NULL;
	path = join(dir, "/", name);
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static char *
read_file(const char *name, const char *path)
{
	char *text = malloc(FILE_BYTES_MAX + 1);
	size_t len = 0;
	ssize_t n = 0;
	int fd;

	if (text == NULL)
		abort();
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		config_die(name, strerror(errno));
	while (len < FILE_BYTES_MAX &&
	    (n = read(fd, text + len, FILE_BYTES_MAX - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		config_die(name, strerror(errno));
	(void)close(fd); /* only read from */
	if (len == FILE_BYTES_MAX)
		config_die(name, "the file is larger than 64 KiB");
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	text[len] = '\0';
	return text;
}

/* Under the lock. The value, or NULL. */
static char *
load(const char *name)
{
	char *path = config_file(name), *value = NULL;
	const char *v;

	if (path != NULL) {
		value = read_file(name, path);
		free(path);
	} else if ((v = environment(name)) != NULL)
		value = join(v, "", "");
	if (value != NULL && *value == '\0') {
		free(value);
		value = NULL;
	}
	return value;
}

const char *
config_get(const char *name, const char *fallback)
{
	struct entry *e;

	(void)pthread_mutex_lock(&entries_lock);
	for (e = entries; e != NULL; e = e->next)
		if (strcmp(e->name, name) == 0)
			break;
	if (e == NULL) {
		e = calloc(1, sizeof(*e));
		if (e == NULL)
			abort();
		e->name = join(name, "", "");
		e->value = load(name);
		e->next = entries;
		entries = e;
	}
	(void)pthread_mutex_unlock(&entries_lock);
	return e->value != NULL ? e->value : fallback;
}

const char *
config_need(const char *name)
{
	const char *v = config_get(name, NULL);

	if (v == NULL)
		config_die(name, "it is needed and is not set");
	return v;
}

int64_t
config_int(const char *name, int64_t fallback, int64_t min, int64_t max)
{
	const char *v = config_get(name, NULL);
	char why[96], *end;
	long long n;

	if (v == NULL)
		return fallback;
	errno = 0;
	n = strtoll(v, &end, 10);
	if (errno != 0 || *end != '\0' || n < min || n > max) {
		(void)snprintf(why, sizeof(why),
		    "it must be a whole number from %lld to %lld",
		    (long long)min, (long long)max);
		config_die(name, why);
	}
	return n;
}

bool
config_bool(const char *name, bool fallback)
{
	static const char *const yes[] = { "1", "true", "yes", "on" };
	static const char *const no[] = { "0", "false", "no", "off" };
	const char *v = config_get(name, NULL);

	if (v == NULL)
		return fallback;
	for (size_t i = 0; i < countof(yes); i++) {
		if (strcmp(v, yes[i]) == 0)
			return true;
		if (strcmp(v, no[i]) == 0)
			return false;
	}
	config_die(name, "it must be true or false");
}

void
config_free(void)
{
	struct entry *e;

	while ((e = entries) != NULL) {
		entries = e->next;
		free(e->name);
		free(e->value);
		free(e);
	}
}
