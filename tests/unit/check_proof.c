/*
 * proof: books that are right in themselves but not what the shop sold, and
 * the notes about what waits. The shop's side of tests/unit/books.h is
 * written by hand here, so that this does not rest on the code it checks.
 */
#include "unit.h"

#include "base/log.h"
#include "base/random.h"
#include "billing/proof.h"
#include "books.h"
#include "guards.h"
#include "ledger/verify.h"

struct seen {
	const char *code, *part;
	int found, faults, notes;
	char last[600];
};

static struct db *db;

/* Transaction 1 is Ada's purchase; 7 is pending, 8 failed (Cyd's). */
static const char shop[] =
    "INSERT INTO customers VALUES ('cus_ada', 1, 1);"
    "INSERT INTO orders (id, public_id, user, tx, catalog_version, "
    "package_id, tokens, amount, currency, customer, pi, state, created_at, "
    "updated_at) VALUES "
    "(1, 'ord_1', 1, 1, 1, 'professional', 50, 3999, 'usd', 'cus_ada', "
    "'pi_1', 'granted', 1, 1), "
    "(2, 'ord_2', 3, 7, 1, 'starter', 10, 999, 'usd', NULL, NULL, "
    "'created', 1, 1), "
    "(3, 'ord_3', 3, 8, 1, 'starter', 10, 999, 'usd', NULL, NULL, 'failed', "
    "1, 1);"
    "INSERT INTO payments VALUES ('pi_1', 'ch_1', 1, NULL, 1);"
    "UPDATE token_transactions SET payment_intent_id = 'pi_1', "
    "stripe_charge_id = 'ch_1' WHERE id = 1;"
    "INSERT INTO events (evt, type, object, object_type, livemode, "
    "stripe_created, body, body_hash, state, reason, received_at) VALUES "
    "('evt_1', 'payment_intent.succeeded', 'pi_1', 'payment_intent', 0, 1, "
    "'{}', x'', 'applied', 'granted', 1);"
    "INSERT INTO outbox (kind, object, data, next_at, created_at) VALUES "
    "('purchase_receipt', 'pi_1', '{}', 1, 1);"
    "INSERT INTO outbox (kind, object, data, next_at, created_at) "
    "SELECT 'tokens_granted', public_id, '{}', 1, 1 FROM token_transactions "
    "WHERE kind IN ('grant', 'bulk_grant');"
    "INSERT INTO audit (at, actor, action, object) "
    "SELECT 1, actor, 'tokens.add', public_id FROM token_transactions "
    "WHERE kind = 'grant';"
    "INSERT INTO batches (id, public_id, actor, key, request_hash, mode, "
    "note, rows, granted, tokens, created_at, updated_at) VALUES "
    "(1, 'bat_1', 'admin:user_root', 'k3', x'', 'atomic', 'n', 1, 1, 5, 1, "
    "1);"
    "INSERT INTO audit (at, actor, action, object) VALUES "
    "(1, 'admin:user_root', 'tokens.bulk_grant', 'bat_1');";

static void
setup(void)
{
	random_seed(7);
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	books_empty();
	ck_assert_int_eq(db_open(scratch_db, DB_PRIVATE, &db), VT_OK);
	ck_assert_int_eq(db_script(db, "PRAGMA foreign_keys = OFF;"), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	books_fill(db);
	ck_assert_int_eq(db_script(db, shop), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
}

static void
teardown(void)
{
	db_close(db);
	scratch_remove();
}

static void
look(struct seen *s, const char *code, const char *sentence)
{
	(void)snprintf(s->last, sizeof(s->last), "%s: %s", code, sentence);
	if (s->code != NULL && strcmp(s->code, code) == 0 &&
	    strstr(sentence, s->part) != NULL)
		s->found++;
}

static void
on_fault(const char *code, const char *sentence, void *arg)
{
	struct seen *s = arg;

	s->faults++;
	look(s, code, sentence);
}

static void
on_note(const char *code, const char *sentence, void *arg)
{
	struct seen *s = arg;

	s->notes++;
	look(s, code, sentence);
}

static void
run(struct seen *s)
{
	struct proof_report r = {
		.fault = on_fault, .note = on_note, .arg = s
	};

	ck_assert_int_eq(billing_proof(db, &r), VT_OK);
	ck_assert_int_eq(r.faults, s->faults);
	ck_assert_int_eq(r.notes, s->notes);
	ck_assert_int_eq(r.orders, 3);
}

START_TEST(a_shop_in_order_has_no_fault_and_no_note)
{
	struct seen s = { 0 };
	struct verify_report v = { 0 };

	run(&s);
	ck_assert_msg(s.faults + s.notes == 0, "%s", s.last);
	ck_assert_int_eq(ledger_verify(db, &v), VT_OK);
	ck_assert_int_eq(v.faults, 0);
}
END_TEST

static const struct {
	const char *sql, *code, *part;
} tamperings[] = {
	{ "UPDATE orders SET pi = 'pi_2' WHERE id = 1", "order.grant",
	    "ord_1" },
	{ "UPDATE orders SET pi = NULL WHERE id = 1", "order.grant", "(none)" },
	{ "UPDATE orders SET pi = 'pi_2' WHERE id = 1", "payment.missing",
	    "ord_1" },
	{ "UPDATE orders SET pi = 'pi_2' WHERE id = 1", "payment.order",
	    "pi_1" },
	{ "UPDATE orders SET state = 'open' WHERE id = 1", "grant.order",
	    "pi:pi_1" },
	{ "UPDATE orders SET state = 'open' WHERE id = 1", "order.transaction",
	    "ord_1 is open" },
	{ "UPDATE orders SET state = 'granted' WHERE id = 2",
	    "order.transaction", "ord_2 is granted" },
	{ "UPDATE orders SET state = 'paid' WHERE id = 2", "order.paid",
	    "ord_2" },
	{ "UPDATE orders SET tokens = 5000 WHERE id = 1", "order.amount",
	    "5000 tokens" },
	{ "UPDATE orders SET tokens = 5000 WHERE id = 1", "grant.amount",
	    "order ord_1 of 5000" },
	{ "UPDATE orders SET tokens = 5000 WHERE id = 1", "order.tokens",
	    "ord_1" },
	{ "UPDATE orders SET amount = 1 WHERE id = 1", "order.amount",
	    "at 1 usd" },
	{ "UPDATE orders SET amount = 1 WHERE id = 1", "order.price",
	    "costs 3999" },
	{ "UPDATE orders SET currency = 'eur' WHERE id = 1", "order.amount",
	    "eur" },
	{ "UPDATE orders SET package_id = 'gift' WHERE id = 1", "order.price",
	    "package gift" },
	{ "UPDATE orders SET user = 2 WHERE id = 1", "order.user", "ord_1" },
	{ "UPDATE orders SET customer = 'cus_x' WHERE id = 1", "order.customer",
	    "cus_x" },
	{ "UPDATE customers SET user = 2", "order.customer", "cus_ada" },
	{ "DELETE FROM orders WHERE id = 1; UPDATE orders SET id = 9 WHERE "
	  "id = 2; INSERT INTO orders (id, public_id, user, tx, "
	  "catalog_version, tokens, amount, currency, state, created_at, "
	  "updated_at) VALUES (10, 'ord_x', 1, 99, 1, 1, 1, 'usd', 'open', "
	  "1, 1)",
	    "purchase.order", "purchase without an order" },
	{ "UPDATE prices SET amount = 1 WHERE item = 'professional'",
	    "order.price", "costs 1." },
	{ "DELETE FROM packages WHERE id = 'professional'", "order.tokens",
	    "has 0" },
	{ "UPDATE grants SET granted = 60", "grant.amount", "60 tokens" },
	{ "UPDATE grants SET lot = 2", "grant.lot", "lot 2" },
	{ "UPDATE grants SET tx = 2", "grant.movement", "pi:pi_1" },
	{ "UPDATE grants SET source = 'pi:pi_7'", "grant.order", "pi:pi_7" },
	{ "UPDATE grants SET booked = 3", "grant.booked", "3 tokens" },
	{ "UPDATE grants SET alarm = 'the amount is another'", "grant.alarm",
	    "the amount is another" },
	{ "UPDATE grants SET charge = 'ch_2'", "payment.charge", "ch_2" },
	{ "DELETE FROM grants", "grant.missing", "pi:pi_1" },
	{ "DELETE FROM grants", "event.effect", "evt_1" },
	{ "DELETE FROM payments", "payment.missing", "ord_1" },
	{ "UPDATE payments SET charge = 'ch_2'", "payment.charge", "ch_2" },
	{ "UPDATE payments SET order_id = 2", "payment.order", "pi_1" },
	{ "UPDATE token_transactions SET payment_intent_id = NULL "
	  "WHERE id = 1",
	    "payment.transaction", "(none)" },
	{ "UPDATE token_transactions SET stripe_charge_id = 'ch_9' "
	  "WHERE id = 1",
	    "payment.transaction", "ch_9" },
	{ "DELETE FROM outbox WHERE kind = 'purchase_receipt'", "mail.purchase",
	    "pi:pi_1" },
	{ "DELETE FROM outbox WHERE kind = 'tokens_granted'", "mail.grant",
	    "Nobody was told" },
	{ "DELETE FROM audit", "grant.audit", "does not know" },
	{ "DELETE FROM audit", "batch.audit", "bat_1" },
	{ "UPDATE batches SET granted = 2", "batch.rows", "2 rows" },
	{ "UPDATE batches SET tokens = 500", "batch.rows", "500 tokens" },
	{ "UPDATE events SET object = 'pi_8'", "event.effect", "pi_8" },
};

START_TEST(each_disagreement_is_named)
{
	struct seen s = { .code = tamperings[_i].code,
		.part = tamperings[_i].part };

	ck_assert_int_eq(db_begin(db), VT_OK);
	guards_drop(db);
	ck_assert_int_eq(db_script(db, tamperings[_i].sql), VT_OK);
	run(&s);
	ck_assert_msg(s.found >= 1, "%s: looked for %s %s, %d faults, last %s",
	    tamperings[_i].sql, s.code, s.part, s.faults, s.last);
	ck_assert_int_ge(s.faults, 1);
	db_rollback(db);
}
END_TEST

static const struct {
	const char *sql, *code, *part;
} waiting[] = {
	{ "UPDATE orders SET state = 'parked', note = 'amount_mismatch' "
	  "WHERE id = 2",
	    "order.parked", "amount_mismatch" },
	{ "UPDATE events SET state = 'parked', reason = 'api_version'",
	    "event.parked", "api_version" },
	{ "UPDATE events SET state = 'waiting', reason = NULL", "event.waiting",
	    "no reason" },
	{ "UPDATE events SET state = 'failed', tries = 3", "event.failed",
	    "failed 3 times" },
	{ "INSERT INTO attempts (what, subject, stripe_key, path, params, "
	  "body_hash, state, created_at, updated_at) VALUES ('intent', "
	  "'ord_2', 'k', '/', '', x'', 'unknown', 1, 1)",
	    "attempt.unknown", "ord_2" },
	{ "UPDATE outbox SET state = 'failed' WHERE object = 'pi_1'",
	    "mail.failed", "pi_1" },
};

START_TEST(what_waits_is_a_note_and_no_fault)
{
	struct seen s = { .code = waiting[_i].code, .part = waiting[_i].part };

	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(db_script(db, waiting[_i].sql), VT_OK);
	run(&s);
	ck_assert_msg(s.found == 1, "%s", s.last);
	ck_assert_int_eq(s.faults, 0);
	db_rollback(db);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("proof");
	TCase *c = unit_case(s, "core",
	    (const TTest *[]){
		a_shop_in_order_has_no_fault_and_no_note, NULL });

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(
	    c, each_disagreement_is_named, 0, (int)countof(tamperings));
	tcase_add_loop_test(
	    c, what_waits_is_a_note_and_no_fault, 0, (int)countof(waiting));
	return unit_run(s);
}
