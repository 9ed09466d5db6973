/*
 * explain: every kind of transaction in words, and what bounds a long story.
 */
#include "tokens.h"

#include "billing/explain.h"
#include "ledger/reverse.h"
#include "ledger/revoke.h"

static struct arena *arena;
static struct explanation e;
static const char *const *words;
static size_t words_count;

static void
setup(void)
{
	tokens_open(2);
	arena = arena_new();
}

static void
teardown(void)
{
	arena_free(arena);
	tokens_close();
}

static enum vt_err
ask(const char *id, const char *sub, int uses, int64_t before)
{
	struct explain x = { .transaction = id,
		.user_sub = sub,
		.for_user = sub != NULL,
		.uses = uses,
		.uses_before = before,
		.arena = arena };
	struct vt_problem p = { 0 };
	enum vt_err err = explain(books, &x, &e, &p);

	if (err == VT_OK)
		words = explain_words(arena, &e, &words_count);
	else
		ck_assert_str_eq(p.code, "unknown_transaction");
	return err;
}

/* The public id of the newest transaction of a kind. */
static const char *
newest(const char *kind)
{
	struct query q;
	const char *id;

	ck_assert_int_eq(db_row(&q, books,
			     "SELECT public_id FROM token_transactions "
			     "WHERE kind = :kind ORDER BY id DESC LIMIT 1",
			     DB_TEXT("kind", kind)),
	    VT_OK);
	id = arena_strdup(arena, db_text(&q, 0));
	db_done(&q);
	return id;
}

/* That one of the sentences about it holds these words. */
static void
says(const char *part)
{
	for (size_t i = 0; i < words_count; i++)
		if (strstr(words[i], part) != NULL)
			return;
	for (size_t i = 0; i < words_count; i++)
		(void)fprintf(stderr, "%s\n", words[i]);
	ck_abort_msg("nothing says: %s", part);
}

/* Asks about the newest of a kind, as an administrator would. */
static void
tells(const char *kind, const char *part)
{
	ck_assert_int_eq(ask(newest(kind), NULL, 20, 0), VT_OK);
	says(part);
}

static void
undo(int64_t tokens, const char *key)
{
	struct reverse r = { .transaction = newest("spend"),
		.actor = "service:editor",
		.key = key,
		.tokens = tokens,
		.reason = "it failed",
		.now_ms = tokens_now,
		.arena = arena };
	struct reverse_done done;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    tokens_end(ledger_reverse(books, &r, &done, NULL)), VT_OK);
}

static void
take(int64_t tokens)
{
	struct revoke v = { .transaction = newest("grant"),
		.cause = "revoke:admin:user_root:k",
		.actor = "admin:user_root",
		.reason = "a mistake",
		.tokens = tokens,
		.now_ms = tokens_now };
	struct revoke_done done;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    tokens_end(ledger_revoke(books, &v, &done, NULL)), VT_OK);
}

#define AT "On 15 January 2027 at 08:00 UTC "

START_TEST(what_came_in_says_what_became_of_it)
{
	struct hold h;

	(void)tokens_give(1, "a", 50, 3999, 0);
	tells("purchase", AT "50 tokens were bought for 39.99 USD.");
	says("They never expire.");
	says("50 of them are left.");
	ck_assert_int_eq(tokens_spend(1, "job-1", 1), VT_OK);
	ck_assert_int_eq(tokens_spend(1, "job-2", 5), VT_OK);
	undo(1, "k");
	ck_assert_int_eq(tokens_hold(1, "job-3", 4, 60000, &h, NULL), VT_OK);
	tells("purchase", "6 of them were spent, in 2 transactions.");
	says("44 of them are left; services hold 4 of these.");
	says("4 of them are held by the service editor until 15 January 2027 "
	     "at 08:01 UTC (hold_");
	says(AT "5 of them were spent by the service editor (tx_");
	says("; of that spend 1 token was given back.");
	says("After it the account had 50 tokens");
	(void)tokens_give(1, "g", 20, 0, tokens_now + DAY_MS);
	tells("grant", AT "20 tokens were given.");
	says("Their end is 16 January 2027 at 08:00 UTC.");
}
END_TEST

START_TEST(what_went_out_says_where_it_came_from)
{
	struct hold_end end;
	struct hold h;

	(void)tokens_give(1, "a", 50, 3999, 0);
	(void)tokens_give(1, "g", 20, 0, tokens_now + DAY_MS);
	ck_assert_int_eq(tokens_spend(1, "job-1", 25), VT_OK);
	undo(2, "k");
	tells("spend",
	    AT "25 tokens were spent by the service editor under the "
	       "reference job-1.");
	says("20 of them came from the gift of 15 January 2027 at 08:00 UTC "
	     "(tx_");
	says("5 of them came from the purchase of 15 January 2027 at 08:00 UTC "
	     "for 39.99 USD (tx_");
	says("2 of them were given back (tx_");
	tells("reversal",
	    AT "2 tokens were given back by the service editor out of the "
	       "spend of 15 January 2027 at 08:00 UTC (tx_");
	says("\"it failed\"");
	ck_assert_int_eq(tokens_hold(1, "job-2", 4, 60000, &h, NULL), VT_OK);
	ck_assert_int_eq(tokens_capture(&h, 3, &end, NULL), VT_OK);
	tells("capture", "3 tokens were spent by the service editor");
	says("They were out of 4 tokens that the service had reserved on 15 "
	     "January 2027 at 08:00 UTC under the reference job-2 (hold_");
}
END_TEST

START_TEST(refunds_and_disputes_say_what_they_took)
{
	(void)tokens_give(1, "a", 50, 3999, 0);
	ck_assert_int_eq(tokens_spend(1, "job-1", 10), VT_OK);
	ck_assert_int_eq(books_do("UPDATE token_transactions SET "
				  "stripe_charge_id = 'ch_a' WHERE id = 1"),
	    VT_OK);
	(void)tokens_refund("re_1", "a", 3999, "pending");
	tells("purchase",
	    "A refund of 39.99 USD, told on 15 January 2027 at 08:00 UTC, is "
	    "not decided yet (re_1).");
	says("40 are frozen until a refund or a dispute is decided.");
	(void)tokens_refund("re_1", "a", 3999, "succeeded");
	tells("refund",
	    AT "40 tokens were taken back, since the payment was refunded: it "
	       "was the purchase of 15 January 2027");
	says("succeeded (re_1).");
	tells("purchase", AT "40 tokens were taken back (tx_");
	says("10 tokens more should have been taken back and had been spent");
	says("10 tokens are owed for it now.");
	says("None of them is left.");
	(void)tokens_give(1, "h", 3, 0, 0);
	tells("adjustment", AT "3 tokens went into what was still owed for ");
	(void)tokens_refund("re_1", "a", 3999, "failed");
	tells("adjustment",
	    AT "43 tokens came back, since a refund or a dispute of the "
	       "purchase of ");
	tells("purchase", AT "43 tokens were restored (tx_");
	says("3 tokens of what is owed were paid or forgiven (tx_");
	says("Nothing is owed for it now.");
	(void)tokens_dispute("dp_1", "a", 3999, "lost");
	tells("dispute", "since the payment is disputed at the bank");
	says("dp_1, lost): it was lost, and what it bought is taken back.");
}
END_TEST

START_TEST(a_thawed_lot_says_why_it_ends_later)
{
	(void)tokens_give(1, "a", 50, 3999, tokens_now + 3 * DAY_MS);
	ck_assert_int_eq(books_do("UPDATE token_transactions SET "
				  "payment_intent_id = 'pi_a' WHERE id = 1"),
	    VT_OK);
	(void)tokens_dispute("dp_1", "a", 3999, "needs_response");
	tells("purchase", "until then the tokens are frozen.");
	tokens_now += DAY_MS;
	(void)tokens_dispute("dp_1", "a", 3999, "won");
	tells("adjustment", "50 tokens came back");
	says("Their end is 19 January 2027 at 08:00 UTC.");
	tells("purchase", "it came to nothing.");
	says("50 tokens were moved on (tx_");
	ck_assert_int_eq(
	    ask(e.lists[EXPLAIN_STEPS].row[0].id, NULL, 20, 0), VT_OK);
	says("were given a later end, by the time they were frozen");
}
END_TEST

START_TEST(what_ended_or_was_revoked_says_so)
{
	(void)tokens_give(2, "i", 3, 0, tokens_now + DAY_MS);
	take(1);
	tells("revoke",
	    AT "1 token was taken back by the administrator user_root, noting "
	       "\"a mistake\".");
	says("1 of them came from the gift of");
	tokens_now += 2 * DAY_MS;
	ck_assert_int_eq(tokens_sweep(), 1);
	tells("expiry", "2 tokens expired: nobody had used them by then.");
	tells("grant", "2 of them expired, in 1 transaction.");
	says("1 of them was taken back by hand, in 1 transaction.");
}
END_TEST

static void
add(const char *kind, int64_t tokens, const char *status, const char *currency)
{
	struct transaction_new t = { .user = 1,
		.kind = kind,
		.status = status,
		.tokens = tokens,
		.actor = "user:user_1",
		.amount = currency == NULL ? 0 : 500,
		.currency = currency,
		.now_ms = tokens_now };
	struct transaction_ref ref;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(tokens_end(transaction_add(books, &t, &ref)), VT_OK);
	ck_assert_int_eq(ask(ref.public_id, NULL, 20, 0), VT_OK);
	ck_assert_uint_eq(words_count, 1);
	says(AT "10 tokens");
}

START_TEST(what_is_not_paid_says_so)
{
	static const struct {
		const char *status, *part;
	} unpaid[] = { { "pending", "have not been paid yet" },
		{ "processing", "is being processed" },
		{ "requires_action", "waits for the buyer" },
		{ "failed", "the payment failed: no tokens were given" },
		{ "canceled", "was canceled: no tokens were given" } };

	for (size_t i = 0; i < countof(unpaid); i++) {
		add("purchase", 10, unpaid[i].status, "jpy");
		says("500 JPY");
		says(unpaid[i].part);
	}
}
END_TEST

/* Kinds that other code makes are told, too. */
START_TEST(every_kind_has_words)
{
	static const struct {
		const char *kind;
		int64_t tokens;
	} kinds[] = { { "purchase", 10 }, { "subscription", 10 },
		{ "proration", 10 }, { "grant", 10 }, { "bulk_grant", 10 },
		{ "spend", -10 }, { "capture", -10 }, { "reversal", 10 },
		{ "refund", -10 }, { "dispute", -10 }, { "expiry", -10 },
		{ "revoke", -10 }, { "adjustment", 10 } };

	for (size_t i = 0; i < countof(kinds); i++)
		add(kinds[i].kind, kinds[i].tokens, "pending", NULL);
}
END_TEST

/* The administrator and the note are not for the user whose it is. */
START_TEST(the_user_is_not_told_who_the_administrator_was)
{
	(void)tokens_give(1, "i", 3, 0, 0);
	take(1);
	ck_assert_int_eq(ask(newest("revoke"), "user_1", 20, 0), VT_OK);
	says(AT "1 token was taken back by an administrator.");
	ck_assert_str_eq(e.t.actor, "admin");
	ck_assert_ptr_null(e.t.note);
	ck_assert_int_eq(ask(newest("grant"), "user_1", 20, 0), VT_OK);
	ck_assert_str_eq(e.lists[EXPLAIN_USES].row[0].by, "admin");
	for (size_t i = 0; i < words_count; i++)
		ck_assert_ptr_null(strstr(words[i], "root"));
	ck_assert_int_eq(tokens_spend(1, "job-1", 1), VT_OK);
	undo(1, "k");
	ck_assert_int_eq(ask(newest("reversal"), "user_1", 20, 0), VT_OK);
	ck_assert_str_eq(e.t.note, "it failed");
	ck_assert_str_eq(e.t.actor, "service:editor");
}
END_TEST

START_TEST(what_is_not_ones_own_is_not_there)
{
	(void)tokens_give(1, "a", 50, 3999, 0);
	ck_assert_int_eq(ask(newest("purchase"), "user_1", 20, 0), VT_OK);
	ck_assert_int_eq(ask(newest("purchase"), "user_2", 20, 0), VT_NOTFOUND);
	ck_assert_int_eq(ask("tx_none", NULL, 20, 0), VT_NOTFOUND);
}
END_TEST

START_TEST(what_is_cut_says_so)
{
	char key[16];

	(void)tokens_give(1, "a", 200, 3999, 0);
	ck_assert_int_eq(tokens_spend(1, "job-1", 150), VT_OK);
	for (int i = 0; i < EXPLAIN_ROWS_MAX; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		undo(1, key);
	}
	tells("spend", "1 of them was given back (tx_");
	ck_assert(!e.lists[EXPLAIN_REVERSALS].more);
	ck_assert_str_ne(
	    words[words_count - 1], "There is more to it than is told here.");
	undo(1, "one more");
	tells("spend", "1 of them was given back (tx_");
	ck_assert(e.lists[EXPLAIN_REVERSALS].more);
	ck_assert_uint_eq(e.lists[EXPLAIN_REVERSALS].count, EXPLAIN_ROWS_MAX);
	ck_assert_str_eq(
	    words[words_count - 1], "There is more to it than is told here.");
}
END_TEST

/* A spend that drew from more origins than are named one by one. */
START_TEST(many_origins_are_counted)
{
	char name[16];

	for (int i = 0; i < 8; i++) {
		(void)snprintf(name, sizeof(name), "g%d", i);
		(void)tokens_give(1, name, 2, 0, 0);
	}
	ck_assert_int_eq(tokens_spend(1, "job-1", 16), VT_OK);
	tells("spend", "2 of them came from the gift of ");
	says("The others came from 3 more.");
}
END_TEST

#define MANY 1200

/* Totals are of all; single uses come in pages, newest first, and those that
 * come meanwhile shift nothing. */
START_TEST(a_lot_with_many_uses_is_told_in_pages)
{
	const struct explain_rows *uses = &e.lists[EXPLAIN_USES];
	int64_t before = 0, last = INT64_MAX;
	const char *bought;
	char name[16];
	int seen = 0;

	(void)tokens_give(1, "a", 2000, 3999, 0);
	bought = newest("purchase");
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		ck_assert_int_eq(tokens_spend(1, name, 1), VT_OK);
	}
	do {
		ck_assert_int_eq(ask(bought, NULL, 100, before), VT_OK);
		for (size_t i = 0; i < uses->count; i++, seen++) {
			ck_assert_int_lt(uses->row[i].count, last);
			last = uses->row[i].count;
		}
		before = e.uses_next;
		(void)snprintf(name, sizeof(name), "late-%d", seen);
		ck_assert_int_eq(tokens_spend(1, name, 1), VT_OK);
	} while (uses->more);
	ck_assert_int_eq(seen, MANY);
	ck_assert_int_eq(ask(bought, NULL, 20, 0), VT_OK);
	says("1212 of them were spent, in 1212 transactions.");
	says("788 of them are left.");
	says("These are the newest uses; there are older ones.");
}
END_TEST

int
main(void)
{
	const TTest *const all[] = { what_came_in_says_what_became_of_it,
		what_went_out_says_where_it_came_from,
		refunds_and_disputes_say_what_they_took,
		a_thawed_lot_says_why_it_ends_later,
		what_ended_or_was_revoked_says_so, what_is_not_paid_says_so,
		every_kind_has_words,
		the_user_is_not_told_who_the_administrator_was,
		what_is_not_ones_own_is_not_there, what_is_cut_says_so,
		many_origins_are_counted, a_lot_with_many_uses_is_told_in_pages,
		NULL };
	Suite *s = suite_create("explain");

	tcase_add_checked_fixture(unit_case(s, "words", all), setup, teardown);
	return unit_run(s);
}
