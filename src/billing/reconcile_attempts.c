/*
 * reconcile_attempts: calls whose outcome is not known.
 *
 * For 23 hours the same key with the same bytes settles it: Stripe carries
 * the call out or tells what it did the first time. After that the key may
 * have been forgotten and would do it a second time, so what it may have
 * made is looked up in Stripe's lists by our metadata, and if there is
 * nothing, the attempt ends as refused: a fresh key is for the user to ask
 * for (R75).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "billing/purchase.h"
#include "billing/reconcile_steps.h"
#include "stripe/params.h"
#include "text/form.h"

/* Clocks may differ by this; objects older than the attempt are not its. */
#define LOOKUP_BEFORE_S 3600
#define LOOKUP_AFTER_S (25 * 3600)
#define LOOKUP_PAGES_MAX 100 /* 10,000 objects in a day */

static bool
is(const struct attempt *at, const char *what)
{
	return strcmp(at->what, what) == 0;
}

/* The Clerk id in "user:…". */
static const char *
subject_sub(const struct attempt *at)
{
	return strncmp(at->subject, "user:", 5) == 0 ? at->subject + 5 : "";
}

/* ---- writes ----------------------------------------------------------------
 */

struct attempt_in {
	const struct attempt *at;
	const char *code; /* of the refusal */
	int64_t now_ms;
};

static enum vt_err
refused_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct attempt_in *i = in;

	(void)out;
	(void)p;
	return attempt_refused(db, i->at->id, i->code, i->now_ms);
}

static enum vt_err
unknown_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct attempt_in *i = in;

	(void)out;
	(void)p;
	return attempt_unknown(db, i->at->id, i->now_ms);
}

static enum vt_err
write_attempt(struct round *t, write_fn fn, const struct attempt *at,
    const char *code, struct vt_problem *p)
{
	const struct attempt_in in = {
		.at = at, .code = code, .now_ms = clock_now_ms()
	};

	return round_write(t, fn, &in, NULL, p);
}

/* A refused intent ends its order; the others end the attempt alone. */
static enum vt_err
write_refused(struct round *t, const struct attempt *at, const char *code,
    struct vt_problem *p)
{
	struct intent_refused in = { .attempt = at->id,
		.now_ms = clock_now_ms() };

	if (!is(at, "intent"))
		return write_attempt(t, refused_op, at, code, p);
	/* An order's id fits; anything longer would find none. */
	(void)snprintf(in.order, sizeof(in.order), "%.*s",
	    (int)sizeof(in.order) - 1, at->subject);
	(void)snprintf(in.code, sizeof(in.code), "%s", code);
	return round_write(t, purchase_intent_refused, &in, NULL, p);
}

static enum vt_err
finish_customer(struct round *t, const struct attempt *at,
    const struct json *object, struct vt_problem *p)
{
	struct customer_made made = { .attempt = at->id,
		.now_ms = clock_now_ms() };
	struct stripe_customer customer;
	enum vt_err err;

	err = stripe_customer_read(object, &customer, p);
	if (err != VT_OK)
		return err;
	(void)snprintf(
	    made.user_sub, sizeof(made.user_sub), "%s", subject_sub(at));
	(void)snprintf(made.customer, sizeof(made.customer), "%s", customer.id);
	return round_write(t, purchase_customer_made, &made, NULL, p);
}

/* The call was made and this is what it made. */
static enum vt_err
finish(struct round *t, const struct attempt *at, const struct json *object,
    struct vt_problem *p)
{
	struct fulfil_done done;
	struct stripe_intent pi;
	enum vt_err err;

	if (is(at, "customer"))
		return finish_customer(t, at, object, p);
	err = stripe_intent_read(object, &pi, p);
	if (err != VT_OK)
		return err;
	/* Finds the order by its metadata, for a create, and its state. */
	return round_fulfil(t, &pi, at->id, 0, &done, p);
}

/* ---- the same key again ----------------------------------------------------
 */

/*
 * Reads the intent that a cancel was about: the part of its path before
 * "/cancel". Its attempt is done if it is canceled indeed.
 */
static enum vt_err
look_at_canceled(struct round *t, const struct attempt *at, bool *canceled,
    struct vt_problem *p)
{
	struct fulfil_done done;
	struct stripe_intent pi;
	char id[STRIPE_ID_BYTES];
	enum vt_err err;

	*canceled = false;
	if (sscanf(at->path, "/v1/payment_intents/%95[A-Za-z0-9_]/cancel",
		id) != 1)
		return vt_problem(p, VT_INVALID, "bad_path", "path",
		    "This is not the path of a cancel.");
	err = round_intent(t, id, &pi, p);
	if (err != VT_OK)
		return err;
	*canceled = pi.status == STRIPE_PI_CANCELED;
	return round_fulfil(t, &pi, *canceled ? at->id : 0, 0, &done, p);
}

/* A cancel is refused when the buyer was quicker: then that is the news. */
static enum vt_err
refused(struct round *t, const struct attempt *at,
    const struct stripe_reply *reply, struct vt_problem *p)
{
	const struct stripe_error *e = &reply->error;
	const char *code = e->code[0] != '\0' ? e->code : e->type;
	bool canceled;
	enum vt_err err;

	LOG(LOG_WARN, "reconcile.refused", LOG_S("what", at->what),
	    LOG_S("subject", at->subject), LOG_S("code", code));
	if (is(at, "cancel")) {
		err = look_at_canceled(t, at, &canceled, p);
		if (err != VT_OK || canceled)
			return err;
	}
	return write_refused(t, at, code, p);
}

enum vt_err
attempt_send(struct round *t, const struct attempt *at, struct vt_problem *p)
{
	struct stripe_reply reply;
	struct vt_problem ignored;
	enum vt_err err;

	err = round_call(t, "POST", at->path, at->params, at->key, &reply, p);
	if (reply.outcome == STRIPE_DONE)
		err = finish(t, at, reply.body, p);
	else if (reply.outcome == STRIPE_REFUSED)
		err = refused(t, at, &reply, p);
	if (err == VT_OK)
		return VT_OK;
	/* Not done counts as unknown here: only a look-up or an answer under
	 * this key that we can use ends an attempt. */
	if (write_attempt(t, unknown_op, at, NULL, &ignored) != VT_OK)
		t->tally->away = true;
	return err;
}

/* ---- the look-up -----------------------------------------------------------
 */

/* True if this object was made by the attempt. */
static bool
made_by(
    const struct round *t, const struct attempt *at, const struct json *object)
{
	const char *instance = json_str_at(object, "metadata.vantage_instance");
	const char *subject = is(at, "customer")
	    ? json_str_at(object, "metadata.vantage_user")
	    : json_str_at(object, "metadata.vantage_order");
	const char *wanted = is(at, "customer") ? subject_sub(at) : at->subject;

	return instance != NULL && subject != NULL &&
	    strcmp(instance, t->r->shop->instance->uuid) == 0 &&
	    strcmp(subject, wanted) == 0;
}

/* The customer that the attempt names in its parameters; "" if none. */
static void
customer_of(
    struct round *t, const struct attempt *at, char out[static STRIPE_ID_BYTES])
{
	const struct form_pair *pairs;
	const char *id = NULL;
	size_t count;

	if (form_parse(t->arena, at->params, strlen(at->params), 64, &pairs,
		&count, NULL) == VT_OK)
		id = form_find(pairs, count, "customer");
	(void)snprintf(out, STRIPE_ID_BYTES, "%s", id == NULL ? "" : id);
}

/* VT_OK with *found NULL: nothing was made. */
static enum vt_err
look_up(struct round *t, const struct attempt *at, const struct json **found,
    struct vt_problem *p)
{
	char customer[STRIPE_ID_BYTES];
	int64_t from_s = at->created_at / 1000 - LOOKUP_BEFORE_S;
	int64_t to_s = at->created_at / 1000 + LOOKUP_AFTER_S;
	struct stripe_list list = { 0 };
	struct stripe_reply reply;
	enum vt_err err;

	*found = NULL;
	customer_of(t, at, customer);
	for (int page = 0; page < LOOKUP_PAGES_MAX; page++) {
		err = round_call(t, "GET", at->path,
		    stripe_params_list(
			t->arena, from_s, to_s, customer, list.last_id),
		    NULL, &reply, p);
		if (err == VT_NOTFOUND && customer[0] != '\0') {
			/* Gone: then all of that day are looked through. */
			customer[0] = '\0';
			memset(&list, 0, sizeof(list));
			continue;
		}
		if (err == VT_OK)
			err = stripe_list_read(reply.body, &list, p);
		if (err != VT_OK)
			return err;
		for (const struct json *j = list.first; j != NULL;
		     j = json_next(j))
			if (made_by(t, at, j)) {
				*found = j;
				return VT_OK;
			}
		if (!list.has_more)
			return VT_OK;
		arena_reset(t->arena); /* a page is large */
	}
	return vt_problem(p, VT_LIMIT, "too_many_objects", NULL,
	    "Stripe has too many objects from that day to look through.");
}

/* A cancel needs no key: what matters is the state of the intent. */
static enum vt_err
settle_old_cancel(
    struct round *t, const struct attempt *at, struct vt_problem *p)
{
	bool canceled;
	enum vt_err err = look_at_canceled(t, at, &canceled, p);

	if (err == VT_OK && !canceled)
		err = write_refused(t, at, "expired", p);
	return err;
}

static enum vt_err
settle_old_create(
    struct round *t, const struct attempt *at, struct vt_problem *p)
{
	const struct json *object;
	enum vt_err err = look_up(t, at, &object, p);

	if (err != VT_OK)
		return err;
	if (object != NULL)
		return finish(t, at, object, p);
	LOG(LOG_WARN, "reconcile.never_made", LOG_S("what", at->what),
	    LOG_S("subject", at->subject));
	return write_refused(t, at, "never_made", p);
}

static enum vt_err
settle_old(struct round *t, const struct attempt *at, struct vt_problem *p)
{
	struct vt_problem ignored;
	enum vt_err err = is(at, "cancel") ? settle_old_cancel(t, at, p)
					   : settle_old_create(t, at, p);

	if (err != VT_OK &&
	    write_attempt(t, unknown_op, at, NULL, &ignored) != VT_OK)
		t->tally->away = true;
	return err;
}

/* ---- the step --------------------------------------------------------------
 */

struct due {
	struct attempt rows[RECONCILE_BATCH];
	size_t count;
};

static enum vt_err
due_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const int64_t *now_ms = in;
	struct due *d = out;

	(void)p;
	return attempts_due(db, *now_ms, d->rows, countof(d->rows), &d->count);
}

static void
settle(struct round *t, const struct attempt *at)
{
	int64_t age_ms = clock_now_ms() - at->created_at;
	struct vt_problem p = { 0 };
	enum vt_err err;

	t->tally->looked++;
	if (age_ms < ATTEMPT_KEY_LIVES_MS)
		err = attempt_send(t, at, &p);
	else
		err = settle_old(t, at, &p);
	if (err == VT_OK)
		round_settled(t);
	else
		round_bad(t, "attempt", at->subject, err, &p);
}

void
reconcile_attempts(struct round *t)
{
	struct due *d = calloc(1, sizeof(*d));
	int64_t now_ms = clock_now_ms();
	struct vt_problem p;

	if (d == NULL)
		abort();
	/* What is not settled is due later, so a batch that is not full was
	 * the last. */
	for (int rows = 0; rows < RECONCILE_ROUND_MAX && !round_over(t);
	     rows += RECONCILE_BATCH) {
		if (round_read(t, due_op, &now_ms, d, &p) != VT_OK)
			break;
		for (size_t i = 0; i < d->count && !round_over(t); i++) {
			settle(t, &d->rows[i]);
			arena_reset(t->arena);
		}
		if (d->count < RECONCILE_BATCH)
			break;
	}
	free(d);
}
