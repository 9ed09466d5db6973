/* events: see events.h. */
#include "billing/events.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"

/* Failed and waiting events: a few seconds, then twice as long, to an hour. */
#define BACKOFF_FIRST_MS 5000
#define BACKOFF_MAX_MS 3600000

enum {
	ADD,
	SEEN,
	HASH_OF,
	SETTLE,
	BODY_OF,
	FAILED_DUE,
	WAITING_DUE,
	NEED_SETTLE,
	NEED_POSTPONE,
	STATEMENTS
};

#define NEXT                                          \
	":now + MIN(" TEXT(BACKOFF_MAX_MS) ", " TEXT( \
	    BACKOFF_FIRST_MS) " * (1 << MIN(tries, 12)))"
/* Further ahead than any wait: the clock was set back. */
#define IS_DUE "(next_at <= :now OR next_at > :now + " TEXT(BACKOFF_MAX_MS) ")"
#define TEXT(number) TEXT_(number)
#define TEXT_(number) #number

static const char *const sql[STATEMENTS] = {
	[ADD] =
	    "INSERT INTO events (evt, type, object, object_type, "
	    "api_version, livemode, stripe_created, body, body_hash, state, "
	    "received_at) VALUES (:evt, :type, :object, :object_type, "
	    ":version, :livemode, :created, :body, :hash, 'received', :now)",
	[SEEN] = "UPDATE events SET seen = seen + 1 WHERE evt = :evt",
	[HASH_OF] = "SELECT body_hash FROM events WHERE evt = :evt",
	[SETTLE] = "UPDATE events SET state = :state, reason = :reason, "
		   "need = :need, tries = tries + :tried, "
		   "next_at = CASE WHEN :again THEN " NEXT " END, "
		   "settled_at = CASE WHEN :again THEN NULL ELSE :now END "
		   "WHERE evt = :evt",
	[BODY_OF] = "SELECT body FROM events WHERE evt = :evt "
		    "AND state IN ('received', 'failed')",
	/* The first term is its index's: without it all events are read. */
	[FAILED_DUE] = "SELECT evt, need, tries FROM events "
		       "WHERE state IN ('waiting', 'failed') "
		       "AND state = 'failed' AND " IS_DUE " "
		       "ORDER BY next_at LIMIT :max",
	[WAITING_DUE] = "SELECT MIN(evt), need, MAX(tries) FROM events "
			"WHERE state = 'waiting' AND " IS_DUE " "
			"GROUP BY need ORDER BY MIN(next_at) LIMIT :max",
	[NEED_SETTLE] = "UPDATE events SET state = :state, reason = :reason, "
			"next_at = NULL, settled_at = :now "
			"WHERE state = 'waiting' AND need = :need",
	[NEED_POSTPONE] =
	    "UPDATE events SET tries = tries + 1, "
	    "next_at = " NEXT " WHERE state = 'waiting' AND need = :need",
};

static const char *const outcome_names[EVENT_OUTCOME__MAX] = {
	[EVENT_APPLIED] = "applied",
	[EVENT_DUPLICATE] = "duplicate",
	[EVENT_IRRELEVANT] = "irrelevant",
	[EVENT_WAITING] = "waiting",
	[EVENT_PARKED] = "parked",
	[EVENT_FAILED] = "failed",
};

/* The types that have an effect; any other is stored and left alone (R6). */
static const struct {
	const char *type;
	enum event_kind kind;
} handled[] = {
	{ "payment_intent.created", EVENT_INTENT },
	{ "payment_intent.succeeded", EVENT_INTENT },
	{ "payment_intent.payment_failed", EVENT_INTENT },
	{ "payment_intent.processing", EVENT_INTENT },
	{ "payment_intent.requires_action", EVENT_INTENT },
	{ "payment_intent.canceled", EVENT_INTENT },
	{ "charge.succeeded", EVENT_CHARGE },
	{ "checkout.session.completed", EVENT_CHECKOUT },
	{ "checkout.session.async_payment_succeeded", EVENT_CHECKOUT },
	{ "checkout.session.async_payment_failed", EVENT_CHECKOUT },
	{ "checkout.session.expired", EVENT_CHECKOUT },
};

static const enum event_outcome outcomes[FULFIL_OUTCOME__MAX] = {
	[FULFIL_APPLIED] = EVENT_APPLIED,
	[FULFIL_DUPLICATE] = EVENT_DUPLICATE,
	[FULFIL_IRRELEVANT] = EVENT_IRRELEVANT,
	[FULFIL_WAITING] = EVENT_WAITING,
	[FULFIL_PARKED] = EVENT_PARKED,
};

const char *
event_outcome_name(enum event_outcome o)
{
	return outcome_names[o];
}

/* What stays the same however often an event is sent. */
static void
hash_object(struct arena *a, struct event_fact *f)
{
	const char *object = json_text(a, f->event.object);
	crypto_hash_sha256_state st;
	char head[96];
	int n;

	n = snprintf(head, sizeof(head), "%s\n%" PRId64 "\n", f->event.type,
	    f->event.created_s);
	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(
	    &st, (const unsigned char *)head, (unsigned long long)n);
	crypto_hash_sha256_update(
	    &st, (const unsigned char *)object, strlen(object));
	crypto_hash_sha256_final(&st, f->object_hash);
}

static enum vt_err
read_object(struct event_fact *f)
{
	const struct json *object = f->event.object;

	switch (f->kind) {
	case EVENT_INTENT:
		return stripe_intent_read(object, &f->intent, NULL);
	case EVENT_CHARGE:
		return stripe_charge_read(object, &f->charge, NULL);
	case EVENT_CHECKOUT:
		return stripe_checkout_read(object, &f->checkout, NULL);
	case EVENT_OF_NO_INTEREST:
	case EVENT_UNREADABLE:
		break;
	}
	return VT_OK;
}

/*
 * The body as it is kept: with a client secret's letters crossed out, since
 * whoever has one can pay and look in the buyer's name. What is left is JSON
 * as before, and nothing that has an effect reads that member.
 */
static const char *
without_secret(struct arena *a, const struct json *object, const char *body)
{
	const char *secret = stripe_intent_client_secret(object);
	char *kept;

	/* Stripe's look like this; anything else could stand anywhere. */
	if (secret == NULL || strstr(secret, "_secret_") == NULL)
		return body;
	kept = arena_strdup(a, body);
	for (char *at = kept; (at = strstr(at, secret)) != NULL;)
		memset(at, 'x', strlen(secret));
	return kept;
}

enum vt_err
event_read(struct arena *a, const char *body, size_t body_bytes,
    struct event_fact *out, struct vt_problem *p)
{
	const struct json *j;
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	out->body = body;
	err = json_parse(a, body, body_bytes, JSON_DEPTH_MAX, &j, p);
	if (err != VT_OK)
		return err;
	if (stripe_event_read(j, &out->event, NULL) != VT_OK)
		return vt_problem(p, VT_INVALID, "malformed_event", NULL,
		    "The body is no event of Stripe's.");
	if (out->event.thin)
		return VT_OK;
	for (size_t i = 0; i < countof(handled); i++)
		if (strcmp(handled[i].type, out->event.type) == 0)
			out->kind = handled[i].kind;
	if (read_object(out) != VT_OK)
		out->kind = EVENT_UNREADABLE;
	hash_object(a, out);
	out->body = without_secret(a, out->event.object, body);
	return VT_OK;
}

static enum vt_err
settle(struct db *db, const char *evt, int64_t now_ms,
    const struct event_done *done)
{
	bool again =
	    done->outcome == EVENT_FAILED || done->outcome == EVENT_WAITING;
	const char *need = done->fulfil.need;

	return db_exec(db, sql[SETTLE], DB_TEXT("evt", evt),
	    DB_TEXT("state", outcome_names[done->outcome]),
	    DB_TEXT("reason", done->reason),
	    DB_TEXT("need", done->outcome == EVENT_WAITING ? need : NULL),
	    DB_INT("tried", done->outcome == EVENT_FAILED),
	    DB_INT("again", again), DB_INT("now", now_ms));
}

static void
decide(struct event_done *done, enum event_outcome outcome, const char *reason)
{
	done->outcome = outcome;
	done->reason = reason;
}

/* What stands between an event and its effect; true if it ends here. */
static bool
guarded(const struct event_fact *f, const struct instance *instance,
    struct event_done *done)
{
	const struct stripe_event *e = &f->event;

	if (e->thin)
		decide(done, EVENT_IRRELEVANT, "thin_event");
	else if (e->livemode != instance->livemode)
		decide(done, EVENT_PARKED, "livemode_mismatch");
	else if (f->kind == EVENT_OF_NO_INTEREST)
		decide(done, EVENT_IRRELEVANT, "type_not_handled");
	else if (strcmp(e->api_version, STRIPE_VERSION) != 0)
		decide(done, EVENT_PARKED, "api_version");
	else if (f->kind == EVENT_UNREADABLE)
		decide(done, EVENT_PARKED, "unreadable_object");
	else
		return false;
	return true;
}

static enum vt_err
apply(struct db *db, const struct event_fact *f,
    const struct instance *instance, int64_t now_ms, struct fulfil_done *out)
{
	if (fault_fails("event.effect"))
		return VT_SYS;
	switch (f->kind) {
	case EVENT_INTENT:
		return fulfil_intent(
		    db, instance, &f->intent, FULFIL_WEBHOOK, now_ms, out);
	case EVENT_CHARGE:
		return fulfil_charge(db, instance, &f->charge, now_ms, out);
	case EVENT_CHECKOUT:
		return fulfil_checkout(
		    db, instance, &f->checkout, f->event.type, now_ms, out);
	case EVENT_OF_NO_INTEREST:
	case EVENT_UNREADABLE:
		break;
	}
	return VT_INVALID;
}

/*
 * The effect in a savepoint of its own. If it fails but the transaction
 * still stands, the effect is undone and the event is stored as failed; if
 * the engine gave the transaction up, nothing is stored and we say so.
 */
static enum vt_err
carry_out(struct db *db, const struct event_in *in, struct event_done *done)
{
	enum vt_err err, effect;

	if (guarded(in->fact, in->instance, done))
		return VT_OK;
	err = db_savepoint(db);
	if (err != VT_OK)
		return err;
	effect = apply(db, in->fact, in->instance, in->now_ms, &done->fulfil);
	if (effect == VT_OK && done->fulfil.granted)
		effect = events_settle(db, in->fact->intent.id,
		    FULFIL_DUPLICATE, "already_granted", in->now_ms);
	if (effect == VT_OK) {
		decide(
		    done, outcomes[done->fulfil.outcome], done->fulfil.reason);
		return db_release(db);
	}
	if (db_autocommit(db))
		return effect;
	memset(&done->fulfil, 0, sizeof(done->fulfil));
	decide(done, EVENT_FAILED, vt_err_name(effect));
	return db_undo(db);
}

/* The same id again: count it, and see whether it tells the same. */
static enum vt_err
seen_again(struct db *db, const struct event_fact *f, struct event_done *done)
{
	enum vt_err err;
	const void *hash;
	struct query q;
	size_t bytes;

	done->seen_before = true;
	decide(done, EVENT_DUPLICATE, "event_seen");
	err = db_row(&q, db, sql[HASH_OF], DB_TEXT("evt", f->event.id));
	if (err != VT_OK)
		return err;
	hash = db_blob(&q, 0, &bytes);
	done->altered = bytes != sizeof(f->object_hash) ||
	    memcmp(hash, f->object_hash, bytes) != 0;
	db_done(&q);
	return db_exec(db, sql[SEEN], DB_TEXT("evt", f->event.id));
}

enum vt_err
event_receive(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct event_in *i = in;
	const struct stripe_event *e = &i->fact->event;
	struct event_done *done = out;
	enum vt_err err;

	(void)p; /* the sender is told nothing but a status */
	memset(done, 0, sizeof(*done));
	err = db_exec(db, sql[ADD], DB_TEXT("evt", e->id),
	    DB_TEXT("type", e->type),
	    DB_TEXT("object", e->object_id[0] ? e->object_id : NULL),
	    DB_TEXT("object_type", e->object_type[0] ? e->object_type : NULL),
	    DB_TEXT("version", e->api_version[0] ? e->api_version : NULL),
	    DB_INT("livemode", e->livemode), DB_INT("created", e->created_s),
	    DB_TEXT("body", i->fact->body),
	    DB_BLOB("hash", i->fact->object_hash, sizeof(i->fact->object_hash)),
	    DB_INT("now", i->now_ms));
	if (err == VT_CONFLICT)
		return seen_again(db, i->fact, done);
	fault_point("event.after_insert");
	if (err == VT_OK)
		err = carry_out(db, i, done);
	if (err == VT_OK)
		err = settle(db, e->id, i->now_ms, done);
	return err;
}

void
event_log(const struct event_fact *fact, const struct event_done *done)
{
	enum log_level level = done->outcome == EVENT_PARKED ? LOG_WARN
	    : done->outcome == EVENT_FAILED		     ? LOG_ERROR
							     : LOG_INFO;

	LOG(level, "webhook.stripe", LOG_S("id", fact->event.id),
	    LOG_S("type", fact->event.type),
	    LOG_S("object", fact->event.object_id),
	    LOG_S("outcome", outcome_names[done->outcome]),
	    LOG_S("reason", done->reason));
	if (done->altered)
		LOG(LOG_ERROR, "webhook.altered", LOG_S("id", fact->event.id),
		    LOG_S("type", fact->event.type),
		    LOG_S("object", fact->event.object_id));
	if (done->fulfil.reason != NULL)
		fulfil_log(&done->fulfil, "webhook",
		    fact->kind == EVENT_INTENT	     ? fact->intent.id
			: fact->kind == EVENT_CHARGE ? fact->charge.intent
						     : fact->checkout.intent);
}

static enum vt_err
due(struct db *db, const char *statement, int64_t now_ms, struct event_id *out,
    size_t max, size_t *count)
{
	enum vt_err err;
	struct query q;
	size_t n = 0;

	err = db_query(
	    &q, db, statement, DB_INT("now", now_ms), DB_INT("max", max));
	while (err == VT_OK && n < max && (err = db_step(&q)) == VT_OK) {
		(void)db_copy(&q, 0, out[n].id, sizeof(out[n].id));
		(void)db_copy(&q, 1, out[n].need, sizeof(out[n].need));
		out[n++].tries = (int)db_int(&q, 2);
	}
	db_done(&q);
	if (err != VT_OK && err != VT_NOTFOUND)
		return err;
	*count = n;
	return VT_OK;
}

enum vt_err
events_failed_due(struct db *db, int64_t now_ms, struct event_id *out,
    size_t max, size_t *count)
{
	return due(db, sql[FAILED_DUE], now_ms, out, max, count);
}

enum vt_err
events_waiting_due(struct db *db, int64_t now_ms, struct event_id *out,
    size_t max, size_t *count)
{
	return due(db, sql[WAITING_DUE], now_ms, out, max, count);
}

/* Reads the stored body and carries it out as though it had just come. */
static enum vt_err
run_stored(struct db *db, const struct event_again *again, const char *body,
    struct arena *a, struct event_done *done)
{
	struct event_fact fact;
	struct event_in in = { &fact, again->instance, again->now_ms };
	enum vt_err err;

	/* It could be read when it came, so somebody has to look at it. */
	err = event_read(a, body, strlen(body), &fact, NULL);
	if (err != VT_OK) {
		decide(done, EVENT_PARKED, "unreadable_body");
		return settle(db, again->id, again->now_ms, done);
	}
	err = carry_out(db, &in, done);
	if (err != VT_OK)
		return err;
	return settle(db, again->id, again->now_ms, done);
}

enum vt_err
event_run_again(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct event_again *again = in;
	struct arena *a = arena_new();
	const char *body;
	enum vt_err err;
	struct query q;

	(void)p; /* nobody waits for an answer */
	memset(out, 0, sizeof(struct event_done));
	err = db_row(&q, db, sql[BODY_OF], DB_TEXT("evt", again->id));
	if (err == VT_OK) {
		body = arena_strdup(a, db_text(&q, 0));
		db_done(&q);
		err = run_stored(db, again, body, a, out);
	}
	arena_free(a);
	return err;
}

enum vt_err
events_settle(struct db *db, const char *need, enum fulfil_outcome outcome,
    const char *reason, int64_t now_ms)
{
	return db_exec(db, sql[NEED_SETTLE],
	    DB_TEXT("state", outcome_names[outcomes[outcome]]),
	    DB_TEXT("reason", reason), DB_TEXT("need", need),
	    DB_INT("now", now_ms));
}

enum vt_err
events_postpone(struct db *db, const char *need, int64_t now_ms)
{
	return db_exec(db, sql[NEED_POSTPONE], DB_TEXT("need", need),
	    DB_INT("now", now_ms));
}
