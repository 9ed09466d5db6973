/* customer: what others do to a customer; the operations are customers.c's. */
#ifndef SANDBOX_CUSTOMER_H
#define SANDBOX_CUSTOMER_H

#include "core/resource.h"

/* Deletes it, with the event. Its id stays, for those who ask for it. */
enum vt_err customer_delete(struct call *c, struct doc *d) VT_MUSTCHECK;

#endif
