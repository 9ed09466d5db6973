/* cursor: where lists go on, and what is no cursor. */
#include "unit.h"

#include <string.h>

#include "base/random.h"
#include "web/cursor.h"

static struct arena *arena;
static struct vt_problem problem;

static void
setup(void)
{
	arena = arena_new();
	memset(&problem, 0, sizeof(problem));
}

static void
teardown(void)
{
	arena_free(arena);
}

START_TEST(a_cursor_reads_as_it_was_written)
{
	static const struct cursor all[] = { { 0, 0 }, { 1900000000000, 1 },
		{ INT64_MAX, INT64_MIN }, { -1, INT64_MAX } };
	struct cursor c;

	for (size_t i = 0; i < countof(all); i++) {
		const char *text = cursor_format(arena, "orders", &all[i]);

		ck_assert_uint_eq(strlen(text), 28);
		ck_assert_int_eq(cursor_parse(text, "orders", &c), VT_OK);
		ck_assert_int_eq(c.created_at, all[i].created_at);
		ck_assert_int_eq(c.id, all[i].id);
	}
}
END_TEST

START_TEST(a_cursor_is_good_for_its_own_list_only)
{
	struct cursor c = { 5, 7 }, out = { 1, 1 };
	const char *text = cursor_format(arena, "orders", &c);

	ck_assert_int_eq(cursor_parse(text, "events", &out), VT_INVALID);
	ck_assert_int_eq(cursor_parse(text, "", &out), VT_INVALID);
	ck_assert_int_eq(out.id, 1);
}
END_TEST

START_TEST(every_changed_character_is_found)
{
	struct cursor c = { 1900000000000, 77 }, out;
	const char *text = cursor_format(arena, "orders", &c);
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		for (int b = 1; b < 256; b++) {
			char *changed = arena_strdup(arena, text);

			if (b == (unsigned char)text[i])
				continue;
			changed[i] = (char)b;
			ck_assert_int_eq(
			    cursor_parse(changed, "orders", &out), VT_INVALID);
		}
	for (size_t i = 0; i < n; i++) {
		char *cut = arena_memdup(arena, text, i);

		ck_assert_int_eq(cursor_parse(cut, "orders", &out), VT_INVALID);
	}
	ck_assert_int_eq(
	    cursor_parse(arena_printf(arena, "%sA", text), "orders", &out),
	    VT_INVALID);
	ck_assert_int_eq(
	    cursor_parse(arena_printf(arena, "%s=", text), "orders", &out),
	    VT_INVALID);
}
END_TEST

static enum vt_err
page(const char *query, struct cursor_page *out)
{
	const char *const params[] = { "DOCUMENT_URI=/",
		arena_printf(arena, "QUERY_STRING=%s", query), NULL };
	struct request r;

	ck_assert_int_eq(request_from(&r, arena, params, &problem), VT_OK);
	return cursor_page(&r, "orders", out, &problem);
}

START_TEST(a_page_has_a_limit_from_1_to_100_and_20_unless_told)
{
	static const char *const bad[] = { "limit=0", "limit=101", "limit=-1",
		"limit=", "limit=1.5", "limit=%201", "limit=1e1",
		"limit=99999999999999999999", "limit=0x10" };
	struct cursor_page out;

	ck_assert_int_eq(page("", &out), VT_OK);
	ck_assert_int_eq(out.limit, 20);
	ck_assert_int_eq(out.after.id, 0);
	ck_assert_int_eq(page("limit=1", &out), VT_OK);
	ck_assert_int_eq(out.limit, 1);
	ck_assert_int_eq(page("limit=100", &out), VT_OK);
	ck_assert_int_eq(out.limit, 100);
	for (size_t i = 0; i < countof(bad); i++) {
		ck_assert_int_eq(page(bad[i], &out), VT_INVALID);
		ck_assert_str_eq(problem.code, "invalid_field");
		ck_assert_str_eq(problem.field, "limit");
	}
}
END_TEST

START_TEST(a_list_ends_with_the_cursor_of_its_last_row)
{
	struct cursor last = { 5, 7 };
	struct json *answer = json_object(arena);
	struct cursor_page out;

	cursor_end(arena, answer, "orders", true, &last);
	ck_assert_int_eq(page(arena_printf(arena, "cursor=%s",
				  json_str_at(answer, "next_cursor")),
			     &out),
	    VT_OK);
	ck_assert_int_eq(out.after.created_at, 5);
	ck_assert_int_eq(out.after.id, 7);
	ck_assert_int_eq(page("cursor=", &out), VT_INVALID);
	ck_assert_str_eq(problem.field, "cursor");
	answer = json_object(arena);
	cursor_end(arena, answer, "orders", false, &last);
	ck_assert(json_is_null(json_get(answer, "next_cursor")));
}
END_TEST

int
main(void)
{
	const TTest *const core[] = { a_cursor_reads_as_it_was_written,
		a_cursor_is_good_for_its_own_list_only,
		every_changed_character_is_found,
		a_page_has_a_limit_from_1_to_100_and_20_unless_told,
		a_list_ends_with_the_cursor_of_its_last_row, NULL };
	Suite *s = suite_create("cursor");

	random_init();
	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	return unit_run(s);
}
