/*
 * invoice_item: what waits to be billed with the customer's next invoice.
 * The operations are in invoiceitems.c.
 */
#ifndef SANDBOX_INVOICE_ITEM_H
#define SANDBOX_INVOICE_ITEM_H

#include "invoices/invoice.h"

struct invoice_item_from {
	const struct doc *customer;
	const char *currency;
	const struct doc *price; /* or NULL */
	int64_t quantity, amount;
	const char *unit_amount; /* decimal; NULL: of the price, or amount */
	const char *description;
	int64_t period_start_s, period_end_s; /* 0: now */
	const struct doc *subscription;	      /* each or NULL */
	const char *subscription_item;
	bool proration;
	const struct json *credited; /* as in struct invoice_line */
	bool undiscountable;
	const struct json *params; /* metadata and discounts, or NULL */
};

/* Makes one, pending, and stores it: invoiceitem.created. */
enum vt_err invoice_item_make(struct call *c,
    const struct invoice_item_from *from, struct doc **out) VT_MUSTCHECK;

/* Puts it on this invoice, which is a draft or a preview. */
enum vt_err invoice_item_bill(
    struct call *c, struct doc *item, struct doc *invoice) VT_MUSTCHECK;

/* The same once more, after it changed, and off it again. Not saved. */
enum vt_err invoice_item_bill_again(
    struct call *c, struct doc *item, struct doc *invoice) VT_MUSTCHECK;
enum vt_err invoice_item_unbill(
    struct call *c, struct doc *item, struct doc *invoice) VT_MUSTCHECK;

/*
 * Changes it as the parameters say (invoice_spec.h), its metadata and
 * discounts too; not saved.
 */
enum vt_err invoice_item_change(struct call *c, struct doc *item,
    const struct json *params, const char *prefix) VT_MUSTCHECK;

#endif
