/* billing: see billing.h. */
#include "billing.h"

#include <string.h>

#include "dunning.h"
#include "event.h"
#include "invoice.h"
#include "invoice_item.h"
#include "price.h"
#include "subscription_item.h"

#define ON_TRIAL INT64_MIN /* instead of an anchor: it is free */

static struct invoice_from
invoice_of(const struct doc *sub, const char *reason)
{
	return (struct invoice_from){
		.customer = json_str_at(sub->body, "customer"),
		.currency = json_str_at(sub->body, "currency"),
		.billing_reason = reason,
		.subscription = sub,
		.collection_method =
		    json_str_at(sub->body, "collection_method"),
		.days_until_due = doc_int(sub, "days_until_due"),
		.description =
		    json_str_at(sub->body, "invoice_settings.description"),
		.footer = json_str_at(sub->body, "invoice_settings.footer"),
		.auto_advance = true,
	};
}

/* --- lines
 * -------------------------------------------------------------------- */

/* The line of an item's period, reckoned from this anchor. */
static enum vt_err
add_period(struct call *c, const struct doc *sub, const struct doc *item,
    int64_t anchor_s, struct doc *invoice)
{
	struct invoice_line line = {
		.quantity = subscription_item_quantity(item),
		.period_start_s = doc_int(item, "current_period_start"),
		.period_end_s = doc_int(item, "current_period_end"),
		.subscription = sub->id,
		.subscription_item = item->id,
		.discounts = json_get(item->body, "discounts"),
		.metadata = json_get(sub->body, "metadata"),
	};
	struct doc *price;
	enum vt_err err = subscription_item_price(c, item, &price);

	line.price = price;
	if (err != VT_OK)
		return err;
	if (anchor_s == ON_TRIAL) {
		line.unit_amount = "0";
		line.description = arena_printf(c->arena, "Trial period for %s",
		    subscription_item_title(c, item));
	} else
		err = proration_part(c, sub, item, anchor_s,
		    line.period_start_s, line.period_end_s, &line.amount);
	return err == VT_OK ? invoice_add_line(c, invoice, &line) : err;
}

/* What an item costs for the time before its period, of one that began in
 * the past; on one line. */
static enum vt_err
add_past(struct call *c, const struct doc *sub, const struct doc *item,
    struct doc *invoice)
{
	int64_t start_s = doc_int(sub, "start_date"), amount, to_s;
	int64_t end_s = doc_int(item, "current_period_start");
	struct period p = subscription_period(sub, item);
	struct invoice_line line = {
		.quantity = subscription_item_quantity(item),
		.period_start_s = start_s,
		.period_end_s = end_s,
		.subscription = sub->id,
		.subscription_item = item->id,
	};
	struct doc *price;
	enum vt_err err = subscription_item_price(c, item, &price);

	line.price = price;
	for (int64_t at_s = start_s; at_s < end_s && err == VT_OK;
	     at_s = to_s) {
		to_s = period_end(&p, at_s);
		to_s = to_s < end_s ? to_s : end_s;
		err = proration_part(
		    c, sub, item, p.anchor_s, at_s, to_s, &amount);
		line.amount += amount;
	}
	return err == VT_OK && start_s < end_s
	    ? invoice_add_line(c, invoice, &line)
	    : err;
}

static enum vt_err
add_periods(struct call *c, const struct doc *sub, struct doc *const *items,
    size_t count, int64_t anchor_s, struct doc *invoice)
{
	enum vt_err err = VT_OK;

	for (size_t i = 0; i < count && err == VT_OK; i++)
		err = add_period(c, sub, items[i], anchor_s, invoice);
	return err;
}

/* Notes on the items what an invoice's lines bill for them. */
static void
note(struct call *c, struct doc *const *items, size_t count,
    const struct doc *invoice)
{
	static const char path[] =
	    "parent.subscription_item_details.subscription_item";
	const struct json *j, *off;
	struct proration_billed b = { .invoice = invoice->id };
	int64_t n;

	for (j = json_first(invoice_lines(invoice)); j != NULL;
	     j = json_next(j)) {
		const char *item = json_str_at(j, path);

		(void)json_int_at(j, "amount", &b.amount); /* always there */
		(void)json_int_at(j, "period.start", &b.from_s);
		(void)json_int_at(j, "period.end", &b.to_s);
		if (item == NULL || b.amount < 0)
			continue;
		for (off = json_first(json_get(j, "discount_amounts"));
		     off != NULL; off = json_next(off))
			if (json_int_at(off, "amount", &n))
				b.amount -= n;
		b.line = json_str_at(j, "id");
		for (size_t i = 0; i < count; i++)
			if (strcmp(items[i]->id, item) == 0)
				proration_note(c, items[i], &b);
	}
}

static enum vt_err
note_all(struct call *c, const struct doc *sub, const struct doc *invoice)
{
	struct subscription_items items;
	enum vt_err err = subscription_items(c, sub, &items);

	if (err != VT_OK)
		return err;
	note(c, items.docs, items.count, invoice);
	for (size_t i = 0; i < items.count && err == VT_OK; i++)
		err = doc_save(c, items.docs[i]);
	return err;
}

/* --- what is sold beside them
 * ---------------------------------------------------- */

/* The moment that an edge of an extra's period names. */
static int64_t
edge(struct call *c, const struct doc *sub, const struct json *given)
{
	const char *type = json_str_at(given, "type");
	int64_t at_s = c->now_s;

	if (type == NULL || json_int_at(given, "timestamp", &at_s))
		return at_s;
	if (strcmp(type, "min_item_period_end") == 0)
		return subscription_period_ends(sub);
	return strcmp(type, "max_item_period_start") == 0
	    ? subscription_period_started(sub)
	    : at_s;
}

/* An element of add_invoice_items, for the next invoice. */
static enum vt_err
add_extra(struct call *c, const struct doc *sub, const struct doc *customer,
    const struct json *given, const char *at)
{
	const char *id = json_str_at(given, "price");
	const char *currency = json_str_at(sub->body, "currency");
	struct invoice_item_from from = { .customer = customer,
		.currency = currency,
		.quantity = 1,
		.period_start_s = edge(c, sub, json_at(given, "period.start")),
		.period_end_s = edge(c, sub, json_at(given, "period.end")),
		.subscription = sub };
	const struct json *data = json_get(given, "price_data");
	struct doc *price, *item;
	bool discountable = true;
	enum vt_err err;

	if ((id == NULL) == (data == NULL))
		return call_fail(c, 400, "parameter_missing",
		    arena_printf(c->arena, "%s[price]", at),
		    "Give either price or price_data for %s.", at);
	err = id != NULL
	    ? price_take(c, id, arena_printf(c->arena, "%s[price]", at), &price)
	    : price_make(c, data, arena_printf(c->arena, "%s[price_data]", at),
		  false, &price);
	if (err != VT_OK)
		return err;
	if (!doc_is(price, "type", "one_time"))
		return call_fail(c, 400, NULL, at,
		    "The price specified is set to `type=recurring` but this "
		    "field only accepts prices with `type=one_time`.");
	(void)json_int_at(given, "quantity", &from.quantity); /* else 1 */
	(void)json_bool(json_get(given, "discountable"), &discountable);
	from.price = price;
	from.undiscountable = !discountable;
	err = price_amount(c, price, currency, from.quantity, &from.amount);
	return err == VT_OK ? invoice_item_make(c, &from, &item) : err;
}

static enum vt_err
add_extras(struct call *c, const struct doc *sub, const struct json *params)
{
	const struct json *list = json_get(params, "add_invoice_items"), *j;
	struct doc *customer =
	    doc_find(c, R_CUSTOMER, json_str_at(sub->body, "customer"));
	enum vt_err err = customer == NULL ? VT_DB : VT_OK;
	int i = 0;

	for (j = json_first(list); j != NULL && err == VT_OK; j = json_next(j))
		err = add_extra(c, sub, customer, j,
		    arena_printf(c->arena, "add_invoice_items[%d]", i++));
	return err;
}

/* --- making them
 * ----------------------------------------------------------------- */

/* Stores it, and makes it the subscription's latest. */
static enum vt_err
draft(struct call *c, struct doc *sub, struct doc *invoice)
{
	enum vt_err err;

	if (invoice_is_preview(invoice))
		return VT_OK;
	err = invoice_draft(c, invoice);
	if (err == VT_OK)
		json_put_str(sub->body, "latest_invoice", invoice->id);
	return err;
}

enum vt_err
billing_first(struct call *c, struct doc *sub, const struct json *params,
    bool preview, struct doc **out)
{
	struct invoice_from from = invoice_of(sub, "subscription_create");
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
		err = add_past(c, sub, items.docs[i], *out);
	if (err == VT_OK)
		err = add_periods(c, sub, items.docs, items.count,
		    trial ? ON_TRIAL : doc_int(sub, "billing_cycle_anchor"),
		    *out);
	if (err == VT_OK)
		err = add_extras(c, sub, params);
	if (err == VT_OK)
		err = invoice_take_items(c, *out, true, &taken);
	if (err == VT_OK)
		err = draft(c, sub, *out);
	return err == VT_OK ? note_all(c, sub, *out) : err;
}

/* A proration waits to be billed. */
static enum vt_err
pend(struct call *c, const struct doc *sub, const struct proration *p)
{
	struct doc *price, *item, *customer;
	enum vt_err err = subscription_item_price(c, p->item, &price);

	if (err != VT_OK)
		return err;
	customer = doc_find(c, R_CUSTOMER, json_str_at(sub->body, "customer"));
	if (customer == NULL)
		return VT_DB;
	return invoice_item_make(c,
	    &(struct invoice_item_from){ .customer = customer,
		.currency = json_str_at(sub->body, "currency"),
		.price = price,
		.quantity = subscription_item_quantity(p->item),
		.amount = p->amount,
		.description = p->description,
		.period_start_s = p->from_s,
		.period_end_s = p->to_s,
		.subscription = sub,
		.subscription_item = p->item->id,
		.proration = true,
		.credited = p->credited,
		.undiscountable = true },
	    &item);
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
	struct invoice_from from = invoice_of(ch->sub, "subscription_update");
	enum vt_err err = VT_OK;
	size_t taken;

	*out = NULL;
	from.preview = ch->preview;
	for (size_t i = 0; i < ch->lines_count && err == VT_OK; i++) {
		err = pend(c, ch->sub, &ch->lines[i]);
		note_charge(c, ch, &ch->lines[i]);
	}
	if (err == VT_OK)
		err = add_extras(c, ch->sub, params);
	if (err != VT_OK ||
	    (!ch->begins && !(ch->invoice && ch->lines_count > 0)))
		return err;
	err = invoice_new(c, &from, out);
	if (err == VT_OK && ch->begins)
		err = add_periods(c, ch->sub, ch->then, ch->then_count,
		    ch->trial ? ON_TRIAL : ch->anchor_s, *out);
	if (err == VT_OK)
		err = invoice_take_items(c, *out, false, &taken);
	if (err == VT_OK)
		err = draft(c, ch->sub, *out);
	if (err == VT_OK)
		note(c, ch->then, ch->then_count, *out);
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
		err = add_period(c, sub, items->docs[i],
		    doc_int(sub, "billing_cycle_anchor"), invoice);
	}
	return err;
}

enum vt_err
billing_cycle(struct call *c, struct doc *sub)
{
	const char *paused =
	    json_str_at(sub->body, "pause_collection.behavior");
	struct invoice_from from = invoice_of(sub, "subscription_cycle");
	struct subscription_items items;
	struct doc *invoice;
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
		err = draft(c, sub, invoice);
	if (err == VT_OK)
		err = note_all(c, sub, invoice);
	if (err == VT_OK)
		err = subscription_save(c, sub, NULL);
	return err == VT_OK && paused != NULL ? pause(c, invoice, paused) : err;
}

enum vt_err
billing_upcoming(
    struct call *c, const struct doc *sub, bool recurs, struct doc **out)
{
	struct invoice_from from = invoice_of(sub, "upcoming");
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
		err = add_period(
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

/* --- the end
 * ------------------------------------------------------------------------- */

enum vt_err
billing_last(struct call *c, struct doc *sub, struct doc **out)
{
	struct invoice_from from = invoice_of(sub, "subscription_cycle");
	struct doc *invoice;
	size_t taken;
	enum vt_err err;

	from.period_start_s = subscription_period_started(sub);
	from.period_end_s = c->now_s;
	err = invoice_new(c, &from, &invoice);
	if (err == VT_OK)
		err = invoice_take_items(c, invoice, false, &taken);
	*out = NULL;
	if (err != VT_OK || taken == 0)
		return err;
	*out = invoice;
	return draft(c, sub, invoice);
}

/* Removes the prorations that wait for it. */
static enum vt_err
drop_prorations(struct call *c, const struct doc *sub)
{
	const char *customer = json_str_at(sub->body, "customer");
	struct doc_ids of;
	struct doc *item;
	enum vt_err err;

	err = doc_ids(c, R_INVOICE_ITEM, DOC_OF_CUSTOMER, customer, &of);
	for (size_t i = 0; i < of.count && err == VT_OK; i++) {
		item = doc_find(c, R_INVOICE_ITEM, of.ids[i]);
		if (item == NULL)
			return VT_DB;
		if (!doc_flag(item, "proration") ||
		    json_str_at(item->body, "invoice") != NULL ||
		    !doc_is(item, "parent.subscription_details.subscription",
			sub->id))
			continue;
		err = event_emit(c, "invoiceitem.deleted", item);
		doc_bury(c, item);
		if (err == VT_OK)
			err = doc_save(c, item);
	}
	return err;
}

enum vt_err
billing_end(struct call *c, struct doc *sub, bool prorate, bool invoice_now,
    struct doc **out)
{
	struct subscription_items items;
	struct proration p;
	enum vt_err err = subscription_items(c, sub, &items);

	*out = NULL;
	for (size_t i = 0; i < items.count && prorate && err == VT_OK; i++) {
		err = proration_credit(c, sub, items.docs[i], c->now_s, &p);
		if (err == VT_OK)
			err = pend(c, sub, &p);
		else if (err == VT_NOTFOUND)
			err = VT_OK;
	}
	if (err != VT_OK || invoice_now)
		return err == VT_OK ? billing_last(c, sub, out) : err;
	return prorate ? VT_OK : drop_prorations(c, sub);
}

enum vt_err
billing_stop(struct call *c, const struct doc *sub)
{
	struct doc_ids of;
	struct doc *invoice;
	enum vt_err err = doc_ids(c, R_INVOICE, DOC_OF_PARENT, sub->id, &of);

	for (size_t i = 0; i < of.count && err == VT_OK; i++) {
		invoice = doc_find(c, R_INVOICE, of.ids[i]);
		if (invoice == NULL)
			return VT_DB;
		if (!doc_is(invoice, "status", "open") &&
		    !doc_is(invoice, "status", "draft"))
			continue;
		json_put_bool(invoice->body, "auto_advance", false);
		json_put_null(invoice->body, "next_payment_attempt");
		json_put_null(invoice->body, "automatically_finalizes_at");
		invoice->due_ms = 0;
		err = invoice_save(c, invoice);
	}
	return err;
}

enum vt_err
billing_void(struct call *c, const char *id, bool *done)
{
	struct doc *invoice = id == NULL ? NULL : doc_find(c, R_INVOICE, id);

	*done = invoice != NULL &&
	    (doc_is(invoice, "status", "open") ||
		doc_is(invoice, "status", "uncollectible"));
	return *done ? invoice_void(c, invoice) : VT_OK;
}

/* --- how it is paid
 * -------------------------------------------------------------------- */

enum vt_err
billing_has_method(struct call *c, const struct doc *sub, bool *out)
{
	struct invoice_from from = invoice_of(sub, NULL);
	struct doc *invoice;
	enum vt_err err = invoice_new(c, &from, &invoice);

	if (err == VT_OK)
		*out = invoice_method(c, invoice) != NULL;
	return err;
}

const char *
billing_method_of(struct call *c, const struct doc *invoice)
{
	struct doc *payment, *intent;
	struct doc_ids of;
	const char *id;

	if (doc_ids(c, R_INVOICE_PAYMENT, DOC_OF_PARENT, invoice->id, &of) !=
	    VT_OK)
		return NULL;
	for (size_t i = 0; i < of.count; i++) {
		payment = doc_find(c, R_INVOICE_PAYMENT, of.ids[i]);
		if (payment == NULL)
			return NULL;
		id = json_str_at(payment->body, "payment.payment_intent");
		intent = id == NULL ? NULL : doc_find(c, R_PAYMENT_INTENT, id);
		if (intent != NULL && doc_is(intent, "status", "succeeded"))
			return json_str_at(intent->body, "payment_method");
	}
	return NULL;
}

bool
billing_is_last_attempt(const struct doc *invoice)
{
	int64_t attempts = doc_int(invoice, "attempt_count");

	return attempts > 0 && dunning_next_s(attempts, 0) == 0 &&
	    json_is_null(json_get(invoice->body, "next_payment_attempt"));
}
