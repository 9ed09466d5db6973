/* desk: the page at the root; see desk_parts.h. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "desk_parts.h"
#include "operation.h"
#include "state.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

/* --- pieces ------------------------------------------------------------- */

void
desk_open(struct html *h, const char *name, const char *class)
{
	html_open(h, name);
	html_attr(h, "class", class);
}

void
desk_text(struct html *h, const char *name, const char *class, const char *text)
{
	desk_open(h, name, class);
	html_text(h, text);
	html_close(h, name);
}

void
desk_section(struct html *h, const char *id, const char *title)
{
	html_open(h, "section");
	html_attr(h, "id", id);
	html_attr_printf(h, "aria-labelledby", "%s-title", id);
	html_attr_bool(h, "data-live", true);
	html_open(h, "h2");
	html_attr_printf(h, "id", "%s-title", id);
	html_text(h, title);
	html_close(h, "h2");
}

void
desk_section_end(struct html *h)
{
	html_close(h, "section");
}

void
desk_words(struct html *h, const char *name)
{
	for (; *name != '\0'; name++)
		html_printf(h, "%c", *name == '_' ? ' ' : *name);
}

void
desk_time(struct html *h, int64_t at_s)
{
	char text[CLOCK_TEXT_BYTES];

	if (at_s == 0)
		return;
	clock_format(at_s * 1000, text);
	html_open(h, "time");
	html_attr(h, "datetime", text);
	html_printf(h, "%.10s %.8s", text, text + 11);
	html_close(h, "time");
}

void
desk_object_link(struct html *h, const char *id)
{
	if (id == NULL || *id == '\0')
		return;
	desk_open(h, "a", "id");
	html_attr_printf(h, "href", "/objects/%s", id);
	html_text(h, id);
	html_close(h, "a");
}

void
desk_act(struct html *h, const char *path, const char *said)
{
	html_open(h, "form");
	html_attr(h, "method", "post");
	html_attr(h, "action", path);
	html_attr(h, "data-said", said);
}

void
desk_act_end(struct html *h)
{
	html_close(h, "form");
}

void
desk_button(
    struct html *h, const char *text, const char *name, const char *value)
{
	html_open(h, "button");
	html_attr(h, "name", name);
	html_attr(h, "value", value);
	html_text(h, text);
	html_close(h, "button");
}

void
desk_field(struct html *h, const char *label, const char *name,
    const char *type, const char *placeholder)
{
	html_open(h, "input");
	html_attr(h, "name", name);
	html_attr(h, "type", type);
	html_attr(h, "min", strcmp(type, "number") == 0 ? "1" : NULL);
	html_attr(h, "placeholder", placeholder);
	html_attr(h, "aria-label", label);
}

static void
put_count(struct html *h, const struct json *counts, const char *name)
{
	int64_t n = 0;

	(void)json_int_at(counts, name, &n); /* none is 0 */
	html_printf(h, "%" PRId64, n);
}

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

/* --- events and deliveries ---------------------------------------------- */

void
desk_resend(struct html *h, const char *event)
{
	desk_act(h, "/_sandbox/events/resend", "Sent again.");
	layout_hidden(h, "event", event);
	html_open(h, "button");
	html_attr_printf(h, "aria-label", "Resend %s", event);
	html_attr(h, "title", "Send it again");
	html_text(h, "Resend");
	html_close(h, "button");
	desk_act_end(h);
}

static void
put_event(struct html *h, const struct json *e)
{
	const char *id = json_str_at(e, "id");
	int64_t created = 0;

	(void)json_int_at(e, "created", &created); /* always there */
	html_open(h, "li");
	html_attr(h, "data-key", id);
	html_attr(h, "data-type", json_str_at(e, "type"));
	desk_open(h, "a", "type");
	html_attr_printf(h, "href", "/objects/%s", id);
	html_text(h, json_str_at(e, "type"));
	html_close(h, "a");
	desk_object_link(h, json_str_at(e, "object"));
	desk_time(h, created);
	html_close(h, "li");
}

static void
put_more(struct html *h, const char *kind, const char *text)
{
	desk_open(h, "p", "more");
	html_open(h, "a");
	html_attr_printf(h, "href", "/objects?kind=%s", kind);
	html_text(h, text);
	html_close(h, "a");
	html_close(h, "p");
}

static void
put_events(struct html *h, const struct json *state)
{
	const struct json *list = json_get(state, "events");

	desk_section(h, "events", "Events");
	if (json_first(list) == NULL) {
		desk_text(h, "p", "empty",
		    "None yet. Whatever happens to an object tells of itself "
		    "here.");
		desk_section_end(h);
		return;
	}
	desk_open(h, "ol", "stream");
	html_attr(h, "tabindex", "0");
	html_attr(h, "aria-labelledby", "events-title");
	for (const struct json *e = json_first(list); e != NULL;
	     e = json_next(e))
		put_event(h, e);
	html_close(h, "ol");
	put_more(h, "event", "All events");
	desk_section_end(h);
}

/* What the last try brought: "200", a sentence, or nothing yet. */
static void
put_answer(struct html *h, const struct json *d)
{
	const char *error = json_str_at(d, "error");
	int64_t status = 0;

	(void)json_int_at(d, "status", &status); /* 0: none */
	if (status != 0)
		html_printf(h, "%" PRId64, status);
	else if (error != NULL)
		html_text(h, error);
}

static void
put_delivery(struct html *h, const struct json *d)
{
	const char *state = json_str_at(d, "state");
	const char *event = json_str_at(d, "event");
	const char *type = json_str_at(d, "type");
	int64_t tries = 0, next = 0, id = 0;

	(void)json_int_at(d, "id", &id); /* always there */
	(void)json_int_at(d, "tries", &tries);
	(void)json_int_at(d, "next_at", &next);
	html_open(h, "tr");
	html_attr_int(h, "data-key", id);
	html_open(h, "td");
	desk_open(h, "a", "type");
	html_attr_printf(h, "href", "/objects/%s", event);
	html_text(h, type != NULL ? type : event);
	html_close(h, "a");
	html_close(h, "td");
	html_open(h, "td");
	desk_open(h, "span", "pill");
	html_attr(h, "data-state", state);
	html_text(h, state);
	html_close(h, "span");
	html_close(h, "td");
	html_open(h, "td");
	html_printf(h, "%" PRId64, tries);
	html_close(h, "td");
	html_open(h, "td");
	put_answer(h, d);
	html_close(h, "td");
	html_open(h, "td");
	if (strcmp(state, "pending") == 0)
		desk_time(h, next);
	html_close(h, "td");
	html_open(h, "td");
	desk_resend(h, event);
	html_close(h, "td");
	html_close(h, "tr");
}

static void
put_states(struct html *h, const struct json *counts)
{
	static const char *const states[] = { "delivered", "pending", "held",
		"failed" };

	desk_open(h, "p", "counts");
	for (size_t i = 0; i < countof(states); i++) {
		desk_open(h, "span", "pill");
		html_attr(h, "data-state", states[i]);
		put_count(h, counts, states[i]);
		html_printf(h, " %s", states[i]);
		html_close(h, "span");
		html_text(h, " ");
	}
	html_close(h, "p");
}

static void
put_deliveries(struct html *h, const struct json *state)
{
	static const char *const heads[] = { "Event", "State", "Tries",
		"Last answer", "Next try" };
	const struct json *list = json_get(state, "deliveries");

	desk_section(h, "deliveries", "Webhook deliveries");
	put_states(h, json_get(state, "deliveries_by_state"));
	if (json_first(list) == NULL) {
		desk_text(h, "p", "empty",
		    "None yet. They begin with a webhook endpoint, below.");
		desk_section_end(h);
		return;
	}
	desk_open(h, "div", "scroll");
	html_attr(h, "tabindex", "0");
	html_attr(h, "role", "group");
	html_attr(h, "aria-label", "Newest deliveries");
	html_open(h, "table");
	html_open(h, "thead");
	html_open(h, "tr");
	for (size_t i = 0; i < countof(heads); i++) {
		html_open(h, "th");
		html_attr(h, "scope", "col");
		html_text(h, heads[i]);
		html_close(h, "th");
	}
	html_element(h, "td", "");
	html_close(h, "tr");
	html_close(h, "thead");
	html_open(h, "tbody");
	for (const struct json *d = json_first(list); d != NULL;
	     d = json_next(d))
		put_delivery(h, d);
	html_close(h, "tbody");
	html_close(h, "table");
	html_close(h, "div");
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
		put_count(h, counts, json_name(m));
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
	desk_payments(&h, state);
	desk_customers(&h, state);
	put_events(&h, state);
	put_deliveries(&h, state);
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
