/*
 * render_parts: what render.c and render_list.c share.
 */
#ifndef SANDBOX_RENDER_PARTS_H
#define SANDBOX_RENDER_PARTS_H

#include "base/buf.h"
#include "core/render.h"

#define RENDER_DEPTH_MAX 64 /* of our own documents */

/* What to expand in one object: a step and what follows it. */
struct expand {
	const char *name;
	struct expand *first, *next;
};

/* Reads the call's "expand"; *out is NULL when there is none. */
enum vt_err expand_read(struct call *c, struct expand **out) VT_MUSTCHECK;

/* The step of this name below `e`, or NULL; NULL-safe. */
const struct expand *expand_find(const struct expand *e, const char *name);

/* Refuses unless everything below `e` begins with "data", as in lists. */
enum vt_err
expand_only_data(struct call *c, const struct expand *e) VT_MUSTCHECK;

/* Refuses to expand a property of this name. */
enum vt_err not_expandable(struct call *c, const char *name) VT_MUSTCHECK;

/* Begins a page, which lasts as long as the call: {"object":…,"data":[ */
struct buf *render_begin(struct call *c, const char *object);

/* Its rows, out of the objects' texts as stored, each expanded by `e`. */
enum vt_err
render_rows(struct call *c, enum resource_kind kind, const char *const *bodies,
    size_t count, const struct expand *e, struct buf *out) VT_MUSTCHECK;

/*
 * The members of an object of this kind, expanded, into `out`. With nothing
 * to expand it refuses nothing.
 */
enum vt_err render_object(struct call *c, enum resource_kind kind,
    const struct json *body, const struct expand *e, struct json *out);

/* True if the text as stored is already what the caller gets to see. */
bool render_is_plain(const struct call *c, enum resource_kind kind);

#endif
