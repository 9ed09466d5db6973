/*
 * desk_acts: what a buyer, a bank or an owner would do to one object, as
 * buttons; see desk_parts.h. A button is there when the control has its
 * operation and the object is in a state for it.
 */
#include <string.h>

#include "desk/control.h"
#include "desk/desk_parts.h"
#include "desk/state.h"

/* What a payment is ready for. */
enum situation {
	UNPAID = 1, /* waits for a method or for an answer */
	PAID = 2,   /* and not all of it was given back */
	DISPUTED = 4,
	UNDISPUTED = 8 /* paid, and nobody has ever disputed it */
};

/* One button: when it is there, and what it sends beside the intent. */
struct act {
	int when;
	const char *path;
	const char *text, *said;
	const char *name, *value; /* one field more; NULL: none */
};

static const struct act acts[] = {
	{ UNPAID, "/_sandbox/confirm", "Pay", "Paid with 4242 4242 4242 4242.",
	    "payment_method", "pm_card_visa" },
	{ UNPAID, "/_sandbox/confirm", "Decline", "It went through.",
	    "payment_method", "pm_card_visa_chargeDeclined" },
	{ PAID, "/_sandbox/refund", "Refund", "Refunded.", NULL, NULL },
	{ UNDISPUTED, "/_sandbox/dispute", "Dispute",
	    "The customer\u2019s bank disputes it.", "action", "open" },
	{ UNDISPUTED, "/_sandbox/dispute", "Inquire",
	    "The customer\u2019s bank asks about it.", "action", "inquiry" },
	{ DISPUTED, "/_sandbox/dispute", "Win", "The dispute is won.", "action",
	    "win" },
	{ DISPUTED, "/_sandbox/dispute", "Lose", "The dispute is lost.",
	    "action", "lose" },
};

static bool
listed(const char *word, const char *const *words)
{
	for (; word != NULL && *words != NULL; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

/* Which of the acts fit it now: situations added up. */
static int
situations(const struct json *p)
{
	static const char *const unpaid[] = { "requires_payment_method",
		"requires_confirmation", "requires_action", NULL };
	static const char *const over[] = { "won", "lost", "warning_closed",
		"prevented", NULL };
	const char *status = json_str_at(p, "status");
	const char *dispute = json_str_at(p, "dispute");
	int64_t amount = 0, refunded = 0;

	(void)json_int_at(p, "amount", &amount); /* both are there */
	(void)json_int_at(p, "amount_refunded", &refunded);
	if (listed(status, unpaid))
		return UNPAID;
	if (status == NULL || strcmp(status, "succeeded") != 0)
		return 0;
	if (dispute != NULL && !listed(dispute, over))
		return DISPUTED;
	if (dispute != NULL && strcmp(dispute, "lost") == 0)
		return 0; /* The bank has taken it back. */
	return (refunded < amount ? PAID : 0) |
	    (dispute == NULL && refunded < amount ? UNDISPUTED : 0);
}

static void
put_act(struct html *h, const struct act *a, const char *id)
{
	desk_act(h, a->path, a->said);
	layout_hidden(h, "payment_intent", id);
	if (a->name != NULL)
		layout_hidden(h, a->name, a->value);
	html_open(h, "button");
	html_attr_printf(h, "aria-label", "%s: %s", a->text, id);
	html_text(h, a->text);
	html_close(h, "button");
	desk_act_end(h);
}

static void
put_acts(struct html *h, const struct json *p)
{
	int now = situations(p);

	desk_open(h, "div", "acts");
	for (size_t i = 0; i < countof(acts); i++)
		if ((acts[i].when & now) != 0 && control_offers(acts[i].path))
			put_act(h, &acts[i], json_str_at(p, "id"));
	html_close(h, "div");
}

/* --- payments ----------------------------------------------------------- */

static void
put_state(struct html *h, const char *state)
{
	desk_open(h, "span", "pill");
	html_attr(h, "data-state", state);
	desk_words(h, state);
	html_close(h, "span");
}

/* What became of it after it was paid, as pills. */
static void
put_after(struct html *h, const struct json *p)
{
	const char *dispute = json_str_at(p, "dispute");
	int64_t amount = 0, refunded = 0;

	(void)json_int_at(p, "amount", &amount); /* both are there */
	(void)json_int_at(p, "amount_refunded", &refunded);
	if (refunded > 0)
		put_state(
		    h, refunded < amount ? "partly_refunded" : "refunded");
	if (dispute == NULL)
		return;
	desk_open(h, "span", "pill");
	html_attr(h, "data-state",
	    strcmp(dispute, "won") == 0 ? "succeeded" : "disputed");
	html_text(h, "dispute ");
	desk_words(h, dispute);
	html_close(h, "span");
}

static void
put_payment(struct call *c, struct html *h, const struct json *p)
{
	const char *id = json_str_at(p, "id");

	html_open(h, "li");
	html_attr(h, "data-key", id);
	html_open(h, "div");
	desk_open(h, "strong", "amount");
	layout_amount(c, h, p);
	html_close(h, "strong");
	put_state(h, json_str_at(p, "status"));
	put_after(h, p);
	desk_open(h, "p", "note");
	desk_object_link(h, id);
	html_text(h, " ");
	desk_object_link(h, json_str_at(p, "customer"));
	html_close(h, "p");
	html_close(h, "div");
	put_acts(h, p);
	html_close(h, "li");
}

void
desk_payments(struct call *c, struct html *h, const struct json *state)
{
	const struct json *list = json_get(state, "payments");

	desk_section(h, "payments", "Payments");
	if (json_first(list) == NULL)
		desk_text(h, "p", "empty", "No payment has been begun yet.");
	else {
		desk_open(h, "ul", "lines");
		for (const struct json *p = json_first(list); p != NULL;
		     p = json_next(p))
			put_payment(c, h, p);
		html_close(h, "ul");
	}
	desk_section_end(h);
}

/* --- customers ---------------------------------------------------------- */

/* "ok", or why the saved cards of a customer decline from now on. */
static const char *const results[] = { "ok", "generic_decline",
	"insufficient_funds", "lost_card", "stolen_card", "expired_card",
	"incorrect_cvc", "processing_error", "card_velocity_exceeded",
	"authentication_required", "fraudulent" };

static void
put_card_act(struct html *h, const char *id, const char *now)
{
	desk_act(h, "/_sandbox/card", "The bank has been told.");
	layout_hidden(h, "customer", id);
	html_open(h, "select");
	html_attr(h, "name", "result");
	html_attr_printf(h, "aria-label", "What the cards of %s do", id);
	html_attr_bool(h, "data-sends", true);
	for (size_t i = 0; i < countof(results); i++) {
		html_open(h, "option");
		html_attr(h, "value", results[i]);
		html_attr_bool(h, "selected",
		    strcmp(results[i], now == NULL ? "ok" : now) == 0);
		html_printf(h, "%s", i == 0 ? "cards work" : results[i]);
		html_close(h, "option");
	}
	html_close(h, "select");
	html_open(h, "button");
	html_attr_printf(h, "aria-label", "Set what the cards of %s do", id);
	html_text(h, "Set");
	html_close(h, "button");
	desk_act_end(h);
}

static void
put_customer(struct html *h, const struct json *o)
{
	const char *id = json_str_at(o, "id");
	const char *name = json_str_at(o, "name");
	const char *email = json_str_at(o, "email");
	const char *card = json_str_at(o, "card");

	html_open(h, "li");
	html_attr(h, "data-key", id);
	html_open(h, "div");
	html_element(h, "strong",
	    name != NULL	? name
		: email != NULL ? email
				: "Without a name");
	if (card != NULL)
		put_state(h, card);
	desk_open(h, "p", "note");
	desk_object_link(h, id);
	if (name != NULL && email != NULL)
		html_printf(h, " %s", email);
	html_close(h, "p");
	html_close(h, "div");
	put_card_act(h, id, card);
	html_close(h, "li");
}

void
desk_customers(struct html *h, const struct json *state)
{
	const struct json *list = json_get(state, "customers");

	desk_section(h, "customers", "Customers and their saved cards");
	if (json_first(list) == NULL)
		desk_text(h, "p", "empty", "Nobody is here yet.");
	else {
		desk_open(h, "ul", "lines");
		for (const struct json *o = json_first(list); o != NULL;
		     o = json_next(o))
			put_customer(h, o);
		html_close(h, "ul");
	}
	desk_section_end(h);
}

/* --- from an object's own page ------------------------------------------ */

/* A refund of a part, or one that takes a turn. */
static void
put_refund(struct html *h, const char *intent)
{
	desk_act(h, "/_sandbox/refund", "Refunded.");
	layout_hidden(h, "payment_intent", intent);
	desk_field(h, "How much, in the smallest unit", "amount", "number",
	    "Amount: the rest");
	html_text(h, " ");
	desk_button(h, "Refund it", NULL, NULL);
	html_text(h, " ");
	desk_button(h, "It stays pending", "course", "pending");
	html_text(h, " ");
	desk_button(h, "It fails later", "course", "fail");
	desk_act_end(h);
}

/* The bank sends a new card: the same number, another date. */
static void
put_renew(struct html *h, const char *method)
{
	desk_act(h, "/_sandbox/renew-card", "The card was renewed.");
	layout_hidden(h, "payment_method", method);
	desk_field(h, "Month of its new end", "exp_month", "number", "Month");
	html_text(h, " ");
	desk_field(h, "Year of its new end", "exp_year", "number", "Year");
	html_text(h, " ");
	desk_button(h, "Renew the card", NULL, NULL);
	desk_act_end(h);
}

/* What somebody at a page would do about other kinds of objects. */
static const struct {
	const char *kind, *status;
	const char *path, *id_field, *text, *said;
} others[] = {
	{ "setup_intent", "requires_payment_method", "/_sandbox/confirm",
	    "setup_intent", "Save a card", "4242 4242 4242 4242 was saved." },
	{ "setup_intent", "requires_confirmation", "/_sandbox/confirm",
	    "setup_intent", "Save a card", "4242 4242 4242 4242 was saved." },
	{ "checkout.session", "open", "/_sandbox/checkout", "session",
	    "Pay on its page", "Paid with 4242 4242 4242 4242." },
};

/* The row of the table for this object, or -1. */
static int
other_act(const char *kind, const char *status)
{
	for (size_t i = 0; i < countof(others); i++)
		if (strcmp(others[i].kind, kind) == 0 && status != NULL &&
		    strcmp(others[i].status, status) == 0 &&
		    control_offers(others[i].path))
			return (int)i;
	return -1;
}

static void
put_other(struct html *h, int i, const char *id)
{
	desk_act(h, others[i].path, others[i].said);
	layout_hidden(h, others[i].id_field, id);
	desk_button(h, others[i].text, NULL, NULL);
	desk_act_end(h);
}

/* A card that a customer keeps. */
static bool
is_saved_card(const char *kind, const struct json *body)
{
	return strcmp(kind, "payment_method") == 0 &&
	    json_get(body, "card") != NULL &&
	    json_str_at(body, "customer") != NULL &&
	    control_offers("/_sandbox/renew-card");
}

void
desk_acts_of(struct call *c, struct html *h, const char *kind, const char *id,
    const struct json *body)
{
	const struct json *p = state_payment(c, id);
	int other = other_act(kind, json_str_at(body, "status"));
	bool customer = strcmp(kind, "customer") == 0;
	bool event = strcmp(kind, "event") == 0;
	bool card = is_saved_card(kind, body);
	int now = situations(p);

	if (!customer && !event && !card && other < 0 && now == 0)
		return;
	desk_section(h, "acts", "What may happen to it");
	if (customer)
		put_card_act(h, id,
		    box_setting(c->box, c->arena,
			arena_printf(c->arena, "card.%s", id), NULL));
	else if (event)
		desk_resend(h, id);
	else if (card)
		put_renew(h, id);
	else if (other >= 0)
		put_other(h, other, id);
	else {
		put_acts(h, p);
		if ((now & PAID) != 0)
			put_refund(h, id);
	}
	desk_section_end(h);
}
