/*
 * services: references, caps, keys, and what comes back of what was spent;
 * the operations as spend runs them, with a clock of the test's own.
 */
#include "freshdb.h"

#include "access/api_keys.h"
#include "billing/service_calls.h"
#include "ledger/debts.h"
#include "ledger/grant.h"
#include "ledger/lots.h"
#include "ledger/revoke.h"
#include "ledger/services.h"
#include "ledger/settle.h"
#include "store/writer.h"
#include "text/json.h"

#define DAY_MS INT64_C(86400000)
#define MIDNIGHT (BOOKS_NOW / DAY_MS * DAY_MS)
#define USER "user_1"

static struct arena *arena;
static struct vt_problem problem;
static struct service service;
static struct idempotency_key no_key;
static int64_t now_ms;

static void
setup(void)
{
	books_open();
	ck_assert_int_eq(
	    books_do("INSERT INTO users (clerk_sub, created_at, updated_at) "
		     "VALUES ('" USER "', 0, 0)"),
	    VT_OK);
	arena = arena_new();
	now_ms = BOOKS_NOW;
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    service_add(books, "app", 0, now_ms, &service, &problem), VT_OK);
	ck_assert_int_eq(db_commit(books), VT_OK);
}

static void
teardown(void)
{
	arena_free(arena);
	books_close();
}

/* One operation as the writer runs it: kept if it is well, else undone. */
static enum vt_err
run(write_fn fn, const void *in, void *out)
{
	enum vt_err err;

	memset(&problem, 0, sizeof(problem));
	ck_assert_int_eq(db_begin(books), VT_OK);
	err = fn(books, in, out, &problem);
	if (err == VT_OK)
		ck_assert_int_eq(db_commit(books), VT_OK);
	else
		db_rollback(books);
	return err;
}

static struct service_call
as(const struct idempotency_key *key)
{
	return (struct service_call){ .service = service.id,
		.actor = arena_printf(arena, "service:%s", service.name),
		.key = key,
		.request_id = "req",
		.now_ms = now_ms,
		.arena = arena };
}

static enum vt_err
spend(const char *reference, int64_t tokens, struct service_answer *out)
{
	struct service_spend s = { .call = as(&no_key),
		.user = USER,
		.tokens = tokens,
		.reference = reference };

	return run(service_spend, &s, out);
}

static enum vt_err
hold(const char *reference, int64_t tokens, int64_t ttl_s,
    struct service_answer *out)
{
	struct service_hold s = { .call = as(&no_key),
		.user = USER,
		.tokens = tokens,
		.reference = reference,
		.ttl_s = ttl_s };

	return run(service_hold, &s, out);
}

static const char *
text_in(const struct service_answer *o, const char *name)
{
	const struct json *j;

	ck_assert_int_eq(
	    json_parse(arena, o->body, strlen(o->body), 8, &j, NULL), VT_OK);
	return json_str_at(j, name);
}

static enum vt_err
reverse(const char *transaction, int64_t tokens, const char *key,
    struct service_answer *out)
{
	struct idempotency_key k;
	struct service_reverse v = { .call = as(&k),
		.transaction = transaction,
		.tokens = tokens,
		.reason = "r" };

	ck_assert_int_eq(idempotency_key_init(&k, v.call.actor, "/reverse", key,
			     transaction, strlen(transaction), &problem),
	    VT_OK);
	return run(service_reverse, &v, out);
}

struct give {
	const char *cause;
	int64_t tokens, cost, expires_at;
};

/* A purchase when it has a cost, else a gift; the transaction in *out. */
static enum vt_err
give(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct give *v = in;
	bool paid = v->cost > 0;
	struct transaction_new t = { .user = 1,
		.kind = paid ? "purchase" : "grant",
		.status = "pending",
		.tokens = v->tokens,
		.actor = "test",
		.amount = v->cost,
		.currency = paid ? "usd" : NULL,
		.now_ms = now_ms };
	struct grant g = { .user = 1,
		.cause = v->cause,
		.origin = paid ? "purchase" : "grant",
		.paid = paid,
		.tokens = v->tokens,
		.cost = v->cost,
		.currency = paid ? "usd" : NULL,
		.expires_at = v->expires_at,
		.source = paid ? v->cause : NULL,
		.charge = paid ? "ch_1" : NULL,
		.now_ms = now_ms };
	struct transaction_ref *tx = out;
	struct grant_done done;
	enum vt_err err;

	(void)p;
	err = transaction_add(db, &t, tx);
	g.tx = tx->id;
	return err == VT_OK ? ledger_grant(db, &g, &done) : err;
}

static struct transaction_ref
given(const char *cause, int64_t tokens, int64_t cost, int64_t expires_at)
{
	struct give v = { cause, tokens, cost, expires_at };
	struct transaction_ref tx;

	ck_assert_int_eq(run(give, &v, &tx), VT_OK);
	return tx;
}

static int64_t
available(void)
{
	struct balance b;

	ck_assert_int_eq(ledger_balance(books, 1, now_ms, &b), VT_OK);
	return b.available;
}

/* ---- services and their keys --------------------------------------------- */

START_TEST(a_services_name_is_plain_and_its_own)
{
	static const char *const bad[] = { "", "A", "1a", "-a", "a b", "a:b",
		"a_b", "abcdefghijklmnopqrstuvwxyzabcdefghijklmno" };
	struct service s;

	for (size_t i = 0; i < countof(bad); i++)
		ck_assert_int_eq(service_name_check(bad[i], NULL), VT_INVALID);
	ck_assert_int_eq(service_name_check("image-jobs-2", NULL), VT_OK);
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    service_add(books, "app", 0, now_ms, &s, &problem), VT_CONFLICT);
	ck_assert_str_eq(problem.code, "service_exists");
	db_rollback(books);
}
END_TEST

static struct api_key
new_key(unsigned scopes, int64_t expires_at, char text[static API_KEY_BYTES])
{
	struct api_key_new n = { .service = "app",
		.scopes = scopes,
		.expires_at = expires_at,
		.now_ms = now_ms };
	struct api_key k;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(api_key_add(books, &n, &k, text, &problem), VT_OK);
	ck_assert_int_eq(db_commit(books), VT_OK);
	return k;
}

START_TEST(a_key_is_found_by_all_of_it_and_kept_as_a_hash)
{
	char text[API_KEY_BYTES], changed[API_KEY_BYTES];
	struct api_key k;

	(void)new_key(SCOPE_TOKENS_SPEND | SCOPE_ADMIN_READ, 0, text);
	ck_assert_uint_eq(strlen(text), API_KEY_BYTES - 1);
	ck_assert_int_eq(strncmp(text, "vk_", 3), 0);
	ck_assert_int_eq(api_key_find(books, text, &k), VT_OK);
	ck_assert_str_eq(k.service, "app");
	ck_assert_str_eq(k.hint, text + strlen(text) - 4);
	ck_assert_uint_eq(k.scopes, SCOPE_TOKENS_SPEND | SCOPE_ADMIN_READ);
	for (size_t i = 0; i < strlen(text); i++) {
		memcpy(changed, text, sizeof(changed));
		changed[i] = changed[i] == 'x' ? 'y' : 'x';
		ck_assert_int_eq(api_key_find(books, changed, &k), VT_NOTFOUND);
	}
	ck_assert_int_eq(books_int("SELECT length(hash) FROM api_keys"), 32);
}
END_TEST

START_TEST(a_key_ends_when_it_expires_is_revoked_or_its_service_disabled)
{
	char text[API_KEY_BYTES];
	struct api_key k = new_key(SCOPE_TOKENS_READ, now_ms + 10, text);

	ck_assert(api_key_good(&k, now_ms + 9));
	ck_assert(!api_key_good(&k, now_ms + 10));
	k = new_key(SCOPE_TOKENS_READ, 0, text);
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(api_key_revoke(books, "key_no", now_ms), VT_NOTFOUND);
	ck_assert_int_eq(api_key_revoke(books, k.public_id, now_ms), VT_OK);
	ck_assert_int_eq(api_key_revoke(books, k.public_id, now_ms + 5), VT_OK);
	ck_assert_int_eq(db_commit(books), VT_OK);
	ck_assert_int_eq(api_key_find(books, text, &k), VT_OK);
	ck_assert_int_eq(k.revoked_at, now_ms);
	ck_assert(!api_key_good(&k, now_ms));
	(void)new_key(SCOPE_TOKENS_READ, 0, text);
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(service_disable(books, "app", now_ms), VT_OK);
	ck_assert_int_eq(service_disable(books, "none", now_ms), VT_NOTFOUND);
	ck_assert_int_eq(db_commit(books), VT_OK);
	ck_assert_int_eq(api_key_find(books, text, &k), VT_OK);
	ck_assert(!api_key_good(&k, now_ms));
}
END_TEST

START_TEST(scopes_are_words_and_unknown_ones_allow_nothing)
{
	char text[API_KEY_SCOPES_BYTES], key[API_KEY_BYTES];
	struct api_key k;

	ck_assert_uint_eq(api_scope_parse("tokens:spend"), SCOPE_TOKENS_SPEND);
	ck_assert_uint_eq(api_scope_parse("tokens:spen"), 0);
	ck_assert_uint_eq(api_scope_parse("tokens:spend "), 0);
	api_scopes_text(0x1f, text);
	ck_assert_str_eq(text,
	    "tokens:spend tokens:reverse tokens:read admin:grant admin:read");
	(void)new_key(SCOPE_TOKENS_SPEND, 0, key);
	ck_assert_int_eq(
	    books_do("UPDATE api_keys SET scopes = 'all tokens:read x'"),
	    VT_OK);
	ck_assert_int_eq(api_key_find(books, key, &k), VT_OK);
	ck_assert_uint_eq(k.scopes, SCOPE_TOKENS_READ);
}
END_TEST

/* ---- references ---------------------------------------------------------- */

START_TEST(spends_and_holds_share_one_namespace_for_ever_R77)
{
	struct service_answer first, again;

	(void)given("g:1", 10, 0, 0);
	ck_assert_int_eq(spend("a", 2, &first), VT_OK);
	ck_assert_int_eq(hold("a", 2, 60, &again), VT_CONFLICT);
	ck_assert_str_eq(problem.code, "idempotency_mismatch");
	ck_assert_int_eq(spend("a", 3, &again), VT_CONFLICT);
	ck_assert_int_eq(hold("b", 2, 60, &first), VT_OK);
	ck_assert_int_eq(spend("b", 2, &again), VT_CONFLICT);
	ck_assert_int_eq(hold("b", 2, 61, &again), VT_CONFLICT);
	/* The same answer, whatever has happened since. */
	now_ms += 400 * DAY_MS;
	(void)given("g:2", 10, 0, 0);
	ck_assert_int_eq(hold("b", 2, 60, &again), VT_OK);
	ck_assert(again.replayed && !first.replayed);
	ck_assert_int_eq(again.status, 201);
	ck_assert_str_eq(again.body, first.body);
	books_balanced();
}
END_TEST

START_TEST(a_refusal_leaves_the_reference_free)
{
	struct service_answer o;

	ck_assert_int_eq(spend("a", 2, &o), VT_FUNDS);
	ck_assert_str_eq(problem.details, "{\"available\":0}");
	(void)given("g:1", 10, 0, 0);
	ck_assert_int_eq(spend("a", 3, &o), VT_OK);
	ck_assert(!o.replayed);
}
END_TEST

START_TEST(a_deleted_user_pays_nothing_more)
{
	struct service_answer o;

	(void)given("g:1", 10, 0, 0);
	ck_assert_int_eq(books_do("UPDATE users SET deleted_at = 1"), VT_OK);
	ck_assert_int_eq(spend("a", 2, &o), VT_CONFLICT);
	ck_assert_str_eq(problem.code, "account_closed");
	ck_assert_int_eq(available(), 10);
}
END_TEST

/* ---- the daily cap ------------------------------------------------------- */

START_TEST(a_cap_counts_by_the_day_and_ends_at_midnight)
{
	struct service_answer o;

	(void)given("g:1", 100, 0, 0);
	ck_assert_int_eq(books_do("UPDATE services SET daily_cap = 5"), VT_OK);
	now_ms = MIDNIGHT + DAY_MS - 1500;
	ck_assert_int_eq(spend("a", 4, &o), VT_OK);
	ck_assert_int_eq(spend("b", 2, &o), VT_LIMIT);
	ck_assert_str_eq(problem.code, "daily_cap_reached");
	ck_assert_str_eq(problem.details, "{\"left_today\":1}");
	ck_assert_int_eq(problem.retry_after_s, 2);
	ck_assert_int_eq(available(), 96);
	/* What was done is answered again, cap or not. */
	ck_assert_int_eq(spend("a", 4, &o), VT_OK);
	ck_assert_int_eq(spend("c", 1, &o), VT_OK);
	now_ms = MIDNIGHT + DAY_MS;
	ck_assert_int_eq(spend("b", 2, &o), VT_OK);
}
END_TEST

START_TEST(what_a_hold_gives_back_is_taken_off_the_day_it_was_made)
{
	struct service_hold_end e = { 0 };
	struct service_answer o;

	(void)given("g:1", 100, 0, 0);
	ck_assert_int_eq(books_do("UPDATE services SET daily_cap = 5"), VT_OK);
	now_ms = MIDNIGHT + DAY_MS - 1000;
	ck_assert_int_eq(hold("a", 5, 3600, &o), VT_OK);
	now_ms += 2000;
	ck_assert_int_eq(hold("b", 3, 3600, &o), VT_OK);
	e.call = as(&no_key);
	e.hold = arena_strdup(arena,
	    books_text("SELECT public_id FROM holds "
		       "WHERE reference = 'a'"));
	e.tokens = 1;
	ck_assert_int_eq(run(service_capture, &e, &o), VT_OK);
	ck_assert_int_eq(
	    books_int("SELECT tokens FROM service_days ORDER BY day"), 1);
	ck_assert_int_eq(
	    books_int("SELECT tokens FROM service_days ORDER BY day DESC"), 3);
}
END_TEST

/* ---- reversals ----------------------------------------------------------- */

static const char *
spent(const char *reference, int64_t tokens)
{
	struct service_answer o;

	ck_assert_int_eq(spend(reference, tokens, &o), VT_OK);
	return text_in(&o, "transaction_id");
}

START_TEST(parts_of_a_reversal_cost_what_the_whole_cost)
{
	struct service_answer o;
	const char *tx;

	/* 10 tokens for 9.99: no part has a round price. */
	(void)given("pi:pi_1", 10, 999, 0);
	tx = spent("a", 10);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(
		    reverse(tx, 1, arena_printf(arena, "k%d", i), &o), VT_OK);
	ck_assert_int_eq(reverse(tx, 1, "k10", &o), VT_CONFLICT);
	ck_assert_str_eq(problem.details, "{\"reversible\":0}");
	ck_assert_int_eq(books_int("SELECT SUM(cost) FROM lots "
				   "WHERE origin = 'reversal' AND paid = 1 "
				   "AND currency = 'usd'"),
	    999);
	ck_assert_int_eq(available(), 10);
	books_balanced();
}
END_TEST

START_TEST(a_reversal_into_an_expired_lot_expires_R65)
{
	struct service_answer o;
	const char *tx;

	(void)given("g:1", 4, 0, now_ms + 1000);
	(void)given("g:2", 4, 0, 0);
	tx = spent("a", 6);
	now_ms += 1000;
	ck_assert_int_eq(reverse(tx, 0, "k", &o), VT_OK);
	ck_assert_int_eq(available(), 4);
	ck_assert_int_eq(
	    books_int("SELECT tokens FROM movements WHERE cause LIKE "
		      "'expire:%'"),
	    4);
	books_balanced();
}
END_TEST

START_TEST(a_reversal_pays_debts_first_R72)
{
	struct refund_fact f = { .re = "re_1",
		.charge = "ch_1",
		.amount = 999,
		.currency = "usd",
		.status = "succeeded",
		.now_ms = now_ms };
	struct transaction_ref bought = given("pi:pi_1", 10, 999, 0);
	struct service_answer o;
	struct settled settled;
	const char *tx = spent("a", 7);
	int64_t debt;
	bool changed;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(settle_refund(books, &f, &changed), VT_OK);
	ck_assert_int_eq(settle(books, bought.id, now_ms, &settled), VT_OK);
	ck_assert_int_eq(db_commit(books), VT_OK);
	ck_assert_int_eq(settled.owed, 7);
	ck_assert_int_eq(reverse(tx, 5, "k", &o), VT_OK);
	ck_assert_int_eq(available(), 0);
	ck_assert_int_eq(debt_of_user(books, 1, &debt), VT_OK);
	ck_assert_int_eq(debt, 2);
	books_balanced();
}
END_TEST

START_TEST(a_reversal_is_answered_again_when_its_text_is_gone)
{
	struct service_answer first, again;
	const char *tx;
	int64_t pruned;

	(void)given("g:1", 10, 0, 0);
	tx = spent("a", 10);
	ck_assert_int_eq(reverse(tx, 3, "k", &first), VT_OK);
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(idempotency_prune(books, now_ms + 1, &pruned), VT_OK);
	ck_assert_int_eq(db_commit(books), VT_OK);
	ck_assert_int_eq(pruned, 1);
	ck_assert_int_eq(reverse(tx, 3, "k", &again), VT_OK);
	ck_assert(again.replayed);
	ck_assert_int_eq(again.status, first.status);
	ck_assert_str_eq(again.body, first.body);
	ck_assert_int_eq(available(), 3);
}
END_TEST

/* ---- revocations --------------------------------------------------------- */

static enum vt_err
take_back(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	return ledger_revoke(db, in, out, p);
}

START_TEST(a_revocation_takes_what_is_free_of_one_grant)
{
	struct transaction_ref tx = given("g:1", 10, 0, now_ms + 5000);
	struct revoke r = { .transaction = tx.public_id,
		.actor = "admin:user_root",
		.cause = "revoke:admin:user_root:k1",
		.reason = "mistake",
		.now_ms = now_ms };
	struct revoke_done done;
	struct service_answer o;

	(void)given("g:2", 10, 0, 0);
	(void)spent("a", 2);
	ck_assert_int_eq(hold("b", 3, 2, &o), VT_OK);
	r.tokens = 6;
	ck_assert_int_eq(run(take_back, &r, &done), VT_CONFLICT);
	ck_assert_str_eq(problem.details, "{\"revocable\":5}");
	r.tokens = 4;
	ck_assert_int_eq(run(take_back, &r, &done), VT_OK);
	ck_assert_int_eq(done.available, 11);
	r.tokens = 1;
	ck_assert_int_eq(run(take_back, &r, &done), VT_CONFLICT);
	ck_assert_str_eq(problem.code, "duplicate_request");
	/* The hold runs out: what it held can be taken; then the lot ends. */
	r.cause = "revoke:admin:user_root:k2";
	r.now_ms = now_ms + 2000;
	r.tokens = 4;
	ck_assert_int_eq(run(take_back, &r, &done), VT_OK);
	r.cause = "revoke:admin:user_root:k3";
	r.tokens = 0;
	r.transaction = books_text("SELECT public_id FROM token_transactions "
				   "WHERE kind = 'spend'");
	ck_assert_int_eq(run(take_back, &r, &done), VT_NOTFOUND);
	r.transaction = tx.public_id;
	ck_assert_int_eq(run(take_back, &r, &done), VT_CONFLICT);
	books_balanced();
}
END_TEST

int
main(void)
{
	const TTest *const services[] = { a_services_name_is_plain_and_its_own,
		a_key_is_found_by_all_of_it_and_kept_as_a_hash,
		a_key_ends_when_it_expires_is_revoked_or_its_service_disabled,
		scopes_are_words_and_unknown_ones_allow_nothing, NULL };
	const TTest *const calls[] = {
		spends_and_holds_share_one_namespace_for_ever_R77,
		a_refusal_leaves_the_reference_free,
		a_deleted_user_pays_nothing_more,
		a_cap_counts_by_the_day_and_ends_at_midnight,
		what_a_hold_gives_back_is_taken_off_the_day_it_was_made, NULL
	};
	const TTest *const back[] = {
		parts_of_a_reversal_cost_what_the_whole_cost,
		a_reversal_into_an_expired_lot_expires_R65,
		a_reversal_pays_debts_first_R72,
		a_reversal_is_answered_again_when_its_text_is_gone,
		a_revocation_takes_what_is_free_of_one_grant, NULL
	};
	Suite *s = suite_create("services");

	tcase_add_checked_fixture(
	    unit_case(s, "services", services), setup, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "calls", calls), setup, teardown);
	tcase_add_checked_fixture(unit_case(s, "back", back), setup, teardown);
	return unit_run(s);
}
