/* purchase: see purchase.h. This file is the way to a client secret. */
#include "billing/purchase.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "billing/attempts.h"
#include "billing/users.h"
#include "ledger/transactions.h"
#include "stripe/params.h"

/* Customer, intent, and both once more if the customer is gone at Stripe. */
#define TURNS_MAX 4

enum step { MAKE_CUSTOMER, MAKE_INTENT, HAVE_INTENT };

/* Where a purchase stands between two writes. */
struct stand {
	struct order order;
	struct attempt attempt; /* the call to make next */
	enum step next;
	bool replayed;
	bool without_email; /* Stripe does not take the user's */
};

static void
metadata_of(const struct instance *instance, const char *user_sub,
    const char *order, struct stripe_metadata *m)
{
	memset(m, 0, sizeof(*m));
	(void)snprintf(m->instance, sizeof(m->instance), "%s", instance->uuid);
	(void)snprintf(m->user, sizeof(m->user), "%s", user_sub);
	if (order != NULL)
		(void)snprintf(m->order, sizeof(m->order), "%s", order);
}

/* ---- inside the writer ----------------------------------------------------
 */

static enum vt_err
prepare_customer(struct db *db, struct arena *a,
    const struct instance *instance, const struct user *u, int64_t now_ms,
    struct stand *s)
{
	bool named = u->email[0] != '\0' && !s->without_email;
	struct stripe_metadata m;
	char subject[160];

	metadata_of(instance, u->sub, NULL, &m);
	(void)snprintf(subject, sizeof(subject), "user:%s", u->sub);
	s->next = MAKE_CUSTOMER;
	return attempt_open(db, "customer", subject, "/v1/customers",
	    stripe_params_customer(a, named ? u->email : NULL, &m), now_ms,
	    &s->attempt);
}

static enum vt_err
prepare_intent(struct db *db, struct arena *a, const struct instance *instance,
    const char *customer, int64_t now_ms, struct stand *s)
{
	struct order *o = &s->order;
	const char *what, *params;
	struct stripe_metadata m;
	enum vt_err err;
	bool moved;

	metadata_of(instance, o->user_sub, o->public_id, &m);
	what = arena_printf(a, "%lld tokens", (long long)o->tokens);
	params = stripe_params_intent(
	    a, o->amount, o->currency, customer, what, o->save_method, &m);
	s->next = MAKE_INTENT;
	err = attempt_open(db, "intent", o->public_id, "/v1/payment_intents",
	    params, now_ms, &s->attempt);
	/* One that was open names the customer that the order has (R14). */
	if (err == VT_OK && strcmp(s->attempt.params, params) == 0)
		err = order_customer(db, o, customer, now_ms);
	if (err != VT_OK)
		return err;
	return order_move(db, o, ORDER_INTENT_SENT, NULL, now_ms, &moved);
}

/* What has to be called next for an order without an intent. */
static enum vt_err
prepare(struct db *db, const struct instance *instance, int64_t now_ms,
    struct stand *s)
{
	struct arena *a = arena_new();
	struct user u;
	enum vt_err err;

	err = user_by_id(db, s->order.user, &u);
	if (err == VT_OK && u.customer[0] == '\0')
		err = prepare_customer(db, a, instance, &u, now_ms, s);
	else if (err == VT_OK)
		err = prepare_intent(db, a, instance, u.customer, now_ms, s);
	arena_free(a);
	return err;
}

struct begin_in {
	const struct purchase_in *in;
	const struct instance *instance;
	int64_t now_ms;
};

static enum vt_err
new_order(struct db *db, const struct begin_in *b, const struct user *u,
    struct stand *s, struct vt_problem *p)
{
	const char *currency = b->in->currency;
	struct arena *a = arena_new();
	struct catalog c;
	struct quote quote;
	struct order_new n = { .user = u->id,
		.user_sub = u->sub,
		.quote = &quote,
		.save_method = b->in->save_method,
		.request = b->in->request,
		.now_ms = b->now_ms };
	enum vt_err err;

	err = catalog_load(db, a, &c);
	if (err == VT_OK && currency == NULL)
		currency = catalog_first_currency(&c);
	if (err == VT_OK)
		err = catalog_quote(
		    &c, b->in->package_id, b->in->tokens, currency, &quote, p);
	if (err == VT_OK)
		err = order_add(db, &n, &s->order);
	arena_free(a);
	return err;
}

static enum vt_err
begin(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct begin_in *b = in;
	struct stand *s = out;
	struct user u;
	enum vt_err err;

	memset(s, 0, sizeof(*s));
	err = user_ensure(db, b->in->user_sub, b->now_ms, &u);
	if (err != VT_OK)
		return err;
	if (u.deleted)
		return vt_problem(p, VT_DENIED, "forbidden", NULL,
		    "This account was closed.");
	err = order_by_request(db, u.id, b->in->request, &s->order);
	if (err == VT_NOTFOUND)
		err = new_order(db, b, &u, s, p);
	else if (err == VT_OK && !s->order.hash_matches)
		return vt_problem(p, VT_CONFLICT, "idempotency_mismatch",
		    "Idempotency-Key",
		    "This Idempotency-Key was used with another body.");
	else
		s->replayed = true;
	if (err != VT_OK)
		return err;
	if (s->order.pi[0] != '\0') {
		s->next = HAVE_INTENT;
		return VT_OK;
	}
	return prepare(db, b->instance, b->now_ms, s);
}

enum vt_err
purchase_customer_made(
    struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct customer_made *m = in;
	struct user u;
	enum vt_err err;

	(void)out;
	(void)p;
	err = user_by_sub(db, m->user_sub, &u);
	if (err == VT_OK)
		err = attempt_done(db, m->attempt, m->customer, m->now_ms);
	if (err == VT_OK)
		err = user_customer_bind(db, u.id, m->customer, m->now_ms);
	return err;
}

enum vt_err
purchase_intent_made(
    struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct intent_made *m = in;
	struct fulfil_done done;
	enum vt_err err;

	(void)out;
	(void)p;
	err = attempt_done(db, m->attempt, m->intent.id, m->now_ms);
	if (err != VT_OK)
		return err;
	/* Finds the order by its metadata and attaches the intent. */
	return fulfil_intent(
	    db, m->instance, &m->intent, FULFIL_FETCHED, m->now_ms, &done);
}

enum vt_err
purchase_intent_refused(
    struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct intent_refused *r = in;
	struct order o;
	enum vt_err err;
	bool moved;

	(void)out;
	(void)p;
	err = attempt_refused(db, r->attempt, r->code, r->now_ms);
	if (err == VT_OK)
		err = order_by_public_id(db, r->order, &o);
	if (err == VT_OK)
		err = order_move(
		    db, &o, ORDER_REFUSED, r->code, r->now_ms, &moved);
	if (err == VT_OK && moved)
		err = transaction_status(db, o.tx, "failed", r->now_ms, &moved);
	if (err == VT_OK)
		err = order_forget_request(db, o.id);
	return err;
}

struct next_in {
	const struct instance *instance;
	const struct customer_made *customer; /* or NULL */
	struct {
		int64_t attempt;      /* or 0 */
		const char *code;     /* Stripe's */
		const char *customer; /* unknown to Stripe, or NULL */
	} refused;
	int64_t order;
	int64_t now_ms;
};

/* After a customer was made, refused or found gone: what comes next? */
static enum vt_err
go_on(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct next_in *n = in;
	struct stand *s = out;
	enum vt_err err = VT_OK;

	if (n->customer != NULL)
		err = purchase_customer_made(db, n->customer, NULL, p);
	if (err == VT_OK)
		err = order_by_id(db, n->order, &s->order);
	if (err == VT_OK && n->refused.attempt != 0)
		err = attempt_refused(
		    db, n->refused.attempt, n->refused.code, n->now_ms);
	if (err == VT_OK && n->refused.customer != NULL)
		err = user_customer_drop(
		    db, s->order.user, n->refused.customer, n->now_ms);
	if (err != VT_OK)
		return err;
	if (s->order.pi[0] != '\0') {
		s->next = HAVE_INTENT;
		return VT_OK;
	}
	return prepare(db, n->instance, n->now_ms, s);
}

struct ended_in {
	int64_t attempt;
	const char *code; /* of a refusal */
	int64_t now_ms;
};

static enum vt_err
unknown(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct ended_in *e = in;

	(void)out;
	(void)p;
	return attempt_unknown(db, e->attempt, e->now_ms);
}

static enum vt_err
customer_refused(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct ended_in *e = in;

	(void)out;
	(void)p;
	return attempt_refused(db, e->attempt, e->code, e->now_ms);
}

static enum vt_err
reload(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const int64_t *id = in;

	(void)p;
	return order_by_id(db, *id, out);
}

/* ---- between the writes ---------------------------------------------------
 */

/*
 * The call of an attempt. A result other than VT_OK with an outcome that is
 * not certain is written down for reconciler before it is passed on.
 */
static enum vt_err
call(const struct shop *shop, struct arena *a, const struct attempt *t,
    int64_t deadline, struct stripe_reply *reply, struct vt_problem *p)
{
	struct stripe_call c = { "POST", t->path, t->params, t->key, deadline };
	struct ended_in u = { .attempt = t->id };
	enum vt_err err, noted;

	memset(reply, 0, sizeof(*reply));
	if (clock_now_ms() - t->created_at > ATTEMPT_KEY_LIVES_MS) {
		reply->outcome = STRIPE_UNKNOWN;
		return vt_problem(p, VT_BUSY, "stripe_unavailable", NULL,
		    "This purchase is being looked up at Stripe.");
	}
	err = stripe_do(shop->stripe, a, &c, reply, p);
	LOG(err == VT_OK ? LOG_INFO : LOG_WARN, "payment.attempt",
	    LOG_S("what", t->what), LOG_S("subject", t->subject),
	    LOG_S("result", vt_err_name(err)),
	    LOG_S("stripe_code", reply->error.code),
	    LOG_S("stripe_request", reply->request_id));
	if (err == VT_OK || reply->outcome == STRIPE_REFUSED)
		return err;
	u.now_ms = clock_now_ms();
	noted = writer_run(shop->writer, unknown, &u, NULL, NULL);
	if (noted != VT_OK) /* the row says in_flight: as good for reconciler */
		LOG(LOG_WARN, "attempt.not_noted",
		    LOG_S("subject", t->subject));
	return err;
}

static const char *
code_of(const struct stripe_error *e)
{
	return e->code[0] != '\0' ? e->code : e->type;
}

/*
 * Stripe refused the customer. An address that it does not take is left out,
 * since the user may have no other; anything else ends the attempt, and the
 * next click makes another.
 */
static enum vt_err
no_customer(const struct shop *shop, const struct stripe_error *e,
    struct stand *s, enum vt_err why, struct vt_problem *p)
{
	const struct next_in next = { .instance = shop->instance,
		.refused = { .attempt = s->attempt.id, .code = code_of(e) },
		.order = s->order.id,
		.now_ms = clock_now_ms() };
	const struct ended_in ended = { s->attempt.id, code_of(e),
		next.now_ms };
	struct vt_problem second;
	enum vt_err err;

	if (strcmp(e->param, "email") == 0 && !s->without_email) {
		s->without_email = true;
		return writer_run(shop->writer, go_on, &next, s, p);
	}
	err = writer_run(shop->writer, customer_refused, &ended, NULL, &second);
	if (err != VT_OK)
		*p = second;
	return err != VT_OK ? err : why;
}

static enum vt_err
make_customer(const struct shop *shop, struct arena *a, int64_t deadline,
    struct stand *s, struct vt_problem *p)
{
	struct customer_made made = { .attempt = s->attempt.id };
	struct next_in next = { .instance = shop->instance,
		.customer = &made,
		.order = s->order.id };
	struct stripe_customer c;
	struct stripe_reply reply;
	enum vt_err err;

	err = call(shop, a, &s->attempt, deadline, &reply, p);
	fault_point("purchase.after_customer_call");
	if (err != VT_OK && reply.outcome == STRIPE_REFUSED)
		return no_customer(shop, &reply.error, s, err, p);
	if (err != VT_OK)
		return err;
	if (stripe_customer_read(reply.body, &c, NULL) != VT_OK)
		return shop_unreadable(p);
	(void)snprintf(
	    made.user_sub, sizeof(made.user_sub), "%s", s->order.user_sub);
	memcpy(made.customer, c.id, sizeof(made.customer));
	made.now_ms = next.now_ms = clock_now_ms();
	err = writer_run(shop->writer, go_on, &next, s, p);
	fault_point("purchase.after_customer");
	return err;
}

/* Stripe refused the intent: because the customer is gone, or for good. */
static enum vt_err
no_intent(const struct shop *shop, const struct stripe_error *e,
    struct stand *s, enum vt_err why, struct vt_problem *p)
{
	struct order asked = s->order; /* `s` is written while it is read */
	const struct next_in next = { .instance = shop->instance,
		.refused = { s->attempt.id, code_of(e), asked.customer },
		.order = asked.id,
		.now_ms = clock_now_ms() };
	struct intent_refused r = { .attempt = s->attempt.id,
		.now_ms = next.now_ms };
	struct vt_problem second;
	enum vt_err err;

	if (strcmp(e->code, "resource_missing") == 0 &&
	    strcmp(e->param, "customer") == 0)
		return writer_run(shop->writer, go_on, &next, s, p);
	(void)snprintf(r.order, sizeof(r.order), "%s", asked.public_id);
	(void)snprintf(r.code, sizeof(r.code), "%s", code_of(e));
	err = writer_run(
	    shop->writer, purchase_intent_refused, &r, NULL, &second);
	if (err != VT_OK)
		*p = second;
	return err != VT_OK ? err : why;
}

static enum vt_err
make_intent(const struct shop *shop, struct arena *a, int64_t deadline,
    struct stand *s, const char **client_secret, struct vt_problem *p)
{
	struct intent_made made = { .attempt = s->attempt.id,
		.instance = shop->instance };
	struct stripe_reply reply;
	enum vt_err err;

	err = call(shop, a, &s->attempt, deadline, &reply, p);
	fault_point("purchase.after_intent_call");
	if (err != VT_OK && reply.outcome == STRIPE_REFUSED)
		return no_intent(shop, &reply.error, s, err, p);
	if (err != VT_OK)
		return err;
	*client_secret = stripe_intent_client_secret(reply.body);
	if (stripe_intent_read(reply.body, &made.intent, NULL) != VT_OK ||
	    *client_secret == NULL)
		return shop_unreadable(p);
	made.now_ms = clock_now_ms();
	err = writer_run(shop->writer, purchase_intent_made, &made, NULL, p);
	fault_point("purchase.after_intent");
	if (err == VT_OK)
		err = readers_run(
		    shop->readers, reload, &s->order.id, &s->order, p);
	/* One that is not as ordered is no way to pay for it. */
	if (err == VT_OK && s->order.pi[0] == '\0')
		err = shop_unreadable(p);
	s->next = HAVE_INTENT;
	return err;
}

enum vt_err
purchase_start(const struct shop *shop, struct arena *a,
    const struct purchase_in *in, struct purchase *out, struct vt_problem *p)
{
	int64_t deadline = clock_mono_ms() + STRIPE_DEADLINE_MS;
	struct begin_in b = { in, shop->instance, clock_now_ms() };
	const struct json *body;
	struct stand s;
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	err = writer_run(shop->writer, begin, &b, &s, p);
	fault_point("purchase.after_order");
	for (int turn = 0; err == VT_OK && s.next != HAVE_INTENT; turn++) {
		if (turn == TURNS_MAX)
			err = shop_unreadable(p);
		else if (s.next == MAKE_CUSTOMER)
			err = make_customer(shop, a, deadline, &s, p);
		else
			err = make_intent(
			    shop, a, deadline, &s, &out->client_secret, p);
	}
	if (err == VT_OK && out->client_secret == NULL) {
		err =
		    shop_fetch_intent(shop, a, s.order.pi, deadline, &body, p);
		if (err == VT_OK)
			out->client_secret = stripe_intent_client_secret(body);
	}
	if (err != VT_OK)
		return err;
	out->order = s.order;
	out->replayed = s.replayed;
	return VT_OK;
}
