/* text/form: urlencoded text, both ways. */
#include "unit.h"

#include <string.h>

#include "text/form.h"

static struct arena *a;
static struct vt_problem p;
static const struct form_pair *pairs;
static size_t count;

static void
setup(void)
{
	a = arena_new();
	memset(&p, 0, sizeof(p));
	pairs = NULL;
	count = 42;
}

static void
teardown(void)
{
	arena_free(a);
}

static enum vt_err
parse(const char *text)
{
	return form_parse(a, text, strlen(text), 8, &pairs, &count, &p);
}

START_TEST(pairs_are_split_and_decoded_in_order)
{
	ck_assert_int_eq(
	    parse("a=1+2&b%5Bc%5d=%C3%A9%26&&d&=e&f==&a=%0d%0A&"), VT_OK);
	ck_assert_uint_eq(count, 6);
	ck_assert_str_eq(pairs[0].name, "a");
	ck_assert_str_eq(pairs[0].value, "1 2");
	ck_assert_str_eq(pairs[1].name, "b[c]");
	ck_assert_str_eq(pairs[1].value, "\xc3\xa9&");
	ck_assert_str_eq(pairs[2].name, "d");
	ck_assert_str_eq(pairs[2].value, "");
	ck_assert_str_eq(pairs[3].name, "");
	ck_assert_str_eq(pairs[3].value, "e");
	ck_assert_str_eq(pairs[4].name, "f");
	ck_assert_str_eq(pairs[4].value, "=");
	ck_assert_str_eq(pairs[5].value, "\r\n");
	ck_assert_str_eq(form_find(pairs, count, "a"), "1 2");
	ck_assert_ptr_null(form_find(pairs, count, "A"));
	ck_assert_ptr_null(form_find(NULL, 0, "a"));
}
END_TEST

START_TEST(empty_text_has_no_pairs)
{
	ck_assert_int_eq(parse(""), VT_OK);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(parse("&&&"), VT_OK);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(what_cannot_be_decoded_is_refused_with_its_byte)
{
	static const struct {
		const char *text, *byte;
	} bad[] = { { "a=%", "byte 3" }, { "a=%4", "byte 3" },
		{ "a=%4&b=41", "byte 3" }, { "a=1&%zz=1", "byte 5" },
		{ "a=%g1", "byte 3" }, { "a=%1g", "byte 3" },
		{ "a=%00", "byte 3" }, { "a=1&b=x%00y", "byte 7" },
		{ "a=%ff", "byte 3" }, { "a=%c3&b=%a9", "byte 3" },
		{ "\xff=1", "byte 1" }, { "a=%ed%a0%80", "byte 3" } };

	for (size_t i = 0; i < countof(bad); i++) {
		ck_assert_msg(
		    parse(bad[i].text) == VT_INVALID, "%s", bad[i].text);
		ck_assert_str_eq(p.code, "malformed_form");
		ck_assert_msg(strstr(p.message, bad[i].byte) != NULL, "%s: %s",
		    bad[i].text, p.message);
		ck_assert_ptr_null(pairs);
	}
	/* What stands behind the text is none of its business. */
	ck_assert_int_eq(
	    form_parse(a, "a=%41", 4, 8, &pairs, &count, &p), VT_INVALID);
	ck_assert_int_eq(
	    form_parse(a, "a=\0", 3, 8, &pairs, &count, &p), VT_INVALID);
}
END_TEST

START_TEST(more_pairs_than_allowed_are_refused)
{
	ck_assert_int_eq(parse("&1&2&3&4&5&6&7&8&"), VT_OK);
	ck_assert_uint_eq(count, 8);
	ck_assert_int_eq(parse("1&2&3&4&5&6&7&8&9"), VT_INVALID);
	ck_assert_str_eq(
	    p.message, "The form has 9 fields, more than the 8 it may have.");
}
END_TEST

START_TEST(pairs_are_written_as_stripe_reads_them)
{
	struct buf b;

	buf_init(&b, 4096);
	form_add(&b, "metadata[vantage_order]", "ord_1");
	form_add_int(&b, "amount", 3999);
	form_add_bool(&b, "automatic_payment_methods[enabled]", true);
	form_add_bool(&b, "off", false);
	form_add(&b, "expand[]", "a.b~c-d_e");
	form_add(&b, "text", "a b+c&d=e%!*()'\r\n\xc3\xa9[]");
	form_add(&b, "metadata[k&=]", "");
	form_add_int(&b, "n", INT64_MIN);
	ck_assert_str_eq(buf_str(&b),
	    "metadata[vantage_order]=ord_1&amount=3999&"
	    "automatic_payment_methods[enabled]=true&off=false&"
	    "expand[]=a.b~c-d_e&text=a%20b%2Bc%26d%3De%25%21%2A%28%29%27"
	    "%0D%0A%C3%A9%5B%5D&metadata[k%26%3D]=&n=-9223372036854775808");
	ck_assert_int_eq(parse(buf_str(&b)), VT_OK);
	ck_assert_uint_eq(count, 8);
	ck_assert_str_eq(pairs[5].value, "a b+c&d=e%!*()'\r\n\xc3\xa9[]");
	ck_assert_str_eq(pairs[6].name, "metadata[k&=]");
	buf_clear(&b);
	form_encode(&b, "a[b]/c");
	ck_assert_str_eq(buf_str(&b), "a%5Bb%5D%2Fc");
	buf_free(&b);
}
END_TEST

int
main(void)
{
	const TTest *const core[] = { pairs_are_split_and_decoded_in_order,
		empty_text_has_no_pairs,
		what_cannot_be_decoded_is_refused_with_its_byte,
		more_pairs_than_allowed_are_refused,
		pairs_are_written_as_stripe_reads_them, NULL };
	Suite *s = suite_create("text/form");

	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	return unit_run(s);
}
