/* bill_pdf: see bill_pdf.h. */
#include "invoices/bill_pdf.h"

#include "invoices/pdf.h"

#define LEFT 50
#define RIGHT (PDF_WIDTH - 50)
#define BOTTOM (PDF_HEIGHT - 70)
#define TEXT_SIZE 9
#define LEADING 14
/* The columns of the lines; the last three end there. */
#define QUANTITY_X 350
#define UNIT_X 450
#define DESCRIPTION_WIDTH 260
#define TOTALS_X 330

/* A document that goes on on another page when one is full. */
struct sheet {
	struct pdf pdf;
	int y;
	bool full; /* no more pages: what follows is left out */
};

static void
banner(struct sheet *s)
{
	pdf_text(&s->pdf, LEFT, 40, 8, PDF_REGULAR,
	    "Simulated payments: this is the local Stripe. No money moves "
	    "here.");
	s->y = 70;
}

/* Room for so many points; what has none is not drawn at all. */
static bool
room(struct sheet *s, int points)
{
	if (s->y + points <= BOTTOM)
		return !s->full;
	if (s->full || !pdf_page(&s->pdf)) {
		s->full = true;
		return false;
	}
	banner(s);
	return true;
}

/* A text over as many lines as it takes. */
static void
paragraph(
    struct sheet *s, int x, int width, enum pdf_face face, const char *text)
{
	const char *line, *rest = text;

	while (rest != NULL && room(s, LEADING)) {
		line = pdf_fit(&s->pdf, rest, TEXT_SIZE, width, &rest);
		s->y += LEADING;
		pdf_text(&s->pdf, x, s->y, TEXT_SIZE, face, line);
	}
}

static void
put_facts(struct sheet *s, const struct bill_facts *facts)
{
	for (size_t i = 0; i < facts->count && room(s, LEADING); i++) {
		s->y += LEADING;
		pdf_text(&s->pdf, LEFT, s->y, TEXT_SIZE, PDF_BOLD,
		    facts->all[i].label);
		pdf_text(&s->pdf, LEFT + 90, s->y, TEXT_SIZE, PDF_REGULAR,
		    facts->all[i].value);
	}
}

static void
put_head(struct sheet *s, const struct bill_view *v)
{
	banner(s);
	s->y += 20;
	pdf_text(&s->pdf, LEFT, s->y, 18, PDF_BOLD, v->title);
	s->y += 10;
	put_facts(s, &v->facts);
	if (v->to.count > 0) {
		s->y += 12;
		paragraph(s, LEFT, 400, PDF_BOLD, "Bill to");
	}
	for (size_t i = 0; i < v->to.count; i++)
		paragraph(s, LEFT, 400, PDF_REGULAR, v->to.all[i].value);
	s->y += 34;
	pdf_text(&s->pdf, LEFT, s->y, 14, PDF_BOLD, v->state);
	s->y += 26;
}

static void
put_columns(struct sheet *s, enum pdf_face face, const char *quantity,
    const char *unit, const char *amount)
{
	pdf_text_right(&s->pdf, QUANTITY_X, s->y, TEXT_SIZE, face, quantity);
	pdf_text_right(&s->pdf, UNIT_X, s->y, TEXT_SIZE, face, unit);
	pdf_text_right(&s->pdf, RIGHT, s->y, TEXT_SIZE, face, amount);
}

static void
put_rows(struct sheet *s, const struct bill_view *v)
{
	pdf_text(&s->pdf, LEFT, s->y, TEXT_SIZE, PDF_BOLD, "Description");
	put_columns(s, PDF_BOLD, "Qty", "Unit price", "Amount");
	s->y += 6;
	pdf_rule(&s->pdf, LEFT, s->y, RIGHT);
	for (size_t i = 0; i < v->rows_count; i++) {
		const struct bill_row *row = &v->rows[i];
		const char *rest;

		if (!room(s, 2 * LEADING))
			return;
		s->y += LEADING;
		put_columns(
		    s, PDF_REGULAR, row->quantity, row->unit, row->amount);
		pdf_text(&s->pdf, LEFT, s->y, TEXT_SIZE, PDF_REGULAR,
		    pdf_fit(&s->pdf, row->description, TEXT_SIZE,
			DESCRIPTION_WIDTH, &rest));
		if (rest != NULL)
			paragraph(
			    s, LEFT, DESCRIPTION_WIDTH, PDF_REGULAR, rest);
		if (row->period != NULL)
			paragraph(s, LEFT, DESCRIPTION_WIDTH, PDF_REGULAR,
			    row->period);
		s->y += 4;
	}
	s->y += 8;
	pdf_rule(&s->pdf, LEFT, s->y, RIGHT);
}

static void
put_totals(struct sheet *s, const struct bill_facts *totals)
{
	if (!room(s, (int)totals->count * LEADING))
		return;
	for (size_t i = 0; i < totals->count; i++) {
		enum pdf_face face =
		    i + 1 == totals->count ? PDF_BOLD : PDF_REGULAR;

		s->y += LEADING;
		pdf_text(&s->pdf, TOTALS_X, s->y, TEXT_SIZE, face,
		    totals->all[i].label);
		pdf_text_right(&s->pdf, RIGHT, s->y, TEXT_SIZE, face,
		    totals->all[i].value);
	}
}

const char *
bill_pdf(struct call *c, const struct bill_view *v)
{
	struct sheet s = { 0 };

	pdf_init(&s.pdf, c->arena);
	put_head(&s, v);
	put_rows(&s, v);
	put_totals(&s, &v->totals);
	s.y += 20;
	for (size_t i = 0; i < v->notes.count; i++)
		paragraph(
		    &s, LEFT, RIGHT - LEFT, PDF_REGULAR, v->notes.all[i].value);
	return pdf_end(&s.pdf, v->title);
}
