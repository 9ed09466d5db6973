/*
 * fuzz_stripe: any JSON at all, read as each of Stripe's objects. What is
 * accepted can be used as it is: ids fit into a path, amounts are not
 * negative, a currency is three letters. What is refused is refused by the
 * name of the member.
 */
#include "fuzz.h"

#include <string.h>

#include "stripe/objects.h"

#define DEPTH_MAX 64

static struct vt_problem problem;

/* True if it was accepted. */
static bool
accepted(enum vt_err err)
{
	if (err == VT_OK)
		return true;
	FUZZ_CHECK(err == VT_INVALID);
	FUZZ_CHECK(strcmp(problem.code, "stripe_object") == 0);
	FUZZ_CHECK(problem.field[0] != '\0');
	memset(&problem, 0, sizeof(problem));
	return false;
}

static void
check_ref(const char *id)
{
	FUZZ_CHECK(id[0] == '\0' || stripe_id_valid(id));
}

static void
check_currency(const char *c)
{
	FUZZ_CHECK(strspn(c, "abcdefghijklmnopqrstuvwxyz") == 3 && c[3] == 0);
}

static void
read_intent(const struct json *j)
{
	struct stripe_intent pi;

	if (!accepted(stripe_intent_read(j, &pi, &problem)))
		return;
	FUZZ_CHECK(stripe_id_valid(pi.id));
	FUZZ_CHECK(pi.amount >= 0 && pi.amount_received >= 0);
	FUZZ_CHECK(pi.status <= STRIPE_PI_OTHER);
	check_currency(pi.currency);
	check_ref(pi.customer);
	check_ref(pi.latest_charge);
	FUZZ_CHECK(pi.failed || pi.error_message[0] == '\0');
	(void)stripe_intent_client_secret(j); /* any text, or NULL */
}

static void
read_others(const struct json *j)
{
	struct stripe_checkout session;
	struct stripe_customer customer;
	struct stripe_charge charge;

	if (accepted(stripe_charge_read(j, &charge, &problem))) {
		FUZZ_CHECK(stripe_id_valid(charge.id));
		FUZZ_CHECK(charge.amount >= 0 && charge.amount_refunded >= 0);
		check_currency(charge.currency);
		check_ref(charge.intent);
		check_ref(charge.customer);
	}
	if (accepted(stripe_checkout_read(j, &session, &problem))) {
		FUZZ_CHECK(stripe_id_valid(session.id));
		check_ref(session.intent);
		check_ref(session.customer);
	}
	if (accepted(stripe_customer_read(j, &customer, &problem)))
		FUZZ_CHECK(stripe_id_valid(customer.id));
}

static void
read_envelopes(const struct json *j)
{
	struct stripe_event event;
	struct stripe_list list;

	if (accepted(stripe_list_read(j, &list, &problem)))
		FUZZ_CHECK(!list.has_more || stripe_id_valid(list.last_id));
	if (!accepted(stripe_event_read(j, &event, &problem)))
		return;
	FUZZ_CHECK(stripe_id_valid(event.id));
	FUZZ_CHECK(event.thin || json_is_object(event.object));
	if (!event.thin)
		read_intent(event.object);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *a = arena_new();
	const struct json *j = NULL;

	if (json_parse(a, (const char *)data, bytes, DEPTH_MAX, &j, NULL) ==
	    VT_OK) {
		read_intent(j);
		read_others(j);
		read_envelopes(j);
	}
	arena_free(a);
	return 0;
}
