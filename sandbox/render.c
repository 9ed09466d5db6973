/* render: see render.h. */
#include "render.h"

#include <stdio.h>
#include <string.h>

#define EXPAND_DEPTH_MAX 4
#define EXPAND_PATHS_MAX 20
#define PAGE_DEFAULT 10
#define DEPTH_MAX 64

/* What to expand in one object: a step and what follows it. */
struct expand {
	const char *name;
	struct expand *first, *next;
};

static enum vt_err render_object(struct call *c, enum resource_kind kind,
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

/* Reads the call's "expand"; *out is NULL when there is none. */
static enum vt_err
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

static enum vt_err
not_expandable(struct call *c, const char *name)
{
	return call_fail(c, 400, NULL, "expand",
	    "This property cannot be expanded (%s).", name);
}

static const struct expand *
expand_find(const struct expand *e, const char *name)
{
	if (e == NULL)
		return NULL;
	for (e = e->first; e != NULL; e = e->next)
		if (strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

static const struct field *
field_find(const struct field *fields, const char *name)
{
	for (; fields->name != NULL; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

/* An includable list. Those that we have so far never hold anything. */
static void
put_included(struct json *out, const char *name, const struct json *body,
    const struct resource *r, struct arena *a)
{
	struct json *list = json_put_object(out, name);

	json_put_str(list, "object", "list");
	(void)json_put_array(list, "data"); /* stays empty */
	json_put_bool(list, "has_more", false);
	json_put_str(list, "url",
	    arena_printf(a, "%s/%s/%s", r->url, json_str_at(body, "id"), name));
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
	    c, f->to, d->body, e, json_put_object(out, f->name));
}

/* The members of `body` that the table has, each expanded if so asked. */
static enum vt_err
render_fields(struct call *c, const struct field *fields,
    const struct resource *r, const struct json *body, const struct expand *e,
    struct json *out)
{
	enum vt_err err;

	for (const struct field *f = fields; f->name != NULL; f++) {
		const struct expand *deeper = expand_find(e, f->name);
		const struct json *v = json_get(body, f->name);

		if (c->key == KEY_PUBLISHABLE && (f->flags & FIELD_PUBLIC) == 0)
			continue;
		if (deeper != NULL && (f->flags & FIELD_INCLUDABLE) != 0) {
			put_included(out, f->name, body, r, c->arena);
			continue;
		}
		if (v == NULL)
			continue;
		if (deeper != NULL && f->members != NULL && json_is_object(v))
			err = render_fields(c, f->members, r, v, deeper,
			    json_put_object(out, f->name));
		else if (deeper != NULL && f->to != R_NONE && json_is_string(v))
			err = put_target(c, f, json_str(v), deeper, out);
		else {
			json_put_copy(out, f->name, v);
			err = VT_OK;
		}
		if (err != VT_OK)
			return err;
	}
	if (e != NULL)
		for (const struct expand *x = e->first; x != NULL;
		     x = x->next) {
			const struct field *f = field_find(fields, x->name);

			if (f == NULL ||
			    (f->to == R_NONE && f->members == NULL &&
				(f->flags & FIELD_INCLUDABLE) == 0))
				return not_expandable(c, x->name);
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

static enum vt_err
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
	err = render_fields(
	    c, resources[kind].fields, &resources[kind], body, e, out);
	if (kind == R_EVENT)
		json_put_int(out, "pending_webhooks",
		    pending_webhooks(c, json_str_at(body, "id")));
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

/* True if the stored text is already the answer. */
static bool
is_plain(const struct call *c, enum resource_kind kind)
{
	return json_get(c->params, "expand") == NULL && c->key == KEY_SECRET &&
	    kind != R_EVENT;
}

enum vt_err
render_stored(struct call *c, enum resource_kind kind, const char *id)
{
	struct query q;
	struct doc *d;

	if (is_plain(c, kind)) {
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

/*
 * The statements of a page: by what is selective, in either direction. A
 * page after an object goes down in seq, a page before one comes up and is
 * turned around.
 */
#define LIST_SQL(which, order)                                             \
	"SELECT seq, body FROM objects WHERE " which                       \
	" kind = :kind AND deleted = 0 AND seq < :below AND seq > :above " \
	"AND created >= :gte AND created <= :lte "                         \
	"AND (:type IS NULL OR type = :type) "                             \
	"AND (:types IS NULL OR type IN (SELECT value FROM "               \
	"json_each(:types))) "                                             \
	"AND (:delivered IS NULL OR :delivered <> EXISTS (SELECT 1 FROM "  \
	"deliveries AS d WHERE d.event = objects.id AND d.state <> "       \
	"'delivered')) ORDER BY seq " order " LIMIT :n"
static const char *const list_sql[3][2] = {
	{ LIST_SQL("", "DESC"), LIST_SQL("", "ASC") },
	{ LIST_SQL("customer = :customer AND", "DESC"),
	    LIST_SQL("customer = :customer AND", "ASC") },
	{ LIST_SQL("parent = :parent AND", "DESC"),
	    LIST_SQL("parent = :parent AND", "ASC") },
};

struct page {
	int64_t limit, below, above, gte, lte;
	bool upwards;
};

/* The place in the order of the object that a page begins or ends at. */
static enum vt_err
cursor(struct call *c, const struct list_filter *f, const char *param,
    int64_t *seq)
{
	const char *id = json_str_at(c->params, param);
	struct query q;

	if (id == NULL)
		return VT_OK;
	if (db_row(&q, c->box->db,
		"SELECT seq FROM objects WHERE id = :id AND kind = :kind",
		DB_TEXT("id", id),
		DB_TEXT("kind", resources[f->kind].object)) != VT_OK)
		return call_missing(c, resources[f->kind].noun, id, param);
	*seq = db_int(&q, 0);
	db_done(&q);
	return VT_OK;
}

static void
read_created(const struct json *created, struct page *p)
{
	int64_t n;

	if (json_int(created, &n)) {
		p->gte = n;
		p->lte = n;
		return;
	}
	if (json_int_at(created, "gte", &n) && n > p->gte)
		p->gte = n;
	if (json_int_at(created, "gt", &n) && n + 1 > p->gte)
		p->gte = n + 1;
	if (json_int_at(created, "lte", &n) && n < p->lte)
		p->lte = n;
	if (json_int_at(created, "lt", &n) && n - 1 < p->lte)
		p->lte = n - 1;
}

static enum vt_err
page_read(struct call *c, const struct list_filter *f, struct page *p)
{
	enum vt_err err;

	*p = (struct page){ .limit = PAGE_DEFAULT,
		.below = INT64_MAX,
		.gte = INT64_MIN,
		.lte = INT64_MAX };
	(void)json_int_at(c->params, "limit", &p->limit); /* else default */
	read_created(json_get(c->params, "created"), p);
	p->upwards = json_get(c->params, "ending_before") != NULL;
	if (p->upwards && json_get(c->params, "starting_after") != NULL)
		return call_fail(c, 400, NULL, NULL,
		    "You cannot parameterize both starting_after and "
		    "ending_before.");
	err = cursor(c, f, "starting_after", &p->below);
	if (err == VT_OK)
		err = cursor(c, f, "ending_before", &p->above);
	return err;
}

/* Reads up to limit + 1 bodies, in the direction of the page. */
static enum vt_err
page_rows(struct call *c, const struct list_filter *f, const struct page *p,
    const char **bodies, size_t *count)
{
	int which = f->customer != NULL ? 1 : f->parent != NULL ? 2 : 0;
	struct db_param delivered = f->delivered < 0
	    ? DB_NULL("delivered")
	    : DB_INT("delivered", f->delivered);
	const struct db_param params[] = {
		DB_TEXT("kind", resources[f->kind].object),
		DB_INT("below", p->below),
		DB_INT("above", p->above),
		DB_INT("gte", p->gte),
		DB_INT("lte", p->lte),
		DB_TEXT("type", f->type),
		DB_TEXT("types",
		    f->types == NULL ? NULL : json_text(c->arena, f->types)),
		delivered,
		DB_INT("n", p->limit + 1),
		which == 1	 ? DB_TEXT("customer", f->customer)
		    : which == 2 ? DB_TEXT("parent", f->parent)
				 : (struct db_param){ 0 },
		{ 0 },
	};
	struct query q;
	enum vt_err err;

	err = db_query_params(
	    &q, c->box->db, list_sql[which][p->upwards], params);
	if (err != VT_OK)
		return err;
	*count = 0;
	while ((err = db_step(&q)) == VT_OK)
		bodies[(*count)++] = arena_strdup(c->arena, db_text(&q, 1));
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

/* One row of the page: the text as it is, or shown and expanded anew. */
static enum vt_err
put_row(struct call *c, enum resource_kind kind, const char *body,
    const struct expand *e, struct buf *out)
{
	const struct json *j;
	struct json *shown;
	enum vt_err err;

	if (is_plain(c, kind)) {
		buf_puts(out, body);
		return VT_OK;
	}
	err = json_parse(c->arena, body, strlen(body), DEPTH_MAX, &j, NULL);
	if (err != VT_OK)
		return err;
	shown = json_object(c->arena);
	err = render_object(c, kind, j, e, shown);
	if (err == VT_OK)
		buf_puts(out, json_text(c->arena, shown));
	return err;
}

static void
buf_free_later(void *b)
{
	buf_free(b);
}

enum vt_err
render_list(struct call *c, const struct list_filter *f)
{
	struct buf *out = arena_alloc(c->arena, sizeof(*out));
	const struct expand *data;
	struct expand *e;
	struct page p;
	const char **bodies;
	size_t count, shown;
	enum vt_err err;

	err = expand_read(c, &e);
	if (err == VT_OK)
		err = page_read(c, f, &p);
	if (err != VT_OK)
		return err;
	data = expand_find(e, "data");
	if (e != NULL && (data == NULL || e->first->next != NULL))
		return not_expandable(c, e->first->name);
	bodies = arena_array(c->arena, (size_t)p.limit + 1, sizeof(*bodies));
	err = page_rows(c, f, &p, bodies, &count);
	if (err != VT_OK)
		return err;
	shown = count > (size_t)p.limit ? (size_t)p.limit : count;
	buf_init(out, 64 << 20);
	arena_defer(c->arena, buf_free_later, out);
	buf_puts(out, "{\"object\":\"list\",\"data\":[");
	for (size_t i = 0; i < shown && err == VT_OK; i++) {
		if (i > 0)
			buf_putc(out, ',');
		err = put_row(c, f->kind, bodies[p.upwards ? shown - 1 - i : i],
		    data, out);
	}
	buf_printf(out, "],\"has_more\":%s,\"url\":\"%s\"}",
	    count > shown ? "true" : "false",
	    f->url != NULL ? f->url : resources[f->kind].url);
	c->answer = buf_str(out);
	return err;
}
