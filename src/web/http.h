/*
 * http: one request and its answer, over FastCGI or, once, plain CGI. The
 * only module that knows libfcgi (http.c; request.c and response.c, which
 * hold the two structs' own functions, do not).
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
	struct arena *arena;	  /* lives as long as the request */
	void *app;		  /* the worker's own state, worker.app */
	void *caller;		  /* what worker.authorize found, or NULL */
	const char *id;		  /* X-Request-Id, never NULL */
	enum http_method method;  /* HEAD is HTTP_GET */
	bool head;		  /* the answer goes without its body */
	const char *path;	  /* nginx's $document_uri: decoded, normal */
	const char *query_string; /* raw, "" when none */
	const struct form_pair *query; /* decoded */
	size_t query_count;
	const char *remote_addr; /* "" when unknown */
	const char *scheme;	 /* "http" or "https" */
	const char *body;	 /* raw bytes, terminated; "" when none */
	size_t body_bytes;
	size_t content_length;	   /* bytes that the caller announces */
	const char *const *params; /* CGI parameters "NAME=value", NULL ends */
};

/*
 * Fills in everything but caller, app and body from CGI parameters, which
 * are copied into `a`. VT_INVALID with code "malformed_request" or
 * "malformed_form", `r` being good enough for an error's answer: a length
 * that is no number, a path that is no UTF-8, a query string that cannot be
 * decoded, a header that decides who calls or what is paid sent twice.
 */
enum vt_err request_from(struct request *r, struct arena *a,
    const char *const *params, struct vt_problem *p) VT_MUSTCHECK;

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

/* 415 unless Content-Type is this one; a charset may only be UTF-8. */
enum vt_err request_content_type(const struct request *r, const char *type,
    struct vt_problem *p) VT_MUSTCHECK;

/* Query parameters that are not in this NULL-ended list are refused, 422. */
enum vt_err request_query_closed(const struct request *r,
    const char *const *names, struct vt_problem *p) VT_MUSTCHECK;

struct response {
	int status;		  /* 200 unless set */
	const char *content_type; /* JSON unless set */
	struct buf headers;	  /* whole lines, each ended by CR LF */
	struct buf body;
	int drop;	  /* the sandbox: answer nothing at all */
	size_t cut_bytes; /* the sandbox: promise so much more than comes */
};

/* An empty answer of status 200; freed by response_free(). */
void response_init(struct response *w);
/* The same, in a struct that is in use. */
void response_reset(struct response *w);
void response_free(struct response *w);

/* True if a header of this name (case does not count) was added. */
bool response_has_header(const struct response *w, const char *name);

/* Adds a header; a value with a control character is refused (assert). */
void response_header(struct response *w, const char *name, const char *value);

/* Status and a JSON value. */
void response_json(const struct request *r, struct response *w, int status,
    const struct json *j);

/* Status, content type and bytes. */
void response_text(struct response *w, int status, const char *content_type,
    const char *text, size_t bytes);

/*
 * For an answer that is the same for everybody: an ETag of its body and
 * "Cache-Control: no-cache" (keep it, but ask), and 304 without the body
 * when the caller has this very one (RFC 9110, section 13.1.2). After the
 * body is complete.
 */
void response_revalidate(const struct request *r, struct response *w);

/*
 * The answer's head as CGI wants it: Status, Content-Type, Content-Length,
 * X-Request-Id, nosniff, no-store unless a Cache-Control was set, then the
 * answer's own. In the arena; *bytes without the terminator.
 */
const char *
response_head(const struct request *r, const struct response *w, size_t *bytes);

/*
 * The transport, for worker and nobody else.
 *
 * A connection serves one thread, one request after the other. Connections
 * are accepted here and not in libfcgi: so a stop is one write to a pipe
 * that every waiting thread sees, whatever it was doing, and a connection
 * has a time limit before the library reads from it, so that half a record
 * holds its own thread for a while and no other one.
 */
enum http_mode {
	HTTP_SERVE, /* a listening socket is there */
	HTTP_ONCE,  /* started as plain CGI */
	HTTP_NONE   /* started by hand, with neither */
};

/* Looks at LISTEN_FDS and descriptor 0. Before the first thread. */
enum http_mode http_open(void);

/*
 * From now on http_accept() hands out what is already waiting and then says
 * no. Async-signal-safe.
 */
void http_stop(void);

/* True from then on, for a handler that waits for something. */
bool http_stopping(void);

struct http_conn;
struct http_conn *http_conn_new(void);
void http_conn_free(struct http_conn *c);

/* Waits for a request; false once the process is to end. */
bool http_accept(struct http_conn *c);

/* The request's CGI parameters, until the answer. */
const char *const *http_params(const struct http_conn *c);

/* Reads exactly so many bytes of the body; VT_INVALID when there are less. */
enum vt_err
http_read(struct http_conn *c, char *out, size_t bytes) VT_MUSTCHECK;

/* Sends the answer and ends the request. */
void http_send(
    struct http_conn *c, const struct request *r, const struct response *w);

#endif
