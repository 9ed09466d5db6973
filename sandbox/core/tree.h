/*
 * tree: a form's bracketed names as the nested values that they mean.
 *
 *	items[0][price]=a&items[0][quantity]=2&metadata[k]=v&expand[]=x
 *
 * becomes a hash with the members items (a list of one hash), metadata (a
 * hash) and expand (a list). Both spellings of a list are read: numbered
 * elements, as the SDK writes them, and empty brackets, as the CLI does.
 * Nothing is typed here; that is params.h's.
 */
#ifndef SANDBOX_TREE_H
#define SANDBOX_TREE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "text/form.h"

#define TREE_DEPTH_MAX 12 /* brackets in one name */

enum tree_kind { TREE_LEAF, TREE_HASH, TREE_LIST };

struct tree {
	const char *name; /* the member's; "" for a list's element and root */
	enum tree_kind kind;
	const char *value;	   /* a leaf's text */
	struct tree *first, *last; /* members, in the order they came */
	struct tree *next;
	size_t count;
};

/*
 * Builds the tree of these pairs in `a`. VT_INVALID: brackets that do not
 * match, too many of them, or a name that is used both as a value and as
 * something nested; *at then is the name at fault.
 */
enum vt_err tree_build(struct arena *a, const struct form_pair *pairs,
    size_t count, struct tree **out, const char **at) VT_MUSTCHECK;

/* The member of this name, or NULL. */
const struct tree *tree_get(const struct tree *t, const char *name);

/* A member's text when it is a leaf, else NULL. */
const char *tree_text(const struct tree *t, const char *name);

#endif
