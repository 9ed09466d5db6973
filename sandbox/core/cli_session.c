/*
 * cli_session: POST /v1/stripecli/sessions, by which `stripe listen` begins
 * and `stripe listen --print-secret` ends. The socket that would follow is
 * not served here: an endpoint gets its webhooks without the CLI's help.
 */
#include "core/ids.h"
#include "core/operation.h"

#define SECRET_CHARS 64
#define DELAY_S 10

static const struct param features[] = { PARAM("", P_STR, 0) };
static const struct param create_params[] = {
	PARAM("device_name", P_STR, 0),
	PARAM("device_token", P_STR, 0),
	PARAM("filters", P_STR, 0),
	PARAM("websocket_feature", P_STR, 0),
	PARAM_OF("websocket_features", P_LIST, 0, features),
	PARAM_END,
};

/* The same on every machine's every run, until all is forgotten. */
static const char *
secret(struct call *c)
{
	const char *kept = box_setting(c->box, c->arena, "cli.secret", NULL);

	if (kept != NULL)
		return kept;
	kept = arena_printf(
	    c->arena, "whsec_%s", ids_random(c->arena, SECRET_CHARS));
	box_set(c->box, "cli.secret", kept);
	return kept;
}

static enum vt_err
create(struct call *c)
{
	struct json *out = json_object(c->arena);

	json_put_str(out, "default_version", BOX_API_VERSION);
	json_put_str(
	    out, "device_token", ids_make(c->arena, "device_", '\0', 24));
	json_put_bool(out, "display_connect_filter_warning", false);
	json_put_str(out, "latest_version", BOX_API_VERSION);
	json_put_int(out, "reconnect_delay", DELAY_S);
	json_put_str(out, "secret", secret(c));
	json_put_str(out, "websocket_authorized_feature", "webhooks");
	json_put_str(
	    out, "websocket_id", ids_make(c->arena, "cliws_", '\0', 24));
	json_put_str(out, "websocket_url",
	    arena_printf(
		c->arena, "%s/v1/stripecli/websocket", c->box->origin));
	c->answer = json_text(c->arena, out);
	return VT_OK;
}

const struct operation cli_session_operations[] = {
	{ HTTP_POST, "/v1/stripecli/sessions", create_params, create, 0 },
	{ 0 },
};
