/*
 * keys: the public keys that session tokens are checked with, either one PEM
 * from the configuration or Clerk's set as reconciler has stored it (table
 * jwks). No call to anybody: a key that is not there yet refuses the token,
 * and reconciler fetches the set within minutes.
 */
#ifndef VT_ACCESS_KEYS_H
#define VT_ACCESS_KEYS_H

#include "base/err.h"
#include "store/readers.h"
#include "text/jwt.h"

struct keys;

/* One key, for tokens with any kid. VT_INVALID: not a usable public key. */
enum vt_err keys_from_pem(const char *pem, struct keys **out) VT_MUSTCHECK;

/* The set in the database, read when it is first needed. */
struct keys *
keys_from_table(struct readers *r) __attribute__((returns_nonnull));

void keys_free(struct keys *k);

/*
 * Checks a token's signature. VT_DENIED: bad. VT_NOTFOUND: no such key, the
 * set having been read again unless it was just now. VT_BUSY or VT_DB when
 * it could not be read.
 */
enum vt_err keys_verify(struct keys *k, const struct jwt *t) VT_MUSTCHECK;

/*
 * Counts up each time the set has changed: what was verified before may no
 * longer be believed. Also looks whether it is time to read the set again.
 */
uint64_t keys_generation(struct keys *k);

#endif
