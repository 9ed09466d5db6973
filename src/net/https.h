/*
 * https: calls to other servers. The only module that knows libcurl.
 *
 * One client a process; any thread may call. Connections and TLS sessions
 * are kept and shared. No redirect is followed, no proxy variable obeyed,
 * TLS is verified; http is allowed only for a loopback host.
 *
 * One thing happens below this module: when the other side has closed a kept
 * connection at the very moment it was chosen again, and not one byte of an
 * answer came, libcurl sends the same bytes once more over a new one. So
 * whatever may not be done twice needs a key that the other side knows.
 */
#ifndef VT_NET_HTTPS_H
#define VT_NET_HTTPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

struct https;

/* `user_agent` is borrowed for the client's life. Never NULL. */
struct https *
https_new(const char *user_agent) __attribute__((returns_nonnull));
void https_free(struct https *h);

/* How a call ended, as far as it matters for "did it happen?". */
enum https_end {
	HTTPS_ANSWERED,	 /* a whole answer came */
	HTTPS_NOT_SENT,	 /* no connection: nothing can have happened */
	HTTPS_NO_ANSWER, /* sent, perhaps acted upon: reset, time-out */
	HTTPS_CUT,	 /* an answer began that is no HTTP, or did not end */
	HTTPS_TOO_LARGE	 /* the body exceeds body_bytes_max */
};

struct https_header {
	const char *name;
	const char *value;
};

struct https_request {
	const char *method; /* "GET", "POST", "DELETE" */
	const char *url;
	const struct secret *bearer; /* or NULL: Authorization: Bearer … */
	const struct https_header *headers; /* ended by a NULL name; or NULL */
	const char *body;		    /* or NULL */
	size_t body_bytes;
	int64_t timeout_ms;    /* for the whole call */
	size_t body_bytes_max; /* of the answer */
};

struct https_answer {
	enum https_end end;
	int status;			    /* 0 unless headers came */
	const struct https_header *headers; /* names in lower case, NULL ends */
	const char *body;		    /* terminated */
	size_t body_bytes;
	const char *why; /* a sentence for the log */
};

/*
 * Makes the call and fills in *out, whose texts live in `a`. VT_OK means
 * only that a whole answer came, whatever its status; VT_BUSY: no answer
 * (see `end`); VT_REMOTE: cut or too large; VT_INVALID: a URL, header or
 * scheme that is not allowed. Nothing is retried here.
 */
enum vt_err https_call(struct https *h, struct arena *a,
    const struct https_request *r, struct https_answer *out) VT_MUSTCHECK;

/* The value of a header of the answer (lower-case name), or NULL. */
const char *https_header(const struct https_answer *r, const char *name);

/* True for http://127.0.0.1…, http://[::1]… or any https URL. */
bool https_url_allowed(const char *url);

#endif
