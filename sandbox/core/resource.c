/* resource: see resource.h. */
#include "core/resource.h"

#include <assert.h>
#include <string.h>

#include "core/ids.h"
#include "core/params.h"

#define FIND_SQL                                                        \
	"SELECT body, hidden, deleted, due_at, type, kind, clock FROM " \
	"objects WHERE id = :id AND (:kind IS NULL OR kind = :kind)"
#define INSERT_SQL                                                         \
	"INSERT INTO objects (id, kind, created, customer, parent, type, " \
	"clock, deleted, due_at, body, hidden) VALUES (:id, :kind, "       \
	":created, :customer, :parent, :type, :clock, :deleted, :due, "    \
	":body, :hidden)"
#define UPDATE_SQL                                                        \
	"UPDATE objects SET customer = :customer, parent = :parent, "     \
	"type = :type, deleted = :deleted, due_at = :due, body = :body, " \
	"hidden = :hidden WHERE id = :id"
#define IDS_SQL(column)                                                   \
	"SELECT id FROM objects WHERE " column " = :of AND kind = :kind " \
	"AND deleted = 0 ORDER BY seq"
#define REMOVE_SQL "DELETE FROM objects WHERE id = :id"

#define DEPTH_MAX 64 /* of our own documents: an event holds an object */

struct doc *
doc_new(struct call *c, enum resource_kind kind)
{
	const struct resource *r = &resources[kind];
	struct doc *d = arena_alloc(c->arena, sizeof(*d));

	d->kind = kind;
	d->id = ids_make(c->arena, r->prefix, r->lead, r->chars);
	d->body = json_object(c->arena);
	d->hidden = json_object(c->arena);
	d->clock = c->clock;
	for (const struct field *f = r->fields; f->name != NULL; f++) {
		if (strcmp(f->name, "id") == 0)
			json_put_str(d->body, f->name, d->id);
		else if (strcmp(f->name, "object") == 0)
			json_put_str(d->body, f->name, r->object);
		else if (strcmp(f->name, "created") == 0)
			json_put_int(d->body, f->name, c->now_s);
		else if (f->initial != NULL)
			json_put_text(d->body, f->name, f->initial);
	}
	return d;
}

void
doc_prefix(struct call *c, struct doc *d, const char *prefix)
{
	d->id = arena_printf(c->arena, "%s%s", prefix,
	    d->id + strlen(resources[d->kind].prefix));
	json_put_str(d->body, "id", d->id);
}

enum vt_err
doc_name(struct call *c, struct doc *d, const char *id)
{
	const char *noun = resources[d->kind].noun;

	if (id == NULL)
		return VT_OK;
	if (!ids_valid(id))
		return call_fail(c, 400, NULL, "id",
		    "Invalid id for a %s: use letters, digits, '_' and '-' "
		    "only.",
		    noun);
	if (doc_find(c, R_ANY, id) != NULL)
		return call_fail(c, 400, "resource_already_exists", "id",
		    "%c%s already exists.", (char)(noun[0] - 'a' + 'A'),
		    noun + 1);
	d->id = arena_strdup(c->arena, id);
	json_put_str(d->body, "id", d->id);
	return VT_OK;
}

/* Our own text back as a tree that can be changed. */
static struct json *
thaw(struct call *c, const char *text)
{
	const struct json *j;

	/* What we wrote ourselves parses; anything else is a broken file. */
	if (json_parse(c->arena, text, strlen(text), DEPTH_MAX, &j, NULL) !=
	    VT_OK)
		return json_object(c->arena);
	return json_clone(c->arena, j);
}

static enum resource_kind
kind_of(const char *object)
{
	enum resource_kind kind = R_NONE;

	while (kind < RESOURCE__MAX &&
	    (resources[kind].object == NULL ||
		strcmp(resources[kind].object, object) != 0))
		kind++;
	assert(kind < RESOURCE__MAX);
	return kind;
}

/* The one in hand of its id from now on. */
static void
hold(struct call *c, struct doc *d)
{
	d->next = c->docs;
	c->docs = d;
}

struct doc *
doc_find(struct call *c, enum resource_kind kind, const char *id)
{
	struct doc *d;
	struct query q;

	for (d = c->docs; d != NULL; d = d->next)
		if ((kind == R_ANY || d->kind == kind) &&
		    strcmp(d->id, id) == 0)
			return d;
	if (!ids_valid(id) ||
	    db_row(&q, c->box->db, FIND_SQL, DB_TEXT("id", id),
		DB_TEXT("kind", resources[kind].object)) != VT_OK)
		return NULL;
	d = arena_alloc(c->arena, sizeof(*d));
	d->kind = kind == R_ANY ? kind_of(db_text(&q, 5)) : kind;
	d->id = arena_strdup(c->arena, id);
	d->text = arena_strdup(c->arena, db_text(&q, 0));
	d->before = d->text;
	d->body = thaw(c, d->text);
	d->hidden = thaw(c, db_text(&q, 1));
	d->deleted = db_int(&q, 2) != 0;
	d->due_ms = db_int(&q, 3);
	d->clock = arena_strdup(c->arena, db_text(&q, 6));
	/* Where the table does not say what goes there, it stays. */
	if (resources[d->kind].type == NULL)
		d->index = arena_strdup(c->arena, db_text(&q, 4));
	d->stored = true;
	db_done(&q);
	hold(c, d);
	return d;
}

void
doc_forget(struct call *c)
{
	c->docs = NULL;
}

enum vt_err
doc_need(struct call *c, enum resource_kind kind, const char *id,
    const char *param, struct doc **out)
{
	*out = doc_find(c, kind, id);
	if (*out == NULL || (*out)->deleted)
		return call_missing(c, resources[kind].noun, id, param);
	return VT_OK;
}

enum vt_err
doc_ids(struct call *c, enum resource_kind kind, enum doc_by by, const char *of,
    struct doc_ids *out)
{
	static const char *const sql[] = {
		[DOC_OF_CUSTOMER] = IDS_SQL("customer"),
		[DOC_OF_PARENT] = IDS_SQL("parent"),
		[DOC_ON_CLOCK] = IDS_SQL("clock"),
	};
	size_t room = 0;
	const char **more;
	struct query q;
	enum vt_err err;

	*out = (struct doc_ids){ NULL, 0 };
	err = db_query(&q, c->box->db, sql[by],
	    DB_TEXT("kind", resources[kind].object), DB_TEXT("of", of));
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		if (out->count == room) {
			room = room == 0 ? 16 : room * 2;
			more = arena_array(c->arena, room, sizeof(*more));
			if (out->count > 0)
				memcpy(
				    more, out->ids, out->count * sizeof(*more));
			out->ids = more;
		}
		out->ids[out->count++] = arena_strdup(c->arena, db_text(&q, 0));
	}
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

/* The body with its members in the table's order, and no others. */
static const char *
freeze(struct call *c, struct doc *d)
{
	struct json *out = json_object(c->arena);
	const struct field *f;
	const struct json *j;

	d->before = d->text;
	if (d->deleted)
		return d->text = json_text(c->arena, d->body);
	for (f = resources[d->kind].fields; f->name != NULL; f++) {
		j = json_get(d->body, f->name);
		if (j != NULL)
			json_put_copy(out, f->name, j);
	}
	assert(json_count(out) == json_count(d->body));
	d->body = out;
	return d->text = json_text(c->arena, out);
}

static const char *
column(const struct doc *d, const char *path)
{
	const char *s = path == NULL ? NULL : json_str_at(d->body, path);

	return s != NULL || path == NULL ? s : json_str_at(d->hidden, path);
}

static const char *
column_type(const struct doc *d)
{
	return d->index != NULL ? d->index : column(d, resources[d->kind].type);
}

/* One call cannot give too many (params.h), but several can. */
static enum vt_err
check_metadata(struct call *c, const struct doc *d)
{
	if (json_count(json_get(d->body, "metadata")) <= METADATA_KEYS_MAX)
		return VT_OK;
	return call_fail(c, 400, NULL, "metadata",
	    "Metadata can hold %d keys at most.", METADATA_KEYS_MAX);
}

enum vt_err
doc_save(struct call *c, struct doc *d)
{
	const struct resource *r = &resources[d->kind];
	int64_t created = c->now_s;
	struct db_param due =
	    d->due_ms == 0 ? DB_NULL("due") : DB_INT("due", d->due_ms);
	const char *body, *hidden;
	enum vt_err err = check_metadata(c, d);

	if (err != VT_OK)
		return err;
	body = freeze(c, d);
	hidden = json_text(c->arena, d->hidden);
	(void)json_int_at(d->body, "created", &created); /* else now */
	if (d->stored)
		return db_exec(c->box->db, UPDATE_SQL, DB_TEXT("id", d->id),
		    DB_TEXT("customer", column(d, r->customer)),
		    DB_TEXT("parent", column(d, r->parent)),
		    DB_TEXT("type", column_type(d)),
		    DB_INT("deleted", d->deleted), due, DB_TEXT("body", body),
		    DB_TEXT("hidden", hidden));
	d->stored = true;
	hold(c, d);
	return db_exec(c->box->db, INSERT_SQL, DB_TEXT("id", d->id),
	    DB_TEXT("kind", r->object), DB_INT("created", created),
	    DB_TEXT("customer", column(d, r->customer)),
	    DB_TEXT("parent", column(d, r->parent)),
	    DB_TEXT("type", column_type(d)), DB_TEXT("clock", d->clock),
	    DB_INT("deleted", d->deleted), due, DB_TEXT("body", body),
	    DB_TEXT("hidden", hidden));
}

int64_t
doc_int(const struct doc *d, const char *path)
{
	int64_t n = 0;

	(void)json_int_at(d->body, path, &n); /* null is 0 */
	return n;
}

bool
doc_flag(const struct doc *d, const char *path)
{
	bool yes = false;

	return json_bool(json_at(d->body, path), &yes) && yes;
}

bool
doc_is(const struct doc *d, const char *path, const char *text)
{
	const char *is = json_str_at(d->body, path);

	return is != NULL && strcmp(is, text) == 0;
}

void
doc_bury(struct call *c, struct doc *d)
{
	d->deleted = true;
	d->due_ms = 0;
	d->body = json_object(c->arena);
	json_put_str(d->body, "id", d->id);
	json_put_str(d->body, "object", resources[d->kind].object);
	json_put_bool(d->body, "deleted", true);
}

enum vt_err
doc_remove(struct call *c, struct doc *d)
{
	struct doc **at = &c->docs;

	while (*at != NULL && *at != d)
		at = &(*at)->next;
	if (*at == d)
		*at = d->next;
	d->stored = false;
	return db_exec(c->box->db, REMOVE_SQL, DB_TEXT("id", d->id));
}

void
doc_apply(struct json *o, const struct json *params, const char *const *names)
{
	for (; *names != NULL; names++) {
		const struct json *v = json_get(params, *names);

		if (v != NULL)
			json_put_copy(o, *names, v);
	}
}

void
doc_metadata(struct call *c, struct json *o, const struct json *params)
{
	const struct json *given = json_get(params, "metadata");
	struct json *merged;

	if (given == NULL)
		return;
	merged = json_is_null(given) || json_get(o, "metadata") == NULL
	    ? json_object(c->arena)
	    : json_clone(c->arena, json_get(o, "metadata"));
	for (const struct json *m = json_first(given); m != NULL;
	     m = json_next(m)) {
		json_remove(merged, json_name(m));
		if (!json_is_null(m))
			json_put_copy(merged, json_name(m), m);
	}
	json_put_copy(o, "metadata", merged);
}

struct json *
doc_changes(struct call *c, const struct json *before, const struct json *after)
{
	struct json *out = json_object(c->arena), *deeper;
	const struct json *m, *now;

	for (m = json_first(before); m != NULL; m = json_next(m)) {
		now = json_get(after, json_name(m));
		if (json_equal(m, now))
			continue;
		if (json_is_object(m) && json_is_object(now)) {
			deeper = doc_changes(c, m, now);
			if (deeper != NULL)
				json_put_copy(out, json_name(m), deeper);
		} else
			json_put_copy(out, json_name(m), m);
	}
	for (m = json_first(after); m != NULL; m = json_next(m))
		if (json_get(before, json_name(m)) == NULL)
			json_put_null(out, json_name(m));
	return json_count(out) == 0 ? NULL : out;
}
