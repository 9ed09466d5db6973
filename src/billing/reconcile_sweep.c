/*
 * reconcile_sweep: what Stripe has that we may have missed.
 *
 * Orders and attempts lead to nearly everything; what is left is a payment
 * whose row we lost, by a restored backup say. So once an hour the newest
 * PaymentIntents are listed (not the events, whose reach is 30 days and whose
 * version is the account's, R94), and each that has our instance in its
 * metadata and was paid goes through fulfil once more, for which it is
 * nothing new, as a rule.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "billing/reconcile_steps.h"
#include "stripe/params.h"

#define SWEEP_EVERY_MS (3600 * INT64_C(1000))
/* Before the first sweep of a process, and between two of them. */
#define SWEEP_FIRST_S (26 * 3600)
#define SWEEP_OVERLAP_S (2 * 3600)
#define SWEEP_PAGES_MAX 200

/* Whether this element may be money that we do not know of. */
static bool
worth_reading(const struct round *t, const struct json *object)
{
	const char *instance = json_str_at(object, "metadata.vantage_instance");
	const char *status = json_str_at(object, "status");

	return instance != NULL && status != NULL &&
	    strcmp(instance, t->r->shop->instance->uuid) == 0 &&
	    strcmp(status, "succeeded") == 0;
}

static void
sweep_one(struct round *t, const struct json *object)
{
	const char *id = json_str_at(object, "id");
	struct vt_problem p = { 0 };
	struct fulfil_done done;
	struct stripe_intent pi;
	enum vt_err err;

	if (!worth_reading(t, object))
		return;
	t->tally->looked++;
	err = stripe_intent_read(object, &pi, &p);
	if (err == VT_OK)
		err = round_fulfil(t, &pi, 0, 0, &done, &p);
	if (err == VT_OK)
		round_settled(t);
	else
		round_bad(t, "swept intent", id == NULL ? "" : id, err, &p);
}

/* One page; true if there is another. */
static bool
sweep_page(struct round *t, int64_t from_s, struct stripe_list *list)
{
	struct vt_problem p = { 0 };
	struct stripe_reply reply;
	enum vt_err err;

	err = round_call(t, "GET", "/v1/payment_intents",
	    stripe_params_list(t->arena, from_s, 0, NULL, list->last_id), NULL,
	    &reply, &p);
	if (err == VT_OK)
		err = stripe_list_read(reply.body, list, &p);
	if (err != VT_OK) {
		round_bad(t, "sweep", "", err, &p);
		t->tally->away = true;
		return false;
	}
	for (const struct json *j = list->first; j != NULL && !round_over(t);
	     j = json_next(j))
		sweep_one(t, j);
	return list->has_more && !round_over(t);
}

void
reconcile_sweep(struct round *t)
{
	int64_t now_ms = clock_now_ms(), from_s;
	struct reconcile *r = t->r;
	struct stripe_list list = { 0 };
	int pages = 0;

	if (r->swept_at != 0 && now_ms - r->swept_at < SWEEP_EVERY_MS)
		return;
	from_s = r->swept_at == 0 ? now_ms / 1000 - SWEEP_FIRST_S
				  : r->swept_at / 1000 - SWEEP_OVERLAP_S;
	while (pages++ < SWEEP_PAGES_MAX && sweep_page(t, from_s, &list))
		arena_reset(t->arena);
	arena_reset(t->arena);
	if (list.has_more && !round_over(t))
		LOG(LOG_ERROR, "reconcile.sweep_cut", LOG_I("pages", pages));
	/* One that was ended early begins at the same point again. */
	if (!round_over(t))
		r->swept_at = now_ms;
}
