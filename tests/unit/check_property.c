/*
 * property: random operations on tokens, each compared with a model that is
 * nothing but arrays, and with what must always be true of the books.
 *
 * A seed makes a world, a database of some thousand operations; the worlds of
 * a run have seeds that follow each other, so VANTAGE_SEED with the seed that
 * failed replays that world first. Now and then what everybody has is written
 * down, and asked for again as of that moment when the world has moved on.
 * Fifty thousand operations are played; with VANTAGE_SOAK=1, as ./dev soak has
 * it, a million, and with a greater number as many.
 */
#include "model.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/log.h"
#include "ledger/reverse.h"
#include "store/writer.h"

#define WORLD_OPERATIONS 5000
#define COMMIT_EVERY 500
#define MOMENTS_MAX 400

/* ---- comparing ----------------------------------------------------------- */

static uint64_t seed;
static int operation;
static char doing[160];

#define SAME(have, want, what)                                            \
	do {                                                              \
		int64_t have_ = (have), want_ = (want);                   \
		ck_assert_msg(have_ == want_,                             \
		    "seed %" PRIu64 ", operation %d (%s): %s is %" PRId64 \
		    ", the model says %" PRId64,                          \
		    seed, operation, doing, what, have_, want_);          \
	} while (0)

static void
compare_lots(int user)
{
	const struct user_model *u = &users[user];
	struct query q;
	int i = 0;

	ck_assert_int_eq(db_query(&q, books,
			     "SELECT lot, left, held, frozen FROM lot_left "
			     "WHERE user = :user AND left > 0 ORDER BY lot",
			     DB_INT("user", user + 1)),
	    VT_OK);
	while (db_step(&q) == VT_OK) {
		while (i < u->lots_count && u->lots[i].left == 0)
			i++;
		SAME(i < u->lots_count ? u->lots[i].id : -1, db_int(&q, 0),
		    "the model's next lot (and the ledger's)");
		SAME(db_int(&q, 1), u->lots[i].left, "what is left of a lot");
		SAME(db_int(&q, 2), u->lots[i].held, "what is held of a lot");
		SAME(db_int(&q, 3), u->lots[i].frozen, "a lot's frozen part");
		i++;
	}
	db_done(&q);
	for (; i < u->lots_count; i++)
		SAME(0, u->lots[i].left, "what is left of a lot not listed");
}

static void
compare_user(int user)
{
	const struct user_model *u = &users[user];
	int64_t left = 0, held = 0, frozen = 0, open;
	struct balance b;
	struct query q;

	for (int i = 0; i < u->lots_count; i++) {
		left += u->lots[i].left;
		held += u->lots[i].held;
		frozen += u->lots[i].frozen;
	}
	ck_assert_int_eq(ledger_balance(books, user + 1, now, &b), VT_OK);
	SAME(b.available, available(u), "available");
	SAME(b.held, held, "held");
	SAME(b.frozen, frozen, "frozen");
	ck_assert_int_eq(debt_of_user(books, user + 1, &open), VT_OK);
	SAME(open, debt_of(user), "debt");
	/* Whoever owes has nothing to spend: whatever came in has paid. */
	SAME(open > 0 && b.available > 0, 0, "debt beside tokens");
	if (db_row(&q, books, "SELECT balance FROM accounts WHERE user = :u",
		DB_INT("u", user + 1)) == VT_OK) {
		SAME(db_int(&q, 0), left, "the account");
		db_done(&q);
	}
	compare_lots(user);
}

static void
compare_slot(const struct slot_model *s)
{
	int64_t back, maybe;
	const char *status = "completed";
	struct query q;

	if (!s->granted)
		return;
	money_back(s, &back, &maybe);
	if (back >= s->cost)
		status = "refunded";
	for (int i = 0; i < FACTS_MAX; i++)
		if (s->disputes[i].status != NULL &&
		    strstr(s->disputes[i].status, "warning") == NULL &&
		    strcmp(s->disputes[i].status, "won") != 0 &&
		    strcmp(s->disputes[i].status, "prevented") != 0)
			status = "disputed";
	ck_assert_int_eq(
	    db_row(&q, books,
		"SELECT g.booked, COALESCE(o.open, 0), t.status = :status "
		"FROM grants g JOIN token_transactions t ON t.id = g.tx "
		"LEFT JOIN debt_open o ON o.grant_tx = g.tx WHERE g.tx = :tx",
		DB_INT("tx", s->tx), DB_TEXT("status", status)),
	    VT_OK);
	SAME(db_int(&q, 0), s->booked, "what was taken back");
	SAME(db_int(&q, 1), s->debt, "what is owed for it");
	SAME(db_int(&q, 2), 1, "whether the status is as it should be");
	db_done(&q);
	SAME(s->booked > s->tokens, 0, "more taken back than given (R57)");
}

/* ---- moments ------------------------------------------------------------- */

/* What all users had at a time when nothing more happened. */
static struct {
	int64_t at;
	const char *text;
} moments[MOMENTS_MAX];
static int moments_count;
static struct arena *moments_arena;

static enum vt_err
print_lot(const struct lot *l, void *arg)
{
	buf_printf(arg, " %s %s/%" PRId64 " %" PRId64 "-%" PRId64 "-%" PRId64,
	    l->tx, l->origin, l->granted, l->left, l->held, l->frozen);
	return VT_OK;
}

static enum vt_err
add_lot_shown(const struct lot *l, void *arg)
{
	balance_add(arg, l, now);
	return VT_OK;
}

static void
print_balance(struct buf *b, const struct balance *have, int64_t debt)
{
	buf_printf(b,
	    "%" PRId64 " available, %" PRId64 " held, %" PRId64
	    " frozen, %" PRId64 " owed:",
	    have->available, have->held, have->frozen, debt);
}

static const char *
as_it_is(void)
{
	struct balance b, sum;
	struct buf text;
	const char *kept;
	int64_t debt;

	buf_init(&text, 1 << 20);
	for (int u = 1; u <= USERS; u++) {
		sum = (struct balance){ 0 };
		ck_assert_int_eq(ledger_balance(books, u, now, &b), VT_OK);
		ck_assert_int_eq(debt_of_user(books, u, &debt), VT_OK);
		print_balance(&text, &b, debt);
		ck_assert_int_eq(
		    lots_each(books, u, now, print_lot, &text), VT_OK);
		ck_assert_int_eq(
		    lots_each(books, u, now, add_lot_shown, &sum), VT_OK);
		b.lapsed = 0; /* of what is not shown */
		SAME(memcmp(&b, &sum, sizeof(b)), 0, "the sum of lots shown");
	}
	kept = arena_strdup(moments_arena, buf_str(&text));
	buf_free(&text);
	return kept;
}

static const char *
as_it_was(int64_t at)
{
	struct balance sum;
	struct buf text;
	const char *kept;
	int64_t debt, then = now;

	now = at; /* for add_lot_shown() */
	buf_init(&text, 1 << 20);
	for (int u = 1; u <= USERS; u++) {
		sum = (struct balance){ 0 };
		ck_assert_int_eq(
		    lots_each_at(books, u, at, add_lot_shown, &sum), VT_OK);
		ck_assert_int_eq(debt_of_user_at(books, u, at, &debt), VT_OK);
		print_balance(&text, &sum, debt);
		ck_assert_int_eq(
		    lots_each_at(books, u, at, print_lot, &text), VT_OK);
	}
	now = then;
	kept = arena_strdup(moments_arena, buf_str(&text));
	buf_free(&text);
	return kept;
}

/* Before time goes on, so that nothing more happens at this moment. */
static void
keep_moment(void)
{
	if (moments_count < MOMENTS_MAX) {
		moments[moments_count].at = now;
		moments[moments_count++].text = as_it_is();
	}
}

static void
compare_moments(void)
{
	const char *was;
	size_t at, from;

	for (int i = 0; i < moments_count; i++) {
		was = as_it_was(moments[i].at);
		for (at = 0; was[at] != '\0' && was[at] == moments[i].text[at];)
			at++;
		from = at < 60 ? 0 : at - 60;
		ck_assert_msg(was[at] == moments[i].text[at],
		    "seed %" PRIu64 ", as of %" PRId64
		    ": …%.100s…, then it was …%.100s…",
		    seed, moments[i].at - BOOKS_NOW, was + from,
		    moments[i].text + from);
	}
	moments_count = 0;
}

/* ---- operations ---------------------------------------------------------- */

/* The model before an operation that may be refused. */
static void
save(int user)
{
	saved = users[user];
	memcpy(saved_slots, slots, sizeof(slots[0]) * (size_t)slots_count);
	memcpy(saved_holds, holds, sizeof(holds[0]) * (size_t)holds_count);
}

static void
restore(int user, int64_t lot)
{
	users[user] = saved;
	memcpy(slots, saved_slots, sizeof(slots[0]) * (size_t)slots_count);
	memcpy(holds, saved_holds, sizeof(holds[0]) * (size_t)holds_count);
	last_lot = lot;
}

static void
begin(void)
{
	ck_assert_int_eq(db_savepoint(books), VT_OK);
}

static void
finish(enum vt_err have, enum vt_err want)
{
	SAME(have, want, "the result");
	ck_assert_int_eq(
	    have == VT_OK ? db_release(books) : db_undo(books), VT_OK);
}

static int64_t
random_end(void)
{
	switch (dice(8)) {
	case 0:
	case 1:
	case 2:
		return now + between(1, 5) * 1000;
	case 3:
		return now + between(1, 400) * 100;
	case 4:
		return dice(4) == 0 ? now - between(0, 50) : 0;
	default:
		return 0;
	}
}

/* Always some purchases that are not made yet, for facts that come early. */
static void
plan_slots(void)
{
	while (slots_count < SLOTS_MAX && slots_count < slots_open + 6) {
		struct slot_model *s = &slots[slots_count++];

		memset(s, 0, sizeof(*s));
		s->user = (int)dice(USERS);
		s->tokens = between(1, 60);
		s->cost = between(1, 40) * 25;
	}
}

static void
do_purchase(void)
{
	int i = slots_open;
	struct slot_model *s;
	struct tokens_gift v;
	struct grant_done done;
	char name[24];
	int64_t tx;
	enum vt_err err;

	if (dice(6) == 0 && slots_open > 0)
		i = (int)dice((uint64_t)slots_open);
	s = &slots[i];
	(void)snprintf(name, sizeof(name), "%d", i);
	if (!s->granted)
		s->expires = random_end();
	(void)snprintf(doing, sizeof(doing), "purchase %d by %d", i, s->user);
	v = (struct tokens_gift){ s->user + 1, name, s->tokens, s->cost,
		s->expires };
	begin();
	err = tokens_give_in(books, &v, now, &tx, &done);
	finish(err, s->granted ? VT_CONFLICT : VT_OK);
	if (!s->granted) {
		s->granted = true;
		s->tx = tx;
		s->order = ++grants_count;
		s->lot = add_lot(s->user, s->tokens, s->expires, true, i);
		settle_model(s);
		if (!ended(&users[s->user].lots[s->lot]))
			pay(s->user, s->lot);
		slots_open++;
	}
	compare_slot(s);
	compare_user(s->user);
	plan_slots();
}

static void
do_gift(void)
{
	bool old = gifts_count > 0 && dice(8) == 0;
	int user = (int)dice(USERS), lot;
	struct grant_done done;
	char name[24];
	struct tokens_gift v = { user + 1, name, between(1, 40), 0,
		random_end() };
	int64_t tx;

	(void)snprintf(name, sizeof(name), "%d",
	    old ? (int)dice((uint64_t)gifts_count) : gifts_count);
	(void)snprintf(
	    doing, sizeof(doing), "gift of %" PRId64 " to %d", v.tokens, user);
	begin();
	finish(tokens_give_in(books, &v, now, &tx, &done),
	    old ? VT_CONFLICT : VT_OK);
	if (!old) {
		gifts_count++;
		lot = add_lot(user, v.tokens, v.expires_at, false, -1);
		if (!ended(&users[user].lots[lot]))
			pay(user, lot);
	}
	compare_user(user);
}

static void
do_spend(void)
{
	bool old = spends_count > 0 && dice(10) == 0;
	int user = (int)dice(USERS);
	int64_t lot = last_lot;
	char cause[48];
	struct spend s = { .user = user + 1,
		.tokens = between(1, dice(8) == 0 ? 200 : 20),
		.cause = cause,
		.actor = "service:editor",
		.now_ms = now };
	struct spend_model *made;
	struct spend_done done;
	enum vt_err want = VT_OK;

	(void)snprintf(cause, sizeof(cause), "spend:editor:%d",
	    old ? (int)dice((uint64_t)spends_count) : spends_count);
	(void)snprintf(
	    doing, sizeof(doing), "spend of %" PRId64 " by %d", s.tokens, user);
	save(user);
	end_due_holds(user);
	if (old)
		want = VT_CONFLICT;
	else if (available(&users[user]) < s.tokens)
		want = VT_FUNDS;
	begin();
	finish(ledger_spend(books, &s, &done, NULL), want);
	if (want == VT_OK) {
		made = add_spend(user, s.tokens);
		burn(&users[user], s.tokens, made);
		memcpy(made->public_id, done.tx.public_id,
		    sizeof(made->public_id));
		spends_count++;
		SAME(done.available, available(&users[user]), "the answer");
	} else {
		restore(user, lot);
	}
	compare_user(user);
}

static void
pin(struct hold_model *h)
{
	struct user_model *u = &users[h->user];
	int64_t tokens = h->tokens, part;

	for (; tokens > 0; tokens -= part) {
		int i = next_lot(u);

		ck_assert_int_lt(h->pins_count, PINS_MAX);
		part = smaller(tokens, spare(&u->lots[i]));
		u->lots[i].held += part;
		h->pins[h->pins_count] = i;
		h->pinned[h->pins_count++] = part;
	}
}

static void
do_hold(void)
{
	bool old = holds_count > 0 && dice(10) == 0;
	struct hold_model *h = &holds[holds_count];
	int64_t lot = last_lot;
	enum vt_err want = VT_OK;
	struct vt_problem p;
	char name[24], text[64];
	struct hold_new n;
	struct hold done;

	if (holds_count == HOLDS_MAX)
		return;
	memset(h, 0, sizeof(*h));
	h->user = (int)dice(USERS);
	h->tokens = between(1, dice(8) == 0 ? 150 : 30);
	h->expires = now + between(1, 60) * 100;
	(void)snprintf(name, sizeof(name), "%d",
	    old ? (int)dice((uint64_t)holds_count) : holds_count);
	(void)snprintf(doing, sizeof(doing), "hold of %" PRId64 " by %d",
	    h->tokens, h->user);
	n = (struct hold_new){ 1, h->user + 1, name, h->tokens, h->expires,
		now };
	save(h->user);
	end_due_holds(h->user);
	if (old)
		want = VT_CONFLICT;
	else if (available(&users[h->user]) < h->tokens)
		want = VT_FUNDS;
	begin();
	finish(hold_open(books, &n, &done, &p), want);
	if (want == VT_OK) {
		pin(h);
		memcpy(h->public_id, done.public_id, sizeof(h->public_id));
		holds_count++;
	} else {
		if (want == VT_FUNDS) {
			(void)snprintf(text, sizeof(text),
			    "{\"available\":%" PRId64 "}",
			    available(&users[h->user]));
			ck_assert_str_eq(p.details, text);
		}
		restore(h->user, lot);
	}
	compare_user(h->user);
}

/* Which lots a capture takes its tokens out of. */
static void
keep_capture(const struct hold_model *h, int64_t tokens, const char *public_id)
{
	struct spend_model *s = add_spend(h->user, tokens);
	int64_t part;

	(void)snprintf(s->public_id, sizeof(s->public_id), "%s", public_id);
	for (int i = 0; tokens > 0; i++, tokens -= part) {
		part = smaller(h->pinned[i], tokens);
		add_part(s, h->pins[i], part);
	}
}

static void
do_end(void)
{
	static const char *const names[] = { "open", "captured", "released",
		"expired" };
	enum vt_err want = VT_OK, have;
	struct hold_model *h;
	struct vt_problem p;
	struct hold_end end;
	struct hold row;
	int64_t tokens = 0;
	char text[40];
	int back;

	if (holds_count == 0)
		return;
	back = dice(4) == 0 ? holds_count : (int)smaller(holds_count, 12);
	h = &holds[holds_count - 1 - (int)dice((uint64_t)back)];
	if (dice(2) == 0)
		tokens = between(1, h->tokens + (dice(6) == 0 ? 5 : 0));
	(void)snprintf(doing, sizeof(doing), "end of hold %d with %" PRId64,
	    (int)(h - holds), tokens);
	if (h->state != OPEN || h->expires <= now)
		want = VT_CONFLICT;
	else if (tokens > h->tokens)
		want = VT_INVALID;
	begin();
	ck_assert_int_eq(hold_find(books, 1, h->public_id, &row), VT_OK);
	have = tokens > 0
	    ? hold_capture(books, &row, tokens, "service:editor", now, &end, &p)
	    : hold_release(books, &row, now, &end, &p);
	finish(have, want);
	if (want == VT_CONFLICT) {
		(void)snprintf(text, sizeof(text), "{\"state\":\"%s\"",
		    names[h->state == OPEN ? EXPIRED : h->state]);
		ck_assert_int_eq(strncmp(p.details, text, strlen(text)), 0);
	}
	if (want == VT_OK) {
		if (tokens > 0)
			keep_capture(h, tokens, end.tx.public_id);
		end_hold(h, tokens > 0 ? CAPTURED : RELEASED, tokens);
		SAME(end.captured, tokens, "captured");
		SAME(end.released, h->tokens - tokens, "released");
	}
	compare_user(h->user);
}

/* A reversal of a spend or a capture, wholly or in part, or too much. */
static void
do_reverse(void)
{
	enum vt_err want = VT_OK;
	struct spend_model *s;
	struct reverse_done done;
	struct vt_problem p;
	char key[24] = "again";
	struct reverse r = { .actor = "service:editor",
		.key = key,
		.reason = "model",
		.now_ms = now,
		.arena = moments_arena };
	bool old = dice(6) == 0;
	int64_t left, tokens;

	if (burnt_count == 0)
		return;
	s = &spends[burnt_count - 1 -
	    (int)dice((uint64_t)smaller(burnt_count, 40))];
	if (!old)
		(void)snprintf(key, sizeof(key), "%d", operation);
	if (dice(3) != 0)
		r.tokens = between(1, s->tokens + (dice(6) == 0 ? 3 : 0));
	r.transaction = s->public_id;
	(void)snprintf(doing, sizeof(doing), "reversal of %" PRId64 " of %s",
	    r.tokens, s->public_id);
	left = s->tokens - s->back;
	tokens = r.tokens > 0 ? r.tokens : left;
	if (tokens == 0 || tokens > left || (old && s->old_key))
		want = VT_CONFLICT;
	begin();
	finish(ledger_reverse(books, &r, &done, &p), want);
	if (want == VT_OK) {
		s->old_key |= old;
		SAME(done.tokens, tokens, "given back");
		SAME(done.expired, reverse_model(s, tokens), "expired of it");
		SAME(done.available, available(&users[s->user]), "the answer");
	}
	compare_user(s->user);
}

static void
do_sweep_holds(void)
{
	int n, all = 0, mine = 0;
	struct hold_model *h;

	(void)snprintf(doing, sizeof(doing), "sweep of holds");
	begin();
	do {
		ck_assert_int_eq(holds_sweep(books, now, 16, &n), VT_OK);
		all += n;
	} while (n > 0);
	finish(VT_OK, VT_OK);
	for (; (h = due_hold(-1)) != NULL; mine++)
		end_hold(h, EXPIRED, 0);
	SAME(all, mine, "the number of holds that expired");
	for (int i = 0; i < USERS; i++)
		compare_user(i);
}

/* The lot that ended first and has something free. */
static struct lot_model *
due_lot(void)
{
	struct lot_model *best = NULL;

	for (int u = 0; u < USERS; u++)
		for (int i = 0; i < users[u].lots_count; i++) {
			struct lot_model *l = &users[u].lots[i];

			if (!ended(l) || spare(l) == 0)
				continue;
			if (best == NULL || l->expires < best->expires ||
			    (l->expires == best->expires && l->id < best->id))
				best = l;
		}
	return best;
}

static void
do_sweep_lots(void)
{
	int n, all = 0, mine = 0;
	struct lot_model *l;

	(void)snprintf(doing, sizeof(doing), "sweep of lots");
	begin();
	do {
		ck_assert_int_eq(expire_sweep(books, now, 64, &n), VT_OK);
		all += n;
	} while (n > 0);
	finish(VT_OK, VT_OK);
	for (; (l = due_lot()) != NULL; mine++)
		expire_model(l, spare(l));
	SAME(all, mine, "the number of lots that expired");
	for (int i = 0; i < USERS; i++)
		compare_user(i);
}

/* Some purchase that facts are told about; now and then one to come. */
static int
random_slot(void)
{
	int recent = (int)smaller(slots_count, 30);

	return slots_count - 1 - (int)dice((uint64_t)recent);
}

static void
do_refund(void)
{
	static const struct {
		const char *status;
		int rank;
	} told[] = { { "pending", 1 }, { "requires_action", 2 },
		{ "succeeded", 3 }, { "succeeded", 3 }, { "failed", 4 },
		{ "canceled", 4 } };
	int i = random_slot(), k = (int)dice(FACTS_MAX);
	size_t t = dice(countof(told));
	struct slot_model *s = &slots[i];
	struct refund_model *r = &s->refunds[k];
	char re[32], name[24];
	struct settled done;

	if (r->status == NULL)
		r->amount = between(1, s->cost + (dice(6) == 0 ? 50 : 0));
	(void)snprintf(re, sizeof(re), "re_%d_%d", i, k);
	(void)snprintf(name, sizeof(name), "%d", i);
	(void)snprintf(
	    doing, sizeof(doing), "refund %d of %d: %s", k, i, told[t].status);
	if (r->status == NULL || told[t].rank > r->rank) {
		r->status = told[t].status;
		r->rank = told[t].rank;
	}
	begin();
	finish(tokens_refund_in(
		   books, re, name, r->amount, told[t].status, now, &done),
	    VT_OK);
	if (s->granted)
		settle_model(s);
	compare_slot(s);
	compare_user(s->user);
}

static void
do_dispute(void)
{
	static const char *const told[] = { "warning_needs_response",
		"warning_under_review", "warning_closed", "prevented",
		"needs_response", "needs_response", "under_review",
		"appeal_needs_response", "appeal_under_review", "lost", "lost",
		"won", "won", "of_the_future" };
	int i = random_slot(), k = (int)dice(FACTS_MAX);
	struct slot_model *s = &slots[i];
	struct dispute_model *d = &s->disputes[k];
	const char *status = told[dice(countof(told))];
	char dp[32], name[24];
	struct settled done;

	if (d->status == NULL)
		d->amount = dice(3) == 0 ? between(1, s->cost) : s->cost;
	d->status = status;
	(void)snprintf(dp, sizeof(dp), "dp_%d_%d", i, k);
	(void)snprintf(name, sizeof(name), "%d", i);
	(void)snprintf(
	    doing, sizeof(doing), "dispute %d of %d: %s", k, i, status);
	begin();
	finish(
	    tokens_dispute_in(books, dp, name, d->amount, status, now, &done),
	    VT_OK);
	if (s->granted)
		settle_model(s);
	compare_slot(s);
	compare_user(s->user);
}

/* ---- worlds -------------------------------------------------------------- */

static void
one_operation(void)
{
	uint64_t d = dice(100);
	int64_t next = now;

	if (dice(3) == 0)
		next += between(0, dice(10) == 0 ? 3000 : 120);
	if (next > now && dice(8) == 0)
		keep_moment();
	now = next;
	if (d < 12)
		do_purchase();
	else if (d < 20)
		do_gift();
	else if (d < 38)
		do_spend();
	else if (d < 43)
		do_reverse();
	else if (d < 55)
		do_hold();
	else if (d < 70)
		do_end();
	else if (d < 72)
		do_sweep_holds();
	else if (d < 75)
		do_sweep_lots();
	else if (d < 88)
		do_refund();
	else
		do_dispute();
}

/* In memory where there is such a place: nothing here needs a disk. */
static void
open_world(void)
{
	struct migrate_options o = { 0 };
	struct vt_problem p;

	(void)snprintf(
	    scratch_dir, sizeof(scratch_dir), "/dev/shm/vantage-check-XXXXXX");
	if (mkdtemp(scratch_dir) == NULL)
		scratch_make();
	(void)snprintf(
	    scratch_db, sizeof(scratch_db), "%s/ledger.db", scratch_dir);
	o.db_path = scratch_db;
	ck_assert_int_eq(migrate_run(&o, &p), VT_OK);
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &books), VT_OK);
	ck_assert_int_eq(books_do("INSERT INTO services (id, name, created_at) "
				  "VALUES (1, 'editor', 0)"),
	    VT_OK);
	ck_assert_int_eq(
	    books_do("INSERT INTO users (clerk_sub, created_at, updated_at) "
		     "VALUES ('user_1', 0, 0), ('user_2', 0, 0), "
		     "('user_3', 0, 0)"),
	    VT_OK);
}

static void
prove(void)
{
	struct verify_report r = { .fault = tokens_print_fault };

	books_balanced();
	ck_assert_int_eq(ledger_verify(books, &r), VT_OK);
	ck_assert_msg(r.faults == 0, "seed %" PRIu64 ": %" PRId64 " faults",
	    seed, r.faults);
}

static void
run_world(int operations)
{
	dice_seed(seed);
	memset(users, 0, sizeof(users));
	slots_count = slots_open = holds_count = 0;
	gifts_count = spends_count = grants_count = burnt_count = 0;
	last_lot = 0;
	now = BOOKS_NOW;
	moments_arena = arena_new();
	open_world();
	plan_slots();
	ck_assert_int_eq(db_begin(books), VT_OK);
	for (operation = 0; operation < operations; operation++) {
		one_operation();
		if (operation % COMMIT_EVERY != COMMIT_EVERY - 1)
			continue;
		for (int i = 0; i < slots_count; i++)
			compare_slot(&slots[i]);
		ck_assert_int_eq(db_commit(books), VT_OK);
		ck_assert_int_eq(db_begin(books), VT_OK);
	}
	ck_assert_int_eq(db_commit(books), VT_OK);
	for (int i = 0; i < USERS; i++)
		compare_user(i);
	compare_moments();
	prove();
	books_close();
	arena_free(moments_arena);
}

static int64_t
from_environment(const char *name, int64_t otherwise)
{
	const char *text = getenv(name);
	char *end;
	long long n;

	if (text == NULL || *text == '\0')
		return otherwise;
	n = strtoll(text, &end, 10);
	ck_assert_msg(*end == '\0' && n > 0, "%s=%s", name, text);
	return n;
}

/* R51..R57, R59, R61..R67, R72 together. */
START_TEST(every_operation_does_what_the_model_does)
{
	int64_t left = from_environment("VANTAGE_SOAK", 50000), done = 0;

	if (left == 1)
		left = 1000000;
	random_init();
	seed = (uint64_t)from_environment(
	    "VANTAGE_SEED", (int64_t)random_below(1000000000) + 1);
	printf("property: %" PRId64 " operations, VANTAGE_SEED=%" PRIu64 "\n",
	    left, seed);
	(void)fflush(stdout);
	for (; left > 0; left -= WORLD_OPERATIONS, seed++) {
		run_world((int)smaller(left, WORLD_OPERATIONS));
		done += smaller(left, WORLD_OPERATIONS);
		if (done % 100000 == 0) {
			printf("property: %" PRId64 " done\n", done);
			(void)fflush(stdout);
		}
	}
}
END_TEST

/* ---- many processes ------------------------------------------------------ */

#define PROCESSES 4
#define EACH 800

/* What was acknowledged, added up by all processes. */
struct tally {
	_Atomic int64_t clock, spent, captured, given, back, refused, other;
};

struct job {
	int kind, who, n;
	int64_t user, tokens, now_ms, hold;
	const char *status;
};

/* Gives back some of a spend or a capture, whoever made it. */
static enum vt_err
reverse_any(
    struct db *db, const struct job *j, int64_t *back, struct vt_problem *p)
{
	struct arena *a = arena_new();
	struct reverse_done done;
	char key[32];
	struct reverse r = { .actor = "service:editor",
		.key = key,
		.tokens = j->tokens % 4,
		.reason = "processes",
		.now_ms = j->now_ms,
		.arena = a };
	struct query q;
	enum vt_err err;

	(void)snprintf(key, sizeof(key), "%d_%d", j->who, j->n);
	err = db_row(&q, db,
	    "SELECT public_id FROM token_transactions WHERE id >= :id "
	    "AND kind IN ('spend', 'capture') ORDER BY id LIMIT 1",
	    DB_INT("id", j->hold * 2));
	if (err == VT_OK) {
		r.transaction = arena_strdup(a, db_text(&q, 0));
		db_done(&q);
		err = ledger_reverse(db, &r, &done, p);
	}
	if (err == VT_OK)
		*back = done.tokens;
	arena_free(a);
	return err;
}

static enum vt_err
run_job(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct job *j = in;
	char name[32], cause[64];
	struct grant_done given;
	struct spend_done spent;
	struct settled settled;
	struct hold_end end;
	struct hold h;
	int64_t tx;
	int count;
	enum vt_err err;

	(void)snprintf(name, sizeof(name), "%d_%d", j->who, j->n);
	(void)snprintf(cause, sizeof(cause), "spend:editor:%s", name);
	switch (j->kind) {
	case 0:
		return tokens_give_in(db,
		    &(struct tokens_gift){ j->user, name, j->tokens, 500,
			j->n % 3 == 0 ? j->now_ms + 2000 : 0 },
		    j->now_ms, &tx, &given);
	case 1:
		return ledger_spend(db,
		    &(struct spend){ j->user, j->tokens, cause,
			"service:editor", NULL, j->now_ms },
		    &spent, p);
	case 2:
		return hold_open(db,
		    &(struct hold_new){ 1, j->user, name, j->tokens,
			j->now_ms + 500, j->now_ms },
		    &h, p);
	case 3:
	case 4:
		err = hold_by_id(db, j->hold, &h);
		if (err != VT_OK)
			return err;
		return j->kind == 4 ? hold_release(db, &h, j->now_ms, &end, p)
				    : hold_capture(db, &h, j->tokens,
					  "service:editor", j->now_ms, &end, p);
	case 5:
		return tokens_refund_in(db, cause, name, j->tokens * 9,
		    j->status, j->now_ms, &settled);
	case 6:
		return tokens_dispute_in(db, cause, name, j->tokens * 20,
		    j->status, j->now_ms, &settled);
	case 7:
		return reverse_any(db, j, out, p);
	default:
		err = holds_sweep(db, j->now_ms, 16, &count);
		return err == VT_OK ? expire_sweep(db, j->now_ms, 64, &count)
				    : err;
	}
}

static void
count_result(
    struct tally *t, const struct job *j, int64_t back, enum vt_err err)
{
	if (err == VT_OK && j->kind == 0)
		t->given += j->tokens;
	else if (err == VT_OK && j->kind == 1)
		t->spent += j->tokens;
	else if (err == VT_OK && j->kind == 3)
		t->captured += j->tokens;
	else if (err == VT_OK && j->kind == 7)
		t->back += back;
	else if (err == VT_FUNDS || err == VT_CONFLICT || err == VT_NOTFOUND ||
	    err == VT_INVALID)
		t->refused++;
	else if (err != VT_OK)
		t->other++;
}

static void
work(struct tally *t, int who)
{
	static const char *const refund[] = { "pending", "succeeded",
		"failed" };
	static const char *const dispute[] = { "needs_response", "lost",
		"won" };
	struct writer_options o = { .db_path = scratch_db,
		.deadline_ms = 60000 };
	struct writer *w;

	dice_seed(seed + (uint64_t)who);
	if (writer_start(&o, &w) != VT_OK)
		_exit(1);
	for (int i = 0; i < EACH; i++) {
		struct job j = { .kind = (int)dice(9), .who = who, .n = i };
		int64_t back = 0;
		enum vt_err err;

		j.user = between(1, 3);
		j.tokens = between(1, j.kind == 0 ? 60 : 12);
		j.now_ms = BOOKS_NOW + 10 * ++t->clock;
		j.hold = between(1, 1 + i / 2);
		/* Old names too, of anybody. */
		if (dice(5) == 0 || j.kind == 5 || j.kind == 6) {
			j.who = (int)dice(PROCESSES);
			j.n = (int)dice((uint64_t)i + 2);
		}
		j.status = j.kind == 5 ? refund[dice(3)] : dispute[dice(3)];
		err = writer_run(w, run_job, &j, &back, NULL);
		count_result(t, &j, back, err);
	}
	writer_stop(w);
	_exit(0);
}

/* What was answered is what is booked, and the books are in order. */
START_TEST(processes_at_once_leave_books_in_order)
{
	struct tally *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[PROCESSES];
	int status;

	ck_assert_ptr_ne(t, MAP_FAILED);
	random_init();
	seed = (uint64_t)from_environment(
	    "VANTAGE_SEED", (int64_t)random_below(1000000000) + 1);
	printf("processes: VANTAGE_SEED=%" PRIu64 "\n", seed);
	(void)fflush(stdout);
	open_world();
	db_close(books);
	books = NULL;
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0)
			work(t, i);
	}
	for (int i = 0; i < PROCESSES; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &books), VT_OK);
	prove();
	ck_assert_int_eq(t->other, 0);
	ck_assert_int_eq(books_int("SELECT COALESCE(SUM(tokens), 0) FROM "
				   "movements WHERE cause GLOB 'spend:*'"),
	    t->spent);
	ck_assert_int_eq(books_int("SELECT COALESCE(SUM(tokens), 0) FROM "
				   "movements WHERE cause GLOB 'capture:*'"),
	    t->captured);
	ck_assert_int_eq(books_int("SELECT COALESCE(SUM(tokens), 0) FROM "
				   "movements WHERE cause GLOB 'pi:*'"),
	    t->given);
	ck_assert_int_eq(books_int("SELECT COALESCE(SUM(tokens), 0) FROM "
				   "movements WHERE cause GLOB 'reverse:*'"),
	    t->back);
	ck_assert_int_gt(t->back, 0);
	ck_assert_int_gt(t->spent, 0);
	ck_assert_int_gt(t->captured, 0);
	books_close();
}
END_TEST

int
main(void)
{
	const TTest *const all[] = { every_operation_does_what_the_model_does,
		processes_at_once_leave_books_in_order, NULL };
	Suite *s = suite_create("property");

	tcase_set_timeout(unit_case(s, "model", all),
	    getenv("VANTAGE_SOAK") != NULL ? 7200 : 300);
	return unit_run(s);
}
