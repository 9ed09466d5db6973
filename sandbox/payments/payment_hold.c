/* payment_hold: money that was authorised and is let go again. See
 * payment.h. */
#include <string.h>

#include "core/event.h"
#include "payments/payment.h"
#include "payments/refund.h"

enum vt_err
payment_cancel(struct call *c, struct doc *intent, const char *reason)
{
	bool held = strcmp(json_str_at(intent->body, "status"),
			"requires_capture") == 0;
	const char *id = json_str_at(intent->body, "latest_charge");
	struct doc *charge =
	    held && id != NULL ? doc_find(c, R_CHARGE, id) : NULL;
	enum vt_err err;

	json_put_int(intent->body, "canceled_at", c->now_s);
	json_put_str(intent->body, "cancellation_reason", reason);
	json_put_int(intent->body, "amount_capturable", 0);
	json_put_text(intent->body, "next_action", "null");
	json_put_str(intent->body, "status", "canceled");
	intent->due_ms = 0;
	err = doc_save(c, intent);
	if (err == VT_OK && charge != NULL)
		err = refund_release(c, charge,
		    reason != NULL && strcmp(reason, "automatic") == 0);
	return err == VT_OK ? event_emit(c, "payment_intent.canceled", intent)
			    : err;
}
