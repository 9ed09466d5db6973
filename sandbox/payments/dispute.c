/* dispute: see dispute.h. */
#include "payments/dispute.h"

#include <string.h>

#include "core/event.h"
#include "core/render.h"
#include "payments/balance.h"
#include "payments/charge.h"

/* By the clock. */
#define ANSWER_S (7 * 86400) /* until evidence is due */
#define INQUIRY_S                                                  \
	(120 * 86400) /* until an inquiry that was left alone ends \
		       */
#define VERDICT_S 5   /* the test mode's bank reads fast */
#define FEE 1500

static bool
has_status(const struct doc *d, const char *status)
{
	return strcmp(json_str_at(d->body, "status"), status) == 0;
}

static bool
is_inquiry(const struct doc *d)
{
	return strncmp(json_str_at(d->body, "status"), "warning_", 8) == 0;
}

static bool
is_open(const struct doc *d)
{
	return !has_status(d, "won") && !has_status(d, "lost") &&
	    !has_status(d, "warning_closed");
}

static enum vt_err
save_and_tell(struct call *c, struct doc *d, const char *type)
{
	enum vt_err err = doc_save(c, d);

	return err == VT_OK ? event_emit(c, type, d) : err;
}

/* Books the money that the bank takes, or gives back. */
static enum vt_err
book(struct call *c, struct doc *d, bool back)
{
	const char *charge = json_str_at(d->body, "charge");
	struct json *list = json_array(c->arena);
	const struct json *had = json_get(d->body, "balance_transactions");
	struct doc *entry;
	int64_t amount = 0;
	enum vt_err err;

	(void)json_int_at(d->body, "amount", &amount); /* always there */
	err = balance_book(c,
	    &(struct balance_entry){ .type = "adjustment",
		.category = back ? "dispute_reversal" : "dispute",
		.amount = back ? amount : -amount,
		.fee = back ? -FEE : FEE,
		.fee_text = back ? "Dispute fee refund" : "Dispute fee",
		.currency = json_str_at(d->body, "currency"),
		.description = arena_printf(c->arena, "Chargeback %s for %s",
		    back ? "reversal" : "withdrawal", charge),
		.source = d->id,
		.at_once = true },
	    &entry);
	if (err != VT_OK)
		return err;
	for (const struct json *j = json_first(had); j != NULL;
	     j = json_next(j))
		json_add_copy(list, j);
	json_add_copy(list, render_embedded(c, entry));
	json_put_copy(d->body, "balance_transactions", list);
	return VT_OK;
}

/* The last second of the day: Stripe's deadlines are of that kind. */
static int64_t
end_of_day(int64_t at_s)
{
	return at_s - at_s % 86400 + 86399;
}

static void
put_method(struct doc *d, const struct doc *charge, const char *code)
{
	const struct json *details =
	    json_get(charge->body, "payment_method_details");
	struct json *o, *card;

	if (strcmp(json_str_at(details, "type"), "card") != 0)
		return;
	o = json_put_object(d->body, "payment_method_details");
	card = json_put_object(o, "card");
	json_put_copy(card, "brand", json_at(details, "card.brand"));
	json_put_str(
	    card, "case_type", is_inquiry(d) ? "inquiry" : "chargeback");
	json_put_copy(card, "network", json_at(details, "card.network"));
	json_put_str(card, "network_reason_code", code);
	json_put_str(o, "type", "card");
}

/* Visa's number for a reason. */
static const char *
reason_code(const char *reason)
{
	static const char *const codes[][2] = {
		{ "fraudulent", "10.4" },
		{ "product_not_received", "13.1" },
		{ "general", "10.4" },
	};

	for (size_t i = 0; i < countof(codes); i++)
		if (strcmp(codes[i][0], reason) == 0)
			return codes[i][1];
	return NULL;
}

/*
 * The money is gone before anybody was told why: Stripe promises no order
 * between the two events, and this one is the one that programs get wrong.
 */
static enum vt_err
withdraw(struct call *c, struct doc *d, const char *type)
{
	enum vt_err err;

	json_put_bool(d->body, "is_charge_refundable", false);
	json_put_str(d->body, "status", "needs_response");
	d->due_ms = (end_of_day(c->now_s + ANSWER_S) + 1) * 1000;
	err = book(c, d, false);
	if (err == VT_OK)
		err = save_and_tell(c, d, "charge.dispute.funds_withdrawn");
	return err == VT_OK ? event_emit(c, type, d) : err;
}

/* An inquiry that was not answered to the bank's liking. */
static enum vt_err
escalate(struct call *c, struct doc *d, const struct doc *charge)
{
	json_put_str(d->body, "status", "needs_response");
	put_method(d, charge, reason_code(json_str_at(d->body, "reason")));
	json_put_int(json_edit(d->body, "evidence_details"), "due_by",
	    end_of_day(c->now_s + ANSWER_S));
	return withdraw(c, d, "charge.dispute.updated");
}

static enum vt_err
begin(struct call *c, struct doc *d, const struct doc *charge,
    const char *reason, bool inquiry)
{
	static const char *const copied[] = { "currency", "payment_intent",
		NULL };
	int64_t captured = 0, refunded = 0;

	(void)json_int_at(charge->body, "amount_captured", &captured);
	(void)json_int_at(charge->body, "amount_refunded", &refunded);
	if (captured - refunded <= 0)
		return call_fail(c, 400, NULL, NULL,
		    "Nothing is left of charge %s to be disputed.", charge->id);
	if (strcmp(json_str_at(charge->body, "payment_method_details.type"),
		"card") != 0)
		doc_prefix(c, d, "du_");
	doc_apply(d->body, charge->body, copied);
	json_put_int(d->body, "amount", captured - refunded);
	json_put_str(d->body, "charge", charge->id);
	json_put_str(d->body, "reason", reason);
	json_put_str(d->body, "status",
	    inquiry ? "warning_needs_response" : "needs_response");
	json_put_int(json_edit(d->body, "evidence_details"), "due_by",
	    end_of_day(c->now_s + ANSWER_S));
	put_method(d, charge, reason_code(reason));
	return VT_OK;
}

enum vt_err
dispute_open(struct call *c, struct doc *charge, const char *reason,
    bool inquiry, struct doc **out)
{
	struct doc *d = dispute_of(c, charge);
	enum vt_err err;

	*out = d;
	if (d != NULL && is_open(d) && is_inquiry(d) && !inquiry)
		return escalate(c, d, charge);
	if (d != NULL && !has_status(d, "warning_closed"))
		return call_fail(c, 400, NULL, NULL,
		    "Charge %s has been disputed already (%s).", charge->id,
		    d->id);
	*out = d = doc_new(c, R_DISPUTE);
	err = begin(c, d, charge, reason, inquiry);
	if (err != VT_OK)
		return err;
	json_put_bool(charge->body, "disputed", true);
	err = doc_save(c, charge);
	if (err != VT_OK)
		return err;
	if (!inquiry)
		return withdraw(c, d, "charge.dispute.created");
	d->due_ms = (c->now_s + INQUIRY_S) * 1000;
	return save_and_tell(c, d, "charge.dispute.created");
}

struct doc *
dispute_of(struct call *c, const struct doc *charge)
{
	struct doc_ids found;

	if (doc_ids(c, R_DISPUTE, DOC_OF_PARENT, charge->id, &found) != VT_OK ||
	    found.count == 0)
		return NULL;
	return doc_find(c, R_DISPUTE, found.ids[found.count - 1]);
}

enum vt_err
dispute_submit(struct call *c, struct doc *d)
{
	struct json *details = json_edit(d->body, "evidence_details");
	const char *text = json_str_at(d->body, "evidence.uncategorized_text");
	int64_t count = 0;

	(void)json_int_at(details, "submission_count", &count);
	json_put_int(details, "submission_count", count + 1);
	json_put_str(details, "submission_method", "manual");
	json_put_str(d->body, "status",
	    is_inquiry(d) ? "warning_under_review" : "under_review");
	d->due_ms = is_inquiry(d) ? d->due_ms : 0;
	if (text != NULL &&
	    (strcmp(text, "winning_evidence") == 0 ||
		strcmp(text, "losing_evidence") == 0)) {
		json_put_bool(
		    d->hidden, "wins", strcmp(text, "winning_evidence") == 0);
		d->due_ms = (c->now_s + VERDICT_S) * 1000;
	}
	return doc_save(c, d);
}

static enum vt_err
appeal(struct call *c, struct doc *d)
{
	enum vt_err err;

	json_put_str(d->body, "status", "appeal_under_review");
	err = doc_save(c, d);
	return err == VT_OK ? event_updated(c, "charge.dispute.updated", d)
			    : err;
}

enum vt_err
dispute_close(struct call *c, struct doc *d, bool won)
{
	bool inquiry = is_inquiry(d);
	enum vt_err err = VT_OK;

	if (has_status(d, "lost") && won)
		err = appeal(c, d);
	if (err == VT_OK && !is_open(d))
		return call_fail(c, 400, NULL, NULL,
		    "This dispute is already closed, with a status of %s.",
		    json_str_at(d->body, "status"));
	if (err != VT_OK)
		return err;
	d->due_ms = 0;
	json_put_str(d->body, "status",
	    inquiry   ? "warning_closed"
		: won ? "won"
		      : "lost");
	if (won && !inquiry) {
		err = book(c, d, true);
		if (err == VT_OK)
			err = save_and_tell(
			    c, d, "charge.dispute.funds_reinstated");
		return err == VT_OK ? event_emit(c, "charge.dispute.closed", d)
				    : err;
	}
	return save_and_tell(c, d, "charge.dispute.closed");
}

enum vt_err
dispute_check_refund(struct call *c, const struct doc *charge)
{
	struct doc *d = dispute_of(c, charge);
	bool refundable = true;

	if (d == NULL)
		return VT_OK;
	(void)json_bool(json_get(d->body, "is_charge_refundable"), &refundable);
	if (refundable)
		return VT_OK;
	return call_fail(c, 400, "charge_disputed", NULL,
	    "Charge %s has been charged back; cannot issue a refund.",
	    charge->id);
}

enum vt_err
dispute_refunded(struct call *c, const struct doc *charge)
{
	struct doc *d = dispute_of(c, charge), *w;
	struct doc_ids warnings;
	bool all = false;
	enum vt_err err = VT_OK;

	(void)json_bool(json_get(charge->body, "refunded"), &all);
	if (!all)
		return VT_OK;
	/* Nothing is left that the bank could ask for, or warn about. */
	if (d != NULL && is_open(d) && is_inquiry(d))
		err = dispute_close(c, d, false);
	if (err == VT_OK)
		err = doc_ids(
		    c, R_FRAUD_WARNING, DOC_OF_PARENT, charge->id, &warnings);
	for (size_t i = 0; err == VT_OK && i < warnings.count; i++) {
		w = doc_find(c, R_FRAUD_WARNING, warnings.ids[i]);
		json_put_bool(w->body, "actionable", false);
		err = doc_save(c, w);
		if (err == VT_OK)
			err = event_updated(
			    c, "radar.early_fraud_warning.updated", w);
	}
	return err;
}

enum vt_err
dispute_due(struct call *c, struct doc *d)
{
	bool wins = false;

	(void)json_bool(json_get(d->hidden, "wins"), &wins);
	/* Nobody answered in time. */
	if (has_status(d, "needs_response"))
		json_put_bool(
		    json_edit(d->body, "evidence_details"), "past_due", true);
	return dispute_close(c, d, wins);
}

enum vt_err
dispute_warn(struct call *c, const struct doc *charge)
{
	struct doc *d = doc_new(c, R_FRAUD_WARNING);

	json_put_str(d->body, "charge", charge->id);
	json_put_copy(d->body, "payment_intent",
	    json_get(charge->body, "payment_intent"));
	return save_and_tell(c, d, "radar.early_fraud_warning.created");
}

enum vt_err
dispute_after_charge(struct call *c, struct doc *charge)
{
	static const struct {
		enum card_after after;
		const char *reason;
		bool inquiry;
	} disputes[] = {
		{ AFTER_DISPUTE, "fraudulent", false },
		{ AFTER_DISPUTE_NOT_RECEIVED, "product_not_received", false },
		{ AFTER_INQUIRY, "general", true },
	};
	enum card_after after = charge_after(c, charge);
	struct doc *d;

	if (after == AFTER_FRAUD_WARNING)
		return dispute_warn(c, charge);
	for (size_t i = 0; i < countof(disputes); i++)
		if (disputes[i].after == after)
			return dispute_open(c, charge, disputes[i].reason,
			    disputes[i].inquiry, &d);
	return VT_OK;
}
