/*
 * credit_note: what is taken back of an invoice after it was finalised.
 *
 * Of an open invoice it lowers what is still to pay, down to being paid; of
 * a paid one it gives back money by a refund, credit on the customer's
 * balance, or something outside of Stripe.
 */
#ifndef SANDBOX_CREDIT_NOTE_H
#define SANDBOX_CREDIT_NOTE_H

#include "core/params.h"
#include "core/resource.h"

/* The parameters of create and of preview. */
extern const struct param credit_note_params[];

/*
 * A credit note of the call's parameters, in memory: lines, totals, and
 * where the money goes. Refused: an invoice that cannot be credited, more
 * than is left of it, sums that do not agree. *invoice is the invoice.
 */
enum vt_err credit_note_new(
    struct call *c, struct doc **out, struct doc **invoice) VT_MUSTCHECK;

/*
 * Issues it: credit_note.created, and what it does to the invoice, the
 * customer's balance and the charge.
 */
enum vt_err credit_note_issue(
    struct call *c, struct doc *note, struct doc *invoice) VT_MUSTCHECK;

/* Takes it back, while its invoice is open: credit_note.voided. */
enum vt_err credit_note_void(struct call *c, struct doc *note) VT_MUSTCHECK;

/* All its lines. */
const struct json *credit_note_lines(const struct doc *note);

#endif
