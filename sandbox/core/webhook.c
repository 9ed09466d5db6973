/* webhook: see webhook.h. */
#include "core/webhook.h"

#include <string.h>

#include "base/clock.h"
#include "core/ids.h"
#include "core/render.h"
#include "text/signature.h"

#define SIGNATURE_BYTES 1024
#define SECRET_CHARS 32
#define OLD_SECRET_S 86400 /* how long a rolled secret still signs */
#define DECOY_BYTES 32

/* The secrets that sign now, newest first, joined by commas. */
static const char *
secrets(struct call *c, const struct json *hidden)
{
	const char *all = json_str_at(hidden, "secret");
	const char *old = json_str_at(hidden, "old_secret");
	int64_t until = 0;

	if (old != NULL && json_int_at(hidden, "old_until", &until) &&
	    clock_now_s() < until)
		return arena_printf(c->arena, "%s,%s", all, old);
	return all;
}

enum vt_err
webhook_roll(struct call *c, struct doc *endpoint, const char **secret)
{
	const char *old = json_str_at(endpoint->hidden, "secret");

	*secret = arena_printf(
	    c->arena, "whsec_%s", ids_random(c->arena, SECRET_CHARS));
	if (old != NULL) {
		json_put_str(endpoint->hidden, "old_secret", old);
		json_put_int(endpoint->hidden, "old_until",
		    clock_now_s() + OLD_SECRET_S);
	}
	json_put_str(endpoint->hidden, "secret", *secret);
	return doc_save(c, endpoint);
}

/* Adds v0 to a signature, as Stripe does in test mode: a decoy (R3). */
static const char *
with_decoy(struct call *c, const char *signature)
{
	char *decoy = arena_alloc(c->arena, (size_t)DECOY_BYTES * 2 + 1);
	const char *random = ids_random(c->arena, (size_t)DECOY_BYTES * 2);

	for (size_t i = 0; random[i] != '\0'; i++)
		decoy[i] = "0123456789abcdef"[(unsigned char)random[i] % 16];
	return arena_printf(c->arena, "%s,v0=%s", signature, decoy);
}

static enum vt_err
stripe_message(struct call *c, const char *event, const char *endpoint,
    struct webhook_message *out)
{
	struct doc *e = doc_find(c, R_EVENT, event);
	struct doc *to = doc_find(c, R_WEBHOOK_ENDPOINT, endpoint);
	struct https_header *h = arena_array(c->arena, 3, sizeof(*h));
	char *signature = arena_alloc(c->arena, SIGNATURE_BYTES);
	struct signature_keys *keys;
	struct json *body;
	struct secret *s;
	const char *all;
	enum vt_err err;

	if (e == NULL || to == NULL ||
	    strcmp(json_str_at(to->body, "status"), "enabled") != 0)
		return VT_NOTFOUND;
	c->key = KEY_SECRET;
	err = render_tree(c, e, &body);
	if (err != VT_OK)
		return err;
	json_put_copy(body, "api_version", json_get(to->body, "api_version"));
	if (json_is_null(json_get(body, "api_version")))
		json_put_str(body, "api_version", BOX_API_VERSION);
	out->body = json_text(c->arena, body);
	all = secrets(c, to->hidden);
	s = secret_new(all, strlen(all));
	err = signature_keys_stripe(s, &keys);
	secret_free(s);
	if (err != VT_OK)
		return err;
	err = signature_stripe_sign(keys, clock_now_s(), out->body,
	    strlen(out->body), signature, SIGNATURE_BYTES);
	signature_keys_free(keys);
	h[0] = (struct https_header){ "Content-Type",
		"application/json; charset=utf-8" };
	h[1] = (struct https_header){ "Stripe-Signature",
		with_decoy(c, signature) };
	out->url = json_str_at(to->body, "url");
	out->headers = h;
	return err;
}

static enum vt_err
svix_message(struct call *c, const char *id, struct webhook_message *out)
{
	struct doc *m = doc_find(c, R_MESSAGE, id);
	const char *secret =
	    box_setting(c->box, c->arena, "clerk.secret", NULL);
	struct https_header *h = arena_array(c->arena, 5, sizeof(*h));
	char *signature = arena_alloc(c->arena, SIGNATURE_BYTES);
	int64_t now = clock_now_s();
	struct signature_keys *keys;
	struct secret *s;
	enum vt_err err;

	out->svix = true;
	out->url = box_setting(c->box, c->arena, "clerk.url", NULL);
	if (m == NULL || secret == NULL || out->url == NULL)
		return VT_NOTFOUND;
	out->body = json_text(c->arena, json_get(m->body, "payload"));
	s = secret_new(secret, strlen(secret));
	err = signature_keys_svix(s, &keys);
	secret_free(s);
	if (err != VT_OK)
		return err;
	err = signature_svix_sign(keys, id, now, out->body, strlen(out->body),
	    signature, SIGNATURE_BYTES);
	signature_keys_free(keys);
	h[0] = (struct https_header){ "Content-Type", "application/json" };
	h[1] = (struct https_header){ "svix-id", id };
	h[2] = (struct https_header){ "svix-timestamp",
		arena_printf(c->arena, "%lld", (long long)now) };
	h[3] = (struct https_header){ "svix-signature", signature };
	out->headers = h;
	return err;
}

enum vt_err
webhook_message(struct call *c, const char *event, const char *endpoint,
    struct webhook_message *out)
{
	*out = (struct webhook_message){ 0 };
	if (strcmp(endpoint, WEBHOOK_CLERK) == 0)
		return svix_message(c, event, out);
	return stripe_message(c, event, endpoint, out);
}
