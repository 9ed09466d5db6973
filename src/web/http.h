/*
 * http: one request and its answer, over FastCGI or, once, plain CGI. The
 * only module that knows libfcgi.
 *
 * The request is copied out of the library into the arena before a handler
 * sees it, so nothing dangles; the answer is collected and sent at the end.
 */
#ifndef VT_WEB_HTTP_H
#define VT_WEB_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "text/form.h"
#include "text/json.h"

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_DELETE, HTTP_OTHER };

/* "GET", …; "OTHER" for what we do not name. */
const char *http_method_name(enum http_method m);

struct request {
	struct arena *arena; /* lives as long as the request */
	void *app;	     /* the worker's own state, worker.app */
	void *caller;	     /* what worker.authorize found, or NULL */
	const char *id;	     /* X-Request-Id, never NULL */
	enum http_method method;
	const char *path;	  /* nginx's $document_uri: decoded, normal */
	const char *query_string; /* raw, "" when none */
	const struct form_pair *query; /* decoded */
	size_t query_count;
	const char *remote_addr; /* "" when unknown */
	const char *scheme;	 /* "http" or "https" */
	const char *body;	 /* raw bytes, terminated; "" when none */
	size_t body_bytes;
	const char *const *params; /* CGI parameters "NAME=value", NULL ends */
};

/* The value of a query parameter, or NULL. */
const char *request_query(const struct request *r, const char *name);

/* A request header by its name ("Stripe-Signature"); NULL when absent. */
const char *request_header(const struct request *r, const char *name);

/* A CGI parameter by its name ("CONTENT_TYPE"); NULL when absent. */
const char *request_param(const struct request *r, const char *name);

/* A cookie's value, or NULL; the first one of that name. */
const char *request_cookie(const struct request *r, const char *name);

/*
 * The body as a closed JSON object, read by the table: 415 unless it is
 * application/json, 400 malformed, 422 by json_read().
 */
enum vt_err
request_json(const struct request *r, const struct json_field *fields,
    size_t count, void *out, struct vt_problem *p) VT_MUSTCHECK;

/* The same without a table, for bodies that are read by hand. */
enum vt_err request_json_tree(const struct request *r, const struct json **out,
    struct vt_problem *p) VT_MUSTCHECK;

/* Query parameters that are not in this NULL-ended list are refused, 422. */
enum vt_err request_query_closed(const struct request *r,
    const char *const *names, struct vt_problem *p) VT_MUSTCHECK;

struct response {
	int status;		  /* 200 unless set */
	const char *content_type; /* JSON unless set */
	struct buf headers;	  /* whole lines, each ended by CR LF */
	struct buf body;
	int drop; /* the sandbox: answer nothing at all */
};

/* Adds a header; a value with a control character is refused (assert). */
void response_header(struct response *w, const char *name, const char *value);

/* Status and a JSON value. */
void response_json(const struct request *r, struct response *w, int status,
    const struct json *j);

/* Status, content type and bytes. */
void response_text(struct response *w, int status, const char *content_type,
    const char *text, size_t bytes);

#endif
