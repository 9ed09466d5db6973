/* clerk: see clerk.h. */
#include "signin/clerk.h"

#include <string.h>

#include "base/clock.h"
#include "core/ids.h"
#include "signin/user.h"

#define TOKEN_S 60 /* how long a page's token lasts */
#define TOKEN_MAX_S (30 * 86400)
#define SESSION_MS (7 * INT64_C(86400000))

static const struct param email_params[] = {
	PARAM_RANGE("email", P_STR, P_REQUIRED, 0, 254),
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

	err = user_read_email(c, "email", &email);
	if (err != VT_OK)
		return err;
	u = user_find_by(c, R_USER, email);
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

	err = user_read_email(c, "email", &email);
	if (err != VT_OK)
		return err;
	u = user_find_by(c, R_USER, email);
	if (u == NULL) {
		u = user_new(c, email, true);
		err = user_save(c, u, true);
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

	return answer_client(c, client,
	    client == NULL ? NULL : user_find_by(c, R_SESSION, client));
}

/* The session of the path, which must be this browser's and alive. */
static enum vt_err
need_session(struct call *c, struct doc **out)
{
	const char *client = client_of(c);

	*out = client == NULL ? NULL : user_find_by(c, R_SESSION, client);
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
	{ HTTP_POST, "/_sandbox/token", token_params, token_put, 0 },
	{ HTTP_POST, "/_sandbox/clerk-endpoint", endpoint_params, endpoint_put,
	    0 },
	{ HTTP_GET, "/_sandbox/clerk/public.pem", params_none, public_pem, 0 },
	{ 0 },
};
