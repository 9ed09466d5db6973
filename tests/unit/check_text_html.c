/* text/html: pages in which nobody else's text is ever markup. */
#include "unit.h"

#include <signal.h>
#include <string.h>

#include "text/html.h"

static struct buf b;
static struct html h;

static void
setup(void)
{
	buf_init(&b, 65536);
	html_init(&h, &b);
}

static void
teardown(void)
{
	buf_free(&b);
}

START_TEST(a_page_is_written_element_by_element)
{
	html_doctype(&h);
	html_open(&h, "html");
	html_attr(&h, "lang", "en");
	html_open(&h, "head");
	html_element(&h, "title", "A & B");
	html_open(&h, "link");
	html_attr(&h, "rel", "stylesheet");
	html_attr_printf(&h, "href", "/%s.css?v=%d", "style", 1);
	html_open(&h, "script");
	html_attr(&h, "src", "/pay.js");
	html_attr_bool(&h, "defer", true);
	html_close(&h, "script");
	html_close(&h, "head");
	html_open(&h, "body");
	html_open(&h, "input");
	html_attr(&h, "name", "n");
	html_attr_int(&h, "value", -5);
	html_attr_bool(&h, "required", true);
	html_attr_bool(&h, "disabled", false);
	html_attr(&h, "title", NULL);
	html_open(&h, "p");
	html_printf(&h, "%d < %s", 1, "2");
	html_text(&h, NULL);
	html_open(&h, "br");
	html_text(&h, "x");
	html_close(&h, "p");
	html_close(&h, "body");
	html_close(&h, "html");
	html_end(&h);
	ck_assert_str_eq(buf_str(&b),
	    "<!doctype html>\n<html lang=\"en\"><head><title>A &amp; B</title>"
	    "<link rel=\"stylesheet\" href=\"/style.css?v=1\">"
	    "<script src=\"/pay.js\" defer></script></head><body>"
	    "<input name=\"n\" value=\"-5\" required><p>1 &lt; 2<br>x</p>"
	    "</body></html>\n");
}
END_TEST

START_TEST(text_of_others_is_never_markup)
{
	html_open(&h, "p");
	html_attr(&h, "title", "\"><script>alert('1')</script>&quot;");
	html_text(&h, "</p><script>alert(\"1\")</script>\x01\xff");
	html_close(&h, "p");
	ck_assert_str_eq(buf_str(&b),
	    "<p title=\"&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)"
	    "&lt;/script&gt;&amp;quot;\">&lt;/p&gt;&lt;script&gt;alert("
	    "&quot;1&quot;)&lt;/script&gt;\xef\xbf\xbd\xef\xbf\xbd</p>");
}
END_TEST

START_TEST(links_that_run_are_written_as_nothing)
{
	static const char *const bad[] = { "javascript:alert(1)",
		"JavaScript:alert(1)", " javascript:alert(1)",
		"java\tscript:alert(1)", "java\nscript:x", "\x01javascript:x",
		"data:text/html,x", "vbscript:x", "file:///etc/passwd", ":x",
		"\\\\evil.example", "/\\evil.example", " /buy", "/a\x01" };
	static const char *const good[] = { "/buy", "buy?a=b:c", "#x", "?a=b",
		"", "https://example.com/a:b", "HTTP://example.com",
		"mailto:a@example.com", "./a:b" };
	static const char *const names[] = { "href", "src", "action",
		"formaction" };
	struct buf want;

	buf_init(&want, 1024);
	for (size_t i = 0; i < countof(bad); i++) {
		const char *name = names[i % countof(names)];

		buf_clear(&b);
		html_init(&h, &b);
		html_open(&h, "a");
		html_attr(&h, name, bad[i]);
		html_close(&h, "a");
		buf_clear(&want);
		buf_printf(&want, "<a %s=\"#\"></a>", name);
		ck_assert_str_eq(buf_str(&b), buf_str(&want));
	}
	for (size_t i = 0; i < countof(good); i++) {
		buf_clear(&b);
		html_init(&h, &b);
		html_open(&h, "a");
		html_attr(&h, "href", good[i]);
		html_close(&h, "a");
		buf_clear(&want);
		buf_printf(&want, "<a href=\"%s\"></a>", good[i]);
		ck_assert_str_eq(buf_str(&b), buf_str(&want));
	}
	buf_free(&want);
}
END_TEST

START_TEST(closing_out_of_turn_ends_the_process)
{
	html_open(&h, "p");
	html_open(&h, "b");
	html_close(&h, "p");
}
END_TEST

START_TEST(an_element_left_open_ends_the_process)
{
	html_open(&h, "p");
	html_end(&h);
}
END_TEST

START_TEST(an_attribute_after_text_ends_the_process)
{
	html_open(&h, "p");
	html_text(&h, "x");
	html_attr(&h, "id", "x");
}
END_TEST

START_TEST(an_inline_script_ends_the_process)
{
	html_open(&h, "script");
	html_text(&h, "alert(1)");
}
END_TEST

START_TEST(an_event_handler_ends_the_process)
{
	html_open(&h, "p");
	html_attr(&h, "onclick", "alert(1)");
}
END_TEST

int
main(void)
{
	const TTest *const core[] = { a_page_is_written_element_by_element,
		text_of_others_is_never_markup,
		links_that_run_are_written_as_nothing, NULL };
	const TTest *const aborts[] = { closing_out_of_turn_ends_the_process,
		an_element_left_open_ends_the_process,
		an_attribute_after_text_ends_the_process,
		an_inline_script_ends_the_process,
		an_event_handler_ends_the_process };
	Suite *s = suite_create("text/html");
	TCase *c = tcase_create("faults");

	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	tcase_add_checked_fixture(c, setup, teardown);
	for (size_t i = 0; i < countof(aborts); i++)
		tcase_add_test_raise_signal(c, aborts[i], SIGABRT);
	suite_add_tcase(s, c);
	return unit_run(s);
}
