/* thresholds: see thresholds.h. */
#include "ledger/thresholds.h"

#include <assert.h>
#include <string.h>

#include "base/fault.h"

enum { STATE, FIRST, AGAIN, REARM, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[STATE] = "SELECT fired, crossings FROM low_balances "
		  "WHERE user = :user AND threshold = :threshold",
	[FIRST] = "INSERT INTO low_balances (user, threshold, fired, "
		  "crossings, available, crossed_at) VALUES (:user, "
		  ":threshold, 1, :number, :available, :now)",
	[AGAIN] = "UPDATE low_balances SET fired = 1, crossings = :number, "
		  "available = :available, crossed_at = :now "
		  "WHERE user = :user AND threshold = :threshold",
	[REARM] = "UPDATE low_balances SET fired = 0 WHERE user = :user "
		  "AND threshold < :there AND fired = 1",
};

/* One for the process: set before the first thread, then only read. */
static struct {
	int64_t tokens[THRESHOLDS_MAX];
	size_t count;
	crossing_fn fn;
} self;

void
thresholds_set(const int64_t *tokens, size_t count, crossing_fn fn)
{
	assert(count <= THRESHOLDS_MAX);
	for (size_t i = 0; i < count; i++) {
		assert(tokens[i] > 0);
		self.tokens[i] = tokens[i];
	}
	self.count = count;
	self.fn = fn;
}

/*
 * `above` is known to have been so before; else it fires only if it has not
 * since it last was.
 */
static enum vt_err
fire(struct db *db, struct crossing *c, bool above)
{
	const char *keep = sql[FIRST];
	bool fired = false;
	enum vt_err err;
	struct query q;

	c->number = 1;
	err = db_row(&q, db, sql[STATE], DB_INT("user", c->user),
	    DB_INT("threshold", c->threshold));
	if (err == VT_OK) {
		keep = sql[AGAIN];
		fired = db_int(&q, 0) != 0;
		c->number = db_int(&q, 1) + 1;
		db_done(&q);
	}
	if ((err != VT_OK && err != VT_NOTFOUND) || (fired && !above))
		return err;
	err = db_exec(db, keep, DB_INT("user", c->user),
	    DB_INT("threshold", c->threshold), DB_INT("number", c->number),
	    DB_INT("available", c->available), DB_INT("now", c->now_ms));
	fault_point("thresholds.before_telling");
	return err == VT_OK ? self.fn(db, c) : err;
}

/* What is looked at: what has lapsed goes when that is booked. */
static int64_t
there(const struct balance *b)
{
	return b->available + b->lapsed;
}

static enum vt_err
moved(struct db *db, int64_t user, int64_t before, const struct balance *b,
    int64_t now_ms)
{
	struct crossing c = {
		.user = user, .available = b->available, .now_ms = now_ms
	};
	int64_t after = there(b);
	enum vt_err err = VT_OK;

	if (after > before)
		return db_exec(db, sql[REARM], DB_INT("user", user),
		    DB_INT("there", after));
	for (size_t i = 0; err == VT_OK && i < self.count; i++) {
		c.threshold = self.tokens[i];
		if (after < c.threshold && c.threshold <= before)
			err = fire(db, &c, before > c.threshold);
	}
	return err;
}

enum vt_err
thresholds_taken(struct db *db, int64_t user, int64_t tokens,
    const struct balance *after, int64_t now_ms)
{
	if (self.count == 0)
		return VT_OK;
	return moved(db, user, there(after) + tokens, after, now_ms);
}

enum vt_err
thresholds_begin(
    struct db *db, int64_t user, int64_t now_ms, struct threshold_watch *out)
{
	struct balance b;
	enum vt_err err;

	*out = (struct threshold_watch){
		.user = user, .now_ms = now_ms, .on = self.count > 0
	};
	if (!out->on)
		return VT_OK;
	err = ledger_balance(db, user, now_ms, &b);
	out->before = there(&b);
	return err;
}

enum vt_err
thresholds_end(struct db *db, const struct threshold_watch *w)
{
	struct balance b;
	enum vt_err err;

	if (!w->on)
		return VT_OK;
	err = ledger_balance(db, w->user, w->now_ms, &b);
	return err == VT_OK ? moved(db, w->user, w->before, &b, w->now_ms)
			    : err;
}
