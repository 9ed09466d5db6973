/* settle_facts: refunds and disputes as rows, merged by rank. */
#include <string.h>

#include "ledger/settle.h"

enum { REFUND_ADD, REFUND_RAISE, DISPUTE_ADD, DISPUTE_SET, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[REFUND_ADD] = "INSERT INTO refunds (re, charge, pi, amount, currency, "
		       "status, rank, created_at, updated_at) SELECT :re, "
		       ":charge, :pi, :amount, :currency, :status, :rank, "
		       ":now, :now WHERE NOT EXISTS "
		       "(SELECT 1 FROM refunds WHERE re = :re)",
	[REFUND_RAISE] =
	    "UPDATE refunds SET status = :status, rank = :rank, "
	    "amount = :amount, charge = COALESCE(charge, :charge), "
	    "pi = COALESCE(pi, :pi), updated_at = :now "
	    "WHERE re = :re AND rank < :rank",
	[DISPUTE_ADD] = "INSERT INTO disputes (dp, charge, pi, amount, "
			"currency, status, effect, created_at, updated_at) "
			"SELECT :dp, :charge, :pi, :amount, :currency, "
			":status, :effect, :now, :now WHERE NOT EXISTS "
			"(SELECT 1 FROM disputes WHERE dp = :dp)",
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

int
settle_refund_rank(const char *status)
{
	for (size_t i = 0; i < countof(refund_ranks); i++)
		if (strcmp(refund_ranks[i].status, status) == 0)
			return refund_ranks[i].rank;
	return 1; /* not known: nothing is final */
}

const char *
settle_dispute_effect(const char *status)
{
	for (size_t i = 0; i < countof(dispute_effects); i++)
		if (strcmp(dispute_effects[i].status, status) == 0)
			return dispute_effects[i].effect;
	return "freeze"; /* not known: nobody spends it until it is */
}

/* True if the statement before this one wrote its row. */
static bool
wrote(struct db *db, enum vt_err err, bool *changed)
{
	*changed = err == VT_OK && db_changes(db) == 1;
	return *changed;
}

enum vt_err
settle_refund(struct db *db, const struct refund_fact *f, bool *changed)
{
	int rank = settle_refund_rank(f->status);
	enum vt_err err;

	err = db_exec(db, sql[REFUND_ADD], DB_TEXT("re", f->re),
	    DB_TEXT("charge", f->charge), DB_TEXT("pi", f->pi),
	    DB_INT("amount", f->amount), DB_TEXT("currency", f->currency),
	    DB_TEXT("status", f->status), DB_INT("rank", rank),
	    DB_INT("now", f->now_ms));
	if (err != VT_OK || wrote(db, err, changed))
		return err;
	/* It is known: this fact counts if it is newer. */
	err = db_exec(db, sql[REFUND_RAISE], DB_TEXT("re", f->re),
	    DB_TEXT("charge", f->charge), DB_TEXT("pi", f->pi),
	    DB_INT("amount", f->amount), DB_TEXT("status", f->status),
	    DB_INT("rank", rank), DB_INT("now", f->now_ms));
	(void)wrote(db, err, changed); /* *changed says it */
	return err;
}

enum vt_err
settle_dispute(struct db *db, const struct dispute_fact *f, bool *changed)
{
	const char *effect = settle_dispute_effect(f->status);
	enum vt_err err;

	err = db_exec(db, sql[DISPUTE_ADD], DB_TEXT("dp", f->dp),
	    DB_TEXT("charge", f->charge), DB_TEXT("pi", f->pi),
	    DB_INT("amount", f->amount), DB_TEXT("currency", f->currency),
	    DB_TEXT("status", f->status), DB_TEXT("effect", effect),
	    DB_INT("now", f->now_ms));
	if (err != VT_OK || wrote(db, err, changed))
		return err;
	err = db_exec(db, sql[DISPUTE_SET], DB_TEXT("dp", f->dp),
	    DB_TEXT("charge", f->charge), DB_TEXT("pi", f->pi),
	    DB_INT("amount", f->amount), DB_TEXT("status", f->status),
	    DB_TEXT("effect", effect), DB_INT("now", f->now_ms));
	(void)wrote(db, err, changed); /* *changed says it */
	return err;
}
