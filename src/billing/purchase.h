/*
 * purchase: buying tokens once, from the choice to the client secret. What
 * follows is in confirm.h and fulfil.h.
 *
 * Each step that reaches Stripe is written before and after, and no write is
 * open in between (R76). Whoever comes again with the same Idempotency-Key
 * goes on where the first one stopped, with the same call to the byte.
 */
#ifndef VT_BILLING_PURCHASE_H
#define VT_BILLING_PURCHASE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "billing/fulfil.h"
#include "billing/orders.h"
#include "billing/shop.h"
#include "ledger/idempotency.h"
#include "store/migrate.h"

struct purchase_in {
	const char *user_sub;
	const char *package_id; /* or NULL, then */
	int64_t tokens;		/* a quantity of the user's own */
	const char *currency;	/* NULL: the catalogue's first */
	bool save_method;
	const struct idempotency_key *request;
};

struct purchase {
	struct order order;
	const char *client_secret; /* for this answer only; never stored */
	bool replayed;		   /* the same request came before */
};

/*
 * Makes (or finds again) the order, the user's one Stripe customer (R73) and
 * the PaymentIntent. Results as catalog_quote() and stripe_do(); VT_CONFLICT
 * with "idempotency_mismatch"; VT_DENIED for a deleted user. After
 * "stripe_unavailable" nothing is lost: the attempt is a row, and the same
 * request or reconciler finishes it.
 */
enum vt_err purchase_start(const struct shop *shop, struct arena *a,
    const struct purchase_in *in, struct purchase *out,
    struct vt_problem *p) VT_MUSTCHECK;

/*
 * For the one who finishes attempts later: writes what an answer to a
 * customer's or an intent's creation means, as the request itself would have.
 * write_fns; `out` is not used.
 */
struct customer_made {
	int64_t attempt;
	char user_sub[128];
	char customer[96];
	int64_t now_ms;
};
enum vt_err purchase_customer_made(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

struct intent_made {
	int64_t attempt;
	struct stripe_intent intent;
	const struct instance *instance;
	int64_t now_ms;
};
enum vt_err purchase_intent_made(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

struct intent_refused {
	int64_t attempt;
	char order[RANDOM_ID_BYTES]; /* orders.public_id */
	char code[64];
	int64_t now_ms;
};
enum vt_err purchase_intent_refused(struct db *db, const void *in, void *out,
    struct vt_problem *p) VT_MUSTCHECK;

#endif
