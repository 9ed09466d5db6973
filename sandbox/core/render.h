/*
 * render: objects and lists as the caller sees them, expanded as asked.
 *
 * "expand" is a list of paths ("latest_charge.balance_transaction",
 * "data.customer" on lists) of at most four levels; each step must be a
 * member of the resource's table that holds an id, or an includable list.
 */
#ifndef SANDBOX_RENDER_H
#define SANDBOX_RENDER_H

#include "core/resource.h"

/* The answer is this object, expanded by the call's parameters. */
enum vt_err render_doc(struct call *c, const struct doc *d) VT_MUSTCHECK;

/*
 * The same for an object that was only looked up: refused as doc_need()
 * does, except that a deleted customer is shown as deleted.
 */
enum vt_err render_stored(
    struct call *c, enum resource_kind kind, const char *id) VT_MUSTCHECK;

/* Removes the object for good, and answers that it is gone. */
enum vt_err render_removed(struct call *c, struct doc *d) VT_MUSTCHECK;

/* The object as a tree, expanded likewise; for embedding it elsewhere. */
enum vt_err render_tree(
    struct call *c, const struct doc *d, struct json **out) VT_MUSTCHECK;

/* The object as the caller may see it, not expanded. */
const struct json *render_embedded(struct call *c, const struct doc *d);

/* Which parameter of a list asks for which member. */
struct list_rule {
	const char *param; /* "recurring.interval"; NULL ends a table */
	const char *member;
};

/* For list_filter.members: of those rules whose parameter came. */
struct json *list_members(struct call *c, const struct list_rule *rules);

struct list_filter {
	enum resource_kind kind;
	const char *url;      /* NULL: the resource's */
	const char *customer; /* each NULL: any */
	const char *parent;
	const char *type;
	const struct json *types; /* a list of texts: any of them */
	/*
	 * Members by their paths: {"price.active": true}; all must be so, be
	 * one of a list, or within a range ({"gte": 5}). Of "items.data[].id"
	 * any element may be so.
	 */
	const struct json *members;
	const char *clock; /* on this test clock only */
	bool clocked;	   /* else those on one are shown for a customer only */
	int delivered;	   /* events: 1 all delivered, 0 not all, -1 any */
};

/*
 * The answer is a page of such objects, newest first, by the call's limit,
 * starting_after, ending_before and created.
 */
enum vt_err
render_list(struct call *c, const struct list_filter *f) VT_MUSTCHECK;

/* The answer is this object, which stands inside another one. */
enum vt_err render_part(struct call *c, enum resource_kind kind,
    const struct json *body) VT_MUSTCHECK;

/* A page of objects that stand inside another one, in their order. */
enum vt_err render_array(struct call *c, enum resource_kind kind,
    const struct json *list, const char *url) VT_MUSTCHECK;

#endif
