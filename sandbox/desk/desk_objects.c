/* desk_objects: lists of objects, and one of them; see desk_parts.h. */
#include <inttypes.h>
#include <string.h>

#include "core/ids.h"
#include "desk/desk_parts.h"

#define ROWS 50
#define DEPTH_MAX 64
#define INDENT 2
/* Seconds since 1970 that are shown as a date beside their number. */
#define TIME_MIN INT64_C(1000000000)
#define TIME_MAX INT64_C(9999999999)

const struct param desk_list_params[] = {
	PARAM("kind", P_STR, P_REQUIRED),
	PARAM_RANGE("before", P_INT, 0, 1, JSON_INT_MAX),
	PARAM_END,
};

static const struct layout page = { .title = "Objects",
	.script = "/desk.js",
	.crumb = "Local Stripe",
	.wide = true,
	.controls = true };

/* --- one object --------------------------------------------------------- */

static bool
exists(struct call *c, const char *id)
{
	struct query q;

	/* Ids have a prefix; most texts are none and need no question. */
	if (!ids_valid(id) || strchr(id, '_') == NULL ||
	    db_row(&q, c->box->db, "SELECT 1 FROM objects WHERE id = :id",
		DB_TEXT("id", id)) != VT_OK)
		return false;
	db_done(&q);
	return true;
}

static void
put_indent(struct html *h, int depth)
{
	html_printf(h, "\n%*s", depth * INDENT, "");
}

/* A text, number, true, false or null. */
static void
put_leaf(struct call *c, struct html *h, const struct json *j)
{
	int64_t n = 0;

	if (json_is_string(j) && exists(c, json_str(j))) {
		html_open(h, "a");
		html_attr_printf(h, "href", "/objects/%s", json_str(j));
		html_text(h, json_text(c->arena, j));
		html_close(h, "a");
	} else
		desk_text(h, "span", json_is_string(j) ? "s" : "n",
		    json_text(c->arena, j));
	if (json_int(j, &n) && n >= TIME_MIN && n <= TIME_MAX) {
		html_text(h, "  ");
		desk_time(h, n);
	}
}

static void
put_json(struct call *c, struct html *h, const struct json *j, int depth)
{
	bool object = json_is_object(j);

	if (!object && !json_is_array(j)) {
		put_leaf(c, h, j);
		return;
	}
	html_text(h, object ? "{" : "[");
	for (const struct json *m = json_first(j); m != NULL;
	     m = json_next(m)) {
		put_indent(h, depth + 1);
		if (object) {
			desk_text(h, "span", "k", json_name(m));
			html_text(h, ": ");
		}
		put_json(c, h, m, depth + 1);
		if (json_next(m) != NULL)
			html_text(h, ",");
	}
	if (json_first(j) != NULL)
		put_indent(h, depth);
	html_text(h, object ? "}" : "]");
}

/* Rows of a query over objects, as a list of links. */
static void
put_rows(struct html *h, struct query *q)
{
	desk_open(h, "ul", "rows");
	while (db_step(q) == VT_OK) {
		html_open(h, "li");
		html_attr(h, "data-key", db_text(q, 0));
		desk_object_link(h, db_text(q, 0));
		for (int i = 2; i <= 4; i++)
			if (db_text(q, i) != NULL) {
				html_text(h, " ");
				desk_text(h, "span", "what", db_text(q, i));
			}
		desk_time(h, db_int(q, 1));
		html_close(h, "li");
	}
	html_close(h, "ul");
}

/* What else speaks of it: events about it, and what hangs on it. */
static void
put_related(struct call *c, struct html *h, const char *id)
{
	struct query q;

	desk_section(h, "related", "What speaks of it");
	if (db_query(&q, c->box->db,
		"SELECT id, created, kind, CASE kind WHEN 'event' THEN type "
		"ELSE json_extract(body, '$.status') END, NULL FROM objects "
		"WHERE kind NOT IN ('session', 'message') AND ("
		"parent = :id OR customer = :id OR (kind = 'event' AND "
		"json_extract(body, '$.data.object.id') = :id)) ORDER BY seq "
		"DESC LIMIT :rows",
		DB_TEXT("id", id), DB_INT("rows", ROWS)) == VT_OK)
		put_rows(h, &q);
	db_done(&q);
	desk_section_end(h);
}

enum vt_err
desk_object(struct call *c)
{
	const struct json *body;
	struct layout l = page;
	const char *kind, *text;
	struct query q;
	struct html h;

	if (!ids_valid(c->id) ||
	    db_row(&q, c->box->db,
		"SELECT kind, body FROM objects WHERE id = :id AND kind NOT "
		"IN ('message', 'session')",
		DB_TEXT("id", c->id)) != VT_OK)
		return call_missing(c, "object", c->id, NULL);
	kind = arena_strdup(c->arena, db_text(&q, 0));
	text = arena_strdup(c->arena, db_text(&q, 1));
	db_done(&q);
	/* What we wrote ourselves parses, or the file is broken. */
	if (json_parse(c->arena, text, strlen(text), DEPTH_MAX, &body, NULL) !=
	    VT_OK)
		return VT_DB;
	l.title = c->id;
	layout_begin(c, &h, &l);
	desk_open(&h, "p", "lead");
	html_printf(&h, "One object of the kind ");
	html_open(&h, "a");
	html_attr_printf(&h, "href", "/objects?kind=%s", kind);
	html_text(&h, kind);
	html_close(&h, "a");
	html_close(&h, "p");
	html_open(&h, "p");
	html_attr(&h, "id", "said");
	html_attr(&h, "role", "status");
	html_close(&h, "p");
	desk_acts_of(c, &h, kind, c->id, body);
	html_open(&h, "section");
	html_attr(&h, "id", "json");
	html_attr(&h, "aria-label", "The object as JSON");
	html_attr_bool(&h, "data-live", true);
	desk_open(&h, "pre", "json");
	html_attr(&h, "tabindex", "0");
	put_json(c, &h, body, 0);
	html_close(&h, "pre");
	html_close(&h, "section");
	put_related(c, &h, c->id);
	layout_end(c, &h, &l);
	return VT_OK;
}

/* --- lists -------------------------------------------------------------- */

/* The last row's number, for the next page; 0 when there is none. */
static int64_t
next_page(struct call *c, const char *kind, int64_t before)
{
	struct query q;
	int64_t seq = 0;

	if (db_row(&q, c->box->db,
		"SELECT seq FROM objects WHERE kind = :kind AND seq < :before "
		"ORDER BY seq DESC LIMIT 1 OFFSET :rows",
		DB_TEXT("kind", kind), DB_INT("before", before),
		DB_INT("rows", ROWS - 1)) == VT_OK) {
		seq = db_int(&q, 0);
		db_done(&q);
	}
	return seq;
}

enum vt_err
desk_list(struct call *c)
{
	const char *kind = json_str_at(c->params, "kind");
	int64_t before = JSON_INT_MAX, next;
	struct layout l = page;
	struct query q;
	struct html h;

	(void)json_int_at(c->params, "before", &before); /* else the newest */
	if (strcmp(kind, "message") == 0 || strcmp(kind, "session") == 0)
		return call_missing(c, "kind of object", kind, "kind");
	l.title = kind;
	layout_begin(c, &h, &l);
	html_open(&h, "section");
	html_attr(&h, "id", "list");
	html_attr(&h, "aria-label", "Newest first");
	html_attr_bool(&h, "data-live", true);
	if (db_query(&q, c->box->db,
		"SELECT id, created, coalesce(json_extract(body, '$.name'), "
		"json_extract(body, '$.email'), json_extract(body, '$.type'), "
		"json_extract(body, '$.url')), json_extract(body, '$.amount') "
		"|| ' ' || json_extract(body, '$.currency'), "
		"json_extract(body, '$.status') FROM objects WHERE kind = "
		":kind AND seq < :before ORDER BY seq DESC LIMIT :rows",
		DB_TEXT("kind", kind), DB_INT("before", before),
		DB_INT("rows", ROWS)) == VT_OK)
		put_rows(&h, &q);
	db_done(&q);
	next = next_page(c, kind, before);
	if (next > 0) {
		desk_open(&h, "p", "more");
		html_open(&h, "a");
		html_attr_printf(
		    &h, "href", "/objects?kind=%s&before=%" PRId64, kind, next);
		html_text(&h, "Older ones");
		html_close(&h, "a");
		html_close(&h, "p");
	}
	html_close(&h, "section");
	layout_end(c, &h, &l);
	return VT_OK;
}
