/* explain: see explain.h. The words are in explain_words.c. */
#include "billing/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A list asks for one more row than it shows, to know if there is one. */
static const char *const lists[EXPLAIN__MAX] = {
	[EXPLAIN_EVENTS] =
	    "SELECT e.evt, e.type, e.state, e.reason, e.received_at, "
	    "e.settled_at, 0, 0, 0, 0, 0, 0, 0, 0, NULL "
	    "FROM token_transactions t JOIN events e ON e.object IN ("
	    "SELECT t.payment_intent_id UNION SELECT t.stripe_charge_id "
	    "UNION SELECT t.stripe_invoice_id "
	    "UNION SELECT re FROM refunds WHERE charge = t.stripe_charge_id "
	    "OR pi = t.payment_intent_id "
	    "UNION SELECT dp FROM disputes WHERE charge = t.stripe_charge_id "
	    "OR pi = t.payment_intent_id) "
	    "WHERE t.id = :tx ORDER BY e.received_at, e.evt LIMIT :max",
	[EXPLAIN_REFUNDS] =
	    "SELECT r.re, NULL, r.status, NULL, r.created_at, r.updated_at, "
	    "0, 0, 0, 0, 0, 0, 0, r.amount, r.currency "
	    "FROM token_transactions t JOIN refunds r "
	    "ON r.charge = t.stripe_charge_id OR r.pi = t.payment_intent_id "
	    "WHERE t.id = :tx ORDER BY r.created_at, r.re LIMIT :max",
	[EXPLAIN_DISPUTES] =
	    "SELECT d.dp, NULL, d.status, d.effect, d.created_at, "
	    "d.updated_at, 0, 0, 0, 0, 0, 0, 0, d.amount, d.currency "
	    "FROM token_transactions t JOIN disputes d "
	    "ON d.charge = t.stripe_charge_id OR d.pi = t.payment_intent_id "
	    "WHERE t.id = :tx ORDER BY d.created_at, d.dp LIMIT :max",
	[EXPLAIN_FROM] =
	    "SELECT t.public_id, t.kind, t.status, t.actor, t.created_at, "
	    "l.expires_at, SUM(-u.delta), 0, 0, 0, 0, 0, 0, t.amount, "
	    "t.currency FROM movements m "
	    "JOIN lot_uses u ON u.movement = m.id AND u.delta < 0 "
	    "JOIN lots l ON l.id = u.lot "
	    "JOIN token_transactions t ON t.id = l.tx "
	    "WHERE m.tx = :tx GROUP BY t.id ORDER BY MIN(u.lot) LIMIT :max",
	[EXPLAIN_LOTS] =
	    "SELECT NULL, l.origin, NULL, NULL, l.created_at, l.expires_at, "
	    "l.granted, f.left, f.held, f.frozen, 0, 0, 0, l.cost, l.currency "
	    "FROM lots l JOIN lot_left f ON f.lot = l.id "
	    "WHERE l.tx = :tx ORDER BY l.id LIMIT :max",
	[EXPLAIN_USED] =
	    "SELECT NULL, t.kind, NULL, NULL, MAX(m.created_at), NULL, "
	    "SUM(-u.delta), 0, 0, 0, COUNT(*), 0, 0, 0, NULL FROM lots l "
	    "JOIN lot_uses u ON u.lot = l.id AND u.delta < 0 "
	    "JOIN movements m ON m.id = u.movement "
	    "JOIN token_transactions t ON t.id = m.tx "
	    "WHERE l.tx = :tx GROUP BY t.kind ORDER BY t.kind LIMIT :max",
	[EXPLAIN_USES] =
	    "SELECT t.public_id, t.kind, t.status, t.actor, m.created_at, "
	    "NULL, u.tokens, 0, 0, 0, u.movement, COALESCE("
	    "(SELECT SUM(r.tokens) FROM movements r "
	    "WHERE r.cause >= 'reverse:' || t.public_id || ':' "
	    "AND r.cause < 'reverse:' || t.public_id || ';'), 0), 0, 0, NULL "
	    "FROM (SELECT w.movement, SUM(-w.delta) AS tokens FROM lots l "
	    "JOIN lot_uses w ON w.lot = l.id AND w.delta < 0 "
	    "WHERE l.tx = :tx AND w.movement < :before "
	    "GROUP BY w.movement ORDER BY w.movement DESC LIMIT :max) u "
	    "JOIN movements m ON m.id = u.movement "
	    "JOIN token_transactions t ON t.id = m.tx "
	    "ORDER BY u.movement DESC",
	[EXPLAIN_HOLDS] =
	    "SELECT h.public_id, h.reference, h.state, s.name, h.created_at, "
	    "h.expires_at, SUM(p.tokens), 0, 0, 0, 0, 0, 0, 0, NULL "
	    "FROM lots l JOIN hold_lots p ON p.lot = l.id "
	    "JOIN holds h ON h.id = p.hold JOIN services s ON s.id = h.service "
	    "WHERE l.tx = :tx GROUP BY h.id ORDER BY h.id LIMIT :max",
	[EXPLAIN_REVERSALS] =
	    "SELECT r.public_id, r.kind, r.status, r.actor, m.created_at, "
	    "NULL, m.tokens, 0, 0, 0, 0, 0, 0, 0, NULL "
	    "FROM token_transactions t JOIN movements m "
	    "ON m.cause >= 'reverse:' || t.public_id || ':' "
	    "AND m.cause < 'reverse:' || t.public_id || ';' "
	    "JOIN token_transactions r ON r.id = m.tx "
	    "WHERE t.id = :tx ORDER BY m.id LIMIT :max",
	[EXPLAIN_STEPS] =
	    "SELECT s.public_id, s.kind, s.status, s.actor, m.created_at, "
	    "NULL, s.tokens, 0, 0, 0, 0, 0, 0, 0, NULL "
	    "FROM grants g JOIN movements m "
	    "ON m.cause >= 'adj:' || g.tx || ':' "
	    "AND m.cause < 'adj:' || g.tx || ';' "
	    "JOIN token_transactions s ON s.id = m.tx "
	    "WHERE g.tx = :tx ORDER BY m.id LIMIT :max",
	[EXPLAIN_DEBTS] =
	    "SELECT (SELECT s.public_id FROM movements m "
	    "JOIN token_transactions s ON s.id = m.tx WHERE m.cause = "
	    "d.cause), "
	    "NULL, NULL, NULL, d.created_at, NULL, d.delta, 0, 0, 0, 0, 0, "
	    "d.open, 0, NULL FROM debts d "
	    "WHERE d.grant_tx = :tx ORDER BY d.id LIMIT :max",
};

enum { CAUSE, HOLD, ORDER, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[CAUSE] = "SELECT cause FROM movements WHERE tx = :tx "
		  "ORDER BY id LIMIT 1",
	[HOLD] = "SELECT h.public_id, h.reference, h.state, s.name, "
		 "h.created_at, h.ended_at, h.tokens, 0, 0, 0, 0, 0, 0, 0, "
		 "NULL FROM holds h JOIN services s ON s.id = h.service "
		 "WHERE h.public_id = :hold",
	[ORDER] = "SELECT public_id, package_id, state, NULL, created_at, "
		  "updated_at, tokens, 0, 0, 0, 0, 0, 0, amount, currency "
		  "FROM orders WHERE tx = :tx",
};

static void
read_row(struct query *q, struct arena *a, struct explain_row *r)
{
	r->id = arena_strdup(a, db_text(q, 0));
	r->kind = arena_strdup(a, db_text(q, 1));
	r->state = arena_strdup(a, db_text(q, 2));
	r->by = arena_strdup(a, db_text(q, 3));
	r->at = db_int(q, 4);
	r->until = db_int(q, 5);
	r->tokens = db_int(q, 6);
	r->left = db_int(q, 7);
	r->held = db_int(q, 8);
	r->frozen = db_int(q, 9);
	r->count = db_int(q, 10);
	r->given_back = db_int(q, 11);
	r->open = db_int(q, 12);
	r->amount = db_int(q, 13);
	r->currency = arena_strdup(a, db_text(q, 14));
}

static enum vt_err
read_list(struct db *db, struct arena *a, const char *statement,
    const struct db_param *params, size_t max, struct explain_rows *out)
{
	struct explain_row *rows = NULL;
	enum vt_err err;
	struct query q;

	err = db_query_params(&q, db, statement, params);
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		if (out->count == max) {
			out->more = true;
			continue;
		}
		if (rows == NULL)
			rows = arena_array(a, max, sizeof(*rows));
		read_row(&q, a, &rows[out->count++]);
	}
	db_done(&q);
	out->row = rows;
	return err == VT_NOTFOUND ? VT_OK : err;
}

static enum vt_err
read_lists(struct db *db, const struct explain *in, struct explanation *e)
{
	struct explain_rows *uses = &e->lists[EXPLAIN_USES];
	int64_t before = in->uses_before == 0 ? INT64_MAX : in->uses_before;
	enum vt_err err = VT_OK;

	for (size_t i = 0; err == VT_OK && i < EXPLAIN__MAX; i++) {
		if (i == EXPLAIN_USES)
			err = read_list(db, in->arena, lists[i],
			    DB_PARAMS(DB_INT("tx", e->t.id),
				DB_INT("before", before),
				DB_INT("max", in->uses + 1)),
			    (size_t)in->uses, uses);
		else
			err = read_list(db, in->arena, lists[i],
			    DB_PARAMS(DB_INT("tx", e->t.id),
				DB_INT("max", EXPLAIN_ROWS_MAX + 1)),
			    EXPLAIN_ROWS_MAX, &e->lists[i]);
	}
	/* A use is known by its movement, which it has instead of a count. */
	if (uses->more)
		e->uses_next = uses->row[uses->count - 1].count;
	return err;
}

/* The one row of a statement, if there is one. */
static enum vt_err
read_one(struct db *db, struct arena *a, const char *statement,
    const struct db_param *params, struct explain_row *out)
{
	enum vt_err err;
	struct query q;

	err = db_row_params(&q, db, statement, params);
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_OK : err;
	read_row(&q, a, out);
	db_done(&q);
	return VT_OK;
}

/* What follows a word and a colon in a cause, up to the next colon. */
static const char *
part_of(struct arena *a, const char *cause, const char *word)
{
	size_t n = strlen(word);

	if (cause == NULL || strncmp(cause, word, n) != 0)
		return NULL;
	return arena_memdup(a, cause + n, strcspn(cause + n, ":"));
}

/* A cause names what it is about: docs/ledger.md has the table. */
static enum vt_err
follow_cause(struct db *db, struct arena *a, struct explanation *e)
{
	const char *hold = part_of(a, e->cause, "capture:");
	const char *spend = part_of(a, e->cause, "reverse:");
	const char *grant = part_of(a, e->cause, "adj:");
	enum vt_err err = VT_OK;

	if (grant == NULL)
		grant = part_of(a, e->cause, "repay:");
	if (hold != NULL)
		return read_one(db, a, sql[HOLD],
		    DB_PARAMS(DB_TEXT("hold", hold)), &e->hold);
	if (spend != NULL)
		err = transaction_read(db, a, spend, &e->about);
	else if (grant != NULL)
		err = transaction_read_id(
		    db, a, strtoll(grant, NULL, 10), &e->about);
	return err == VT_NOTFOUND ? VT_OK : err;
}

static enum vt_err
read_cause(struct db *db, struct arena *a, struct explanation *e)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[CAUSE], DB_INT("tx", e->t.id));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_OK : err;
	e->cause = arena_strdup(a, db_text(&q, 0));
	db_done(&q);
	return follow_cause(db, a, e);
}

/* In a list, too, the administrator is not for the user. */
static void
hide(struct arena *a, struct explanation *e)
{
	static const enum explain_list with_actors[] = { EXPLAIN_FROM,
		EXPLAIN_USES, EXPLAIN_REVERSALS, EXPLAIN_STEPS };

	transaction_for_user(a, &e->t);
	if (e->about.public_id != NULL)
		transaction_for_user(a, &e->about);
	for (size_t i = 0; i < countof(with_actors); i++) {
		struct explain_rows *l = &e->lists[with_actors[i]];
		struct explain_row *rows =
		    arena_array(a, l->count + 1, sizeof(*rows));

		for (size_t k = 0; k < l->count; k++) {
			struct transaction t = { .kind = l->row[k].kind,
				.actor = l->row[k].by };

			transaction_for_user(a, &t);
			rows[k] = l->row[k];
			rows[k].by = t.actor;
		}
		l->row = rows;
	}
}

enum vt_err
explain(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct explain *x = in;
	struct explanation *e = out;
	enum vt_err err;

	memset(e, 0, sizeof(*e));
	e->for_user = x->for_user;
	err = transaction_read(db, x->arena, x->transaction, &e->t);
	if (err == VT_OK && x->user_sub != NULL &&
	    strcmp(e->t.user, x->user_sub) != 0)
		err = VT_NOTFOUND;
	if (err == VT_NOTFOUND)
		return vt_problem(p, err, "unknown_transaction",
		    "transaction_id",
		    x->user_sub != NULL
			? "There is no transaction with this id that you may "
			  "see."
			: "There is no transaction with this id.");
	if (err == VT_OK)
		err = read_cause(db, x->arena, e);
	if (err == VT_OK)
		err = read_one(db, x->arena, sql[ORDER],
		    DB_PARAMS(DB_INT("tx", e->t.id)), &e->order);
	if (err == VT_OK)
		err = read_lists(db, x, e);
	if (err == VT_OK && x->for_user)
		hide(x->arena, e);
	return err;
}
