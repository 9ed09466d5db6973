/* render: see render.h. */
#include "core/render_parts.h"

#include <string.h>

#include "catalog/coupon.h"

#define EXPAND_DEPTH_MAX 4
#define EXPAND_PATHS_MAX 20
#define INCLUDED_MAX 10 /* elements of a list inside an object */

static enum vt_err render_fields(struct call *c, const struct field *fields,
    const struct json *body, const struct expand *e, struct json *out);

static struct expand *
expand_add(struct arena *a, struct expand *parent, const char *name)
{
	struct expand *e;

	for (e = parent->first; e != NULL; e = e->next)
		if (strcmp(e->name, name) == 0)
			return e;
	e = arena_alloc(a, sizeof(*e));
	e->name = name;
	e->next = parent->first;
	parent->first = e;
	return e;
}

enum vt_err
expand_read(struct call *c, struct expand **out)
{
	const struct json *list = json_get(c->params, "expand"), *j;
	struct expand *root = NULL, *at;
	char *text, *step, *rest;
	int depth;

	*out = NULL;
	if (json_count(list) > EXPAND_PATHS_MAX)
		return call_fail(c, 400, NULL, "expand",
		    "You cannot expand more than %d properties.",
		    EXPAND_PATHS_MAX);
	for (j = json_first(list); j != NULL; j = json_next(j)) {
		if (root == NULL)
			root = arena_alloc(c->arena, sizeof(*root));
		text = arena_strdup(c->arena, json_str(j));
		at = root;
		depth = 0;
		for (step = strtok_r(text, ".", &rest); step != NULL;
		     step = strtok_r(NULL, ".", &rest)) {
			if (++depth > EXPAND_DEPTH_MAX)
				return call_fail(c, 400, NULL, "expand",
				    "You cannot expand more than %d levels of "
				    "a property.",
				    EXPAND_DEPTH_MAX);
			at = expand_add(c->arena, at, step);
		}
	}
	*out = root;
	return VT_OK;
}

enum vt_err
not_expandable(struct call *c, const char *name)
{
	return call_fail(c, 400, NULL, "expand",
	    "This property cannot be expanded (%s).", name);
}

const struct expand *
expand_find(const struct expand *e, const char *name)
{
	if (e == NULL)
		return NULL;
	for (e = e->first; e != NULL; e = e->next)
		if (strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

enum vt_err
expand_only_data(struct call *c, const struct expand *e)
{
	for (const struct expand *x = e == NULL ? NULL : e->first; x != NULL;
	     x = x->next)
		if (strcmp(x->name, "data") != 0)
			return not_expandable(c, x->name);
	return VT_OK;
}

static const struct field *
field_find(const struct field *fields, const char *name)
{
	for (; fields->name != NULL; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

/* The newest objects that belong to this one, and one more if there is. */
static enum vt_err
find_included(struct call *c, const struct field *f,
    const struct resource *owner, const char *id, const char **bodies,
    size_t *count)
{
	static const char by_parent[] =
	    "SELECT body FROM objects WHERE parent = :owner AND kind = :kind "
	    "AND deleted = 0 AND type IS NOT :but ORDER BY seq DESC LIMIT :n";
	static const char by_customer[] =
	    "SELECT body FROM objects WHERE customer = :owner AND kind = :kind "
	    "AND deleted = 0 AND type IS NOT :but ORDER BY seq DESC LIMIT :n";
	const char *but = (f->flags & FIELD_LIVING) != 0 ? "canceled" : "";
	struct query q;
	enum vt_err err;

	*count = 0;
	err = db_query(&q, c->box->db,
	    owner == &resources[R_CUSTOMER] ? by_customer : by_parent,
	    DB_TEXT("owner", id), DB_TEXT("kind", resources[f->to].object),
	    DB_TEXT("but", but), DB_INT("n", INCLUDED_MAX + 1));
	while (err == VT_OK && (err = db_step(&q)) == VT_OK)
		bodies[(*count)++] = arena_strdup(c->arena, db_text(&q, 0));
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

/* An includable list; one whose field names no resource is always empty. */
static enum vt_err
put_included_list(struct call *c, const struct field *f,
    const struct resource *r, const char *id, const struct expand *e,
    struct json *out)
{
	struct json *list = json_put_object(out, f->name), *data;
	const char *bodies[INCLUDED_MAX + 1];
	const struct json *j;
	size_t count = 0;
	enum vt_err err;

	err = expand_only_data(c, e);
	if (err == VT_OK && f->to != R_NONE)
		err = find_included(c, f, r, id, bodies, &count);
	json_put_str(list, "object", "list");
	data = json_put_array(list, "data");
	for (size_t i = 0; i < count && i < INCLUDED_MAX && err == VT_OK; i++) {
		err = json_parse(c->arena, bodies[i], strlen(bodies[i]),
		    RENDER_DEPTH_MAX, &j, NULL);
		if (err == VT_OK)
			err = render_object(c, f->to, j, expand_find(e, "data"),
			    json_add_object(data));
	}
	json_put_bool(list, "has_more", count > INCLUDED_MAX);
	json_put_str(list, "url",
	    arena_printf(c->arena, "%s/%s/%s", r->url, id, f->name));
	return err;
}

/*
 * What is absent unless somebody asks for it. The object may stand inside
 * another one; of one that is not stored there is nothing to include.
 */
static enum vt_err
put_included(struct call *c, const struct field *f, const struct json *body,
    const struct expand *e, struct json *out)
{
	const char *id = json_str_at(body, "id");
	const struct doc *d = id == NULL ? NULL : doc_find(c, R_ANY, id);

	if (d == NULL) {
		json_put_null(out, f->name);
		return VT_OK;
	}
	if ((f->flags & FIELD_HIDDEN) == 0)
		return put_included_list(c, f, &resources[d->kind], id, e, out);
	json_put_copy(out, f->name, json_get(d->hidden, f->name));
	return VT_OK;
}

static enum vt_err
put_target(struct call *c, const struct field *f, const char *id,
    const struct expand *e, struct json *out)
{
	struct doc *d = doc_find(c, f->to, id);

	if (d == NULL) {
		json_put_str(out, f->name, id);
		return VT_OK;
	}
	return render_object(
	    c, d->kind, d->body, e, json_put_object(out, f->name));
}

/* A list of ids, each replaced by the object it names. */
static enum vt_err
put_targets(struct call *c, const struct field *f, const struct json *ids,
    const struct expand *e, struct json *out)
{
	struct json *list = json_put_array(out, f->name);
	const struct doc *d;
	enum vt_err err = VT_OK;

	for (const struct json *j = json_first(ids); j != NULL && err == VT_OK;
	     j = json_next(j)) {
		d = json_is_string(j) ? doc_find(c, f->to, json_str(j)) : NULL;
		if (d == NULL)
			json_add_copy(list, j);
		else
			err = render_object(
			    c, f->to, d->body, e, json_add_object(list));
	}
	return err;
}

/* What is inside a member, where more may be to expand. */
static enum vt_err
put_members(struct call *c, const struct field *f, const struct json *v,
    const struct expand *e, struct json *out)
{
	struct json *list;
	enum vt_err err = VT_OK;

	if (!json_is_array(v))
		return render_fields(
		    c, f->members, v, e, json_put_object(out, f->name));
	list = json_put_array(out, f->name);
	for (v = json_first(v); v != NULL && err == VT_OK; v = json_next(v))
		err = render_fields(c, f->members, v, e, json_add_object(list));
	return err;
}

static bool
expandable(const struct field *f)
{
	return f != NULL &&
	    (f->to != R_NONE || f->members != NULL ||
		(f->flags & FIELD_INCLUDABLE) != 0);
}

/* One member, expanded if so asked. */
static enum vt_err
put_field(struct call *c, const struct field *f, const struct json *v,
    const struct expand *e, struct json *out)
{
	const char *name = json_name(v);

	if (e == NULL || f == NULL) {
		json_put_copy(out, name, v);
		return VT_OK;
	}
	if (f->members != NULL && (json_is_object(v) || json_is_array(v)))
		return put_members(c, f, v, e, out);
	if (f->to != R_NONE && json_is_string(v))
		return put_target(c, f, json_str(v), e, out);
	if (f->to != R_NONE && json_is_array(v))
		return put_targets(c, f, v, e, out);
	json_put_copy(out, name, v);
	return VT_OK;
}

/*
 * The members of `body`, expanded if so asked. Of an object inside another
 * the table has only what may hold ids; the rest is shown as it is.
 */
static enum vt_err
render_fields(struct call *c, const struct field *fields,
    const struct json *body, const struct expand *e, struct json *out)
{
	const struct field *f;
	enum vt_err err;

	for (const struct json *m = json_first(body); m != NULL;
	     m = json_next(m)) {
		f = field_find(fields, json_name(m));
		if (c->key == KEY_PUBLISHABLE &&
		    (f == NULL || (f->flags & FIELD_PUBLIC) == 0))
			continue;
		err = put_field(c, f, m, expand_find(e, json_name(m)), out);
		if (err != VT_OK)
			return err;
	}
	if (e == NULL)
		return VT_OK;
	for (const struct expand *x = e->first; x != NULL; x = x->next) {
		f = field_find(fields, x->name);
		if (!expandable(f))
			return not_expandable(c, x->name);
		if ((f->flags & FIELD_INCLUDABLE) == 0)
			continue;
		err = put_included(c, f, body, x, out);
		if (err != VT_OK)
			return err;
	}
	return VT_OK;
}

static int64_t
pending_webhooks(struct call *c, const char *event)
{
	struct query q;
	int64_t n = 0;

	if (db_row(&q, c->box->db,
		"SELECT count(DISTINCT endpoint) FROM deliveries WHERE event "
		"= :event AND state = 'pending'",
		DB_TEXT("event", event)) == VT_OK) {
		n = db_int(&q, 0);
		db_done(&q);
	}
	return n;
}

/* Members that the clock or the deliveries decide, not the stored text. */
static void
put_live(struct call *c, enum resource_kind kind, const struct json *body,
    struct json *out)
{
	int64_t at = 0;

	if (kind == R_EVENT)
		json_put_int(out, "pending_webhooks",
		    pending_webhooks(c, json_str_at(body, "id")));
	if (kind == R_BALANCE_TRANSACTION &&
	    json_int_at(body, "available_on", &at) && at <= c->now_s)
		json_put_str(out, "status", "available");
	if (kind == R_COUPON)
		json_put_bool(out, "valid", coupon_valid(c, body));
	if (kind == R_PROMOTION_CODE)
		json_put_bool(out, "active", promotion_code_active(c, body));
}

static bool
is_live(enum resource_kind kind)
{
	return kind == R_EVENT || kind == R_BALANCE_TRANSACTION ||
	    kind == R_COUPON || kind == R_PROMOTION_CODE;
}

enum vt_err
render_object(struct call *c, enum resource_kind kind, const struct json *body,
    const struct expand *e, struct json *out)
{
	enum vt_err err;
	bool gone = false;

	/* What is left of a deleted object is not in its table. */
	if (json_bool(json_get(body, "deleted"), &gone) && gone) {
		for (const struct json *m = json_first(body); m != NULL;
		     m = json_next(m))
			json_put_copy(out, json_name(m), m);
		return VT_OK;
	}
	err = render_fields(c, resources[kind].fields, body, e, out);
	put_live(c, kind, body, out);
	return err;
}

enum vt_err
render_tree(struct call *c, const struct doc *d, struct json **out)
{
	struct expand *e;
	enum vt_err err;

	err = expand_read(c, &e);
	if (err != VT_OK)
		return err;
	*out = json_object(c->arena);
	return render_object(c, d->kind, d->body, e, *out);
}

const struct json *
render_embedded(struct call *c, const struct doc *d)
{
	struct json *out = json_object(c->arena);

	/* Without expansion nothing can be refused. */
	(void)render_object(c, d->kind, d->body, NULL, out);
	return out;
}

enum vt_err
render_doc(struct call *c, const struct doc *d)
{
	struct json *out;
	enum vt_err err;

	err = render_tree(c, d, &out);
	if (err == VT_OK)
		c->answer = json_text(c->arena, out);
	return err;
}

enum vt_err
render_part(struct call *c, enum resource_kind kind, const struct json *body)
{
	struct json *out = json_object(c->arena);
	struct expand *e;
	enum vt_err err = expand_read(c, &e);

	if (err == VT_OK)
		err = render_object(c, kind, body, e, out);
	if (err == VT_OK)
		c->answer = json_text(c->arena, out);
	return err;
}

enum vt_err
render_removed(struct call *c, struct doc *d)
{
	struct json *out = json_object(c->arena);

	json_put_str(out, "id", d->id);
	json_put_str(out, "object", resources[d->kind].object);
	json_put_bool(out, "deleted", true);
	c->answer = json_text(c->arena, out);
	return doc_remove(c, d);
}

bool
render_is_plain(const struct call *c, enum resource_kind kind)
{
	return json_get(c->params, "expand") == NULL && c->key == KEY_SECRET &&
	    !is_live(kind);
}

enum vt_err
render_stored(struct call *c, enum resource_kind kind, const char *id)
{
	struct query q;
	struct doc *d;

	if (render_is_plain(c, kind)) {
		if (db_row(&q, c->box->db,
			"SELECT body FROM objects WHERE id = :id AND kind = "
			":kind",
			DB_TEXT("id", id),
			DB_TEXT("kind", resources[kind].object)) != VT_OK)
			return call_missing(c, resources[kind].noun, id, NULL);
		c->answer = arena_strdup(c->arena, db_text(&q, 0));
		db_done(&q);
		return VT_OK;
	}
	d = doc_find(c, kind, id);
	if (d == NULL)
		return call_missing(c, resources[kind].noun, id, NULL);
	return render_doc(c, d);
}
