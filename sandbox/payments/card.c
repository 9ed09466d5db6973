/* card: see card.h. */
#include "payments/card.h"

#include <string.h>

#define PAYS PAYS_THEN(AFTER_NOTHING)
#define PAYS_THEN(after) \
	CARD_PAYS, NULL, NULL, NULL, NULL, "pass", NULL, "normal", after
#define DECLINE(code, decline, advice, param)                                \
	CARD_DECLINES, code, decline, advice, param, "pass", NULL, "normal", \
	    AFTER_NOTHING
#define CHALLENGE(kind) \
	kind, NULL, NULL, NULL, NULL, "pass", NULL, "normal", AFTER_NOTHING
#define VISA "visa", "US", "credit"

static const struct card cards[] = {
	{ "visa", "4242424242424242", VISA, PAYS },
	{ "visa_debit", "4000056655665556", "visa", "US", "debit", PAYS },
	{ "mastercard", "5555555555554444", "mastercard", "US", "credit",
	    PAYS },
	{ "mastercard_debit", "5200828282828210", "mastercard", "US", "debit",
	    PAYS },
	{ "mastercard_prepaid", "5105105105105100", "mastercard", "US",
	    "prepaid", PAYS },
	{ "amex", "378282246310005", "amex", "US", "credit", PAYS },
	{ "discover", "6011111111111117", "discover", "US", "credit", PAYS },
	{ "diners", "3056930009020004", "diners", "US", "credit", PAYS },
	{ "jcb", "3566002020360505", "jcb", "JP", "credit", PAYS },
	{ "unionpay", "6200000000000005", "unionpay", "CN", "credit", PAYS },
	{ "us", NULL, VISA, PAYS },
	{ "visa_chargeDeclined", "4000000000000002", VISA,
	    DECLINE(
		"card_declined", "generic_decline", "try_again_later", NULL) },
	{ "chargeDeclined", NULL, VISA,
	    DECLINE(
		"card_declined", "generic_decline", "try_again_later", NULL) },
	{ "visa_chargeDeclinedInsufficientFunds", "4000000000009995", VISA,
	    DECLINE("card_declined", "insufficient_funds", "try_again_later",
		NULL) },
	{ "chargeDeclinedInsufficientFunds", NULL, VISA,
	    DECLINE("card_declined", "insufficient_funds", "try_again_later",
		NULL) },
	{ "visa_chargeDeclinedLostCard", "4000000000009987", VISA,
	    DECLINE("card_declined", "lost_card", "do_not_try_again", NULL) },
	{ "chargeDeclinedLostCard", NULL, VISA,
	    DECLINE("card_declined", "lost_card", "do_not_try_again", NULL) },
	{ "visa_chargeDeclinedStolenCard", "4000000000009979", VISA,
	    DECLINE("card_declined", "stolen_card", "do_not_try_again", NULL) },
	{ "chargeDeclinedStolenCard", NULL, VISA,
	    DECLINE("card_declined", "stolen_card", "do_not_try_again", NULL) },
	{ "chargeDeclinedExpiredCard", "4000000000000069", VISA,
	    DECLINE("expired_card", "expired_card", "do_not_try_again",
		"exp_month") },
	{ "chargeDeclinedIncorrectCvc", "4000000000000127", VISA, CARD_DECLINES,
	    "incorrect_cvc", "incorrect_cvc", "confirm_card_data", "cvc",
	    "fail", NULL, "normal", AFTER_NOTHING },
	{ "chargeDeclinedProcessingError", "4000000000000119", VISA,
	    DECLINE("processing_error", "processing_error", "try_again_later",
		NULL) },
	{ "chargeDeclinedFraudulent", NULL, VISA,
	    DECLINE("card_declined", "fraudulent", "do_not_try_again", NULL) },
	{ "chargeDeclinedVelocityLimitExceeded", "4000000000006975", VISA,
	    DECLINE("card_declined", "card_velocity_exceeded",
		"try_again_later", NULL) },
	{ "radarBlock", "4100000000000019", VISA, CARD_BLOCKED, "card_declined",
	    "fraudulent", "do_not_try_again", NULL, "pass", NULL, "highest",
	    AFTER_NOTHING },
	{ "riskLevelElevated", "4000000000009235", VISA, CARD_PAYS, NULL, NULL,
	    NULL, NULL, "pass", NULL, "elevated", AFTER_NOTHING },
	{ "cvcCheckFail", "4000000000000101", VISA, CARD_PAYS, NULL, NULL, NULL,
	    NULL, "fail", NULL, "normal", AFTER_NOTHING },
	{ "avsZipFail", "4000000000000036", VISA, CARD_PAYS, NULL, NULL, NULL,
	    NULL, "pass", "fail", "elevated", AFTER_NOTHING },
	{ "chargeCustomerFail", "4000000000000341", VISA, CARD_DECLINES_LATER,
	    "card_declined", "generic_decline", "try_again_later", NULL, "pass",
	    NULL, "normal", AFTER_NOTHING },
	{ "threeDSecure2Required", "4000000000003220", VISA,
	    CHALLENGE(CARD_AUTHENTICATES) },
	{ "threeDSecureRequired", "4000000000003063", VISA,
	    CHALLENGE(CARD_AUTHENTICATES) },
	{ "authenticationRequired", "4000002760003184", VISA,
	    CHALLENGE(CARD_AUTHENTICATES) },
	{ "authenticationRequiredOnSetup", "4000002500003155", VISA,
	    CHALLENGE(CARD_AUTHENTICATES_ONCE) },
	{ "threeDSecureRequiredChargeDeclined", "4000008400001629", VISA,
	    CARD_AUTHENTICATES_THEN_DECLINES, "card_declined",
	    "generic_decline", "try_again_later", NULL, "pass", NULL, "normal",
	    AFTER_NOTHING },
	{ "createDispute", "4000000000000259", VISA, PAYS_THEN(AFTER_DISPUTE) },
	{ "createDisputeProductNotReceived", "4000000000002685", VISA,
	    PAYS_THEN(AFTER_DISPUTE_NOT_RECEIVED) },
	{ "createDisputeInquiry", "4000000000001976", VISA,
	    PAYS_THEN(AFTER_INQUIRY) },
	{ "createIssuerFraudRecord", "4000000000005423", VISA,
	    PAYS_THEN(AFTER_FRAUD_WARNING) },
	{ "pendingRefund", "4000000000007726", VISA,
	    PAYS_THEN(AFTER_REFUND_WAITS) },
	{ "refundFail", "4000000000005126", VISA,
	    PAYS_THEN(AFTER_REFUND_FAILS) },
};

static const struct card unknown_card = { "", NULL, "unknown", "US", "credit",
	DECLINE(
	    "card_declined", "test_mode_live_card", "do_not_try_again", NULL) };

static const struct {
	const char *decline_code, *code, *advice, *message;
} declines[] = {
	{ "authentication_required", "authentication_required",
	    "confirm_card_data",
	    "Your card was declined. This transaction requires "
	    "authentication." },
	{ "expired_card", "expired_card", "do_not_try_again",
	    "Your card has expired." },
	{ "incorrect_cvc", "incorrect_cvc", "confirm_card_data",
	    "Your card's security code is incorrect." },
	{ "incorrect_number", "incorrect_number", "confirm_card_data",
	    "Your card number is incorrect." },
	{ "processing_error", "processing_error", "try_again_later",
	    "An error occurred while processing your card. Try again in a "
	    "little bit." },
	{ "insufficient_funds", "card_declined", "try_again_later",
	    "Your card has insufficient funds." },
	{ "test_mode_live_card", "card_declined", "do_not_try_again",
	    "Your card was declined. Your request was in test mode, but used "
	    "a non test card. For a list of valid test cards, visit: "
	    "https://stripe.com/docs/testing." },
	{ "card_velocity_exceeded", "card_declined", "try_again_later",
	    "Your card was declined for making repeated attempts too "
	    "frequently or exceeding its amount limit." },
	{ "lost_card", "card_declined", "do_not_try_again", NULL },
	{ "stolen_card", "card_declined", "do_not_try_again", NULL },
	{ "fraudulent", "card_declined", "do_not_try_again", NULL },
	{ "generic_decline", "card_declined", "try_again_later", NULL },
};

const struct card *
card_by_name(const char *name)
{
	if (strncmp(name, "pm_card_", 8) == 0)
		name += 8;
	else if (strncmp(name, "tok_", 4) == 0)
		name += 4;
	else
		return NULL;
	for (size_t i = 0; i < countof(cards); i++)
		if (strcmp(cards[i].name, name) == 0)
			return &cards[i];
	return NULL;
}

const struct card *
card_at(size_t i)
{
	return i < countof(cards) ? &cards[i] : NULL;
}

const struct card *
card_by_number(const char *number)
{
	for (size_t i = 0; i < countof(cards); i++)
		if (cards[i].number != NULL &&
		    strcmp(cards[i].number, number) == 0)
			return &cards[i];
	return &unknown_card;
}

const char *
card_code(const char *decline_code)
{
	for (size_t i = 0; i < countof(declines); i++)
		if (strcmp(declines[i].decline_code, decline_code) == 0)
			return declines[i].code;
	return "card_declined";
}

const char *
card_advice(const char *decline_code)
{
	for (size_t i = 0; i < countof(declines); i++)
		if (strcmp(declines[i].decline_code, decline_code) == 0)
			return declines[i].advice;
	return "try_again_later";
}

const char *
card_message(const char *code, const char *decline_code)
{
	for (size_t i = 0; i < countof(declines); i++)
		if (decline_code != NULL && declines[i].message != NULL &&
		    strcmp(declines[i].decline_code, decline_code) == 0)
			return declines[i].message;
	if (strcmp(code, "card_declined") != 0 && decline_code == NULL)
		return card_message(code, code);
	return "Your card was declined.";
}

bool
card_number_valid(const char *number)
{
	size_t n = strlen(number);
	int sum = 0;

	if (n < 12 || n > 19)
		return false;
	for (size_t i = 0; i < n; i++) {
		int digit = number[n - 1 - i] - '0';

		if (digit < 0 || digit > 9)
			return false;
		if (i % 2 == 1)
			digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
		sum += digit;
	}
	return sum % 10 == 0;
}

const char *
card_brand(const char *number)
{
	static const struct {
		const char *first, *brand;
	} brands[] = { { "4", "visa" }, { "5", "mastercard" }, { "34", "amex" },
		{ "37", "amex" }, { "60", "discover" }, { "65", "discover" },
		{ "30", "diners" }, { "36", "diners" }, { "38", "diners" },
		{ "35", "jcb" }, { "62", "unionpay" } };

	for (size_t i = 0; i < countof(brands); i++)
		if (strncmp(number, brands[i].first, strlen(brands[i].first)) ==
		    0)
			return brands[i].brand;
	return "unknown";
}
