/*
 * verify: the books prove themselves.
 *
 * Reads one snapshot and says in sentences what is wrong: the chain, the two
 * legs of every movement, every account rebuilt from its entries, lots
 * against entries, transactions against movements. It knows nothing of
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

#endif
