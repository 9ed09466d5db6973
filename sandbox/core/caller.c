/* caller: see caller.h. */
#include "core/caller.h"

#include <string.h>
#include <strings.h>

/* The user part of "Basic …", where some clients put the key. */
static const char *
basic_user(struct arena *a, const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = arena_alloc(a, strlen(text) + 1);
	uint32_t bits = 0;
	size_t n = 0;
	int have = 0;

	for (; *text != '\0' && *text != '='; text++) {
		const char *at = strchr(digits, *text);

		if (at == NULL)
			return NULL;
		bits = bits << 6 | (uint32_t)(at - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (char)(bits >> have & 0xff);
		}
	}
	out[n] = '\0';
	out[strcspn(out, ":")] = '\0';
	return out;
}

/* The key that the caller sent, wherever it is; NULL when there is none. */
static const char *
find_key(const struct call *c, const struct tree *form)
{
	const char *h = request_header(c->request, "Authorization");

	if (h == NULL)
		return tree_text(form, "key");
	if (strncasecmp(h, "Bearer ", 7) == 0)
		return h + 7;
	if (strncasecmp(h, "Basic ", 6) == 0)
		return basic_user(c->arena, h + 6);
	return NULL;
}

static bool
begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* "sk_test_***abcd": enough to recognise, nothing to use. */
static const char *
masked(struct arena *a, const char *key)
{
	size_t n = strlen(key);

	return arena_printf(a, "%.*s***%s", n > 12 && key[2] == '_' ? 8 : 0,
	    key, n > 12 ? key + n - 4 : "");
}

enum vt_err
caller_authenticate(struct call *c, const struct tree *form, bool browser)
{
	const char *key = find_key(c, form);

	if (key == NULL || *key == '\0')
		return call_fail(c, 401, NULL, NULL,
		    "You did not provide an API key. Send it in the "
		    "Authorization header, using Bearer auth (e.g. "
		    "'Authorization: Bearer YOUR_SECRET_KEY').");
	if (begins(key, "sk_live_") || begins(key, "rk_live_") ||
	    begins(key, "pk_live_"))
		return call_fail(c, 401, "livemode_mismatch", NULL,
		    "This is a local sandbox: it takes test keys only. Never "
		    "send it a live key.");
	if (begins(key, "sk_test_") || begins(key, "rk_test_"))
		c->key = KEY_SECRET;
	else if (begins(key, "pk_test_"))
		c->key = KEY_PUBLISHABLE;
	else
		return call_fail(c, 401, NULL, NULL,
		    "Invalid API Key provided: %s", masked(c->arena, key));
	if (c->key == KEY_PUBLISHABLE && !browser)
		return call_fail(c, 401, "secret_key_required", NULL,
		    "This API call cannot be made with a publishable API key. "
		    "Please use a secret API key.");
	return VT_OK;
}

enum vt_err
caller_check_version(struct call *c)
{
	const char *v = request_header(c->request, "Stripe-Version");

	if (v == NULL || *v == '\0')
		return VT_OK;
	c->versioned = true;
	if (strcmp(v, BOX_API_VERSION) == 0 ||
	    strcmp(v, "2026-09-30.endive") == 0)
		return VT_OK;
	return call_fail(c, 400, NULL, NULL,
	    "Invalid Stripe API version: %.40s. This server speaks %s.", v,
	    BOX_API_VERSION);
}

void
caller_drop_key(struct tree *t)
{
	struct tree *before = NULL;

	for (struct tree *m = t->first; m != NULL; m = m->next) {
		if (strcmp(m->name, "key") != 0) {
			before = m;
			continue;
		}
		if (before == NULL)
			t->first = m->next;
		else
			before->next = m->next;
		if (t->last == m)
			t->last = before;
		t->count--;
	}
}
