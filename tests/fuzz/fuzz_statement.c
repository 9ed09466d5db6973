/*
 * fuzz_statement: what is read as a statement, a head or a signed file is
 * what would be written, byte for byte.
 */
#include "fuzz.h"

#include <string.h>

#include "ledger/statement.h"

static void
read_text(struct arena *a, const char *text)
{
	struct chain_head h;
	struct statement s;

	switch (signed_kind(text)) {
	case SIGNED_HEAD:
		if (chain_head_parse(text, &h) == VT_OK)
			FUZZ_CHECK(strcmp(chain_head_text(a, &h), text) == 0);
		break;
	case SIGNED_STATEMENT:
		if (statement_parse(a, text, &s) != VT_OK)
			break;
		FUZZ_CHECK(strcmp(statement_text(a, &s), text) == 0);
		FUZZ_CHECK(statement_same(a, &s, &s));
		(void)statement_adds_up(&s); /* either is fine */
		break;
	case SIGNED_UNKNOWN:
		FUZZ_CHECK(chain_head_parse(text, &h) != VT_OK);
		FUZZ_CHECK(statement_parse(a, text, &s) != VT_OK);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *a = arena_new();
	char *file = arena_memdup(a, data, bytes);
	struct signed_text t;

	read_text(a, file);
	if (signed_file_parse(a, file, &t) == VT_OK) {
		FUZZ_CHECK(
		    strcmp(signed_file(a, t.text, t.signature), file) == 0);
		read_text(a, t.text);
	}
	arena_free(a);
	return 0;
}
