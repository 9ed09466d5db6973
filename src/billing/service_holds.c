/* service_calls: holds, captures and releases. See service_calls.h. */
#include "billing/service_calls.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "billing/service_call_steps.h"
#include "ledger/holds.h"
#include "ledger/lots.h"
#include "ledger/services.h"

enum { OPENED, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[OPENED] = "SELECT created_at FROM holds WHERE id = :id",
};

/* ---- hold ---------------------------------------------------------------- */

static struct json *
hold_body(struct arena *a, const struct hold *h, int64_t available)
{
	struct json *j = json_object(a);
	char at[CLOCK_TEXT_BYTES];

	clock_format(h->expires_at, at);
	json_put_str(j, "hold_id", h->public_id);
	json_put_str(j, "expires_at", at);
	json_put_int(j, "available", available);
	return j;
}

static enum vt_err
hold_again(struct db *db, const struct service_hold *s,
    const struct service_reference *ref, struct service_answer *out)
{
	struct hold h;
	enum vt_err err;

	err = hold_by_id(db, ref->hold, &h);
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	out->status = 201;
	out->replayed = true;
	out->body = json_text(
	    s->call.arena, hold_body(s->call.arena, &h, ref->available));
	return VT_OK;
}

static enum vt_err
hold_now(struct db *db, const struct service_hold *s,
    struct service_reference *ref, struct service_answer *out,
    struct vt_problem *p)
{
	struct hold_new n = { .service = s->call.service,
		.reference = s->reference,
		.tokens = s->tokens,
		.expires_at = s->call.now_ms + s->ttl_s * 1000,
		.now_ms = s->call.now_ms };
	struct balance b;
	struct hold h;
	enum vt_err err;

	err = service_call_user(db, s->user, s->tokens, &n.user, p);
	if (err == VT_OK)
		err = hold_open(db, &n, &h, p);
	if (err == VT_OK)
		err = service_count(
		    db, s->call.service, s->tokens, s->call.now_ms, p);
	if (err == VT_OK)
		err = ledger_balance(db, n.user, s->call.now_ms, &b);
	if (err != VT_OK)
		return err;
	ref->hold = h.id;
	ref->available = b.available;
	err = service_reference_keep(
	    db, s->call.service, s->reference, ref, s->call.now_ms);
	fault_point("service.after_hold");
	if (err != VT_OK)
		return err;
	return service_call_answer(db, &s->call, 0, 201,
	    hold_body(s->call.arena, &h, b.available), out);
}

enum vt_err
service_hold(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct service_hold *s = in;
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
	    s->call.arena, "hold", s->user, s->tokens, s->ttl_s, NULL, hash);
	err = service_reference_find(
	    db, s->call.service, s->reference, hash, &ref, p);
	if (err == VT_OK)
		return hold_again(db, s, &ref, o);
	if (err != VT_NOTFOUND)
		return err;
	memcpy(ref.request_hash, hash, sizeof(hash));
	return hold_now(db, s, &ref, o, p);
}

/* ---- capture and release ------------------------------------------------- */

static enum vt_err
find(struct db *db, const struct service_hold_end *e, struct hold *out,
    struct vt_problem *p)
{
	enum vt_err err = hold_find(db, e->call.service, e->hold, out);

	if (err != VT_NOTFOUND)
		return err;
	return vt_problem(p, err, "unknown_hold", "hold_id",
	    "There is no such hold of this service.");
}

/* What was given back does not count for the day's cap any more. */
static enum vt_err
uncount(struct db *db, const struct hold *h, int64_t released)
{
	enum vt_err err;
	struct query q;
	int64_t at;

	if (released == 0)
		return VT_OK;
	err = db_row(&q, db, sql[OPENED], DB_INT("id", h->id));
	if (err != VT_OK)
		return err == VT_NOTFOUND ? VT_DB : err;
	at = db_int(&q, 0);
	db_done(&q);
	return service_uncount(db, h->service, released, at);
}

/* The end of both: the cap, the balance, the answer. */
static enum vt_err
ended(struct db *db, const struct service_call *c, const struct hold *h,
    const struct hold_end *end, struct service_answer *out)
{
	struct json *j = json_object(c->arena);
	struct balance b;
	enum vt_err err;

	err = uncount(db, h, end->released);
	if (err == VT_OK)
		err = ledger_balance(db, h->user, c->now_ms, &b);
	if (err != VT_OK)
		return err;
	if (end->tx.id != 0) {
		json_put_str(j, "transaction_id", end->tx.public_id);
		json_put_int(j, "released", end->released);
	}
	json_put_int(j, "available", b.available);
	return service_call_answer(db, c, end->tx.id, 200, j, out);
}

enum vt_err
service_capture(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct service_hold_end *e = in;
	struct service_answer *o = out;
	struct hold_end end;
	struct hold h;
	enum vt_err err;
	int64_t tx;

	memset(o, 0, sizeof(*o));
	err = service_call_again(db, &e->call, o, &tx, p);
	if (err != VT_NOTFOUND)
		return err;
	err = find(db, e, &h, p);
	if (err == VT_OK)
		err = hold_capture(
		    db, &h, e->tokens, e->call.actor, e->call.now_ms, &end, p);
	fault_point("service.after_capture");
	return err == VT_OK ? ended(db, &e->call, &h, &end, o) : err;
}

enum vt_err
service_release(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct service_hold_end *e = in;
	struct service_answer *o = out;
	struct hold_end end;
	struct hold h;
	enum vt_err err;
	int64_t tx;

	memset(o, 0, sizeof(*o));
	err = service_call_again(db, &e->call, o, &tx, p);
	if (err != VT_NOTFOUND)
		return err;
	err = find(db, e, &h, p);
	if (err == VT_OK)
		err = hold_release(db, &h, e->call.now_ms, &end, p);
	return err == VT_OK ? ended(db, &e->call, &h, &end, o) : err;
}
