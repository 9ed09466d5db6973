/*
 * html: pages written element by element into a buf.
 *
 * Whatever is text or an attribute's value is escaped here and nowhere else,
 * and an element that is closed out of turn is caught at once: names are
 * literals of ours, so a wrong one is a fault in the code (assert). There is
 * no way to write a script or a style inside a page; our pages forbid both.
 */
#ifndef VT_TEXT_HTML_H
#define VT_TEXT_HTML_H

#include <stdint.h>

#include "base/buf.h"

#define HTML_DEPTH_MAX 32 /* elements inside each other */

struct html {
	struct buf *b; /* borrowed; its limit is the page's */
	const char *open[HTML_DEPTH_MAX];
	int depth;
	bool in_tag; /* a start tag that may still take attributes */
};

/* Writes to `b` from now on. */
void html_init(struct html *h, struct buf *b);

/* "<!doctype html>". */
void html_doctype(struct html *h);

/*
 * Begins an element; `name` is a literal, lower case. Attributes follow, the
 * start tag ends by itself before whatever comes next. An element that has
 * no end tag (br, input, link, …) is not closed.
 */
void html_open(struct html *h, const char *name);

/* Ends the innermost element, which must be this one. */
void html_close(struct html *h, const char *name);

/*
 * An attribute of the element just begun; NULL leaves it out. A value of
 * href, src, action or formaction that is neither relative nor http, https
 * or mailto is written as "#", so that a text of others is never run.
 */
void html_attr(struct html *h, const char *name, const char *value);
void html_attr_int(struct html *h, const char *name, int64_t n);
void html_attr_printf(struct html *h, const char *name, const char *fmt, ...)
    VT_PRINTF(3, 4);
/* One without a value ("required"), if `on`. */
void html_attr_bool(struct html *h, const char *name, bool on);

/* Text, escaped; NULL writes nothing. */
void html_text(struct html *h, const char *text);
void html_printf(struct html *h, const char *fmt, ...) VT_PRINTF(2, 3);

/* A whole element without attributes: open, text, close. */
void html_element(struct html *h, const char *name, const char *text);

/* The page is done: asserts that everything is closed. */
void html_end(struct html *h);

/* Appends the text as it may stand in an element or a quoted attribute. */
void html_escape(struct buf *b, const char *text);

#endif
