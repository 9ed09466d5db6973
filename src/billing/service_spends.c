/* service_calls: spends and reversals. See service_calls.h. */
#include "billing/service_calls.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "billing/service_call_steps.h"
#include "ledger/lots.h"
#include "ledger/movements.h"
#include "ledger/reverse.h"
#include "ledger/services.h"
#include "ledger/spend.h"

enum { PUBLIC_ID, REVERSED, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[PUBLIC_ID] = "SELECT public_id FROM token_transactions WHERE id = :tx",
	[REVERSED] = "SELECT public_id, tokens FROM token_transactions "
		     "WHERE id = :tx",
};

/* ---- shared steps -------------------------------------------------------- */

enum vt_err
service_call_again(struct db *db, const struct service_call *c,
    struct service_answer *out, int64_t *tx, struct vt_problem *p)
{
	struct idempotency_record record;
	enum vt_err err;

	*tx = 0;
	err = idempotency_find(db, c->arena, c->key, &record, p);
	if (err != VT_OK)
		return err;
	*tx = record.tx;
	if (record.body == NULL)
		return VT_NOTFOUND;
	out->status = record.status;
	out->body = record.body;
	out->replayed = true;
	return VT_OK;
}

enum vt_err
service_call_answer(struct db *db, const struct service_call *c, int64_t tx,
    int status, const struct json *body, struct service_answer *out)
{
	out->status = status;
	out->body = json_text(c->arena, body);
	return idempotency_keep(db, c->key, tx, status, out->body, c->now_ms);
}

enum vt_err
service_call_user(struct db *db, const char *sub, int64_t tokens, int64_t *user,
    struct vt_problem *p)
{
	bool deleted;
	enum vt_err err;

	err = user_id_by_sub(db, sub, user, &deleted);
	if (err == VT_OK && deleted)
		return vt_problem(p, VT_CONFLICT, "account_closed", "user",
		    "This user's account was closed.");
	if (err != VT_NOTFOUND)
		return err;
	(void)vt_problem(p, VT_FUNDS, "insufficient_tokens", NULL,
	    "%" PRId64 " tokens are needed and 0 are available.", tokens);
	if (p != NULL)
		(void)snprintf(
		    p->details, sizeof(p->details), "{\"available\":0}");
	return VT_FUNDS;
}

/*
 * Of the members and not of the body's bytes, so that a client that writes
 * the same request a little differently the second time is understood. No
 * part but the last can hold a line feed.
 */
void
service_call_hash(struct arena *a, const char *what, const char *user,
    int64_t tokens, int64_t ttl_s, const char *metadata,
    unsigned char out[static 32])
{
	const char *text =
	    arena_printf(a, "%s\n%s\n%" PRId64 "\n%" PRId64 "\n%s", what, user,
		tokens, ttl_s, metadata == NULL ? "" : metadata);

	(void)crypto_hash_sha256(
	    out, (const unsigned char *)text, strlen(text)); /* always 0 */
}

/* ---- spend --------------------------------------------------------------- */

static enum vt_err
on_use(const struct lot_use *u, void *arg)
{
	struct json *o = json_add_object(arg);

	json_put_str(o, "transaction_id", u->tx);
	json_put_str(o, "origin", u->origin);
	json_put_int(o, "tokens", u->tokens);
	return VT_OK;
}

static struct json *
spend_body(struct arena *a, const char *transaction, int64_t available,
    const struct json *lots)
{
	struct json *j = json_object(a);

	json_put_str(j, "transaction_id", transaction);
	json_put_int(j, "available", available);
	json_put_copy(j, "lots", lots);
	return j;
}

/* From the books: the same that was told when they were written. */
static enum vt_err
spend_again(struct db *db, const struct service_spend *s,
    const struct service_reference *ref, struct service_answer *out)
{
	struct json *lots = json_array(s->call.arena);
	char transaction[RANDOM_ID_BYTES];
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[PUBLIC_ID], DB_INT("tx", ref->tx));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	(void)db_copy(&q, 0, transaction, sizeof(transaction));
	db_done(&q);
	err = lot_uses_each(db, ref->tx, on_use, lots);
	if (err != VT_OK)
		return err;
	out->status = 200;
	out->replayed = true;
	out->body = json_text(s->call.arena,
	    spend_body(s->call.arena, transaction, ref->available, lots));
	return VT_OK;
}

static enum vt_err
spend_now(struct db *db, const struct service_spend *s,
    struct service_reference *ref, struct service_answer *out,
    struct vt_problem *p)
{
	struct json *lots = json_array(s->call.arena);
	char cause[LEDGER_CAUSE_BYTES];
	struct spend spend = { .tokens = s->tokens,
		.cause = cause,
		.actor = s->call.actor,
		.metadata = s->metadata,
		.now_ms = s->call.now_ms,
		.used = on_use,
		.used_arg = lots };
	struct spend_done done;
	enum vt_err err;

	/* The actor begins with "service:", the cause names the service. */
	(void)snprintf(cause, sizeof(cause), "spend:%s:%s",
	    s->call.actor + strlen("service:"), s->reference);
	err = service_call_user(db, s->user, s->tokens, &spend.user, p);
	if (err == VT_OK)
		err = ledger_spend(db, &spend, &done, p);
	if (err == VT_OK)
		err = service_count(
		    db, s->call.service, s->tokens, s->call.now_ms, p);
	if (err != VT_OK)
		return err;
	ref->tx = done.tx.id;
	ref->available = done.available;
	err = service_reference_keep(
	    db, s->call.service, s->reference, ref, s->call.now_ms);
	fault_point("service.after_spend");
	if (err != VT_OK)
		return err;
	return service_call_answer(db, &s->call, ref->tx, 200,
	    spend_body(s->call.arena, done.tx.public_id, ref->available, lots),
	    out);
}

enum vt_err
service_spend(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct service_spend *s = in;
	struct service_answer *o = out;
	struct service_reference ref = { .tx = 0 };
	unsigned char hash[32];
	enum vt_err err;
	int64_t tx;

	memset(o, 0, sizeof(*o));
	err = service_call_again(db, &s->call, o, &tx, p);
	if (err != VT_NOTFOUND)
		return err;
	service_call_hash(
	    s->call.arena, "spend", s->user, s->tokens, 0, s->metadata, hash);
	err = service_reference_find(
	    db, s->call.service, s->reference, hash, &ref, p);
	if (err == VT_OK)
		return spend_again(db, s, &ref, o);
	if (err != VT_NOTFOUND)
		return err;
	memcpy(ref.request_hash, hash, sizeof(hash));
	return spend_now(db, s, &ref, o, p);
}

/* ---- reverse ------------------------------------------------------------- */

static struct json *
reverse_body(struct arena *a, const char *transaction, int64_t tokens)
{
	struct json *j = json_object(a);

	json_put_str(j, "transaction_id", transaction);
	json_put_int(j, "tokens", tokens);
	return j;
}

/* An answer whose text was pruned, from the books. */
static enum vt_err
reverse_again(struct db *db, const struct service_reverse *v, int64_t tx,
    struct service_answer *out)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[REVERSED], DB_INT("tx", tx));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	out->status = 201;
	out->replayed = true;
	out->body = json_text(v->call.arena,
	    reverse_body(v->call.arena, db_text(&q, 0), db_int(&q, 1)));
	db_done(&q);
	return VT_OK;
}

enum vt_err
service_reverse(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct service_reverse *v = in;
	struct service_answer *o = out;
	struct reverse r = { .transaction = v->transaction,
		.actor = v->call.actor,
		.key = idempotency_given(v->call.key) ? v->call.key->key
						      : v->call.request_id,
		.tokens = v->tokens,
		.reason = v->reason,
		.now_ms = v->call.now_ms,
		.arena = v->call.arena };
	struct reverse_done done;
	enum vt_err err;
	int64_t tx;

	memset(o, 0, sizeof(*o));
	err = service_call_again(db, &v->call, o, &tx, p);
	if (err == VT_NOTFOUND && tx != 0)
		return reverse_again(db, v, tx, o);
	if (err != VT_NOTFOUND)
		return err;
	err = ledger_reverse(db, &r, &done, p);
	if (err != VT_OK)
		return err;
	return service_call_answer(db, &v->call, done.tx.id, 201,
	    reverse_body(v->call.arena, done.tx.public_id, done.tokens), o);
}
