/*
 * fuzz_cursor: what is read as a cursor is what was written, letter for
 * letter; and any two numbers make a cursor that reads as they were.
 */
#include "fuzz.h"

#include <string.h>

#include "web/cursor.h"

static const char list[] = "things";

static void
write_and_read(struct arena *a, const uint8_t *data, size_t bytes)
{
	struct cursor c = { 0, 0 }, again = { 0, 0 };

	memcpy(&c, data, bytes < sizeof(c) ? bytes : sizeof(c));
	FUZZ_CHECK(
	    cursor_parse(cursor_format(a, list, &c), list, &again) == VT_OK);
	FUZZ_CHECK(again.created_at == c.created_at && again.id == c.id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *a = arena_new();
	char *text = arena_memdup(a, data, bytes);
	struct cursor c = { 0, 0 };

	if (cursor_parse(text, list, &c) == VT_OK)
		FUZZ_CHECK(strcmp(cursor_format(a, list, &c), text) == 0);
	write_and_read(a, data, bytes);
	arena_free(a);
	return 0;
}
