/*
 * resource: what kinds of objects there are, as tables of their fields, and
 * how one is made, found, kept and shown.
 *
 * A table states each public member, what a new object has there, and which
 * other resource an id in it points at; storing, rendering and expansion
 * follow the tables and know no resource by name. What only this program
 * needs to remember about an object (the card's behaviour, say) is in its
 * hidden half.
 */
#ifndef SANDBOX_RESOURCE_H
#define SANDBOX_RESOURCE_H

#include "core/call.h"

enum resource_kind {
	R_NONE,
	R_ANY, /* whatever object an id names */
	R_CUSTOMER,
	R_PAYMENT_INTENT,
	R_PAYMENT_METHOD,
	R_CHARGE,
	R_BALANCE_TRANSACTION,
	R_REFUND,
	R_DISPUTE,
	R_SETUP_INTENT,
	R_SETUP_ATTEMPT,
	R_CHECKOUT_SESSION,
	R_PORTAL_CONFIGURATION,
	R_PORTAL_SESSION,
	R_CHECKOUT_ITEM,
	R_CUSTOMER_SESSION,
	R_FRAUD_WARNING,
	R_EVENT,
	R_WEBHOOK_ENDPOINT,
	R_SUBSCRIPTION,
	R_SUBSCRIPTION_ITEM,
	R_TEST_CLOCK,
	R_PRODUCT,
	R_PRICE,
	R_COUPON,
	R_PROMOTION_CODE,
	R_DISCOUNT,
	R_INVOICE,
	R_LINE_ITEM, /* only inside an invoice */
	R_INVOICE_ITEM,
	R_INVOICE_PAYMENT,
	R_CUSTOMER_BALANCE_TRANSACTION,
	R_CREDIT_NOTE,
	R_CREDIT_NOTE_LINE, /* only inside a credit note */
	R_USER,		    /* Clerk's, for the local sign-in */
	R_SESSION,	    /* likewise */
	R_MESSAGE, /* a webhook of Clerk's: what an event is for Stripe's */
	RESOURCE__MAX
};

#define FIELD_PUBLIC 1u /* a publishable key may see it */
/*
 * Absent unless expanded: the list of the objects of kind `to` whose parent
 * (a customer's: whose customer) this one is; R_NONE: an empty list.
 */
#define FIELD_INCLUDABLE 2u
#define FIELD_HIDDEN 4u /* includable too, out of the hidden half */
#define FIELD_LIVING 8u /* of a list: without those that are canceled */

struct field {
	const char *name;      /* NULL ends a table */
	const char *initial;   /* JSON; NULL: absent until set */
	enum resource_kind to; /* of an id, or of each in an array of ids */
	unsigned flags;
	/* Where ids stand deeper inside; of an array: inside each of it. */
	const struct field *members;
};

struct resource {
	const char *object; /* the member "object" */
	const char *noun;   /* in messages */
	const char *prefix;
	char lead; /* see ids_make() */
	size_t chars;
	const char *url; /* of the list; NULL: it has none */
	const struct field *fields;
	/*
	 * Where the columns for lists come from, in the body or else in the
	 * hidden half; NULL: nowhere.
	 */
	const char *customer, *parent, *type;
};

extern const struct resource resources[RESOURCE__MAX];

/* One object in hand. */
struct doc {
	enum resource_kind kind;
	const char *id;
	struct json *body;   /* public members */
	struct json *hidden; /* ours */
	int64_t due_ms;	     /* 0: nothing is going to happen to it */
	const char *clock;   /* the test clock it lives by, or NULL */
	bool deleted;
	bool stored;	    /* is in the file */
	const char *text;   /* the body as stored */
	const char *before; /* and as it was before the last doc_save() */
	const char *index;  /* goes into the column "type" instead, or NULL */
	struct doc *next;   /* in the call's objects in hand */
};

/* A new object with its table's values, an id and `created`. Not stored. */
struct doc *doc_new(struct call *c, enum resource_kind kind);

/* Another prefix for a new one: charges of banks are "py_…". */
void doc_prefix(struct call *c, struct doc *d, const char *prefix);

/*
 * A name of the caller's choice for a new one, where one was given; refused
 * when it cannot be an id, or is taken already.
 */
enum vt_err
doc_name(struct call *c, struct doc *d, const char *id) VT_MUSTCHECK;

/*
 * The object of this id and kind, or NULL. A deleted one is found too. With
 * R_ANY its own kind is in the result. Within a call there is one of each in
 * hand: who finds it again sees what was changed meanwhile, saved or not.
 */
struct doc *doc_find(struct call *c, enum resource_kind kind, const char *id);

/* Lets go of all of them; after a savepoint was undone. */
void doc_forget(struct call *c);

/*
 * The ids of the objects of a kind, deleted ones aside, oldest first: all
 * those of a customer, of a parent or on a test clock.
 */
enum doc_by { DOC_OF_CUSTOMER, DOC_OF_PARENT, DOC_ON_CLOCK };
struct doc_ids {
	const char **ids;
	size_t count;
};
enum vt_err doc_ids(struct call *c, enum resource_kind kind, enum doc_by by,
    const char *of, struct doc_ids *out) VT_MUSTCHECK;

/*
 * The same, but a missing or deleted one is refused: `param` names the
 * parameter that named it, NULL if the path did.
 */
enum vt_err doc_need(struct call *c, enum resource_kind kind, const char *id,
    const char *param, struct doc **out) VT_MUSTCHECK;

/*
 * Writes it, members in the order of its table (a member that the table
 * does not have is a fault of ours: assert). VT_DB.
 */
enum vt_err doc_save(struct call *c, struct doc *d) VT_MUSTCHECK;

/* Makes it what is left of a deleted object: {id, object, deleted}. */
void doc_bury(struct call *c, struct doc *d);

/*
 * Members that are always there: a number (null is 0), a truth, and whether
 * a text is this one.
 */
int64_t doc_int(const struct doc *d, const char *path);
bool doc_flag(const struct doc *d, const char *path);
bool doc_is(const struct doc *d, const char *path, const char *text);

/* Removes it for good. */
enum vt_err doc_remove(struct call *c, struct doc *d) VT_MUSTCHECK;

/*
 * Copies each parameter of the NULL-ended list that was given into the
 * object; an unset one becomes null.
 */
void
doc_apply(struct json *o, const struct json *params, const char *const *names);

/*
 * Merges metadata as Stripe does: each key given replaces its value, an
 * empty value removes it, unsetting the whole empties it.
 */
void doc_metadata(struct call *c, struct json *o, const struct json *params);

/*
 * What changed between two bodies, as previous_attributes: the old values
 * of members that differ, objects by their members, arrays whole. NULL when
 * nothing did.
 */
struct json *doc_changes(
    struct call *c, const struct json *before, const struct json *after);

#endif
