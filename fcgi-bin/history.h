/*
 * history: a list of transactions as openapi.yaml has it, for the two workers
 * that show one (balance to the user, admin-tokens to an administrator).
 */
#ifndef VT_FCGI_HISTORY_H
#define VT_FCGI_HISTORY_H

#include "base/err.h"
#include "ledger/transactions.h"
#include "text/json.h"
#include "web/cursor.h"
#include "web/http.h"

#define HISTORY_CSV_ROWS_MAX 10000 /* in one answer; a Link leads on */

/*
 * Reads kind, status, from, to, payment_intent_id, invoice_id, limit and
 * cursor from the query; which of them may be there at all is the caller's
 * (request_query_closed). VT_INVALID names the parameter.
 */
enum vt_err
history_filter(const struct request *r, int limit_default, int limit_max,
    struct transaction_filter *out, struct vt_problem *p) VT_MUSTCHECK;

/* What is wanted; user_sub NULL: everybody's, user_sub without a row: none. */
struct history {
	struct request *request;
	struct transaction_filter filter;
	const char *user_sub;
	bool for_user; /* without what is not for users */
};

/* The members of one row, as openapi.yaml has them. */
void history_row(struct json *o, const struct transaction *t);

/* Answers with the JSON list. VT_BUSY or VT_DB as readers_run(). */
enum vt_err history_json(const struct history *h, struct response *w,
    struct vt_problem *p) VT_MUSTCHECK;

/*
 * Answers with CSV: a row of names, then the same columns as in JSON. When
 * more rows follow, a Link header with rel="next" leads to them.
 */
enum vt_err history_csv(const struct history *h, struct response *w,
    struct vt_problem *p) VT_MUSTCHECK;

#endif
