/*
 * catalog: what is sold (/api/catalog), and what a page must know to sell it
 * (/api/config); public, the same for everybody. See catalog(8).
 */
#include <sodium.h>
#include <string.h>

#include "base/config.h"
#include "billing/catalog.h"
#include "ledger/statement_keys.h"
#include "store/migrate.h"
#include "store/readers.h"
#include "text/money.h"
#include "web/worker.h"

#define CURRENCIES_MAX 32
#define STRIPE_JS "https://js.stripe.com/endive/stripe.js"
#define CLERK_JS "/npm/@clerk/clerk-js@5/dist/clerk.browser.js"
#define HOST_BYTES_MAX 256

/* What does not change while the process lives. */
struct site {
	struct arena *arena;
	const char *publishable_key, *stripe_js_url;
	const char *clerk_publishable_key, *clerk_js_url;
};

struct load {
	struct arena *arena;
	struct catalog catalog;
};

static enum vt_err
read_catalog(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct load *load = out;

	(void)in;
	(void)p;
	return catalog_load(db, load->arena, &load->catalog);
}

static enum vt_err
load_catalog(const struct request *r, struct catalog *out, struct vt_problem *p)
{
	struct load load = { .arena = r->arena };
	enum vt_err err;

	err =
	    readers_run(worker_state(r)->readers, read_catalog, NULL, &load, p);
	if (err == VT_OK)
		*out = load.catalog;
	/* An installation always has one: it comes with the schema. */
	return err == VT_NOTFOUND ? VT_DB : err;
}

/* One item at one price. */
static void
put_row(struct json *list, const struct catalog_item *item,
    const struct catalog_price *price)
{
	struct json *row = json_add_object(list);
	char text[MONEY_TEXT_BYTES];

	json_put_str(row, "id", item->id);
	json_put_str(row, "name", item->name);
	if (item->interval != NULL)
		json_put_str(row, "interval", item->interval);
	json_put_int(row, "tokens", item->tokens);
	json_put_int(row, "amount", price->amount);
	json_put_str(row, "currency", price->currency);
	money_format(price->amount, price->currency, text);
	json_put_str(row, "amount_display", text);
	money_price_per_token(
	    price->amount, item->tokens, price->currency, text);
	json_put_str(row, "price_per_token", text);
}

/* Every item that is priced in this currency, once. */
static void
put_items(struct json *list, const struct catalog_item *items, size_t count,
    const char *currency)
{
	const struct catalog_price *price;

	for (size_t i = 0; i < count; i++)
		if ((price = catalog_price(&items[i], currency)) != NULL)
			put_row(list, &items[i], price);
}

static enum vt_err
catalog_get(struct request *r, struct response *w, struct vt_problem *p)
{
	static const char *const known[] = { "currency", NULL };
	const char *currency = request_query(r, "currency");
	struct json *o = json_object(r->arena), *custom;
	struct catalog c;
	enum vt_err err;

	if ((err = request_query_closed(r, known, p)) != VT_OK ||
	    (err = load_catalog(r, &c, p)) != VT_OK)
		return err;
	if (currency == NULL)
		currency = catalog_first_currency(&c);
	else if (!catalog_has_currency(&c, currency))
		return vt_problem(p, VT_INVALID, "unpriced_currency",
		    "currency", "Nothing is sold in this currency.");
	put_items(json_put_array(o, "packages"), c.packages, c.packages_count,
	    currency);
	put_items(json_put_array(o, "plans"), c.plans, c.plans_count, currency);
	custom = json_put_object(o, "custom");
	json_put_int(custom, "min", c.custom_min);
	json_put_int(custom, "max", c.custom_max);
	json_put_int(o, "version", c.version);
	response_json(r, w, 200, o);
	response_revalidate(r, w);
	return VT_OK;
}

/* What packages are priced in, first what is meant when none is named. */
static void
put_currencies(struct json *list, const struct catalog *c)
{
	const char *seen[CURRENCIES_MAX];
	size_t count = 0, k;

	seen[count++] = catalog_first_currency(c);
	for (size_t i = 0; i < c->packages_count; i++)
		for (size_t n = 0; n < c->packages[i].prices_count; n++) {
			const char *code = c->packages[i].prices[n].currency;

			for (k = 0; k < count; k++)
				if (strcmp(seen[k], code) == 0)
					break;
			if (k == count && count < CURRENCIES_MAX)
				seen[count++] = code;
		}
	for (k = 0; k < count; k++)
		json_add_str(list, seen[k]);
}

/* The public key of signed statements; none before keeper first ran. */
struct statement_key {
	char text[ED25519_PUBLIC_BYTES];
};

static enum vt_err
read_statement_key(
    struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct statement_key *key = out;

	(void)in;
	(void)p;
	return statement_key_newest(db, key->text);
}

static enum vt_err
put_statement_key(const struct request *r, struct json *o, struct vt_problem *p)
{
	struct statement_key key;
	enum vt_err err;

	err = readers_run(
	    worker_state(r)->readers, read_statement_key, NULL, &key, p);
	if (err == VT_OK)
		json_put_str(o, "statement_key", key.text);
	else if (err == VT_NOTFOUND)
		json_put_null(o, "statement_key");
	return err == VT_NOTFOUND ? VT_OK : err;
}

static enum vt_err
config_get_page(struct request *r, struct response *w, struct vt_problem *p)
{
	const struct worker_state *s = worker_state(r);
	const struct site *site = s->own;
	struct json *o = json_object(r->arena);
	struct catalog c;
	enum vt_err err;

	if ((err = load_catalog(r, &c, p)) != VT_OK)
		return err;
	json_put_str(o, "publishable_key", site->publishable_key);
	json_put_str(o, "stripe_js_url", site->stripe_js_url);
	json_put_bool(o, "livemode", s->instance->livemode);
	put_currencies(json_put_array(o, "currencies"), &c);
	json_put_str(o, "clerk_publishable_key", site->clerk_publishable_key);
	json_put_str(o, "clerk_js_url", site->clerk_js_url);
	if ((err = put_statement_key(r, o, p)) != VT_OK)
		return err;
	response_json(r, w, 200, o);
	response_revalidate(r, w);
	return VT_OK;
}

/* The key's mode must be the database's: no real money for test tokens. */
static const char *
read_publishable_key(bool livemode)
{
	const char *key = config_need("STRIPE_PUBLISHABLE_KEY");
	const char *prefix = livemode ? "pk_live_" : "pk_test_";

	if (strncmp(key, prefix, strlen(prefix)) != 0)
		config_die("STRIPE_PUBLISHABLE_KEY",
		    livemode ? "this database is in live mode: the key must "
			       "begin with pk_live_"
			     : "this database is in test mode: the key must "
			       "begin with pk_test_");
	return key;
}

/*
 * Clerk's script comes from the Frontend API, whose host the publishable key
 * spells: pk_test_ or pk_live_, then base64 of the host and a dollar sign. A
 * local sign-in has no certificate.
 */
static const char *
derive_clerk_js(struct arena *a, const char *key)
{
	const char *text = strrchr(key, '_');
	char host[HOST_BYTES_MAX];
	bool local;
	size_t n;

	if (text == NULL ||
	    sodium_base642bin((unsigned char *)host, sizeof(host) - 1, text + 1,
		strlen(text + 1), "=", &n, NULL,
		sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0 ||
	    n < 2 || host[n - 1] != '$')
		config_die("CLERK_PUBLISHABLE_KEY",
		    "it does not name a Frontend API; is it whole?");
	host[n - 1] = '\0';
	if (strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-:") != n - 1)
		config_die("CLERK_PUBLISHABLE_KEY",
		    "the Frontend API that it names is no host");
	local = strncmp(host, "127.0.0.1", 9) == 0 ||
	    strncmp(host, "localhost", 9) == 0;
	return arena_printf(
	    a, "%s://%s" CLERK_JS, local ? "http" : "https", host);
}

static void *
site_open(struct worker_state *s)
{
	struct arena *a = arena_new();
	struct site *site = arena_alloc(a, sizeof(*site));

	site->arena = a;
	site->publishable_key = read_publishable_key(s->instance->livemode);
	site->stripe_js_url = config_get("STRIPE_JS_URL", STRIPE_JS);
	site->clerk_publishable_key = config_need("CLERK_PUBLISHABLE_KEY");
	site->clerk_js_url = config_get("CLERK_JS_URL", NULL);
	if (site->clerk_js_url == NULL)
		site->clerk_js_url =
		    derive_clerk_js(a, site->clerk_publishable_key);
	return site;
}

static void
site_close(void *own)
{
	struct site *site = own;

	arena_free(site->arena);
}

static const struct route routes[] = {
	{ HTTP_GET, "/api/catalog", 0, 0, catalog_get, 0 },
	{ HTTP_GET, "/api/config", 0, 0, config_get_page, 0 },
};

int
main(int argc, char **argv)
{
	return worker_main(argc, argv,
	    &(struct worker){ .name = "catalog",
		.routes = routes,
		.routes_count = countof(routes),
		.db = WORKER_DB_READ,
		.threads = 4,
		.open = site_open,
		.close = site_close });
}
