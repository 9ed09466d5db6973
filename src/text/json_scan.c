/* json_scan: a recognizer for RFC 8259, see json_scan.h. */
#include "text/json_scan.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/utf8.h"

struct scan {
	const char *text;
	size_t bytes;
	size_t at;	   /* the next byte to look at */
	int depth_left;	   /* how many more may be opened */
	int depth_max;	   /* for the message */
	size_t name_at;	   /* the member last begun, with its quotes */
	size_t name_bytes; /* 0: none yet */
	struct vt_problem *p;
};

static bool scan_value(struct scan *c);

/* The byte at hand, or -1 at the end. */
static int
peek(const struct scan *c)
{
	return c->at < c->bytes ? (unsigned char)c->text[c->at] : -1;
}

/* Always false, so that a check is one line. Bytes and lines count from 1. */
static bool
malformed(struct scan *c, const char *why)
{
	size_t line = 1;

	for (size_t i = 0; i < c->at && i < c->bytes; i++)
		if (c->text[i] == '\n')
			line++;
	(void)vt_problem(c->p, VT_INVALID, "malformed_json", NULL,
	    "The JSON is malformed at byte %zu (line %zu): %s.", c->at + 1,
	    line, why);
	return false;
}

/* The same for "expected this", with what stands there instead. */
static bool
expected(struct scan *c, const char *what)
{
	char why[128];
	int ch = peek(c);

	if (ch < 0)
		(void)snprintf(
		    why, sizeof(why), "expected %s, but the text ends", what);
	else if (ch > ' ' && ch < 0x7f)
		(void)snprintf(
		    why, sizeof(why), "expected %s, found '%c'", what, ch);
	else
		(void)snprintf(why, sizeof(why),
		    "expected %s, found the byte 0x%02x", what, (unsigned)ch);
	return malformed(c, why);
}

/*
 * U+0000 is well-formed JSON that no text of ours may hold, so it is a bad
 * field and not a malformed body. The field is the innermost member's.
 */
static bool
nul_in_text(struct scan *c)
{
	char field[JSON_FIELD_BYTES] = "";
	const char *name = c->text + c->name_at + 1;
	size_t bytes = 0;

	if (c->name_bytes > 2)
		bytes = utf8_clip(name, c->name_bytes - 2, sizeof(field) - 1);
	memcpy(field, name, bytes);
	(void)vt_problem(c->p, VT_INVALID, "invalid_field", field,
	    "A text must not hold U+0000; there is one at byte %zu.",
	    c->at + 1);
	return false;
}

static void
skip_space(struct scan *c)
{
	int ch;

	while ((ch = peek(c)) == ' ' || ch == '\t' || ch == '\n' || ch == '\r')
		c->at++;
}

static bool
take(struct scan *c, char ch)
{
	if (peek(c) != ch)
		return false;
	c->at++;
	return true;
}

/* Four hexadecimal digits at hand, or -1; nothing is taken. */
static int
hex4(const struct scan *c, size_t at)
{
	int n = 0;

	if (c->bytes - at < 4)
		return -1;
	for (size_t i = at; i < at + 4; i++) {
		char ch = c->text[i];

		if (ch >= '0' && ch <= '9')
			n = n * 16 + (ch - '0');
		else if ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'f')
			n = n * 16 + ((ch | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return n;
}

/* After "\u": one character, which outside the BMP takes two escapes. */
static bool
scan_unicode(struct scan *c)
{
	int unit = hex4(c, c->at), low;

	if (unit < 0)
		return malformed(c, "\\u needs four hexadecimal digits");
	if (unit == 0)
		return nul_in_text(c);
	c->at += 4;
	if (unit < 0xd800 || unit > 0xdfff)
		return true;
	low = -1;
	if (unit < 0xdc00 && c->bytes - c->at >= 6 && c->text[c->at] == '\\' &&
	    c->text[c->at + 1] == 'u')
		low = hex4(c, c->at + 2);
	if (low < 0xdc00 || low > 0xdfff) {
		c->at -= 6;
		return malformed(c, "half of a surrogate pair");
	}
	c->at += 6;
	return true;
}

static bool
scan_escape(struct scan *c)
{
	c->at++;
	if (take(c, 'u'))
		return scan_unicode(c);
	if (peek(c) <= 0 || strchr("\"\\/bfnrt", peek(c)) == NULL)
		return malformed(c, "an unknown escape");
	c->at++;
	return true;
}

/* Nearly all bytes of nearly all texts: ASCII that stands for itself. */
static void
skip_plain(struct scan *c)
{
	size_t at = c->at;

	while (at < c->bytes && c->text[at] >= ' ' && c->text[at] <= '~' &&
	    c->text[at] != '"' && c->text[at] != '\\')
		at++;
	c->at = at;
}

static bool
scan_string(struct scan *c)
{
	c->at++;
	for (;;) {
		size_t n;
		int ch;

		skip_plain(c);
		ch = peek(c);
		if (ch < 0)
			return malformed(c, "a text without its closing quote");
		if (ch == '"') {
			c->at++;
			return true;
		}
		if (ch < 0x20)
			return malformed(
			    c, "a control character that is not escaped");
		if (ch == '\\') {
			if (!scan_escape(c))
				return false;
			continue;
		}
		n = utf8_next(c->text + c->at, c->bytes - c->at);
		if (n == 0)
			return malformed(c, "the text is not valid UTF-8");
		c->at += n;
	}
}

static size_t
digits(struct scan *c)
{
	size_t start = c->at;

	while (peek(c) >= '0' && peek(c) <= '9')
		c->at++;
	return c->at - start;
}

/* A number that no double can hold would become infinite in the tree. */
static bool
number_fits(const struct scan *c, size_t start)
{
	char copy[JSON_NUMBER_BYTES_MAX + 1];
	double d;

	memcpy(copy, c->text + start, c->at - start);
	copy[c->at - start] = '\0';
	d = strtod(copy, NULL);
	return d >= -1.7976931348623157e308 && d <= 1.7976931348623157e308;
}

static bool
scan_number(struct scan *c)
{
	size_t start = c->at;
	bool exponent = false;

	(void)take(c, '-');
	if (take(c, '0')) {
		if (peek(c) >= '0' && peek(c) <= '9')
			return malformed(c, "a number with a leading zero");
	} else if (digits(c) == 0) {
		return expected(c, "a digit");
	}
	if (take(c, '.') && digits(c) == 0)
		return expected(c, "a digit after the point");
	if (take(c, 'e') || take(c, 'E')) {
		exponent = true;
		if (!take(c, '+'))
			(void)take(c, '-');
		if (digits(c) == 0)
			return expected(c, "a digit of the exponent");
	}
	if (c->at - start > JSON_NUMBER_BYTES_MAX) {
		c->at = start;
		return malformed(c, "a number that is too long");
	}
	if (exponent && !number_fits(c, start)) {
		c->at = start;
		return malformed(c, "a number that is too large");
	}
	return true;
}

static bool
scan_word(struct scan *c, const char *word)
{
	size_t n = strlen(word);

	if (c->bytes - c->at < n || memcmp(c->text + c->at, word, n) != 0)
		return malformed(c, "expected a value, found an unknown word");
	c->at += n;
	return true;
}

static bool
scan_array(struct scan *c)
{
	c->at++;
	skip_space(c);
	if (take(c, ']'))
		return true;
	for (;;) {
		if (!scan_value(c))
			return false;
		skip_space(c);
		if (take(c, ']'))
			return true;
		if (!take(c, ','))
			return expected(c, "',' or ']'");
	}
}

static bool
scan_object(struct scan *c)
{
	c->at++;
	skip_space(c);
	if (take(c, '}'))
		return true;
	for (;;) {
		size_t start;

		skip_space(c);
		if (peek(c) != '"')
			return expected(c, "a member's name in quotes");
		start = c->at;
		if (!scan_string(c))
			return false;
		c->name_at = start;
		c->name_bytes = c->at - start;
		skip_space(c);
		if (!take(c, ':'))
			return expected(c, "':'");
		if (!scan_value(c))
			return false;
		skip_space(c);
		if (take(c, '}'))
			return true;
		if (!take(c, ','))
			return expected(c, "',' or '}'");
	}
}

static bool
scan_nested(struct scan *c)
{
	char why[64];
	bool ok;

	if (c->depth_left == 0) {
		(void)snprintf(why, sizeof(why),
		    "nested more than %d levels deep", c->depth_max);
		return malformed(c, why);
	}
	c->depth_left--;
	ok = peek(c) == '{' ? scan_object(c) : scan_array(c);
	c->depth_left++;
	return ok;
}

static bool
scan_value(struct scan *c)
{
	skip_space(c);
	switch (peek(c)) {
	case '{':
	case '[':
		return scan_nested(c);
	case '"':
		return scan_string(c);
	case 't':
		return scan_word(c, "true");
	case 'f':
		return scan_word(c, "false");
	case 'n':
		return scan_word(c, "null");
	case '-':
	case '0' ... '9':
		return scan_number(c);
	default:
		return expected(c, "a value");
	}
}

enum vt_err
json_scan(const char *text, size_t bytes, int depth_max, struct vt_problem *p)
{
	struct scan c = { .text = text,
		.bytes = bytes,
		.depth_left = depth_max,
		.depth_max = depth_max,
		.p = p };

	if (!scan_value(&c))
		return VT_INVALID;
	skip_space(&c);
	if (c.at < bytes) {
		(void)expected(&c, "nothing after the value");
		return VT_INVALID;
	}
	return VT_OK;
}
