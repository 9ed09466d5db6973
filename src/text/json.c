/*
 * json: see json.h. The tree is cJSON's: a struct json is a cJSON item under
 * another name, so that cJSON.h stays in this file.
 *
 * Numbers need care (R70). cJSON's valueint saturates, so only valuedouble
 * is read; and it prints with fifteen digits whatever differs from that by
 * less than its tolerance, 2^53 - 1 for one. Every number it would not print
 * exactly is therefore kept as raw text beside its value.
 */
#include "text/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "text/json_scan.h"

/* Deeper trees would strain the stacks of worker threads. */
#define DEPTH_LIMIT 256

/* Objects up to this size are searched for duplicates pair by pair. */
#define PAIRWISE_MAX 8

static const cJSON *
item(const struct json *j)
{
	return (const cJSON *)j;
}

static cJSON *
item_mut(struct json *j)
{
	return (cJSON *)j;
}

/* What cJSON could not allocate ends the process, as everywhere (err.h). */
static cJSON *
made(cJSON *new)
{
	if (new == NULL)
		abort();
	return new;
}

static void
tree_free(void *root)
{
	cJSON_Delete(root);
}

/* ---- parsing ------------------------------------------------------------ */

static int
name_order(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static const char *
duplicate_pairwise(const cJSON *object)
{
	for (const cJSON *i = object->child; i != NULL; i = i->next)
		for (const cJSON *k = i->next; k != NULL; k = k->next)
			if (strcmp(i->string, k->string) == 0)
				return k->string;
	return NULL;
}

/* By sorting, so that tens of thousands of members take milliseconds. */
static const char *
duplicate_sorted(const cJSON *object, size_t count)
{
	const char **names = calloc(count, sizeof(*names));
	const char *found = NULL;
	size_t n = 0;

	if (names == NULL)
		abort();
	for (const cJSON *i = object->child; i != NULL; i = i->next)
		names[n++] = i->string;
	qsort(names, n, sizeof(*names), name_order);
	for (size_t i = 1; i < n && found == NULL; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			found = names[i];
	free(names);
	return found;
}

/* A member's name that stands twice in this object, or NULL. */
static const char *
duplicate(const cJSON *object)
{
	size_t count = 0;

	for (const cJSON *i = object->child; i != NULL; i = i->next)
		count++;
	return count <= PAIRWISE_MAX ? duplicate_pairwise(object)
				     : duplicate_sorted(object, count);
}

/* Turns the item into raw text that reads back as the same number. */
static void
number_exact(cJSON *number)
{
	double d = number->valuedouble;
	char text[40];

	if (d == (double)number->valueint)
		return;
	(void)snprintf(text, sizeof(text), "%1.15g", d);
	if (strtod(text, NULL) == d)
		return;
	if (d >= -9.2e18 && d <= 9.2e18 && (double)(int64_t)d == d)
		(void)snprintf(text, sizeof(text), "%" PRId64, (int64_t)d);
	else
		(void)snprintf(text, sizeof(text), "%1.17g", d);
	number->valuestring = strdup(text);
	if (number->valuestring == NULL)
		abort();
	number->type = cJSON_Raw;
}

/* What the scan left to do once there is a tree; a duplicate or NULL. */
static const char *
finish(cJSON *node)
{
	const char *found = NULL;

	if (cJSON_IsNumber(node))
		number_exact(node);
	if (cJSON_IsObject(node))
		found = duplicate(node);
	for (cJSON *i = node->child; i != NULL && found == NULL; i = i->next)
		found = finish(i);
	return found;
}

enum vt_err
json_parse(struct arena *a, const char *text, size_t bytes, int depth_max,
    const struct json **out, struct vt_problem *p)
{
	char field[JSON_FIELD_BYTES];
	const char *twice;
	cJSON *root;

	assert(depth_max >= 0 && depth_max <= DEPTH_LIMIT);
	if (json_scan(text, bytes, depth_max, p) != VT_OK)
		return VT_INVALID;
	root = cJSON_ParseWithLengthOpts(text, bytes, NULL, 0);
	if (root == NULL)
		return vt_problem(p, VT_INVALID, "malformed_json", NULL,
		    "The JSON is malformed.");
	arena_defer(a, tree_free, root);
	twice = finish(root);
	if (twice != NULL) {
		json_field_name(NULL, twice, field);
		return vt_problem(p, VT_INVALID, "duplicate_field", field,
		    "%s is there more than once.", field);
	}
	*out = (const struct json *)root;
	return VT_OK;
}

/* ---- reading ------------------------------------------------------------ */

const struct json *
json_get(const struct json *object, const char *name)
{
	if (!json_is_object(object))
		return NULL;
	return (const struct json *)cJSON_GetObjectItemCaseSensitive(
	    item(object), name);
}

const struct json *
json_at(const struct json *object, const char *path)
{
	char name[64];
	const char *dot;
	size_t n;

	while ((dot = strchr(path, '.')) != NULL && object != NULL) {
		n = (size_t)(dot - path);
		assert(n < sizeof(name));
		memcpy(name, path, n);
		name[n] = '\0';
		object = json_get(object, name);
		path = dot + 1;
	}
	return json_get(object, path);
}

bool
json_is_object(const struct json *j)
{
	return cJSON_IsObject(item(j));
}

bool
json_is_array(const struct json *j)
{
	return cJSON_IsArray(item(j));
}

bool
json_is_string(const struct json *j)
{
	return cJSON_IsString(item(j));
}

bool
json_is_null(const struct json *j)
{
	return cJSON_IsNull(item(j));
}

const char *
json_str(const struct json *j)
{
	return json_is_string(j) ? item(j)->valuestring : NULL;
}

const char *
json_str_at(const struct json *object, const char *path)
{
	return json_str(json_at(object, path));
}

/* All raw text that we make is a number. */
static bool
is_number(const struct json *j)
{
	return cJSON_IsNumber(item(j)) || cJSON_IsRaw(item(j));
}

bool
json_int(const struct json *j, int64_t *out)
{
	double d;
	int64_t n;

	if (!is_number(j))
		return false;
	d = item(j)->valuedouble;
	if (!(d >= -(double)JSON_INT_MAX && d <= (double)JSON_INT_MAX))
		return false;
	n = (int64_t)d;
	if ((double)n != d)
		return false;
	*out = n;
	return true;
}

bool
json_int_at(const struct json *object, const char *path, int64_t *out)
{
	return json_int(json_at(object, path), out);
}

bool
json_bool(const struct json *j, bool *out)
{
	if (!cJSON_IsBool(item(j)))
		return false;
	*out = cJSON_IsTrue(item(j));
	return true;
}

const struct json *
json_first(const struct json *j)
{
	return j == NULL ? NULL : (const struct json *)item(j)->child;
}

const struct json *
json_next(const struct json *j)
{
	return j == NULL ? NULL : (const struct json *)item(j)->next;
}

const char *
json_name(const struct json *j)
{
	return j == NULL ? NULL : item(j)->string;
}

size_t
json_count(const struct json *j)
{
	size_t n = 0;

	for (j = json_first(j); j != NULL; j = json_next(j))
		n++;
	return n;
}

/* ---- building ----------------------------------------------------------- */

/* A member of this name that is there already is replaced, in its place. */
static struct json *
put(struct json *object, const char *name, cJSON *new)
{
	cJSON *to = item_mut(object);

	assert(cJSON_IsObject(to));
	if (cJSON_GetObjectItemCaseSensitive(to, name) != NULL) {
		if (!cJSON_ReplaceItemInObjectCaseSensitive(to, name, new))
			abort();
	} else if (!cJSON_AddItemToObject(to, name, new)) {
		abort();
	}
	return (struct json *)new;
}

static struct json *
add(struct json *array, cJSON *new)
{
	assert(cJSON_IsArray(item_mut(array)));
	if (!cJSON_AddItemToArray(item_mut(array), new))
		abort();
	return (struct json *)new;
}

/* NULL is null; bytes that are no UTF-8 become U+FFFD, so JSON stays JSON. */
static cJSON *
new_text(const char *text)
{
	size_t n;
	struct buf b;
	cJSON *new;

	if (text == NULL)
		return made(cJSON_CreateNull());
	n = strlen(text);
	if (utf8_valid(text, n))
		return made(cJSON_CreateString(text));
	buf_init(&b, n * 3);
	utf8_clean(&b, text, n);
	new = made(cJSON_CreateString(buf_str(&b)));
	buf_free(&b);
	return new;
}

/* All 64 bits, which a double does not hold. */
static cJSON *
new_int(int64_t n)
{
	char text[24];
	cJSON *new;

	(void)snprintf(text, sizeof(text), "%" PRId64, n);
	new = made(cJSON_CreateRaw(text));
	new->valuedouble = (double)n;
	return new;
}

static cJSON *
new_copy(const struct json *node)
{
	if (node == NULL)
		return made(cJSON_CreateNull());
	return made(cJSON_Duplicate(item(node), 1));
}

static struct json *
root(struct arena *a, cJSON *new)
{
	arena_defer(a, tree_free, new);
	return (struct json *)new;
}

struct json *
json_object(struct arena *a)
{
	return root(a, made(cJSON_CreateObject()));
}

struct json *
json_array(struct arena *a)
{
	return root(a, made(cJSON_CreateArray()));
}

void
json_put_str(struct json *object, const char *name, const char *text)
{
	(void)put(object, name, new_text(text));
}

void
json_put_int(struct json *object, const char *name, int64_t n)
{
	(void)put(object, name, new_int(n));
}

void
json_put_bool(struct json *object, const char *name, bool b)
{
	(void)put(object, name, made(cJSON_CreateBool(b)));
}

void
json_put_null(struct json *object, const char *name)
{
	(void)put(object, name, made(cJSON_CreateNull()));
}

struct json *
json_put_object(struct json *object, const char *name)
{
	return put(object, name, made(cJSON_CreateObject()));
}

struct json *
json_put_array(struct json *object, const char *name)
{
	return put(object, name, made(cJSON_CreateArray()));
}

void
json_put_copy(struct json *object, const char *name, const struct json *node)
{
	(void)put(object, name, new_copy(node));
}

void
json_put_text(struct json *object, const char *name, const char *json)
{
	struct arena *a = arena_new();
	const struct json *parsed = NULL;

	/* A text of ours that was cut is our fault, yet no cause to end. */
	if (json == NULL ||
	    json_parse(a, json, strlen(json), DEPTH_LIMIT, &parsed, NULL) !=
		VT_OK) {
		if (json != NULL)
			LOG(LOG_ERROR, "json.text_unreadable",
			    LOG_S("member", name));
		parsed = NULL;
	}
	json_put_copy(object, name, parsed);
	arena_free(a);
}

struct json *
json_add_object(struct json *array)
{
	return add(array, made(cJSON_CreateObject()));
}

struct json *
json_add_array(struct json *array)
{
	return add(array, made(cJSON_CreateArray()));
}

void
json_add_str(struct json *array, const char *text)
{
	(void)add(array, new_text(text));
}

void
json_add_int(struct json *array, int64_t n)
{
	(void)add(array, new_int(n));
}

void
json_add_copy(struct json *array, const struct json *node)
{
	(void)add(array, new_copy(node));
}

struct json *
json_clone(struct arena *a, const struct json *node)
{
	return node == NULL ? NULL : root(a, new_copy(node));
}

struct json *
json_edit(struct json *object, const char *name)
{
	if (!json_is_object(object))
		return NULL;
	return (struct json *)cJSON_GetObjectItemCaseSensitive(
	    item_mut(object), name);
}

/* Members are mostly in the same order, so the neighbour is tried first. */
static bool
same_members(const struct json *a, const struct json *b)
{
	const struct json *near = json_first(b), *twin;

	for (const struct json *m = json_first(a); m != NULL;
	     m = json_next(m)) {
		twin = near;
		if (twin == NULL || strcmp(json_name(twin), json_name(m)) != 0)
			twin = json_get(b, json_name(m));
		if (twin == NULL || !json_equal(m, twin))
			return false;
		near = json_next(twin);
	}
	return true;
}

static bool
same_elements(const struct json *a, const struct json *b)
{
	a = json_first(a);
	b = json_first(b);
	for (; a != NULL && b != NULL; a = json_next(a), b = json_next(b))
		if (!json_equal(a, b))
			return false;
	return a == NULL && b == NULL;
}

/* Raw text is the more exact of a number's two forms, where both have it. */
static bool
same_number(const cJSON *a, const cJSON *b)
{
	if (cJSON_IsRaw(a) && cJSON_IsRaw(b) &&
	    strcmp(a->valuestring, b->valuestring) == 0)
		return true;
	if (a->valuedouble != b->valuedouble)
		return false;
	return !cJSON_IsRaw(a) || !cJSON_IsRaw(b);
}

/*
 * Not cJSON's own comparison: to it a number that we wrote is never one that
 * was read, and two numbers that are nearly the same are the same.
 */
bool
json_equal(const struct json *a, const struct json *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (is_number(a) && is_number(b))
		return same_number(item(a), item(b));
	if ((item(a)->type & 0xff) != (item(b)->type & 0xff))
		return false;
	if (json_is_object(a))
		return json_count(a) == json_count(b) && same_members(a, b);
	if (json_is_array(a))
		return same_elements(a, b);
	return !json_is_string(a) || strcmp(json_str(a), json_str(b)) == 0;
}

void
json_remove(struct json *object, const char *name)
{
	cJSON_DeleteItemFromObjectCaseSensitive(item_mut(object), name);
}

const char *
json_text(struct arena *a, const struct json *j)
{
	char *printed = cJSON_PrintUnformatted(item(j));
	const char *text;

	if (printed == NULL)
		abort();
	text = arena_strdup(a, printed);
	cJSON_free(printed);
	return text;
}
