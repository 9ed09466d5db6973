/*
 * permutations: every order of a purchase's events, with drops and repeats,
 * ends in the same state (R15).
 *
 * Each run is played in one transaction that is rolled back, so that hundreds
 * of thousands of them are quick. VANTAGE_SOAK=1 plays all; without it, all
 * orders of the whole set and a seeded sample with drops and repeats.
 */
#include "story.h"

#include <time.h>

#include "base/log.h"

#define SAMPLE_RUNS 3000

static const struct {
	const char *type;
	struct told told;
	const char *(*object)(const struct told *t);
} tale[] = {
	{ "payment_intent.created", { .status = "requires_payment_method" },
	    story_intent },
	{ "payment_intent.payment_failed",
	    { .status = "requires_payment_method", .declined = true },
	    story_intent },
	{ "payment_intent.requires_action", { .status = "requires_action" },
	    story_intent },
	{ "payment_intent.processing", { .status = "processing" },
	    story_intent },
	{ "payment_intent.succeeded", { .status = "succeeded" }, story_intent },
	{ "charge.succeeded", { .status = "succeeded" }, story_charge },
	{ "checkout.session.completed", { .status = "paid" }, story_checkout },
	/* Not an event: a confirm call, which reads the intent itself. */
	{ NULL, { .status = "succeeded" }, story_intent },
};
#define PARTS (int)countof(tale)
#define SUCCESS 4
#define CONFIRM 7

static const char *bodies[PARTS], *again[PARTS];
static struct arena *tale_arena; /* for these; story_arena is one run's */

static void
setup(void)
{
	char evt[16];

	story_open();
	tale_arena = arena_new();
	ck_assert_int_eq(log_level_set("error"), VT_OK);
	for (int i = 0; i < PARTS; i++) {
		if (tale[i].type == NULL)
			continue;
		(void)snprintf(evt, sizeof(evt), "evt_%d", i);
		bodies[i] = arena_strdup(tale_arena,
		    story_event(
			evt, tale[i].type, tale[i].object(&tale[i].told)));
		(void)snprintf(evt, sizeof(evt), "evt_again_%d", i);
		again[i] = arena_strdup(tale_arena,
		    story_event(
			evt, tale[i].type, tale[i].object(&tale[i].told)));
	}
}

static void
teardown(void)
{
	arena_free(tale_arena);
	story_close();
}

static void
tell(int part, bool other_id)
{
	if (part == CONFIRM)
		(void)story_fetch_inside(&tale[part].told);
	else
		(void)story_hear_inside(other_id ? again[part] : bodies[part]);
}

/* The state that everything has to end in, once Stripe was asked. */
static void
finish(void)
{
	struct fulfil_done f = story_fetch_inside(&tale[CONFIRM].told);

	ck_assert_int_eq(
	    events_settle(books, STORY_PI, f.outcome, f.reason, BOOKS_NOW),
	    VT_OK);
	story_granted(1);
	ck_assert_int_eq(
	    books_int("SELECT balance FROM accounts WHERE user = 1"), 10);
	ck_assert_int_eq(
	    books_int("SELECT COUNT(*) FROM events WHERE state NOT IN "
		      "('applied', 'duplicate', 'irrelevant')"),
	    0);
}

/*
 * Plays `n` parts in this order; bit i of `repeat` tells the part at place i
 * twice, the second time under another event id.
 */
static void
play(const int *order, int n, unsigned repeat)
{
	bool success = false;

	ck_assert_int_eq(db_begin(books), VT_OK);
	for (int i = 0; i < n; i++) {
		tell(order[i], false);
		success |= order[i] == SUCCESS || order[i] == CONFIRM;
		if (repeat & 1u << i) {
			tell(order[i], false);
			tell(order[i], true);
		}
		/* Granted as soon as success was told, and never twice. */
		ck_assert_int_eq(
		    books_int("SELECT COUNT(*) FROM grants"), success);
	}
	finish();
	db_rollback(books);
	arena_reset(story_arena);
}

/* Every order of the first n of `parts`, by Heap's method. */
static int64_t
orders_of(int *parts, int n, int k, unsigned repeat)
{
	int64_t runs = 0;
	int swap, with;

	if (k <= 1) {
		play(parts, n, repeat);
		return 1;
	}
	for (int i = 0; i < k; i++) {
		runs += orders_of(parts, n, k - 1, repeat);
		with = k % 2 == 0 ? i : 0;
		swap = parts[with];
		parts[with] = parts[k - 1];
		parts[k - 1] = swap;
	}
	return runs;
}

/* All orders of six: what a card with a decline and a challenge sends. */
START_TEST(every_order_of_a_purchases_events_ends_the_same_R15)
{
	int parts[] = { 0, 1, 2, 4, 5, 7 };

	ck_assert_int_eq(orders_of(parts, 6, 6, 0), 720);
}
END_TEST

START_TEST(seeded_orders_with_drops_and_repeats_end_the_same_R15)
{
	uint64_t seed = (uint64_t)time(NULL);
	int order[PARTS], n, pick;

	if (getenv("VANTAGE_SEED") != NULL)
		seed = strtoull(getenv("VANTAGE_SEED"), NULL, 10);
	printf("seed %" PRIu64 " (VANTAGE_SEED replays it)\n", seed);
	random_seed(seed);
	for (int run = 0; run < SAMPLE_RUNS; run++) {
		n = 0;
		for (int i = 0; i < PARTS; i++)
			if (random_below(4) != 0)
				order[n++] = i;
		for (int i = n - 1; i > 0; i--) {
			int j = (int)random_below((uint32_t)i + 1);

			pick = order[i];
			order[i] = order[j];
			order[j] = pick;
		}
		play(order, n, random_below(1u << PARTS));
	}
}
END_TEST

/* Every subset, every order, every part repeated or not at all. */
START_TEST(every_subset_in_every_order_R15)
{
	int64_t runs = 0;
	int parts[PARTS], n;

	if (getenv("VANTAGE_SOAK") == NULL)
		return;
	for (unsigned set = 0; set < 1u << PARTS; set++) {
		n = 0;
		for (int i = 0; i < PARTS; i++)
			if (set & 1u << i)
				parts[n++] = i;
		runs += orders_of(parts, n, n, 0);
		runs += orders_of(parts, n, n, ~0u);
		if (isatty(STDOUT_FILENO))
			printf("\r%" PRId64 " runs", runs);
		(void)fflush(stdout);
	}
	printf("%" PRId64 " runs\n", runs);
}
END_TEST

int
main(void)
{
	const TTest *const core[] = {
		every_order_of_a_purchases_events_ends_the_same_R15,
		seeded_orders_with_drops_and_repeats_end_the_same_R15,
		every_subset_in_every_order_R15, NULL
	};
	Suite *s = suite_create("permutations");
	TCase *c = unit_case(s, "core", core);

	if (getenv("VANTAGE_SOAK") != NULL)
		tcase_set_timeout(c, 4 * 3600);
	tcase_add_checked_fixture(c, setup, teardown);
	return unit_run(s);
}
