/*
 * fuzz_form: the pairs that are read are well-formed, and written they read
 * the same again; any text survives being written as name and value.
 */
#include "fuzz.h"

#include <string.h>

#include "text/form.h"
#include "text/utf8.h"

#define PAIRS_MAX 64
#define WRITTEN_MAX (1 << 22)

static void
write_and_read(struct arena *a, const struct form_pair *pairs, size_t count)
{
	const struct form_pair *again = NULL;
	size_t n = 0;
	struct buf b;

	buf_init(&b, WRITTEN_MAX);
	for (size_t i = 0; i < count; i++)
		form_add(&b, pairs[i].name, pairs[i].value);
	FUZZ_CHECK(!b.failed);
	FUZZ_CHECK(form_parse(a, buf_str(&b), b.len, PAIRS_MAX, &again, &n,
		       NULL) == VT_OK);
	FUZZ_CHECK(n == count);
	for (size_t i = 0; i < n; i++) {
		FUZZ_CHECK(strcmp(pairs[i].name, again[i].name) == 0);
		FUZZ_CHECK(strcmp(pairs[i].value, again[i].value) == 0);
	}
	buf_free(&b);
}

static void
read_pairs(struct arena *a, const char *text, size_t bytes)
{
	const struct form_pair *pairs = NULL;
	struct vt_problem p = { 0 };
	size_t count = 0;

	if (form_parse(a, text, bytes, PAIRS_MAX, &pairs, &count, &p) !=
	    VT_OK) {
		FUZZ_CHECK(strcmp(p.code, "malformed_form") == 0);
		FUZZ_CHECK(p.message[0] != '\0');
		return;
	}
	FUZZ_CHECK(count <= PAIRS_MAX);
	for (size_t i = 0; i < count; i++) {
		const char *name = pairs[i].name, *value = pairs[i].value;

		FUZZ_CHECK(utf8_valid(name, strlen(name)));
		FUZZ_CHECK(utf8_valid(value, strlen(value)));
		FUZZ_CHECK(form_find(pairs, count, name) != NULL);
	}
	write_and_read(a, pairs, count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *a = arena_new();
	const char *text = arena_memdup(a, data, bytes);
	struct form_pair pair = { text, text };

	read_pairs(a, (const char *)data, bytes);
	if (utf8_valid(text, strlen(text)))
		write_and_read(a, &pair, 1);
	arena_free(a);
	return 0;
}
