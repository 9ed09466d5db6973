/*
 * transactions: the headers of what happens to a user's tokens, as people
 * and the plan see them (token_transactions).
 */
#ifndef VT_LEDGER_TRANSACTIONS_H
#define VT_LEDGER_TRANSACTIONS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/random.h"
#include "store/db.h"
#include "text/money.h"

struct transaction_new {
	int64_t user;
	const char *kind;     /* "purchase", "grant", … */
	const char *status;   /* "pending" or "completed", as a rule */
	int64_t tokens;	      /* + given, - taken */
	const char *actor;    /* from credentials, never from a body (R84) */
	const char *note;     /* or NULL */
	const char *metadata; /* a JSON object as text, or NULL */
	int64_t amount;	      /* smallest unit; 0: nothing is paid */
	const char *currency; /* NULL with amount 0 */
	/* For one that is complete when it is made: what the user has then. */
	const int64_t *balance_after; /* or NULL */
	int64_t now_ms;
};

struct transaction_ref {
	int64_t id;
	char public_id[RANDOM_ID_BYTES];
};

/* Adds a row; derives price_per_token and total_amount_usd. */
enum vt_err transaction_add(struct db *db, const struct transaction_new *t,
    struct transaction_ref *out) VT_MUSTCHECK;

/*
 * Moves the status as docs/ledger.md's table allows; any other change is no
 * change and VT_OK, with *changed false.
 */
enum vt_err transaction_status(struct db *db, int64_t id, const char *status,
    int64_t now_ms, bool *changed) VT_MUSTCHECK;

/* Completes it with the user's balance after; as transaction_status(). */
enum vt_err transaction_complete(struct db *db, int64_t id,
    int64_t balance_after, int64_t now_ms) VT_MUSTCHECK;

/* Notes Stripe's ids; NULL leaves one as it is. */
enum vt_err transaction_stripe(struct db *db, int64_t id, const char *intent,
    const char *charge, const char *invoice, int64_t now_ms) VT_MUSTCHECK;

/* One row as lists show it. Texts live in the arena; NULL where absent. */
struct transaction {
	int64_t id;
	const char *public_id, *user, *email, *kind, *status;
	int64_t tokens;
	bool has_balance_after;
	int64_t balance_after;
	const char *payment_intent_id, *stripe_charge_id, *stripe_invoice_id;
	const char *price_per_token, *total_amount_usd;
	bool has_amount;
	int64_t amount;
	const char *currency, *metadata, *note, *actor;
	int64_t created_at;
};

struct transaction_filter {
	int64_t user; /* users.id; 0: all */
	const char *kind, *status, *payment_intent_id,
	    *invoice_id;	      /* or NULL */
	int64_t from_ms, to_ms;	      /* created_at in [from, to); 0: open */
	int64_t before_ms, before_id; /* cursor: strictly older; 0: newest */
	int limit;
};

/* Newest first, stable while rows arrive: calls fn for each row. */
typedef enum vt_err (*transaction_fn)(const struct transaction *t, void *arg);
enum vt_err transactions_list(struct db *db, struct arena *a,
    const struct transaction_filter *f, transaction_fn fn,
    void *arg) VT_MUSTCHECK;

/* One row by its public id, or by its own; VT_NOTFOUND. */
enum vt_err transaction_read(struct db *db, struct arena *a,
    const char *public_id, struct transaction *out) VT_MUSTCHECK;
enum vt_err transaction_read_id(struct db *db, struct arena *a, int64_t id,
    struct transaction *out) VT_MUSTCHECK;

/*
 * Takes from a row what is not for the user whose it is: which administrator
 * it was (the actor is "admin" then), who acted in the user's place, and the
 * note, which people write for each other; the ledger's own notes and the
 * reason that a service gave for a reversal stay.
 */
void transaction_for_user(struct arena *a, struct transaction *t);

/* The one with this public id, or VT_NOTFOUND. */
enum vt_err transaction_find(struct db *db, const char *public_id,
    struct transaction_ref *out, int64_t *user) VT_MUSTCHECK;

#endif
