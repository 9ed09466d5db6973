/*
 * signature: is this webhook really from Stripe, or from Clerk?
 *
 * Two verifiers that share nothing but HMAC-SHA256: Stripe's secret is used
 * as it is written, Clerk's (Svix) is base64 behind "whsec_" (R83). Both see
 * the raw bytes of the body and run before any parsing.
 */
#ifndef VT_TEXT_SIGNATURE_H
#define VT_TEXT_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"

#define SIGNATURE_TOLERANCE_S 300 /* both ways (R4) */
#define SIGNATURE_SECRETS_MAX 4	  /* live at once while one is rolled */
#define SIGNATURE_HEADER_BYTES_MAX 4096

/* Why a signature was refused; for the log, never for the caller. */
enum signature_fault {
	SIGNATURE_OK = 0,
	SIGNATURE_EMPTY_BODY,
	SIGNATURE_NO_HEADER,
	SIGNATURE_MALFORMED, /* no t, a t that is no number, no v1 */
	SIGNATURE_MISMATCH,
	SIGNATURE_OLD, /* or too far in the future */
	SIGNATURE_FAULT__MAX
};
const char *signature_fault_name(enum signature_fault f);

/* The secrets of one endpoint. Wiped and freed by signature_keys_free(). */
struct signature_keys;

/*
 * From one configuration value, several separated by commas, blanks around
 * each ignored. VT_INVALID when one is empty, all blanks or holds a blank,
 * or there are more than SIGNATURE_SECRETS_MAX; for svix also when one is
 * not "whsec_" and base64.
 */
enum vt_err signature_keys_stripe(
    const struct secret *value, struct signature_keys **out) VT_MUSTCHECK;
enum vt_err signature_keys_svix(
    const struct secret *value, struct signature_keys **out) VT_MUSTCHECK;
void signature_keys_free(struct signature_keys *k);

/*
 * Stripe-Signature, docs.stripe.com/webhooks: "t=…,v1=…[,v1=…]". Any v1
 * against any secret, in constant time; other schemes ignored (R1..R4). The
 * header may be NULL. As in Stripe's SDK the signature is checked before the
 * age, so SIGNATURE_OLD means that somebody who knows the secret wrote it.
 */
enum signature_fault signature_stripe_verify(const struct signature_keys *k,
    const char *header, const char *body, size_t body_bytes, int64_t now_s);

/*
 * Svix: headers id, timestamp, signature (docs.svix.com), each perhaps
 * NULL. An id with a dot is malformed: the dot separates what is signed.
 */
enum signature_fault signature_svix_verify(const struct signature_keys *k,
    const char *id, const char *timestamp, const char *signatures,
    const char *body, size_t body_bytes, int64_t now_s);

/*
 * For the local Stripe and for tests: the header that the verifier accepts,
 * one v1 for each secret. VT_INVALID when `out` is too small.
 */
enum vt_err signature_stripe_sign(const struct signature_keys *k, int64_t t_s,
    const char *body, size_t body_bytes, char *out,
    size_t out_bytes) VT_MUSTCHECK;
enum vt_err signature_svix_sign(const struct signature_keys *k, const char *id,
    int64_t t_s, const char *body, size_t body_bytes, char *out,
    size_t out_bytes) VT_MUSTCHECK;

#endif
