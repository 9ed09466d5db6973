/*
 * page: what people see: the state of the sandbox, the bank's page behind a
 * redirect, a receipt.
 */
#ifndef SANDBOX_PAGE_H
#define SANDBOX_PAGE_H

#include "core/operation.h"

/* Serves it; false when there is no such page. */
bool page_serve(struct box *b, struct request *r, struct response *w);

#endif
