/*
 * proof: see proof.h. Each check is a query whose rows are what is wrong,
 * as sentences; so the table below is all there is to read.
 */
#include "billing/proof.h"

#include <string.h>

/* Tokens have moved in these states. */
#define MOVED "('completed', 'refunded', 'disputed')"

/* The grant of a purchase, and the PaymentIntent in its source. */
#define OF_INTENT "SUBSTR(g.source, 1, 3) = 'pi:'"
#define INTENT "SUBSTR(g.source, 4)"

struct check {
	const char *code;
	const char *sql; /* one column: a sentence */
	bool note;	 /* waits for somebody, and is not wrong */
};

static const struct check checks[] = {
	/* ---- orders ---- */
	{ .code = "order.grant",
	    .sql = "SELECT 'Order ' || o.public_id || ' is granted, but no "
		   "grant has its payment ' || COALESCE(o.pi, '(none)') || "
		   "'.' FROM orders o WHERE o.state = 'granted' AND NOT "
		   "EXISTS (SELECT 1 FROM grants g WHERE g.source = "
		   "'pi:' || o.pi)" },
	{ .code = "order.paid",
	    .sql = "SELECT 'Order ' || public_id || ' is paid and was not "
		   "granted.' FROM orders WHERE state = 'paid'" },
	{ .code = "order.transaction",
	    .sql =
		"SELECT 'Order ' || o.public_id || ' is ' || o.state || "
		"', its transaction ' || t.public_id || ' is ' || t.status "
		"|| '.' FROM orders o JOIN token_transactions t ON t.id = "
		"o.tx WHERE (o.state = 'granted') <> (t.status IN " MOVED ")" },
	{ .code = "order.amount",
	    .sql = "SELECT 'Order ' || o.public_id || ' is for ' || o.tokens "
		   "|| ' tokens at ' || o.amount || ' ' || o.currency || ', "
		   "its transaction ' || t.public_id || ' for ' || t.tokens "
		   "|| ' at ' || COALESCE(t.amount, 0) || ' ' || "
		   "COALESCE(t.currency, '(none)') || '.' FROM orders o JOIN "
		   "token_transactions t ON t.id = o.tx WHERE o.tokens <> "
		   "t.tokens OR o.amount IS DISTINCT FROM t.amount OR "
		   "o.currency IS DISTINCT FROM t.currency" },
	{ .code = "order.user",
	    .sql = "SELECT 'Order ' || o.public_id || ' is of another user "
		   "than its transaction ' || t.public_id || '.' FROM orders o "
		   "JOIN token_transactions t ON t.id = o.tx "
		   "WHERE o.user <> t.user" },
	{ .code = "order.price",
	    .sql = "SELECT 'Order ' || o.public_id || ' costs ' || o.amount "
		   "|| ' ' || o.currency || '; package ' || o.package_id || "
		   "' of catalogue ' || o.catalog_version || ' costs ' || "
		   "COALESCE(p.amount, 0) || '.' FROM orders o LEFT JOIN "
		   "prices p ON p.version = o.catalog_version AND p.item = "
		   "o.package_id AND p.currency = o.currency WHERE "
		   "o.package_id IS NOT NULL AND o.amount IS DISTINCT FROM "
		   "p.amount" },
	{ .code = "order.tokens",
	    .sql = "SELECT 'Order ' || o.public_id || ' is for ' || o.tokens "
		   "|| ' tokens; package ' || o.package_id || ' of catalogue "
		   "' || o.catalog_version || ' has ' || COALESCE(p.tokens, 0) "
		   "|| '.' FROM orders o LEFT JOIN packages p ON p.version = "
		   "o.catalog_version AND p.id = o.package_id WHERE "
		   "o.package_id IS NOT NULL AND o.tokens IS DISTINCT FROM "
		   "p.tokens" },
	{ .code = "order.customer",
	    .sql = "SELECT 'Order ' || o.public_id || ' is charged to ' || "
		   "o.customer || ', which is not a customer of its user.' "
		   "FROM orders o WHERE o.customer IS NOT NULL AND NOT EXISTS "
		   "(SELECT 1 FROM customers c WHERE c.cus = o.customer AND "
		   "c.user = o.user)" },
	{ .code = "purchase.order",
	    .sql = "SELECT 'Transaction ' || t.public_id || ' is a purchase "
		   "without an order.' FROM token_transactions t WHERE t.kind "
		   "= 'purchase' AND NOT EXISTS (SELECT 1 FROM orders o WHERE "
		   "o.tx = t.id)" },

	/* ---- grants; the audit has no index on its object, so it is read
	 * once, into a set ---- */
	{ .code = "grant.order",
	    .sql = "SELECT 'Grant ' || g.source || ' has no granted order.' "
		   "FROM grants g WHERE " OF_INTENT " AND NOT EXISTS (SELECT "
		   "1 FROM orders o WHERE o.pi = " INTENT
		   " AND o.state = 'granted')" },
	{ .code = "grant.amount",
	    .sql = "SELECT 'Grant ' || g.source || ' is of ' || g.granted || "
		   "' tokens, order ' || o.public_id || ' of ' || o.tokens || "
		   "'.' FROM grants g JOIN orders o ON o.pi = " INTENT
		   " WHERE " OF_INTENT " AND (g.granted <> o.tokens OR g.tx "
		   "<> o.tx)" },
	{ .code = "grant.lot",
	    .sql = "SELECT 'Grant ' || g.source || ' names lot ' || g.lot || "
		   "', which was not made by it with as many tokens.' FROM "
		   "grants g LEFT JOIN lots l ON l.id = g.lot WHERE l.id IS "
		   "NULL OR l.tx <> g.tx OR l.granted <> g.granted" },
	{ .code = "grant.movement",
	    .sql = "SELECT 'Grant ' || g.source || ' was not booked: no "
		   "movement has this cause and this transaction.' FROM grants "
		   "g LEFT JOIN movements m ON m.cause = g.source WHERE m.id "
		   "IS NULL OR m.tx <> g.tx OR m.tokens <> g.granted" },
	{ .code = "grant.missing",
	    .sql = "SELECT 'Movement ' || m.id || ' (' || m.cause || ') gave "
		   "what was paid for, and no grant records it.' FROM "
		   "movements m WHERE m.cause >= 'pi:' AND m.cause < 'pi;' "
		   "AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.source = "
		   "m.cause)" },
	{ .code = "grant.booked",
	    .sql = "SELECT 'Of grant ' || source || ' ' || booked || "
		   "' tokens are booked as taken back, by nothing.' FROM "
		   "grants WHERE booked <> 0" },
	{ .code = "grant.alarm",
	    .sql = "SELECT 'Grant ' || source || ' does not agree with "
		   "Stripe: ' || alarm || '.' FROM grants "
		   "WHERE alarm IS NOT NULL" },
	{ .code = "grant.audit",
	    .sql = "SELECT 'Transaction ' || t.public_id || ' is a grant by "
		   "hand that the audit does not know.' FROM "
		   "token_transactions t WHERE t.kind = 'grant' AND t.status "
		   "IN " MOVED " AND t.public_id NOT IN (SELECT object FROM "
		   "audit WHERE action = 'tokens.add' AND object IS NOT "
		   "NULL)" },

	/* ---- payments ---- */
	{ .code = "payment.missing",
	    .sql = "SELECT 'Order ' || o.public_id || ' is granted, but its "
		   "payment ' || COALESCE(o.pi, '(none)') || ' is not "
		   "recorded.' FROM orders o WHERE o.state = 'granted' AND NOT "
		   "EXISTS (SELECT 1 FROM payments p WHERE p.pi = o.pi AND "
		   "p.order_id = o.id)" },
	{ .code = "payment.order",
	    .sql = "SELECT 'Payment ' || p.pi || ' belongs to no order of "
		   "this intent.' FROM payments p LEFT JOIN orders o ON o.id = "
		   "p.order_id WHERE p.invoice IS NULL AND (o.id IS NULL OR "
		   "o.pi IS DISTINCT FROM p.pi)" },
	{ .code = "payment.charge",
	    .sql = "SELECT 'Payment ' || p.pi || ' was made by charge ' || "
		   "COALESCE(p.charge, '(none)') || ', its grant says ' || "
		   "COALESCE(g.charge, '(none)') || '.' FROM payments p JOIN "
		   "grants g ON g.source = 'pi:' || p.pi WHERE p.charge IS "
		   "DISTINCT FROM g.charge" },
	{ .code = "payment.transaction",
	    .sql = "SELECT 'Transaction ' || t.public_id || ' shows payment "
		   "' || COALESCE(t.payment_intent_id, '(none)') || ' and "
		   "charge ' || COALESCE(t.stripe_charge_id, '(none)') || ', "
		   "its grant ' || g.source || ' and ' || COALESCE(g.charge, "
		   "'(none)') || '.' FROM grants g JOIN token_transactions t "
		   "ON t.id = g.tx WHERE " OF_INTENT " AND "
		   "(t.payment_intent_id IS DISTINCT FROM " INTENT " OR "
		   "t.stripe_charge_id IS DISTINCT FROM g.charge)" },

	/* ---- what was told ---- */
	{ .code = "mail.purchase",
	    .sql = "SELECT 'Nobody was told of grant ' || g.source || ': "
		   "there is no mail.' FROM grants g WHERE " OF_INTENT
		   " AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.kind = "
		   "'purchase_receipt' AND b.object = " INTENT ")" },
	{ .code = "mail.grant",
	    .sql = "SELECT 'Nobody was told of transaction ' || t.public_id "
		   "|| ': there is no mail.' FROM token_transactions t WHERE "
		   "t.kind IN ('grant', 'bulk_grant') AND t.status IN " MOVED
		   " AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.kind = "
		   "'tokens_granted' AND b.object = t.public_id)" },
	{ .code = "event.effect",
	    .sql = "SELECT 'Event ' || e.evt || ' granted payment ' || "
		   "e.object || ', but there is no such grant.' FROM events e "
		   "WHERE e.state = 'applied' AND e.reason = 'granted' AND "
		   "e.object_type = 'payment_intent' AND NOT EXISTS (SELECT 1 "
		   "FROM grants g WHERE g.source = 'pi:' || e.object)" },

	/* ---- batches: the causes of one are neighbours ---- */
	{ .code = "batch.rows",
	    .sql = "SELECT 'Batch ' || b.public_id || ' granted ' || "
		   "b.granted || ' rows and ' || b.tokens || ' tokens; the "
		   "ledger has ' || COUNT(m.id) || ' rows and ' || "
		   "COALESCE(SUM(m.tokens), 0) || ' tokens of it.' FROM "
		   "batches b LEFT JOIN movements m ON m.cause >= 'bulk:' || "
		   "b.actor || ':' || b.key || ':' AND m.cause < 'bulk:' || "
		   "b.actor || ':' || b.key || ';' GROUP BY b.id HAVING "
		   "COUNT(m.id) <> b.granted OR COALESCE(SUM(m.tokens), 0) <> "
		   "b.tokens" },
	{ .code = "batch.audit",
	    .sql = "SELECT 'Batch ' || b.public_id || ' is unknown to the "
		   "audit.' FROM batches b WHERE b.public_id NOT IN (SELECT "
		   "object FROM audit WHERE action = 'tokens.bulk_grant' AND "
		   "object IS NOT NULL)" },

	/* ---- what waits for somebody ---- */
	{ .code = "order.parked",
	    .note = true,
	    .sql = "SELECT 'Order ' || public_id || ' is parked: ' || "
		   "COALESCE(note, 'no reason was noted') || '.' FROM orders "
		   "WHERE state = 'parked'" },
	{ .code = "event.parked",
	    .note = true,
	    .sql = "SELECT 'Event ' || evt || ' (' || type || ') is parked: "
		   "' || COALESCE(reason, 'no reason was noted') || '.' FROM "
		   "events WHERE state = 'parked'" },
	{ .code = "event.waiting",
	    .note = true,
	    .sql = "SELECT 'Event ' || evt || ' (' || type || ') waits for "
		   "Stripe: ' || COALESCE(reason, 'no reason was noted') || "
		   "'.' FROM events WHERE state = 'waiting'" },
	{ .code = "event.failed",
	    .note = true,
	    .sql = "SELECT 'Event ' || evt || ' (' || type || ') failed ' || "
		   "tries || ' times and is tried again: ' || "
		   "COALESCE(reason, 'no reason was noted') || '.' FROM events "
		   "WHERE state = 'failed'" },
	{ .code = "attempt.unknown",
	    .note = true,
	    .sql = "SELECT 'The outcome of a call to Stripe (' || what || ', "
		   "' || subject || ') is unknown.' FROM attempts WHERE state "
		   "= 'unknown'" },
	{ .code = "mail.failed",
	    .note = true,
	    .sql = "SELECT 'A mail (' || kind || ', ' || object || ') could "
		   "not be sent.' FROM outbox WHERE state = 'failed'" },
};

static const char size_sql[] = "SELECT (SELECT COUNT(*) FROM orders), "
			       "(SELECT COUNT(*) FROM grants), "
			       "(SELECT COUNT(*) FROM events)";

static void
tell(struct proof_report *r, const struct check *c, const char *sentence)
{
	if (sentence == NULL)
		sentence = "A row of this check holds nothing.";
	if (c->note) {
		r->notes++;
		if (r->note != NULL)
			r->note(c->code, sentence, r->arg);
		return;
	}
	r->faults++;
	if (r->fault != NULL)
		r->fault(c->code, sentence, r->arg);
}

static enum vt_err
run(struct db *db, const struct check *c, struct proof_report *r)
{
	enum vt_err err;
	struct query q;

	err = db_query(&q, db, c->sql);
	while (err == VT_OK && (err = db_step(&q)) == VT_OK)
		tell(r, c, db_text(&q, 0));
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

enum vt_err
billing_proof(struct db *db, struct proof_report *r)
{
	enum vt_err err;
	struct query q;

	r->faults = r->notes = 0;
	err = db_row(&q, db, size_sql);
	if (err != VT_OK)
		return err;
	r->orders = db_int(&q, 0);
	r->grants = db_int(&q, 1);
	r->events = db_int(&q, 2);
	db_done(&q);
	for (size_t i = 0; i < countof(checks) && err == VT_OK; i++)
		err = run(db, &checks[i], r);
	return err;
}
