/*
 * explain_words: an explanation in sentences. See explain.h.
 *
 * They speak of tokens and not of "you", so that a person may read them to
 * whoever asks, and name ids in brackets at their end.
 */
#include "billing/explain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "billing/explain_phrases.h"

#define SENTENCES_MAX 256
#define SENTENCE_BYTES_MAX 4096
#define SINGLE_MAX 5 /* uses and origins that are named one by one */

struct words {
	struct arena *a;
	const struct explanation *e;
	const char *said[SENTENCES_MAX];
	size_t count;
	bool cut; /* there was more to say */
};

static void say(struct words *w, const char *fmt, ...) VT_PRINTF(2, 3);

static void
say(struct words *w, const char *fmt, ...)
{
	char text[SENTENCE_BYTES_MAX];
	va_list ap;

	if (w->count == SENTENCES_MAX) {
		w->cut = true;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut: a long note */
	va_end(ap);
	w->said[w->count++] = arena_strdup(w->a, text);
}

static const char *
note(struct words *w, const char *text)
{
	return text == NULL ? "" : arena_printf(w->a, ", noting \"%s\"", text);
}

static const char *
about(struct words *w)
{
	const struct transaction *t = &w->e->about;

	if (t->public_id == NULL)
		return "an earlier transaction";
	return phrase_that(w->a, t->kind, t->created_at,
	    t->has_amount ? t->amount : 0, t->has_amount ? t->currency : NULL,
	    t->public_id);
}

/* ---- what it was --------------------------------------------------------- */

static void
say_unpaid(struct words *w)
{
	const struct transaction *t = &w->e->t;
	const char *n = phrase_tokens(w->a, t->tokens),
		   *at = phrase_moment(w->a, t->created_at);
	const char *price = phrase_money(w->a, t->amount, t->currency);

	if (price == NULL)
		price = "nothing";
	if (strcmp(t->status, "failed") == 0)
		say(w,
		    "On %s %s should have been bought for %s, but the payment "
		    "failed: no tokens were given.",
		    at, n, price);
	else if (strcmp(t->status, "canceled") == 0)
		say(w,
		    "On %s %s should have been bought for %s, but the "
		    "purchase was canceled: no tokens were given.",
		    at, n, price);
	else if (strcmp(t->status, "processing") == 0)
		say(w,
		    "On %s %s were ordered for %s; the payment is being "
		    "processed, and the tokens come when it has succeeded.",
		    at, n, price);
	else if (strcmp(t->status, "requires_action") == 0)
		say(w,
		    "On %s %s were ordered for %s; the payment waits for the "
		    "buyer to confirm it with the bank.",
		    at, n, price);
	else
		say(w,
		    "On %s %s were ordered for %s and have not been paid yet.",
		    at, n, price);
}

static void
say_bought(struct words *w)
{
	const struct transaction *t = &w->e->t;
	const char *price = phrase_money(w->a, t->amount, t->currency);
	const char *how = "bought";

	if (w->e->cause == NULL) {
		say_unpaid(w);
		return;
	}
	if (strcmp(t->kind, "subscription") == 0)
		how = "given for a period of a subscription";
	else if (strcmp(t->kind, "proration") == 0)
		how = "given for the change of a subscription";
	say(w, "On %s %s %s %s%s%s.", phrase_moment(w->a, t->created_at),
	    phrase_tokens(w->a, t->tokens), phrase_was(t->tokens), how,
	    price == NULL ? "" : " for ", price == NULL ? "" : price);
}

static void
say_given(struct words *w)
{
	const struct transaction *t = &w->e->t;

	say(w, "On %s %s %s given%s%s%s.", phrase_moment(w->a, t->created_at),
	    phrase_tokens(w->a, t->tokens), phrase_was(t->tokens),
	    strcmp(t->kind, "bulk_grant") == 0 ? " to many users at once" : "",
	    phrase_by(w->a, t->actor), note(w, t->note));
}

/* The reference is what follows the service's name in the cause. */
static const char *
reference(struct words *w)
{
	const char *rest = phrase_after(w->e->cause, "spend:");

	rest = rest == NULL ? NULL : strchr(rest, ':');
	return rest == NULL
	    ? ""
	    : arena_printf(w->a, " under the reference %s", rest + 1);
}

static void
say_spent(struct words *w)
{
	const struct transaction *t = &w->e->t;
	const struct explain_row *h = &w->e->hold;

	say(w, "On %s %s %s spent%s%s.", phrase_moment(w->a, t->created_at),
	    phrase_tokens(w->a, t->tokens), phrase_was(t->tokens),
	    phrase_by(w->a, t->actor), reference(w));
	if (h->id != NULL)
		say(w,
		    "They were out of %s that the service had reserved on %s "
		    "under the reference %s (%s).",
		    phrase_tokens(w->a, h->tokens), phrase_moment(w->a, h->at),
		    h->kind, h->id);
}

static void
say_reversed(struct words *w)
{
	const struct transaction *t = &w->e->t;

	say(w, "On %s %s %s given back%s out of %s%s%s%s.",
	    phrase_moment(w->a, t->created_at), phrase_tokens(w->a, t->tokens),
	    phrase_was(t->tokens), phrase_by(w->a, t->actor), about(w),
	    t->note == NULL ? "" : ": \"", t->note == NULL ? "" : t->note,
	    t->note == NULL ? "" : "\"");
}

static void
say_clawed(struct words *w)
{
	const struct transaction *t = &w->e->t;

	say(w, "On %s %s %s taken back, since the payment %s: it was %s.",
	    phrase_moment(w->a, t->created_at), phrase_tokens(w->a, t->tokens),
	    phrase_was(t->tokens),
	    strcmp(t->kind, "dispute") == 0 ? "is disputed at the bank"
					    : "was refunded",
	    about(w));
}

static void
say_expired(struct words *w)
{
	const struct transaction *t = &w->e->t;

	say(w, "On %s %s expired: nobody had used them by then.",
	    phrase_moment(w->a, t->created_at), phrase_tokens(w->a, t->tokens));
}

static void
say_revoked(struct words *w)
{
	const struct transaction *t = &w->e->t;

	say(w, "On %s %s %s taken back%s%s.",
	    phrase_moment(w->a, t->created_at), phrase_tokens(w->a, t->tokens),
	    phrase_was(t->tokens), phrase_by(w->a, t->actor), note(w, t->note));
}

static void
say_adjusted(struct words *w)
{
	const struct transaction *t = &w->e->t;
	const char *n = phrase_tokens(w->a, t->tokens),
		   *at = phrase_moment(w->a, t->created_at);

	if (phrase_after(w->e->cause, "repay:") != NULL)
		say(w,
		    "On %s %s went into what was still owed for %s, which had "
		    "been refunded or disputed when its tokens were spent.",
		    at, n, about(w));
	else if (t->tokens > 0)
		say(w,
		    "On %s %s came back, since a refund or a dispute of %s "
		    "came to nothing.",
		    at, n, about(w));
	else
		say(w,
		    "On %s %s that had been frozen for a refund or a dispute "
		    "of %s were given a later end, by the time they were "
		    "frozen.",
		    at, n, about(w));
}

/* In the order of the interface's kinds. */
static const struct {
	const char *kind;
	void (*say)(struct words *w);
} summaries[] = {
	{ "purchase", say_bought },
	{ "subscription", say_bought },
	{ "proration", say_bought },
	{ "grant", say_given },
	{ "bulk_grant", say_given },
	{ "spend", say_spent },
	{ "capture", say_spent },
	{ "reversal", say_reversed },
	{ "refund", say_clawed },
	{ "dispute", say_clawed },
	{ "expiry", say_expired },
	{ "revoke", say_revoked },
	{ "adjustment", say_adjusted },
};

/* ---- where it came from -------------------------------------------------- */

static void
say_payment(struct words *w)
{
	const struct explanation *e = w->e;
	const struct explain_rows *l = &e->lists[EXPLAIN_EVENTS];
	const struct transaction *t = &e->t;

	if (e->order.id != NULL)
		say(w, "It is the order %s%s%s.", e->order.id,
		    t->payment_intent_id == NULL ? ""
						 : ", paid by the payment ",
		    t->payment_intent_id == NULL ? "" : t->payment_intent_id);
	if (t->stripe_invoice_id != NULL)
		say(w, "It was paid by the invoice %s.", t->stripe_invoice_id);
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->row[i].state, "applied") == 0)
			say(w, "Stripe told of it on %s: %s (%s).",
			    phrase_moment(w->a, l->row[i].at), l->row[i].kind,
			    l->row[i].id);
}

static void
say_origins(struct words *w)
{
	const struct explain_rows *l = &w->e->lists[EXPLAIN_FROM];
	const struct explain_row *r;

	for (size_t i = 0; i < l->count && i < SINGLE_MAX; i++) {
		r = &l->row[i];
		say(w, "%" PRId64 " of them came from %s.", r->tokens,
		    phrase_that(
			w->a, r->kind, r->at, r->amount, r->currency, r->id));
	}
	if (l->count > SINGLE_MAX)
		say(w, "The others came from %zu more.", l->count - SINGLE_MAX);
}

static void
say_facts(struct words *w)
{
	const struct explain_rows *l = &w->e->lists[EXPLAIN_REFUNDS];
	const struct explain_row *r;
	const char *price, *what;

	for (size_t i = 0; i < l->count; i++) {
		r = &l->row[i];
		price = phrase_money(w->a, r->amount, r->currency);
		what = strcmp(r->state, "succeeded") == 0 ? "succeeded"
		    : strcmp(r->state, "failed") == 0	  ? "failed"
		    : strcmp(r->state, "canceled") == 0	  ? "was canceled"
							: "is not decided yet";
		say(w, "A refund of %s, told on %s, %s (%s).",
		    price == NULL ? "money" : price, phrase_moment(w->a, r->at),
		    what, r->id);
	}
	l = &w->e->lists[EXPLAIN_DISPUTES];
	for (size_t i = 0; i < l->count; i++) {
		r = &l->row[i];
		price = phrase_money(w->a, r->amount, r->currency);
		what = strcmp(r->by, "lost") == 0
		    ? "it was lost, and what it bought is taken back"
		    : strcmp(r->by, "freeze") == 0
		    ? "it is not decided yet, and until then the tokens are "
		      "frozen"
		    : strcmp(r->by, "flag") == 0
		    ? "it is only an inquiry, and nothing follows from it yet"
		    : "it came to nothing";
		say(w, "The payment was disputed over %s on %s (%s, %s): %s.",
		    price == NULL ? "money" : price, phrase_moment(w->a, r->at),
		    r->id, r->state, what);
	}
}

/* ---- what became of it --------------------------------------------------- */

/* "were spent", "expired": what happens to n tokens of a lot. */
static const char *
became(struct words *w, const char *kind, int64_t n)
{
	static const struct {
		const char *kind, *what;
	} names[] = { { "spend", "spent" }, { "capture", "spent after a hold" },
		{ "refund", "taken back for a refund" },
		{ "dispute", "taken back for a dispute" },
		{ "revoke", "taken back by hand" },
		{ "adjustment", "moved on by an adjustment" } };

	for (size_t i = 0; i < countof(names); i++)
		if (strcmp(names[i].kind, kind) == 0)
			return arena_printf(
			    w->a, "%s %s", phrase_was(n), names[i].what);
	return "expired"; /* nothing else takes of a lot */
}

static void
say_left(struct words *w, int64_t left, int64_t held, int64_t frozen)
{
	const char *keep = "";

	if (held > 0)
		keep = arena_printf(
		    w->a, "; services hold %" PRId64 " of these", held);
	if (frozen > 0)
		keep = arena_printf(w->a,
		    "%s; %" PRId64 " %s frozen until a refund or a dispute is "
		    "decided",
		    keep, frozen, phrase_are(frozen));
	if (left == 0)
		say(w, "None of them is left.");
	else
		say(w, "%" PRId64 " of them %s left%s.", left, phrase_are(left),
		    keep);
}

static void
say_lots(struct words *w)
{
	const struct explain_rows *l = &w->e->lists[EXPLAIN_LOTS];
	const struct explain_rows *used = &w->e->lists[EXPLAIN_USED];
	int64_t left = 0, held = 0, frozen = 0, end = 0;
	bool same = true;

	if (l->count == 0)
		return;
	for (size_t i = 0; i < l->count; i++) {
		left += l->row[i].left;
		held += l->row[i].held;
		frozen += l->row[i].frozen;
		end = l->row[i].until;
		same = same && end == l->row[0].until;
	}
	if (!same)
		say(w, "They end at different times.");
	else if (end == 0)
		say(w, "They never expire.");
	else
		say(w, "Their end is %s.", phrase_moment(w->a, end));
	for (size_t i = 0; i < used->count; i++)
		say(w, "%" PRId64 " of them %s, in %" PRId64 " %s.",
		    used->row[i].tokens,
		    became(w, used->row[i].kind, used->row[i].tokens),
		    used->row[i].count,
		    used->row[i].count == 1 ? "transaction" : "transactions");
	if (l->more)
		say(w, "They are in more lots than are looked at here.");
	else
		say_left(w, left, held, frozen);
}

static void
say_steps(struct words *w)
{
	const struct explain_rows *l = &w->e->lists[EXPLAIN_STEPS];
	const struct explain_row *r;

	for (size_t i = 0; i < l->count; i++) {
		r = &l->row[i];
		say(w, "On %s %s %s %s (%s).", phrase_moment(w->a, r->at),
		    phrase_tokens(w->a, r->tokens), phrase_was(r->tokens),
		    r->tokens > 0			     ? "restored"
			: strcmp(r->kind, "adjustment") == 0 ? "moved on"
							     : "taken back",
		    r->id);
	}
	l = &w->e->lists[EXPLAIN_DEBTS];
	for (size_t i = 0; i < l->count; i++) {
		r = &l->row[i];
		if (r->tokens > 0)
			say(w,
			    "On %s %s more should have been taken back and "
			    "had been spent: they are owed.",
			    phrase_moment(w->a, r->at),
			    phrase_tokens(w->a, r->tokens));
		else
			say(w,
			    "On %s %s of what is owed %s paid or "
			    "forgiven%s%s%s.",
			    phrase_moment(w->a, r->at),
			    phrase_tokens(w->a, r->tokens),
			    phrase_was(r->tokens), r->id == NULL ? "" : " (",
			    r->id == NULL ? "" : r->id,
			    r->id == NULL ? "" : ")");
	}
	if (l->count > 0 && !l->more)
		say(w, "%s %s owed for it now.",
		    l->row[l->count - 1].open == 0
			? "Nothing"
			: phrase_tokens(w->a, l->row[l->count - 1].open),
		    l->row[l->count - 1].open < 2 ? "is" : "are");
}

static void
say_uses(struct words *w)
{
	const struct explain_rows *l = &w->e->lists[EXPLAIN_USES];
	const struct explain_rows *h = &w->e->lists[EXPLAIN_HOLDS];
	const struct explain_row *r;
	const char *back;

	for (size_t i = 0; i < h->count && i < SINGLE_MAX; i++)
		say(w,
		    "%" PRId64 " of them %s held by the service %s until %s "
		    "(%s).",
		    h->row[i].tokens, phrase_are(h->row[i].tokens),
		    h->row[i].by, phrase_moment(w->a, h->row[i].until),
		    h->row[i].id);
	for (size_t i = 0; i < l->count && i < SINGLE_MAX; i++) {
		r = &l->row[i];
		back = r->given_back == 0
		    ? ""
		    : arena_printf(w->a, "; of that spend %s %s given back",
			  phrase_tokens(w->a, r->given_back),
			  phrase_was(r->given_back));
		say(w, "On %s %" PRId64 " of them %s%s (%s)%s.",
		    phrase_moment(w->a, r->at), r->tokens,
		    became(w, r->kind, r->tokens), phrase_by(w->a, r->by),
		    r->id, back);
	}
	if (l->count > SINGLE_MAX || l->more)
		say(w, "These are the newest uses; there are older ones.");
}

static void
say_reversals(struct words *w)
{
	const struct explain_rows *l = &w->e->lists[EXPLAIN_REVERSALS];

	for (size_t i = 0; i < l->count; i++)
		say(w, "On %s %" PRId64 " of them %s given back (%s).",
		    phrase_moment(w->a, l->row[i].at), l->row[i].tokens,
		    phrase_was(l->row[i].tokens), l->row[i].id);
}

const char *const *
explain_words(struct arena *a, const struct explanation *e, size_t *count)
{
	struct words w = { .a = a, .e = e };

	for (size_t i = 0; i < countof(summaries); i++)
		if (strcmp(summaries[i].kind, e->t.kind) == 0)
			summaries[i].say(&w);
	say_payment(&w);
	say_origins(&w);
	say_facts(&w);
	say_lots(&w);
	say_uses(&w);
	say_steps(&w);
	say_reversals(&w);
	if (e->t.has_balance_after)
		say(&w,
		    "After it the account had %s, those held or frozen "
		    "included.",
		    phrase_tokens(a, e->t.balance_after));
	for (size_t i = 0; i < EXPLAIN__MAX; i++)
		if (e->lists[i].more && i != EXPLAIN_USES)
			w.cut = true;
	if (w.cut) {
		w.count = w.count < SENTENCES_MAX ? w.count : SENTENCES_MAX - 1;
		say(&w, "There is more to it than is told here.");
	}
	*count = w.count;
	return (const char *const *)(void *)arena_memdup(
	    a, w.said, w.count * sizeof(w.said[0]));
}
