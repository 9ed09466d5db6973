/*
 * vantage check-statement: what a signed statement or a signed head attests,
 * and whether it does. It needs no network and no database: a key that the
 * caller knows to be ours is enough. With a database it also says whether
 * the chain still holds what was signed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/files.h"
#include "ledger/statement.h"
#include "ledger/statement_keys.h"
#include "text/json.h"
#include "vantage.h"

#define FILE_BYTES_MAX (16 * 1024 * 1024) /* as statement.c writes at most */
#define DOCUMENTS_MAX 2 /* a statement and the head beside it */
#define PROBLEMS_MAX 6
#define SENTENCE_BYTES 384

/* One signed text, and what was found out about it. */
struct document {
	struct signed_text signed_text;
	enum signed_kind kind;
	struct statement statement; /* of a head only .head is filled in */
	bool read;		    /* it could be taken apart */
	bool known_key;		    /* of the database */
	enum chain_fit fit;	    /* likewise */
	char fit_sentence[CHAIN_FIT_BYTES];
	char problems[PROBLEMS_MAX][SENTENCE_BYTES];
	size_t problems_count;
};

struct check {
	struct arena *arena;
	const char *path, *key, *db; /* key and db may be NULL */
	bool json;
	struct document documents[DOCUMENTS_MAX];
	size_t count;
};

static void
add_problem(struct document *d, const char *fmt, ...) VT_PRINTF(2, 3);

static void
add_problem(struct document *d, const char *fmt, ...)
{
	va_list ap;

	if (d->problems_count == PROBLEMS_MAX)
		return; /* the others are enough to refuse it */
	va_start(ap, fmt);
	(void)vsnprintf(
	    d->problems[d->problems_count++], SENTENCE_BYTES, fmt, ap);
	va_end(ap);
}

/* ---- the file ------------------------------------------------------------ */

/* A pair of members; false when the object has none. */
static bool
add_pair(struct check *c, const struct json *o)
{
	const char *text = json_str_at(o, "statement");
	const char *signature = json_str_at(o, "signature");

	if (text == NULL || signature == NULL)
		return false;
	c->documents[c->count++].signed_text =
	    (struct signed_text){ text, signature };
	return true;
}

/* The answer of POST /api/tokens/statement as it was saved. */
static enum vt_err
read_answer(
    struct check *c, const char *file, size_t bytes, struct vt_problem *p)
{
	const struct json *root, *head;
	enum vt_err err;

	err = json_parse(c->arena, file, bytes, JSON_DEPTH_MAX, &root, p);
	if (err != VT_OK)
		return err;
	if (!add_pair(c, root))
		return vt_problem(p, VT_INVALID, "no_statement", NULL,
		    "%s is JSON, but no answer with a signed statement.",
		    c->path);
	head = json_get(root, "head");
	if (head != NULL && !add_pair(c, head))
		return vt_problem(p, VT_INVALID, "no_statement", NULL,
		    "The head in %s has no signature.", c->path);
	return VT_OK;
}

static enum vt_err
read_documents(struct check *c, struct vt_problem *p)
{
	char *file = arena_alloc(c->arena, FILE_BYTES_MAX);
	enum vt_err err;
	size_t bytes;

	err = files_read(c->path, file, FILE_BYTES_MAX, &bytes);
	if (err == VT_INVALID)
		return vt_problem(p, err, "too_large", NULL,
		    "%s is larger than any statement.", c->path);
	if (err != VT_OK)
		return vt_problem(p, err, "unreadable", NULL,
		    "%s cannot be read: %s.", c->path, strerror(errno));
	if (strlen(file) == bytes && file[strspn(file, " \t\r\n")] == '{')
		return read_answer(c, file, bytes, p);
	if (strlen(file) == bytes &&
	    signed_file_parse(c->arena, file, &c->documents[0].signed_text) ==
		VT_OK) {
		c->count = 1;
		return VT_OK;
	}
	return vt_problem(p, VT_INVALID, "no_statement", NULL,
	    "%s holds no signed text: neither the answer of "
	    "/api/tokens/statement nor a text whose last line is its "
	    "signature.",
	    c->path);
}

/* ---- what can be told without a database --------------------------------- */

static void
take_apart(struct check *c, struct document *d)
{
	const char *text = d->signed_text.text;
	enum vt_err err = VT_INVALID;

	d->kind = signed_kind(text);
	if (d->kind == SIGNED_STATEMENT)
		err = statement_parse(c->arena, text, &d->statement);
	else if (d->kind == SIGNED_HEAD)
		err = chain_head_parse(text, &d->statement.head);
	d->read = err == VT_OK;
	if (d->kind == SIGNED_UNKNOWN)
		add_problem(d, "It is neither a statement nor a head of ours.");
	else if (!d->read)
		add_problem(
		    d, "It is not written as we write it: it was changed.");
}

static void
check_signature(struct document *d)
{
	const struct signed_text *s = &d->signed_text;

	if (!ed25519_verify(
		d->statement.head.key, s->text, strlen(s->text), s->signature))
		add_problem(d,
		    "The signature does not fit: the text was changed after "
		    "it was signed, or another key signed it.");
	if (d->kind == SIGNED_STATEMENT && !statement_adds_up(&d->statement))
		add_problem(d, "Its lots do not make its sums.");
}

/* Nobody is believed for naming himself. */
static void
check_key(const struct check *c, struct document *d)
{
	const char *key = d->statement.head.key;

	if (c->key != NULL && strcmp(c->key, key) != 0)
		add_problem(
		    d, "It was signed by %s, and not by %s.", key, c->key);
	else if (c->key == NULL && c->db == NULL)
		add_problem(d,
		    "Nobody vouches for the key %s, which it names itself: "
		    "give the one that /api/config shows with --key, or a "
		    "database with --db.",
		    key);
	else if (c->key == NULL && !d->known_key)
		add_problem(d,
		    "It was signed by %s, which was never a key of this "
		    "installation.",
		    key);
}

/* The head in an answer is the one that its statement names. */
static void
check_pair(struct check *c)
{
	struct document *d = &c->documents[1];
	const char *ours, *theirs;

	if (c->count < 2 || !c->documents[0].read || !d->read)
		return;
	ours = chain_head_text(c->arena, &c->documents[0].statement.head);
	theirs = chain_head_text(c->arena, &d->statement.head);
	if (d->kind != SIGNED_HEAD || strcmp(ours, theirs) != 0)
		add_problem(d, "It is not the head that the statement names.");
}

/* ---- beside a database --------------------------------------------------- */

static enum vt_err
look_up(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct check *c = out;
	enum vt_err err = VT_OK;

	(void)in, (void)p; /* everything is in c */
	for (size_t i = 0; i < c->count && err == VT_OK; i++) {
		struct document *d = &c->documents[i];
		const struct chain_head *h = &d->statement.head;

		if (!d->read)
			continue;
		err = statement_key_known(db, h->key, &d->known_key);
		if (err == VT_OK)
			err =
			    chain_head_compare(db, h, &d->fit, d->fit_sentence);
	}
	return err;
}

static enum vt_err
check_all(struct check *c, struct vt_problem *p)
{
	enum vt_err err = VT_OK;

	for (size_t i = 0; i < c->count; i++)
		take_apart(c, &c->documents[i]);
	if (c->db != NULL)
		err = command_read_from(c->db, look_up, NULL, c, p);
	for (size_t i = 0; i < c->count && err == VT_OK; i++) {
		struct document *d = &c->documents[i];

		if (!d->read)
			continue;
		check_signature(d);
		check_key(c, d);
		if (c->db != NULL && d->fit != CHAIN_FITS)
			add_problem(d, "%s", d->fit_sentence);
	}
	check_pair(c);
	return err;
}

/* ---- telling ------------------------------------------------------------- */

static const char *
kind_name(const struct document *d)
{
	return d->kind == SIGNED_STATEMENT ? "statement"
	    : d->kind == SIGNED_HEAD	   ? "head"
					   : "unknown";
}

static void
format_hash(const unsigned char *hash, char out[static 65])
{
	for (int i = 0; i < LEDGER_HASH_BYTES; i++)
		(void)snprintf(out + i * 2, 3, "%02x", hash[i]);
}

static void
print_lot(const struct lot *l)
{
	char at[CLOCK_TEXT_BYTES];

	clock_format(l->expires_at, at);
	(void)printf("  %" PRId64 " of %" PRId64 " tokens from %s (%s, %s), "
		     "which %s%s\n",
	    l->left, l->granted, l->tx, l->origin,
	    l->paid ? "paid" : "promotional",
	    l->expires_at == 0 ? "never expire" : "expire at ",
	    l->expires_at == 0 ? "" : at);
}

static void
print_statement(const struct statement *s, const char *at)
{
	(void)printf("Statement %s: at %s the user %s had %" PRId64
		     " tokens available, %" PRId64 " held and %" PRId64
		     " frozen, and owed %" PRId64 ".\n",
	    s->id, at, s->user, s->balance.available, s->balance.held,
	    s->balance.frozen, s->debt);
	for (size_t i = 0; i < s->lots_count; i++)
		print_lot(&s->lots[i]);
	if (s->account_entry > 0)
		(void)printf("The account's last entry was number %" PRId64
			     ", with a balance of %" PRId64 ".\n",
		    s->account_entry, s->account_balance);
}

static void
print_head(const struct document *d, const char *at)
{
	const struct chain_head *h = &d->statement.head;
	char hash[65];

	(void)printf("At %s the books of %s (%s mode) ", at, h->instance,
	    h->livemode ? "live" : "test");
	if (h->movement == 0) {
		(void)printf("were empty.\n");
		return;
	}
	format_hash(h->movement_hash, hash);
	(void)printf("ended with movement %" PRId64 ", whose hash is\n  %s\n",
	    h->movement, hash);
	if (h->debt == 0)
		return;
	format_hash(h->debt_hash, hash);
	(void)printf("and with step %" PRId64
		     " of debts, whose hash is\n  %s\n",
	    h->debt, hash);
}

static void
print_document(const struct check *c, const struct document *d)
{
	const struct chain_head *h = &d->statement.head;
	char at[CLOCK_TEXT_BYTES];

	if (d->read) {
		clock_format_ms(h->at_ms, at);
		if (d->problems_count > 0)
			(void)printf("What the %s says, but see its faults:\n",
			    kind_name(d));
		if (d->kind == SIGNED_STATEMENT)
			print_statement(&d->statement, at);
		print_head(d, at);
		if (c->db != NULL && d->fit == CHAIN_FITS)
			(void)printf("%s\n", d->fit_sentence);
	}
	for (size_t i = 0; i < d->problems_count; i++)
		(void)printf(
		    "fault in the %s: %s\n", kind_name(d), d->problems[i]);
	if (d->problems_count == 0)
		(void)printf("The signature of the %s is good, by the key\n"
			     "  %s\n",
		    kind_name(d), h->key);
}

static void
put_values(struct json *o, const struct document *d)
{
	const struct statement *s = &d->statement;
	char text[65], at[CLOCK_TEXT_BYTES];

	clock_format_ms(s->head.at_ms, at);
	json_put_str(o, "instance", s->head.instance);
	json_put_bool(o, "livemode", s->head.livemode);
	json_put_str(o, "at", at);
	if (d->kind == SIGNED_STATEMENT) {
		json_put_str(o, "statement_id", s->id);
		json_put_str(o, "user", s->user);
		json_put_int(o, "available", s->balance.available);
		json_put_int(o, "held", s->balance.held);
		json_put_int(o, "frozen", s->balance.frozen);
		json_put_int(o, "debt", s->debt);
		json_put_int(o, "lots", (int64_t)s->lots_count);
	}
	json_put_int(o, "movement", s->head.movement);
	format_hash(s->head.movement_hash, text);
	json_put_str(o, "movement_hash", text);
	json_put_int(o, "debt_step", s->head.debt);
	format_hash(s->head.debt_hash, text);
	json_put_str(o, "debt_hash", text);
	json_put_str(o, "key", s->head.key);
}

static void
put_document(const struct check *c, struct json *list, const struct document *d)
{
	struct json *o = json_add_object(list), *faults;

	json_put_str(o, "kind", kind_name(d));
	json_put_bool(o, "ok", d->problems_count == 0);
	if (d->read)
		put_values(o, d);
	if (d->read && c->db != NULL)
		json_put_bool(o, "in_chain", d->fit == CHAIN_FITS);
	else
		json_put_null(o, "in_chain");
	faults = json_put_array(o, "faults");
	for (size_t i = 0; i < d->problems_count; i++)
		json_add_str(faults, d->problems[i]);
}

static int
tell(const struct check *c)
{
	struct json *root = json_object(c->arena), *list;
	bool ok = true;

	for (size_t i = 0; i < c->count; i++)
		ok = ok && c->documents[i].problems_count == 0;
	json_put_bool(root, "ok", ok);
	list = json_put_array(root, "documents");
	for (size_t i = 0; i < c->count; i++)
		if (c->json)
			put_document(c, list, &c->documents[i]);
		else
			print_document(c, &c->documents[i]);
	if (c->json)
		(void)puts(json_text(c->arena, root));
	else
		(void)puts(ok ? "all of it is good"
			      : "it must not be relied on: see the faults");
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- the command --------------------------------------------------------- */

static bool
read_options(struct check *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			c->json = true;
		else if (strcmp(argv[i], "--key") == 0 && i + 1 < argc)
			c->key = argv[++i];
		else if (strcmp(argv[i], "--db") == 0 && i + 1 < argc)
			c->db = argv[++i];
		else if (c->path == NULL &&
		    (argv[i][0] != '-' || argv[i][1] == '\0'))
			c->path = argv[i];
		else
			return false;
	return c->path != NULL;
}

static int
run(int argc, char **argv)
{
	struct check *c = calloc(1, sizeof(*c));
	struct vt_problem p = { 0 };
	enum vt_err err = VT_OK;
	int status;

	if (c == NULL)
		abort();
	c->arena = arena_new();
	if (!read_options(c, argc, argv)) {
		status = command_usage(&command_check_statement);
		goto out;
	}
	if (c->db == NULL)
		c->db = config_get("VANTAGE_DB", NULL);
	if (c->key != NULL && !ed25519_public_valid(c->key))
		err = vt_problem(&p, VT_INVALID, "no_key", NULL,
		    "%s is no public key: one is ed25519: and 32 bytes in "
		    "base64, as /api/config shows it.",
		    c->key);
	if (err == VT_OK)
		err = read_documents(c, &p);
	if (err == VT_OK)
		err = check_all(c, &p);
	status = err == VT_OK ? tell(c) : command_failed(err, &p);
out:
	arena_free(c->arena);
	free(c);
	return status;
}

const struct command command_check_statement = {
	.name = "check-statement",
	.arguments = "file [--key public] [--db file] [--json]",
	.purpose = "check a signed statement or head, without a network",
	.run = run,
};
