/* balance: see balance.h. */
#include "payments/balance.h"

#define AVAILABLE_AFTER_S (2 * 86400)

enum vt_err
balance_book(struct call *c, const struct balance_entry *e, struct doc **out)
{
	struct doc *d = doc_new(c, R_BALANCE_TRANSACTION);
	struct json *fees = json_array(c->arena), *fee;

	json_put_int(d->body, "amount", e->amount);
	json_put_int(d->body, "available_on",
	    e->at_once ? c->now_s : c->now_s + AVAILABLE_AFTER_S);
	json_put_str(d->body, "currency", e->currency);
	json_put_str(d->body, "description", e->description);
	json_put_int(d->body, "fee", e->fee);
	if (e->fee != 0) {
		fee = json_add_object(fees);
		json_put_int(fee, "amount", e->fee);
		json_put_null(fee, "application");
		json_put_str(fee, "currency", e->currency);
		json_put_str(fee, "description", e->fee_text);
		json_put_str(fee, "type", "stripe_fee");
	}
	json_put_copy(d->body, "fee_details", fees);
	json_put_int(d->body, "net", e->amount - e->fee);
	json_put_str(d->body, "reporting_category", e->category);
	json_put_str(d->body, "source", e->source);
	json_put_str(d->body, "type", e->type);
	*out = d;
	return doc_save(c, d);
}
