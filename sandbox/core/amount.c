/* amount: see amount.h. */
#include "core/amount.h"

#include <string.h>

#include "text/money.h"

const char *
amount_text(struct arena *a, int64_t amount, const char *currency)
{
	char text[MONEY_TEXT_BYTES];
	char *out;

	money_format(amount, currency, text);
	out = arena_printf(a, "%s %s", text, currency);
	for (char *p = strrchr(out, ' '); *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return out;
}
