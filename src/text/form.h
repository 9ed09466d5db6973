/*
 * form: application/x-www-form-urlencoded, both ways.
 *
 * Writing follows Stripe's SDK: names with raw brackets, values
 * percent-encoded. Reading serves query strings, HTML forms and the local
 * Stripe, which turns bracketed names into a tree of its own.
 */
#ifndef VT_TEXT_FORM_H
#define VT_TEXT_FORM_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct form_pair {
	const char *name;  /* decoded, well-formed UTF-8, no NUL */
	const char *value; /* the same; "" when there was no '=' */
};

/*
 * Splits and decodes. VT_INVALID with code "malformed_form" for a bad
 * percent sign, broken UTF-8, a NUL, or more than `pairs_max` pairs. The
 * array lives in `a`; empty input gives no pairs.
 */
enum vt_err form_parse(struct arena *a, const char *text, size_t bytes,
    size_t pairs_max, const struct form_pair **pairs, size_t *count,
    struct vt_problem *p) VT_MUSTCHECK;

/* The value of the first pair of this name, or NULL. */
const char *
form_find(const struct form_pair *pairs, size_t count, const char *name);

/* Appends "name=value", with '&' before it unless `b` is empty. */
void form_add(struct buf *b, const char *name, const char *value);
void form_add_int(struct buf *b, const char *name, int64_t n);
void form_add_bool(struct buf *b, const char *name, bool v);

/* Percent-encodes all but RFC 3986's unreserved characters. */
void form_encode(struct buf *b, const char *text);

#endif
