/*
 * bill_view: what a bill says to its reader, as texts: of an invoice or of a
 * credit note, for its page and for its PDF alike.
 */
#ifndef SANDBOX_BILL_VIEW_H
#define SANDBOX_BILL_VIEW_H

#include "core/resource.h"

#define BILL_FACTS_MAX 12

struct bill_fact {
	const char *label, *value;
};

struct bill_row {
	const char *description;
	const char *period; /* or NULL: the line is about a moment */
	const char *quantity, *unit, *amount; /* "" where there is none */
};

struct bill_facts {
	struct bill_fact all[BILL_FACTS_MAX];
	size_t count;
};

struct bill_view {
	const char *title;	  /* "Invoice ABCD1234-0001" */
	const char *state;	  /* "39.99 USD due 3 Mar 2027" */
	struct bill_facts facts;  /* numbers and dates */
	struct bill_facts to;	  /* whom it is for: labels are "" */
	struct bill_facts totals; /* the last one is what counts */
	struct bill_facts notes;  /* labels are "" */
	struct bill_row *rows;
	size_t rows_count;
};

/* All texts live in the call's arena. */
void bill_view_invoice(
    struct call *c, const struct doc *invoice, struct bill_view *out);
void bill_view_note(struct call *c, const struct doc *note,
    const struct doc *invoice, struct bill_view *out);

#endif
