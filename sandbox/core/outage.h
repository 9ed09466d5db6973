/*
 * outage: how the API fails on command.
 *
 * The mode is kept in the settings, with the path and method it is for and
 * how many calls it is still for. What needs a connection to be cut is done
 * by nginx, which is sent to an internal location of
 * sandbox/alone/nginx.conf.in.
 */
#ifndef SANDBOX_OUTAGE_H
#define SANDBOX_OUTAGE_H

#include "core/call.h"

enum outage {
	OUTAGE_OFF,
	OUTAGE_HANG,  /* kept waiting until it is over, or 60 s */
	OUTAGE_RESET, /* the connection is reset, nothing was done */
	OUTAGE_500,
	OUTAGE_429,
	OUTAGE_409,
	OUTAGE_GARBAGE,	    /* 200 and HTML */
	OUTAGE_TRUNCATE,    /* done, but the answer is cut short */
	OUTAGE_LOST_ANSWER, /* done, then reset */
	OUTAGE__MAX
};

/* "off", "hang", …; NULL for OUTAGE__MAX. */
const char *outage_name(enum outage o);

/*
 * Sets the mode. `count` 0: until told otherwise; `path` and `method` NULL:
 * any. VT_INVALID for a word that is no mode. With the lock held.
 */
enum vt_err outage_set(struct box *b, const char *mode, int64_t count,
    const char *path, const char *method) VT_MUSTCHECK;

/* What happens to this call, counted. With the lock held. */
enum outage outage_take(
    struct box *b, struct arena *a, const char *method, const char *path);

/*
 * What a call wants for itself alone, by headers of its own that the real
 * API ignores: "Sandbox-Outage: lost-answer" and "Sandbox-Delay-Ms: 50".
 * Neither is touched when there is none. Refused: no such mode (and "hang",
 * which a long delay is), or no number up to a minute.
 */
enum vt_err
outage_asked(struct call *c, enum outage *mode, int64_t *delay_ms) VT_MUSTCHECK;

/*
 * Waits until hanging is over: true; false after 60 s, or when this process
 * is to end. Without the lock.
 */
bool outage_hang(struct box *b);

/* Answers for the modes that answer instead of the API. */
void outage_answer(const struct call *c, struct response *w, enum outage o);

#endif
