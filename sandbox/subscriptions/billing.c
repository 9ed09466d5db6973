/* billing: see billing.h. */
#include <string.h>

#include "core/event.h"
#include "subscriptions/billing_parts.h"
#include "subscriptions/subscription_item.h"

/* --- making them
 * ----------------------------------------------------------------- */

enum vt_err
billing_first(struct call *c, struct doc *sub, const struct json *params,
    bool preview, struct doc **out)
{
	struct invoice_from from = billing_from(sub, "subscription_create");
	bool trial = doc_is(sub, "status", "trialing");
	struct subscription_items items;
	size_t taken;
	enum vt_err err;

	from.auto_advance = doc_is(sub, "collection_method", "send_invoice");
	from.preview = preview;
	err = subscription_items(c, sub, &items);
	if (err == VT_OK)
		err = invoice_new(c, &from, out);
	for (size_t i = 0; i < items.count && err == VT_OK && !trial; i++)
		err = billing_add_past(c, sub, items.docs[i], *out);
	if (err == VT_OK)
		err = billing_add_periods(c, sub, items.docs, items.count,
		    trial ? BILLING_ON_TRIAL
			  : doc_int(sub, "billing_cycle_anchor"),
		    *out);
	if (err == VT_OK)
		err = billing_add_extras(c, sub, params);
	if (err == VT_OK)
		err = invoice_take_items(c, *out, true, &taken);
	if (err == VT_OK)
		err = billing_draft(c, sub, *out);
	return err == VT_OK ? billing_note_all(c, sub, *out) : err;
}

static void
note_charge(struct call *c, const struct change *ch, const struct proration *p)
{
	if (p->amount < 0)
		return;
	for (size_t i = 0; i < ch->then_count; i++)
		if (strcmp(ch->then[i]->id, p->item->id) == 0)
			proration_note(c, ch->then[i],
			    &(struct proration_billed){ .amount = p->amount,
				.from_s = p->from_s,
				.to_s = p->to_s });
}

enum vt_err
billing_change(struct call *c, struct change *ch, const struct json *params,
    struct doc **out)
{
	struct invoice_from from = billing_from(ch->sub, "subscription_update");
	enum vt_err err = VT_OK;
	size_t taken;

	*out = NULL;
	from.preview = ch->preview;
	for (size_t i = 0; i < ch->lines_count && err == VT_OK; i++) {
		err = billing_pend(c, ch->sub, &ch->lines[i]);
		note_charge(c, ch, &ch->lines[i]);
	}
	if (err == VT_OK)
		err = billing_add_extras(c, ch->sub, params);
	if (err != VT_OK ||
	    (!ch->begins && !(ch->invoice && ch->lines_count > 0)))
		return err;
	err = invoice_new(c, &from, out);
	if (err == VT_OK && ch->begins)
		err = billing_add_periods(c, ch->sub, ch->then, ch->then_count,
		    ch->trial ? BILLING_ON_TRIAL : ch->anchor_s, *out);
	if (err == VT_OK)
		err = invoice_take_items(c, *out, false, &taken);
	if (err == VT_OK)
		err = billing_draft(c, ch->sub, *out);
	if (err == VT_OK)
		billing_note(c, ch->then, ch->then_count, *out);
	return err;
}

enum vt_err
billing_collect(struct call *c, const struct doc *sub, struct doc *invoice,
    const char *behavior)
{
	enum vt_err err;

	/* One that is sent stays a draft for its hour. */
	if (doc_is(sub, "collection_method", "send_invoice"))
		return VT_OK;
	err = invoice_finalize(c, invoice);
	if (err != VT_OK || !doc_is(invoice, "status", "open") ||
	    strcmp(behavior, "default_incomplete") == 0)
		return err;
	return invoice_pay(
	    c, invoice, &(struct invoice_attempt){ NULL, false });
}

/* --- periods
 * ------------------------------------------------------------------------ */

/* What a pause of collection makes of an invoice. */
static enum vt_err
pause(struct call *c, struct doc *invoice, const char *behavior)
{
	enum vt_err err;

	if (strcmp(behavior, "keep_as_draft") == 0)
		return VT_OK;
	err = invoice_finalize(c, invoice);
	if (err != VT_OK || !doc_is(invoice, "status", "open"))
		return err;
	return strcmp(behavior, "void") == 0
	    ? invoice_void(c, invoice)
	    : invoice_mark_uncollectible(c, invoice, "subscription_paused");
}

/* The items whose periods have just begun. */
static enum vt_err
add_turned(struct call *c, const struct doc *sub,
    const struct subscription_items *items, struct doc *invoice)
{
	enum vt_err err = VT_OK;
	bool turned;

	for (size_t i = 0; i < items->count && err == VT_OK; i++) {
		turned = false;
		(void)json_bool(
		    json_get(items->docs[i]->hidden, "turned"), &turned);
		if (!turned)
			continue;
		json_remove(items->docs[i]->hidden, "turned");
		err = billing_add_period(c, sub, items->docs[i],
		    doc_int(sub, "billing_cycle_anchor"), invoice);
	}
	return err;
}

enum vt_err
billing_cycle(struct call *c, struct doc *sub)
{
	const char *paused =
	    json_str_at(sub->body, "pause_collection.behavior");
	struct invoice_from from = billing_from(sub, "subscription_cycle");
	struct subscription_items items;
	struct doc *invoice = NULL;
	size_t taken;
	enum vt_err err;

	from.auto_advance = paused == NULL && !doc_is(sub, "status", "unpaid");
	from.period_start_s = subscription_period_started(sub);
	from.period_end_s = c->now_s;
	err = subscription_items(c, sub, &items);
	if (err == VT_OK)
		err = invoice_new(c, &from, &invoice);
	if (err == VT_OK)
		err = add_turned(c, sub, &items, invoice);
	if (err == VT_OK)
		err = invoice_take_items(c, invoice, true, &taken);
	if (err == VT_OK)
		err = billing_draft(c, sub, invoice);
	if (err == VT_OK)
		err = billing_note_all(c, sub, invoice);
	if (err == VT_OK)
		err = subscription_save(c, sub, NULL);
	return err == VT_OK && paused != NULL ? pause(c, invoice, paused) : err;
}

enum vt_err
billing_upcoming(
    struct call *c, const struct doc *sub, bool recurs, struct doc **out)
{
	struct invoice_from from = billing_from(sub, "upcoming");
	struct subscription_items items;
	int64_t now_s = c->now_s, end_s = subscription_period_ends(sub);
	struct doc *next;
	size_t taken;
	enum vt_err err;

	from.period_start_s = subscription_period_started(sub);
	from.period_end_s = end_s;
	from.preview = true;
	err = subscription_items(c, sub, &items);
	/* Discounts that are over by then count no more. */
	c->now_s = end_s;
	if (err == VT_OK)
		err = invoice_new(c, &from, out);
	for (size_t i = 0; i < items.count && err == VT_OK; i++) {
		if (doc_int(items.docs[i], "current_period_end") > end_s)
			continue;
		next = subscription_item_copy(c, items.docs[i]);
		subscription_item_turn(sub, next);
		err = billing_add_period(
		    c, sub, next, doc_int(sub, "billing_cycle_anchor"), *out);
	}
	if (err == VT_OK && !recurs)
		err = invoice_take_items(c, *out, true, &taken);
	c->now_s = now_s;
	if (err != VT_OK)
		return err;
	json_put_int(
	    (*out)->body, "next_payment_attempt", end_s + INVOICE_DRAFT_S);
	return VT_OK;
}

enum vt_err
billing_announce(struct call *c, const struct doc *sub)
{
	struct doc *invoice;
	enum vt_err err = billing_upcoming(c, sub, false, &invoice);

	if (err != VT_OK)
		return err;
	/* What is not made yet has no name. */
	json_remove(invoice->body, "id");
	return event_emit(c, "invoice.upcoming", invoice);
}
