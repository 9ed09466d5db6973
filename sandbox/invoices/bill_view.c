/* bill_view: see bill_view.h. */
#include "invoices/bill_view.h"

#include <string.h>

#include "core/amount.h"
#include "core/decimal.h"
#include "invoices/credit_note.h"
#include "invoices/invoice.h"
#include "subscriptions/period.h"
#include "text/money.h"

static void
add(struct bill_facts *facts, const char *label, const char *value)
{
	if (value != NULL && facts->count < BILL_FACTS_MAX)
		facts->all[facts->count++] = (struct bill_fact){ label, value };
}

/* A member that is always there, as money. */
static const char *
money_at(struct call *c, const struct doc *d, const char *name)
{
	return amount_text(
	    c->arena, doc_int(d, name), json_str_at(d->body, "currency"));
}

static const char *
date(struct call *c, int64_t at_s)
{
	char text[PERIOD_TEXT_BYTES];

	period_date(at_s, text);
	return arena_strdup(c->arena, text);
}

/* The day of a member, or NULL when it has none. */
static const char *
date_at(struct call *c, const struct doc *d, const char *path)
{
	int64_t at_s;

	return json_int_at(d->body, path, &at_s) ? date(c, at_s) : NULL;
}

/* What one costs, when that says more than the amount itself. */
static const char *
unit_text(struct call *c, const struct json *line, const char *currency)
{
	const char *unit = json_str_at(line, "pricing.unit_amount_decimal");
	int64_t whole;
	decimal d;

	if (unit == NULL)
		unit = json_str_at(line, "unit_amount_decimal");
	if (unit == NULL || !decimal_parse(unit, &d))
		return "";
	if (decimal_whole(d, &whole))
		return amount_text(c->arena, whole, currency);
	return arena_printf(c->arena, "%s/100", unit);
}

static const char *
period_text(struct call *c, const struct json *line)
{
	int64_t start, end;

	if (!json_int_at(line, "period.start", &start) ||
	    !json_int_at(line, "period.end", &end) || end == start)
		return NULL;
	return arena_printf(c->arena, "%s - %s", date(c, start), date(c, end));
}

static void
put_rows(struct call *c, const struct json *lines, const char *currency,
    struct bill_view *out)
{
	const struct json *j = json_first(lines);
	const char *text;
	int64_t n = 0;

	out->rows =
	    arena_array(c->arena, json_count(lines) + 1, sizeof(*out->rows));
	for (; j != NULL; j = json_next(j)) {
		struct bill_row *row = &out->rows[out->rows_count++];

		text = json_str_at(j, "description");
		row->description = text != NULL ? text : "";
		row->period = period_text(c, j);
		row->quantity = json_int_at(j, "quantity", &n)
		    ? arena_printf(c->arena, "%lld", (long long)n)
		    : "";
		row->unit = unit_text(c, j, currency);
		n = 0;
		(void)json_int_at(j, "amount", &n); /* always there */
		row->amount = amount_text(c->arena, n, currency);
	}
}

/* Name, address and e-mail, a line each. */
static void
put_customer(const struct doc *invoice, struct bill_facts *to)
{
	static const char *const paths[] = { "customer_name",
		"customer_address.line1", "customer_address.line2",
		"customer_address.postal_code", "customer_address.city",
		"customer_address.state", "customer_address.country",
		"customer_email" };

	for (size_t i = 0; i < countof(paths); i++)
		add(to, "", json_str_at(invoice->body, paths[i]));
}

/* An amount that is only worth a line when it is not nothing. */
static void
add_amount(struct call *c, struct bill_facts *facts, const char *label,
    const struct doc *d, int64_t amount)
{
	if (amount != 0)
		add(facts, label,
		    amount_text(
			c->arena, amount, json_str_at(d->body, "currency")));
}

static void
put_totals(struct call *c, const struct doc *d, struct bill_facts *totals)
{
	add(totals, "Subtotal", money_at(c, d, "subtotal"));
	add_amount(c, totals, "Discount", d,
	    doc_int(d, "total") - doc_int(d, "subtotal"));
	add(totals, "Total", money_at(c, d, "total"));
	add_amount(c, totals, "Credited", d,
	    -doc_int(d, "pre_payment_credit_notes_amount"));
	add_amount(c, totals, "Balance applied", d,
	    doc_int(d, "starting_balance") - doc_int(d, "ending_balance"));
	add_amount(c, totals, "Amount paid", d, doc_int(d, "amount_paid"));
	add(totals, "Amount due", money_at(c, d, "amount_remaining"));
}

static const char *
state_text(struct call *c, const struct doc *d)
{
	const char *day = date_at(c, d, "due_date");

	if (doc_is(d, "status", "paid"))
		return arena_printf(c->arena, "Paid on %s",
		    date_at(c, d, "status_transitions.paid_at"));
	if (doc_is(d, "status", "void"))
		return "Void: nothing is to be paid";
	if (day == NULL)
		return arena_printf(
		    c->arena, "%s due", money_at(c, d, "amount_remaining"));
	return arena_printf(
	    c->arena, "%s due %s", money_at(c, d, "amount_remaining"), day);
}

void
bill_view_invoice(
    struct call *c, const struct doc *invoice, struct bill_view *out)
{
	const struct json *j =
	    json_first(json_get(invoice->body, "custom_fields"));

	*out = (struct bill_view){ .state = state_text(c, invoice) };
	out->title = arena_printf(
	    c->arena, "Invoice %s", json_str_at(invoice->body, "number"));
	add(&out->facts, "From", json_str_at(invoice->body, "account_name"));
	add(&out->facts, "Issued", date_at(c, invoice, "effective_at"));
	add(&out->facts, "Due", date_at(c, invoice, "due_date"));
	for (; j != NULL; j = json_next(j))
		add(&out->facts, json_str_at(j, "name"),
		    json_str_at(j, "value"));
	put_customer(invoice, &out->to);
	put_rows(c, invoice_lines(invoice),
	    json_str_at(invoice->body, "currency"), out);
	put_totals(c, invoice, &out->totals);
	add(&out->notes, "", json_str_at(invoice->body, "description"));
	add(&out->notes, "", json_str_at(invoice->body, "footer"));
}

void
bill_view_note(struct call *c, const struct doc *note,
    const struct doc *invoice, struct bill_view *out)
{
	*out = (struct bill_view){ 0 };
	out->title = arena_printf(
	    c->arena, "Credit note %s", json_str_at(note->body, "number"));
	out->state = doc_is(note, "status", "void")
	    ? "Void"
	    : arena_printf(c->arena, "%s credited", money_at(c, note, "total"));
	add(&out->facts, "From", json_str_at(invoice->body, "account_name"));
	add(&out->facts, "Issued", date_at(c, note, "effective_at"));
	add(&out->facts, "Invoice", json_str_at(invoice->body, "number"));
	put_customer(invoice, &out->to);
	put_rows(c, credit_note_lines(note),
	    json_str_at(note->body, "currency"), out);
	add(&out->totals, "Subtotal", money_at(c, note, "subtotal"));
	add_amount(c, &out->totals, "Discount", note,
	    -doc_int(note, "discount_amount"));
	add(&out->totals, "Total credited", money_at(c, note, "total"));
	add(&out->notes, "", json_str_at(note->body, "memo"));
}
