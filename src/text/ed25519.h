/*
 * ed25519: signatures that anybody can check (RFC 8032), over libsodium.
 *
 * Everything but the private key is text: a public key is "ed25519:" and
 * base64, a signature base64, so that each can be printed, stored, compared
 * and pasted as it is. What may be signed, and under which first line that
 * keeps one kind of text from being taken for another, is the caller's to
 * say (ledger/statement.h).
 */
#ifndef VT_TEXT_ED25519_H
#define VT_TEXT_ED25519_H

#include <stddef.h>

#include "base/err.h"
#include "base/secret.h"

#define ED25519_PUBLIC_BYTES 53	   /* as text, with the terminator */
#define ED25519_SIGNATURE_BYTES 89 /* the same */

/* The private key, in guarded memory. */
struct ed25519_key;

/* A new one. Freed, and wiped, by ed25519_key_free(). */
struct ed25519_key *ed25519_key_new(void) __attribute__((returns_nonnull));

/*
 * From its text: "ed25519-seed:" and the 32 bytes of RFC 8032's private key
 * in base64. VT_INVALID: it is none.
 */
enum vt_err ed25519_key_parse(
    const struct secret *text, struct ed25519_key **out) VT_MUSTCHECK;

/* Its text, for the one file that holds it. */
struct secret *
ed25519_key_text(const struct ed25519_key *k) __attribute__((returns_nonnull));

/* NULL is fine. */
void ed25519_key_free(struct ed25519_key *k);

/* The public key that belongs to it. */
void ed25519_key_public(
    const struct ed25519_key *k, char out[static ED25519_PUBLIC_BYTES]);

/* True if this is the text of a public key. NULL is none. */
bool ed25519_public_valid(const char *text);

void ed25519_sign(const struct ed25519_key *k, const void *data, size_t bytes,
    char out[static ED25519_SIGNATURE_BYTES]);

/* True if the key signed these bytes; false, too, when a text is none. */
bool ed25519_verify(
    const char *public, const void *data, size_t bytes, const char *signature);

#endif
