/* user: see user.h. */
#include "signin/user.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "core/delivery.h"
#include "core/ids.h"
#include "core/webhook.h"

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

enum vt_err
user_read_email(struct call *c, const char *name, const char **out)
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

struct doc *
user_find_by(struct call *c, enum resource_kind kind, const char *index)
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
 * reset knows its people again; an address that its user has left, or that
 * was deleted with him, comes back as another.
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

/* Whoever has this address next is another one. */
static void
leave_address(struct call *c, const char *email)
{
	const char *gone = arena_printf(c->arena, "clerk.gone.%s", email);

	box_set_int(c->box, gone, box_setting_int(c->box, gone, 0) + 1);
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

enum vt_err
user_save(struct call *c, struct doc *u, bool created)
{
	enum vt_err err;

	json_put_int(u->body, "updated_at", clock_now_ms());
	err = doc_save(c, u);
	return err == VT_OK
	    ? tell(c, created ? "user.created" : "user.updated", u->body)
	    : err;
}

struct doc *
user_new(struct call *c, const char *email, bool verified)
{
	struct doc *u = doc_new(c, R_USER);

	u->id = user_id(c, email);
	json_put_str(u->body, "id", u->id);
	json_put_int(u->body, "created_at", clock_now_ms());
	put_email(c, u, email, verified);
	return u;
}

/* The address that a user is to have from now on: nobody else has it. */
static enum vt_err
read_next(struct call *c, const char *email, const char **next)
{
	enum vt_err err;

	*next = email;
	if (json_get(c->params, "new_email") == NULL)
		return VT_OK;
	err = user_read_email(c, "new_email", next);
	if (err == VT_OK && strcmp(*next, email) != 0 &&
	    user_find_by(c, R_USER, *next) != NULL)
		return call_fail(c, 400, "resource_already_exists", "new_email",
		    "%s is the address of another user.", *next);
	return err;
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

	err = user_read_email(c, "email", &email);
	if (err == VT_OK)
		err = read_next(c, email, &next);
	if (err != VT_OK)
		return err;
	u = user_find_by(c, R_USER, email);
	created = u == NULL;
	if (created)
		u = user_new(c, next, ok);
	else
		put_email(c, u, next, ok);
	if (!created && strcmp(next, email) != 0)
		leave_address(c, email);
	if (admin != NULL)
		role = *admin == '1' ? "admin" : "user";
	if (role != NULL)
		json_put_str(
		    json_edit(u->body, "public_metadata"), "role", role);
	err = user_save(c, u, created);
	c->answer = json_text(c->arena, u->body);
	return err;
}

static enum vt_err
user_delete(struct call *c)
{
	struct json *data = json_object(c->arena);
	const char *email;
	struct doc *u;
	enum vt_err err;

	err = user_read_email(c, "email", &email);
	if (err != VT_OK)
		return err;
	u = user_find_by(c, R_USER, email);
	if (u == NULL)
		return call_missing(c, "user", email, NULL);
	json_put_bool(data, "deleted", true);
	json_put_str(data, "id", u->id);
	json_put_str(data, "object", "user");
	leave_address(c, email);
	err = doc_remove(c, u);
	if (err == VT_OK)
		err = tell(c, "user.deleted", data);
	c->answer = json_text(c->arena, data);
	return err;
}

const struct operation user_operations[] = {
	{ HTTP_POST, "/_sandbox/user", user_params, user_put, 0 },
	{ HTTP_POST, "/_sandbox/user/delete", email_params, user_delete, 0 },
	{ 0 },
};
