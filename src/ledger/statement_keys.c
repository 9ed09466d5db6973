/* statement_keys: see statement_keys.h. */
#include "ledger/statement_keys.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/files.h"

#define FILE_MODE 0400
#define SECRET_BYTES_MIN 32 /* anything shorter is surely none */

enum { NEWEST, KNOWN, ADD, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[NEWEST] = "SELECT key FROM statement_keys ORDER BY id DESC LIMIT 1",
	[KNOWN] = "SELECT 1 FROM statement_keys WHERE key = :key LIMIT 1",
	[ADD] = "INSERT INTO statement_keys (key, since) VALUES (:key, :now)",
};

/* ---- the file ------------------------------------------------------------ */

/* Where it is without a setting; NULL: there is no such place. */
static const char *
default_path(struct arena *a)
{
	const char *state = config_get("VANTAGE_STATE", NULL);

	return state == NULL ? NULL
			     : arena_printf(a, "%s/statement.key", state);
}

static struct secret *
load(void)
{
	struct secret *s =
	    secret_load("VANTAGE_STATEMENT_KEY", SECRET_BYTES_MIN);
	struct arena *a = arena_new();
	const char *path = default_path(a);

	if (s == NULL && path == NULL)
		config_die("VANTAGE_STATEMENT_KEY",
		    "it is needed and is not set, nor is VANTAGE_STATE");
	if (s == NULL)
		s = secret_read(
		    "VANTAGE_STATEMENT_KEY", path, SECRET_BYTES_MIN);
	arena_free(a);
	return s;
}

struct ed25519_key *
statement_key_need(void)
{
	struct secret *text = load();
	struct ed25519_key *k = NULL;
	enum vt_err err;

	err = ed25519_key_parse(text, &k);
	secret_free(text);
	if (err != VT_OK)
		config_die("VANTAGE_STATEMENT_KEY",
		    "it must be ed25519-seed: and 32 bytes in base64");
	return k;
}

static enum vt_err
write_key(struct arena *a, const char *path)
{
	struct ed25519_key *k = ed25519_key_new();
	struct secret *text = ed25519_key_text(k);
	enum vt_err err;

	err = files_write_new(arena_printf(a, "%s.unfinished", path), path,
	    FILE_MODE, secret_text(text), secret_bytes(text));
	secret_free(text);
	ed25519_key_free(k);
	return err;
}

/* Where a file is looked for; NULL: nowhere, or the key is no file. */
static const char *
wanted_path(struct arena *a)
{
	char *file = config_file("VANTAGE_STATEMENT_KEY");
	const char *path = NULL;
	struct secret *s = NULL;

	if (file != NULL)
		path = arena_strdup(a, file);
	else if ((s = secret_load("VANTAGE_STATEMENT_KEY", 0)) == NULL)
		path = default_path(a);
	secret_free(s);
	free(file);
	return path;
}

enum vt_err
statement_key_make(struct arena *a, const char **path)
{
	enum vt_err err;

	*path = wanted_path(a);
	if (*path != NULL && access(*path, F_OK) == 0)
		*path = NULL;
	if (*path == NULL)
		return VT_OK;
	err = write_key(a, *path);
	if (err != VT_CONFLICT)
		return err;
	*path = NULL; /* somebody was quicker, and that one is the key */
	return VT_OK;
}

/* ---- the rows ------------------------------------------------------------ */

enum vt_err
statement_key_newest(struct db *db, char out[static ED25519_PUBLIC_BYTES])
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[NEWEST]);
	if (err != VT_OK)
		return err;
	if (!db_copy(&q, 0, out, ED25519_PUBLIC_BYTES))
		err = VT_DB;
	db_done(&q);
	return err;
}

enum vt_err
statement_key_known(struct db *db, const char *key, bool *known)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[KNOWN], DB_TEXT("key", key));
	*known = err == VT_OK;
	db_done(&q);
	return err == VT_NOTFOUND ? VT_OK : err;
}

enum vt_err
statement_key_announce(
    struct db *db, const char *key, int64_t now_ms, bool *news)
{
	char newest[ED25519_PUBLIC_BYTES];
	enum vt_err err;

	err = statement_key_newest(db, newest);
	if (err != VT_OK && err != VT_NOTFOUND)
		return err;
	*news = err == VT_NOTFOUND || strcmp(newest, key) != 0;
	if (!*news)
		return VT_OK;
	return db_exec(
	    db, sql[ADD], DB_TEXT("key", key), DB_INT("now", now_ms));
}
