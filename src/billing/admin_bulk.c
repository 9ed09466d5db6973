/*
 * admin_bulk: tokens for many users at once. See admin_grants.h.
 *
 * Two passes: first every row is looked at, which is all that a dry run
 * does; then, if the mode allows it, what is good is granted. In the one
 * write of a batch nothing can change between the two.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "billing/admin_grant_steps.h"
#include "billing/audit.h"
#include "ledger/movements.h"
#include "text/json.h"

enum { BATCH_OF, BATCH_ADD, BATCH_GREW, TX_OF_CAUSE, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[BATCH_OF] = "SELECT id, public_id, request_hash FROM batches "
		     "WHERE actor = :actor AND key = :key",
	[BATCH_ADD] =
	    "INSERT INTO batches (public_id, actor, key, request_hash, mode, "
	    "note, rows, granted, tokens, created_at, updated_at) VALUES "
	    "(:public, :actor, :key, :hash, :mode, :note, :rows, 0, 0, :now, "
	    ":now) RETURNING id",
	[BATCH_GREW] = "UPDATE batches SET granted = granted + :granted, "
		       "tokens = tokens + :tokens, updated_at = :now "
		       "WHERE id = :id",
	[TX_OF_CAUSE] =
	    "SELECT t.public_id FROM movements m JOIN token_transactions t "
	    "ON t.id = m.tx WHERE m.cause = :cause",
};

static const char *const status_names[] = {
	[BULK_GRANTED] = "granted",
	[BULK_ALREADY_GRANTED] = "already_granted",
	[BULK_WOULD_GRANT] = "would_grant",
	[BULK_FAILED] = "failed",
};

static const char *const mode_names[] = {
	[BULK_ATOMIC] = "atomic",
	[BULK_PER_ROW] = "per_row",
};

/* A row with what was found out about it. */
struct row {
	int64_t user;
	const char *sub, *cause;
	struct bulk_result result;
};

struct run {
	struct db *db;
	const struct admin_bulk *in;
	struct row *rows;
	int64_t batch; /* 0: not made yet */
	char batch_id[RANDOM_ID_BYTES];
	const char *metadata; /* of each transaction: names the batch */
	/* Counted. */
	int64_t granted, already, failed, tokens;
};

/* ---- before anything ----------------------------------------------------- */

struct place {
	const char *email;
	size_t index;
};

static int
by_email(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int d = strcmp(x->email, y->email);

	return d != 0 ? d : (x->index > y->index) - (x->index < y->index);
}

enum vt_err
admin_bulk_check(const struct admin_bulk *b, struct vt_problem *p)
{
	struct place *places;
	char field[64];

	places = arena_array(b->grant.arena, b->count, sizeof(*places));
	for (size_t i = 0; i < b->count; i++)
		places[i] = (struct place){ b->rows[i].normal, i };
	qsort(places, b->count, sizeof(*places), by_email);
	for (size_t i = 1; i < b->count; i++) {
		if (*places[i].email == '\0' ||
		    strcmp(places[i - 1].email, places[i].email) != 0)
			continue;
		(void)snprintf(
		    field, sizeof(field), "users[%zu].email", places[i].index);
		return vt_problem(p, VT_INVALID, "duplicate_user", field,
		    "%s is in the batch twice (users[%zu] and users[%zu]).",
		    places[i].email, places[i - 1].index, places[i].index);
	}
	return VT_OK;
}

/* ---- first pass: looking ------------------------------------------------- */

static void
fail_row(struct run *run, struct row *row, const char *error)
{
	row->result.status = BULK_FAILED;
	(void)snprintf(
	    row->result.error, sizeof(row->result.error), "%s", error);
	run->failed++;
}

/* Granted by an earlier run with this key? Then by which transaction. */
static enum vt_err
look_for_cause(struct run *run, struct row *row)
{
	enum vt_err err;
	struct query q;

	err =
	    db_row(&q, run->db, sql[TX_OF_CAUSE], DB_TEXT("cause", row->cause));
	if (err == VT_NOTFOUND)
		return VT_OK;
	if (err != VT_OK)
		return err;
	row->result.status = BULK_ALREADY_GRANTED;
	(void)db_copy(&q, 0, row->result.transaction,
	    sizeof(row->result.transaction)); /* an id of ours fits */
	db_done(&q);
	run->already++;
	return VT_OK;
}

static enum vt_err
look_at(struct run *run, size_t i)
{
	const struct bulk_row *given = &run->in->rows[i];
	const struct admin_grant *g = &run->in->grant;
	struct row *row = &run->rows[i];
	struct vt_problem why = { 0 };
	struct user u;
	enum vt_err err;

	if (*given->normal == '\0') {
		fail_row(run, row, "invalid_email");
		return VT_OK;
	}
	err = user_by_email(run->db, given->normal, &u, &why);
	if (err == VT_NOTFOUND || err == VT_INVALID || err == VT_CONFLICT) {
		fail_row(run, row, why.code);
		return VT_OK;
	}
	if (err != VT_OK)
		return err;
	row->user = u.id;
	row->sub = arena_strdup(g->arena, u.sub);
	row->cause = admin_grant_cause(
	    g->arena, "bulk", g->actor, admin_grant_key(g), row->sub);
	if (row->cause == NULL) {
		fail_row(run, row, "key_too_long");
		return VT_OK;
	}
	row->result.status = BULK_WOULD_GRANT;
	return look_for_cause(run, row);
}

static enum vt_err
look_at_all(struct run *run)
{
	enum vt_err err = VT_OK;

	run->rows = arena_array(
	    run->in->grant.arena, run->in->count, sizeof(*run->rows));
	for (size_t i = 0; i < run->in->count && err == VT_OK; i++)
		err = look_at(run, i);
	return err;
}

/* The whole batch falls with its first bad row, which is named (R85). */
static enum vt_err
refuse(const struct run *run, struct vt_problem *p)
{
	char field[64];
	size_t i = 0;

	while (run->rows[i].result.status != BULK_FAILED)
		i++;
	(void)snprintf(field, sizeof(field), "users[%zu].email", i);
	(void)vt_problem(p, VT_INVALID, run->rows[i].result.error, field,
	    "Nothing was granted: %" PRId64 " of %zu rows cannot be, the "
	    "first of them users[%zu] (%s).",
	    run->failed, run->in->count, i, run->rows[i].result.error);
	if (p != NULL)
		(void)snprintf(p->details, sizeof(p->details),
		    "{\"rows\":%zu,\"failed\":%" PRId64 "}", run->in->count,
		    run->failed);
	return VT_INVALID;
}

/* ---- second pass: granting ----------------------------------------------- */

static enum vt_err
find_batch(struct run *run, struct vt_problem *p)
{
	const struct admin_grant *g = &run->in->grant;
	const void *hash;
	enum vt_err err;
	struct query q;
	size_t bytes;

	err = db_row(&q, run->db, sql[BATCH_OF], DB_TEXT("actor", g->actor),
	    DB_TEXT("key", admin_grant_key(g)));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_OK : err;
	run->batch = db_int(&q, 0);
	(void)db_copy(&q, 1, run->batch_id, sizeof(run->batch_id)); /* ours */
	hash = db_blob(&q, 2, &bytes);
	if (bytes != sizeof(g->key->request_hash) ||
	    memcmp(hash, g->key->request_hash, bytes) != 0)
		err = vt_problem(p, VT_CONFLICT, "idempotency_mismatch",
		    "Idempotency-Key",
		    "This Idempotency-Key was used with another body.");
	db_done(&q);
	return err;
}

static enum vt_err
add_batch(struct run *run)
{
	const struct admin_grant *g = &run->in->grant;
	enum vt_err err;
	struct query q;

	if (run->batch != 0)
		return VT_OK;
	random_id("bat_", run->batch_id);
	err = db_row(&q, run->db, sql[BATCH_ADD],
	    DB_TEXT("public", run->batch_id), DB_TEXT("actor", g->actor),
	    DB_TEXT("key", admin_grant_key(g)),
	    DB_BLOB("hash", g->key->request_hash, sizeof(g->key->request_hash)),
	    DB_TEXT("mode", mode_names[run->in->mode]),
	    DB_TEXT("note", g->note), DB_INT("rows", run->in->count),
	    DB_INT("now", g->now_ms));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	run->batch = db_int(&q, 0);
	db_done(&q);
	return VT_OK;
}

static enum vt_err
grant_row(struct run *run, size_t i)
{
	const struct admin_grant *g = &run->in->grant;
	struct row *row = &run->rows[i];
	struct grant_step step = { .kind = "bulk_grant",
		.cause = row->cause,
		.user = row->user,
		.tokens = run->in->rows[i].tokens,
		.metadata = run->metadata };
	struct transaction_ref tx;
	enum vt_err err;

	err = admin_grant_one(run->db, g, &step, &tx);
	if (err != VT_OK)
		return err;
	row->result.status = BULK_GRANTED;
	memcpy(row->result.transaction, tx.public_id, sizeof(tx.public_id));
	run->granted++;
	run->tokens += step.tokens;
	return VT_OK;
}

/* What was done by this run: the batch's sums, and a row of the audit. */
static enum vt_err
record_run(struct run *run)
{
	const struct admin_grant *g = &run->in->grant;
	struct json *detail = json_object(g->arena);
	enum vt_err err;

	err = db_exec(run->db, sql[BATCH_GREW], DB_INT("id", run->batch),
	    DB_INT("granted", run->granted), DB_INT("tokens", run->tokens),
	    DB_INT("now", g->now_ms));
	if (err != VT_OK)
		return err;
	json_put_str(detail, "mode", mode_names[run->in->mode]);
	json_put_int(detail, "rows", (int64_t)run->in->count);
	json_put_int(detail, "granted", run->granted);
	json_put_int(detail, "failed", run->failed);
	json_put_int(detail, "tokens", run->tokens);
	json_put_str(detail, "note", g->note);
	return audit_add(run->db, g->actor, "tokens.bulk_grant", run->batch_id,
	    json_text(g->arena, detail), g->now_ms);
}

static enum vt_err
grant_all(struct run *run)
{
	struct json *metadata = json_object(run->in->grant.arena);
	enum vt_err err;

	err = add_batch(run);
	json_put_str(metadata, "batch_id", run->batch_id);
	run->metadata = json_text(run->in->grant.arena, metadata);
	for (size_t i = 0; i < run->in->count && err == VT_OK; i++)
		if (run->rows[i].result.status == BULK_WOULD_GRANT)
			err = grant_row(run, i);
	fault_point("admin.after_bulk");
	return err == VT_OK ? record_run(run) : err;
}

/* ---- the answer ---------------------------------------------------------- */

static void
put_result(struct json *list, const struct run *run, size_t i)
{
	const struct bulk_result *r = &run->rows[i].result;
	struct json *o = json_add_object(list);

	json_put_str(o, "email", run->in->rows[i].email);
	json_put_str(o, "status", status_names[r->status]);
	if (r->transaction[0] != '\0')
		json_put_str(o, "transaction_id", r->transaction);
	if (r->error[0] != '\0')
		json_put_str(o, "error", r->error);
}

/* A dry run's totals say what a run would grant. */
static const char *
answer(struct run *run, bool dry)
{
	struct arena *a = run->in->grant.arena;
	struct json *j = json_object(a), *list, *totals;

	json_put_str(j, "batch_id", run->batch != 0 ? run->batch_id : NULL);
	json_put_bool(j, "dry_run", dry);
	list = json_put_array(j, "results");
	for (size_t i = 0; i < run->in->count; i++) {
		if (run->rows[i].result.status == BULK_WOULD_GRANT)
			run->tokens += run->in->rows[i].tokens;
		put_result(list, run, i);
	}
	totals = json_put_object(j, "totals");
	json_put_int(totals, "rows", (int64_t)run->in->count);
	json_put_int(totals, "granted",
	    dry ? (int64_t)run->in->count - run->failed - run->already
		: run->granted);
	json_put_int(totals, "already_granted", run->already);
	json_put_int(totals, "failed", run->failed);
	json_put_int(totals, "tokens", run->tokens);
	return json_text(a, j);
}

enum vt_err
admin_bulk_dry_run(
    struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct run run = { .db = db, .in = in };
	struct admin_bulked *o = out;
	enum vt_err err;

	err = find_batch(&run, p);
	if (err == VT_OK)
		err = look_at_all(&run);
	if (err == VT_OK && run.in->mode == BULK_ATOMIC && run.failed > 0)
		err = refuse(&run, p);
	if (err != VT_OK)
		return err;
	o->replayed = false;
	o->body = answer(&run, true);
	return VT_OK;
}

/*
 * Without failed rows it is final and its answer is kept. An answer that was
 * pruned is made again from the causes: every row is found granted.
 */
static enum vt_err
run_batch(struct run *run, struct admin_bulked *out, bool pruned,
    struct vt_problem *p)
{
	const struct admin_grant *g = &run->in->grant;
	enum vt_err err;

	err = find_batch(run, p);
	if (err == VT_OK)
		err = look_at_all(run);
	if (err == VT_OK && run->in->mode == BULK_ATOMIC && run->failed > 0)
		return refuse(run, p);
	if (err == VT_OK && !pruned)
		err = grant_all(run);
	if (err != VT_OK)
		return err;
	out->body = answer(run, false);
	if (pruned || run->failed > 0)
		return VT_OK;
	return idempotency_keep(run->db, g->key, 0, 200, out->body, g->now_ms);
}

enum vt_err
admin_bulk(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct run run = { .db = db, .in = in };
	const struct admin_grant *g = &run.in->grant;
	struct admin_bulked *o = out;
	struct idempotency_record record;
	enum vt_err err;

	memset(o, 0, sizeof(*o));
	err = idempotency_find(db, g->arena, g->key, &record, p);
	if (err != VT_OK && err != VT_NOTFOUND)
		return err;
	o->replayed = err == VT_OK;
	if (o->replayed && record.body != NULL) {
		o->body = record.body;
		return VT_OK;
	}
	return run_batch(&run, o, o->replayed, p);
}
