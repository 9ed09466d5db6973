/* webhook_endpoints: /v1/webhook_endpoints. */
#include <string.h>

#include "core/operation.h"
#include "core/render.h"
#include "core/webhook.h"

static const struct param names[] = { PARAM("", P_STR, 0) };
static const struct param create_params[] = {
	PARAM("api_version", P_STR, 0),
	PARAM("connect", P_BOOL, 0),
	PARAM("description", P_STR, P_EMPTY),
	PARAM_OF("enabled_events", P_LIST, P_REQUIRED, names),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM("url", P_STR, P_REQUIRED),
	PARAM_END,
};
static const struct param update_params[] = {
	PARAM("description", P_STR, P_EMPTY),
	PARAM("disabled", P_BOOL, 0),
	PARAM_OF("enabled_events", P_LIST, 0, names),
	PARAM("metadata", P_META, P_EMPTY),
	PARAM("url", P_STR, 0),
	PARAM_END,
};
static const struct param list_params[] = {
	PARAMS_PAGE,
	PARAM_END,
};

static enum vt_err
apply(struct call *c, struct doc *d)
{
	static const char *const copied[] = { "api_version", "description",
		"enabled_events", "url", NULL };
	const char *url = json_str_at(c->params, "url");
	bool disabled;

	if (url != NULL && !https_url_allowed(url))
		return call_fail(c, 400, "url_invalid", "url",
		    "Invalid URL: it must be https, or http on this machine.");
	doc_apply(d->body, c->params, copied);
	doc_metadata(c, d->body, c->params);
	if (json_bool(json_get(c->params, "disabled"), &disabled))
		json_put_str(
		    d->body, "status", disabled ? "disabled" : "enabled");
	return VT_OK;
}

/* The secret is told here and never again. */
static enum vt_err
create(struct call *c)
{
	struct doc *d = doc_new(c, R_WEBHOOK_ENDPOINT);
	const char *secret;
	struct json *out;
	enum vt_err err;

	err = apply(c, d);
	if (err == VT_OK)
		err = webhook_roll(c, d, &secret);
	if (err == VT_OK)
		err = render_tree(c, d, &out);
	if (err != VT_OK)
		return err;
	json_put_str(out, "secret", secret);
	c->answer = json_text(c->arena, out);
	return VT_OK;
}

static enum vt_err
retrieve(struct call *c)
{
	return render_stored(c, R_WEBHOOK_ENDPOINT, c->id);
}

static enum vt_err
update(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_WEBHOOK_ENDPOINT, c->id, NULL, &d);
	if (err == VT_OK)
		err = apply(c, d);
	if (err == VT_OK)
		err = doc_save(c, d);
	return err == VT_OK ? render_doc(c, d) : err;
}

static enum vt_err
delete_endpoint(struct call *c)
{
	struct doc *d;
	enum vt_err err;

	err = doc_need(c, R_WEBHOOK_ENDPOINT, c->id, NULL, &d);
	return err == VT_OK ? render_removed(c, d) : err;
}

static enum vt_err
list(struct call *c)
{
	return render_list(c,
	    &(struct list_filter){
		.kind = R_WEBHOOK_ENDPOINT, .delivered = -1 });
}

const struct operation webhook_endpoint_operations[] = {
	{ HTTP_POST, "/v1/webhook_endpoints", create_params, create, 0 },
	{ HTTP_GET, "/v1/webhook_endpoints", list_params, list, 0 },
	{ HTTP_GET, "/v1/webhook_endpoints/{}", params_none, retrieve, 0 },
	{ HTTP_POST, "/v1/webhook_endpoints/{}", update_params, update, 0 },
	{ HTTP_DELETE, "/v1/webhook_endpoints/{}", params_none, delete_endpoint,
	    0 },
	{ 0 },
};
