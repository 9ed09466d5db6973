/* box: see box.h. */
#include "core/box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "core/delivery.h"
#include "core/idempotency.h"
#include "core/ids.h"
#include "core/schema.h"

/* What Stripe's own webhooks call themselves. */
#define USER_AGENT "Stripe/1.0 (+https://stripe.com/docs/webhooks)"

void
box_lock(struct box *b)
{
	(void)pthread_mutex_lock(&b->lock); /* not recursive, never fails */
}

void
box_unlock(struct box *b)
{
	(void)pthread_mutex_unlock(&b->lock);
}

const char *
box_setting(
    struct box *b, struct arena *a, const char *name, const char *fallback)
{
	const char *value = fallback;
	struct query q;

	if (db_row(&q, b->db, "SELECT value FROM settings WHERE name = :name",
		DB_TEXT("name", name)) == VT_OK) {
		value = arena_strdup(a, db_text(&q, 0));
		db_done(&q);
	}
	return value;
}

int64_t
box_setting_int(struct box *b, const char *name, int64_t fallback)
{
	struct query q;
	int64_t n = fallback;

	if (db_row(&q, b->db,
		"SELECT CAST(value AS INTEGER) FROM settings WHERE name = "
		":name",
		DB_TEXT("name", name)) == VT_OK) {
		n = db_int(&q, 0);
		db_done(&q);
	}
	return n;
}

void
box_set(struct box *b, const char *name, const char *value)
{
	enum vt_err err;

	if (value == NULL)
		err = db_exec(b->db, "DELETE FROM settings WHERE name = :name",
		    DB_TEXT("name", name));
	else
		err = db_exec(b->db,
		    "INSERT INTO settings (name, value) VALUES (:name, "
		    ":value) ON CONFLICT (name) DO UPDATE SET value = "
		    "excluded.value",
		    DB_TEXT("name", name), DB_TEXT("value", value));
	if (err != VT_OK)
		LOG(LOG_ERROR, "sandbox.setting_lost", LOG_S("name", name));
}

void
box_set_int(struct box *b, const char *name, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	box_set(b, name, text);
}

enum vt_err
box_reset(struct box *b)
{
	/* What belongs to the sign-in stays: its key, where its webhooks go,
	 * and which users were deleted, whose ids must not come back. */
	static const char *const sql[] = {
		"DELETE FROM objects",
		"DELETE FROM deliveries",
		"DELETE FROM idempotency",
		"DELETE FROM requests",
		"DELETE FROM settings WHERE name NOT LIKE 'clerk.%'",
	};
	enum vt_err err = VT_OK;

	for (size_t i = 0; i < countof(sql) && err == VT_OK; i++)
		err = db_exec(b->db, sql[i]);
	return err;
}

/* The key that signs session tokens: made once, kept with the rest. */
static void
load_key(struct box *b)
{
	const char *pem = box_setting(b, b->arena, "clerk.key", NULL);

	if (pem != NULL && jwt_key_private_from_pem(pem, &b->key) != VT_OK)
		pem = NULL;
	if (pem == NULL) {
		if (jwt_key_generate(&b->key) != VT_OK)
			config_die(
			    "VANTAGE_SANDBOX_DB", "no signing key can be made");
		box_set(b, "clerk.key", jwt_key_private_pem(b->arena, b->key));
		box_set(b, "clerk.kid", ids_make(b->arena, "ins_", '2', 27));
	}
	b->kid = box_setting(b, b->arena, "clerk.kid", "ins_sandbox");
}

/* An origin: what stands before the path, without a closing slash. */
static const char *
origin(struct arena *a, const char *url)
{
	char *text = arena_strdup(a, url);
	size_t n = strlen(text);

	while (n > 0 && text[n - 1] == '/')
		text[--n] = '\0';
	return text;
}

/* A file of a version that knew no test clocks gets the column for them. */
static enum vt_err
add_clock_column(struct db *db)
{
	struct query q;
	enum vt_err err;

	err = db_row(&q, db,
	    "SELECT 1 FROM pragma_table_info('objects') AS all_columns WHERE "
	    "name = 'seq' AND NOT EXISTS (SELECT 1 FROM "
	    "pragma_table_info('objects') WHERE name = 'clock')");
	if (err == VT_NOTFOUND)
		return VT_OK;
	if (err != VT_OK)
		return err;
	db_done(&q);
	return db_script(db, "ALTER TABLE objects ADD COLUMN clock TEXT;");
}

static struct db *
open_db(const char *path)
{
	struct db *db;

	if (db_open(path, DB_PRIVATE, &db) != VT_OK)
		config_die("VANTAGE_SANDBOX_DB", "the file cannot be opened");
	/* See box.h: what is lost with the power is not worth waiting for. */
	if (db_script(db, "PRAGMA synchronous = OFF;") != VT_OK ||
	    add_clock_column(db) != VT_OK || db_script(db, schema_sql) != VT_OK)
		config_die("VANTAGE_SANDBOX_DB", "the file is not a sandbox's");
	return db;
}

struct box *
box_open(void)
{
	struct arena *a = arena_new();
	struct box *b = arena_alloc(a, sizeof(*b));
	pthread_condattr_t attr;

	b->arena = a;
	b->origin = origin(a, config_need("VANTAGE_SANDBOX_URL"));
	b->site = origin(
	    a, config_get("VANTAGE_PUBLIC_URL", "http://127.0.0.1:8080"));
	b->db = open_db(config_need("VANTAGE_SANDBOX_DB"));
	b->https = https_new(USER_AGENT);
	(void)pthread_mutex_init(&b->lock, NULL); /* cannot fail on Linux */
	(void)pthread_mutex_init(&b->hang_lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&b->hang_over, &attr);
	(void)pthread_condattr_destroy(&attr);
	b->inflight = inflight_new(a);
	b->delivery = delivery_new(b);
	load_key(b);
	return b;
}

void
box_close(struct box *b)
{
	if (b == NULL)
		return;
	delivery_free(b->delivery);
	inflight_free(b->inflight);
	jwt_key_free(b->key);
	https_free(b->https);
	db_close(b->db);
	(void)pthread_cond_destroy(&b->hang_over);
	(void)pthread_mutex_destroy(&b->hang_lock);
	(void)pthread_mutex_destroy(&b->lock);
	arena_free(b->arena);
}
