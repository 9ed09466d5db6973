/*
 * customer_session: what a page may know and do about one customer, for half
 * an hour, with nothing but a secret: the methods that he has saved.
 */
#ifndef SANDBOX_CUSTOMER_SESSION_H
#define SANDBOX_CUSTOMER_SESSION_H

#include "core/resource.h"

/*
 * The session that a page's secret opens: its customer, and the features of
 * the Payment Element (NULL where that is not enabled). Refused: unknown or
 * past its end, or for another customer than `customer` unless that is NULL.
 */
enum vt_err
customer_session_open(struct call *c, const char *secret, const char *customer,
    struct doc **out, const struct json **features) VT_MUSTCHECK;

/*
 * For the page: the customer's id, the features, and those of his methods
 * that they let show, of these types, newest first.
 */
enum vt_err customer_session_show(struct call *c, const struct doc *session,
    const struct json *features, const struct json *types,
    struct json *out) VT_MUSTCHECK;

#endif
