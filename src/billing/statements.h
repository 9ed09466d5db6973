/*
 * statements: a user asks for a signed statement, keeper signs it.
 *
 * One row a user, so however often somebody asks, there is one open request
 * and one statement. For an hour a signed one is handed out again: once even
 * when something has changed since, so that a user who spends all the time
 * gets one at last, and from then on while it says what is still so and was
 * signed by the key of now.
 */
#ifndef VT_BILLING_STATEMENTS_H
#define VT_BILLING_STATEMENTS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "ledger/idempotency.h"
#include "ledger/statement.h"
#include "store/db.h"
#include "text/ed25519.h"

#define STATEMENT_FRESH_MS (INT64_C(3600) * 1000)

struct statement_ask {
	const char *sub; /* Clerk's id of the user who asks */
	const struct idempotency_key *key;
	int64_t now_ms;
	struct arena *arena; /* for the answer */
};

struct statement_answer {
	int status; /* 200 with the statement, 202 while it is not signed */
	bool replayed;
	const char *body; /* JSON, in the arena */
};

/*
 * A write_fn (statement_ask, statement_answer). VT_CONFLICT
 * "idempotency_mismatch", or "too_many_lots" for a statement. Only the 200 is
 * kept for an Idempotency-Key.
 */
enum vt_err statement_ask(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

/* Whether a request waits. In a read, an operation or neither. */
enum vt_err statements_waiting(struct db *db, bool *waiting) VT_MUSTCHECK;

struct statement_signing {
	const struct ed25519_key *key;
	const struct chain_head *last; /* the last head that was signed, which
					* must fit; or NULL */
	int64_t now_ms;
	int max; /* statements in one write */
};

/*
 * keeper's write_fn (statement_signing, int: how many). Signs the oldest
 * requests, or forgets those whose users have too many lots by now.
 * VT_CONFLICT with code "chain_changed", nothing signed: the chain does not
 * hold the head that was signed last.
 */
enum vt_err statements_sign(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

#endif
