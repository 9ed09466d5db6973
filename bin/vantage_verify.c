/*
 * vantage verify: the books prove themselves. One snapshot is read while
 * everything goes on: the schema, the ledger, and the ledger against what
 * was ordered and told.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/config.h"
#include "billing/proof.h"
#include "ledger/verify.h"
#include "store/migrate.h"
#include "store/readers.h"
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
	bar_clear(v);
	return err;
}

static enum vt_err
read_snapshot(struct verify_run *v, struct vt_problem *p)
{
	struct readers *readers = NULL;
	struct instance instance;
	enum vt_err err;

	err = migrate_check(v->path, &instance, p);
	if (err != VT_OK)
		return err;
	err = readers_open(v->path, &readers);
	if (err == VT_OK)
		err = readers_run(readers, read_all, NULL, v, p);
	readers_close(readers);
	return err;
}

/* ---- the end ------------------------------------------------------------- */

static int64_t
faults(const struct verify_run *v)
{
	return v->schema_faults + v->ledger.faults + v->proof.faults;
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
	if (faults(v) == 0)
		(void)printf("the books are in order\n");
	else
		(void)printf("%" PRId64 " faults\n", faults(v));
}

static int
verify(struct verify_run *v)
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
	err = read_snapshot(v, &p);
	if (err != VT_OK)
		return command_failed(err, &p);
	if (v->json)
		print_json(v, root);
	else
		print_text(v);
	return faults(v) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
run(int argc, char **argv)
{
	struct verify_run v = { 0 };
	int status;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			v.json = true;
		else if (strcmp(argv[i], "--db") == 0 && i + 1 < argc)
			v.path = argv[++i];
		else
			return command_usage(&command_verify);
	if (v.path == NULL)
		v.path = config_need("VANTAGE_DB");
	v.bar = !v.json && isatty(STDERR_FILENO) == 1;
	v.arena = arena_new();
	status = verify(&v);
	arena_free(v.arena);
	return status;
}

const struct command command_verify = {
	.name = "verify",
	.arguments = "[--json] [--db FILE]",
	.purpose = "prove the books, and the books against the orders",
	.run = run,
};
