/* bill: see bill.h. */
#include "invoices/bill.h"

void
bill_percent(struct bill_line *lines, size_t count, decimal percent)
{
	for (size_t i = 0; i < count; i++) {
		lines[i].off = 0;
		/* A share of what fits into JSON fits as well. */
		if (lines[i].takes &&
		    decimal_scale(percent, lines[i].left, 100, &lines[i].off))
			lines[i].left -= lines[i].off;
	}
}

static bool
shares(const struct bill_line *l)
{
	return l->takes && l->left > 0;
}

/* The line that lost the most to rounding and has got nothing for it yet. */
static size_t
most_lost(
    const struct bill_line *lines, size_t count, int64_t amount, decimal whole)
{
	decimal lost, most = -1;
	size_t best = count;

	for (size_t i = 0; i < count; i++) {
		lost = (decimal)amount * lines[i].left - whole * lines[i].off;
		if (shares(&lines[i]) && lost > most) {
			most = lost;
			best = i;
		}
	}
	return best;
}

void
bill_amount(struct bill_line *lines, size_t count, int64_t amount)
{
	int64_t rest, whole = 0;

	for (size_t i = 0; i < count; i++) {
		lines[i].off = 0;
		if (shares(&lines[i]))
			whole += lines[i].left;
	}
	if (whole == 0)
		return;
	if (amount > whole)
		amount = whole;
	rest = amount;
	for (size_t i = 0; i < count; i++)
		if (shares(&lines[i])) {
			lines[i].off =
			    (int64_t)((decimal)amount * lines[i].left / whole);
			rest -= lines[i].off;
		}
	/* Whoever gets one more has lost less than nothing from then on. */
	for (; rest > 0; rest--)
		lines[most_lost(lines, count, amount, whole)].off++;
	for (size_t i = 0; i < count; i++)
		lines[i].left -= lines[i].off;
}
