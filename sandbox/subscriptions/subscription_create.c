/* subscription_create: see subscription_create.h. */
#include "subscriptions/subscription_create.h"

#include <string.h>

#include "core/event.h"
#include "core/settings.h"
#include "subscriptions/subscription_item.h"

#define DAY_S INT64_C(86400)
#define TRIAL_S_MAX (2 * 366 * DAY_S)

/* A subscription in the making. */
struct making {
	struct doc *sub;
	const struct json *params;
	struct doc **items;
	size_t count;
	int64_t start_s, anchor_s;
	int64_t trial_end_s; /* 0: none */
};

static enum vt_err
put_customer(struct call *c, struct making *m)
{
	const char *id = json_str_at(m->params, "customer");
	struct doc *customer;
	enum vt_err err = doc_need(c, R_CUSTOMER, id, "customer", &customer);

	if (err != VT_OK)
		return err;
	json_put_str(m->sub->body, "customer", id);
	json_put_copy(
	    m->sub->body, "test_clock", json_get(customer->body, "test_clock"));
	return VT_OK;
}

static void
put_mode(struct making *m)
{
	const char *type = json_str_at(m->params, "billing_mode.type");
	const char *discounts =
	    json_str_at(m->params, "billing_mode.flexible.proration_discounts");
	struct json *mode = json_put_object(m->sub->body, "billing_mode");

	if (type != NULL && strcmp(type, "classic") == 0)
		json_put_null(mode, "flexible");
	else
		json_put_str(json_put_object(mode, "flexible"),
		    "proration_discounts",
		    discounts != NULL ? discounts : "included");
	json_put_str(mode, "type", type != NULL ? type : "flexible");
}

static enum vt_err
read_items(struct call *c, struct making *m)
{
	const struct json *list = json_get(m->params, "items"), *j;
	enum vt_err err = VT_OK;
	int i = 0;

	m->items =
	    arena_array(c->arena, json_count(list) + 1, sizeof(struct doc *));
	json_put_copy(
	    m->sub->body, "currency", json_get(m->params, "currency"));
	for (j = json_first(list); j != NULL && err == VT_OK;
	     j = json_next(j)) {
		m->items[m->count] = subscription_item_new(c, m->sub);
		err = subscription_item_apply(c, m->sub, m->items[m->count++],
		    j, arena_printf(c->arena, "items[%d]", i++));
	}
	return err == VT_OK
	    ? subscription_item_check(c, m->sub, m->items, m->count)
	    : err;
}

/* All that a customer is billed for is in one currency. */
static enum vt_err
put_currency(struct call *c, struct making *m)
{
	const char *currency = json_str_at(m->sub->body, "currency");
	struct doc *customer =
	    doc_find(c, R_CUSTOMER, json_str_at(m->sub->body, "customer"));
	const char *has;
	enum vt_err err;

	if (customer == NULL)
		return VT_DB;
	has = json_str_at(customer->body, "currency");
	if (has != NULL && strcmp(has, currency) != 0)
		return call_fail(c, 400, NULL, "currency",
		    "You cannot combine currencies on a single customer. This "
		    "customer has had a subscription, coupon, or invoice item "
		    "with currency %s",
		    has);
	if (has != NULL)
		return VT_OK;
	json_put_str(customer->body, "currency", currency);
	err = doc_save(c, customer);
	return err == VT_OK ? event_updated(c, "customer.updated", customer)
			    : err;
}

/* --- when it begins
 * --------------------------------------------------------------- */

static enum vt_err
read_trial(struct call *c, struct making *m)
{
	const struct json *end = json_get(m->params, "trial_end");
	bool from_plan = false;
	int64_t days = 0;

	(void)json_bool(json_get(m->params, "trial_from_plan"), &from_plan);
	(void)json_int_at(m->params, "trial_period_days", &days); /* else 0 */
	if (end != NULL && (days != 0 || from_plan))
		return call_fail(c, 400, "parameters_exclusive", "trial_end",
		    "You may only specify one of these parameters: trial_end, "
		    "trial_period_days, trial_from_plan.");
	for (size_t i = 0; i < m->count && from_plan && days == 0; i++)
		days =
		    doc_int(m->items[i], "price.recurring.trial_period_days");
	if (json_is_string(end)) /* "now" */
		return VT_OK;
	if (!json_int(end, &m->trial_end_s))
		m->trial_end_s = days == 0 ? 0 : c->now_s + days * DAY_S;
	if (end != NULL &&
	    (m->trial_end_s <= c->now_s ||
		m->trial_end_s > c->now_s + TRIAL_S_MAX))
		return call_fail(c, 400, NULL, "trial_end",
		    "Invalid timestamp: must be an integer Unix timestamp in "
		    "the future, by two years at the most.");
	return VT_OK;
}

static int
member(const struct json *config, const char *name)
{
	int64_t n = -1;

	(void)json_int_at(config, name, &n); /* absent: as now */
	return (int)n;
}

static void
put_anchor_config(struct making *m, const struct json *config, int64_t now_s)
{
	static const char *const names[] = { "day_of_month", "hour", "minute",
		"month", "second", NULL };
	struct json *o =
	    json_put_object(m->sub->body, "billing_cycle_anchor_config");
	struct period_point at = { member(config, "month"),
		member(config, "day_of_month"), member(config, "hour"),
		member(config, "minute"), member(config, "second") };

	for (const char *const *n = names; *n != NULL; n++)
		json_put_copy(o, *n, json_get(config, *n));
	m->anchor_s = period_next_point(&at, now_s);
}

/* No item may have to wait for longer than one of its periods. */
static enum vt_err
check_anchor(struct call *c, const struct making *m, int64_t from_s)
{
	struct period p;

	for (size_t i = 0; i < m->count; i++) {
		p = period_of(
		    json_at(m->items[i]->body, "price.recurring"), from_s);
		if (m->anchor_s > period_boundary(&p, 1))
			return call_fail(c, 400, NULL, "billing_cycle_anchor",
			    "billing_cycle_anchor cannot be later than next "
			    "natural billing date (%lld) for plan",
			    (long long)period_boundary(&p, 1));
	}
	return VT_OK;
}

static enum vt_err
read_anchor(struct call *c, struct making *m)
{
	const struct json *config =
	    json_get(m->params, "billing_cycle_anchor_config");
	const char *anchor = json_str_at(
	    m->params, "trial_settings.end_behavior.billing_cycle_anchor");
	bool unchanged = anchor != NULL && strcmp(anchor, "unchanged") == 0;
	int64_t from_s =
	    m->trial_end_s != 0 && !unchanged ? m->trial_end_s : m->start_s;
	bool given;

	m->anchor_s = from_s;
	given = json_int_at(m->params, "billing_cycle_anchor", &m->anchor_s);
	if (given && config != NULL)
		return call_fail(c, 400, "parameters_exclusive",
		    "billing_cycle_anchor_config",
		    "You may only specify one of these parameters: "
		    "billing_cycle_anchor, billing_cycle_anchor_config.");
	if (given && m->anchor_s < c->now_s)
		return call_fail(c, 400, NULL, "billing_cycle_anchor",
		    "billing_cycle_anchor must be in the future.");
	if (config != NULL)
		put_anchor_config(m, config, from_s);
	return given || config != NULL ? check_anchor(c, m, from_s) : VT_OK;
}

static enum vt_err
read_start(struct call *c, struct making *m)
{
	m->start_s = c->now_s;
	if (json_int_at(m->params, "backdate_start_date", &m->start_s) &&
	    m->start_s >= c->now_s)
		return call_fail(c, 400, NULL, "backdate_start_date",
		    "`backdate_start_date` must be in the past.");
	return VT_OK;
}

/* The first period: up to the end of the trial, or the next boundary. */
static void
put_periods(struct call *c, struct making *m)
{
	int64_t cancel_s = doc_int(m->sub, "cancel_at"), from_s, end_s;
	struct period p;

	json_put_int(m->sub->body, "billing_cycle_anchor", m->anchor_s);
	for (size_t i = 0; i < m->count; i++) {
		p = subscription_period(m->sub, m->items[i]);
		from_s = period_begin(&p, c->now_s);
		if (from_s < m->start_s || m->trial_end_s != 0)
			from_s = m->trial_end_s != 0 ? c->now_s : m->start_s;
		end_s = m->trial_end_s != 0 ? m->trial_end_s
					    : period_end(&p, c->now_s);
		if (cancel_s > from_s && cancel_s < end_s)
			end_s = cancel_s;
		json_put_int(m->items[i]->body, "current_period_start", from_s);
		json_put_int(m->items[i]->body, "current_period_end", end_s);
	}
}

static enum vt_err
save_items(struct call *c, struct making *m)
{
	enum vt_err err = VT_OK;

	put_periods(c, m);
	for (size_t i = 0; i < m->count && err == VT_OK; i++)
		err = doc_save(c, m->items[i]);
	return err;
}

static void
put_status(struct call *c, struct making *m)
{
	struct json *body = m->sub->body;

	json_put_int(body, "start_date", m->start_s);
	json_put_int(m->sub->hidden, "renewed_at", c->now_s);
	if (m->trial_end_s != 0) {
		json_put_str(body, "status", "trialing");
		json_put_int(body, "trial_start", c->now_s);
		json_put_int(body, "trial_end", m->trial_end_s);
	} else if (doc_is(m->sub, "collection_method", "send_invoice"))
		json_put_str(body, "status", "active");
}

enum vt_err
subscription_create(struct call *c, const struct json *params, struct doc **out)
{
	struct making m = { .sub = doc_new(c, R_SUBSCRIPTION),
		.params = params };
	enum vt_err err = put_customer(c, &m);

	*out = m.sub;
	put_mode(&m);
	if (err == VT_OK)
		err = read_items(c, &m);
	if (err == VT_OK)
		err = put_currency(c, &m);
	if (err == VT_OK)
		err = read_start(c, &m);
	if (err == VT_OK)
		err = read_trial(c, &m);
	if (err == VT_OK)
		err = read_anchor(c, &m);
	if (err != VT_OK)
		return err;
	err = save_items(c, &m);
	if (err == VT_OK)
		err = settings_apply(c, m.sub, params);
	if (err != VT_OK)
		return err;
	put_status(c, &m);
	/* An end inside the first period is known by now. */
	err = save_items(c, &m);
	return err == VT_OK ? subscription_save(c, m.sub, NULL) : err;
}
