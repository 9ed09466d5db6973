/*
 * lots: tokens with one origin, cost and expiry, and the order in which they
 * burn (R66): priority, soonest expiry with none last, promotional before
 * paid, oldest, id.
 */
#ifndef VT_LEDGER_LOTS_H
#define VT_LEDGER_LOTS_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

struct lot_new {
	int64_t user, tx, movement;
	const char *origin;
	bool paid;
	int64_t tokens;
	int64_t cost;
	const char *currency; /* or NULL */
	int64_t expires_at;   /* 0: never */
	int64_t now_ms;
};

/* Makes a lot and its first use. Inside an operation. */
enum vt_err
lot_add(struct db *db, const struct lot_new *l, int64_t *lot) VT_MUSTCHECK;

/* Takes from one lot what is free in it; VT_FUNDS when that is too little. */
enum vt_err lot_take(
    struct db *db, int64_t lot, int64_t movement, int64_t tokens) VT_MUSTCHECK;

/*
 * Changes what is held and frozen of a lot by so many tokens, and notes when
 * (lot_marks). Inside an operation. VT_DB: there is not as much left, which
 * no caller asks for.
 */
enum vt_err lot_mark(struct db *db, int64_t lot, int64_t held, int64_t frozen,
    int64_t now_ms) VT_MUSTCHECK;

/* What is left of a lot and neither held nor frozen. */
enum vt_err lot_free(struct db *db, int64_t lot, int64_t *tokens) VT_MUSTCHECK;

/* The first lot in burn order that has something free: its id and how much.
 * VT_FUNDS when there is none. */
enum vt_err lot_next(struct db *db, int64_t user, int64_t now_ms, int64_t *lot,
    int64_t *tokens) VT_MUSTCHECK;

/* One lot with something left, for balances. */
struct lot {
	int64_t id, left, held, frozen, granted, cost;
	int64_t expires_at; /* 0: never */
	int64_t created_at;
	bool paid;
	char origin[16], currency[8];
	char tx[48]; /* public id of the transaction that made it */
};
typedef enum vt_err (*lot_fn)(const struct lot *l, void *arg);

/*
 * The user's lots that have something left, in burn order. Of one past its
 * end that is what is held or frozen, which does not end while it is (R65).
 */
enum vt_err lots_each(struct db *db, int64_t user, int64_t now_ms, lot_fn fn,
    void *arg) VT_MUSTCHECK;

/*
 * The same as it was at a moment: rebuilt from the rows that are only ever
 * added, with all those whose time is not later. It reads every use of every
 * lot that the user had by then.
 */
enum vt_err lots_each_at(struct db *db, int64_t user, int64_t at_ms, lot_fn fn,
    void *arg) VT_MUSTCHECK;

/* What a transaction took out of a lot, and the lot as it was made. */
struct lot_use {
	int64_t lot, tokens;
	int64_t granted, cost, expires_at; /* of the lot; 0: never */
	bool paid;
	char origin[16], currency[8];
	char tx[48]; /* public id of the transaction that made the lot */
};
typedef enum vt_err (*lot_use_fn)(const struct lot_use *u, void *arg);

/* The lots that a transaction took from, in burn order. Read or operation. */
enum vt_err
lot_uses_each(struct db *db, int64_t tx, lot_use_fn fn, void *arg) VT_MUSTCHECK;

/*
 * VT_FUNDS with code "insufficient_tokens" and what is available in details:
 * the one refusal of spends and holds alike. `taken` is what this operation
 * took or reserved before it found too little, and will be undone.
 */
enum vt_err lots_insufficient(struct db *db, int64_t user, int64_t tokens,
    int64_t taken, int64_t now_ms, struct vt_problem *p) VT_MUSTCHECK;

/* What a movement took out of lots so far. */
enum vt_err
lots_taken(struct db *db, int64_t movement, int64_t *tokens) VT_MUSTCHECK;

/* What a spend would allow now, and what is not free, over those lots. */
struct balance {
	int64_t available, held, frozen;
	int64_t lapsed; /* free and past its end, but not booked as expired */
};
/* Adds one of the lots that lots_each() or lots_each_at() shows. */
void balance_add(struct balance *b, const struct lot *l, int64_t now_ms);
enum vt_err ledger_balance(struct db *db, int64_t user, int64_t now_ms,
    struct balance *out) VT_MUSTCHECK;

/* Tokens of a user to take, for a movement that is booked already. */
struct burn {
	int64_t user, movement, tokens, now_ms;
	lot_use_fn used; /* told of each lot that is taken from, or NULL */
	void *arg;
};

/*
 * Takes them out of the user's lots in burn order, and says what is left in
 * all of these. Expired lots are passed over even if no sweep ran (R64).
 * VT_FUNDS when they hold too little: the caller undoes all of it.
 */
enum vt_err lots_burn(
    struct db *db, const struct burn *b, struct balance *after) VT_MUSTCHECK;

#endif
