/* bill_pdf: a bill as a PDF. */
#ifndef SANDBOX_BILL_PDF_H
#define SANDBOX_BILL_PDF_H

#include "invoices/bill_view.h"

/* The file, in the call's arena. */
const char *bill_pdf(struct call *c, const struct bill_view *v);

#endif
