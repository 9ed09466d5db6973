/* change: periods and prorations of a change. See change.h. */
#include "subscriptions/change.h"

#include <string.h>

#include "subscriptions/subscription_item.h"

struct doc *
change_then(const struct change *ch, const char *id)
{
	for (size_t i = 0; i < ch->then_count; i++)
		if (strcmp(ch->then[i]->id, id) == 0)
			return ch->then[i];
	return NULL;
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
	const struct doc *then = change_then(ch, old->id);

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
	if (ch->anew && !ch->trial)
		ch->anchor_s = c->now_s;
	else if (ch->anew &&
	    !doc_is(ch->sub, "trial_settings.end_behavior.billing_cycle_anchor",
		"unchanged"))
		ch->anchor_s = ch->trial_end_s;
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
