/* change: see change.h. */
#include "change.h"

#include <string.h>

#include "event.h"
#include "settings.h"
#include "subscription_item.h"

#define TRIAL_S_MAX (2 * 366 * INT64_C(86400))

/* --- what is asked
 * ------------------------------------------------------------ */

static struct doc *
find_then(const struct change *ch, const char *id)
{
	for (size_t i = 0; i < ch->then_count; i++)
		if (strcmp(ch->then[i]->id, id) == 0)
			return ch->then[i];
	return NULL;
}

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
	item = find_then(ch, id);
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

/* --- what comes of it
 * ------------------------------------------------------------ */

/* The item before the change; NULL: it is new. */
static const struct doc *
before(const struct change *ch, const struct doc *then)
{
	for (size_t i = 0; i < ch->now.count; i++)
		if (strcmp(ch->now.docs[i]->id, then->id) == 0)
			return ch->now.docs[i];
	return NULL;
}

static bool
sells_other(const struct doc *a, const struct doc *b)
{
	return !doc_is(a, "price.id", json_str_at(b->body, "price.id")) ||
	    subscription_item_quantity(a) != subscription_item_quantity(b);
}

static bool
recurs_otherwise(const struct doc *a, const struct doc *b)
{
	struct period p = period_of(json_at(a->body, "price.recurring"), 0);
	struct period q = period_of(json_at(b->body, "price.recurring"), 0);

	return p.unit != q.unit || p.count != q.count;
}

/* What all the items cost together in a period. */
static enum vt_err
sum(struct call *c, const struct change *ch, struct doc *const *items,
    size_t count, int64_t *out)
{
	enum vt_err err = VT_OK;
	int64_t amount;

	*out = 0;
	for (size_t i = 0; i < count && err == VT_OK; i++) {
		err = subscription_item_amount(c, ch->sub, items[i], &amount);
		*out += amount;
	}
	return err;
}

/*
 * Where the mode is classic, another interval, or a first price after none,
 * begins a new period by itself; a flexible anchor stays, and what has
 * another interval is billed at once.
 */
static enum vt_err
find_anew(struct call *c, struct change *ch)
{
	bool classic = doc_is(ch->sub, "billing_mode.type", "classic");
	int64_t now, then;
	enum vt_err err;

	if (ch->trial || ch->anew)
		return VT_OK;
	for (size_t i = 0; i < ch->then_count; i++) {
		const struct doc *old = before(ch, ch->then[i]);

		/* Of a new one in classic mode, any of the others tells. */
		if (old == NULL && classic)
			old = ch->now.docs[0];
		if (old == NULL || !recurs_otherwise(old, ch->then[i]))
			continue;
		ch->anew = ch->anew || classic;
		ch->invoice = true;
	}
	if (!classic)
		return VT_OK;
	err = sum(c, ch, ch->now.docs, ch->now.count, &now);
	if (err == VT_OK)
		err = sum(c, ch, ch->then, ch->then_count, &then);
	if (err == VT_OK && now == 0 && then > 0)
		ch->anew = true;
	return err;
}

/* The one that tells an item's period: itself before, or one like it. */
static const struct doc *
peer(const struct change *ch, const struct doc *item)
{
	const struct doc *old = before(ch, item);

	if (old != NULL)
		return recurs_otherwise(old, item) ? NULL : old;
	for (size_t i = 0; i < ch->now.count; i++)
		if (!recurs_otherwise(ch->now.docs[i], item))
			return ch->now.docs[i];
	return NULL;
}

/* The period of an item after the change. */
static void
plan_period(struct call *c, const struct change *ch, struct doc *item)
{
	const struct doc *as = peer(ch, item);
	bool goes_on = as != NULL &&
	    (ch->trial ? doc_is(ch->sub, "status", "trialing") : !ch->anew);
	struct period p = subscription_period(ch->sub, item);
	int64_t from_s =
	    goes_on ? doc_int(as, "current_period_start") : c->now_s;
	int64_t end_s;

	p.anchor_s = ch->anchor_s;
	end_s = ch->trial ? ch->trial_end_s : period_end(&p, c->now_s);
	if (ch->cancel_s > from_s && ch->cancel_s < end_s)
		end_s = ch->cancel_s;
	json_put_int(item->body, "current_period_start", from_s);
	json_put_int(item->body, "current_period_end", end_s);
}

/* Adds what the function reckons, if anything. */
static enum vt_err
add(struct call *c, struct change *ch, const struct doc *item, int64_t at_s,
    enum vt_err (*reckon)(struct call *, const struct doc *, const struct doc *,
	int64_t, struct proration *))
{
	enum vt_err err =
	    reckon(c, ch->sub, item, at_s, &ch->lines[ch->lines_count]);

	if (err == VT_OK)
		ch->lines_count++;
	return err == VT_NOTFOUND ? VT_OK : err;
}

/* From when on the item's time comes back; 0: not at all. */
static int64_t
credit_from(const struct change *ch, const struct doc *old)
{
	const struct doc *then = find_then(ch, old->id);

	if (ch->anew || then == NULL || sells_other(old, then))
		return ch->at_s;
	if (doc_int(then, "current_period_end") <
	    doc_int(old, "current_period_end"))
		return doc_int(then, "current_period_end");
	return 0;
}

/* From when on the item's time is to be paid for; 0: not at all. */
static int64_t
charge_from(const struct change *ch, const struct doc *then)
{
	const struct doc *old = before(ch, then);

	if (ch->anew)
		return 0; /* a whole period, which is no proration */
	if (old == NULL || sells_other(old, then))
		return ch->at_s;
	if (doc_int(then, "current_period_end") >
	    doc_int(old, "current_period_end"))
		return doc_int(old, "current_period_end");
	return 0;
}

/* Nothing was paid for a trial, and for one that is not active nothing is
 * owed yet. */
static bool
is_billed(const struct change *ch)
{
	return doc_is(ch->sub, "status", "active") ||
	    doc_is(ch->sub, "status", "past_due");
}

enum vt_err
change_plan(struct call *c, struct change *ch)
{
	enum vt_err err = find_anew(c, ch);
	int64_t at_s;

	if (err != VT_OK)
		return err;
	if (ch->anew)
		ch->anchor_s = ch->trial ? ch->trial_end_s : c->now_s;
	/* A trial that is prolonged costs nothing more. */
	ch->begins = ch->anew &&
	    (is_billed(ch) ||
		(doc_is(ch->sub, "status", "trialing") && !ch->trial));
	ch->lines = arena_array(
	    c->arena, ch->now.count + ch->then_count + 1, sizeof(*ch->lines));
	for (size_t i = 0; i < ch->then_count; i++)
		plan_period(c, ch, ch->then[i]);
	if (!ch->prorate || !is_billed(ch))
		return VT_OK;
	for (size_t i = 0; i < ch->now.count && err == VT_OK; i++) {
		at_s = credit_from(ch, ch->now.docs[i]);
		if (at_s != 0)
			err =
			    add(c, ch, ch->now.docs[i], at_s, proration_credit);
	}
	for (size_t i = 0; i < ch->then_count && err == VT_OK; i++) {
		at_s = charge_from(ch, ch->then[i]);
		if (at_s != 0)
			err = add(c, ch, ch->then[i], at_s, proration_charge);
	}
	return err;
}

/* --- making it so
 * ----------------------------------------------------------------- */

/* The plan as it can be kept. */
static struct json *
freeze(struct call *c, const struct change *ch)
{
	struct json *plan = json_object(c->arena), *list, *o;

	list = json_put_array(plan, "items");
	for (size_t i = 0; i < ch->then_count; i++) {
		o = json_add_object(list);
		json_put_str(o, "id", ch->then[i]->id);
		json_put_copy(o, "body", ch->then[i]->body);
		json_put_copy(o, "hidden", ch->then[i]->hidden);
	}
	json_put_int(plan, "anchor", ch->anchor_s);
	json_put_int(plan, "trial_end", ch->trial_end_s);
	json_put_bool(plan, "trial", ch->trial);
	json_put_bool(plan, "anew", ch->anew);
	if (ch->deferred != NULL)
		json_put_copy(plan, "deferred", ch->deferred);
	return plan;
}

static enum vt_err
apply_item(struct call *c, const struct json *planned)
{
	const char *id = json_str_at(planned, "id");
	struct doc *item = doc_find(c, R_SUBSCRIPTION_ITEM, id);

	if (item == NULL) {
		item = doc_new(c, R_SUBSCRIPTION_ITEM);
		item->id = arena_strdup(c->arena, id);
	}
	item->body = json_clone(c->arena, json_get(planned, "body"));
	item->hidden = json_clone(c->arena, json_get(planned, "hidden"));
	return doc_save(c, item);
}

static enum vt_err
apply_items(struct call *c, const struct doc *sub, const struct json *list)
{
	struct subscription_items now;
	const struct json *j;
	enum vt_err err = subscription_items(c, sub, &now);

	for (size_t i = 0; i < now.count && err == VT_OK; i++) {
		for (j = json_first(list); j != NULL; j = json_next(j))
			if (strcmp(json_str_at(j, "id"), now.docs[i]->id) == 0)
				break;
		if (j != NULL)
			continue;
		doc_bury(c, now.docs[i]);
		err = doc_save(c, now.docs[i]);
	}
	for (j = json_first(list); j != NULL && err == VT_OK; j = json_next(j))
		err = apply_item(c, j);
	return err;
}

static bool
flag(const struct json *plan, const char *name)
{
	bool yes = false;

	return json_bool(json_get(plan, name), &yes) && yes;
}

static void
apply_trial(struct call *c, struct doc *sub, const struct json *plan)
{
	bool was = doc_is(sub, "status", "trialing");

	if (flag(plan, "trial")) {
		if (!was)
			json_put_int(sub->body, "trial_start", c->now_s);
		json_put_str(sub->body, "status", "trialing");
	} else if (was)
		json_put_str(sub->body, "status", "active");
	else
		return;
	json_put_copy(sub->body, "trial_end", json_get(plan, "trial_end"));
}

static enum vt_err
thaw(struct call *c, struct doc *sub, const struct json *plan)
{
	enum vt_err err = apply_items(c, sub, json_get(plan, "items"));

	if (err != VT_OK)
		return err;
	json_put_copy(
	    sub->body, "billing_cycle_anchor", json_get(plan, "anchor"));
	apply_trial(c, sub, plan);
	if (flag(plan, "anew"))
		json_put_int(sub->hidden, "renewed_at", c->now_s);
	return json_get(plan, "deferred") == NULL
	    ? VT_OK
	    : settings_apply(c, sub, json_get(plan, "deferred"));
}

enum vt_err
change_apply(struct call *c, const struct change *ch)
{
	return thaw(c, ch->sub, freeze(c, ch));
}

/* --- later, perhaps
 * ----------------------------------------------------------------- */

void
change_defer(struct call *c, const struct change *ch, const struct doc *invoice)
{
	json_put_copy(ch->sub->hidden, "update", freeze(c, ch));
	json_put_str(ch->sub->hidden, "update_invoice", invoice->id);
}

void
change_show_pending(struct call *c, struct doc *sub, int64_t expires_s)
{
	const struct json *plan = json_get(sub->hidden, "update"), *j;
	const struct json *deferred = json_get(plan, "deferred");
	struct json *o = json_put_object(sub->body, "pending_update");
	struct json *items;

	(void)c;
	json_put_copy(o, "billing_cycle_anchor",
	    flag(plan, "anew") ? json_get(plan, "anchor") : NULL);
	json_put_copy(o, "cancel_at_period_end",
	    json_get(deferred, "cancel_at_period_end"));
	json_put_null(o, "discount");
	json_put_copy(o, "discounts", json_get(deferred, "discounts"));
	json_put_int(o, "expires_at", expires_s);
	json_put_copy(o, "metadata", json_get(deferred, "metadata"));
	items = json_put_array(o, "subscription_items");
	for (j = json_first(json_get(plan, "items")); j != NULL;
	     j = json_next(j))
		json_add_copy(items, json_get(j, "body"));
	json_put_copy(o, "trial_end",
	    flag(plan, "trial") ? json_get(plan, "trial_end") : NULL);
	json_put_null(o, "trial_from_plan");
}

/* It does not wait any more; true if the API showed that it did. */
static bool
forget(struct doc *sub)
{
	bool shown = !json_is_null(json_get(sub->body, "pending_update"));

	json_put_null(sub->body, "pending_update");
	json_remove(sub->hidden, "update");
	json_remove(sub->hidden, "update_invoice");
	return shown;
}

enum vt_err
change_apply_pending(struct call *c, struct doc *sub)
{
	const struct json *plan =
	    json_clone(c->arena, json_get(sub->hidden, "update"));
	bool shown = forget(sub);
	enum vt_err err = thaw(c, sub, plan);

	if (err == VT_OK)
		err = subscription_save(c, sub, NULL);
	return err == VT_OK && shown
	    ? event_emit(c, "customer.subscription.pending_update_applied", sub)
	    : err;
}

enum vt_err
change_expire_pending(struct call *c, struct doc *sub)
{
	bool shown = forget(sub);
	enum vt_err err = subscription_save(c, sub, NULL);

	return err == VT_OK && shown
	    ? event_emit(c, "customer.subscription.pending_update_expired", sub)
	    : err;
}
