/*
 * holds: tokens reserved for a service, then captured, released or expired,
 * once (R61..R63, R65).
 *
 * A hold pins lots: what it reserves stays spendable by it alone, even past
 * the lot's expiry. It is no movement; only its capture is.
 */
#ifndef VT_LEDGER_HOLDS_H
#define VT_LEDGER_HOLDS_H

#include <stdint.h>

#include "base/err.h"
#include "base/random.h"
#include "ledger/transactions.h"
#include "store/db.h"

#define HOLD_TTL_MAX_S 86400

enum hold_state { HOLD_OPEN, HOLD_CAPTURED, HOLD_RELEASED, HOLD_EXPIRED };
const char *hold_state_name(enum hold_state s);

struct hold {
	int64_t id;
	char public_id[RANDOM_ID_BYTES]; /* hold_… */
	int64_t service, user;
	int64_t tokens;	  /* reserved at first */
	int64_t captured; /* of them, once captured */
	enum hold_state state;
	int64_t expires_at;		    /* ms */
	char tx_public_id[RANDOM_ID_BYTES]; /* of the capture, or "" */
};

struct hold_new {
	int64_t service, user;
	const char *reference;
	int64_t tokens;
	int64_t expires_at; /* ms */
	int64_t now_ms;
};

/*
 * Reserves tokens in burn order. Inside an operation. VT_FUNDS with code
 * "insufficient_tokens"; VT_INVALID: tokens out of range. The reference's
 * uniqueness is the caller's (services.h).
 */
enum vt_err hold_open(struct db *db, const struct hold_new *n, struct hold *out,
    struct vt_problem *p) VT_MUSTCHECK;

/* By public id, of this service; VT_NOTFOUND for another's too. */
enum vt_err hold_find(struct db *db, int64_t service, const char *public_id,
    struct hold *out) VT_MUSTCHECK;
enum vt_err
hold_by_id(struct db *db, int64_t id, struct hold *out) VT_MUSTCHECK;

struct hold_end {
	int64_t captured, released; /* tokens */
	int64_t expired; /* of the released, what was past its lot's end */
	struct transaction_ref tx; /* of a capture; id 0: none */
};

/*
 * Each ends the hold by compare-and-set. Inside an operation. VT_CONFLICT
 * with code "hold_ended" and how it ended in details: it is no longer open,
 * or past its end, swept or not (R63). Capturing takes 1..tokens and
 * releases the rest.
 */
enum vt_err
hold_capture(struct db *db, struct hold *h, int64_t tokens, const char *actor,
    int64_t now_ms, struct hold_end *out, struct vt_problem *p) VT_MUSTCHECK;
enum vt_err hold_release(struct db *db, struct hold *h, int64_t now_ms,
    struct hold_end *out, struct vt_problem *p) VT_MUSTCHECK;

/*
 * Ends this user's open holds that are past their end, as the sweep would.
 * Called before tokens are counted for a spend or a hold. Inside an
 * operation.
 */
enum vt_err
holds_expire_user(struct db *db, int64_t user, int64_t now_ms) VT_MUSTCHECK;

/* keeper: ends up to `max` holds that are past their end; their number. */
enum vt_err
holds_sweep(struct db *db, int64_t now_ms, int max, int *count) VT_MUSTCHECK;

#endif
