/*
 * service_call_steps: what spends and holds share. Only service_spends.c and
 * service_holds.c include it.
 */
#ifndef VT_BILLING_SERVICE_CALL_STEPS_H
#define VT_BILLING_SERVICE_CALL_STEPS_H

#include "billing/service_calls.h"
#include "billing/users.h"
#include "text/json.h"

/*
 * The answer kept under the caller's Idempotency-Key, if there is one with a
 * body: VT_OK and `out`. VT_NOTFOUND: go on; *tx is the transaction of an
 * answer whose body was pruned, or 0. VT_CONFLICT "idempotency_mismatch".
 */
enum vt_err service_call_again(struct db *db, const struct service_call *c,
    struct service_answer *out, int64_t *tx, struct vt_problem *p) VT_MUSTCHECK;

/* Answers for the first time, and keeps it under the key if one was given. */
enum vt_err service_call_answer(struct db *db, const struct service_call *c,
    int64_t tx, int status, const struct json *body,
    struct service_answer *out) VT_MUSTCHECK;

/*
 * Who is to pay. VT_FUNDS "insufficient_tokens" with 0 available for a user
 * without a row, VT_CONFLICT "account_closed".
 */
enum vt_err service_call_user(struct db *db, const char *sub, int64_t tokens,
    int64_t *user, struct vt_problem *p) VT_MUSTCHECK;

/* The hash of what is asked under a reference: a word and its parts. */
void service_call_hash(struct arena *a, const char *what, const char *user,
    int64_t tokens, int64_t ttl_s, const char *metadata,
    unsigned char out[static 32]);

#endif
