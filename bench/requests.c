/* requests: see requests.h. */
#include "requests.h"

#include <string.h>

#include "names.h"
#include "text/signature.h"

#define API_VERSION "2026-10-28.endive"
#define SIGNATURE_BYTES 256
#define EVENTS_A_PURCHASE 4

struct request_kind {
	const char *name, *method, *content_type;
	/* Appends the body; NULL: there is none. */
	void (*body)(const struct requests *r, int64_t n, struct buf *out);
	bool is_signed; /* by Stripe-Signature, else a Bearer credential */
};

/* ---- bodies -------------------------------------------------------------- */

static void
spend_body(const struct requests *r, int64_t n, struct buf *out)
{
	char user[NAMES_BYTES], reference[NAMES_BYTES];

	names_user(
	    (int64_t)(names_mix((uint64_t)n) % (uint64_t)r->users), user);
	names_spread("", n, reference);
	buf_printf(out, "{\"user\":\"%s\",\"amount\":1,\"reference\":\"%s\"}",
	    user, reference);
}

static void
purchase_body(const struct requests *r, int64_t n, struct buf *out)
{
	(void)r, (void)n; /* whoever asks, again and again */
	buf_puts(out, "{\"package_id\":\"" NAMES_PACKAGE "\"}");
}

static void
customer_body(const struct requests *r, int64_t n, struct buf *out)
{
	(void)r; /* the number is enough */
	buf_printf(out,
	    "email=bench%%2B%" PRId64 "%%40example.com"
	    "&metadata%%5Bnumber%%5D=%" PRId64,
	    n, n);
}

/* ---- events -------------------------------------------------------------- */

struct purchase {
	int64_t number;
	char intent[NAMES_BYTES], charge[NAMES_BYTES], customer[NAMES_BYTES];
};

static void
put_metadata(const struct requests *r, struct buf *out)
{
	buf_printf(out, "\"metadata\":{\"vantage_instance\":\"%s\"},",
	    r->instance == NULL ? "" : r->instance);
}

static void
put_intent(const struct requests *r, const struct purchase *p, bool paid,
    struct buf *out)
{
	buf_printf(out,
	    "{\"id\":\"%s\",\"object\":\"payment_intent\",\"amount\":%d,"
	    "\"amount_capturable\":0,\"amount_details\":{\"tip\":{}},"
	    "\"amount_received\":%d,\"application\":null,"
	    "\"application_fee_amount\":null,"
	    "\"automatic_payment_methods\":{\"allow_redirects\":\"always\","
	    "\"enabled\":true},\"canceled_at\":null,"
	    "\"cancellation_reason\":null,\"capture_method\":"
	    "\"automatic_async\",\"client_secret\":\"%s_secret_%016" PRIx64
	    "\",\"confirmation_method\":\"automatic\",\"created\":1795000000,"
	    "\"currency\":\"usd\",\"customer\":\"%s\",\"description\":null,"
	    "\"last_payment_error\":null,\"latest_charge\":",
	    p->intent, NAMES_AMOUNT, paid ? NAMES_AMOUNT : 0, p->intent,
	    names_mix((uint64_t)p->number), p->customer);
	if (paid)
		buf_printf(out, "\"%s\"", p->charge);
	else
		buf_puts(out, "null");
	buf_puts(out, ",\"livemode\":false,");
	put_metadata(r, out);
	buf_printf(out,
	    "\"next_action\":null,\"on_behalf_of\":null,\"payment_method\":"
	    "%s,\"payment_method_configuration_details\":{\"id\":"
	    "\"pmc_1QbenchBenchBenchBench12\",\"parent\":null},"
	    "\"payment_method_options\":{\"card\":{\"installments\":null,"
	    "\"mandate_options\":null,\"network\":null,"
	    "\"request_three_d_secure\":\"automatic\"}},"
	    "\"payment_method_types\":[\"card\",\"link\"],"
	    "\"processing\":null,\"receipt_email\":null,\"review\":null,"
	    "\"setup_future_usage\":null,\"shipping\":null,"
	    "\"statement_descriptor\":null,"
	    "\"statement_descriptor_suffix\":null,\"status\":\"%s\","
	    "\"transfer_data\":null,\"transfer_group\":null}",
	    paid ? "\"pm_1QbenchBenchBenchBench34\"" : "null",
	    paid ? "succeeded" : "requires_payment_method");
}

static void
put_charge(const struct requests *r, const struct purchase *p, struct buf *out)
{
	buf_printf(out,
	    "{\"id\":\"%s\",\"object\":\"charge\",\"amount\":%d,"
	    "\"amount_captured\":%d,\"amount_refunded\":0,"
	    "\"application\":null,\"application_fee\":null,"
	    "\"balance_transaction\":null,\"billing_details\":{\"address\":"
	    "{\"city\":null,\"country\":\"DE\",\"line1\":null,\"line2\":null,"
	    "\"postal_code\":null,\"state\":null},\"email\":null,\"name\":"
	    "null,\"phone\":null,\"tax_id\":null},"
	    "\"calculated_statement_descriptor\":\"BENCH\","
	    "\"captured\":true,\"created\":1795000001,\"currency\":\"usd\","
	    "\"customer\":\"%s\",\"description\":null,\"disputed\":false,"
	    "\"failure_balance_transaction\":null,\"failure_code\":null,"
	    "\"failure_message\":null,\"fraud_details\":{},"
	    "\"livemode\":false,",
	    p->charge, NAMES_AMOUNT, NAMES_AMOUNT, p->customer);
	put_metadata(r, out);
	buf_printf(out,
	    "\"on_behalf_of\":null,\"outcome\":{\"advice_code\":null,"
	    "\"network_advice_code\":null,\"network_decline_code\":null,"
	    "\"network_status\":\"approved_by_network\",\"reason\":null,"
	    "\"risk_level\":\"normal\",\"risk_score\":12,"
	    "\"seller_message\":\"Payment complete.\",\"type\":"
	    "\"authorized\"},\"paid\":true,\"payment_intent\":\"%s\","
	    "\"payment_method\":\"pm_1QbenchBenchBenchBench34\","
	    "\"payment_method_details\":{\"card\":{\"amount_authorized\":%d,"
	    "\"brand\":\"visa\",\"checks\":{\"address_line1_check\":null,"
	    "\"address_postal_code_check\":null,\"cvc_check\":\"pass\"},"
	    "\"country\":\"US\",\"exp_month\":12,\"exp_year\":2034,"
	    "\"fingerprint\":\"mToisGZ01V71BCos\",\"funding\":\"credit\","
	    "\"last4\":\"4242\",\"mandate\":null,\"network\":\"visa\","
	    "\"three_d_secure\":null,\"wallet\":null},\"type\":\"card\"},"
	    "\"radar_options\":{},\"receipt_email\":null,"
	    "\"receipt_number\":null,\"refunded\":false,\"review\":null,"
	    "\"shipping\":null,\"source_transfer\":null,"
	    "\"statement_descriptor\":null,\"status\":\"succeeded\","
	    "\"transfer_data\":null,\"transfer_group\":null}",
	    p->intent, NAMES_AMOUNT);
}

/* What Stripe tells of a purchase, in the order in which it does. */
static const struct {
	const char *type;
	bool charge, paid;
} events[EVENTS_A_PURCHASE] = {
	{ "payment_intent.created", false, false },
	{ "charge.succeeded", true, true },
	{ "payment_intent.succeeded", false, true },
	{ "charge.updated", true, true },
};
#define SUCCEEDED 2 /* the one that grants */

static void
put_event(const struct requests *r, const char *prefix, int64_t n,
    int64_t number, int which, struct buf *out)
{
	struct purchase p = { .number = number };
	char id[NAMES_BYTES];

	names_stripe(prefix, n, id);
	names_stripe("pi_", number, p.intent);
	names_stripe("ch_", number, p.charge);
	names_stripe("cus_", number % NAMES_BUYERS, p.customer);
	buf_printf(out,
	    "{\"id\":\"%s\",\"object\":\"event\",\"api_version\":\"%s\","
	    "\"created\":1795000002,\"data\":{\"object\":",
	    id, API_VERSION);
	if (events[which].charge)
		put_charge(r, &p, out);
	else
		put_intent(r, &p, events[which].paid, out);
	buf_printf(out,
	    "},\"livemode\":false,\"pending_webhooks\":1,\"request\":{\"id\":"
	    "\"req_%016" PRIx64 "\",\"idempotency_key\":null},"
	    "\"type\":\"%s\"}",
	    names_mix((uint64_t)n), events[which].type);
}

static void
webhook_body(const struct requests *r, int64_t n, struct buf *out)
{
	put_event(r, "evt_w", n, n / EVENTS_A_PURCHASE,
	    (int)(n % EVENTS_A_PURCHASE), out);
}

static void
grant_body(const struct requests *r, int64_t n, struct buf *out)
{
	put_event(r, "evt_g", n, n, SUCCEEDED, out);
}

/* ---- requests ------------------------------------------------------------ */

#define JSON "application/json"

static const struct request_kind kinds[] = {
	{ "get", "GET", NULL, NULL, false },
	{ "spend", "POST", JSON, spend_body, false },
	{ "intent", "POST", JSON, purchase_body, false },
	{ "webhook", "POST", JSON, webhook_body, true },
	{ "grant", "POST", JSON, grant_body, true },
	{ "customer", "POST", "application/x-www-form-urlencoded",
	    customer_body, false },
};

const struct request_kind *
request_kind_find(const char *name)
{
	for (size_t i = 0; i < countof(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

const char *
request_kind_names(void)
{
	return "get spend intent webhook grant customer";
}

bool
request_kind_signed(const struct request_kind *k)
{
	return k->is_signed;
}

static void
put_proof(struct requests *r, int64_t n, int64_t now_s, struct buf *out)
{
	char header[SIGNATURE_BYTES];

	if (!r->kind->is_signed) {
		if (r->credentials_count > 0)
			buf_printf(out, "Authorization: Bearer %s\r\n",
			    r->credentials[n % r->credentials_count]);
		return;
	}
	if (signature_stripe_sign(r->keys, now_s, buf_str(&r->body),
		r->body.len, header, sizeof(header)) != VT_OK) {
		out->failed = true;
		return;
	}
	buf_printf(out, "Stripe-Signature: %s\r\n", header);
}

void
request_write(struct requests *r, int64_t n, int64_t now_s, struct buf *out)
{
	const struct request_kind *k = r->kind;

	buf_clear(&r->body);
	if (k->body != NULL)
		k->body(r, n, &r->body);
	buf_printf(
	    out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", k->method, r->path);
	put_proof(r, n, now_s, out);
	if (k->body != NULL)
		buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
		    k->content_type, r->body.len);
	buf_puts(out, "\r\n");
	buf_append(out, r->body.data == NULL ? "" : r->body.data, r->body.len);
}
