/* pdf: see pdf.h. */
#include "invoices/pdf.h"

#include <string.h>

#define PDF_BYTES_MAX (4 << 20)
#define WIDTH_OTHER 556 /* of what the table does not have */

/* The widths of U+0020 to U+007E, in thousandths of the size. */
#define FIRST 0x20
#define LAST 0x7e
static const short widths[][LAST - FIRST + 1] = {
	[PDF_REGULAR] = { 278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389,
	    584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556,
	    556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722,
	    667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778,
	    722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
	    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
	    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500,
	    500, 500, 334, 260, 334, 584 },
	[PDF_BOLD] = { 278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389,
	    584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556,
	    556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722,
	    667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778,
	    722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584,
	    556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556,
	    278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556,
	    556, 500, 389, 280, 389, 584 },
};

/* What WinAnsi has between 128 and 159; the rest of it is Latin-1. */
static const struct {
	unsigned point;
	unsigned char code;
} specials[] = { { 0x20ac, 128 }, { 0x201a, 130 }, { 0x192, 131 },
	{ 0x201e, 132 }, { 0x2026, 133 }, { 0x2020, 134 }, { 0x2021, 135 },
	{ 0x2c6, 136 }, { 0x2030, 137 }, { 0x160, 138 }, { 0x2039, 139 },
	{ 0x152, 140 }, { 0x17d, 142 }, { 0x2018, 145 }, { 0x2019, 146 },
	{ 0x201c, 147 }, { 0x201d, 148 }, { 0x2022, 149 }, { 0x2013, 150 },
	{ 0x2014, 151 }, { 0x2dc, 152 }, { 0x2122, 153 }, { 0x161, 154 },
	{ 0x203a, 155 }, { 0x153, 156 }, { 0x17e, 158 }, { 0x178, 159 } };

/* The next character of valid UTF-8, whose bytes *text is moved past. */
static unsigned
next(const char **text)
{
	const unsigned char *s = (const unsigned char *)*text;
	int more = s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
	unsigned point = more == 0 ? s[0] : s[0] & (0x3fu >> more);

	for (int i = 1; i <= more && s[i] != '\0'; i++)
		point = point << 6 | (s[i] & 0x3fu);
	for (int i = 0; i <= more && **text != '\0'; i++)
		++*text;
	return point;
}

static unsigned char
encode(unsigned point)
{
	if ((point >= 0x20 && point < 0x7f) || (point >= 0xa0 && point < 0x100))
		return (unsigned char)point;
	for (size_t i = 0; i < countof(specials); i++)
		if (specials[i].point == point)
			return specials[i].code;
	return '?';
}

static int
width_of(enum pdf_face face, unsigned char code)
{
	return code >= FIRST && code <= LAST ? widths[face][code - FIRST]
					     : WIDTH_OTHER;
}

int
pdf_width(enum pdf_face face, const char *text, int size)
{
	int sum = 0;

	while (*text != '\0')
		sum += width_of(face, encode(next(&text)));
	return sum * size;
}

/* A string of the file: in parentheses, all that could end it escaped. */
static void
put_string(struct buf *b, const char *text)
{
	unsigned char code;

	buf_putc(b, '(');
	while (*text != '\0') {
		code = encode(next(&text));
		if (code == '(' || code == ')' || code == '\\')
			buf_printf(b, "\\%c", code);
		else if (code < 0x20 || code > 0x7e)
			buf_printf(b, "\\%03o", code);
		else
			buf_putc(b, (char)code);
	}
	buf_putc(b, ')');
}

static void
free_later(void *b)
{
	buf_free(b);
}

static struct buf *
new_buf(struct arena *a)
{
	struct buf *b = arena_alloc(a, sizeof(*b));

	buf_init(b, PDF_BYTES_MAX);
	arena_defer(a, free_later, b);
	return b;
}

void
pdf_init(struct pdf *p, struct arena *a)
{
	*p = (struct pdf){ .arena = a, .page = new_buf(a) };
}

bool
pdf_page(struct pdf *p)
{
	if (p->count + 1 >= PDF_PAGES_MAX)
		return false;
	p->pages[p->count++] = buf_str(p->page);
	p->page = new_buf(p->arena);
	return true;
}

void
pdf_text(
    struct pdf *p, int x, int y, int size, enum pdf_face face, const char *text)
{
	buf_printf(p->page, "BT /F%d %d Tf %d %d Td ", face == PDF_BOLD ? 2 : 1,
	    size, x, PDF_HEIGHT - y);
	put_string(p->page, text);
	buf_puts(p->page, " Tj ET\n");
}

void
pdf_text_right(
    struct pdf *p, int x, int y, int size, enum pdf_face face, const char *text)
{
	pdf_text(
	    p, x - pdf_width(face, text, size) / 1000, y, size, face, text);
}

void
pdf_rule(struct pdf *p, int x, int y, int to)
{
	buf_printf(p->page, "0.5 w %d %d m %d %d l S\n", x, PDF_HEIGHT - y, to,
	    PDF_HEIGHT - y);
}

const char *
pdf_fit(struct pdf *p, const char *text, int size, int width, const char **rest)
{
	const char *at = text, *before, *space = NULL;
	int sum = 0;

	*rest = NULL;
	while (*at != '\0') {
		before = at;
		if (*at == ' ')
			space = at;
		sum += width_of(PDF_REGULAR, encode(next(&at))) * size;
		if (sum <= width * 1000)
			continue;
		/* At least one character, however narrow it is. */
		if (space == NULL)
			space = before > text ? before : at;
		*rest = *space == ' ' ? space + 1 : space;
		return arena_memdup(p->arena, text, (size_t)(space - text));
	}
	return text;
}

/* --- the file ------------------------------------------------------------ */

#define OBJECTS_BEFORE 4 /* catalogue, tree of pages, two faces */

struct file {
	struct buf *b;
	size_t offsets[OBJECTS_BEFORE + 1 + 2 * PDF_PAGES_MAX];
	size_t count;
};

/* Begins the next object, whose number is returned. */
static int
object(struct file *f)
{
	f->offsets[f->count++] = f->b->len;
	buf_printf(f->b, "%zu 0 obj\n", f->count);
	return (int)f->count;
}

static void
put_font(struct file *f, const char *name)
{
	(void)object(f); /* their numbers are fixed */
	buf_printf(f->b,
	    "<< /Type /Font /Subtype /Type1 /BaseFont /%s "
	    "/Encoding /WinAnsiEncoding >>\nendobj\n",
	    name);
}

/* The objects that hold everything together come first. */
static void
put_tree(struct file *f, size_t pages)
{
	(void)object(f);
	buf_puts(f->b, "<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
	(void)object(f);
	buf_puts(f->b, "<< /Type /Pages /Kids [");
	for (size_t i = 0; i < pages; i++)
		buf_printf(f->b, "%s%zu 0 R", i == 0 ? "" : " ",
		    OBJECTS_BEFORE + 1 + 2 * i);
	buf_printf(f->b, "] /Count %zu /MediaBox [0 0 %d %d] >>\nendobj\n",
	    pages, PDF_WIDTH, PDF_HEIGHT);
	put_font(f, "Helvetica");
	put_font(f, "Helvetica-Bold");
}

static void
put_page(struct file *f, const char *content)
{
	int n = object(f);

	buf_printf(f->b,
	    "<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 3 0 R "
	    "/F2 4 0 R >> >> /Contents %d 0 R >>\nendobj\n",
	    n + 1);
	(void)object(f);
	buf_printf(f->b, "<< /Length %zu >>\nstream\n%s\nendstream\nendobj\n",
	    strlen(content) + 1, content);
}

const char *
pdf_end(struct pdf *p, const char *title)
{
	struct file *f = arena_alloc(p->arena, sizeof(*f));
	size_t start;
	int info;

	p->pages[p->count++] = buf_str(p->page);
	f->b = new_buf(p->arena);
	/* Bytes that tell whoever moves the file that it is no text. */
	buf_puts(f->b, "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n");
	put_tree(f, p->count);
	for (size_t i = 0; i < p->count; i++)
		put_page(f, p->pages[i]);
	info = object(f);
	buf_puts(f->b, "<< /Title ");
	put_string(f->b, title);
	buf_puts(f->b, " >>\nendobj\n");
	start = f->b->len;
	buf_printf(f->b, "xref\n0 %zu\n0000000000 65535 f \n", f->count + 1);
	for (size_t i = 0; i < f->count; i++)
		buf_printf(f->b, "%010zu 00000 n \n", f->offsets[i]);
	buf_printf(f->b,
	    "trailer\n<< /Size %zu /Root 1 0 R /Info %d 0 R >>\n"
	    "startxref\n%zu\n%%%%EOF\n",
	    f->count + 1, info, start);
	return buf_str(f->b);
}
