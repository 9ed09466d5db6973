/*
 * secret: keys and passwords, in guarded memory.
 *
 * The bytes live between guard pages, locked against swapping and left out
 * of cores (libsodium's sodium_malloc), and are wiped when freed. There is
 * no function that prints or logs one.
 */
#ifndef VT_BASE_SECRET_H
#define VT_BASE_SECRET_H

#include <stddef.h>

#include "base/err.h"

struct secret;

/*
 * Reads the secret NAME as config.h does (NAME_FILE, credential, NAME) and
 * removes NAME from this process's environment. NULL when there is none.
 * The process ends, naming the variable, when the value is shorter than
 * `bytes_min`. The caller frees it with secret_free().
 */
struct secret *secret_load(const char *name, size_t bytes_min);

/* The same, but the process ends when there is none. */
struct secret *secret_need(const char *name, size_t bytes_min)
    __attribute__((returns_nonnull));

/*
 * The secret in this file, as NAME_FILE would be read; the process ends,
 * naming NAME, when it cannot be.
 */
struct secret *secret_read(const char *name, const char *path, size_t bytes_min)
    __attribute__((returns_nonnull));

/* A copy of these bytes; the caller wipes its own. */
struct secret *
secret_new(const void *data, size_t bytes) __attribute__((returns_nonnull));

/* Wipes and frees. NULL is fine. */
void secret_free(struct secret *s);

/* The bytes, terminated. Borrowed; do not copy them anywhere that lasts. */
const char *secret_text(const struct secret *s);
size_t secret_bytes(const struct secret *s);

/* True when the secret begins with this (its kind, such as "sk_live_"). */
bool secret_has_prefix(const struct secret *s, const char *prefix);

/* Wipes memory in a way that the compiler does not remove. */
void secret_wipe(void *data, size_t bytes);

#endif
