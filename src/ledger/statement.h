/*
 * statement: what Vantage signs: the head of the chain, and what a user has.
 *
 * Both are texts that a person can read and a program can take apart, a line
 * a value, in one order and one spelling: what is read is written again and
 * must come out byte for byte. The first line says which of the two it is,
 * so that the signature of one is never that of the other. The signature
 * (text/ed25519.h) is over all of the text, its first line and its last line
 * end included, so any program that knows Ed25519 can check it.
 * docs/ledger.md shows both.
 */
#ifndef VT_LEDGER_STATEMENT_H
#define VT_LEDGER_STATEMENT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/random.h"
#include "ledger/lots.h"
#include "ledger/movements.h"
#include "store/db.h"
#include "text/ed25519.h"

#define STATEMENT_USER_BYTES 128
#define STATEMENT_LOTS_MAX 10000 /* with something left: some 2 MB of text */

/* The newest movement and the newest step of debts, at one moment. */
struct chain_head {
	char instance[40];
	bool livemode;
	int64_t at_ms;
	int64_t movement; /* 0: there is none, and the hash is zeros */
	unsigned char movement_hash[LEDGER_HASH_BYTES];
	int64_t debt; /* likewise */
	unsigned char debt_hash[LEDGER_HASH_BYTES];
	char key[ED25519_PUBLIC_BYTES]; /* the one that signs this */
};

struct statement {
	struct chain_head head; /* of the same moment */
	char id[RANDOM_ID_BYTES];
	char user[STATEMENT_USER_BYTES]; /* Clerk's id */
	struct balance balance;
	int64_t debt;
	const struct lot *lots; /* in burn order; id, cost and currency of
				 * them are not in the text */
	size_t lots_count;
	int64_t account_balance, account_entry; /* the last one's number */
};

/* The head as the database has it now. In a read, an operation or neither. */
enum vt_err chain_head_read(struct db *db, int64_t now_ms, const char *key,
    struct chain_head *out) VT_MUSTCHECK;

/*
 * What the user with this row has, the head included; in an operation or a
 * read, so that all of it is of one moment. The lots live in `a`. VT_LIMIT:
 * there are more than STATEMENT_LOTS_MAX.
 */
enum vt_err statement_read(struct db *db, struct arena *a, int64_t user,
    int64_t now_ms, const char *key, struct statement *out) VT_MUSTCHECK;

/* What is signed. In the arena. */
const char *chain_head_text(struct arena *a, const struct chain_head *h);
const char *statement_text(struct arena *a, const struct statement *s);

/* True if both say that the same user has the same, whenever and under
 * whatever name they say it. */
bool statement_same(
    struct arena *a, const struct statement *x, const struct statement *y);

/* True if the lots make the sums. */
bool statement_adds_up(const struct statement *s);

enum signed_kind { SIGNED_STATEMENT, SIGNED_HEAD, SIGNED_UNKNOWN };

/* Which of the two a text is, by its first line. */
enum signed_kind signed_kind(const char *text);

/* VT_INVALID unless the text is one that the functions above write. */
enum vt_err
chain_head_parse(const char *text, struct chain_head *out) VT_MUSTCHECK;
enum vt_err statement_parse(
    struct arena *a, const char *text, struct statement *out) VT_MUSTCHECK;

/* A text and its signature, which stands below it in a file. */
struct signed_text {
	const char *text;
	const char *signature;
};

/* "TEXTsignature: SIGNATURE\n". In the arena. */
const char *
signed_file(struct arena *a, const char *text, const char *signature);

/* The reverse; VT_INVALID when the last line is no signature. */
enum vt_err signed_file_parse(
    struct arena *a, const char *file, struct signed_text *out) VT_MUSTCHECK;

/* How a head that was signed once stands to a database. */
enum chain_fit {
	CHAIN_FITS,
	CHAIN_OTHER_INSTANCE,
	CHAIN_SHORTER, /* the movement is not there */
	CHAIN_CHANGED, /* it has another hash */
	CHAIN_DEBTS_SHORTER,
	CHAIN_DEBTS_CHANGED
};
#define CHAIN_FIT_BYTES 320

/*
 * VT_OK sets *fit, and `sentence` to what a person should know about it.
 * In a read, an operation or neither.
 */
enum vt_err chain_head_compare(struct db *db, const struct chain_head *h,
    enum chain_fit *fit, char sentence[static CHAIN_FIT_BYTES]) VT_MUSTCHECK;

#endif
