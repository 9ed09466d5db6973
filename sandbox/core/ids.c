/* ids: see ids.h. */
#include "core/ids.h"

#include <string.h>

#include "base/random.h"

static const char alphabet[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
#define ALPHABET_CHARS 62
#define UPPER_CHARS 36 /* digits and capitals come first in it */
#define SECRET_CHARS 25
#define ID_CHARS_MAX 128

static char *
letters(struct arena *a, size_t chars, uint32_t bound)
{
	char *out = arena_alloc(a, chars + 1);

	for (size_t i = 0; i < chars; i++)
		out[i] = alphabet[random_below(bound)];
	return out;
}

const char *
ids_random(struct arena *a, size_t chars)
{
	return letters(a, chars, ALPHABET_CHARS);
}

const char *
ids_random_upper(struct arena *a, size_t chars)
{
	return letters(a, chars, UPPER_CHARS);
}

const char *
ids_make(struct arena *a, const char *prefix, char lead, size_t chars)
{
	char *tail = letters(a, chars, ALPHABET_CHARS);

	if (lead != '\0')
		tail[0] = lead;
	return arena_printf(a, "%s%s", prefix, tail);
}

const char *
ids_client_secret(struct arena *a, const char *id)
{
	return arena_printf(a, "%s_secret_%s", id, ids_random(a, SECRET_CHARS));
}

bool
ids_valid(const char *id)
{
	size_t n = strlen(id);

	if (n == 0 || n > ID_CHARS_MAX)
		return false;
	for (; *id != '\0'; id++)
		if (*id != '_' && *id != '-' && strchr(alphabet, *id) == NULL)
			return false;
	return true;
}
