/*
 * rewrite: what somebody with the file in hand can do to the chain: change
 * history and make every hash anew, so that the books prove themselves.
 */
#ifndef VT_TESTS_REWRITE_H
#define VT_TESTS_REWRITE_H

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "guards.h"
#include "ledger/movements.h"
#include "store/db.h"

#define REWRITE_MAX 64

struct rewrite_row {
	int64_t id;
	unsigned char prev[LEDGER_HASH_BYTES], hash[LEDGER_HASH_BYTES];
};

/* All hashes anew, from the rows as they are. */
static inline void
rewrite_chain(struct db *db)
{
	unsigned char prev[LEDGER_HASH_BYTES] = { 0 };
	struct rewrite_row rows[REWRITE_MAX];
	size_t count = 0;
	struct query q;
	enum vt_err err;

	err = db_query(&q, db,
	    "SELECT m.id, t.public_id, m.cause, m.from_account, m.to_account, "
	    "m.tokens, m.created_at FROM movements m "
	    "JOIN token_transactions t ON t.id = m.tx ORDER BY m.id");
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		struct rewrite_row *r = &rows[count++];

		ck_assert_uint_lt(count, REWRITE_MAX);
		r->id = db_int(&q, 0);
		memcpy(r->prev, prev, sizeof(prev));
		ledger_hash(prev, r->id, db_text(&q, 1), db_text(&q, 2),
		    db_int(&q, 3), db_int(&q, 4), db_int(&q, 5), db_int(&q, 6),
		    r->hash);
		memcpy(prev, r->hash, sizeof(prev));
	}
	db_done(&q);
	ck_assert_int_eq(err, VT_NOTFOUND);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(
		    db_exec(db,
			"UPDATE movements SET prev = :prev, hash = :hash "
			"WHERE id = :id",
			DB_BLOB("prev", rows[i].prev, LEDGER_HASH_BYTES),
			DB_BLOB("hash", rows[i].hash, LEDGER_HASH_BYTES),
			DB_INT("id", rows[i].id)),
		    VT_OK);
}

/* A change, with every hash that follows from it, and no guard missing. */
static inline void
rewrite(struct db *db, const char *sql)
{
	struct buf drop, make;

	buf_init(&drop, 65536);
	buf_init(&make, 65536);
	ck_assert_int_eq(db_begin(db), VT_OK);
	guards_read(db, &drop, &make);
	ck_assert_int_eq(db_script(db, buf_str(&drop)), VT_OK);
	ck_assert_int_eq(db_script(db, sql), VT_OK);
	rewrite_chain(db);
	ck_assert_int_eq(db_script(db, buf_str(&make)), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	buf_free(&drop);
	buf_free(&make);
}

#endif
