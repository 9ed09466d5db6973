/*
 * objects: see objects.h.
 *
 * Two kinds of text are read differently. An id must fit whole or the object
 * is refused, since half an id names something else. The values of Stripe's
 * open enums and its sentences are cut when they are longer than any that
 * this version lists: a cut value equals none that we act on.
 */
#include "stripe/objects.h"

#include <stdio.h>
#include <string.h>

static const char *const intent_status_names[] = {
	[STRIPE_PI_REQUIRES_PAYMENT_METHOD] = "requires_payment_method",
	[STRIPE_PI_REQUIRES_CONFIRMATION] = "requires_confirmation",
	[STRIPE_PI_REQUIRES_ACTION] = "requires_action",
	[STRIPE_PI_PROCESSING] = "processing",
	[STRIPE_PI_REQUIRES_CAPTURE] = "requires_capture",
	[STRIPE_PI_CANCELED] = "canceled",
	[STRIPE_PI_SUCCEEDED] = "succeeded",
	[STRIPE_PI_OTHER] = "other",
};

const char *
stripe_intent_status_name(enum stripe_intent_status s)
{
	if ((unsigned)s >= countof(intent_status_names))
		return "other";
	return intent_status_names[s];
}

bool
stripe_id_valid(const char *id)
{
	size_t n = strspn(id,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_");

	return n > 0 && n < STRIPE_ID_BYTES && id[n] == '\0';
}

/* ---- members ---------------------------------------------------------------
 */

static enum vt_err
refuse(struct vt_problem *p, const char *member)
{
	return vt_problem(p, VT_INVALID, "stripe_object", member,
	    "The object from Stripe has no usable %s.", member);
}

/* Cuts what does not fit; "" when absent or no text. */
static void
copy_cut(const struct json *j, char *out, size_t out_bytes)
{
	const char *s = json_str(j);

	(void)snprintf(out, out_bytes, "%s", s == NULL ? "" : s);
}

/* An id of ours in the metadata; one that does not fit is not ours. */
static void
copy_own(const struct json *j, char *out, size_t out_bytes)
{
	const char *s = json_str(j);

	out[0] = '\0';
	if (s != NULL && strlen(s) < out_bytes)
		(void)snprintf(out, out_bytes, "%s", s);
}

static bool
copy_id(const char *s, char out[static STRIPE_ID_BYTES])
{
	if (s == NULL || !stripe_id_valid(s))
		return false;
	(void)snprintf(out, STRIPE_ID_BYTES, "%s", s);
	return true;
}

/* An id, an expanded object with an id, or nothing (""). */
static bool
copy_ref(const struct json *j, char out[static STRIPE_ID_BYTES])
{
	out[0] = '\0';
	if (j == NULL || json_is_null(j))
		return true;
	if (json_is_object(j))
		j = json_get(j, "id");
	return copy_id(json_str(j), out);
}

/* A currency: 3 letters, lower case; "" for null. */
static bool
copy_currency(const struct json *j, char *out, size_t out_bytes)
{
	const char *s = json_str(j);

	out[0] = '\0';
	if (j == NULL || json_is_null(j))
		return true;
	if (s == NULL || strspn(s, "abcdefghijklmnopqrstuvwxyz") != 3 ||
	    s[3] != '\0')
		return false;
	(void)snprintf(out, out_bytes, "%s", s);
	return true;
}

static void
metadata_read(const struct json *object, struct stripe_metadata *m)
{
	const struct json *j = json_get(object, "metadata");

	copy_own(
	    json_get(j, "vantage_instance"), m->instance, sizeof(m->instance));
	copy_own(json_get(j, "vantage_order"), m->order, sizeof(m->order));
	copy_own(json_get(j, "vantage_user"), m->user, sizeof(m->user));
}

/* Its "object" member and its id, which all of them have. */
static enum vt_err
head_read(const struct json *object, const char *type,
    char id[static STRIPE_ID_BYTES], struct vt_problem *p)
{
	const char *is = json_str(json_get(object, "object"));

	if (is == NULL || strcmp(is, type) != 0)
		return refuse(p, "object");
	if (!copy_id(json_str(json_get(object, "id")), id))
		return refuse(p, "id");
	return VT_OK;
}

/* An amount that must be there: a whole number that is not negative. */
static bool
amount_read(const struct json *object, const char *name, int64_t *out)
{
	return json_int(json_get(object, name), out) && *out >= 0;
}

/* One that may be null or absent, which reads as 0. */
static bool
amount_or_null(const struct json *object, const char *name, int64_t *out)
{
	const struct json *j = json_get(object, name);

	*out = 0;
	return j == NULL || json_is_null(j) || json_int(j, out);
}

/* ---- PaymentIntent ---------------------------------------------------------
 */

static enum stripe_intent_status
intent_status(const char *name)
{
	for (size_t i = 0; i < STRIPE_PI_OTHER; i++)
		if (strcmp(name, intent_status_names[i]) == 0)
			return (enum stripe_intent_status)i;
	return STRIPE_PI_OTHER;
}

static void
intent_error_read(const struct json *object, struct stripe_intent *out)
{
	const struct json *e = json_get(object, "last_payment_error");
	const char *type;

	if (!json_is_object(e))
		return;
	out->failed = true;
	copy_cut(json_get(e, "code"), out->error_code, sizeof(out->error_code));
	copy_cut(json_get(e, "decline_code"), out->decline_code,
	    sizeof(out->decline_code));
	type = json_str(json_get(e, "type"));
	if (type != NULL && strcmp(type, "card_error") == 0)
		copy_cut(json_get(e, "message"), out->error_message,
		    sizeof(out->error_message));
}

enum vt_err
stripe_intent_read(
    const struct json *object, struct stripe_intent *out, struct vt_problem *p)
{
	const char *status;
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	err = head_read(object, "payment_intent", out->id, p);
	if (err != VT_OK)
		return err;
	status = json_str(json_get(object, "status"));
	if (status == NULL)
		return refuse(p, "status");
	out->status = intent_status(status);
	if (!amount_read(object, "amount", &out->amount))
		return refuse(p, "amount");
	if (!amount_read(object, "amount_received", &out->amount_received))
		return refuse(p, "amount_received");
	if (!copy_currency(json_get(object, "currency"), out->currency,
		sizeof(out->currency)) ||
	    out->currency[0] == '\0')
		return refuse(p, "currency");
	if (!copy_ref(json_get(object, "customer"), out->customer))
		return refuse(p, "customer");
	if (!copy_ref(json_get(object, "latest_charge"), out->latest_charge))
		return refuse(p, "latest_charge");
	if (!json_bool(json_get(object, "livemode"), &out->livemode))
		return refuse(p, "livemode");
	if (!json_int(json_get(object, "created"), &out->created_s))
		return refuse(p, "created");
	copy_cut(json_get(object, "cancellation_reason"),
	    out->cancellation_reason, sizeof(out->cancellation_reason));
	metadata_read(object, &out->metadata);
	intent_error_read(object, out);
	return VT_OK;
}

const char *
stripe_intent_client_secret(const struct json *object)
{
	return json_str(json_get(object, "client_secret"));
}

/* ---- the others ------------------------------------------------------------
 */

enum vt_err
stripe_charge_read(
    const struct json *object, struct stripe_charge *out, struct vt_problem *p)
{
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	err = head_read(object, "charge", out->id, p);
	if (err != VT_OK)
		return err;
	if (!copy_ref(json_get(object, "payment_intent"), out->intent))
		return refuse(p, "payment_intent");
	if (!copy_ref(json_get(object, "customer"), out->customer))
		return refuse(p, "customer");
	if (json_str(json_get(object, "status")) == NULL)
		return refuse(p, "status");
	copy_cut(json_get(object, "status"), out->status, sizeof(out->status));
	if (!amount_read(object, "amount", &out->amount))
		return refuse(p, "amount");
	if (!amount_read(object, "amount_refunded", &out->amount_refunded))
		return refuse(p, "amount_refunded");
	if (!copy_currency(json_get(object, "currency"), out->currency,
		sizeof(out->currency)) ||
	    out->currency[0] == '\0')
		return refuse(p, "currency");
	metadata_read(object, &out->metadata);
	return VT_OK;
}

enum vt_err
stripe_checkout_read(const struct json *object, struct stripe_checkout *out,
    struct vt_problem *p)
{
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	err = head_read(object, "checkout.session", out->id, p);
	if (err != VT_OK)
		return err;
	if (json_str(json_get(object, "mode")) == NULL)
		return refuse(p, "mode");
	copy_cut(json_get(object, "mode"), out->mode, sizeof(out->mode));
	/* Null for a session of a kind that has no status. */
	copy_cut(json_get(object, "status"), out->status, sizeof(out->status));
	if (json_str(json_get(object, "payment_status")) == NULL)
		return refuse(p, "payment_status");
	copy_cut(json_get(object, "payment_status"), out->payment_status,
	    sizeof(out->payment_status));
	if (!copy_ref(json_get(object, "payment_intent"), out->intent))
		return refuse(p, "payment_intent");
	if (!copy_ref(json_get(object, "customer"), out->customer))
		return refuse(p, "customer");
	if (!amount_or_null(object, "amount_total", &out->amount_total))
		return refuse(p, "amount_total");
	if (!copy_currency(json_get(object, "currency"), out->currency,
		sizeof(out->currency)))
		return refuse(p, "currency");
	metadata_read(object, &out->metadata);
	return VT_OK;
}

enum vt_err
stripe_customer_read(const struct json *object, struct stripe_customer *out,
    struct vt_problem *p)
{
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	err = head_read(object, "customer", out->id, p);
	if (err != VT_OK)
		return err;
	/* Only a deleted customer has the member, and it is true. */
	(void)json_bool(json_get(object, "deleted"), &out->deleted);
	metadata_read(object, &out->metadata);
	return VT_OK;
}

enum vt_err
stripe_list_read(
    const struct json *object, struct stripe_list *out, struct vt_problem *p)
{
	const struct json *data = json_get(object, "data"), *last = NULL;
	const char *is = json_str(json_get(object, "object"));

	memset(out, 0, sizeof(*out));
	if (is == NULL || strcmp(is, "list") != 0)
		return refuse(p, "object");
	if (!json_is_array(data))
		return refuse(p, "data");
	if (!json_bool(json_get(object, "has_more"), &out->has_more))
		return refuse(p, "has_more");
	out->first = json_first(data);
	for (const struct json *j = out->first; j != NULL; j = json_next(j))
		last = j;
	/* Without it the next page cannot be asked for. */
	if (out->has_more &&
	    !copy_id(json_str(json_get(last, "id")), out->last_id))
		return refuse(p, "data.id");
	return VT_OK;
}

/* ---- events ----------------------------------------------------------------
 */

static enum vt_err
event_snapshot_read(
    const struct json *body, struct stripe_event *out, struct vt_problem *p)
{
	copy_cut(json_get(body, "api_version"), out->api_version,
	    sizeof(out->api_version));
	if (!json_bool(json_get(body, "livemode"), &out->livemode))
		return refuse(p, "livemode");
	if (!json_int(json_get(body, "created"), &out->created_s))
		return refuse(p, "created");
	out->object = json_at(body, "data.object");
	if (!json_is_object(out->object))
		return refuse(p, "data.object");
	/* A coupon's id is the owner's own text, so it is copied unjudged;
	 * what does not fit belongs to nothing that we know. */
	copy_own(json_get(out->object, "id"), out->object_id,
	    sizeof(out->object_id));
	copy_cut(json_get(out->object, "object"), out->object_type,
	    sizeof(out->object_type));
	return VT_OK;
}

enum vt_err
stripe_event_read(
    const struct json *body, struct stripe_event *out, struct vt_problem *p)
{
	const char *is = json_str(json_get(body, "object"));

	memset(out, 0, sizeof(*out));
	if (is == NULL)
		return refuse(p, "object");
	out->thin = strcmp(is, "v2.core.event") == 0;
	if (!out->thin && strcmp(is, "event") != 0)
		return refuse(p, "object");
	if (!copy_id(json_str(json_get(body, "id")), out->id))
		return refuse(p, "id");
	if (json_str(json_get(body, "type")) == NULL)
		return refuse(p, "type");
	copy_cut(json_get(body, "type"), out->type, sizeof(out->type));
	return out->thin ? VT_OK : event_snapshot_read(body, out, p);
}
