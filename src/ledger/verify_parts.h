/*
 * verify_parts: what the passes of verify.c share. Nobody else includes it.
 *
 * Each pass walks its tables in the order in which they are stored, two
 * tables side by side where one row speaks of another, so that memory stays
 * flat and a ledger of millions is read once, forwards.
 */
#ifndef VT_LEDGER_VERIFY_PARTS_H
#define VT_LEDGER_VERIFY_PARTS_H

#include <stdint.h>

#include "base/err.h"
#include "ledger/verify.h"
#include "store/db.h"

/*
 * A sum of keyed hashes. What one table promises is added and what another
 * holds is taken away, each in its own order; zero at the end says that both
 * hold the same, and a chance of 2^-128 that they do not. The key is random
 * and nobody outside sees it.
 */
struct sketch {
	uint64_t low, high;
};

struct verify {
	struct db *db;
	struct verify_report *report;
	unsigned char key[16];	/* of the sketches */
	struct sketch legs;	/* movements against entries */
	struct sketch balances; /* transactions against entries */
	int64_t done, total;	/* rows, for progress */
};

void sketch_add(const struct verify *v, struct sketch *s, int64_t account,
    int64_t movement, int64_t number);
void sketch_take(const struct verify *v, struct sketch *s, int64_t account,
    int64_t movement, int64_t number);
bool sketch_is_zero(const struct sketch *s);

/* Counts a fault and tells the report's owner. */
void verify_fault(struct verify *v, const char *code, const char *fmt, ...)
    VT_PRINTF(3, 4);

/* One more row was read. */
void verify_count(struct verify *v, int64_t *rows);

/* A query that is walked beside another. */
struct walk {
	struct query q;
	bool on_row; /* false after the last */
};

/* Starts it and goes to the first row; walk_end() always follows. */
enum vt_err
walk_start(struct walk *w, struct db *db, const char *sql) VT_MUSTCHECK;
enum vt_err walk_next(struct walk *w) VT_MUSTCHECK;
void walk_end(struct walk *w);

/* What each kind of transaction does; NULL for a kind that we do not know. */
struct verify_kind {
	const char *kind;
	const char *cause;  /* how its movement's cause begins */
	int64_t house;	    /* the account on the other side; 0: any */
	int sign;	    /* +1 gives, -1 takes, 0 either */
	const char *origin; /* of the lot that it makes; NULL: any */
	int paid;	    /* of that lot; -1: either */
};
const struct verify_kind *verify_kind(const char *kind);

/* The passes. VT_OK: all was read. */
enum vt_err verify_movements(struct verify *v) VT_MUSTCHECK;
enum vt_err verify_accounts(struct verify *v) VT_MUSTCHECK;
enum vt_err verify_legs(struct verify *v) VT_MUSTCHECK;
enum vt_err verify_lots(struct verify *v) VT_MUSTCHECK;
enum vt_err verify_holds(struct verify *v) VT_MUSTCHECK;
enum vt_err verify_debts(struct verify *v) VT_MUSTCHECK;
enum vt_err verify_grants(struct verify *v) VT_MUSTCHECK;
enum vt_err verify_transactions(struct verify *v) VT_MUSTCHECK;

#endif
