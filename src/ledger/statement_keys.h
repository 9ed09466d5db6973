/*
 * statement_keys: the key that keeper signs with, a file, and the public
 * keys that it has had, which are rows.
 *
 * The private key is where VANTAGE_STATEMENT_KEY says, or else the file
 * "statement.key" in VANTAGE_STATE, which only keeper may read.
 */
#ifndef VT_LEDGER_STATEMENT_KEYS_H
#define VT_LEDGER_STATEMENT_KEYS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"
#include "text/ed25519.h"

/*
 * The key; the process ends, naming the setting, when there is none or it is
 * none. The caller frees it.
 */
struct ed25519_key *statement_key_need(void) __attribute__((returns_nonnull));

/*
 * For migrate: makes the file of a new key, readable by its owner alone,
 * where one is looked for and there is none. *path is it, in the arena, or
 * NULL when nothing was missing or there is no place for it. VT_SYS, logged.
 */
enum vt_err statement_key_make(struct arena *a, const char **path) VT_MUSTCHECK;

/* The public key that signs now. VT_NOTFOUND: keeper has not run yet. */
enum vt_err statement_key_newest(
    struct db *db, char out[static ED25519_PUBLIC_BYTES]) VT_MUSTCHECK;

/* True if it signs or has signed once. */
enum vt_err
statement_key_known(struct db *db, const char *key, bool *known) VT_MUSTCHECK;

/* From now on this one signs; nothing if it does already. An operation. */
enum vt_err statement_key_announce(
    struct db *db, const char *key, int64_t now_ms, bool *news) VT_MUSTCHECK;

#endif
