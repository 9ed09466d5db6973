/*
 * verify: whoever changes the books behind the program's back is found out.
 *
 * Each tampering runs in a transaction that is rolled back, on books that
 * are in order; the triggers that would refuse it are dropped first, as
 * somebody with the file in hand would do.
 */
#include "unit.h"

#include "base/log.h"
#include "base/random.h"
#include "billing/proof.h"
#include "books.h"
#include "guards.h"
#include "ledger/verify.h"
#include "second.h"

struct seen {
	struct codes codes;
	const char *code, *part; /* looked for */
	int found, faults;
	char last[600];
};

static struct db *db;

static void
on_fault(const char *code, const char *sentence, void *arg)
{
	struct seen *s = arg;

	s->faults++;
	code_add(&s->codes, code);
	(void)snprintf(s->last, sizeof(s->last), "%s: %s", code, sentence);
	if (s->code != NULL && strcmp(s->code, code) == 0 &&
	    strstr(sentence, s->part) != NULL)
		s->found++;
}

static struct verify_report
run(struct seen *s)
{
	struct verify_report r = { .fault = on_fault, .arg = s };

	ck_assert_int_eq(ledger_verify(db, &r), VT_OK);
	ck_assert_int_eq(r.faults, s->faults);
	return r;
}

/* A connection that may do what an owner of the file may. */
static void
setup(void)
{
	random_seed(7);
	/* What the database refuses is meant to be refused. */
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	books_empty();
	ck_assert_int_eq(db_open(scratch_db, DB_PRIVATE, &db), VT_OK);
	ck_assert_int_eq(db_script(db,
			     "PRAGMA foreign_keys = OFF;"
			     "PRAGMA ignore_check_constraints = ON;"),
	    VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	books_fill(db);
	ck_assert_int_eq(db_commit(db), VT_OK);
}

static void
teardown(void)
{
	db_close(db);
	scratch_remove();
}

static const struct {
	const char *sql, *code, *part;
} tamperings[] = {
	/* movements */
	{ "UPDATE movements SET tokens = 51 WHERE id = 1", "movement.hash",
	    "Movement 1 (pi:pi_1)" },
	{ "UPDATE movements SET tokens = 51 WHERE id = 1", "movement.legs",
	    "Movement 1 " },
	{ "UPDATE movements SET cause = 'pi:pi_2' WHERE id = 1",
	    "movement.hash", "Movement 1 " },
	{ "UPDATE movements SET cause = 'inv:in_1:1' WHERE id = 1",
	    "movement.cause", "inv:in_1:1" },
	{ "UPDATE movements SET created_at = created_at - 1 WHERE id = 3",
	    "movement.hash", "Movement 3 " },
	{ "UPDATE movements SET to_account = 6 WHERE id = 2", "movement.user",
	    "Movement 2 " },
	{ "UPDATE movements SET from_account = 2 WHERE id = 1",
	    "movement.direction", "from account 2" },
	{ "UPDATE movements SET from_account = 99 WHERE id = 1",
	    "movement.account", "account 99" },
	{ "UPDATE movements SET from_account = 6 WHERE id = 1",
	    "movement.account", "not between a user and the house" },
	{ "UPDATE movements SET tx = 2 WHERE id = 3", "movement.hash",
	    "Movement 3 " },
	{ "UPDATE movements SET tx = 999 WHERE id = 3", "movement.transaction",
	    "row 999" },
	{ "UPDATE movements SET prev = zeroblob(32) WHERE id = 4",
	    "movement.link", "Movement 4 " },
	{ "UPDATE movements SET hash = zeroblob(32) WHERE id = 4",
	    "movement.hash", "Movement 4 " },
	{ "UPDATE movements SET hash = x'00' WHERE id = 4", "movement.hash",
	    "Movement 4 cannot" },
	{ "UPDATE movements SET tokens = -50 WHERE id = 1", "movement.tokens",
	    "moves -50 tokens" },
	{ "UPDATE movements SET tokens = -9223372036854775807 - 1 "
	  "WHERE id = 1",
	    "movement.tokens", "Movement 1 " },
	{ "DELETE FROM movements WHERE id = 2", "movement.missing",
	    "Movement 2 is missing" },
	{ "DELETE FROM movements WHERE id BETWEEN 2 AND 4", "movement.missing",
	    "Movements 2 to 4 are missing" },
	{ "DELETE FROM movements WHERE id = 6", "entry.movement",
	    "movement 6" },
	{ "INSERT INTO movements (id, tx, cause, from_account, to_account, "
	  "tokens, created_at, prev, hash) SELECT 7, tx, 'pi:pi_9', 1, 5, "
	  "50, created_at, hash, zeroblob(32) FROM movements WHERE id = 6",
	    "movement.hash", "Movement 7 (pi:pi_9)" },
	{ "INSERT OR REPLACE INTO movements SELECT id, tx, cause, "
	  "from_account, to_account, tokens + 1, created_at, prev, hash "
	  "FROM movements WHERE id = 1",
	    "movement.hash", "Movement 1 " },
	/* entries */
	{ "UPDATE entries SET delta = 51 WHERE account = 5 AND seq = 1",
	    "entry.balance", "Account 5, entry 1" },
	{ "UPDATE entries SET delta = 51 WHERE account = 5 AND seq = 1",
	    "movement.legs", "Movement 1 " },
	{ "UPDATE entries SET balance = 60 WHERE account = 5 AND seq = 1",
	    "entry.balance", "Account 5, entry 1" },
	{ "UPDATE entries SET balance = balance + 10 WHERE account = 5",
	    "transaction.balance", "its entry says" },
	{ "UPDATE entries SET delta = 9223372036854775807 "
	  "WHERE account = 5 AND seq = 2",
	    "entry.balance", "Account 5, entry 2" },
	{ "UPDATE entries SET movement = 1 WHERE account = 5 AND seq = 2",
	    "entry.order", "Account 5, entry 2" },
	{ "UPDATE entries SET movement = 77 WHERE account = 5 AND seq = 5",
	    "entry.movement", "movement 77" },
	{ "UPDATE entries SET seq = 9 WHERE account = 5 AND seq = 5",
	    "entry.sequence", "entry 9 follows entry 4" },
	{ "UPDATE entries SET account = 66 WHERE account = 6", "entry.account",
	    "account 66" },
	{ "DELETE FROM entries WHERE account = 5 AND seq = 5", "movement.legs",
	    "Movement 6 has 1 entries" },
	{ "DELETE FROM entries WHERE account = 5 AND seq = 2", "entry.sequence",
	    "entry 3 follows entry 1" },
	{ "INSERT INTO entries VALUES (5, 6, 6, 100, 115)", "movement.legs",
	    "Movement 6 has 3 entries" },
	{ "UPDATE entries SET delta = -delta, balance = -balance "
	  "WHERE account = 6",
	    "entry.negative", "Account 6, entry 1" },
	/* accounts */
	{ "UPDATE accounts SET balance = balance + 1 WHERE id = 5",
	    "account.balance", "Account 5 " },
	{ "UPDATE accounts SET balance = balance + 1 WHERE id = 1",
	    "account.balance", "Account 1 " },
	{ "UPDATE accounts SET seq = seq + 1 WHERE id = 5", "account.sequence",
	    "Account 5 " },
	{ "UPDATE accounts SET user = 3 WHERE id = 5", "movement.user",
	    "Movement 1 " },
	{ "UPDATE accounts SET user = 44 WHERE id = 6", "account.user",
	    "user row 44" },
	{ "UPDATE accounts SET kind = 'void' WHERE id = 2", "account.kind",
	    "house's sink account" },
	{ "UPDATE accounts SET kind = 'sink' WHERE id = 6", "account.kind",
	    "Account 6 " },
	{ "DELETE FROM accounts WHERE id = 6", "entry.account", "account 6" },
	{ "DELETE FROM accounts WHERE id = 3", "account.missing",
	    "only 3 exist" },
	{ "INSERT INTO accounts (id, kind, user, balance) "
	  "VALUES (9, 'user', 3, 1000)",
	    "account.balance", "Account 9 " },
	/* lots */
	{ "UPDATE lots SET granted = 500 WHERE id = 1", "lot.granted",
	    "Lot 1 was granted 500" },
	{ "UPDATE lots SET user = 2 WHERE id = 3", "lot.user", "Lot 3 " },
	{ "UPDATE lots SET user = 2 WHERE id = 3", "use.user", "lot 3" },
	{ "UPDATE lots SET tx = 3 WHERE id = 2", "use.grant", "lot 2" },
	{ "UPDATE lots SET tx = 555 WHERE id = 2", "lot.transaction",
	    "Lot 2 " },
	{ "UPDATE lots SET paid = 1 WHERE id = 2", "lot.origin", "Lot 2 " },
	{ "UPDATE lots SET origin = 'purchase' WHERE id = 2", "lot.origin",
	    "Lot 2 " },
	{ "UPDATE lots SET cost = 1 WHERE id = 1", "lot.cost", "Lot 1 " },
	{ "UPDATE lots SET currency = 'jpy' WHERE id = 1", "lot.cost",
	    "Lot 1 " },
	{ "UPDATE lots SET expires_at = 1 WHERE id = 2", "use.expired",
	    "lot 2" },
	{ "UPDATE lots SET created_at = 1 WHERE id = 2", "use.grant", "lot 2" },
	{ "DELETE FROM lots WHERE id = 4", "use.lot", "lot 4" },
	{ "DELETE FROM lots WHERE id = 4", "lot.missing", "lot 4" },
	{ "INSERT INTO lots (id, user, tx, origin, paid, granted, "
	  "created_at) VALUES (9, 1, 1, 'purchase', 1, 100, 1)",
	    "lot.granted", "Lot 9 was granted by no movement" },
	/* lot_uses */
	{ "UPDATE lot_uses SET delta = 55 WHERE lot = 1 AND delta > 0",
	    "lot.granted", "first use (movement 1) says 55" },
	{ "UPDATE lot_uses SET delta = -1 WHERE lot = 2 AND delta < 0",
	    "use.sum", "Movement 5 " },
	{ "UPDATE lot_uses SET delta = -300 WHERE lot = 2 AND delta < 0",
	    "lot.range", "lot 2" },
	{ "UPDATE lot_uses SET lot = 4 WHERE movement = 5 AND lot = 2",
	    "use.user", "lot 4" },
	{ "UPDATE lot_uses SET lot = 88 WHERE movement = 5 AND lot = 2",
	    "use.lot", "lot 88" },
	{ "UPDATE lot_uses SET movement = 88 WHERE movement = 5",
	    "use.movement", "movement 88" },
	{ "DELETE FROM lot_uses WHERE movement = 5", "use.sum", "Movement 5 " },
	{ "DELETE FROM lot_uses WHERE movement = 5", "lot.left", "Lot 2 " },
	{ "INSERT INTO lot_uses VALUES (6, 4, -1)", "use.user", "lot 4" },
	/* lot_left */
	{ "UPDATE lot_left SET left = left + 5 WHERE lot = 1", "lot.left",
	    "Lot 1 " },
	{ "UPDATE lot_left SET left = 0 WHERE lot = 4", "lot.left", "Lot 4 " },
	{ "UPDATE lot_left SET live = 0 WHERE lot = 1", "lot.live",
	    "its mark of a live lot is 0" },
	{ "UPDATE lot_left SET live = 1 WHERE lot = 2", "lot.live",
	    "Lot 2 has 0 tokens left" },
	{ "UPDATE lot_left SET held = 1 WHERE lot = 1", "lot.held",
	    "lot 1 1 tokens are said to be held; holds pin 0" },
	{ "UPDATE lot_left SET held = 1 WHERE lot = 1", "lot.marks",
	    "lot 1 1 tokens are held and 0 frozen; its marks sum to 0 and 0" },
	{ "INSERT INTO lot_marks (lot, held, frozen, created_at) "
	  "VALUES (3, 0, 4, 1)",
	    "lot.marks", "lot 3 0 tokens are held" },
	{ "UPDATE lot_left SET frozen = 2 WHERE lot = 1", "lot.frozen",
	    "lot 1 2 tokens are frozen, by nothing" },
	{ "UPDATE lot_left SET user = 2 WHERE lot = 1", "lot.user", "lot 1" },
	{ "DELETE FROM lot_left WHERE lot = 3", "lot.left",
	    "lot 3 is not recorded" },
	{ "INSERT INTO lot_left (lot, user, left, live) "
	  "VALUES (70, 1, 5, 1)",
	    "lot.missing", "lot 70" },
	/* token_transactions and users */
	{ "UPDATE token_transactions SET tokens = 5000 WHERE id = 1",
	    "movement.tokens", "says 5000" },
	{ "UPDATE token_transactions SET tokens = -10 WHERE id = 7",
	    "transaction.tokens", "purchase of -10" },
	{ "UPDATE token_transactions SET kind = 'purchase' WHERE id = 2",
	    "movement.cause", "grant:admin:user_root:k1" },
	{ "UPDATE token_transactions SET kind = 'spend' WHERE id = 2",
	    "movement.direction", "spend" },
	{ "UPDATE token_transactions SET kind = 'gift' WHERE id = 2",
	    "transaction.kind", "gift" },
	{ "UPDATE token_transactions SET user = 2 WHERE id = 1",
	    "movement.user", "user row 2" },
	{ "UPDATE token_transactions SET public_id = 'tx_forged' "
	  "WHERE id = 1",
	    "movement.hash", "Movement 1 " },
	{ "UPDATE token_transactions SET status = 'completed' WHERE id = 7",
	    "transaction.movements", "has 0 movements" },
	{ "UPDATE token_transactions SET status = 'failed' WHERE id = 1",
	    "transaction.movements", "is failed and has 1" },
	{ "UPDATE token_transactions SET balance_after = 1 WHERE id = 1",
	    "transaction.balance", "1 tokens were left" },
	{ "UPDATE token_transactions SET balance_after = NULL WHERE id = 1",
	    "transaction.balance", "no balance after" },
	{ "UPDATE token_transactions SET balance_after = 9 WHERE id = 7",
	    "transaction.balance", "yet has a balance" },
	{ "UPDATE token_transactions SET amount = 1 WHERE id = 1", "lot.cost",
	    "Lot 1 " },
	{ "UPDATE token_transactions SET amount = 1 WHERE id = 7",
	    "transaction.price", "another price" },
	{ "UPDATE token_transactions SET currency = 'eur' WHERE id = 7",
	    "transaction.price", "eur" },
	{ "UPDATE token_transactions SET price_per_token = '0.001' "
	  "WHERE id = 1",
	    "transaction.price", "another price" },
	{ "UPDATE token_transactions SET total_amount_usd = NULL "
	  "WHERE id = 1",
	    "transaction.price", "another price" },
	{ "DELETE FROM token_transactions WHERE id = 1", "movement.transaction",
	    "Movement 1 " },
	{ "DELETE FROM users WHERE id = 3", "transaction.user", "user row 3" },
};

START_TEST(books_in_order_have_no_fault)
{
	struct seen s = { 0 };
	struct verify_report r = run(&s);

	ck_assert_msg(s.faults == 0, "%s", s.last);
	second_agrees(db, &s.codes, "nothing");
	ck_assert_int_eq(r.movements, 6);
	ck_assert_int_eq(r.entries, 12);
	ck_assert_int_eq(r.accounts, 6);
	ck_assert_int_eq(r.lots, 4);
	ck_assert_int_eq(r.transactions, 8);
}
END_TEST

START_TEST(an_empty_ledger_has_no_fault)
{
	struct seen s = { 0 };

	teardown();
	books_empty();
	ck_assert_int_eq(db_open(scratch_db, DB_READER, &db), VT_OK);
	ck_assert_int_eq(run(&s).movements, 0);
	ck_assert_msg(s.faults == 0, "%s", s.last);
}
END_TEST

START_TEST(each_tampering_is_named)
{
	struct seen s = { .code = tamperings[_i].code,
		.part = tamperings[_i].part };

	ck_assert_int_eq(db_begin(db), VT_OK);
	guards_drop(db);
	ck_assert_msg(db_script(db, tamperings[_i].sql) == VT_OK, "%s",
	    tamperings[_i].sql);
	(void)run(&s);
	ck_assert_msg(s.found >= 1, "%s: looked for %s %s, %d faults, last %s",
	    tamperings[_i].sql, s.code, s.part, s.faults, s.last);
	second_agrees(db, &s.codes, tamperings[_i].sql);
	db_rollback(db);
}
END_TEST

/* With the triggers in place the same changes do not even happen. */
static const char *const refused[] = {
	"UPDATE movements SET tokens = 51 WHERE id = 1",
	"DELETE FROM movements WHERE id = 6",
	"INSERT OR REPLACE INTO movements SELECT * FROM movements "
	"WHERE id = 1",
	"INSERT OR IGNORE INTO movements SELECT * FROM movements "
	"WHERE id = 1",
	"UPDATE entries SET delta = 51 WHERE account = 5 AND seq = 1",
	"DELETE FROM entries WHERE account = 5 AND seq = 5",
	"INSERT OR REPLACE INTO entries VALUES (5, 5, 6, 1, 1)",
	"UPDATE lots SET granted = 500 WHERE id = 1",
	"DELETE FROM lots WHERE id = 1",
	"INSERT OR REPLACE INTO lots SELECT * FROM lots WHERE id = 1",
	"UPDATE lot_uses SET delta = 55 WHERE lot = 1",
	"DELETE FROM lot_uses WHERE movement = 5",
	"INSERT OR REPLACE INTO lot_uses VALUES (1, 1, 500)",
	"DELETE FROM accounts WHERE id = 6",
	"DELETE FROM token_transactions WHERE id = 7",
	"UPDATE token_transactions SET tokens = 5000 WHERE id = 1",
	"UPDATE token_transactions SET actor = 'x' WHERE id = 2",
	"DELETE FROM users WHERE id = 3",
};

/* R67: the schema itself holds what it can. */
START_TEST(the_triggers_refuse_what_verify_would_find)
{
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_ne(db_script(db, refused[_i]), VT_OK);
	db_rollback(db);
}
END_TEST

START_TEST(one_changed_row_does_not_spoil_the_rest_of_the_chain)
{
	struct seen s = { .code = "movement.hash", .part = "Movement 2 " };

	ck_assert_int_eq(db_begin(db), VT_OK);
	guards_drop(db);
	ck_assert_int_eq(db_script(db,
			     "UPDATE movements SET created_at = 5, cause = "
			     "'grant:admin:x:y' WHERE id = 2"),
	    VT_OK);
	(void)run(&s);
	ck_assert_int_eq(s.found, 1);
	db_rollback(db);
}
END_TEST

static int64_t progress_last, progress_total;

static void
on_progress(int64_t done, int64_t total, void *arg)
{
	(void)arg;
	ck_assert_int_ge(done, progress_last);
	progress_last = done;
	progress_total = total;
}

START_TEST(progress_ends_at_the_whole)
{
	struct verify_report r = { .progress = on_progress };

	ck_assert_int_eq(ledger_verify(db, &r), VT_OK);
	ck_assert_int_gt(progress_total, 0);
	ck_assert_int_eq(progress_last, progress_total);
}
END_TEST

#define PLAN_IDS 65536

/*
 * What runs once for each row of another table must be led by an index: with
 * millions of rows it would not end. What is made once may read everything.
 */
START_TEST(the_second_checker_reads_no_table_for_each_row)
{
	static char explained[70000];
	static bool each_row[PLAN_IDS];
	int64_t rows = 0;
	enum vt_err err;
	struct query q;

	(void)snprintf(explained, sizeof(explained), "EXPLAIN QUERY PLAN %s",
	    second_sql());
	err = db_query(&q, db, explained);
	for (; err == VT_OK && (err = db_step(&q)) == VT_OK; rows++) {
		int64_t id = db_int(&q, 0), parent = db_int(&q, 1);
		const char *step = db_text(&q, 3);

		ck_assert_int_lt(id, PLAN_IDS);
		ck_assert_msg(
		    !each_row[parent] || strncmp(step, "SCAN", 4) != 0,
		    "for each row: %s", step);
		each_row[id] = strncmp(step, "CORRELATED", 10) == 0 ||
		    (each_row[parent] && strncmp(step, "MATERIALIZE", 11) != 0);
	}
	db_done(&q);
	ck_assert_int_eq(err, VT_NOTFOUND);
	ck_assert_int_gt(rows, 100);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("verify");
	TCase *c = unit_case(s, "core",
	    (const TTest *[]){ books_in_order_have_no_fault,
		an_empty_ledger_has_no_fault,
		one_changed_row_does_not_spoil_the_rest_of_the_chain,
		progress_ends_at_the_whole,
		the_second_checker_reads_no_table_for_each_row, NULL });

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(
	    c, each_tampering_is_named, 0, (int)countof(tamperings));
	tcase_add_loop_test(c, the_triggers_refuse_what_verify_would_find, 0,
	    (int)countof(refused));
	return unit_run(s);
}
