/* call: see call.h. */
#include "core/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define DOC_URL "https://stripe.com/docs/error-codes/"
#define LOG_URL "https://dashboard.stripe.com/test/logs/"

void
call_init(struct call *c, struct box *b, struct arena *a)
{
	*c = (struct call){ .box = b, .arena = a, .now_s = clock_now_s() };
}

enum vt_err
call_fail(struct call *c, int status, const char *code, const char *param,
    const char *fmt, ...)
{
	char message[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap); /* may be cut */
	va_end(ap);
	message[utf8_run(message, strlen(message))] = '\0'; /* not in two */
	c->error = (struct api_error){ .status = status,
		.type = "invalid_request_error",
		.code = code,
		.param = param == NULL ? NULL : arena_strdup(c->arena, param),
		.message = arena_strdup(c->arena, message) };
	return VT_INVALID;
}

enum vt_err
call_missing(
    struct call *c, const char *object, const char *id, const char *param)
{
	return call_fail(c, param == NULL ? 404 : 400, "resource_missing",
	    param == NULL ? "id" : param, "No such %s: '%s'", object, id);
}

static bool
begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* It goes into a header: nothing in it may end that, or part it. */
static bool
has_gap(const char *url)
{
	for (; *url != '\0'; url++)
		if ((unsigned char)*url <= ' ' || *url == 0x7f)
			return true;
	return false;
}

static enum vt_err
bad_url(struct call *c, const char *param, const char *must)
{
	return call_fail(
	    c, 400, "url_invalid", param, "Not a valid URL: %s.", must);
}

enum vt_err
call_check_page(struct call *c, const char *param, const char *url)
{
	if (url != NULL && !begins(url, "https://") && !begins(url, "http://"))
		return bad_url(
		    c, param, "it must begin with http:// or https://");
	return call_check_page_or_app(c, param, url);
}

enum vt_err
call_check_page_or_app(struct call *c, const char *param, const char *url)
{
	const char *end = url == NULL ? NULL : strstr(url, "://");

	if (url == NULL)
		return VT_OK;
	if (end == NULL || end == url || begins(url, "javascript:"))
		return bad_url(c, param, "it must begin with a scheme and ://");
	return has_gap(url)
	    ? bad_url(c, param, "it must not hold blanks or control characters")
	    : VT_OK;
}

/* The page about a code: its words joined by hyphens. */
static const char *
doc_url(struct arena *a, const char *code)
{
	char *url = arena_printf(a, "%s%s", DOC_URL, code);

	for (char *p = url + strlen(DOC_URL); *p != '\0'; p++)
		if (*p == '_')
			*p = '-';
	return url;
}

static void
put(struct json *out, const char *name, const char *text)
{
	if (text != NULL)
		json_put_str(out, name, text);
}

void
call_error_members(const struct call *c, struct json *out)
{
	const struct api_error *e = &c->error;

	put(out, "advice_code", e->advice_code);
	put(out, "charge", e->charge);
	put(out, "code", e->code);
	put(out, "decline_code", e->decline_code);
	if (e->code != NULL)
		json_put_str(out, "doc_url", doc_url(c->arena, e->code));
	put(out, "message", e->message);
	put(out, "param", e->param);
	if (e->payment_intent != NULL)
		json_put_copy(out, "payment_intent", e->payment_intent);
	if (e->payment_method != NULL)
		json_put_copy(out, "payment_method", e->payment_method);
	put(out, "payment_method_type", e->payment_method_type);
	if (e->setup_intent != NULL)
		json_put_copy(out, "setup_intent", e->setup_intent);
	if (c->request_id != NULL)
		json_put_str(out, "request_log_url",
		    arena_printf(c->arena, "%s%s?t=%lld", LOG_URL,
			c->request_id, (long long)c->now_s));
	put(out, "type", e->type);
}

const char *
call_error_text(struct call *c)
{
	struct json *root = json_object(c->arena);

	call_error_members(c, json_put_object(root, "error"));
	return json_text(c->arena, root);
}
