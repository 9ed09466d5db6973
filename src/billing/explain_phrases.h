/*
 * explain_phrases: parts of the sentences in explain_words.c. They live in
 * the arena.
 */
#ifndef VT_BILLING_EXPLAIN_PHRASES_H
#define VT_BILLING_EXPLAIN_PHRASES_H

#include <stdint.h>

#include "base/arena.h"

/* "1 token", "5 tokens"; without the sign. */
const char *phrase_tokens(struct arena *a, int64_t n);

/* The verb for so many. */
const char *phrase_was(int64_t n);
const char *phrase_are(int64_t n);

/* "25 November 2026 at 17:38 UTC" */
const char *phrase_moment(struct arena *a, int64_t ms);

/* "39.99 USD", or NULL where nothing was paid. */
const char *phrase_money(struct arena *a, int64_t amount, const char *currency);

/* What follows `start` in a text, or NULL if it does not begin so. */
const char *phrase_after(const char *text, const char *start);

/* Who did it: " by the service editor", or "" where it goes without saying. */
const char *phrase_by(struct arena *a, const char *actor);

/* "the purchase of 25 November 2026 at 17:38 UTC for 39.99 USD (tx_…)" */
const char *phrase_that(struct arena *a, const char *kind, int64_t at,
    int64_t amount, const char *currency, const char *id);

#endif
