/*
 * second: db/verify.sql, the second opinion on the books, beside the first.
 */
#ifndef VT_TESTS_SECOND_H
#define VT_TESTS_SECOND_H

#include "unit.h"

#include <string.h>

#include "store/db.h"

#define CODES_MAX 64

/* The words that a checker said, each once. */
struct codes {
	char name[CODES_MAX][32];
	int count;
};

static inline bool
code_find(const struct codes *c, const char *code)
{
	for (int i = 0; i < c->count; i++)
		if (strcmp(c->name[i], code) == 0)
			return true;
	return false;
}

static inline void
code_add(struct codes *c, const char *code)
{
	if (code_find(c, code))
		return;
	ck_assert_int_lt(c->count, CODES_MAX);
	(void)snprintf(c->name[c->count++], sizeof(c->name[0]), "%s", code);
}

/* SQL computes no hash, and needs no sketch to know where to look. */
static inline bool
code_is_hash(const char *code)
{
	return strcmp(code, "movement.hash") == 0 ||
	    strcmp(code, "debt.hash") == 0 || strcmp(code, "entry.sketch") == 0;
}

/* The statement, read once: what is prepared is found by its address. */
static inline const char *
second_sql(void)
{
	static char text[65536];
	size_t n;
	FILE *f;

	if (text[0] != '\0')
		return text;
	f = fopen(VERIFY_SQL, "re");
	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	ck_assert_uint_gt(n, 0);
	ck_assert_int_eq(fclose(f), 0);
	return text;
}

/* Both say the same words, though one may say some more often. */
static inline void
second_agrees(struct db *db, const struct codes *first, const char *why)
{
	struct codes second = { 0 };
	struct query q;
	enum vt_err err;

	err = db_query(&q, db, second_sql());
	while (err == VT_OK && (err = db_step(&q)) == VT_OK)
		code_add(&second, db_text(&q, 0));
	db_done(&q);
	ck_assert_int_eq(err, VT_NOTFOUND);
	for (int i = 0; i < first->count; i++)
		ck_assert_msg(code_is_hash(first->name[i]) ||
			code_find(&second, first->name[i]),
		    "%s: verify.sql does not see %s", why, first->name[i]);
	for (int i = 0; i < second.count; i++)
		ck_assert_msg(code_find(first, second.name[i]),
		    "%s: only verify.sql sees %s", why, second.name[i]);
}

#endif
