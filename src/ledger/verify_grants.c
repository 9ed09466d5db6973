/*
 * verify_grants: each grant beside the movement and the lot that it is, and
 * beside what refunds and disputes say must be taken back of it or frozen.
 */
#include <inttypes.h>
#include <string.h>

#include "ledger/settle.h"
#include "ledger/verify_parts.h"

static const char grants_sql[] =
    "SELECT g.tx, g.source, l.tx IS g.tx AND l.granted IS g.granted, "
    "EXISTS (SELECT 1 FROM movements m WHERE m.tx = g.tx "
    "AND m.cause = g.source) FROM grants g LEFT JOIN lots l ON l.id = g.lot "
    "ORDER BY g.tx";

static const char lost_sql[] =
    "SELECT l.id, l.origin FROM lots l "
    "WHERE l.origin IN ('purchase', 'subscription') AND NOT EXISTS "
    "(SELECT 1 FROM grants g WHERE g.tx = l.tx AND g.lot = l.id)";

/* Grants that something was told of. Of the others nothing is booked. */
static const char concerned_sql[] =
    "SELECT tx, source FROM grants WHERE booked <> 0 OR steps <> 0 "
    "OR since IS NOT NULL OR alarm IS NOT NULL "
    "OR charge IN (SELECT charge FROM refunds UNION ALL "
    "SELECT charge FROM disputes) "
    "OR source IN (SELECT 'pi:' || pi FROM refunds UNION ALL "
    "SELECT 'pi:' || pi FROM disputes) ORDER BY tx";

static const char refunds_sql[] = "SELECT re, status, rank FROM refunds";
static const char disputes_sql[] = "SELECT dp, status, effect FROM disputes";

static enum vt_err
check_grant(struct verify *v, struct query *q)
{
	if (db_int(q, 2) == 0)
		verify_fault(v, "grant.lot",
		    "The grant of %s names a lot that is not its own, or not "
		    "of as many tokens.",
		    db_text(q, 1));
	if (db_int(q, 3) == 0)
		verify_fault(v, "grant.source",
		    "The grant of %s is of row %" PRId64
		    ", which no such movement paid.",
		    db_text(q, 1), db_int(q, 0));
	return VT_OK;
}

static enum vt_err
name_lost(struct verify *v, struct query *q)
{
	verify_fault(v, "grant.missing",
	    "Lot %" PRId64 " (%s) belongs to no grant, so nothing could be "
	    "taken back of it.",
	    db_int(q, 0), db_text(q, 1));
	return VT_OK;
}

static enum vt_err
check_settled(struct verify *v, struct query *q)
{
	struct settle_review r;
	enum vt_err err = settle_review(v->db, db_int(q, 0), &r);

	if (err != VT_OK) /* what is missing is told of elsewhere */
		return err == VT_NOTFOUND ? VT_OK : err;
	if (r.booked != r.want)
		verify_fault(v, "grant.settled",
		    "Of the grant of %s %" PRId64 " tokens were taken back; "
		    "its refunds and disputes ask for %" PRId64 ".",
		    db_text(q, 1), r.booked, r.want);
	if (r.frozen != r.freeze)
		verify_fault(v, "grant.frozen",
		    "Of the grant of %s %" PRId64 " tokens are frozen; its "
		    "refunds and disputes ask for %" PRId64 ".",
		    db_text(q, 1), r.frozen, r.freeze);
	if (r.since != r.out)
		verify_fault(v, "grant.since",
		    "The grant of %s is marked as %s, against what its "
		    "refunds and disputes say.",
		    db_text(q, 1), r.since ? "concerned" : "untouched");
	return VT_OK;
}

static enum vt_err
check_refund(struct verify *v, struct query *q)
{
	if (db_int(q, 2) != settle_refund_rank(db_text(q, 1)))
		verify_fault(v, "refund.rank",
		    "Refund %s is %s and has the rank %" PRId64 ".",
		    db_text(q, 0), db_text(q, 1), db_int(q, 2));
	return VT_OK;
}

static enum vt_err
check_dispute(struct verify *v, struct query *q)
{
	if (strcmp(db_text(q, 2), settle_dispute_effect(db_text(q, 1))) != 0)
		verify_fault(v, "dispute.effect",
		    "Dispute %s is %s and has the effect \"%s\".",
		    db_text(q, 0), db_text(q, 1), db_text(q, 2));
	return VT_OK;
}

enum vt_err
verify_grants(struct verify *v)
{
	static const struct {
		const char *sql;
		enum vt_err (*row)(struct verify *, struct query *);
	} looks[] = { { grants_sql, check_grant }, { lost_sql, name_lost },
		{ concerned_sql, check_settled }, { refunds_sql, check_refund },
		{ disputes_sql, check_dispute } };
	enum vt_err err = VT_OK;
	struct walk w;

	for (size_t i = 0; i < countof(looks) && err == VT_OK; i++) {
		err = walk_start(&w, v->db, looks[i].sql);
		while (err == VT_OK && w.on_row) {
			err = looks[i].row(v, &w.q);
			if (err == VT_OK)
				err = walk_next(&w);
		}
		walk_end(&w);
	}
	return err;
}
