/*
 * ids: names of things as Stripe and Clerk make them.
 *
 * Programs must treat an id as opaque, yet many check its prefix and some
 * its alphabet, so ours look like the real ones.
 */
#ifndef SANDBOX_IDS_H
#define SANDBOX_IDS_H

#include "base/arena.h"

#define IDS_BYTES 96 /* the longest: an intent's client secret */

/*
 * `prefix` ("cus_"), then `lead` (a digit that Stripe's newer ids begin
 * with; '\0' for none) and random letters and digits, `chars` in all behind
 * the prefix.
 */
const char *
ids_make(struct arena *a, const char *prefix, char lead, size_t chars);

/* "pi_…_secret_…", the proof that a browser may act on this intent. */
const char *ids_client_secret(struct arena *a, const char *id);

/* `chars` random characters out of letters and digits, or upper case only. */
const char *ids_random(struct arena *a, size_t chars);
const char *ids_random_upper(struct arena *a, size_t chars);

/* True for what may stand in a path: letters, digits, '_' and '-', 1..128. */
bool ids_valid(const char *id);

#endif
