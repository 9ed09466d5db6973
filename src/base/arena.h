/*
 * arena: memory that lives as long as one request.
 *
 * The worker makes one arena for each request, hands it out through it and
 * frees it after the answer, so that no path can leak and none has to free.
 * Objects of other libraries are registered with arena_defer() and end with
 * it. Secrets do not belong here (see secret.h).
 *
 * Under the sanitizers every object is a malloc of its own, so that an
 * overrun or a use after the reset is found.
 */
#ifndef VT_BASE_ARENA_H
#define VT_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct arena;

/* A new, empty arena. The caller frees it with arena_free(). */
struct arena *arena_new(void);

/* Runs what was deferred, newest first, and frees everything. NULL is fine. */
void arena_free(struct arena *a);

/* As arena_free(), but the arena (and one block) stays for the next use. */
void arena_reset(struct arena *a);

/*
 * `bytes` zeroed bytes, aligned for any type, alive until the next reset.
 * Never NULL: where memory runs out the process aborts.
 */
void *arena_alloc(struct arena *a, size_t bytes)
    __attribute__((malloc, returns_nonnull));

/* `count` zeroed elements; the product is checked for overflow. */
void *arena_array(struct arena *a, size_t count, size_t element_bytes)
    __attribute__((returns_nonnull));

/* Copies; the result is terminated. arena_strdup(a, NULL) is NULL. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_memdup(struct arena *a, const void *data, size_t bytes)
    __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...) VT_PRINTF(2, 3)
    __attribute__((returns_nonnull));

/* Calls fn(object) at the next reset, before the memory goes. */
void arena_defer(struct arena *a, void (*fn)(void *), void *object);

/* Bytes handed out since the last reset, for tests and metrics. */
size_t arena_used(const struct arena *a);

#endif
