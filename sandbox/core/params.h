/*
 * params: which parameters an operation takes, and the one place where they
 * are checked.
 *
 * Each operation states a table; what is not in it is refused with
 * parameter_unknown, what has the wrong type with the parameter's name. The
 * result is a JSON object of typed values, so that operations never read raw
 * text. An empty value that means "unset" becomes null.
 */
#ifndef SANDBOX_PARAMS_H
#define SANDBOX_PARAMS_H

#include "core/call.h"
#include "core/tree.h"

enum param_kind {
	P_END,	    /* closes a table */
	P_STR,	    /* a text; max: its characters, when not 0 */
	P_INT,	    /* a whole number; min and max when they differ */
	P_BOOL,	    /* true or false */
	P_ENUM,	    /* one of `values` */
	P_META,	    /* metadata: texts under free names */
	P_HASH,	    /* `members`, or anything at all when NULL */
	P_LIST,	    /* elements as the first row of `members` says */
	P_RANGE,    /* a time, or a hash of gt, gte, lt, lte */
	P_CURRENCY, /* a currency we know; made lower case */
	P_DECIMAL,  /* a decimal, kept as text (decimal.h); min and max whole */
	P_MOMENT,   /* a time in seconds, or one of `values` */
	P_MAP	    /* `members` under each of free names */
};

#define METADATA_KEYS_MAX 50 /* of an object, whoever gave them */

#define P_REQUIRED 1u
#define P_EMPTY 2u	 /* may be unset by an empty value */
#define P_OR_TEXT 8u	 /* a P_HASH that may be a text instead, an id */
#define P_UNVERSIONED 4u /* only for callers that name no version */

struct param {
	const char *name;
	enum param_kind kind;
	unsigned flags;
	const char *const *values; /* of a P_ENUM, NULL ends */
	const struct param *members;
	int64_t min, max;
};

/*
 * Checks `t` against the table and returns the typed values, in the call's
 * arena. "expand" is taken by every operation. VT_INVALID: c->error says
 * which parameter and why.
 */
enum vt_err params_read(struct call *c, const struct tree *t,
    const struct param *table, struct json **out) VT_MUSTCHECK;

/* Tables that several operations share. */
extern const struct param params_none[];
extern const struct param params_address[];
/* Who bills, or owes a tax: this account or a connected one. */
extern const struct param params_issuer[];
extern const struct param params_automatic_tax[];
extern const struct param params_shipping[];

/* The rows that every list operation has. */
#define PARAMS_PAGE                                           \
	{ "limit", P_INT, 0, NULL, NULL, 1, 100 },            \
	    { "starting_after", P_STR, 0, NULL, NULL, 0, 0 }, \
	{                                                     \
		"ending_before", P_STR, 0, NULL, NULL, 0, 0   \
	}
#define PARAM(name, kind, flags)                    \
	{                                           \
		name, kind, flags, NULL, NULL, 0, 0 \
	}
#define PARAM_ENUM(name, flags, values)                 \
	{                                               \
		name, P_ENUM, flags, values, NULL, 0, 0 \
	}
#define PARAM_OF(name, kind, flags, members)           \
	{                                              \
		name, kind, flags, NULL, members, 0, 0 \
	}
#define PARAM_RANGE(name, kind, flags, min, max)        \
	{                                               \
		name, kind, flags, NULL, NULL, min, max \
	}
#define PARAM_END                                \
	{                                        \
		NULL, P_END, 0, NULL, NULL, 0, 0 \
	}

#endif
