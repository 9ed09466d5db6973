/* change_read: what is asked of a subscription. See change.h. */
#include <string.h>

#include "subscriptions/change.h"
#include "subscriptions/subscription_item.h"

#define TRIAL_S_MAX (2 * 366 * INT64_C(86400))

/* --- what is asked
 * ------------------------------------------------------------ */

static void
drop_then(struct change *ch, const struct doc *item)
{
	size_t n = 0;

	for (size_t i = 0; i < ch->then_count; i++)
		if (ch->then[i] != item)
			ch->then[n++] = ch->then[i];
	ch->then_count = n;
}

/* One element of `items`: an item changed, deleted or added. */
static enum vt_err
read_item(
    struct call *c, struct change *ch, const struct json *given, const char *at)
{
	const char *id = json_str_at(given, "id");
	bool gone = false;
	struct doc *item;

	(void)json_bool(json_get(given, "deleted"), &gone); /* else it stays */
	if (id == NULL) {
		if (gone)
			return call_fail(c, 400, "parameter_missing",
			    arena_printf(c->arena, "%s[id]", at),
			    "Missing required param: %s[id].", at);
		item = subscription_item_new(c, ch->sub);
		ch->then[ch->then_count++] = item;
		return subscription_item_apply(c, ch->sub, item, given, at);
	}
	item = change_then(ch, id);
	if (item == NULL)
		return call_fail(c, 400, "resource_missing",
		    arena_printf(c->arena, "%s[id]", at),
		    "No such subscription item: '%s'", id);
	if (gone) {
		drop_then(ch, item);
		return VT_OK;
	}
	return subscription_item_apply(c, ch->sub, item, given, at);
}

static enum vt_err
read_items(struct call *c, struct change *ch, const struct json *params)
{
	const struct json *list = json_get(params, "items"), *j;
	enum vt_err err;
	int i = 0;

	err = subscription_items(c, ch->sub, &ch->now);
	if (err != VT_OK)
		return err;
	ch->then = arena_array(c->arena, ch->now.count + json_count(list) + 1,
	    sizeof(struct doc *));
	for (size_t k = 0; k < ch->now.count; k++)
		ch->then[ch->then_count++] =
		    subscription_item_copy(c, ch->now.docs[k]);
	for (j = json_first(list); j != NULL && err == VT_OK; j = json_next(j))
		err = read_item(
		    c, ch, j, arena_printf(c->arena, "items[%d]", i++));
	return err == VT_OK
	    ? subscription_item_check(c, ch->sub, ch->then, ch->then_count)
	    : err;
}

static enum vt_err
read_trial(struct call *c, struct change *ch, const struct json *params)
{
	const struct json *given = json_get(params, "trial_end");
	bool on_trial = doc_is(ch->sub, "status", "trialing");

	ch->trial = on_trial;
	ch->trial_end_s = doc_int(ch->sub, "trial_end");
	if (given == NULL)
		return VT_OK;
	if (json_is_string(given)) { /* "now" */
		ch->trial = false;
		ch->anew = on_trial;
		if (on_trial)
			ch->trial_end_s = c->now_s;
		return VT_OK;
	}
	(void)json_int(given, &ch->trial_end_s); /* by its table */
	if (ch->trial_end_s <= c->now_s ||
	    ch->trial_end_s > c->now_s + TRIAL_S_MAX)
		return call_fail(c, 400, NULL, "trial_end",
		    "Invalid timestamp: must be an integer Unix timestamp in "
		    "the future, by two years at the most.");
	ch->trial = true;
	ch->anew = true;
	return VT_OK;
}

static enum vt_err
read_anchor(struct call *c, struct change *ch, const struct json *params)
{
	const char *type = json_str_at(params, "billing_cycle_anchor.type");
	int64_t at_s;

	ch->anchor_s = doc_int(ch->sub, "billing_cycle_anchor");
	if (type == NULL || strcmp(type, "unchanged") == 0)
		return VT_OK;
	/* A preview may name the time. */
	if (strcmp(type, "timestamp") == 0) {
		if (!json_int_at(
			params, "billing_cycle_anchor.timestamp", &at_s))
			return call_fail(c, 400, "parameter_missing",
			    "billing_cycle_anchor[timestamp]",
			    "Missing required param: "
			    "billing_cycle_anchor[timestamp].");
		ch->anchor_s = at_s;
		return VT_OK;
	}
	if (ch->trial)
		return call_fail(c, 400,
		    "subscription_update_trial_after_billing_cycle_anchor",
		    "billing_cycle_anchor",
		    "The billing cycle anchor of a subscription on trial is "
		    "the end of its trial. Set `trial_end` to `now` to start "
		    "billing.");
	ch->anew = true;
	return VT_OK;
}

/* The stretch that all its items share at this moment. */
static enum vt_err
read_date(struct call *c, struct change *ch, const struct json *params)
{
	ch->at_s = c->now_s;
	if (!json_int_at(params, "proration_date", &ch->at_s))
		return VT_OK;
	for (size_t i = 0; i < ch->now.count; i++)
		if (ch->at_s >=
			doc_int(ch->now.docs[i], "current_period_start") &&
		    ch->at_s <= doc_int(ch->now.docs[i], "current_period_end"))
			return VT_OK;
	return call_fail(c, 400, NULL, "proration_date",
	    "Cannot specify a proration date outside of the current billing "
	    "period.");
}

enum vt_err
change_read(struct call *c, struct doc *sub, const struct json *params,
    struct change *out)
{
	const char *how = json_str_at(params, "proration_behavior");
	enum vt_err err;

	*out = (struct change){ .sub = sub,
		.prorate = how == NULL || strcmp(how, "none") != 0,
		.invoice = how != NULL && strcmp(how, "always_invoice") == 0,
		.cancel_s = doc_int(sub, "cancel_at") };
	err = read_items(c, out, params);
	if (err == VT_OK)
		err = read_trial(c, out, params);
	if (err == VT_OK)
		err = read_anchor(c, out, params);
	return err == VT_OK ? read_date(c, out, params) : err;
}
