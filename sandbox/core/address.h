/*
 * address: addresses as answers show them: with all their members, those
 * that were not given being null.
 */
#ifndef SANDBOX_ADDRESS_H
#define SANDBOX_ADDRESS_H

#include "text/json.h"

/* Sets "address" by what was given; absent changes nothing, null clears. */
void address_put(struct json *o, const struct json *given);

/* The same for "shipping", whose address is one of these. */
void address_put_shipping(struct json *o, const struct json *given);

#endif
