/* catalog: what a package or a quantity costs, and what is refused. */
#include "freshdb.h"

#include "base/arena.h"
#include "billing/catalog.h"

static struct arena *a;
static struct catalog c;

static void
setup(void)
{
	books_open();
	a = arena_new();
	ck_assert_int_eq(catalog_load(books, a, &c), VT_OK);
}

static void
teardown(void)
{
	arena_free(a);
	books_close();
}

static enum vt_err
import(const char *text, struct vt_problem *p)
{
	const struct json *j;
	int64_t version;
	enum vt_err err;

	ck_assert_int_eq(json_parse(a, text, strlen(text), 32, &j, p), VT_OK);
	ck_assert_int_eq(db_begin(books), VT_OK);
	err = catalog_import(books, a, j, "test", 1, &version, p);
	if (err == VT_OK)
		ck_assert_int_eq(db_commit(books), VT_OK);
	else
		db_rollback(books);
	if (err == VT_OK)
		ck_assert_int_eq(catalog_load(books, a, &c), VT_OK);
	return err;
}

static int64_t
price(int64_t tokens, const char *currency)
{
	struct vt_problem p;
	struct quote q;

	if (catalog_quote(&c, NULL, tokens, currency, &q, &p) != VT_OK)
		return -1;
	return q.amount;
}

/* R12: the total is the catalogue's, whatever the unit price rounds to. */
START_TEST(package_costs_its_total_R12)
{
	static const struct {
		const char *id;
		int64_t tokens, amount;
	} want[] = { { "starter", 10, 999 }, { "professional", 50, 3999 },
		{ "enterprise", 150, 9999 } };
	struct quote q;

	for (size_t i = 0; i < countof(want); i++) {
		ck_assert_int_eq(
		    catalog_quote(&c, want[i].id, 0, "usd", &q, NULL), VT_OK);
		ck_assert_int_eq(q.tokens, want[i].tokens);
		ck_assert_int_eq(q.amount, want[i].amount);
	}
}
END_TEST

/* Never dearer than the next larger package, half up, monotonic. */
START_TEST(quantity_follows_the_packages_around_it_R12)
{
	int64_t last = 0, now;

	ck_assert_int_eq(price(5, "usd"), 500); /* 499.5 */
	ck_assert_int_eq(price(10, "usd"), 999);
	ck_assert_int_eq(price(11, "usd"), 1099); /* 1098.9 */
	ck_assert_int_eq(price(49, "usd"), 3999); /* 4895.1, and not more */
	ck_assert_int_eq(price(50, "usd"), 3999);
	ck_assert_int_eq(price(150, "usd"), 9999);
	ck_assert_int_eq(price(1000, "usd"), 66660);
	for (int64_t n = c.custom_min; n <= c.custom_max; n++) {
		now = price(n, "usd");
		ck_assert_int_ge(now, last);
		last = now;
	}
}
END_TEST

START_TEST(what_is_not_sold_is_refused_by_its_field_R13)
{
	struct vt_problem p;
	struct quote q;

	ck_assert_int_eq(
	    catalog_quote(&c, "nothing", 0, "usd", &q, &p), VT_INVALID);
	ck_assert_str_eq(p.field, "package_id");
	ck_assert_int_eq(
	    catalog_quote(&c, "starter", 0, "gbp", &q, &p), VT_INVALID);
	ck_assert_str_eq(p.field, "currency");
	ck_assert_int_eq(catalog_quote(&c, NULL, 4, "usd", &q, &p), VT_INVALID);
	ck_assert_str_eq(p.field, "tokens");
	ck_assert_int_eq(
	    catalog_quote(&c, NULL, 1001, "usd", &q, &p), VT_INVALID);
	ck_assert_int_eq(
	    catalog_quote(&c, NULL, -5, "usd", &q, &p), VT_INVALID);
}
END_TEST

/* Iceland's crown has no cents, yet Stripe wants them, as 00. */
START_TEST(quantity_keeps_the_steps_of_its_currency_R24)
{
	struct vt_problem p;

	ck_assert_int_eq(
	    import("{\"custom\":{\"min\":1,\"max\":100},\"packages\":[{\"id\":"
		   "\"p\",\"name\":\"P\",\"tokens\":3,\"prices\":{\"isk\":"
		   "50000,\"jpy\":500}}]}",
		&p),
	    VT_OK);
	ck_assert_int_eq(price(1, "isk"), 16700); /* 166.67 crowns */
	ck_assert_int_eq(price(1, "jpy"), 167);
	ck_assert_int_eq(
	    import("{\"custom\":{\"min\":1,\"max\":100},\"packages\":[{\"id\":"
		   "\"p\",\"name\":\"P\",\"tokens\":3,\"prices\":{\"isk\":"
		   "50050}}]}",
		&p),
	    VT_INVALID);
	ck_assert_str_eq(p.field, "packages[0].prices");
}
END_TEST

START_TEST(catalogue_that_makes_no_sense_changes_nothing)
{
	static const struct {
		const char *text, *field;
	} bad[] = {
		{ "{}", "custom" },
		{ "{\"custom\":{\"min\":5,\"max\":1},\"packages\":[]}",
		    "custom.max" },
		{ "{\"custom\":{\"min\":1,\"max\":1},\"packages\":[]}",
		    "packages" },
		{ "{\"custom\":{\"min\":1,\"max\":1},\"packages\":{}}",
		    "packages" },
		{ "{\"custom\":{\"min\":1,\"max\":1},\"packages\":[{\"id\":"
		  "\"a\",\"name\":\"A\",\"tokens\":1,\"prices\":{}}]}",
		    "packages[0].prices" },
		{ "{\"custom\":{\"min\":1,\"max\":1},\"packages\":[{\"id\":"
		  "\"a\",\"name\":\"A\",\"tokens\":1,\"prices\":{\"usd\":1}},"
		  "{\"id\":\"a\",\"name\":\"A\",\"tokens\":1,\"prices\":"
		  "{\"usd\":1}}]}",
		    "packages[1].id" },
		{ "{\"custom\":{\"min\":1,\"max\":1},\"packages\":[{\"id\":"
		  "\"a\",\"name\":\"A\",\"tokens\":1,\"prices\":{\"usd\":1}}],"
		  "\"plans\":[{\"id\":\"b\",\"name\":\"B\",\"tokens\":1,"
		  "\"interval\":\"day\",\"prices\":{\"usd\":1}}]}",
		    "plans[0].interval" },
	};
	struct vt_problem p;

	for (size_t i = 0; i < countof(bad); i++) {
		ck_assert_int_eq(import(bad[i].text, &p), VT_INVALID);
		ck_assert_str_eq(p.field, bad[i].field);
		ck_assert_int_eq(
		    books_int("SELECT MAX(version) FROM catalog_versions"), 1);
	}
}
END_TEST

START_TEST(export_imports_as_the_same_catalogue)
{
	const char *text = catalog_export(a, &c);
	struct vt_problem p;

	ck_assert_int_eq(import(text, &p), VT_OK);
	ck_assert_int_eq(c.version, 2);
	ck_assert_str_eq(catalog_export(a, &c), text);
}
END_TEST

int
main(void)
{
	const TTest *const core[] = { package_costs_its_total_R12,
		quantity_follows_the_packages_around_it_R12,
		what_is_not_sold_is_refused_by_its_field_R13,
		quantity_keeps_the_steps_of_its_currency_R24,
		catalogue_that_makes_no_sense_changes_nothing,
		export_imports_as_the_same_catalogue, NULL };
	Suite *s = suite_create("catalog");

	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	return unit_run(s);
}
