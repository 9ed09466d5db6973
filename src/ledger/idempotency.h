/*
 * idempotency: what a caller was answered, to be answered again (R77).
 *
 * A record is written in the same write as the effect that it tells about,
 * so the unique key and the effect last or fall together. Only successes are
 * kept. The caller of the API is the user or the service, never its key.
 */
#ifndef VT_LEDGER_IDEMPOTENCY_H
#define VT_LEDGER_IDEMPOTENCY_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

#define IDEMPOTENCY_KEY_BYTES 256 /* 255 visible characters and the NUL */

struct idempotency_key {
	char principal[160]; /* "user:user_…", "admin:…"; "" : no key given */
	char route[64];
	char key[IDEMPOTENCY_KEY_BYTES]; /* "": no key given */
	unsigned char request_hash[32]; /* SHA-256 of the raw body; 0: no key */
};

/*
 * Fills in the key of a request; `header` may be NULL (then key is "").
 * VT_INVALID with code "invalid_field" and field "Idempotency-Key" unless
 * it has 1..255 visible ASCII characters.
 */
enum vt_err idempotency_key_init(struct idempotency_key *k,
    const char *principal, const char *route, const char *header,
    const char *body, size_t body_bytes, struct vt_problem *p) VT_MUSTCHECK;

/* True when the caller gave a key. */
bool idempotency_given(const struct idempotency_key *k);

struct idempotency_record {
	int status;
	const char *body; /* in the arena; NULL once it was pruned */
	int64_t tx;	  /* or 0 */
};

/*
 * Looks a key up, in a read or inside an operation. VT_OK: answer this
 * again. VT_NOTFOUND: go on. VT_CONFLICT with code "idempotency_mismatch":
 * the key was used for another body.
 */
enum vt_err idempotency_find(struct db *db, struct arena *a,
    const struct idempotency_key *k, struct idempotency_record *out,
    struct vt_problem *p) VT_MUSTCHECK;

/* Stores a success, inside the operation that made it. No client secret. */
enum vt_err idempotency_keep(struct db *db, const struct idempotency_key *k,
    int64_t tx, int status, const char *body, int64_t now_ms) VT_MUSTCHECK;

/* Forgets bodies older than this; the number of them. */
enum vt_err idempotency_prune(
    struct db *db, int64_t before_ms, int64_t *pruned) VT_MUSTCHECK;

#endif
