/*
 * due: what time brings: a debit that ends, a draft to be finalised, a
 * period that is over.
 *
 * An object that something will happen to says when (doc.due_ms); its kind
 * has a row in due.c, which says what. Each is done in a transaction of its
 * own, in the order of their times and as of that time, so that a clock
 * that leaps over a year leaves behind what a year would have left.
 *
 * Objects of a customer on a test clock wait for that clock instead, whose
 * advance takes them one at a time (test_clock.h).
 */
#ifndef SANDBOX_DUE_H
#define SANDBOX_DUE_H

#include "core/resource.h"

/* True if something is due. With the lock held. */
bool due_is(struct box *b);

/*
 * Does the first thing that is due; false when nothing is. What fails is
 * undone, logged, and due again a minute later. With the lock held.
 */
bool due_run(struct box *b);

/*
 * Does the first thing that is due on this test clock up to `until_s`, in
 * the caller's transaction and with the call in that clock's time, which
 * *at_s is. VT_NOTFOUND: there is nothing.
 */
enum vt_err due_step(struct call *c, const char *clock, int64_t until_s,
    int64_t *at_s) VT_MUSTCHECK;

#endif
