/*
 * utf8: is a text well-formed, where does it break, and how to cut or mend
 * it. Everything that enters or leaves the program as text passes here.
 */
#ifndef VT_TEXT_UTF8_H
#define VT_TEXT_UTF8_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* True if the bytes are well-formed UTF-8 (Unicode 15, table 3-7). */
bool utf8_valid(const char *text, size_t bytes);

/* The length of the character that starts here; 0 if none does. */
size_t utf8_next(const char *text, size_t bytes);

/* How many leading bytes are well-formed; `bytes` when all are. */
size_t utf8_run(const char *text, size_t bytes);

/* The longest length up to `bytes_max` that cuts no character in two. */
size_t utf8_clip(const char *text, size_t bytes, size_t bytes_max);

/*
 * True if the text holds a control character: U+0000..U+001F, U+007F and
 * U+0080..U+009F (general category Cc). The text must be well-formed.
 */
bool utf8_has_control(const char *text, size_t bytes);

/* Appends the text with U+FFFD for each byte that is not well-formed. */
void utf8_clean(struct buf *b, const char *text, size_t bytes);

#endif
