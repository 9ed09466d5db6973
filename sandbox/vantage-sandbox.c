/*
 * vantage-sandbox: the local Stripe and the local sign-in. See
 * vantage-sandbox(8).
 */
#include <string.h>

#include "alone/alone.h"
#include "core/api.h"
#include "core/box.h"
#include "core/call.h"
#include "core/delivery.h"
#include "desk/control.h"
#include "desk/page.h"
#include "signin/clerk.h"
#include "web/worker.h"

#define THREADS 32 /* calls that an outage keeps waiting hold one each */
#define BODY_BYTES_MAX (1 << 20)

static bool
begins(const char *path, const char *with)
{
	return strncmp(path, with, strlen(with)) == 0;
}

static void
nothing_here(struct box *b, const struct request *r, struct response *w)
{
	struct call c;
	const char *text;

	call_init(&c, b, r->arena);
	(void)call_fail(&c, 404, NULL, NULL, "There is nothing at this path.");
	text = call_error_text(&c);
	response_text(w, 404, NULL, text, strlen(text));
}

static enum vt_err
serve_any(struct request *r, struct response *w, struct vt_problem *p)
{
	struct box *b = worker_state(r)->own;

	(void)p; /* refusals have Stripe's shape and are answers here */
	if (begins(r->path, "/v1/client") || begins(r->path, "/.well-known/")) {
		if (!clerk_cors(b, r, w) ||
		    operation_serve(
			b, clerk_operations, r, w, clerk_error_text))
			return VT_OK;
	} else if (begins(r->path, "/v1/")) {
		api_serve(b, r, w);
		return VT_OK;
	} else if (begins(r->path, "/_sandbox/")) {
		if (control_serve(b, r, w))
			return VT_OK;
	} else if (page_serve(b, r, w))
		return VT_OK;
	nothing_here(b, r, w);
	return VT_OK;
}

/* What worker itself refuses, in Stripe's shape. */
static void
refuse(const struct request *r, struct response *w, enum vt_err err,
    const struct vt_problem *p)
{
	struct call c;
	const char *text;
	int status = route_status(err, p);

	call_init(&c, NULL, r->arena);
	(void)call_fail(&c, status, NULL, p->field[0] == '\0' ? NULL : p->field,
	    "%s", p->message);
	text = call_error_text(&c);
	response_text(w, status, NULL, text, strlen(text));
}

static void *
open_box(struct worker_state *s)
{
	struct box *b = box_open();

	(void)s; /* the sandbox has a database of its own */
	delivery_start(b);
	return b;
}

static void
close_box(void *own)
{
	box_close(own);
}

static const struct route routes[] = {
	{ HTTP_GET, "/*", 0, BODY_BYTES_MAX, serve_any, 0 },
	{ HTTP_POST, "/*", 0, BODY_BYTES_MAX, serve_any, 0 },
	{ HTTP_DELETE, "/*", 0, BODY_BYTES_MAX, serve_any, 0 },
};

static const struct worker sandbox = { .name = "sandbox",
	.routes = routes,
	.routes_count = countof(routes),
	.db = WORKER_DB_NONE,
	.threads = THREADS,
	.open = open_box,
	.close = close_box,
	.error = refuse };

static int
serve(void)
{
	return worker_main(1, NULL, &sandbox);
}

int
main(int argc, char **argv)
{
	return alone_wanted(argc) ? alone_main(argc, argv, serve) : serve();
}
