/* answer: see answer.h. */
#include "answer.h"

#include <string.h>
#include <strings.h>

#define HEAD_BYTES_MAX 16384
#define BODY_BYTES_MAX (1024 * 1024)
#define STATUS_BYTES 12 /* "HTTP/1.1 200" */

static const char *
find_end(const char *data, size_t n)
{
	const char *end = memmem(data, n, "\r\n\r\n", 4);

	return end == NULL ? NULL : end + 4;
}

/* The value of a header whose name, with its colon, a line begins with. */
static const char *
value_of(const char *line, const char *end, const char *name)
{
	size_t n = strlen(name);

	if ((size_t)(end - line) < n || strncasecmp(line, name, n) != 0)
		return NULL;
	line += n;
	while (line < end && *line == ' ')
		line++;
	return line;
}

/* Digits up to the line's end; false when it is no length. */
static bool
read_length(const char *at, size_t *out)
{
	size_t n = 0;

	if (*at == '\r')
		return false;
	for (; *at != '\r'; at++) {
		if (*at < '0' || *at > '9' || n > BODY_BYTES_MAX)
			return false;
		n = n * 10 + (size_t)(*at - '0');
	}
	*out = n;
	return true;
}

static bool
read_status(const char *data, int *out)
{
	const char *at = data + STATUS_BYTES - 3;

	if (strncmp(data, "HTTP/1.1 ", STATUS_BYTES - 3) != 0)
		return false;
	*out = 0;
	for (int i = 0; i < 3; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		*out = *out * 10 + (at[i] - '0');
	}
	return true;
}

enum answer_state
answer_parse(const char *data, size_t n, struct answer *out)
{
	const char *end = find_end(data, n), *line, *next, *value;
	bool has_length = false;
	size_t length = 0;

	if (end == NULL)
		return n < HEAD_BYTES_MAX ? ANSWER_PARTIAL : ANSWER_BAD;
	if (end - data < STATUS_BYTES || !read_status(data, &out->status))
		return ANSWER_BAD;
	out->close = false;
	for (line = data; line < end; line = next) {
		next = (const char *)memmem(
			   line, (size_t)(end - line), "\r\n", 2) +
		    2;
		value = value_of(line, next, "Content-Length:");
		if (value != NULL && !read_length(value, &length))
			return ANSWER_BAD;
		has_length = has_length || value != NULL;
		value = value_of(line, next, "Connection:");
		if (value != NULL && strncasecmp(value, "close", 5) == 0)
			out->close = true;
	}
	if (!has_length)
		return ANSWER_BAD;
	out->bytes = (size_t)(end - data) + length;
	return n < out->bytes ? ANSWER_PARTIAL : ANSWER_WHOLE;
}
