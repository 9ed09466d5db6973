/*
 * search: Stripe's search language (docs.stripe.com/search) over any kind of
 * object:
 *
 *	status:"active" AND created>1700000000 AND -metadata["vip"]:"yes"
 *
 * A resource states which of its members can be searched for; its operation
 * calls search_run() with that table and takes search_params:
 *
 *	static const struct search_field fields[] = {
 *		{ "amount", "amount", SEARCH_NUMBER },
 *		{ "email", "email", SEARCH_TEXT },
 *		SEARCH_END,
 *	};
 *	return search_run(c, R_CHARGE, fields);
 *
 *	{ HTTP_GET, "/v1/charges/search", search_params, search, 0 },
 *
 * That row must stand before the one of "/v1/charges/{}". Metadata can be
 * searched everywhere. The real search sees changes about a minute late;
 * this one at once.
 */
#ifndef SANDBOX_SEARCH_H
#define SANDBOX_SEARCH_H

#include "core/params.h"
#include "core/resource.h"

enum search_type {
	SEARCH_TOKEN, /* equal or not; booleans too */
	SEARCH_TEXT,  /* part of it as well: name~"ada" */
	SEARCH_NUMBER /* and greater and less */
};

struct search_field {
	const char *name; /* in the query; NULL ends a table */
	const char *path; /* of the member, "a.b.c" */
	enum search_type type;
};
#define SEARCH_END                       \
	{                                \
		NULL, NULL, SEARCH_TOKEN \
	}

extern const struct param search_params[];

/* Answers with a page of what the call's `query` finds, newest first. */
enum vt_err search_run(struct call *c, enum resource_kind kind,
    const struct search_field *fields) VT_MUSTCHECK;

#endif
