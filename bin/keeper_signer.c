/*
 * keeper_signer: see keeper_signer.h.
 *
 * The last head is read from its folder at the start, so that what happened
 * to the chain while no keeper ran shows before anything else is signed. A
 * chain that does not hold it any more was rewritten, or is a restored one;
 * which of the two a person has to say, by moving the heads away.
 */
#include "keeper_signer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"
#include "billing/statements.h"
#include "ledger/heads.h"
#include "ledger/statement_keys.h"

#define INTERVAL_S 900 /* what could be rewritten unseen, but for the tail */
#define INTERVAL_S_MAX 86400
#define FOLDER_MODE 0755 /* anybody may compare; only keeper writes */
#define AT_ONCE 16	 /* in one write, some milliseconds */

struct keeper_signer {
	struct db *db;
	struct writer *writer;
	struct arena *arena; /* of the folder's name */
	const char *folder;  /* NULL: no head is kept */
	struct ed25519_key *key;
	char public[ED25519_PUBLIC_BYTES];
	struct chain_head last; /* that was signed */
	bool has_last;
	bool alarmed; /* told once for each time that it turns on */
};

int64_t
keeper_signer_interval_ms(void)
{
	return 1000 *
	    config_int(
		"VANTAGE_HEADS_INTERVAL_S", INTERVAL_S, 1, INTERVAL_S_MAX);
}

/* ---- care ---------------------------------------------------------------- */

static void
alarm_once(struct keeper_signer *s, const char *code, const char *what)
{
	if (!s->alarmed)
		LOG(LOG_ERROR, "ledger.alarm", LOG_S("code", code),
		    LOG_S("what", what));
	s->alarmed = true;
}

/* VT_CONFLICT after an alarm: there is nothing to be signed. */
static enum vt_err
check_last(struct keeper_signer *s)
{
	char sentence[CHAIN_FIT_BYTES];
	enum chain_fit fit;
	enum vt_err err;

	if (!s->has_last)
		return VT_OK;
	err = chain_head_compare(s->db, &s->last, &fit, sentence);
	if (err == VT_OK && fit != CHAIN_FITS) {
		alarm_once(s, "head.changed", sentence);
		return VT_CONFLICT;
	}
	s->alarmed = s->alarmed && err != VT_OK;
	return err;
}

/* ---- the key's public half ----------------------------------------------- */

static enum vt_err
announce_op(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	const struct keeper_signer *s = in;

	(void)p; /* nobody waits for an answer */
	return statement_key_announce(db, s->public, clock_now_ms(), out);
}

/* At the start a new key; later somebody else's hand in the table. */
static enum vt_err
announce(struct keeper_signer *s)
{
	char newest[ED25519_PUBLIC_BYTES];
	struct vt_problem p = { 0 };
	bool news = false;
	enum vt_err err;

	err = statement_key_newest(s->db, newest);
	if (err == VT_OK && strcmp(newest, s->public) == 0)
		return VT_OK;
	if (err != VT_OK && err != VT_NOTFOUND)
		return err;
	err = writer_run(s->writer, announce_op, s, &news, &p);
	if (err == VT_OK && news)
		LOG(LOG_WARN, "keeper.statement_key", LOG_S("key", s->public));
	return err;
}

/* ---- heads --------------------------------------------------------------- */

static enum vt_err
make_folder(const char *folder)
{
	if (mkdir(folder, FOLDER_MODE) == 0 || errno == EEXIST)
		return VT_OK;
	LOG(LOG_ERROR, "keeper.no_heads_folder", LOG_S("path", folder),
	    LOG_S("why", strerror(errno)));
	return VT_SYS;
}

static bool
says_the_same(const struct chain_head *x, const struct chain_head *y)
{
	return x->movement == y->movement && x->debt == y->debt &&
	    strcmp(x->key, y->key) == 0;
}

static enum vt_err
write_head(struct keeper_signer *s, const struct chain_head *h)
{
	enum vt_err err;

	err = make_folder(s->folder);
	/* What was read may not be durable yet, and then the head would speak
	 * of what a loss of power undid. */
	if (err == VT_OK)
		err = db_sync(s->db);
	fault_point("keeper.before_head");
	if (err == VT_OK)
		err = heads_write(s->folder, s->key, h);
	fault_point("keeper.after_head");
	if (err != VT_OK)
		return err;
	s->last = *h;
	s->has_last = true;
	LOG(LOG_INFO, "keeper.head", LOG_I("movement", h->movement),
	    LOG_I("debt_step", h->debt));
	return VT_OK;
}

enum vt_err
keeper_signer_head(struct keeper_signer *s)
{
	struct chain_head h;
	enum vt_err err;

	err = announce(s);
	if (err != VT_OK || s->folder == NULL)
		return err;
	err = check_last(s);
	if (err != VT_OK)
		return err == VT_CONFLICT ? VT_OK : err; /* told */
	err = chain_head_read(s->db, clock_now_ms(), s->public, &h);
	if (err != VT_OK || (s->has_last && says_the_same(&h, &s->last)))
		return err;
	return write_head(s, &h);
}

/* ---- statements ---------------------------------------------------------- */

static enum vt_err
sign_some(struct keeper_signer *s, int *count)
{
	const struct statement_signing in = { .key = s->key,
		.last = s->has_last ? &s->last : NULL,
		.now_ms = clock_now_ms(),
		.max = AT_ONCE };
	struct vt_problem p = { 0 };
	enum vt_err err;

	*count = 0;
	fault_point("keeper.before_sign");
	err = writer_run(s->writer, statements_sign, &in, count, &p);
	fault_point("keeper.after_sign");
	if (err != VT_CONFLICT)
		return err;
	*count = 0;
	alarm_once(s, "head.changed", p.message);
	return VT_OK; /* told */
}

enum vt_err
keeper_signer_statements(struct keeper_signer *s)
{
	bool waiting;
	int64_t signed_now = 0;
	enum vt_err err;
	int count;

	err = statements_waiting(s->db, &waiting);
	if (err != VT_OK || !waiting)
		return err;
	do {
		err = sign_some(s, &count);
		if (err == VT_OK)
			signed_now += count;
	} while (err == VT_OK && count == AT_ONCE);
	if (signed_now > 0)
		LOG(LOG_INFO, "keeper.signed", LOG_I("count", signed_now));
	return err;
}

/* ---- start and end ------------------------------------------------------- */

/* A newest file that is none is somebody's hand, or a disk's fault. */
static void
read_last(struct keeper_signer *s)
{
	struct head_file newest;

	if (s->folder == NULL || heads_newest(s->folder, &newest) != VT_OK)
		return;
	if (!newest.good) {
		alarm_once(s, "head.signature",
		    "The newest signed head does not fit its signature.");
		return;
	}
	s->last = newest.head;
	s->has_last = true;
}

struct keeper_signer *
keeper_signer_open(struct db *db, struct writer *w)
{
	struct keeper_signer *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->db = db;
	s->writer = w;
	s->key = statement_key_need();
	ed25519_key_public(s->key, s->public);
	s->arena = arena_new();
	s->folder = heads_folder(s->arena);
	read_last(s);
	return s;
}

void
keeper_signer_close(struct keeper_signer *s)
{
	if (s == NULL)
		return;
	ed25519_key_free(s->key);
	arena_free(s->arena);
	free(s);
}
