/* admin_grants: tokens for one user. See admin_grants.h. */
#include "billing/admin_grants.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "billing/admin_grant_steps.h"
#include "billing/audit.h"
#include "ledger/grant.h"
#include "ledger/lots.h"
#include "ledger/movements.h"
#include "notify/outbox.h"
#include "text/json.h"

enum { ANSWER_OF, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[ANSWER_OF] = "SELECT t.public_id, t.balance_after, u.clerk_sub "
		      "FROM token_transactions t JOIN users u ON u.id = t.user "
		      "WHERE t.id = :tx",
};

/* ---- shared steps -------------------------------------------------------- */

const char *
admin_grant_key(const struct admin_grant *g)
{
	return idempotency_given(g->key) ? g->key->key : g->request_id;
}

const char *
admin_grant_cause(struct arena *a, const char *word, const char *actor,
    const char *key, const char *user)
{
	const char *cause = arena_printf(a, "%s:%s:%s%s%s", word, actor, key,
	    user == NULL ? "" : ":", user == NULL ? "" : user);

	return strlen(cause) < LEDGER_CAUSE_BYTES ? cause : NULL;
}

/* The mail that tells the user; courier renders it. The note stays inside. */
static enum vt_err
tell(struct db *db, const struct admin_grant *g, const struct grant_step *s,
    const char *transaction, int64_t balance)
{
	struct json *j = json_object(g->arena);
	char at[CLOCK_TEXT_BYTES];

	json_put_str(j, "transaction_id", transaction);
	json_put_int(j, "tokens", s->tokens);
	json_put_int(j, "balance", balance);
	if (g->expires_at != 0) {
		clock_format(g->expires_at, at);
		json_put_str(j, "expires_at", at);
	}
	return outbox_add(db, "tokens_granted", transaction, s->user,
	    json_text(g->arena, j), g->now_ms);
}

enum vt_err
admin_grant_one(struct db *db, const struct admin_grant *g,
    const struct grant_step *s, struct transaction_ref *out)
{
	struct transaction_new t = { .user = s->user,
		.kind = s->kind,
		.status = "pending",
		.tokens = s->tokens,
		.actor = g->actor,
		.note = g->note,
		.metadata = s->metadata,
		.now_ms = g->now_ms };
	struct grant grant = { .user = s->user,
		.cause = s->cause,
		.origin = "grant",
		.paid = false, /* R86 */
		.tokens = s->tokens,
		.expires_at = g->expires_at,
		.now_ms = g->now_ms };
	struct grant_done done;
	enum vt_err err;

	err = transaction_add(db, &t, out);
	if (err != VT_OK)
		return err;
	grant.tx = out->id;
	err = ledger_grant(db, &grant, &done);
	fault_point("admin.after_grant");
	if (err != VT_OK)
		return err;
	return tell(db, g, s, out->public_id, done.balance);
}

/* ---- one user ------------------------------------------------------------ */

static enum vt_err
find_user(struct db *db, const struct admin_add *in, struct user *u,
    struct vt_problem *p)
{
	enum vt_err err;

	if (in->email != NULL)
		return user_by_email(db, in->email, u, p);
	err = user_by_sub(db, in->user, u);
	if (err == VT_NOTFOUND || (err == VT_OK && u->deleted))
		return vt_problem(p, VT_NOTFOUND, "unknown_user", "user",
		    "There is no user with this id.");
	return err;
}

static const char *
answer(
    struct arena *a, const char *transaction, int64_t balance, const char *user)
{
	struct json *j = json_object(a);

	json_put_str(j, "transaction_id", transaction);
	json_put_int(j, "balance", balance);
	json_put_str(j, "user", user);
	return json_text(a, j);
}

/* The first answer, or the same from the books once its text was pruned. */
static enum vt_err
replay(struct db *db, const struct admin_grant *g,
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
	    answer(g->arena, db_text(&q, 0), db_int(&q, 1), db_text(&q, 2));
	db_done(&q);
	return VT_OK;
}

static enum vt_err
record_add(struct db *db, const struct admin_add *in, const struct user *u,
    const char *transaction)
{
	struct json *detail = json_object(in->grant.arena);

	json_put_str(detail, "user", u->sub);
	json_put_int(detail, "tokens", in->tokens);
	json_put_str(detail, "note", in->grant.note);
	return audit_add(db, in->grant.actor, "tokens.add", transaction,
	    json_text(in->grant.arena, detail), in->grant.now_ms);
}

static enum vt_err
add(struct db *db, const struct admin_add *in, const struct user *u,
    struct admin_added *out, struct vt_problem *p)
{
	const struct admin_grant *g = &in->grant;
	struct grant_step step = {
		.kind = "grant", .user = u->id, .tokens = in->tokens
	};
	struct transaction_ref tx;
	struct balance b;
	enum vt_err err;

	step.cause = admin_grant_cause(
	    g->arena, "grant", g->actor, admin_grant_key(g), NULL);
	if (step.cause == NULL)
		return vt_problem(p, VT_INVALID, "invalid_field",
		    "Idempotency-Key", "The Idempotency-Key is too long.");
	err = admin_grant_one(db, g, &step, &tx);
	if (err == VT_CONFLICT)
		return vt_problem(p, VT_CONFLICT, "duplicate_request", NULL,
		    "This request has granted its tokens already.");
	if (err == VT_OK)
		err = record_add(db, in, u, tx.public_id);
	if (err == VT_OK)
		err = ledger_balance(db, u->id, g->now_ms, &b);
	if (err != VT_OK)
		return err;
	out->body = answer(g->arena, tx.public_id, b.available, u->sub);
	return idempotency_keep(db, g->key, tx.id, 201, out->body, g->now_ms);
}

enum vt_err
admin_add(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct admin_add *i = in;
	struct admin_added *o = out;
	struct idempotency_record record;
	struct user u;
	enum vt_err err;

	memset(o, 0, sizeof(*o));
	err = idempotency_find(db, i->grant.arena, i->grant.key, &record, p);
	if (err == VT_OK)
		return replay(db, &i->grant, &record, o);
	if (err != VT_NOTFOUND)
		return err;
	err = find_user(db, i, &u, p);
	return err == VT_OK ? add(db, i, &u, o, p) : err;
}
