/*
 * csv: RFC 4180 rows for people with spreadsheets. A text that a
 * spreadsheet would run as a formula (= + - @, tab, CR first) gets a quote
 * mark before it; plain decimal numbers are left alone, as text too.
 */
#ifndef VT_TEXT_CSV_H
#define VT_TEXT_CSV_H

#include <stdint.h>

#include "base/buf.h"

/* Appends a cell, with a comma before it unless it is the row's first. */
void csv_text(struct buf *b, const char *text); /* NULL: an empty cell */
void csv_int(struct buf *b, int64_t n);
/* Ends the row with CR LF. */
void csv_end(struct buf *b);

#endif
