/*
 * change: what an update makes of a subscription: its items, its anchor, its
 * trial, its end; with the prorations and the invoice that follow from it.
 *
 * A change is planned first, on copies: what the subscription will be, and
 * what is to be billed for it. Then the plan is applied, at once or, when
 * payment has to come first, on the day that the invoice is paid; it waits
 * in the hidden half until then (docs.stripe.com/billing/subscriptions/
 * pending-updates).
 */
#ifndef SANDBOX_CHANGE_H
#define SANDBOX_CHANGE_H

#include "subscriptions/proration.h"

struct change {
	struct doc *sub;
	struct subscription_items now; /* as they are */
	struct doc **then;	       /* copies, as they will be */
	size_t then_count;
	int64_t at_s; /* prorations are reckoned from here */
	bool prorate; /* proration_behavior is not none */
	bool invoice; /* … is always_invoice, or what changes asks for it */
	bool anew;    /* all periods begin anew */
	bool begins;  /* … and are billed now, whole */
	int64_t anchor_s;
	int64_t cancel_s;	     /* cancel_at as it will be; 0: none */
	int64_t trial_end_s;	     /* as it will be; 0: none */
	bool trial;		     /* it is on trial after the change */
	bool preview;		     /* its invoice is never stored */
	const struct json *deferred; /* settings that wait for payment too */
	/* Out of change_plan(): credits first, then charges. */
	struct proration *lines;
	size_t lines_count;
};

/*
 * Reads items, anchor, trial and prorations out of an update's parameters;
 * cancel_at is what the subscription has by now. Refused as the API does.
 */
enum vt_err change_read(struct call *c, struct doc *sub,
    const struct json *params, struct change *out) VT_MUSTCHECK;

/* The item of this id as it will be, or NULL. */
struct doc *change_then(const struct change *ch, const char *id);

/* Reckons periods and prorations. */
enum vt_err change_plan(struct call *c, struct change *ch) VT_MUSTCHECK;

/* Makes the subscription what the plan says; the caller saves it. */
enum vt_err change_apply(struct call *c, const struct change *ch) VT_MUSTCHECK;

/* Keeps the plan until the invoice is paid: pending_update, as shown. */
void change_defer(
    struct call *c, const struct change *ch, const struct doc *invoice);
void change_show_pending(struct call *c, struct doc *sub, int64_t expires_s);

/*
 * The invoice that a change, or a resumption, waited for has come to its
 * end (subscription_invoice_paid() and _closed()).
 */
enum vt_err change_apply_pending(struct call *c, struct doc *sub) VT_MUSTCHECK;
enum vt_err change_expire_pending(struct call *c, struct doc *sub) VT_MUSTCHECK;

#endif
