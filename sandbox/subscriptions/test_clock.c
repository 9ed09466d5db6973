/* test_clock: see test_clock.h; and /v1/test_helpers/test_clocks. */
#include "subscriptions/test_clock.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/due.h"
#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"
#include "payments/customer.h"
#include "subscriptions/subscription.h"

#define LIFE_S (30 * INT64_C(86400))
#define TWO_YEARS_S (2 * 366 * INT64_C(86400))
#define TIME_S_MAX INT64_C(32503680000) /* the year 3000 */

static const struct param create_params[] = {
	PARAM_RANGE("frozen_time", P_INT, P_REQUIRED, 0, TIME_S_MAX),
	PARAM("customer", P_STR, 0),
	PARAM_RANGE("name", P_STR, 0, 0, 300),
	PARAM_END,
};
static const struct param advance_params[] = {
	PARAM_RANGE("frozen_time", P_INT, P_REQUIRED, 0, TIME_S_MAX),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM_END,
};

static bool
is_advancing(const struct doc *d)
{
	return doc_is(d, "status", "advancing");
}

/* --- whose time a call lives by ------------------------------------------ */

/* The clock behind an object, or the clock itself when a customer is made
 * on it; NULL for none. */
static const char *
clock_behind(struct call *c, const char *name, const char *id)
{
	const char *clock = NULL;
	struct query q;

	if (id == NULL)
		return NULL;
	if (strcmp(name, "test_clock") == 0)
		return id;
	if (db_row(&q, c->box->db, "SELECT clock FROM objects WHERE id = :id",
		DB_TEXT("id", id)) != VT_OK)
		return NULL;
	clock = arena_strdup(c->arena, db_text(&q, 0));
	db_done(&q);
	return clock;
}

enum vt_err
test_clock_enter(struct call *c)
{
	static const char *const names[] = { "customer", "subscription",
		"invoice", "payment_intent", "charge", "test_clock", NULL };
	const char *clock = clock_behind(c, "", c->id);
	struct doc *d;

	for (const char *const *n = names; *n != NULL && clock == NULL; n++)
		clock = clock_behind(c, *n, json_str_at(c->params, *n));
	d = clock == NULL ? NULL : doc_find(c, R_TEST_CLOCK, clock);
	if (d == NULL || d->deleted)
		return VT_OK;
	if (c->request != NULL && c->request->method != HTTP_GET &&
	    is_advancing(d))
		return call_fail(c, 429, "lock_timeout", NULL,
		    "Test clock advancement underway - cannot perform "
		    "modifications. Wait until the clock %s is ready.",
		    d->id);
	c->clock = d->id;
	c->now_s = doc_int(d, "frozen_time");
	return VT_OK;
}

/* --- advancing ------------------------------------------------------------ */

static enum vt_err
save_and_emit(struct call *c, struct doc *d, const char *type)
{
	enum vt_err err = doc_save(c, d);

	return err == VT_OK ? event_emit(c, type, d) : err;
}

/* It does not move any more, and ends when its life does. */
static void
stand_still(struct doc *d, const char *status)
{
	json_put_str(d->body, "status", status);
	json_put_text(d->body, "status_details", "{}");
	d->due_ms = doc_int(d, "deletes_after") * 1000;
}

/* Takes the clock and all that lives by it away. */
static enum vt_err
end(struct call *c, struct doc *d)
{
	struct doc *customer;
	struct doc_ids on;
	enum vt_err err;

	err = doc_ids(c, R_CUSTOMER, DOC_ON_CLOCK, d->id, &on);
	for (size_t i = 0; i < on.count && err == VT_OK; i++) {
		err = doc_need(c, R_CUSTOMER, on.ids[i], NULL, &customer);
		if (err == VT_OK)
			err = customer_delete(c, customer);
	}
	if (err == VT_OK)
		err = db_exec(c->box->db,
		    "UPDATE objects SET due_at = NULL WHERE clock = :clock",
		    DB_TEXT("clock", d->id));
	if (err == VT_OK)
		err = event_emit(c, "test_helpers.test_clock.deleted", d);
	if (err != VT_OK)
		return err;
	doc_bury(c, d);
	return doc_save(c, d);
}

enum vt_err
test_clock_due(struct call *c, struct doc *d)
{
	int64_t target =
	    doc_int(d, "status_details.advancing.target_frozen_time");
	int64_t real_s = c->now_s, at_s;
	enum vt_err err;

	if (!is_advancing(d))
		return end(c, d);
	err = due_step(c, d->id, target, &at_s);
	c->clock = NULL;
	c->now_s = real_s;
	if (err == VT_OK) {
		if (at_s > doc_int(d, "frozen_time"))
			json_put_int(d->body, "frozen_time", at_s);
		return doc_save(c, d);
	}
	if (err != VT_NOTFOUND)
		return err;
	json_put_int(d->body, "frozen_time", target);
	stand_still(d, "ready");
	return save_and_emit(c, d, "test_helpers.test_clock.ready");
}

void
test_clock_failed(struct call *c, const char *id)
{
	struct doc *d;
	enum vt_err err;

	call_init(c, c->box, c->arena);
	d = doc_find(c, R_TEST_CLOCK, id);
	if (d == NULL || !is_advancing(d) || db_begin(c->box->db) != VT_OK)
		return;
	stand_still(d, "internal_failure");
	err = save_and_emit(c, d, "test_helpers.test_clock.internal_failure");
	if (err != VT_OK || db_commit(c->box->db) != VT_OK)
		db_rollback(c->box->db);
}

/* --- operations ------------------------------------------------------- */

/* A customer that has nothing yet that another clock has moved. */
static enum vt_err
attach(struct call *c, const char *id, const char *clock)
{
	struct doc *customer;
	struct query q;
	enum vt_err err;

	err = doc_need(c, R_CUSTOMER, id, "customer", &customer);
	if (err != VT_OK)
		return err;
	if (customer->clock != NULL)
		return call_fail(c, 400, NULL, "customer",
		    "The customer %s is already attached to the test clock "
		    "%s, and cannot be removed from it.",
		    id, customer->clock);
	if (db_row(&q, c->box->db,
		"SELECT 1 FROM objects WHERE customer = :id AND due_at IS "
		"NOT NULL LIMIT 1",
		DB_TEXT("id", id)) == VT_OK) {
		db_done(&q);
		return call_fail(c, 400, NULL, "customer",
		    "The customer %s has subscriptions, invoices or payments "
		    "that go by the real time.",
		    id);
	}
	json_put_str(customer->body, "test_clock", clock);
	customer->clock = clock;
	err = doc_save(c, customer);
	if (err == VT_OK)
		err = db_exec(c->box->db,
		    "UPDATE objects SET clock = :clock WHERE id = :id OR "
		    "customer = :id",
		    DB_TEXT("clock", clock), DB_TEXT("id", id));
	return err == VT_OK ? event_updated(c, "customer.updated", customer)
			    : err;
}

static enum vt_err
create(struct call *c)
{
	static const char *const names[] = { "frozen_time", "name", NULL };
	const char *customer = json_str_at(c->params, "customer");
	struct doc *d = doc_new(c, R_TEST_CLOCK);
	enum vt_err err;

	doc_apply(d->body, c->params, names);
	json_put_int(d->body, "deletes_after", c->now_s + LIFE_S);
	stand_still(d, "ready");
	err = save_and_emit(c, d, "test_helpers.test_clock.created");
	if (err == VT_OK && customer != NULL)
		err = attach(c, customer, d->id);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_TEST_CLOCK, c->id);
}

static enum vt_err
list(struct call *c)
{
	return render_list(
	    c, &(struct list_filter){ .kind = R_TEST_CLOCK, .delivered = -1 });
}

/* How far it may go at once: two intervals of the shortest subscription. */
static enum vt_err
furthest(struct call *c, const struct doc *d, int64_t *out)
{
	int64_t now_s = doc_int(d, "frozen_time"), at_s;
	struct doc_ids on;
	enum vt_err err;

	*out = now_s + TWO_YEARS_S;
	err = doc_ids(c, R_SUBSCRIPTION, DOC_ON_CLOCK, d->id, &on);
	for (size_t i = 0; i < on.count && err == VT_OK; i++) {
		struct doc *sub = doc_find(c, R_SUBSCRIPTION, on.ids[i]);

		if (sub == NULL)
			return VT_DB;
		at_s = subscription_two_intervals(sub, now_s);
		if (at_s != 0 && at_s < *out)
			*out = at_s;
	}
	return err;
}

static enum vt_err
advance(struct call *c)
{
	int64_t target = 0, last_s;
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_TEST_CLOCK, c->id, NULL, &d);
	if (err == VT_OK)
		err = furthest(c, d, &last_s);
	if (err != VT_OK)
		return err;
	(void)json_int_at(c->params, "frozen_time", &target); /* required */
	if (is_advancing(d))
		return call_fail(c, 429, "lock_timeout", NULL,
		    "Test clock advancement underway - cannot perform "
		    "modifications.");
	if (!doc_is(d, "status", "ready"))
		return call_fail(c, 400, NULL, NULL,
		    "The test clock %s has failed and cannot be advanced any "
		    "more. Delete it.",
		    d->id);
	if (target <= doc_int(d, "frozen_time"))
		return call_fail(c, 400, NULL, "frozen_time",
		    "The `frozen_time` must be after the test clock's current "
		    "frozen time, %lld.",
		    (long long)doc_int(d, "frozen_time"));
	if (target > last_s)
		return call_fail(c, 400, NULL, "frozen_time",
		    "Test clocks can be advanced at most two intervals of the "
		    "shortest subscription at once, or two years when there "
		    "is none: until %lld.",
		    (long long)last_s);
	json_put_str(d->body, "status", "advancing");
	json_put_int(
	    json_put_object(json_edit(d->body, "status_details"), "advancing"),
	    "target_frozen_time", target);
	d->due_ms = clock_now_ms();
	err = save_and_emit(c, d, "test_helpers.test_clock.advancing");
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
remove_clock(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_TEST_CLOCK, c->id, NULL, &d);
	if (err == VT_OK)
		err = end(c, d);
	c->answer = err == VT_OK ? json_text(c->arena, d->body) : NULL;
	return err;
}

const struct operation test_clock_operations[] = {
	{ HTTP_POST, "/v1/test_helpers/test_clocks", create_params, create, 0 },
	{ HTTP_GET, "/v1/test_helpers/test_clocks", list_params, list, 0 },
	{ HTTP_GET, "/v1/test_helpers/test_clocks/{}", params_none, retrieve,
	    0 },
	{ HTTP_DELETE, "/v1/test_helpers/test_clocks/{}", params_none,
	    remove_clock, 0 },
	{ HTTP_POST, "/v1/test_helpers/test_clocks/{}/advance", advance_params,
	    advance, 0 },
	{ 0 },
};
