/*
 * fuzz_sandbox: whatever form comes in, the local Stripe makes a tree of it
 * that holds each value once, and of that either typed values of its table
 * and nothing else, or a refusal with a sentence.
 */
#include "fuzz.h"

#include <string.h>

#include "core/call.h"
#include "core/params.h"

#define PAIRS_MAX 200

static const char *const colours[] = { "red", "green", NULL };
static const struct param inner[] = {
	PARAM("price", P_STR, 0),
	PARAM_RANGE("quantity", P_INT, P_REQUIRED, 0, 99),
	PARAM_END,
};
static const struct param element[] = { PARAM_OF("", P_HASH, 0, inner) };
static const struct param words[] = { PARAM("", P_STR, 0) };
static const struct param table[] = {
	PARAM("amount", P_INT, 0),
	PARAM("confirm", P_BOOL, 0),
	PARAM("created", P_RANGE, 0),
	PARAM_ENUM("colour", P_EMPTY, colours),
	PARAM("currency", P_STR, P_EMPTY),
	PARAM_OF("items", P_LIST, P_EMPTY, element),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM("options", P_HASH, 0),
	PARAM_OF("types", P_LIST, P_UNVERSIONED, words),
	PARAM_END,
};

static size_t
leaves(const struct tree *t)
{
	size_t n = t->kind == TREE_LEAF;

	FUZZ_CHECK((t->kind == TREE_LEAF) == (t->value != NULL));
	FUZZ_CHECK(t->kind != TREE_LEAF || t->first == NULL);
	for (const struct tree *m = t->first; m != NULL; m = m->next)
		n += leaves(m);
	return n;
}

static bool
is_known(const char *name)
{
	for (const struct param *row = table; row->kind != P_END; row++)
		if (strcmp(row->name, name) == 0)
			return true;
	return strcmp(name, "expand") == 0;
}

static void
read_params(struct arena *a, const struct tree *t, bool versioned)
{
	struct call c = { .arena = a, .versioned = versioned };
	const struct json *again;
	struct json *out = NULL;
	const char *text;

	if (params_read(&c, t, table, &out) != VT_OK) {
		FUZZ_CHECK(c.error.status == 400);
		FUZZ_CHECK(c.error.param != NULL);
		FUZZ_CHECK(c.error.message[0] != '\0');
		text = call_error_text(&c);
	} else {
		for (const struct json *m = json_first(out); m != NULL;
		     m = json_next(m))
			FUZZ_CHECK(is_known(json_name(m)));
		FUZZ_CHECK(json_get(out, "types") == NULL || !versioned);
		text = json_text(a, out);
	}
	FUZZ_CHECK(
	    json_parse(a, text, strlen(text), 64, &again, NULL) == VT_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *a = arena_new();
	const struct form_pair *pairs = NULL;
	struct tree *t = NULL;
	const char *at = NULL;
	size_t count = 0;

	if (form_parse(a, (const char *)data, bytes, PAIRS_MAX, &pairs, &count,
		NULL) == VT_OK) {
		if (tree_build(a, pairs, count, &t, &at) == VT_OK) {
			FUZZ_CHECK(leaves(t) <= count);
			read_params(a, t, true);
			read_params(a, t, false);
		} else
			FUZZ_CHECK(at != NULL);
	}
	arena_free(a);
	return 0;
}
