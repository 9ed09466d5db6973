/*
 * desk_parts: what the files of the root page share. The desk is the page at
 * the sandbox's root, and what it leads to: it shows what there is and has a
 * button for everything that the control can do.
 *
 * Each section is written by the server alone; /desk.js asks for the page
 * again, puts in what has changed, and sends the forms without leaving. All
 * of it works without that script, too.
 */
#ifndef SANDBOX_DESK_PARTS_H
#define SANDBOX_DESK_PARTS_H

#include "core/params.h"
#include "desk/layout.h"

/* An element with a class. */
void desk_open(struct html *h, const char *name, const char *class);
/* One that only holds this text. */
void desk_text(
    struct html *h, const char *name, const char *class, const char *text);

/* A section that the script keeps up to date, with a heading; both ways. */
void desk_section(struct html *h, const char *id, const char *title);
void desk_section_end(struct html *h);

/* The number of this name, or 0. */
void desk_count(struct html *h, const struct json *counts, const char *name);

/* "generic_decline" as "generic decline". */
void desk_words(struct html *h, const char *name);

/* A moment, in seconds, as people read it; nothing for 0. */
void desk_time(struct html *h, int64_t at_s);

/* A link to the page of an object; without an id, nothing. */
void desk_object_link(struct html *h, const char *id);

/*
 * A form for one operation of the control. `said` is what the script says
 * when it worked; a button's name may be NULL.
 */
void desk_act(struct html *h, const char *path, const char *said);
void desk_act_end(struct html *h);
void desk_button(
    struct html *h, const char *text, const char *name, const char *value);
/* A field with a label that is heard but not seen. */
void desk_field(struct html *h, const char *label, const char *name,
    const char *type, const char *placeholder);

/* A button that sends this event again. */
void desk_resend(struct html *h, const char *event);

/* ---- the parts, each in a file of its own ---- */

void desk_events(struct html *h, const struct json *state);
void desk_deliveries(struct html *h, const struct json *state);
void desk_lies(struct html *h, const struct json *state);
void desk_payments(struct call *c, struct html *h, const struct json *state);
void desk_customers(struct html *h, const struct json *state);
/* What can be done with this one object, from its own page, if anything. */
void desk_acts_of(struct call *c, struct html *h, const char *kind,
    const char *id, const struct json *body);
void desk_cards(struct html *h);
void desk_try(struct call *c, struct html *h);

extern const struct param desk_list_params[];
enum vt_err desk_list(struct call *c) VT_MUSTCHECK;
enum vt_err desk_object(struct call *c) VT_MUSTCHECK;

#endif
