/* state: see state.h. */
#include "desk/state.h"

#include <string.h>

#include "base/clock.h"
#include "desk/shift.h"

#define RECENT_ROWS 30 /* events and deliveries */
#define RECENT_FEW 8   /* payments and customers */
#define SECRET_SHOWN 4 /* the end of a webhook secret */

/* A payment, with what became of it after it was paid. */
#define PAYMENTS_SQL                                                           \
	"SELECT p.id, p.created, json_extract(p.body, '$.amount'), "           \
	"json_extract(p.body, '$.currency'), json_extract(p.body, "            \
	"'$.status'), p.customer, json_extract(c.body, '$.amount_refunded'), " \
	"(SELECT json_extract(d.body, '$.status') FROM objects AS d WHERE "    \
	"d.kind = 'dispute' AND json_extract(d.body, '$.payment_intent') = "   \
	"p.id ORDER BY d.seq DESC LIMIT 1) FROM objects AS p LEFT JOIN "       \
	"objects AS c ON c.id = json_extract(p.body, '$.latest_charge') "
#define PAYMENTS_MEMBERS                                                       \
	{                                                                      \
		"id", "#created", "#amount", "currency", "status", "customer", \
		    "#amount_refunded", "dispute", NULL                        \
	}

/* One list of the state: a query, and how a row of it looks. */
struct part {
	const char *name;
	const char *sql;
	int64_t rows;
	/* The members in the query's order; '#' before a number's name. */
	const char *members[10];
};

static const struct part parts[] = {
	{ "events",
	    "SELECT id, type, created, json_extract(body, "
	    "'$.data.object.id') FROM objects WHERE kind = 'event' ORDER BY "
	    "seq DESC LIMIT :rows",
	    RECENT_ROWS, { "id", "type", "#created", "object" } },
	{ "deliveries",
	    "SELECT d.id, d.event, o.type, d.endpoint, CASE WHEN d.held = 1 "
	    "THEN 'held' ELSE d.state END, d.tries, d.next_at / 1000, "
	    "d.status, d.error FROM deliveries AS d LEFT JOIN objects AS o ON "
	    "o.id = d.event ORDER BY d.id DESC LIMIT :rows",
	    RECENT_ROWS,
	    { "#id", "event", "type", "endpoint", "state", "#tries", "#next_at",
		"#status", "error" } },
	{ "payments",
	    PAYMENTS_SQL "WHERE p.kind = 'payment_intent' ORDER BY p.seq DESC "
			 "LIMIT :rows",
	    RECENT_FEW, PAYMENTS_MEMBERS },
	{ "customers",
	    "SELECT o.id, json_extract(o.body, '$.name'), json_extract(o.body,"
	    " '$.email'), s.value FROM objects AS o LEFT JOIN settings AS s "
	    "ON s.name = 'card.' || o.id WHERE o.kind = 'customer' AND "
	    "o.deleted = 0 ORDER BY o.seq DESC LIMIT :rows",
	    RECENT_FEW, { "id", "name", "email", "card" } },
};

/* The row that a query is at, as an object. */
static void
put_row(struct query *q, const char *const *members, struct json *o)
{
	for (int i = 0; members[i] != NULL; i++)
		if (members[i][0] == '#')
			json_put_int(o, members[i] + 1, db_int(q, i));
		else
			json_put_str(o, members[i], db_text(q, i));
}

static void
put_part(struct call *c, struct json *out, const struct part *p)
{
	struct json *list = json_put_array(out, p->name);
	struct query q;

	if (db_query(&q, c->box->db, p->sql, DB_INT("rows", p->rows)) == VT_OK)
		while (db_step(&q) == VT_OK)
			put_row(&q, p->members, json_add_object(list));
	db_done(&q);
}

struct json *
state_payment(struct call *c, const char *intent)
{
	static const char *const members[] = PAYMENTS_MEMBERS;
	struct json *o = json_object(c->arena);
	struct query q;

	if (db_row(&q, c->box->db, PAYMENTS_SQL "WHERE p.id = :id",
		DB_TEXT("id", intent)) == VT_OK) {
		put_row(&q, members, o);
		db_done(&q);
	}
	return o;
}

/* "…a1B2", which tells secrets apart and signs nothing. */
static const char *
masked(struct arena *a, const char *secret)
{
	size_t n = secret == NULL ? 0 : strlen(secret);

	return arena_printf(a, "whsec_\u2026%s",
	    n > 4 * (size_t)SECRET_SHOWN ? secret + n - SECRET_SHOWN : "");
}

static void
put_endpoints(struct call *c, struct json *out)
{
	struct json *list = json_put_array(out, "endpoints"), *o;
	struct query q;

	if (db_query(&q, c->box->db,
		"SELECT id, json_extract(body, '$.url'), json_extract(body, "
		"'$.status'), json_extract(hidden, '$.secret'), "
		"coalesce(json_extract(hidden, '$.old_until'), 0), "
		"json_array_length(body, '$.enabled_events'), "
		"json_extract(body, '$.enabled_events[0]') FROM objects WHERE "
		"kind = 'webhook_endpoint' AND deleted = 0 ORDER BY seq "
		"DESC") == VT_OK)
		while (db_step(&q) == VT_OK) {
			o = json_add_object(list);
			json_put_str(o, "id", db_text(&q, 0));
			json_put_str(o, "url", db_text(&q, 1));
			json_put_str(o, "status", db_text(&q, 2));
			json_put_str(
			    o, "secret", masked(c->arena, db_text(&q, 3)));
			json_put_bool(
			    o, "old_signs_too", clock_now_s() < db_int(&q, 4));
			json_put_int(o, "events", db_int(&q, 5));
			json_put_str(o, "first_event", db_text(&q, 6));
		}
	db_done(&q);
}

/* How many of what there are, under `name`. */
static void
put_counts(struct call *c, struct json *out, const char *name, const char *sql)
{
	struct json *counts = json_put_object(out, name);
	struct query q;

	if (db_query(&q, c->box->db, sql) == VT_OK)
		while (db_step(&q) == VT_OK)
			json_put_int(counts, db_text(&q, 0), db_int(&q, 1));
	db_done(&q);
}

static void
put_clock(struct json *out)
{
	char now[CLOCK_TEXT_BYTES];
	int64_t ms = clock_now_ms();

	clock_format(ms, now);
	json_put_str(out, "clock", now);
	json_put_int(out, "clock_ms", ms);
	json_put_int(out, "shift_ms", clock_shift_ms());
	json_put_bool(out, "clock_moves", shift_possible());
}

static void
put_modes(struct call *c, struct json *out)
{
	struct json *modes = json_put_object(out, "modes");
	struct box *b = c->box;

	json_put_str(
	    modes, "outage", box_setting(b, c->arena, "outage", "off"));
	json_put_int(
	    modes, "outage_count", box_setting_int(b, "outage.count", 0));
	json_put_str(modes, "outage_path",
	    box_setting(b, c->arena, "outage.path", NULL));
	json_put_int(modes, "latency_ms", box_setting_int(b, "latency", 0));
	json_put_str(
	    modes, "events", box_setting(b, c->arena, "events", "deliver"));
	json_put_int(modes, "events_n", box_setting_int(b, "events.n", 0));
}

struct json *
state_read(struct call *c)
{
	struct json *out = json_object(c->arena);

	json_put_str(out, "api_version", BOX_API_VERSION);
	put_clock(out);
	put_modes(c, out);
	put_counts(c, out, "objects",
	    "SELECT kind, count(*) FROM objects WHERE deleted = 0 AND kind "
	    "NOT IN ('message', 'session') GROUP BY kind");
	put_counts(c, out, "deliveries_by_state",
	    "SELECT CASE WHEN held = 1 THEN 'held' ELSE state END, count(*) "
	    "FROM deliveries GROUP BY 1");
	for (size_t i = 0; i < countof(parts); i++)
		put_part(c, out, &parts[i]);
	put_endpoints(c, out);
	return out;
}
