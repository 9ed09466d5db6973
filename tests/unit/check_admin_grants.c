/*
 * admin_grants: given once for each key, whole or row by row, told to
 * everybody, and never typed as a purchase (R82, R84, R85, R86).
 */
#include "unit.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/random.h"
#include "billing/admin_grants.h"
#include "billing/proof.h"
#include "books.h"
#include "ledger/verify.h"
#include "store/writer.h"
#include "text/json.h"

static struct arena *arena;
static struct writer *writer;
static struct db *db; /* to read with */
static struct vt_problem problem;

static void
user(const char *sub, const char *email, int verified, int deleted)
{
	struct db *w;

	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &w), VT_OK);
	ck_assert_int_eq(db_begin(w), VT_OK);
	ck_assert_int_eq(
	    db_exec(w,
		"INSERT INTO users (clerk_sub, email, email_verified, "
		"created_at, updated_at, deleted_at) VALUES (:sub, :email, "
		":verified, 1, 1, CASE WHEN :deleted THEN 1 END)",
		DB_TEXT("sub", sub), DB_TEXT("email", email),
		DB_INT("verified", verified), DB_INT("deleted", deleted)),
	    VT_OK);
	ck_assert_int_eq(db_commit(w), VT_OK);
	db_close(w);
}

static void
setup(void)
{
	random_init();
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	books_empty();
	arena = arena_new();
	memset(&problem, 0, sizeof(problem));
	user("user_ada", "ada@example.com", 1, 0);
	user("user_bob", "bob@example.com", 1, 0);
	user("user_cyd", "cyd@example.com", 0, 0); /* not verified */
	user("user_dot", "two@example.com", 1, 0);
	user("user_eve", "two@example.com", 1, 0); /* the same address */
	user("user_old", "old@example.com", 1, 1); /* deleted */
	ck_assert_int_eq(
	    writer_start(
		&(struct writer_options){ .db_path = scratch_db }, &writer),
	    VT_OK);
	ck_assert_int_eq(db_open(scratch_db, DB_READER, &db), VT_OK);
}

/* Whatever a test did, the books are in order. */
static void
teardown(void)
{
	struct verify_report v = { 0 };
	struct proof_report f = { 0 };

	ck_assert_int_eq(ledger_verify(db, &v), VT_OK);
	ck_assert_int_eq(billing_proof(db, &f), VT_OK);
	ck_assert_int_eq(v.faults + f.faults, 0);
	db_close(db);
	writer_stop(writer);
	arena_free(arena);
	scratch_remove();
}

static struct idempotency_key
key_of(const char *route, const char *header, const char *body)
{
	struct idempotency_key k;

	ck_assert_int_eq(idempotency_key_init(&k, "admin:user_root", route,
			     header, body, strlen(body), &problem),
	    VT_OK);
	return k;
}

static struct admin_grant
grant_of(const struct idempotency_key *k, const char *request_id)
{
	return (struct admin_grant){ .actor = "admin:user_root",
		.key = k,
		.request_id = request_id,
		.note = "welcome",
		.now_ms = BOOKS_NOW,
		.arena = arena };
}

/* ---- one user ------------------------------------------------------------ */

static enum vt_err
add(const char *header, const char *request_id, const char *email,
    const char *sub, int64_t tokens, struct admin_added *done)
{
	const char *body = arena_printf(arena, "%s %s %" PRId64,
	    email == NULL ? "" : email, sub == NULL ? "" : sub, tokens);
	struct idempotency_key k = key_of("/add", header, body);
	struct admin_add in = { .grant = grant_of(&k, request_id),
		.user = sub,
		.email = email,
		.tokens = tokens };

	memset(&problem, 0, sizeof(problem));
	return writer_run(writer, admin_add, &in, done, &problem);
}

static int64_t
balance(const char *sub)
{
	struct query q;
	int64_t n = 0;
	enum vt_err err;

	err = db_row(&q, db,
	    "SELECT a.balance FROM accounts a JOIN users u ON u.id = a.user "
	    "WHERE u.clerk_sub = :sub",
	    DB_TEXT("sub", sub));
	if (err == VT_OK)
		n = db_int(&q, 0);
	db_done(&q);
	return n;
}

static const struct json *
parse(const char *body)
{
	const struct json *j;

	ck_assert_int_eq(
	    json_parse(arena, body, strlen(body), 8, &j, &problem), VT_OK);
	return j;
}

START_TEST(a_grant_is_booked_told_and_recorded)
{
	struct admin_added done;
	const struct json *j;
	int64_t n;

	ck_assert_int_eq(
	    add("k1", "req_1", "ada@example.com", NULL, 20, &done), VT_OK);
	j = parse(done.body);
	ck_assert(json_int_at(j, "balance", &n) && n == 20);
	ck_assert_str_eq(json_str_at(j, "user"), "user_ada");
	ck_assert_ptr_nonnull(json_str_at(j, "transaction_id"));
	ck_assert_int_eq(balance("user_ada"), 20);
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM outbox "
			   "WHERE kind = 'tokens_granted' AND user = 1"),
	    1);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM audit WHERE "
					"actor = 'admin:user_root' AND "
					"action = 'tokens.add'"),
	    1);
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM movements WHERE cause = "
			   "'grant:admin:user_root:k1'"),
	    1);
}
END_TEST

START_TEST(a_grant_is_never_typed_as_a_purchase_R86)
{
	struct admin_added done;

	ck_assert_int_eq(
	    add("k1", "req_1", "ada@example.com", NULL, 20, &done), VT_OK);
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM token_transactions WHERE "
			   "kind = 'grant' AND amount IS NULL"),
	    1);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM lots WHERE "
					"paid = 0 AND cost = 0"),
	    1);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM grants"), 0);
}
END_TEST

START_TEST(a_double_click_grants_once_R84)
{
	struct admin_added first, second;

	ck_assert_int_eq(
	    add("k1", "req_1", "ada@example.com", NULL, 20, &first), VT_OK);
	ck_assert_int_eq(
	    add("k1", "req_2", "ada@example.com", NULL, 20, &second), VT_OK);
	ck_assert(!first.replayed);
	ck_assert(second.replayed);
	ck_assert_str_eq(first.body, second.body);
	ck_assert_int_eq(balance("user_ada"), 20);
}
END_TEST

START_TEST(the_same_key_with_another_body_is_refused_R77)
{
	struct admin_added done;

	ck_assert_int_eq(
	    add("k1", "req_1", "ada@example.com", NULL, 20, &done), VT_OK);
	ck_assert_int_eq(add("k1", "req_2", "ada@example.com", NULL, 21, &done),
	    VT_CONFLICT);
	ck_assert_str_eq(problem.code, "idempotency_mismatch");
	ck_assert_int_eq(balance("user_ada"), 20);
}
END_TEST

START_TEST(the_answer_comes_from_the_books_once_its_text_was_pruned)
{
	struct admin_added first, second;
	struct db *w;
	int64_t n;

	ck_assert_int_eq(
	    add("k1", "req_1", "ada@example.com", NULL, 20, &first), VT_OK);
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &w), VT_OK);
	ck_assert_int_eq(db_begin(w), VT_OK);
	ck_assert_int_eq(idempotency_prune(w, BOOKS_NOW + 1, &n), VT_OK);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(db_commit(w), VT_OK);
	db_close(w);
	ck_assert_int_eq(
	    add("k1", "req_2", "ada@example.com", NULL, 20, &second), VT_OK);
	ck_assert(second.replayed);
	ck_assert_str_eq(first.body, second.body);
	ck_assert_int_eq(balance("user_ada"), 20);
}
END_TEST

/* Without a header the request's id is the key, and nothing is kept. */
START_TEST(without_a_key_each_request_grants_and_none_twice_R84)
{
	struct admin_added done;

	ck_assert_int_eq(
	    add(NULL, "req_1", "ada@example.com", NULL, 20, &done), VT_OK);
	ck_assert_int_eq(
	    add(NULL, "req_2", "ada@example.com", NULL, 20, &done), VT_OK);
	ck_assert_int_eq(add(NULL, "req_2", "ada@example.com", NULL, 20, &done),
	    VT_CONFLICT);
	ck_assert_str_eq(problem.code, "duplicate_request");
	ck_assert_int_eq(balance("user_ada"), 40);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM idempotency"), 0);
}
END_TEST

START_TEST(a_refusal_is_not_kept)
{
	struct admin_added done;

	ck_assert_int_eq(
	    add("k1", "req_1", "new@example.com", NULL, 5, &done), VT_NOTFOUND);
	user("user_new", "new@example.com", 1, 0);
	ck_assert_int_eq(
	    add("k1", "req_2", "new@example.com", NULL, 5, &done), VT_OK);
	ck_assert_int_eq(balance("user_new"), 5);
}
END_TEST

START_TEST(an_address_names_one_verified_user_or_nobody_R82)
{
	struct admin_added done;

	ck_assert_int_eq(
	    add("k1", "r", "nobody@example.com", NULL, 5, &done), VT_NOTFOUND);
	ck_assert_str_eq(problem.code, "unknown_user");
	ck_assert_int_eq(
	    add("k2", "r", "old@example.com", NULL, 5, &done), VT_NOTFOUND);
	ck_assert_int_eq(
	    add("k3", "r", "cyd@example.com", NULL, 5, &done), VT_INVALID);
	ck_assert_str_eq(problem.code, "unverified_user");
	ck_assert_int_eq(
	    add("k4", "r", "two@example.com", NULL, 5, &done), VT_CONFLICT);
	ck_assert_str_eq(problem.code, "ambiguous_user");
	ck_assert_int_eq(add("k5", "r", NULL, "user_dot", 5, &done), VT_OK);
	ck_assert_int_eq(
	    add("k6", "r", NULL, "user_old", 5, &done), VT_NOTFOUND);
	ck_assert_int_eq(
	    add("k7", "r", NULL, "user_none", 5, &done), VT_NOTFOUND);
	ck_assert_int_eq(balance("user_dot"), 5);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM movements"), 1);
}
END_TEST

/* ---- many users ---------------------------------------------------------- */

static struct bulk_row rows[BULK_ROWS_MAX];

static struct admin_bulk
bulk_of(const struct idempotency_key *k, enum bulk_mode mode,
    const char *const *emails)
{
	struct admin_bulk b = {
		.grant = grant_of(k, "req_b"), .rows = rows, .mode = mode
	};

	for (; emails[b.count] != NULL; b.count++)
		rows[b.count] = (struct bulk_row){ emails[b.count],
			emails[b.count], (int64_t)b.count + 1 };
	return b;
}

static enum vt_err
bulk(const char *header, const char *body, enum bulk_mode mode,
    const char *const *emails, struct admin_bulked *done)
{
	struct idempotency_key k = key_of("/bulk", header, body);
	struct admin_bulk b = bulk_of(&k, mode, emails);
	enum vt_err err;

	memset(&problem, 0, sizeof(problem));
	err = admin_bulk_check(&b, &problem);
	if (err != VT_OK)
		return err;
	return writer_run_alone(writer, admin_bulk, &b, done, &problem);
}

static int64_t
total(const struct admin_bulked *done, const char *name)
{
	int64_t n = -1;

	ck_assert(json_int_at(
	    parse(done->body), arena_printf(arena, "totals.%s", name), &n));
	return n;
}

static const char *
status_of(const struct admin_bulked *done, int row)
{
	const struct json *r = json_get(parse(done->body), "results");

	for (r = json_first(r); row > 0; row--)
		r = json_next(r);
	return json_str_at(r, "status");
}

START_TEST(an_atomic_batch_grants_every_row_once)
{
	const char *const emails[] = { "ada@example.com", "bob@example.com",
		NULL };
	struct admin_bulked done, again;

	ck_assert_int_eq(bulk("k", "b", BULK_ATOMIC, emails, &done), VT_OK);
	ck_assert_int_eq(total(&done, "granted"), 2);
	ck_assert_int_eq(total(&done, "tokens"), 3);
	ck_assert_int_eq(balance("user_ada"), 1);
	ck_assert_int_eq(balance("user_bob"), 2);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM outbox "
					"WHERE kind = 'tokens_granted'"),
	    2);
	ck_assert_int_eq(bulk("k", "b", BULK_ATOMIC, emails, &again), VT_OK);
	ck_assert(again.replayed);
	ck_assert_str_eq(done.body, again.body);
	ck_assert_int_eq(balance("user_bob"), 2);
}
END_TEST

START_TEST(an_atomic_batch_with_a_bad_row_grants_nothing_R85)
{
	const char *const emails[] = { "ada@example.com", "nobody@example.com",
		"cyd@example.com", NULL };
	struct admin_bulked done;

	ck_assert_int_eq(
	    bulk("k", "b", BULK_ATOMIC, emails, &done), VT_INVALID);
	ck_assert_str_eq(problem.code, "unknown_user");
	ck_assert_str_eq(problem.field, "users[1].email");
	ck_assert_str_eq(problem.details, "{\"rows\":3,\"failed\":2}");
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM movements"), 0);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM batches"), 0);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM outbox"), 0);
}
END_TEST

START_TEST(a_retry_of_a_row_by_row_batch_grants_only_the_missing_R85)
{
	const char *const emails[] = { "ada@example.com", "new@example.com",
		"bob@example.com", NULL };
	struct admin_bulked done;

	ck_assert_int_eq(bulk("k", "b", BULK_PER_ROW, emails, &done), VT_OK);
	ck_assert_int_eq(total(&done, "granted"), 2);
	ck_assert_int_eq(total(&done, "failed"), 1);
	ck_assert_str_eq(status_of(&done, 1), "failed");
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM idempotency"), 0);

	user("user_new", "new@example.com", 1, 0);
	ck_assert_int_eq(bulk("k", "b", BULK_PER_ROW, emails, &done), VT_OK);
	ck_assert(!done.replayed);
	ck_assert_int_eq(total(&done, "granted"), 1);
	ck_assert_int_eq(total(&done, "already_granted"), 2);
	ck_assert_str_eq(status_of(&done, 0), "already_granted");
	ck_assert_str_eq(status_of(&done, 1), "granted");
	ck_assert_int_eq(balance("user_ada"), 1);
	ck_assert_int_eq(balance("user_new"), 2);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM batches WHERE "
					"granted = 3 AND tokens = 6"),
	    1);

	ck_assert_int_eq(bulk("k", "b", BULK_PER_ROW, emails, &done), VT_OK);
	ck_assert(done.replayed);
	ck_assert_int_eq(balance("user_new"), 2);
}
END_TEST

START_TEST(a_batch_key_with_another_body_is_refused)
{
	const char *const emails[] = { "ada@example.com", "x@example.com",
		NULL };
	struct admin_bulked done;

	ck_assert_int_eq(bulk("k", "b", BULK_PER_ROW, emails, &done), VT_OK);
	/* Not final, so only the batch's own row knows the body. */
	ck_assert_int_eq(
	    bulk("k", "c", BULK_PER_ROW, emails, &done), VT_CONFLICT);
	ck_assert_str_eq(problem.code, "idempotency_mismatch");
}
END_TEST

START_TEST(a_user_twice_in_a_batch_is_refused_by_name_R85)
{
	const char *const emails[] = { "bob@example.com", "ada@example.com",
		"bob@example.com", NULL };
	struct admin_bulked done;

	ck_assert_int_eq(
	    bulk("k", "b", BULK_PER_ROW, emails, &done), VT_INVALID);
	ck_assert_str_eq(problem.code, "duplicate_user");
	ck_assert_str_eq(problem.field, "users[2].email");
}
END_TEST

START_TEST(a_dry_run_says_what_would_be_and_does_nothing)
{
	const char *const emails[] = { "ada@example.com", "x@example.com",
		NULL };
	struct idempotency_key k = key_of("/bulk", "k", "b");
	struct admin_bulk b = bulk_of(&k, BULK_PER_ROW, emails);
	struct admin_bulked done;

	ck_assert_int_eq(admin_bulk_dry_run(db, &b, &done, &problem), VT_OK);
	ck_assert_str_eq(status_of(&done, 0), "would_grant");
	ck_assert_str_eq(status_of(&done, 1), "failed");
	ck_assert_int_eq(total(&done, "tokens"), 1);
	ck_assert_int_eq(total(&done, "granted"), 1);
	b.mode = BULK_ATOMIC;
	ck_assert_int_eq(
	    admin_bulk_dry_run(db, &b, &done, &problem), VT_INVALID);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM movements"), 0);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM batches"), 0);
}
END_TEST

START_TEST(ten_thousand_rows_are_one_batch)
{
	const char **emails =
	    arena_array(arena, BULK_ROWS_MAX + 1, sizeof(*emails));
	struct admin_bulked done;
	struct db *w;

	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &w), VT_OK);
	ck_assert_int_eq(db_begin(w), VT_OK);
	for (int i = 0; i < BULK_ROWS_MAX; i++) {
		emails[i] = arena_printf(arena, "u%d@example.com", i);
		ck_assert_int_eq(
		    db_exec(w,
			"INSERT INTO users (clerk_sub, email, "
			"email_verified, created_at, updated_at) VALUES "
			"(:sub, :email, 1, 1, 1)",
			DB_TEXT("sub", arena_printf(arena, "user_%d", i)),
			DB_TEXT("email", emails[i])),
		    VT_OK);
	}
	ck_assert_int_eq(db_commit(w), VT_OK);
	db_close(w);
	ck_assert_int_eq(bulk("k", "b", BULK_ATOMIC, emails, &done), VT_OK);
	ck_assert_int_eq(total(&done, "granted"), BULK_ROWS_MAX);
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM movements"), BULK_ROWS_MAX);
}
END_TEST

int
main(void)
{
	const TTest *const one[] = { a_grant_is_booked_told_and_recorded,
		a_grant_is_never_typed_as_a_purchase_R86,
		a_double_click_grants_once_R84,
		the_same_key_with_another_body_is_refused_R77,
		the_answer_comes_from_the_books_once_its_text_was_pruned,
		without_a_key_each_request_grants_and_none_twice_R84,
		a_refusal_is_not_kept,
		an_address_names_one_verified_user_or_nobody_R82, NULL };
	const TTest *const many[] = { an_atomic_batch_grants_every_row_once,
		an_atomic_batch_with_a_bad_row_grants_nothing_R85,
		a_retry_of_a_row_by_row_batch_grants_only_the_missing_R85,
		a_batch_key_with_another_body_is_refused,
		a_user_twice_in_a_batch_is_refused_by_name_R85,
		a_dry_run_says_what_would_be_and_does_nothing,
		ten_thousand_rows_are_one_batch, NULL };
	Suite *s = suite_create("admin_grants");

	tcase_add_checked_fixture(unit_case(s, "one", one), setup, teardown);
	tcase_add_checked_fixture(unit_case(s, "many", many), setup, teardown);
	return unit_run(s);
}
