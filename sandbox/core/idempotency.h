/*
 * idempotency: the same key, the same answer.
 *
 * As Stripe does it: an answer is kept once work had begun, refusals of the
 * card included, so that the same key replays it; what was refused before
 * that is not kept. The same key with other parameters is a mistake of the
 * caller's, the same key twice at a time a conflict.
 */
#ifndef SANDBOX_IDEMPOTENCY_H
#define SANDBOX_IDEMPOTENCY_H

#include "core/call.h"
#include "text/form.h"

#define IDEMPOTENCY_KEY_BYTES_MAX 255

struct inflight *inflight_new(struct arena *a);
void inflight_free(struct inflight *f);

/* Marks the key as being worked on; false if it already is. */
bool inflight_enter(struct inflight *f, const char *key);
void inflight_leave(struct inflight *f, const char *key);

/* Method, path and sorted parameters: what must not change under a key. */
const char *idempotency_request(struct arena *a, const char *method,
    const char *path, const struct form_pair *pairs, size_t count);

struct idempotency_record {
	const char *request;
	const char *request_id;
	int status;
	const char *body;
};

/* VT_NOTFOUND when nothing is kept under the key. With the lock held. */
enum vt_err idempotency_find(struct call *c, const char *key,
    struct idempotency_record *out) VT_MUSTCHECK;
enum vt_err idempotency_keep(struct call *c, const char *key,
    const struct idempotency_record *r) VT_MUSTCHECK;

#endif
