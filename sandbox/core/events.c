/* events: /v1/events, which reach back thirty days. */
#include "core/operation.h"
#include "core/render.h"

#define TYPES_MAX 20

static const struct param types[] = { PARAM("", P_STR, 0) };
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM("created", P_RANGE, 0),
	PARAM("delivery_success", P_BOOL, 0),
	PARAM("type", P_STR, 0),
	PARAM_OF("types", P_LIST, 0, types),
	PARAM_END,
};

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_EVENT, c->id);
}

static enum vt_err
list(struct call *c)
{
	const struct json *all = json_get(c->params, "types");
	bool success = false;
	bool asked =
	    json_bool(json_get(c->params, "delivery_success"), &success);

	if (all != NULL && json_get(c->params, "type") != NULL)
		return call_fail(c, 400, "parameters_exclusive", "types",
		    "You may only specify one of these parameters: type, "
		    "types.");
	if (json_count(all) > TYPES_MAX)
		return call_fail(c, 400, NULL, "types",
		    "You may list up to %d event types.", TYPES_MAX);
	return render_list(c,
	    &(struct list_filter){ .kind = R_EVENT,
		.type = json_str_at(c->params, "type"),
		.types = all,
		.delivered = asked ? success : -1 });
}

const struct operation event_operations[] = {
	{ HTTP_GET, "/v1/events", list_params, list, 0 },
	{ HTTP_GET, "/v1/events/{}", params_none, retrieve, 0 },
	{ 0 },
};
