/* admin_revoke: see admin_revoke.h. */
#include "billing/admin_revoke.h"

#include <string.h>

#include "base/fault.h"
#include "billing/admin_grant_steps.h"
#include "billing/audit.h"
#include "ledger/revoke.h"
#include "text/json.h"

enum { ANSWER_OF, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[ANSWER_OF] = "SELECT public_id, -tokens, balance_after "
		      "FROM token_transactions WHERE id = :tx",
};

static const char *
answer(
    struct arena *a, const char *transaction, int64_t tokens, int64_t balance)
{
	struct json *j = json_object(a);

	json_put_str(j, "transaction_id", transaction);
	json_put_int(j, "tokens", tokens);
	json_put_int(j, "balance", balance);
	return json_text(a, j);
}

/* The first answer, or the same from the books once its text was pruned. */
static enum vt_err
replay(struct db *db, const struct admin_revoke *v,
    const struct idempotency_record *record, struct admin_added *out)
{
	enum vt_err err;
	struct query q;

	out->replayed = true;
	out->body = record->body;
	if (out->body != NULL)
		return VT_OK;
	err = db_row(&q, db, sql[ANSWER_OF], DB_INT("tx", record->tx));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	out->body =
	    answer(v->arena, db_text(&q, 0), db_int(&q, 1), db_int(&q, 2));
	db_done(&q);
	return VT_OK;
}

static enum vt_err
record(
    struct db *db, const struct admin_revoke *v, const struct revoke_done *done)
{
	struct json *detail = json_object(v->arena);

	json_put_str(detail, "revokes", v->transaction);
	json_put_int(detail, "tokens", done->tokens);
	json_put_str(detail, "reason", v->reason);
	return audit_add(db, v->actor, "tokens.revoke", done->tx.public_id,
	    json_text(v->arena, detail), v->now_ms);
}

enum vt_err
admin_revoke(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct admin_revoke *v = in;
	struct admin_added *o = out;
	struct idempotency_record kept;
	struct revoke r = { .transaction = v->transaction,
		.actor = v->actor,
		.tokens = v->tokens,
		.reason = v->reason,
		.now_ms = v->now_ms };
	struct revoke_done done;
	enum vt_err err;

	memset(o, 0, sizeof(*o));
	err = idempotency_find(db, v->arena, v->key, &kept, p);
	if (err == VT_OK)
		return replay(db, v, &kept, o);
	if (err != VT_NOTFOUND)
		return err;
	r.cause = admin_grant_cause(v->arena, "revoke", v->actor,
	    idempotency_given(v->key) ? v->key->key : v->request_id, NULL);
	if (r.cause == NULL)
		return vt_problem(p, VT_INVALID, "invalid_field",
		    "Idempotency-Key", "The Idempotency-Key is too long.");
	err = ledger_revoke(db, &r, &done, p);
	fault_point("admin.after_revoke");
	if (err == VT_OK)
		err = record(db, v, &done);
	if (err != VT_OK)
		return err;
	o->body =
	    answer(v->arena, done.tx.public_id, done.tokens, done.available);
	return idempotency_keep(
	    db, v->key, done.tx.id, 201, o->body, v->now_ms);
}
