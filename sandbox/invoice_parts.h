/*
 * invoice_parts: what the files of invoice.h share.
 */
#ifndef SANDBOX_INVOICE_PARTS_H
#define SANDBOX_INVOICE_PARTS_H

#include "invoice.h"

/*
 * The intent will not be paid any more, and what linked it to the invoice is
 * canceled; nothing to do when there is none. Refused while a bank is at
 * work on it.
 */
enum vt_err invoice_cancel_payment(
    struct call *c, struct doc *invoice, const char *reason) VT_MUSTCHECK;

/* Nothing is left to pay of an open one: it is paid. */
enum vt_err invoice_settled(struct call *c, struct doc *invoice) VT_MUSTCHECK;

#endif
