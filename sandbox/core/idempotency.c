/* idempotency: see idempotency.h. */
#include "core/idempotency.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

#define INFLIGHT_MAX 256 /* more than there are threads */
#define KEEP_S 86400	 /* Stripe keeps them for at least a day */
#define REQUEST_BYTES_MAX (1 << 20)

struct inflight {
	pthread_mutex_t lock;
	char keys[INFLIGHT_MAX][IDEMPOTENCY_KEY_BYTES_MAX + 1];
};

struct inflight *
inflight_new(struct arena *a)
{
	struct inflight *f = arena_alloc(a, sizeof(*f));

	(void)pthread_mutex_init(&f->lock, NULL); /* cannot fail on Linux */
	return f;
}

void
inflight_free(struct inflight *f)
{
	(void)pthread_mutex_destroy(&f->lock);
}

bool
inflight_enter(struct inflight *f, const char *key)
{
	char *empty = NULL;
	bool taken = false;

	(void)pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < INFLIGHT_MAX && !taken; i++) {
		if (f->keys[i][0] == '\0')
			empty = f->keys[i];
		else
			taken = strcmp(f->keys[i], key) == 0;
	}
	if (!taken && empty != NULL)
		memcpy(empty, key, strlen(key) + 1);
	(void)pthread_mutex_unlock(&f->lock);
	return !taken;
}

void
inflight_leave(struct inflight *f, const char *key)
{
	(void)pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < INFLIGHT_MAX; i++)
		if (strcmp(f->keys[i], key) == 0)
			f->keys[i][0] = '\0';
	(void)pthread_mutex_unlock(&f->lock);
}

static int
by_name(const void *a, const void *b)
{
	const struct form_pair *x = a, *y = b;
	int n = strcmp(x->name, y->name);

	return n != 0 ? n : strcmp(x->value, y->value);
}

static void
free_later(void *b)
{
	buf_free(b);
}

const char *
idempotency_request(struct arena *a, const char *method, const char *path,
    const struct form_pair *pairs, size_t count)
{
	struct form_pair *sorted = arena_array(a, count + 1, sizeof(*sorted));
	struct buf *b = arena_alloc(a, sizeof(*b));

	buf_init(b, REQUEST_BYTES_MAX);
	arena_defer(a, free_later, b);
	buf_printf(b, "%s %s\n", method, path);
	if (count > 0)
		memcpy(sorted, pairs, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_name);
	for (size_t i = 0; i < count; i++)
		buf_printf(b, "%s=%s\n", sorted[i].name, sorted[i].value);
	return buf_str(b);
}

enum vt_err
idempotency_find(
    struct call *c, const char *key, struct idempotency_record *out)
{
	struct query q;
	enum vt_err err;

	err = db_row(&q, c->box->db,
	    "SELECT request, request_id, status, body FROM idempotency WHERE "
	    "key = :key AND created > :since",
	    DB_TEXT("key", key), DB_INT("since", clock_now_s() - KEEP_S));
	if (err != VT_OK)
		return err;
	out->request = arena_strdup(c->arena, db_text(&q, 0));
	out->request_id = arena_strdup(c->arena, db_text(&q, 1));
	out->status = (int)db_int(&q, 2);
	out->body = arena_strdup(c->arena, db_text(&q, 3));
	db_done(&q);
	return VT_OK;
}

enum vt_err
idempotency_keep(
    struct call *c, const char *key, const struct idempotency_record *r)
{
	enum vt_err err;

	err = db_exec(c->box->db,
	    "DELETE FROM idempotency WHERE key = :key OR created <= :before",
	    DB_TEXT("key", key), DB_INT("before", clock_now_s() - KEEP_S));
	if (err != VT_OK)
		return err;
	return db_exec(c->box->db,
	    "INSERT INTO idempotency (key, request, request_id, status, body, "
	    "created) VALUES (:key, :request, :id, :status, :body, :now)",
	    DB_TEXT("key", key), DB_TEXT("request", r->request),
	    DB_TEXT("id", r->request_id), DB_INT("status", r->status),
	    DB_TEXT("body", r->body), DB_INT("now", clock_now_s()));
}
