/*
 * cursor: where a list goes on.
 *
 * Lists are ordered by time and id, newest first, and a cursor is the last
 * row's two, so that rows which arrive meanwhile shift nothing. For callers
 * it is an opaque word: base64url of a version, both numbers and a checksum
 * that also covers the list's name. It keeps nobody from making one up (a
 * list shows only what its caller may see anyway); it turns a typing error,
 * or another list's cursor, into a 422 rather than a wrong page.
 */
#ifndef VT_WEB_CURSOR_H
#define VT_WEB_CURSOR_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "text/json.h"
#include "web/http.h"

#define CURSOR_LIMIT_MAX 100
#define CURSOR_LIMIT_DEFAULT 20

struct cursor {
	int64_t created_at; /* ms; 0 in both: from the newest on */
	int64_t id;
};

/* The word for the row after which the next page begins; in the arena. */
const char *
cursor_format(struct arena *a, const char *list, const struct cursor *c);

/* VT_INVALID unless cursor_format() made this very text for this list. */
enum vt_err cursor_parse(
    const char *text, const char *list, struct cursor *out) VT_MUSTCHECK;

/* A page as it was asked for. */
struct cursor_page {
	int limit; /* from 1 */
	struct cursor after;
};

/* Reads `limit` and `cursor` of the query; 422 names the one at fault. */
enum vt_err cursor_page(const struct request *r, const char *list,
    struct cursor_page *out, struct vt_problem *p) VT_MUSTCHECK;

/* The same with other limits, for answers that hold more than a screen. */
enum vt_err
cursor_page_sized(const struct request *r, const char *list, int limit_default,
    int limit_max, struct cursor_page *out, struct vt_problem *p) VT_MUSTCHECK;

/*
 * Ends a list's answer: has_more, and next_cursor (null without more), which
 * is made of the last row that was shown.
 */
void cursor_end(struct arena *a, struct json *answer, const char *list,
    bool has_more, const struct cursor *last);

#endif
