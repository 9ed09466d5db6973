/* change_apply: a plan made so, at once or later. See change.h. */
#include <string.h>

#include "core/event.h"
#include "core/settings.h"
#include "subscriptions/change.h"

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
