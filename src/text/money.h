/*
 * money: currencies and the arithmetic on their smallest units. No float.
 *
 * Exponents: ISO 4217 as Stripe uses it (docs.stripe.com/currencies): JPY and
 * others 0, most 2, a few 3; ISK and UGX are sent with two.
 */
#ifndef VT_TEXT_MONEY_H
#define VT_TEXT_MONEY_H

#include <stdint.h>

#include "base/err.h"

#define MONEY_TEXT_BYTES 32
/* The most that Stripe takes in one payment: eight digits. */
#define MONEY_MAX 99999999

/* Digits after the point, 0, 2 or 3; -1 for a code we do not know. */
int money_exponent(const char *currency);

/* True for a known lower-case code such as "usd". */
bool money_currency_valid(const char *currency);

/*
 * Amounts of this known currency must be multiples of it: 100 for ISK and
 * UGX, whose two digits must be "00", 10 for those with three digits, whose
 * last must be 0, else 1.
 */
int64_t money_step(const char *currency);

/* "39.99" for 3999 usd, "500" for 500 jpy; `currency` must be known. */
void money_format(
    int64_t amount, const char *currency, char out[static MONEY_TEXT_BYTES]);

/*
 * The price of one token in major units, the exact ratio cut (not rounded)
 * to three decimals: 999 usd for 10 tokens is "0.999"; tokens
 * must be positive. As the plan prints it.
 */
void money_price_per_token(int64_t amount, int64_t tokens, const char *currency,
    char out[static MONEY_TEXT_BYTES]);

/*
 * tokens x amount / per_tokens, rounded half up, in 128-bit arithmetic;
 * VT_INVALID when a factor is not positive or the result exceeds int64.
 */
enum vt_err money_scale(int64_t amount, int64_t per_tokens, int64_t tokens,
    int64_t *out) VT_MUSTCHECK;

/* a + b; false (and *out untouched) on overflow. */
bool money_add(int64_t a, int64_t b, int64_t *out) VT_MUSTCHECK;

#endif
