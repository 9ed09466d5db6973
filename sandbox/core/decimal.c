/* decimal: see decimal.h. */
#include "core/decimal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "text/json.h"

#define ONE ((decimal)1000000000000) /* 10^DECIMAL_PLACES */
#define WHOLE_DIGITS_MAX 15

bool
decimal_parse(const char *text, decimal *out)
{
	bool minus = *text == '-';
	int whole = 0, places = 0;
	decimal d = 0;

	if (minus)
		text++;
	for (; *text >= '0' && *text <= '9'; text++, whole++) {
		if (whole == WHOLE_DIGITS_MAX)
			return false;
		d = d * 10 + (*text - '0');
	}
	if (whole == 0)
		return false;
	if (*text == '.') {
		for (text++; *text >= '0' && *text <= '9'; text++, places++) {
			if (places == DECIMAL_PLACES)
				return false;
			d = d * 10 + (*text - '0');
		}
		if (places == 0)
			return false;
	}
	if (*text != '\0')
		return false;
	for (; places < DECIMAL_PLACES; places++)
		d *= 10;
	*out = minus ? -d : d;
	return true;
}

const char *
decimal_text(struct arena *a, decimal d)
{
	decimal size = d < 0 ? -d : d;
	char *text = arena_printf(a, "%s%lld.%012lld", d < 0 ? "-" : "",
	    (long long)(size / ONE), (long long)(size % ONE));
	size_t n = strlen(text);

	while (text[n - 1] == '0')
		n--;
	if (text[n - 1] == '.')
		n--;
	text[n] = '\0';
	return text;
}

decimal
decimal_of(int64_t whole)
{
	return whole * ONE;
}

bool
decimal_whole(decimal d, int64_t *out)
{
	if (d % ONE != 0)
		return false;
	*out = (int64_t)(d / ONE);
	return true;
}

/* Halves away from zero: as much for a credit as for what it credits. */
static decimal
divide(decimal d, decimal by)
{
	decimal size = d < 0 ? -d : d;

	size = size / by + (size % by * 2 >= by ? 1 : 0);
	return d < 0 ? -size : size;
}

bool
decimal_scale(decimal d, int64_t times, int64_t per, int64_t *out)
{
	decimal result;

	assert(per > 0);
	result = divide(d * times, ONE * per);
	if (result > JSON_INT_MAX || result < -JSON_INT_MAX)
		return false;
	*out = (int64_t)result;
	return true;
}

int64_t
amount_scale(int64_t amount, int64_t times, int64_t per)
{
	assert(per > 0);
	return (int64_t)divide((decimal)amount * times, per);
}
