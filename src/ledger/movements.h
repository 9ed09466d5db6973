/*
 * movements: tokens that move between two accounts, once for each cause.
 *
 * The lowest stair of the ledger: two entries that sum to zero, the balance
 * checked and changed in one statement, and a hash that chains each movement
 * to the one before it. Nothing here is ever changed or deleted; a mistake is
 * corrected by another movement.
 */
#ifndef VT_LEDGER_MOVEMENTS_H
#define VT_LEDGER_MOVEMENTS_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

#define LEDGER_TOKENS_MAX 1000000000000 /* in one movement (R69) */
#define LEDGER_CAUSE_BYTES 640
#define LEDGER_HASH_BYTES 32

/* Accounts of the house, by their rows in 001_core.sql. */
enum ledger_account {
	LEDGER_MINT = 1,     /* tokens come from here */
	LEDGER_SINK = 2,     /* spent */
	LEDGER_CLAWBACK = 3, /* taken back */
	LEDGER_EXPIRED = 4
};

struct movement {
	int64_t tx;		  /* token_transactions.id */
	const char *tx_public_id; /* NULL: read from its row */
	const char
	    *cause; /* docs/ledger.md's table; at most LEDGER_CAUSE_BYTES */
	int64_t from, to; /* accounts.id */
	int64_t tokens;	  /* 1..LEDGER_TOKENS_MAX */
	int64_t now_ms;
};

struct movement_done {
	int64_t id;
	int64_t from_balance, to_balance; /* of the accounts, after it */
};

/*
 * The account of a user, made on first use with a balance of 0 and no entry
 * (R67). Inside an operation.
 */
enum vt_err
ledger_user_account(struct db *db, int64_t user, int64_t *account) VT_MUSTCHECK;

/* The same, with the account's balance, which includes what is held. */
enum vt_err ledger_user_balance(struct db *db, int64_t user, int64_t *account,
    int64_t *balance) VT_MUSTCHECK;

/*
 * Books one movement. Inside an operation. VT_CONFLICT: the cause is booked
 * already, nothing changed (R15, R17: the unique index decides, not a
 * lookup). VT_FUNDS: a user's account would go below zero (R59). The caller
 * then undoes what it did before. VT_INVALID: tokens out of range (R69).
 */
enum vt_err ledger_move(struct db *db, const struct movement *m,
    struct movement_done *out) VT_MUSTCHECK;

/* Tokens out of range: VT_INVALID naming `amount` (R69). */
enum vt_err ledger_tokens_problem(struct vt_problem *p);

/* The movement with this cause, or VT_NOTFOUND. */
enum vt_err ledger_movement_by_cause(struct db *db, const char *cause,
    int64_t *movement, int64_t *tx) VT_MUSTCHECK;

/*
 * The hash of a movement: SHA-256 over prev (32 bytes) and, each followed by
 * a line feed: id, the transaction's public id, cause, from, to, tokens,
 * created_at, numbers in decimal. Not a word about a person is in it.
 */
void ledger_hash(const unsigned char prev[static LEDGER_HASH_BYTES], int64_t id,
    const char *tx_public_id, const char *cause, int64_t from, int64_t to,
    int64_t tokens, int64_t created_at,
    unsigned char out[static LEDGER_HASH_BYTES]);

#endif
