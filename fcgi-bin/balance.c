/*
 * balance: what a user has (GET /api/tokens/balance) and how it came to be
 * (GET /api/tokens/transactions, GET /api/tokens/explain). It reads and cannot
 * write; it holds Clerk's public key. A service may ask for one user's balance.
 * See balance(8).
 */
#include <stdlib.h>
#include <string.h>

#include "access/access.h"
#include "base/clock.h"
#include "billing/users.h"
#include "explanation.h"
#include "history.h"
#include "ledger/debts.h"
#include "ledger/lots.h"
#include "store/readers.h"
#include "web/worker.h"

#define NO_BODY 0

struct holdings {
	const char *sub; /* whose, when a service asks; or NULL */
	int64_t user, debt;
	int64_t now_ms; /* or the moment that is asked about */
	bool as_of;	/* it is asked about */
	struct balance balance;
	struct json *lots;     /* in burn order */
	struct json *expiring; /* soonest first */
	struct expiry {
		int64_t at, tokens;
	} * expiries;
	size_t expiries_count, expiries_room;
	struct arena *arena;
};

static void
put_time(struct json *o, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT_BYTES];

	if (ms == 0) {
		json_put_null(o, name);
		return;
	}
	clock_format(ms, text);
	json_put_str(o, name, text);
}

/* Tokens of one moment of expiry, over all lots. */
static void
add_expiry(struct holdings *h, int64_t at, int64_t tokens)
{
	struct expiry *more;
	size_t i;

	for (i = 0; i < h->expiries_count; i++)
		if (h->expiries[i].at == at)
			break;
	if (i == h->expiries_room) {
		h->expiries_room = h->expiries_room * 2 + 8;
		more = arena_array(h->arena, h->expiries_room, sizeof(*more));
		if (i > 0)
			memcpy(more, h->expiries, i * sizeof(*more));
		h->expiries = more;
	}
	if (i == h->expiries_count) {
		h->expiries[h->expiries_count++] = (struct expiry){ at, 0 };
	}
	h->expiries[i].tokens += tokens;
}

static enum vt_err
on_lot(const struct lot *l, void *arg)
{
	struct holdings *h = arg;
	struct json *o = json_add_object(h->lots);

	json_put_str(o, "transaction_id", l->tx);
	json_put_str(o, "origin", l->origin);
	json_put_bool(o, "paid", l->paid);
	json_put_int(o, "granted", l->granted);
	json_put_int(o, "left", l->left);
	json_put_int(o, "held", l->held);
	json_put_int(o, "frozen", l->frozen);
	put_time(o, "created_at", l->created_at);
	put_time(o, "expires_at", l->expires_at);
	balance_add(&h->balance, l, h->now_ms);
	/* What is held or frozen does not expire while it is (R65). */
	if (l->expires_at != 0 && l->left > l->held + l->frozen)
		add_expiry(h, l->expires_at, l->left - l->held - l->frozen);
	return VT_OK;
}

static enum vt_err
read_holdings(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct holdings *h = out;
	enum vt_err err;

	(void)in, (void)p; /* everything is in h */
	if (h->sub != NULL) {
		/* Who is not known here has nothing, as in a spend. */
		err = user_id_by_sub(db, h->sub, &h->user, NULL);
		if (err != VT_OK)
			return err == VT_NOTFOUND ? VT_OK : err;
	}
	if (h->as_of)
		err = debt_of_user_at(db, h->user, h->now_ms, &h->debt);
	else
		err = debt_of_user(db, h->user, &h->debt);
	if (err != VT_OK)
		return err;
	return h->as_of ? lots_each_at(db, h->user, h->now_ms, on_lot, h)
			: lots_each(db, h->user, h->now_ms, on_lot, h);
}

static int
by_time(const void *a, const void *b)
{
	const struct expiry *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static void
put_expiries(struct holdings *h)
{
	struct json *o;

	if (h->expiries_count > 1)
		qsort(h->expiries, h->expiries_count, sizeof(*h->expiries),
		    by_time);
	for (size_t i = 0; i < h->expiries_count; i++) {
		o = json_add_object(h->expiring);
		json_put_int(o, "tokens", h->expiries[i].tokens);
		put_time(o, "at", h->expiries[i].at);
	}
}

/* A service says whose balance it wants; a user has one only. */
static enum vt_err
whose(struct request *r, struct holdings *h, struct vt_problem *p)
{
	static const char *const own[] = { "as_of", NULL };
	static const char *const any[] = { "user", "as_of", NULL };
	const struct caller *c = access_caller(r);
	enum vt_err err;

	err = request_query_closed(r, c->service != 0 ? any : own, p);
	if (err != VT_OK || c->service == 0)
		return err;
	h->sub = request_query(r, "user");
	if (h->sub != NULL && *h->sub != '\0')
		return VT_OK;
	return vt_problem(p, VT_INVALID, "missing_field", "user",
	    "user must say whose balance is wanted.");
}

static enum vt_err
read_as_of(const struct request *r, struct holdings *h, struct vt_problem *p)
{
	const char *text = request_query(r, "as_of");

	if (text == NULL)
		return VT_OK;
	h->as_of = true;
	if (clock_as_of(text, h->now_ms, &h->now_ms) == VT_OK)
		return VT_OK;
	return vt_problem(p, VT_INVALID, "invalid_field", "as_of",
	    "as_of must be a time that is not to come, such as "
	    "2026-11-22T17:50:00Z, or a date.");
}

static enum vt_err
balance_get(struct request *r, struct response *w, struct vt_problem *p)
{
	struct json *root = json_object(r->arena);
	struct holdings h = { .user = access_caller(r)->user,
		.now_ms = clock_now_ms(),
		.arena = r->arena };
	enum vt_err err;

	err = whose(r, &h, p);
	if (err == VT_OK)
		err = read_as_of(r, &h, p);
	if (err != VT_OK)
		return err;
	h.expiring = json_array(r->arena);
	h.lots = json_array(r->arena);
	/* Somebody who never called before has no row, and nothing. */
	if (h.user != 0 || h.sub != NULL)
		err = readers_run(
		    worker_state(r)->readers, read_holdings, NULL, &h, p);
	if (err != VT_OK)
		return err;
	put_expiries(&h);
	json_put_int(root, "available", h.balance.available);
	json_put_int(root, "held", h.balance.held);
	json_put_int(root, "frozen", h.balance.frozen);
	json_put_int(root, "debt", h.debt);
	json_put_copy(root, "expiring", h.expiring);
	json_put_copy(root, "lots", h.lots);
	response_json(r, w, 200, root);
	return VT_OK;
}

static enum vt_err
transactions_get(struct request *r, struct response *w, struct vt_problem *p)
{
	static const char *const known[] = { "kind", "status", "from", "to",
		"limit", "cursor", NULL };
	struct history h = { .request = r,
		.user_sub = access_caller(r)->sub,
		.for_user = true };
	enum vt_err err;

	err = request_query_closed(r, known, p);
	if (err == VT_OK)
		err = history_filter(
		    r, CURSOR_LIMIT_DEFAULT, CURSOR_LIMIT_MAX, &h.filter, p);
	return err == VT_OK ? history_json(&h, w, p) : err;
}

static void *
balance_open(struct worker_state *s)
{
	access_open(s);
	return NULL;
}

static void
balance_close(void *own)
{
	(void)own; /* there is nothing of our own */
	access_close();
}

static const struct route routes[] = {
	{ HTTP_GET, "/api/tokens/balance", ACCESS_USER | ACCESS_TOKENS_READ,
	    NO_BODY, balance_get, 0 },
	{ HTTP_GET, "/api/tokens/transactions", ACCESS_USER, NO_BODY,
	    transactions_get, 0 },
	{ HTTP_GET, "/api/tokens/explain", ACCESS_USER, NO_BODY,
	    explanation_get, 0 },
};

int
main(int argc, char **argv)
{
	return worker_main(argc, argv,
	    &(struct worker){ .name = "balance",
		.routes = routes,
		.routes_count = countof(routes),
		.db = WORKER_DB_READ,
		.threads = 8,
		.open = balance_open,
		.close = balance_close,
		.authorize = access_authorize,
		.limit_key = access_limit_key });
}
