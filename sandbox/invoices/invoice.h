/*
 * invoice: a bill from its first draft to its end, for the API and for
 * subscriptions alike.
 *
 * The way of one: invoice_new() and invoice_add_line() make it in memory;
 * invoice_draft() stores it; invoice_finalize() gives it its number, settles
 * it against the customer's balance and asks for the rest by a
 * PaymentIntent; invoice_pay() has that paid. One that was never stored is a
 * preview: it has the same lines, discounts and totals.
 *
 * An invoice is also paid when somebody else pays its intent: payment.c says
 * so by invoice_intent_told(). What it comes to, its subscription is told
 * (subscription.h).
 *
 * All lines are in the hidden half; the object shows the first of them.
 * Functions that change a stored invoice save it and emit the events, in
 * the caller's transaction.
 */
#ifndef SANDBOX_INVOICE_H
#define SANDBOX_INVOICE_H

#include "core/resource.h"

/* How long a draft waits before it is finalised by itself. */
#define INVOICE_DRAFT_S 3600
/* Lines shown in the object itself. */
#define INVOICE_LINES_SHOWN 10
#define INVOICE_LINES_MAX 250

struct invoice_from {
	const char *customer; /* id; NULL: nobody's, in a preview */
	const char *currency;
	const char *billing_reason;	      /* NULL: "manual" */
	const struct doc *subscription;	      /* or NULL */
	int64_t period_start_s, period_end_s; /* 0: now */
	const char *collection_method;	      /* NULL: charge_automatically */
	int64_t days_until_due;		      /* of send_invoice; 0: 30 */
	const char *default_payment_method;   /* each or NULL */
	const char *description, *footer;
	/*
	 * Ids of discounts. NULL: those of the subscription if it has any,
	 * else the customer's.
	 */
	const struct json *discounts;
	bool auto_advance; /* finalised and collected by itself */
	bool preview;	   /* will never be stored, and changes nothing */
};

/*
 * A new invoice without lines, in memory. A missing customer is refused.
 */
enum vt_err invoice_new(struct call *c, const struct invoice_from *from,
    struct doc **out) VT_MUSTCHECK;

struct invoice_line {
	const struct doc *price; /* or NULL: `amount` alone */
	int64_t quantity;	 /* 0: it has none */
	int64_t amount;		 /* of all of it, before discounts */
	const char *unit_amount; /* decimal; NULL: the price's, or amount */
	const char *description; /* NULL: what the price and product say */
	int64_t period_start_s, period_end_s;	      /* 0: now */
	const char *subscription, *subscription_item; /* each or NULL */
	const char *invoice_item;		      /* or NULL */
	bool proration;
	/* {invoice, invoice_line_items} that a proration credits, or NULL */
	const struct json *credited;
	bool undiscountable;
	const struct json *discounts; /* ids of its own, or NULL */
	const struct json *metadata;  /* or NULL */
};

/* Adds a line and computes the invoice anew; not saved. */
enum vt_err invoice_add_line(struct call *c, struct doc *invoice,
    const struct invoice_line *line) VT_MUSTCHECK;

/*
 * Takes what waits to be billed: the customer's invoice items in this
 * currency, those of the invoice's subscription (and, with `all`, those of
 * no subscription). *count is how many. A preview leaves the items as they
 * are.
 */
enum vt_err invoice_take_items(
    struct call *c, struct doc *invoice, bool all, size_t *count) VT_MUSTCHECK;

/* The same in place of the line of this id, which it keeps. */
enum vt_err invoice_replace_line(struct call *c, struct doc *invoice,
    const char *id, const struct invoice_line *line) VT_MUSTCHECK;

/* All its lines; whoever changes them computes it anew after that. */
const struct json *invoice_lines(const struct doc *invoice);
void invoice_set_lines(struct doc *invoice, const struct json *lines);

/* True for one that is never stored. */
bool invoice_is_preview(const struct doc *invoice);

/* Totals, discounts and balance of a draft or a preview; not saved. */
void invoice_total(struct call *c, struct doc *invoice);

/* Stores a new one as a draft: invoice.created. */
enum vt_err invoice_draft(struct call *c, struct doc *invoice) VT_MUSTCHECK;

/* Saves a change: invoice.updated, if it is one. */
enum vt_err invoice_save(struct call *c, struct doc *invoice) VT_MUSTCHECK;

/*
 * Finalises a draft: invoice.finalized. One that asks for nothing is paid.
 */
enum vt_err invoice_finalize(struct call *c, struct doc *invoice) VT_MUSTCHECK;

struct invoice_attempt {
	struct doc *method; /* NULL: the default, see invoice_method() */
	bool automatic;	    /* by the schedule: counts each time */
};

/*
 * Tries to pay an open or uncollectible invoice. VT_OK: it is paid, or the
 * bank is at work. VT_FUNDS: declined, or the customer has something to do;
 * what happened is kept (error.began). VT_INVALID: it cannot be paid like
 * this; of an automatic attempt without any method VT_FUNDS, as declined.
 */
enum vt_err invoice_pay(struct call *c, struct doc *invoice,
    const struct invoice_attempt *how) VT_MUSTCHECK;

/* It was paid elsewhere, in cash say. */
enum vt_err
invoice_pay_elsewhere(struct call *c, struct doc *invoice) VT_MUSTCHECK;

/*
 * A payment made without the invoice counts for it, now or when it succeeds:
 * in part, in full, or more, which the customer is credited. Refused: not
 * open, another customer's or currency's, an invoice's already.
 */
enum vt_err invoice_attach(
    struct call *c, struct doc *invoice, struct doc *intent) VT_MUSTCHECK;

/*
 * What would pay it: its own default method, the subscription's, the
 * customer's; NULL: there is none.
 */
struct doc *invoice_method(struct call *c, const struct doc *invoice);

/* Ends it without payment. Refused unless it is open or uncollectible. */
enum vt_err invoice_void(struct call *c, struct doc *invoice) VT_MUSTCHECK;

/*
 * Gives it up, for a reason of status_details ("user_forgiven",
 * "max_payment_attempts", …). Refused unless it is open.
 */
enum vt_err invoice_mark_uncollectible(
    struct call *c, struct doc *invoice, const char *reason) VT_MUSTCHECK;

/*
 * Its items wait again: invoice.deleted. Refused unless it is a draft. The
 * caller removes it.
 */
enum vt_err invoice_remove(struct call *c, struct doc *invoice) VT_MUSTCHECK;

/* Its time has come (due.h): a draft to be finalised, a payment to retry. */
enum vt_err invoice_due(struct call *c, struct doc *invoice) VT_MUSTCHECK;

/*
 * News of an invoice's PaymentIntent, saved and told already. For an intent
 * of no invoice nothing happens. c->error is left as it is.
 */
enum invoice_news {
	INVOICE_INTENT_PAID,
	INVOICE_INTENT_FAILED,
	INVOICE_INTENT_ASKS
};
enum vt_err invoice_intent_told(struct call *c, const struct doc *intent,
    enum invoice_news news) VT_MUSTCHECK;

/*
 * So much is left to pay of an open or uncollectible one: by its intent, or
 * nothing at all, and it is paid. Refused while a bank is at work.
 */
enum vt_err
invoice_ask_for(struct call *c, struct doc *invoice, int64_t rest) VT_MUSTCHECK;

#endif
