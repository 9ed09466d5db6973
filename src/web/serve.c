/* serve: see serve.h. */
#include "web/serve.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/limits.h"

#define MINUTE_MS 60000

struct body_source {
	serve_read_fn read;
	void *arg;
};

struct worker_state *
worker_state(const struct request *r)
{
	return r->app;
}

static enum vt_err
check_body_limit(
    const struct route *route, const struct request *r, struct vt_problem *p)
{
	if (r->content_length <= route->body_bytes_max)
		return VT_OK;
	return vt_problem(p, VT_LIMIT, "body_too_large", NULL,
	    "The body may have at most %zu bytes.", route->body_bytes_max);
}

/* Counted by path and caller, so that one route's rush spares the others. */
static enum vt_err
check_call_limit(const struct worker *w, const struct route *route,
    const struct request *r, struct vt_problem *p)
{
	int max = worker_state(r)->limit_per_minute, after = 0;
	const char *who;
	enum vt_err err;

	if (route->limit_per_minute <= 0 || max < 0)
		return VT_OK;
	if (max == 0)
		max = route->limit_per_minute;
	who = w->limit_key != NULL ? w->limit_key(r) : r->remote_addr;
	err = limits_hit(worker_state(r)->limiter,
	    arena_printf(r->arena, "%s %s %s", http_method_name(route->method),
		route->path, who),
	    MINUTE_MS, max, clock_now_ms(), &after);
	if (err != VT_LIMIT)
		return VT_OK; /* a counter that fails stops nobody */
	err = vt_problem(p, VT_LIMIT, "rate_limited", NULL,
	    "Too many requests. Please try again in %d seconds.", after);
	p->retry_after_s = after;
	return err;
}

static enum vt_err
read_body(
    struct request *r, const struct body_source *source, struct vt_problem *p)
{
	char *body;

	if (r->content_length == 0)
		return VT_OK;
	body = arena_alloc(r->arena, r->content_length + 1);
	if (source->read(source->arg, body, r->content_length) != VT_OK)
		return vt_problem(p, VT_INVALID, "malformed_request", NULL,
		    "The body is shorter than Content-Length says.");
	r->body = body;
	r->body_bytes = r->content_length;
	return VT_OK;
}

static enum vt_err
check_caller(const struct worker *w, const struct route *route,
    struct request *r, struct vt_problem *p)
{
	if (w->authorize == NULL) {
		assert(route->who == 0);
		return VT_OK;
	}
	return w->authorize(r, route->who, p);
}

static enum vt_err
answer(const struct worker *w, struct request *r,
    const struct body_source *source, struct response *out,
    struct vt_problem *p)
{
	const struct route *route;
	const char *allow;
	enum vt_err err;

	err = route_find(w->routes, w->routes_count, r, &route, &allow, p);
	if (allow != NULL)
		response_header(out, "Allow", allow);
	if (err != VT_OK || (err = check_caller(w, route, r, p)) != VT_OK ||
	    (err = check_body_limit(route, r, p)) != VT_OK ||
	    (err = check_call_limit(w, route, r, p)) != VT_OK ||
	    (err = read_body(r, source, p)) != VT_OK)
		return err;
	err = route->handler(r, out, p);
	if (err != VT_OK)
		response_reset(out); /* a refusal has nothing of an answer */
	return err;
}

static void
refuse(const struct worker *w, struct request *r, struct response *out,
    enum vt_err err, const struct vt_problem *p)
{
	if (err == VT_DB || err == VT_SYS)
		LOG(LOG_ERROR, "request.failed",
		    LOG_S("result", vt_err_name(err)), LOG_S("code", p->code),
		    LOG_S("message", p->message));
	(w->error != NULL ? w->error : route_error)(r, out, err, p);
}

static void
log_answer(
    const struct request *r, const struct response *out, int64_t started_ms)
{
	LOG(LOG_INFO, "request",
	    LOG_S("method", r->head ? "HEAD" : http_method_name(r->method)),
	    LOG_S("path", r->path), LOG_I("status", out->status),
	    LOG_I("ms", clock_mono_ms() - started_ms));
}

void
serve(const struct worker *w, struct worker_state *s, const char *const *params,
    serve_read_fn read_fn, void *source, struct arena *a, struct request *r,
    struct response *out)
{
	const struct body_source body = { read_fn, source };
	int64_t started_ms = clock_mono_ms();
	struct vt_problem p;
	enum vt_err err;

	memset(&p, 0, sizeof(p));
	err = request_from(r, a, params, &p);
	r->app = s;
	log_request(r->id);
	if (err == VT_OK)
		err = answer(w, r, &body, out, &p);
	if (err == VT_OK && (out->body.failed || out->headers.failed)) {
		response_reset(out);
		err = vt_problem(&p, VT_SYS, "", NULL,
		    "the answer is larger than a response may be");
	}
	if (err != VT_OK)
		refuse(w, r, out, err, &p);
	log_answer(r, out, started_ms);
}
