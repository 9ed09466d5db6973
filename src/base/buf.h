/*
 * buf: bytes that grow up to a limit.
 *
 * Appending never fails at once: a buffer that would exceed its limit keeps
 * what it has, turns `failed` on and ignores the rest, so that a writer
 * checks once, at the end.
 */
#ifndef VT_BASE_BUF_H
#define VT_BASE_BUF_H

#include <stddef.h>

#include "base/err.h"

struct buf {
	char *data;  /* terminated once anything was appended; else NULL */
	size_t len;  /* bytes, without the terminator */
	size_t cap;  /* bytes allocated */
	size_t max;  /* most bytes that it may hold */
	bool failed; /* something did not fit */
};

/* An empty buffer that holds at most `bytes_max`. Free with buf_free(). */
void buf_init(struct buf *b, size_t bytes_max);

/* Wipes nothing, frees, leaves an empty buffer with the same limit. */
void buf_free(struct buf *b);

/* Forgets the content and the failure, keeps the memory. */
void buf_clear(struct buf *b);

void buf_append(struct buf *b, const void *data, size_t bytes);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) VT_PRINTF(2, 3);

/* The content as a string, "" when empty. Borrowed until the next change. */
const char *buf_str(const struct buf *b);

#endif
