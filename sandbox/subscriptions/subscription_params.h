/* subscription_params: what the operations on subscriptions take. */
#ifndef SANDBOX_SUBSCRIPTION_PARAMS_H
#define SANDBOX_SUBSCRIPTION_PARAMS_H

#include "core/params.h"

extern const struct param subscription_create_params[];
extern const struct param subscription_update_params[];
extern const struct param subscription_list_params[];
extern const struct param subscription_search_params[];
extern const struct param subscription_cancel_params[];
extern const struct param subscription_pause_params[];
extern const struct param subscription_resume_params[];
extern const struct param subscription_migrate_params[];

extern const struct param subscription_item_create_params[];
extern const struct param subscription_item_update_params[];
extern const struct param subscription_item_delete_params[];
extern const struct param subscription_item_list_params[];

/* `subscription_details` of a preview. */
extern const struct param subscription_preview_params[];

#endif
