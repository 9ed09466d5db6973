/* coupon: see coupon.h. */
#include "catalog/coupon.h"

#include <string.h>

/* Neither past its time nor used up. */
static bool
redeemable(const struct call *c, const struct json *body, const char *until)
{
	int64_t end, max, times = 0;

	if (json_int_at(body, until, &end) && c->now_s >= end)
		return false;
	(void)json_int_at(body, "times_redeemed", &times); /* always there */
	return !json_int_at(body, "max_redemptions", &max) || times < max;
}

bool
coupon_valid(const struct call *c, const struct json *coupon)
{
	return redeemable(c, coupon, "redeem_by");
}

bool
promotion_code_active(struct call *c, const struct json *code)
{
	const struct doc *coupon;
	bool active = false;

	if (!json_bool(json_get(code, "active"), &active) || !active ||
	    !redeemable(c, code, "expires_at"))
		return false;
	coupon = doc_find(c, R_COUPON, json_str_at(code, "promotion.coupon"));
	return coupon != NULL && coupon_valid(c, coupon->body);
}

struct doc *
promotion_code_find(struct call *c, const char *code, const char *customer)
{
	const char *ids[16];
	size_t count = 0;
	struct doc *d;
	struct query q;
	enum vt_err err;

	err = db_query(&q, c->box->db,
	    "SELECT id FROM objects WHERE kind = 'promotion_code' AND "
	    "type = :code COLLATE NOCASE AND json_extract(body, '$.active') "
	    "AND (customer IS NULL OR customer = :customer) "
	    "ORDER BY customer IS NULL, seq DESC LIMIT 16",
	    DB_TEXT("code", code), DB_TEXT("customer", customer));
	while (err == VT_OK && (err = db_step(&q)) == VT_OK)
		ids[count++] = arena_strdup(c->arena, db_text(&q, 0));
	db_done(&q);
	for (size_t i = 0; i < count; i++) {
		d = doc_find(c, R_PROMOTION_CODE, ids[i]);
		if (d != NULL && promotion_code_active(c, d->body))
			return d;
	}
	return NULL;
}
