/* credit_note_parts: what the files of credit_note.h share. */
#ifndef SANDBOX_CREDIT_NOTE_PARTS_H
#define SANDBOX_CREDIT_NOTE_PARTS_H

#include "invoices/credit_note.h"

/* Lines and totals out of the parameters `amount` or `lines`. */
enum vt_err credit_note_put_lines(
    struct call *c, struct doc *note, const struct doc *invoice) VT_MUSTCHECK;

/*
 * Notes in the invoice's hidden half how much of each line is credited:
 * `sign` 1 adds this note's lines, -1 takes them off again.
 */
void credit_note_book_lines(
    struct call *c, const struct doc *note, struct doc *invoice, int sign);

#endif
