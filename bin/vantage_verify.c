/*
 * vantage verify: the books prove themselves. One snapshot is read while
 * everything goes on: the schema, the ledger, the ledger against what was
 * ordered and told, and the chain against the heads that keeper has signed,
 * which alone show that all of it was written anew.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "billing/proof.h"
#include "ledger/heads.h"
#include "ledger/statement_keys.h"
#include "ledger/verify.h"
#include "store/migrate.h"
#include "text/json.h"
#include "vantage.h"

#define SHOWN_MAX 200 /* faults and notes told one by one; all are counted */
#define BAR_COLUMNS 40

struct verify_run {
	const char *path;
	bool json, bar;
	struct arena *arena;
	struct json *faults, *notes; /* arrays of the answer, when json */
	int64_t schema_faults, shown;
	bool ahead; /* the database knows steps that this program does not */
	struct verify_report ledger;
	struct proof_report proof;
	const char *folder; /* of signed heads; NULL: none is looked at */
	const char *key;    /* that must have signed them; NULL: a known one */
	struct heads_check heads;
};

/* ---- telling ------------------------------------------------------------- */

static void
bar_clear(const struct verify_run *v)
{
	if (v->bar)
		(void)fputs("\r\033[K", stderr);
}

static void
on_progress(int64_t done, int64_t total, void *arg)
{
	struct verify_run *v = arg;
	char bar[BAR_COLUMNS + 1];
	int full;

	if (!v->bar || total == 0)
		return;
	full = (int)(done * BAR_COLUMNS / total);
	memset(bar, '-', BAR_COLUMNS);
	memset(bar, '#', (size_t)full);
	bar[BAR_COLUMNS] = '\0';
	(void)fprintf(stderr, "\r[%s] %d %%", bar, (int)(done * 100 / total));
}

static void
tell(struct verify_run *v, struct json *list, const char *code,
    const char *sentence, const char *what)
{
	struct json *item;

	if (v->shown++ >= SHOWN_MAX)
		return;
	if (v->json) {
		item = json_add_object(list);
		json_put_str(item, "code", code);
		json_put_str(item, "message", sentence);
		return;
	}
	bar_clear(v);
	(void)printf("%s %s: %s\n", what, code, sentence);
}

static void
on_fault(const char *code, const char *sentence, void *arg)
{
	struct verify_run *v = arg;

	tell(v, v->faults, code, sentence, "fault");
}

static void
on_note(const char *code, const char *sentence, void *arg)
{
	struct verify_run *v = arg;

	tell(v, v->notes, code, sentence, "note");
}

static void
on_difference(const char *how, const char *type, const char *name, void *arg)
{
	struct verify_run *v = arg;
	char sentence[256];

	(void)snprintf(sentence, sizeof(sentence),
	    "The %s %s of the schema is %s.", type, name,
	    strcmp(how, "added") == 0 ? "not ours" : how);
	v->schema_faults++;
	on_fault("schema.differs", sentence, v);
}

/* ---- the read ------------------------------------------------------------ */

static enum vt_err
read_all(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct verify_run *v = out;
	enum vt_err err;

	(void)in, (void)p; /* everything is in v */
	err = migrate_compare(db, on_difference, v);
	v->ahead = err == VT_NOTFOUND;
	if (v->ahead) {
		on_note("schema.ahead",
		    "The database is newer than this program; its schema was "
		    "not compared.",
		    v);
		err = VT_OK;
	}
	if (err == VT_OK)
		err = ledger_verify(db, &v->ledger);
	if (err == VT_OK)
		err = billing_proof(db, &v->proof);
	if (err == VT_OK)
		err = heads_verify(db, &v->heads);
	bar_clear(v);
	return err;
}

/* ---- the signed heads ---------------------------------------------------- */

/* Of one key that the caller named, or of any that was ever keeper's. */
static bool
trusted(struct db *db, const char *key, void *arg)
{
	const struct verify_run *v = arg;
	bool known = false;

	if (v->key != NULL)
		return strcmp(v->key, key) == 0;
	return statement_key_known(db, key, &known) == VT_OK && known;
}

/*
 * Before the snapshot is taken, so that no head is of later than it. A folder
 * that nobody named need not be there.
 */
static enum vt_err
list_heads(struct verify_run *v, bool named, struct vt_problem *p)
{
	enum vt_err err;

	v->heads.trusted = trusted;
	v->heads.fault = on_fault;
	v->heads.arg = v;
	if (v->folder == NULL)
		return VT_OK;
	err = heads_list(v->arena, v->folder, &v->heads.files, &v->heads.count);
	if (err == VT_OK)
		return VT_OK;
	if (!named && errno == ENOENT) {
		v->folder = NULL;
		return VT_OK;
	}
	return vt_problem(p, err, "no_heads", NULL,
	    "The folder of signed heads %s cannot be read: %s.", v->folder,
	    strerror(errno));
}

static const struct chain_head *
newest_head(const struct verify_run *v)
{
	size_t n = v->heads.count;

	return n > 0 && v->heads.files[n - 1].good ? &v->heads.files[n - 1].head
						   : NULL;
}

static void
put_heads(struct verify_run *v, struct json *root)
{
	const struct chain_head *newest = newest_head(v);
	struct json *o = json_put_object(root, "heads");
	char at[CLOCK_TEXT_BYTES];

	json_put_str(o, "folder", v->folder);
	json_put_int(o, "checked", (int64_t)v->heads.count);
	json_put_int(o, "fault_count", v->heads.faults);
	json_put_null(o, "newest_movement");
	json_put_null(o, "newest_at");
	if (newest == NULL)
		return;
	clock_format_ms(newest->at_ms, at);
	json_put_int(o, "newest_movement", newest->movement);
	json_put_str(o, "newest_at", at);
}

static void
print_heads(const struct verify_run *v)
{
	const struct chain_head *newest = newest_head(v);
	char at[CLOCK_TEXT_BYTES];

	if (v->folder == NULL) {
		(void)printf("no signed heads were compared\n");
		return;
	}
	(void)printf("compared with %zu signed head%s", v->heads.count,
	    v->heads.count == 1 ? "" : "s");
	if (newest != NULL) {
		clock_format_ms(newest->at_ms, at);
		(void)printf(", the newest of movement %" PRId64 " at %s",
		    newest->movement, at);
	}
	(void)putchar('\n');
}

/* ---- the end ------------------------------------------------------------- */

static int64_t
faults(const struct verify_run *v)
{
	return v->schema_faults + v->ledger.faults + v->proof.faults +
	    v->heads.faults;
}

static void
head_text(const struct verify_run *v, char out[static 65])
{
	for (size_t i = 0; i < sizeof(v->ledger.head); i++)
		(void)snprintf(out + i * 2, 3, "%02x", v->ledger.head[i]);
}

static void
print_json(struct verify_run *v, struct json *root)
{
	struct json *counts;
	char head[65];

	head_text(v, head);
	json_put_bool(root, "ok", faults(v) == 0);
	json_put_str(root, "database", v->path);
	json_put_int(root, "fault_count", faults(v));
	json_put_int(root, "note_count", v->proof.notes + v->ahead);
	json_put_str(root, "head", head);
	counts = json_put_object(root, "counts");
	json_put_int(counts, "movements", v->ledger.movements);
	json_put_int(counts, "entries", v->ledger.entries);
	json_put_int(counts, "accounts", v->ledger.accounts);
	json_put_int(counts, "lots", v->ledger.lots);
	json_put_int(counts, "transactions", v->ledger.transactions);
	json_put_int(counts, "orders", v->proof.orders);
	json_put_int(counts, "grants", v->proof.grants);
	json_put_int(counts, "events", v->proof.events);
	put_heads(v, root);
	(void)puts(json_text(v->arena, root));
}

static void
print_text(const struct verify_run *v)
{
	char head[65];

	head_text(v, head);
	if (v->shown > SHOWN_MAX)
		(void)printf("and %" PRId64 " more\n", v->shown - SHOWN_MAX);
	(void)printf("read %" PRId64 " movements, %" PRId64 " entries, %" PRId64
		     " accounts, %" PRId64 " lots, %" PRId64
		     " transactions, %" PRId64 " orders, %" PRId64
		     " grants, %" PRId64 " events\n",
	    v->ledger.movements, v->ledger.entries, v->ledger.accounts,
	    v->ledger.lots, v->ledger.transactions, v->proof.orders,
	    v->proof.grants, v->proof.events);
	(void)printf("head of the chain: %s\n", head);
	print_heads(v);
	if (faults(v) == 0)
		(void)printf("the books are in order\n");
	else
		(void)printf("%" PRId64 " faults\n", faults(v));
}

static int
verify(struct verify_run *v, bool named)
{
	struct json *root = json_object(v->arena);
	struct vt_problem p = { 0 };
	enum vt_err err;

	v->faults = json_put_array(root, "faults");
	v->notes = json_put_array(root, "notes");
	v->ledger.fault = on_fault;
	v->ledger.progress = on_progress;
	v->ledger.arg = v;
	v->proof.fault = on_fault;
	v->proof.note = on_note;
	v->proof.arg = v;
	err = list_heads(v, named, &p);
	if (err == VT_OK)
		err = command_read_from(v->path, read_all, NULL, v, &p);
	if (err != VT_OK)
		return command_failed(err, &p);
	if (v->json)
		print_json(v, root);
	else
		print_text(v);
	return faults(v) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* False: a word that is no option, or an option without its value. */
static bool
read_options(struct verify_run *v, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			v->json = true;
		else if (strcmp(argv[i], "--db") == 0 && i + 1 < argc)
			v->path = argv[++i];
		else if (strcmp(argv[i], "--heads") == 0 && i + 1 < argc)
			v->folder = argv[++i];
		else if (strcmp(argv[i], "--key") == 0 && i + 1 < argc)
			v->key = argv[++i];
		else
			return false;
	return v->key == NULL || ed25519_public_valid(v->key);
}

static int
run(int argc, char **argv)
{
	struct verify_run v = { 0 };
	bool named;
	int status;

	if (!read_options(&v, argc, argv))
		return command_usage(&command_verify);
	v.arena = arena_new();
	named = v.folder != NULL;
	/* A copy is older than what was signed since, so only if asked for. */
	if (v.path == NULL && !named)
		v.folder = heads_folder(v.arena);
	if (v.path == NULL)
		v.path = config_need("VANTAGE_DB");
	v.bar = !v.json && isatty(STDERR_FILENO) == 1;
	status = verify(&v, named);
	arena_free(v.arena);
	return status;
}

const struct command command_verify = {
	.name = "verify",
	.arguments = "[--json] [--db file] [--heads folder] [--key public]",
	.purpose = "prove the books, against the orders and the signed heads",
	.run = run,
};
