/*
 * verify: see verify.h. Here the order of the passes and what they share;
 * each pass is a file of its own.
 */
#include "ledger/verify.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "ledger/movements.h"
#include "ledger/verify_parts.h"

#define SENTENCE_BYTES 512
#define PROGRESS_ROWS 20000 /* between two calls */

/* How much there is to read, without counting it: ids have few gaps. */
static const char size_sql[] =
    "SELECT (SELECT COALESCE(MAX(id), 0) FROM movements), "
    "(SELECT COALESCE(MAX(id), 0) FROM token_transactions), "
    "(SELECT COALESCE(MAX(id), 0) FROM accounts), "
    "(SELECT COALESCE(MAX(id), 0) FROM lots), "
    "(SELECT COALESCE(MAX(id), 0) FROM holds), "
    "(SELECT COALESCE(MAX(id), 0) FROM debts)";

static const struct verify_kind kinds[] = {
	{ "purchase", "pi:", LEDGER_MINT, 1, "purchase", 1 },
	{ "subscription", "inv:", LEDGER_MINT, 1, "subscription", 1 },
	{ "proration", "inv:", LEDGER_MINT, 1, "subscription", 1 },
	{ "grant", "grant:", LEDGER_MINT, 1, "grant", 0 }, /* R86 */
	{ "bulk_grant", "bulk:", LEDGER_MINT, 1, "grant", 0 },
	{ "spend", "spend:", LEDGER_SINK, -1, NULL, -1 },
	{ "capture", "capture:", LEDGER_SINK, -1, NULL, -1 },
	{ "reversal", "reverse:", LEDGER_SINK, 1, "reversal", -1 },
	{ "refund", "adj:", LEDGER_CLAWBACK, -1, NULL, -1 },
	{ "dispute", "adj:", LEDGER_CLAWBACK, -1, NULL, -1 },
	{ "expiry", "expire:", LEDGER_EXPIRED, -1, NULL, -1 },
	{ "revoke", "revoke:", LEDGER_CLAWBACK, -1, NULL, -1 },
	{ "adjustment", "", 0, 0, NULL, -1 },
};

const struct verify_kind *
verify_kind(const char *kind)
{
	for (size_t i = 0; kind != NULL && i < countof(kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return &kinds[i];
	return NULL;
}

/* ---- sketches ------------------------------------------------------------ */

static void
sketch_hash(
    const struct verify *v, const int64_t numbers[3], struct sketch *out)
{
	unsigned char in[3 * sizeof(int64_t)];
	unsigned char hash[crypto_shorthash_siphashx24_BYTES];

	_Static_assert(crypto_shorthash_siphashx24_KEYBYTES == 16, "the key");
	_Static_assert(sizeof(hash) == sizeof(*out), "two numbers");
	memcpy(in, numbers, sizeof(in));
	(void)crypto_shorthash_siphashx24(
	    hash, in, sizeof(in), v->key); /* always 0 */
	memcpy(&out->low, hash, sizeof(out->low));
	memcpy(&out->high, hash + sizeof(out->low), sizeof(out->high));
}

void
sketch_add(const struct verify *v, struct sketch *s, int64_t account,
    int64_t movement, int64_t number)
{
	struct sketch h;

	sketch_hash(v, (const int64_t[]){ account, movement, number }, &h);
	s->low += h.low;
	s->high += h.high;
}

void
sketch_take(const struct verify *v, struct sketch *s, int64_t account,
    int64_t movement, int64_t number)
{
	struct sketch h;

	sketch_hash(v, (const int64_t[]){ account, movement, number }, &h);
	s->low -= h.low;
	s->high -= h.high;
}

bool
sketch_is_zero(const struct sketch *s)
{
	return s->low == 0 && s->high == 0;
}

/* ---- telling ------------------------------------------------------------- */

void
verify_fault(struct verify *v, const char *code, const char *fmt, ...)
{
	char sentence[SENTENCE_BYTES];
	va_list ap;

	va_start(ap, fmt);
	/* A sentence that is cut still names what is wrong. */
	(void)vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	v->report->faults++;
	if (v->report->fault != NULL)
		v->report->fault(code, sentence, v->report->arg);
}

void
verify_count(struct verify *v, int64_t *rows)
{
	if (rows != NULL)
		(*rows)++;
	if (++v->done % PROGRESS_ROWS == 0 && v->report->progress != NULL)
		v->report->progress(v->done < v->total ? v->done : v->total,
		    v->total, v->report->arg);
}

/* ---- walking ------------------------------------------------------------- */

enum vt_err
walk_start(struct walk *w, struct db *db, const char *sql)
{
	enum vt_err err;

	w->on_row = false;
	err = db_query(&w->q, db, sql);
	return err == VT_OK ? walk_next(w) : err;
}

enum vt_err
walk_next(struct walk *w)
{
	enum vt_err err = db_step(&w->q);

	w->on_row = err == VT_OK;
	return err == VT_NOTFOUND ? VT_OK : err;
}

void
walk_end(struct walk *w)
{
	db_done(&w->q);
	w->on_row = false;
}

/* ---- the whole ----------------------------------------------------------- */

/* Movements are read once beside lot_uses, entries are two for each. */
static enum vt_err
measure(struct verify *v)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, v->db, size_sql);
	if (err != VT_OK)
		return err;
	v->total = db_int(&q, 0) * 4;
	for (int i = 1; i <= 5; i++)
		v->total += db_int(&q, i);
	db_done(&q);
	return VT_OK;
}

enum vt_err
ledger_verify(struct db *db, struct verify_report *r)
{
	static enum vt_err (*const passes[])(struct verify *) = {
		verify_movements,
		verify_accounts,
		verify_legs,
		verify_lots,
		verify_holds,
		verify_debts,
		verify_grants,
		verify_transactions,
	};
	struct verify v = { .db = db, .report = r };
	enum vt_err err;

	r->movements = r->entries = r->accounts = 0;
	r->lots = r->transactions = r->faults = 0;
	memset(r->head, 0, sizeof(r->head));
	random_bytes(v.key, sizeof(v.key));
	err = measure(&v);
	for (size_t i = 0; i < countof(passes) && err == VT_OK; i++)
		err = passes[i](&v);
	if (err == VT_OK && r->progress != NULL)
		r->progress(v.total, v.total, r->arg);
	return err;
}
