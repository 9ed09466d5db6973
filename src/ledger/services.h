/*
 * services: the owner's programs that spend, the names that they give to
 * what they ask for, and how much they may take a day.
 *
 * References belong to the service and not to the key that it called with,
 * so a key can be replaced in the middle of a retry without a second effect.
 * Who may call with which key is access's (api_keys.h).
 */
#ifndef VT_LEDGER_SERVICES_H
#define VT_LEDGER_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

#define SERVICE_NAME_BYTES 41	    /* 40 characters and the terminator */
#define SERVICE_REFERENCE_BYTES 256 /* 255 bytes and the terminator */
#define SERVICE_ACTOR_BYTES (SERVICE_NAME_BYTES + 8) /* "service:NAME" */

struct service {
	int64_t id;
	char name[SERVICE_NAME_BYTES];
	int64_t daily_cap; /* tokens; 0: none */
	int64_t created_at;
	bool disabled;
};

/* 1 to 40 of a-z, 0-9 and "-", a letter first; VT_INVALID otherwise. */
enum vt_err
service_name_check(const char *name, struct vt_problem *p) VT_MUSTCHECK;

/*
 * Adds a service. Inside an operation. VT_CONFLICT with code
 * "service_exists"; VT_INVALID as above, or a cap below 0 (0: none).
 */
enum vt_err service_add(struct db *db, const char *name, int64_t daily_cap,
    int64_t now_ms, struct service *out, struct vt_problem *p) VT_MUSTCHECK;

/* By name; VT_NOTFOUND. Read or operation. */
enum vt_err
service_find(struct db *db, const char *name, struct service *out) VT_MUSTCHECK;

/* All of them, by name. */
typedef enum vt_err (*service_fn)(const struct service *s, void *arg);
enum vt_err services_each(struct db *db, service_fn fn, void *arg) VT_MUSTCHECK;

/*
 * From now on its keys are refused; open holds run out by themselves. It
 * keeps its name and its references for ever. Inside an operation.
 * VT_NOTFOUND; disabling a disabled one changes nothing.
 */
enum vt_err
service_disable(struct db *db, const char *name, int64_t now_ms) VT_MUSTCHECK;

/* ---- references ---------------------------------------------------------- */

struct service_reference {
	unsigned char request_hash[32]; /* of what is asked under it */
	int64_t tx;			/* of a spend; 0 for a hold */
	int64_t hold;			/* 0 for a spend */
	int64_t available;		/* what the user had left after it */
};

/*
 * The first half of claiming a reference: was it used before? Inside an
 * operation. VT_NOTFOUND: it is free, go on and keep it. VT_OK: it was used
 * for the same request; answer what `out` leads to again. VT_CONFLICT with
 * code "idempotency_mismatch": it was used for another one (R77).
 */
enum vt_err service_reference_find(struct db *db, int64_t service,
    const char *reference, const unsigned char hash[static 32],
    struct service_reference *out, struct vt_problem *p) VT_MUSTCHECK;

/*
 * The second half, in the operation that made the spend or the hold.
 * VT_CONFLICT: it is taken, whatever the look-up said; the caller undoes.
 */
enum vt_err
service_reference_keep(struct db *db, int64_t service, const char *reference,
    const struct service_reference *r, int64_t now_ms) VT_MUSTCHECK;

/* ---- the daily cap ------------------------------------------------------- */

/*
 * Counts tokens that a service spends or reserves on this day (UTC). Inside
 * an operation. VT_LIMIT with code "daily_cap_reached", what is left of the
 * cap in details and the seconds until midnight: nothing was counted.
 */
enum vt_err service_count(struct db *db, int64_t service, int64_t tokens,
    int64_t now_ms, struct vt_problem *p) VT_MUSTCHECK;

/*
 * Takes off again what a hold gave back, on the day on which it was counted.
 * A hold that runs out without having been released stays counted.
 */
enum vt_err service_uncount(struct db *db, int64_t service, int64_t tokens,
    int64_t counted_at_ms) VT_MUSTCHECK;

#endif
