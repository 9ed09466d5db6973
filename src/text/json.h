/*
 * json: JSON from strangers and to them, over cJSON.
 *
 * Parsing is strict: UTF-8 only, a size and a depth limit checked before
 * anything is built, no duplicate member, no U+0000, nothing after the value
 * (RFC 8259). Whoever reads an input states its members in a table, and what
 * is not in the table is refused (json_read). Trees belong to the arena.
 */
#ifndef VT_TEXT_JSON_H
#define VT_TEXT_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "text/utf8.h" /* utf8_valid() */

#define JSON_INT_MAX 9007199254740991 /* 2^53 - 1, exact in a double (R70) */
#define JSON_DEPTH_MAX 32	      /* of a request */

struct json; /* a node; what cJSON calls an item */

/*
 * Parses one value with at most `depth_max` (up to 256) arrays and objects
 * inside each other. VT_INVALID with code "malformed_json" and a message that
 * says what and at which byte and line (both count from 1), except for two
 * faults of well-formed JSON: "duplicate_field" for a member that stands
 * twice and "invalid_field" for U+0000, both with the member as field. *out
 * is set only on VT_OK and lives in `a`. A number is refused when it is
 * longer than 60 characters or too large for a double.
 */
enum vt_err json_parse(struct arena *a, const char *text, size_t bytes,
    int depth_max, const struct json **out, struct vt_problem *p) VT_MUSTCHECK;

/* The member of this exact name (case counts), or NULL; NULL-safe. */
const struct json *json_get(const struct json *object, const char *name);

/* json_get() along "a.b.c"; NULL when any step is missing. */
const struct json *json_at(const struct json *object, const char *path);

/* What it is; all NULL-safe (false). */
bool json_is_object(const struct json *j);
bool json_is_array(const struct json *j);
bool json_is_string(const struct json *j);
bool json_is_null(const struct json *j);

/* A string's text, or NULL if it is none. Borrowed from the tree. */
const char *json_str(const struct json *j);

/* The text at a path, or NULL. */
const char *json_str_at(const struct json *object, const char *path);

/* False unless it is an integral number within +-JSON_INT_MAX (R70). */
bool json_int(const struct json *j, int64_t *out);
bool json_int_at(const struct json *object, const char *path, int64_t *out);

/* False unless it is a boolean. */
bool json_bool(const struct json *j, bool *out);

/* Elements of an array or members of an object, in order; NULL ends. */
const struct json *json_first(const struct json *j);
const struct json *json_next(const struct json *j);
const char *json_name(const struct json *j); /* a member's name */
size_t json_count(const struct json *j);

/*
 * The members of a closed input. `offset` says where in the caller's struct
 * the value goes:
 *   JSON_TEXT   const char *  (borrowed from the tree; bytes min..max)
 *   JSON_INT    int64_t       (min..max)
 *   JSON_BOOL   bool
 *   JSON_NODE   const struct json *  (any value, for nested input)
 * An absent optional member leaves the struct as it was; JSON null counts as
 * absent for an optional one and is refused for a required one. A text may
 * not hold control characters.
 */
enum json_kind { JSON_TEXT, JSON_INT, JSON_BOOL, JSON_NODE };

struct json_field {
	const char *name;
	enum json_kind kind;
	bool required;
	size_t offset;
	int64_t min, max; /* value of a number, bytes of a text */
};

/*
 * Reads `object` into `out` by the table. VT_INVALID with code
 * "invalid_field" ("missing_field", "unknown_field") and the member's name,
 * `prefix` before it when not NULL ("users[3]." say).
 */
enum vt_err json_read(const struct json *object,
    const struct json_field *fields, size_t count, const char *prefix,
    void *out, struct vt_problem *p) VT_MUSTCHECK;

/*
 * Building. A root belongs to the arena, every other node to its parent.
 * Texts are copied; a NULL text becomes null, and bytes that are not UTF-8
 * become U+FFFD. Numbers are written as integers, exactly. Putting a member
 * that is there already replaces it.
 */
struct json *json_object(struct arena *a);
struct json *json_array(struct arena *a);
void json_put_str(struct json *object, const char *name, const char *text);
void json_put_int(struct json *object, const char *name, int64_t n);
void json_put_bool(struct json *object, const char *name, bool b);
void json_put_null(struct json *object, const char *name);
struct json *json_put_object(struct json *object, const char *name);
struct json *json_put_array(struct json *object, const char *name);
/* A deep copy of a node as a member; NULL is written as null. */
void
json_put_copy(struct json *object, const char *name, const struct json *node);
/*
 * A text that already is JSON, such as vt_problem.details; it is parsed, and
 * becomes null, with a line in the log, when it cannot be.
 */
void json_put_text(struct json *object, const char *name, const char *json);
struct json *json_add_object(struct json *array);
struct json *json_add_array(struct json *array);
void json_add_str(struct json *array, const char *text);
void json_add_int(struct json *array, int64_t n);
void json_add_copy(struct json *array, const struct json *node);
/* A deep copy that can be changed, a root of its own; NULL gives NULL. */
struct json *json_clone(struct arena *a, const struct json *node);
/* The member of an object we build, to be changed itself; or NULL. */
struct json *json_edit(struct json *object, const char *name);
/* True if both say the same; members may come in any order. NULL-safe. */
bool json_equal(const struct json *a, const struct json *b);
/* Takes a member out of an object we build; absent is fine. */
void json_remove(struct json *object, const char *name);

/* The value as compact text, in `a`. */
const char *json_text(struct arena *a, const struct json *j);

#endif
