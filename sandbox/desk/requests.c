/* requests: see requests.h. */
#include "desk/requests.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/operation.h"

#define KEPT_ROWS 1000
#define SHOWN_ROWS 100 /* unless more are asked for */
#define DEPTH_MAX 16   /* the parameters' own limit is lower */

/* Members that nobody else is to see, wherever they stand. */
static const char *const secrets[] = { "client_secret", "number", "cvc",
	"account_number", NULL };

static bool
is_secret(const char *name)
{
	for (const char *const *s = secrets; *s != NULL; s++)
		if (strcmp(*s, name) == 0)
			return true;
	return false;
}

/* A copy without the secrets in it. */
static void
copy_members(const struct json *from, struct json *to)
{
	for (const struct json *m = json_first(from); m != NULL;
	     m = json_next(m)) {
		const char *name = json_is_object(from) ? json_name(m) : NULL;

		if (name != NULL && is_secret(name))
			continue;
		if (json_is_object(m))
			copy_members(m,
			    name == NULL ? json_add_object(to)
					 : json_put_object(to, name));
		else if (json_is_array(m))
			copy_members(m,
			    name == NULL ? json_add_array(to)
					 : json_put_array(to, name));
		else if (name == NULL)
			json_add_copy(to, m);
		else
			json_put_copy(to, name, m);
	}
}

const char *
requests_params(const struct call *c)
{
	struct json *out;

	if (c->key != KEY_SECRET || c->request == NULL)
		return NULL;
	out = json_object(c->arena);
	copy_members(c->params, out);
	return json_text(c->arena, out);
}

/* The row, and room for it: the oldest one goes. */
static enum vt_err
add_row(struct call *c, const char *params, int status)
{
	const struct request *r = c->request;
	struct db *db = c->box->db;
	enum vt_err err;

	err = db_exec(db,
	    "INSERT INTO requests (request_id, created, method, path, params, "
	    "status, version, agent, idempotency_key) VALUES (:id, :now, "
	    ":method, :path, :params, :status, :version, :agent, :key)",
	    DB_TEXT("id", c->request_id), DB_INT("now", clock_now_s()),
	    DB_TEXT("method", http_method_name(r->method)),
	    DB_TEXT("path", r->path), DB_TEXT("params", params),
	    DB_INT("status", status),
	    DB_TEXT("version", request_header(r, "Stripe-Version")),
	    DB_TEXT("agent", request_header(r, "User-Agent")),
	    DB_TEXT("key", c->idempotency_key));
	if (err != VT_OK)
		return err;
	return db_exec(db,
	    "DELETE FROM requests WHERE id <= (SELECT max(id) FROM "
	    "requests) - :kept",
	    DB_INT("kept", KEPT_ROWS));
}

void
requests_add(struct call *c, const char *params, int status)
{
	struct db *db = c->box->db;
	bool alone = db_autocommit(db); /* else in the call's transaction */
	enum vt_err err = VT_OK;

	if (params == NULL)
		return;
	if (alone)
		err = db_begin(db);
	if (err == VT_OK)
		err = add_row(c, params, status);
	if (alone && err == VT_OK)
		err = db_commit(db);
	if (alone && err != VT_OK)
		db_rollback(db);
	/* The call itself is done; the list is a comfort. */
	if (err != VT_OK)
		LOG(LOG_WARN, "requests.not_listed",
		    LOG_S("stripe_request", c->request_id));
}

/* --- looking at them ---------------------------------------------------- */

static const struct param list_params[] = {
	PARAM_RANGE("limit", P_INT, 0, 1, KEPT_ROWS),
	PARAM_RANGE("after", P_INT, 0, 0, JSON_INT_MAX),
	PARAM_END,
};

static void
put_row(struct call *c, struct query *q, struct json *o)
{
	static const char *const texts[] = { "request_id", "method", "path",
		"version", "agent", "idempotency_key" };
	const char *params = db_text(q, 8);
	const struct json *j;

	json_put_int(o, "id", db_int(q, 0));
	json_put_int(o, "created", db_int(q, 1));
	json_put_int(o, "status", db_int(q, 9));
	for (size_t i = 0; i < countof(texts); i++)
		json_put_str(o, texts[i], db_text(q, (int)i + 2));
	/* What we wrote ourselves parses. */
	if (json_parse(c->arena, params, strlen(params), DEPTH_MAX, &j, NULL) ==
	    VT_OK)
		json_put_copy(o, "params", j);
}

/* The newest ones, or those after one that was seen before; oldest first. */
static enum vt_err
list(struct call *c)
{
	struct json *out = json_object(c->arena);
	struct json *rows = json_put_array(out, "requests");
	int64_t limit = SHOWN_ROWS, after = 0;
	struct query q;

	(void)json_int_at(c->params, "limit", &limit); /* else so many */
	(void)json_int_at(c->params, "after", &after); /* else all of them */
	if (db_query(&q, c->box->db,
		"SELECT id, created, request_id, method, path, version, agent, "
		"idempotency_key, params, status FROM (SELECT * FROM requests "
		"WHERE id > :after ORDER BY id DESC LIMIT :limit) ORDER BY id",
		DB_INT("after", after), DB_INT("limit", limit)) == VT_OK)
		while (db_step(&q) == VT_OK)
			put_row(c, &q, json_add_object(rows));
	db_done(&q);
	c->answer = json_text(c->arena, out);
	return VT_OK;
}

const struct operation request_log_operations[] = {
	{ HTTP_GET, "/_sandbox/requests", list_params, list, 0 },
	{ 0 },
};
