/*
 * card: the test cards and what each of them does, after
 * docs.stripe.com/testing.
 */
#ifndef SANDBOX_CARD_H
#define SANDBOX_CARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum card_behaviour {
	CARD_PAYS,
	CARD_DECLINES,		 /* with code and decline_code */
	CARD_BLOCKED,		 /* Radar never lets it reach the bank */
	CARD_AUTHENTICATES,	 /* a challenge each time, then pays */
	CARD_AUTHENTICATES_ONCE, /* unless it was set up for later use */
	CARD_AUTHENTICATES_THEN_DECLINES,
	CARD_DECLINES_LATER /* can be attached; every charge declines */
};

/* What follows on a payment that went well. */
enum card_after {
	AFTER_NOTHING,
	AFTER_REFUND_WAITS, /* a refund is pending, then succeeds */
	AFTER_REFUND_FAILS, /* a refund succeeds, then fails */
	AFTER_DISPUTE,	    /* as fraudulent */
	AFTER_DISPUTE_NOT_RECEIVED,
	AFTER_INQUIRY,
	AFTER_FRAUD_WARNING
};

struct card {
	const char *name;   /* what follows "pm_card_"; "" for none */
	const char *number; /* NULL where there is no published one */
	const char *brand;
	const char *country;
	const char *funding;
	enum card_behaviour behaviour;
	const char *code;	  /* of a decline */
	const char *decline_code; /* likewise */
	const char *advice;	  /* advice_code, or NULL */
	const char *param;	  /* or NULL */
	const char *cvc_check;	  /* "pass" unless it says otherwise */
	const char *zip_check;
	const char *risk; /* risk_level */
	enum card_after after;
};

/* By "pm_card_visa" or "tok_visa"; NULL when there is no such card. */
const struct card *card_by_name(const char *name);

/* The i-th of them, to list them all; NULL behind the last. */
const struct card *card_at(size_t i);

/*
 * By its number. One that is not in the table pays nothing: real cards have
 * no business here, they decline with test_mode_live_card.
 */
const struct card *
card_by_number(const char *number) __attribute__((returns_nonnull));

/* The sentence that goes with a decline. */
const char *card_message(const char *code, const char *decline_code);

/* How a payment with `decline_code` ends: its code ("card_declined", …). */
const char *card_code(const char *decline_code);

/* What to do about it, or NULL. */
const char *card_advice(const char *decline_code);

/* The checksum of ISO/IEC 7812; false too for anything but 12..19 digits. */
bool card_number_valid(const char *number);

/* "visa", … by the first digits; "unknown" else. */
const char *card_brand(const char *number);

#endif
