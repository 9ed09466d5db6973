/* params: see params.h. */
#include "core/params.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/decimal.h"
#include "text/money.h"

#define TEXT_CHARS_MAX 5000 /* what Stripe takes where nothing else is said */
#define META_NAME_CHARS_MAX 40
#define META_VALUE_CHARS_MAX 500
#define EXPAND_MAX 20

const struct param params_none[] = { PARAM_END };

const struct param params_address[] = {
	PARAM("city", P_STR, P_EMPTY),
	PARAM("country", P_STR, P_EMPTY),
	PARAM("line1", P_STR, P_EMPTY),
	PARAM("line2", P_STR, P_EMPTY),
	PARAM("postal_code", P_STR, P_EMPTY),
	PARAM("state", P_STR, P_EMPTY),
	PARAM_END,
};

static const char *const issuers[] = { "account", "self", NULL };

const struct param params_issuer[] = {
	PARAM("account", P_STR, 0),
	PARAM_ENUM("type", P_REQUIRED, issuers),
	PARAM_END,
};

const struct param params_automatic_tax[] = {
	PARAM("enabled", P_BOOL, P_REQUIRED),
	PARAM_OF("liability", P_HASH, 0, params_issuer),
	PARAM_END,
};

const struct param params_shipping[] = {
	PARAM_OF("address", P_HASH, P_REQUIRED, params_address),
	PARAM("name", P_STR, P_REQUIRED),
	PARAM("carrier", P_STR, P_EMPTY),
	PARAM("phone", P_STR, P_EMPTY),
	PARAM("tracking_number", P_STR, P_EMPTY),
	PARAM_END,
};

static const struct param params_range[] = {
	PARAM("gt", P_INT, 0),
	PARAM("gte", P_INT, 0),
	PARAM("lt", P_INT, 0),
	PARAM("lte", P_INT, 0),
	PARAM_END,
};

static const struct param params_expand[] = {
	PARAM("", P_STR, 0),
};

static const struct param param_expand =
    PARAM_OF("expand", P_LIST, 0, params_expand);

static enum vt_err read_hash(struct call *c, const struct tree *t,
    const struct param *table, const char *prefix, struct json *out);

/* "items[0][price]": the name as the caller wrote it. */
static const char *
path(struct call *c, const char *prefix, const char *name)
{
	if (prefix[0] == '\0')
		return name;
	return arena_printf(c->arena, "%s[%s]", prefix, name);
}

/* Where a value goes: a member of a hash, or the next element of a list. */
struct place {
	struct json *parent;
	const char *name; /* NULL: append */
};

static void
put_str(struct place p, const char *text)
{
	if (p.name == NULL)
		json_add_str(p.parent, text);
	else
		json_put_str(p.parent, p.name, text);
}

static struct json *
put_object(struct place p)
{
	return p.name == NULL ? json_add_object(p.parent)
			      : json_put_object(p.parent, p.name);
}

static struct json *
put_array(struct place p)
{
	return p.name == NULL ? json_add_array(p.parent)
			      : json_put_array(p.parent, p.name);
}

static enum vt_err
read_int(struct call *c, const char *text, const struct param *row,
    const char *at, struct place p)
{
	long long n;
	char *end;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || end == text || *text == ' ' ||
	    *text == '+' || n > JSON_INT_MAX || n < -JSON_INT_MAX)
		return call_fail(c, 400, "parameter_invalid_integer", at,
		    "Invalid integer: %s", text);
	if (row->min != row->max && n < row->min)
		return call_fail(c, 400, "parameter_invalid_integer", at,
		    "This value must be greater than or equal to %lld.",
		    (long long)row->min);
	if (row->min != row->max && n > row->max)
		return call_fail(c, 400, "parameter_invalid_integer", at,
		    "This value must be less than or equal to %lld.",
		    (long long)row->max);
	if (p.name == NULL)
		json_add_int(p.parent, n);
	else
		json_put_int(p.parent, p.name, n);
	return VT_OK;
}

/* Forms are well-formed UTF-8: each character has one byte that leads it. */
static size_t
chars_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static enum vt_err
read_text(struct call *c, const char *text, const struct param *row,
    const char *at, struct place p)
{
	size_t max = row->max > 0 ? (size_t)row->max : TEXT_CHARS_MAX;

	if (chars_of(text) > max)
		return call_fail(c, 400, "parameter_invalid_string", at,
		    "Invalid string: must be at most %zu characters.", max);
	put_str(p, text);
	return VT_OK;
}

static enum vt_err
read_enum(struct call *c, const char *text, const struct param *row,
    const char *at, struct place p)
{
	char *all = NULL;

	for (const char *const *v = row->values; *v != NULL; v++) {
		if (strcmp(*v, text) == 0) {
			put_str(p, text);
			return VT_OK;
		}
		all = all == NULL ? arena_strdup(c->arena, *v)
				  : arena_printf(c->arena, "%s, %s", all, *v);
	}
	return call_fail(c, 400, NULL, at, "Invalid %s: must be one of %s", at,
	    all == NULL ? "nothing" : all);
}

static enum vt_err
read_bool(struct call *c, const char *text, const char *at, struct place p)
{
	bool yes = strcmp(text, "true") == 0;

	if (!yes && strcmp(text, "false") != 0)
		return call_fail(c, 400, NULL, at, "Invalid boolean: %s", text);
	json_put_bool(p.parent, p.name, yes);
	return VT_OK;
}

static enum vt_err
read_currency(struct call *c, const char *text, const char *at, struct place p)
{
	char *lower = arena_strdup(c->arena, text);

	for (char *s = lower; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
	if (!money_currency_valid(lower))
		return call_fail(c, 400, NULL, at,
		    "Invalid currency: %s. Stripe currently supports these "
		    "currencies: usd, eur, gbp, jpy and others.",
		    text);
	put_str(p, lower);
	return VT_OK;
}

static enum vt_err
read_decimal(struct call *c, const char *text, const struct param *row,
    const char *at, struct place p)
{
	decimal n;

	if (!decimal_parse(text, &n))
		return call_fail(c, 400, "parameter_invalid_decimal", at,
		    "Invalid decimal: %s; must contain at maximum %d decimal "
		    "places.",
		    text, DECIMAL_PLACES);
	if (row->min != row->max && n < decimal_of(row->min))
		return call_fail(c, 400, "parameter_invalid_decimal", at,
		    "This value must be greater than or equal to %lld.",
		    (long long)row->min);
	if (row->min != row->max && n > decimal_of(row->max))
		return call_fail(c, 400, "parameter_invalid_decimal", at,
		    "This value must be less than or equal to %lld.",
		    (long long)row->max);
	put_str(p, decimal_text(c->arena, n));
	return VT_OK;
}

/* A leaf's value by its kind; an empty one means "unset", where allowed. */
static enum vt_err
read_leaf(struct call *c, const struct tree *t, const struct param *row,
    const char *at, struct place p)
{
	if (t->value[0] == '\0') {
		if ((row->flags & P_EMPTY) == 0)
			return call_fail(c, 400, "parameter_invalid_empty", at,
			    "You passed an empty string for '%s'. An empty "
			    "value unsets a parameter, and this one cannot be "
			    "unset.",
			    at);
		put_str(p, NULL);
		return VT_OK;
	}
	switch (row->kind) {
	case P_STR:
		return read_text(c, t->value, row, at, p);
	case P_INT:
	case P_RANGE:
		return read_int(c, t->value, row, at, p);
	case P_ENUM:
		return read_enum(c, t->value, row, at, p);
	case P_MOMENT:
		return t->value[0] >= '0' && t->value[0] <= '9'
		    ? read_int(c, t->value, row, at, p)
		    : read_enum(c, t->value, row, at, p);
	case P_BOOL:
		return read_bool(c, t->value, at, p);
	case P_CURRENCY:
		return read_currency(c, t->value, at, p);
	case P_DECIMAL:
		return read_decimal(c, t->value, row, at, p);
	case P_HASH:
		if ((row->flags & P_OR_TEXT) != 0)
			return read_text(c, t->value, row, at, p);
		return call_fail(c, 400, NULL, at, "Invalid object");
	case P_META:
	case P_MAP:
		return call_fail(c, 400, NULL, at, "Invalid object");
	case P_LIST:
		return call_fail(c, 400, NULL, at, "Invalid array");
	case P_END:
		break;
	}
	return VT_INVALID;
}

static enum vt_err
read_meta(struct call *c, const struct tree *t, const char *at, struct place p)
{
	struct json *out = put_object(p);

	if (t->count > METADATA_KEYS_MAX)
		return call_fail(c, 400, NULL, at,
		    "Metadata can hold %d keys at most.", METADATA_KEYS_MAX);
	for (const struct tree *m = t->first; m != NULL; m = m->next) {
		if (m->kind != TREE_LEAF)
			return call_fail(c, 400, NULL, path(c, at, m->name),
			    "Metadata values must be texts.");
		if (chars_of(m->name) > META_NAME_CHARS_MAX)
			return call_fail(c, 400, NULL, at,
			    "Metadata keys can have %d characters at most.",
			    META_NAME_CHARS_MAX);
		if (chars_of(m->value) > META_VALUE_CHARS_MAX)
			return call_fail(c, 400, NULL, path(c, at, m->name),
			    "Metadata values can have %d characters at most.",
			    META_VALUE_CHARS_MAX);
		json_put_str(
		    out, m->name, m->value[0] == '\0' ? NULL : m->value);
	}
	return VT_OK;
}

/* Options of payment methods that we take and do not look into. */
static void
copy_untyped(const struct tree *t, struct place p)
{
	struct json *out;

	if (t->kind == TREE_LEAF) {
		put_str(p, t->value);
		return;
	}
	out = t->kind == TREE_LIST ? put_array(p) : put_object(p);
	for (const struct tree *m = t->first; m != NULL; m = m->next)
		copy_untyped(m,
		    (struct place){
			out, t->kind == TREE_LIST ? NULL : m->name });
}

static enum vt_err
read_value(struct call *c, const struct tree *t, const struct param *row,
    const char *at, struct place p)
{
	const struct param element = PARAM_OF("", P_HASH, 0, row->members);
	struct json *list;
	enum vt_err err = VT_OK;
	int i = 0;

	if (t->kind == TREE_LEAF)
		return read_leaf(c, t, row, at, p);
	switch (row->kind) {
	case P_META:
		return read_meta(c, t, at, p);
	case P_HASH:
		if (row->members == NULL) {
			copy_untyped(t, p);
			return VT_OK;
		}
		if (t->kind == TREE_LIST)
			return call_fail(c, 400, NULL, at, "Invalid object");
		return read_hash(c, t, row->members, at, put_object(p));
	case P_RANGE:
		return read_hash(c, t, params_range, at, put_object(p));
	case P_MAP:
		list = put_object(p);
		for (const struct tree *m = t->first; m != NULL && err == VT_OK;
		     m = m->next)
			err = read_value(c, m, &element, path(c, at, m->name),
			    (struct place){ list, m->name });
		return err;
	case P_LIST:
		if (t->kind != TREE_LIST)
			return call_fail(c, 400, NULL, at, "Invalid array");
		list = put_array(p);
		for (const struct tree *m = t->first; m != NULL && err == VT_OK;
		     m = m->next, i++)
			err = read_value(c, m, &row->members[0],
			    arena_printf(c->arena, "%s[%d]", at, i),
			    (struct place){ list, NULL });
		return err;
	default:
		return call_fail(c, 400, NULL, at, "Invalid %s",
		    row->kind == P_INT	      ? "integer"
			: row->kind == P_BOOL ? "boolean"
					      : "string");
	}
}

static const struct param *
find(const struct call *c, const struct param *table, const char *name)
{
	for (; table->kind != P_END; table++)
		if (strcmp(table->name, name) == 0)
			return (table->flags & P_UNVERSIONED) != 0 &&
				c->versioned
			    ? NULL
			    : table;
	return NULL;
}

static enum vt_err
unknown(struct call *c, const char *at, const char *name)
{
	/* Endive took this one away; the CLI still sends it, unversioned. */
	if (strcmp(name, "payment_method_types") == 0)
		return call_fail(c, 400,
		    "payment_method_types_no_longer_supported", at,
		    "`payment_method_types` is no longer supported. Use "
		    "`automatic_payment_methods` or "
		    "`allowed_payment_method_types` instead.");
	return call_fail(c, 400, "parameter_unknown", at,
	    "Received unknown parameter: %s", at);
}

static enum vt_err
read_hash(struct call *c, const struct tree *t, const struct param *table,
    const char *prefix, struct json *out)
{
	const struct param *row;
	enum vt_err err;

	for (const struct tree *m = t->first; m != NULL; m = m->next) {
		const char *at = path(c, prefix, m->name);

		row = find(c, table, m->name);
		if (row == NULL && prefix[0] == '\0' &&
		    strcmp(m->name, "expand") == 0)
			row = &param_expand;
		if (row == NULL)
			return unknown(c, at, m->name);
		err = read_value(c, m, row, at, (struct place){ out, m->name });
		if (err != VT_OK)
			return err;
	}
	for (row = table; row->kind != P_END; row++)
		if ((row->flags & P_REQUIRED) != 0 &&
		    json_get(out, row->name) == NULL) {
			const char *at = path(c, prefix, row->name);

			return call_fail(c, 400, "parameter_missing", at,
			    "Missing required param: %s.", at);
		}
	return VT_OK;
}

enum vt_err
params_read(struct call *c, const struct tree *t, const struct param *table,
    struct json **out)
{
	*out = json_object(c->arena);
	return read_hash(c, t, table, "", *out);
}
