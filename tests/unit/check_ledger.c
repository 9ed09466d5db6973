/* ledger: movements, grants, spends and what may never happen to them. */
#include "freshdb.h"

#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>

#include "ledger/grant.h"
#include "ledger/idempotency.h"
#include "ledger/lots.h"
#include "ledger/spend.h"
#include "store/writer.h"

static const char user_add[] =
    "INSERT INTO users (clerk_sub, created_at, updated_at) "
    "VALUES ('user_1', 0, 0)";

static void
setup(void)
{
	books_open();
	ck_assert_int_eq(books_do(user_add), VT_OK);
}

static void
teardown(void)
{
	books_close();
}

struct give {
	const char *cause;
	int64_t tokens, expires_at, now_ms;
	bool paid;
};

static enum vt_err
give(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct give *v = in;
	struct transaction_new t = { .user = 1,
		.kind = v->paid ? "purchase" : "grant",
		.status = "pending",
		.tokens = v->tokens,
		.actor = "test",
		.amount = v->paid ? 999 : 0,
		.currency = v->paid ? "usd" : NULL,
		.now_ms = v->now_ms };
	struct grant g = { .user = 1,
		.cause = v->cause,
		.origin = v->paid ? "purchase" : "grant",
		.paid = v->paid,
		.tokens = v->tokens,
		.expires_at = v->expires_at,
		.now_ms = v->now_ms };
	struct transaction_ref tx;
	struct grant_done done;
	enum vt_err err;

	(void)out;
	(void)p;
	err = transaction_add(db, &t, &tx);
	g.tx = tx.id;
	return err == VT_OK ? ledger_grant(db, &g, &done) : err;
}

struct take {
	const char *cause;
	int64_t tokens;
};

static enum vt_err
take(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct take *t = in;
	struct spend s = { .user = 1,
		.tokens = t->tokens,
		.cause = t->cause,
		.actor = "service:test",
		.now_ms = BOOKS_NOW };
	struct spend_done done;

	(void)out;
	return ledger_spend(db, &s, &done, p);
}

/* Runs an operation in a transaction of its own, as the writer would. */
static enum vt_err
run(write_fn fn, const void *in, struct vt_problem *p)
{
	enum vt_err err;

	ck_assert_int_eq(db_begin(books), VT_OK);
	err = fn(books, in, NULL, p);
	if (err == VT_OK)
		ck_assert_int_eq(db_commit(books), VT_OK);
	else
		db_rollback(books);
	books_balanced();
	return err;
}

static enum vt_err
give_now(const char *cause, int64_t tokens, int64_t expires_at, bool paid)
{
	struct give g = { cause, tokens, expires_at, BOOKS_NOW, paid };

	return run(give, &g, NULL);
}

static enum vt_err
take_now(const char *cause, int64_t tokens)
{
	struct take t = { cause, tokens };

	return run(take, &t, NULL);
}

START_TEST(grant_is_two_entries_a_lot_and_a_completed_transaction_R67)
{
	ck_assert_int_eq(give_now("pi:1", 10, 0, true), VT_OK);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM entries"), 2);
	ck_assert_int_eq(books_int("SELECT left FROM lot_left"), 10);
	ck_assert_int_eq(
	    books_int("SELECT balance FROM accounts WHERE user = 1"), 10);
	ck_assert_int_eq(
	    books_int("SELECT balance FROM accounts WHERE kind = 'mint'"), -10);
	ck_assert_str_eq(
	    books_text("SELECT status FROM token_transactions"), "completed");
	ck_assert_str_eq(
	    books_text("SELECT price_per_token FROM token_transactions"),
	    "0.999");
}
END_TEST

START_TEST(account_is_made_without_a_balance_or_an_entry_R67)
{
	int64_t account, again;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(ledger_user_account(books, 1, &account), VT_OK);
	ck_assert_int_eq(ledger_user_account(books, 1, &again), VT_OK);
	ck_assert_int_eq(account, again);
	ck_assert_int_eq(db_commit(books), VT_OK);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM entries"), 0);
	books_balanced();
}
END_TEST

/* R15, R17: no lookup comes first; the unique cause refuses the second. */
START_TEST(same_cause_books_once_R17)
{
	ck_assert_int_eq(give_now("pi:1", 10, 0, true), VT_OK);
	ck_assert_int_eq(give_now("pi:1", 10, 0, true), VT_CONFLICT);
	ck_assert_int_eq(
	    books_int("SELECT balance FROM accounts WHERE user = 1"), 10);
	ck_assert_int_eq(
	    books_int("SELECT COUNT(*) FROM token_transactions"), 1);
}
END_TEST

/* R68: what keeps a cause single is the ledger, whatever is pruned. */
START_TEST(cause_stays_taken_when_events_and_answers_are_pruned_R68)
{
	int64_t n;

	ck_assert_int_eq(give_now("pi:1", 10, 0, true), VT_OK);
	ck_assert_int_eq(books_do("DELETE FROM events"), VT_OK);
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(idempotency_prune(books, INT64_MAX, &n), VT_OK);
	ck_assert_int_eq(db_commit(books), VT_OK);
	ck_assert_int_eq(books_do("DELETE FROM idempotency"), VT_OK);
	ck_assert_int_eq(give_now("pi:1", 10, 0, true), VT_CONFLICT);
}
END_TEST

/* R69: nothing is computed with a number that is out of range. */
START_TEST(tokens_out_of_range_are_refused_R69)
{
	static const int64_t bad[] = { 0, -1, INT64_MIN, INT64_MAX,
		LEDGER_TOKENS_MAX + 1 };

	ck_assert_int_eq(give_now("pi:1", 10, 0, true), VT_OK);
	for (size_t i = 0; i < countof(bad); i++)
		ck_assert_int_eq(take_now("spend:s:x", bad[i]), VT_INVALID);
	for (size_t i = 0; i < countof(bad); i++)
		ck_assert_int_ne(give_now("pi:2", bad[i], 0, true), VT_OK);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM movements"), 1);
}
END_TEST

START_TEST(spend_more_than_balance_changes_nothing)
{
	struct take t = { "spend:s:1", 11 };
	struct vt_problem p;

	ck_assert_int_eq(give_now("pi:1", 10, 0, true), VT_OK);
	ck_assert_int_eq(run(take, &t, &p), VT_FUNDS);
	ck_assert_str_eq(p.code, "insufficient_tokens");
	ck_assert_str_eq(p.details, "{\"available\":10}");
	ck_assert_int_eq(
	    books_int("SELECT COUNT(*) FROM token_transactions"), 1);
	ck_assert_int_eq(take_now("spend:s:1", 10), VT_OK);
	ck_assert_int_eq(take_now("spend:s:2", 1), VT_FUNDS);
}
END_TEST

/*
 * R66: priority, soonest expiry with none last, promotional before paid,
 * oldest. One row for each lot that a spend touches.
 */
START_TEST(spend_burns_lots_in_order_R66)
{
	static const int64_t want[] = { 0, 1, 4, 5 };
	int64_t day = 86400000;

	ck_assert_int_eq(give_now("g:paid", 5, 0, true), VT_OK);
	ck_assert_int_eq(give_now("g:free", 5, 0, false), VT_OK);
	ck_assert_int_eq(
	    give_now("g:late", 5, BOOKS_NOW + 9 * day, true), VT_OK);
	ck_assert_int_eq(give_now("g:soon", 5, BOOKS_NOW + day, true), VT_OK);
	ck_assert_int_eq(take_now("spend:s:1", 12), VT_OK);
	/* lots 4 (soon) and 3 (late) are gone, 2 of 2 (free) too. */
	ck_assert_int_eq(
	    books_int("SELECT left FROM lot_left WHERE lot = 4"), want[0]);
	ck_assert_int_eq(
	    books_int("SELECT left FROM lot_left WHERE lot = 3"), 0);
	ck_assert_int_eq(
	    books_int("SELECT left FROM lot_left WHERE lot = 2"), 3);
	ck_assert_int_eq(
	    books_int("SELECT left FROM lot_left WHERE lot = 1"), want[3]);
	ck_assert_int_eq(
	    books_int("SELECT SUM(lot) FROM lot_left WHERE live = 1"), 1 + 2);
	ck_assert_int_eq(
	    books_int("SELECT COUNT(*) FROM lot_uses WHERE delta < 0"), 3);
}
END_TEST

/* R64: expiry is decided when tokens are spent, not when a sweep runs. */
START_TEST(expired_lot_is_neither_shown_nor_spent_R64)
{
	struct balance b;

	ck_assert_int_eq(give_now("g:gone", 5, BOOKS_NOW, true), VT_OK);
	ck_assert_int_eq(give_now("g:good", 3, BOOKS_NOW + 1, true), VT_OK);
	ck_assert_int_eq(ledger_balance(books, 1, BOOKS_NOW, &b), VT_OK);
	ck_assert_int_eq(b.available, 3);
	ck_assert_int_eq(take_now("spend:s:1", 4), VT_FUNDS);
	ck_assert_int_eq(take_now("spend:s:1", 3), VT_OK);
}
END_TEST

struct spender {
	struct writer *writer;
	int id, done, refused;
};

static void *
spend_ten_times(void *arg)
{
	struct spender *s = arg;
	char cause[64];
	struct take t = { cause, 1 };

	for (int i = 0; i < 10; i++) {
		(void)snprintf(cause, sizeof(cause), "spend:s:%d-%d", s->id, i);
		switch (writer_run(s->writer, take, &t, NULL, NULL)) {
		case VT_OK:
			s->done++;
			break;
		case VT_FUNDS:
			s->refused++;
			break;
		default:
			break;
		}
	}
	return NULL;
}

/* R59, R60: 100 spends of 1 race for 50; each write begins immediate. */
START_TEST(hundred_spends_race_for_fifty_tokens_R59_R60)
{
	struct writer_options o = { .db_path = scratch_db };
	struct spender s[10];
	pthread_t threads[10];
	int done = 0, refused = 0;

	ck_assert_int_eq(give_now("pi:1", 50, 0, true), VT_OK);
	ck_assert_int_eq(writer_start(&o, &s[0].writer), VT_OK);
	for (int i = 0; i < 10; i++) {
		s[i] = (struct spender){ s[0].writer, i, 0, 0 };
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, spend_ten_times, &s[i]),
		    0);
	}
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		done += s[i].done;
		refused += s[i].refused;
	}
	writer_stop(s[0].writer);
	ck_assert_int_eq(done, 50);
	ck_assert_int_eq(refused, 50);
	ck_assert_int_eq(
	    books_int("SELECT balance FROM accounts WHERE user = 1"), 0);
	books_balanced();
}
END_TEST

/* The ledger's rows cannot be changed, deleted or slipped past. */
START_TEST(ledger_rows_refuse_every_other_statement)
{
	static const char *const hostile[] = {
		"UPDATE movements SET tokens = 99",
		"DELETE FROM movements",
		"INSERT OR REPLACE INTO movements SELECT * FROM movements",
		"INSERT OR REPLACE INTO movements SELECT 1, tx, 'x', "
		"from_account, to_account, 99, 0, prev, hash FROM movements",
		"INSERT INTO movements SELECT 7, tx, 'gap', from_account, "
		"to_account, 1, 0, hash, hash FROM movements",
		"UPDATE entries SET delta = 99",
		"DELETE FROM entries",
		"INSERT OR REPLACE INTO entries SELECT account, seq, "
		"movement, 99, 99 FROM entries",
		"INSERT INTO entries SELECT account, seq + 1, movement, 5, "
		"99 FROM entries",
		"UPDATE lots SET granted = 99",
		"DELETE FROM lots",
		"UPDATE lot_uses SET delta = 99",
		"DELETE FROM lot_uses",
		"UPDATE accounts SET balance = -1 WHERE kind = 'user'",
		"DELETE FROM accounts",
		"UPDATE token_transactions SET tokens = 99",
		"DELETE FROM token_transactions",
		"UPDATE lot_left SET left = -1",
		"UPDATE lot_left SET left = 0",
		"UPDATE lot_left SET live = 0",
		"UPDATE lot_left SET live = 2",
		"UPDATE lot_left SET held = left + 1",
		"DELETE FROM users",
	};

	ck_assert_int_eq(give_now("pi:1", 10, 0, true), VT_OK);
	for (size_t i = 0; i < countof(hostile); i++)
		ck_assert_msg(books_do(hostile[i]) != VT_OK, "%s", hostile[i]);
	books_balanced();
	ck_assert_int_eq(books_int("SELECT SUM(tokens) FROM movements"), 10);
}
END_TEST

/* The chain is what movements.h says, so that others can check it. */
START_TEST(chain_covers_every_movement_and_the_one_before)
{
	unsigned char prev[32] = { 0 }, hash[32];
	struct query q;
	size_t bytes;
	int n = 0;

	ck_assert_int_eq(give_now("pi:1", 10, 0, true), VT_OK);
	ck_assert_int_eq(give_now("pi:2", 20, 0, false), VT_OK);
	ck_assert_int_eq(take_now("spend:s:1", 7), VT_OK);
	ck_assert_int_eq(
	    db_query(&q, books,
		"SELECT m.id, t.public_id, m.cause, m.from_account, "
		"m.to_account, m.tokens, m.created_at, m.prev, m.hash "
		"FROM movements m JOIN token_transactions t ON t.id = m.tx "
		"ORDER BY m.id"),
	    VT_OK);
	while (db_step(&q) == VT_OK) {
		ledger_hash(prev, db_int(&q, 0), db_text(&q, 1), db_text(&q, 2),
		    db_int(&q, 3), db_int(&q, 4), db_int(&q, 5), db_int(&q, 6),
		    hash);
		ck_assert_mem_eq(db_blob(&q, 7, &bytes), prev, 32);
		ck_assert_mem_eq(db_blob(&q, 8, &bytes), hash, 32);
		memcpy(prev, hash, sizeof(prev));
		n++;
	}
	db_done(&q);
	ck_assert_int_eq(n, 3);
}
END_TEST

/* The text that movements.h writes down, for whoever checks without us. */
START_TEST(hash_is_of_the_numbers_in_decimal)
{
	static const int64_t n[] = { 0, 1, -1, 10, 1794999999999, INT64_MAX,
		INT64_MIN };
	unsigned char prev[32], hash[32], want[32];
	char text[512];
	int bytes;

	memset(prev, 7, sizeof(prev));
	memcpy(text, prev, sizeof(prev));
	for (size_t i = 0; i < countof(n); i++) {
		bytes = 32 +
		    snprintf(text + 32, sizeof(text) - 32,
			"%" PRId64 "\ntx_a\npi:1\n%" PRId64 "\n%" PRId64
			"\n%" PRId64 "\n%" PRId64 "\n",
			n[i], n[i], (int64_t)2, n[i], n[i]);
		(void)crypto_hash_sha256(want, (const unsigned char *)text,
		    (unsigned long long)bytes); /* always 0 */
		ledger_hash(
		    prev, n[i], "tx_a", "pi:1", n[i], 2, n[i], n[i], hash);
		ck_assert_mem_eq(hash, want, 32);
	}
}
END_TEST

/* R77: the same request again is the first answer, another one a conflict. */
START_TEST(idempotency_keeps_successes_and_tells_bodies_apart_R77)
{
	struct idempotency_key k, other, principal;
	struct idempotency_record r;
	struct arena *a = arena_new();
	struct vt_problem p;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    idempotency_key_init(&k, "user:1", "/api/x", "key", "{}", 2, &p),
	    VT_OK);
	ck_assert_int_eq(idempotency_find(books, a, &k, &r, &p), VT_NOTFOUND);
	ck_assert_int_eq(
	    idempotency_keep(books, &k, 0, 201, "{\"a\":1}", 5), VT_OK);
	ck_assert_int_eq(idempotency_find(books, a, &k, &r, &p), VT_OK);
	ck_assert_int_eq(r.status, 201);
	ck_assert_str_eq(r.body, "{\"a\":1}");
	/* A racing twin finds the name taken: its whole write is undone. */
	ck_assert_int_eq(
	    idempotency_keep(books, &k, 0, 201, "{}", 5), VT_CONFLICT);
	ck_assert_int_eq(idempotency_key_init(
			     &other, "user:1", "/api/x", "key", "{ }", 3, &p),
	    VT_OK);
	ck_assert_int_eq(
	    idempotency_find(books, a, &other, &r, &p), VT_CONFLICT);
	ck_assert_str_eq(p.code, "idempotency_mismatch");
	ck_assert_int_eq(idempotency_key_init(&principal, "user:2", "/api/x",
			     "key", "{}", 2, &p),
	    VT_OK);
	ck_assert_int_eq(
	    idempotency_find(books, a, &principal, &r, &p), VT_NOTFOUND);
	arena_free(a);
}
END_TEST

START_TEST(idempotency_key_has_1_to_255_visible_characters)
{
	static const char *const bad[] = { "", "a b", "a\r\nb", "\x7f",
		"\xc3\xa9" };
	struct idempotency_key k;
	struct vt_problem p;
	char text[257];

	for (size_t i = 0; i < countof(bad); i++) {
		ck_assert_int_eq(
		    idempotency_key_init(&k, "u", "/", bad[i], "", 0, &p),
		    VT_INVALID);
		ck_assert_str_eq(p.field, "Idempotency-Key");
	}
	memset(text, 'k', sizeof(text));
	text[256] = '\0';
	ck_assert_int_eq(
	    idempotency_key_init(&k, "u", "/", text, "", 0, &p), VT_INVALID);
	text[255] = '\0';
	ck_assert_int_eq(
	    idempotency_key_init(&k, "u", "/", text, "", 0, &p), VT_OK);
	ck_assert_int_eq(
	    idempotency_key_init(&k, "u", "/", NULL, "", 0, &p), VT_OK);
	ck_assert(!idempotency_given(&k));
}
END_TEST

static const char *const status[] = { "pending", "processing",
	"requires_action", "completed", "failed", "canceled", "refunded",
	"disputed" };

/* docs/ledger.md's table: only what it lists happens. */
START_TEST(status_moves_only_as_the_table_says)
{
	/* Rows: from; columns: to, in the order above. */
	static const char *const may[] = { "01111100", "10111100", "11011100",
		"00000011", "00010000", "00010000", "00010000", "00010000" };
	struct transaction_new t = { .user = 1,
		.kind = "purchase",
		.tokens = 1,
		.actor = "test",
		.now_ms = BOOKS_NOW };
	struct transaction_ref ref;
	bool changed;

	ck_assert_int_eq(db_begin(books), VT_OK);
	for (size_t f = 0; f < countof(status); f++)
		for (size_t to = 0; to < countof(status); to++) {
			t.status = status[f];
			ck_assert_int_eq(
			    transaction_add(books, &t, &ref), VT_OK);
			ck_assert_int_eq(transaction_status(books, ref.id,
					     status[to], 1, &changed),
			    VT_OK);
			ck_assert_msg(changed == (may[f][to] == '1'),
			    "%s to %s", status[f], status[to]);
		}
}
END_TEST

static enum vt_err
count_row(const struct transaction *t, void *arg)
{
	struct transaction_filter *f = arg;

	f->before_ms = t->created_at;
	f->before_id = t->id;
	f->limit++;
	return VT_OK;
}

/* Pages neither skip nor repeat, though rows arrive in between. */
START_TEST(list_pages_stay_stable_while_rows_arrive)
{
	struct transaction_filter f = { .user = 1, .limit = 2 }, last = { 0 };
	struct arena *a = arena_new();
	int seen = 0;

	for (int i = 0; i < 5; i++) {
		char cause[16];

		(void)snprintf(cause, sizeof(cause), "g:%d", i);
		ck_assert_int_eq(give_now(cause, 1, 0, false), VT_OK);
	}
	for (int page = 0; page < 3; page++) {
		last.limit = 0;
		ck_assert_int_eq(
		    transactions_list(books, a, &f, count_row, &last), VT_OK);
		seen += last.limit;
		f.before_ms = last.before_ms;
		f.before_id = last.before_id;
		ck_assert_int_eq(give_now(page == 0  ? "n:0"
					 : page == 1 ? "n:1"
						     : "n:2",
				     1, 0, false),
		    VT_OK);
	}
	ck_assert_int_eq(seen, 5);
	arena_free(a);
}
END_TEST

/* The index of statuses leaves the completed ones out; its lists do not. */
START_TEST(list_of_a_status_has_all_of_it_and_no_other)
{
	struct transaction_new t = { .user = 1,
		.kind = "purchase",
		.tokens = 1,
		.actor = "test",
		.now_ms = BOOKS_NOW };
	struct transaction_filter f = { .limit = 99 }, last = { 0 };
	struct arena *a = arena_new();
	struct transaction_ref ref;

	ck_assert_int_eq(db_begin(books), VT_OK);
	for (size_t i = 0; i < countof(status); i++)
		for (size_t n = 0; n <= i; n++) {
			t.status = status[i];
			ck_assert_int_eq(
			    transaction_add(books, &t, &ref), VT_OK);
		}
	for (size_t i = 0; i < countof(status); i++) {
		f.status = status[i];
		last.limit = 0;
		ck_assert_int_eq(
		    transactions_list(books, a, &f, count_row, &last), VT_OK);
		ck_assert_int_eq(last.limit, (int)i + 1);
	}
	arena_free(a);
}
END_TEST

int
main(void)
{
	const TTest *const core[] = {
		grant_is_two_entries_a_lot_and_a_completed_transaction_R67,
		account_is_made_without_a_balance_or_an_entry_R67,
		same_cause_books_once_R17,
		cause_stays_taken_when_events_and_answers_are_pruned_R68,
		tokens_out_of_range_are_refused_R69,
		spend_more_than_balance_changes_nothing,
		spend_burns_lots_in_order_R66,
		expired_lot_is_neither_shown_nor_spent_R64,
		hundred_spends_race_for_fifty_tokens_R59_R60,
		ledger_rows_refuse_every_other_statement,
		chain_covers_every_movement_and_the_one_before,
		hash_is_of_the_numbers_in_decimal,
		idempotency_keeps_successes_and_tells_bodies_apart_R77,
		idempotency_key_has_1_to_255_visible_characters,
		status_moves_only_as_the_table_says,
		list_pages_stay_stable_while_rows_arrive,
		list_of_a_status_has_all_of_it_and_no_other, NULL
	};
	Suite *s = suite_create("ledger");

	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	return unit_run(s);
}
