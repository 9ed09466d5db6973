/*
 * watchdog: finds a process that is frozen while it holds the write lock.
 *
 * The kernel frees a dead holder's lock; a stopped one would keep it for
 * ever. /proc/locks says who holds the files of writelock.h and that others
 * wait for them. Frozen is a holder whose writer thread (or, without one,
 * each of its threads) was not given the processor for a while and waits for
 * no disk: one that works, however long, is left alone, and so is one whose
 * /proc cannot be read.
 */
#ifndef VT_STORE_WATCHDOG_H
#define VT_STORE_WATCHDOG_H

#include <stdint.h>

#include "base/err.h"

#define WATCHDOG_FROZEN_MS 5000 /* of waiting, before the holder is killed */

struct watchdog;

/* Never fails; what cannot be read is logged when it is looked at. */
struct watchdog *watchdog_open(const char *db_path);
void watchdog_close(struct watchdog *w); /* NULL is fine */

/*
 * Looks once; to be called every half second or so. True if a frozen holder
 * was killed (SIGKILL), which is logged as an error. Never kills its own
 * process. Needs CAP_KILL when the holder is of another user.
 */
bool watchdog_look(struct watchdog *w);

#endif
