/* utf8: see utf8.h. */
#include "text/utf8.h"

/*
 * The length of the character that starts here, or 0. The second byte's
 * range depends on the first: that is what keeps overlong forms, surrogates
 * and anything above U+10FFFF out.
 */
size_t
utf8_next(const char *text, size_t bytes)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (bytes == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (n > bytes)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return n;
}

size_t
utf8_run(const char *text, size_t bytes)
{
	size_t at = 0, n;

	while ((n = utf8_next(text + at, bytes - at)) > 0)
		at += n;
	return at;
}

bool
utf8_valid(const char *text, size_t bytes)
{
	return utf8_run(text, bytes) == bytes;
}

size_t
utf8_clip(const char *text, size_t bytes, size_t bytes_max)
{
	size_t n = bytes_max;

	if (bytes <= bytes_max)
		return bytes;
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

bool
utf8_has_control(const char *text, size_t bytes)
{
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0; i < bytes; i++)
		if (s[i] < 0x20 || s[i] == 0x7f ||
		    (s[i] == 0xc2 && i + 1 < bytes && s[i + 1] < 0xa0))
			return true;
	return false;
}

void
utf8_clean(struct buf *b, const char *text, size_t bytes)
{
	size_t n;

	while ((n = utf8_run(text, bytes)) < bytes) {
		buf_append(b, text, n);
		buf_puts(b, "\xef\xbf\xbd");
		text += n + 1;
		bytes -= n + 1;
	}
	buf_append(b, text, n);
}
