/* text/json and text/utf8: strict in, exact out. */
#include "unit.h"

#include <string.h>

#include "base/clock.h"
#include "text/json.h"

static struct arena *a;
static struct vt_problem p;

static void
setup(void)
{
	a = arena_new();
	memset(&p, 0, sizeof(p));
}

static void
teardown(void)
{
	arena_free(a);
}

static enum vt_err
parse(const char *text, const struct json **out)
{
	return json_parse(a, text, strlen(text), JSON_DEPTH_MAX, out, &p);
}

static const struct json *
parsed(const char *text)
{
	const struct json *j = NULL;

	ck_assert_msg(parse(text, &j) == VT_OK, "%s: %s", text, p.message);
	return j;
}

START_TEST(what_rfc_8259_refuses_is_refused)
{
	static const char *const bad[] = { "", " ", "01", "-01", "+1", "1.",
		".5", "-", "1e", "1e+", "1.e3", "0x10", "1-2", "nan", "NaN",
		"Infinity", "-Infinity", "tru", "True", "nul", "nullx", "1 x",
		"[1]]", "[1,]", "[,1]", "[1 2]", "[", "{", "{\"a\"",
		"{\"a\":", "{\"a\":1", "{\"a\":1,}", "{\"a\":1 \"b\":2}",
		"{a:1}", "{1:1}", "{,}", "{\"a\" 1}", "\"", "\"a", "\"\\",
		"\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"",
		"\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800x\"",
		"\"\\udc00\\ud800\"", "\"\\ud800\\ud801\"",
		"\"\\udc00\\udc00\"", "\"\t\"", "\"\n\"", "\"\x1f\"", "'a'",
		"// x\n1", "1 // x", "/**/1", "\v1", "\f1",
		"\xef\xbb\xbf"
		"1",
		"\xc2\xa0"
		"1",
		"[1}", "{\"a\":1]", "}", "]", ",", ":", "\"a\" \"b\"" };
	const struct json *j = NULL;

	for (size_t i = 0; i < countof(bad); i++) {
		ck_assert_msg(parse(bad[i], &j) == VT_INVALID, "%s", bad[i]);
		ck_assert_str_eq(p.code, "malformed_json");
		ck_assert_ptr_nonnull(strstr(p.message, " at byte "));
		ck_assert_ptr_null(j);
	}
}
END_TEST

START_TEST(what_rfc_8259_allows_is_read_and_written_again)
{
	static const char *const same[] = { "null", "true", "false", "0", "-1",
		"\"\"", "[]", "{}", "[[],{}]", "\"a\\\"\\\\\\b\\f\\n\\r\\t\"",
		"\"\\u0001\\u001f\"",
		"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
		"{\"a\":[1,2.5,{\"b\":null}],\"A\":true}", "0.1", "1e-07",
		"9007199254740991", "-9007199254740991", "4294967296",
		"{\"\":1}", "\"\x7f\"" };
	static const char *const other[][2] = { { " \t\r\n[ 1 , 2 ] \n",
						    "[1,2]" },
		{ "1.0", "1" }, { "1e2", "100" }, { "1E+2", "100" },
		{ "\"\\/\"", "\"/\"" }, { "\"\\u00e9\"", "\"\xc3\xa9\"" },
		{ "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"" },
		{ "\"\\\\u0000\"", "\"\\\\u0000\"" } };

	for (size_t i = 0; i < countof(same); i++)
		ck_assert_str_eq(json_text(a, parsed(same[i])), same[i]);
	for (size_t i = 0; i < countof(other); i++)
		ck_assert_str_eq(
		    json_text(a, parsed(other[i][0])), other[i][1]);
}
END_TEST

START_TEST(broken_utf_8_is_refused)
{
	static const char *const bad[] = { "\"\x80\"", "\"\xff\"", "\"\xc3\"",
		"\"\xc0\xaf\"", "\"\xc1\xbf\"", "\"\xe0\x80\xaf\"",
		"\"\xe0\x9f\xbf\"", "\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"",
		"\"\xf0\x80\x80\xaf\"", "\"\xf0\x8f\xbf\xbf\"",
		"\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xe2\x82\"",
		"\"\xf0\x9f\x98\"", "\"\xe2\x28\xa1\"", "\"\xc3\xc3\"",
		"{\"\xff\":1}" };
	const struct json *j = NULL;

	for (size_t i = 0; i < countof(bad); i++)
		ck_assert_msg(parse(bad[i], &j) == VT_INVALID, "%zu", i);
	ck_assert(utf8_valid("", 0));
	ck_assert(utf8_valid("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", 10));
	ck_assert(!utf8_valid("\xe2\x82\xac", 2));
	ck_assert(utf8_valid("a\0b", 3));
}
END_TEST

START_TEST(utf_8_is_cut_and_mended_by_whole_characters)
{
	static const char euro[] = "\xe2\x82\xac\xe2\x82\xac";
	struct buf b;

	ck_assert_uint_eq(utf8_clip(euro, 6, 6), 6);
	ck_assert_uint_eq(utf8_clip(euro, 6, 5), 3);
	ck_assert_uint_eq(utf8_clip(euro, 6, 3), 3);
	ck_assert_uint_eq(utf8_clip(euro, 6, 2), 0);
	ck_assert_uint_eq(utf8_clip(euro, 6, 99), 6);
	ck_assert(utf8_has_control("a\x7f", 2));
	ck_assert(utf8_has_control("\xc2\x85", 2));
	ck_assert(!utf8_has_control("\xc2\xa0\xe2\x82\xac ", 6));
	buf_init(&b, 64);
	utf8_clean(&b, "a\xff\xe2\x82z", 5);
	ck_assert_str_eq(buf_str(&b), "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
	buf_free(&b);
}
END_TEST

START_TEST(a_fault_is_named_with_its_byte_and_line)
{
	const struct json *j = NULL;

	ck_assert_int_eq(parse("{\"a\": 1,\n \"b\": 01}", &j), VT_INVALID);
	ck_assert_str_eq(p.message,
	    "The JSON is malformed at byte 17 (line 2): "
	    "a number with a leading zero.");
	ck_assert_int_eq(parse("[1", &j), VT_INVALID);
	ck_assert_ptr_nonnull(strstr(p.message, "byte 3"));
	ck_assert_ptr_nonnull(strstr(p.message, "the text ends"));
	ck_assert_int_eq(parse("[1 \xff", &j), VT_INVALID);
	ck_assert_ptr_nonnull(strstr(p.message, "found the byte 0xff"));
	ck_assert_int_eq(json_parse(a, "[[[]]]", 6, 2, &j, &p), VT_INVALID);
	ck_assert_ptr_nonnull(strstr(p.message, "byte 3"));
	ck_assert_ptr_nonnull(strstr(p.message, "more than 2 levels"));
	ck_assert_int_eq(json_parse(a, "[[]]", 4, 2, &j, &p), VT_OK);
	ck_assert_int_eq(json_parse(a, "[[],[],[],{}]", 13, 2, &j, &p), VT_OK);
	ck_assert_int_eq(json_parse(a, "1", 1, 0, &j, &p), VT_OK);
	ck_assert_int_eq(json_parse(a, "[]", 2, 0, &j, NULL), VT_INVALID);
}
END_TEST

START_TEST(depth_1000_is_refused_before_anything_is_built)
{
	char text[2000];
	const struct json *j = NULL;

	memset(text, '[', 1000);
	memset(text + 1000, ']', 1000);
	ck_assert_int_eq(json_parse(a, text, 2000, 32, &j, &p), VT_INVALID);
	ck_assert_uint_eq(arena_used(a), 0);
	ck_assert_int_eq(json_parse(a, text + 968, 64, 32, &j, &p), VT_OK);
}
END_TEST

START_TEST(u_0000_is_a_bad_field_and_no_shorter_text)
{
	static const char *const bad[] = { "{\"note\":\"a\\u0000b\"}",
		"{\"x\":1,\"note\":\"\\u0000\"}",
		"{\"note\":\"\\\\\\u0000\"}" };
	const struct json *j = NULL;

	for (size_t i = 0; i < countof(bad); i++) {
		ck_assert_int_eq(parse(bad[i], &j), VT_INVALID);
		ck_assert_str_eq(p.code, "invalid_field");
		ck_assert_str_eq(p.field, "note");
	}
	ck_assert_int_eq(parse("\"\\u0000\"", &j), VT_INVALID);
	ck_assert_str_eq(p.field, "");
	ck_assert_int_eq(json_parse(a, "\"a\0b\"", 5, 1, &j, &p), VT_INVALID);
	ck_assert_str_eq(json_str(parsed("\"\\\\u0000\"")), "\\u0000");
}
END_TEST

START_TEST(a_member_twice_in_one_object_is_refused)
{
	static const char *const bad[] = { "{\"a\":1,\"a\":2}",
		"{\"a\":1,\"\\u0061\":2}",
		"[{\"x\":{\"a\":1,\"b\":2,\"a\":3}}]",
		"{\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,"
		"\"8\":0,\"a\":0,\"10\":0,\"a\":1}" };
	const struct json *j = NULL;

	for (size_t i = 0; i < countof(bad); i++) {
		ck_assert_int_eq(parse(bad[i], &j), VT_INVALID);
		ck_assert_str_eq(p.code, "duplicate_field");
		ck_assert_str_eq(p.field, "a");
	}
	(void)parsed("{\"a\":1,\"A\":2,\"b\":{\"a\":1},\"c\":[{\"a\":1}]}");
}
END_TEST

START_TEST(sixty_thousand_members_in_one_object_take_no_seconds)
{
	const struct json *j = NULL;
	struct buf b;
	int64_t start;

	buf_init(&b, 2000000);
	buf_putc(&b, '{');
	for (int i = 0; i < 60000; i++)
		buf_printf(&b, "%s\"member%05d\":%d", i > 0 ? "," : "", i, i);
	buf_putc(&b, '}');
	ck_assert(!b.failed);
	start = clock_mono_ms();
	ck_assert_int_eq(json_parse(a, buf_str(&b), b.len, 32, &j, &p), VT_OK);
	ck_assert_int_lt(clock_mono_ms() - start, 1000);
	ck_assert_uint_eq(json_count(j), 60000);
	b.len--;
	buf_puts(&b, ",\"member00000\":0}");
	start = clock_mono_ms();
	ck_assert_int_eq(
	    json_parse(a, buf_str(&b), b.len, 32, &j, &p), VT_INVALID);
	ck_assert_int_lt(clock_mono_ms() - start, 1000);
	ck_assert_str_eq(p.field, "member00000");
	buf_free(&b);
}
END_TEST

START_TEST(numbers_are_exact_up_to_2_53_or_refused_R70)
{
	static const struct {
		const char *text;
		int64_t n;
	} good[] = { { "0", 0 }, { "-0", 0 }, { "1.0", 1 }, { "1e2", 100 },
		{ "2147483647", 2147483647 }, { "2147483648", 2147483648 },
		{ "-2147483649", -2147483649 }, { "99999999999", 99999999999 },
		{ "9007199254740991", JSON_INT_MAX },
		{ "-9007199254740991", -JSON_INT_MAX } };
	static const char *const bad[] = { "1.5", "0.1", "-0.5",
		"9007199254740992", "9007199254740993", "-9007199254740992",
		"9223372036854775807", "18446744073709551616", "1e16", "1e300",
		"\"10\"", "true", "null", "[]", "{}", "1e-1" };
	int64_t n = 42;

	for (size_t i = 0; i < countof(good); i++) {
		ck_assert(json_int(parsed(good[i].text), &n));
		ck_assert_int_eq(n, good[i].n);
	}
	n = 42;
	for (size_t i = 0; i < countof(bad); i++) {
		ck_assert_msg(!json_int(parsed(bad[i]), &n), "%s", bad[i]);
		ck_assert_int_eq(n, 42);
	}
	ck_assert(!json_int(NULL, &n));
}
END_TEST

START_TEST(numbers_that_no_double_holds_are_refused)
{
	static const char *const bad[] = {
		"1e309", "-1e309", "1e400", "1e99999999999999999999",
		"123456789e305",
		"11111111111111111111111111111111111111111111111111111111111111"
	};
	static const char *const same[] = { "1.7976931348623157e+308",
		"2.2250738585072014e-308", "0.30000000000000004",
		"123456789012345680", "1.2345678901234567e+300" };
	const struct json *j = NULL;

	for (size_t i = 0; i < countof(bad); i++)
		ck_assert_msg(parse(bad[i], &j) == VT_INVALID, "%s", bad[i]);
	for (size_t i = 0; i < countof(same); i++)
		ck_assert_str_eq(json_text(a, parsed(same[i])), same[i]);
}
END_TEST

START_TEST(looking_up_minds_case_and_survives_what_is_missing)
{
	const struct json *j = parsed("{\"Amount\":1,\"a\":{\"b\":{\"c\":"
				      "\"x\",\"n\":7}},\"l\":[1,\"two\",null],"
				      "\"t\":true}");
	const struct json *e;
	int64_t n;
	bool b;

	ck_assert_ptr_null(json_get(j, "amount"));
	ck_assert_ptr_nonnull(json_get(j, "Amount"));
	ck_assert_str_eq(json_str_at(j, "a.b.c"), "x");
	ck_assert(json_int_at(j, "a.b.n", &n));
	ck_assert_int_eq(n, 7);
	ck_assert_ptr_null(json_at(j, "a.x.c"));
	ck_assert_ptr_null(json_at(j, "a.b.c.d"));
	ck_assert_ptr_null(json_at(NULL, "a.b"));
	ck_assert_ptr_null(json_get(NULL, "a"));
	ck_assert_ptr_null(json_get(json_get(j, "l"), "a"));
	ck_assert_ptr_null(json_str(json_get(j, "t")));
	ck_assert(json_bool(json_get(j, "t"), &b) && b);
	ck_assert(!json_bool(json_get(j, "Amount"), &b));
	ck_assert(!json_bool(NULL, &b));
	e = json_first(json_get(j, "l"));
	ck_assert_uint_eq(json_count(json_get(j, "l")), 3);
	ck_assert_ptr_null(json_name(e));
	ck_assert_str_eq(json_str(json_next(e)), "two");
	ck_assert(json_is_null(json_next(json_next(e))));
	ck_assert_ptr_null(json_next(json_next(json_next(e))));
	ck_assert_ptr_null(json_first(NULL));
	ck_assert_str_eq(json_name(json_first(j)), "Amount");
	ck_assert(!json_is_object(NULL) && !json_is_array(NULL) &&
	    !json_is_string(NULL) && !json_is_null(NULL));
}
END_TEST

struct input {
	const char *user;
	int64_t amount;
	bool dry_run;
	const struct json *metadata;
};

static const struct json_field input_fields[] = {
	{ "user", JSON_TEXT, true, offsetof(struct input, user), 1, 8 },
	{ "amount", JSON_INT, true, offsetof(struct input, amount), 1, 100000 },
	{ "dry_run", JSON_BOOL, false, offsetof(struct input, dry_run), 0, 0 },
	{ "metadata", JSON_NODE, false, offsetof(struct input, metadata), 0,
	    0 },
};

static enum vt_err
input(const char *text, const char *prefix, struct input *in)
{
	memset(in, 0, sizeof(*in));
	in->dry_run = true;
	return json_read(
	    parsed(text), input_fields, countof(input_fields), prefix, in, &p);
}

START_TEST(closed_input_is_read_into_the_struct)
{
	struct input in;

	ck_assert_int_eq(input("{\"user\":\"u\xc3\xa9\",\"amount\":1e5,"
			       "\"dry_run\":false,\"metadata\":{\"x\":1}}",
			     NULL, &in),
	    VT_OK);
	ck_assert_str_eq(in.user, "u\xc3\xa9");
	ck_assert_int_eq(in.amount, 100000);
	ck_assert(!in.dry_run);
	ck_assert(json_is_object(in.metadata));
	ck_assert_int_eq(input("{\"user\":\"12345678\",\"amount\":1,"
			       "\"dry_run\":null,\"metadata\":null}",
			     NULL, &in),
	    VT_OK);
	ck_assert(in.dry_run);
	ck_assert_ptr_null(in.metadata);
}
END_TEST

START_TEST(closed_input_refuses_with_a_sentence_R69)
{
	static const char range[] =
	    "amount must be a whole number from 1 to 100000.";
	static const char bytes[] = "user must be a text of 1 to 8 bytes.";
	static const struct {
		const char *text, *code, *field, *message;
	} bad[] = {
		{ "{\"user\":\"u\",\"amount\":0}", "invalid_field", "amount",
		    range },
		{ "{\"user\":\"u\",\"amount\":-1000}", "invalid_field",
		    "amount", range },
		{ "{\"user\":\"u\",\"amount\":1.5}", "invalid_field", "amount",
		    range },
		{ "{\"user\":\"u\",\"amount\":100001}", "invalid_field",
		    "amount", range },
		{ "{\"user\":\"u\",\"amount\":9007199254740993}",
		    "invalid_field", "amount", range },
		{ "{\"user\":\"u\",\"amount\":1e300}", "invalid_field",
		    "amount", range },
		{ "{\"user\":\"u\",\"amount\":\"10\"}", "invalid_field",
		    "amount", range },
		{ "{\"user\":\"u\",\"amount\":true}", "invalid_field", "amount",
		    range },
		{ "{\"user\":\"u\",\"amount\":null}", "missing_field", "amount",
		    "amount is required." },
		{ "{\"amount\":1}", "missing_field", "user",
		    "user is required." },
		{ "{\"user\":\"\",\"amount\":1}", "invalid_field", "user",
		    bytes },
		{ "{\"user\":\"123456789\",\"amount\":1}", "invalid_field",
		    "user", bytes },
		{ "{\"user\":7,\"amount\":1}", "invalid_field", "user", bytes },
		{ "{\"user\":\"a\\nb\",\"amount\":1}", "invalid_field", "user",
		    "user must not hold control characters such as line "
		    "ends." },
		{ "{\"user\":\"a\\u0085\",\"amount\":1}", "invalid_field",
		    "user",
		    "user must not hold control characters such as line "
		    "ends." },
		{ "{\"user\":\"u\",\"amount\":1,\"dry_run\":\"yes\"}",
		    "invalid_field", "dry_run",
		    "dry_run must be true or false." },
		{ "{\"user\":\"u\",\"amount\":1,\"price\":5}", "unknown_field",
		    "price",
		    "price is not accepted here; these are: user, amount, "
		    "dry_run, metadata." },
		{ "{\"User\":\"u\",\"amount\":1}", "unknown_field", "User",
		    "User is not accepted here; these are: user, amount, "
		    "dry_run, metadata." },
		{ "[]", "invalid_field", "",
		    "The body must be a JSON object." },
		{ "\"x\"", "invalid_field", "",
		    "The body must be a JSON object." },
	};
	struct input in;

	for (size_t i = 0; i < countof(bad); i++) {
		ck_assert_int_eq(input(bad[i].text, NULL, &in), VT_INVALID);
		ck_assert_int_eq(p.err, VT_INVALID);
		ck_assert_str_eq(p.code, bad[i].code);
		ck_assert_str_eq(p.field, bad[i].field);
		ck_assert_str_eq(p.message, bad[i].message);
	}
}
END_TEST

START_TEST(closed_input_names_nested_members_with_their_prefix)
{
	struct input in;

	ck_assert_int_eq(
	    input("{\"user\":\"u\",\"amount\":0}", "users[3].", &in),
	    VT_INVALID);
	ck_assert_str_eq(p.field, "users[3].amount");
	ck_assert_ptr_nonnull(strstr(p.message, "users[3].amount must be"));
	ck_assert_int_eq(input("7", "users[3].", &in), VT_INVALID);
	ck_assert_str_eq(p.field, "users[3]");
	ck_assert_str_eq(p.message, "users[3] must be a JSON object.");
}
END_TEST

START_TEST(a_strangers_long_name_is_cut_between_characters)
{
	char text[600] = "{\"x";
	struct input in;

	for (int i = 0; i < 100; i++)
		memcpy(text + 3 + i * 3, "\xe2\x82\xac", 4);
	memcpy(text + 303, "\":1}", 5);
	ck_assert_int_eq(input(text, NULL, &in), VT_INVALID);
	ck_assert_str_eq(p.code, "unknown_field");
	ck_assert_uint_eq(strlen(p.field), 94);
	ck_assert(utf8_valid(p.field, strlen(p.field)));
	ck_assert(utf8_valid(p.message, strlen(p.message)));
}
END_TEST

START_TEST(what_is_built_is_written_exactly)
{
	struct json *o = json_object(a), *l;

	json_put_str(o, "s", "a\"b\n");
	json_put_str(o, "none", NULL);
	json_put_int(o, "max", INT64_MAX);
	json_put_int(o, "min", INT64_MIN);
	json_put_int(o, "exact", 9007199254740993);
	json_put_bool(o, "yes", true);
	json_put_null(o, "null");
	json_put_int(json_put_object(o, "o"), "x", 1);
	l = json_put_array(o, "l");
	json_add_int(l, -5);
	json_add_str(l, "t");
	json_add_copy(l, parsed("{\"k\":[1.5]}"));
	json_put_str(json_add_object(l), "y", "z");
	json_add_str(json_add_array(l), NULL);
	json_put_copy(o, "copy", json_get(o, "max"));
	json_put_copy(o, "gone", NULL);
	json_put_text(o, "text", "{\"available\":3}");
	ck_assert_str_eq(json_text(a, o),
	    "{\"s\":\"a\\\"b\\n\",\"none\":null,\"max\":9223372036854775807,"
	    "\"min\":-9223372036854775808,\"exact\":9007199254740993,"
	    "\"yes\":true,\"null\":null,\"o\":{\"x\":1},\"l\":[-5,\"t\","
	    "{\"k\":[1.5]},{\"y\":\"z\"},[null]],\"copy\":"
	    "9223372036854775807,\"gone\":null,\"text\":{\"available\":3}}");
}
END_TEST

START_TEST(putting_twice_replaces_and_removing_what_is_absent_is_fine)
{
	struct json *o = json_object(a);
	int64_t n;

	json_put_int(o, "a", 1);
	json_put_int(o, "b", 2);
	json_put_int(o, "a", 3);
	json_put_copy(o, "b", o);
	ck_assert_str_eq(json_text(a, o), "{\"a\":3,\"b\":{\"a\":3,\"b\":2}}");
	json_remove(o, "b");
	json_remove(o, "b");
	json_remove(o, "A");
	ck_assert_str_eq(json_text(a, o), "{\"a\":3}");
	ck_assert(json_int_at(o, "a", &n) && n == 3);
	json_put_int(o, "big", INT64_MAX);
	ck_assert(!json_int_at(o, "big", &n));
}
END_TEST

START_TEST(equal_trees_say_the_same_whoever_made_them)
{
	static const char *const same[][2] = { { "null", "null" },
		{ "1", "1.0" }, { "1e2", "100" }, { "-0", "0" },
		{ "\"a\"", "\"\\u0061\"" }, { "[1,[],{}]", "[1, [], {}]" },
		{ "{\"a\":1,\"b\":[2]}", "{\"b\":[2],\"a\":1}" },
		{ "9007199254740991", "9007199254740991.0" },
		{ "{\"a\":1,\"b\":2,\"c\":3}", "{\"c\":3,\"a\":1,\"b\":2}" } };
	static const char *const other[][2] = { { "null", "false" },
		{ "true", "false" }, { "0", "false" }, { "1", "\"1\"" },
		{ "9007199254740991", "9007199254740990" },
		{ "0.3", "0.30000000000000004" }, { "[]", "{}" },
		{ "[1,2]", "[2,1]" }, { "[1]", "[1,1]" }, { "[1,1]", "[1]" },
		{ "{\"a\":1}", "{\"A\":1}" }, { "{\"a\":1}", "{\"a\":2}" },
		{ "{\"a\":1}", "{\"a\":1,\"b\":1}" },
		{ "{\"a\":1,\"b\":1}", "{\"a\":1}" },
		{ "{\"a\":null}", "{\"b\":null}" }, { "\"a\"", "\"A\"" } };
	struct json *o = json_object(a);

	for (size_t i = 0; i < countof(same); i++)
		ck_assert_msg(
		    json_equal(parsed(same[i][0]), parsed(same[i][1])) &&
			json_equal(parsed(same[i][1]), parsed(same[i][0])),
		    "%s", same[i][0]);
	for (size_t i = 0; i < countof(other); i++)
		ck_assert_msg(
		    !json_equal(parsed(other[i][0]), parsed(other[i][1])) &&
			!json_equal(parsed(other[i][1]), parsed(other[i][0])),
		    "%s", other[i][0]);
	json_put_int(o, "amount", 3999);
	json_put_int(o, "created_ms", 1763834645000);
	json_put_str(o, "id", "pi_1");
	ck_assert(json_equal(o, parsed(json_text(a, o))));
	ck_assert(json_equal(json_clone(a, o), o));
	json_put_int(o, "n", INT64_MAX);
	ck_assert(json_equal(json_clone(a, o), o));
	ck_assert(json_equal(NULL, NULL));
	ck_assert(!json_equal(NULL, o) && !json_equal(o, NULL));
}
END_TEST

START_TEST(a_clone_and_an_edit_change_what_they_should)
{
	struct json *o = json_object(a), *copy;

	json_put_int(json_put_object(o, "in"), "x", 1);
	copy = json_clone(a, o);
	json_put_int(json_edit(copy, "in"), "x", 2);
	ck_assert_str_eq(json_text(a, o), "{\"in\":{\"x\":1}}");
	ck_assert_str_eq(json_text(a, copy), "{\"in\":{\"x\":2}}");
	ck_assert_ptr_null(json_edit(copy, "none"));
	ck_assert_ptr_null(json_edit(json_array(a), "in"));
	ck_assert_ptr_null(json_clone(a, NULL));
}
END_TEST

START_TEST(what_is_written_is_json_whatever_the_text_holds)
{
	struct json *o = json_object(a);

	json_put_str(o, "a", "x\xff\xc3");
	json_put_text(o, "b", "{\"cut");
	json_put_text(o, "c", NULL);
	(void)parsed(json_text(a, o));
	ck_assert_str_eq(json_text(a, o),
	    "{\"a\":\"x\xef\xbf\xbd\xef\xbf\xbd\",\"b\":null,\"c\":null}");
}
END_TEST

int
main(void)
{
	const TTest *const parsing[] = { what_rfc_8259_refuses_is_refused,
		what_rfc_8259_allows_is_read_and_written_again,
		broken_utf_8_is_refused,
		utf_8_is_cut_and_mended_by_whole_characters,
		a_fault_is_named_with_its_byte_and_line,
		depth_1000_is_refused_before_anything_is_built,
		u_0000_is_a_bad_field_and_no_shorter_text,
		a_member_twice_in_one_object_is_refused,
		sixty_thousand_members_in_one_object_take_no_seconds,
		numbers_are_exact_up_to_2_53_or_refused_R70,
		numbers_that_no_double_holds_are_refused,
		looking_up_minds_case_and_survives_what_is_missing, NULL };
	const TTest *const reading[] = { closed_input_is_read_into_the_struct,
		closed_input_refuses_with_a_sentence_R69,
		closed_input_names_nested_members_with_their_prefix,
		a_strangers_long_name_is_cut_between_characters, NULL };
	const TTest *const building[] = { what_is_built_is_written_exactly,
		putting_twice_replaces_and_removing_what_is_absent_is_fine,
		equal_trees_say_the_same_whoever_made_them,
		a_clone_and_an_edit_change_what_they_should,
		what_is_written_is_json_whatever_the_text_holds, NULL };
	Suite *s = suite_create("text/json");

	tcase_add_checked_fixture(
	    unit_case(s, "parsing", parsing), setup, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "reading", reading), setup, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "building", building), setup, teardown);
	return unit_run(s);
}
