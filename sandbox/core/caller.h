/*
 * caller: who calls the API, and in which version of it.
 */
#ifndef SANDBOX_CALLER_H
#define SANDBOX_CALLER_H

#include "core/call.h"
#include "core/tree.h"

/*
 * Finds the key, in a header or in the form, and notes its kind in c->key;
 * VT_INVALID when there is none that is allowed. `browser`: a publishable
 * key is enough for what is asked.
 */
enum vt_err caller_authenticate(
    struct call *c, const struct tree *form, bool browser) VT_MUSTCHECK;

/* Takes "key" out of the form: it is a credential, not a parameter. */
void caller_drop_key(struct tree *form);

/*
 * Only the pinned train: rendering older shapes is not offered, and to
 * answer new shapes under an old name would hide the caller's mistake.
 */
enum vt_err caller_check_version(struct call *c) VT_MUSTCHECK;

#endif
