/*
 * vantage backup and vantage restore: a copy of the database beside running
 * programs, and a database from one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/config.h"
#include "billing/attempts.h"
#include "billing/audit.h"
#include "ledger/verify.h"
#include "notify/outbox.h"
#include "store/backup.h"
#include "store/restore.h"
#include "vantage.h"

/* The first fault is shown; vantage verify shows them all. */
static void
on_fault(const char *code, const char *sentence, void *arg)
{
	bool *told = arg;

	if (!*told)
		(void)fprintf(
		    stderr, "vantage: fault %s: %s\n", code, sentence);
	*told = true;
}

static enum vt_err
prove(struct db *db, void *arg, struct vt_problem *p)
{
	bool told = false;
	struct verify_report r = { .fault = on_fault, .arg = &told };
	enum vt_err err;

	(void)arg; /* the books alone say */
	err = ledger_verify(db, &r);
	if (err == VT_OK && r.faults > 0)
		return vt_problem(p, VT_CONFLICT, "books_not_in_order", NULL,
		    "The books in the copy are not in order.");
	return err;
}

static int
run_backup(int argc, char **argv)
{
	char path[BACKUP_PATH_BYTES];
	struct vt_problem p = { 0 };
	enum vt_err err;

	if (argc != 2 || argv[1][0] == '-')
		return command_usage(&command_backup);
	err = backup_path(argv[1], clock_now_ms(), path, &p);
	if (err == VT_OK)
		err = backup_make(
		    config_need("VANTAGE_DB"), path, prove, NULL, &p);
	if (err != VT_OK)
		return command_failed(err, &p);
	(void)printf("%s\n", path);
	return EXIT_SUCCESS;
}

/* ---- restore ------------------------------------------------------------- */

struct amended {
	int64_t attempts, messages;
};

/*
 * What the lost time has done is not known here: a call that was open may
 * have been made since and a message sent. So each call is looked up before
 * anything else, and no message of before goes out by itself.
 */
static enum vt_err
amend(struct db *db, void *arg)
{
	struct amended *a = arg;
	int64_t now_ms = clock_now_ms();
	char actor[COMMAND_ACTOR_BYTES];
	enum vt_err err;

	command_actor(actor);
	err = attempts_look_up_first(db, now_ms, &a->attempts);
	if (err == VT_OK)
		err = outbox_hold_back(db, &a->messages);
	if (err == VT_OK)
		err = audit_add(
		    db, actor, "database.restore", NULL, NULL, now_ms);
	return err;
}

static void
tell(const struct restore_options *o, const struct restore_done *done,
    const struct amended *a)
{
	(void)printf("%s is restored from %s\n", o->to, done->from);
	if (done->frames > 0)
		(void)printf("%" PRId64 " pages of the kept log were played "
			     "back, of %" PRId64 " generations\n",
		    done->frames, done->generations);
	if (done->log_left)
		(void)printf("the kept log does not hang together; what "
			     "follows its first hole was left out\n");
	(void)printf("%" PRId64 " calls to Stripe will be looked up before "
		     "they are made again\n",
	    a->attempts);
	(void)printf("%" PRId64 " messages that were to be sent are held "
		     "back\n",
	    a->messages);
}

static int
run_restore(int argc, char **argv)
{
	struct amended a = { 0 };
	struct restore_options o = {
		.prove = prove, .amend = amend, .arg = &a
	};
	struct restore_done done;
	struct vt_problem p = { 0 };
	enum vt_err err;

	if (argc != 3 || argv[1][0] == '-' || argv[2][0] == '-')
		return command_usage(&command_restore);
	o.from = argv[1];
	o.to = argv[2];
	err = restore_run(&o, &done, &p);
	if (err != VT_OK)
		return command_failed(err, &p);
	tell(&o, &done, &a);
	return EXIT_SUCCESS;
}

const struct command command_backup = {
	.name = "backup",
	.arguments = "file | folder",
	.purpose = "copy the database beside running programs",
	.run = run_backup,
};

const struct command command_restore = {
	.name = "restore",
	.arguments = "backup | folder to",
	.purpose = "make a database from a backup",
	.run = run_restore,
};
