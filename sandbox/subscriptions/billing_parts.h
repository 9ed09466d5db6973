/* billing_parts: what the three files of billing.h share. */
#ifndef SANDBOX_BILLING_PARTS_H
#define SANDBOX_BILLING_PARTS_H

#include "invoices/invoice.h"
#include "subscriptions/billing.h"

#define BILLING_ON_TRIAL INT64_MIN /* instead of an anchor: it is free */

/* What an invoice of this subscription begins with. */
struct invoice_from billing_from(const struct doc *sub, const char *reason);

/* The line of an item's period, reckoned from this anchor; of several. */
enum vt_err billing_add_period(struct call *c, const struct doc *sub,
    const struct doc *item, int64_t anchor_s, struct doc *invoice) VT_MUSTCHECK;
enum vt_err billing_add_periods(struct call *c, const struct doc *sub,
    struct doc *const *items, size_t count, int64_t anchor_s,
    struct doc *invoice) VT_MUSTCHECK;

/* What an item costs for the time before its period, of one that began in
 * the past; on one line. */
enum vt_err billing_add_past(struct call *c, const struct doc *sub,
    const struct doc *item, struct doc *invoice) VT_MUSTCHECK;

/* What `add_invoice_items` of the parameters lists waits to be billed. */
enum vt_err billing_add_extras(struct call *c, const struct doc *sub,
    const struct json *params) VT_MUSTCHECK;

/* A proration waits to be billed. */
enum vt_err billing_pend(struct call *c, const struct doc *sub,
    const struct proration *p) VT_MUSTCHECK;

/* Stores an invoice, unless it is a preview, and makes it the latest one. */
enum vt_err billing_draft(
    struct call *c, struct doc *sub, struct doc *invoice) VT_MUSTCHECK;

/* Notes on items what an invoice's lines bill for them; on all of a
 * subscription's, saved. */
void billing_note(struct call *c, struct doc *const *items, size_t count,
    const struct doc *invoice);
enum vt_err billing_note_all(struct call *c, const struct doc *sub,
    const struct doc *invoice) VT_MUSTCHECK;

#endif
