/* tree: see tree.h. */
#include "core/tree.h"

#include <string.h>

static bool
is_number(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (*s < '0' || *s > '9')
			return false;
	return true;
}

static struct tree *
add(struct arena *a, struct tree *parent, const char *name)
{
	struct tree *t = arena_alloc(a, sizeof(*t));

	t->name = name;
	t->kind = TREE_HASH;
	if (parent->last == NULL)
		parent->first = t;
	else
		parent->last->next = t;
	parent->last = t;
	parent->count++;
	return t;
}

static struct tree *
find(struct tree *t, const char *name)
{
	for (struct tree *m = t->first; m != NULL; m = m->next)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

const struct tree *
tree_get(const struct tree *t, const char *name)
{
	if (t == NULL)
		return NULL;
	for (const struct tree *m = t->first; m != NULL; m = m->next)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

const char *
tree_text(const struct tree *t, const char *name)
{
	const struct tree *m = tree_get(t, name);

	return m != NULL && m->kind == TREE_LEAF ? m->value : NULL;
}

/*
 * Splits "a[b][]" into "a", "b", "". The parts live in `a`. False unless
 * every bracket is closed and followed by another or by the end.
 */
static bool
split(struct arena *a, const char *name, const char *parts[], size_t *count)
{
	char *text = arena_strdup(a, name);
	char *p = strchr(text, '[');

	*count = 0;
	if (p == text)
		return false;
	parts[(*count)++] = text;
	while (p != NULL && *p == '[') {
		char *end = strchr(p + 1, ']');

		if (end == NULL || *count > TREE_DEPTH_MAX)
			return false;
		*p = '\0';
		*end = '\0';
		parts[(*count)++] = p + 1;
		p = end + 1;
	}
	return p == NULL || *p == '\0';
}

/*
 * The element that "[]" means: the last one while the name that follows is
 * not in it yet (a[][x]=1&a[][y]=2 is one element), else a new one.
 */
static struct tree *
element(struct arena *a, struct tree *list, const char *following)
{
	struct tree *last = list->last;

	if (last != NULL && following != NULL && last->name[0] == '\0' &&
	    find(last, following) == NULL && last->value == NULL)
		return last;
	return add(a, list, "");
}

static bool
insert(struct arena *a, struct tree *root, const char *parts[], size_t count,
    const char *value)
{
	struct tree *t = root, *m;

	for (size_t i = 0; i < count; i++) {
		if (t->value != NULL)
			return false;
		if (i > 0 && parts[i][0] == '\0')
			m = element(a, t, i + 1 < count ? parts[i + 1] : NULL);
		else
			m = find(t, parts[i]);
		if (m == NULL)
			m = add(a, t, parts[i]);
		t = m;
	}
	if (t->first != NULL)
		return false;
	/* The last one wins where a name comes twice. */
	t->kind = TREE_LEAF;
	t->value = value;
	return true;
}

/* A hash whose every name is a number, or empty, was meant as a list. */
static void
settle(struct tree *t)
{
	bool list = t->first != NULL;

	for (struct tree *m = t->first; m != NULL; m = m->next) {
		if (m->name[0] != '\0' && !is_number(m->name))
			list = false;
		settle(m);
	}
	if (t->kind == TREE_HASH && list && t->name[0] != '\0')
		t->kind = TREE_LIST;
}

enum vt_err
tree_build(struct arena *a, const struct form_pair *pairs, size_t count,
    struct tree **out, const char **at)
{
	struct tree *root = arena_alloc(a, sizeof(*root));
	const char *parts[TREE_DEPTH_MAX + 2];
	size_t parts_count;

	root->name = "";
	root->kind = TREE_HASH;
	for (size_t i = 0; i < count; i++) {
		if (pairs[i].name[0] == '\0')
			continue;
		if (!split(a, pairs[i].name, parts, &parts_count) ||
		    !insert(a, root, parts, parts_count, pairs[i].value)) {
			*at = pairs[i].name;
			return VT_INVALID;
		}
	}
	settle(root);
	*out = root;
	return VT_OK;
}
