/* balances: /v1/balance and /v1/balance_transactions. */
#include "core/operation.h"
#include "core/render.h"

static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM("currency", P_STR, 0),
	PARAM("payout", P_STR, 0),
	PARAM("source", P_STR, 0),
	PARAM("type", P_STR, 0),
	PARAM_END,
};

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_BALANCE_TRANSACTION, c->id);
}

static enum vt_err
list(struct call *c)
{
	const char *currency = json_str_at(c->params, "currency");
	struct json *members = NULL;

	/* There are no payouts here, so nothing belongs to one. */
	if (json_str_at(c->params, "payout") != NULL)
		return call_missing(
		    c, "payout", json_str_at(c->params, "payout"), "payout");
	if (currency != NULL) {
		members = json_object(c->arena);
		json_put_str(members, "currency", currency);
	}
	return render_list(c,
	    &(struct list_filter){ .kind = R_BALANCE_TRANSACTION,
		.parent = json_str_at(c->params, "source"),
		.type = json_str_at(c->params, "type"),
		.members = members,
		.delivered = -1 });
}

/* One row for each currency; one row of nothing where there is none. */
static void
put_amount(struct json *list, const char *currency, int64_t amount)
{
	struct json *o = json_add_object(list);

	json_put_int(o, "amount", amount);
	json_put_str(o, "currency", currency);
	json_put_int(json_put_object(o, "source_types"), "card", amount);
}

static enum vt_err
balance(struct call *c)
{
	static const char sql[] =
	    "SELECT json_extract(body, '$.currency') AS currency, "
	    "sum(CASE WHEN json_extract(body, '$.available_on') <= :now THEN "
	    "json_extract(body, '$.net') ELSE 0 END), "
	    "sum(CASE WHEN json_extract(body, '$.available_on') > :now THEN "
	    "json_extract(body, '$.net') ELSE 0 END) FROM objects WHERE kind "
	    "= 'balance_transaction' GROUP BY 1 ORDER BY 1";
	struct json *out = json_object(c->arena), *available, *pending;
	size_t rows = 0;
	struct query q;
	enum vt_err err;

	json_put_str(out, "object", "balance");
	available = json_put_array(out, "available");
	json_put_bool(out, "livemode", false);
	pending = json_put_array(out, "pending");
	err = db_query(&q, c->box->db, sql, DB_INT("now", c->now_s));
	for (; err == VT_OK && (err = db_step(&q)) == VT_OK; rows++) {
		put_amount(available, db_text(&q, 0), db_int(&q, 1));
		put_amount(pending, db_text(&q, 0), db_int(&q, 2));
	}
	db_done(&q);
	if (rows == 0) {
		put_amount(available, "usd", 0);
		put_amount(pending, "usd", 0);
	}
	c->answer = json_text(c->arena, out);
	return err == VT_NOTFOUND ? VT_OK : err;
}

const struct operation balance_operations[] = {
	{ HTTP_GET, "/v1/balance", params_none, balance, 0 },
	{ HTTP_GET, "/v1/balance_transactions", list_params, list, 0 },
	{ HTTP_GET, "/v1/balance_transactions/{}", params_none, retrieve, 0 },
	{ 0 },
};
