/* method_details: what a charge shows of the method that paid. See
 * method.h. */
#include <string.h>

#include "core/ids.h"
#include "payments/method.h"

static void
put_three_d_secure(struct call *c, bool authenticated, struct json *o)
{
	struct json *x;

	if (!authenticated) {
		json_put_null(o, "three_d_secure");
		return;
	}
	x = json_put_object(o, "three_d_secure");
	json_put_str(x, "authentication_flow", "challenge");
	json_put_str(x, "electronic_commerce_indicator", "05");
	json_put_null(x, "exemption_indicator");
	json_put_str(x, "result", "authenticated");
	json_put_null(x, "result_reason");
	json_put_str(x, "transaction_id", ids_random(c->arena, 36));
	json_put_str(x, "version", "2.2.0");
}

static void
put_status(struct json *o, const char *name, const char *status)
{
	json_put_str(json_put_object(o, name), "status", status);
}

static void
card_details(struct call *c, const struct doc *m, int64_t amount,
    bool authenticated, struct json *o)
{
	static const char *const copied[] = { "brand", "checks", "country",
		"exp_month", "exp_year", "fingerprint", "funding", "last4",
		"regulated_status", "wallet", NULL };
	const struct json *card = json_get(m->body, "card");
	struct json *x;

	json_put_int(o, "amount_authorized", amount);
	json_put_str(o, "authorization_code", ids_random_upper(c->arena, 6));
	doc_apply(o, card, copied);
	json_put_null(o, "electronic_commerce_indicator");
	put_status(o, "extended_authorization", "disabled");
	put_status(o, "incremental_authorization", "unavailable");
	json_put_null(o, "installments");
	json_put_null(o, "mandate");
	put_status(o, "multicapture", "unavailable");
	json_put_copy(o, "network", json_get(card, "brand"));
	json_put_bool(json_put_object(o, "network_token"), "used", false);
	json_put_str(
	    o, "network_transaction_id", ids_random_upper(c->arena, 15));
	x = json_put_object(o, "overcapture");
	json_put_int(x, "maximum_amount_capturable", amount);
	json_put_str(x, "status", "unavailable");
	put_three_d_secure(c, authenticated, o);
	json_put_null(o, "transaction_link_id");
}

static void
bank_details(const struct doc *m, const char *type, struct json *o)
{
	static const char *const us[] = { "account_holder_type", "account_type",
		"bank_name", "fingerprint", "last4", "routing_number", NULL };
	static const char *const sepa[] = { "bank_code", "branch_code",
		"country", "fingerprint", "last4", NULL };
	const struct json *bank = json_get(m->body, type);

	if (strcmp(type, "sepa_debit") == 0) {
		doc_apply(o, bank, sepa);
		json_put_null(o, "mandate");
		return;
	}
	doc_apply(o, bank, us);
	json_put_null(o, "payment_reference");
}

static void
redirect_details(const char *type, struct json *o)
{
	static const char *const ideal[] = { "bank", "bic",
		"generated_sepa_debit", "generated_sepa_debit_mandate",
		"iban_last4", "transaction_id", "verified_name", NULL };
	static const char *const bancontact[] = { "bank_code", "bank_name",
		"bic", "generated_sepa_debit", "generated_sepa_debit_mandate",
		"iban_last4", "preferred_language", "verified_name", NULL };
	static const char *const amazon[] = { "transaction_id", NULL };
	const char *const *names = strcmp(type, "ideal") == 0 ? ideal
	    : strcmp(type, "bancontact") == 0		      ? bancontact
							      : amazon;

	for (; *names != NULL; names++)
		json_put_null(o, *names);
}

void
method_details(struct call *c, const struct doc *method, int64_t amount,
    bool authenticated, struct json *out)
{
	const char *type = json_str_at(method->body, "type");
	struct json *o = json_put_object(out, type);

	switch (method_flow(type)) {
	case METHOD_CARD:
		card_details(c, method, amount, authenticated, o);
		break;
	case METHOD_DELAYED:
		bank_details(method, type, o);
		break;
	case METHOD_REDIRECT:
		redirect_details(type, o);
		break;
	}
	json_put_str(out, "type", type);
}
