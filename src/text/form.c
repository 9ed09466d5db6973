/* form: see form.h. */
#include "text/form.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text/utf8.h"

static const char HEX[] = "0123456789ABCDEF";

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Always VT_INVALID; bytes count from 1. */
static enum vt_err
malformed(struct vt_problem *p, size_t at, const char *why)
{
	return vt_problem(p, VT_INVALID, "malformed_form", NULL,
	    "The form is malformed at byte %zu: %s.", at + 1, why);
}

/*
 * Decodes `bytes` at `from` into `to`, which has room for a terminator, and
 * moves *to behind it. `at` is where this stands in the whole text.
 */
static enum vt_err
decode(
    char **to, const char *from, size_t bytes, size_t at, struct vt_problem *p)
{
	char *start = *to, *out = start;
	size_t n;

	for (size_t i = 0; i < bytes; i++) {
		int high, low;

		if (from[i] == '+') {
			*out++ = ' ';
			continue;
		}
		if (from[i] != '%') {
			*out++ = from[i];
			continue;
		}
		if (bytes - i < 3 || (high = hex_digit(from[i + 1])) < 0 ||
		    (low = hex_digit(from[i + 2])) < 0)
			return malformed(p, at + i,
			    "a percent sign without two hexadecimal digits");
		*out++ = (char)(high * 16 + low);
		i += 2;
	}
	n = (size_t)(out - start);
	if (memchr(start, '\0', n) != NULL)
		return malformed(p, at, "a text that holds U+0000");
	if (!utf8_valid(start, n))
		return malformed(p, at, "a text that is not valid UTF-8");
	*out = '\0';
	*to = out + 1;
	return VT_OK;
}

/* How many pieces between '&' are not empty. */
static size_t
count_pairs(const char *text, size_t bytes)
{
	size_t count = 0;

	for (size_t i = 0; i < bytes; i++)
		if (text[i] != '&' && (i == 0 || text[i - 1] == '&'))
			count++;
	return count;
}

static enum vt_err
decode_pair(struct form_pair *pair, char **to, const char *text, size_t at,
    size_t end, struct vt_problem *p)
{
	const char *equals = memchr(text + at, '=', end - at);
	size_t name_end = equals == NULL ? end : (size_t)(equals - text);
	size_t value_at = equals == NULL ? end : name_end + 1;
	enum vt_err err;

	pair->name = *to;
	err = decode(to, text + at, name_end - at, at, p);
	if (err != VT_OK)
		return err;
	pair->value = *to;
	return decode(to, text + value_at, end - value_at, value_at, p);
}

enum vt_err
form_parse(struct arena *a, const char *text, size_t bytes, size_t pairs_max,
    const struct form_pair **pairs, size_t *count, struct vt_problem *p)
{
	size_t n = count_pairs(text, bytes), done = 0;
	struct form_pair *list;
	enum vt_err err;
	char *to;

	if (n > pairs_max)
		return vt_problem(p, VT_INVALID, "malformed_form", NULL,
		    "The form has %zu fields, more than the %zu it may have.",
		    n, pairs_max);
	list = arena_array(a, n, sizeof(*list));
	/* Decoding never lengthens; '=' or '&' pays for one terminator. */
	to = arena_alloc(a, bytes + n + 1);
	for (size_t at = 0, end; at < bytes; at = end + 1) {
		const char *amp = memchr(text + at, '&', bytes - at);

		end = amp == NULL ? bytes : (size_t)(amp - text);
		if (end == at)
			continue;
		err = decode_pair(&list[done++], &to, text, at, end, p);
		if (err != VT_OK)
			return err;
	}
	*pairs = list;
	*count = done;
	return VT_OK;
}

const char *
form_find(const struct form_pair *pairs, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(pairs[i].name, name) == 0)
			return pairs[i].value;
	return NULL;
}

/* All but RFC 3986's unreserved characters and those in `raw`. */
static void
encode(struct buf *b, const char *text, const char *raw)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || strchr("-._~", c) != NULL ||
		    strchr(raw, c) != NULL) {
			buf_putc(b, (char)c);
		} else {
			char escaped[3] = { '%', HEX[c >> 4], HEX[c & 15] };

			buf_append(b, escaped, sizeof(escaped));
		}
	}
}

void
form_encode(struct buf *b, const char *text)
{
	encode(b, text, "");
}

/* Brackets stay raw, as Stripe's SDK sends them. */
void
form_add(struct buf *b, const char *name, const char *value)
{
	if (b->len > 0)
		buf_putc(b, '&');
	encode(b, name, "[]");
	buf_putc(b, '=');
	encode(b, value, "");
}

void
form_add_int(struct buf *b, const char *name, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, n);
	form_add(b, name, text);
}

void
form_add_bool(struct buf *b, const char *name, bool v)
{
	form_add(b, name, v ? "true" : "false");
}
