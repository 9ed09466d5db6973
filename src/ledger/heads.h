/*
 * heads: signed heads of the chain, in a folder that the writers of the
 * database cannot write.
 *
 * Whoever writes the database can write all of it anew, with hashes that
 * fit. What he cannot change is what was signed before and lies where he has
 * no hand: a file for each head, written once,
 *
 *	head-000000000042-20261122T201500.123Z.txt
 *
 * named by its movement and its time (signed_file() says what is in it).
 */
#ifndef VT_LEDGER_HEADS_H
#define VT_LEDGER_HEADS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "ledger/statement.h"
#include "store/db.h"
#include "text/ed25519.h"

/*
 * VANTAGE_HEADS_DIR, or "heads" in VANTAGE_STATE; NULL when neither is set.
 * Lives as long as the process.
 */
const char *heads_folder(struct arena *a);

/*
 * Signs the head with its key and writes its file, readable by everybody.
 * VT_CONFLICT: there is such a file, which stays as it is. VT_INVALID: the
 * path is too long. VT_SYS, logged.
 */
enum vt_err heads_write(const char *folder, const struct ed25519_key *k,
    const struct chain_head *h) VT_MUSTCHECK;

struct head_file {
	const char *name;
	bool good; /* it was read and its signature fits its own key */
	struct chain_head head;
};

/*
 * The heads in a folder, by name, so the newest last. VT_NOTFOUND: the
 * folder cannot be read, errno says why. In the arena.
 */
enum vt_err heads_list(struct arena *a, const char *folder,
    const struct head_file **out, size_t *count) VT_MUSTCHECK;

/* The newest of them; VT_NOTFOUND when there is none. */
enum vt_err
heads_newest(const char *folder, struct head_file *out) VT_MUSTCHECK;

/* True if a head or a statement may be signed by this key. */
typedef bool (*key_trusted_fn)(struct db *db, const char *key, void *arg);

struct heads_check {
	const struct head_file *files;
	size_t count;
	key_trusted_fn trusted;
	/* Called for each fault: a stable word and a sentence. */
	void (*fault)(const char *code, const char *sentence, void *arg);
	void *arg;	/* of both */
	int64_t faults; /* counted */
};

/* Compares them all with the chain. In a read. VT_OK: see faults. */
enum vt_err heads_verify(struct db *db, struct heads_check *c) VT_MUSTCHECK;

#endif
