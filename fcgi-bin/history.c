/* history: see history.h. */
#include "history.h"

#include <string.h>

#include "base/clock.h"
#include "billing/users.h"
#include "store/readers.h"
#include "text/csv.h"
#include "text/json.h"
#include "text/money.h"
#include "web/worker.h"

#define QUERY_BYTES_MAX 8192 /* more than nginx lets through */

/* Cursors of one list are not taken by another. */
static const char list_name[] = "transactions";

/* The interface's words, so that a mistyped filter is no empty list. */
static const char *const kinds[] = { "purchase", "subscription", "proration",
	"grant", "bulk_grant", "spend", "capture", "reversal", "refund",
	"dispute", "expiry", "revoke", "adjustment", NULL };
static const char *const statuses[] = { "pending", "processing",
	"requires_action", "completed", "failed", "canceled", "refunded",
	"disputed", NULL };

/* ---- the filter ---------------------------------------------------------- */

static enum vt_err
read_word(const struct request *r, const char *name, const char *const *words,
    const char **out, struct vt_problem *p)
{
	*out = request_query(r, name);
	if (*out == NULL)
		return VT_OK;
	for (; *words != NULL; words++)
		if (strcmp(*words, *out) == 0)
			return VT_OK;
	return vt_problem(
	    p, VT_INVALID, "invalid_field", name, "There is no such %s.", name);
}

static enum vt_err
read_time(const struct request *r, const char *name, int64_t *out,
    struct vt_problem *p)
{
	const char *text = request_query(r, name);

	if (text == NULL)
		return VT_OK;
	if (clock_parse(text, out) == VT_OK && *out > 0)
		return VT_OK;
	return vt_problem(p, VT_INVALID, "invalid_field", name,
	    "%s must be a time such as 2026-11-22T17:50:00Z, or a date.", name);
}

enum vt_err
history_filter(const struct request *r, int limit_default, int limit_max,
    struct transaction_filter *out, struct vt_problem *p)
{
	struct cursor_page page;
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	if ((err = read_word(r, "kind", kinds, &out->kind, p)) != VT_OK ||
	    (err = read_word(r, "status", statuses, &out->status, p)) !=
		VT_OK ||
	    (err = read_time(r, "from", &out->from_ms, p)) != VT_OK ||
	    (err = read_time(r, "to", &out->to_ms, p)) != VT_OK ||
	    (err = cursor_page_sized(
		 r, list_name, limit_default, limit_max, &page, p)) != VT_OK)
		return err;
	out->payment_intent_id = request_query(r, "payment_intent_id");
	out->invoice_id = request_query(r, "invoice_id");
	out->before_ms = page.after.created_at;
	out->before_id = page.after.id;
	out->limit = page.limit;
	return VT_OK;
}

/* ---- the read ------------------------------------------------------------ */

struct list {
	const struct history *history;
	int rows;	    /* shown */
	struct cursor last; /* of them */
	bool more;	    /* rows follow */
	void (*row)(struct list *l, const struct transaction *t);
	struct json *json; /* an array */
	struct buf *csv;
};

static enum vt_err
on_row(const struct transaction *t, void *arg)
{
	struct list *l = arg;
	struct transaction shown;

	/* One more than is shown was asked for, to know if there is one. */
	if (l->rows == l->history->filter.limit) {
		l->more = true;
		return VT_OK;
	}
	l->rows++;
	l->last = (struct cursor){ t->created_at, t->id };
	shown = *t;
	if (l->history->for_user)
		transaction_for_user(l->history->request->arena, &shown);
	l->row(l, &shown);
	return VT_OK;
}

static enum vt_err
read_rows(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct list *l = out;
	const struct history *h = l->history;
	struct transaction_filter f = h->filter;
	enum vt_err err;

	(void)in, (void)p; /* everything is in the list */
	if (h->user_sub != NULL) {
		err = user_id_by_sub(db, h->user_sub, &f.user, NULL);
		if (err != VT_OK)
			return err == VT_NOTFOUND ? VT_OK : err;
	}
	f.limit++;
	return transactions_list(db, h->request->arena, &f, on_row, l);
}

static enum vt_err
read_list(const struct history *h, struct list *l, struct vt_problem *p)
{
	struct worker_state *s = worker_state(h->request);

	l->history = h;
	return readers_run(s->readers, read_rows, NULL, l, p);
}

/* ---- JSON ---------------------------------------------------------------- */

static void
put_amount(struct json *o, const struct transaction *t)
{
	char text[MONEY_TEXT_BYTES];

	if (!t->has_amount || t->currency == NULL) {
		json_put_null(o, "amount");
		json_put_null(o, "currency");
		return;
	}
	json_put_int(o, "amount", t->amount);
	json_put_str(o, "currency", t->currency);
	if (money_currency_valid(t->currency)) {
		money_format(t->amount, t->currency, text);
		json_put_str(o, "amount_display", text);
	}
}

void
history_row(struct json *o, const struct transaction *t)
{
	char at[CLOCK_TEXT_BYTES];

	json_put_str(o, "id", t->public_id);
	json_put_str(o, "user", t->user);
	json_put_str(o, "email", t->email);
	json_put_str(o, "kind", t->kind);
	json_put_str(o, "status", t->status);
	json_put_int(o, "tokens", t->tokens);
	if (t->has_balance_after)
		json_put_int(o, "balance_after", t->balance_after);
	else
		json_put_null(o, "balance_after");
	json_put_str(o, "payment_intent_id", t->payment_intent_id);
	json_put_str(o, "stripe_charge_id", t->stripe_charge_id);
	json_put_str(o, "stripe_invoice_id", t->stripe_invoice_id);
	json_put_str(o, "price_per_token", t->price_per_token);
	json_put_str(o, "total_amount_usd", t->total_amount_usd);
	put_amount(o, t);
	if (t->metadata != NULL)
		json_put_text(o, "metadata", t->metadata);
	else
		json_put_null(o, "metadata");
	json_put_str(o, "note", t->note);
	json_put_str(o, "actor", t->actor);
	clock_format(t->created_at, at);
	json_put_str(o, "created_at", at);
}

static void
json_row(struct list *l, const struct transaction *t)
{
	history_row(json_add_object(l->json), t);
}

enum vt_err
history_json(const struct history *h, struct response *w, struct vt_problem *p)
{
	struct json *root = json_object(h->request->arena);
	struct list l = { .row = json_row };
	enum vt_err err;

	l.json = json_put_array(root, "data");
	err = read_list(h, &l, p);
	if (err != VT_OK)
		return err;
	cursor_end(h->request->arena, root, list_name, l.more, &l.last);
	response_json(h->request, w, 200, root);
	return VT_OK;
}

/* ---- CSV ----------------------------------------------------------------- */

static const char *const columns[] = { "id", "user", "email", "kind", "status",
	"tokens", "balance_after", "payment_intent_id", "stripe_charge_id",
	"stripe_invoice_id", "price_per_token", "total_amount_usd", "amount",
	"currency", "metadata", "note", "actor", "created_at" };

static void
csv_optional(struct buf *b, bool there, int64_t n)
{
	if (there)
		csv_int(b, n);
	else
		csv_text(b, NULL);
}

static void
csv_row(struct list *l, const struct transaction *t)
{
	struct buf *b = l->csv;
	char at[CLOCK_TEXT_BYTES];

	csv_text(b, t->public_id);
	csv_text(b, t->user);
	csv_text(b, t->email);
	csv_text(b, t->kind);
	csv_text(b, t->status);
	csv_int(b, t->tokens);
	csv_optional(b, t->has_balance_after, t->balance_after);
	csv_text(b, t->payment_intent_id);
	csv_text(b, t->stripe_charge_id);
	csv_text(b, t->stripe_invoice_id);
	csv_text(b, t->price_per_token);
	csv_text(b, t->total_amount_usd);
	csv_optional(b, t->has_amount, t->amount);
	csv_text(b, t->currency);
	csv_text(b, t->metadata);
	csv_text(b, t->note);
	csv_text(b, t->actor);
	clock_format(t->created_at, at);
	csv_text(b, at);
	csv_end(b);
}

/* This request's path and query with another cursor. */
static const char *
next_path(const struct request *r, const struct cursor *last)
{
	const char *cursor = cursor_format(r->arena, list_name, last);
	struct buf query;
	char *path;

	buf_init(&query, QUERY_BYTES_MAX);
	for (size_t i = 0; i < r->query_count; i++)
		if (strcmp(r->query[i].name, "cursor") != 0)
			form_add(&query, r->query[i].name, r->query[i].value);
	form_add(&query, "cursor", cursor);
	path = arena_printf(r->arena, "%s?%s", r->path, buf_str(&query));
	buf_free(&query);
	return path;
}

enum vt_err
history_csv(const struct history *h, struct response *w, struct vt_problem *p)
{
	struct request *r = h->request;
	struct list l = { .row = csv_row, .csv = &w->body };
	enum vt_err err;

	for (size_t i = 0; i < countof(columns); i++)
		csv_text(&w->body, columns[i]);
	csv_end(&w->body);
	err = read_list(h, &l, p);
	if (err != VT_OK)
		return err;
	w->status = 200;
	w->content_type = "text/csv; charset=utf-8; header=present";
	response_header(w, "Content-Disposition",
	    "attachment; filename=\"transactions.csv\"");
	if (l.more)
		response_header(w, "Link",
		    arena_printf(
			r->arena, "<%s>; rel=\"next\"", next_path(r, &l.last)));
	return VT_OK;
}
