/*
 * https: see https.h. The only file that includes curl.h.
 *
 * What is shared between threads: names and TLS sessions, through libcurl's
 * share object. Connections are not, although it offers that too: the manual
 * says that it is unsafe between threads, and issues with crashes agree
 * (curl/curl#4915, #13347). Instead each handle keeps its own connection and
 * the handles are pooled, last used first, which comes to the same: as many
 * connections as there were calls at once, and a call rarely opens one.
 *
 * The bearer secret. CURLOPT_XOAUTH2_BEARER would be kept in the handle, in
 * the connection and in the header made of them, for as long as the
 * connection lives. A header list is only borrowed by libcurl, so the line
 * stands in a buffer of https_call()'s own, wiped before it returns. The one
 * copy that libcurl makes, the request as it is sent, is freed after sending;
 * our allocator for libcurl wipes every block that is freed. HTTP/2 would
 * keep it in the header table of the connection, so HTTP/1.1 is spoken.
 */
#include "net/https.h"

#include <assert.h>
#include <curl/curl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define IDLE_HANDLES_MAX 32    /* more than any worker has threads */
#define IDLE_CONNECTION_S 55   /* below the usual 60 to 75 of servers */
#define ANSWER_HEADERS_MAX 100 /* Stripe sends about 25 */
#define ANSWER_HEADER_BYTES (64 * 1024)
#define BEARER_BYTES_MAX 1024
#define URL_BYTES_MAX 8192

struct https {
	const char *user_agent;
	CURLSH *share;
	pthread_mutex_t share_locks[CURL_LOCK_DATA_LAST];
	pthread_mutex_t idle_lock;
	CURL *idle[IDLE_HANDLES_MAX]; /* the last one is used first */
	size_t idle_count;
};

/* One call in progress. */
struct exchange {
	struct arena *arena;
	struct https_header *headers; /* ANSWER_HEADERS_MAX and a NULL */
	size_t header_count;
	size_t header_bytes;
	bool headers_done;
	bool too_large;
	struct buf body;
};

/* ---- libcurl's memory ---------------------------------------------------- */

static void
wiping_free(void *p)
{
	if (p == NULL)
		return;
	secret_wipe(p, malloc_usable_size(p));
	free(p);
}

static void *
wiping_realloc(void *p, size_t bytes)
{
	size_t old = p == NULL ? 0 : malloc_usable_size(p);
	void *q = malloc(bytes);

	if (q == NULL)
		return NULL; /* libcurl reports it and the call fails */
	if (p != NULL)
		memcpy(q, p, old < bytes ? old : bytes);
	wiping_free(p);
	return q;
}

/* ---- the client ------------------------------------------------------------
 */

static void
share_lock(CURL *handle, curl_lock_data data, curl_lock_access how, void *arg)
{
	struct https *h = arg;

	(void)handle; /* the data decides which lock, not who asks */
	(void)how;
	(void)pthread_mutex_lock(&h->share_locks[data]);
}

static void
share_unlock(CURL *handle, curl_lock_data data, void *arg)
{
	struct https *h = arg;

	(void)handle;
	(void)pthread_mutex_unlock(&h->share_locks[data]);
}

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static void
share_set(struct https *h)
{
	h->share = must(curl_share_init());
	/* These can only fail for an option that libcurl lacks. */
	(void)curl_share_setopt(h->share, CURLSHOPT_LOCKFUNC, share_lock);
	(void)curl_share_setopt(h->share, CURLSHOPT_UNLOCKFUNC, share_unlock);
	(void)curl_share_setopt(h->share, CURLSHOPT_USERDATA, h);
	(void)curl_share_setopt(
	    h->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	(void)curl_share_setopt(h->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
}

struct https *
https_new(const char *user_agent)
{
	struct https *h = must(calloc(1, sizeof(*h)));

	/* Counted by libcurl; thread safe since 7.84. */
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free,
		wiping_realloc, strdup, calloc) != CURLE_OK)
		abort();
	h->user_agent = user_agent;
	(void)pthread_mutex_init(&h->idle_lock, NULL);
	for (size_t i = 0; i < countof(h->share_locks); i++)
		(void)pthread_mutex_init(&h->share_locks[i], NULL);
	share_set(h);
	return h;
}

void
https_free(struct https *h)
{
	if (h == NULL)
		return;
	while (h->idle_count > 0)
		curl_easy_cleanup(h->idle[--h->idle_count]);
	(void)curl_share_cleanup(h->share);
	for (size_t i = 0; i < countof(h->share_locks); i++)
		(void)pthread_mutex_destroy(&h->share_locks[i]);
	(void)pthread_mutex_destroy(&h->idle_lock);
	curl_global_cleanup();
	free(h);
}

static CURL *
handle_take(struct https *h)
{
	CURL *c = NULL;

	(void)pthread_mutex_lock(&h->idle_lock);
	if (h->idle_count > 0)
		c = h->idle[--h->idle_count];
	(void)pthread_mutex_unlock(&h->idle_lock);
	return c != NULL ? c : must(curl_easy_init());
}

static void
handle_give(struct https *h, CURL *c)
{
	bool kept = false;

	curl_easy_reset(c); /* its connection stays */
	(void)pthread_mutex_lock(&h->idle_lock);
	if (h->idle_count < IDLE_HANDLES_MAX) {
		h->idle[h->idle_count++] = c;
		kept = true;
	}
	(void)pthread_mutex_unlock(&h->idle_lock);
	if (!kept)
		curl_easy_cleanup(c);
}

/* ---- what may be sent ------------------------------------------------------
 */

/* True if one part of the URL is there and equals one of the two texts. */
static bool
part_is(CURLU *u, CURLUPart part, const char *one, const char *other)
{
	char *text = NULL;
	bool is;

	if (curl_url_get(u, part, &text, 0) != CURLUE_OK)
		return false;
	is = strcmp(text, one) == 0 || strcmp(text, other) == 0;
	curl_free(text);
	return is;
}

static bool
part_present(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool present = curl_url_get(u, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return present;
}

bool
https_url_allowed(const char *url)
{
	bool allowed = false;
	CURLU *u;

	for (const char *p = url; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f ||
		    p - url >= URL_BYTES_MAX)
			return false;
	/* libcurl's own parser: what is judged here is what is called. */
	u = must(curl_url());
	if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    !part_present(u, CURLUPART_USER) &&
	    !part_present(u, CURLUPART_PASSWORD))
		allowed = part_is(u, CURLUPART_SCHEME, "https", "https") ||
		    (part_is(u, CURLUPART_SCHEME, "http", "http") &&
			part_is(u, CURLUPART_HOST, "127.0.0.1", "[::1]"));
	curl_url_cleanup(u);
	return allowed;
}

/* RFC 9110, section 5.6.2: token. */
static bool
header_name_valid(const char *name)
{
	return *name != '\0' &&
	    strspn(name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-_") == strlen(name);
}

static bool
header_value_valid(const char *value)
{
	for (; *value != '\0'; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			return false;
	return true;
}

static bool
request_valid(const struct https_request *r)
{
	if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "POST") != 0 &&
	    strcmp(r->method, "DELETE") != 0)
		return false;
	for (const struct https_header *f = r->headers;
	     f != NULL && f->name != NULL; f++)
		if (!header_name_valid(f->name) ||
		    !header_value_valid(f->value))
			return false;
	if (r->bearer != NULL &&
	    (!header_value_valid(secret_text(r->bearer)) ||
		secret_bytes(r->bearer) > BEARER_BYTES_MAX))
		return false;
	return https_url_allowed(r->url);
}

/* ---- the answer ------------------------------------------------------------
 */

static void
header_keep(struct exchange *x, const char *line, size_t bytes)
{
	const char *colon = memchr(line, ':', bytes), *value;
	const char *end = line + bytes;
	struct https_header *f;
	char *name;

	if (colon == NULL)
		return;
	for (value = colon + 1;
	     value < end && (*value == ' ' || *value == '\t'); value++)
		;
	while (end > value &&
	    (end[-1] == '\n' || end[-1] == '\r' || end[-1] == ' '))
		end--;
	name = arena_memdup(x->arena, line, (size_t)(colon - line));
	for (char *p = name; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	f = &x->headers[x->header_count++];
	f->name = name;
	f->value = arena_memdup(x->arena, value, (size_t)(end - value));
}

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	size_t bytes = size * n;
	struct exchange *x = arg;

	if (bytes >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		/* A 100 may come first: only the last header counts. */
		x->header_count = 0;
		x->headers_done = false;
		memset(x->headers, 0, sizeof(*x->headers));
		return bytes;
	}
	if (bytes <= 2) {
		x->headers_done = true;
		return bytes;
	}
	x->header_bytes += bytes;
	if (x->header_count == ANSWER_HEADERS_MAX ||
	    x->header_bytes > ANSWER_HEADER_BYTES) {
		x->too_large = true;
		return 0;
	}
	header_keep(x, line, bytes);
	return bytes;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;

	buf_append(&x->body, data, size * n);
	if (x->body.failed) {
		x->too_large = true;
		return 0; /* ends the transfer */
	}
	return size * n;
}

const char *
https_header(const struct https_answer *r, const char *name)
{
	for (const struct https_header *f = r->headers;
	     f != NULL && f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return f->value;
	return NULL;
}

/* ---- the call --------------------------------------------------------------
 */

/*
 * setopt fails only for an option that this libcurl does not know or when
 * memory is out; either is the end of the process.
 */
#define SET(c, option, value)                                       \
	do {                                                        \
		if (curl_easy_setopt(c, option, value) != CURLE_OK) \
			abort();                                    \
	} while (0)

static void
set_policy(const struct https *h, CURL *c)
{
	SET(c, CURLOPT_SHARE, h->share);
	SET(c, CURLOPT_USERAGENT, h->user_agent);
	SET(c, CURLOPT_NOSIGNAL, 1L);
	SET(c, CURLOPT_PROXY, "");
	SET(c, CURLOPT_NOPROXY, "*");
	SET(c, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(c, CURLOPT_FOLLOWLOCATION, 0L);
	SET(c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(c, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(c, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(c, CURLOPT_MAXCONNECTS, 1L);
	SET(c, CURLOPT_MAXAGE_CONN, (long)IDLE_CONNECTION_S);
	SET(c, CURLOPT_TCP_KEEPALIVE, 1L);
	/* Otherwise a time-out waits for the resolver's thread to end. */
	SET(c, CURLOPT_QUICK_EXIT, 1L);
}

static void
set_method(CURL *c, const struct https_request *r)
{
	if (strcmp(r->method, "POST") == 0) {
		SET(c, CURLOPT_POST, 1L);
		SET(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_bytes);
		SET(c, CURLOPT_POSTFIELDS, r->body == NULL ? "" : r->body);
	} else if (strcmp(r->method, "DELETE") == 0)
		SET(c, CURLOPT_CUSTOMREQUEST, "DELETE");
	else
		SET(c, CURLOPT_HTTPGET, 1L);
}

/*
 * The header list, in the arena, but for the Authorization line, which is
 * `authorization` itself: libcurl borrows the list and copies none of it.
 */
static struct curl_slist *
header_list(struct arena *a, const struct https_request *r, char *authorization)
{
	/* No waiting for a 100 before a large body. */
	static char no_expect[] = "Expect:";
	struct curl_slist *list = NULL, *node;

	for (const struct https_header *f = r->headers;
	     f != NULL && f->name != NULL; f++) {
		node = arena_alloc(a, sizeof(*node));
		/* libcurl's way to write a header without a value is ';'. */
		node->data = *f->value == '\0'
		    ? arena_printf(a, "%s;", f->name)
		    : arena_printf(a, "%s: %s", f->name, f->value);
		node->next = list;
		list = node;
	}
	node = arena_alloc(a, sizeof(*node));
	node->data = no_expect;
	node->next = list;
	list = node;
	if (r->bearer != NULL) {
		node = arena_alloc(a, sizeof(*node));
		node->data = authorization;
		node->next = list;
		list = node;
	}
	return list;
}

/* How it ended, given libcurl's result. */
static enum https_end
end_of(CURL *c, CURLcode code, const struct exchange *x)
{
	long sent = 0;

	/* libcurl is content with a header that just ends. */
	if (code == CURLE_OK)
		return x->headers_done ? HTTPS_ANSWERED : HTTPS_CUT;
	if (x->too_large)
		return HTTPS_TOO_LARGE;
	/* Bytes of the request that left this process, whatever came after. */
	(void)curl_easy_getinfo(c, CURLINFO_REQUEST_SIZE, &sent);
	if (sent == 0)
		return HTTPS_NOT_SENT;
	if (x->headers_done)
		return HTTPS_CUT;
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL: /* no status line: HTTP/0.9 to curl */
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_PARTIAL_FILE:
		return HTTPS_CUT;
	default:
		return HTTPS_NO_ANSWER;
	}
}

static enum vt_err
result_of(enum https_end end)
{
	switch (end) {
	case HTTPS_ANSWERED:
		return VT_OK;
	case HTTPS_NOT_SENT:
	case HTTPS_NO_ANSWER:
		return VT_BUSY;
	case HTTPS_CUT:
	case HTTPS_TOO_LARGE:
		break;
	}
	return VT_REMOTE;
}

static void
answer_fill(CURL *c, CURLcode code, const struct exchange *x, const char *words,
    struct https_answer *out)
{
	long status = 0;

	out->end = end_of(c, code, x);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	out->status = x->headers_done ? (int)status : 0;
	out->headers = x->headers;
	out->body = arena_memdup(x->arena, buf_str(&x->body), x->body.len);
	out->body_bytes = x->body.len;
	if (out->end == HTTPS_ANSWERED)
		out->why = "answered";
	else if (code == CURLE_OK)
		out->why = "the header of the answer did not end";
	else if (x->too_large)
		out->why = "the answer is larger than allowed";
	else
		out->why = arena_strdup(x->arena,
		    *words != '\0' ? words : curl_easy_strerror(code));
}

static CURLcode
perform(CURL *c, const struct https_request *r, struct curl_slist *headers,
    struct exchange *x, char *words)
{
	SET(c, CURLOPT_URL, r->url);
	SET(c, CURLOPT_HTTPHEADER, headers);
	SET(c, CURLOPT_TIMEOUT_MS,
	    (long)(r->timeout_ms > 0 ? r->timeout_ms : 1));
	SET(c, CURLOPT_HEADERFUNCTION, on_header);
	SET(c, CURLOPT_HEADERDATA, x);
	SET(c, CURLOPT_WRITEFUNCTION, on_body);
	SET(c, CURLOPT_WRITEDATA, x);
	SET(c, CURLOPT_ERRORBUFFER, words);
	return curl_easy_perform(c);
}

enum vt_err
https_call(struct https *h, struct arena *a, const struct https_request *r,
    struct https_answer *out)
{
	char authorization[sizeof("Authorization: Bearer ") + BEARER_BYTES_MAX];
	char words[CURL_ERROR_SIZE] = "";
	struct exchange x = { .arena = a };
	CURLcode code;
	CURL *c;

	memset(out, 0, sizeof(*out));
	out->end = HTTPS_NOT_SENT;
	out->body = "";
	out->why = "a URL, method or header that is not allowed";
	if (!request_valid(r))
		return VT_INVALID;
	if (r->bearer != NULL)
		(void)snprintf(authorization, sizeof(authorization),
		    "Authorization: Bearer %s", secret_text(r->bearer));
	x.headers = arena_array(a, ANSWER_HEADERS_MAX + 1, sizeof(*x.headers));
	buf_init(&x.body, r->body_bytes_max);
	c = handle_take(h);
	set_policy(h, c);
	set_method(c, r);
	code = perform(c, r, header_list(a, r, authorization), &x, words);
	if (r->bearer != NULL)
		secret_wipe(authorization, sizeof(authorization));
	answer_fill(c, code, &x, words, out);
	buf_free(&x.body);
	handle_give(h, c);
	return result_of(out->end);
}
