/*
 * guards: the triggers that guard the books, taken away and put back, as
 * somebody with the file in hand would do.
 */
#ifndef VT_TESTS_GUARDS_H
#define VT_TESTS_GUARDS_H

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "store/db.h"

/* Scripts that drop every trigger and that make them again. */
static inline void
guards_read(struct db *db, struct buf *drop, struct buf *make)
{
	struct query q;

	ck_assert_int_eq(db_query(&q, db,
			     "SELECT name, sql FROM sqlite_schema WHERE "
			     "type = 'trigger' ORDER BY name"),
	    VT_OK);
	while (db_step(&q) == VT_OK) {
		buf_printf(drop, "DROP TRIGGER %s;", db_text(&q, 0));
		buf_printf(make, "%s;", db_text(&q, 1));
	}
	db_done(&q);
	ck_assert_str_ne(buf_str(drop), "");
}

/* Takes them all away; in a transaction that is rolled back they return. */
static inline void
guards_drop(struct db *db)
{
	struct buf drop, make;

	buf_init(&drop, 65536);
	buf_init(&make, 65536);
	guards_read(db, &drop, &make);
	ck_assert_int_eq(db_script(db, buf_str(&drop)), VT_OK);
	buf_free(&drop);
	buf_free(&make);
}

#endif
