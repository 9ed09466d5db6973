/* invoice_params: the parameters of /v1/invoices. */
#ifndef SANDBOX_INVOICE_PARAMS_H
#define SANDBOX_INVOICE_PARAMS_H

#include "core/params.h"

extern const struct param invoice_create_params[];
extern const struct param invoice_update_params[];
extern const struct param invoice_list_params[];
extern const struct param invoice_finalize_params[];
extern const struct param invoice_pay_params[];
extern const struct param invoice_attach_params[];

#endif
