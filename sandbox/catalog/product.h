/*
 * product: what is sold. The operations are in products.c.
 */
#ifndef SANDBOX_PRODUCT_H
#define SANDBOX_PRODUCT_H

#include "core/resource.h"

/*
 * A new product of these parameters (of create, or product_data), stored,
 * with its event.
 */
enum vt_err product_make(
    struct call *c, const struct json *params, struct doc **out) VT_MUSTCHECK;

#endif
