/* layout: see layout.h. */
#include "desk/layout.h"

#include "core/amount.h"

#define POLICY                                                     \
	"default-src 'none'; style-src 'self'; img-src 'self'; "   \
	"script-src 'self'; connect-src 'self'; base-uri 'none'; " \
	"frame-ancestors 'none'"
#define PAGE_BYTES_MAX (4 << 20)

static void
free_later(void *b)
{
	buf_free(b);
}

static void
put_link(struct html *h, const char *rel, const char *href)
{
	html_open(h, "link");
	html_attr(h, "rel", rel);
	html_attr(h, "href", href);
}

static void
put_meta(struct html *h, const char *name, const char *content)
{
	html_open(h, "meta");
	html_attr(h, "name", name);
	html_attr(h, "content", content);
}

static void
put_head(struct html *h, const struct layout *l)
{
	html_open(h, "head");
	html_open(h, "meta");
	html_attr(h, "charset", "utf-8");
	put_meta(h, "viewport", "width=device-width, initial-scale=1");
	put_meta(h, "robots", "noindex");
	html_element(h, "title", l->title);
	put_link(h, "icon", "/sandbox.svg");
	put_link(h, "stylesheet", "/sandbox.css");
	if (l->wide)
		put_link(h, "stylesheet", "/desk.css");
	if (l->script != NULL) {
		html_open(h, "script");
		html_attr(h, "type", "module");
		html_attr(h, "src", l->script);
		html_close(h, "script");
	}
	html_close(h, "head");
}

void
layout_begin(struct call *c, struct html *h, const struct layout *l)
{
	struct buf *b = arena_alloc(c->arena, sizeof(*b));

	buf_init(b, PAGE_BYTES_MAX);
	arena_defer(c->arena, free_later, b);
	html_init(h, b);
	html_doctype(h);
	html_open(h, "html");
	html_attr(h, "lang", "en");
	put_head(h, l);
	html_open(h, "body");
	if (l->wide)
		html_attr(h, "class", l->crumb == NULL ? "desk front" : "desk");
	html_open(h, "header");
	html_attr(h, "class", "banner");
	html_text(h,
	    "Simulated payments: this is the local Stripe. No money "
	    "moves here, and no real card belongs here.");
	html_close(h, "header");
	if (l->crumb != NULL) {
		html_open(h, "nav");
		html_attr(h, "aria-label", "Way back");
		html_open(h, "a");
		html_attr(h, "href", "/");
		html_text(h, l->crumb);
		html_close(h, "a");
		html_close(h, "nav");
	}
	html_open(h, "main");
	html_element(h, "h1", l->title);
}

void
layout_end(struct call *c, struct html *h, const struct layout *l)
{
	html_close(h, "main");
	html_close(h, "body");
	html_close(h, "html");
	html_end(h);
	c->answer = buf_str(h->b);
	c->answer_type = "text/html; charset=utf-8";
	response_header(c->response, "Content-Security-Policy",
	    l->frames ? POLICY "; frame-src 'self'" : POLICY);
	response_header(c->response, "Referrer-Policy",
	    l->controls ? "same-origin" : "no-referrer");
	response_header(c->response, "Cache-Control", "no-store");
}

void
layout_amount(struct call *c, struct html *h, const struct json *body)
{
	const char *currency = json_str_at(body, "currency");
	int64_t amount = 0;

	(void)json_int_at(body, "amount", &amount); /* always there */
	html_text(h, amount_text(c->arena, amount, currency));
}

void
layout_hidden(struct html *h, const char *name, const char *value)
{
	html_open(h, "input");
	html_attr(h, "type", "hidden");
	html_attr(h, "name", name);
	html_attr(h, "value", value);
}
