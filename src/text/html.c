/* html: see html.h. */
#include "text/html.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text/utf8.h"

/* Elements without an end tag (HTML Living Standard, void elements). */
static const char *const voids[] = { "area", "base", "br", "col", "embed", "hr",
	"img", "input", "link", "meta", "source", "track", "wbr" };

/* Attributes that a browser follows. */
static const char *const links[] = { "href", "src", "action", "formaction" };

static bool
listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static bool
is_name(const char *name)
{
	return *name >= 'a' && *name <= 'z' &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

void
html_init(struct html *h, struct buf *b)
{
	memset(h, 0, sizeof(*h));
	h->b = b;
}

/* Ends a start tag that was left open for attributes. */
static void
settle(struct html *h)
{
	if (h->in_tag)
		buf_putc(h->b, '>');
	h->in_tag = false;
}

void
html_doctype(struct html *h)
{
	assert(h->depth == 0);
	buf_puts(h->b, "<!doctype html>\n");
}

void
html_open(struct html *h, const char *name)
{
	assert(is_name(name) && strcmp(name, "style") != 0);
	settle(h);
	buf_printf(h->b, "<%s", name);
	h->in_tag = true;
	if (listed(name, voids, countof(voids)))
		return;
	assert(h->depth < HTML_DEPTH_MAX);
	h->open[h->depth++] = name;
}

void
html_close(struct html *h, const char *name)
{
	assert(h->depth > 0 && strcmp(h->open[h->depth - 1], name) == 0);
	settle(h);
	buf_printf(h->b, "</%s>", name);
	h->depth--;
}

void
html_escape(struct buf *b, const char *text)
{
	struct buf clean;
	size_t n = strlen(text);

	buf_init(&clean, n * 3);
	if (!utf8_valid(text, n)) {
		utf8_clean(&clean, text, n);
		text = buf_str(&clean);
	}
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '&')
			buf_puts(b, "&amp;");
		else if (c == '<')
			buf_puts(b, "&lt;");
		else if (c == '>')
			buf_puts(b, "&gt;");
		else if (c == '"')
			buf_puts(b, "&quot;");
		else if (c == '\'')
			buf_puts(b, "&#39;");
		else if (c >= ' ' || c == '\t' || c == '\n' || c == '\r')
			buf_putc(b, *text);
		else /* no character of HTML */
			buf_puts(b, "\xef\xbf\xbd");
	}
	buf_free(&clean);
}

/*
 * Browsers skip blanks and control characters before and inside a scheme, so
 * everything but a plain one counts as a trap.
 */
static bool
link_safe(const char *url)
{
	static const char *const schemes[] = { "http:", "https:", "mailto:" };
	const char *colon = strpbrk(url, ":/?#");

	for (const char *c = url; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '\\')
			return false;
	if (colon == NULL || *colon != ':')
		return true;
	for (size_t i = 0; i < countof(schemes); i++)
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

void
html_attr(struct html *h, const char *name, const char *value)
{
	assert(h->in_tag && is_name(name));
	/* Handlers and styles would be code inside the page. */
	assert(strncmp(name, "on", 2) != 0 && strcmp(name, "style") != 0);
	if (value == NULL)
		return;
	if (listed(name, links, countof(links)) && !link_safe(value))
		value = "#";
	buf_printf(h->b, " %s=\"", name);
	html_escape(h->b, value);
	buf_putc(h->b, '"');
}

void
html_attr_int(struct html *h, const char *name, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, n);
	html_attr(h, name, text);
}

void
html_attr_printf(struct html *h, const char *name, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	html_attr(h, name, text);
	free(text);
}

void
html_attr_bool(struct html *h, const char *name, bool on)
{
	assert(h->in_tag && is_name(name));
	if (on)
		buf_printf(h->b, " %s", name);
}

void
html_text(struct html *h, const char *text)
{
	assert(h->depth > 0 && strcmp(h->open[h->depth - 1], "script") != 0);
	settle(h);
	if (text != NULL)
		html_escape(h->b, text);
}

void
html_printf(struct html *h, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	html_text(h, text);
	free(text);
}

void
html_element(struct html *h, const char *name, const char *text)
{
	html_open(h, name);
	html_text(h, text);
	html_close(h, name);
}

void
html_end(struct html *h)
{
	assert(h->depth == 0);
	settle(h);
	buf_putc(h->b, '\n');
}
