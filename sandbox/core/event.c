/* event: see event.h. */
#include "core/event.h"

#include <string.h>

#include "core/delivery.h"

#define DEPTH_MAX 64

/* True if the endpoint asked for this type, or for everything. */
static bool
wants(const struct json *endpoint, const char *type)
{
	const struct json *list = json_get(endpoint, "enabled_events");

	for (const struct json *j = json_first(list); j != NULL;
	     j = json_next(j))
		if (strcmp(json_str(j), "*") == 0 ||
		    strcmp(json_str(j), type) == 0)
			return true;
	return false;
}

/* Queues the event for the endpoints that want it. */
static enum vt_err
fan_out(struct call *c, const char *event, const char *type)
{
	const char *ids[64];
	const struct json *j;
	size_t count = 0;
	struct query q;
	enum vt_err err;

	err = db_query(&q, c->box->db,
	    "SELECT id, body FROM objects WHERE kind = 'webhook_endpoint' "
	    "ORDER BY seq");
	while (err == VT_OK && (err = db_step(&q)) == VT_OK) {
		const char *body = db_text(&q, 1);

		if (json_parse(c->arena, body, strlen(body), DEPTH_MAX, &j,
			NULL) == VT_OK &&
		    strcmp(json_str_at(j, "status"), "enabled") == 0 &&
		    wants(j, type) && count < countof(ids))
			ids[count++] = arena_strdup(c->arena, db_text(&q, 0));
	}
	db_done(&q);
	if (err != VT_NOTFOUND)
		return err;
	err = VT_OK;
	for (size_t i = 0; i < count && err == VT_OK; i++)
		err = delivery_add(c, event, ids[i]);
	return err;
}

static enum vt_err
emit(struct call *c, const char *type, const struct doc *d,
    const struct json *changes)
{
	struct doc *e = doc_new(c, R_EVENT);
	struct json *data = json_put_object(e->body, "data");
	struct json *request = json_put_object(e->body, "request");
	enum vt_err err;

	json_put_copy(data, "object", d->body);
	if (changes != NULL)
		json_put_copy(data, "previous_attributes", changes);
	json_put_str(request, "id", c->request_id);
	json_put_str(request, "idempotency_key", c->idempotency_key);
	json_put_str(e->body, "type", type);
	err = doc_save(c, e);
	return err == VT_OK ? fan_out(c, e->id, type) : err;
}

static const struct json *
changes_of(struct call *c, const struct doc *d)
{
	const struct json *before;

	if (d->before == NULL ||
	    json_parse(c->arena, d->before, strlen(d->before), DEPTH_MAX,
		&before, NULL) != VT_OK)
		return NULL;
	return doc_changes(c, before, d->body);
}

enum vt_err
event_emit(struct call *c, const char *type, const struct doc *d)
{
	return emit(c, type, d, NULL);
}

enum vt_err
event_updated(struct call *c, const char *type, const struct doc *d)
{
	const struct json *changes = changes_of(c, d);

	return changes == NULL ? VT_OK : emit(c, type, d, changes);
}
