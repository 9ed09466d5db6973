/*
 * create-payment-intent: POST /api/stripe/create-payment-intent, the start of
 * a purchase: a package or a quantity in, a client secret out.
 *
 * It holds the Stripe key and Clerk's public key. What it does is in
 * billing/purchase.h. See create-payment-intent(8).
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "access/access.h"
#include "base/config.h"
#include "billing/low_balance.h"
#include "billing/purchase.h"
#include "billing/shop_open.h"
#include "text/money.h"
#include "web/worker.h"

#define BODY_BYTES_MAX (64 * 1024)
#define PER_MINUTE 20 /* new purchases that one user may begin */

struct own {
	struct shop_open *shop;
	const char *publishable_key;
};

struct input {
	const char *package_id;
	int64_t tokens; /* 0: absent, since the least is 1 */
	const char *currency;
	bool save_payment_method;
};

static const struct json_field fields[] = {
	{ "package_id", JSON_TEXT, false, offsetof(struct input, package_id), 1,
	    64 },
	{ "tokens", JSON_INT, false, offsetof(struct input, tokens), 1,
	    JSON_INT_MAX },
	{ "currency", JSON_TEXT, false, offsetof(struct input, currency), 3,
	    3 },
	{ "save_payment_method", JSON_BOOL, false,
	    offsetof(struct input, save_payment_method), 0, 0 },
};

static enum vt_err
read_input(const struct request *r, struct input *in, struct vt_problem *p)
{
	enum vt_err err;

	err = request_json(r, fields, countof(fields), in, p);
	if (err != VT_OK)
		return err;
	if ((in->package_id == NULL) == (in->tokens == 0))
		return vt_problem(p, VT_INVALID, "invalid_field", "package_id",
		    "Send either package_id or tokens, and not both.");
	return VT_OK;
}

static void
put_price(struct json *j, const struct order *o)
{
	char text[MONEY_TEXT_BYTES];

	json_put_int(j, "amount", o->amount);
	json_put_str(j, "currency", o->currency);
	money_format(o->amount, o->currency, text);
	json_put_str(j, "amount_display", text);
	if (strcmp(o->currency, "usd") == 0)
		json_put_str(j, "total_amount_usd", text);
	else
		json_put_null(j, "total_amount_usd");
	json_put_int(j, "tokens", o->tokens);
	money_price_per_token(o->amount, o->tokens, o->currency, text);
	json_put_str(j, "price_per_token", text);
}

static enum vt_err
intent_post(struct request *r, struct response *w, struct vt_problem *p)
{
	const struct own *own = worker_state(r)->own;
	const struct caller *c = access_caller(r);
	struct idempotency_key key;
	struct input in = { 0 };
	struct purchase_in buy = { .user_sub = c->sub, .request = &key };
	struct purchase bought;
	struct json *j;
	enum vt_err err;

	err = idempotency_key_init(&key, c->sub, r->path,
	    request_header(r, "Idempotency-Key"), r->body, r->body_bytes, p);
	if (err == VT_OK)
		err = read_input(r, &in, p);
	if (err != VT_OK)
		return err;
	buy.package_id = in.package_id;
	buy.tokens = in.tokens;
	buy.currency = in.currency;
	buy.save_method = in.save_payment_method;
	err = purchase_start(shop_of(own->shop), r->arena, &buy, &bought, p);
	if (err != VT_OK)
		return err;
	j = json_object(r->arena);
	json_put_str(j, "order_id", bought.order.public_id);
	json_put_str(j, "transaction_id", bought.order.tx_public_id);
	json_put_str(j, "payment_intent_id", bought.order.pi);
	json_put_str(j, "client_secret", bought.client_secret);
	json_put_str(j, "publishable_key", own->publishable_key);
	put_price(j, &bought.order);
	json_put_str(j, "status", "pending");
	if (bought.replayed)
		response_header(w, "Idempotent-Replayed", "true");
	response_json(r, w, 201, j);
	return VT_OK;
}

static void *
intent_open(struct worker_state *s)
{
	struct own *own = calloc(1, sizeof(*own));

	if (own == NULL)
		abort();
	access_open(s);
	low_balance_open();
	own->shop = shop_open(s->writer, s->readers, s->instance);
	own->publishable_key = config_need("STRIPE_PUBLISHABLE_KEY");
	return own;
}

static void
intent_close(void *p)
{
	struct own *own = p;

	shop_close(own->shop);
	access_close();
	free(own);
}

static const struct route routes[] = {
	{ HTTP_POST, "/api/stripe/create-payment-intent", ACCESS_USER,
	    BODY_BYTES_MAX, intent_post, PER_MINUTE },
};

int
main(int argc, char **argv)
{
	return worker_main(argc, argv,
	    &(struct worker){ .name = "create-payment-intent",
		.routes = routes,
		.routes_count = countof(routes),
		.db = WORKER_DB_WRITE,
		.threads = 32,
		.open = intent_open,
		.close = intent_close,
		.authorize = access_authorize,
		.limit_key = access_limit_key });
}
