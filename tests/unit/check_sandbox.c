/*
 * check_sandbox: the local Stripe's parts that need no server: the tree out
 * of a form, parameters by their tables, ids, the test cards.
 */
#include <string.h>

#include "base/random.h"
#include "core/call.h"
#include "core/ids.h"
#include "core/params.h"
#include "core/tree.h"
#include "payments/card.h"
#include "unit.h"

static struct arena *a;

static void
setup(void)
{
	a = arena_new();
}

static void
teardown(void)
{
	arena_free(a);
}

/* The tree of a form body; NULL when it cannot be one. */
static struct tree *
tree_of(const char *form)
{
	const struct form_pair *pairs;
	struct vt_problem p;
	struct tree *t = NULL;
	const char *at = NULL;
	size_t count;

	ck_assert_int_eq(
	    form_parse(a, form, strlen(form), 100, &pairs, &count, &p), VT_OK);
	return tree_build(a, pairs, count, &t, &at) == VT_OK ? t : NULL;
}

/* ---- the tree ----------------------------------------------------------- */

START_TEST(names_with_brackets_are_nested)
{
	const struct tree *t = tree_of("a=1&b[c]=2&b[d][e]=3");
	const struct tree *b = tree_get(t, "b");

	ck_assert_str_eq(tree_text(t, "a"), "1");
	ck_assert_int_eq(b->kind, TREE_HASH);
	ck_assert_str_eq(tree_text(b, "c"), "2");
	ck_assert_str_eq(tree_text(tree_get(b, "d"), "e"), "3");
	ck_assert_ptr_null(tree_text(t, "b"));
}
END_TEST

START_TEST(both_spellings_of_a_list_are_the_same)
{
	static const char *const forms[] = { "x[]=a&x[]=b", "x[0]=a&x[1]=b" };

	for (size_t i = 0; i < countof(forms); i++) {
		const struct tree *x = tree_get(tree_of(forms[i]), "x");

		ck_assert_int_eq(x->kind, TREE_LIST);
		ck_assert_uint_eq(x->count, 2);
		ck_assert_str_eq(x->first->value, "a");
		ck_assert_str_eq(x->last->value, "b");
	}
}
END_TEST

START_TEST(elements_of_a_list_are_told_apart_by_their_members)
{
	const struct tree *x =
	    tree_get(tree_of("x[][p]=a&x[][q]=1&x[][p]=b"), "x");

	ck_assert_uint_eq(x->count, 2);
	ck_assert_str_eq(tree_text(x->first, "q"), "1");
	ck_assert_str_eq(tree_text(x->last, "p"), "b");
	x = tree_get(tree_of("x[0][p]=a&x[0][q]=1&x[1][p]=b"), "x");
	ck_assert_uint_eq(x->count, 2);
	ck_assert_str_eq(tree_text(x->first, "q"), "1");
}
END_TEST

START_TEST(a_name_cannot_be_a_value_and_a_hash)
{
	ck_assert_ptr_null(tree_of("a=1&a[b]=2"));
	ck_assert_ptr_null(tree_of("a[b]=2&a=1"));
	ck_assert_ptr_null(tree_of("a[b=1"));
	ck_assert_ptr_null(tree_of("a]b[=1"));
	ck_assert_ptr_null(tree_of("[a]=1"));
	ck_assert_ptr_null(tree_of("a[b]c=1"));
}
END_TEST

START_TEST(depth_is_bounded)
{
	ck_assert_ptr_nonnull(tree_of("a[1][2][3][4][5][6][7][8][9][10]=x"));
	ck_assert_ptr_null(
	    tree_of("a[1][2][3][4][5][6][7][8][9][10][11][12][13]=x"));
}
END_TEST

/* ---- parameters --------------------------------------------------------- */

static const char *const colours[] = { "red", "green", NULL };
static const struct param inner[] = {
	PARAM("n", P_INT, P_REQUIRED),
	PARAM_END,
};
static const struct param element[] = { PARAM_OF("", P_HASH, 0, inner) };
static const struct param table[] = {
	PARAM_RANGE("amount", P_INT, 0, 1, 100),
	PARAM("yes", P_BOOL, 0),
	PARAM("name", P_STR, P_EMPTY),
	PARAM("id", P_STR, 0),
	PARAM_ENUM("colour", 0, colours),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_OF("items", P_LIST, 0, element),
	PARAM("when", P_RANGE, 0),
	PARAM("old", P_STR, P_UNVERSIONED),
	{ "until", P_MOMENT, 0, colours, NULL, 1, 100 },
	PARAM_END,
};

static struct call call;

static const char *
read_form(const char *form)
{
	struct json *out;

	call = (struct call){ .arena = a, .versioned = true };
	if (params_read(&call, tree_of(form), table, &out) != VT_OK)
		return NULL;
	return json_text(a, out);
}

START_TEST(values_become_what_the_table_says)
{
	ck_assert_str_eq(read_form("amount=5&yes=true&name=x&colour=red"),
	    "{\"amount\":5,\"yes\":true,\"name\":\"x\",\"colour\":\"red\"}");
	ck_assert_str_eq(read_form("items[0][n]=1&items[1][n]=2"),
	    "{\"items\":[{\"n\":1},{\"n\":2}]}");
	ck_assert_str_eq(read_form("when[gte]=7"), "{\"when\":{\"gte\":7}}");
	ck_assert_str_eq(read_form("when=7"), "{\"when\":7}");
	ck_assert_str_eq(read_form("until=7"), "{\"until\":7}");
	ck_assert_str_eq(read_form("until=red"), "{\"until\":\"red\"}");
	ck_assert_str_eq(read_form("expand[]=a.b"), "{\"expand\":[\"a.b\"]}");
}
END_TEST

START_TEST(an_empty_value_unsets_where_that_is_allowed)
{
	ck_assert_str_eq(read_form("name="), "{\"name\":null}");
	ck_assert_str_eq(read_form("metadata="), "{\"metadata\":null}");
	ck_assert_str_eq(
	    read_form("metadata[k]="), "{\"metadata\":{\"k\":null}}");
	ck_assert_ptr_null(read_form("id="));
	ck_assert_str_eq(call.error.code, "parameter_invalid_empty");
	ck_assert_str_eq(call.error.param, "id");
}
END_TEST

START_TEST(refusals_name_the_parameter)
{
	static const struct {
		const char *form, *code, *param;
	} cases[] = {
		{ "x=1", "parameter_unknown", "x" },
		{ "items[0][x]=1", "parameter_unknown", "items[0][x]" },
		{ "items[0][n]=a", "parameter_invalid_integer", "items[0][n]" },
		{ "amount=0", "parameter_invalid_integer", "amount" },
		{ "amount=101", "parameter_invalid_integer", "amount" },
		{ "amount=+5", "parameter_invalid_integer", "amount" },
		{ "amount=5.0", "parameter_invalid_integer", "amount" },
		{ "amount=9007199254740993", "parameter_invalid_integer",
		    "amount" },
		{ "yes=1", NULL, "yes" },
		{ "colour=blue", NULL, "colour" },
		{ "name[a]=1", NULL, "name" },
		{ "items=1", NULL, "items" },
		{ "items[a]=1", NULL, "items" },
		{ "metadata=1", NULL, "metadata" },
		{ "until=0", "parameter_invalid_integer", "until" },
		{ "until=blue", NULL, "until" },
		{ "old=1", "parameter_unknown", "old" },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		ck_assert_ptr_null(read_form(cases[i].form));
		ck_assert_int_eq(call.error.status, 400);
		ck_assert_str_eq(call.error.param, cases[i].param);
		if (cases[i].code == NULL)
			ck_assert_ptr_null(call.error.code);
		else
			ck_assert_str_eq(call.error.code, cases[i].code);
	}
}
END_TEST

START_TEST(a_missing_member_is_named_with_its_place)
{
	static const struct param needs[] = {
		PARAM_OF("deep", P_HASH, 0, inner),
		PARAM("top", P_STR, P_REQUIRED),
		PARAM_END,
	};
	struct json *out;

	call = (struct call){ .arena = a };
	ck_assert_int_eq(
	    params_read(&call, tree_of("a"), needs, &out), VT_INVALID);
	ck_assert_int_eq(
	    params_read(&call, tree_of("deep[n]=1"), needs, &out), VT_INVALID);
	ck_assert_str_eq(call.error.param, "top");
	ck_assert_str_eq(call.error.code, "parameter_missing");
}
END_TEST

/* ---- ids ---------------------------------------------------------------- */

START_TEST(ids_look_like_the_real_ones)
{
	const char *id = ids_make(a, "pi_", '3', 24);
	const char *secret = ids_client_secret(a, id);

	ck_assert_uint_eq(strlen(id), 27);
	ck_assert_int_eq(strncmp(id, "pi_3", 4), 0);
	ck_assert(ids_valid(id));
	ck_assert_ptr_eq(strstr(secret, id), secret);
	ck_assert_ptr_eq(strstr(secret, "_secret_"), secret + strlen(id));
	ck_assert(ids_valid(secret));
	ck_assert_str_ne(id, ids_make(a, "pi_", '3', 24));
}
END_TEST

START_TEST(what_is_no_id_is_not_looked_up)
{
	char long_one[200];

	memset(long_one, 'a', sizeof(long_one));
	long_one[sizeof(long_one) - 1] = '\0';
	ck_assert(!ids_valid(""));
	ck_assert(!ids_valid("a/b"));
	ck_assert(!ids_valid("a'b"));
	ck_assert(!ids_valid("a b"));
	ck_assert(!ids_valid(long_one));
}
END_TEST

/* ---- cards -------------------------------------------------------------- */

START_TEST(cards_are_known_by_name_and_number)
{
	const struct card *c = card_by_name("pm_card_visa");

	ck_assert_str_eq(c->number, "4242424242424242");
	ck_assert_ptr_eq(c, card_by_number("4242424242424242"));
	ck_assert_ptr_eq(c, card_by_name("tok_visa"));
	ck_assert_ptr_null(card_by_name("pm_card_nobody"));
	ck_assert_ptr_null(card_by_name("visa"));
	c = card_by_name("pm_card_chargeDeclinedExpiredCard");
	ck_assert_str_eq(c->code, "expired_card");
	ck_assert_str_eq(c->param, "exp_month");
}
END_TEST

START_TEST(every_number_of_a_test_card_has_its_checksum)
{
	static const char *const numbers[] = { "4242424242424242",
		"4000000000000002", "4000000000009995", "4000002760003184",
		"4000008400001629", "378282246310005", "6200000000000005" };

	for (size_t i = 0; i < countof(numbers); i++)
		ck_assert_msg(card_number_valid(numbers[i]), "%s", numbers[i]);
	ck_assert(!card_number_valid("4242424242424241"));
	ck_assert(!card_number_valid("42424242"));
	ck_assert(!card_number_valid("4242a24242424242"));
	ck_assert(!card_number_valid(""));
}
END_TEST

START_TEST(a_real_card_pays_nothing)
{
	const struct card *c = card_by_number("4916338506082832");

	ck_assert_int_eq(c->behaviour, CARD_DECLINES);
	ck_assert_str_eq(c->decline_code, "test_mode_live_card");
}
END_TEST

START_TEST(declines_have_a_code_and_a_sentence)
{
	ck_assert_str_eq(card_code("insufficient_funds"), "card_declined");
	ck_assert_str_eq(card_code("expired_card"), "expired_card");
	ck_assert_str_eq(card_code("something_new"), "card_declined");
	ck_assert_str_eq(card_advice("lost_card"), "do_not_try_again");
	ck_assert_str_eq(card_message("card_declined", "insufficient_funds"),
	    "Your card has insufficient funds.");
	ck_assert_str_eq(card_message("card_declined", "something_new"),
	    "Your card was declined.");
}
END_TEST

int
main(void)
{
	const TTest *const tree[] = { names_with_brackets_are_nested,
		both_spellings_of_a_list_are_the_same,
		elements_of_a_list_are_told_apart_by_their_members,
		a_name_cannot_be_a_value_and_a_hash, depth_is_bounded, NULL };
	const TTest *const params[] = { values_become_what_the_table_says,
		an_empty_value_unsets_where_that_is_allowed,
		refusals_name_the_parameter,
		a_missing_member_is_named_with_its_place, NULL };
	const TTest *const ids[] = { ids_look_like_the_real_ones,
		what_is_no_id_is_not_looked_up, NULL };
	const TTest *const cards[] = { cards_are_known_by_name_and_number,
		every_number_of_a_test_card_has_its_checksum,
		a_real_card_pays_nothing, declines_have_a_code_and_a_sentence,
		NULL };
	Suite *s = suite_create("sandbox");

	random_init();
	tcase_add_checked_fixture(unit_case(s, "tree", tree), setup, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "params", params), setup, teardown);
	tcase_add_checked_fixture(unit_case(s, "ids", ids), setup, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "cards", cards), setup, teardown);
	return unit_run(s);
}
