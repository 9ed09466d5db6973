/*
 * json_scan: the strict half of json.c. cJSON builds trees well but accepts
 * what RFC 8259 refuses ("01", "1.", raw tabs in strings, text after the
 * value) and cuts strings at U+0000, so every text is walked once before it
 * is handed over. Also what json.c and json_read.c share; nobody else includes
 * this.
 */
#ifndef VT_TEXT_JSON_SCAN_H
#define VT_TEXT_JSON_SCAN_H

#include <stddef.h>

#include "base/err.h"

/* Longer numbers than cJSON's own buffer takes whole are refused. */
#define JSON_NUMBER_BYTES_MAX 60

/*
 * VT_OK if the bytes are exactly one JSON value of at most `depth_max`
 * nested arrays and objects; else VT_INVALID with the problem filled in as
 * json_parse() says. Duplicate members are not its business.
 */
enum vt_err json_scan(const char *text, size_t bytes, int depth_max,
    struct vt_problem *p) VT_MUSTCHECK;

/* Room for a name in vt_problem.field. */
#define JSON_FIELD_BYTES sizeof(((struct vt_problem *)0)->field)

/*
 * A member's name, from a stranger perhaps, as a problem's field holds it:
 * behind its prefix (or NULL), cut where it is too long, never in the middle
 * of a character.
 */
void json_field_name(
    const char *prefix, const char *name, char out[static JSON_FIELD_BYTES]);

#endif
