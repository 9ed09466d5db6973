/*
 * tokens: what tests of the ledger do all day, an operation a call, as the
 * writer would run it: a refusal leaves nothing behind.
 */
#ifndef VT_TESTS_TOKENS_H
#define VT_TESTS_TOKENS_H

#include "freshdb.h"

#include <inttypes.h>

#include "ledger/debts.h"
#include "ledger/expire.h"
#include "ledger/grant.h"
#include "ledger/holds.h"
#include "ledger/lots.h"
#include "ledger/settle.h"
#include "ledger/spend.h"
#include "ledger/verify.h"

#define DAY_MS INT64_C(86400000)

/* The time of every operation below; tests move it on. */
static int64_t tokens_now = BOOKS_NOW;

static inline void
tokens_open(int users)
{
	books_open();
	tokens_now = BOOKS_NOW;
	for (int i = 1; i <= users; i++) {
		ck_assert_int_eq(db_begin(books), VT_OK);
		ck_assert_int_eq(
		    db_exec(books,
			"INSERT INTO users (id, clerk_sub, created_at, "
			"updated_at) VALUES (:id, 'user_' || :id, 0, 0)",
			DB_INT("id", i)),
		    VT_OK);
		ck_assert_int_eq(db_commit(books), VT_OK);
	}
	ck_assert_int_eq(books_do("INSERT INTO services (id, name, created_at) "
				  "VALUES (1, 'editor', 0)"),
	    VT_OK);
}

/* Keeps what an operation did if it succeeded, and only then. */
static inline enum vt_err
tokens_end(enum vt_err err)
{
	if (err == VT_OK)
		ck_assert_int_eq(db_commit(books), VT_OK);
	else
		db_rollback(books);
	return err;
}

/* A purchase `pi_NAME`, charged as `ch_NAME`; or, for nothing, a grant. */
struct tokens_gift {
	int64_t user;
	const char *name;
	int64_t tokens, cost, expires_at;
};

static inline enum vt_err
tokens_give_in(struct db *db, const struct tokens_gift *v, int64_t now_ms,
    int64_t *tx, struct grant_done *done)
{
	char cause[64], charge[64];
	bool paid = v->cost > 0;
	struct transaction_new t = { .user = v->user,
		.kind = paid ? "purchase" : "grant",
		.status = "pending",
		.tokens = v->tokens,
		.actor = "test",
		.amount = v->cost,
		.currency = paid ? "usd" : NULL,
		.now_ms = now_ms };
	struct grant g = { .user = v->user,
		.cause = cause,
		.origin = t.kind,
		.paid = paid,
		.tokens = v->tokens,
		.cost = v->cost,
		.currency = t.currency,
		.expires_at = v->expires_at,
		.source = paid ? cause : NULL,
		.charge = paid ? charge : NULL,
		.now_ms = now_ms };
	struct transaction_ref ref;
	enum vt_err err;

	(void)snprintf(cause, sizeof(cause),
	    paid ? "pi:pi_%s" : "grant:admin:%s", v->name);
	(void)snprintf(charge, sizeof(charge), "ch_%s", v->name);
	err = transaction_add(db, &t, &ref);
	g.tx = *tx = ref.id;
	return err == VT_OK ? ledger_grant(db, &g, done) : err;
}

/* The grant's transaction; the lot is lots.tx of it. */
static inline int64_t
tokens_give(int64_t user, const char *name, int64_t tokens, int64_t cost,
    int64_t expires_at)
{
	struct tokens_gift v = { user, name, tokens, cost, expires_at };
	struct grant_done done;
	int64_t tx;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    tokens_end(tokens_give_in(books, &v, tokens_now, &tx, &done)),
	    VT_OK);
	return tx;
}

static inline enum vt_err
tokens_spend(int64_t user, const char *name, int64_t tokens)
{
	char cause[64];
	struct spend s = { .user = user,
		.tokens = tokens,
		.cause = cause,
		.actor = "service:editor",
		.now_ms = tokens_now };
	struct spend_done done;

	(void)snprintf(cause, sizeof(cause), "spend:editor:%s", name);
	ck_assert_int_eq(db_begin(books), VT_OK);
	return tokens_end(ledger_spend(books, &s, &done, NULL));
}

static inline enum vt_err
tokens_hold(int64_t user, const char *name, int64_t tokens, int64_t ttl_ms,
    struct hold *out, struct vt_problem *p)
{
	struct hold_new n = { 1, user, name, tokens, tokens_now + ttl_ms,
		tokens_now };

	ck_assert_int_eq(db_begin(books), VT_OK);
	return tokens_end(hold_open(books, &n, out, p));
}

/* Reads the hold anew, as a request would, and captures or releases it. */
static inline enum vt_err
tokens_capture(const struct hold *h, int64_t tokens, struct hold_end *out,
    struct vt_problem *p)
{
	struct hold now;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(hold_find(books, 1, h->public_id, &now), VT_OK);
	return tokens_end(hold_capture(
	    books, &now, tokens, "service:editor", tokens_now, out, p));
}

static inline enum vt_err
tokens_release(const struct hold *h, struct hold_end *out, struct vt_problem *p)
{
	struct hold now;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(hold_find(books, 1, h->public_id, &now), VT_OK);
	return tokens_end(hold_release(books, &now, tokens_now, out, p));
}

/* keeper's two sweeps, until nothing is left to do; what they ended. */
static inline int
tokens_sweep(void)
{
	int holds, lots, all = 0;

	ck_assert_int_eq(db_begin(books), VT_OK);
	do {
		ck_assert_int_eq(
		    holds_sweep(books, tokens_now, 16, &holds), VT_OK);
		ck_assert_int_eq(
		    expire_sweep(books, tokens_now, 64, &lots), VT_OK);
		all += holds + lots;
	} while (holds + lots > 0);
	ck_assert_int_eq(db_commit(books), VT_OK);
	return all;
}

static inline struct balance
tokens_balance(int64_t user)
{
	struct balance b;

	ck_assert_int_eq(ledger_balance(books, user, tokens_now, &b), VT_OK);
	return b;
}

static inline int64_t
tokens_available(int64_t user)
{
	return tokens_balance(user).available;
}

static inline int64_t
tokens_debt(int64_t user)
{
	int64_t open;

	ck_assert_int_eq(debt_of_user(books, user, &open), VT_OK);
	return open;
}

/* Tells a refund or a dispute of charge ch_NAME and settles its grant. */
static inline enum vt_err
tokens_settle_in(
    struct db *db, const char *name, int64_t now_ms, struct settled *out)
{
	char charge[64], pi[64];
	int64_t tx;
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	(void)snprintf(charge, sizeof(charge), "ch_%s", name);
	(void)snprintf(pi, sizeof(pi), "pi_%s", name);
	err = settle_grant_of(db, charge, pi, &tx);
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_OK : err;
	return settle(db, tx, now_ms, out);
}

static inline enum vt_err
tokens_refund_in(struct db *db, const char *re, const char *name,
    int64_t amount, const char *status, int64_t now_ms, struct settled *out)
{
	char charge[64], pi[64];
	struct refund_fact f = { re, charge, pi, amount, "usd", status,
		now_ms };
	enum vt_err err;
	bool changed;

	(void)snprintf(charge, sizeof(charge), "ch_%s", name);
	(void)snprintf(pi, sizeof(pi), "pi_%s", name);
	err = settle_refund(db, &f, &changed);
	return err == VT_OK ? tokens_settle_in(db, name, now_ms, out) : err;
}

static inline enum vt_err
tokens_dispute_in(struct db *db, const char *dp, const char *name,
    int64_t amount, const char *status, int64_t now_ms, struct settled *out)
{
	char charge[64], pi[64];
	struct dispute_fact f = { dp, charge, pi, amount, "usd", status,
		now_ms };
	enum vt_err err;
	bool changed;

	(void)snprintf(charge, sizeof(charge), "ch_%s", name);
	(void)snprintf(pi, sizeof(pi), "pi_%s", name);
	err = settle_dispute(db, &f, &changed);
	return err == VT_OK ? tokens_settle_in(db, name, now_ms, out) : err;
}

static inline struct settled
tokens_refund(
    const char *re, const char *name, int64_t amount, const char *status)
{
	struct settled s;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(tokens_end(tokens_refund_in(
			     books, re, name, amount, status, tokens_now, &s)),
	    VT_OK);
	return s;
}

static inline struct settled
tokens_dispute(
    const char *dp, const char *name, int64_t amount, const char *status)
{
	struct settled s;

	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(tokens_end(tokens_dispute_in(
			     books, dp, name, amount, status, tokens_now, &s)),
	    VT_OK);
	return s;
}

static inline void
tokens_print_fault(const char *code, const char *sentence, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s: %s\n", code, sentence);
}

/* The books prove themselves, in every test. */
static inline void
tokens_close(void)
{
	struct verify_report r = { .fault = tokens_print_fault };

	books_balanced();
	ck_assert_int_eq(ledger_verify(books, &r), VT_OK);
	ck_assert_int_eq(r.faults, 0);
	books_close();
}

#endif
