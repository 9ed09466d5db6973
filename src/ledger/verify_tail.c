/*
 * verify_tail: the newest movements, looked at again and again by keeper, so
 * that somebody's hand in the books shows within seconds and not at the next
 * full proof.
 */
#include <inttypes.h>
#include <string.h>

#include "ledger/movements.h"
#include "ledger/verify_parts.h"

static const char newest_sql[] = "SELECT COALESCE(MAX(id), 0) FROM movements";

static const char hash_sql[] = "SELECT hash FROM movements WHERE id = :id";

static const char tail_sql[] =
    "SELECT m.id, t.public_id, m.cause, m.from_account, m.to_account, "
    "m.tokens, m.created_at, m.prev, m.hash, "
    "(SELECT COUNT(*) FROM entries e WHERE e.movement = m.id), "
    "(SELECT COUNT(*) FROM entries e WHERE e.movement = m.id "
    "AND (e.account = m.from_account AND e.delta = -m.tokens "
    "OR e.account = m.to_account AND e.delta = m.tokens)) "
    "FROM movements m LEFT JOIN token_transactions t ON t.id = m.tx "
    "WHERE m.id > :after AND m.id <= :until ORDER BY m.id";

static enum vt_err
newest(struct db *db, int64_t *id)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, newest_sql);
	if (err != VT_OK)
		return err;
	*id = db_int(&q, 0);
	db_done(&q);
	return VT_OK;
}

/* VT_NOTFOUND: there is no such movement, or its hash is none. */
static enum vt_err
stored_hash(struct db *db, int64_t id, unsigned char out[static 32])
{
	const void *hash;
	enum vt_err err;
	struct query q;
	size_t bytes;

	err = db_row(&q, db, hash_sql, DB_INT("id", id));
	if (err != VT_OK)
		return err;
	hash = db_blob(&q, 0, &bytes);
	if (bytes == LEDGER_HASH_BYTES)
		memcpy(out, hash, LEDGER_HASH_BYTES);
	else
		err = VT_NOTFOUND;
	db_done(&q);
	return err;
}

/* The first look starts somewhere; what was before is the full proof's. */
static enum vt_err
begin(struct verify *v, struct verify_tail *t, int64_t last)
{
	enum vt_err err = VT_OK;

	t->begun = true;
	t->movement = last > VERIFY_TAIL_FIRST ? last - VERIFY_TAIL_FIRST : 0;
	memset(t->hash, 0, sizeof(t->hash));
	if (t->movement > 0)
		err = stored_hash(v->db, t->movement, t->hash);
	if (err == VT_NOTFOUND) {
		verify_fault(v, "tail.missing",
		    "Movement %" PRId64 " is missing or has no hash.",
		    t->movement);
		err = VT_OK;
	}
	return err;
}

/* What was read at the last look must still be there. */
static enum vt_err
check_last(struct verify *v, struct verify_tail *t, int64_t last)
{
	unsigned char hash[LEDGER_HASH_BYTES];
	enum vt_err err = VT_NOTFOUND;

	if (t->movement == 0)
		return VT_OK;
	if (last >= t->movement)
		err = stored_hash(v->db, t->movement, hash);
	if (err == VT_OK && memcmp(hash, t->hash, sizeof(hash)) == 0)
		return VT_OK;
	if (err != VT_OK && err != VT_NOTFOUND)
		return err;
	verify_fault(v, "tail.changed",
	    "Movement %" PRId64 " was there a moment ago and is %s.",
	    t->movement, err == VT_OK ? "another one now" : "gone");
	return begin(v, t, last);
}

static bool
fits(struct query *q, const unsigned char *prev, const unsigned char *hash)
{
	unsigned char out[LEDGER_HASH_BYTES];
	const char *cause = db_text(q, 2);

	if (db_text(q, 1) == NULL || strlen(cause) >= LEDGER_CAUSE_BYTES)
		return false;
	ledger_hash(prev, db_int(q, 0), db_text(q, 1), cause, db_int(q, 3),
	    db_int(q, 4), db_int(q, 5), db_int(q, 6), out);
	return memcmp(out, hash, sizeof(out)) == 0;
}

static void
check_row(struct verify *v, struct verify_tail *t, struct query *q)
{
	size_t prev_bytes, hash_bytes;
	const void *prev = db_blob(q, 7, &prev_bytes);
	const void *hash = db_blob(q, 8, &hash_bytes);
	int64_t id = db_int(q, 0);

	if (prev_bytes != LEDGER_HASH_BYTES || hash_bytes != LEDGER_HASH_BYTES)
		verify_fault(v, "tail.hash",
		    "Movement %" PRId64 " has hashes of another size.", id);
	else {
		if (id != t->movement + 1 ||
		    memcmp(prev, t->hash, LEDGER_HASH_BYTES) != 0)
			verify_fault(v, "tail.link",
			    "Movement %" PRId64
			    " does not continue the chain after movement "
			    "%" PRId64 ".",
			    id, t->movement);
		if (!fits(q, prev, hash))
			verify_fault(v, "tail.hash",
			    "Movement %" PRId64 " was changed after it was "
			    "written: its hash does not fit.",
			    id);
		memcpy(t->hash, hash, LEDGER_HASH_BYTES);
	}
	if (db_int(q, 9) != 2 || db_int(q, 10) != 2)
		verify_fault(v, "tail.legs",
		    "Movement %" PRId64 " has %" PRId64 " entries, of which "
		    "%" PRId64 " are its own; it must have two.",
		    id, db_int(q, 9), db_int(q, 10));
	t->movement = id;
}

static enum vt_err
read_rows(struct verify *v, struct verify_tail *t, int64_t until)
{
	enum vt_err err;
	struct query q;

	err = db_query(&q, v->db, tail_sql, DB_INT("after", t->movement),
	    DB_INT("until", until));
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		check_row(v, t, &q);
		v->report->movements++;
	}
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

enum vt_err
ledger_verify_tail(
    struct db *db, struct verify_tail *t, int64_t max, struct verify_report *r)
{
	struct verify v = { .db = db, .report = r };
	int64_t last;
	enum vt_err err;

	r->movements = r->faults = 0;
	err = newest(db, &last);
	if (err == VT_OK)
		err = t->begun ? check_last(&v, t, last) : begin(&v, t, last);
	if (err == VT_OK && last > t->movement)
		err = read_rows(
		    &v, t, last - t->movement > max ? t->movement + max : last);
	if (err == VT_OK && r->faults == 0)
		memcpy(r->head, t->hash, sizeof(r->head));
	return err;
}
