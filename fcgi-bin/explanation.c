/* explanation: see explanation.h. */
#include "explanation.h"

#include <string.h>

#include "access/access.h"
#include "base/clock.h"
#include "billing/explain.h"
#include "history.h"
#include "store/readers.h"
#include "text/money.h"
#include "web/worker.h"

/* Cursors of one list are not taken by another. */
static const char list_name[] = "explain";

/* Which of a row's fields a list shows, and under which names. */
enum field {
	ID,
	KIND,
	STATE,
	BY,
	AT,
	UNTIL,
	TOKENS,
	LEFT,
	HELD,
	FROZEN,
	COUNT,
	GIVEN_BACK,
	OPEN,
	MONEY
};

struct member {
	const char *name;
	enum field field;
};

#define MEMBERS_MAX 8

static const struct {
	const char *name;
	struct member members[MEMBERS_MAX]; /* ended by one without a name */
} lists[EXPLAIN__MAX] = {
	[EXPLAIN_EVENTS] = { "events",
	    { { "id", ID }, { "type", KIND }, { "state", STATE },
		{ "reason", BY }, { "received_at", AT } } },
	[EXPLAIN_REFUNDS] = { "refunds",
	    { { "id", ID }, { "status", STATE }, { NULL, MONEY },
		{ "told_at", AT }, { "updated_at", UNTIL } } },
	[EXPLAIN_DISPUTES] = { "disputes",
	    { { "id", ID }, { "status", STATE }, { "effect", BY },
		{ NULL, MONEY }, { "told_at", AT }, { "updated_at", UNTIL } } },
	[EXPLAIN_FROM] = { "taken_from",
	    { { "transaction_id", ID }, { "kind", KIND }, { "tokens", TOKENS },
		{ "created_at", AT }, { NULL, MONEY } } },
	[EXPLAIN_LOTS] = { "lots",
	    { { "origin", KIND }, { "granted", TOKENS }, { "left", LEFT },
		{ "held", HELD }, { "frozen", FROZEN },
		{ "expires_at", UNTIL } } },
	[EXPLAIN_USED] = { "used",
	    { { "kind", KIND }, { "count", COUNT }, { "tokens", TOKENS },
		{ "newest_at", AT } } },
	[EXPLAIN_USES] = { "uses",
	    { { "transaction_id", ID }, { "kind", KIND }, { "tokens", TOKENS },
		{ "given_back", GIVEN_BACK }, { "actor", BY },
		{ "created_at", AT } } },
	[EXPLAIN_HOLDS] = { "holds",
	    { { "id", ID }, { "service", BY }, { "reference", KIND },
		{ "tokens", TOKENS }, { "created_at", AT },
		{ "expires_at", UNTIL } } },
	[EXPLAIN_REVERSALS] = { "reversals",
	    { { "transaction_id", ID }, { "tokens", TOKENS },
		{ "created_at", AT } } },
	[EXPLAIN_STEPS] = { "steps",
	    { { "transaction_id", ID }, { "kind", KIND }, { "tokens", TOKENS },
		{ "created_at", AT } } },
	[EXPLAIN_DEBTS] = { "debts",
	    { { "transaction_id", ID }, { "tokens", TOKENS }, { "open", OPEN },
		{ "created_at", AT } } },
};

static const struct member hold_members[MEMBERS_MAX] = { { "id", ID },
	{ "service", BY }, { "reference", KIND }, { "tokens", TOKENS },
	{ "created_at", AT }, { "ended_at", UNTIL } };
static const struct member order_members[MEMBERS_MAX] = { { "id", ID },
	{ "package_id", KIND }, { "state", STATE }, { "created_at", AT } };

static void
put_time(struct json *o, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT_BYTES];

	if (ms == 0) {
		json_put_null(o, name);
		return;
	}
	clock_format(ms, text);
	json_put_str(o, name, text);
}

static void
put_money(struct json *o, const struct explain_row *r)
{
	char text[MONEY_TEXT_BYTES];

	if (r->currency == NULL || !money_currency_valid(r->currency))
		return;
	money_format(r->amount, r->currency, text);
	json_put_int(o, "amount", r->amount);
	json_put_str(o, "currency", r->currency);
	json_put_str(o, "amount_display", text);
}

static void
put_member(struct json *o, const struct member *m, const struct explain_row *r)
{
	switch (m->field) {
	case ID:
		json_put_str(o, m->name, r->id);
		break;
	case KIND:
		json_put_str(o, m->name, r->kind);
		break;
	case STATE:
		json_put_str(o, m->name, r->state);
		break;
	case BY:
		json_put_str(o, m->name, r->by);
		break;
	case AT:
		put_time(o, m->name, r->at);
		break;
	case UNTIL:
		put_time(o, m->name, r->until);
		break;
	case TOKENS:
		json_put_int(o, m->name, r->tokens);
		break;
	case LEFT:
		json_put_int(o, m->name, r->left);
		break;
	case HELD:
		json_put_int(o, m->name, r->held);
		break;
	case FROZEN:
		json_put_int(o, m->name, r->frozen);
		break;
	case COUNT:
		json_put_int(o, m->name, r->count);
		break;
	case GIVEN_BACK:
		json_put_int(o, m->name, r->given_back);
		break;
	case OPEN:
		json_put_int(o, m->name, r->open);
		break;
	case MONEY:
		put_money(o, r);
		break;
	}
}

static void
put_row(
    struct json *o, const struct member *members, const struct explain_row *r)
{
	for (size_t i = 0; i < MEMBERS_MAX; i++)
		if (members[i].name != NULL || members[i].field == MONEY)
			put_member(o, &members[i], r);
}

/* An object, or null when there is no such thing. */
static void
put_object(struct json *root, const char *name, const struct member *members,
    const struct explain_row *r)
{
	if (r->id == NULL)
		json_put_null(root, name);
	else
		put_row(json_put_object(root, name), members, r);
}

static void
put_lists(struct arena *a, struct json *root, const struct explanation *e)
{
	struct json *array, *cut, *uses = NULL;

	for (size_t i = 0; i < EXPLAIN__MAX; i++) {
		const struct explain_rows *l = &e->lists[i];

		if (i == EXPLAIN_USES) {
			uses = json_put_object(root, lists[i].name);
			array = json_put_array(uses, "data");
		} else {
			array = json_put_array(root, lists[i].name);
		}
		for (size_t k = 0; k < l->count; k++)
			put_row(json_add_object(array), lists[i].members,
			    &l->row[k]);
	}
	cursor_end(a, uses, list_name, e->lists[EXPLAIN_USES].more,
	    &(struct cursor){ 0, e->uses_next });
	cut = json_put_array(root, "incomplete");
	for (size_t i = 0; i < EXPLAIN__MAX; i++)
		if (i != EXPLAIN_USES && e->lists[i].more)
			json_add_str(cut, lists[i].name);
}

static void
put_all(struct arena *a, struct json *root, const struct explanation *e)
{
	const char *const *words;
	struct json *sentences;
	size_t count;

	words = explain_words(a, e, &count);
	json_put_str(root, "summary", count > 0 ? words[0] : "");
	sentences = json_put_array(root, "sentences");
	for (size_t i = 0; i < count; i++)
		json_add_str(sentences, words[i]);
	history_row(json_put_object(root, "transaction"), &e->t);
	if (e->about.public_id != NULL)
		history_row(json_put_object(root, "about"), &e->about);
	else
		json_put_null(root, "about");
	put_object(root, "order", order_members, &e->order);
	put_object(root, "hold", hold_members, &e->hold);
	put_lists(a, root, e);
}

enum vt_err
explanation_get(struct request *r, struct response *w, struct vt_problem *p)
{
	static const char *const known[] = { "transaction_id", "limit",
		"cursor", NULL };
	const struct caller *c = access_caller(r);
	struct explain x = { .for_user = !c->admin,
		.user_sub = c->admin ? NULL : c->sub,
		.arena = r->arena };
	struct cursor_page page;
	struct explanation e;
	struct json *root;
	enum vt_err err;

	err = request_query_closed(r, known, p);
	if (err == VT_OK)
		err = cursor_page(r, list_name, &page, p);
	if (err != VT_OK)
		return err;
	x.transaction = request_query(r, "transaction_id");
	if (x.transaction == NULL || *x.transaction == '\0')
		return vt_problem(p, VT_INVALID, "missing_field",
		    "transaction_id",
		    "transaction_id must say which transaction to explain.");
	x.uses = page.limit;
	x.uses_before = page.after.id;
	err = readers_run(worker_state(r)->readers, explain, &x, &e, p);
	if (err != VT_OK)
		return err;
	root = json_object(r->arena);
	put_all(r->arena, root, &e);
	response_json(r, w, 200, root);
	return VT_OK;
}
