/* err: names of results, and the making of a problem. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[VT_ERR__MAX] = {
	[VT_OK] = "ok",
	[VT_INVALID] = "invalid",
	[VT_NOTFOUND] = "notfound",
	[VT_CONFLICT] = "conflict",
	[VT_FUNDS] = "funds",
	[VT_DENIED] = "denied",
	[VT_LIMIT] = "limit",
	[VT_BUSY] = "busy",
	[VT_DB] = "db",
	[VT_REMOTE] = "remote",
	[VT_SYS] = "sys",
};

const char *
vt_err_name(enum vt_err err)
{
	if ((unsigned)err >= countof(names))
		return "unknown";
	return names[err];
}

enum vt_err
vt_problem(struct vt_problem *p, enum vt_err err, const char *code,
    const char *field, const char *fmt, ...)
{
	va_list ap;

	if (p == NULL)
		return err;
	memset(p, 0, sizeof(*p));
	p->err = err;
	/* A sentence that does not fit is cut; nothing depends on its end. */
	(void)snprintf(p->code, sizeof(p->code), "%s", code);
	if (field != NULL)
		(void)snprintf(p->field, sizeof(p->field), "%s", field);
	va_start(ap, fmt);
	(void)vsnprintf(p->message, sizeof(p->message), fmt, ap);
	va_end(ap);
	return err;
}
