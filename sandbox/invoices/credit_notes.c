/* credit_notes: /v1/credit_notes. */
#include "core/event.h"
#include "core/operation.h"
#include "core/render.h"
#include "invoices/credit_note.h"
#include "text/money.h"

static const char *const reasons[] = { "duplicate", "fraudulent",
	"order_change", "product_unsatisfactory", NULL };
static const char *const mails[] = { "credit_note", "none", NULL };
static const char *const types[] = { "custom_line_item", "invoice_line_item",
	NULL };
static const char *const refund_types[] = { "refund", NULL };

static const struct param line[] = {
	PARAM_RANGE("amount", P_INT, 0, 1, MONEY_MAX),
	PARAM("description", P_STR, 0),
	PARAM("invoice_line_item", P_STR, 0),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_RANGE("quantity", P_INT, 0, 1, INT32_MAX),
	PARAM_ENUM("type", P_REQUIRED, types),
	PARAM_RANGE("unit_amount", P_INT, 0, 1, MONEY_MAX),
	PARAM_RANGE("unit_amount_decimal", P_DECIMAL, 0, 0, MONEY_MAX),
	PARAM_END,
};
static const struct param lines[] = { PARAM_OF("", P_HASH, 0, line) };
static const struct param refund[] = {
	PARAM_RANGE("amount_refunded", P_INT, 0, 1, MONEY_MAX),
	PARAM("refund", P_STR, P_REQUIRED),
	PARAM_ENUM("type", 0, refund_types),
	PARAM_END,
};
static const struct param refunds[] = { PARAM_OF("", P_HASH, 0, refund) };

#define NOTE_PARAMS                                                       \
	PARAM("invoice", P_STR, P_REQUIRED),                              \
	    PARAM_RANGE("amount", P_INT, 0, 1, MONEY_MAX),                \
	    PARAM_RANGE("credit_amount", P_INT, 0, 0, MONEY_MAX),         \
	    PARAM("effective_at", P_INT, 0),                              \
	    PARAM_ENUM("email_type", 0, mails),                           \
	    PARAM_OF("lines", P_LIST, 0, lines), PARAM("memo", P_STR, 0), \
	    PARAM("metadata", P_META, 0),                                 \
	    PARAM_RANGE("out_of_band_amount", P_INT, 0, 0, MONEY_MAX),    \
	    PARAM_ENUM("reason", 0, reasons),                             \
	    PARAM_RANGE("refund_amount", P_INT, 0, 0, MONEY_MAX),         \
	    PARAM_OF("refunds", P_LIST, 0, refunds)

const struct param credit_note_params[] = {
	NOTE_PARAMS,
	PARAM_END,
};
static const struct param preview_lines_params[] = {
	NOTE_PARAMS,
	PARAMS_PAGE,
	PARAM_END,
};
static const struct param update_params[] = {
	PARAM("memo", P_STR, P_EMPTY),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM_END,
};
static const struct param page_params[] = {
	PARAMS_PAGE,
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM("customer", P_STR, 0),
	PARAM("invoice", P_STR, 0),
	PARAM_END,
};

static enum vt_err
create(struct call *c)
{
	struct doc *d, *invoice;
	enum vt_err err;

	err = credit_note_new(c, &d, &invoice);
	if (err == VT_OK)
		err = credit_note_issue(c, d, invoice);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
preview(struct call *c)
{
	struct doc *d, *invoice;
	enum vt_err err = credit_note_new(c, &d, &invoice);

	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
preview_lines(struct call *c)
{
	struct doc *d, *invoice;
	enum vt_err err = credit_note_new(c, &d, &invoice);

	return err == VT_OK
	    ? render_array(c, R_CREDIT_NOTE_LINE, credit_note_lines(d),
		  "/v1/credit_notes/preview/lines")
	    : err;
}

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_CREDIT_NOTE, c->id);
}

static enum vt_err
update(struct call *c)
{
	static const char *const names[] = { "memo", NULL };
	struct doc *d;
	enum vt_err err = doc_need(c, R_CREDIT_NOTE, c->id, NULL, &d);

	if (err != VT_OK)
		return err;
	doc_apply(d->body, c->params, names);
	doc_metadata(c, d->body, c->params);
	err = doc_save(c, d);
	if (err == VT_OK)
		err = event_updated(c, "credit_note.updated", d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
void_note(struct call *c)
{
	struct doc *d;
	enum vt_err err = doc_need(c, R_CREDIT_NOTE, c->id, NULL, &d);

	if (err == VT_OK)
		err = credit_note_void(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
list_lines(struct call *c)
{
	struct doc *d;
	enum vt_err err = doc_need(c, R_CREDIT_NOTE, c->id, NULL, &d);

	return err == VT_OK
	    ? render_array(c, R_CREDIT_NOTE_LINE, credit_note_lines(d),
		  arena_printf(c->arena, "/v1/credit_notes/%s/lines", d->id))
	    : err;
}

static enum vt_err
list(struct call *c)
{
	return render_list(c,
	    &(struct list_filter){ .kind = R_CREDIT_NOTE,
		.customer = json_str_at(c->params, "customer"),
		.parent = json_str_at(c->params, "invoice"),
		.delivered = -1 });
}

const struct operation credit_note_operations[] = {
	{ HTTP_POST, "/v1/credit_notes", credit_note_params, create, 0 },
	{ HTTP_GET, "/v1/credit_notes", list_params, list, 0 },
	{ HTTP_GET, "/v1/credit_notes/preview", credit_note_params, preview,
	    0 },
	{ HTTP_GET, "/v1/credit_notes/preview/lines", preview_lines_params,
	    preview_lines, 0 },
	{ HTTP_GET, "/v1/credit_notes/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/credit_notes/{}", update_params, update, 0 },
	{ HTTP_GET, "/v1/credit_notes/{}/lines", page_params, list_lines, 0 },
	{ HTTP_POST, "/v1/credit_notes/{}/void", params_none, void_note, 0 },
	{ 0 },
};
