/* invoice_total: what an invoice adds up to. See invoice.h. */
#include <string.h>

#include "catalog/discount.h"
#include "invoices/bill.h"
#include "invoices/invoice.h"
#include "payments/intent.h"

/* An invoice while it is added up: its lines, and what is taken off them. */
struct work {
	struct call *c;
	struct doc *invoice;
	const char *currency;
	const struct json *lines[INVOICE_LINES_MAX];
	struct bill_line bill[INVOICE_LINES_MAX];
	const char *products[INVOICE_LINES_MAX];
	struct json *amounts[INVOICE_LINES_MAX]; /* discount_amounts */
	struct json *totals;			 /* of all lines */
	size_t count;
};

static void
read_lines(struct work *w)
{
	const struct json *j = json_first(invoice_lines(w->invoice));

	for (; j != NULL; j = json_next(j), w->count++) {
		w->lines[w->count] = j;
		w->amounts[w->count] = json_array(w->c->arena);
		w->products[w->count] =
		    json_str_at(j, "pricing.price_details.product");
		(void)json_int_at(j, "amount", &w->bill[w->count].left);
	}
}

static void
add_amount(struct json *list, int64_t amount, const char *discount)
{
	struct json *o = json_add_object(list);

	json_put_int(o, "amount", amount);
	json_put_str(o, "discount", discount);
}

/* One discount, on one line of its own or on all. */
static void
take(struct work *w, const char *id, size_t only)
{
	const struct doc *d = doc_find(w->c, R_DISCOUNT, id);
	int64_t total = 0;

	if (d == NULL)
		return;
	for (size_t i = 0; i < w->count; i++)
		w->bill[i].takes = (only == w->count || i == only) &&
		    intent_flag(w->lines[i], "discountable");
	discount_apply(d, w->currency, w->bill, w->products, w->count);
	for (size_t i = 0; i < w->count; i++)
		if (w->bill[i].takes) {
			add_amount(w->amounts[i], w->bill[i].off, id);
			total += w->bill[i].off;
		}
	add_amount(w->totals, total, id);
}

static void
take_all(struct work *w)
{
	const struct json *j;

	for (size_t i = 0; i < w->count; i++)
		for (j = json_first(json_get(w->lines[i], "discounts"));
		     j != NULL; j = json_next(j))
			take(w, json_str(j), i);
	for (j = json_first(json_get(w->invoice->body, "discounts")); j != NULL;
	     j = json_next(j))
		take(w, json_str(j), w->count);
}

/* The same amounts, as credits before tax: those that are not nothing. */
static struct json *
pretax(struct work *w, const struct json *amounts)
{
	struct json *out = json_array(w->c->arena), *o;

	for (; amounts != NULL; amounts = json_next(amounts)) {
		o = json_add_object(out);
		json_put_copy(o, "amount", json_get(amounts, "amount"));
		json_put_copy(o, "discount", json_get(amounts, "discount"));
		json_put_str(o, "type", "discount");
	}
	return out;
}

/* The lines with what was taken off them, and the first of them shown. */
static void
write_lines(struct work *w)
{
	struct json *all = json_array(w->c->arena), *line, *list, *shown;

	list = json_put_object(w->invoice->body, "lines");
	json_put_str(list, "object", "list");
	shown = json_put_array(list, "data");
	for (size_t i = 0; i < w->count; i++) {
		line = json_clone(w->c->arena, w->lines[i]);
		json_put_copy(line, "discount_amounts", w->amounts[i]);
		json_put_copy(line, "pretax_credit_amounts",
		    pretax(w, json_first(w->amounts[i])));
		json_add_copy(all, line);
		if (i < INVOICE_LINES_SHOWN)
			json_add_copy(shown, line);
	}
	json_put_bool(list, "has_more", w->count > INVOICE_LINES_SHOWN);
	json_put_str(list, "url",
	    arena_printf(w->c->arena, "/v1/invoices/%s/lines", w->invoice->id));
	invoice_set_lines(w->invoice, all);
}

/*
 * What is left to pay once the customer's balance is applied: a credit
 * lowers it, a debt raises it, and what is too little to be charged is owed
 * on the next invoice.
 */
static void
put_due(struct work *w, int64_t total)
{
	const char *id = json_str_at(w->invoice->body, "customer");
	const struct doc *customer =
	    id == NULL ? NULL : doc_find(w->c, R_CUSTOMER, id);
	int64_t start = 0, due, end;

	if (customer != NULL && !customer->deleted)
		start = doc_int(customer, "balance");
	due = total + start;
	end = due < 0 ? due : 0;
	if (due < 0)
		due = 0;
	if (due > 0 && due < intent_minimum(w->currency)) {
		end = due;
		due = 0;
	}
	json_put_int(w->invoice->body, "starting_balance", start);
	json_put_int(w->invoice->hidden, "ending_balance", end);
	if (invoice_is_preview(w->invoice))
		json_put_int(w->invoice->body, "ending_balance", end);
	json_put_int(w->invoice->body, "amount_due", due);
	json_put_int(w->invoice->body, "amount_remaining", due);
}

void
invoice_total(struct call *c, struct doc *invoice)
{
	struct work *w = arena_alloc(c->arena, sizeof(*w));
	struct json *body = invoice->body;
	int64_t subtotal = 0, total = 0;

	w->c = c;
	w->invoice = invoice;
	w->currency = json_str_at(body, "currency");
	w->totals = json_array(c->arena);
	read_lines(w);
	for (size_t i = 0; i < w->count; i++)
		subtotal += w->bill[i].left;
	take_all(w);
	for (size_t i = 0; i < w->count; i++)
		total += w->bill[i].left;
	json_put_int(body, "subtotal", subtotal);
	json_put_int(body, "subtotal_excluding_tax", subtotal);
	json_put_int(body, "total", total);
	json_put_int(body, "total_excluding_tax", total);
	json_put_copy(body, "total_discount_amounts", w->totals);
	json_put_copy(body, "total_pretax_credit_amounts",
	    pretax(w, json_first(w->totals)));
	write_lines(w);
	put_due(w, total);
}
