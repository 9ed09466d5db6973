/*
 * statement: what is signed is what the books say, byte for byte; what is
 * asked for is signed once; and whoever writes the chain anew is found out by
 * the heads that were signed before.
 */
#include "unit.h"

#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "billing/statements.h"
#include "books.h"
#include "ledger/heads.h"
#include "ledger/statement_keys.h"
#include "ledger/verify.h"
#include "rewrite.h"

static struct db *db;
static struct arena *arena;
static struct ed25519_key *key;
static char public[ED25519_PUBLIC_BYTES];

static void
setup(void)
{
	random_seed(7);
	/* What is refused is meant to be refused. */
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	books_empty();
	ck_assert_int_eq(db_open(scratch_db, DB_PRIVATE, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	books_fill(db);
	ck_assert_int_eq(db_commit(db), VT_OK);
	arena = arena_new();
	key = ed25519_key_new();
	ed25519_key_public(key, public);
}

static void
teardown(void)
{
	ed25519_key_free(key);
	arena_free(arena);
	db_close(db);
	scratch_remove();
}

/* A statement of Ada's, the first user. */
static struct statement
ada(void)
{
	struct statement s;

	ck_assert_int_eq(
	    statement_read(db, arena, 1, BOOKS_NOW + 2000, public, &s), VT_OK);
	(void)snprintf(s.id, sizeof(s.id), "stm_test");
	return s;
}

static struct chain_head
head_now(int64_t at_ms)
{
	struct chain_head h;

	ck_assert_int_eq(chain_head_read(db, at_ms, public, &h), VT_OK);
	return h;
}

/* ---- the texts ----------------------------------------------------------- */

START_TEST(a_statement_says_what_the_books_say)
{
	struct statement s = ada(), again;
	const char *text = statement_text(arena, &s);

	ck_assert_int_eq(s.balance.available, 45);
	ck_assert_uint_eq(s.lots_count, 1);
	ck_assert_int_eq(s.account_balance, 45);
	ck_assert_int_eq(s.account_entry, 5);
	ck_assert_int_eq(s.head.movement, 6);
	ck_assert(statement_adds_up(&s));
	ck_assert_ptr_nonnull(
	    strstr(text, "\nuser: user_ada\navailable: 45\n"));
	ck_assert_ptr_nonnull(strstr(text,
	    " purchase paid granted 50 left 45 held 0 frozen 0 "
	    "expires never\naccount-balance: 45\n"));
	ck_assert_ptr_null(strstr(text, "example.com")); /* no address */
	ck_assert_int_eq(statement_parse(arena, text, &again), VT_OK);
	ck_assert_str_eq(statement_text(arena, &again), text);
	ck_assert(statement_same(arena, &s, &again));
	ck_assert_int_eq(signed_kind(text), SIGNED_STATEMENT);
}
END_TEST

/* Whoever has nothing gets that on paper as well. */
START_TEST(somebody_without_an_account_has_zeros)
{
	struct statement s;

	ck_assert_int_eq(
	    statement_read(db, arena, 3, BOOKS_NOW, public, &s), VT_OK);
	ck_assert_str_eq(s.user, "user_cyd");
	ck_assert_int_eq(s.balance.available, 0);
	ck_assert_int_eq(s.account_entry, 0);
	ck_assert_uint_eq(s.lots_count, 0);
	ck_assert_int_eq(
	    statement_parse(arena, statement_text(arena, &s), &s), VT_OK);
}
END_TEST

START_TEST(a_head_says_where_the_chain_ends)
{
	struct chain_head h = head_now(BOOKS_NOW), again;
	const char *text = chain_head_text(arena, &h);

	ck_assert_int_eq(h.movement, 6);
	ck_assert_int_eq(h.debt, 0);
	ck_assert_int_eq(chain_head_parse(text, &again), VT_OK);
	ck_assert_str_eq(chain_head_text(arena, &again), text);
	ck_assert_int_eq(signed_kind(text), SIGNED_HEAD);
	ck_assert_int_eq(signed_kind("anything\n"), SIGNED_UNKNOWN);
}
END_TEST

/* Every byte: the signature fails, whatever the text still reads as. */
START_TEST(a_change_of_any_byte_is_found)
{
	struct statement s = ada();
	const char *text = statement_text(arena, &s);
	char signature[ED25519_SIGNATURE_BYTES], *changed;
	size_t n = strlen(text);

	ed25519_sign(key, text, n, signature);
	ck_assert(ed25519_verify(public, text, n, signature));
	changed = arena_strdup(arena, text);
	for (size_t i = 0; i < n; i++) {
		changed[i] ^= 1;
		ck_assert(!ed25519_verify(public, changed, n, signature));
		changed[i] ^= 1;
	}
	ck_assert(ed25519_verify(public, changed, n, signature));
}
END_TEST

/* Field by field, as somebody would who wants to look richer. */
START_TEST(texts_that_we_would_not_write_are_refused)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
		{ "statement, version 1", "statement, version 2" },
		{ "Vantage tokens statement", "Vantage tokens chain head" },
		{ "mode: test", "mode: Test" },
		{ "user: user_ada\n", "user: user_ada\r\n" },
		{ "user: user_ada\n", "user: user\033_ada\n" },
		{ "user: user_ada\n", "" },
		{ "available: 45", "available: 045" },
		{ "available: 45", "available: +45" },
		{ "available: 45", "available: -45" },
		{ "available: 45", "available: 45 " },
		{ "available: 45", "available: 99999999999999999999" },
		{ "available: 45\nheld: 0", "held: 0\navailable: 45" },
		{ "lots: 1", "lots: 2" },
		{ "lots: 1", "lots: 9223372036854775807" },
		{ "lots: 1", "lots: 0" },
		{ " paid granted", " Paid granted" },
		{ "expires never", "expires then" },
		{ "expires never", "expires never again" },
		{ "movement-hash: ", "movement-hash: 00" },
		{ "key: ed25519:", "Key: ed25519:" },
	};
	struct statement s = ada();
	const char *text = statement_text(arena, &s);

	for (size_t i = 0; i < countof(changes); i++) {
		const char *at = strstr(text, changes[i].from);
		const char *changed;

		ck_assert_msg(at != NULL, "%s", changes[i].from);
		changed = arena_printf(arena, "%.*s%s%s", (int)(at - text),
		    text, changes[i].to, at + strlen(changes[i].from));
		ck_assert_msg(statement_parse(arena, changed, &s) == VT_INVALID,
		    "%s", changes[i].to);
	}
	ck_assert_int_eq(
	    statement_parse(arena, arena_printf(arena, "%s\n", text), &s),
	    VT_INVALID);
	for (size_t n = 0; n < strlen(text); n++)
		ck_assert_int_eq(
		    statement_parse(arena, arena_memdup(arena, text, n), &s),
		    VT_INVALID);
}
END_TEST

/* The first line is in front of what is signed, so neither is the other. */
START_TEST(the_signature_of_a_head_is_none_of_a_statement)
{
	struct chain_head h = head_now(BOOKS_NOW);
	const char *text = chain_head_text(arena, &h), *other;
	char signature[ED25519_SIGNATURE_BYTES];
	struct statement s;

	ed25519_sign(key, text, strlen(text), signature);
	other = arena_printf(
	    arena, "Vantage tokens statement, version 1%s", strchr(text, '\n'));
	ck_assert(!ed25519_verify(public, other, strlen(other), signature));
	ck_assert_int_eq(statement_parse(arena, text, &s), VT_INVALID);
	ck_assert_int_eq(statement_parse(arena, other, &s), VT_INVALID);
}
END_TEST

START_TEST(lots_that_do_not_make_the_sums_are_noticed)
{
	struct statement s = ada();
	struct lot lot = s.lots[0];

	s.lots = &lot;
	ck_assert(statement_adds_up(&s));
	s.balance.available++;
	ck_assert(!statement_adds_up(&s));
	s.balance.available--;
	lot.held = 1;
	ck_assert(!statement_adds_up(&s));
	lot.held = INT64_MAX;
	lot.left = INT64_MIN;
	ck_assert(!statement_adds_up(&s));
}
END_TEST

START_TEST(a_file_is_taken_apart_at_its_last_line)
{
	static const char *const bad[] = { "", "signature: ", "text\n",
		"text\nsignature: AAAA", "text\nsignature: AAAA\nmore\n" };
	struct signed_text s;

	ck_assert_int_eq(
	    signed_file_parse(arena, signed_file(arena, "a\nb\n", "AAAA"), &s),
	    VT_OK);
	ck_assert_str_eq(s.text, "a\nb\n");
	ck_assert_str_eq(s.signature, "AAAA");
	for (size_t i = 0; i < countof(bad); i++)
		ck_assert_int_eq(
		    signed_file_parse(arena, bad[i], &s), VT_INVALID);
}
END_TEST

/* ---- asking and signing -------------------------------------------------- */

static const char answer_key[] = "ask-1";

static enum vt_err
try_ask(const char *sub, int64_t now_ms, const char *header,
    struct statement_answer *out, struct vt_problem *p)
{
	struct idempotency_key k;
	struct statement_ask in = { sub, &k, now_ms, arena };
	enum vt_err err;
	char actor[64];

	(void)snprintf(actor, sizeof(actor), "user:%s", sub);
	ck_assert_int_eq(idempotency_key_init(&k, actor,
			     "/api/tokens/statement", header, "", 0, p),
	    VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	err = statement_ask(db, &in, out, p);
	if (err == VT_OK)
		ck_assert_int_eq(db_commit(db), VT_OK);
	else
		db_rollback(db);
	return err;
}

static struct statement_answer
ask(const char *sub, int64_t now_ms, const char *header)
{
	struct statement_answer out;
	struct vt_problem p = { 0 };

	ck_assert_int_eq(try_ask(sub, now_ms, header, &out, &p), VT_OK);
	return out;
}

static enum vt_err
sign(int64_t now_ms, const struct chain_head *last, int *count)
{
	struct statement_signing in = { key, last, now_ms, 16 };
	struct vt_problem p = { 0 };
	enum vt_err err;

	ck_assert_int_eq(db_begin(db), VT_OK);
	err = statements_sign(db, &in, count, &p);
	if (err == VT_OK)
		ck_assert_int_eq(db_commit(db), VT_OK);
	else
		db_rollback(db);
	return err;
}

static void
signed_now(int64_t now_ms, int want)
{
	int count;

	ck_assert_int_eq(sign(now_ms, NULL, &count), VT_OK);
	ck_assert_int_eq(count, want);
}

static void
spend(const char *cause, int64_t tokens)
{
	ck_assert_int_eq(db_begin(db), VT_OK);
	books_spend(db, 1, cause, tokens);
	ck_assert_int_eq(db_commit(db), VT_OK);
}

static int64_t
number(const char *sql)
{
	struct query q;
	int64_t n;

	ck_assert_int_eq(db_row(&q, db, sql), VT_OK);
	n = db_int(&q, 0);
	db_done(&q);
	return n;
}

#define T(s) (BOOKS_NOW + 10000 + (s)*INT64_C(1000))

START_TEST(what_is_asked_for_is_signed_once_and_given_again)
{
	struct statement_answer one, two;
	bool waiting;

	ck_assert_int_eq(ask("user_ada", T(0), NULL).status, 202);
	ck_assert_int_eq(ask("user_ada", T(1), NULL).status, 202);
	ck_assert_int_eq(number("SELECT COUNT(*) FROM statements"), 1);
	ck_assert_int_eq(statements_waiting(db, &waiting), VT_OK);
	ck_assert(waiting);
	signed_now(T(2), 1);
	ck_assert_int_eq(statements_waiting(db, &waiting), VT_OK);
	ck_assert(!waiting);
	signed_now(T(3), 0);
	one = ask("user_ada", T(4), NULL);
	two = ask("user_ada", T(5), NULL);
	ck_assert_int_eq(one.status, 200);
	ck_assert_str_eq(one.body, two.body);
	ck_assert_ptr_nonnull(strstr(one.body, "available: 45"));
	ck_assert_ptr_null(strstr(one.body, "seed"));
}
END_TEST

START_TEST(what_has_changed_is_signed_anew_but_given_once_all_the_same)
{
	ck_assert_int_eq(ask("user_ada", T(0), NULL).status, 202);
	signed_now(T(1), 1);
	spend("spend:api:more-1", 1);
	/* The user is not to wait for a quiet moment. */
	ck_assert_int_eq(ask("user_ada", T(2), NULL).status, 200);
	ck_assert_int_eq(ask("user_ada", T(3), NULL).status, 202);
	signed_now(T(4), 1);
	ck_assert_ptr_nonnull(
	    strstr(ask("user_ada", T(5), NULL).body, "available: 44"));
	/* What others do changes nothing. */
	ck_assert_int_eq(db_begin(db), VT_OK);
	books_spend(db, 2, "spend:api:bob-1", 1);
	ck_assert_int_eq(db_commit(db), VT_OK);
	ck_assert_int_eq(ask("user_ada", T(6), NULL).status, 200);
	ck_assert_int_eq(number("SELECT COUNT(*) FROM statements"), 1);
}
END_TEST

START_TEST(an_old_one_is_signed_anew)
{
	int64_t later = T(0) + STATEMENT_FRESH_MS;

	ck_assert_int_eq(ask("user_ada", T(0), NULL).status, 202);
	signed_now(T(0), 1);
	ck_assert_int_eq(ask("user_ada", later - 1, NULL).status, 200);
	ck_assert_int_eq(ask("user_ada", later, NULL).status, 202);
	/* And one that nobody came for. */
	signed_now(later, 1);
	ck_assert_int_eq(
	    ask("user_ada", later + STATEMENT_FRESH_MS, NULL).status, 202);
}
END_TEST

START_TEST(the_first_statement_for_a_key_stays_R77)
{
	struct statement_answer one, two;

	ck_assert_int_eq(ask("user_ada", T(0), answer_key).status, 202);
	signed_now(T(1), 1);
	one = ask("user_ada", T(2), answer_key);
	ck_assert_int_eq(one.status, 200);
	ck_assert(!one.replayed);
	spend("spend:api:more-1", 1);
	two = ask("user_ada", T(3), answer_key);
	ck_assert_int_eq(two.status, 200);
	ck_assert(two.replayed);
	ck_assert_str_eq(one.body, two.body);
	/* Another user's key of the same name is another key. */
	ck_assert_int_eq(ask("user_bob", T(4), answer_key).status, 202);
	/* Once it is forgotten, what is now is given. */
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(
	    db_exec(db, "UPDATE idempotency SET body = NULL"), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	ck_assert_int_eq(ask("user_ada", T(5), answer_key).status, 202);
	signed_now(T(6), 2);
	ck_assert_ptr_nonnull(
	    strstr(ask("user_ada", T(7), answer_key).body, "available: 44"));
}
END_TEST

START_TEST(nobody_gets_what_another_one_asked_for)
{
	ck_assert_int_eq(ask("user_ada", T(0), NULL).status, 202);
	signed_now(T(1), 1);
	ck_assert_int_eq(ask("user_bob", T(2), NULL).status, 202);
	signed_now(T(3), 1);
	ck_assert_ptr_nonnull(
	    strstr(ask("user_bob", T(4), NULL).body, "user: user_bob"));
	ck_assert_ptr_nonnull(
	    strstr(ask("user_ada", T(4), NULL).body, "user: user_ada"));
	/* A first call may come before Clerk's word of the user. */
	ck_assert_int_eq(ask("user_new", T(5), NULL).status, 202);
}
END_TEST

/* Ada has a lot from the books. */
static void
give_lots(int64_t count)
{
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(
	    db_exec(db,
		"INSERT INTO lots (user, tx, origin, paid, granted, "
		"created_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
		"SELECT i + 1 FROM n WHERE i < :count) "
		"SELECT 1, 1, 'reversal', 0, 1, 1 FROM n",
		DB_INT("count", count)),
	    VT_OK);
	ck_assert_int_eq(db_exec(db,
			     "INSERT INTO lot_left (lot, user, left, live) "
			     "SELECT id, 1, 1, 1 FROM lots "
			     "WHERE id NOT IN (SELECT lot FROM lot_left)"),
	    VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
}

START_TEST(more_lots_than_there_is_room_for_are_refused)
{
	struct statement_answer out;
	struct vt_problem p = { 0 };

	give_lots(STATEMENT_LOTS_MAX - 1);
	ck_assert_int_eq(ask("user_ada", T(0), NULL).status, 202);
	signed_now(T(1), 1);
	ck_assert_int_eq(ask("user_ada", T(2), NULL).status, 200);
	give_lots(1);
	ck_assert_int_eq(
	    try_ask("user_ada", T(3), NULL, &out, &p), VT_CONFLICT);
	ck_assert_str_eq(p.code, "too_many_lots");
}
END_TEST

/* Nobody else waits for ever, and keeper does not die of it. */
START_TEST(who_has_too_many_lots_by_now_is_passed_over)
{
	bool waiting;

	ck_assert_int_eq(ask("user_ada", T(0), NULL).status, 202);
	ck_assert_int_eq(ask("user_bob", T(1), NULL).status, 202);
	give_lots(STATEMENT_LOTS_MAX * 20);
	signed_now(T(2), 2);
	ck_assert_int_eq(statements_waiting(db, &waiting), VT_OK);
	ck_assert(!waiting);
	ck_assert_int_eq(ask("user_bob", T(3), NULL).status, 200);
	ck_assert_int_eq(number("SELECT COUNT(*) FROM statements"), 1);
}
END_TEST

START_TEST(a_new_key_signs_from_now_on_and_the_old_one_stays_known)
{
	char old[ED25519_PUBLIC_BYTES];
	bool known;

	ck_assert_int_eq(ask("user_ada", T(0), NULL).status, 202);
	signed_now(T(1), 1);
	ck_assert_int_eq(ask("user_ada", T(2), NULL).status, 200);
	memcpy(old, public, sizeof(old));
	ed25519_key_free(key);
	key = ed25519_key_new();
	ed25519_key_public(key, public);
	ck_assert_int_eq(ask("user_bob", T(3), NULL).status, 202);
	signed_now(T(4), 1);
	ck_assert_int_eq(statement_key_known(db, old, &known), VT_OK);
	ck_assert(known);
	ck_assert_int_eq(number("SELECT COUNT(*) FROM statement_keys"), 2);
	ck_assert_int_eq(ask("user_ada", T(5), NULL).status, 202);
	signed_now(T(6), 1);
	ck_assert_ptr_nonnull(strstr(ask("user_ada", T(7), NULL).body, public));
	ck_assert_int_ne(
	    db_script(db, "UPDATE statement_keys SET key = 'x';"), VT_OK);
	ck_assert_int_ne(db_script(db, "DELETE FROM statement_keys;"), VT_OK);
}
END_TEST

/* ---- heads --------------------------------------------------------------- */

struct found {
	int faults;
	char last[700];
};

static void
on_fault(const char *code, const char *sentence, void *arg)
{
	struct found *f = arg;

	f->faults++;
	(void)snprintf(f->last, sizeof(f->last), "%s %s", code, sentence);
}

static bool
is_our_key(struct db *at, const char *k, void *arg)
{
	(void)at, (void)arg; /* the test has one key */
	return strcmp(k, public) == 0;
}

/* What the books say of themselves. */
static int64_t
faults_alone(void)
{
	struct found f = { 0 };
	struct verify_report r = { .fault = on_fault, .arg = &f };

	ck_assert_int_eq(ledger_verify(db, &r), VT_OK);
	return r.faults;
}

static struct found
compare(void)
{
	struct found f = { 0 };
	struct heads_check c = {
		.trusted = is_our_key, .fault = on_fault, .arg = &f
	};

	ck_assert_int_eq(
	    heads_list(arena, scratch_dir, &c.files, &c.count), VT_OK);
	ck_assert_int_eq(heads_verify(db, &c), VT_OK);
	ck_assert_int_eq(c.faults, f.faults);
	return f;
}

static void
write_head(int64_t at_ms)
{
	struct chain_head h = head_now(at_ms);

	ck_assert_int_eq(heads_write(scratch_dir, key, &h), VT_OK);
}

START_TEST(a_head_is_written_once_and_never_over)
{
	struct chain_head h = head_now(BOOKS_NOW);
	const struct head_file *files;
	struct head_file newest;
	char path[400];
	struct stat st;
	size_t count;

	ck_assert_int_eq(heads_newest(scratch_dir, &newest), VT_NOTFOUND);
	ck_assert_int_eq(heads_write(scratch_dir, key, &h), VT_OK);
	ck_assert_int_eq(heads_write(scratch_dir, key, &h), VT_CONFLICT);
	write_head(BOOKS_NOW + 1);
	ck_assert_int_eq(heads_list(arena, scratch_dir, &files, &count), VT_OK);
	ck_assert_uint_eq(count, 2); /* and nothing unfinished beside them */
	ck_assert_str_eq(
	    files[0].name, "head-000000000006-20261118T110640.000Z.txt");
	(void)snprintf(path, sizeof(path), "%s/%s", scratch_dir, files[0].name);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0444);
	ck_assert_int_eq(heads_newest(scratch_dir, &newest), VT_OK);
	ck_assert(newest.good);
	ck_assert_int_eq(newest.head.at_ms, BOOKS_NOW + 1);
	ck_assert_int_eq(heads_write("/no/such/folder", key, &h), VT_SYS);
	ck_assert_int_eq(
	    heads_list(arena, "/no/such/folder", &files, &count), VT_NOTFOUND);
}
END_TEST

START_TEST(heads_of_a_chain_that_only_grew_fit)
{
	write_head(BOOKS_NOW);
	spend("spend:api:more-1", 1);
	write_head(BOOKS_NOW + 1);
	spend("spend:api:more-2", 1);
	ck_assert_int_eq(compare().faults, 0);
}
END_TEST

/* Bob's five tokens become five hundred, everywhere and without a trace. */
static const char make_bob_rich[] =
    "UPDATE movements SET tokens = 500 WHERE id = 4;"
    "UPDATE entries SET delta = 500, balance = 500 WHERE account = 6;"
    "UPDATE entries SET delta = -500, balance = balance - 495 "
    "WHERE account = 1 AND movement = 4;"
    "UPDATE accounts SET balance = balance - 495 WHERE id = 1;"
    "UPDATE accounts SET balance = 500 WHERE id = 6;"
    "UPDATE lots SET granted = 500 WHERE id = 4;"
    "UPDATE lot_uses SET delta = 500 WHERE lot = 4;"
    "UPDATE lot_left SET left = 500 WHERE lot = 4;"
    "UPDATE token_transactions SET tokens = 500, balance_after = 500 "
    "WHERE id = 4;";

START_TEST(history_that_was_rewritten_whole_is_found_by_its_signed_heads)
{
	struct found f;

	write_head(BOOKS_NOW);
	rewrite(db, make_bob_rich);
	ck_assert_int_eq(
	    number("SELECT balance FROM accounts WHERE user = 2"), 500);
	/* The books prove themselves; a head of before does not agree. */
	ck_assert_int_eq(faults_alone(), 0);
	f = compare();
	ck_assert_int_eq(f.faults, 1);
	ck_assert_ptr_nonnull(strstr(f.last, "head.changed"));
	ck_assert_ptr_nonnull(strstr(f.last, "Movement 6 has another hash"));
}
END_TEST

START_TEST(a_chain_that_was_cut_is_found_by_its_signed_heads)
{
	struct found f;

	spend("spend:api:more-1", 1);
	write_head(BOOKS_NOW);
	rewrite(db,
	    "UPDATE accounts SET balance = balance + 1, seq = seq - 1 "
	    "WHERE user = 1;"
	    "UPDATE accounts SET balance = balance - 1, seq = seq - 1 "
	    "WHERE kind = 'sink';"
	    "UPDATE lot_left SET left = left + 1 WHERE lot = 1;"
	    "DELETE FROM lot_uses WHERE movement = 7;"
	    "DELETE FROM entries WHERE movement = 7;"
	    "DELETE FROM movements WHERE id = 7;"
	    "DELETE FROM token_transactions WHERE id = "
	    "(SELECT MAX(id) FROM token_transactions);");
	ck_assert_int_eq(faults_alone(), 0);
	f = compare();
	ck_assert_int_eq(f.faults, 1);
	ck_assert_ptr_nonnull(strstr(f.last, "head.missing"));
	ck_assert_ptr_nonnull(strstr(f.last, "Movement 7"));
}
END_TEST

/* The chain of debts is held in the same way. */
START_TEST(debts_that_were_rewritten_are_found_too)
{
	struct chain_head h = head_now(BOOKS_NOW);
	struct found f;

	h.debt = 1;
	memset(h.debt_hash, 7, sizeof(h.debt_hash));
	ck_assert_int_eq(heads_write(scratch_dir, key, &h), VT_OK);
	f = compare();
	ck_assert_int_eq(f.faults, 1);
	ck_assert_ptr_nonnull(strstr(f.last, "head.missing"));
	ck_assert_ptr_nonnull(strstr(f.last, "Step of debts 1"));
	rewrite(db,
	    "INSERT INTO debts (id, user, grant_tx, cause, delta, open, "
	    "created_at, prev, hash) VALUES (1, 1, 1, 'adj:1:0', 5, 5, 1, "
	    "zeroblob(32), zeroblob(32));");
	f = compare();
	ck_assert_int_eq(f.faults, 1);
	ck_assert_ptr_nonnull(strstr(f.last, "head.changed"));
}
END_TEST

START_TEST(heads_that_are_not_ours_are_told)
{
	struct chain_head h = head_now(BOOKS_NOW);
	struct ed25519_key *other = ed25519_key_new();
	char path[400];
	struct found f;
	FILE *file;

	h.instance[0] = h.instance[0] == '0' ? '1' : '0';
	ck_assert_int_eq(heads_write(scratch_dir, key, &h), VT_OK);
	f = compare();
	ck_assert_int_eq(f.faults, 1);
	ck_assert_ptr_nonnull(strstr(f.last, "head.instance"));
	h = head_now(BOOKS_NOW + 1);
	ed25519_key_public(other, h.key);
	ck_assert_int_eq(heads_write(scratch_dir, other, &h), VT_OK);
	f = compare();
	ck_assert_int_eq(f.faults, 2);
	ck_assert_ptr_nonnull(strstr(f.last, "head.key"));
	/* A key that signs for another one. */
	h = head_now(BOOKS_NOW + 2);
	ck_assert_int_eq(heads_write(scratch_dir, other, &h), VT_OK);
	f = compare();
	ck_assert_int_eq(f.faults, 3);
	ck_assert_ptr_nonnull(strstr(f.last, "head.signature"));
	(void)snprintf(
	    path, sizeof(path), "%s/head-000000000009-x.txt", scratch_dir);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs("nonsense\n", file), 0);
	ck_assert_int_eq(fclose(file), 0);
	f = compare();
	ck_assert_int_eq(f.faults, 4);
	ck_assert_ptr_nonnull(strstr(f.last, "head.signature"));
	ed25519_key_free(other);
}
END_TEST

/* Nothing is attested over a chain that does not hold what was signed. */
START_TEST(no_statement_is_signed_once_history_was_rewritten)
{
	struct chain_head last = head_now(BOOKS_NOW);
	int count;

	ck_assert_int_eq(ask("user_bob", T(0), NULL).status, 202);
	rewrite(db, make_bob_rich);
	ck_assert_int_eq(sign(T(1), &last, &count), VT_CONFLICT);
	ck_assert_int_eq(ask("user_bob", T(2), NULL).status, 202);
	last = head_now(BOOKS_NOW);
	ck_assert_int_eq(sign(T(3), &last, &count), VT_OK);
	ck_assert_int_eq(count, 1);
}
END_TEST

int
main(void)
{
	const TTest *const texts[] = { a_statement_says_what_the_books_say,
		somebody_without_an_account_has_zeros,
		a_head_says_where_the_chain_ends, a_change_of_any_byte_is_found,
		texts_that_we_would_not_write_are_refused,
		the_signature_of_a_head_is_none_of_a_statement,
		lots_that_do_not_make_the_sums_are_noticed,
		a_file_is_taken_apart_at_its_last_line, NULL };
	const TTest *const asking[] = {
		what_is_asked_for_is_signed_once_and_given_again,
		what_has_changed_is_signed_anew_but_given_once_all_the_same,
		an_old_one_is_signed_anew,
		the_first_statement_for_a_key_stays_R77,
		nobody_gets_what_another_one_asked_for,
		more_lots_than_there_is_room_for_are_refused,
		who_has_too_many_lots_by_now_is_passed_over,
		a_new_key_signs_from_now_on_and_the_old_one_stays_known, NULL
	};
	const TTest *const heads[] = { a_head_is_written_once_and_never_over,
		heads_of_a_chain_that_only_grew_fit,
		history_that_was_rewritten_whole_is_found_by_its_signed_heads,
		a_chain_that_was_cut_is_found_by_its_signed_heads,
		debts_that_were_rewritten_are_found_too,
		heads_that_are_not_ours_are_told,
		no_statement_is_signed_once_history_was_rewritten, NULL };
	Suite *s = suite_create("statement");

	random_init();
	tcase_add_checked_fixture(
	    unit_case(s, "texts", texts), setup, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "asking", asking), setup, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "heads", heads), setup, teardown);
	return unit_run(s);
}
