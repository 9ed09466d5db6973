/* response: an answer as it is collected. See http.h. */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "web/http.h"

#define HEADERS_BYTES_MAX (16 * 1024)
#define BODY_BYTES_MAX (32 * 1024 * 1024) /* a year's transactions as CSV */
#define ETAG_BYTES 12			  /* of the body's SHA-256 */
#define JSON_TYPE "application/json; charset=utf-8"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
};

void
response_init(struct response *w)
{
	memset(w, 0, sizeof(*w));
	w->status = 200;
	buf_init(&w->headers, HEADERS_BYTES_MAX);
	buf_init(&w->body, BODY_BYTES_MAX);
}

void
response_reset(struct response *w)
{
	buf_clear(&w->headers);
	buf_clear(&w->body);
	w->status = 200;
	w->content_type = NULL;
	w->drop = 0;
	w->cut_bytes = 0;
}

void
response_free(struct response *w)
{
	buf_free(&w->headers);
	buf_free(&w->body);
}

/* What may stand in a header's value: no control character but a tab. */
static bool
value_allowed(const char *value)
{
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

bool
response_has_header(const struct response *w, const char *name)
{
	const char *line = buf_str(&w->headers);
	size_t n = strlen(name);

	while (*line != '\0') {
		if (strncasecmp(line, name, n) == 0 && line[n] == ':')
			return true;
		line = strchr(line, '\n') + 1; /* each line has its end */
	}
	return false;
}

void
response_header(struct response *w, const char *name, const char *value)
{
	assert(value_allowed(name) && strchr(name, ':') == NULL);
	assert(value_allowed(value));
	buf_printf(&w->headers, "%s: %s\r\n", name, value);
}

void
response_json(const struct request *r, struct response *w, int status,
    const struct json *j)
{
	const char *text = json_text(r->arena, j);

	response_text(w, status, JSON_TYPE, text, strlen(text));
}

void
response_text(struct response *w, int status, const char *content_type,
    const char *text, size_t bytes)
{
	w->status = status;
	w->content_type = content_type;
	buf_clear(&w->body);
	buf_append(&w->body, text, bytes);
}

/* True if a list of entity tags, weak or not, or "*", holds this one. */
static bool
etag_listed(const char *list, const char *etag)
{
	size_t n = strlen(etag);

	list += strspn(list, " \t,");
	if (strcmp(list, "*") == 0)
		return true;
	while (*list != '\0') {
		if (strncmp(list, "W/", 2) == 0)
			list += 2;
		if (strncmp(list, etag, n) == 0 &&
		    (list[n] == '\0' || strchr(" \t,", list[n]) != NULL))
			return true;
		list += strcspn(list, ",");
		list += strspn(list, " \t,");
	}
	return false;
}

void
response_revalidate(const struct request *r, struct response *w)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	const char *have = request_header(r, "If-None-Match");
	char hex[2 * ETAG_BYTES + 1], etag[sizeof(hex) + 2];

	(void)crypto_hash_sha256(hash, (const unsigned char *)buf_str(&w->body),
	    w->body.len); /* never fails */
	(void)sodium_bin2hex(hex, sizeof(hex), hash, ETAG_BYTES);
	(void)snprintf(etag, sizeof(etag), "\"%s\"", hex);
	response_header(w, "ETag", etag);
	response_header(w, "Cache-Control", "no-cache");
	if (have == NULL || !etag_listed(have, etag))
		return;
	w->status = 304;
	buf_clear(&w->body);
}

static const char *
reason(int status)
{
	for (size_t i = 0; i < countof(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "";
}

const char *
response_head(const struct request *r, const struct response *w, size_t *bytes)
{
	const char *type =
	    w->content_type != NULL ? w->content_type : JSON_TYPE;
	bool body = w->status != 204 && w->status != 304;
	const char *head;

	head = arena_printf(r->arena,
	    "Status: %d %s\r\n"
	    "%s%s%s"
	    "X-Request-Id: %s\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "%s%s",
	    w->status, reason(w->status), body ? "Content-Type: " : "",
	    body ? type : "", body ? "\r\n" : "", r->id,
	    response_has_header(w, "Cache-Control")
		? ""
		: "Cache-Control: no-store\r\n",
	    buf_str(&w->headers));
	if (body)
		head = arena_printf(r->arena, "%sContent-Length: %zu\r\n\r\n",
		    head, w->body.len + w->cut_bytes);
	else
		head = arena_printf(r->arena, "%s\r\n", head);
	*bytes = strlen(head);
	return head;
}
