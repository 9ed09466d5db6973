/* confirm: see confirm.h. */
#include "billing/confirm.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "billing/events.h"
#include "billing/fulfil.h"
#include "ledger/lots.h"

/* ---- did it work? ---------------------------------------------------------
 */

struct confirm_read {
	const char *user_sub, *intent;
	int64_t now_ms;
};

struct confirm_row {
	struct order order;
	struct balance balance;
};

static enum vt_err
confirm_row(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct confirm_read *r = in;
	struct confirm_row *row = out;
	enum vt_err err;

	err = order_by_intent(db, r->intent, &row->order);
	if (err == VT_NOTFOUND ||
	    (err == VT_OK && strcmp(row->order.user_sub, r->user_sub) != 0))
		return vt_problem(p, VT_NOTFOUND, "not_found",
		    "payment_intent_id", "You have no such payment.");
	if (err != VT_OK)
		return err;
	return ledger_balance(db, row->order.user, r->now_ms, &row->balance);
}

struct confirm_write {
	struct stripe_intent intent;
	const struct instance *instance;
	int64_t now_ms;
};

static enum vt_err
confirm_apply(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct confirm_write *w = in;
	struct fulfil_done *done = out;
	enum vt_err err;

	(void)p;
	err = fulfil_intent(
	    db, w->instance, &w->intent, FULFIL_FETCHED, w->now_ms, done);
	if (err == VT_OK && done->granted)
		err = events_settle(db, w->intent.id, FULFIL_DUPLICATE,
		    "already_granted", w->now_ms);
	return err;
}

static enum purchase_state
state_of(const struct order *o, const struct stripe_intent *pi)
{
	if (o->state == ORDER_GRANTED)
		return PURCHASE_COMPLETED;
	switch (pi->status) {
	case STRIPE_PI_CANCELED:
		return PURCHASE_CANCELED;
	case STRIPE_PI_REQUIRES_ACTION:
		return PURCHASE_REQUIRES_ACTION;
	case STRIPE_PI_REQUIRES_PAYMENT_METHOD:
	case STRIPE_PI_REQUIRES_CONFIRMATION:
		return pi->failed ? PURCHASE_DECLINED
				  : PURCHASE_REQUIRES_PAYMENT_METHOD;
	case STRIPE_PI_SUCCEEDED: /* parked: somebody looks at it */
	case STRIPE_PI_PROCESSING:
	case STRIPE_PI_REQUIRES_CAPTURE:
	case STRIPE_PI_OTHER:
		break;
	}
	return PURCHASE_PROCESSING;
}

enum vt_err
purchase_confirm(const struct shop *shop, struct arena *a, const char *user_sub,
    const char *intent, struct confirmation *out, struct vt_problem *p)
{
	int64_t deadline = clock_mono_ms() + STRIPE_DEADLINE_MS;
	struct confirm_read r = { user_sub, intent, clock_now_ms() };
	struct confirm_write w = { .instance = shop->instance };
	struct fulfil_done done = { 0 };
	struct confirm_row row;
	const struct json *body;
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	err = readers_run(shop->readers, confirm_row, &r, &row, p);
	if (err != VT_OK)
		return err;
	if (row.order.state != ORDER_GRANTED) {
		err = shop_fetch_intent(shop, a, intent, deadline, &body, p);
		if (err != VT_OK)
			return err;
		if (stripe_intent_read(body, &w.intent, NULL) != VT_OK)
			return shop_unreadable(p);
		w.now_ms = clock_now_ms();
		err = writer_run(shop->writer, confirm_apply, &w, &done, p);
		fault_point("confirm.after_apply");
		if (err == VT_OK)
			err = readers_run(
			    shop->readers, confirm_row, &r, &row, p);
		if (err != VT_OK)
			return err;
		fulfil_log(&done, "confirm", intent);
		out->client_secret = stripe_intent_client_secret(body);
	}
	out->order = row.order;
	out->balance = row.balance.available;
	out->state = state_of(&row.order, &w.intent);
	memcpy(out->decline_code, w.intent.decline_code,
	    sizeof(out->decline_code));
	memcpy(out->message, w.intent.error_message, sizeof(out->message));
	return VT_OK;
}
