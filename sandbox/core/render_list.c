/* render_list: pages of objects, in either direction. See render.h. */
#include <stdio.h>
#include <string.h>

#include "core/render_parts.h"

#define PAGE_DEFAULT 10
#define PAGE_BYTES_MAX (64 << 20)

/*
 * The statements of a page: by what is selective, in either direction. A
 * page after an object goes down in seq, a page before one comes up and is
 * turned around.
 */
#define MEMBER "json_extract(body, '$.' || m.key)"
/* Of "a.b[].c": is it the c of no element of a.b? */
#define NONE                                                               \
	"NOT EXISTS (SELECT 1 FROM json_each(body, '$.' || substr(m.key, " \
	"1, instr(m.key, '[]') - 1)) AS e WHERE json_extract(e.value, "    \
	"'$.' || substr(m.key, instr(m.key, '[]') + 3)) IS m.value) "
#define LIST_SQL(which, order)                                             \
	"SELECT seq, body FROM objects WHERE " which                       \
	" kind = :kind AND deleted = 0 AND seq < :below AND seq > :above " \
	"AND created >= :gte AND created <= :lte "                         \
	"AND (:customer IS NULL OR customer = :customer) "                 \
	"AND (:parent IS NULL OR parent = :parent) "                       \
	"AND (:type IS NULL OR type = :type) "                             \
	"AND (:types IS NULL OR type IN (SELECT value FROM "               \
	"json_each(:types))) "                                             \
	"AND (:clock IS NULL OR clock = :clock) "                          \
	"AND (:unclocked = 0 OR clock IS NULL) "                           \
	"AND (:members IS NULL OR NOT EXISTS (SELECT 1 FROM "              \
	"json_each(:members) AS m WHERE CASE WHEN instr(m.key, '[]') > 0 " \
	"THEN " NONE "WHEN m.type = "                                      \
	"'array' THEN coalesce(" MEMBER " NOT IN "                         \
	"(SELECT value FROM json_each(m.value)), 1) "                      \
	"WHEN m.type = 'object' THEN coalesce(" MEMBER                     \
	" <= m.value->>'gt' OR " MEMBER " < m.value->>'gte' OR " MEMBER    \
	" >= m.value->>'lt' OR " MEMBER " > m.value->>'lte', " MEMBER      \
	" IS NULL) ELSE " MEMBER " IS NOT m.value END)) "                  \
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

struct json *
list_members(struct call *c, const struct list_rule *rules)
{
	struct json *out = json_object(c->arena);
	const struct json *v;

	for (; rules->param != NULL; rules++) {
		v = json_at(c->params, rules->param);
		if (v != NULL)
			json_put_copy(out, rules->member, v);
	}
	return out;
}

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
	int which = f->parent != NULL ? 2 : f->customer != NULL ? 1 : 0;
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
		DB_TEXT("members",
		    f->members == NULL ? NULL
				       : json_text(c->arena, f->members)),
		delivered,
		DB_TEXT("customer", f->customer),
		DB_TEXT("parent", f->parent),
		DB_TEXT("clock", f->clock),
		DB_INT("unclocked",
		    f->clocked && f->clock == NULL && f->customer == NULL),
		DB_INT("n", p->limit + 1),
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

	if (render_is_plain(c, kind)) {
		buf_puts(out, body);
		return VT_OK;
	}
	err = json_parse(
	    c->arena, body, strlen(body), RENDER_DEPTH_MAX, &j, NULL);
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

struct buf *
render_begin(struct call *c, const char *object)
{
	struct buf *out = arena_alloc(c->arena, sizeof(*out));

	buf_init(out, PAGE_BYTES_MAX);
	arena_defer(c->arena, buf_free_later, out);
	buf_printf(out, "{\"object\":\"%s\",\"data\":[", object);
	return out;
}

enum vt_err
render_rows(struct call *c, enum resource_kind kind, const char *const *bodies,
    size_t count, const struct expand *e, struct buf *out)
{
	enum vt_err err = VT_OK;

	for (size_t i = 0; i < count && err == VT_OK; i++) {
		if (i > 0)
			buf_putc(out, ',');
		err = put_row(c, kind, bodies[i], e, out);
	}
	return err;
}

/* A page that was read upwards, as pages are shown: newest first. */
static void
turn(const char **bodies, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		const char *body = bodies[i];

		bodies[i] = bodies[count - 1 - i];
		bodies[count - 1 - i] = body;
	}
}

enum vt_err
render_list(struct call *c, const struct list_filter *f)
{
	struct expand *e;
	struct page p;
	const char **bodies;
	size_t count, shown;
	struct buf *out;
	enum vt_err err;

	err = expand_read(c, &e);
	if (err == VT_OK)
		err = page_read(c, f, &p);
	if (err != VT_OK)
		return err;
	err = expand_only_data(c, e);
	if (err != VT_OK)
		return err;
	bodies = arena_array(c->arena, (size_t)p.limit + 1, sizeof(*bodies));
	err = page_rows(c, f, &p, bodies, &count);
	if (err != VT_OK)
		return err;
	shown = count > (size_t)p.limit ? (size_t)p.limit : count;
	if (p.upwards)
		turn(bodies, shown);
	out = render_begin(c, "list");
	err =
	    render_rows(c, f->kind, bodies, shown, expand_find(e, "data"), out);
	buf_printf(out, "],\"has_more\":%s,\"url\":\"%s\"}",
	    count > shown ? "true" : "false",
	    f->url != NULL ? f->url : resources[f->kind].url);
	c->answer = buf_str(out);
	return err;
}

/* Where in a list this id is; the list's length when it is not. */
static size_t
place_of(const struct json *list, const char *id)
{
	size_t i = 0;

	for (list = json_first(list); list != NULL; list = json_next(list), i++)
		if (strcmp(json_str_at(list, "id"), id) == 0)
			break;
	return i;
}

/* From where to where a page of a list of `count` reaches. */
static enum vt_err
array_page(struct call *c, enum resource_kind kind, const struct json *list,
    size_t *from, size_t *to)
{
	const char *after = json_str_at(c->params, "starting_after");
	const char *before = json_str_at(c->params, "ending_before");
	const char *id = after != NULL ? after : before;
	size_t count = json_count(list), at;
	int64_t limit = PAGE_DEFAULT;

	(void)json_int_at(c->params, "limit", &limit); /* else default */
	if (after != NULL && before != NULL)
		return call_fail(c, 400, NULL, NULL,
		    "You cannot parameterize both starting_after and "
		    "ending_before.");
	at = id == NULL ? 0 : place_of(list, id);
	if (id != NULL && at == count)
		return call_missing(c, resources[kind].noun, id,
		    after != NULL ? "starting_after" : "ending_before");
	*from = after != NULL ? at + 1 : 0;
	if (before != NULL && at > (size_t)limit)
		*from = at - (size_t)limit;
	*to = before != NULL ? at : count;
	if (*to - *from > (size_t)limit)
		*to = *from + (size_t)limit;
	return VT_OK;
}

enum vt_err
render_array(struct call *c, enum resource_kind kind, const struct json *list,
    const char *url)
{
	bool back = json_get(c->params, "ending_before") != NULL;
	struct json *out = json_object(c->arena), *data;
	size_t from = 0, to = 0, i = 0;
	struct expand *e;
	enum vt_err err;

	err = expand_read(c, &e);
	if (err == VT_OK)
		err = expand_only_data(c, e);
	if (err == VT_OK)
		err = array_page(c, kind, list, &from, &to);
	if (err != VT_OK)
		return err;
	json_put_str(out, "object", "list");
	data = json_put_array(out, "data");
	for (const struct json *j = json_first(list); j != NULL && err == VT_OK;
	     j = json_next(j), i++)
		if (i >= from && i < to)
			err = render_object(c, kind, j, expand_find(e, "data"),
			    json_add_object(data));
	json_put_bool(out, "has_more", back ? from > 0 : to < json_count(list));
	json_put_str(out, "url", url);
	c->answer = json_text(c->arena, out);
	return err;
}
