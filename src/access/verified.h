/*
 * verified: tokens that were found good, so that the next call with the same
 * one need not be checked again. Bounded; a token leaves with its end, with
 * a change of the keys, or when a newer one takes its place.
 */
#ifndef VT_ACCESS_VERIFIED_H
#define VT_ACCESS_VERIFIED_H

#include <stddef.h>
#include <stdint.h>

#include "access/session.h"

struct verified;

/* Room for about `entries_max` tokens. Freed by verified_free(). */
struct verified *
verified_new(size_t entries_max) __attribute__((returns_nonnull));
void verified_free(struct verified *v);

/* True, and the session, if this token was put under this generation. */
bool verified_get(struct verified *v, const char *token, uint64_t generation,
    int64_t now_s, struct session *out);

void verified_put(struct verified *v, const char *token, uint64_t generation,
    const struct session *s);

#endif
