/* credit_note_lines: what is credited, line by line. See credit_note.h. */
#include <string.h>

#include "core/decimal.h"
#include "invoices/credit_note_parts.h"
#include "invoices/invoice.h"

#define LINES_SHOWN 10

/* How much of this line is credited already, before its discounts. */
static int64_t
credited(const struct doc *invoice, const char *line)
{
	int64_t n = 0;

	(void)json_int(
	    json_get(json_get(invoice->hidden, "credited"), line), &n);
	return n;
}

void
credit_note_book_lines(
    struct call *c, const struct doc *note, struct doc *invoice, int sign)
{
	const struct json *j = json_first(credit_note_lines(note));
	const struct json *before = json_get(invoice->hidden, "credited");
	struct json *all = before == NULL ? json_object(c->arena)
					  : json_clone(c->arena, before);
	const char *line;
	int64_t amount = 0;

	for (; j != NULL; j = json_next(j)) {
		line = json_str_at(j, "invoice_line_item");
		if (line == NULL || !json_int_at(j, "amount", &amount))
			continue;
		json_put_int(
		    all, line, credited(invoice, line) + sign * amount);
		json_put_copy(invoice->hidden, "credited", all);
	}
}

/* A new line that credits something; its amounts are put in later. */
static struct json *
start(struct call *c, const char *description, const struct json *params)
{
	struct doc *d = doc_new(c, R_CREDIT_NOTE_LINE);

	json_put_str(d->body, "description", description);
	if (params != NULL)
		doc_metadata(c, d->body, params);
	return d->body;
}

/* A thing of its own: an amount, or so many at so much. */
static enum vt_err
add_custom(struct call *c, const struct json *given, const char *prefix,
    struct json *lines)
{
	const char *description = json_str_at(given, "description");
	const char *unit = json_str_at(given, "unit_amount_decimal");
	int64_t quantity = 1, amount = 0, whole;
	struct json *line = start(c, description, given);
	decimal d;

	(void)json_int_at(given, "quantity", &quantity); /* else one */
	if (json_int_at(given, "unit_amount", &whole))
		unit = decimal_text(c->arena, decimal_of(whole));
	if (unit != NULL) {
		(void)decimal_parse(unit, &d); /* was checked */
		if (!decimal_scale(d, quantity, 1, &amount))
			return call_fail(c, 400, "amount_too_large", prefix,
			    "The amount is too large.");
		json_put_str(line, "unit_amount_decimal", unit);
		if (decimal_whole(d, &whole))
			json_put_int(line, "unit_amount", whole);
	} else if (!json_int_at(given, "amount", &amount))
		return call_fail(c, 400, "parameter_missing",
		    arena_printf(c->arena, "%s[amount]", prefix),
		    "Give an amount, or a unit amount, for each line.");
	if (description == NULL)
		return call_fail(c, 400, "parameter_missing",
		    arena_printf(c->arena, "%s[description]", prefix),
		    "Missing required param: %s[description].", prefix);
	json_put_int(line, "amount", amount);
	json_put_int(line, "quantity", quantity);
	json_put_str(line, "type", "custom_line_item");
	json_add_copy(lines, line);
	return VT_OK;
}

static const struct json *
find_line(const struct doc *invoice, const char *id)
{
	const struct json *j = json_first(invoice_lines(invoice));

	while (j != NULL && id != NULL && strcmp(json_str_at(j, "id"), id) != 0)
		j = json_next(j);
	return id == NULL ? NULL : j;
}

/* The share of the line's discounts that goes with what is credited. */
static void
put_discounts(const struct json *of, int64_t amount, struct json *line)
{
	const struct json *j = json_first(json_get(of, "discount_amounts"));
	struct json *list = json_put_array(line, "discount_amounts"), *o;
	struct json *credits = json_put_array(line, "pretax_credit_amounts");
	int64_t whole = 0, off, sum = 0;

	(void)json_int_at(of, "amount", &whole); /* always there */
	for (; j != NULL && whole != 0; j = json_next(j)) {
		off = 0;
		(void)json_int_at(j, "amount", &off); /* always there */
		off = amount_scale(off, amount, whole < 0 ? -whole : whole);
		sum += off;
		o = json_add_object(list);
		json_put_int(o, "amount", off);
		json_put_copy(o, "discount", json_get(j, "discount"));
		o = json_add_object(credits);
		json_put_int(o, "amount", off);
		json_put_copy(o, "discount", json_get(j, "discount"));
		json_put_str(o, "type", "discount");
	}
	json_put_int(line, "discount_amount", sum);
}

/* A line of the invoice, or a part of it. */
static enum vt_err
add_invoice_line(struct call *c, const struct doc *invoice,
    const struct json *given, const char *prefix, struct json *lines)
{
	const char *id = json_str_at(given, "invoice_line_item");
	const struct json *of = find_line(invoice, id);
	int64_t whole = 0, units = 1, quantity, amount;
	struct json *line;

	if (of == NULL)
		return call_missing(c, "invoice line item",
		    id == NULL ? "" : id,
		    arena_printf(c->arena, "%s[invoice_line_item]", prefix));
	(void)json_int_at(of, "amount", &whole);   /* always there */
	(void)json_int_at(of, "quantity", &units); /* else one */
	line = start(c, json_str_at(of, "description"), given);
	quantity = units;
	if (json_int_at(given, "quantity", &quantity)) {
		amount = units == 0 ? 0 : amount_scale(whole, quantity, units);
		json_put_int(line, "quantity", quantity);
	} else if (!json_int_at(given, "amount", &amount))
		amount = whole - credited(invoice, id);
	if (amount <= 0 || amount > whole - credited(invoice, id))
		return call_fail(c, 400, NULL,
		    arena_printf(c->arena, "%s[amount]", prefix),
		    "Of the line %s, at most %lld is left to credit.", id,
		    (long long)(whole - credited(invoice, id)));
	json_put_int(line, "amount", amount);
	put_discounts(of, amount, line);
	json_put_str(line, "invoice_line_item", id);
	json_put_str(line, "type", "invoice_line_item");
	json_add_copy(lines, line);
	return VT_OK;
}

/* An amount of the whole invoice: a line that says no more. */
static void
add_amount(struct call *c, int64_t amount, struct json *lines)
{
	struct json *line = start(c, "Credit", NULL);

	json_put_int(line, "amount", amount);
	json_put_int(line, "quantity", 1);
	json_put_int(line, "unit_amount", amount);
	json_put_str(line, "unit_amount_decimal",
	    decimal_text(c->arena, decimal_of(amount)));
	json_put_str(line, "type", "custom_line_item");
	json_add_copy(lines, line);
}

static enum vt_err
read_lines(struct call *c, const struct doc *invoice, struct json *lines)
{
	const struct json *given = json_get(c->params, "lines"), *j;
	const char *prefix;
	int64_t amount;
	enum vt_err err = VT_OK;
	int i = 0;

	if (json_int_at(c->params, "amount", &amount) == (given != NULL))
		return call_fail(c, 400,
		    given == NULL ? "parameter_missing"
				  : "parameters_exclusive",
		    "amount",
		    "Give exactly one of these parameters: amount, lines.");
	if (given == NULL)
		add_amount(c, amount, lines);
	for (j = json_first(given); j != NULL && err == VT_OK;
	     j = json_next(j), i++) {
		prefix = arena_printf(c->arena, "lines[%d]", i);
		err = strcmp(json_str_at(j, "type"), "custom_line_item") == 0
		    ? add_custom(c, j, prefix, lines)
		    : add_invoice_line(c, invoice, j, prefix, lines);
	}
	return err;
}

/* The discounts of all lines, those of one discount together. */
static struct json *
sum_discounts(struct call *c, const struct json *lines, const char *member)
{
	struct json *sums = json_object(c->arena);
	struct json *out = json_array(c->arena), *o;
	const struct json *j;
	const char *id;
	int64_t amount, sum;

	for (lines = json_first(lines); lines != NULL; lines = json_next(lines))
		for (j = json_first(json_get(lines, member)); j != NULL;
		     j = json_next(j)) {
			id = json_str_at(j, "discount");
			amount = sum = 0;
			(void)json_int_at(j, "amount", &amount);
			(void)json_int(json_get(sums, id), &sum);
			json_put_int(sums, id, sum + amount);
		}
	for (j = json_first(sums); j != NULL; j = json_next(j)) {
		o = json_add_object(out);
		json_put_copy(o, "amount", j);
		json_put_str(o, "discount", json_name(j));
		if (strcmp(member, "pretax_credit_amounts") == 0)
			json_put_str(o, "type", "discount");
	}
	return out;
}

static void
put_totals(struct call *c, struct doc *note, const struct json *lines)
{
	struct json *list = json_put_object(note->body, "lines"), *data;
	int64_t subtotal = 0, off = 0, n = 0;
	const struct json *j = json_first(lines);

	json_put_str(list, "object", "list");
	data = json_put_array(list, "data");
	for (size_t i = 0; j != NULL; j = json_next(j), i++) {
		if (json_int_at(j, "amount", &n))
			subtotal += n;
		if (json_int_at(j, "discount_amount", &n))
			off += n;
		if (i < LINES_SHOWN)
			json_add_copy(data, j);
	}
	json_put_bool(list, "has_more", json_count(lines) > LINES_SHOWN);
	json_put_str(list, "url",
	    arena_printf(c->arena, "/v1/credit_notes/%s/lines", note->id));
	json_put_int(note->body, "subtotal", subtotal);
	json_put_int(note->body, "subtotal_excluding_tax", subtotal);
	json_put_int(note->body, "discount_amount", off);
	json_put_copy(note->body, "discount_amounts",
	    sum_discounts(c, lines, "discount_amounts"));
	json_put_copy(note->body, "pretax_credit_amounts",
	    sum_discounts(c, lines, "pretax_credit_amounts"));
	json_put_int(note->body, "total", subtotal - off);
	json_put_int(note->body, "total_excluding_tax", subtotal - off);
	json_put_int(note->body, "amount", subtotal - off);
}

enum vt_err
credit_note_put_lines(
    struct call *c, struct doc *note, const struct doc *invoice)
{
	struct json *lines = json_array(c->arena);
	enum vt_err err = read_lines(c, invoice, lines);

	if (err != VT_OK)
		return err;
	json_put_copy(note->hidden, "lines", lines);
	put_totals(c, note, lines);
	return VT_OK;
}
