/* method_make: payment methods out of parameters and out of test names. See
 * method.h. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "core/event.h"
#include "payments/method.h"

#define TEST_CARD_YEARS 2 /* how far off a test card's expiry is */

static const char *const type_names[] = { "card", "us_bank_account",
	"sepa_debit", "ideal", "bancontact", "amazon_pay", NULL };
static const char *const redisplay[] = { "always", "limited", "unspecified",
	NULL };
static const char *const holders[] = { "company", "individual", NULL };
static const char *const accounts[] = { "checking", "savings", NULL };

static const struct param card_params[] = {
	PARAM("cvc", P_STR, 0),
	PARAM("exp_month", P_INT, 0),
	PARAM("exp_year", P_INT, 0),
	PARAM("networks", P_HASH, 0),
	PARAM("number", P_STR, 0),
	PARAM("token", P_STR, 0),
	PARAM_END,
};
static const struct param us_bank_params[] = {
	PARAM_ENUM("account_holder_type", 0, holders),
	PARAM("account_number", P_STR, 0),
	PARAM_ENUM("account_type", 0, accounts),
	PARAM("financial_connections_account", P_STR, 0),
	PARAM("routing_number", P_STR, 0),
	PARAM_END,
};
static const struct param sepa_params[] = {
	PARAM("iban", P_STR, P_REQUIRED),
	PARAM_END,
};
const struct param method_billing_params[] = {
	PARAM_OF("address", P_HASH, P_EMPTY, params_address),
	PARAM("email", P_STR, P_EMPTY),
	PARAM("name", P_STR, P_EMPTY),
	PARAM("phone", P_STR, P_EMPTY),
	PARAM("tax_id", P_STR, P_EMPTY),
	PARAM_END,
};

const struct param method_params[] = {
	PARAM_ENUM("allow_redisplay", 0, redisplay),
	PARAM("amazon_pay", P_HASH, P_EMPTY),
	PARAM("bancontact", P_HASH, P_EMPTY),
	PARAM_OF("billing_details", P_HASH, 0, method_billing_params),
	PARAM_OF("card", P_HASH, 0, card_params),
	PARAM("ideal", P_HASH, P_EMPTY),
	PARAM("metadata", P_META, 0),
	PARAM("radar_options", P_HASH, 0),
	PARAM_OF("sepa_debit", P_HASH, 0, sepa_params),
	PARAM_ENUM("type", P_REQUIRED, type_names),
	PARAM_OF("us_bank_account", P_HASH, 0, us_bank_params),
	PARAM_END,
};

/* Bank accounts of the test mode and how a debit of them ends. */
static const struct {
	const char *name, *type, *account, *failure, *message;
} banks[] = {
	{ "pm_usBankAccount_success", "us_bank_account", "000123456789", NULL,
	    NULL },
	{ "pm_usBankAccount_insufficientFunds", "us_bank_account",
	    "000222222227", "insufficient_funds",
	    "The customer's account has insufficient funds to cover this "
	    "payment." },
	{ "pm_usBankAccount_debitNotAuthorized", "us_bank_account",
	    "000333333335", "debit_not_authorized",
	    "The customer has notified their bank that this payment was "
	    "unauthorized." },
	{ "pm_usBankAccount_accountClosed", "us_bank_account", "000111111113",
	    "account_closed", "The customer's bank account has been closed." },
	{ "pm_usBankAccount_noAccount", "us_bank_account", "000111111116",
	    "no_account", "The customer's bank account could not be found." },
	{ "pm_sepaDebit_success", "sepa_debit", "AT611904300234573201", NULL,
	    NULL },
	{ "pm_sepaDebit_insufficientFunds", "sepa_debit",
	    "AT861904300235473202", "insufficient_funds",
	    "The customer's account has insufficient funds to cover this "
	    "payment." },
	/* What the CLI triggers checkout.session.async_payment_failed by. */
	{ "pm_sepaDebit_debitNotAuthorized", "sepa_debit",
	    "IT60X0542811101000000123456", "debit_not_authorized",
	    "The customer has notified their bank that this payment was "
	    "unauthorized." },
};

static const char *
last4(const char *number)
{
	size_t n = strlen(number);

	return n <= 4 ? number : number + n - 4;
}

/* The same card has the same fingerprint everywhere on the account. */
static const char *
fingerprint(struct call *c, const char *text)
{
	uint64_t h = 1469598103934665603u; /* FNV-1a */

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211u;
	return arena_printf(c->arena, "%016llx", (unsigned long long)h);
}

static int64_t
this_year(int *month)
{
	time_t now = (time_t)clock_now_s();
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL)
		return 2026;
	*month = tm.tm_mon + 1;
	return tm.tm_year + 1900;
}

/* The member "card" of a payment method. */
static void
put_card(struct call *c, struct doc *m, const struct card *card,
    const char *number, int64_t month, int64_t year)
{
	struct json *o = json_put_object(m->body, "card"), *x;
	const char *brand = number == NULL ? card->brand : card_brand(number);
	const char *digits = number != NULL ? number
	    : card->number != NULL	    ? card->number
					    : "4000000000000000";

	json_put_str(o, "brand", brand);
	x = json_put_object(o, "checks");
	json_put_null(x, "address_line1_check");
	json_put_str(x, "address_postal_code_check", card->zip_check);
	json_put_str(x, "cvc_check", card->cvc_check);
	json_put_str(o, "country", card->country);
	json_put_str(o, "display_brand", brand);
	json_put_int(o, "exp_month", month);
	json_put_int(o, "exp_year", year);
	json_put_str(o, "fingerprint", fingerprint(c, digits));
	json_put_str(o, "funding", card->funding);
	json_put_null(o, "generated_from");
	json_put_str(o, "last4", last4(digits));
	x = json_put_object(o, "networks");
	json_add_str(json_put_array(x, "available"), brand);
	json_put_null(x, "preferred");
	json_put_str(o, "regulated_status", "unregulated");
	json_put_bool(
	    json_put_object(o, "three_d_secure_usage"), "supported", true);
	json_put_null(o, "wallet");
	/* Only a test card's number is kept, to know what it does. */
	json_put_str(m->hidden, "number", card->number);
	json_put_str(m->hidden, "card", card->name);
}

static void
put_us_bank(
    struct call *c, struct doc *m, const struct json *p, const char *account)
{
	struct json *o = json_put_object(m->body, "us_bank_account"), *x;
	const char *holder = json_str_at(p, "account_holder_type");
	const char *type = json_str_at(p, "account_type");
	const char *routing = json_str_at(p, "routing_number");

	json_put_str(
	    o, "account_holder_type", holder != NULL ? holder : "individual");
	json_put_str(o, "account_type", type != NULL ? type : "checking");
	json_put_str(o, "bank_name", "STRIPE TEST BANK");
	json_put_null(o, "financial_connections_account");
	json_put_str(o, "fingerprint", fingerprint(c, account));
	json_put_str(o, "last4", last4(account));
	x = json_put_object(o, "networks");
	json_put_str(x, "preferred", "ach");
	json_add_str(json_put_array(x, "supported"), "ach");
	json_put_str(
	    o, "routing_number", routing != NULL ? routing : "110000000");
	json_put_null(o, "status_details");
}

static void
put_sepa(struct call *c, struct doc *m, const char *iban)
{
	struct json *o = json_put_object(m->body, "sepa_debit");
	char country[3] = { iban[0], iban[0] == '\0' ? '\0' : iban[1], '\0' };

	json_put_str(o, "bank_code", "19043");
	json_put_str(o, "branch_code", "");
	json_put_str(o, "country", country);
	json_put_str(o, "fingerprint", fingerprint(c, iban));
	json_put_null(o, "generated_from");
	json_put_str(o, "last4", last4(iban));
}

/* Any account pays, except those that the tests know to fail. */
static void
put_bank(struct call *c, struct doc *m, const char *type, const char *account,
    const struct json *p)
{
	json_put_str(m->body, "type", type);
	if (strcmp(type, "sepa_debit") == 0)
		put_sepa(c, m, account);
	else
		put_us_bank(c, m, p, account);
	for (size_t i = 0; i < countof(banks); i++)
		if (strcmp(banks[i].account, account) == 0) {
			json_put_str(m->hidden, "failure", banks[i].failure);
			json_put_str(m->hidden, "message", banks[i].message);
		}
}

static enum vt_err
card_error(
    struct call *c, const char *code, const char *param, const char *message)
{
	(void)call_fail(c, 402, code, param, "%s", message);
	c->error.type = "card_error";
	return VT_FUNDS;
}

/* What stripe.js sends; the bank is not asked yet. */
static enum vt_err
read_card(struct call *c, struct doc *m, const struct json *p)
{
	const char *number = json_str_at(p, "number");
	const char *cvc = json_str_at(p, "cvc");
	int64_t month = 0, year = 0, now_year;
	const struct card *card;
	int now_month = 1;
	char digits[32];
	size_t n = 0;

	if (c->key != KEY_PUBLISHABLE)
		return call_fail(c, 402, NULL, NULL,
		    "Sending credit card numbers directly to the API is "
		    "generally unsafe. Use a test payment method such as "
		    "pm_card_visa, or let the browser collect the card.");
	for (const char *s = number; s != NULL && *s != '\0'; s++)
		if (*s != ' ' && *s != '-' && n < sizeof(digits) - 1)
			digits[n++] = *s;
	digits[n] = '\0';
	if (!card_number_valid(digits))
		return card_error(c, "incorrect_number", "number",
		    "Your card number is incorrect.");
	if (!json_int_at(p, "exp_month", &month) || month < 1 || month > 12)
		return card_error(c, "invalid_expiry_month", "exp_month",
		    "Your card's expiration month is invalid.");
	now_year = this_year(&now_month);
	if (json_int_at(p, "exp_year", &year) && year >= 0 && year < 100)
		year += 2000;
	if (year < now_year || year > now_year + 50 ||
	    (year == now_year && month < now_month))
		return card_error(c, "invalid_expiry_year", "exp_year",
		    "Your card's expiration year is invalid.");
	if (cvc != NULL &&
	    (strlen(cvc) < 3 || strlen(cvc) > 4 ||
		strspn(cvc, "0123456789") != strlen(cvc)))
		return card_error(c, "invalid_cvc", "cvc",
		    "Your card's security code is invalid.");
	card = card_by_number(digits);
	put_card(c, m, card, digits, month, year);
	return VT_OK;
}

static enum vt_err
read_kind(struct call *c, struct doc *m, const struct json *p)
{
	const char *type = json_str_at(p, "type");
	const struct json *of = json_get(p, type);
	const char *token = json_str_at(of, "token");
	const char *account;
	int month;

	json_put_str(m->body, "type", type);
	if (strcmp(type, "card") == 0 && token != NULL) {
		const struct card *card = card_by_name(token);

		if (card == NULL)
			return call_missing(c, "token", token, "card[token]");
		put_card(c, m, card, NULL, 12, this_year(&month) + 2);
		return VT_OK;
	}
	if (strcmp(type, "card") == 0)
		return of != NULL
		    ? read_card(c, m, of)
		    : call_fail(c, 400, "parameter_missing", "card",
			  "Missing required param: card.");
	if (method_flow(type) == METHOD_REDIRECT) {
		struct json *o = json_put_object(m->body, type);

		if (strcmp(type, "ideal") == 0) {
			json_put_null(o, "bank");
			json_put_null(o, "bic");
		}
		return VT_OK;
	}
	account = json_str_at(
	    of, strcmp(type, "sepa_debit") == 0 ? "iban" : "account_number");
	if (account == NULL)
		return call_fail(c, 400, "parameter_missing", type,
		    "Missing required param: %s.", type);
	put_bank(c, m, type, account, of);
	return VT_OK;
}

void
method_put_billing(struct doc *m, const struct json *given)
{
	static const char *const names[] = { "email", "name", "phone", "tax_id",
		NULL };
	static const char *const lines[] = { "city", "country", "line1",
		"line2", "postal_code", "state", NULL };
	struct json *billing = json_edit(m->body, "billing_details");
	struct json *address = json_edit(billing, "address");

	doc_apply(billing, given, names);
	if (address != NULL)
		doc_apply(address, json_get(given, "address"), lines);
}

enum vt_err
method_make(struct call *c, const struct json *params, struct doc **out)
{
	static const char *const names[] = { "allow_redisplay", NULL };
	struct doc *m = doc_new(c, R_PAYMENT_METHOD);
	enum vt_err err;

	err = read_kind(c, m, params);
	if (err != VT_OK)
		return err;
	doc_apply(m->body, params, names);
	doc_metadata(c, m->body, params);
	method_put_billing(m, json_get(params, "billing_details"));
	*out = m;
	return doc_save(c, m);
}

struct doc *
method_make_test(struct call *c, const char *name)
{
	const struct card *card =
	    strncmp(name, "pm_card_", 8) == 0 ? card_by_name(name) : NULL;
	struct doc *m = doc_new(c, R_PAYMENT_METHOD);
	int64_t year;
	int month = 1;

	if (card != NULL) {
		year = this_year(&month) + TEST_CARD_YEARS;
		put_card(c, m, card, NULL, month, year);
		return m;
	}
	for (size_t i = 0; i < countof(banks); i++)
		if (strcmp(banks[i].name, name) == 0) {
			put_bank(c, m, banks[i].type, banks[i].account, NULL);
			return m;
		}
	return NULL;
}
