/* shop_open: see shop_open.h. */
#include "billing/shop_open.h"

#include <stdlib.h>

#include "base/config.h"
#include "base/secret.h"

#define KEY_BYTES_MIN 16
#define STRIPE_BASE "https://api.stripe.com"

struct shop_open {
	struct shop shop;
	struct secret *key;
};

struct shop_open *
shop_open(struct writer *writer, struct readers *readers,
    const struct instance *instance)
{
	const char *base = config_get("STRIPE_API_BASE", STRIPE_BASE);
	struct shop_open *o = calloc(1, sizeof(*o));

	if (o == NULL)
		abort();
	o->key = secret_need("STRIPE_SECRET_KEY", KEY_BYTES_MIN);
	if (!secret_has_prefix(o->key, "sk_") &&
	    !secret_has_prefix(o->key, "rk_"))
		config_die("STRIPE_SECRET_KEY",
		    "it must be a secret key (sk_…) or a restricted one "
		    "(rk_…)");
	if (stripe_open(o->key, base, &o->shop.stripe) != VT_OK)
		config_die("STRIPE_API_BASE",
		    "it must be https, or http on a loopback address");
	if (stripe_live(o->shop.stripe) != instance->livemode)
		config_die("STRIPE_SECRET_KEY",
		    "its mode is not the database's (see vantage migrate)");
	o->shop.writer = writer;
	o->shop.readers = readers;
	o->shop.instance = instance;
	return o;
}

void
shop_close(struct shop_open *o)
{
	if (o == NULL)
		return;
	stripe_close(o->shop.stripe);
	secret_free(o->key);
	free(o);
}

const struct shop *
shop_of(const struct shop_open *o)
{
	return &o->shop;
}
