/*
 * verify_holds: each hold beside the lots that it pins and, if it was
 * captured, the movement that took them. What lots say is held is compared
 * with the same pins in verify_lots.c.
 */
#include <inttypes.h>
#include <string.h>

#include "ledger/verify_parts.h"

static const char holds_sql[] =
    "SELECT h.id, h.public_id, h.user, h.tokens, h.captured, h.state, "
    "t.user, t.tokens, m.cause = 'capture:' || h.public_id, h.tx, "
    "CASE h.state WHEN 'open' THEN h.ended_at IS NULL AND h.captured = 0 "
    "WHEN 'captured' THEN h.ended_at IS NOT NULL "
    "AND h.captured BETWEEN 1 AND h.tokens "
    "WHEN 'released' THEN h.ended_at IS NOT NULL AND h.captured = 0 "
    "WHEN 'expired' THEN h.ended_at IS NOT NULL AND h.captured = 0 "
    "ELSE 0 END FROM holds h LEFT JOIN token_transactions t ON t.id = h.tx "
    "LEFT JOIN movements m ON m.tx = h.tx ORDER BY h.id";

static const char pins_sql[] =
    "SELECT p.hold, p.lot, p.tokens, l.user FROM hold_lots p "
    "LEFT JOIN lots l ON l.id = p.lot ORDER BY p.hold, p.lot";

static const char captures_sql[] =
    "SELECT m.id, m.cause FROM movements m "
    "WHERE m.cause >= 'capture:' AND m.cause < 'capture;' "
    "AND NOT EXISTS (SELECT 1 FROM holds h "
    "WHERE h.public_id = substr(m.cause, 9) AND h.tx = m.tx)";

static void
check_capture(struct verify *v, struct query *q)
{
	const char *id = db_text(q, 1);

	if (db_is_null(q, 9)) {
		if (strcmp(db_text(q, 5), "captured") == 0)
			verify_fault(v, "hold.capture",
			    "Hold %s was captured by no transaction.", id);
		return;
	}
	if (db_int(q, 6) != db_int(q, 2) || db_int(q, 7) != -db_int(q, 4) ||
	    db_int(q, 8) != 1)
		verify_fault(v, "hold.capture",
		    "Hold %s says that %" PRId64
		    " tokens were captured, its transaction something else.",
		    id, db_int(q, 4));
}

/* Row ids have no gap: a hold is never taken away. */
static void
check_state(struct verify *v, struct query *q, int64_t last)
{
	if (db_int(q, 0) != last + 1)
		verify_fault(v, "hold.missing",
		    "Hold row %" PRId64 " is missing.", last + 1);
	if (db_int(q, 10) == 0)
		verify_fault(v, "hold.state",
		    "Hold %s of %" PRId64 " tokens is %s with %" PRId64
		    " captured, which no hold can be.",
		    db_text(q, 1), db_int(q, 3), db_text(q, 5), db_int(q, 4));
}

/* Pins below this hold have no hold. */
static enum vt_err
skip_strays(struct verify *v, struct walk *p, int64_t hold, bool to_end)
{
	enum vt_err err = VT_OK;

	while (
	    err == VT_OK && p->on_row && (to_end || db_int(&p->q, 0) < hold)) {
		verify_fault(v, "hold.pins",
		    "Lot %" PRId64 " is pinned by hold row %" PRId64
		    ", which does not exist.",
		    db_int(&p->q, 1), db_int(&p->q, 0));
		err = walk_next(p);
	}
	return err;
}

static enum vt_err
check_hold(struct verify *v, struct query *q, struct walk *p)
{
	int64_t id = db_int(q, 0), wanted;
	__int128 pinned = 0;
	enum vt_err err;

	wanted = strcmp(db_text(q, 5), "open") == 0 ? db_int(q, 3) : 0;
	err = skip_strays(v, p, id, false);
	while (err == VT_OK && p->on_row && db_int(&p->q, 0) == id) {
		pinned += db_int(&p->q, 2);
		if (db_int(&p->q, 3) != db_int(q, 2))
			verify_fault(v, "hold.user",
			    "Hold %s of user row %" PRId64 " pins lot %" PRId64
			    " of user row %" PRId64 ".",
			    db_text(q, 1), db_int(q, 2), db_int(&p->q, 1),
			    db_int(&p->q, 3));
		err = walk_next(p);
	}
	if (pinned != wanted)
		verify_fault(v, "hold.pins",
		    "Hold %s (%s) pins %" PRId64 " tokens instead of %" PRId64
		    ".",
		    db_text(q, 1), db_text(q, 5), (int64_t)pinned, wanted);
	check_capture(v, q);
	return err;
}

static enum vt_err
name_captures(struct verify *v)
{
	struct walk w;
	enum vt_err err;

	err = walk_start(&w, v->db, captures_sql);
	while (err == VT_OK && w.on_row) {
		verify_fault(v, "hold.missing",
		    "Movement %" PRId64 " (%s) captures no hold.",
		    db_int(&w.q, 0), db_text(&w.q, 1));
		err = walk_next(&w);
	}
	walk_end(&w);
	return err;
}

enum vt_err
verify_holds(struct verify *v)
{
	struct walk h, p;
	int64_t last = 0;
	enum vt_err err;

	err = walk_start(&h, v->db, holds_sql);
	if (err == VT_OK) {
		err = walk_start(&p, v->db, pins_sql);
		while (err == VT_OK && h.on_row) {
			check_state(v, &h.q, last);
			last = db_int(&h.q, 0);
			err = check_hold(v, &h.q, &p);
			verify_count(v, NULL);
			if (err == VT_OK)
				err = walk_next(&h);
		}
		if (err == VT_OK)
			err = skip_strays(v, &p, 0, true);
		walk_end(&p);
	}
	walk_end(&h);
	return err == VT_OK ? name_captures(v) : err;
}
