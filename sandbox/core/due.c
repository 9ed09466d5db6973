/* due: see due.h. */
#include "core/due.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "invoices/invoice.h"
#include "payments/checkout.h"
#include "payments/dispute.h"
#include "payments/payment.h"
#include "payments/refund.h"
#include "subscriptions/portal.h"
#include "subscriptions/subscription.h"
#include "subscriptions/test_clock.h"

#define AGAIN_MS 60000 /* when what failed is tried again */

/*
 * What happens to an object whose time has come. It is saved with its next
 * time, or none, by whoever changes it. VT_FUNDS is an outcome like VT_OK.
 */
static const struct {
	enum resource_kind kind;
	enum vt_err (*run)(struct call *c, struct doc *d);
} works[] = {
	{ R_PAYMENT_INTENT, payment_due },
	{ R_REFUND, refund_due },
	{ R_INVOICE, invoice_due },
	{ R_DISPUTE, dispute_due },
	{ R_CHECKOUT_SESSION, checkout_due },
	{ R_PORTAL_SESSION, portal_due },
	{ R_SUBSCRIPTION, subscription_due },
	{ R_TEST_CLOCK, test_clock_due },
};

/* The first that is due by a clock, the machine's being NULL. */
#define FIRST_SQL(clock)                                    \
	"SELECT id, kind, due_at FROM objects WHERE " clock \
	" AND due_at <= :until ORDER BY due_at, seq LIMIT 1"

struct first {
	const char *id, *kind;
	int64_t at_ms;
};

static enum vt_err
find_first(
    struct call *c, const char *clock, int64_t until_ms, struct first *out)
{
	struct query q;
	enum vt_err err;

	err = clock == NULL
	    ? db_row(&q, c->box->db, FIRST_SQL("clock IS NULL"),
		  DB_INT("until", until_ms))
	    : db_row(&q, c->box->db, FIRST_SQL("clock = :clock"),
		  DB_TEXT("clock", clock), DB_INT("until", until_ms));
	if (err != VT_OK)
		return err;
	out->id = arena_strdup(c->arena, db_text(&q, 0));
	out->kind = arena_strdup(c->arena, db_text(&q, 1));
	out->at_ms = db_int(&q, 2);
	db_done(&q);
	return VT_OK;
}

/* Does it, as of its time. */
static enum vt_err
work(struct call *c, const struct first *f)
{
	struct doc *d;
	enum vt_err err;

	c->now_s = f->at_ms / 1000;
	for (size_t i = 0; i < countof(works); i++) {
		if (strcmp(resources[works[i].kind].object, f->kind) != 0)
			continue;
		d = doc_find(c, works[i].kind, f->id);
		if (d == NULL)
			return VT_DB;
		err = works[i].run(c, d);
		return err == VT_FUNDS ? VT_OK : err;
	}
	return VT_DB; /* nobody knows what to do with it */
}

bool
due_is(struct box *b)
{
	struct query q;

	if (db_row(&q, b->db, FIRST_SQL("clock IS NULL"),
		DB_INT("until", clock_now_ms())) != VT_OK)
		return false;
	db_done(&q);
	return true;
}

/* Nothing of it lasts; so that the rest is not held up, it waits. */
static void
postpone(struct call *c, const struct first *f, enum vt_err why)
{
	LOG(LOG_ERROR, "due.failed", LOG_S("object", f->id),
	    LOG_S("result", vt_err_name(why)),
	    LOG_S("message", c->error.message != NULL ? c->error.message : ""));
	if (db_exec(c->box->db,
		"UPDATE objects SET due_at = :next WHERE id = :id",
		DB_INT("next", clock_now_ms() + AGAIN_MS),
		DB_TEXT("id", f->id)) != VT_OK)
		LOG(LOG_ERROR, "due.not_postponed", LOG_S("object", f->id));
}

bool
due_run(struct box *b)
{
	struct arena *a = arena_new();
	struct first f;
	struct call c;
	enum vt_err err;
	bool found;

	call_init(&c, b, a);
	found = find_first(&c, NULL, clock_now_ms(), &f) == VT_OK;
	if (found) {
		err = db_begin(b->db);
		if (err == VT_OK)
			err = work(&c, &f);
		if (err == VT_OK)
			err = db_commit(b->db);
		if (err != VT_OK) {
			db_rollback(b->db);
			postpone(&c, &f, err);
			test_clock_failed(&c, f.id);
		}
	}
	arena_free(a);
	return found;
}

enum vt_err
due_step(struct call *c, const char *clock, int64_t until_s, int64_t *at_s)
{
	struct first f;
	enum vt_err err;

	err = find_first(c, clock, until_s * 1000 + 999, &f);
	if (err != VT_OK)
		return err;
	c->clock = clock;
	err = work(c, &f);
	*at_s = f.at_ms / 1000;
	return err;
}
