/*
 * invoice_parts: what the files of invoice.h share.
 */
#ifndef SANDBOX_INVOICE_PARTS_H
#define SANDBOX_INVOICE_PARTS_H

#include "invoices/invoice.h"

/* What a bill says of its customer, as it is now. */
void invoice_put_customer(struct doc *d, const struct doc *customer);

/* The intent that asks for the invoice's money, or NULL. */
struct doc *invoice_intent(struct call *c, const struct doc *invoice);

/* What links this intent to the invoice, or NULL. */
struct doc *
invoice_link(struct call *c, const struct doc *invoice, const char *intent);
enum vt_err invoice_make_link(struct call *c, struct doc *invoice,
    const struct doc *intent, bool is_default) VT_MUSTCHECK;

/* Ends it, "paid" or "canceled"; one that ended stays so. */
enum vt_err invoice_end_link(struct call *c, const struct doc *invoice,
    const struct doc *intent, const char *status) VT_MUSTCHECK;

/*
 * The intent will not be paid any more, and what linked it to the invoice is
 * canceled; nothing to do when there is none. Refused while a bank is at
 * work on it.
 */
enum vt_err invoice_cancel_payment(
    struct call *c, struct doc *invoice, const char *reason) VT_MUSTCHECK;

/* Refused unless something can still be paid. */
enum vt_err
invoice_check_payable(struct call *c, const struct doc *invoice) VT_MUSTCHECK;

/* Any attempt counts as the first one; after it the schedule's do. */
void invoice_count_attempt(struct doc *invoice, bool automatic);

/* An attempt came to nothing: invoice.payment_failed. */
enum vt_err
invoice_attempt_failed(struct call *c, struct doc *invoice) VT_MUSTCHECK;

/* Nothing is left to pay of an open one: it is paid. */
enum vt_err invoice_settled(struct call *c, struct doc *invoice) VT_MUSTCHECK;

#endif
