/* method: see method.h; how one is made is in method_make.c, what a charge
 * shows of it in method_details.c. */
#include "payments/method.h"

#include <stdio.h>
#include <string.h>

#include "core/event.h"

const struct method_type method_types[] = {
	{ "card", METHOD_CARD, "" },
	{ "us_bank_account", METHOD_DELAYED, " usd " },
	{ "sepa_debit", METHOD_DELAYED, " eur " },
	{ "ideal", METHOD_REDIRECT, " eur " },
	{ "bancontact", METHOD_REDIRECT, " eur " },
	{ "amazon_pay", METHOD_REDIRECT, " usd eur gbp " },
	{ NULL, METHOD_CARD, NULL },
};

const struct method_type *
method_type(const char *name)
{
	for (const struct method_type *t = method_types; t->name != NULL; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

enum method_flow
method_flow(const char *name)
{
	const struct method_type *t = method_type(name);

	return t == NULL ? METHOD_CARD : t->flow;
}

bool
method_takes(const struct method_type *t, const char *currency)
{
	char padded[16];

	(void)snprintf(padded, sizeof(padded), " %s ", currency);
	return t->currencies[0] == '\0' ||
	    strstr(t->currencies, padded) != NULL;
}

bool
method_is_gone(const struct doc *method)
{
	bool gone = false;

	return json_bool(json_get(method->hidden, "gone"), &gone) && gone;
}

enum vt_err
method_take(struct call *c, const char *id, const char *param, struct doc **out)
{
	enum vt_err err;

	*out = method_make_test(c, id);
	if (*out != NULL)
		return doc_save(c, *out);
	err = doc_need(c, R_PAYMENT_METHOD, id, param, out);
	if (err != VT_OK)
		return err;
	if (method_is_gone(*out))
		return call_fail(c, 400, "payment_method_unexpected_state",
		    param,
		    "This PaymentMethod was previously used without being "
		    "attached to a Customer or was detached from a Customer, "
		    "and may not be used again.");
	return VT_OK;
}

enum vt_err
method_attach(struct call *c, struct doc *method, const char *customer)
{
	enum vt_err err;

	json_put_str(method->body, "customer", customer);
	err = doc_save(c, method);
	return err == VT_OK ? event_emit(c, "payment_method.attached", method)
			    : err;
}

const struct card *
method_card(const struct doc *method)
{
	const char *number = json_str_at(method->hidden, "number");
	const char *name = json_str_at(method->hidden, "card");
	const struct card *card;
	char full[96];

	if (strcmp(json_str_at(method->body, "type"), "card") != 0)
		return NULL;
	(void)snprintf(
	    full, sizeof(full), "pm_card_%s", name == NULL ? "" : name);
	card = card_by_name(full);
	return card != NULL ? card
			    : card_by_number(number == NULL ? "" : number);
}
