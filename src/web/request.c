/* request: what CGI parameters say, made safe to read. See http.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/random.h"
#include "web/http.h"

#define QUERY_PAIRS_MAX 64
#define REQUEST_ID_MIN 8
#define REQUEST_ID_MAX 64
#define LENGTH_DIGITS_MAX 15 /* far beyond any limit, far from overflow */

/*
 * Parameters of which a second one would leave open which is meant. nginx
 * before 1.23 passes repeated headers on as they came.
 */
static const char *const single[] = {
	"CONTENT_LENGTH",
	"CONTENT_TYPE",
	"HTTP_AUTHORIZATION",
	"HTTP_CONTENT_LENGTH",
	"HTTP_CONTENT_TYPE",
	"HTTP_COOKIE",
	"HTTP_IDEMPOTENCY_KEY",
	"HTTP_ORIGIN",
	"HTTP_STRIPE_SIGNATURE",
	"HTTP_SVIX_ID",
	"HTTP_SVIX_SIGNATURE",
	"HTTP_SVIX_TIMESTAMP",
};

static const char *const method_names[] = {
	[HTTP_GET] = "GET",
	[HTTP_POST] = "POST",
	[HTTP_PUT] = "PUT",
	[HTTP_DELETE] = "DELETE",
	[HTTP_OTHER] = "OTHER",
};

const char *
http_method_name(enum http_method m)
{
	return method_names[m];
}

/* The value if `param` is "NAME=…", else NULL. */
static const char *
value_of(const char *param, const char *name, size_t name_bytes)
{
	if (strncmp(param, name, name_bytes) != 0 || param[name_bytes] != '=')
		return NULL;
	return param + name_bytes + 1;
}

const char *
request_param(const struct request *r, const char *name)
{
	size_t n = strlen(name);
	const char *value;

	for (const char *const *p = r->params; *p != NULL; p++)
		if ((value = value_of(*p, name, n)) != NULL)
			return value;
	return NULL;
}

static size_t
count_param(const struct request *r, const char *name)
{
	size_t n = strlen(name), count = 0;

	for (const char *const *p = r->params; *p != NULL; p++)
		count += value_of(*p, name, n) != NULL;
	return count;
}

const char *
request_header(const struct request *r, const char *name)
{
	char param[96];
	size_t n;

	if (strcasecmp(name, "Content-Type") == 0)
		return request_param(r, "CONTENT_TYPE");
	n = (size_t)snprintf(param, sizeof(param), "HTTP_%s", name);
	if (n >= sizeof(param))
		return NULL;
	for (size_t i = 0; i < n; i++)
		param[i] = param[i] == '-'
		    ? '_'
		    : (char)toupper((unsigned char)param[i]);
	return request_param(r, param);
}

const char *
request_query(const struct request *r, const char *name)
{
	return form_find(r->query, r->query_count, name);
}

/* RFC 6265, section 4.2: name=value pairs with "; " between them. */
const char *
request_cookie(const struct request *r, const char *name)
{
	const char *at = request_param(r, "HTTP_COOKIE");
	size_t n = strlen(name), length;

	while (at != NULL && *at != '\0') {
		at += strspn(at, "; \t");
		length = strcspn(at, ";");
		if (length > n && strncmp(at, name, n) == 0 && at[n] == '=') {
			at += n + 1;
			length -= n + 1;
			while (length > 0 &&
			    (at[length - 1] == ' ' || at[length - 1] == '\t'))
				length--;
			return arena_memdup(r->arena, at, length);
		}
		at += length;
	}
	return NULL;
}

static enum vt_err
malformed(struct vt_problem *p, const char *field, const char *why)
{
	return vt_problem(p, VT_INVALID, "malformed_request", field, "%s", why);
}

/* Letters, digits, '-' and '_': nothing that a log or a header minds. */
static bool
id_allowed(const char *id)
{
	size_t n = strlen(id);

	if (n < REQUEST_ID_MIN || n > REQUEST_ID_MAX)
		return false;
	for (; *id != '\0'; id++)
		if (!isalnum((unsigned char)*id) && *id != '-' && *id != '_')
			return false;
	return true;
}

/*
 * nginx's $request_id comes as REQUEST_ID. A header of that name is the
 * caller's own word, so it only counts where nginx says nothing.
 */
static const char *
find_id(const struct request *r)
{
	const char *id = request_param(r, "REQUEST_ID");
	char made[RANDOM_ID_BYTES];

	if (id == NULL || *id == '\0')
		id = request_param(r, "HTTP_X_REQUEST_ID");
	if (id != NULL && id_allowed(id))
		return id;
	random_id("req_", made);
	return arena_strdup(r->arena, made);
}

static void
find_method(struct request *r)
{
	const char *name = request_param(r, "REQUEST_METHOD");

	r->method = HTTP_OTHER;
	r->head = name != NULL && strcmp(name, "HEAD") == 0;
	if (r->head)
		r->method = HTTP_GET;
	else if (name != NULL)
		for (size_t i = 0; i < HTTP_OTHER; i++)
			if (strcmp(name, method_names[i]) == 0)
				r->method = (enum http_method)i;
}

static enum vt_err
find_path(struct request *r, struct vt_problem *p)
{
	const char *path = request_param(r, "DOCUMENT_URI"), *info;

	if (path == NULL) {
		path = request_param(r, "SCRIPT_NAME");
		info = request_param(r, "PATH_INFO");
		path = arena_printf(
		    r->arena, "%s%s", path ? path : "", info ? info : "");
	}
	if (*path != '/' || !utf8_valid(path, strlen(path)))
		return malformed(p, NULL, "The path is not well-formed.");
	r->path = path;
	return VT_OK;
}

static enum vt_err
find_length(struct request *r, struct vt_problem *p)
{
	const char *text = request_param(r, "CONTENT_LENGTH");
	size_t n = 0;

	if (text == NULL || *text == '\0')
		return VT_OK;
	if (strlen(text) > LENGTH_DIGITS_MAX ||
	    strspn(text, "0123456789") != strlen(text))
		return malformed(
		    p, "Content-Length", "Content-Length is not a number.");
	for (; *text != '\0'; text++)
		n = n * 10 + (size_t)(*text - '0');
	r->content_length = n;
	return VT_OK;
}

static enum vt_err
check_single(const struct request *r, struct vt_problem *p)
{
	char name[32];
	size_t i = 0;

	for (size_t k = 0; k < countof(single); k++) {
		const char *s = single[k];

		if (count_param(r, s) < 2)
			continue;
		if (strncmp(s, "HTTP_", 5) == 0)
			s += 5;
		for (; *s != '\0' && i + 1 < sizeof(name); s++, i++)
			name[i] = *s == '_' ? '-' : (char)tolower(*s);
		name[i] = '\0';
		return vt_problem(p, VT_INVALID, "malformed_request", name,
		    "The header %s may be sent only once.", name);
	}
	return VT_OK;
}

static const char *const *
copy_params(struct arena *a, const char *const *params)
{
	size_t n = 0;
	const char **copy;

	while (params[n] != NULL)
		n++;
	copy = arena_array(a, n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = arena_strdup(a, params[i]);
	return copy;
}

static const char *
param_or(const struct request *r, const char *name, const char *fallback)
{
	const char *v = request_param(r, name);

	return v != NULL && *v != '\0' ? v : fallback;
}

enum vt_err
request_from(struct request *r, struct arena *a, const char *const *params,
    struct vt_problem *p)
{
	enum vt_err err;

	memset(r, 0, sizeof(*r));
	r->arena = a;
	r->params = copy_params(a, params);
	r->path = "";
	r->body = "";
	r->id = find_id(r);
	find_method(r);
	r->query_string = param_or(r, "QUERY_STRING", "");
	r->remote_addr = param_or(r, "REMOTE_ADDR", "");
	r->scheme = param_or(r, "REQUEST_SCHEME", "http");
	if ((err = find_path(r, p)) != VT_OK ||
	    (err = find_length(r, p)) != VT_OK ||
	    (err = check_single(r, p)) != VT_OK)
		return err;
	return form_parse(a, r->query_string, strlen(r->query_string),
	    QUERY_PAIRS_MAX, &r->query, &r->query_count, p);
}

/* True for "", or parameters of which a charset names UTF-8. */
static bool
charset_allowed(const char *rest)
{
	const char *value;
	size_t n;

	while (*rest != '\0') {
		rest += strspn(rest, "; \t");
		n = strcspn(rest, ";");
		if (strncasecmp(rest, "charset=", 8) == 0) {
			value = rest + 8;
			if (*value == '"')
				value++;
			if (strncasecmp(value, "utf-8", 5) != 0 ||
			    (value[5] != '\0' &&
				strchr("\"; \t", value[5]) == NULL))
				return false;
		}
		rest += n;
	}
	return true;
}

enum vt_err
request_content_type(
    const struct request *r, const char *type, struct vt_problem *p)
{
	const char *sent = request_param(r, "CONTENT_TYPE");
	size_t n = strlen(type);

	if (sent != NULL && strncasecmp(sent, type, n) == 0 &&
	    (sent[n] == '\0' || strchr("; \t", sent[n]) != NULL) &&
	    charset_allowed(sent + n))
		return VT_OK;
	return vt_problem(p, VT_INVALID, "unsupported_media_type",
	    "Content-Type", "The body must be sent as %s, in UTF-8.", type);
}

enum vt_err
request_json_tree(
    const struct request *r, const struct json **out, struct vt_problem *p)
{
	enum vt_err err;

	err = request_content_type(r, "application/json", p);
	if (err == VT_OK)
		err = json_parse(
		    r->arena, r->body, r->body_bytes, JSON_DEPTH_MAX, out, p);
	return err;
}

enum vt_err
request_json(const struct request *r, const struct json_field *fields,
    size_t count, void *out, struct vt_problem *p)
{
	const struct json *body;
	enum vt_err err;

	err = request_json_tree(r, &body, p);
	if (err == VT_OK && !json_is_object(body))
		err = vt_problem(p, VT_INVALID, "malformed_json", NULL,
		    "The body must be a JSON object.");
	if (err == VT_OK)
		err = json_read(body, fields, count, NULL, out, p);
	return err;
}

enum vt_err
request_query_closed(
    const struct request *r, const char *const *names, struct vt_problem *p)
{
	for (size_t i = 0; i < r->query_count; i++) {
		const char *const *n = names;

		while (*n != NULL && strcmp(*n, r->query[i].name) != 0)
			n++;
		if (*n == NULL)
			return vt_problem(p, VT_INVALID, "unknown_field",
			    r->query[i].name,
			    "This query parameter is not known here.");
		for (size_t k = 0; k < i; k++)
			if (strcmp(r->query[k].name, r->query[i].name) == 0)
				return vt_problem(p, VT_INVALID,
				    "invalid_field", r->query[i].name,
				    "This query parameter is given twice.");
	}
	return VT_OK;
}
