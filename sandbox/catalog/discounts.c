/* discounts: what takes a discount away from a customer or a subscription. */
#include "catalog/discount.h"
#include "core/operation.h"
#include "core/render.h"

/* A discount that is gone: all but its end. */
static enum vt_err
answer_gone(struct call *c, const struct doc *d)
{
	struct json *out = json_clone(c->arena, d->body);

	json_remove(out, "end");
	json_put_bool(out, "deleted", true);
	c->answer = json_text(c->arena, out);
	return VT_OK;
}

static enum vt_err
end(struct call *c, const struct doc *owner, const char *id)
{
	struct doc *d = id == NULL ? NULL : doc_find(c, R_DISCOUNT, id);
	enum vt_err err;

	if (d == NULL)
		return call_fail(c, 404, "resource_missing", NULL,
		    "No active discount for %s: %s",
		    resources[owner->kind].noun, owner->id);
	err = discount_end(c, d);
	return err == VT_OK ? answer_gone(c, d) : err;
}

static enum vt_err
of_customer(struct call *c)
{
	struct doc *d;
	enum vt_err err = doc_need(c, R_CUSTOMER, c->id, NULL, &d);

	return err == VT_OK ? end(c, d, json_str_at(d->body, "discount.id"))
			    : err;
}

/* The one that it has had the longest, as long as it has several. */
static enum vt_err
of_subscription(struct call *c)
{
	struct doc *d;
	enum vt_err err = doc_need(c, R_SUBSCRIPTION, c->id, NULL, &d);

	return err == VT_OK
	    ? end(c, d, json_str(json_first(json_get(d->body, "discounts"))))
	    : err;
}

const struct operation discount_operations[] = {
	{ HTTP_DELETE, "/v1/customers/{}/discount", params_none, of_customer,
	    0 },
	{ HTTP_DELETE, "/v1/subscriptions/{}/discount", params_none,
	    of_subscription, 0 },
	{ 0 },
};
