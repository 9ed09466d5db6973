/*
 * books: a small ledger that is in order, for tests that put it in disorder.
 *
 * Three users. Ada bought 50 tokens, was given 20 and 30, and spent 25 over
 * two lots; Bob was given 5 in a batch; Cyd has a purchase that is pending
 * and one that failed.
 */
#ifndef VT_TESTS_BOOKS_H
#define VT_TESTS_BOOKS_H

#include <inttypes.h>

#include "ledger/grant.h"
#include "ledger/lots.h"
#include "ledger/movements.h"
#include "ledger/spend.h"
#include "ledger/transactions.h"
#include "scratch.h"
#include "store/migrate.h"

#define BOOKS_NOW 1795000000000

/* A key of keeper's, for tests that start it: that of RFC 8032's TEST 1. */
#define BOOKS_SEED "ed25519-seed:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
#define BOOKS_PUBLIC "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

/* Makes the scratch folder and an empty, migrated database in it. */
static inline void
books_empty(void)
{
	struct vt_problem p = { 0 };

	scratch_make();
	ck_assert_msg(
	    migrate_run(&(struct migrate_options){ .db_path = scratch_db },
		&p) == VT_OK,
	    "%s", p.message);
}

static inline int64_t
books_user(struct db *db, const char *sub, const char *email)
{
	ck_assert_int_eq(
	    db_exec(db,
		"INSERT INTO users (clerk_sub, email, email_verified, "
		"created_at, updated_at) VALUES (:sub, :email, 1, 1, 1)",
		DB_TEXT("sub", sub), DB_TEXT("email", email)),
	    VT_OK);
	return db_last_id(db);
}

static inline struct transaction_ref
books_give(struct db *db, int64_t user, const char *kind, const char *cause,
    int64_t tokens, int64_t amount, int64_t expires_at)
{
	bool paid = strcmp(kind, "purchase") == 0;
	struct transaction_new t = { .user = user,
		.kind = kind,
		.status = "pending",
		.tokens = tokens,
		.actor = paid ? "stripe" : "admin:user_root",
		.note = paid ? NULL : "welcome",
		.amount = amount,
		.currency = paid ? "usd" : NULL,
		.now_ms = BOOKS_NOW };
	struct grant g = { .user = user,
		.cause = cause,
		.origin = paid ? "purchase" : "grant",
		.paid = paid,
		.tokens = tokens,
		.cost = amount,
		.currency = paid ? "usd" : NULL,
		.expires_at = expires_at,
		.source = paid ? cause : NULL,
		.charge = paid ? "ch_1" : NULL,
		.now_ms = BOOKS_NOW };
	struct transaction_ref ref;
	struct grant_done done;

	ck_assert_int_eq(transaction_add(db, &t, &ref), VT_OK);
	g.tx = ref.id;
	ck_assert_int_eq(ledger_grant(db, &g, &done), VT_OK);
	return ref;
}

static inline void
books_spend(struct db *db, int64_t user, const char *cause, int64_t tokens)
{
	struct spend s = { .user = user,
		.tokens = tokens,
		.cause = cause,
		.actor = "service:api",
		.now_ms = BOOKS_NOW + 1000 };
	struct spend_done done;
	struct vt_problem p;

	ck_assert_int_eq(ledger_spend(db, &s, &done, &p), VT_OK);
}

/* A purchase that did not come to its end. */
static inline struct transaction_ref
books_unpaid(struct db *db, int64_t user, const char *status)
{
	struct transaction_new t = { .user = user,
		.kind = "purchase",
		.status = status,
		.tokens = 10,
		.actor = "user:cyd",
		.amount = 999,
		.currency = "usd",
		.now_ms = BOOKS_NOW };
	struct transaction_ref ref;

	ck_assert_int_eq(transaction_add(db, &t, &ref), VT_OK);
	return ref;
}

/*
 * The ledger above. Lots: 1 bought (50), 2 given (20, expires), 3 given (30),
 * 4 Bob's (5). Movements: 1 to 3 Ada's grants, 4 Bob's, 5 and 6 Ada's spends
 * of 25 and 30 (lot 2, then 3, then 1). Accounts: 5 Ada's, 6 Bob's.
 */
static inline void
books_fill(struct db *db)
{
	int64_t ada = books_user(db, "user_ada", "ada@example.com");
	int64_t bob = books_user(db, "user_bob", "bob@example.com");
	int64_t cyd = books_user(db, "user_cyd", "cyd@example.com");

	(void)books_give(db, ada, "purchase", "pi:pi_1", 50, 3999, 0);
	(void)books_give(db, ada, "grant", "grant:admin:user_root:k1", 20, 0,
	    BOOKS_NOW + 86400000);
	(void)books_give(
	    db, ada, "grant", "grant:admin:user_root:k2", 30, 0, 0);
	(void)books_give(
	    db, bob, "bulk_grant", "bulk:admin:user_root:k3:user_bob", 5, 0, 0);
	books_spend(db, ada, "spend:api:job-1", 25);
	books_spend(db, ada, "spend:api:job-2", 30);
	(void)books_unpaid(db, cyd, "pending");
	(void)books_unpaid(db, cyd, "failed");
}

#endif
