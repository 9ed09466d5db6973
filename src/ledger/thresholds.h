/*
 * thresholds: notices when what a user can spend falls below a number (R80).
 *
 * A threshold fires when available falls below it, once, and again only after
 * it has been above it: at the threshold itself nothing changes, so that a
 * balance that trembles there is told once. Every threshold is on its own.
 * What counts is what each operation leaves, not what it passes through.
 *
 * A lot's end is an operation of its own, which keeper books: until then what
 * has lapsed is looked at as though it were there. So a spend between the end
 * and its booking, or several lots that end together, cross neither twice nor
 * not at all.
 *
 * The operations of this folder look themselves. A spend pays nothing but
 * comparisons as long as nothing is crossed; the others read what there is,
 * where thresholds are set at all. What a crossing leads to is for the caller
 * of thresholds_set(): it is done in the same write.
 */
#ifndef VT_LEDGER_THRESHOLDS_H
#define VT_LEDGER_THRESHOLDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ledger/lots.h"
#include "store/db.h"

#define THRESHOLDS_MAX 8

struct crossing {
	int64_t user, threshold;
	int64_t number;	   /* of this user and threshold, from 1 */
	int64_t available; /* now */
	int64_t now_ms;
};
/* Inside the operation that crossed; anything but VT_OK undoes it. */
typedef enum vt_err (*crossing_fn)(struct db *db, const struct crossing *c);

/*
 * Once, before the first thread: the thresholds of this process, each from 1,
 * at most THRESHOLDS_MAX. With 0 of them, and without a call, nothing is
 * looked at.
 */
void thresholds_set(const int64_t *tokens, size_t count, crossing_fn fn);

/* What a user had before an operation. */
struct threshold_watch {
	int64_t user, before, now_ms; /* before: tokens */
	bool on;
};

/* Before the first change of an operation, and after its last. */
enum vt_err thresholds_begin(struct db *db, int64_t user, int64_t now_ms,
    struct threshold_watch *out) VT_MUSTCHECK;
enum vt_err
thresholds_end(struct db *db, const struct threshold_watch *w) VT_MUSTCHECK;

/* The same for who took so many, and has read what that left. */
enum vt_err thresholds_taken(struct db *db, int64_t user, int64_t tokens,
    const struct balance *after, int64_t now_ms) VT_MUSTCHECK;

#endif
