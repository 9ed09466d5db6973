/*
 * fuzz_json: what parses is printed and parses again to the same tree; what
 * does not is refused with words; a closed input never takes what its table
 * does not allow.
 */
#include "fuzz.h"

#include <string.h>

#include "text/json.h"

struct input {
	const char *user;
	int64_t amount;
	bool dry_run;
	const struct json *metadata;
};

static const struct json_field fields[] = {
	{ "user", JSON_TEXT, true, offsetof(struct input, user), 1, 8 },
	{ "amount", JSON_INT, true, offsetof(struct input, amount), 1, 1000 },
	{ "dry_run", JSON_BOOL, false, offsetof(struct input, dry_run), 0, 0 },
	{ "metadata", JSON_NODE, false, offsetof(struct input, metadata), 0,
	    0 },
};

static void
problem_is_whole(const struct vt_problem *p)
{
	FUZZ_CHECK(p->err == VT_INVALID);
	FUZZ_CHECK(p->code[0] != '\0' && p->message[0] != '\0');
	FUZZ_CHECK(utf8_valid(p->field, strlen(p->field)));
	FUZZ_CHECK(utf8_valid(p->message, strlen(p->message)));
}

static void
same_text(const char *x, const char *y)
{
	FUZZ_CHECK((x == NULL) == (y == NULL));
	if (x != NULL) {
		FUZZ_CHECK(strcmp(x, y) == 0);
		FUZZ_CHECK(utf8_valid(x, strlen(x)));
	}
}

static void
same_node(const struct json *x, const struct json *y)
{
	int64_t m = 0, n = 0;
	bool b = false, c = false;

	FUZZ_CHECK(json_is_object(x) == json_is_object(y));
	FUZZ_CHECK(json_is_array(x) == json_is_array(y));
	FUZZ_CHECK(json_is_null(x) == json_is_null(y));
	FUZZ_CHECK(json_int(x, &m) == json_int(y, &n) && m == n);
	FUZZ_CHECK(json_bool(x, &b) == json_bool(y, &c) && b == c);
	FUZZ_CHECK(json_count(x) == json_count(y));
	same_text(json_str(x), json_str(y));
	same_text(json_name(x), json_name(y));
	x = json_first(x);
	y = json_first(y);
	for (; x != NULL && y != NULL; x = json_next(x), y = json_next(y))
		same_node(x, y);
	FUZZ_CHECK(x == NULL && y == NULL);
}

static void
read_closed(const struct json *j)
{
	struct input in = { 0 };
	struct vt_problem p = { 0 };

	if (json_read(j, fields, countof(fields), "x.", &in, &p) != VT_OK) {
		problem_is_whole(&p);
		return;
	}
	FUZZ_CHECK(strlen(in.user) >= 1 && strlen(in.user) <= 8);
	FUZZ_CHECK(!utf8_has_control(in.user, strlen(in.user)));
	FUZZ_CHECK(in.amount >= 1 && in.amount <= 1000);
	FUZZ_CHECK(json_count(j) <= countof(fields));
}

static void
print_and_parse(struct arena *a, const struct json *j)
{
	const char *text = json_text(a, j), *copy;
	const struct json *again = NULL;
	struct json *o = json_object(a);

	FUZZ_CHECK(json_parse(a, text, strlen(text), JSON_DEPTH_MAX, &again,
		       NULL) == VT_OK);
	same_node(j, again);
	FUZZ_CHECK(strcmp(json_text(a, again), text) == 0);
	FUZZ_CHECK(json_equal(j, again) && json_equal(again, j));
	json_put_copy(o, "k", j);
	copy = json_text(a, o);
	FUZZ_CHECK(strncmp(copy, "{\"k\":", 5) == 0);
	FUZZ_CHECK(strncmp(copy + 5, text, strlen(text)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *a = arena_new();
	struct vt_problem p = { 0 };
	const struct json *j = NULL;

	if (json_parse(a, (const char *)data, bytes, JSON_DEPTH_MAX, &j, &p) ==
	    VT_OK) {
		FUZZ_CHECK(j != NULL && utf8_valid((const char *)data, bytes));
		print_and_parse(a, j);
		read_closed(j);
	} else {
		FUZZ_CHECK(j == NULL);
		problem_is_whole(&p);
	}
	arena_free(a);
	return 0;
}
