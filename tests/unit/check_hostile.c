/*
 * hostile: statements that a program with the database open could run against
 * the ledger. Each is refused by the schema, or changes nothing, or what it
 * did is found by verify.
 *
 * The statements are made from the schema as it is, so that a new column or a
 * new trigger is tried without anybody thinking of it. They run twice: as the
 * schema stands, and by somebody who takes all triggers and checks away first
 * and puts them back, so that only the rows can tell.
 */
#include "tokens.h"

#include "guards.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"

#define TRIED_MIN                                                  \
	150 /* what the design asks for; see told() for the number \
	     */

/* The books: who changes these changes what somebody has or owes. */
static const char *const ledger_tables[] = { "accounts", "movements", "entries",
	"lots", "lot_uses", "lot_left", "lot_marks", "token_transactions",
	"grants", "debts", "debt_open", "holds", "hold_lots", "refunds",
	"disputes" };

/*
 * Columns that are beside the books: notes for people, names that nothing
 * rests on, the terms of a lot that nothing has burned yet. Triggers refuse
 * to change them; where somebody took the triggers away, changed one and put
 * them back, the rows cannot tell. A column that is not here must be missed.
 */
static struct exempt {
	const char *column;
	bool even_guarded; /* the schema lets it be changed, too */
	bool used;
} exempt[] = {
	{ "token_transactions.payment_intent_id", true, false },
	{ "token_transactions.stripe_charge_id", true, false },
	{ "token_transactions.stripe_invoice_id", true, false },
	{ "token_transactions.metadata", false, false },
	{ "token_transactions.note", false, false },
	{ "token_transactions.actor", false, false },
	{ "token_transactions.created_at", false, false },
	{ "token_transactions.updated_at", true, false },
	{ "lots.priority", false, false },
	{ "lots.expires_at", false, false },
	{ "lot_marks.id", false, false },
	{ "lot_marks.created_at", false, false },
	{ "grants.charge", false, false },
	{ "grants.verified_at", true, false },
	{ "grants.steps", true, false },
	{ "grants.since", true, false },
	{ "holds.public_id", false, false },
	{ "holds.tokens", false, false },
	{ "holds.service", false, false },
	{ "holds.reference", false, false },
	{ "holds.expires_at", false, false },
	{ "holds.created_at", false, false },
	{ "holds.ended_at", false, false },
	{ "refunds.re", false, false },
	{ "refunds.charge", false, false },
	{ "refunds.pi", false, false },
	{ "refunds.currency", false, false },
	{ "refunds.created_at", false, false },
	{ "refunds.updated_at", false, false },
	{ "disputes.dp", false, false },
	{ "disputes.charge", false, false },
	{ "disputes.pi", false, false },
	{ "disputes.status", true, false },
	{ "disputes.currency", false, false },
	{ "disputes.created_at", false, false },
	{ "disputes.updated_at", true, false },
};

static struct arena *arena;
static struct db *owner; /* a connection that may do all that SQLite can */
static int tried, refused_count, found_count, idle_count;

/* ---- a little of everything ---------------------------------------------- */

static void
fill(void)
{
	struct hold h;
	struct hold_end end;
	struct vt_problem p = { 0 };

	(void)tokens_give(1, "a", 50, 3999, 0);
	(void)tokens_give(1, "gift", 20, 0, 0);
	(void)tokens_give(1, "soon", 30, 0, tokens_now + DAY_MS);
	ck_assert_int_eq(tokens_spend(1, "s1", 35), VT_OK);
	ck_assert_int_eq(tokens_hold(1, "h1", 10, DAY_MS / 2, &h, &p), VT_OK);
	ck_assert_int_eq(tokens_capture(&h, 4, &end, &p), VT_OK);
	ck_assert_int_eq(tokens_hold(1, "h2", 3, DAY_MS / 2, &h, &p), VT_OK);
	ck_assert_int_eq(tokens_release(&h, &end, &p), VT_OK);
	ck_assert_int_eq(tokens_hold(1, "h3", 2, DAY_MS / 2, &h, &p), VT_OK);
	/* One that was bought, spent and paid back: debt, and what pays it. */
	(void)tokens_give(2, "b", 40, 2000, 0);
	ck_assert_int_eq(tokens_spend(2, "s2", 38), VT_OK);
	(void)tokens_refund("re_b", "b", 1000, "succeeded");
	(void)tokens_give(2, "later", 7, 0, 0);
	/* Of one a bank asks about the half. */
	(void)tokens_give(3, "c", 12, 1200, 0);
	(void)tokens_dispute("dp_c", "c", 600, "needs_response");
	/* What was not used in time goes, and so does the third hold. */
	tokens_now += 2 * DAY_MS;
	ck_assert_int_gt(tokens_sweep(), 0);
	(void)tokens_give(3, "d", 9, 900, tokens_now + DAY_MS);
	ck_assert_int_eq(tokens_hold(3, "h4", 5, DAY_MS / 2, &h, &p), VT_OK);
	ck_assert_int_gt(tokens_debt(2), 0);
}

/* ---- judging ------------------------------------------------------------- */

static void
on_fault(const char *code, const char *sentence, void *arg)
{
	(void)code, (void)sentence;
	++*(int *)arg;
}

static void
on_difference(const char *how, const char *type, const char *name, void *arg)
{
	(void)how, (void)type, (void)name;
	++*(int *)arg;
}

/* What verify says of the books as this connection sees them. */
static int
faults_seen(struct db *db)
{
	int faults = 0;
	struct verify_report r = { .fault = on_fault, .arg = &faults };

	if (migrate_compare(db, on_difference, &faults) != VT_OK)
		faults++;
	/* A table that is gone cannot even be read: that is a fault told. */
	if (faults == 0 && ledger_verify(db, &r) != VT_OK)
		faults++;
	return faults;
}

static int64_t
number(struct db *db, const char *sql)
{
	struct query q;
	int64_t n;

	ck_assert_msg(db_row(&q, db, sql) == VT_OK, "%s", sql);
	n = db_int(&q, 0);
	db_done(&q);
	return n;
}

struct attempt {
	const char *before, *sql, *after; /* scripts; NULL: nothing */
	const char *column; /* "table.column" that it is about, or NULL */
};

/* Whether nobody need miss it; nothing is exempt for no reason. */
static bool
is_exempt(const struct attempt *a)
{
	for (size_t i = 0; a->column != NULL && i < countof(exempt); i++)
		if (strcmp(exempt[i].column, a->column) == 0 &&
		    (exempt[i].even_guarded || a->after != NULL)) {
			exempt[i].used = true;
			return true;
		}
	return false;
}

/* Tries it in a transaction of its own, which is undone. */
static void
attempt(struct db *db, const struct attempt *a)
{
	int64_t rows, schema;
	bool idle;

	tried++;
	ck_assert_int_eq(db_begin(db), VT_OK);
	if (a->before != NULL)
		ck_assert_int_eq(db_script(db, a->before), VT_OK);
	rows = number(db, "SELECT total_changes()");
	schema = number(db, "PRAGMA schema_version");
	if (db_script(db, a->sql) != VT_OK) {
		refused_count++;
		db_rollback(db);
		return;
	}
	idle = rows == number(db, "SELECT total_changes()") &&
	    schema == number(db, "PRAGMA schema_version");
	if (a->after != NULL)
		ck_assert_int_eq(db_script(db, a->after), VT_OK);
	if (idle)
		idle_count++;
	else if (faults_seen(db) > 0)
		found_count++;
	else
		ck_assert_msg(
		    is_exempt(a), "neither refused nor found: %s", a->sql);
	db_rollback(db);
	ck_assert_int_eq(faults_seen(db), 0);
}

static void
told(const char *what)
{
	ck_assert_int_ge(tried, TRIED_MIN);
	printf("%s: %d statements, %d refused, %d found, %d did nothing\n",
	    what, tried, refused_count, found_count, idle_count);
}

/* ---- the statements ------------------------------------------------------ */

struct column {
	const char *name, *type;
	bool key;
};

struct table {
	const char *name, *keys; /* "account, seq" */
	struct column columns[24];
	int count;
};

static struct table
table_read(const char *name)
{
	struct table t = { .name = name, .keys = NULL };
	struct query q;

	ck_assert_int_eq(db_query(&q, books,
			     "SELECT name, type, pk FROM "
			     "pragma_table_info(:table) ORDER BY cid",
			     DB_TEXT("table", name)),
	    VT_OK);
	while (db_step(&q) == VT_OK) {
		struct column *c = &t.columns[t.count++];

		ck_assert_int_lt(t.count, (int)countof(t.columns));
		c->name = arena_strdup(arena, db_text(&q, 0));
		c->type = arena_strdup(arena, db_text(&q, 1));
		c->key = db_int(&q, 2) != 0;
		if (c->key)
			t.keys = t.keys == NULL
			    ? c->name
			    : arena_printf(arena, "%s, %s", t.keys, c->name);
	}
	db_done(&q);
	ck_assert_int_gt(t.count, 0);
	ck_assert_ptr_nonnull(t.keys);
	return t;
}

/* Another value of the column's type, from the one that is there. */
static const char *
another(const struct column *c)
{
	if (strcmp(c->type, "INTEGER") == 0)
		return arena_printf(arena, "COALESCE(%s, 0) + 1", c->name);
	if (strcmp(c->type, "BLOB") == 0)
		return "zeroblob(31) || x'01'";
	return arena_printf(arena, "COALESCE(%s, '') || 'x'", c->name);
}

/* "(account, seq) = (SELECT …)": the first or the last row. */
static const char *
where(const struct table *t, const char *order)
{
	const char *by = strchr(t->keys, ',') == NULL
	    ? arena_printf(arena, "%s %s", t->keys, order)
	    : arena_printf(arena, "%.*s %s, %s %s", (int)strcspn(t->keys, ","),
		  t->keys, order, strchr(t->keys, ',') + 2, order);

	return arena_printf(arena,
	    "(%s) = (SELECT %s FROM %s ORDER BY %s LIMIT 1)", t->keys, t->keys,
	    t->name, by);
}

/* The columns of a copy of a row, one of them replaced. */
static const char *
copy_but(const struct table *t, const char *column, const char *value)
{
	const char *out = "";

	for (int i = 0; i < t->count; i++) {
		const char *name = t->columns[i].name;

		out = arena_printf(arena, "%s%s%s", out, i == 0 ? "" : ", ",
		    strcmp(name, column) == 0 ? value : name);
	}
	return out;
}

/* Calls `each` for every way to change rows of the table that we know of. */
static void
each_change(const struct table *t, void (*each)(const struct attempt *))
{
	static const char *const verbs[] = { "UPDATE", "UPDATE OR IGNORE",
		"UPDATE OR REPLACE" };
	const char *first = where(t, "ASC"), *last = where(t, "DESC");
	const char *key = t->columns[0].name;
	struct attempt a = { 0 };

#define TRY(...) (a.sql = arena_printf(arena, __VA_ARGS__), each(&a))
	for (int i = 0; i < t->count; i++) {
		const struct column *c = &t->columns[i];
		const char *to = another(c);

		a.column = arena_printf(arena, "%s.%s", t->name, c->name);
		TRY("UPDATE %s SET %s = %s", t->name, c->name, to);
		for (size_t v = 0; v < countof(verbs); v++)
			TRY("%s %s SET %s = %s WHERE %s", verbs[v], t->name,
			    c->name, to, v == 0 ? last : first);
		TRY("INSERT OR REPLACE INTO %s SELECT %s FROM %s WHERE %s",
		    t->name, copy_but(t, c->name, to), t->name, first);
	}
	a.column = NULL;
	TRY("DELETE FROM %s", t->name);
	TRY("DELETE FROM %s WHERE %s", t->name, first);
	TRY("DELETE FROM %s WHERE %s", t->name, last);
	TRY("INSERT OR IGNORE INTO %s SELECT * FROM %s", t->name, t->name);
	TRY("INSERT INTO %s SELECT %s FROM %s WHERE %s", t->name,
	    copy_but(t, key,
		strcmp(t->columns[0].type, "INTEGER") == 0
		    ? arena_printf(arena, "%s + 1", key)
		    : arena_printf(arena, "%s || 'y'", key)),
	    t->name, last);
	TRY("INSERT INTO %s SELECT %s FROM %s WHERE %s", t->name,
	    copy_but(t, key,
		strcmp(t->columns[0].type, "INTEGER") == 0
		    ? arena_printf(arena, "%s + 1000", key)
		    : arena_printf(arena, "%s || 'z'", key)),
	    t->name, last);
	a.column = arena_printf(
	    arena, "%s.%s", t->name, t->columns[t->count - 1].name);
	TRY("INSERT INTO %s SELECT * FROM %s WHERE true "
	    "ON CONFLICT DO UPDATE SET %s = excluded.%s + 1",
	    t->name, t->name, t->columns[t->count - 1].name,
	    t->columns[t->count - 1].name);
	a.column = NULL;
	TRY("INSERT INTO %s SELECT * FROM %s WHERE true "
	    "ON CONFLICT DO NOTHING",
	    t->name, t->name);
#undef TRY
}

static void
as_it_stands(const struct attempt *a)
{
	attempt(books, a);
}

/* What takes every trigger away, and what puts them back. */
static struct buf triggers_drop, triggers_make;

static void
without_guards(const struct attempt *a)
{
	struct attempt mine = *a;

	mine.before = buf_str(&triggers_drop);
	mine.after = buf_str(&triggers_make);
	attempt(owner, &mine);
}

static void
setup(void)
{
	arena = arena_new();
	tokens_open(3);
	/* What the database refuses is meant to be refused. */
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	fill();
	buf_init(&triggers_drop, 65536);
	buf_init(&triggers_make, 65536);
	guards_read(books, &triggers_drop, &triggers_make);
	ck_assert_int_eq(db_open(scratch_db, DB_PRIVATE, &owner), VT_OK);
	ck_assert_int_eq(db_script(owner,
			     "PRAGMA foreign_keys = OFF;"
			     "PRAGMA ignore_check_constraints = ON;"),
	    VT_OK);
	ck_assert_int_eq(faults_seen(books), 0);
}

static void
teardown(void)
{
	db_close(owner);
	buf_free(&triggers_drop);
	buf_free(&triggers_make);
	tokens_close();
	arena_free(arena);
}

START_TEST(rows_of_the_ledger_are_refused_or_missed_R67)
{
	for (size_t i = 0; i < countof(ledger_tables); i++) {
		struct table t = table_read(ledger_tables[i]);

		each_change(&t, as_it_stands);
	}
	told("as the schema stands");
}
END_TEST

START_TEST(rows_tell_when_the_guards_were_away_R67)
{
	for (size_t i = 0; i < countof(ledger_tables); i++) {
		struct table t = table_read(ledger_tables[i]);

		each_change(&t, without_guards);
	}
	told("without triggers and checks");
	for (size_t i = 0; i < countof(exempt); i++)
		ck_assert_msg(
		    exempt[i].used, "%s is not exempt", exempt[i].column);
}
END_TEST

/* Nobody takes a part of the schema away, or adds one, unseen. */
START_TEST(every_part_of_the_schema_is_missed)
{
	struct attempt a = { 0 };
	const char *names[400], *types[400];
	int count = 0;
	struct query q;

	ck_assert_int_eq(db_query(&q, books,
			     "SELECT type, name FROM sqlite_schema WHERE "
			     "name NOT LIKE 'sqlite_%' ORDER BY name"),
	    VT_OK);
	while (db_step(&q) == VT_OK) {
		ck_assert_int_lt(count, (int)countof(names));
		types[count] = arena_strdup(arena, db_text(&q, 0));
		names[count++] = arena_strdup(arena, db_text(&q, 1));
	}
	db_done(&q);
	for (int i = 0; i < count; i++) {
		a.sql = arena_printf(arena, "DROP %s %s", types[i], names[i]);
		attempt(owner, &a);
		if (strcmp(types[i], "table") != 0)
			continue;
		a.sql = arena_printf(
		    arena, "ALTER TABLE %s RENAME TO stolen", names[i]);
		attempt(owner, &a);
		a.sql = arena_printf(
		    arena, "ALTER TABLE %s ADD COLUMN stolen", names[i]);
		attempt(owner, &a);
		a.sql = arena_printf(arena,
		    "CREATE TRIGGER stolen AFTER INSERT ON %s BEGIN "
		    "DELETE FROM %s; END",
		    names[i], names[i]);
		attempt(owner, &a);
	}
	told("the schema");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("hostile");
	TCase *c = unit_case(s, "core",
	    (const TTest *[]){ rows_of_the_ledger_are_refused_or_missed_R67,
		rows_tell_when_the_guards_were_away_R67,
		every_part_of_the_schema_is_missed, NULL });

	tcase_add_checked_fixture(c, setup, teardown);
	return unit_run(s);
}
