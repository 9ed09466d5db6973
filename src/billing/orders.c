/* orders: see orders.h. */
#include "billing/orders.h"

#include <stdio.h>
#include <string.h>

#include "ledger/transactions.h"

enum {
	ADD,
	BY_ID,
	BY_PUBLIC,
	BY_INTENT,
	BY_REQUEST,
	MOVE,
	CUSTOMER,
	INTENT,
	DECLINED,
	FORGET,
	CHECKED,
	DUE,
	FORSAKEN,
	STATEMENTS
};

#define SELECT(where)                                                        \
	"SELECT o.id, o.public_id, o.user, u.clerk_sub, o.tx, t.public_id, " \
	"o.catalog_version, o.package_id, o.tokens, o.amount, o.currency, "  \
	"o.save_method, o.customer, o.pi, o.state, o.declines, "             \
	"o.created_at, o.updated_at, o.request_hash FROM orders o "          \
	"JOIN token_transactions t ON t.id = o.tx "                          \
	"JOIN users u ON u.id = o.user WHERE " where

/*
 * As the index says that has these alone, so that what is long over is not
 * read; the index on pi, which looks as good, has all of them.
 */
#define UNFINISHED                                                     \
	"o.state <> 'granted' AND o.state <> 'canceled' AND "          \
	"o.state <> 'failed' AND o.state <> 'refused' AND o.state <> " \
	"'dismissed' "

static const char *const sql[STATEMENTS] = {
	[ADD] = "INSERT INTO orders (public_id, user, tx, catalog_version, "
		"package_id, tokens, amount, currency, save_method, state, "
		"request_key, request_hash, created_at, updated_at) VALUES "
		"(:public, :user, :tx, :version, :package, :tokens, :amount, "
		":currency, :save, 'created', :key, :hash, :now, :now)",
	[BY_ID] = SELECT("o.id = :id"),
	[BY_PUBLIC] = SELECT("o.public_id = :public"),
	[BY_INTENT] = SELECT("o.pi = :pi"),
	[BY_REQUEST] = SELECT("o.user = :user AND o.request_key = :key"),
	[MOVE] =
	    "UPDATE orders SET state = :state, "
	    "note = COALESCE(:note, note), updated_at = :now WHERE id = :id",
	[CUSTOMER] = "UPDATE orders SET customer = :customer, "
		     "updated_at = :now WHERE id = :id",
	[INTENT] = "UPDATE orders SET pi = :pi, updated_at = :now "
		   "WHERE id = :id AND (pi IS NULL OR pi = :pi)",
	[DECLINED] = "UPDATE orders SET declines = 1 WHERE id = :id",
	[FORGET] = "UPDATE orders SET request_key = NULL WHERE id = :id",
	[CHECKED] = "UPDATE orders SET checked_at = :now WHERE id = :id",
	/* What lies ahead was written before the clock was set back. */
	[DUE] = SELECT(
	    UNFINISHED "AND o.state <> 'parked' "
		       "AND COALESCE(o.pi, '') <> '' "
		       "AND (o.updated_at <= :now - :quiet "
		       "OR o.updated_at > :now + :quiet) "
		       "AND (o.checked_at IS NULL OR o.checked_at > :now "
		       "OR :now - o.checked_at >= "
		       "MAX(o.checked_at - o.updated_at, :quiet) "
		       "OR (o.created_at <= :now - :abandoned "
		       "AND o.checked_at < o.created_at + :abandoned)) "
		       "ORDER BY COALESCE(o.checked_at, 0), o.id LIMIT :max"),
	[FORSAKEN] = SELECT(UNFINISHED
	    "AND o.state IN ('created', 'intent_sent') "
	    "AND COALESCE(o.pi, '') = '' AND o.updated_at <= :now - :abandoned "
	    "AND NOT EXISTS (SELECT 1 FROM attempts a "
	    "WHERE a.state IN ('intent', 'in_flight', 'unknown') "
	    "AND a.what IN ('customer', 'intent') "
	    "AND a.subject IN (o.public_id, 'user:' || u.clerk_sub)) "
	    "ORDER BY o.id LIMIT :max"),
};

static const char *const names[ORDER_STATE__MAX] = {
	[ORDER_CREATED] = "created",
	[ORDER_INTENT_SENT] = "intent_sent",
	[ORDER_REFUSED] = "refused",
	[ORDER_OPEN] = "open",
	[ORDER_PROCESSING] = "processing",
	[ORDER_REQUIRES_ACTION] = "requires_action",
	[ORDER_PAID] = "paid",
	[ORDER_GRANTED] = "granted",
	[ORDER_PARKED] = "parked",
	[ORDER_DISMISSED] = "dismissed",
	[ORDER_CANCELED] = "canceled",
	[ORDER_FAILED] = "failed",
};

/*
 * Which states each one may become, as a set. A payment that succeeded wins
 * over everything but what a person has dismissed or what is granted; an
 * intent that is not finished moves freely among its three states.
 */
#define S(state) (1u << ORDER_##state)
#define ALIVE (S(OPEN) | S(PROCESSING) | S(REQUIRES_ACTION))
#define ENDS (S(PAID) | S(PARKED))
static const unsigned may_become[ORDER_STATE__MAX] = {
	[ORDER_CREATED] =
	    S(INTENT_SENT) | S(REFUSED) | S(CANCELED) | ALIVE | ENDS,
	[ORDER_INTENT_SENT] =
	    S(REFUSED) | S(CANCELED) | S(FAILED) | ALIVE | ENDS,
	[ORDER_REFUSED] = ENDS,
	[ORDER_OPEN] = ALIVE | S(CANCELED) | S(FAILED) | ENDS,
	[ORDER_PROCESSING] = ALIVE | S(CANCELED) | S(FAILED) | ENDS,
	[ORDER_REQUIRES_ACTION] = ALIVE | S(CANCELED) | S(FAILED) | ENDS,
	[ORDER_PAID] = S(GRANTED) | S(PARKED),
	[ORDER_GRANTED] = 0,
	[ORDER_PARKED] = S(GRANTED) | S(DISMISSED),
	[ORDER_DISMISSED] = 0,
	[ORDER_CANCELED] = ENDS,
	[ORDER_FAILED] = ENDS,
};

const char *
order_state_name(enum order_state s)
{
	return names[s];
}

static enum order_state
state_from(const char *name)
{
	for (int i = 0; i < ORDER_STATE__MAX; i++)
		if (name != NULL && strcmp(names[i], name) == 0)
			return (enum order_state)i;
	return ORDER_PARKED; /* the CHECK of the table leaves none */
}

/* Reads the current row; `request` is compared when not NULL. */
static void
read_row(
    struct query *q, struct order *o, const struct idempotency_key *request)
{
	const void *hash;
	size_t bytes;

	memset(o, 0, sizeof(*o));
	o->id = db_int(q, 0);
	(void)db_copy(q, 1, o->public_id, sizeof(o->public_id));
	o->user = db_int(q, 2);
	(void)db_copy(q, 3, o->user_sub, sizeof(o->user_sub));
	o->tx = db_int(q, 4);
	(void)db_copy(q, 5, o->tx_public_id, sizeof(o->tx_public_id));
	o->catalog_version = db_int(q, 6);
	(void)db_copy(q, 7, o->package_id, sizeof(o->package_id));
	o->tokens = db_int(q, 8);
	o->amount = db_int(q, 9);
	(void)db_copy(q, 10, o->currency, sizeof(o->currency));
	o->save_method = db_int(q, 11) != 0;
	(void)db_copy(q, 12, o->customer, sizeof(o->customer));
	(void)db_copy(q, 13, o->pi, sizeof(o->pi));
	o->state = state_from(db_text(q, 14));
	o->declined = db_int(q, 15) != 0;
	o->created_at = db_int(q, 16);
	o->updated_at = db_int(q, 17);
	if (request == NULL)
		return;
	hash = db_blob(q, 18, &bytes);
	o->hash_matches = bytes == sizeof(request->request_hash) &&
	    memcmp(hash, request->request_hash, bytes) == 0;
}

static enum vt_err
find(struct db *db, const char *statement, const struct db_param *params,
    const struct idempotency_key *request, struct order *out)
{
	enum vt_err err;
	struct query q;

	err = db_row_params(&q, db, statement, params);
	if (err != VT_OK)
		return err;
	read_row(&q, out, request);
	db_done(&q);
	return VT_OK;
}

enum vt_err
order_by_id(struct db *db, int64_t id, struct order *out)
{
	return find(db, sql[BY_ID], DB_PARAMS(DB_INT("id", id)), NULL, out);
}

enum vt_err
order_by_public_id(struct db *db, const char *public_id, struct order *out)
{
	return find(db, sql[BY_PUBLIC], DB_PARAMS(DB_TEXT("public", public_id)),
	    NULL, out);
}

enum vt_err
order_by_intent(struct db *db, const char *pi, struct order *out)
{
	return find(
	    db, sql[BY_INTENT], DB_PARAMS(DB_TEXT("pi", pi)), NULL, out);
}

enum vt_err
order_by_request(struct db *db, int64_t user,
    const struct idempotency_key *request, struct order *out)
{
	if (!idempotency_given(request))
		return VT_NOTFOUND;
	return find(db, sql[BY_REQUEST],
	    DB_PARAMS(DB_INT("user", user), DB_TEXT("key", request->key)),
	    request, out);
}

enum vt_err
order_add(struct db *db, const struct order_new *n, struct order *out)
{
	struct transaction_new t = { .user = n->user,
		.kind = "purchase",
		.status = "pending",
		.tokens = n->quote->tokens,
		.amount = n->quote->amount,
		.currency = n->quote->currency,
		.now_ms = n->now_ms };
	bool keyed = idempotency_given(n->request);
	char public_id[RANDOM_ID_BYTES], actor[160];
	struct transaction_ref tx;
	enum vt_err err;

	(void)snprintf(actor, sizeof(actor), "user:%s", n->user_sub);
	t.actor = actor;
	err = transaction_add(db, &t, &tx);
	if (err != VT_OK)
		return err;
	random_row_id("ord_", public_id);
	err = db_exec(db, sql[ADD], DB_TEXT("public", public_id),
	    DB_INT("user", n->user), DB_INT("tx", tx.id),
	    DB_INT("version", n->quote->version),
	    DB_TEXT("package", n->quote->package_id),
	    DB_INT("tokens", n->quote->tokens),
	    DB_INT("amount", n->quote->amount),
	    DB_TEXT("currency", n->quote->currency),
	    DB_INT("save", n->save_method),
	    DB_TEXT("key", keyed ? n->request->key : NULL),
	    keyed ? DB_BLOB("hash", n->request->request_hash,
			sizeof(n->request->request_hash))
		  : DB_NULL("hash"),
	    DB_INT("now", n->now_ms));
	return err == VT_OK ? order_by_id(db, db_last_id(db), out) : err;
}

enum vt_err
order_move(struct db *db, struct order *o, enum order_state to,
    const char *note, int64_t now_ms, bool *moved)
{
	enum vt_err err;

	*moved = o->state != to && (may_become[o->state] & 1u << to) != 0;
	if (!*moved)
		return VT_OK;
	err = db_exec(db, sql[MOVE], DB_INT("id", o->id),
	    DB_TEXT("state", names[to]), DB_TEXT("note", note),
	    DB_INT("now", now_ms));
	if (err == VT_OK)
		o->state = to;
	return err;
}

enum vt_err
order_customer(
    struct db *db, struct order *o, const char *customer, int64_t now_ms)
{
	(void)snprintf(o->customer, sizeof(o->customer), "%s", customer);
	return db_exec(db, sql[CUSTOMER], DB_INT("id", o->id),
	    DB_TEXT("customer", customer), DB_INT("now", now_ms));
}

enum vt_err
order_intent(struct db *db, struct order *o, const char *pi, int64_t now_ms)
{
	enum vt_err err;

	err = db_exec(db, sql[INTENT], DB_INT("id", o->id), DB_TEXT("pi", pi),
	    DB_INT("now", now_ms));
	if (err != VT_OK)
		return err;
	if (db_changes(db) != 1)
		return VT_CONFLICT;
	(void)snprintf(o->pi, sizeof(o->pi), "%s", pi);
	return transaction_stripe(db, o->tx, pi, NULL, NULL, now_ms);
}

enum vt_err
order_declined(struct db *db, struct order *o)
{
	if (o->declined)
		return VT_OK;
	o->declined = true;
	return db_exec(db, sql[DECLINED], DB_INT("id", o->id));
}

enum vt_err
order_forget_request(struct db *db, int64_t id)
{
	return db_exec(db, sql[FORGET], DB_INT("id", id));
}

enum vt_err
order_checked(struct db *db, int64_t id, int64_t now_ms)
{
	return db_exec(
	    db, sql[CHECKED], DB_INT("id", id), DB_INT("now", now_ms));
}

static enum vt_err
list(struct db *db, const char *statement, const struct db_param *params,
    struct order *out, size_t max, size_t *count)
{
	enum vt_err err;
	struct query q;
	size_t n = 0;

	err = db_query_params(&q, db, statement, params);
	while (err == VT_OK && n < max && (err = db_step(&q)) == VT_OK)
		read_row(&q, &out[n++], NULL);
	db_done(&q);
	if (err != VT_OK && err != VT_NOTFOUND)
		return err;
	*count = n;
	return VT_OK;
}

enum vt_err
orders_due(
    struct db *db, int64_t now_ms, struct order *out, size_t max, size_t *count)
{
	return list(db, sql[DUE],
	    DB_PARAMS(DB_INT("now", now_ms), DB_INT("quiet", ORDER_QUIET_MS),
		DB_INT("abandoned", ORDER_ABANDONED_MS), DB_INT("max", max)),
	    out, max, count);
}

enum vt_err
orders_forsaken(
    struct db *db, int64_t now_ms, struct order *out, size_t max, size_t *count)
{
	return list(db, sql[FORSAKEN],
	    DB_PARAMS(DB_INT("now", now_ms),
		DB_INT("abandoned", ORDER_ABANDONED_MS), DB_INT("max", max)),
	    out, max, count);
}
