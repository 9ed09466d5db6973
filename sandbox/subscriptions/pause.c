/* pause: see pause.h. */
#include "subscriptions/pause.h"

#include <string.h>

#include "core/event.h"
#include "subscriptions/billing.h"
#include "subscriptions/subscription_item.h"

static bool
says(const struct json *params, const char *path, const char *what)
{
	const char *given = json_str_at(params, path);

	return given != NULL && strcmp(given, what) == 0;
}

enum vt_err
pause_now(struct call *c, struct doc *sub, const char *reason)
{
	struct json *paused = json_put_object(
	    json_put_object(sub->body, "status_details"), "paused");

	json_put_str(sub->body, "status", "paused");
	json_put_str(json_put_object(paused, "subscription"), "type", reason);
	json_put_int(paused, "transitioned_at", c->now_s);
	json_put_str(paused, "type", "subscription");
	return subscription_save(c, sub, "customer.subscription.paused");
}

/* --- pausing
 * -------------------------------------------------------------------- */

/* Credits what is left of the period, or all of it, or nothing. */
static enum vt_err
plan_credit(struct call *c, struct change *ch)
{
	static const char path[] = "bill_for.unused_time_from.type";
	bool whole = says(c->params, path, "item_current_period_start");
	enum vt_err err = subscription_items(c, ch->sub, &ch->now);

	ch->lines =
	    arena_array(c->arena, ch->now.count + 1, sizeof(*ch->lines));
	if (says(c->params, path, "none"))
		return err;
	for (size_t i = 0; i < ch->now.count && err == VT_OK; i++) {
		const struct doc *item = ch->now.docs[i];

		err = proration_credit(c, ch->sub, item,
		    whole ? doc_int(item, "current_period_start") : c->now_s,
		    &ch->lines[ch->lines_count]);
		if (err == VT_OK)
			ch->lines_count++;
		else if (err == VT_NOTFOUND)
			err = VT_OK;
	}
	return err;
}

enum vt_err
pause_request(struct call *c, struct doc *sub)
{
	struct change ch = { .sub = sub,
		.invoice = says(c->params, "invoicing_behavior", "invoice") };
	struct doc *invoice;
	enum vt_err err;

	if (!doc_is(sub, "billing_mode.type", "flexible"))
		return call_fail(c, 400, NULL, NULL,
		    "Only subscriptions with `billing_mode[type]=flexible` can "
		    "be paused. Migrate the subscription first.");
	if (!doc_is(sub, "status", "active") &&
	    !doc_is(sub, "status", "trialing") &&
	    !doc_is(sub, "status", "past_due"))
		return call_fail(c, 400, NULL, NULL,
		    "This subscription cannot be paused because it has a "
		    "status of %s.",
		    json_str_at(sub->body, "status"));
	err = plan_credit(c, &ch);
	if (err == VT_OK)
		err = billing_change(c, &ch, NULL, &invoice);
	if (err == VT_OK && invoice != NULL)
		err = billing_collect(c, sub, invoice, "default_incomplete");
	return err == VT_OK ? pause_now(c, sub, "pause_requested") : err;
}

/* --- resuming
 * ------------------------------------------------------------------- */

enum vt_err
pause_resumed(struct call *c, struct doc *sub)
{
	json_remove(sub->hidden, "resumption_invoice");
	json_remove(sub->hidden, "resumption_until");
	json_remove(sub->body, "status_details");
	json_put_str(sub->body, "status", "active");
	return subscription_save(c, sub, "customer.subscription.resumed");
}

enum vt_err
pause_not_resumed(struct call *c, struct doc *sub)
{
	json_remove(sub->hidden, "resumption_invoice");
	json_remove(sub->hidden, "resumption_until");
	return subscription_save(c, sub, NULL);
}

/*
 * The periods that it will have: anew from now on, or, with its anchor
 * unchanged, what is left of the one that the calendar has now.
 */
static enum vt_err
plan_periods(struct call *c, struct change *ch)
{
	enum vt_err err = VT_OK;

	for (size_t i = 0; i < ch->now.count && err == VT_OK; i++) {
		struct doc *item = subscription_item_copy(c, ch->now.docs[i]);
		struct period p = subscription_period(ch->sub, item);

		p.anchor_s = ch->anchor_s;
		json_put_int(item->body, "current_period_start",
		    ch->anew ? c->now_s : period_begin(&p, c->now_s));
		json_put_int(
		    item->body, "current_period_end", period_end(&p, c->now_s));
		ch->then[ch->then_count++] = item;
		if (ch->anew || !ch->prorate)
			continue;
		err = proration_charge(
		    c, ch->sub, item, ch->at_s, &ch->lines[ch->lines_count]);
		if (err == VT_OK)
			ch->lines_count++;
		else if (err == VT_NOTFOUND)
			err = VT_OK;
	}
	return err;
}

static enum vt_err
plan_resumption(struct call *c, struct doc *sub, const struct json *params,
    struct change *ch)
{
	bool unchanged = says(params, "billing_cycle_anchor.type", "unchanged");
	enum vt_err err;

	*ch = (struct change){ .sub = sub,
		.at_s = c->now_s,
		.anew = !unchanged,
		.begins = !unchanged,
		.prorate = !says(params, "proration_behavior", "none"),
		.invoice = says(params, "proration_behavior", "always_invoice"),
		.anchor_s = unchanged ? doc_int(sub, "billing_cycle_anchor")
				      : c->now_s };
	(void)json_int_at(params, "proration_date", &ch->at_s); /* else now */
	err = subscription_items(c, sub, &ch->now);
	if (err != VT_OK)
		return err;
	ch->then =
	    arena_array(c->arena, ch->now.count + 1, sizeof(struct doc *));
	ch->lines =
	    arena_array(c->arena, ch->now.count + 1, sizeof(*ch->lines));
	return plan_periods(c, ch);
}

static enum vt_err
check_paused(struct call *c, const struct doc *sub)
{
	if (!doc_is(sub, "status", "paused"))
		return call_fail(c, 400, NULL, NULL,
		    "This subscription cannot be resumed because it has a "
		    "status of %s.",
		    json_str_at(sub->body, "status"));
	if (!doc_is(sub, "collection_method", "charge_automatically"))
		return call_fail(c, 400, NULL, NULL,
		    "Only subscriptions that are charged automatically can be "
		    "resumed.");
	return VT_OK;
}

enum vt_err
pause_preview(struct call *c, struct doc *sub, const struct json *params,
    struct doc **invoice)
{
	struct change ch;
	enum vt_err err = check_paused(c, sub);

	if (err == VT_OK)
		err = plan_resumption(c, sub, params, &ch);
	ch.preview = true;
	return err == VT_OK ? billing_change(c, &ch, NULL, invoice) : err;
}

/* It waits for the invoice, unless an attempt to pay it is enough. */
static enum vt_err
collect(struct call *c, struct doc *sub, struct doc *invoice)
{
	bool waits =
	    says(c->params, "payment_behavior", "resume_on_payment_success");
	enum vt_err err;

	json_put_str(sub->hidden, "resumption_invoice", invoice->id);
	json_put_int(sub->hidden, "resumption_until",
	    c->now_s + SUBSCRIPTION_PAY_WITHIN_S);
	err = subscription_save(c, sub, NULL);
	if (err == VT_OK)
		err = billing_collect(c, sub, invoice, "allow_incomplete");
	if (err != VT_OK && err != VT_FUNDS)
		return err;
	c->error = (struct api_error){ 0 };
	return !waits && doc_is(sub, "status", "paused") ? pause_resumed(c, sub)
							 : VT_OK;
}

enum vt_err
pause_resume(struct call *c, struct doc *sub)
{
	struct doc *invoice;
	struct change ch;
	enum vt_err err = check_paused(c, sub);

	if (err == VT_OK)
		err = plan_resumption(c, sub, c->params, &ch);
	if (err == VT_OK)
		err = billing_change(c, &ch, NULL, &invoice);
	if (err == VT_OK)
		err = change_apply(c, &ch);
	if (err != VT_OK)
		return err;
	return invoice == NULL ? pause_resumed(c, sub)
			       : collect(c, sub, invoice);
}
