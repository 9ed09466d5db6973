/*
 * hosted_invoice: the page of an invoice, where its customer reads and pays
 * it, and the same as a PDF; the PDF of a credit note.
 *
 * Whoever has the address may see it: there is a secret in it.
 */
#include <string.h>

#include "core/operation.h"
#include "desk/layout.h"
#include "invoices/bill_pdf.h"
#include "text/money.h"

static const struct param invoice_params[] = {
	PARAM("invoice", P_STR, P_REQUIRED),
	PARAM("secret", P_STR, P_REQUIRED),
	/* What the way back from a bank adds. */
	PARAM("payment_intent", P_STR, 0),
	PARAM("payment_intent_client_secret", P_STR, 0),
	PARAM("redirect_status", P_STR, 0),
	PARAM_END,
};
static const struct param note_params[] = {
	PARAM("credit_note", P_STR, P_REQUIRED),
	PARAM("secret", P_STR, P_REQUIRED),
	PARAM_END,
};

static enum vt_err
check_secret(struct call *c, const struct doc *invoice, const char *id)
{
	const char *secret = json_str_at(invoice->hidden, "secret");

	if (secret == NULL ||
	    strcmp(secret, json_str_at(c->params, "secret")) != 0)
		return call_missing(c, "invoice", id, NULL);
	return VT_OK;
}

static enum vt_err
find(struct call *c, struct doc **out)
{
	const char *id = json_str_at(c->params, "invoice");
	enum vt_err err = doc_need(c, R_INVOICE, id, NULL, out);

	return err == VT_OK ? check_secret(c, *out, id) : err;
}

/* --- the page ------------------------------------------------------------ */

static void
put_facts(struct html *h, const struct bill_facts *facts, const char *class)
{
	if (facts->count == 0)
		return;
	html_open(h, "dl");
	html_attr(h, "class", class);
	for (size_t i = 0; i < facts->count; i++) {
		html_open(h, "div");
		html_element(h, "dt", facts->all[i].label);
		html_element(h, "dd", facts->all[i].value);
		html_close(h, "div");
	}
	html_close(h, "dl");
}

static void
put_lines(struct html *h, const struct bill_facts *facts, const char *title)
{
	if (facts->count == 0)
		return;
	html_element(h, "h2", title);
	html_open(h, "p");
	for (size_t i = 0; i < facts->count; i++) {
		if (i > 0)
			html_open(h, "br");
		html_text(h, facts->all[i].value);
	}
	html_close(h, "p");
}

static void
put_cell(struct html *h, const char *text, bool number)
{
	html_open(h, "td");
	if (number)
		html_attr(h, "class", "number");
	html_text(h, text);
	html_close(h, "td");
}

static void
put_rows(struct html *h, const struct bill_view *v)
{
	static const char *const columns[] = { "Description", "Quantity",
		"Unit price", "Amount" };

	html_open(h, "table");
	html_open(h, "thead");
	html_open(h, "tr");
	for (size_t i = 0; i < countof(columns); i++) {
		html_open(h, "th");
		html_attr(h, "scope", "col");
		if (i > 0)
			html_attr(h, "class", "number");
		html_text(h, columns[i]);
		html_close(h, "th");
	}
	html_close(h, "tr");
	html_close(h, "thead");
	html_open(h, "tbody");
	for (size_t i = 0; i < v->rows_count; i++) {
		const struct bill_row *row = &v->rows[i];

		html_open(h, "tr");
		html_open(h, "td");
		html_text(h, row->description);
		if (row->period != NULL) {
			html_open(h, "br");
			html_element(h, "small", row->period);
		}
		html_close(h, "td");
		put_cell(h, row->quantity, true);
		put_cell(h, row->unit, true);
		put_cell(h, row->amount, true);
		html_close(h, "tr");
	}
	html_close(h, "tbody");
	html_close(h, "table");
}

/* True if there is an intent that waits for somebody to pay it. */
static bool
can_be_paid(struct call *c, const struct doc *invoice)
{
	const char *id = json_str_at(invoice->hidden, "payment_intent");
	const struct doc *intent =
	    id == NULL ? NULL : doc_find(c, R_PAYMENT_INTENT, id);

	return intent != NULL &&
	    (doc_is(invoice, "status", "open") ||
		doc_is(invoice, "status", "uncollectible")) &&
	    (doc_is(intent, "status", "requires_payment_method") ||
		doc_is(intent, "status", "requires_confirmation") ||
		doc_is(intent, "status", "requires_action"));
}

/* The form that hosted-invoice.js fills with the Payment Element. */
static void
put_form(struct html *h, const struct doc *invoice, const struct bill_view *v)
{
	const struct bill_fact *due = &v->totals.all[v->totals.count - 1];

	html_open(h, "form");
	html_attr(h, "id", "pay");
	html_attr(h, "class", "pay");
	html_attr(h, "data-secret",
	    json_str_at(invoice->hidden, "confirmation_secret.client_secret"));
	html_open(h, "div");
	html_attr(h, "id", "payment-element");
	html_close(h, "div");
	html_open(h, "p");
	html_attr(h, "id", "message");
	html_attr(h, "role", "alert");
	html_close(h, "p");
	html_open(h, "button");
	html_attr(h, "type", "submit");
	html_printf(h, "Pay %s", due->value);
	html_close(h, "button");
	html_close(h, "form");
}

static enum vt_err
page(struct call *c)
{
	struct layout layout = { .frames = true };
	struct bill_view v;
	struct html h;
	struct doc *d;
	bool pay;
	enum vt_err err = find(c, &d);

	if (err != VT_OK)
		return err;
	bill_view_invoice(c, d, &v);
	pay = can_be_paid(c, d);
	layout.title = v.title;
	layout.script = pay ? "/hosted-invoice.js" : NULL;
	layout_begin(c, &h, &layout);
	html_open(&h, "p");
	html_element(&h, "strong", v.state);
	html_close(&h, "p");
	put_facts(&h, &v.facts, "facts");
	put_lines(&h, &v.to, "Bill to");
	put_rows(&h, &v);
	put_facts(&h, &v.totals, "totals");
	put_lines(&h, &v.notes, "Notes");
	html_open(&h, "p");
	html_open(&h, "a");
	html_attr(&h, "href", json_str_at(d->body, "invoice_pdf"));
	html_text(&h, "Download as PDF");
	html_close(&h, "a");
	html_close(&h, "p");
	if (pay)
		put_form(&h, d, &v);
	layout_end(c, &h, &layout);
	return VT_OK;
}

/* --- the files ----------------------------------------------------------- */

static enum vt_err
answer_pdf(struct call *c, const struct bill_view *v, const char *number)
{
	c->answer = bill_pdf(c, v);
	c->answer_type = "application/pdf";
	response_header(c->response, "Content-Disposition",
	    arena_printf(c->arena, "inline; filename=\"%s.pdf\"", number));
	response_header(c->response, "Cache-Control", "no-store");
	return VT_OK;
}

static enum vt_err
invoice_pdf(struct call *c)
{
	struct bill_view v;
	struct doc *d;
	enum vt_err err = find(c, &d);

	if (err != VT_OK)
		return err;
	bill_view_invoice(c, d, &v);
	return answer_pdf(c, &v, d->id);
}

static enum vt_err
note_pdf(struct call *c)
{
	const char *id = json_str_at(c->params, "credit_note");
	struct doc *note, *invoice;
	struct bill_view v;
	enum vt_err err = doc_need(c, R_CREDIT_NOTE, id, NULL, &note);

	if (err == VT_OK)
		err = doc_need(c, R_INVOICE, json_str_at(note->body, "invoice"),
		    NULL, &invoice);
	if (err == VT_OK)
		err = check_secret(c, invoice, id);
	if (err != VT_OK)
		return err;
	bill_view_note(c, note, invoice, &v);
	return answer_pdf(c, &v, note->id);
}

const struct operation hosted_invoice_operations[] = {
	{ HTTP_GET, "/_hosted/invoice", invoice_params, page, 0 },
	{ HTTP_GET, "/_hosted/invoice.pdf", invoice_params, invoice_pdf, 0 },
	{ HTTP_GET, "/_hosted/credit_note.pdf", note_params, note_pdf, 0 },
	{ 0 },
};
