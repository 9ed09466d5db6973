/* secret: see secret.h. */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"

#define SECRET_BYTES_MAX 16384

struct secret {
	char *data; /* sodium_malloc, terminated */
	size_t bytes;
};

struct secret *
secret_new(const void *data, size_t bytes)
{
	struct secret *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->data = sodium_malloc(bytes + 1)) == NULL)
		abort();
	memcpy(s->data, data, bytes);
	s->data[bytes] = '\0';
	s->bytes = bytes;
	(void)sodium_mprotect_readonly(s->data); /* a second fence only */
	return s;
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	sodium_free(s->data);
	free(s);
}

static struct secret *
from_file(const char *name, const char *path)
{
	char text[SECRET_BYTES_MAX + 1];
	struct secret *s = NULL;
	ssize_t n;
	size_t len;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		config_die(name, strerror(errno));
	n = read(fd, text, sizeof(text));
	if (n < 0)
		config_die(name, strerror(errno));
	(void)close(fd); /* only read from */
	len = (size_t)n;
	if (len > SECRET_BYTES_MAX)
		config_die(name, "the file is larger than 16 KiB");
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (len > 0)
		s = secret_new(text, len);
	secret_wipe(text, sizeof(text));
	return s;
}

/* Takes NAME out of the environment and wipes where it stood. */
static struct secret *
from_environment(const char *name)
{
	char *v = getenv(name);
	struct secret *s;

	if (v == NULL || *v == '\0')
		return NULL;
	s = secret_new(v, strlen(v));
	secret_wipe(v, strlen(v));
	(void)unsetenv(name); /* fails only for a name with '=' */
	return s;
}

static struct secret *
long_enough(const char *name, struct secret *s, size_t bytes_min)
{
	char why[64];

	if (s == NULL || s->bytes >= bytes_min)
		return s;
	(void)snprintf(
	    why, sizeof(why), "it is shorter than %zu characters", bytes_min);
	secret_free(s);
	config_die(name, why);
}

static struct secret *
needed(const char *name, struct secret *s)
{
	if (s == NULL)
		config_die(name, "it is needed and is not set");
	return s;
}

struct secret *
secret_load(const char *name, size_t bytes_min)
{
	char *path = config_file(name);
	struct secret *s;

	s = path != NULL ? from_file(name, path) : from_environment(name);
	free(path);
	return long_enough(name, s, bytes_min);
}

struct secret *
secret_need(const char *name, size_t bytes_min)
{
	return needed(name, secret_load(name, bytes_min));
}

struct secret *
secret_read(const char *name, const char *path, size_t bytes_min)
{
	return needed(
	    name, long_enough(name, from_file(name, path), bytes_min));
}

const char *
secret_text(const struct secret *s)
{
	return s->data;
}

size_t
secret_bytes(const struct secret *s)
{
	return s->bytes;
}

bool
secret_has_prefix(const struct secret *s, const char *prefix)
{
	return strncmp(s->data, prefix, strlen(prefix)) == 0;
}

void
secret_wipe(void *data, size_t bytes)
{
	sodium_memzero(data, bytes);
}
