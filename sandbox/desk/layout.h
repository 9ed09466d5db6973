/*
 * layout: what every page of the sandbox has around its content: the head,
 * the banner that says that payments are simulated, the policy.
 */
#ifndef SANDBOX_LAYOUT_H
#define SANDBOX_LAYOUT_H

#include "core/call.h"
#include "text/html.h"

struct layout {
	const char *title;  /* of the document, and its heading */
	const char *script; /* path of a module, or NULL */
	const char *crumb;  /* what leads back to the root page, or NULL */
	bool wide;	    /* a page to look around on, not one question */
	/*
	 * Forms go to the control, which asks where they come from: the
	 * browser has to say it. Not for a page whose address holds a secret.
	 */
	bool controls;
	bool frames; /* shows frames of our own: the Payment Element */
};

/* Begins the answer: everything up to the page's heading, in <main>. */
void layout_begin(struct call *c, struct html *h, const struct layout *l);

/* Ends it and makes it the call's answer. */
void layout_end(struct call *c, struct html *h, const struct layout *l);

/* "9.99 USD" of an object with these two members. */
void layout_amount(struct call *c, struct html *h, const struct json *body);

/* <input type="hidden">. */
void layout_hidden(struct html *h, const char *name, const char *value);

#endif
