/*
 * lifecycle: what time brings to a subscription: the end of a trial, of a
 * period, of the time to pay, of itself. See subscription.h.
 */
#include <string.h>

#include "core/settings.h"
#include "invoices/invoice.h"
#include "subscriptions/billing.h"
#include "subscriptions/change.h"
#include "subscriptions/pause.h"

#define DAY_S INT64_C(86400)
#define TRIAL_NOTICE_S (3 * DAY_S) /* before a trial ends */
#define UPCOMING_S (7 * DAY_S)	   /* before an invoice is made */

static bool
has_status(const struct doc *sub, const char *list)
{
	const char *status = json_str_at(sub->body, "status");
	const char *p = strstr(list, status);
	size_t n = strlen(status);

	/* A space stands behind each of them. */
	return p != NULL && p[n] == ' ' && (p == list || p[-1] == ' ');
}

#define RENEWS "active trialing past_due unpaid "

static int64_t
hidden_int(const struct doc *sub, const char *name)
{
	int64_t n = 0;

	(void)json_int_at(sub->hidden, name, &n); /* absent is 0 */
	return n;
}

/* --- when ------------------------------------------------------------- */

static int64_t
payment_expires(const struct doc *sub)
{
	return has_status(sub, "incomplete ")
	    ? doc_int(sub, "created") + SUBSCRIPTION_PAY_WITHIN_S
	    : 0;
}

static int64_t
update_expires(const struct doc *sub)
{
	return doc_int(sub, "pending_update.expires_at");
}

static int64_t
resumption_expires(const struct doc *sub)
{
	return hidden_int(sub, "resumption_until");
}

static int64_t
collection_resumes(const struct doc *sub)
{
	return doc_int(sub, "pause_collection.resumes_at");
}

static int64_t
trial_ends_soon(const struct doc *sub)
{
	int64_t end_s = doc_int(sub, "trial_end");

	return has_status(sub, "trialing ") &&
		hidden_int(sub, "trial_notice") != end_s
	    ? end_s - TRIAL_NOTICE_S
	    : 0;
}

static int64_t
is_canceled(const struct doc *sub)
{
	return has_status(sub, RENEWS "paused ") ? doc_int(sub, "cancel_at")
						 : 0;
}

bool
subscription_renews(const struct doc *sub)
{
	int64_t cancel_s = doc_int(sub, "cancel_at");

	return has_status(sub, RENEWS) &&
	    (cancel_s == 0 || cancel_s > subscription_period_ends(sub));
}

/* Not for one that ends then, nor where a period is too short for it. */
static int64_t
is_upcoming(const struct doc *sub)
{
	int64_t end_s = subscription_period_ends(sub);

	if (has_status(sub, "unpaid ") || !subscription_renews(sub) ||
	    hidden_int(sub, "upcoming_notice") == end_s ||
	    end_s - UPCOMING_S <= hidden_int(sub, "renewed_at"))
		return 0;
	return end_s - UPCOMING_S;
}

static int64_t
bills_waiting(const struct doc *sub)
{
	return has_status(sub, RENEWS)
	    ? doc_int(sub, "next_pending_invoice_item_invoice")
	    : 0;
}

static int64_t
period_ends(const struct doc *sub)
{
	return has_status(sub, RENEWS) ? subscription_period_ends(sub) : 0;
}

/* --- what ------------------------------------------------------------- */

/*
 * Time is up for the invoice that it waits for. Voiding it does the rest, in
 * subscription_invoice_closed(); one that is closed already did it then.
 */
static enum vt_err
time_is_up(struct call *c, struct doc *sub, const char *invoice,
    enum vt_err (*otherwise)(struct call *, struct doc *))
{
	bool done;
	enum vt_err err = billing_void(c, invoice, &done);

	return err == VT_OK && !done ? otherwise(c, sub) : err;
}

static enum vt_err
never_paid(struct call *c, struct doc *sub)
{
	json_put_str(sub->body, "status", "incomplete_expired");
	json_put_int(sub->body, "canceled_at", c->now_s);
	json_put_int(sub->body, "ended_at", c->now_s);
	return subscription_save(c, sub, NULL);
}

enum vt_err
subscription_expire(struct call *c, struct doc *sub)
{
	return time_is_up(
	    c, sub, json_str_at(sub->body, "latest_invoice"), never_paid);
}

static enum vt_err
expire_update(struct call *c, struct doc *sub)
{
	return time_is_up(c, sub, json_str_at(sub->hidden, "update_invoice"),
	    change_expire_pending);
}

static enum vt_err
expire_resumption(struct call *c, struct doc *sub)
{
	return time_is_up(c, sub,
	    json_str_at(sub->hidden, "resumption_invoice"), pause_not_resumed);
}

static enum vt_err
resume_collection(struct call *c, struct doc *sub)
{
	json_put_null(sub->body, "pause_collection");
	return subscription_save(c, sub, NULL);
}

static enum vt_err
notice_trial_end(struct call *c, struct doc *sub)
{
	json_put_int(sub->hidden, "trial_notice", doc_int(sub, "trial_end"));
	return subscription_save(
	    c, sub, "customer.subscription.trial_will_end");
}

/*
 * What is pending is billed at last. Nobody hears of a refusal: the invoice
 * goes the way of one whose time has come.
 */
static enum vt_err
cancel_now(struct call *c, struct doc *sub)
{
	struct doc *invoice;
	enum vt_err err =
	    billing_waiting(c, sub, "subscription_cycle", &invoice);

	if (err == VT_OK && invoice != NULL &&
	    doc_is(sub, "collection_method", "charge_automatically"))
		err = invoice_due(c, invoice);
	return err == VT_OK || err == VT_FUNDS ? subscription_end(c, sub, NULL)
					       : err;
}

/* What waits for an invoice gets one of its own, at intervals. */
static enum vt_err
bill_waiting(struct call *c, struct doc *sub)
{
	struct doc *invoice;
	enum vt_err err;

	settings_put_next_invoice(sub, c->now_s);
	err = billing_waiting(
	    c, sub, "automatic_pending_invoice_item_invoice", &invoice);
	return err == VT_OK ? subscription_save(c, sub, NULL) : err;
}

static enum vt_err
announce(struct call *c, struct doc *sub)
{
	enum vt_err err;

	json_put_int(
	    sub->hidden, "upcoming_notice", subscription_period_ends(sub));
	err = subscription_save(c, sub, NULL);
	return err == VT_OK ? billing_announce(c, sub) : err;
}

enum vt_err
subscription_trial_over(struct call *c, struct doc *sub, bool *over)
{
	const char *how = json_str_at(
	    sub->body, "trial_settings.end_behavior.missing_payment_method");
	bool can_pay;
	enum vt_err err = billing_has_method(c, sub, &can_pay);

	*over = err == VT_OK && !can_pay &&
	    strcmp(how, "create_invoice") != 0 &&
	    doc_is(sub, "collection_method", "charge_automatically");
	if (!*over)
		return err;
	if (doc_int(sub, "trial_end") > c->now_s)
		json_put_int(sub->body, "trial_end", c->now_s);
	return strcmp(how, "cancel") == 0
	    ? subscription_end(c, sub, NULL)
	    : pause_now(c, sub, "trial_end_without_payment_method");
}

/* The periods that are over are followed by the next ones. */
static enum vt_err
turn(struct call *c, struct doc *sub)
{
	struct subscription_items items;
	enum vt_err err;

	err = subscription_items(c, sub, &items);
	for (size_t i = 0; i < items.count && err == VT_OK; i++) {
		struct doc *item = items.docs[i];

		if (doc_int(item, "current_period_end") > c->now_s)
			continue;
		subscription_item_turn(sub, item);
		json_put_bool(item->hidden, "turned", true);
		err = doc_save(c, item);
	}
	return err;
}

static enum vt_err
renew(struct call *c, struct doc *sub)
{
	bool trial = has_status(sub, "trialing "), over = false;
	enum vt_err err = VT_OK;

	if (trial)
		err = subscription_trial_over(c, sub, &over);
	if (err != VT_OK || over)
		return err;
	if (trial)
		json_put_str(sub->body, "status", "active");
	json_put_int(sub->hidden, "renewed_at", c->now_s);
	err = turn(c, sub);
	return err == VT_OK ? billing_cycle(c, sub) : err;
}

/* In this order when several come at the same time. */
static const struct {
	int64_t (*when)(const struct doc *sub); /* seconds; 0 for never */
	enum vt_err (*run)(struct call *c, struct doc *sub);
} moments[] = {
	{ payment_expires, subscription_expire },
	{ update_expires, expire_update },
	{ resumption_expires, expire_resumption },
	{ collection_resumes, resume_collection },
	{ is_canceled, cancel_now },
	{ trial_ends_soon, notice_trial_end },
	{ is_upcoming, announce },
	{ bills_waiting, bill_waiting },
	{ period_ends, renew },
};

/* The first moment to come, and its row. */
static int64_t
first_moment(const struct doc *sub, size_t *row)
{
	int64_t first_s = 0, at_s;

	for (size_t i = 0; i < countof(moments); i++) {
		at_s = moments[i].when(sub);
		if (at_s > 0 && (first_s == 0 || at_s < first_s)) {
			first_s = at_s;
			*row = i;
		}
	}
	return first_s;
}

int64_t
subscription_next_s(const struct doc *sub)
{
	size_t row;

	return first_moment(sub, &row);
}

enum vt_err
subscription_due(struct call *c, struct doc *sub)
{
	size_t row = 0;

	if (first_moment(sub, &row) == 0) {
		sub->due_ms = 0;
		return doc_save(c, sub);
	}
	return moments[row].run(c, sub);
}
