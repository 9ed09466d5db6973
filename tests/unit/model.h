/*
 * model: what tokens do, said a second time, in arrays.
 *
 * It shares no line with the ledger: it says in C what the ledger says in
 * SQL. check_property.c plays both and compares them.
 */
#ifndef VT_TESTS_MODEL_H
#define VT_TESTS_MODEL_H

#include "tokens.h"

#define USERS 3
#define LOTS_MAX 12000
#define SLOTS_MAX 3000
#define HOLDS_MAX 3000
#define PINS_MAX 64
#define FACTS_MAX 4
#define SPENDS_MAX 3000

/* ---- random -------------------------------------------------------------- */

static uint64_t random_state;

/* xorshift64*: the same numbers on every machine. */
static uint64_t
dice(uint64_t sides)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * UINT64_C(2685821657736338717) >> 11) % sides;
}

static void
dice_seed(uint64_t seed)
{
	random_state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	for (int i = 0; i < 8; i++)
		(void)dice(2);
}

static int64_t
between(int64_t low, int64_t high)
{
	return low + (int64_t)dice((uint64_t)(high - low + 1));
}

/* ---- the model ----------------------------------------------------------- */

struct lot_model {
	int64_t id, expires, created, left, held, frozen;
	bool paid;
	int slot; /* whose purchase made it; -1: none */
};

struct user_model {
	struct lot_model lots[LOTS_MAX];
	int lots_count;
};

/* Stripe's facts about one purchase, told in any order. */
struct refund_model {
	int64_t amount;
	const char *status; /* NULL: never told */
	int rank;
};
struct dispute_model {
	int64_t amount;
	const char *status;
};

/* A purchase that was, is or will be made. */
struct slot_model {
	int user;
	int64_t tokens, cost, expires;
	bool granted;
	int lot; /* index in its user's */
	int64_t tx, booked, debt, gone, since;
	int order; /* of the grants, oldest debt first */
	struct refund_model refunds[FACTS_MAX];
	struct dispute_model disputes[FACTS_MAX];
};

enum state { OPEN, CAPTURED, RELEASED, EXPIRED };

struct hold_model {
	int user;
	int64_t tokens, captured, expires;
	enum state state;
	int pins[PINS_MAX];
	int64_t pinned[PINS_MAX];
	int pins_count;
	char public_id[RANDOM_ID_BYTES];
};

/* A spend or a capture, and out of which lots it was burnt, in order. */
struct spend_model {
	int user;
	int64_t tokens, back; /* back: given back so far */
	int lots[PINS_MAX];   /* indices in its user's */
	int64_t parts[PINS_MAX];
	int parts_count;
	bool old_key; /* the key that is used again is used */
	char public_id[RANDOM_ID_BYTES];
};

static struct user_model users[USERS], saved;
static struct spend_model spends[SPENDS_MAX];
static struct slot_model slots[SLOTS_MAX], saved_slots[SLOTS_MAX];
static struct hold_model holds[HOLDS_MAX], saved_holds[HOLDS_MAX];
static int slots_count, holds_count, gifts_count, spends_count, grants_count;
static int burnt_count; /* of spends[] */
static int slots_open;	/* the first that is not granted */
static int64_t last_lot, now;

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool
ended(const struct lot_model *l)
{
	return l->expires != 0 && l->expires <= now;
}

static int64_t
spare(const struct lot_model *l)
{
	return l->left - l->held - l->frozen;
}

/* R66, said once more. */
static bool
burns_before(const struct lot_model *a, const struct lot_model *b)
{
	if ((a->expires == 0) != (b->expires == 0))
		return a->expires != 0;
	if (a->expires != b->expires)
		return a->expires < b->expires;
	if (a->paid != b->paid)
		return b->paid;
	if (a->created != b->created)
		return a->created < b->created;
	return a->id < b->id;
}

static int
next_lot(const struct user_model *u)
{
	int best = -1;

	for (int i = 0; i < u->lots_count; i++)
		if (u->lots[i].left > 0 && spare(&u->lots[i]) > 0 &&
		    !ended(&u->lots[i]) &&
		    (best < 0 || burns_before(&u->lots[i], &u->lots[best])))
			best = i;
	return best;
}

static int64_t
available(const struct user_model *u)
{
	int64_t sum = 0;

	for (int i = 0; i < u->lots_count; i++)
		if (!ended(&u->lots[i]))
			sum += spare(&u->lots[i]);
	return sum;
}

static void
add_part(struct spend_model *s, int lot, int64_t tokens)
{
	ck_assert_int_lt(s->parts_count, PINS_MAX);
	s->lots[s->parts_count] = lot;
	s->parts[s->parts_count++] = tokens;
}

/* Notes in `out`, unless it is NULL, what came out of which lot. */
static void
burn(struct user_model *u, int64_t tokens, struct spend_model *out)
{
	int64_t part;

	for (; tokens > 0; tokens -= part) {
		int i = next_lot(u);

		part = smaller(tokens, spare(&u->lots[i]));
		u->lots[i].left -= part;
		if (out != NULL)
			add_part(out, i, part);
	}
}

/* A spend or a capture that can be reversed from now on. */
static struct spend_model *
add_spend(int user, int64_t tokens)
{
	struct spend_model *s = &spends[burnt_count++];

	ck_assert_int_le(burnt_count, SPENDS_MAX);
	memset(s, 0, sizeof(*s));
	s->user = user;
	s->tokens = tokens;
	return s;
}

static int64_t
debt_of(int user)
{
	int64_t sum = 0;

	for (int i = 0; i < slots_count; i++)
		if (slots[i].user == user)
			sum += slots[i].debt;
	return sum;
}

/* The user's oldest debt that is open, or NULL. */
static struct slot_model *
oldest_debt(int user)
{
	struct slot_model *best = NULL;

	for (int i = 0; i < slots_count; i++)
		if (slots[i].user == user && slots[i].debt > 0 &&
		    (best == NULL || slots[i].order < best->order))
			best = &slots[i];
	return best;
}

static void
pay(int user, int lot)
{
	struct lot_model *l = &users[user].lots[lot];
	struct slot_model *s;
	int64_t part;

	while (spare(l) > 0 && (s = oldest_debt(user)) != NULL) {
		part = smaller(s->debt, spare(l));
		s->debt -= part;
		l->left -= part;
	}
}

static int
add_lot(int user, int64_t tokens, int64_t expires, bool paid, int slot)
{
	struct user_model *u = &users[user];

	ck_assert_int_lt(u->lots_count, LOTS_MAX);
	u->lots[u->lots_count] = (struct lot_model){ .id = ++last_lot,
		.expires = expires,
		.created = now,
		.left = tokens,
		.paid = paid,
		.slot = slot };
	return u->lots_count++;
}

static void
money_back(const struct slot_model *s, int64_t *back, int64_t *maybe)
{
	*back = *maybe = 0;
	for (int i = 0; i < FACTS_MAX; i++) {
		const struct refund_model *r = &s->refunds[i];
		const struct dispute_model *d = &s->disputes[i];

		if (r->status != NULL && r->rank == 3)
			*back += r->amount;
		else if (r->status != NULL && r->rank < 3)
			*maybe += r->amount;
		if (d->status == NULL || strstr(d->status, "warning") ||
		    strcmp(d->status, "prevented") == 0 ||
		    strcmp(d->status, "won") == 0)
			continue;
		if (strcmp(d->status, "lost") == 0)
			*back += d->amount;
		else
			*maybe += d->amount;
	}
}

static int64_t
wanted(const struct slot_model *s, int64_t back)
{
	int64_t b = smaller(back, s->cost);

	/* Numbers are small here; the ledger's need 128 bits. */
	return smaller((s->tokens * b + s->cost - 1) / s->cost,
	    s->tokens - smaller(s->gone, s->tokens));
}

static int64_t
later(const struct slot_model *s)
{
	int64_t end = s->expires;

	if (end != 0 && s->since != 0)
		end += now - s->since;
	return end > now ? end : 0;
}

static void
comes_back(struct slot_model *s, int64_t tokens)
{
	int lot = add_lot(s->user, tokens, later(s), true, -1);

	pay(s->user, lot);
}

static void
take_back(struct slot_model *s, int64_t tokens)
{
	struct user_model *u = &users[s->user];
	struct lot_model *l = &u->lots[s->lot];
	int64_t own = smaller(l->left - l->held, tokens), other;

	l->frozen -= smaller(l->frozen, own);
	l->left -= own;
	other = smaller(available(u), tokens - own);
	burn(u, other, NULL);
	s->debt += tokens - own - other;
	s->booked += tokens;
}

static void
settle_model(struct slot_model *s)
{
	struct lot_model *l = &users[s->user].lots[s->lot];
	int64_t back, maybe, want, part, frozen, before;

	if (ended(l) && spare(l) > 0) {
		s->gone += spare(l);
		l->left -= spare(l);
	}
	money_back(s, &back, &maybe);
	want = wanted(s, back);
	if (want > s->booked) {
		take_back(s, want - s->booked);
	} else if (want < s->booked) {
		part = smaller(s->debt, s->booked - want);
		s->debt -= part;
		if (s->booked - want > part)
			comes_back(s, s->booked - want - part);
		s->booked = want;
	}
	before = l->frozen;
	frozen = smaller(wanted(s, back + maybe) - want, l->left - l->held);
	l->frozen = frozen;
	if (before > frozen && s->expires != 0) {
		l->left -= before - frozen;
		comes_back(s, before - frozen);
	} else if (before > frozen) {
		pay(s->user, s->lot);
	}
	if (s->booked == 0 && wanted(s, back + maybe) == 0)
		s->since = 0;
	else if (s->since == 0)
		s->since = now;
}

/* Last burnt first, behind what went back before; lots in burn order. */
static int64_t
reverse_model(struct spend_model *s, int64_t tokens)
{
	int64_t give[PINS_MAX] = { 0 }, skip = s->back, part, expired = 0;

	s->back += tokens;
	for (int i = s->parts_count - 1; i >= 0; i--) {
		part = smaller(s->parts[i], skip);
		skip -= part;
		give[i] = smaller(s->parts[i] - part, tokens);
		tokens -= give[i];
	}
	for (int i = 0; i < s->parts_count; i++) {
		const struct lot_model *from = &users[s->user].lots[s->lots[i]];
		struct lot_model *to;
		int lot;

		if (give[i] == 0)
			continue;
		lot = add_lot(s->user, give[i], from->expires, from->paid, -1);
		to = &users[s->user].lots[lot];
		if (!ended(to)) {
			pay(s->user, lot);
			continue;
		}
		expired += to->left;
		to->left = 0;
	}
	return expired;
}

static void
settle_lot_model(const struct lot_model *l)
{
	if (l->slot >= 0 && slots[l->slot].since != 0)
		settle_model(&slots[l->slot]);
}

static void
expire_model(struct lot_model *l, int64_t tokens)
{
	l->left -= tokens;
	if (l->slot >= 0)
		slots[l->slot].gone += tokens;
	settle_lot_model(l);
}

static void
end_hold(struct hold_model *h, enum state state, int64_t take)
{
	struct user_model *u = &users[h->user];

	h->captured = take;
	for (int i = 0; i < h->pins_count; i++) {
		struct lot_model *l = &u->lots[h->pins[i]];
		int64_t part = smaller(h->pinned[i], take);

		l->held -= h->pinned[i];
		l->left -= part;
		take -= part;
		part = h->pinned[i] - part;
		if (part > 0 && ended(l)) {
			expire_model(l, part);
		} else if (part > 0) {
			settle_lot_model(l);
			pay(h->user, h->pins[i]);
		}
	}
	h->state = state;
}

/* The open hold that ended first by now, of one user or (-1) of all. */
static struct hold_model *
due_hold(int user)
{
	struct hold_model *best = NULL;

	for (int i = 0; i < holds_count; i++)
		if (holds[i].state == OPEN && holds[i].expires <= now &&
		    (user < 0 || holds[i].user == user) &&
		    (best == NULL || holds[i].expires < best->expires))
			best = &holds[i];
	return best;
}

static void
end_due_holds(int user)
{
	struct hold_model *h;

	while ((h = due_hold(user)) != NULL)
		end_hold(h, EXPIRED, 0);
}

#endif
