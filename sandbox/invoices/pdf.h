/*
 * pdf: a document of text and lines, as PDF 1.4 (ISO 32000).
 *
 * A4 pages, places in points from the upper left corner, the two faces of
 * Helvetica that every reader has. Text is UTF-8; what the encoding of these
 * faces (WinAnsi) lacks is shown as "?". The file is plain ASCII but for a
 * comment, without a byte of zero, so that it is a C string.
 */
#ifndef SANDBOX_PDF_H
#define SANDBOX_PDF_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

#define PDF_WIDTH 595
#define PDF_HEIGHT 842
#define PDF_PAGES_MAX 40

enum pdf_face { PDF_REGULAR, PDF_BOLD };

struct pdf {
	struct arena *arena;
	struct buf *page;		  /* what the page in hand draws */
	const char *pages[PDF_PAGES_MAX]; /* and those before it */
	size_t count;
};

/* Begins a document with an empty page. */
void pdf_init(struct pdf *p, struct arena *a);

/* Another page; false when there are PDF_PAGES_MAX already. */
bool pdf_page(struct pdf *p);

/* Text whose baseline begins at, or with _right ends at, this place. */
void pdf_text(struct pdf *p, int x, int y, int size, enum pdf_face face,
    const char *text);
void pdf_text_right(struct pdf *p, int x, int y, int size, enum pdf_face face,
    const char *text);

/* A thin line from `x` to `to` at this height. */
void pdf_rule(struct pdf *p, int x, int y, int to);

/* How wide it is in this face and size, in thousandths of a point. */
int pdf_width(enum pdf_face face, const char *text, int size);

/*
 * As much of the text as fits into `width` points, cut behind a word if there
 * is one; *rest is what is left, or NULL. Lives in the document's arena.
 */
const char *pdf_fit(
    struct pdf *p, const char *text, int size, int width, const char **rest);

/* The file. */
const char *pdf_end(struct pdf *p, const char *title);

#endif
