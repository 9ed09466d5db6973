/* params: see params.h. */
#include "stripe/params.h"

#include <assert.h>

#include "base/buf.h"
#include "text/form.h"

#define PARAMS_BYTES_MAX 8192 /* a description and a few ids */

/* The text in the arena. Our own fields cannot exceed the limit. */
static const char *
taken(struct arena *a, struct buf *b)
{
	const char *text;

	assert(!b->failed);
	text = arena_memdup(a, buf_str(b), b->len);
	buf_free(b);
	return text;
}

static void
add_metadata(struct buf *b, const struct stripe_metadata *m)
{
	if (m->instance[0] != '\0')
		form_add(b, "metadata[vantage_instance]", m->instance);
	if (m->order[0] != '\0')
		form_add(b, "metadata[vantage_order]", m->order);
	if (m->user[0] != '\0')
		form_add(b, "metadata[vantage_user]", m->user);
}

const char *
stripe_params_customer(
    struct arena *a, const char *email, const struct stripe_metadata *metadata)
{
	struct buf b;

	buf_init(&b, PARAMS_BYTES_MAX);
	if (email != NULL && *email != '\0')
		form_add(&b, "email", email);
	add_metadata(&b, metadata);
	return taken(a, &b);
}

const char *
stripe_params_intent(struct arena *a, int64_t amount, const char *currency,
    const char *customer, const char *description, bool save,
    const struct stripe_metadata *metadata)
{
	struct buf b;

	buf_init(&b, PARAMS_BYTES_MAX);
	form_add_int(&b, "amount", amount);
	form_add(&b, "currency", currency);
	form_add(&b, "customer", customer);
	form_add_bool(&b, "automatic_payment_methods[enabled]", true);
	if (description != NULL)
		form_add(&b, "description", description);
	if (save)
		form_add(&b, "setup_future_usage", "off_session");
	add_metadata(&b, metadata);
	return taken(a, &b);
}

const char *
stripe_params_cancel_abandoned(struct arena *a)
{
	struct buf b;

	buf_init(&b, PARAMS_BYTES_MAX);
	form_add(&b, "cancellation_reason", "abandoned");
	return taken(a, &b);
}

const char *
stripe_params_list(struct arena *a, int64_t from_s, int64_t to_s,
    const char *customer, const char *after)
{
	struct buf b;

	buf_init(&b, PARAMS_BYTES_MAX);
	form_add_int(&b, "limit", 100);
	if (from_s != 0)
		form_add_int(&b, "created[gte]", from_s);
	if (to_s != 0)
		form_add_int(&b, "created[lte]", to_s);
	if (customer != NULL && *customer != '\0')
		form_add(&b, "customer", customer);
	if (after != NULL && *after != '\0')
		form_add(&b, "starting_after", after);
	return taken(a, &b);
}
