/* desk: the page at the root; see desk_parts.h. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "core/operation.h"
#include "desk/desk_parts.h"
#include "desk/state.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

/* --- the clock ---------------------------------------------------------- */

static void
put_shift(struct html *h, int64_t ms)
{
	int64_t days = ms / DAY_MS, hours = ms % DAY_MS / HOUR_MS;

	if (ms == 0)
		html_text(h, "It is the machine's time.");
	else if (days == 0 && hours == 0)
		html_printf(
		    h, "%" PRId64 " s ahead of this machine.", ms / 1000);
	else
		html_printf(h,
		    "%" PRId64 " d %" PRId64 " h ahead of this machine.", days,
		    hours);
}

static void
put_clock(struct html *h, const struct json *state)
{
	const char *clock = json_str_at(state, "clock");
	bool moves = false;
	int64_t shift = 0, ms = 0;

	(void)json_int_at(state, "shift_ms", &shift); /* always there */
	(void)json_int_at(state, "clock_ms", &ms);
	(void)json_bool(json_get(state, "clock_moves"), &moves);
	desk_section(h, "clock", "Clock");
	desk_open(h, "p", "now");
	html_open(h, "time");
	html_attr(h, "id", "now");
	html_attr(h, "datetime", clock);
	html_attr_bool(h, "data-ticks", true);
	html_printf(h, "%.10s %.8s", clock, clock + 11);
	html_close(h, "time");
	html_text(h, " UTC");
	html_close(h, "p");
	html_open(h, "p");
	put_shift(h, shift);
	html_close(h, "p");
	if (moves) {
		desk_act(h, "/_sandbox/advance", "The clock has moved.");
		desk_open(h, "div", "row");
		desk_button(h, "+1 hour", "seconds", "3600");
		desk_button(h, "+1 day", "seconds", "86400");
		desk_button(h, "+31 days", "seconds", "2678400");
		html_close(h, "div");
		desk_act_end(h);
		desk_text(h, "p", "note",
		    "Moves the sandbox and every program that was started with "
		    "the same VANTAGE_CLOCK_FILE, as ./dev starts all of the "
		    "stack. Other programs keep the real time.");
	} else
		desk_text(h, "p", "note",
		    "This sandbox was started without a VANTAGE_CLOCK_FILE "
		    "that it can replace, so its clock cannot be moved from "
		    "here. Test clocks can.");
	desk_section_end(h);
}

/* --- endpoints and objects ---------------------------------------------- */

static void
put_endpoint(struct html *h, const struct json *e)
{
	const char *id = json_str_at(e, "id");
	int64_t events = 0;
	bool old = false;

	(void)json_int_at(e, "events", &events); /* always there */
	(void)json_bool(json_get(e, "old_signs_too"), &old);
	html_open(h, "li");
	html_attr(h, "data-key", id);
	html_open(h, "div");
	desk_text(h, "strong", "url", json_str_at(e, "url"));
	desk_open(h, "p", "note");
	desk_object_link(h, id);
	if (events == 1)
		html_printf(h, " %s, events %s, ", json_str_at(e, "status"),
		    json_str_at(e, "first_event"));
	else
		html_printf(h, " %s, %" PRId64 " kinds of events, ",
		    json_str_at(e, "status"), events);
	html_element(h, "code", json_str_at(e, "secret"));
	if (old)
		html_text(h, ", the one before signs too for a day");
	html_close(h, "p");
	html_close(h, "div");
	desk_act(h, "/_sandbox/roll-secret", "A new secret.");
	layout_hidden(h, "endpoint", id);
	html_open(h, "button");
	html_attr_printf(h, "aria-label", "Roll secret of %s", id);
	html_text(h, "Roll secret");
	html_close(h, "button");
	desk_act_end(h);
	html_close(h, "li");
}

static void
put_endpoints(struct html *h, const struct json *state)
{
	const struct json *list = json_get(state, "endpoints");

	desk_section(h, "endpoints", "Webhook endpoints");
	if (json_first(list) == NULL)
		desk_text(h, "p", "empty",
		    "None. Make one as with Stripe: POST "
		    "/v1/webhook_endpoints; its answer has the secret.");
	else {
		desk_open(h, "ul", "lines");
		for (const struct json *e = json_first(list); e != NULL;
		     e = json_next(e))
			put_endpoint(h, e);
		html_close(h, "ul");
	}
	desk_section_end(h);
}

static void
put_objects(struct html *h, const struct json *state)
{
	const struct json *counts = json_get(state, "objects");

	desk_section(h, "kinds", "Objects");
	if (json_first(counts) == NULL)
		desk_text(h, "p", "empty",
		    "Nothing yet. The snippets below make the first ones.");
	desk_open(h, "ul", "tiles");
	for (const struct json *m = json_first(counts); m != NULL;
	     m = json_next(m)) {
		html_open(h, "li");
		html_open(h, "a");
		html_attr_printf(h, "href", "/objects?kind=%s", json_name(m));
		html_open(h, "b");
		desk_count(h, counts, json_name(m));
		html_close(h, "b");
		html_text(h, " ");
		desk_open(h, "span", "kind");
		desk_words(h, json_name(m));
		html_close(h, "span");
		html_close(h, "a");
		html_close(h, "li");
	}
	html_close(h, "ul");
	desk_section_end(h);
}

/* --- the page ----------------------------------------------------------- */

static void
put_lead(struct call *c, struct html *h)
{
	const char *site = config_get("VANTAGE_PUBLIC_URL", NULL);

	desk_open(h, "p", "lead");
	html_text(h, "It speaks Stripe's API ");
	html_element(h, "code", BOX_API_VERSION);
	html_text(h, " at ");
	html_element(h, "code", c->box->origin);
	html_close(h, "p");
	desk_open(h, "p", "places");
	if (site != NULL) {
		html_open(h, "a");
		html_attr_printf(h, "href", "%s/buy", c->box->site);
		html_text(h, "The shop");
		html_close(h, "a");
	}
	html_open(h, "a");
	html_attr(h, "href", "/sign-in.html");
	html_text(h, "The local sign-in");
	html_close(h, "a");
	html_open(h, "a");
	html_attr(h, "href", "#try-title");
	html_text(h, "How to use it");
	html_close(h, "a");
	html_close(h, "p");
	html_open(h, "p");
	html_attr(h, "id", "said");
	html_attr(h, "role", "status");
	html_close(h, "p");
}

static enum vt_err
root(struct call *c)
{
	static const struct layout desk = { .title = "Local Stripe",
		.script = "/desk.js",
		.wide = true,
		.controls = true };
	const struct json *state = state_read(c);
	struct html h;

	layout_begin(c, &h, &desk);
	put_lead(c, &h);
	desk_open(&h, "div", "columns");
	desk_open(&h, "div", "steer");
	put_clock(&h, state);
	desk_lies(&h, state);
	html_close(&h, "div");
	desk_open(&h, "div", "look");
	desk_payments(c, &h, state);
	desk_customers(&h, state);
	desk_events(&h, state);
	desk_deliveries(&h, state);
	put_endpoints(&h, state);
	put_objects(&h, state);
	html_close(&h, "div");
	html_close(&h, "div");
	desk_cards(&h);
	desk_try(c, &h);
	layout_end(c, &h, &desk);
	return VT_OK;
}

const struct operation desk_operations[] = {
	{ HTTP_GET, "/", params_none, root, 0 },
	{ HTTP_GET, "/objects", desk_list_params, desk_list, 0 },
	{ HTTP_GET, "/objects/{}", params_none, desk_object, 0 },
	{ 0 },
};
