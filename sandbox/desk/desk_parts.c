/* desk_parts: the pieces that the root page is put together of. */
#include "desk/desk_parts.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"

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

void
desk_count(struct html *h, const struct json *counts, const char *name)
{
	int64_t n = 0;

	(void)json_int_at(counts, name, &n); /* none is 0 */
	html_printf(h, "%" PRId64, n);
}

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
