/* invoice_lines: the lines of an invoice, in pages and changed in bulk. */
#include <string.h>

#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"
#include "invoices/invoice_spec.h"

static const char *const behaviors[] = { "delete", "unassign", NULL };

static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM_END,
};
static const struct param new_line[] = {
	INVOICE_SPEC_PARAMS,
	PARAM("invoice_item", P_STR, 0),
	PARAM_END,
};
static const struct param changed_line[] = {
	INVOICE_SPEC_PARAMS,
	PARAM("id", P_STR, P_REQUIRED),
	PARAM_END,
};
static const struct param removed_line[] = {
	PARAM_ENUM("behavior", P_REQUIRED, behaviors),
	PARAM("id", P_STR, P_REQUIRED),
	PARAM_END,
};
static const struct param new_lines[] = { PARAM_OF("", P_HASH, 0, new_line) };
static const struct param changed_lines[] = {
	PARAM_OF("", P_HASH, 0, changed_line),
};
static const struct param removed_lines[] = {
	PARAM_OF("", P_HASH, 0, removed_line),
};
#define BULK_PARAMS(lines)                            \
	PARAM_OF("lines", P_LIST, P_REQUIRED, lines), \
	    PARAM("invoice_metadata", P_META, P_EMPTY), PARAM_END
static const struct param add_params[] = { BULK_PARAMS(new_lines) };
static const struct param update_params[] = { BULK_PARAMS(changed_lines) };
static const struct param remove_params[] = { BULK_PARAMS(removed_lines) };
static const struct param line_params[] = {
	INVOICE_SPEC_PARAMS,
	PARAM_END,
};

static enum vt_err
list(struct call *c)
{
	struct doc *d;
	enum vt_err err = doc_need(c, R_INVOICE, c->id, NULL, &d);

	if (err != VT_OK)
		return err;
	return render_array(c, R_LINE_ITEM, invoice_lines(d),
	    arena_printf(c->arena, "/v1/invoices/%s/lines", d->id));
}

static enum vt_err
find_draft(struct call *c, struct doc **out)
{
	enum vt_err err = doc_need(c, R_INVOICE, c->id, NULL, out);

	if (err == VT_OK && !doc_is(*out, "status", "draft"))
		return call_fail(c, 400, "invoice_not_editable", NULL,
		    "The lines of an invoice can be changed while it is a "
		    "draft only.");
	return err;
}

static enum vt_err
find_line(struct call *c, const struct doc *invoice, const char *id,
    const char *param, const struct json **out)
{
	const struct json *j = json_first(invoice_lines(invoice));

	while (j != NULL && strcmp(json_str_at(j, "id"), id) != 0)
		j = json_next(j);
	*out = j;
	return j != NULL ? VT_OK
			 : call_missing(c, "invoice line item", id, param);
}

/* The item that a line bills, or NULL for a subscription's own line. */
static struct doc *
item_of(struct call *c, const struct json *line)
{
	const char *id =
	    json_str_at(line, "parent.invoice_item_details.invoice_item");

	if (id == NULL)
		id = json_str_at(
		    line, "parent.subscription_item_details.invoice_item");
	return id == NULL ? NULL : doc_find(c, R_INVOICE_ITEM, id);
}

/* Each change in a bulk: the line's parameters, and where they stand. */
typedef enum vt_err change(struct call *c, struct doc *invoice,
    const struct json *given, const char *prefix);

static enum vt_err
bulk(struct call *c, change *apply)
{
	const struct json *j = json_first(json_get(c->params, "lines"));
	const struct json *meta = json_get(c->params, "invoice_metadata");
	struct json *params = json_object(c->arena);
	struct doc *d;
	enum vt_err err = find_draft(c, &d);

	for (int i = 0; j != NULL && err == VT_OK; j = json_next(j), i++)
		err = apply(c, d, j, arena_printf(c->arena, "lines[%d]", i));
	if (err != VT_OK)
		return err;
	if (meta != NULL) {
		json_put_copy(params, "metadata", meta);
		doc_metadata(c, d->body, params);
	}
	err = invoice_save(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

/* An item that waits already, put on this invoice. */
static enum vt_err
add_pending(
    struct call *c, struct doc *invoice, const char *id, const char *prefix)
{
	const char *param = arena_printf(c->arena, "%s[invoice_item]", prefix);
	struct doc *item;
	enum vt_err err = doc_need(c, R_INVOICE_ITEM, id, param, &item);

	if (err != VT_OK)
		return err;
	if (json_str_at(item->body, "invoice") != NULL ||
	    !doc_is(item, "customer", json_str_at(invoice->body, "customer")) ||
	    !doc_is(item, "currency", json_str_at(invoice->body, "currency")))
		return call_fail(c, 400, NULL, param,
		    "The invoice item %s is on an invoice already, or does "
		    "not fit this one's customer or currency.",
		    id);
	return invoice_item_bill(c, item, invoice);
}

static enum vt_err
add_one(struct call *c, struct doc *invoice, const struct json *given,
    const char *prefix)
{
	struct invoice_item_from from = { .quantity = 1, .params = given };
	const char *pending = json_str_at(given, "invoice_item");
	struct doc *customer, *item;
	enum vt_err err;

	if (pending != NULL)
		return add_pending(c, invoice, pending, prefix);
	err = doc_need(c, R_CUSTOMER, json_str_at(invoice->body, "customer"),
	    "customer", &customer);
	if (err != VT_OK)
		return err;
	from.customer = customer;
	from.currency = json_str_at(invoice->body, "currency");
	err = invoice_spec_read(c, given, prefix, &from);
	if (err == VT_OK)
		err = invoice_item_make(c, &from, &item);
	return err == VT_OK ? invoice_item_bill(c, item, invoice) : err;
}

/* Of a subscription's line, the words can be changed, and nothing else. */
static enum vt_err
change_words(struct call *c, struct doc *invoice, const struct json *line,
    const struct json *given, const char *prefix)
{
	static const char *const names[] = { "description", NULL };
	struct json *all = json_array(c->arena), *changed;
	const struct json *j;

	for (j = json_first(given); j != NULL; j = json_next(j))
		if (strcmp(json_name(j), "description") != 0 &&
		    strcmp(json_name(j), "metadata") != 0 &&
		    strcmp(json_name(j), "expand") != 0 &&
		    strcmp(json_name(j), "id") != 0)
			return call_fail(c, 400, "invoice_not_editable",
			    prefix == NULL ? json_name(j)
					   : arena_printf(c->arena, "%s[%s]",
						 prefix, json_name(j)),
			    "Of a subscription's line, the description and "
			    "the metadata can be changed.");
	changed = json_clone(c->arena, line);
	doc_apply(changed, given, names);
	doc_metadata(c, changed, given);
	for (j = json_first(invoice_lines(invoice)); j != NULL;
	     j = json_next(j))
		json_add_copy(all, j == line ? changed : j);
	invoice_set_lines(invoice, all);
	invoice_total(c, invoice);
	return VT_OK;
}

static enum vt_err
change_line(struct call *c, struct doc *invoice, const struct json *line,
    const struct json *given, const char *prefix)
{
	struct doc *item = item_of(c, line);
	enum vt_err err;

	if (item == NULL)
		return change_words(c, invoice, line, given, prefix);
	err = invoice_item_change(c, item, given, prefix);
	if (err == VT_OK)
		err = doc_save(c, item);
	return err == VT_OK ? invoice_item_bill_again(c, item, invoice) : err;
}

static enum vt_err
update_one(struct call *c, struct doc *invoice, const struct json *given,
    const char *prefix)
{
	const struct json *line;
	enum vt_err err;

	err = find_line(c, invoice, json_str_at(given, "id"),
	    arena_printf(c->arena, "%s[id]", prefix), &line);
	return err == VT_OK ? change_line(c, invoice, line, given, prefix)
			    : err;
}

/* Takes out a line that no item stands behind. */
static void
drop_line(struct call *c, struct doc *invoice, const struct json *line)
{
	const struct json *j = json_first(invoice_lines(invoice));
	struct json *left = json_array(c->arena);

	for (; j != NULL; j = json_next(j))
		if (j != line)
			json_add_copy(left, j);
	invoice_set_lines(invoice, left);
	invoice_total(c, invoice);
}

static enum vt_err
remove_one(struct call *c, struct doc *invoice, const struct json *given,
    const char *prefix)
{
	bool keep = strcmp(json_str_at(given, "behavior"), "unassign") == 0;
	const struct json *line;
	struct doc *item;
	enum vt_err err;

	err = find_line(c, invoice, json_str_at(given, "id"),
	    arena_printf(c->arena, "%s[id]", prefix), &line);
	if (err != VT_OK)
		return err;
	item = item_of(c, line);
	if (item == NULL && keep)
		return call_fail(c, 400, NULL,
		    arena_printf(c->arena, "%s[behavior]", prefix),
		    "Only a line that bills an invoice item can be "
		    "unassigned.");
	if (item == NULL) {
		drop_line(c, invoice, line);
		return VT_OK;
	}
	err = invoice_item_unbill(c, item, invoice);
	if (err != VT_OK || keep)
		return err == VT_OK ? doc_save(c, item) : err;
	err = event_emit(c, "invoiceitem.deleted", item);
	return err == VT_OK ? doc_remove(c, item) : err;
}

static enum vt_err
add(struct call *c)
{
	return bulk(c, add_one);
}

static enum vt_err
update(struct call *c)
{
	return bulk(c, update_one);
}

static enum vt_err
remove_lines(struct call *c)
{
	return bulk(c, remove_one);
}

static enum vt_err
update_line(struct call *c)
{
	const struct json *line;
	struct doc *d;
	enum vt_err err = find_draft(c, &d);

	if (err == VT_OK)
		err = find_line(c, d, c->id2, NULL, &line);
	if (err == VT_OK)
		err = change_line(c, d, line, c->params, NULL);
	if (err == VT_OK)
		err = invoice_save(c, d);
	if (err == VT_OK)
		err = find_line(c, d, c->id2, NULL, &line);
	return err == VT_OK ? render_part(c, R_LINE_ITEM, line) : err;
}

const struct operation invoice_line_operations[] = {
	{ HTTP_GET, "/v1/invoices/{}/lines", list_params, list, 0 },
	{ HTTP_POST, "/v1/invoices/{}/lines/{}", line_params, update_line, 0 },
	{ HTTP_POST, "/v1/invoices/{}/add_lines", add_params, add, 0 },
	{ HTTP_POST, "/v1/invoices/{}/update_lines", update_params, update, 0 },
	{ HTTP_POST, "/v1/invoices/{}/remove_lines", remove_params,
	    remove_lines, 0 },
	{ 0 },
};
