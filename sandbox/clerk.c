/* clerk: see clerk.h. */
#include "clerk.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "delivery.h"
#include "ids.h"
#include "resource.h"
#include "webhook.h"

#define TOKEN_S 60 /* how long a page's token lasts */
#define TOKEN_MAX_S (30 * 86400)
#define SESSION_MS (7 * INT64_C(86400000))
#define DEPTH_MAX 32

static const struct param email_params[] = {
	PARAM_RANGE("email", P_STR, P_REQUIRED, 0, 254),
	PARAM_END,
};
static const char *const roles[] = { "admin", "user", NULL };
static const char *const bits[] = { "0", "1", NULL };
static const struct param user_params[] = {
	PARAM_RANGE("email", P_STR, P_REQUIRED, 0, 254),
	PARAM_ENUM("admin", 0, bits),
	PARAM_ENUM("role", 0, roles),
	PARAM_ENUM("verified", 0, bits),
	PARAM_RANGE("new_email", P_STR, 0, 0, 254),
	PARAM_END,
};
static const struct param token_params[] = {
	PARAM_RANGE("email", P_STR, P_REQUIRED, 0, 254),
	PARAM_RANGE("ttl_s", P_INT, 0, 1, TOKEN_MAX_S),
	PARAM_END,
};
static const struct param endpoint_params[] = {
	PARAM("url", P_STR, P_REQUIRED),
	PARAM("secret", P_STR, P_REQUIRED),
	PARAM_END,
};

/* --- users -------------------------------------------------------------- */

static enum vt_err
read_email(struct call *c, const char *name, const char **out)
{
	const char *given = json_str_at(c->params, name), *at;
	char *lower;

	at = given == NULL ? NULL : strchr(given, '@');
	if (at == NULL || at == given || at[1] == '\0')
		return call_fail(c, 422, "form_param_format_invalid", name,
		    "Please enter a valid e-mail address.");
	lower = arena_strdup(c->arena, given);
	for (char *p = lower; *p != '\0'; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return call_fail(c, 422, "form_param_format_invalid",
			    name, "Please enter a valid e-mail address.");
		*p = (char)tolower((unsigned char)*p);
	}
	*out = lower;
	return VT_OK;
}

static struct doc *
find_by(struct call *c, enum resource_kind kind, const char *index)
{
	struct query q;
	const char *id = NULL;

	if (db_row(&q, c->box->db,
		"SELECT id FROM objects WHERE kind = :kind AND type = :index "
		"AND deleted = 0 ORDER BY seq DESC LIMIT 1",
		DB_TEXT("kind", resources[kind].object),
		DB_TEXT("index", index)) == VT_OK) {
		id = arena_strdup(c->arena, db_text(&q, 0));
		db_done(&q);
	}
	return id == NULL ? NULL : doc_find(c, kind, id);
}

/*
 * The id of a new user follows from the address, so that a sandbox that was
 * reset knows its people again; one who was deleted comes back as another.
 */
static const char *
user_id(struct call *c, const char *email)
{
	static const char digits[] = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
				     "abcdefghijkmnopqrstuvwxyz";
	int64_t gone = box_setting_int(
	    c->box, arena_printf(c->arena, "clerk.gone.%s", email), 0);
	const char *text =
	    arena_printf(c->arena, "%s#%lld", email, (long long)gone);
	char out[27] = "2";
	uint64_t h = 1469598103934665603u; /* FNV-1a */

	for (size_t i = 1; i < sizeof(out) - 1; i++) {
		for (const char *p = text; *p != '\0'; p++)
			h = (h ^ (unsigned char)*p) * 1099511628211u;
		out[i] = digits[(h >> 20) % (sizeof(digits) - 1)];
	}
	out[sizeof(out) - 1] = '\0';
	return arena_printf(c->arena, "user_%s", out);
}

static void
put_email(struct call *c, struct doc *u, const char *email, bool verified)
{
	struct json *list = json_array(c->arena);
	struct json *e = json_add_object(list), *v;
	const char *id = arena_strdup(
	    c->arena, json_str_at(u->body, "primary_email_address_id"));

	if (id == NULL)
		id = ids_make(c->arena, "idn_", '2', 27);
	json_put_str(e, "id", id);
	json_put_str(e, "object", "email_address");
	json_put_str(e, "email_address", email);
	v = json_put_object(e, "verification");
	json_put_str(v, "status", verified ? "verified" : "unverified");
	json_put_str(v, "strategy", "email_code");
	json_put_null(v, "attempts");
	json_put_null(v, "expire_at");
	(void)json_put_array(e, "linked_to"); /* stays empty */
	json_put_copy(u->body, "email_addresses", list);
	json_put_str(u->body, "primary_email_address_id", id);
	u->index = email;
}

/* A message about a user, queued if somebody wants to know. */
static enum vt_err
tell(struct call *c, const char *type, const struct json *data)
{
	struct doc *m = doc_new(c, R_MESSAGE);
	struct json *payload = json_put_object(m->body, "payload"), *o;
	enum vt_err err;

	if (box_setting(c->box, c->arena, "clerk.url", NULL) == NULL)
		return VT_OK;
	json_put_copy(payload, "data", data);
	o = json_put_object(
	    json_put_object(payload, "event_attributes"), "http_request");
	json_put_str(o, "client_ip", "127.0.0.1");
	json_put_str(o, "user_agent", "vantage-sandbox");
	json_put_str(payload, "instance_id", c->box->kid);
	json_put_str(payload, "object", "event");
	json_put_int(payload, "timestamp", clock_now_ms());
	json_put_str(payload, "type", type);
	json_put_str(m->body, "type", type);
	err = doc_save(c, m);
	return err == VT_OK ? delivery_add(c, m->id, WEBHOOK_CLERK) : err;
}

static enum vt_err
save_user(struct call *c, struct doc *u, bool created)
{
	enum vt_err err;

	json_put_int(u->body, "updated_at", clock_now_ms());
	err = doc_save(c, u);
	return err == VT_OK
	    ? tell(c, created ? "user.created" : "user.updated", u->body)
	    : err;
}

static struct doc *
new_user(struct call *c, const char *email, bool verified)
{
	struct doc *u = doc_new(c, R_USER);

	u->id = user_id(c, email);
	json_put_str(u->body, "id", u->id);
	json_put_int(u->body, "created_at", clock_now_ms());
	put_email(c, u, email, verified);
	return u;
}

/* Makes or changes a user; it is told even when nothing changed, so that a
 * stack that lost its database learns of the user again. */
static enum vt_err
user_put(struct call *c)
{
	const char *verified = json_str_at(c->params, "verified");
	const char *admin = json_str_at(c->params, "admin");
	const char *role = json_str_at(c->params, "role");
	const char *email, *next;
	bool ok = verified == NULL || *verified == '1', created;
	enum vt_err err;
	struct doc *u;

	err = read_email(c, "email", &email);
	next = email;
	if (err == VT_OK && json_get(c->params, "new_email") != NULL)
		err = read_email(c, "new_email", &next);
	if (err != VT_OK)
		return err;
	u = find_by(c, R_USER, email);
	created = u == NULL;
	if (created)
		u = new_user(c, next, ok);
	else
		put_email(c, u, next, ok);
	if (admin != NULL)
		role = *admin == '1' ? "admin" : "user";
	if (role != NULL)
		json_put_str(
		    json_edit(u->body, "public_metadata"), "role", role);
	err = save_user(c, u, created);
	c->answer = json_text(c->arena, u->body);
	return err;
}

static enum vt_err
user_delete(struct call *c)
{
	struct json *data = json_object(c->arena);
	const char *email, *gone;
	struct doc *u;
	enum vt_err err;

	err = read_email(c, "email", &email);
	if (err != VT_OK)
		return err;
	u = find_by(c, R_USER, email);
	if (u == NULL)
		return call_missing(c, "user", email, NULL);
	json_put_bool(data, "deleted", true);
	json_put_str(data, "id", u->id);
	json_put_str(data, "object", "user");
	gone = arena_printf(c->arena, "clerk.gone.%s", email);
	box_set_int(c->box, gone, box_setting_int(c->box, gone, 0) + 1);
	err = doc_remove(c, u);
	if (err == VT_OK)
		err = tell(c, "user.deleted", data);
	c->answer = json_text(c->arena, data);
	return err;
}

/* --- tokens ------------------------------------------------------------- */

static const char *
token(struct call *c, const char *user, const char *sid, int64_t ttl_s)
{
	struct json *claims = json_object(c->arena), *fva;
	const char *origin =
	    c->request == NULL ? NULL : request_header(c->request, "Origin");
	int64_t now = clock_now_s();
	const char *jwt = NULL;

	json_put_str(claims, "azp",
	    origin != NULL && strcmp(origin, c->box->origin) != 0
		? origin
		: c->box->site);
	json_put_int(claims, "exp", now + ttl_s);
	fva = json_put_array(claims, "fva");
	json_add_int(fva, 0);
	json_add_int(fva, -1);
	json_put_int(claims, "iat", now);
	json_put_str(claims, "iss", c->box->origin);
	json_put_int(claims, "nbf", now - 10);
	json_put_str(claims, "sid", sid);
	json_put_str(claims, "sts", "active");
	json_put_str(claims, "sub", user);
	json_put_int(claims, "v", 2);
	/* Signing fails only for want of memory. */
	if (jwt_sign(c->arena, c->box->key, c->box->kid, claims, &jwt) != VT_OK)
		return NULL;
	return jwt;
}

static enum vt_err
answer_token(struct call *c, const char *user, const char *sid, int64_t ttl_s)
{
	struct json *out = json_object(c->arena);
	const char *jwt = token(c, user, sid, ttl_s);

	json_put_str(out, "object", "token");
	json_put_str(out, "jwt", jwt);
	c->answer = json_text(c->arena, out);
	return jwt == NULL ? VT_SYS : VT_OK;
}

static struct doc *
new_session(struct call *c, const char *user, const char *client)
{
	struct doc *s = doc_new(c, R_SESSION);
	int64_t now = clock_now_ms();

	json_put_int(s->body, "created_at", now);
	json_put_int(s->body, "last_active_at", now);
	json_put_int(s->body, "expire_at", now + SESSION_MS);
	json_put_str(s->body, "user_id", user);
	s->index = client;
	return s;
}

static enum vt_err
token_put(struct call *c)
{
	int64_t ttl_s = TOKEN_S;
	const char *email;
	struct doc *u, *s;
	enum vt_err err;

	err = read_email(c, "email", &email);
	if (err != VT_OK)
		return err;
	u = find_by(c, R_USER, email);
	if (u == NULL)
		return call_missing(c, "user", email, "email");
	(void)json_int_at(c->params, "ttl_s", &ttl_s); /* else a minute */
	s = new_session(c, u->id, NULL);
	err = doc_save(c, s);
	return err == VT_OK ? answer_token(c, u->id, s->id, ttl_s) : err;
}

/* --- the browser's session ---------------------------------------------- */

/* Cookies are shared between ports, so the name says whose it is. */
static const char *
cookie_name(struct call *c)
{
	const char *port = strrchr(c->box->origin, ':');

	return arena_printf(
	    c->arena, "__client_%s", port == NULL ? "" : port + 1);
}

static const char *
client_of(struct call *c)
{
	const char *v = request_cookie(c->request, cookie_name(c));

	return v != NULL && ids_valid(v) ? v : NULL;
}

static bool
is_live(const struct doc *s)
{
	int64_t until = 0;

	return strcmp(json_str_at(s->body, "status"), "active") == 0 &&
	    json_int_at(s->body, "expire_at", &until) && clock_now_ms() < until;
}

/* A session with its user inside, as the frontend API shows it. */
static void
put_session(struct call *c, const struct doc *s, struct json *list)
{
	struct doc *u = doc_find(c, R_USER, json_str_at(s->body, "user_id"));
	struct json *o;

	if (u == NULL)
		return;
	o = json_add_object(list);
	for (const struct json *m = json_first(s->body); m != NULL;
	     m = json_next(m))
		json_put_copy(o, json_name(m), m);
	json_put_copy(o, "user", u->body);
}

static enum vt_err
answer_client(struct call *c, const char *client, const struct doc *s)
{
	struct json *out = json_object(c->arena), *o, *list;
	bool live = s != NULL && is_live(s);

	if (client == NULL) {
		json_put_null(out, "response");
	} else {
		o = json_put_object(out, "response");
		json_put_str(o, "object", "client");
		json_put_str(o, "id",
		    arena_printf(
			c->arena, "client_%s", client + strlen(client) / 2));
		list = json_put_array(o, "sessions");
		if (live)
			put_session(c, s, list);
		json_put_str(o, "last_active_session_id", live ? s->id : NULL);
	}
	json_put_null(out, "client");
	c->answer = json_text(c->arena, out);
	return VT_OK;
}

static enum vt_err
sign_in(struct call *c)
{
	const char *client = ids_random(c->arena, 40), *email;
	struct doc *u, *s;
	enum vt_err err;

	err = read_email(c, "email", &email);
	if (err != VT_OK)
		return err;
	u = find_by(c, R_USER, email);
	if (u == NULL) {
		u = new_user(c, email, true);
		err = save_user(c, u, true);
	}
	if (err != VT_OK)
		return err;
	s = new_session(c, u->id, client);
	err = doc_save(c, s);
	if (err != VT_OK)
		return err;
	response_header(c->response, "Set-Cookie",
	    arena_printf(c->arena,
		"%s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800",
		cookie_name(c), client));
	return answer_client(c, client, s);
}

static enum vt_err
client_get(struct call *c)
{
	const char *client = client_of(c);

	return answer_client(
	    c, client, client == NULL ? NULL : find_by(c, R_SESSION, client));
}

/* The session of the path, which must be this browser's and alive. */
static enum vt_err
need_session(struct call *c, struct doc **out)
{
	const char *client = client_of(c);

	*out = client == NULL ? NULL : find_by(c, R_SESSION, client);
	if (*out != NULL && strcmp((*out)->id, c->id) == 0 && is_live(*out))
		return VT_OK;
	return call_fail(c, 401, "authentication_invalid", NULL,
	    "You are not signed in any more.");
}

static enum vt_err
session_token(struct call *c)
{
	struct doc *s;
	enum vt_err err = need_session(c, &s);

	if (err != VT_OK)
		return err;
	if (doc_find(c, R_USER, json_str_at(s->body, "user_id")) == NULL)
		return call_fail(c, 401, "authentication_invalid", NULL,
		    "This user was deleted.");
	return answer_token(c, json_str_at(s->body, "user_id"), s->id, TOKEN_S);
}

static enum vt_err
session_remove(struct call *c)
{
	struct doc *s;
	enum vt_err err = need_session(c, &s);

	if (err != VT_OK)
		return err;
	json_put_str(s->body, "status", "removed");
	err = doc_save(c, s);
	return err == VT_OK ? answer_client(c, client_of(c), NULL) : err;
}

/* --- keys --------------------------------------------------------------- */

static enum vt_err
key_set(struct call *c)
{
	struct json *out = json_object(c->arena);

	jwt_key_jwk(c->box->key, c->box->kid,
	    json_add_object(json_put_array(out, "keys")));
	c->answer = json_text(c->arena, out);
	return VT_OK;
}

static enum vt_err
public_pem(struct call *c)
{
	c->answer = jwt_key_public_pem(c->arena, c->box->key);
	c->answer_type = "application/x-pem-file";
	return VT_OK;
}

static enum vt_err
endpoint_put(struct call *c)
{
	const char *url = json_str_at(c->params, "url");

	if (!https_url_allowed(url))
		return call_fail(c, 400, "url_invalid", "url",
		    "Invalid URL: it must be https, or http on this machine.");
	box_set(c->box, "clerk.url", url);
	box_set(c->box, "clerk.secret", json_str_at(c->params, "secret"));
	c->answer = "{}";
	return VT_OK;
}

const char *
clerk_error_text(struct call *c)
{
	struct json *root = json_object(c->arena);
	struct json *e = json_add_object(json_put_array(root, "errors"));

	json_put_str(e, "code",
	    c->error.code != NULL ? c->error.code : "internal_clerk_error");
	json_put_str(e, "message", c->error.message);
	json_put_str(e, "long_message", c->error.message);
	return json_text(c->arena, root);
}

bool
clerk_cors(struct box *b, const struct request *r, struct response *w)
{
	const char *origin = request_header(r, "Origin");

	response_header(w, "Vary", "Origin");
	if (origin == NULL || strcmp(origin, b->origin) == 0)
		return true;
	if (strcmp(origin, b->site) != 0) {
		static const char no[] =
		    "{\"errors\":[{\"code\":\"origin_invalid\",\"message\":"
		    "\"This origin may not sign in here.\"}]}";

		response_text(w, 403, NULL, no, sizeof(no) - 1);
		return false;
	}
	response_header(w, "Access-Control-Allow-Origin", origin);
	response_header(w, "Access-Control-Allow-Credentials", "true");
	return true;
}

const struct operation clerk_operations[] = {
	{ HTTP_POST, "/v1/client/sign_ins", email_params, sign_in, 0 },
	{ HTTP_GET, "/v1/client", params_none, client_get, 0 },
	{ HTTP_POST, "/v1/client/sessions/{}/tokens", params_none,
	    session_token, 0 },
	{ HTTP_POST, "/v1/client/sessions/{}/remove", params_none,
	    session_remove, 0 },
	{ HTTP_GET, "/.well-known/jwks.json", params_none, key_set, 0 },
	{ 0 },
};

const struct operation clerk_control_operations[] = {
	{ HTTP_POST, "/_sandbox/user", user_params, user_put, 0 },
	{ HTTP_POST, "/_sandbox/user/delete", email_params, user_delete, 0 },
	{ HTTP_POST, "/_sandbox/token", token_params, token_put, 0 },
	{ HTTP_POST, "/_sandbox/clerk-endpoint", endpoint_params, endpoint_put,
	    0 },
	{ HTTP_GET, "/_sandbox/clerk/public.pem", params_none, public_pem, 0 },
	{ 0 },
};
