/* proration: see proration.h. */
#include "subscriptions/proration.h"

#include "catalog/discount.h"
#include "core/decimal.h"
#include "subscriptions/subscription_item.h"

#define SEGMENTS_MAX 100 /* stretches noted on one item */

/* What the discounts leave of the price of a whole period. */
static int64_t
net(struct call *c, const struct doc *sub, const struct doc *item,
    int64_t amount)
{
	const struct doc *const of[] = { item, sub };
	const char *product = json_str_at(item->body, "price.product");
	struct bill_line line = { .left = amount, .takes = true };
	const struct json *live;

	for (size_t i = 0; i < countof(of); i++) {
		live = discounts_live(
		    c, json_get(of[i]->body, "discounts"), c->now_s);
		for (const struct json *j = json_first(live); j != NULL;
		     j = json_next(j)) {
			const struct doc *d =
			    doc_find(c, R_DISCOUNT, json_str(j));

			if (d == NULL)
				continue;
			line.off = 0;
			discount_apply(d, json_str_at(sub->body, "currency"),
			    &line, &product, 1);
			line.left -= line.off;
		}
	}
	return line.left;
}

enum vt_err
proration_part(struct call *c, const struct doc *sub, const struct doc *item,
    int64_t anchor_s, int64_t from_s, int64_t to_s, int64_t *out)
{
	struct period p = subscription_period(sub, item);
	int64_t amount;
	enum vt_err err = subscription_item_amount(c, sub, item, &amount);

	p.anchor_s = anchor_s;
	if (err == VT_OK)
		*out = period_share(&p, amount, from_s, to_s);
	return err;
}

static const char *
describe(struct call *c, const char *what, const struct doc *item, int64_t at_s)
{
	char date[PERIOD_TEXT_BYTES];

	period_date(at_s, date);
	return arena_printf(c->arena, "%s time on %s after %s", what,
	    subscription_item_title(c, item), date);
}

/* --- what was billed
 * ----------------------------------------------------------- */

struct segment {
	int64_t amount, from_s, to_s;
};

static struct segment
segment_of(const struct json *j)
{
	struct segment s = { 0, 0, 0 };

	/* Ours: they are there. */
	(void)json_int_at(j, "amount", &s.amount);
	(void)json_int_at(j, "from", &s.from_s);
	(void)json_int_at(j, "to", &s.to_s);
	return s;
}

static void
add_segment(struct json *list, const struct segment *s, const char *invoice,
    const char *line)
{
	struct json *o = json_add_object(list);

	json_put_int(o, "amount", s->amount);
	json_put_int(o, "from", s->from_s);
	json_put_int(o, "to", s->to_s);
	json_put_str(o, "invoice", invoice);
	json_put_str(o, "line", line);
}

void
proration_note(
    struct call *c, struct doc *item, const struct proration_billed *b)
{
	const struct json *old = json_get(item->hidden, "billed"), *j;
	struct json *list = json_array(c->arena);
	struct segment s = { b->amount, b->from_s, b->to_s };

	if (json_count(old) < SEGMENTS_MAX)
		for (j = json_first(old); j != NULL; j = json_next(j)) {
			struct segment o = segment_of(j);

			bool apart = o.to_s <= b->from_s || o.from_s >= b->to_s;

			if (!apart && o.from_s >= b->from_s)
				continue;
			if (!apart) {
				o.amount = amount_scale(o.amount,
				    b->from_s - o.from_s, o.to_s - o.from_s);
				o.to_s = b->from_s;
			}
			add_segment(list, &o, json_str_at(j, "invoice"),
			    json_str_at(j, "line"));
		}
	add_segment(list, &s, b->invoice, b->line);
	json_put_copy(item->hidden, "billed", list);
}

/* What was billed for the time from `at_s` on, and where. */
static int64_t
billed(struct call *c, const struct doc *item, int64_t at_s,
    struct json **credited)
{
	const struct json *list = json_get(item->hidden, "billed"), *j;
	int64_t sum = 0, from_s;

	*credited = NULL;
	for (j = json_first(list); j != NULL; j = json_next(j)) {
		struct segment s = segment_of(j);
		const char *line = json_str_at(j, "line");

		if (s.to_s <= at_s || s.to_s <= s.from_s)
			continue;
		from_s = s.from_s > at_s ? s.from_s : at_s;
		sum +=
		    amount_scale(s.amount, s.to_s - from_s, s.to_s - s.from_s);
		if (line == NULL || *credited != NULL)
			continue;
		*credited = json_object(c->arena);
		json_put_str(*credited, "invoice", json_str_at(j, "invoice"));
		json_add_str(
		    json_put_array(*credited, "invoice_line_items"), line);
	}
	return sum;
}

/* --- the two ---------------------------------------------------------- */

enum vt_err
proration_credit(struct call *c, const struct doc *sub, const struct doc *item,
    int64_t at_s, struct proration *out)
{
	int64_t end_s = doc_int(item, "current_period_end"), amount, whole;
	bool flexible = doc_is(sub, "billing_mode.type", "flexible");
	struct period p = subscription_period(sub, item);
	enum vt_err err;

	if (at_s >= end_s || subscription_item_metered(item))
		return VT_NOTFOUND;
	amount = billed(c, item, at_s, &out->credited);
	if (!flexible) {
		err = subscription_item_amount(c, sub, item, &whole);
		if (err != VT_OK)
			return err;
		amount =
		    period_share(&p, net(c, sub, item, whole), at_s, end_s);
	}
	if (amount == 0 && flexible)
		return VT_NOTFOUND;
	out->item = item;
	out->amount = -amount;
	out->from_s = at_s;
	out->to_s = end_s;
	out->description = describe(c, "Unused", item, at_s);
	return VT_OK;
}

enum vt_err
proration_charge(struct call *c, const struct doc *sub, const struct doc *item,
    int64_t at_s, struct proration *out)
{
	int64_t end_s = doc_int(item, "current_period_end"), whole;
	struct period p = subscription_period(sub, item);
	enum vt_err err;

	if (at_s >= end_s || subscription_item_metered(item))
		return VT_NOTFOUND;
	err = subscription_item_amount(c, sub, item, &whole);
	if (err != VT_OK)
		return err;
	out->item = item;
	out->amount = period_share(&p, net(c, sub, item, whole), at_s, end_s);
	out->from_s = at_s;
	out->to_s = end_s;
	out->description = describe(c, "Remaining", item, at_s);
	out->credited = NULL;
	return VT_OK;
}
