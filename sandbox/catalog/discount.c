/* discount: see discount.h. */
#include "catalog/discount.h"

#include <string.h>

#include "catalog/coupon.h"
#include "core/event.h"
#include "payments/intent.h"
#include "subscriptions/period.h"
#include "subscriptions/subscription.h"

static const struct param element[] = {
	PARAM("coupon", P_STR, 0),
	PARAM("discount", P_STR, 0),
	PARAM("promotion_code", P_STR, 0),
	PARAM_END,
};
const struct param discount_params[] = { PARAM_OF("", P_HASH, 0, element) };

/* What the call names: a coupon, and the code that led to it, if one did. */
struct redemption {
	struct doc *coupon, *code;
	const char *param; /* "discounts[0][coupon]" */
};

/* True if this customer has paid before. */
static bool
has_paid(struct call *c, const char *customer)
{
	struct query q;

	if (customer == NULL ||
	    db_row(&q, c->box->db,
		"SELECT 1 FROM objects WHERE customer = :customer AND "
		"kind = 'charge' AND json_extract(body, '$.paid') LIMIT 1",
		DB_TEXT("customer", customer)) != VT_OK)
		return false;
	db_done(&q);
	return true;
}

/* The least that must be bought in the currency of the purchase; 0: any. */
static int64_t
minimum(const struct json *restrictions, const char *currency)
{
	const char *main = json_str_at(restrictions, "minimum_amount_currency");
	const struct json *other =
	    json_get(json_get(restrictions, "currency_options"), currency);
	int64_t least = 0;

	if (!json_int_at(other, "minimum_amount", &least) && main != NULL &&
	    strcmp(main, currency) == 0)
		(void)json_int_at(restrictions, "minimum_amount", &least);
	return least;
}

static enum vt_err
check_code(
    struct call *c, const struct redemption *r, const struct discount_for *f)
{
	const struct json *limits = json_get(r->code->body, "restrictions");
	const char *owner = json_str_at(r->code->body, "customer");

	if (!promotion_code_active(c, r->code->body))
		return call_fail(c, 400, "coupon_expired", r->param,
		    "This promotion code is inactive or can no longer be "
		    "redeemed.");
	if (owner != NULL &&
	    (f->customer == NULL || strcmp(owner, f->customer) != 0))
		return call_fail(c, 400, NULL, r->param,
		    "This promotion code belongs to another customer.");
	if (intent_flag(limits, "first_time_transaction") &&
	    has_paid(c, f->customer))
		return call_fail(c, 400, NULL, r->param,
		    "This promotion code cannot be redeemed because the "
		    "associated customer has prior transactions.");
	if (f->amount >= 0 && f->currency != NULL &&
	    f->amount < minimum(limits, f->currency))
		return call_fail(c, 400, NULL, r->param,
		    "This promotion code cannot be redeemed because the total "
		    "is below its minimum amount.");
	return VT_OK;
}

/* What an amount coupon takes off in this currency. */
static bool
amount_in(const struct json *options, const char *currency, int64_t *out)
{
	return json_int_at(json_get(options, currency), "amount_off", out);
}

static enum vt_err
check_coupon(
    struct call *c, const struct redemption *r, const struct discount_for *f)
{
	int64_t amount;

	if (!coupon_valid(c, r->coupon->body))
		return call_fail(c, 400, "coupon_expired", r->param,
		    "This coupon can no longer be redeemed: %s", r->coupon->id);
	if (f->currency != NULL &&
	    !json_is_null(json_get(r->coupon->body, "amount_off")) &&
	    !amount_in(json_get(r->coupon->hidden, "currency_options"),
		f->currency, &amount))
		return call_fail(c, 400, NULL, r->param,
		    "The coupon %s is for %s and cannot be used on a purchase "
		    "in %s.",
		    r->coupon->id, json_str_at(r->coupon->body, "currency"),
		    f->currency);
	return VT_OK;
}

static const char *
at(struct call *c, const char *param, const char *name)
{
	return param[0] == '\0' ? name
				: arena_printf(c->arena, "%s[%s]", param, name);
}

static enum vt_err
redemption_read(struct call *c, const struct json *given, const char *param,
    struct redemption *r)
{
	const char *coupon = json_str_at(given, "coupon");
	const char *code = json_str_at(given, "promotion_code");
	enum vt_err err;

	if ((coupon == NULL) == (code == NULL))
		return call_fail(c, 400, NULL, param,
		    "Each discount needs exactly one of coupon, "
		    "promotion_code and discount.");
	*r = (struct redemption){ 0 };
	if (code != NULL) {
		r->param = at(c, param, "promotion_code");
		err = doc_need(c, R_PROMOTION_CODE, code, r->param, &r->code);
		if (err != VT_OK)
			return err;
		coupon = json_str_at(r->code->body, "promotion.coupon");
	} else
		r->param = at(c, param, "coupon");
	return doc_need(c, R_COUPON, coupon, r->param, &r->coupon);
}

static enum vt_err
count_up(struct call *c, struct doc *d, const char *event)
{
	int64_t times = 0;
	enum vt_err err;

	(void)json_int_at(d->body, "times_redeemed", &times);
	json_put_int(d->body, "times_redeemed", times + 1);
	if (d->kind == R_COUPON)
		json_put_bool(d->body, "valid", coupon_valid(c, d->body));
	else
		json_put_bool(
		    d->body, "active", promotion_code_active(c, d->body));
	err = doc_save(c, d);
	return err == VT_OK ? event_updated(c, event, d) : err;
}

/* When it stops: with the months of a repeating one; else by its use. */
static void
put_end(struct call *c, struct doc *d, const struct doc *coupon)
{
	struct period months = {
		.unit = PERIOD_MONTH, .count = 1, .anchor_s = c->now_s
	};
	int64_t n;

	json_put_int(d->body, "start", c->now_s);
	if (json_int_at(coupon->body, "duration_in_months", &n))
		json_put_int(d->body, "end", period_boundary(&months, n));
}

static enum vt_err
redeem(struct call *c, const struct redemption *r, const struct discount_for *f,
    const char **id)
{
	struct doc *d = doc_new(c, R_DISCOUNT);
	struct json *kept = json_put_object(d->hidden, "coupon");
	enum vt_err err = VT_OK;

	json_put_str(d->body, "customer", f->customer);
	json_put_str(d->body, "subscription", f->subscription);
	json_put_str(d->body, "subscription_item", f->subscription_item);
	json_put_str(d->body, "invoice", f->invoice);
	json_put_str(d->body, "invoice_item", f->invoice_item);
	json_put_str(d->body, "checkout_session", f->checkout_session);
	json_put_str(json_edit(d->body, "source"), "coupon", r->coupon->id);
	json_put_str(
	    d->body, "promotion_code", r->code == NULL ? NULL : r->code->id);
	put_end(c, d, r->coupon);
	json_put_copy(kept, "duration", json_get(r->coupon->body, "duration"));
	for (const struct json *m = json_first(r->coupon->hidden); m != NULL;
	     m = json_next(m))
		json_put_copy(kept, json_name(m), m);
	if (r->code != NULL)
		err = count_up(c, r->code, "promotion_code.updated");
	if (err == VT_OK)
		err = count_up(c, r->coupon, "coupon.updated");
	if (err == VT_OK)
		err = doc_save(c, d);
	*id = d->id;
	return err == VT_OK && f->subscription != NULL
	    ? event_emit(c, "customer.discount.created", d)
	    : err;
}

enum vt_err
discount_give(struct call *c, struct doc *customer, const struct json *given)
{
	struct discount_for f = { .customer = customer->id,
		.currency = json_str_at(customer->body, "currency"),
		.amount = -1 };
	bool had = json_is_object(json_get(customer->body, "discount"));
	struct redemption r;
	struct doc *d;
	const char *id;
	enum vt_err err;

	err = redemption_read(c, given, "", &r);
	if (err == VT_OK && r.code != NULL)
		err = check_code(c, &r, &f);
	if (err == VT_OK)
		err = check_coupon(c, &r, &f);
	if (err == VT_OK)
		err = redeem(c, &r, &f, &id);
	if (err != VT_OK)
		return err;
	d = doc_find(c, R_DISCOUNT, id);
	if (d == NULL)
		return VT_DB;
	json_put_copy(customer->body, "discount", d->body);
	return event_emit(c,
	    had ? "customer.discount.updated" : "customer.discount.created", d);
}

/* One that was redeemed already is its customer's. */
static enum vt_err
check_owner(struct call *c, const char *id, const char *param,
    const struct discount_for *f)
{
	const char *owner;
	struct doc *d;
	enum vt_err err = doc_need(c, R_DISCOUNT, id, param, &d);

	if (err != VT_OK)
		return err;
	owner = json_str_at(d->body, "customer");
	if (owner == NULL ||
	    (f->customer != NULL && strcmp(owner, f->customer) == 0))
		return VT_OK;
	return call_fail(c, 400, NULL, param,
	    "The discount %s belongs to another customer.", id);
}

static enum vt_err
redeem_one(struct call *c, const struct json *given, const char *param,
    const struct discount_for *f, const char **id)
{
	struct redemption r;
	enum vt_err err;

	*id = json_str_at(given, "discount");
	if (*id != NULL)
		return check_owner(c, *id, at(c, param, "discount"), f);
	err = redemption_read(c, given, param, &r);
	if (err == VT_OK && r.code != NULL)
		err = check_code(c, &r, f);
	if (err == VT_OK)
		err = check_coupon(c, &r, f);
	return err == VT_OK ? redeem(c, &r, f, id) : err;
}

enum vt_err
discounts_redeem(struct call *c, const struct json *given, const char *param,
    const struct discount_for *f, struct json **ids)
{
	enum vt_err err = VT_OK;
	const char *id;
	int i = 0;

	*ids = json_array(c->arena);
	for (given = json_first(given); given != NULL && err == VT_OK;
	     given = json_next(given), i++) {
		err = redeem_one(c, given,
		    arena_printf(c->arena, "%s[%d]", param, i), f, &id);
		if (err == VT_OK)
			json_add_str(*ids, id);
	}
	return err;
}

static bool
is_live(const struct doc *d, int64_t at_s)
{
	int64_t end;

	return !json_int_at(d->body, "end", &end) || at_s < end;
}

struct json *
discounts_live(struct call *c, const struct json *ids, int64_t at_s)
{
	struct json *out = json_array(c->arena);
	const struct doc *d;

	for (ids = json_first(ids); ids != NULL; ids = json_next(ids)) {
		d = doc_find(c, R_DISCOUNT, json_str(ids));
		if (d != NULL && is_live(d, at_s))
			json_add_str(out, d->id);
	}
	return out;
}

static bool
is_for(const struct json *products, const char *product)
{
	if (products == NULL)
		return true;
	for (products = json_first(products); products != NULL;
	     products = json_next(products))
		if (product != NULL && strcmp(json_str(products), product) == 0)
			return true;
	return false;
}

void
discount_apply(const struct doc *discount, const char *currency,
    struct bill_line *lines, const char *const *products, size_t count)
{
	const struct json *coupon = json_get(discount->hidden, "coupon");
	const struct json *only = json_at(coupon, "applies_to.products");
	const char *text = json_str_at(coupon, "percent_off");
	int64_t amount = 0;
	decimal percent = 0;

	for (size_t i = 0; i < count; i++)
		lines[i].takes = lines[i].takes && is_for(only, products[i]);
	if (text != NULL) {
		(void)decimal_parse(text, &percent); /* was checked */
		bill_percent(lines, count, percent);
		return;
	}
	(void)amount_in(
	    json_get(coupon, "currency_options"), currency, &amount);
	bill_amount(lines, count, amount);
}

/* The list without this id. */
static void
drop(struct call *c, struct json *body, const char *id)
{
	struct json *left = json_array(c->arena);

	for (const struct json *j = json_first(json_get(body, "discounts"));
	     j != NULL; j = json_next(j))
		if (strcmp(json_str(j), id) != 0)
			json_add_copy(left, j);
	json_put_copy(body, "discounts", left);
}

enum vt_err
discount_end(struct call *c, struct doc *discount)
{
	const char *sub = json_str_at(discount->body, "subscription");
	const char *customer = json_str_at(discount->body, "customer");
	struct doc *owner;
	enum vt_err err;

	json_put_int(discount->body, "end", c->now_s);
	err = doc_save(c, discount);
	if (err == VT_OK)
		err = event_emit(c, "customer.discount.deleted", discount);
	if (err != VT_OK)
		return err;
	if (sub != NULL) {
		owner = doc_find(c, R_SUBSCRIPTION, sub);
		if (owner == NULL)
			return VT_OK;
		drop(c, owner->body, discount->id);
		return subscription_save(c, owner, NULL);
	}
	owner = customer == NULL ? NULL : doc_find(c, R_CUSTOMER, customer);
	if (owner == NULL || owner->deleted ||
	    !doc_is(owner, "discount.id", discount->id))
		return VT_OK;
	json_put_null(owner->body, "discount");
	err = doc_save(c, owner);
	return err == VT_OK ? event_updated(c, "customer.updated", owner) : err;
}

enum vt_err
discount_used(struct call *c, struct doc *discount)
{
	const char *duration = json_str_at(discount->hidden, "coupon.duration");

	/* One on the invoice itself, or its item, stays what it is. */
	if (strcmp(duration, "once") != 0 || !is_live(discount, c->now_s) ||
	    json_str_at(discount->body, "invoice") != NULL ||
	    json_str_at(discount->body, "invoice_item") != NULL)
		return VT_OK;
	return discount_end(c, discount);
}
