/*
 * spend: tokens used up, all or nothing.
 */
#ifndef VT_LEDGER_SPEND_H
#define VT_LEDGER_SPEND_H

#include <stdint.h>

#include "base/err.h"
#include "ledger/lots.h"
#include "ledger/transactions.h"
#include "store/db.h"

struct spend {
	int64_t user;
	int64_t tokens;
	const char *cause; /* "spend:SERVICE:REFERENCE" */
	const char *actor;
	const char *metadata; /* or NULL */
	int64_t now_ms;
	lot_use_fn used; /* told of each lot, in burn order; or NULL */
	void *used_arg;
};

struct spend_done {
	struct transaction_ref tx;
	int64_t movement;
	int64_t available;
};

/*
 * Check and debit in one (R59). Inside an operation. VT_FUNDS with code
 * "insufficient_tokens" and the available tokens in details; VT_CONFLICT:
 * the cause is booked already; VT_INVALID: tokens out of range.
 */
enum vt_err ledger_spend(struct db *db, const struct spend *s,
    struct spend_done *out, struct vt_problem *p) VT_MUSTCHECK;

#endif
