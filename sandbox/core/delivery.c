/* delivery: see delivery.h. */
#include "core/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/due.h"
#include "core/webhook.h"

#define THREADS 4
#define THREAD_STACK_BYTES (512 * 1024)
#define CALL_TIMEOUT_MS 15000
#define ANSWER_BYTES_MAX 65536
#define POLL_MS 100	/* how soon a shift of the clock is noticed */
#define IDLE_MS 2000	/* the other threads wait to be woken */
#define GATHER_MS 2000	/* reverse: the longest wait for the nth event */
#define SETTLE_MS 60000 /* the longest that a tick waits */
#define COPIES_MAX 100	/* duplicate: the most copies */

/* Pauses before the next try, in seconds: about three days in all. */
static const int64_t pauses_stripe[] = { 5, 30, 120, 600, 3600, 10800, 21600,
	43200, 43200, 43200, 86400 };
/* Svix's published ones. */
static const int64_t pauses_svix[] = { 5, 300, 1800, 7200, 18000, 36000,
	36000 };

struct delivery {
	pthread_t threads[THREADS];
	int threads_count;
	pthread_cond_t wake;  /* there may be work */
	pthread_cond_t ended; /* a delivery was answered */
	bool stop;
	int64_t busy[THREADS + 64]; /* deliveries being sent, 0: free slot */
	const char *busy_endpoint[THREADS + 64];
	int64_t delivered;    /* since the start */
	int64_t worked;	      /* things done that time brought, likewise */
	int64_t gather_until; /* monotonic ms; 0: nothing is gathered */
};

struct delivery *
delivery_new(struct box *b)
{
	struct delivery *d = arena_alloc(b->arena, sizeof(*d));
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr); /* cannot fail here */
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&d->wake, &attr);
	(void)pthread_cond_init(&d->ended, &attr);
	(void)pthread_condattr_destroy(&attr);
	return d;
}

void
delivery_wake(struct box *b)
{
	(void)pthread_cond_broadcast(&b->delivery->wake);
}

/* Waits on a condition of the box's lock for so long at the most. */
static void
wait_on(struct box *b, pthread_cond_t *cond, int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;
	struct timespec ts = { .tv_sec = (time_t)(until / 1000),
		.tv_nsec = (long)(until % 1000) * 1000000 };

	/* Early or late, the caller looks again. */
	(void)pthread_cond_timedwait(cond, &b->lock, &ts);
}

/* Deliveries that were not answered yet; only the held ones if so asked. */
static int64_t
count_pending(struct box *b, bool held)
{
	struct query q;
	int64_t n = 0;

	if (db_row(&q, b->db,
		"SELECT count(*) FROM deliveries WHERE state = 'pending' AND "
		"held >= :held",
		DB_INT("held", held)) == VT_OK) {
		n = db_int(&q, 0);
		db_done(&q);
	}
	return n;
}

static enum vt_err
add_row(struct call *c, const char *event, const char *endpoint,
    int64_t next_ms, bool held)
{
	return db_exec(c->box->db,
	    "INSERT INTO deliveries (event, endpoint, state, held, rank, "
	    "next_at) VALUES (:event, :endpoint, 'pending', :held, "
	    "(SELECT coalesce(max(id), 0) + 1 FROM deliveries), :next)",
	    DB_TEXT("event", event), DB_TEXT("endpoint", endpoint),
	    DB_INT("held", held), DB_INT("next", next_ms));
}

enum vt_err
delivery_add(struct call *c, const char *event, const char *endpoint)
{
	struct box *b = c->box;
	const char *mode = box_setting(b, c->arena, "events", "deliver");
	int64_t n = box_setting_int(b, "events.n", 0);
	int64_t copies = strcmp(mode, "duplicate") == 0 ? n : 1;
	int64_t next_ms = clock_now_ms();
	bool held = strcmp(mode, "withhold") == 0;
	enum vt_err err = VT_OK;

	if (strcmp(mode, "delay") == 0)
		next_ms += n * 1000;
	if (strcmp(mode, "reverse") == 0) {
		held = true;
		b->delivery->gather_until = clock_mono_ms() + GATHER_MS;
	}
	for (int64_t i = 0; i < copies && err == VT_OK; i++)
		err = add_row(c, event, endpoint, next_ms, held);
	return err;
}

/* Lets go what was held back; the newest first if `reversed`. */
static enum vt_err
release(struct box *b, bool reversed)
{
	b->delivery->gather_until = 0;
	if (reversed)
		return db_exec(b->db,
		    "UPDATE deliveries SET held = 0, rank = -id WHERE held = "
		    "1");
	return db_exec(b->db, "UPDATE deliveries SET held = 0 WHERE held = 1");
}

/* In reverse mode: enough were gathered, or we waited long enough. */
static void
gather(struct box *b)
{
	int64_t until = b->delivery->gather_until;

	if (until == 0)
		return;
	if (clock_mono_ms() < until &&
	    count_pending(b, true) < box_setting_int(b, "events.n", 2))
		return;
	if (release(b, true) != VT_OK)
		LOG(LOG_ERROR, "delivery.release_failed");
}

enum vt_err
delivery_mode(struct call *c, const char *mode, int64_t n)
{
	static const char *const modes[] = { "deliver", "withhold", "duplicate",
		"reverse", "delay" };
	bool known = false;

	for (size_t i = 0; i < countof(modes); i++)
		known = known || strcmp(mode, modes[i]) == 0;
	if (!known || n < 0 ||
	    (strcmp(mode, "duplicate") == 0 && n > COPIES_MAX))
		return VT_INVALID;
	box_set(c->box, "events", mode);
	box_set_int(c->box, "events.n",
	    n > 0			     ? n
		: strcmp(mode, "delay") == 0 ? 60
					     : 2);
	return strcmp(mode, "deliver") == 0 ? release(c->box, false) : VT_OK;
}

enum vt_err
delivery_resend(struct call *c, const char *event)
{
	enum vt_err err;

	err = db_exec(c->box->db,
	    "INSERT INTO deliveries (event, endpoint, state, rank, next_at) "
	    "SELECT DISTINCT event, endpoint, 'pending', (SELECT max(id) + 1 "
	    "FROM deliveries), :now FROM deliveries WHERE event = :event",
	    DB_INT("now", clock_now_ms()), DB_TEXT("event", event));
	if (err == VT_OK && db_changes(c->box->db) == 0)
		return VT_NOTFOUND;
	return err;
}

/* One delivery in hand: copied, since the lock is let go while it is sent. */
struct job {
	int64_t id, tries;
	const char *event, *endpoint;
	struct webhook_message message;
	size_t slot;
};

static bool
is_busy(const struct delivery *d, const char *endpoint)
{
	for (size_t i = 0; i < countof(d->busy); i++)
		if (d->busy[i] != 0 &&
		    strcmp(d->busy_endpoint[i], endpoint) == 0)
			return true;
	return false;
}

/* The first that is due and whose endpoint is not being talked to. */
static bool
take(struct box *b, struct arena *a, struct job *j)
{
	struct delivery *d = b->delivery;
	struct query q;
	bool found = false;

	if (db_query(&q, b->db,
		"SELECT id, event, endpoint, tries FROM deliveries WHERE "
		"state = 'pending' AND held = 0 AND next_at <= :now ORDER BY "
		"rank, id LIMIT 200",
		DB_INT("now", clock_now_ms())) == VT_OK)
		while (!found && db_step(&q) == VT_OK) {
			if (is_busy(d, db_text(&q, 2)))
				continue;
			j->id = db_int(&q, 0);
			j->event = arena_strdup(a, db_text(&q, 1));
			j->endpoint = arena_strdup(a, db_text(&q, 2));
			j->tries = db_int(&q, 3);
			found = true;
		}
	db_done(&q);
	for (j->slot = 0; found && j->slot < countof(d->busy); j->slot++)
		if (d->busy[j->slot] == 0) {
			d->busy[j->slot] = j->id;
			d->busy_endpoint[j->slot] = j->endpoint;
			return true;
		}
	return false;
}

/* What becomes of a delivery that was answered, or not. */
static void
settle_row(struct box *b, const struct job *j, int status, const char *why)
{
	const int64_t *pauses = j->message.svix ? pauses_svix : pauses_stripe;
	size_t pauses_count =
	    j->message.svix ? countof(pauses_svix) : countof(pauses_stripe);
	bool ok = status >= 200 && status < 300;
	bool over = (size_t)j->tries >= pauses_count;
	int64_t now = clock_now_ms();
	int64_t next = ok || over ? now : now + pauses[j->tries] * 1000;

	b->delivery->worked++;
	if (ok)
		b->delivery->delivered++;
	if (db_exec(b->db,
		"UPDATE deliveries SET state = :state, tries = tries + 1, "
		"next_at = :next, status = :status, error = :error, "
		"delivered_at = :at WHERE id = :id",
		DB_TEXT("state",
		    ok	       ? "delivered"
			: over ? "failed"
			       : "pending"),
		DB_INT("next", next),
		status == 0 ? DB_NULL("status") : DB_INT("status", status),
		DB_TEXT("error", ok ? NULL : why),
		ok ? DB_INT("at", now) : DB_NULL("at"),
		DB_INT("id", j->id)) != VT_OK)
		LOG(LOG_ERROR, "delivery.not_recorded", LOG_I("id", j->id));
	LOG(LOG_INFO, ok ? "webhook.delivered" : "webhook.refused",
	    LOG_S("webhook_event", j->event), LOG_S("endpoint", j->endpoint),
	    LOG_I("status", status), LOG_I("tries", j->tries + 1));
}

/* Makes the call, without the lock. */
static int
send_message(
    struct box *b, struct arena *a, const struct job *j, const char **why)
{
	struct https_request r = { .method = "POST",
		.url = j->message.url,
		.headers = j->message.headers,
		.body = j->message.body,
		.body_bytes = strlen(j->message.body),
		.timeout_ms = CALL_TIMEOUT_MS,
		.body_bytes_max = ANSWER_BYTES_MAX };
	struct https_answer answer = { 0 };
	enum vt_err err = https_call(b->https, a, &r, &answer);

	*why = answer.why;
	/* An answer too large to keep is an answer all the same. */
	return err == VT_OK || answer.end == HTTPS_TOO_LARGE ? answer.status
							     : 0;
}

/* Sends one delivery if one is due. With the lock held, which is let go. */
static bool
deliver_one(struct box *b)
{
	struct arena *a = arena_new();
	struct job j = { 0 };
	const char *why = "the endpoint is gone";
	struct call c;
	int status = 0;

	if (!take(b, a, &j)) {
		arena_free(a);
		return false;
	}
	/* There may be more, for other endpoints. */
	delivery_wake(b);
	call_init(&c, b, a);
	if (webhook_message(&c, j.event, j.endpoint, &j.message) == VT_OK) {
		box_unlock(b);
		status = send_message(b, a, &j, &why);
		box_lock(b);
	} else
		j.tries = INT32_MAX; /* never again */
	settle_row(b, &j, status, why);
	b->delivery->busy[j.slot] = 0;
	(void)pthread_cond_broadcast(&b->delivery->ended);
	/* The endpoint is free: whoever passed it over looks again. */
	(void)pthread_cond_signal(&b->delivery->wake);
	arena_free(a);
	return true;
}

/* What the clock brings: what falls due, and what was gathered. */
static void
move(struct box *b)
{
	gather(b);
	while (due_run(b)) {
		b->delivery->worked++;
		/* Whoever waits to ask something is let in between. */
		box_unlock(b);
		box_lock(b);
	}
}

static void *
run(void *arg)
{
	struct box *b = arg;

	bool first;

	box_lock(b);
	first = pthread_equal(pthread_self(), b->delivery->threads[0]) != 0;
	while (!b->delivery->stop) {
		/* One of them watches the clock for all. */
		if (first)
			move(b);
		if (!deliver_one(b))
			wait_on(
			    b, &b->delivery->wake, first ? POLL_MS : IDLE_MS);
	}
	box_unlock(b);
	return NULL;
}

void
delivery_start(struct box *b)
{
	struct delivery *d = b->delivery;
	pthread_attr_t attr;

	(void)pthread_attr_init(&attr); /* cannot fail on Linux */
	(void)pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
	box_lock(b); /* the first thread looks itself up */
	while (d->threads_count < THREADS) {
		if (pthread_create(
			&d->threads[d->threads_count], &attr, run, b) != 0)
			abort();
		d->threads_count++;
	}
	box_unlock(b);
	(void)pthread_attr_destroy(&attr);
}

void
delivery_free(struct delivery *d)
{
	/* The threads take the lock themselves to see this. */
	__atomic_store_n(&d->stop, true, __ATOMIC_SEQ_CST);
	(void)pthread_cond_broadcast(&d->wake);
	for (int i = 0; i < d->threads_count; i++)
		(void)pthread_join(d->threads[i], NULL);
	(void)pthread_cond_destroy(&d->wake);
	(void)pthread_cond_destroy(&d->ended);
}

/* True if a delivery is due, or being made. */
static bool
is_due(struct box *b)
{
	struct query q;

	for (size_t i = 0; i < countof(b->delivery->busy); i++)
		if (b->delivery->busy[i] != 0)
			return true;
	if (db_row(&q, b->db,
		"SELECT 1 FROM deliveries WHERE state = 'pending' AND held = "
		"0 AND next_at <= :now LIMIT 1",
		DB_INT("now", clock_now_ms())) != VT_OK)
		return false;
	db_done(&q);
	return true;
}

void
delivery_settle(struct box *b, struct delivery_count *out)
{
	struct delivery *d = b->delivery;
	int64_t end = clock_mono_ms() + SETTLE_MS;

	box_lock(b);
	*out = (struct delivery_count){ .delivered = -d->delivered,
		.worked = -d->worked };
	if (d->gather_until != 0 && release(b, true) != VT_OK)
		LOG(LOG_ERROR, "delivery.release_failed");
	do {
		move(b);
		/* Help: in plain CGI there are no threads. */
		if (!deliver_one(b))
			wait_on(b, &d->ended, is_due(b) ? POLL_MS : 0);
	} while (is_due(b) && clock_mono_ms() < end);
	out->delivered += d->delivered;
	out->worked += d->worked;
	out->pending = count_pending(b, false);
	box_unlock(b);
}
