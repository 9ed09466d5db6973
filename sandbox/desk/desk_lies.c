/* desk_lies: the buttons that make it lie; see desk_parts.h. */
#include <inttypes.h>
#include <string.h>

#include "desk/desk_parts.h"

struct mode {
	const char *value, *text, *does;
};

static const struct mode outages[] = {
	{ "off", "Honest", "answers as it should" },
	{ "500", "500", "answers 500, an unknown error" },
	{ "429", "429", "answers 429, too many requests" },
	{ "409", "409", "answers 409, a lock timeout" },
	{ "hang", "Hang", "does not answer for a minute" },
	{ "reset", "Reset", "resets the connection, nothing is done" },
	{ "lost-answer", "Lose answer", "acts, then resets the connection" },
	{ "truncate", "Truncate", "acts, then cuts its answer short" },
	{ "garbage", "Garbage", "answers 200 with HTML" },
};

static const struct mode deliveries[] = {
	{ "deliver", "Deliver", "go out as they come" },
	{ "withhold", "Withhold", "are kept until you let them go" },
	{ "duplicate", "Duplicate", "go out more than once" },
	{ "reverse", "Reverse", "are gathered, then the newest goes first" },
	{ "delay", "Delay", "go out late" },
};

static const struct mode *
mode_find(const struct mode *modes, size_t count, const char *value)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(modes[i].value, value) == 0)
			return &modes[i];
	return &modes[0];
}

static void
put_modes(struct html *h, const struct mode *modes, size_t count,
    const struct mode *now)
{
	desk_open(h, "div", "choices");
	for (size_t i = 0; i < count; i++) {
		html_open(h, "button");
		html_attr(h, "name", "mode");
		html_attr(h, "value", modes[i].value);
		html_attr(h, "title", modes[i].does);
		html_attr(
		    h, "aria-pressed", &modes[i] == now ? "true" : "false");
		html_text(h, modes[i].text);
		html_close(h, "button");
	}
	html_close(h, "div");
}

/* A line that is loud while something lies. */
static void
begin_line(struct html *h, bool lies)
{
	desk_open(h, "p", lies ? "holds lies" : "holds");
}

static void
put_outage(struct html *h, const struct json *modes)
{
	const struct mode *now =
	    mode_find(outages, countof(outages), json_str_at(modes, "outage"));
	const char *path = json_str_at(modes, "outage_path");
	int64_t count = 0;
	bool lies = now != &outages[0];

	(void)json_int_at(modes, "outage_count", &count); /* 0: for ever */
	desk_section(h, "outage", "The API");
	begin_line(h, lies);
	html_printf(h, "It %s", now->does);
	if (lies && path != NULL)
		html_printf(h, " under %s", path);
	if (lies && count > 0)
		html_printf(h, ", %" PRId64 " more %s", count,
		    count == 1 ? "time" : "times");
	html_text(h, ".");
	html_close(h, "p");
	desk_act(h, "/_sandbox/outage", "The API behaves as you said.");
	put_modes(h, outages, countof(outages), now);
	desk_open(h, "div", "row");
	desk_field(h, "For how many calls", "count", "number", "Calls: all");
	desk_field(h, "Only under this path", "path", "text", "Path: any");
	html_close(h, "div");
	desk_act_end(h);
	desk_section_end(h);
}

static void
put_webhooks(struct html *h, const struct json *state)
{
	const struct json *modes = json_get(state, "modes");
	const struct mode *now = mode_find(
	    deliveries, countof(deliveries), json_str_at(modes, "events"));
	bool lies = now != &deliveries[0];
	int64_t n = 0, held = 0;

	(void)json_int_at(modes, "events_n", &n); /* always there */
	(void)json_int_at(state, "deliveries_by_state.held", &held);
	desk_section(h, "webhooks", "Webhooks");
	begin_line(h, lies);
	html_printf(h, "They %s", now->does);
	if (strcmp(now->value, "delay") == 0)
		html_printf(h, ", by %" PRId64 " s", n);
	else if (strcmp(now->value, "duplicate") == 0)
		html_printf(h, ", %" PRId64 " times", n);
	else if (strcmp(now->value, "reverse") == 0)
		html_printf(h, ", by %" PRId64, n);
	html_text(h, ".");
	html_close(h, "p");
	desk_act(h, "/_sandbox/events", "Webhooks go as you said.");
	put_modes(h, deliveries, countof(deliveries), now);
	desk_open(h, "div", "row");
	desk_field(
	    h, "How many times, or seconds", "n", "number", "Times or seconds");
	html_close(h, "div");
	desk_act_end(h);
	if (held > 0) {
		desk_act(h, "/_sandbox/events", "They are on their way.");
		layout_hidden(h, "mode", "deliver");
		html_open(h, "button");
		html_attr(h, "class", "go");
		html_printf(h, "Let %" PRId64 " go", held);
		html_close(h, "button");
		desk_act_end(h);
	}
	desk_section_end(h);
}

void
desk_lies(struct html *h, const struct json *state)
{
	put_outage(h, json_get(state, "modes"));
	put_webhooks(h, state);
}
