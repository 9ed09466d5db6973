/* transactions: see transactions.h. */
#include "ledger/transactions.h"

#include <stdio.h>
#include <string.h>

enum {
	ADD,
	STATUS_GET,
	STATUS_SET,
	COMPLETE,
	STRIPE,
	LIST_ALL,
	LIST_USER,
	LIST_INTENT,
	LIST_STATUS,
	FIND,
	READ,
	READ_ID,
	STATEMENTS
};

/* As read_row() has them. */
#define SELECT                                                               \
	"SELECT t.id, t.public_id, u.clerk_sub, u.email, t.kind, t.status, " \
	"t.tokens, t.balance_after, t.payment_intent_id, "                   \
	"t.stripe_charge_id, t.stripe_invoice_id, t.price_per_token, "       \
	"t.total_amount_usd, t.amount, t.currency, t.metadata, t.note, "     \
	"t.actor, t.created_at "                                             \
	"FROM token_transactions t JOIN users u ON u.id = t.user WHERE "

/*
 * A list for each column that an index leads to; the other filters are
 * checked row by row. A parameter that is NULL or 0 filters nothing.
 */
#define LIST(which)                                                          \
	SELECT which                                                         \
	    " AND (t.created_at, t.id) < (:before, :before_id) "             \
	    "AND t.created_at >= :from AND (:to = 0 OR t.created_at < :to) " \
	    "AND (:user = 0 OR t.user = :user) "                             \
	    "AND (:kind IS NULL OR t.kind = :kind) "                         \
	    "AND (:status IS NULL OR t.status = :status) "                   \
	    "AND (:intent IS NULL OR t.payment_intent_id = :intent) "        \
	    "AND (:invoice IS NULL OR t.stripe_invoice_id = :invoice) "      \
	    "ORDER BY t.created_at DESC, t.id DESC LIMIT :limit"

static const char *const sql[STATEMENTS] = {
	[ADD] =
	    "INSERT INTO token_transactions (public_id, user, kind, tokens, "
	    "price_per_token, total_amount_usd, amount, currency, status, "
	    "balance_after, metadata, actor, note, created_at, updated_at) "
	    "VALUES (:public, :user, :kind, :tokens, :unit, :usd, :amount, "
	    ":currency, :status, :balance, :metadata, :actor, :note, :now, "
	    ":now)",
	[STATUS_GET] = "SELECT status FROM token_transactions WHERE id = :id",
	[STATUS_SET] = "UPDATE token_transactions SET status = :status, "
		       "updated_at = :now WHERE id = :id",
	[COMPLETE] =
	    "UPDATE token_transactions SET status = 'completed', "
	    "balance_after = :balance, updated_at = :now WHERE id = :id",
	[STRIPE] = "UPDATE token_transactions SET "
		   "payment_intent_id = COALESCE(:intent, payment_intent_id), "
		   "stripe_charge_id = COALESCE(:charge, stripe_charge_id), "
		   "stripe_invoice_id = COALESCE(:invoice, stripe_invoice_id), "
		   "updated_at = :now WHERE id = :id",
	[LIST_ALL] = LIST("TRUE"),
	[LIST_USER] = LIST("t.user = :user"),
	[LIST_INTENT] = LIST("t.payment_intent_id = :intent"),
	/* As its index has it, which holds no completed ones. */
	[LIST_STATUS] = LIST("t.status = :status AND t.status <> 'completed'"),
	[FIND] = "SELECT id, user FROM token_transactions "
		 "WHERE public_id = :public",
	[READ] = SELECT "t.public_id = :public",
	[READ_ID] = SELECT "t.id = :id",
};

/* docs/ledger.md's table of states: from which to which. */
static const struct {
	const char *from, *to;
} allowed[] = {
	{ "pending", "processing" },
	{ "pending", "requires_action" },
	{ "processing", "pending" },
	{ "processing", "requires_action" },
	{ "requires_action", "pending" },
	{ "requires_action", "processing" },
	{ "pending", "completed" },
	{ "processing", "completed" },
	{ "requires_action", "completed" },
	{ "failed", "completed" },
	{ "canceled", "completed" },
	{ "pending", "failed" },
	{ "processing", "failed" },
	{ "requires_action", "failed" },
	{ "pending", "canceled" },
	{ "processing", "canceled" },
	{ "requires_action", "canceled" },
	{ "completed", "refunded" },
	{ "completed", "disputed" },
	{ "refunded", "completed" },
	{ "disputed", "completed" },
};

enum vt_err
transaction_add(
    struct db *db, const struct transaction_new *t, struct transaction_ref *out)
{
	char unit[MONEY_TEXT_BYTES], usd[MONEY_TEXT_BYTES];
	bool priced = t->amount > 0 && t->tokens > 0;
	enum vt_err err;

	random_row_id("tx_", out->public_id);
	if (priced) {
		money_price_per_token(t->amount, t->tokens, t->currency, unit);
		money_format(t->amount, t->currency, usd);
	}
	err = db_exec(db, sql[ADD], DB_TEXT("public", out->public_id),
	    DB_INT("user", t->user), DB_TEXT("kind", t->kind),
	    DB_INT("tokens", t->tokens), DB_TEXT("unit", priced ? unit : NULL),
	    DB_TEXT(
		"usd", priced && strcmp(t->currency, "usd") == 0 ? usd : NULL),
	    priced ? DB_INT("amount", t->amount) : DB_NULL("amount"),
	    DB_TEXT("currency", priced ? t->currency : NULL),
	    DB_TEXT("status", t->status),
	    t->balance_after == NULL ? DB_NULL("balance")
				     : DB_INT("balance", *t->balance_after),
	    DB_TEXT("metadata", t->metadata), DB_TEXT("actor", t->actor),
	    DB_TEXT("note", t->note), DB_INT("now", t->now_ms));
	if (err == VT_OK)
		out->id = db_last_id(db);
	return err;
}

static bool
may_become(const char *from, const char *to)
{
	for (size_t i = 0; i < countof(allowed); i++)
		if (strcmp(allowed[i].from, from) == 0 &&
		    strcmp(allowed[i].to, to) == 0)
			return true;
	return false;
}

/* Whether the row's status may become `status`. */
static enum vt_err
ask(struct db *db, int64_t id, const char *status, bool *may)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[STATUS_GET], DB_INT("id", id));
	if (err != VT_OK)
		return err;
	*may = may_become(db_text(&q, 0), status);
	db_done(&q);
	return VT_OK;
}

enum vt_err
transaction_status(struct db *db, int64_t id, const char *status,
    int64_t now_ms, bool *changed)
{
	enum vt_err err;

	err = ask(db, id, status, changed);
	if (err != VT_OK || !*changed)
		return err;
	return db_exec(db, sql[STATUS_SET], DB_INT("id", id),
	    DB_TEXT("status", status), DB_INT("now", now_ms));
}

enum vt_err
transaction_complete(
    struct db *db, int64_t id, int64_t balance_after, int64_t now_ms)
{
	bool may = false;
	enum vt_err err;

	err = ask(db, id, "completed", &may);
	if (err != VT_OK)
		return err;
	if (!may)
		return VT_CONFLICT;
	return db_exec(db, sql[COMPLETE], DB_INT("id", id),
	    DB_INT("balance", balance_after), DB_INT("now", now_ms));
}

enum vt_err
transaction_stripe(struct db *db, int64_t id, const char *intent,
    const char *charge, const char *invoice, int64_t now_ms)
{
	return db_exec(db, sql[STRIPE], DB_INT("id", id),
	    DB_TEXT("intent", intent), DB_TEXT("charge", charge),
	    DB_TEXT("invoice", invoice), DB_INT("now", now_ms));
}

static const char *
column(struct query *q, struct arena *a, int i)
{
	return arena_strdup(a, db_text(q, i));
}

static void
read_row(struct query *q, struct arena *a, struct transaction *t)
{
	t->id = db_int(q, 0);
	t->public_id = column(q, a, 1);
	t->user = column(q, a, 2);
	t->email = column(q, a, 3);
	t->kind = column(q, a, 4);
	t->status = column(q, a, 5);
	t->tokens = db_int(q, 6);
	t->has_balance_after = !db_is_null(q, 7);
	t->balance_after = db_int(q, 7);
	t->payment_intent_id = column(q, a, 8);
	t->stripe_charge_id = column(q, a, 9);
	t->stripe_invoice_id = column(q, a, 10);
	t->price_per_token = column(q, a, 11);
	t->total_amount_usd = column(q, a, 12);
	t->has_amount = !db_is_null(q, 13);
	t->amount = db_int(q, 13);
	t->currency = column(q, a, 14);
	t->metadata = column(q, a, 15);
	t->note = column(q, a, 16);
	t->actor = column(q, a, 17);
	t->created_at = db_int(q, 18);
}

/* The one whose index leaves the fewest rows to look at. */
static int
list_for(const struct transaction_filter *f)
{
	if (f->payment_intent_id != NULL)
		return LIST_INTENT;
	if (f->user != 0)
		return LIST_USER;
	if (f->status != NULL && strcmp(f->status, "completed") != 0)
		return LIST_STATUS;
	return LIST_ALL;
}

enum vt_err
transactions_list(struct db *db, struct arena *a,
    const struct transaction_filter *f, transaction_fn fn, void *arg)
{
	int which = list_for(f);
	struct transaction t;
	enum vt_err err;
	struct query q;

	err = db_query(&q, db, sql[which], DB_INT("user", f->user),
	    DB_TEXT("kind", f->kind), DB_TEXT("status", f->status),
	    DB_TEXT("intent", f->payment_intent_id),
	    DB_TEXT("invoice", f->invoice_id), DB_INT("from", f->from_ms),
	    DB_INT("to", f->to_ms),
	    DB_INT("before", f->before_ms == 0 ? INT64_MAX : f->before_ms),
	    DB_INT("before_id", f->before_id), DB_INT("limit", f->limit));
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		read_row(&q, a, &t);
		err = fn(&t, arg);
	}
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

enum vt_err
transaction_find(struct db *db, const char *public_id,
    struct transaction_ref *out, int64_t *user)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[FIND], DB_TEXT("public", public_id));
	if (err != VT_OK)
		return err;
	memset(out, 0, sizeof(*out));
	out->id = db_int(&q, 0);
	(void)snprintf(out->public_id, sizeof(out->public_id), "%s", public_id);
	*user = db_int(&q, 1);
	db_done(&q);
	return VT_OK;
}

static enum vt_err
read_one(struct db *db, struct arena *a, const char *statement,
    const struct db_param *params, struct transaction *out)
{
	enum vt_err err;
	struct query q;

	err = db_row_params(&q, db, statement, params);
	if (err != VT_OK)
		return err;
	read_row(&q, a, out);
	db_done(&q);
	return VT_OK;
}

enum vt_err
transaction_read(struct db *db, struct arena *a, const char *public_id,
    struct transaction *out)
{
	return read_one(
	    db, a, sql[READ], DB_PARAMS(DB_TEXT("public", public_id)), out);
}

enum vt_err
transaction_read_id(
    struct db *db, struct arena *a, int64_t id, struct transaction *out)
{
	return read_one(db, a, sql[READ_ID], DB_PARAMS(DB_INT("id", id)), out);
}

static bool
begins(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

void
transaction_for_user(struct arena *a, struct transaction *t)
{
	bool service = begins(t->actor, "service:");
	const char *by = strstr(t->actor, "/by:");

	if (strcmp(t->actor, "ledger") != 0 &&
	    !(service && strcmp(t->kind, "reversal") == 0))
		t->note = NULL;
	if (begins(t->actor, "admin:") || begins(t->actor, "local:"))
		t->actor = "admin";
	else if (begins(t->actor, "user:") && by != NULL)
		t->actor = arena_memdup(a, t->actor, (size_t)(by - t->actor));
}
