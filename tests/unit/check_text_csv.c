/* text/csv: RFC 4180 that no spreadsheet runs. */
#include "unit.h"

#include <stdint.h>
#include <string.h>

#include "text/csv.h"

static struct buf b;

static void
setup(void)
{
	buf_init(&b, 4096);
}

static void
teardown(void)
{
	buf_free(&b);
}

START_TEST(cells_are_parted_and_rows_ended)
{
	csv_text(&b, "id");
	csv_text(&b, "tokens");
	csv_end(&b);
	csv_text(&b, "tx_1");
	csv_int(&b, -42);
	csv_end(&b);
	csv_int(&b, INT64_MIN);
	csv_int(&b, INT64_MAX);
	csv_end(&b);
	ck_assert_str_eq(buf_str(&b),
	    "id,tokens\r\ntx_1,-42\r\n"
	    "-9223372036854775808,9223372036854775807\r\n");
}
END_TEST

START_TEST(an_empty_first_cell_keeps_its_column)
{
	csv_text(&b, "");
	csv_text(&b, NULL);
	csv_text(&b, "c");
	csv_end(&b);
	csv_text(&b, NULL);
	csv_end(&b);
	ck_assert_str_eq(buf_str(&b), "\"\",,c\r\n\"\"\r\n");
}
END_TEST

START_TEST(what_would_break_a_row_is_quoted)
{
	csv_text(&b, "a,b");
	csv_text(&b, "say \"hi\"");
	csv_text(&b, "two\r\nlines");
	csv_text(&b, "two\nlines\r\n");
	csv_text(&b, " plain; text ");
	csv_end(&b);
	ck_assert_str_eq(buf_str(&b),
	    "\"a,b\",\"say \"\"hi\"\"\",\"two\r\nlines\",\"two\nlines\r\n\","
	    " plain; text \r\n");
}
END_TEST

START_TEST(formulas_are_defused_and_numbers_left_alone)
{
	static const char *const cells[][2] = { { "=1+1", "\"'=1+1\"" },
		{ "+1-800", "\"'+1-800\"" }, { "-x", "\"'-x\"" },
		{ "-", "\"'-\"" }, { "@SUM(A1)", "\"'@SUM(A1)\"" },
		{ "\t=1", "\"'\t=1\"" }, { "\r=1", "\"'\r=1\"" },
		{ "=\"a\"", "\"'=\"\"a\"\"\"" }, { "-12.50", "-12.50" },
		{ "+7", "+7" }, { "-7", "-7" }, { "-7.", "\"'-7.\"" },
		{ "-7e3", "\"'-7e3\"" }, { "-.5", "\"'-.5\"" },
		{ "-1-1", "\"'-1-1\"" }, { "a=1", "a=1" }, { "0", "0" } };

	for (size_t i = 0; i < countof(cells); i++) {
		buf_clear(&b);
		csv_text(&b, cells[i][0]);
		ck_assert_str_eq(buf_str(&b), cells[i][1]);
	}
}
END_TEST

int
main(void)
{
	const TTest *const core[] = { cells_are_parted_and_rows_ended,
		an_empty_first_cell_keeps_its_column,
		what_would_break_a_row_is_quoted,
		formulas_are_defused_and_numbers_left_alone, NULL };
	Suite *s = suite_create("text/csv");

	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	return unit_run(s);
}
