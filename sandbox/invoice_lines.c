/* invoice_lines: the lines of an invoice, in pages and changed as a bulk. */
#include <string.h>

#include "invoice.h"
#include "operation.h"
#include "render.h"

static const struct param list_params[] = {
	PARAMS_PAGE,
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

const struct operation invoice_line_operations[] = {
	{ HTTP_GET, "/v1/invoices/{}/lines", list_params, list, 0 },
	{ 0 },
};
