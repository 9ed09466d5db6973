/*
 * json_read: a closed input, member by member by its table. It stands beside
 * json.c since it needs nothing of cJSON.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "text/json.h"
#include "text/json_scan.h"

void
json_field_name(
    const char *prefix, const char *name, char out[static JSON_FIELD_BYTES])
{
	char *whole = NULL;
	size_t n;

	if (asprintf(&whole, "%s%s", prefix == NULL ? "" : prefix, name) < 0)
		abort();
	n = utf8_clip(whole, strlen(whole), JSON_FIELD_BYTES - 1);
	memcpy(out, whole, n);
	out[n] = '\0';
	free(whole);
}

static enum vt_err
read_text(const struct json *j, const struct json_field *f, const char *field,
    const char **out, struct vt_problem *p)
{
	const char *text = json_str(j);
	size_t n = text == NULL ? 0 : strlen(text);

	if (text == NULL || n > (uint64_t)f->max || n < (uint64_t)f->min)
		return vt_problem(p, VT_INVALID, "invalid_field", field,
		    "%s must be a text of %" PRId64 " to %" PRId64 " bytes.",
		    field, f->min, f->max);
	if (utf8_has_control(text, n))
		return vt_problem(p, VT_INVALID, "invalid_field", field,
		    "%s must not hold control characters such as line ends.",
		    field);
	*out = text;
	return VT_OK;
}

static enum vt_err
read_int(const struct json *j, const struct json_field *f, const char *field,
    int64_t *out, struct vt_problem *p)
{
	int64_t n;

	if (!json_int(j, &n) || n < f->min || n > f->max)
		return vt_problem(p, VT_INVALID, "invalid_field", field,
		    "%s must be a whole number from %" PRId64 " to %" PRId64
		    ".",
		    field, f->min, f->max);
	*out = n;
	return VT_OK;
}

static enum vt_err
read_field(const struct json *j, const struct json_field *f, const char *prefix,
    void *out, struct vt_problem *p)
{
	char field[JSON_FIELD_BYTES];
	void *to = (char *)out + f->offset;

	json_field_name(prefix, f->name, field);
	if (j == NULL || json_is_null(j)) {
		if (!f->required)
			return VT_OK;
		return vt_problem(p, VT_INVALID, "missing_field", field,
		    "%s is required.", field);
	}
	switch (f->kind) {
	case JSON_TEXT:
		assert(f->min >= 0 && f->max > 0 && f->min <= f->max);
		return read_text(j, f, field, to, p);
	case JSON_INT:
		assert(f->min <= f->max);
		return read_int(j, f, field, to, p);
	case JSON_BOOL:
		if (json_bool(j, to))
			return VT_OK;
		return vt_problem(p, VT_INVALID, "invalid_field", field,
		    "%s must be true or false.", field);
	case JSON_NODE:
		*(const struct json **)to = j;
		return VT_OK;
	}
	abort();
}

/* "… is not accepted here; these are: a, b." */
static enum vt_err
unknown_field(const char *field, const struct json_field *fields, size_t count,
    struct vt_problem *p)
{
	enum vt_err err;
	struct buf known;

	buf_init(&known, 200);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_puts(&known, ", ");
		buf_puts(&known, fields[i].name);
	}
	if (count == 0 || known.failed)
		err = vt_problem(p, VT_INVALID, "unknown_field", field,
		    "%s is not accepted here.", field);
	else
		err = vt_problem(p, VT_INVALID, "unknown_field", field,
		    "%s is not accepted here; these are: %s.", field,
		    buf_str(&known));
	buf_free(&known);
	return err;
}

static bool
known_field(const struct json_field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].name, name) == 0)
			return true;
	return false;
}

static enum vt_err
not_an_object(const char *prefix, struct vt_problem *p)
{
	char field[JSON_FIELD_BYTES];
	size_t n;

	json_field_name(prefix, "", field);
	n = strlen(field);
	if (n > 0 && field[n - 1] == '.')
		field[n - 1] = '\0';
	return vt_problem(p, VT_INVALID, "invalid_field", field,
	    "%s must be a JSON object.", n > 0 ? field : "The body");
}

enum vt_err
json_read(const struct json *object, const struct json_field *fields,
    size_t count, const char *prefix, void *out, struct vt_problem *p)
{
	char field[JSON_FIELD_BYTES];
	enum vt_err err;

	if (!json_is_object(object))
		return not_an_object(prefix, p);
	for (const struct json *m = json_first(object); m != NULL;
	     m = json_next(m)) {
		if (known_field(fields, count, json_name(m)))
			continue;
		json_field_name(prefix, json_name(m), field);
		return unknown_field(field, fields, count, p);
	}
	for (size_t i = 0; i < count; i++) {
		err = read_field(json_get(object, fields[i].name), &fields[i],
		    prefix, out, p);
		if (err != VT_OK)
			return err;
	}
	return VT_OK;
}
