/*
 * balance: the account's balance: an entry for every movement of money.
 */
#ifndef SANDBOX_BALANCE_H
#define SANDBOX_BALANCE_H

#include "core/resource.h"

struct balance_entry {
	const char *type;     /* "charge", "refund", "adjustment", … */
	const char *category; /* reporting_category */
	int64_t amount;	      /* negative when it is taken from us */
	int64_t fee;
	const char *fee_text; /* what the fee is for */
	const char *currency;
	const char *description; /* or NULL */
	const char *source;	 /* what caused it: ch_, re_, dp_ */
	bool at_once;		 /* available at once, not two days later */
};

/* Books it; *out is the balance transaction, stored. */
enum vt_err balance_book(struct call *c, const struct balance_entry *e,
    struct doc **out) VT_MUSTCHECK;

#endif
