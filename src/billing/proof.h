/*
 * proof: the ledger against what was ordered, paid and told.
 *
 * ledger/verify.h proves that the books agree with themselves; this proves
 * that they agree with the shop: each purchase was granted once and as
 * ordered, each grant has what stands behind it, everybody was told. What is
 * not wrong but waits for somebody is a note.
 */
#ifndef VT_BILLING_PROOF_H
#define VT_BILLING_PROOF_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

struct proof_report {
	int64_t orders, grants, events; /* read */
	int64_t faults, notes;
	/* Called for each, with a stable word and a sentence; or NULL. */
	void (*fault)(const char *code, const char *sentence, void *arg);
	void (*note)(const char *code, const char *sentence, void *arg);
	void *arg;
};

/* Reads one snapshot. VT_OK: all was read, see faults. */
enum vt_err billing_proof(struct db *db, struct proof_report *r) VT_MUSTCHECK;

#endif
