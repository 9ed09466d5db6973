/*
 * confirm-payment: POST /api/stripe/confirm-payment, "did it work?"
 *
 * It trusts nothing that the browser says but the id, which has to be one of
 * the caller's own. What it does is in billing/confirm.h. It holds the Stripe
 * key and Clerk's public key. See confirm-payment(8).
 */
#include <stddef.h>
#include <stdio.h>

#include "access/access.h"
#include "billing/confirm.h"
#include "billing/low_balance.h"
#include "billing/shop_open.h"
#include "web/worker.h"

#define BODY_BYTES_MAX (64 * 1024)
#define PER_MINUTE 120 /* a page asks again while a payment is processing */

struct input {
	const char *payment_intent_id;
};

static const struct json_field fields[] = {
	{ "payment_intent_id", JSON_TEXT, true,
	    offsetof(struct input, payment_intent_id), 1, 95 },
};

/* The last attempt was declined: 402, with what helps to try another one. */
static enum vt_err
declined(struct request *r, const struct confirmation *c, struct vt_problem *p)
{
	struct json *details = json_object(r->arena);

	(void)vt_problem(p, VT_FUNDS, "payment_failed", NULL, "%s",
	    c->message[0] ? c->message
			  : "The payment did not go through. Nothing was "
			    "charged; try another way to pay.");
	(void)snprintf(
	    p->decline_code, sizeof(p->decline_code), "%s", c->decline_code);
	json_put_str(details, "client_secret", c->client_secret);
	(void)snprintf(
	    p->details, sizeof(p->details), "%s", json_text(r->arena, details));
	return VT_FUNDS;
}

static void
answer(struct request *r, struct response *w, int status, const char *word,
    const struct confirmation *c)
{
	struct json *j = json_object(r->arena);

	json_put_str(j, "status", word);
	if (c->state == PURCHASE_COMPLETED) {
		json_put_int(j, "tokens_granted", c->order.tokens);
		json_put_int(j, "balance", c->balance);
		json_put_str(j, "transaction_id", c->order.tx_public_id);
	} else if (c->state != PURCHASE_PROCESSING)
		json_put_str(j, "client_secret", c->client_secret);
	response_json(r, w, status, j);
}

static enum vt_err
confirm_post(struct request *r, struct response *w, struct vt_problem *p)
{
	const struct shop *shop = shop_of(worker_state(r)->own);
	struct confirmation c;
	struct input in = { 0 };
	enum vt_err err;

	err = request_json(r, fields, countof(fields), &in, p);
	if (err == VT_OK)
		err = purchase_confirm(shop, r->arena, access_caller(r)->sub,
		    in.payment_intent_id, &c, p);
	if (err != VT_OK)
		return err;
	switch (c.state) {
	case PURCHASE_COMPLETED:
		answer(r, w, 200, "completed", &c);
		break;
	case PURCHASE_PROCESSING:
		answer(r, w, 202, "processing", &c);
		break;
	case PURCHASE_REQUIRES_ACTION:
		answer(r, w, 200, "requires_action", &c);
		break;
	case PURCHASE_REQUIRES_PAYMENT_METHOD:
		answer(r, w, 200, "requires_payment_method", &c);
		break;
	case PURCHASE_DECLINED:
		return declined(r, &c, p);
	case PURCHASE_CANCELED:
		return vt_problem(p, VT_CONFLICT, "payment_canceled", NULL,
		    "This payment was canceled. Nothing was charged.");
	}
	return VT_OK;
}

static void *
confirm_open(struct worker_state *s)
{
	access_open(s);
	low_balance_open();
	return shop_open(s->writer, s->readers, s->instance);
}

static void
confirm_close(void *own)
{
	shop_close(own);
	access_close();
}

static const struct route routes[] = {
	{ HTTP_POST, "/api/stripe/confirm-payment", ACCESS_USER, BODY_BYTES_MAX,
	    confirm_post, PER_MINUTE },
};

int
main(int argc, char **argv)
{
	return worker_main(argc, argv,
	    &(struct worker){ .name = "confirm-payment",
		.routes = routes,
		.routes_count = countof(routes),
		.db = WORKER_DB_WRITE,
		.threads = 32,
		.open = confirm_open,
		.close = confirm_close,
		.authorize = access_authorize,
		.limit_key = access_limit_key });
}
