/*
 * admin-tokens: tokens given and taken back by hand, and everybody's
 * transactions, for administrators and for services with the scope (POST
 * /api/admin/tokens/add, POST .../bulk-grant, POST .../revoke, GET
 * .../transactions). It holds Clerk's public key. See admin-tokens(8).
 */
#include <stddef.h>
#include <string.h>

#include "access/access.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "billing/admin_grants.h"
#include "billing/admin_revoke.h"
#include "billing/low_balance.h"
#include "history.h"
#include "ledger/movements.h"
#include "store/readers.h"
#include "store/writer.h"
#include "web/worker.h"

#define ADD_BYTES_MAX (64 * 1024)
#define BULK_BYTES_MAX (1024 * 1024)
#define NO_BODY 0
#define NOTE_BYTES_MAX 500

/* ---- what one grant and many share --------------------------------------- */

/* From credentials, never from a body (R84). */
static const char *
actor_of(const struct request *r)
{
	static const char user[] = "user:";
	const struct caller *c = access_caller(r);

	if (c->service != 0)
		return c->actor;
	return arena_printf(r->arena, "admin:%s", c->actor + strlen(user));
}

static enum vt_err
read_note(const char *note, struct vt_problem *p)
{
	if (note[strspn(note, " ")] != '\0')
		return VT_OK;
	return vt_problem(p, VT_INVALID, "invalid_field", "note",
	    "note must say why the tokens are given.");
}

static enum vt_err
read_expiry(
    const char *text, int64_t now_ms, int64_t *out, struct vt_problem *p)
{
	*out = 0;
	if (text == NULL)
		return VT_OK;
	if (clock_parse(text, out) == VT_OK && *out > now_ms)
		return VT_OK;
	return vt_problem(p, VT_INVALID, "invalid_field", "expires_at",
	    "expires_at must be a time in the future such as "
	    "2027-01-01T00:00:00Z.");
}

/* Everything but the rows; `key` is filled in and pointed at. */
static enum vt_err
read_grant(struct request *r, const char *note, const char *expires_at,
    struct idempotency_key *key, struct admin_grant *out, struct vt_problem *p)
{
	enum vt_err err;

	out->actor = actor_of(r);
	out->key = key;
	out->request_id = r->id;
	out->note = note;
	out->now_ms = clock_now_ms();
	out->arena = r->arena;
	err = read_note(note, p);
	if (err == VT_OK)
		err = read_expiry(expires_at, out->now_ms, &out->expires_at, p);
	if (err != VT_OK)
		return err;
	return idempotency_key_init(key, out->actor, r->path,
	    request_header(r, "Idempotency-Key"), r->body, r->body_bytes, p);
}

static void
answer(struct response *w, int status, const char *body, bool replayed)
{
	if (replayed)
		response_header(w, "Idempotent-Replayed", "true");
	response_text(
	    w, status, "application/json; charset=utf-8", body, strlen(body));
}

/* ---- one user ------------------------------------------------------------ */

struct add_input {
	const char *user_email, *user, *note, *expires_at;
	int64_t amount;
};

static const struct json_field add_fields[] = {
	{ "user_email", JSON_TEXT, false,
	    offsetof(struct add_input, user_email), 3, 254 },
	{ "user", JSON_TEXT, false, offsetof(struct add_input, user), 1,
	    USER_SUB_BYTES - 1 },
	{ "amount", JSON_INT, true, offsetof(struct add_input, amount), 1,
	    LEDGER_TOKENS_MAX },
	{ "note", JSON_TEXT, true, offsetof(struct add_input, note), 1,
	    NOTE_BYTES_MAX },
	{ "expires_at", JSON_TEXT, false,
	    offsetof(struct add_input, expires_at), 1, 40 },
};

static enum vt_err
read_user(struct request *r, const struct add_input *in, struct admin_add *out,
    struct vt_problem *p)
{
	char *normal;

	if (in->user_email == NULL && in->user == NULL)
		return vt_problem(p, VT_INVALID, "missing_field", "user_email",
		    "user_email or user must say who gets the tokens.");
	if (in->user_email != NULL && in->user != NULL)
		return vt_problem(p, VT_INVALID, "invalid_field", "user",
		    "Give user_email or user, not both.");
	out->user = in->user;
	if (in->user_email == NULL)
		return VT_OK;
	normal = arena_alloc(r->arena, USER_EMAIL_BYTES);
	out->email = normal;
	if (user_email_normal(in->user_email, normal) == VT_OK)
		return VT_OK;
	return vt_problem(p, VT_INVALID, "invalid_field", "user_email",
	    "user_email must be an e-mail address.");
}

static enum vt_err
add_post(struct request *r, struct response *w, struct vt_problem *p)
{
	struct add_input in = { 0 };
	struct admin_add add = { 0 };
	struct idempotency_key key;
	struct admin_added done;
	enum vt_err err;

	err = request_json(r, add_fields, countof(add_fields), &in, p);
	if (err == VT_OK)
		err = read_user(r, &in, &add, p);
	if (err == VT_OK)
		err =
		    read_grant(r, in.note, in.expires_at, &key, &add.grant, p);
	if (err != VT_OK)
		return err;
	add.tokens = in.amount;
	fault_point("admin.before_write");
	err = writer_run(worker_state(r)->writer, admin_add, &add, &done, p);
	fault_point("admin.before_answer");
	if (err != VT_OK)
		return err;
	LOG(LOG_INFO, "tokens.added", LOG_S("actor", add.grant.actor),
	    LOG_I("tokens", add.tokens), LOG_I("replayed", done.replayed));
	answer(w, 201, done.body, done.replayed);
	return VT_OK;
}

/* ---- many users ---------------------------------------------------------- */

struct bulk_input {
	const struct json *users;
	const char *note, *expires_at, *mode;
	bool dry_run;
};

static const struct json_field bulk_fields[] = {
	{ "users", JSON_NODE, true, offsetof(struct bulk_input, users), 0, 0 },
	{ "note", JSON_TEXT, true, offsetof(struct bulk_input, note), 1,
	    NOTE_BYTES_MAX },
	{ "expires_at", JSON_TEXT, false,
	    offsetof(struct bulk_input, expires_at), 1, 40 },
	{ "mode", JSON_TEXT, false, offsetof(struct bulk_input, mode), 1, 20 },
	{ "dry_run", JSON_BOOL, false, offsetof(struct bulk_input, dry_run), 0,
	    0 },
};

struct row_input {
	const char *email;
	int64_t amount;
};

static const struct json_field row_fields[] = {
	{ "email", JSON_TEXT, true, offsetof(struct row_input, email), 1, 254 },
	{ "amount", JSON_INT, true, offsetof(struct row_input, amount), 1,
	    LEDGER_TOKENS_MAX },
};

static enum vt_err
read_row(struct request *r, const struct json *user, size_t i,
    struct bulk_row *out, struct vt_problem *p)
{
	const char *prefix = arena_printf(r->arena, "users[%zu].", i);
	struct row_input in = { 0 };
	char normal[USER_EMAIL_BYTES];
	enum vt_err err;

	if (!json_is_object(user)) {
		prefix = arena_printf(r->arena, "users[%zu]", i);
		return vt_problem(p, VT_INVALID, "invalid_field", prefix,
		    "%s must be an object with email and amount.", prefix);
	}
	err = json_read(user, row_fields, countof(row_fields), prefix, &in, p);
	if (err != VT_OK)
		return err;
	out->email = in.email;
	out->tokens = in.amount;
	/* What is no address fails its row, as an unknown one does. */
	out->normal = user_email_normal(in.email, normal) == VT_OK
	    ? arena_strdup(r->arena, normal)
	    : "";
	return VT_OK;
}

static enum vt_err
read_rows(struct request *r, const struct json *users, struct admin_bulk *out,
    struct vt_problem *p)
{
	const struct json *user;
	struct bulk_row *rows;
	enum vt_err err = VT_OK;
	size_t i = 0;

	out->count = json_is_array(users) ? json_count(users) : 0;
	if (out->count < 1 || out->count > BULK_ROWS_MAX)
		return vt_problem(p, VT_INVALID, "invalid_field", "users",
		    "users must be a list of 1 to %d.", BULK_ROWS_MAX);
	rows = arena_array(r->arena, out->count, sizeof(*rows));
	for (user = json_first(users); user != NULL && err == VT_OK;
	     user = json_next(user), i++)
		err = read_row(r, user, i, &rows[i], p);
	out->rows = rows;
	return err;
}

static enum vt_err
read_mode(const char *mode, enum bulk_mode *out, struct vt_problem *p)
{
	*out = BULK_ATOMIC;
	if (mode == NULL || strcmp(mode, "atomic") == 0)
		return VT_OK;
	*out = BULK_PER_ROW;
	if (strcmp(mode, "per_row") == 0)
		return VT_OK;
	return vt_problem(p, VT_INVALID, "invalid_field", "mode",
	    "mode must be \"atomic\" or \"per_row\".");
}

static enum vt_err
bulk_post(struct request *r, struct response *w, struct vt_problem *p)
{
	struct worker_state *s = worker_state(r);
	struct bulk_input in = { 0 };
	struct admin_bulk bulk = { 0 };
	struct idempotency_key key;
	struct admin_bulked done = { 0 };
	enum vt_err err;

	if ((err = request_json(
		 r, bulk_fields, countof(bulk_fields), &in, p)) != VT_OK ||
	    (err = read_mode(in.mode, &bulk.mode, p)) != VT_OK ||
	    (err = read_rows(r, in.users, &bulk, p)) != VT_OK ||
	    (err = read_grant(
		 r, in.note, in.expires_at, &key, &bulk.grant, p)) != VT_OK ||
	    (err = admin_bulk_check(&bulk, p)) != VT_OK)
		return err;
	fault_point("admin.before_bulk");
	if (in.dry_run)
		err = readers_run(
		    s->readers, admin_bulk_dry_run, &bulk, &done, p);
	else
		err = writer_run_alone(s->writer, admin_bulk, &bulk, &done, p);
	fault_point("admin.before_bulk_answer");
	if (err != VT_OK)
		return err;
	LOG(LOG_INFO, "tokens.bulk_granted", LOG_S("actor", bulk.grant.actor),
	    LOG_I("rows", bulk.count), LOG_I("dry_run", in.dry_run),
	    LOG_I("replayed", done.replayed));
	answer(w, 200, done.body, done.replayed);
	return VT_OK;
}

/* ---- taken back ---------------------------------------------------------- */

struct revoke_input {
	const char *transaction_id, *reason;
	int64_t amount;
};

static const struct json_field revoke_fields[] = {
	{ "transaction_id", JSON_TEXT, true,
	    offsetof(struct revoke_input, transaction_id), 1,
	    RANDOM_ID_BYTES - 1 },
	{ "amount", JSON_INT, false, offsetof(struct revoke_input, amount), 1,
	    LEDGER_TOKENS_MAX },
	{ "reason", JSON_TEXT, true, offsetof(struct revoke_input, reason), 1,
	    NOTE_BYTES_MAX },
};

static enum vt_err
read_revoke(struct request *r, struct idempotency_key *key,
    struct admin_revoke *out, struct vt_problem *p)
{
	struct revoke_input in = { 0 };
	enum vt_err err;

	err = request_json(r, revoke_fields, countof(revoke_fields), &in, p);
	if (err == VT_OK && in.reason[strspn(in.reason, " ")] == '\0')
		err = vt_problem(p, VT_INVALID, "invalid_field", "reason",
		    "reason must say why the tokens are taken back.");
	if (err != VT_OK)
		return err;
	out->actor = actor_of(r);
	out->key = key;
	out->request_id = r->id;
	out->transaction = in.transaction_id;
	out->tokens = in.amount;
	out->reason = in.reason;
	out->now_ms = clock_now_ms();
	out->arena = r->arena;
	return idempotency_key_init(key, out->actor, r->path,
	    request_header(r, "Idempotency-Key"), r->body, r->body_bytes, p);
}

static enum vt_err
revoke_post(struct request *r, struct response *w, struct vt_problem *p)
{
	struct admin_revoke v = { 0 };
	struct idempotency_key key;
	struct admin_added done;
	enum vt_err err;

	err = read_revoke(r, &key, &v, p);
	if (err == VT_OK)
		err = writer_run(
		    worker_state(r)->writer, admin_revoke, &v, &done, p);
	fault_point("admin.before_revoke_answer");
	if (err != VT_OK)
		return err;
	LOG(LOG_INFO, "tokens.revoked", LOG_S("actor", v.actor),
	    LOG_S("transaction", v.transaction),
	    LOG_I("replayed", done.replayed));
	answer(w, 201, done.body, done.replayed);
	return VT_OK;
}

/* ---- everybody's transactions -------------------------------------------- */

static enum vt_err
read_format(const struct request *r, bool *csv, struct vt_problem *p)
{
	const char *format = request_query(r, "format");

	*csv = format != NULL && strcmp(format, "csv") == 0;
	if (format == NULL || *csv || strcmp(format, "json") == 0)
		return VT_OK;
	return vt_problem(p, VT_INVALID, "invalid_field", "format",
	    "format must be json or csv.");
}

static enum vt_err
transactions_get(struct request *r, struct response *w, struct vt_problem *p)
{
	static const char *const known[] = { "user", "kind", "status", "from",
		"to", "payment_intent_id", "invoice_id", "limit", "cursor",
		"format", NULL };
	struct history h = { .request = r,
		.user_sub = request_query(r, "user") };
	enum vt_err err;
	bool csv;

	if ((err = request_query_closed(r, known, p)) != VT_OK ||
	    (err = read_format(r, &csv, p)) != VT_OK)
		return err;
	err =
	    history_filter(r, csv ? HISTORY_CSV_ROWS_MAX : CURSOR_LIMIT_DEFAULT,
		csv ? HISTORY_CSV_ROWS_MAX : CURSOR_LIMIT_MAX, &h.filter, p);
	if (err != VT_OK)
		return err;
	return csv ? history_csv(&h, w, p) : history_json(&h, w, p);
}

/* ---- the worker ---------------------------------------------------------- */

static void *
admin_open(struct worker_state *s)
{
	access_open(s);
	low_balance_open();
	return NULL;
}

static void
admin_close(void *own)
{
	(void)own; /* there is nothing of our own */
	access_close();
}

static const struct route routes[] = {
	{ HTTP_POST, "/api/admin/tokens/add", ACCESS_ADMIN | ACCESS_ADMIN_GRANT,
	    ADD_BYTES_MAX, add_post, 0 },
	{ HTTP_POST, "/api/admin/tokens/bulk-grant",
	    ACCESS_ADMIN | ACCESS_ADMIN_GRANT, BULK_BYTES_MAX, bulk_post, 0 },
	{ HTTP_POST, "/api/admin/tokens/revoke", ACCESS_ADMIN, ADD_BYTES_MAX,
	    revoke_post, 0 },
	{ HTTP_GET, "/api/admin/tokens/transactions",
	    ACCESS_ADMIN | ACCESS_ADMIN_READ, NO_BODY, transactions_get, 0 },
};

int
main(int argc, char **argv)
{
	return worker_main(argc, argv,
	    &(struct worker){ .name = "admin-tokens",
		.routes = routes,
		.routes_count = countof(routes),
		.db = WORKER_DB_WRITE,
		.threads = 4,
		.open = admin_open,
		.close = admin_close,
		.authorize = access_authorize,
		.limit_key = access_limit_key });
}
