/*
 * keeper_signer: what keeper signs, since it alone holds the key: statements
 * that users have asked for, and heads of the chain.
 */
#ifndef VT_BIN_KEEPER_SIGNER_H
#define VT_BIN_KEEPER_SIGNER_H

#include "base/err.h"
#include "store/db.h"
#include "store/writer.h"

struct keeper_signer;

/*
 * Reads the key, makes its public half known, and looks at the last head
 * that was signed. Borrows both until the close. The process ends, naming
 * the setting, without a key. Never NULL.
 */
struct keeper_signer *keeper_signer_open(struct db *db, struct writer *w);

/* Wipes the key. NULL is fine. */
void keeper_signer_close(struct keeper_signer *s);

/* Seconds between two heads, VANTAGE_HEADS_INTERVAL_S, as milliseconds. */
int64_t keeper_signer_interval_ms(void);

/*
 * Signs a head into its file unless the last one says the same. Where the
 * last one is not in the chain any more an alarm is logged, and nothing is
 * signed.
 */
enum vt_err keeper_signer_head(struct keeper_signer *s) VT_MUSTCHECK;

/* Signs the statements that wait, with the same care. */
enum vt_err keeper_signer_statements(struct keeper_signer *s) VT_MUSTCHECK;

#endif
