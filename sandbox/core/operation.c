/* operation: see operation.h. */
#include "core/operation.h"

#include <string.h>

#include "core/delivery.h"
#include "subscriptions/test_clock.h"

#define PAIRS_MAX 1000

/* Matches "/v1/customers/{}" and notes what the braces stood for. */
static bool
path_matches(struct call *c, const char *pattern, const char *path)
{
	const char *ids[2] = { NULL, NULL };
	size_t found = 0, n;

	while (*pattern != '\0') {
		if (pattern[0] != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		n = strcspn(path, "/");
		if (n == 0 || found == countof(ids))
			return false;
		ids[found++] = arena_memdup(c->arena, path, n);
		pattern += 2;
		path += n;
	}
	if (*path != '\0')
		return false;
	c->id = ids[0];
	c->id2 = ids[1];
	return true;
}

const struct operation *
operation_find(
    struct call *c, const struct operation *table, const struct request *r)
{
	for (const struct operation *o = table; o->path != NULL; o++)
		if (o->method == r->method && path_matches(c, o->path, r->path))
			return o;
	return NULL;
}

enum vt_err
operation_form(
    struct call *c, const struct request *r, struct operation_form *out)
{
	const struct form_pair *body = NULL;
	struct vt_problem p = { 0 };
	struct form_pair *all;
	const char *at = NULL;
	size_t count = 0;

	if (form_parse(c->arena, r->body, r->body_bytes, PAIRS_MAX, &body,
		&count, &p) != VT_OK)
		return call_fail(
		    c, 400, NULL, NULL, "Invalid request body: %s", p.message);
	all = arena_array(c->arena, count + r->query_count + 1, sizeof(*all));
	if (r->query_count > 0)
		memcpy(all, r->query, r->query_count * sizeof(*all));
	if (count > 0)
		memcpy(all + r->query_count, body, count * sizeof(*all));
	out->pairs = all;
	out->count = count + r->query_count;
	if (tree_build(c->arena, all, out->count, &out->tree, &at) != VT_OK)
		return call_fail(c, 400, NULL, at,
		    "Invalid request: the parameter %s cannot be read.", at);
	return VT_OK;
}

/* Runs it in a transaction of its own, undone unless it ends well. */
static enum vt_err
run_locked(struct call *c, const struct operation *op)
{
	struct db *db = c->box->db;
	enum vt_err err;

	box_lock(c->box);
	err = db_begin(db);
	if (err == VT_OK) {
		err = test_clock_enter(c);
		if (err == VT_OK)
			err = op->run(c);
		if (err != VT_OK && !c->error.began)
			db_rollback(db);
		else if (db_commit(db) != VT_OK) {
			db_rollback(db);
			err = VT_DB;
		}
	}
	box_unlock(c->box);
	delivery_wake(c->box);
	return err;
}

static void
send_answer(struct call *c, struct response *w, enum vt_err err,
    const char *(*error_text)(struct call *c))
{
	const char *text;

	if (err != VT_OK) {
		if (c->error.status == 0)
			(void)call_fail(c, 500, NULL, NULL,
			    "An unknown error occurred (%s).",
			    vt_err_name(err));
		text = error_text(c);
		response_text(w, c->error.status, NULL, text, strlen(text));
		return;
	}
	/* One that answered by itself (a page, a redirect) leaves it empty. */
	if (c->answer != NULL)
		response_text(
		    w, 200, c->answer_type, c->answer, strlen(c->answer));
}

bool
operation_serve(struct box *b, const struct operation *table, struct request *r,
    struct response *w, const char *(*error_text)(struct call *c))
{
	struct operation_form form;
	const struct operation *op;
	struct call c;
	enum vt_err err;

	call_init(&c, b, r->arena);
	c.request = r;
	c.response = w;
	c.key = KEY_SECRET;
	op = operation_find(&c, table, r);
	if (op == NULL)
		return false;
	err = operation_form(&c, r, &form);
	if (err == VT_OK)
		err = params_read(&c, form.tree, op->params, &c.params);
	if (err == VT_OK)
		err = (op->flags & OPERATION_UNLOCKED) != 0
		    ? op->run(&c)
		    : run_locked(&c, op);
	send_answer(&c, w, err, error_text);
	return true;
}
