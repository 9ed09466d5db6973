/* clerk: see clerk.h. */
#include "billing/clerk.h"

#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "text/json.h"

#define ID_BYTES_MAX 255
#define TYPE_BYTES_MAX 100

enum { ADD, SETTLE, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[ADD] = "INSERT INTO clerk_events (id, type, object, outcome, "
		"received_at) VALUES (:id, :type, :object, 'received', :now)",
	[SETTLE] = "UPDATE clerk_events SET outcome = :outcome WHERE id = :id",
};

static const char *const outcome_names[CLERK_OUTCOME__MAX] = {
	[CLERK_APPLIED] = "applied",
	[CLERK_DUPLICATE] = "duplicate",
	[CLERK_STALE] = "stale",
	[CLERK_IGNORED] = "ignored",
};

const char *
clerk_outcome_name(enum clerk_outcome o)
{
	return outcome_names[o];
}

/* ---- reading ------------------------------------------------------------- */

/* Visible ASCII of a length that our column and struct hold. */
static bool
is_id(const char *text, size_t bytes_max)
{
	size_t n = text == NULL ? 0 : strlen(text);

	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return n > 0 && n <= bytes_max;
}

/* The entry whose id is the primary one's; NULL when there is none. */
static const struct json *
primary_address(const struct json *data)
{
	const char *primary = json_str_at(data, "primary_email_address_id");
	const struct json *e = json_get(data, "email_addresses");
	const char *id;

	if (primary == NULL || !json_is_array(e))
		return NULL;
	for (e = json_first(e); e != NULL; e = json_next(e)) {
		id = json_str_at(e, "id");
		if (id != NULL && strcmp(id, primary) == 0)
			return e;
	}
	return NULL;
}

static void
read_address(struct arena *a, const struct json *data, struct user_fact *f)
{
	const struct json *e = primary_address(data);
	const char *text = json_str_at(e, "email_address");
	const char *status = json_str_at(e, "verification.status");
	char *normal;

	if (text == NULL)
		return;
	normal = arena_alloc(a, USER_EMAIL_BYTES);
	if (user_email_normal(text, normal) != VT_OK) {
		LOG(LOG_WARN, "clerk.address_left_out", LOG_S("user", f->sub));
		return;
	}
	f->email = normal;
	f->email_verified = status != NULL && strcmp(status, "verified") == 0;
}

static bool
read_user(struct arena *a, const struct json *data, struct clerk_message *out)
{
	const char *role = json_str_at(data, "public_metadata.role");
	struct user_fact *f = &out->fact;

	f->sub = out->object;
	f->now_ms = out->now_ms;
	if (!json_int_at(data, "updated_at", &f->updated_ms) ||
	    f->updated_ms <= 0)
		return false;
	f->admin = role != NULL && strcmp(role, "admin") == 0;
	read_address(a, data, f);
	return true;
}

static enum clerk_kind
read_kind(struct arena *a, const struct json *data, struct clerk_message *out)
{
	const char *type = out->type;

	if (strcmp(type, "user.created") != 0 &&
	    strcmp(type, "user.updated") != 0 &&
	    strcmp(type, "user.deleted") != 0)
		return CLERK_OF_NO_INTEREST;
	if (!is_id(out->object, USER_SUB_BYTES - 1))
		return CLERK_UNUSABLE;
	if (strcmp(type, "user.deleted") == 0)
		return CLERK_USER_DELETED;
	return read_user(a, data, out) ? CLERK_USER_CHANGED : CLERK_UNUSABLE;
}

static enum vt_err
malformed(const char *what, struct vt_problem *p)
{
	return vt_problem(p, VT_INVALID, "malformed_event", NULL,
	    "This is no message of Clerk's: %s.", what);
}

enum vt_err
clerk_read(struct arena *a, const char *id, const char *body, size_t body_bytes,
    int64_t now_ms, struct clerk_message *out, struct vt_problem *p)
{
	const struct json *j, *data;
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	err = json_parse(a, body, body_bytes, JSON_DEPTH_MAX, &j, p);
	if (err != VT_OK)
		return err;
	out->id = id;
	out->type = json_str_at(j, "type");
	out->now_ms = now_ms;
	data = json_get(j, "data");
	out->object = json_str_at(data, "id");
	if (!is_id(id, ID_BYTES_MAX))
		return malformed("its id cannot be kept", p);
	if (!is_id(out->type, TYPE_BYTES_MAX))
		return malformed("it has no type", p);
	if (!json_is_object(data))
		return malformed("it has no data", p);
	out->kind = read_kind(a, data, out);
	return VT_OK;
}

/* ---- carrying out -------------------------------------------------------- */

static enum vt_err
carry_out(
    struct db *db, const struct clerk_message *m, enum clerk_outcome *outcome)
{
	bool applied = false;
	enum vt_err err = VT_OK;

	switch (m->kind) {
	case CLERK_USER_CHANGED:
		err = user_apply(db, &m->fact, &applied);
		break;
	case CLERK_USER_DELETED:
		err = user_delete(db, m->object, m->now_ms, &applied);
		break;
	case CLERK_OF_NO_INTEREST:
	case CLERK_UNUSABLE:
		*outcome = CLERK_IGNORED;
		return VT_OK;
	}
	*outcome = applied ? CLERK_APPLIED : CLERK_STALE;
	return err;
}

static enum vt_err
add(struct db *db, const struct clerk_message *m)
{
	bool usable =
	    m->kind == CLERK_USER_CHANGED || m->kind == CLERK_USER_DELETED;

	return db_exec(db, sql[ADD], DB_TEXT("id", m->id),
	    DB_TEXT("type", m->type),
	    DB_TEXT("object", usable ? m->object : NULL),
	    DB_INT("now", m->now_ms));
}

enum vt_err
clerk_receive(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct clerk_message *m = in;
	enum clerk_outcome *outcome = out;
	enum vt_err err;

	(void)p; /* the sender is told nothing but a status */
	err = add(db, m);
	if (err == VT_CONFLICT) {
		*outcome = CLERK_DUPLICATE;
		return VT_OK;
	}
	fault_point("clerk.after_insert");
	if (err == VT_OK)
		err = carry_out(db, m, outcome);
	if (err == VT_OK)
		err = db_exec(db, sql[SETTLE], DB_TEXT("id", m->id),
		    DB_TEXT("outcome", outcome_names[*outcome]));
	return err;
}
