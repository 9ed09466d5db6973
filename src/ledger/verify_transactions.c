/*
 * verify_transactions: each header beside the movements that it should have.
 */
#include <inttypes.h>
#include <string.h>

#include "ledger/verify_parts.h"
#include "text/money.h"

static const char transactions_sql[] =
    "SELECT t.id, t.public_id, t.kind, t.status, t.tokens, t.amount, "
    "t.currency, t.price_per_token, t.total_amount_usd, t.balance_after, "
    "u.id, t.user FROM token_transactions t "
    "LEFT JOIN users u ON u.id = t.user ORDER BY t.id";

/* The index on tx holds both columns. */
static const char movements_sql[] =
    "SELECT tx, id FROM movements ORDER BY tx, id";

/* Tokens have moved in these states and in no other. */
static bool
has_moved(const char *status)
{
	return strcmp(status, "completed") == 0 ||
	    strcmp(status, "refunded") == 0 || strcmp(status, "disputed") == 0;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* What is derived from amount and tokens must be what they give. */
static void
check_price(struct verify *v, struct query *q)
{
	const char *id = db_text(q, 1), *currency = db_text(q, 6);
	char unit[MONEY_TEXT_BYTES], total[MONEY_TEXT_BYTES];
	int64_t tokens = db_int(q, 4), amount = db_int(q, 5);

	if (db_is_null(q, 5)) {
		if (currency != NULL || !db_is_null(q, 7) || !db_is_null(q, 8))
			verify_fault(v, "transaction.price",
			    "Transaction %s has a price and no amount.", id);
		return;
	}
	if (amount <= 0 || tokens <= 0 || currency == NULL ||
	    !money_currency_valid(currency)) {
		verify_fault(v, "transaction.price",
		    "Transaction %s asks %" PRId64 " %s for %" PRId64
		    " tokens.",
		    id, amount, currency == NULL ? "" : currency, tokens);
		return;
	}
	money_price_per_token(amount, tokens, currency, unit);
	money_format(amount, currency, total);
	if (!same_text(db_text(q, 7), unit) ||
	    !same_text(
		db_text(q, 8), strcmp(currency, "usd") == 0 ? total : NULL))
		verify_fault(v, "transaction.price",
		    "Transaction %s shows another price than %" PRId64
		    " %s for %" PRId64 " tokens.",
		    id, amount, currency, tokens);
}

static void
check_header(struct verify *v, struct query *q, int64_t movements)
{
	const struct verify_kind *k = verify_kind(db_text(q, 2));
	const char *id = db_text(q, 1), *status = db_text(q, 3);
	int64_t tokens = db_int(q, 4);

	if (k == NULL)
		verify_fault(v, "transaction.kind",
		    "Transaction %s is of the unknown kind %s.", id,
		    db_text(q, 2));
	else if (k->sign != 0 && (tokens == 0 || (tokens > 0) != (k->sign > 0)))
		verify_fault(v, "transaction.tokens",
		    "Transaction %s is a %s of %" PRId64 " tokens.", id,
		    k->kind, tokens);
	if (db_is_null(q, 10))
		verify_fault(v, "transaction.user",
		    "Transaction %s is of user row %" PRId64
		    ", which does not exist.",
		    id, db_int(q, 11));
	if (movements != (has_moved(status) ? 1 : 0))
		verify_fault(v, "transaction.movements",
		    "Transaction %s is %s and has %" PRId64
		    " movements; it must have %d.",
		    id, status, movements, has_moved(status) ? 1 : 0);
	if (!has_moved(status) && !db_is_null(q, 9))
		verify_fault(v, "transaction.balance",
		    "Transaction %s is %s and yet has a balance after.", id,
		    status);
}

static enum vt_err
check_transaction(struct verify *v, struct query *q, struct walk *m)
{
	int64_t id = db_int(q, 0), movements = 0;
	enum vt_err err = VT_OK;

	/* Movements without a transaction were told with the movements. */
	while (err == VT_OK && m->on_row && db_int(&m->q, 0) < id)
		err = walk_next(m);
	while (err == VT_OK && m->on_row && db_int(&m->q, 0) == id) {
		movements++;
		err = walk_next(m);
	}
	if (err != VT_OK)
		return err;
	check_header(v, q, movements);
	check_price(v, q);
	return VT_OK;
}

enum vt_err
verify_transactions(struct verify *v)
{
	struct walk t, m;
	enum vt_err err;

	err = walk_start(&t, v->db, transactions_sql);
	if (err == VT_OK) {
		err = walk_start(&m, v->db, movements_sql);
		while (err == VT_OK && t.on_row) {
			err = check_transaction(v, &t.q, &m);
			verify_count(v, &v->report->transactions);
			if (err == VT_OK)
				err = walk_next(&t);
		}
		walk_end(&m);
	}
	walk_end(&t);
	return err;
}
