/* csv: see csv.h. */
#include "text/csv.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* A row begins where nothing was written yet or a line has just ended. */
static bool
row_begins(const struct buf *b)
{
	return b->len == 0 ||
	    (b->len >= 2 && memcmp(b->data + b->len - 2, "\r\n", 2) == 0);
}

/* "-12.50" is no formula, whatever it begins with. */
static bool
is_number(const char *text)
{
	size_t whole, fraction;

	if (*text == '-' || *text == '+')
		text++;
	whole = strspn(text, "0123456789");
	if (whole == 0)
		return false;
	text += whole;
	if (*text == '\0')
		return true;
	fraction = *text == '.' ? strspn(text + 1, "0123456789") : 0;
	return fraction > 0 && text[1 + fraction] == '\0';
}

static bool
is_formula(const char *text)
{
	return *text != '\0' && strchr("=+-@\t\r", *text) != NULL &&
	    !is_number(text);
}

void
csv_text(struct buf *b, const char *text)
{
	bool first = row_begins(b);

	if (text == NULL)
		text = "";
	if (!first)
		buf_putc(b, ',');
	/* A row's first cell must leave a trace, even when it is empty. */
	if (text[0] == '\0') {
		if (first)
			buf_puts(b, "\"\"");
		return;
	}
	if (!is_formula(text) && strpbrk(text, ",\"\r\n") == NULL) {
		buf_puts(b, text);
		return;
	}
	buf_putc(b, '"');
	if (is_formula(text))
		buf_putc(b, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_putc(b, '"');
		buf_putc(b, *text);
	}
	buf_putc(b, '"');
}

void
csv_int(struct buf *b, int64_t n)
{
	if (!row_begins(b))
		buf_putc(b, ',');
	buf_printf(b, "%" PRId64, n);
}

void
csv_end(struct buf *b)
{
	buf_puts(b, "\r\n");
}
