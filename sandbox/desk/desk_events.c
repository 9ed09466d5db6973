/* desk_events: events, and the webhooks that tell of them; see desk_parts.h. */
#include <inttypes.h>
#include <string.h>

#include "desk/desk_parts.h"

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

void
desk_events(struct html *h, const struct json *state)
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
		desk_count(h, counts, states[i]);
		html_printf(h, " %s", states[i]);
		html_close(h, "span");
		html_text(h, " ");
	}
	html_close(h, "p");
}

void
desk_deliveries(struct html *h, const struct json *state)
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
