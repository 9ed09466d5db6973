/*
 * test_clock: time that stands still until it is advanced, for customers
 * that are made on such a clock and for all that belongs to them
 * (docs.stripe.com/billing/testing/test-clocks).
 */
#ifndef SANDBOX_TEST_CLOCK_H
#define SANDBOX_TEST_CLOCK_H

#include "core/resource.h"

/*
 * Puts the call into the time of the customer that it is about: the frozen
 * time of the test clock behind the object of its path or behind those that
 * its parameters name; without one, time stays as it is. Refused: changing
 * something while its clock is advancing.
 */
enum vt_err test_clock_enter(struct call *c) VT_MUSTCHECK;

/* One step of an advance, or the end of a clock's life (due.h). */
enum vt_err test_clock_due(struct call *c, struct doc *d) VT_MUSTCHECK;

/* A step failed and is undone: tells so on the clock, if it is one. */
void test_clock_failed(struct call *c, const char *id);

#endif
