/* settle_facts: refunds and disputes as rows, merged by rank. */
#include <string.h>

#include "ledger/settle.h"

enum { REFUND_ADD, REFUND_RAISE, DISPUTE_ADD, DISPUTE_SET, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[REFUND_ADD] = "INSERT INTO refunds (re, charge, pi, amount, currency, "
		       "status, rank, created_at, updated_at) VALUES (:re, "
		       ":charge, :pi, :amount, :currency, :status, :rank, "
		       ":now, :now)",
	[REFUND_RAISE] =
	    "UPDATE refunds SET status = :status, rank = :rank, "
	    "amount = :amount, charge = COALESCE(charge, :charge), "
	    "pi = COALESCE(pi, :pi), updated_at = :now "
	    "WHERE re = :re AND rank < :rank",
	[DISPUTE_ADD] = "INSERT INTO disputes (dp, charge, pi, amount, "
			"currency, status, effect, created_at, updated_at) "
			"VALUES (:dp, :charge, :pi, :amount, :currency, "
			":status, :effect, :now, :now)",
	[DISPUTE_SET] =
	    "UPDATE disputes SET status = :status, effect = :effect, "
	    "amount = :amount, charge = COALESCE(charge, :charge), "
	    "pi = COALESCE(pi, :pi), updated_at = :now "
	    "WHERE dp = :dp AND (status <> :status OR amount <> :amount)",
};

/* A refund's status only rises; a failed one was a succeeded one before. */
static const struct {
	const char *status;
	int rank;
} refund_ranks[] = {
	{ "pending", 1 },
	{ "requires_action", 2 },
	{ "succeeded", 3 },
	{ "failed", 4 },
	{ "canceled", 4 },
};

/* What each status of a dispute means for the lot (docs/ledger.md). */
static const struct {
	const char *status, *effect;
} dispute_effects[] = {
	{ "warning_needs_response", "flag" },
	{ "warning_under_review", "flag" },
	{ "prevented", "flag" },
	{ "needs_response", "freeze" },
	{ "under_review", "freeze" },
	{ "appeal_needs_response", "freeze" },
	{ "appeal_under_review", "freeze" },
	{ "lost", "lost" },
	{ "won", "none" },
	{ "warning_closed", "none" },
};

static int
rank_of(const char *status)
{
	for (size_t i = 0; i < countof(refund_ranks); i++)
		if (strcmp(refund_ranks[i].status, status) == 0)
			return refund_ranks[i].rank;
	return 1; /* not known: nothing is final */
}

static const char *
effect_of(const char *status)
{
	for (size_t i = 0; i < countof(dispute_effects); i++)
		if (strcmp(dispute_effects[i].status, status) == 0)
			return dispute_effects[i].effect;
	return "freeze"; /* not known: nobody spends it until it is */
}

/* The row is there already: change it if the fact is newer. */
static enum vt_err
known(struct db *db, enum vt_err err, bool *changed)
{
	if (err == VT_OK)
		*changed = db_changes(db) == 1;
	return err;
}

enum vt_err
settle_refund(struct db *db, const struct refund_fact *f, bool *changed)
{
	int rank = rank_of(f->status);
	enum vt_err err;

	*changed = true;
	err = db_exec(db, sql[REFUND_ADD], DB_TEXT("re", f->re),
	    DB_TEXT("charge", f->charge), DB_TEXT("pi", f->pi),
	    DB_INT("amount", f->amount), DB_TEXT("currency", f->currency),
	    DB_TEXT("status", f->status), DB_INT("rank", rank),
	    DB_INT("now", f->now_ms));
	if (err != VT_CONFLICT)
		return err;
	return known(db,
	    db_exec(db, sql[REFUND_RAISE], DB_TEXT("re", f->re),
		DB_TEXT("charge", f->charge), DB_TEXT("pi", f->pi),
		DB_INT("amount", f->amount), DB_TEXT("status", f->status),
		DB_INT("rank", rank), DB_INT("now", f->now_ms)),
	    changed);
}

enum vt_err
settle_dispute(struct db *db, const struct dispute_fact *f, bool *changed)
{
	const char *effect = effect_of(f->status);
	enum vt_err err;

	*changed = true;
	err = db_exec(db, sql[DISPUTE_ADD], DB_TEXT("dp", f->dp),
	    DB_TEXT("charge", f->charge), DB_TEXT("pi", f->pi),
	    DB_INT("amount", f->amount), DB_TEXT("currency", f->currency),
	    DB_TEXT("status", f->status), DB_TEXT("effect", effect),
	    DB_INT("now", f->now_ms));
	if (err != VT_CONFLICT)
		return err;
	return known(db,
	    db_exec(db, sql[DISPUTE_SET], DB_TEXT("dp", f->dp),
		DB_TEXT("charge", f->charge), DB_TEXT("pi", f->pi),
		DB_INT("amount", f->amount), DB_TEXT("status", f->status),
		DB_TEXT("effect", effect), DB_INT("now", f->now_ms)),
	    changed);
}
