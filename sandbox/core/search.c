/* search: see search.h. */
#include "core/search.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/render_parts.h"

#define CLAUSES_MAX 10
#define PART_CHARS_MIN 3 /* of a text that is looked for inside another */
#define PAGE_DEFAULT 10

enum op { OP_IS, OP_HAS, OP_LESS, OP_LESS_IS, OP_MORE, OP_MORE_IS };

struct clause {
	const char *path; /* of the member; of metadata: its key */
	bool metadata;
	bool negated;
	enum op op;
	bool null;	   /* nothing is there, instead of a value */
	const char *value; /* as text */
	int64_t number;	   /* and of a number */
	enum search_type type;
};

struct query_parts {
	struct clause clauses[CLAUSES_MAX];
	size_t count;
	bool any; /* joined by OR */
};

const struct param search_params[] = {
	PARAM_RANGE("limit", P_INT, 0, 1, 100),
	PARAM("page", P_STR, 0),
	PARAM("query", P_STR, P_REQUIRED),
	PARAM_END,
};

/* --- reading the query -------------------------------------------------- */

struct reader {
	struct call *c;
	const char *at;
	const struct search_field *fields;
	enum resource_kind kind;
};

static enum vt_err
unreadable(struct reader *r)
{
	return call_fail(r->c, 400, NULL, "query",
	    "We were unable to parse your search query. Try using the format "
	    "`metadata[\"key\"]:\"value\"` to search for metadata or "
	    "`key:\"value\"` to search for other fields.");
}

static void
skip_blanks(struct reader *r)
{
	while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n')
		r->at++;
}

/* A text in quotes of either kind; a backslash takes what follows as it is. */
static enum vt_err
read_quoted(struct reader *r, const char **out)
{
	char quote = *r->at++, *text;
	size_t n = 0;

	text = arena_alloc(r->c->arena, strlen(r->at) + 1);
	for (; *r->at != quote; r->at++) {
		if (*r->at == '\\' && r->at[1] != '\0')
			r->at++;
		if (*r->at == '\0')
			return unreadable(r);
		text[n++] = *r->at;
	}
	r->at++;
	text[n] = '\0';
	*out = text;
	return VT_OK;
}

/* The word that goes on up to a sign of the language. */
static const char *
read_word(struct reader *r)
{
	size_t n = strcspn(r->at, " \t\n:~<>=[]\"'()");
	const char *word = arena_memdup(r->c->arena, r->at, n);

	r->at += n;
	return word;
}

static enum vt_err
read_name(struct reader *r, struct clause *out)
{
	const char *name = read_word(r);
	enum vt_err err;

	if (*name == '\0')
		return unreadable(r);
	if (strcmp(name, "metadata") == 0) {
		out->metadata = true;
		out->type = SEARCH_TEXT;
		if (r->at[0] != '[' || (r->at[1] != '"' && r->at[1] != '\''))
			return unreadable(r);
		r->at++;
		err = read_quoted(r, &out->path);
		if (err == VT_OK && *r->at++ != ']')
			err = unreadable(r);
		return err;
	}
	for (const struct search_field *f = r->fields; f->name != NULL; f++)
		if (strcmp(f->name, name) == 0) {
			out->path = f->path;
			out->type = f->type;
			return VT_OK;
		}
	return call_fail(r->c, 400, NULL, "query",
	    "Field `%s` is an unsupported search field for resource `%s`.",
	    name, resources[r->kind].url + strlen("/v1/"));
}

static enum vt_err
read_op(struct reader *r, struct clause *out)
{
	static const struct {
		const char *sign;
		enum op op;
	} signs[] = { { ":", OP_IS }, { "~", OP_HAS }, { ">=", OP_MORE_IS },
		{ "<=", OP_LESS_IS }, { ">", OP_MORE }, { "<", OP_LESS },
		{ "=", OP_IS } };

	for (size_t i = 0; i < countof(signs); i++) {
		size_t n = strlen(signs[i].sign);

		if (strncmp(r->at, signs[i].sign, n) != 0)
			continue;
		r->at += n;
		out->op = signs[i].op;
		if (out->op == OP_HAS && out->type != SEARCH_TEXT)
			return call_fail(r->c, 400, NULL, "query",
			    "Field `%s` does not support substring search.",
			    out->path);
		if (out->op > OP_HAS && out->type != SEARCH_NUMBER)
			return call_fail(r->c, 400, NULL, "query",
			    "Field `%s` does not support numeric operators.",
			    out->path);
		return VT_OK;
	}
	return unreadable(r);
}

static enum vt_err
read_value(struct reader *r, struct clause *out)
{
	bool quoted = *r->at == '"' || *r->at == '\'';
	enum vt_err err = VT_OK;
	char *end;

	if (quoted)
		err = read_quoted(r, &out->value);
	else
		out->value = read_word(r);
	if (err != VT_OK)
		return err;
	if (!quoted && strcmp(out->value, "null") == 0) {
		out->null = true;
		return out->op == OP_IS ? VT_OK : unreadable(r);
	}
	if (!quoted && out->value[0] == '\0')
		return unreadable(r);
	if (out->op == OP_HAS && strlen(out->value) < PART_CHARS_MIN)
		return call_fail(r->c, 400, NULL, "query",
		    "Substring search takes at least %d characters.",
		    PART_CHARS_MIN);
	if (out->type != SEARCH_NUMBER)
		return VT_OK;
	errno = 0;
	out->number = strtoll(out->value, &end, 10);
	if (errno != 0 || end == out->value || *end != '\0')
		return call_fail(r->c, 400, NULL, "query",
		    "Field `%s` takes whole numbers, not `%s`.", out->path,
		    out->value);
	return VT_OK;
}

/* "AND", "OR" or nothing, which is AND, between two clauses. */
static enum vt_err
read_join(struct reader *r, struct query_parts *out)
{
	bool or = strncasecmp(r->at, "or ", 3) == 0;

	if (or)
		r->at += 3;
	else if (strncasecmp(r->at, "and ", 4) == 0)
		r->at += 4;
	skip_blanks(r);
	if (out->count > 1 && or != out->any)
		return call_fail(r->c, 400, NULL, "query",
		    "You cannot mix AND and OR in one query.");
	out->any = or ;
	return VT_OK;
}

static enum vt_err
read_query(struct reader *r, struct query_parts *out)
{
	enum vt_err err = VT_OK;

	skip_blanks(r);
	if (*r->at == '\0')
		return unreadable(r);
	while (*r->at != '\0') {
		struct clause *cl = &out->clauses[out->count];

		if (out->count == CLAUSES_MAX)
			return call_fail(r->c, 400, NULL, "query",
			    "A query has %d clauses at most.", CLAUSES_MAX);
		if (out->count > 0)
			err = read_join(r, out);
		if (err == VT_OK && *r->at == '-') {
			cl->negated = true;
			r->at++;
		}
		if (err == VT_OK)
			err = read_name(r, cl);
		if (err == VT_OK)
			err = read_op(r, cl);
		if (err == VT_OK)
			err = read_value(r, cl);
		if (err != VT_OK)
			return err;
		out->count++;
		skip_blanks(r);
	}
	return VT_OK;
}

/* --- finding ------------------------------------------------------------ */

static bool
fits_text(const struct clause *cl, const char *text)
{
	return cl->op == OP_HAS ? strcasestr(text, cl->value) != NULL
				: strcasecmp(text, cl->value) == 0;
}

static bool
fits_number(const struct clause *cl, int64_t n)
{
	switch (cl->op) {
	case OP_IS:
	case OP_HAS:
		return n == cl->number;
	case OP_LESS:
		return n < cl->number;
	case OP_LESS_IS:
		return n <= cl->number;
	case OP_MORE:
		return n > cl->number;
	case OP_MORE_IS:
		return n >= cl->number;
	}
	return false;
}

static bool
fits_clause(const struct clause *cl, const struct json *body)
{
	const struct json *v = cl->metadata
	    ? json_get(json_get(body, "metadata"), cl->path)
	    : json_at(body, cl->path);
	bool yes = false;
	int64_t n;

	if (cl->null || v == NULL || json_is_null(v))
		return cl->null && (v == NULL || json_is_null(v));
	if (json_is_string(v))
		return fits_text(cl, json_str(v));
	if (json_bool(v, &yes))
		return fits_text(cl, yes ? "true" : "false");
	return json_int(v, &n) && fits_number(cl, n);
}

static bool
fits(const struct query_parts *q, const struct json *body)
{
	for (size_t i = 0; i < q->count; i++)
		if ((fits_clause(&q->clauses[i], body) !=
			q->clauses[i].negated) == q->any)
			return q->any;
	return !q->any;
}

struct found {
	const char **bodies; /* up to the limit */
	size_t count, limit;
	int64_t total; /* of all pages from here on */
	int64_t last;  /* seq of the last one on this page */
};

static enum vt_err
find_all(struct call *c, enum resource_kind kind, const struct query_parts *q,
    int64_t below, struct found *out)
{
	struct arena *row = arena_new();
	const struct json *body;
	struct query rows;
	enum vt_err err;

	err = db_query(&rows, c->box->db,
	    "SELECT seq, body FROM objects WHERE kind = :kind AND deleted = 0 "
	    "AND seq < :below ORDER BY seq DESC",
	    DB_TEXT("kind", resources[kind].object), DB_INT("below", below));
	while (err == VT_OK && (err = db_step(&rows)) == VT_OK) {
		const char *text = db_text(&rows, 1);

		err = json_parse(
		    row, text, strlen(text), RENDER_DEPTH_MAX, &body, NULL);
		if (err == VT_OK && fits(q, body)) {
			if (out->count < out->limit) {
				out->bodies[out->count++] =
				    arena_strdup(c->arena, text);
				out->last = db_int(&rows, 0);
			}
			out->total++;
		}
		arena_reset(row);
	}
	db_done(&rows);
	arena_free(row);
	return err == VT_NOTFOUND ? VT_OK : err;
}

/* Where the page begins; a token is the place of the last one before it. */
static enum vt_err
read_page(struct call *c, int64_t *below)
{
	const char *page = json_str_at(c->params, "page");
	long long n;
	char *end;

	*below = INT64_MAX;
	if (page == NULL)
		return VT_OK;
	errno = 0;
	n = strtoll(page, &end, 36);
	if (errno != 0 || *end != '\0' || n <= 0 ||
	    isspace((unsigned char)*page))
		return call_fail(c, 400, NULL, "page",
		    "Invalid page: use the `next_page` of an earlier answer.");
	*below = n;
	return VT_OK;
}

static const char *
page_token(struct call *c, int64_t seq)
{
	char digits[16];
	size_t i = sizeof(digits) - 1;

	digits[i] = '\0';
	for (; seq > 0 && i > 0; seq /= 36)
		digits[--i] = "0123456789abcdefghijklmnopqrstuvwxyz"[seq % 36];
	return arena_strdup(c->arena, digits + i);
}

static enum vt_err
read_expand(struct call *c, struct expand **out, bool *counted)
{
	enum vt_err err = expand_read(c, out);

	*counted = err == VT_OK && expand_find(*out, "total_count") != NULL;
	for (struct expand *e = *out == NULL ? NULL : (*out)->first;
	     err == VT_OK && e != NULL; e = e->next)
		if (strcmp(e->name, "data") != 0 &&
		    strcmp(e->name, "total_count") != 0)
			err = not_expandable(c, e->name);
	return err;
}

enum vt_err
search_run(
    struct call *c, enum resource_kind kind, const struct search_field *fields)
{
	struct reader r = { c, json_str_at(c->params, "query"), fields, kind };
	struct query_parts q = { 0 };
	struct found f = { .limit = PAGE_DEFAULT };
	int64_t limit = PAGE_DEFAULT, below, all;
	struct expand *e;
	struct buf *out;
	bool counted, more;
	enum vt_err err;

	err = read_query(&r, &q);
	if (err == VT_OK)
		err = read_page(c, &below);
	if (err == VT_OK)
		err = read_expand(c, &e, &counted);
	if (err != VT_OK)
		return err;
	(void)json_int_at(c->params, "limit", &limit); /* else the default */
	f.limit = (size_t)limit;
	f.bodies = arena_array(c->arena, f.limit, sizeof(*f.bodies));
	err = find_all(c, kind, &q, below, &f);
	if (err != VT_OK)
		return err;
	more = f.total > (int64_t)f.count;
	out = render_begin(c, "search_result");
	err = render_rows(
	    c, kind, f.bodies, f.count, expand_find(e, "data"), out);
	buf_printf(
	    out, "],\"has_more\":%s,\"next_page\":", more ? "true" : "false");
	if (more)
		buf_printf(out, "\"%s\"", page_token(c, f.last));
	else
		buf_puts(out, "null");
	if (counted) {
		all = f.total;
		if (below != INT64_MAX) {
			struct found whole = { 0 };

			err = find_all(c, kind, &q, INT64_MAX, &whole);
			all = whole.total;
		}
		buf_printf(out, ",\"total_count\":%lld", (long long)all);
	}
	buf_printf(out, ",\"url\":\"%s/search\"}", resources[kind].url);
	c->answer = buf_str(out);
	return err;
}
