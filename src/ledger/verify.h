/*
 * verify: the books prove themselves.
 *
 * Reads one snapshot and says in sentences what is wrong: the chain, the two
 * legs of every movement, every account rebuilt from its entries, lots
 * against entries, holds against lots, debts against the steps that made
 * them, transactions against movements. It knows nothing of
 * orders or Stripe: see billing/proof.h.
 */
#ifndef VT_LEDGER_VERIFY_H
#define VT_LEDGER_VERIFY_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

struct verify_report {
	int64_t movements, entries, accounts, lots, transactions; /* read */
	int64_t faults;
	unsigned char head[32]; /* hash of the newest movement */
	/* Called for each fault: a stable word and a sentence. */
	void (*fault)(const char *code, const char *sentence, void *arg);
	/* Called now and then with what is done of the whole; or NULL. */
	void (*progress)(int64_t done, int64_t total, void *arg);
	void *arg;
};

/* VT_OK: all was read, see faults. Counts are set by it. */
enum vt_err ledger_verify(struct db *db, struct verify_report *r) VT_MUSTCHECK;

/*
 * How far a look at the newest rows has come; zeroed, it begins with the
 * newest VERIFY_TAIL_FIRST of them.
 */
#define VERIFY_TAIL_FIRST 1000
struct verify_tail {
	bool begun;
	int64_t movement;	/* the last one that was read */
	unsigned char hash[32]; /* its hash */
};

/*
 * Verifies the movements since the last look, `max` at the most, and calls
 * r->fault: each must continue the chain and have its two entries, and the
 * last one of the look before must still be as it was. r->movements says how
 * many were read. What was told once is not told again. On any connection,
 * outside a transaction too: these rows never change.
 */
enum vt_err ledger_verify_tail(struct db *db, struct verify_tail *t,
    int64_t max, struct verify_report *r) VT_MUSTCHECK;

#endif
