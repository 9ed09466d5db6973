/* buf: see buf.h. */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 256

void
buf_init(struct buf *b, size_t bytes_max)
{
	assert(bytes_max < SIZE_MAX);
	memset(b, 0, sizeof(*b));
	b->max = bytes_max;
}

void
buf_free(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

/* Makes room for `more` bytes and the terminator; false past the limit. */
static bool
buf_room(struct buf *b, size_t more)
{
	size_t cap = b->cap;
	char *data;

	if (b->failed || more > b->max - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + more + 1 <= cap)
		return true;
	if (cap == 0)
		cap = FIRST_BYTES;
	while (cap < b->len + more + 1)
		cap = cap > SIZE_MAX / 2 ? b->len + more + 1 : cap * 2;
	data = realloc(b->data, cap);
	if (data == NULL)
		abort();
	b->data = data;
	b->cap = cap;
	return true;
}

void
buf_append(struct buf *b, const void *data, size_t bytes)
{
	if (!buf_room(b, bytes))
		return;
	if (bytes > 0)
		memcpy(b->data + b->len, data, bytes);
	b->len += bytes;
	b->data[b->len] = '\0';
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void
buf_putc(struct buf *b, char c)
{
	buf_append(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	if (!buf_room(b, (size_t)n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

const char *
buf_str(const struct buf *b)
{
	return b->data == NULL ? "" : b->data;
}
