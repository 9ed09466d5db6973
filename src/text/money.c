/* money: see money.h. */
#include "text/money.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The currencies that Stripe takes, by their digits after the point, sorted
 * for bsearch(). ISK and UGX have none in ISO 4217; Stripe wants two of
 * them, always "00" (docs.stripe.com/currencies).
 */
static const char two[][4] = { "aed", "afn", "all", "amd", "ang", "aoa", "ars",
	"aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bmd", "bnd", "bob",
	"brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "cny", "cop",
	"crc", "cve", "czk", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd",
	"fkp", "gbp", "gel", "ghs", "gip", "gmd", "gtq", "gyd", "hkd", "hnl",
	"htg", "huf", "idr", "ils", "inr", "isk", "jmd", "kes", "kgs", "khr",
	"kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad", "mdl", "mkd",
	"mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad",
	"ngn", "nio", "nok", "npr", "nzd", "pab", "pen", "pgk", "php", "pkr",
	"pln", "qar", "ron", "rsd", "rub", "sar", "sbd", "scr", "sek", "sgd",
	"shp", "sle", "sos", "srd", "std", "szl", "thb", "tjs", "top", "try",
	"ttd", "twd", "tzs", "uah", "ugx", "usd", "uyu", "uzs", "wst", "xcd",
	"xcg", "yer", "zar", "zmw" };
static const char zero[][4] = { "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw",
	"mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf" };
static const char three[][4] = { "bhd", "jod", "kwd", "omr", "tnd" };

static int
code_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

#define LISTED(code, list)                                                    \
	(bsearch(code, list, countof(list), sizeof((list)[0]), code_order) != \
	    NULL)

int
money_exponent(const char *currency)
{
	if (LISTED(currency, two))
		return 2;
	if (LISTED(currency, zero))
		return 0;
	if (LISTED(currency, three))
		return 3;
	return -1;
}

bool
money_currency_valid(const char *currency)
{
	return currency != NULL && money_exponent(currency) >= 0;
}

int64_t
money_step(const char *currency)
{
	if (strcmp(currency, "isk") == 0 || strcmp(currency, "ugx") == 0)
		return 100;
	return money_exponent(currency) == 3 ? 10 : 1;
}

/* Smallest units in one major unit. */
static uint64_t
units(const char *currency)
{
	switch (money_exponent(currency)) {
	case 0:
		return 1;
	case 2:
		return 100;
	case 3:
		return 1000;
	default:
		abort(); /* an unknown currency is the caller's fault */
	}
}

/* |n| also of INT64_MIN. */
static uint64_t
magnitude(int64_t n)
{
	return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

void
money_format(
    int64_t amount, const char *currency, char out[static MONEY_TEXT_BYTES])
{
	uint64_t unit = units(currency), n = magnitude(amount);
	const char *sign = amount < 0 ? "-" : "";
	int digits = money_exponent(currency);

	if (digits == 0)
		(void)snprintf(out, MONEY_TEXT_BYTES, "%s%" PRIu64, sign, n);
	else
		(void)snprintf(out, MONEY_TEXT_BYTES,
		    "%s%" PRIu64 ".%0*" PRIu64, sign, n / unit, digits,
		    n % unit);
}

void
money_price_per_token(int64_t amount, int64_t tokens, const char *currency,
    char out[static MONEY_TEXT_BYTES])
{
	unsigned __int128 thousandths;

	assert(tokens > 0);
	thousandths = (unsigned __int128)magnitude(amount) * 1000 /
	    ((unsigned __int128)units(currency) * (uint64_t)tokens);
	(void)snprintf(out, MONEY_TEXT_BYTES, "%s%" PRIu64 ".%03" PRIu64,
	    amount < 0 && thousandths > 0 ? "-" : "",
	    (uint64_t)(thousandths / 1000), (uint64_t)(thousandths % 1000));
}

enum vt_err
money_scale(int64_t amount, int64_t per_tokens, int64_t tokens, int64_t *out)
{
	unsigned __int128 product, per;

	if (amount <= 0 || per_tokens <= 0 || tokens <= 0)
		return VT_INVALID;
	/* Below 2^126, so doubling it to round the half up cannot overflow. */
	product = (unsigned __int128)(uint64_t)amount * (uint64_t)tokens;
	per = (uint64_t)per_tokens;
	product = (product * 2 + per) / (per * 2);
	if (product > INT64_MAX)
		return VT_INVALID;
	*out = (int64_t)product;
	return VT_OK;
}

bool
money_add(int64_t a, int64_t b, int64_t *out)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return false;
	*out = sum;
	return true;
}
