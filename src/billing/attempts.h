/*
 * attempts: calls to Stripe that change something, as rows that outlive the
 * process that makes them. Written before the call, finished after it; what
 * lies between is taken up again with the same key and the same bytes by the
 * next request or by reconciler (R74, R75).
 */
#ifndef VT_BILLING_ATTEMPTS_H
#define VT_BILLING_ATTEMPTS_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"
#include "stripe/client.h"

#define ATTEMPT_PARAMS_BYTES 4096
#define ATTEMPT_PATH_BYTES 160
/* How long a key is sent again; Stripe forgets it after 24 h at the soonest. */
#define ATTEMPT_KEY_LIVES_MS (23 * 3600 * INT64_C(1000))
/* After this the one who sent it is taken for dead or late. */
#define ATTEMPT_LEASE_MS 60000

struct attempt {
	int64_t id;
	char what[16];	   /* "customer", "intent", "cancel" */
	char subject[160]; /* "user:…", "ord_…" */
	char key[STRIPE_KEY_BYTES];
	char path[ATTEMPT_PATH_BYTES];
	char params[ATTEMPT_PARAMS_BYTES];
	int tries;
	int64_t created_at;
};

/*
 * The open attempt for this what and subject, or a new one with a key of its
 * own, in flight from now on. An open one keeps its parameters: what is sent
 * under a key never changes. VT_INVALID when they are too long. Inside an
 * operation that commits before the call.
 */
enum vt_err attempt_open(struct db *db, const char *what, const char *subject,
    const char *path, const char *params, int64_t now_ms,
    struct attempt *out) VT_MUSTCHECK;

/*
 * Writes how it ended: "done" with the object's id, "refused" with the error
 * code, or, for an unknown outcome, when reconciler shall try again. Once it
 * is done or refused it stays so. Inside an operation.
 */
enum vt_err attempt_done(
    struct db *db, int64_t id, const char *object, int64_t now_ms) VT_MUSTCHECK;
enum vt_err attempt_refused(
    struct db *db, int64_t id, const char *code, int64_t now_ms) VT_MUSTCHECK;
enum vt_err
attempt_unknown(struct db *db, int64_t id, int64_t now_ms) VT_MUSTCHECK;

/*
 * After a restore: what was open may have ended in the time that was lost,
 * so each counts as too old for its key and is looked up before anything is
 * sent; *count of them. Inside an operation.
 */
enum vt_err attempts_look_up_first(
    struct db *db, int64_t now_ms, int64_t *count) VT_MUSTCHECK;

/* Open attempts that are due, oldest first, for reconciler. */
enum vt_err attempts_due(struct db *db, int64_t now_ms, struct attempt *out,
    size_t max, size_t *count) VT_MUSTCHECK;

#endif
