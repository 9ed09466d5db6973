/* explain_phrases: see explain_phrases.h. */
#include "billing/explain_phrases.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "text/money.h"

const char *
phrase_tokens(struct arena *a, int64_t n)
{
	if (n < 0)
		n = -n;
	return arena_printf(
	    a, "%" PRId64 " %s", n, n == 1 ? "token" : "tokens");
}

const char *
phrase_was(int64_t n)
{
	return n == 1 || n == -1 ? "was" : "were";
}

const char *
phrase_are(int64_t n)
{
	return n == 1 ? "is" : "are";
}

/* "25 November 2026 at 17:38 UTC" */
const char *
phrase_moment(struct arena *a, int64_t ms)
{
	static const char *const months[] = { "January", "February", "March",
		"April", "May", "June", "July", "August", "September",
		"October", "November", "December" };
	char t[CLOCK_TEXT_BYTES]; /* 2026-11-25T17:38:10Z */
	int month, day;

	clock_format(ms, t);
	month = (t[5] - '0') * 10 + t[6] - '0';
	day = (t[8] - '0') * 10 + t[9] - '0';
	return arena_printf(
	    a, "%d %s %.4s at %.5s UTC", day, months[month - 1], t, t + 11);
}

/* "39.99 USD", or NULL where nothing was paid. */
const char *
phrase_money(struct arena *a, int64_t amount, const char *currency)
{
	char text[MONEY_TEXT_BYTES], code[8] = "";

	if (currency == NULL || !money_currency_valid(currency))
		return NULL;
	money_format(amount, currency, text);
	for (size_t i = 0; currency[i] != '\0' && i + 1 < sizeof(code); i++) {
		code[i] = (char)(currency[i] - 'a' + 'A');
		code[i + 1] = '\0';
	}
	return arena_printf(a, "%s %s", text, code);
}

const char *
phrase_after(const char *text, const char *start)
{
	size_t n = strlen(start);

	return text != NULL && strncmp(text, start, n) == 0 ? text + n : NULL;
}

/* Who did it: " by the service editor", or "" where it goes without saying. */
const char *
phrase_by(struct arena *a, const char *actor)
{
	const char *name = phrase_after(actor, "service:");

	if (name != NULL)
		return arena_printf(a, " by the service %s", name);
	name = phrase_after(actor, "admin:");
	if (name != NULL)
		return arena_printf(a, " by the administrator %s", name);
	name = phrase_after(actor, "local:");
	if (name != NULL)
		return arena_printf(
		    a, " on the command line by Unix user %s", name);
	return actor != NULL && strcmp(actor, "admin") == 0
	    ? " by an administrator"
	    : "";
}

/* What a transaction is called in the middle of a sentence. */
static const char *
called(const char *kind)
{
	static const struct {
		const char *kind, *name;
	} names[] = { { "purchase", "purchase" },
		{ "subscription", "subscription payment" },
		{ "proration", "change of a subscription" },
		{ "grant", "gift" }, { "bulk_grant", "gift" },
		{ "reversal", "reversal" }, { "adjustment", "restoration" },
		{ "spend", "spend" }, { "capture", "spend" } };

	for (size_t i = 0; i < countof(names); i++)
		if (strcmp(names[i].kind, kind) == 0)
			return names[i].name;
	return "transaction";
}

/* "the purchase of 25 November 2026 at 17:38 UTC for 39.99 USD (tx_…)" */
const char *
phrase_that(struct arena *a, const char *kind, int64_t at, int64_t amount,
    const char *currency, const char *id)
{
	const char *price = phrase_money(a, amount, currency);

	return arena_printf(a, "the %s of %s%s%s (%s)", called(kind),
	    phrase_moment(a, at), price == NULL ? "" : " for ",
	    price == NULL ? "" : price, id);
}
