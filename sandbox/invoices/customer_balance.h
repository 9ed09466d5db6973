/*
 * customer_balance: what a customer has to his credit (negative) or owes on
 * the next invoice (positive), and its history.
 */
#ifndef SANDBOX_CUSTOMER_BALANCE_H
#define SANDBOX_CUSTOMER_BALANCE_H

#include "core/resource.h"

struct balance_change {
	int64_t amount;	  /* added to the balance */
	const char *type; /* "applied_to_invoice", … */
	const char *currency;
	const char *invoice, *credit_note, *description; /* each or NULL */
	const struct json *metadata; /* parameters with it, or NULL */
};

/*
 * Changes it, with an entry and customer.updated. *out (unless NULL) is the
 * entry. Refused in another currency than the customer's.
 */
enum vt_err balance_change(struct call *c, struct doc *customer,
    const struct balance_change *change, struct doc **out) VT_MUSTCHECK;

/* The same to a customer in hand, who is neither saved nor told about. */
enum vt_err balance_entry(struct call *c, struct doc *customer,
    const struct balance_change *change, struct doc **out) VT_MUSTCHECK;

#endif
