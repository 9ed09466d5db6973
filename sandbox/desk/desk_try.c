/* desk_try: the test cards, and how to use it; see desk_parts.h. */
#include <string.h>

#include "desk/desk_parts.h"
#include "payments/card.h"

/* Any key that begins so will do; the CLI wants it this long. */
#define KEY "sk_test_localsandbox123456"

/* --- test cards --------------------------------------------------------- */

static void
put_number(struct html *h, const char *number)
{
	static const size_t amex[] = { 4, 6, 5 };
	bool is_amex = strcmp(card_brand(number), "amex") == 0;

	html_open(h, "code");
	for (size_t i = 0, group = 0; *number != '\0'; group++) {
		size_t n = is_amex && group < countof(amex) ? amex[group] : 4;

		html_printf(h, "%s%.*s", i == 0 ? "" : " ", (int)n, number);
		i += n;
		number += strlen(number) < n ? strlen(number) : n;
	}
	html_close(h, "code");
}

/* "Declines: insufficient funds". */
static void
put_does(struct html *h, const struct card *card)
{
	static const char *const does[] = {
		[CARD_PAYS] = "Pays",
		[CARD_DECLINES] = "Declines",
		[CARD_BLOCKED] = "Is blocked",
		[CARD_AUTHENTICATES] = "Asks for 3-D Secure, then pays",
		[CARD_AUTHENTICATES_ONCE] =
		    "Asks for 3-D Secure unless it was set up, then pays",
		[CARD_AUTHENTICATES_THEN_DECLINES] =
		    "Asks for 3-D Secure, then declines",
		[CARD_DECLINES_LATER] = "Can be saved, then declines",
	};
	static const char *const later[] = {
		[AFTER_NOTHING] = "",
		[AFTER_REFUND_WAITS] = "; a refund is pending first",
		[AFTER_REFUND_FAILS] = "; a refund fails afterwards",
		[AFTER_DISPUTE] = "; then it is disputed as fraudulent",
		[AFTER_DISPUTE_NOT_RECEIVED] =
		    "; then it is disputed as not received",
		[AFTER_INQUIRY] = "; then the bank asks about it",
		[AFTER_FRAUD_WARNING] = "; then the bank warns of fraud",
	};

	html_text(h, does[card->behaviour]);
	if (card->decline_code != NULL && card->behaviour == CARD_DECLINES) {
		html_text(h, ": ");
		desk_words(h, card->decline_code);
	}
	html_text(h, later[card->after]);
	if (card->behaviour == CARD_PAYS &&
	    strcmp(card->cvc_check, "fail") == 0)
		html_text(h, "; the check of its security code fails");
	if (card->zip_check != NULL && strcmp(card->zip_check, "fail") == 0)
		html_text(h, "; the check of its postal code fails");
	if (strcmp(card->risk, "elevated") == 0)
		html_text(h, "; the risk is elevated");
}

static void
put_card(struct html *h, const struct card *card)
{
	html_open(h, "tr");
	html_open(h, "td");
	put_number(h, card->number);
	html_close(h, "td");
	html_open(h, "td");
	put_does(h, card);
	html_close(h, "td");
	html_open(h, "td");
	html_open(h, "code");
	html_printf(h, "pm_card_%s", card->name);
	html_close(h, "code");
	html_close(h, "td");
	html_close(h, "tr");
}

void
desk_cards(struct html *h)
{
	static const char *const heads[] = { "Number", "What it does",
		"In API calls" };
	const struct card *card;

	html_open(h, "section");
	html_attr(h, "id", "cards");
	html_attr(h, "aria-labelledby", "cards-title");
	html_open(h, "h2");
	html_attr(h, "id", "cards-title");
	html_text(h, "Test cards");
	html_close(h, "h2");
	desk_text(h, "p", "note",
	    "Any future date and any security code go with them.");
	desk_open(h, "div", "scroll");
	html_attr(h, "tabindex", "0");
	html_attr(h, "role", "group");
	html_attr(h, "aria-label", "All test cards");
	html_open(h, "table");
	html_open(h, "thead");
	html_open(h, "tr");
	for (size_t i = 0; i < countof(heads); i++) {
		html_open(h, "th");
		html_attr(h, "scope", "col");
		html_text(h, heads[i]);
		html_close(h, "th");
	}
	html_close(h, "tr");
	html_close(h, "thead");
	html_open(h, "tbody");
	for (size_t i = 0; (card = card_at(i)) != NULL; i++)
		if (card->number != NULL)
			put_card(h, card);
	html_close(h, "tbody");
	html_close(h, "table");
	html_close(h, "div");
	html_close(h, "section");
}

/* --- snippets ----------------------------------------------------------- */

static void
put_snippet(struct html *h, const char *title, const char *text)
{
	html_open(h, "div");
	html_element(h, "h3", title);
	html_open(h, "pre");
	html_attr(h, "tabindex", "0");
	html_attr_bool(h, "data-copy", true);
	html_text(h, text);
	html_close(h, "pre");
	html_close(h, "div");
}

/* What comes behind "http://" of our own address: host and port. */
static const char *
host_of(const char *origin)
{
	const char *slashes = strstr(origin, "//");

	return slashes == NULL ? origin : slashes + 2;
}

void
desk_try(struct call *c, struct html *h)
{
	const char *origin = c->box->origin, *host = host_of(origin);
	const char *port = strrchr(host, ':');
	struct arena *a = c->arena;

	html_open(h, "section");
	html_attr(h, "aria-labelledby", "try-title");
	html_open(h, "h2");
	html_attr(h, "id", "try-title");
	html_text(h, "How to use it");
	html_close(h, "h2");
	desk_open(h, "div", "snippets");
	put_snippet(h, "curl",
	    arena_printf(a,
		"curl %s/v1/payment_intents \\\n"
		"    -u " KEY ": \\\n"
		"    -d amount=3999 -d currency=usd \\\n"
		"    -d payment_method=pm_card_visa -d confirm=true \\\n"
		"    -d 'automatic_payment_methods[enabled]=true' \\\n"
		"    -d 'automatic_payment_methods[allow_redirects]=never'",
		origin));
	put_snippet(h, "Stripe\u2019s Node SDK",
	    arena_printf(a,
		"const stripe = new Stripe('" KEY "', {\n"
		"    protocol: 'http', host: '%.*s', port: %s,\n"
		"});\n"
		"await stripe.customers.create({ email: 'ada@example.com' });",
		(int)(port == NULL ? strlen(host) : (size_t)(port - host)),
		host, port == NULL ? "80" : port + 1));
	put_snippet(h, "Stripe\u2019s CLI",
	    arena_printf(a,
		"stripe trigger payment_intent.succeeded \\\n"
		"    --api-base %s --api-key " KEY,
		origin));
	put_snippet(h, "Webhooks to your program",
	    arena_printf(a,
		"curl %s/v1/webhook_endpoints -u " KEY ": \\\n"
		"    -d url=http://127.0.0.1:8000/webhook -d "
		"'enabled_events[]=*'\n"
		"# the answer holds the secret that signs them",
		origin));
	put_snippet(h, "A page with the Payment Element",
	    arena_printf(a,
		"<script src=\"%s/endive/stripe.js\"></script>\n"
		"<script>\n"
		"const stripe = Stripe('pk_test_anything');\n"
		"const elements = stripe.elements({ clientSecret });\n"
		"elements.create('payment').mount('#payment');\n"
		"</script>",
		origin));
	put_snippet(h, "Time",
	    arena_printf(a,
		"curl -X POST %s/_sandbox/advance -d seconds=86400\n"
		"# or test clocks, as with Stripe",
		origin));
	html_close(h, "div");
	html_close(h, "section");
}
